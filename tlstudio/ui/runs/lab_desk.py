"""What the parts of the Strategy Lab share: the plan, the queue with its states, and what came of it."""

import dataclasses
import functools
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from tlstudio.evaluation.lab_config import LabConfig, LabEntry, entries_of
from tlstudio.evaluation.lab_events import (
    EntryFailed,
    EntryFinished,
    EntryStarted,
    LabFinished,
    LabReading,
    LabStarted,
    LabStopped,
)
from tlstudio.evaluation.lab_list import LabRead, LabShown, LabsListed, ListedLab
from tlstudio.events import Event, Notice, Progress
from tlstudio.models.events import Downloaded
from tlstudio.training.events import BatchFinished, EpochFinished, RunStarted
from tlstudio.ui import run_engine, text
from tlstudio.ui.worker import EngineCall, Task, Worker

_PURPOSES = {"train": "train", "val": "choose", "test": "judge"}  # what the images of a split are there for


class State(StrEnum):
    """Where an entry stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclasses.dataclass(frozen=True)
class Standing:
    """Where an entry stands; ``share`` of it is done, and ``words`` say more."""

    state: State = State.WAITING
    share: float = 0.0
    words: str = ""


class LabDesk(QObject):
    """Carries a lab out, one at a time, and steers it.

    Attributes:
        lab: the folder of the lab that is looked at; None for one that is only planned.
        config: its plan, or the next one's; None while that cannot be carried out.
        entries: the queue, in order.
        reading: what the finished entries say together; None before there is one.
        labs: all labs, the newest first.

    Signals:
        queue_changed: other entries, another order, or an entry stands elsewhere.
        progressed: the entry that runs came further: its name.
        reading_changed: more is known, or another lab is looked at.
        running_changed: the lab began, was paused, or ended.
        labs_changed: other labs are there.
        told: how it ended, or what should be known, in a sentence and a hint.
        failed: what could not be done, and a hint.
        paired: two entries were compared: a PairedEntries.
    """

    queue_changed = Signal()
    progressed = Signal(str)
    reading_changed = Signal()
    running_changed = Signal()
    labs_changed = Signal()
    told = Signal(str, str)
    failed = Signal(str, str)
    paired = Signal(object)

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self.task: Task | None = None
        self._reading_task: Task | None = None
        self._listing: Task | None = None
        self._pairing: Task | None = None
        self._steering: Task | None = None
        self._steer_again = False
        self._epochs = 1  # of the run that is under way
        self._current = ""
        self._ended = False
        self._moved = False  # somebody put the queue of a planned lab in another order
        self.lab: Path | None = None
        self.config: LabConfig | None = None
        self.entries: tuple[LabEntry, ...] = ()
        self.standing: dict[str, Standing] = {}
        self.reading: LabReading | None = None
        self.labs: tuple[ListedLab, ...] = ()

    @property
    def running(self) -> bool:
        return self.task is not None

    @property
    def left(self) -> int:
        """Entries that are still to be carried out; what failed is among them."""
        undone = (State.WAITING, State.RUNNING, State.FAILED)
        return sum(self.standing[entry.name].state in undone for entry in self.entries)

    @property
    def resumable(self) -> bool:
        """The lab that is looked at can go on."""
        return self.lab is not None and not self.running and self.left > 0

    def entry(self, name: str) -> LabEntry | None:
        return next((entry for entry in self.entries if entry.name == name), None)

    def finished(self) -> tuple[LabEntry, ...]:
        return tuple(entry for entry in self.entries if self.standing[entry.name].state is State.DONE)

    # Planning

    def plan(self, config: LabConfig | None) -> None:
        """Look at a lab that would be begun so; what is skipped or moved stays so where it still occurs."""
        if self.running:
            return
        if self.lab is not None:
            self.entries, self.standing, self._moved = (), {}, False
        skipped = {name: one for name, one in self.standing.items() if one.state is State.SKIPPED}
        order = [entry.name for entry in self.entries] if self._moved else []
        self.config, self.lab = config, None
        planned = {entry.name: entry for entry in entries_of(config)} if config else {}
        names = dict.fromkeys([*(name for name in order if name in planned), *planned])
        self.entries = tuple(planned[name] for name in names)
        self.standing = {name: skipped.get(name, Standing()) for name in names}
        if self.reading is not None:
            self.reading = None
            self.reading_changed.emit()
        self.queue_changed.emit()
        self.running_changed.emit()

    def move(self, name: str, step: int) -> None:
        """Have an entry that waits come earlier or later than others that wait."""
        waiting = [entry for entry in self.entries if self.standing[entry.name].state is not State.DONE]
        place = next((place for place, entry in enumerate(waiting) if entry.name == name), -1)
        other = place + step
        if (
            place < 0
            or not 0 <= other < len(waiting)
            or State.RUNNING in (self.standing[waiting[one].name].state for one in (place, other))
        ):
            return
        waiting[place], waiting[other] = waiting[other], waiting[place]
        self._moved, left = True, iter(waiting)
        done = State.DONE
        self.entries = tuple(
            entry if self.standing[entry.name].state is done else next(left) for entry in self.entries
        )
        self.queue_changed.emit()
        self._steer()

    def skip(self, names: Sequence[str]) -> None:
        """Leave entries out that wait, or take them in again where all of them were left out."""
        states = {name: self.standing[name].state for name in names}
        fixed = (State.DONE, State.RUNNING)
        free = [name for name, state in states.items() if state not in fixed]
        back = all(states[name] is State.SKIPPED for name in free)
        for name in free:
            self.standing[name] = Standing(State.WAITING if back else State.SKIPPED)
        if free:
            self.queue_changed.emit()
            self.running_changed.emit()
            self._steer()

    # Carrying out

    def start(self) -> None:
        """Begin the lab that is planned, or go on with the one that is looked at."""
        if self.running or (self.lab is None and self.config is None):
            return
        if self.lab is not None:
            call: EngineCall = functools.partial(run_engine.resume_lab, self.lab)
        else:
            assert self.config is not None
            names = [entry.name for entry in self.entries]
            skipped = [name for name in names if self.standing[name].state is State.SKIPPED]
            call = functools.partial(run_engine.run_lab, self.config, names, skipped)
        self._ended, self._current = False, ""
        self.task = self._worker.run("Carrying out a Strategy Lab", call, matters=True)
        self.task.happened.connect(self._on_event)
        self.task.failed.connect(self._on_failure)
        self.task.over.connect(self._on_over)
        self.running_changed.emit()

    @Slot()
    def toggle_pause(self) -> None:
        if self.task is not None:
            control = self.task.control
            (control.resume if control.paused else control.pause)()
            self.running_changed.emit()

    @Slot()
    def stop(self) -> None:
        if self.task is not None:
            self.task.control.stop()
            self.running_changed.emit()

    # Labs from before

    def look(self) -> None:
        """Find the labs there are."""
        if self._listing is None:
            self._listing = self._worker.run("Looking for labs", run_engine.list_labs, quiet=True)
            self._listing.happened.connect(self._take_labs)
            self._listing.failed.connect(self.failed)
            self._listing.over.connect(self._listed)

    def show_lab(self, lab: Path) -> None:
        """Look at a lab as it is in its folder."""
        if self.running:
            return
        if self._reading_task is not None:
            self._reading_task.control.stop()
        call = functools.partial(run_engine.show_lab, lab)
        self._reading_task = self._worker.run(f"Reading the lab {lab.name}", call, quiet=True)
        self._reading_task.happened.connect(self._take_lab)
        self._reading_task.failed.connect(self.failed)
        self._reading_task.over.connect(self._shown)

    def pair(self, first: str, second: str) -> None:
        """Compare two finished entries image by image."""
        if self.lab is None:
            return
        if self._pairing is not None:
            self._pairing.control.stop()
        call = functools.partial(run_engine.pair_entries, self.lab, first, second)
        self._pairing = self._worker.run("Comparing two entries", call, quiet=True)
        self._pairing.happened.connect(self._take_pair)
        self._pairing.failed.connect(self.failed)
        self._pairing.over.connect(self._compared)

    # What the engine tells

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if self.sender() is not self.task:
            return
        match event:
            case LabStarted():
                self._begin(event)
            case EntryStarted(name=name):
                words = "going on" if event.goes_on else ""
                self._current = name
                self._stand(name, Standing(State.RUNNING, 0.0, words))
            case EntryFinished(_, result):
                self._stand(result.entry, Standing(State.DONE, 1.0, text.percent(result.top1.value)))
            case EntryFailed(name, _, message, hint):
                self._stand(name, Standing(State.FAILED, 0.0, f"{message} {hint}".strip()))
            case LabRead(_, reading):
                self.reading = reading
                self.reading_changed.emit()
            case LabFinished(_, reading, failed, skipped):
                self.reading, self._ended = reading, True
                self.reading_changed.emit()
                self.told.emit(_finished(len(self.finished()), len(failed), len(skipped)), "")
            case LabStopped(lab, done, left):
                self._ended = True
                words = f"Stopped: {text.amount(done, 'entry', 'entries')} finished, {left} left."
                self.told.emit(words, "Resume goes on where it stopped." if lab else "")
            case Notice(words):
                self.told.emit(words, "")
            case _:
                self._follow(event)

    def _begin(self, event: LabStarted) -> None:
        self.lab, self.entries = event.lab, event.entries
        done, skipped, before = set(event.done), set(event.skipped), self.standing
        self.standing = {}
        for entry in event.entries:
            state = State.WAITING
            if entry.name in done:
                state = State.DONE
            elif entry.name in skipped:
                state = State.SKIPPED
            known = before.get(entry.name)
            self.standing[entry.name] = known if known and known.state is state else Standing(state)
        self.queue_changed.emit()
        self.running_changed.emit()
        counts = [f"{event.images[split]:,} to {what}" for split, what in _PURPOSES.items()]
        self.told.emit(f"One division for all: {', '.join(counts)} with. The queue can still be changed.", "")

    def _follow(self, event: Event) -> None:
        """What a run, or CLIP, tells of the entry that is under way."""
        if self._current not in self.standing:
            return
        share, words = self.standing[self._current].share, ""
        match event:
            case RunStarted(config=config):
                self._epochs, words = config.epochs, "training"
            case BatchFinished(epoch, done, total):
                share = (epoch - 1 + done / max(total, 1)) / self._epochs
                left = text.duration(event.seconds_left)
                words = f"epoch {epoch} of {self._epochs} · {left} left"
            case EpochFinished(epoch=epoch, val_top1=top1):
                share = epoch / self._epochs
                words = f"epoch {epoch} of {self._epochs} · validation {text.percent(top1)}"
            case Progress(what, done, total):
                words = f"{what} · {done:,} of {total:,}" if total else what
            case Downloaded():
                words = "downloading"
            case _:
                return
        self.standing[self._current] = Standing(State.RUNNING, min(1.0, share), words)
        self.progressed.emit(self._current)

    def _stand(self, name: str, standing: Standing) -> None:
        self.standing[name] = standing
        if standing.state is not State.RUNNING:
            self._current = ""
        self.queue_changed.emit()

    @Slot(str, str)
    def _on_failure(self, message: str, hint: str) -> None:
        if self.sender() is self.task:
            self._ended = True
            self.failed.emit(message, hint)

    @Slot(object)
    def _on_over(self, task: Task) -> None:
        if task is not self.task:
            return
        self.task, self._current = None, ""
        for name, standing in self.standing.items():
            if standing.state is State.RUNNING:
                self.standing[name] = Standing()
        self.queue_changed.emit()
        self.running_changed.emit()
        self.look()

    @Slot(object)
    def _take_labs(self, event: Event) -> None:
        if isinstance(event, LabsListed):
            self.labs = event.labs
            self.labs_changed.emit()

    @Slot(object)
    def _listed(self, _task: Task) -> None:
        self._listing = None

    @Slot(object)
    def _take_lab(self, event: Event) -> None:
        if self.running or self.sender() is not self._reading_task or not isinstance(event, LabShown):
            return
        self.lab, self.config, self.entries, self.reading = (
            event.lab,
            event.config,
            event.entries,
            event.reading,
        )
        self.standing = {}
        for entry in event.entries:
            name = entry.name
            if name in event.results:
                standing = Standing(State.DONE, 1.0, text.percent(event.results[name].top1.value))
            elif name in event.skipped:
                standing = Standing(State.SKIPPED)
            elif name in event.failures:
                standing = Standing(State.FAILED, 0.0, " ".join(event.failures[name]).strip())
            else:
                standing = Standing()
            self.standing[name] = standing
        self.queue_changed.emit()
        self.reading_changed.emit()
        self.running_changed.emit()

    @Slot(object)
    def _shown(self, task: Task) -> None:
        if task is self._reading_task:
            self._reading_task = None

    @Slot(object)
    def _take_pair(self, event: Event) -> None:
        if self.sender() is self._pairing and isinstance(event, run_engine.EntriesPaired):
            self.paired.emit(event.pair)

    @Slot(object)
    def _compared(self, task: Task) -> None:
        if task is self._pairing:
            self._pairing = None

    # Steering: one message after the other, the last one as things stand then

    def _steer(self) -> None:
        if self.lab is None:
            return
        if self._steering is not None:
            self._steer_again = True
            return
        names = [entry.name for entry in self.entries]
        skipped = [name for name in names if self.standing[name].state is State.SKIPPED]
        call = functools.partial(run_engine.steer_lab, self.lab, names, skipped)
        self._steering = self._worker.run("Steering the lab", call, quiet=True, stoppable=False)
        self._steering.failed.connect(self.failed)
        self._steering.over.connect(self._steered)

    @Slot(object)
    def _steered(self, _task: Task) -> None:
        self._steering = None
        if self._steer_again:
            self._steer_again = False
            self._steer()


def _finished(done: int, failed: int, skipped: int) -> str:
    more = [f"{count} {words}" for count, words in ((failed, "failed"), (skipped, "skipped")) if count]
    return f"The lab is finished: {', '.join([text.amount(done, 'entry', 'entries'), *more])}."
