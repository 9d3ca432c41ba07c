"""All runs with what is said of them, and their curves; read without torch."""

import contextlib
import dataclasses
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tlstudio.config import RunConfig, Strategy
from tlstudio.errors import BadInput, StudioError
from tlstudio.events import Control, Event
from tlstudio.runs.index import RunIndex, RunRow
from tlstudio.runs.notes import RunNotes, read_notes
from tlstudio.runs.store import RunFolder
from tlstudio.runs.trash import Trashed, in_trash
from tlstudio.training.events import EpochFinished, EpochTested
from tlstudio.training.replay import ABOUT_FILE, finished_epochs, tested_epochs

_STAMP = re.compile(r"\d{8}-\d{6}-")


@dataclasses.dataclass(frozen=True)
class ListedRun:
    """A run in the list of all.

    Attributes:
        epochs: finished ones; ``planned`` is how many it was to have.
        fingerprint: of its images and their division; "" where it was cut off before it had them.
        config: None where it cannot be read; ``damage`` says why.
    """

    row: RunRow
    notes: RunNotes
    epochs: int
    planned: int
    fingerprint: str
    config: RunConfig | None
    damage: str = ""

    @property
    def path(self) -> Path:
        return self.row.path

    @property
    def title(self) -> str:
        """The name that it was given, else that of its folder without the time and the network."""
        own = _STAMP.sub("", self.path.name)
        return self.notes.name or own.removeprefix(f"{self.row.arch}-") or own

    @property
    def images(self) -> str:
        """What it learned from, in a few words."""
        name = Path(self.row.dataset).name or self.row.dataset
        few = self.config.data.per_class if self.config else None
        return name if few is None else f"{name}, {few} a class"


@dataclasses.dataclass(frozen=True)
class RunsListed(Event):
    """The newest run first, and of what was deleted the last."""

    runs: tuple[ListedRun, ...]
    trash: tuple[Trashed, ...]


@dataclasses.dataclass(frozen=True)
class RunCurves:
    """What a run's epochs came to; ``tested`` is empty where they were not tested yet."""

    run: Path
    epochs: tuple[EpochFinished, ...]
    tested: tuple[EpochTested, ...]


@dataclasses.dataclass(frozen=True)
class CurvesRead(Event):
    """``damage``: a sentence for each run that cannot be read."""

    curves: tuple[RunCurves, ...]
    damage: tuple[str, ...]


def list_runs(control: Control) -> Iterator[Event]:
    """One RunsListed.

    Raises:
        StudioError: the list of runs cannot be used.
    """
    found: list[ListedRun] = []
    for row in RunIndex().rows():
        control.checkpoint()
        found.append(_listed(row))
    yield RunsListed(tuple(found), in_trash())


def read_curves(runs: Sequence[Path], control: Control) -> Iterator[Event]:
    """One CurvesRead, in the order of ``runs``."""
    found: list[RunCurves] = []
    damage: list[str] = []
    for path in runs:
        control.checkpoint()
        try:
            run = RunFolder.open(path)
            found.append(RunCurves(path, tuple(finished_epochs(run)), tested_epochs(run)))
        except StudioError as error:
            damage.append(error.message)
    yield CurvesRead(tuple(found), tuple(damage))


def _listed(row: RunRow) -> ListedRun:
    run, notes = RunFolder(row.path), read_notes(row.path)
    try:
        config, epochs = run.config, len(run.metrics())
    except BadInput as error:
        return ListedRun(row, notes, 0, 0, "", None, error.message)
    planned = 1 if config.strategy is Strategy.AS_IS else config.epochs
    return ListedRun(row, notes, epochs, planned, _fingerprint(run), config)


def _fingerprint(run: RunFolder) -> str:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads((run.path / ABOUT_FILE).read_bytes())["data_fingerprint"])
    return ""
