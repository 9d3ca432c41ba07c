"""The Runs page: all that was trained, side by side, and the lab that finds the best strategy."""

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabBar, QWidget

from tlstudio.ui.pages.base import Page
from tlstudio.ui.runs.desk import RunsDesk
from tlstudio.ui.runs.lab_tab import LabTab
from tlstudio.ui.runs.runs_tab import RunsTab
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Space, Theme
from tlstudio.ui.worker import Task, Worker

_PURPOSE = (
    "Everything that was trained: compare runs on the same images, name them, keep what is worth keeping."
)
_LAB = "Which strategy is best for these images, and why: each is tried on the same division of them."
_LOOK_EVERY = 5000  # milliseconds, while something trains


class RunsPage(Page):
    """All runs, or the Strategy Lab.

    Signals:
        show_wanted: a run is wanted on the Train page: its folder.
        evaluate_wanted: a run is wanted on the Evaluate page: its folder.
        go_to_train: the person wants to train first.
        go_to_data: the person wants to choose images.
        go_on: the settings of a LabEntry are to be taken for the next run.
    """

    show_wanted = Signal(object)
    evaluate_wanted = Signal(object)
    go_to_train = Signal()
    go_to_data = Signal()
    go_on = Signal(object)

    def __init__(
        self,
        session: Session,
        worker: Worker,
        theme: Theme,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Runs", _PURPOSE, parent)
        self._worker = worker
        self.desk = RunsDesk(worker, self)
        self.runs = RunsTab(self.desk, theme)
        self.lab = LabTab(session, worker, theme, settings)
        self.parts = QTabBar()
        self.parts.setAccessibleName("Parts of the page")
        self.parts.setExpanding(False)
        self.parts.setDrawBase(False)
        self._shown = QStackedWidget()
        for words, part in (("Runs", self.runs), ("Strategy Lab", self.lab)):
            self.parts.addTab(words)
            self._shown.addWidget(part)
        self._actions_of_lab = QWidget()
        line = QHBoxLayout(self._actions_of_lab)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.S)
        for action in self.lab.steering:
            line.addWidget(action)
        self._actions.addWidget(self._actions_of_lab)
        self._actions_of_lab.hide()
        self.body.setSpacing(Space.S)
        self.body.addWidget(self.parts)
        self.body.addWidget(self._shown, 1)
        self.parts.currentChanged.connect(self._show_part)
        self.lab.go_on.connect(self.go_on)
        self.lab.data_wanted.connect(self.go_to_data)
        self._later = QTimer(self)
        self._later.setInterval(_LOOK_EVERY)
        self._later.timeout.connect(self._look_while_training)
        self.runs.show_wanted.connect(self.show_wanted)
        self.runs.evaluate_wanted.connect(self.evaluate_wanted)
        self.runs.go_to_train.connect(self.go_to_train)
        worker.ended.connect(self._look_again)

    @Slot(int)
    def _show_part(self, part: int) -> None:
        self._shown.setCurrentIndex(part)
        in_lab = self._shown.currentWidget() is self.lab
        self._actions_of_lab.setVisible(in_lab)
        self.set_sentence(_LAB if in_lab else _PURPOSE)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.desk.look()
        self._later.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._later.stop()

    @Slot()
    def _look_while_training(self) -> None:
        if any(task.matters for task in self._worker.tasks):
            self.desk.look()

    @Slot(object)
    def _look_again(self, task: Task) -> None:
        """A training may have ended."""
        if task.matters and self.isVisible():
            self.desk.look()
