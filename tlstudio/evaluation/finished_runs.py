"""The runs that there is something to tell of; found without torch."""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

from tlstudio.config import Strategy
from tlstudio.errors import StudioError
from tlstudio.events import Control, Event
from tlstudio.models.architectures import architecture
from tlstudio.runs.index import RunIndex
from tlstudio.runs.store import RunFolder
from tlstudio.training.replay import finished_epochs

_RANDOM = "none"
_STAMPED = re.compile(r"(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)\d\d-")


@dataclasses.dataclass(frozen=True)
class FinishedRun:
    """A run that has models.

    Attributes:
        title: what it is, in a few words.
        epochs: those whose models are there.
        best: the one that validation chose, if it is there, else the last.
        pretrained: its network began with weights that knew something.
    """

    path: Path
    title: str
    epochs: tuple[int, ...]
    best: int
    pretrained: bool


@dataclasses.dataclass(frozen=True)
class FinishedRuns(Event):
    """The newest first."""

    runs: tuple[FinishedRun, ...]


def find_runs(control: Control) -> Iterator[Event]:
    """One FinishedRuns, of the runs that are over or were cut off.

    Raises:
        StudioError: the list of runs cannot be used.
    """
    found: list[FinishedRun] = []
    for row in RunIndex().rows():
        control.checkpoint()
        if row.status != "running" and (run := finished_run(row.path)) is not None:
            found.append(run)
    yield FinishedRuns(tuple(found))


def finished_run(path: Path) -> FinishedRun | None:
    """What there is of a run; None where it cannot be read or has no finished epoch."""
    try:
        run = RunFolder.open(path)
        history = finished_epochs(run)
        words = architecture(run.config.arch).title, run.config.strategy.value.replace("-", " ")
    except StudioError:
        return None
    there = set(run.epochs())
    epochs = tuple(one.epoch for one in history if one.epoch in there)
    if not epochs:
        return None
    best = next((one.epoch for one in reversed(history) if one.best and one.epoch in there), epochs[-1])
    title = " · ".join((*words, Path(run.config.data.root).name, _name(run)))
    pretrained = run.config.strategy is not Strategy.SCRATCH and run.config.weights != _RANDOM
    return FinishedRun(run.path, title, epochs, best, pretrained)


def _name(run: RunFolder) -> str:
    """When it began, of a run whose folder is named so; otherwise the folder's name."""
    found = _STAMPED.match(run.path.name)
    if found is None:
        return run.path.name
    year, month, day, hour, minute = found.groups()
    return f"{year}-{month}-{day} {hour}:{minute}"
