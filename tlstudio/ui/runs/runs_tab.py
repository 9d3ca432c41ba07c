"""All runs in a table; below it what is said of one, or how several differ, and their curves."""

import functools
from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QAction, QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QMessageBox,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tlstudio.evaluation.run_table import CurvesRead
from tlstudio.runs.trash import trash_dir
from tlstudio.ui import text
from tlstudio.ui.item_models.runs import mixed
from tlstudio.ui.pages.base import EmptyState, ErrorBanner
from tlstudio.ui.runs.comparison import Comparison
from tlstudio.ui.runs.desk import RunsDesk
from tlstudio.ui.runs.detail import RunDetail
from tlstudio.ui.runs.filters import RunFilters
from tlstudio.ui.runs.overlay import CurveOverlay
from tlstudio.ui.runs.table import RunTable
from tlstudio.ui.theme import Size, Space, Theme, restyle, with_role
from tlstudio.ui.widgets.basics import button, card
from tlstudio.ui.widgets.offer_bar import OfferBar
from tlstudio.ui.widgets.skeleton import Skeleton

_HINT = "Select a run to see what is said of it; select several, with Ctrl or Shift, to compare them."
_APART = "Runs on different images, or on other divisions of them, are ranked apart: see Data."
_MOST_IN_MENU = 12


