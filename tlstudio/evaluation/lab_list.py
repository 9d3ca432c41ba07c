"""The labs there are, and what is known of one; read without torch."""

import contextlib
import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from tlstudio.errors import StudioError
from tlstudio.evaluation.lab_config import LabConfig, LabEntry
from tlstudio.evaluation.lab_events import EntryResult, LabReading
from tlstudio.evaluation.lab_reading import read_lab
from tlstudio.evaluation.lab_store import LAB_FILE, LOCK_FILE, SPLIT_FILE, LabFolder, labs_dir
from tlstudio.events import Control, Event


@dataclasses.dataclass(frozen=True)
class ListedLab:
    """A lab in the list of all.

    Attributes:
        began: seconds since 1970.
        left: entries that are neither finished nor skipped; ``failed`` are among them.
        busy: a living process carries it out.
    """

    path: Path
    began: float
    images: str
    done: int
    left: int
    failed: int
    busy: bool


@dataclasses.dataclass(frozen=True)
class LabsListed(Event):
    """The newest first."""

    labs: tuple[ListedLab, ...]


@dataclasses.dataclass(frozen=True)
class LabShown(Event):
    """All that is known of a lab by now; ``failures`` are a sentence and a hint by entry."""

    lab: Path
    config: LabConfig
    entries: tuple[LabEntry, ...]
    results: Mapping[str, EntryResult]
    failures: Mapping[str, tuple[str, str]]
    skipped: frozenset[str]
    reading: LabReading


@dataclasses.dataclass(frozen=True)
class LabRead(Event):
    """What the finished entries say together by now."""

    lab: Path
    reading: LabReading


def list_labs(control: Control) -> Iterator[Event]:
    """One LabsListed, of the labs in the data folder; what cannot be read is left out."""
    found: list[ListedLab] = []
    for file in labs_dir().glob(f"*/{LAB_FILE}"):
        control.checkpoint()
        with contextlib.suppress(StudioError, OSError):
            found.append(_listed(file.parent))
    yield LabsListed(tuple(sorted(found, key=lambda one: one.path.name, reverse=True)))


def show_lab(path: Path, control: Control) -> Iterator[Event]:
    """One LabShown.

    Raises:
        BadInput: ``path`` is no lab, or a damaged one.
    """
    control.checkpoint()
    lab = LabFolder.open(path)
    state = lab.state
    reading = read_lab(lab)
    yield LabShown(lab.path, lab.config, lab.entries, state.results, state.failures, lab.skipped, reading)


def steer_lab(path: Path, order: Sequence[str], skipped: Sequence[str]) -> LabFolder:
    """Have a lab's entries come in this order from the next one on, and leave out those that are skipped.

    Names that the lab does not have are passed over.

    Raises:
        BadInput: ``path`` is no lab, or a damaged one.
    """
    lab = LabFolder.open(path)
    names = {entry.name for entry in lab.entries}
    lab.arrange([name for name in order if name in names])
    lab.skip(sorted(names - set(skipped)), skip=False)
    lab.skip(sorted(names & set(skipped)))
    return lab


def _listed(path: Path) -> ListedLab:
    lab = LabFolder.open(path)
    root = lab.config.data.root
    began, state = (path / SPLIT_FILE).stat().st_mtime, lab.state
    done, failed = len(state.results), len(state.failures)
    return ListedLab(path, began, Path(root).name or root, done, len(lab.left), failed, _busy(path))


def _busy(path: Path) -> bool:
    try:
        owner = json.loads((path / LOCK_FILE).read_bytes())
        process = psutil.Process(int(owner["pid"]))
        same = abs(process.create_time() - float(owner["since"])) < 1
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return False
