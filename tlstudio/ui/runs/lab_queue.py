"""The queue of a lab: where each entry stands, to be put in another order and to be left out of."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, Qt, Slot
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from tlstudio.ui import text
from tlstudio.ui.runs.lab_desk import LabDesk, Standing, State
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.paint import draw_icon

Index = QModelIndex | QPersistentModelIndex

STANDING = Qt.ItemDataRole.UserRole
_NONE = QModelIndex()
_COLUMNS = ("State", "What", "Seed", "Progress")
_STATE, _WHAT, _SEED, _PROGRESS = range(4)
_LOOKS = {
    State.WAITING: ("clock", "quiet"),
    State.RUNNING: ("play", "accent"),
    State.DONE: ("check", "new"),
    State.FAILED: ("error", "error"),
    State.SKIPPED: ("minus", "quiet"),
}


class QueueModel(QAbstractTableModel):
    """A row an entry, in the order of the desk's queue."""

    def __init__(self, desk: LabDesk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._names: list[str] = []
        desk.queue_changed.connect(self._take)
        desk.progressed.connect(self._progressed)

    def name(self, row: int) -> str:
        return self._names[row]

    def rows(self, names: set[str]) -> list[int]:
        return [row for row, name in enumerate(self._names) if name in names]

    def rowCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self._names)

    def columnCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(_COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        name = self._names[index.row()]
        entry, standing = self._desk.entry(name), self._desk.standing.get(name, Standing())
        if entry is None:
            return None
        value: object = None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                value = (standing.state.value, entry.title, str(entry.seed), standing.words)[index.column()]
            case Qt.ItemDataRole.ToolTipRole:
                value = "\n".join(filter(None, (entry.title, standing.words)))
            case Qt.ItemDataRole.TextAlignmentRole:
                side = Qt.AlignmentFlag.AlignRight if index.column() == _SEED else Qt.AlignmentFlag.AlignLeft
                value = side | Qt.AlignmentFlag.AlignVCenter
            case _ if role == STANDING:
                value = standing
        return value

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section == _SEED else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return _COLUMNS[section] if role == Qt.ItemDataRole.DisplayRole else None

    @Slot()
    def _take(self) -> None:
        names = [entry.name for entry in self._desk.entries]
        if len(names) == len(self._names):
            self._names = names
            if names:
                self.dataChanged.emit(self.index(0, 0), self.index(len(names) - 1, len(_COLUMNS) - 1))
            return
        self.beginResetModel()
        self._names = names
        self.endResetModel()

    @Slot(str)
    def _progressed(self, name: str) -> None:
        for row in self.rows({name}):
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(_COLUMNS) - 1))


