"""The table of epochs: a row each as it finishes, its test figures once training is over."""

import dataclasses
from collections.abc import Callable

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont

from tlstudio.training.events import EpochFinished, EpochTested
from tlstudio.ui import text

Index = QModelIndex | QPersistentModelIndex

BEST = Qt.ItemDataRole.UserRole
_NONE = QModelIndex()


@dataclasses.dataclass
class _Row:
    epoch: EpochFinished
    stage: str
    tested: EpochTested | None = None


@dataclasses.dataclass(frozen=True)
class _Column:
    title: str
    words: Callable[[_Row], str]
    explained: str = ""


_COLUMNS = (
    _Column("", lambda row: "", "A star marks the epoch that validation chooses"),
    _Column("Epoch", lambda row: str(row.epoch.epoch)),
    _Column("Stage", lambda row: row.stage),
    _Column("Train loss", lambda row: f"{row.epoch.train_loss:.3f}"),
    _Column("Val. loss", lambda row: f"{row.epoch.val_loss:.3f}"),
    _Column("Train top-1", lambda row: text.percent(row.epoch.train_top1)),
    _Column("Val. top-1", lambda row: text.percent(row.epoch.val_top1)),
    _Column(
        "Test top-1",
        lambda row: text.percent(row.tested.test_top1) if row.tested else "–",
        "Measured once, after training; it influences nothing",
    ),
    _Column("Rate", lambda row: f"{row.epoch.lr:.2g}", "Learning rate at the epoch's last step"),
    _Column("Time", lambda row: text.duration(row.epoch.seconds)),
)
STAGE_COLUMN = 2


class EpochModel(QAbstractTableModel):
    """A row an epoch; BEST is whether validation prefers it to all others so far."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[_Row] = []
        self._best = -1

    @property
    def best_row(self) -> int:
        """-1 while there is none."""
        return self._best

    def clear(self) -> None:
        self.beginResetModel()
        self._rows.clear()
        self._best = -1
        self.endResetModel()

    def add(self, epoch: EpochFinished, stage: str) -> None:
        """Append a row; it takes the place of one for the same epoch, and of all rows after that."""
        self._drop_from(epoch.epoch)
        place = len(self._rows)
        self.beginInsertRows(_NONE, place, place)
        self._rows.append(_Row(epoch, stage))
        self.endInsertRows()
        if epoch.best:
            self._mark(place)

    def test(self, tested: EpochTested) -> None:
        """Write an epoch's test figures into its row."""
        for place, row in enumerate(self._rows):
            if row.epoch.epoch == tested.epoch:
                row.tested = tested
                self._changed(place)
                if tested.chosen:
                    self._mark(place)

    def rowCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(_COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        best, column = index.row() == self._best, index.column()
        value: object = None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                value = _COLUMNS[column].words(self._rows[index.row()])
            case Qt.ItemDataRole.TextAlignmentRole:
                value = _alignment(column)
            case Qt.ItemDataRole.FontRole if best:
                font = QFont()
                font.setBold(True)
                value = font
            case Qt.ItemDataRole.AccessibleTextRole if column == 0:
                value = "best epoch" if best else ""
            case _ if role == BEST:
                value = best
        return value

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _COLUMNS[section].title
            case Qt.ItemDataRole.ToolTipRole:
                return _COLUMNS[section].explained or None
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(section)
        return None

    def _drop_from(self, epoch: int) -> None:
        kept = sum(row.epoch.epoch < epoch for row in self._rows)
        if kept == len(self._rows):
            return
        self.beginRemoveRows(_NONE, kept, len(self._rows) - 1)
        del self._rows[kept:]
        self._best = max((place for place, row in enumerate(self._rows) if row.epoch.best), default=-1)
        self.endRemoveRows()

    def _mark(self, place: int) -> None:
        before, self._best = self._best, place
        for changed in (before, place):
            if changed >= 0:
                self._changed(changed)

    def _changed(self, place: int) -> None:
        self.dataChanged.emit(self.index(place, 0), self.index(place, len(_COLUMNS) - 1))


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column == STAGE_COLUMN else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
