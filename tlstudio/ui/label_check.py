"""Suspected wrong labels of a run: found in the background, put right as corrections of the open folder."""

import dataclasses
import functools
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from tlstudio.config import Corrections
from tlstudio.data.corrections import taken_back
from tlstudio.evaluation.labels_events import LabelsJudged, SuspectedLabel
from tlstudio.events import Event, Notice, Progress
from tlstudio.models.events import Downloaded
from tlstudio.ui import run_engine, text
from tlstudio.ui.open_folder import OpenFolder
from tlstudio.ui.worker import Task, Worker


@dataclasses.dataclass(frozen=True)
class _Step:
    """What was decided of some images: to correct their folder, or without ``after`` that they are right."""

    labels: dict[str, str]  # that they had, by path
    before: Corrections
    after: Corrections | None = None


class LabelCheck(QObject):
    """Judges the labels of one run at a time, and does with the suspects what a person decides.

    Attributes:
        judged: what was found of the run; None before.
        notes: what else a person should know of it.

    Signals:
        progressed: Progress of the check.
        changed: other suspects are left, or the folder that is open is another one.
        suspected: what is said of the suspects among the images that are open, by path.
        failed: what could not be done, and a hint.
        over: the check came to its end, well or not.
    """

    progressed = Signal(object)
    changed = Signal()
    suspected = Signal(object)
    failed = Signal(str, str)
    over = Signal()

    def __init__(self, folder: OpenFolder, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._worker = worker
        self._task: Task | None = None
        self._right: dict[str, str] = {}
        self._steps: list[_Step] = []
        self._waiting: deque[tuple[Path, dict[str, str], bool]] = deque()  # what is still to be kept
        self._keeping: Task | None = None
        self.judged: LabelsJudged | None = None
        self.notes: list[str] = []
        folder.opened.connect(self._forget_steps)
        folder.divided_anew.connect(self._tell)
        folder.failed.connect(self._on_folder_failure)

    @property
    def busy(self) -> bool:
        return self._task is not None

    @property
    def here(self) -> bool:
        """Whether the folder that is open is the run's, so that it can be corrected."""
        divided, judged = self._folder.divided, self.judged
        return divided is not None and judged is not None and divided.root == judged.root

    @property
    def classes(self) -> tuple[str, ...]:
        """Those that images can be put into."""
        return self._folder.divided.classes if self.here and self._folder.divided else ()

    @property
    def pending(self) -> tuple[SuspectedLabel, ...]:
        """The suspects about which nothing was decided yet, most suspicious first."""
        if self.judged is None:
            return ()
        corrections = self._folder.history.current if self.here else Corrections()
        without, labels = set(corrections.without), corrections.labels
        return tuple(
            one
            for one in self.judged.suspects
            if one.path not in without
            and labels.get(one.path, one.given) == one.given
            and self._right.get(one.path) != one.given
        )

    @property
    def can_undo(self) -> bool:
        return bool(self._steps)

    # Checking

    def check(self, run: Path) -> None:
        """Judge the labels of a finished run."""
        self.stop()
        self.judged, self.notes = None, []
        self._steps.clear()
        self._right.clear()
        call = functools.partial(run_engine.check_labels, run)
        self._task = self._worker.run(f"Checking the labels of {run.name}", call)
        self._task.happened.connect(self._on_event)
        self._task.failed.connect(self._on_failure)
        self._task.over.connect(self._on_over)

    @Slot()
    def stop(self) -> None:
        if self._task is not None:
            self._task.control.stop()

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if self.sender() is not self._task:
            return
        match event:
            case Progress():
                self.progressed.emit(event)
            case Downloaded(name, done, total):
                words = f"Downloading {name}, {text.size(done)}"
                self.progressed.emit(Progress(words, done // 1000, total // 1000))
            case Notice(words):
                self.notes.append(words)
            case LabelsJudged():
                self.judged = event
                self._tell()
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
            self.over.emit()

    # Deciding

    def relabel(self, suspects: Sequence[SuspectedLabel]) -> None:
        """Put images into the classes that are suggested."""
        self._correct(suspects, Corrections(labels={one.path: one.suggested for one in suspects}))

    def move(self, suspects: Sequence[SuspectedLabel], into: str) -> None:
        """Put images into a class of the person's choice; into their own means that they are right."""
        there = [one for one in suspects if one.given == into]
        others = [one for one in suspects if one.given != into]
        self.find_right(there)
        self._correct(others, Corrections(labels={one.path: into for one in others}))

    def leave_out(self, suspects: Sequence[SuspectedLabel]) -> None:
        """Go on without images."""
        self._correct(suspects, Corrections(without=tuple(one.path for one in suspects)))

    def find_right(self, suspects: Sequence[SuspectedLabel]) -> None:
        """Never suspect the labels of these images again."""
        if suspects:
            step = _Step({one.path: one.given for one in suspects}, self._folder.history.current)
            self._steps.append(step)
            self._keep_right(step.labels, undone=False)

    @Slot()
    def undo(self) -> None:
        """Take the last decision back."""
        if not self._steps:
            return
        step = self._steps.pop()
        if step.after is None:
            self._keep_right(step.labels, undone=True)
        elif self._folder.history.current == step.after:
            self._folder.undo()
        else:  # more was corrected since, elsewhere, and stays
            self._folder.correct(taken_back(self._folder.history.current, step.before, step.labels))
        self._tell()

    def _correct(self, suspects: Sequence[SuspectedLabel], more: Corrections) -> None:
        if not suspects or not self.here:
            return
        before = self._folder.history.current
        self._folder.mend(more)
        labels = {one.path: one.given for one in suspects}
        self._steps.append(_Step(labels, before, self._folder.history.current))
        self._tell()

    def _keep_right(self, labels: dict[str, str], *, undone: bool) -> None:
        assert self.judged is not None
        if undone:
            self._right = {path: name for path, name in self._right.items() if path not in labels}
        else:
            self._right |= labels
        self._waiting.append((self.judged.root, labels, undone))
        self._keep_next()
        self._tell()

    def _keep_next(self) -> None:
        """One after the other: what was decided last is to be kept last."""
        if self._waiting and self._keeping is None:
            call = functools.partial(run_engine.find_labels_right, *self._waiting.popleft())
            self._keeping = self._worker.run("Keeping what was found right", call, quiet=True)
            self._keeping.failed.connect(self.failed)
            self._keeping.over.connect(self._on_kept)

    @Slot(object)
    def _on_kept(self, task: Task) -> None:
        self._keeping = None
        if not task.control.stopping:
            self._keep_next()

    @Slot()
    def _tell(self) -> None:
        self.changed.emit()
        words = "Suspected label: it looks like {} ({} likely)"
        pending = self.pending if self.here else ()
        self.suspected.emit(
            {one.path: words.format(one.suggested, text.percent(one.suggested_confidence)) for one in pending}
        )

    @Slot()
    def _forget_steps(self) -> None:
        """Another folder is open, with a history of its own."""
        self._steps = [step for step in self._steps if step.after is None] if self.here else []
        self._tell()

    @Slot(str, str)
    def _on_folder_failure(self, message: str, hint: str) -> None:
        """The folder has taken back by itself what turned out to be impossible."""
        if self._steps and self._steps[-1].after not in (None, self._folder.history.current):
            self._steps.pop()
        self.failed.emit(message, hint)
        self._tell()
