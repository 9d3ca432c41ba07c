"""The classes of a folder with a bar each, which is also the filter of the images."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from tlstudio.data.catalogue import Catalogue
from tlstudio.ui.theme import Size, Space, Theme, Type
from tlstudio.ui.widgets.paint import draw_text, font

_COUNT = Qt.ItemDataRole.UserRole
_SHARE = Qt.ItemDataRole.UserRole + 1


class ClassList(QListView):
    """A row a class: name, count, bar. Choosing a row filters; choosing it again shows all.

    Signals:
        chosen: the class's label, or None for all.
    """

    chosen = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Classes")
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self._model = QStandardItemModel(self)
        self.setModel(self._model)
        self.setItemDelegate(_ClassDelegate(theme, self))
        self._label: int | None = None
        self.clicked.connect(self._toggle)
        self.activated.connect(self._toggle)
        theme.changed.connect(self.viewport().update)

    def show_classes(self, catalogue: Catalogue) -> None:
        counts = catalogue.counts()
        most = max(counts.values(), default=0) or 1
        self._model.clear()
        for name, count in counts.items():
            item = QStandardItem(name)
            item.setData(count, _COUNT)
            item.setData(count / most, _SHARE)
            item.setData(f"{name}, {count} images", Qt.ItemDataRole.AccessibleTextRole)
            item.setToolTip(name)
            self._model.appendRow(item)
        self._label = None

    def show_all(self) -> None:
        """Take the filter away."""
        self.clearSelection()
        self._label = None
        self.chosen.emit(None)

    @Slot(QModelIndex)
    def _toggle(self, index: QModelIndex) -> None:
        if index.row() == self._label:
            self.show_all()
            return
        self._label = index.row()
        self.chosen.emit(self._label)


class _ClassDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QListView) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(Size.SIDE // 2, Size.ROW_TWO_LINES)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens = self._theme.tokens
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        rect = QRect(option.rect)  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(QColor(tokens.selected if chosen else tokens.hover))
            painter.drawRoundedRect(rect.adjusted(0, 1, 0, -1), Space.XS, Space.XS)
        inner = rect.adjusted(Space.S, Space.XS, -Space.S, -Space.S)
        bar = QRect(inner.left(), inner.bottom() - Space.XS, inner.width(), Space.XS + 1)
        painter.setBrush(QColor(tokens.faint if not chosen else tokens.line))
        painter.drawRoundedRect(bar, Size.FOCUS, Size.FOCUS)
        painter.setBrush(QColor(tokens.accent))
        filled = QRect(bar)
        filled.setWidth(max(bar.height(), round(bar.width() * index.data(_SHARE))))
        painter.drawRoundedRect(filled, Size.FOCUS, Size.FOCUS)
        words = QRect(inner.left(), inner.top(), inner.width(), bar.top() - inner.top() - 2)
        count = f"{index.data(_COUNT):,}"
        painter.setFont(font(Type.BODY))
        painter.setPen(QColor(tokens.quiet))
        draw_text(painter, words, count, Qt.AlignmentFlag.AlignRight)
        room = painter.fontMetrics().horizontalAdvance(count) + Space.S
        painter.setPen(QColor(tokens.text))
        draw_text(painter, words.adjusted(0, 0, -room, 0), index.data(Qt.ItemDataRole.DisplayRole))
        painter.restore()
