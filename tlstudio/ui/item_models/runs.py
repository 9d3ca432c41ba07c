"""The table of all runs, and what is shown of it: narrowed down, and sorted within the same images alone."""

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)

from tlstudio.evaluation.run_table import ListedRun
from tlstudio.models.architectures import architectures
from tlstudio.ui import text
from tlstudio.ui.theme import number_font

Index = QModelIndex | QPersistentModelIndex

STAR_COLUMN, NAME_COLUMN = 0, 1
VALUE = Qt.ItemDataRole.UserRole  # what a column is sorted by; None comes last
STARRED = Qt.ItemDataRole.UserRole + 1
_NONE = QModelIndex()
_RANKED = ("Val. top-1", "Test top-1")  # of no meaning across different images


@dataclasses.dataclass(frozen=True)
class _Column:
    title: str
    words: Callable[[ListedRun], str]
    value: Callable[[ListedRun], float | str | None]
    explained: str = ""
    figure: bool = False


def network(run: ListedRun) -> str:
    """Its network as people call it."""
    known = architectures().get(run.row.arch)
    return known.title if known else run.row.arch


def strategy(run: ListedRun) -> str:
    """Its strategy, and how many blocks that is."""
    words = run.row.strategy.replace("-", " ")
    blocks = run.config.blocks if run.config and run.row.strategy in ("partial", "staged") else 0
    return f"{words} {blocks}" if blocks else words


def _share(value: float | None) -> str:
    return "–" if value is None else text.percent(value)


def _epochs(run: ListedRun) -> str:
    return str(run.epochs) if run.epochs == run.planned else f"{run.epochs} of {run.planned}"


def _date(run: ListedRun) -> float:
    return datetime.fromisoformat(run.row.created).timestamp()


_COLUMNS = (
    _Column("", lambda run: "", lambda run: 0 if run.notes.starred else 1, "Starred runs"),
    _Column("Name", lambda run: run.title, lambda run: run.title.casefold()),
    _Column("Network", network, network),
    _Column("Strategy", strategy, strategy),
    _Column("Data", lambda run: run.images, lambda run: run.images.casefold()),
    _Column("Date", lambda run: text.moment(_date(run)), _date, figure=True),
    _Column("Status", lambda run: run.row.status, lambda run: run.row.status),
    _Column("Epochs", _epochs, lambda run: run.epochs, figure=True),
    _Column(
        "Val. top-1",
        lambda run: _share(run.row.val_top1),
        lambda run: run.row.val_top1,
        "Of the epoch that validation chose",
        figure=True,
    ),
    _Column(
        "Test top-1",
        lambda run: _share(run.row.test_top1),
        lambda run: run.row.test_top1,
        "Of the same epoch, on the test images",
        figure=True,
    ),
    _Column(
        "Time",
        lambda run: "–" if run.row.seconds is None else text.seconds(run.row.seconds),
        lambda run: run.row.seconds,
        figure=True,
    ),
    _Column("Tags", lambda run: ", ".join(run.notes.tags), lambda run: ", ".join(run.notes.tags).casefold()),
)
DATA_COLUMN, DATE_COLUMN = 4, 5
RANKED_COLUMNS = tuple(place for place, column in enumerate(_COLUMNS) if column.title in _RANKED)


