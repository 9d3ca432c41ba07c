"""Images against captions: how similar each is to each."""

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from tlstudio.ui import answer_engine
from tlstudio.ui.item_models.thumbnails import Index, PictureStore
from tlstudio.ui.latest import Latest
from tlstudio.ui.theme import Size, Space, Theme, Type, with_role
from tlstudio.ui.widgets.paint import font
from tlstudio.ui.worker import Worker
from tlstudio.ui.zero_shot.captions import captions_of
from tlstudio.ui.zero_shot.desk import ZeroShotDesk
from tlstudio.zeroshot.explain_events import SimilaritiesFound
from tlstudio.zeroshot.text import Prompts

MOST_IMAGES, _MOST_CAPTIONS = 50, 50
_PICTURE = 56  # pixels of a row's picture
_CELL = 96
_SHARE = Qt.ItemDataRole.UserRole + 1  # where a value lies between the least and the greatest, 0 to 1


class MatrixModel(QAbstractTableModel):
    """A row an image, a column a caption."""

    def __init__(self, store: PictureStore, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store
        self.found: SimilaritiesFound | None = None
        store.drawn.connect(self._redraw)

    def show(self, found: SimilaritiesFound | None) -> None:
        self.beginResetModel()
        self.found = found
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own default)
        return 0 if parent.isValid() or self.found is None else len(self.found.paths)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own default)
        return 0 if parent.isValid() or self.found is None else len(self.found.captions)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if self.found is None or not index.isValid():
            return None
        cosines = self.found.cosines
        value = float(cosines[index.row(), index.column()])
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{value:.3f}"
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            caption, path = self.found.captions[index.column()], self.found.paths[index.row()]
            return f"{path.name} and “{caption}”: {value:.3f}"
        if role == _SHARE:
            least, most = float(cosines.min()), float(cosines.max())
            return (value - least) / (most - least) if most > least else 0.0
        if role == Qt.ItemDataRole.FontRole and value == cosines[index.row()].max():
            return font(Type.BODY, bold=True)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if self.found is None:
            return None
        across = orientation == Qt.Orientation.Horizontal
        names = self.found.captions if across else [path.name for path in self.found.paths]
        if section >= len(names):
            return None
        if role == Qt.ItemDataRole.ToolTipRole or (role == Qt.ItemDataRole.DisplayRole and across):
            return names[section]
        if role == Qt.ItemDataRole.DecorationRole and not across:
            picture = self._store.picture(self.found.paths[section], 2 * _PICTURE)
            return picture if isinstance(picture, QPixmap) else None
        return None

    @Slot(object)
    def _redraw(self, path: Path) -> None:
        if self.found is not None and path in self.found.paths:
            row = list(self.found.paths).index(path)
            self.headerDataChanged.emit(Qt.Orientation.Vertical, row, row)


class _Pictures(QHeaderView):
    """The images as the heads of their rows."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self.setDefaultSectionSize(_PICTURE + Space.S)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(_PICTURE + Space.M, 0)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N803
        role = Qt.ItemDataRole.DecorationRole
        picture = self.model().headerData(logicalIndex, Qt.Orientation.Vertical, role)
        if isinstance(picture, QPixmap):
            room = QSize(_PICTURE, _PICTURE)
            box = QRect(QPoint(0, 0), picture.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio))
            box.moveCenter(rect.center())
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(box, picture)
            painter.restore()


class _Cell(QStyledItemDelegate):
    """The value on a colour that is the stronger the greater it is."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        box = option.rect.adjusted(1, 1, -1, -1)  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack it
        painter.save()
        painter.fillRect(box, self._theme.tint("accent", 0.75 * index.data(_SHARE)))
        painter.setPen(self._theme.color("text"))
        bold = index.data(Qt.ItemDataRole.FontRole)
        painter.setFont(bold or font(Type.BODY))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, index.data(Qt.ItemDataRole.DisplayRole))
        painter.restore()


class MatrixView(QWidget):
    """The selected images as rows, the classes and sentences of one's own as columns.

    Signals:
        failed: what could not be done, and a hint; both empty when nothing is wrong any more.
    """

    failed = Signal(str, str)
    EXPLAINED = (
        "Each number is the cosine between an image and a sentence, bold where one fits an image best. "
        "Compare along a row: between rows, and between models, the numbers do not mean the same."
    )

    def __init__(self, desk: ZeroShotDesk, store: PictureStore, worker: Worker, theme: Theme) -> None:
        super().__init__()
        self._desk = desk
        self._images: Sequence[Path] = ()
        self._asked: tuple[object, ...] | None = None
        self._task = Latest("Comparing images and captions", worker, self)
        self.model = MatrixModel(store, self)
        self.table = QTableView()
        self.field = QLineEdit()
        self.words = with_role(QLabel(), "quiet")
        self._lay_out(theme)
        self.field.editingFinished.connect(self.refresh)
        self._task.happened.connect(self._happened)
        self._task.failed.connect(self.failed)
        self._task.over.connect(self._over)

    def _lay_out(self, theme: Theme) -> None:
        self.field.setPlaceholderText("More sentences, with ; between them")
        self.field.setAccessibleName("More sentences to compare with")
        self.field.setClearButtonEnabled(True)
        self.table.setModel(self.model)
        self.table.setItemDelegate(_Cell(theme, self.table))
        self.table.setShowGrid(False)
        self.table.setAccessibleName("Similarity of images and captions")
        self.table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.table.setTabKeyNavigation(False)
        self.table.setVerticalHeader(_Pictures(self.table))
        across = self.table.horizontalHeader()
        across.setDefaultSectionSize(_CELL)
        across.setMinimumHeight(Size.CONTROL)
        across.setDefaultAlignment(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        line = QHBoxLayout()
        line.setSpacing(Space.M)
        line.addWidget(self.field, 1)
        line.addWidget(self.words)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addLayout(line)
        layout.addWidget(self.table, 1)

    def show_images(self, images: Sequence[Path]) -> None:
        self._images = tuple(images[:MOST_IMAGES])
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Follow the question, the model and what is chosen, if the view is in sight."""
        captions = self._captions()
        asked = (self._images, tuple(captions.items()), self._desk.clip)
        if not self.isVisible() or asked == self._asked:
            return
        self._asked = asked
        self.failed.emit("", "")
        self._task.stop()
        if not self._images or not captions:
            self.model.show(None)
            self.words.setText("" if captions else "Name classes above, or write sentences here.")
            return
        self.words.setText("Comparing…")
        images, clip = self._images, self._desk.clip
        self._task.run(functools.partial(answer_engine.compare_captions, images, captions, clip))

    def _captions(self) -> Prompts:
        own = (" ".join(text.split()) for text in self.field.text().split(";"))
        found = captions_of(self._desk.question) | {text: (text,) for text in own if text}
        return dict(list(found.items())[-_MOST_CAPTIONS:])

    @Slot(object)
    def _happened(self, event: object) -> None:
        if isinstance(event, SimilaritiesFound):
            self.model.show(event)
            least, most = np.min(event.cosines), np.max(event.cosines)
            self.words.setText(f"{least:.3f} to {most:.3f}")

    @Slot()
    def _over(self) -> None:
        if self.words.text() == "Comparing…":
            self.words.clear()
            self._asked = None
