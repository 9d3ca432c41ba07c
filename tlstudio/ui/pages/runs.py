"""The Runs page: all that was trained, side by side."""

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from tlstudio.ui.pages.base import Page
from tlstudio.ui.runs.desk import RunsDesk
from tlstudio.ui.runs.runs_tab import RunsTab
from tlstudio.ui.theme import Theme
from tlstudio.ui.worker import Task, Worker

_PURPOSE = (
    "Everything that was trained: compare runs on the same images, name them, keep what is worth keeping."
)
_LOOK_EVERY = 5000  # milliseconds, while something trains


class RunsPage(Page):
    """All runs.

    Signals:
        show_wanted: a run is wanted on the Train page: its folder.
        evaluate_wanted: a run is wanted on the Evaluate page: its folder.
        go_to_train: the person wants to train first.
    """

    show_wanted = Signal(object)
    evaluate_wanted = Signal(object)
    go_to_train = Signal()

    def __init__(self, worker: Worker, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Runs", _PURPOSE, parent)
        self._worker = worker
        self.desk = RunsDesk(worker, self)
        self.runs = RunsTab(self.desk, theme)
        self.body.addWidget(self.runs, 1)
        self._later = QTimer(self)
        self._later.setInterval(_LOOK_EVERY)
        self._later.timeout.connect(self._look_while_training)
        self.runs.show_wanted.connect(self.show_wanted)
        self.runs.evaluate_wanted.connect(self.evaluate_wanted)
        self.runs.go_to_train.connect(self.go_to_train)
        worker.ended.connect(self._look_again)

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