class QueueTable(QTableView):
    """Alt with an arrow moves an entry; Delete leaves it out, or takes it in again."""

    def __init__(self, desk: LabDesk, theme: Theme) -> None:
        super().__init__()
        self._desk = desk
        self.queue = QueueModel(desk)
        self.setAccessibleName("Queue")
        self.setModel(self.queue)
        self.setItemDelegateForColumn(_STATE, _StateDelegate(theme, self))
        self.setItemDelegateForColumn(_PROGRESS, _ProgressDelegate(theme, self))
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.ExtendedSelection)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(Size.ROW)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setFixedHeight(Size.ROW)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_STATE, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(_WHAT, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_PROGRESS, QHeaderView.ResizeMode.Stretch)
        self.setColumnWidth(_STATE, Size.FIELD)
        theme.changed.connect(self.viewport().update)

    def chosen(self) -> list[str]:
        """The names of the selected entries, in order."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.queue.name(row) for row in rows]

    def move_chosen(self, step: int) -> None:
        """Have the selected entries come earlier or later."""
        names = self.chosen()
        for name in names if step < 0 else reversed(names):
            self._desk.move(name, step)
        self.clearSelection()
        flag = self.selectionModel().SelectionFlag
        for row in self.queue.rows(set(names)):
            index = self.queue.index(row, 0)
            self.selectionModel().setCurrentIndex(index, flag.Select | flag.Rows)

    def skip(self) -> None:
        """Leave the selected entries out, or take them in again."""
        self._desk.skip(self.chosen())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        match event.key():
            case Qt.Key.Key_Up if alt:
                self.move_chosen(-1)
            case Qt.Key.Key_Down if alt:
                self.move_chosen(1)
            case Qt.Key.Key_Delete:
                self.skip()
            case _:
                super().keyPressEvent(event)


class LabQueue(QWidget):
    """The table and its buttons."""

    def __init__(self, desk: LabDesk, theme: Theme) -> None:
        super().__init__()
        self._desk = desk
        self.table = QueueTable(desk, theme)
        self.up_button = button(theme, "Earlier", "chevron-up", "quiet")
        self.down_button = button(theme, "Later", "chevron-down", "quiet")
        self.skip_button = button(theme, "Skip", "minus", "quiet")
        self._words = with_role(QLabel(), "quiet")
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        line.addWidget(self._words, 1)
        for each in (self.up_button, self.down_button, self.skip_button):
            line.addWidget(each)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addLayout(line)
        layout.addWidget(self.table, 1)
        self.up_button.clicked.connect(self._earlier)
        self.down_button.clicked.connect(self._later)
        self.skip_button.clicked.connect(self._skip)
        self.table.selectionModel().selectionChanged.connect(self._refresh)
        desk.queue_changed.connect(self._refresh)
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        standing = self._desk.standing
        counts = {state: sum(one.state is state for one in standing.values()) for state in State}
        told = [f"{count} {state.value}" for state, count in counts.items() if count]
        self._words.setText(
            f"{text.amount(len(standing), 'entry', 'entries')}: {', '.join(told)}" if told else ""
        )
        states = [standing[name].state for name in self.table.chosen() if name in standing]
        movable = [state for state in states if state not in (State.DONE, State.RUNNING)]
        for each in (self.up_button, self.down_button, self.skip_button):
            each.setEnabled(bool(movable))
        back = bool(movable) and all(state is State.SKIPPED for state in movable)
        self.skip_button.setText("Take in again" if back else "Skip")

    @Slot()
    def _earlier(self) -> None:
        self.table.move_chosen(-1)

    @Slot()
    def _later(self) -> None:
        self.table.move_chosen(1)

    @Slot()
    def _skip(self) -> None:
        self.table.skip()


class _StateDelegate(QStyledItemDelegate):
    """The state's word after its icon."""

    def __init__(self, theme: Theme, parent: QTableView) -> None:
        super().__init__(parent)
        self._theme = theme

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        words = option.text  # type: ignore[attr-defined]
        option.text = f"      {words}"  # type: ignore[attr-defined]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        standing = index.data(STANDING)
        if not isinstance(standing, Standing):
            return
        name, token = _LOOKS[standing.state]
        place = QRect(option.rect)  # type: ignore[attr-defined]
        box = QRect(place.left() + Space.XS, 0, Size.ICON_SMALL, Size.ICON_SMALL)
        box.moveTop(place.center().y() - Size.ICON_SMALL // 2)
        draw_icon(painter, name, self._theme.color(token), box)


class _ProgressDelegate(QStyledItemDelegate):
    """The words, and beneath them a bar while the entry runs."""

    def __init__(self, theme: Theme, parent: QTableView) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        standing = index.data(STANDING)
        if not isinstance(standing, Standing) or standing.state is not State.RUNNING:
            return
        place = QRect(option.rect)  # type: ignore[attr-defined]
        bar = QRect(place.left() + Space.XS, place.bottom() - Space.XS, place.width() - Space.S, Size.FOCUS)
        painter.fillRect(bar, self._theme.color("line"))
        bar.setWidth(round(bar.width() * standing.share))
        painter.fillRect(bar, self._theme.color("accent"))
