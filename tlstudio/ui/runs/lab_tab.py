"""The Strategy Lab: the plan at the left; at the right the queue and what comes of it."""

import functools
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from tlstudio.evaluation.lab_list import ListedLab
from tlstudio.ui import run_engine, text
from tlstudio.ui.pages.base import EmptyState, ErrorBanner
from tlstudio.ui.runs.lab_charts import LabCurves
from tlstudio.ui.runs.lab_desk import LabDesk
from tlstudio.ui.runs.lab_pairs import LabPairs
from tlstudio.ui.runs.lab_plan import LabPlan
from tlstudio.ui.runs.lab_queue import LabQueue
from tlstudio.ui.runs.lab_results import Advice, LabResults
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.tagged import TaggedTask
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import QuietComboBox, button, card, scrolled
from tlstudio.ui.widgets.offer_bar import OfferBar
from tlstudio.ui.widgets.run_buttons import RunButtons
from tlstudio.ui.worker import Worker

_PAGE = "lab"
_PLANNED = "A new lab, as planned"
_UNDER_WAY = "The lab under way"
_QUEUE, _RESULTS, _COMPARE, _SWEEPS = range(4)
_NOTHING = (
    "Results come as the entries finish",
    "Start the lab: bars, times and a recommendation appear here.",
)


