"""The table of runs: sorted by a click on a column, stars and names changed where they stand."""

import dataclasses

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from tlstudio.evaluation.run_table import ListedRun
from tlstudio.ui.icons import icon
from tlstudio.ui.item_models.runs import DATE_COLUMN, NAME_COLUMN, STAR_COLUMN, STARRED, RunModel, ShownRuns
from tlstudio.ui.runs.desk import RunsDesk
from tlstudio.ui.theme import Size, Theme

Index = QModelIndex | QPersistentModelIndex


class RunTable(QTableView):
    """Follows the desk, which learns what is selected.

    Signals:
        opened: a run is wanted on the Train page: its folder.
    """

    opened = Signal(object)

    def __init__(self, desk: RunsDesk, theme: Theme) -> None:
        super().__init__()
        self._desk = desk
        self._told = False  # whether the selection comes from the desk
        self.runs = RunModel(self)
        self.shown = ShownRuns(self.runs, self)
        self.setAccessibleName("Runs")
        self.setModel(self.shown)
        self.setItemDelegateForColumn(STAR_COLUMN, _StarDelegate(theme, self))
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.ExtendedSelection)
        edit = QAbstractItemView.EditTrigger
        self.setEditTriggers(edit.EditKeyPressed | edit.DoubleClicked)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(Size.ROW)
        self.setSortingEnabled(True)
        self.sortByColumn(DATE_COLUMN, Qt.SortOrder.DescendingOrder)
        self._set_widths()
        desk.runs_changed.connect(self._show_runs)
        self.runs.renamed.connect(desk.rename, Qt.ConnectionType.QueuedConnection)
        self.clicked.connect(self._clicked)
        self.selectionModel().selectionChanged.connect(self._tell_selection)
        theme.changed.connect(self.viewport().update)

    def selected(self) -> tuple[ListedRun, ...]:
        """In the order in which they are shown."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return tuple(self.shown.run(row) for row in rows)

    def rename(self) -> None:
        """Let the name of the current run be typed where it stands."""
        index = self.currentIndex()
        if index.isValid():
            self.edit(index.siblingAtColumn(NAME_COLUMN))

    def star(self) -> None:
        """Star the selected runs, or take the stars away where all have one."""
        runs = self.selected()
        starred = not all(run.notes.starred for run in runs)
        for run in runs:
            self._desk.say(run, dataclasses.replace(run.notes, starred=starred))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Delete:
                self._desk.delete(self.selected())
            case Qt.Key.Key_Space if self.selected():
                self.star()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if len(self.selected()) == 1:
                self.opened.emit(self.selected()[0].path)
            case _:
                super().keyPressEvent(event)

    def _set_widths(self) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(STAR_COLUMN, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(NAME_COLUMN, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(Size.CONTROL)
        header.setFixedHeight(Size.ROW)
        self.setColumnWidth(STAR_COLUMN, Size.CONTROL)

    @Slot()
    def _show_runs(self) -> None:
        kept = {run.path for run in self._desk.selected}
        self._told = True
        self.runs.show_runs(self._desk.runs or ())
        if {run.path for run in self.selected()} != kept:
            self.clearSelection()
            flag = self.selectionModel().SelectionFlag
            for path in kept:
                index = self.shown.mapFromSource(self.runs.index(self.runs.row_of(path), 0))
                self.selectionModel().select(index, flag.Select | flag.Rows)
        self._told = False

    @Slot()
    def _tell_selection(self) -> None:
        if not self._told:
            self._desk.select(self.selected())

    @Slot(QModelIndex)
    def _clicked(self, index: QModelIndex) -> None:
        if index.column() == STAR_COLUMN:
            run = self.shown.run(index.row())
            self._desk.say(run, dataclasses.replace(run.notes, starred=not run.notes.starred))


class _StarDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QTableView) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        tokens = self._theme.tokens
        starred = index.data(STARRED)
        box = QRect(0, 0, Size.ICON_SMALL, Size.ICON_SMALL)
        box.moveCenter(QRect(option.rect).center())  # type: ignore[attr-defined]
        icon("star-filled" if starred else "star", tokens.tuned if starred else tokens.control_line).paint(
            painter, box
        )
