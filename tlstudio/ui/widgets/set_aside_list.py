"""The files that are left out, each with its reason."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, QStringListModel, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem

from tlstudio.data.catalogue import SetAside
from tlstudio.ui.theme import Size, Space, Theme, Type
from tlstudio.ui.widgets.paint import draw_text, font


class SetAsideList(QListView):
    """Two lines a file: where it lies, and why it is left out."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Files set aside")
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self._model = QStringListModel(self)
        self.setModel(self._model)
        self._delegate = _SetAsideDelegate(theme, self)
        self.setItemDelegate(self._delegate)
        theme.changed.connect(self.viewport().update)

    def show_files(self, files: Sequence[SetAside]) -> None:
        # One string an item serves screen readers too.
        self._model.setStringList([f"{file.path}: {file.reason}" for file in files])
        self._delegate.files = tuple(files)


class _SetAsideDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QListView) -> None:
        super().__init__(parent)
        self._theme = theme
        self.files: tuple[SetAside, ...] = ()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(Size.SIDE // 2, Size.ROW_TWO_LINES)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        file = self.files[index.row()]
        box = QRect(option.rect).adjusted(Space.S, Space.XS, -Space.S, -Space.XS)  # type: ignore[attr-defined]
        upper = QRect(box.left(), box.top(), box.width(), box.height() // 2)
        painter.save()
        painter.setFont(font(Type.BODY))
        painter.setPen(QColor(self._theme.tokens.text))
        draw_text(painter, upper, file.path, elide=Qt.TextElideMode.ElideMiddle)
        painter.setFont(font(Type.CAPTION))
        painter.setPen(QColor(self._theme.tokens.quiet))
        draw_text(painter, upper.translated(0, upper.height()), file.reason)
        painter.restore()
