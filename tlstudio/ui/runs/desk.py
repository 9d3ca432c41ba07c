"""What the parts of the Runs page share: all runs, what is said of them, the trash, and their curves."""

import dataclasses
import functools
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from tlstudio.evaluation.run_table import CurvesRead, ListedRun, RunsListed
from tlstudio.events import Event
from tlstudio.runs.notes import RunNotes
from tlstudio.runs.trash import Trashed
from tlstudio.ui import run_engine, text
from tlstudio.ui.worker import EngineCall, Task, Worker


class RunsDesk(QObject):
    """Reads and changes the runs there are.

    Attributes:
        runs: the newest first; None before they were read.
        trash: what can be put back, deleted last first.
        selected: the runs that are looked at.

    Signals:
        runs_changed: other runs are there, or something else is said of them.
        selection_changed: others are looked at.
        curves_read: a CurvesRead of those that are looked at.
        told: something that was done, in a sentence, and whether it can be taken back.
        failed: what could not be done, and a hint.
    """

    runs_changed = Signal()
    selection_changed = Signal()
    curves_read = Signal(object)
    told = Signal(str, bool)
    failed = Signal(str, str)

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._listing: Task | None = None
        self._again = False
        self._reading: Task | None = None
        self._changes: list[tuple[str, EngineCall]] = []
        self._changing: Task | None = None
        self._deleting = False
        self._just_deleted: list[Trashed] = []
        self.runs: tuple[ListedRun, ...] | None = None
        self.trash: tuple[Trashed, ...] = ()
        self.selected: tuple[ListedRun, ...] = ()

    # Reading

    def look(self) -> None:
        """Follow what was trained, moved or deleted meanwhile."""
        if self._listing is not None or self._changing is not None:
            self._again = True
            return
        self._listing = self._worker.run("Reading the list of runs", run_engine.list_runs, quiet=True)
        self._listing.happened.connect(self._take_list)
        self._listing.failed.connect(self.failed)
        self._listing.over.connect(self._listed)

    def select(self, runs: Iterable[ListedRun]) -> None:
        """Look at these runs, and read their curves."""
        self.selected = tuple(runs)
        self.selection_changed.emit()
        self._read_curves()

    # Changing

    def say(self, run: ListedRun, notes: RunNotes) -> None:
        """Keep what is said of a run; it is shown at once."""
        if notes == run.notes or self.runs is None:
            return
        changed = dataclasses.replace(run, notes=notes)
        self.runs = tuple(changed if one.path == run.path else one for one in self.runs)
        self.selected = tuple(changed if one.path == run.path else one for one in self.selected)
        self.runs_changed.emit()
        self._change("Writing a note", functools.partial(run_engine.write_notes, run.path, notes))

    @Slot(object, str)
    def rename(self, path: Path, name: str) -> None:
        """Call a run so; without a name it is called as its folder."""
        run = self.run_at(path)
        if run is not None and name != run.title:
            self.say(run, dataclasses.replace(run.notes, name=name))

    def delete(self, runs: Iterable[ListedRun]) -> None:
        """Move runs into the trash."""
        paths = tuple(run.path for run in runs)
        if paths:
            self._change("Deleting runs", functools.partial(run_engine.throw_runs_away, paths))

    @Slot()
    def undo(self) -> None:
        """Put back what was deleted last."""
        back, self._just_deleted = self._just_deleted, []
        self.put_back(back or self.trash[:1])

    def put_back(self, trashed: Iterable[Trashed]) -> None:
        chosen = tuple(trashed)
        if chosen:
            self._change("Putting runs back", functools.partial(run_engine.put_runs_back, chosen))

    def empty_trash(self) -> None:
        """Delete for good what lies in the trash."""
        self._just_deleted = []
        self._change("Emptying the trash", run_engine.empty_trash)

    def run_at(self, path: Path) -> ListedRun | None:
        return next((run for run in self.runs or () if run.path == path), None)

    # Own

    def _change(self, title: str, call: EngineCall) -> None:
        """One change after the other: two at once might overtake each other."""
        self._changes.append((title, call))
        self._next_change()

    def _next_change(self) -> None:
        if self._changing is not None or not self._changes:
            return
        title, call = self._changes.pop(0)
        self._changing = self._worker.run(title, call, quiet=True, stoppable=False)
        self._changing.happened.connect(self._take_change)
        self._changing.failed.connect(self.failed)
        self._changing.over.connect(self._changed)

    @Slot(object)
    def _take_change(self, event: Event) -> None:
        match event:
            case run_engine.RunThrownAway(trashed):
                if not self._deleting:
                    self._just_deleted = []
                self._deleting = True
                self._just_deleted.append(trashed)
            case run_engine.RunPutBack(run):
                self.told.emit(f"{run.name} lies again where it lay.", False)
            case _:
                pass

    @Slot(object)
    def _changed(self, _task: Task) -> None:
        self._changing = None
        if self._deleting:
            self._deleting = False
            count = len(self._just_deleted)
            what = self._just_deleted[0].run.name if count == 1 else text.amount(count, "run")
            self.told.emit(f"Moved {what} to the trash.", True)
        self._again = True
        if self._changes:
            self._next_change()
        elif self._listing is None:
            self._again = False
            self.look()

    @Slot(object)
    def _take_list(self, event: Event) -> None:
        if not isinstance(event, RunsListed) or self._changing is not None:
            return
        self.trash = event.trash
        self.runs = event.runs
        here = {run.path: run for run in event.runs}
        before = self.selected
        self.selected = tuple(here[run.path] for run in before if run.path in here)
        self.runs_changed.emit()
        if [(run.path, run.epochs) for run in before] != [(run.path, run.epochs) for run in self.selected]:
            self.select(self.selected)

    @Slot(object)
    def _listed(self, _task: Task) -> None:
        self._listing = None
        if self._again and self._changing is None:
            self._again = False
            self.look()

    def _read_curves(self) -> None:
        if self._reading is not None:
            self._reading.control.stop()
            self._reading = None
        if not self.selected:
            return
        paths = tuple(run.path for run in self.selected)
        call = functools.partial(run_engine.read_curves, paths)
        self._reading = self._worker.run("Reading curves", call, quiet=True)
        self._reading.happened.connect(self._take_curves)
        self._reading.over.connect(self._read)

    @Slot(object)
    def _take_curves(self, event: Event) -> None:
        if self.sender() is self._reading and isinstance(event, CurvesRead):
            self.curves_read.emit(event)

    @Slot(object)
    def _read(self, task: Task) -> None:
        if task is self._reading:
            self._reading = None
