"""Image files as a list: those on a page, or those that a search found, the nearest first."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt, Slot
from PySide6.QtGui import QPixmap

from tlstudio.ui.item_models.thumbnails import FAILED, Index, PictureStore

SIMILARITY = Qt.ItemDataRole.UserRole + 2


class PathModel(QAbstractListModel):
    """DecorationRole is the picture, None until it is drawn; FAILED why it cannot be shown.

    Attributes:
        side: the longer side of the pictures, in pixels.
    """

    def __init__(self, store: PictureStore, side: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.side = side
        self._paths: Sequence[Path] = ()
        self._sketched: dict[Path, int] = {}  # where the images are whose pictures were asked for
        store.drawn.connect(self._redraw)

    @property
    def paths(self) -> Sequence[Path]:
        return self._paths

    def show_paths(self, paths: Sequence[Path]) -> None:
        self.beginResetModel()
        self._paths = paths
        self._sketched.clear()
        self.endResetModel()

    def look_at(self, rows: Sequence[int]) -> None:
        """Draw the pictures of these rows, the first one first, and none that were asked for before."""
        there = len(self._paths)
        self._store.look_at((self._paths[row] for row in rows if row < there), self.side)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own default)
        return 0 if parent.isValid() else len(self._paths)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._paths):
            return None
        path, value = self._paths[index.row()], None
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                value = path.name
            case Qt.ItemDataRole.ToolTipRole:
                value = str(path)
            case Qt.ItemDataRole.DecorationRole:
                picture = self._picture(index.row())
                value = picture if isinstance(picture, QPixmap) else None
            case _ if role == FAILED:
                picture = self._picture(index.row())
                value = picture if isinstance(picture, str) else ""
        return value

    def _picture(self, row: int) -> QPixmap | str | None:
        self._sketched[self._paths[row]] = row
        return self._store.picture(self._paths[row], self.side)

    @Slot(object)
    def _redraw(self, path: Path) -> None:
        row = self._sketched.get(path)
        if row is not None:
            self.dataChanged.emit(self.index(row), self.index(row), [Qt.ItemDataRole.DecorationRole])


class FoundModel(PathModel):
    """SIMILARITY is how near the image is, -1 to 1."""

    def __init__(self, store: PictureStore, side: int, parent: QObject | None = None) -> None:
        super().__init__(store, side, parent)
        self._cosines: Sequence[float] = ()

    def show(self, paths: Sequence[Path], cosines: Sequence[float]) -> None:
        self._cosines = cosines
        self.show_paths(paths)

    def cosine(self, row: int) -> float:
        return self._cosines[row]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        there = index.isValid() and index.row() < len(self._cosines)
        if there and role == SIMILARITY:
            return self._cosines[index.row()]
        said = super().data(index, role)
        if there and role == Qt.ItemDataRole.ToolTipRole:
            return f"{said}\nSimilarity {self._cosines[index.row()]:.3f}"
        if there and role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{said}, similarity {self._cosines[index.row()]:.3f}"
        return said
