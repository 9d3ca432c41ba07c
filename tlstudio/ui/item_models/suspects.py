"""The images whose labels are suspected, as a list whose pictures arrive when they are looked at."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt, Slot
from PySide6.QtGui import QPixmap

from tlstudio.evaluation.labels_events import SuspectedLabel
from tlstudio.ui import text
from tlstudio.ui.item_models.thumbnails import FAILED, Index, PictureStore

SUSPECT = Qt.ItemDataRole.UserRole


class SuspectModel(QAbstractListModel):
    """SUSPECT is the SuspectedLabel, DecorationRole the picture, FAILED why it cannot be shown.

    Attributes:
        side: the longer side of the pictures, in pixels.
    """

    def __init__(self, store: PictureStore, side: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.side = side
        self._root = Path()
        self._suspects: tuple[SuspectedLabel, ...] = ()
        self._rows: dict[Path, int] = {}
        store.drawn.connect(self._redraw)

    @property
    def suspects(self) -> tuple[SuspectedLabel, ...]:
        return self._suspects

    def show(self, root: Path, suspects: Sequence[SuspectedLabel]) -> None:
        """Show these, of images below ``root``."""
        self.beginResetModel()
        self._root, self._suspects = root, tuple(suspects)
        self._rows = {root / one.path: row for row, one in enumerate(self._suspects)}
        self.endResetModel()

    def file(self, row: int) -> Path:
        """The image file of a row."""
        return self._root / self._suspects[row].path

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own default)
        return 0 if parent.isValid() else len(self._suspects)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._suspects):
            return None
        one, value = self._suspects[index.row()], None
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.ToolTipRole:
                value = one.path
            case Qt.ItemDataRole.AccessibleTextRole:
                value = (
                    f"{one.path}, labelled {one.given} {text.percent(one.given_confidence)}, "
                    f"rather {one.suggested} {text.percent(one.suggested_confidence)}"
                )
            case Qt.ItemDataRole.DecorationRole:
                picture = self._picture(index.row())
                value = picture if isinstance(picture, QPixmap) else None
            case _ if role == SUSPECT:
                value = one
            case _ if role == FAILED:
                picture = self._picture(index.row())
                value = picture if isinstance(picture, str) else ""
        return value

    def _picture(self, row: int) -> QPixmap | str | None:
        return self._store.picture(self.file(row), self.side)

    @Slot(object)
    def _redraw(self, path: Path) -> None:
        row = self._rows.get(path)
        if row is not None:
            index = self.index(row)
            self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])