class RunModel(QAbstractTableModel):
    """A row a run. Runs on the same images, divided alike, are a group.

    Signals:
        renamed: a row's run was given another name in the table: its folder, the name.
    """

    renamed = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[ListedRun] = []
        self._groups: dict[str, int] = {}
        self._data_words: dict[str, str] = {}

    @property
    def runs(self) -> tuple[ListedRun, ...]:
        return tuple(self._rows)

    def show_runs(self, runs: Iterable[ListedRun]) -> None:
        """Take the place of what was shown; rows of runs that stay keep their selection."""
        new = list(runs)
        if [run.path for run in new] == [run.path for run in self._rows]:
            self._rows = new
            self._group()
            if new:
                last = self.index(len(new) - 1, len(_COLUMNS) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self._rows = new
        self._group()
        self.endResetModel()

    def run(self, row: int) -> ListedRun:
        return self._rows[row]

    def row_of(self, path: Path) -> int:
        """-1 for a run that is not there."""
        return next((row for row, run in enumerate(self._rows) if run.path == path), -1)

    def group(self, row: int) -> int:
        """Runs of the same number are on the same images; the group of the newest run comes first."""
        return self._groups[_key(self._rows[row])]

    def images(self, run: ListedRun) -> str:
        """Its images in words that tell them from all others of the table."""
        return self._data_words.get(_key(run), run.images)

    def _group(self) -> None:
        self._groups, self._data_words = {}, {}
        named: dict[str, int] = {}
        for run in self._rows:
            key = _key(run)
            if key in self._groups:
                continue
            self._groups[key] = len(self._groups)
            named[run.images] = number = named.get(run.images, 0) + 1
            self._data_words[key] = run.images if number == 1 else f"{run.images} ({number})"

    # Qt's own

    def rowCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(_COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        run, place = self._rows[index.row()], index.column()
        column = _COLUMNS[place]
        value: object = None
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                value = self.images(run) if place == DATA_COLUMN else column.words(run)
            case Qt.ItemDataRole.ToolTipRole:
                value = self._explained(run, place)
            case Qt.ItemDataRole.TextAlignmentRole:
                value = _alignment(place)
            case Qt.ItemDataRole.FontRole if column.figure:
                value = number_font()
            case Qt.ItemDataRole.AccessibleTextRole if place == STAR_COLUMN:
                value = "starred" if run.notes.starred else "not starred"
            case _ if role == VALUE:
                value = column.value(run)
            case _ if role == STARRED:
                value = run.notes.starred
        return value

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if not index.isValid() or index.column() != NAME_COLUMN or role != Qt.ItemDataRole.EditRole:
            return False
        self.renamed.emit(self._rows[index.row()].path, str(value).strip())
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == NAME_COLUMN else flags

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

    def _explained(self, run: ListedRun, column: int) -> str | None:
        if column == STAR_COLUMN:
            return "Starred: click to take the star away" if run.notes.starred else "Click to star it"
        if column == NAME_COLUMN:
            return "\n".join(filter(None, (str(run.path), run.notes.note, run.damage)))
        if column == DATA_COLUMN:
            return f"{run.row.dataset}\n{run.fingerprint[:12] or 'It had no images yet.'}"
        return None


class ShownRuns(QSortFilterProxyModel):
    """What of the table is shown, and in which order.

    Accuracies are sorted within the same images: those on different ones do not rank with each other.
    """

    def __init__(self, model: RunModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._words: list[str] = []
        self._wanted: dict[str, str] = {}
        self._starred = False
        self.setSourceModel(model)

    def narrow(self, words: str, wanted: dict[str, str], *, starred: bool) -> None:
        """Show the runs in which all ``words`` occur, and whose columns say what is wanted of them."""
        self._words, self._wanted, self._starred = words.casefold().split(), dict(wanted), starred
        self.invalidate()

    def run(self, row: int) -> ListedRun:
        """The run that is shown in a row."""
        return self._model.run(self.mapToSource(self.index(row, 0)).row())

    @property
    def shown(self) -> tuple[ListedRun, ...]:
        """In the order in which they are shown."""
        return tuple(self.run(row) for row in range(self.rowCount()))

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        run = self._model.run(source_row)
        if self._starred and not run.notes.starred:
            return False
        said = {title: self._said(source_row, title) for title in self._wanted}
        if any(said[title] != wanted for title, wanted in self._wanted.items()):
            return False
        told = [self._said(source_row, column.title) for column in _COLUMNS]
        everything = " ".join((*told, run.notes.note, run.path.name)).casefold()
        return all(word in everything for word in self._words)

    def lessThan(self, source_left: Index, source_right: Index) -> bool:
        down = self.sortOrder() is Qt.SortOrder.DescendingOrder
        one, other = source_left.data(VALUE), source_right.data(VALUE)
        if source_left.column() in RANKED_COLUMNS:
            groups = self._model.group(source_left.row()), self._model.group(source_right.row())
            if groups[0] != groups[1]:
                return (groups[0] < groups[1]) != down
        known = _known(one), _known(other)
        if known != (True, True):  # what is not known comes last, whatever the order
            return (known[0] and not known[1]) != down if known[0] != known[1] else False
        return one < other

    def _said(self, row: int, title: str) -> str:
        column = next(place for place, column in enumerate(_COLUMNS) if column.title == title)
        return str(self._model.index(row, column).data())


def mixed(runs: Sequence[ListedRun]) -> bool:
    """Whether figures of these runs come from different images, or other divisions of them."""
    return len({_key(run) for run in runs}) > 1


def _key(run: ListedRun) -> str:
    """Runs without a fingerprint are comparable with none."""
    return run.fingerprint or str(run.path)


def _known(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if _COLUMNS[column].figure else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
