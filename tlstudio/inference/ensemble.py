"""Several models that answer together: whether they may, how they do, and what it gains on validation."""

import dataclasses
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.errors import BadInput
from tlstudio.events import Control, Event, Notice
from tlstudio.inference.events import (
    Combine,
    EnsembleMeasured,
    EnsembleNotMeasured,
    Member,
    MemberMeasured,
    Scores,
    WayMeasured,
)
from tlstudio.runs.store import RunFolder

# What probabilities add to a share of the votes: enough to decide a tie, too little to be seen.
_TIE = 1e-3


def combined(probabilities: Sequence[Scores], combine: Combine, accuracies: Sequence[float] = ()) -> Scores:
    """The answer of members ``[images, classes]`` each, whose columns are the same; rows sum to one.

    Args:
        accuracies: of each member on validation, for the weighted mean. Where all are 0 they weigh the same.
    """
    each = np.stack([np.asarray(one, np.float64) for one in probabilities])
    mean = each.mean(axis=0)
    match combine:
        case Combine.MEAN:
            together = mean
        case Combine.WEIGHTED:
            weights = np.asarray(accuracies, np.float64)
            together = np.average(each, axis=0, weights=weights) if weights.any() else mean
        case Combine.VOTE:
            votes = np.zeros_like(mean)
            every = np.arange(len(mean))
            for one in each:
                votes[every, one.argmax(axis=1)] += 1
            together = (votes / len(each) + _TIE * mean) / (1 + _TIE)
    return together.astype(np.float32)


def order_of(classes: Sequence[str], wanted: Sequence[str], title: str, others: str) -> npt.NDArray[np.intp]:
    """Where a member has each of the classes that are wanted.

    Raises:
        BadInput: its classes are others; ``title`` names it, and ``others`` the one it is to agree with.
    """
    place = {name: column for column, name in enumerate(classes)}
    if place.keys() != set(wanted):
        only = sorted(set(wanted).symmetric_difference(place))
        named = ", ".join(f"“{name}”" for name in only[:3]) + (", …" if only[3:] else "")
        raise BadInput(
            f"{title} and {others} know different classes: only one of them has {named}.",
            "An ensemble needs models of the same classes.",
        )
    return np.array([place[name] for name in wanted], np.intp)


def measure_ensemble(members: Sequence[Member], control: Control, *, device: str = "auto") -> Iterator[Event]:
    """Ask each run about its validation images: Progress and Notice, then one EnsembleMeasured.

    Only images that all members have for validation count: others may be training images of one of them.
    Where there are none, or they are gone, one EnsembleNotMeasured says so.

    Raises:
        BadInput: a member is no run, has no such epoch, or other classes than the first.
    """
    runs = [_open(member) for member in members]
    for other in runs[1:]:
        order_of(other.classes, runs[0].classes, other.title, runs[0].title)
    heard: list[_Heard] = []
    for run in runs:
        try:
            heard.append((yield from _hear(run, control, device)))
        except BadInput as error:
            yield EnsembleNotMeasured(f"{error.message} {error.hint}".strip())
            return
    shared = [key for key in heard[0].rows if all(key in one.rows for one in heard[1:])]
    if not shared:
        yield EnsembleNotMeasured(
            "These runs have no validation image in common, so what they gain together cannot be measured."
        )
        return
    if any(len(one.rows) != len(shared) for one in heard):
        yield Notice(f"Measured on the {len(shared):,} images that all of them have for validation.")
    control.checkpoint()
    yield _measured(runs, heard, shared)


@dataclasses.dataclass(frozen=True)
class _Run:
    folder: RunFolder
    title: str
    epoch: int
    val_top1: float
    classes: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class _Heard:
    """What a run said: ``rows`` is where each validation image, by its file, is in ``probabilities``."""

    rows: dict[Path, int]
    labels: tuple[str, ...]
    probabilities: Scores


def accuracy_of(member: Member) -> float:
    """The top-1 of a run's epoch on its own validation images, as it was when it was trained.

    Raises:
        BadInput: it is no run, or has no such epoch.
    """
    return _open(member).val_top1


def _open(member: Member) -> _Run:
    from tlstudio.models.architectures import architectures
    from tlstudio.training.history import History

    if member.model in architectures():
        raise BadInput(
            f"{member.model} as it is was validated on none of your images.",
            "Weigh runs, or combine by mean or vote.",
        )
    run = RunFolder.open(Path(member.model).expanduser())
    history = History.read(run)
    chosen = history.best if member.epoch is None else None
    found = chosen or next((one for one in history.epochs if one.epoch == member.epoch), None)
    if found is None:
        known = ", ".join(str(one.epoch) for one in history.epochs) or "none"
        raise BadInput(f"{run.path} has no finished epoch {member.epoch or ''}.", f"Its epochs are: {known}.")
    about = run.read("about.json")
    try:
        classes = tuple(str(name) for name in about["classes"])
    except (KeyError, TypeError) as error:
        raise BadInput(
            f"{run.path / 'about.json'} is damaged.",
            "The files of a run belong together; copy its whole folder again.",
        ) from error
    return _Run(run, run.path.name, found.epoch, found.val_top1, classes)


def _hear(run: _Run, control: Control, device: str) -> Generator[Event, None, _Heard]:
    from tlstudio.evaluation.one_epoch import log_probabilities_of
    from tlstudio.evaluation.run_images import listed
    from tlstudio.training.device import choose_device

    catalogue = listed(run.folder)
    said = yield from log_probabilities_of(run.folder, catalogue, run.epoch, choose_device(device), control)
    images = catalogue.of_split("val")
    rows = {catalogue.file(image): row for row, image in enumerate(images)}
    labels = tuple(catalogue.classes[image.label] for image in images)
    return _Heard(rows, labels, np.exp(said["val"]))


def _measured(runs: Sequence[_Run], heard: Sequence[_Heard], shared: Sequence[Path]) -> EnsembleMeasured:
    from tlstudio.evaluation.metrics import compare

    classes = runs[0].classes
    each = [
        one.probabilities[[one.rows[key] for key in shared]][
            :, order_of(run.classes, classes, run.title, runs[0].title)
        ]
        for run, one in zip(runs, heard, strict=True)
    ]
    labels = np.array([classes.index(heard[0].labels[heard[0].rows[key]]) for key in shared], np.intp)
    alone = [float((one.argmax(axis=1) == labels).mean()) for one in each]
    best = int(np.argmax(alone))
    ways: list[WayMeasured] = []
    for combine in Combine:
        together = combined(each, combine, [run.val_top1 for run in runs]).argmax(axis=1)
        paired = compare(labels, together, each[best].argmax(axis=1))
        top1 = float((together == labels).mean())
        ways.append(WayMeasured(combine, top1, top1 - alone[best], paired.p))
    members = tuple(MemberMeasured(run.title, run.epoch, top1) for run, top1 in zip(runs, alone, strict=True))
    return EnsembleMeasured(len(shared), members, tuple(ways), best)
