"""Images and what CLIP says of them, in the order that is wanted."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QPixmap

from tlstudio.inference.results import NONE, ResultTable, Rows, Wanted
from tlstudio.ui.item_models.thumbnails import FAILED, PictureStore
from tlstudio.ui.text import percent
from tlstudio.ui.theme import Size

_Index = QModelIndex | QPersistentModelIndex

RANKED_ROLE = Qt.ItemDataRole.UserRole + 2  # tuples of class and score, highest first; empty if unknown
REASON_ROLE = Qt.ItemDataRole.UserRole + 3  # why the image could not be classified, or ""
NAME_ROLE = Qt.ItemDataRole.UserRole + 4  # the file's name
PICTURE_ROLE = Qt.ItemDataRole.UserRole + 6  # a QPixmap, None until it is drawn
WINNER_ROLE = Qt.ItemDataRole.UserRole + 5  # the winning class, or that it is none; "" if unknown

NONE_OF_THESE = "None of these"
COLUMNS = ("Image", "Class", "Score", "Runner-up", "Margin", "Folder")
_IN_WORDS = 5
_NUMBERS = (2, 4)


class ResultModel(QAbstractTableModel):
    """The images of a table that are wanted, in the order that is wanted; selections follow their images.

    Pictures have a role of their own, since a table would draw them at their full size.

    Signals:
        reordered: other images are shown, or in another order.
    """

    reordered = Signal()

    def __init__(self, table: ResultTable, pictures: PictureStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.table = table
        self.ranks = 3  # how many classes RANKED_ROLE has
        self._pictures = pictures
        self._wanted = Wanted()
        self._ids: Rows = np.empty(0, np.intp)
        self._rows: Rows = np.empty(0, np.intp)
        self._sketched: dict[Path, int] = {}  # where the images are whose pictures were asked for
        pictures.drawn.connect(self._redraw)

    @property
    def wanted(self) -> Wanted:
        return self._wanted

    def show(self, wanted: Wanted) -> None:
        """Show these images in this order."""
        self._wanted = wanted
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Follow what has changed in the table."""
        rows = self.table.rows(self._wanted)
        ids = self.table.ids[rows]
        self._sketched.clear()
        if np.array_equal(ids, self._ids):
            self._rows = rows
        else:
            self._move_to(ids)
        if len(rows):
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(COLUMNS) - 1))

    @property
    def rows(self) -> Rows:
        """Where the images that are shown are in the table, in their order."""
        return self._rows

    def path(self, row: int) -> Path:
        """The image shown in this row."""
        return self.table.paths[self._rows[row]]

    def table_rows(self, rows: Sequence[int]) -> list[int]:
        """Where the images shown in these rows are in the table."""
        return self._rows[np.asarray(rows, np.intp)].tolist()

    def row_of(self, path: Path) -> int | None:
        """Where an image is shown, if it is."""
        row = self.table.row_of(path)
        found = np.flatnonzero(self._rows == row).tolist() if row is not None else []
        return found[0] if found else None

    # Qt's own

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own default)
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or self._rows[index.row()] < 0:
            return None
        row, column = int(self._rows[index.row()]), index.column()
        path = self.table.paths[row]
        answer: object = None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                answer = self._cell(row, column)
            case Qt.ItemDataRole.TextAlignmentRole:
                answer = _alignment(column)
            case Qt.ItemDataRole.ToolTipRole:
                answer = "\n".join((str(path), *self._words(row)))
            case Qt.ItemDataRole.AccessibleTextRole if column == 0:
                answer = ", ".join((path.name, *self._words(row)))
            case _ if role == RANKED_ROLE:
                answer = tuple(self.table.top(row, self.ranks))
            case _ if role == REASON_ROLE:
                answer = self.table.reason(row)
            case _ if role == NAME_ROLE:
                answer = path.name
            case _ if role == WINNER_ROLE:
                answer = self._winner(row)
            case _ if role in (PICTURE_ROLE, FAILED):
                picture = self._picture(index.row(), path)
                kind = QPixmap if role == PICTURE_ROLE else str
                answer = picture if isinstance(picture, kind) else None
        return answer

    # Own

    def _move_to(self, ids: Rows) -> None:
        """Show other images: those that go leave from the end, those that come are added there."""
        every = max([int(some.max()) + 1 for some in (ids, self._ids) if len(some)], default=0)
        stays, is_shown = np.zeros(every, np.bool_), np.zeros(every, np.bool_)
        stays[ids], is_shown[self._ids] = True, True
        gone = self._ids[~stays[self._ids]]
        kept, fresh = ids[is_shown[ids]], ids[~is_shown[ids]]
        self._rearrange(np.concatenate([kept, gone]))
        if len(gone):
            self.beginRemoveRows(QModelIndex(), len(kept), len(self._ids) - 1)
            self._set(kept)
            self.endRemoveRows()
        if len(fresh):
            self.beginInsertRows(QModelIndex(), len(kept), len(ids) - 1)
            self._set(np.concatenate([kept, fresh]))
            self.endInsertRows()
        self._rearrange(ids)
        self.reordered.emit()

    def _rearrange(self, ids: Rows) -> None:
        if np.array_equal(ids, self._ids):
            self._set(ids)
            return
        self.layoutAboutToBeChanged.emit()
        before, indices = self._ids, self.persistentIndexList()
        self._set(ids)
        if indices:
            place = np.empty(int(ids.max()) + 1, np.intp)
            place[ids] = np.arange(len(ids))
            moved = [self.index(int(place[before[one.row()]]), one.column()) for one in indices]
            self.changePersistentIndexList(indices, moved)
        self.layoutChanged.emit()

    def _set(self, ids: Rows) -> None:
        """Show these; one that has been taken out of the table is in no row of it until it is gone here."""
        self._ids = ids
        there = self.table.ids
        row_of = np.full(1 + max((int(some.max()) for some in (there, ids) if len(some)), default=0), -1)
        row_of[there] = np.arange(len(there))
        self._rows = row_of[ids]

    def _cell(self, row: int, column: int) -> str:
        if column in (0, len(COLUMNS) - 1):
            path = self.table.paths[row]
            return path.name if column == 0 else str(path.parent)
        if not self.table.is_scored(row):
            reason = self.table.reason(row) if column == 1 else ""
            return f"could not be read: {reason}" if reason else ""
        best, *others = self.table.top(row, 2)
        words = (
            self._winner(row),
            percent(best[1]),
            f"{others[0][0]} {percent(others[0][1])}" if others else "",
            percent(self.table.margin(row)),
        )
        return words[column - 1]

    def _winner(self, row: int) -> str:
        if not self.table.is_scored(row):
            return ""
        label = self.table.winner(row)
        return NONE_OF_THESE if label == NONE else self.table.classes[label]

    def _words(self, row: int) -> list[str]:
        if reason := self.table.reason(row):
            return [f"could not be read: {reason}"]
        words = [f"{name} {percent(share)}" for name, share in self.table.top(row, _IN_WORDS)]
        return [NONE_OF_THESE, *words] if self._winner(row) == NONE_OF_THESE else words

    def _picture(self, row: int, path: Path) -> QPixmap | str | None:
        self._sketched[path] = row
        return self._pictures.picture(path, Size.PREVIEW)

    @Slot(object)
    def _redraw(self, path: Path) -> None:
        row = self._sketched.get(path)
        if row is not None and row < len(self._ids):
            self.dataChanged.emit(self.index(row, 0), self.index(row, 0), [PICTURE_ROLE])


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