class LabTab(QWidget):
    """Starts, steers and shows labs; its buttons stand in the page's header.

    Attributes:
        steering: the buttons, in order.

    Signals:
        go_on: the settings of a LabEntry are to be taken for the next run.
        data_wanted: the person wants to choose images.
    """

    go_on = Signal(object)
    data_wanted = Signal()

    def __init__(self, session: Session, worker: Worker, theme: Theme, settings: Settings) -> None:
        super().__init__()
        self._worker, self._settings = worker, settings
        self._offered: set[Path] = set()
        self._counting: set[str] = set()
        self._planned: dict[str, Any] = {}
        self.desk = LabDesk(worker, self)
        self._buttons = RunButtons(theme)
        self.steering = self._buttons.in_order
        self.stop_button, self.pause_button, self.start_button, self.resume_button = self.steering
        self.plan = LabPlan(session, theme)
        self.queue = LabQueue(self.desk, theme)
        self.results = LabResults(self.desk, theme)
        self.advice = Advice(self.desk, theme)
        self.pairs = LabPairs(self.desk)
        self.curves = LabCurves(theme)
        self.banner = ErrorBanner()
        self.offer = OfferBar(theme)
        self.labs = QuietComboBox()
        self.told = with_role(QLabel(), "quiet")
        self.new_button = button(theme, "New lab", "plus", "quiet")
        self._lay_out()
        self.plan.set_values(settings.page_values(_PAGE))
        self._connect(session)
        self._show_reading()
        self._replan()

    # Building

    def _lay_out(self) -> None:
        left = card()
        left.setMinimumWidth(Size.SIDE + Size.ICON_LARGE)
        inner = QVBoxLayout(left)
        inner.setContentsMargins(Space.M, Space.M, Space.XS, Space.M)
        inner.addWidget(scrolled(self.plan))
        self._planning = left
        panes = QSplitter(Qt.Orientation.Horizontal)
        panes.setChildrenCollapsible(False)
        panes.setHandleWidth(Space.L)
        panes.addWidget(left)
        panes.addWidget(self._right())
        panes.setStretchFactor(0, 0)
        panes.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.M)
        layout.addWidget(self.banner)
        layout.addWidget(self.offer)
        layout.addWidget(panes, 1)

    def _right(self) -> QWidget:
        self.labs.setAccessibleName("Lab")
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        line.addWidget(with_role(QLabel("Lab"), "quiet"))
        line.addWidget(self.labs, 1)
        line.addWidget(self.new_button)
        self.tabs = QTabBar()
        self.tabs.setAccessibleName("Parts of the lab")
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self._shown = QStackedWidget()
        for words, part in (
            ("Queue", self.queue),
            ("Results", self.results),
            ("Compare two", self.pairs),
            ("Sweeps", self.curves),
        ):
            self.tabs.addTab(words)
            self._shown.addWidget(part)
        self._nothing = EmptyState("runs", *_NOTHING)
        self._shown.addWidget(self._nothing)
        self.told.setWordWrap(True)
        frame = card()
        column = QVBoxLayout(frame)
        column.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        column.setSpacing(Space.S)
        column.addLayout(line)
        column.addWidget(self.told)
        column.addWidget(self.advice)
        column.addWidget(self.tabs)
        column.addWidget(self._shown, 1)
        return frame

    def _connect(self, session: Session) -> None:
        desk, plan = self.desk, self.plan
        self.start_button.clicked.connect(self.start)
        self.resume_button.clicked.connect(self.resume)
        self.pause_button.clicked.connect(desk.toggle_pause)
        self.stop_button.clicked.connect(desk.stop)
        self.new_button.clicked.connect(self._replan)
        self.labs.activated.connect(self._choose_lab)
        self.offer.accepted.connect(self._take_offer)
        self.tabs.currentChanged.connect(self._show_part)
        self.advice.wanted.connect(self.go_on)
        plan.edited.connect(self._follow_plan)
        plan.data_wanted.connect(self.data_wanted)
        plan.blocks_wanted.connect(self._count_blocks)
        session.data_changed.connect(self._take_data)
        desk.queue_changed.connect(self._refresh)
        desk.running_changed.connect(self._refresh)
        desk.reading_changed.connect(self._show_reading)
        desk.labs_changed.connect(self._show_labs)
        desk.failed.connect(self.banner.show_error)
        desk.told.connect(self._tell)

    # Steering

    @Slot()
    def start(self) -> None:
        """Begin the lab that is planned."""
        if not self.desk.running:
            self._replan()
            self._begin()

    @Slot()
    def resume(self) -> None:
        """Go on with the lab that is looked at."""
        if self.desk.resumable:
            self._begin()

    def _begin(self) -> None:
        self.banner.clear()
        self.offer.hide()
        self._tell("Preparing the images: they are divided once for all.", "")
        self.tabs.setCurrentIndex(_QUEUE)
        self.desk.start()

    @Slot()
    def _follow_plan(self) -> None:
        """A lab that is looked at gives way to another plan, and to nothing else."""
        if self.desk.lab is None or self.plan.values() != self._planned:
            self._replan()

    @Slot()
    def _replan(self) -> None:
        if self.desk.running:
            return
        self._planned = self.plan.values()
        self._settings.set_page_values(_PAGE, self._planned)
        self._tell("", "")
        self.desk.plan(self.plan.config())
        self._show_labs()

    @Slot()
    def _take_data(self) -> None:
        self.plan.refresh()
        if not self.desk.running and self.desk.lab is None:
            self.desk.plan(self.plan.config())

    @Slot(str)
    def _count_blocks(self, arch: str) -> None:
        if arch in self._counting:
            return
        self._counting.add(arch)
        call = functools.partial(run_engine.count_blocks, arch)
        task = TaggedTask(arch, "Counting blocks", call, self._worker, self, quiet=True)
        task.happened.connect(self._blocks_counted)
        task.failed.connect(self._blocks_not_counted)

    @Slot(object, object)
    def _blocks_counted(self, _arch: object, event: object) -> None:
        if isinstance(event, run_engine.BlocksCounted):
            self.plan.tell_blocks(event.arch, event.blocks)

    @Slot(object, str, str)
    def _blocks_not_counted(self, arch: object, message: str, hint: str) -> None:
        self._counting.discard(str(arch))
        self.banner.show_error(message, hint)

    # Labs from before

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.plan.clip.look_again()
        self.desk.look()

    @Slot()
    def _show_labs(self) -> None:
        self.labs.clear()
        self.labs.addItem(_PLANNED, None)
        for lab in self.desk.labs:
            self.labs.addItem(_title(lab), lab.path)
            self.labs.setItemData(self.labs.count() - 1, str(lab.path), Qt.ItemDataRole.ToolTipRole)
        self._mark_lab()
        if not self.desk.running and self.desk.lab is None:
            self._offer_unfinished()

    def _mark_lab(self) -> None:
        paths = [None, *(lab.path for lab in self.desk.labs)]
        self.labs.setItemText(0, _UNDER_WAY if self.desk.running else _PLANNED)
        self.labs.setCurrentIndex(paths.index(self.desk.lab) if self.desk.lab in paths else 0)

    def _offer_unfinished(self) -> None:
        """The newest lab, if it was stopped or cut off: once."""
        newest = next(iter(self.desk.labs), None)
        if newest is None or newest.busy or newest.left <= newest.failed or newest.path in self._offered:
            return
        self._offered.add(newest.path)
        sentence = f"The lab of {text.moment(newest.began)} did not come to its end."
        count = text.amount(newest.done, "entry is", "entries are")
        self.offer.ask("clock", sentence, f"{count} finished, {newest.left} left. {newest.path}", "Go on")

    @Slot()
    def _take_offer(self) -> None:
        if self.desk.labs and not self.desk.running:
            self.desk.lab = self.desk.labs[0].path
            self._begin()

    @Slot(int)
    def _choose_lab(self, place: int) -> None:
        path = self.labs.itemData(place)
        if self.desk.running:
            self._show_labs()
        elif path is None:
            self._replan()
        else:
            self._tell("", "")
            self.desk.show_lab(Path(path))

    # Showing

    @Slot()
    def _refresh(self) -> None:
        desk = self.desk
        task, missing = desk.task, self.plan.missing()
        planned = desk.lab is None
        can_start = task is None and planned and desk.config is not None and desk.left > 0
        self._buttons.show_starting(can_start, missing, again=False, resumable=desk.resumable)
        self._buttons.show_training(task)
        if task is None:
            self.start_button.setVisible(planned)
        self.new_button.setVisible(task is None and not planned)
        self.labs.setEnabled(task is None)
        self._mark_lab()
        self._planning.setEnabled(task is None)
        if missing and planned and task is None:
            self.told.setText(missing)
        elif planned and task is None and not self.told.text().startswith(_KEPT):
            self.told.setText(_amount_of_work(desk))
        self.told.setVisible(bool(self.told.text()))

    @Slot()
    def _show_reading(self) -> None:
        reading = self.desk.reading
        self.results.show_reading(reading)
        self.advice.show_reading(reading if reading and reading.summaries else None)
        self.curves.show_reading(reading)
        self.tabs.setTabVisible(_SWEEPS, self.curves.there)
        self._show_part(self.tabs.currentIndex())
        if not self.desk.running and reading is not None and reading.summaries:
            self.tabs.setCurrentIndex(_RESULTS)

    @Slot(int)
    def _show_part(self, part: int) -> None:
        there = self.desk.reading is not None and bool(self.desk.reading.summaries)
        self._shown.setCurrentIndex(part if there or part == _QUEUE else self._shown.count() - 1)

    @Slot(str, str)
    def _tell(self, sentence: str, hint: str) -> None:
        self.told.setText(f"{sentence} {hint}".strip())
        self.told.setVisible(bool(sentence))


_KEPT = ("Stopped", "The lab is finished", "Preparing")


def _amount_of_work(desk: LabDesk) -> str:
    runs = sum(entry.kind == "run" for entry in desk.entries)
    return (
        f"{text.amount(runs, 'training')} one after the other, all judged on the same test images."
        if runs
        else ""
    )


def _title(lab: ListedLab) -> str:
    if lab.busy:
        state = "under way"
    elif lab.left > lab.failed:
        state = f"{lab.left} left"
    else:
        state = f"{lab.failed} failed" if lab.failed else "finished"
    count = text.amount(lab.done, "entry", "entries")
    return f"{text.moment(lab.began)} · {lab.images} · {count}, {state}"
