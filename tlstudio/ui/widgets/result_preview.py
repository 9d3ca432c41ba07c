"""The selected image, large, with the scores of all classes."""

from pathlib import Path

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Slot,
)
from PySide6.QtGui import QGuiApplication, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from tlstudio.inference.results import NONE, ResultTable
from tlstudio.ui import file_manager
from tlstudio.ui.item_models.results import NONE_OF_THESE
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.text import percent
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.glyph import GlyphButton
from tlstudio.ui.widgets.image_preview import SIDE
from tlstudio.ui.widgets.paint import draw_score
from tlstudio.ui.widgets.picture_canvas import PictureCanvas

_Index = QModelIndex | QPersistentModelIndex
_SCORE = Qt.ItemDataRole.UserRole


class ResultPreview(QWidget):
    """Picture, name, and a bar for the score of each class, highest first."""

    canvas_kind: type[PictureCanvas] = PictureCanvas

    def __init__(self, table: ResultTable, store: PictureStore, theme: Theme) -> None:
        super().__init__()
        self._table, self._store = table, store
        self._path: Path | None = None
        self.canvas = self.canvas_kind(theme, "The selected image")
        self.canvas.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.canvas.setMinimumHeight(Size.CELL)
        self._name = with_role(QLabel(), "lead")
        self._winner = QLabel()
        for label in (self._name, self._winner):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setMinimumWidth(1)  # a long name is cut; the tip has it all
        self.scores = QListView()
        self.scores.setAccessibleName("The scores of all classes")
        self.scores.setModel(ScoreModel(self))
        self.scores.setItemDelegate(_Bars(theme, self.scores))
        self.scores.setUniformItemSizes(True)
        self.scores.setMinimumHeight(3 * (Size.ICON + Space.S))
        self.scores.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.scores.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.scores.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.scores.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.folder_button = GlyphButton("folder", file_manager.WORDS)
        self.copy_button = GlyphButton("copy", "Copy path")
        self.folder_button.clicked.connect(self._show_in_folder)
        self.copy_button.clicked.connect(self._copy_path)
        head = QHBoxLayout()
        head.setSpacing(Space.XS)
        head.addWidget(self._name, 1)
        head.addWidget(self.folder_button)
        head.addWidget(self.copy_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addWidget(self.canvas, 3)
        layout.addLayout(head)
        layout.addWidget(self._winner)
        layout.addWidget(self.scores, 2)
        store.drawn.connect(self._redraw)
        theme.changed.connect(self.scores.viewport().update)
        self.show_image(None)

    @property
    def path(self) -> Path | None:
        return self._path

    @property
    def words(self) -> str:
        """What is said of the image."""
        return self._winner.text()

    def show_image(self, path: Path | None) -> None:
        """Show an image of the table, or that none is selected."""
        self._path = path
        self._name.setText(path.name if path else "No image selected")
        self._name.setToolTip(str(path) if path else "")
        for each in (self.folder_button, self.copy_button):
            each.setVisible(path is not None)
        if path is None:
            self.canvas.show_picture(None)
        else:
            self._store.look_at([path], SIDE)
            self._redraw(path)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Follow what has changed in the table."""
        row = self._table.row_of(self._path) if self._path else None
        words, ranked, winner = "", [], ""
        if row is not None and self._table.reason(row):
            words = f"It could not be read: {self._table.reason(row)}."
        elif row is not None and self._table.is_scored(row):
            ranked = self._table.top(row, len(self._table.classes))
            label = self._table.winner(row)
            winner = NONE_OF_THESE if label == NONE else ranked[0][0]
            sure = f" · {percent(self._table.margin(row))} ahead of the next" if len(ranked) > 1 else ""
            words = winner if label == NONE else f"{winner}{sure}"
        self._winner.setToolTip(words)
        self._winner.setText(words or ("Not classified yet" if row is not None else ""))
        self._model.show(ranked, winner)
        self.scores.setVisible(bool(ranked))

    @property
    def _model(self) -> "ScoreModel":
        model = self.scores.model()
        assert isinstance(model, ScoreModel)
        return model

    @Slot(object)
    def _redraw(self, path: Path) -> None:
        if path == self._path:
            small = self._store.kept(path, Size.PREVIEW)
            self.canvas.show_picture(self._store.picture(path, SIDE) or small)

    @Slot()
    def _show_in_folder(self) -> None:
        if self._path is not None:
            file_manager.show_in_folder(self._path)

    @Slot()
    def _copy_path(self) -> None:
        if self._path is not None:
            QGuiApplication.clipboard().setText(str(self._path))


class ScoreModel(QAbstractListModel):
    """Classes with their scores."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ranked: list[tuple[str, float]] = []
        self._winner = ""

    def show(self, ranked: list[tuple[str, float]], winner: str) -> None:
        if (ranked, winner) == (self._ranked, self._winner):
            return
        same = len(ranked) == len(self._ranked)
        if not same:
            self.beginResetModel()
        self._ranked, self._winner = ranked, winner
        if not same:
            self.endResetModel()
        elif ranked:
            self.dataChanged.emit(self.index(0), self.index(len(ranked) - 1))

    def name(self, row: int) -> str:
        """The class in a row."""
        return self._ranked[row][0]

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own default)
        return 0 if parent.isValid() else len(self._ranked)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        name, share = self._ranked[index.row()]
        if role == _SCORE:
            return (name, share, name == self._winner)
        is_words = role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
        return f"{name} {percent(share)}" if is_words else None


class _Bars(QStyledItemDelegate):
    def __init__(self, theme: Theme, view: QListView) -> None:
        super().__init__(view)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(Size.FIELD, Size.ICON + Space.S)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        name, share, first = index.data(_SCORE)
        cell: QRect = option.rect  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRect(cell.left() + Space.XS, cell.top(), cell.width() - Space.S, Size.ICON)
        draw_score(painter, self._theme, box, name, share, first=first)
        painter.restore()