class RunsTab(QWidget):
    """Follows the desk.

    Signals:
        show_wanted: a run is wanted on the Train page: its folder.
        evaluate_wanted: a run is wanted on the Evaluate page: its folder.
        go_to_train: the person wants to train first.
    """

    show_wanted = Signal(object)
    evaluate_wanted = Signal(object)
    go_to_train = Signal()

    def __init__(self, desk: RunsDesk, theme: Theme) -> None:
        super().__init__()
        self._desk, self._theme = desk, theme
        self._box: QMessageBox | None = None
        self.filters = RunFilters(theme)
        self.table = RunTable(desk, theme)
        self.detail = RunDetail(desk, theme)
        self.comparison = Comparison(desk, theme)
        self.overlay = CurveOverlay(theme)
        self.banner = ErrorBanner()
        self.told = OfferBar(theme)
        self.told.decline_button.setText("Put away")
        self.told.decline_button.setAccessibleName("Put away")
        self.train_button = button(theme, "Go to Train", "train", "main")
        self.clear_button = button(theme, "Show all", "close")
        self.trash_button = button(theme, "Trash", "trash", "quiet")
        self.trash_button.setProperty("menu", "true")
        restyle(self.trash_button)
        self._count = with_role(QLabel(), "quiet")
        self._apart = with_role(QLabel(_APART), "quiet")
        self._lay_out()
        self._connect()
        self._refresh()

    # Building

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        line.addWidget(self.filters, 1)
        line.addWidget(self._count)
        line.addWidget(self.trash_button)
        nothing = EmptyState("search", "No such run", "No run fits what is asked for.", self.clear_button)
        self._rows = QStackedWidget()
        self._rows.addWidget(self.table)
        self._rows.addWidget(nothing)
        self._nothing = nothing
        above = card()
        column = QVBoxLayout(above)
        column.setContentsMargins(Space.M, Space.M, Space.M, Space.S)
        column.setSpacing(Space.S)
        column.addLayout(line)
        column.addWidget(self._rows, 1)
        column.addWidget(self._apart)
        panes = QSplitter(Qt.Orientation.Vertical)
        panes.setChildrenCollapsible(False)
        panes.setHandleWidth(Space.M)
        panes.addWidget(above)
        panes.addWidget(self._below())
        panes.setSizes([Size.SIDE, Size.SIDE])
        self._empty = EmptyState(
            "runs", "No run yet", "Every training is kept as a run, and is listed here.", self.train_button
        )
        self._waiting = Skeleton(self._theme)
        self.states = QStackedWidget()
        for state in (self._waiting, self._empty, panes):
            self.states.addWidget(state)
        self._full = panes
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.M)
        layout.addWidget(self.banner)
        layout.addWidget(self.told)
        layout.addWidget(self.states, 1)

    def _below(self) -> QWidget:
        hint = with_role(QLabel(_HINT), "quiet")
        hint.setWordWrap(True)
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._left = QStackedWidget()
        for each in (hint, self.detail, self.comparison):
            self._left.addWidget(each)
        below = QSplitter(Qt.Orientation.Horizontal)
        below.setChildrenCollapsible(False)
        below.setHandleWidth(Space.M)
        for content in (self._left, self.overlay):
            frame = card()
            inner = QVBoxLayout(frame)
            inner.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
            inner.addWidget(content)
            below.addWidget(frame)
        below.setSizes([Size.READING, Size.READING])
        return below

    def _connect(self) -> None:
        desk = self._desk
        desk.runs_changed.connect(self._refresh)
        desk.selection_changed.connect(self._show_selection)
        desk.curves_read.connect(self._show_curves)
        desk.failed.connect(self.banner.show_error)
        desk.told.connect(self._tell)
        self.told.accepted.connect(desk.undo)
        self.filters.changed.connect(self._narrow)
        self.clear_button.clicked.connect(self.filters.clear)
        self.train_button.clicked.connect(self.go_to_train)
        self.trash_button.clicked.connect(self._open_trash)
        self.table.opened.connect(self.show_wanted)
        self.table.customContextMenuRequested.connect(self._open_menu)
        self.detail.show_wanted.connect(self.show_wanted)
        self.detail.evaluate_wanted.connect(self.evaluate_wanted)
        undo = QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self.table)
        undo.setContext(Qt.ShortcutContext.WidgetShortcut)
        undo.activated.connect(desk.undo)

    # Showing

    @Slot()
    def _refresh(self) -> None:
        runs = self._desk.runs
        self.filters.offer(self.table.runs)
        if runs is None:
            self.states.setCurrentWidget(self._waiting)
        else:
            there = bool(runs) or bool(self._desk.trash)
            self.states.setCurrentWidget(self._full if there else self._empty)
        trash = len(self._desk.trash)
        self.trash_button.setVisible(trash > 0)
        self.trash_button.setText(f"Trash ({trash})")
        self._narrow()
        self._show_selection()

    @Slot()
    def _narrow(self) -> None:
        filters = self.filters
        self.table.shown.narrow(filters.words.text(), filters.wanted(), starred=filters.starred.isChecked())
        shown, all_of_them = self.table.shown.shown, len(self._desk.runs or ())
        count = text.amount(len(shown), "run")
        self._count.setText(count if len(shown) == all_of_them else f"{len(shown):,} of {all_of_them:,} runs")
        self._apart.setVisible(mixed(shown))
        hidden = not shown and filters.active
        self._rows.setCurrentWidget(self._nothing if hidden else self.table)

    @Slot()
    def _show_selection(self) -> None:
        runs = self._desk.selected
        self._left.setCurrentIndex(min(len(runs), 2))
        self.overlay.show_runs(runs)

    @Slot(object)
    def _show_curves(self, event: CurvesRead) -> None:
        self.overlay.show_curves(event.curves)

    @Slot(str, bool)
    def _tell(self, sentence: str, can_undo: bool) -> None:
        self.told.ask("trash" if can_undo else "check", sentence, "", "Undo")
        self.told.accept_button.setVisible(can_undo)

    # Menus

    @Slot(QPoint)
    def _open_menu(self, place: QPoint) -> None:
        menu = self.menu()
        if menu is not None:
            menu.popup(self.table.viewport().mapToGlobal(place))

    def menu(self) -> QMenu | None:
        """What can be done with the selected runs; None where none is."""
        runs = self.table.selected()
        if not runs:
            return None
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if len(runs) == 1:
            _add(menu, "Show on Train", self.detail.train_button.click)
            _add(menu, "Evaluate", self.detail.evaluate_button.click).setEnabled(
                self.detail.evaluate_button.isEnabled()
            )
            _add(menu, "Open folder", self.detail.folder_button.click)
            _add(menu, "Rename", self.table.rename)
        starred = all(run.notes.starred for run in runs)
        _add(menu, "Take the star away" if starred else "Star", self.table.star)
        menu.addSeparator()
        _add(menu, "Delete", functools.partial(self._desk.delete, runs))
        return menu

    @Slot()
    def _open_trash(self) -> None:
        self.trash_menu().popup(self.trash_button.mapToGlobal(QPoint(0, self.trash_button.height())))

    def trash_menu(self) -> QMenu:
        """What lies in the trash, to be put back, deleted last first."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for one in self._desk.trash[:_MOST_IN_MENU]:
            _add(menu, f"Put back {one.run.name}", functools.partial(self._desk.put_back, (one,)))
        menu.addSeparator()
        _add(menu, "Open the trash", _show_trash)
        _add(menu, "Empty the trash…", self._ask_to_empty)
        return menu

    @Slot()
    def _ask_to_empty(self) -> None:
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        count = len(self._desk.trash)
        box.setWindowTitle("TL Studio")
        box.setText(f"<b>Delete {text.amount(count, 'run')} for good?</b>")
        box.setInformativeText("Their models and figures cannot be brought back.")
        delete = box.addButton("Delete", QMessageBox.ButtonRole.AcceptRole)
        delete.setProperty("kind", "danger")
        restyle(delete)
        keep = box.addButton("Keep", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        box.accepted.connect(self._desk.empty_trash)
        self._box = box
        box.open()


def _add(menu: QMenu, words: str, do: Callable[[], object]) -> QAction:
    action = menu.addAction(words)
    action.triggered.connect(lambda _checked: do())
    return action


def _show_trash() -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(trash_dir())))
