"""What the tabs of the Evaluate page share: the run, the epoch, and what was found of it."""

import functools
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from tlstudio.data.catalogue import Split
from tlstudio.evaluation.finished_runs import FinishedRun, FinishedRuns
from tlstudio.evaluation.one_epoch_events import EpochEvaluated, Judged
from tlstudio.evaluation.outcome import Wanted
from tlstudio.events import Event, Notice, Progress
from tlstudio.ui import run_engine
from tlstudio.ui.worker import Task, Worker


class EvaluateDesk(QObject):
    """Finds the runs there are, and evaluates one epoch's model at a time.

    Attributes:
        runs: those there are, the newest first; None before they were looked for.
        run, epoch: what is looked at; None and 0 while there is nothing.
        split: whose images the tabs show.
        evaluated: what was found of it; None before.
        notes: what else should be known of it.

    Signals:
        runs_changed: other runs are there.
        chosen: another run or epoch is looked at.
        changed: other results are there, or none any more, or another split is shown.
        begun: an evaluation begins.
        running_changed: an evaluation began or ended.
        progressed: Progress of it.
        failed: what could not be done, and a hint.
        images_wanted: the images behind something are to be listed: a Wanted, and what they are in words.
    """

    runs_changed = Signal()
    chosen = Signal()
    changed = Signal()
    begun = Signal()
    running_changed = Signal()
    progressed = Signal(object)
    failed = Signal(str, str)
    images_wanted = Signal(object, str)

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._task: Task | None = None
        self._looking: Task | None = None
        self.runs: tuple[FinishedRun, ...] | None = None
        self.run: FinishedRun | None = None
        self.epoch = 0
        self.split: Split = "test"
        self.evaluated: EpochEvaluated | None = None
        self.notes: list[str] = []
        self._preferred: Path | None = None

    @property
    def running(self) -> bool:
        return self._task is not None

    @property
    def judged(self) -> Judged | None:
        """What was found on the images of the split that is shown."""
        if self.evaluated is None:
            return None
        return self.evaluated.val if self.split == "val" else self.evaluated.test

    # Choosing

    def look_for_runs(self) -> None:
        """Follow what was trained or deleted meanwhile."""
        if self._looking is None:
            self._looking = self._worker.run("Looking for runs", run_engine.find_runs, quiet=True)
            self._looking.happened.connect(self._take_runs)
            self._looking.failed.connect(self.failed)
            self._looking.over.connect(self._looked)

    def prefer(self, path: Path) -> None:
        """Look at this run now, or once it is known to be there."""
        self._preferred = path
        self.look_for_runs()

    def choose_run(self, path: Path) -> None:
        """Look at the chosen epoch of a run, by its folder."""
        run = next((one for one in self.runs or () if one.path == path), None)
        if run is not None and (self.run is None or run.path != self.run.path):
            self._choose(run, run.best)

    def choose_epoch(self, epoch: int) -> None:
        if self.run is not None and epoch in self.run.epochs and epoch != self.epoch:
            self._choose(self.run, epoch)

    def show_split(self, split: Split) -> None:
        if split != self.split:
            self.split = split
            self.changed.emit()

    def _choose(self, run: FinishedRun, epoch: int) -> None:
        self.run, self.epoch = run, epoch
        self.chosen.emit()
        self.evaluate()

    # Evaluating

    @Slot()
    def evaluate(self) -> None:
        """Find out all about the epoch that is looked at."""
        if self.run is None:
            return
        self.stop()
        self.evaluated, self.notes = None, []
        call = functools.partial(run_engine.evaluate_epoch, self.run.path, self.epoch)
        self._task = self._worker.run(f"Evaluating {self.run.path.name}", call)
        self._task.happened.connect(self._on_event)
        self._task.failed.connect(self._on_failure)
        self._task.over.connect(self._on_over)
        self.begun.emit()
        self.changed.emit()
        self.running_changed.emit()

    @Slot()
    def stop(self) -> None:
        if self._task is not None:
            self._task.control.stop()
            self._task = None
            self.running_changed.emit()

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if self.sender() is not self._task:
            return
        match event:
            case Progress():
                self.progressed.emit(event)
            case Notice(words):
                self.notes.append(words)
            case EpochEvaluated():
                self.evaluated = event
                self.changed.emit()
            case _:
                pass

    @Slot(str, str)
    def _on_failure(self, message: str, hint: str) -> None:
        if self.sender() is self._task:
            self.failed.emit(message, hint)

    @Slot(object)
    def _on_over(self, task: Task) -> None:
        if task is self._task:
            self._task = None
            self.running_changed.emit()

    @Slot(object)
    def _take_runs(self, event: Event) -> None:
        if not isinstance(event, FinishedRuns):
            return
        if event.runs != self.runs:
            self.runs = event.runs
            self.runs_changed.emit()
            self._follow_runs(event)
        if self._preferred is not None and any(one.path == self._preferred for one in event.runs):
            path, self._preferred = self._preferred, None
            self.choose_run(path)

    def _follow_runs(self, event: FinishedRuns) -> None:
        preferred, mine = self._preferred, self.run
        here = next((one for one in event.runs if mine and one.path == mine.path), None)
        if here is not None:
            self.run = here
            self.chosen.emit()
        elif any(one.path == preferred for one in event.runs):
            pass
        elif event.runs:
            self._choose(event.runs[0], event.runs[0].best)
        else:
            self.stop()
            self.run, self.epoch, self.evaluated = None, 0, None
            self.changed.emit()

    @Slot(object)
    def _looked(self, _task: Task) -> None:
        self._looking = None

    def want_images(self, wanted: Wanted, words: str) -> None:
        """List the images behind something."""
        self.images_wanted.emit(wanted, words)
