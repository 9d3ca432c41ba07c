"""What a Strategy Lab tells the faces: events, and the results that are kept of each entry."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tlstudio.evaluation.lab_config import LabEntry
from tlstudio.evaluation.metrics import Estimate, Paired
from tlstudio.events import Event

# Nothing here measures power: so many watts are supposed for each core while it computes.
WATTS_A_CORE = 10.0


@dataclasses.dataclass(frozen=True)
class EntryResult:
    """What one entry came to.

    Attributes:
        entry: its name.
        top1: on the test images; validation alone chose the epoch, or the probe's strength.
        val_top1: what it was chosen by.
        epochs, best_epoch: None where nothing is trained in epochs.
        seconds: from reading the images to the tested models. Images that an earlier entry or run had
            decoded, and what frozen layers made of them, are read again and not computed.
        cpu_seconds: of all cores; None if the entry was interrupted, or computed elsewhere than on the CPU.
        trained_parameters: of the stage that trains most.
        peak_memory_mb: the most main memory (10^6 bytes) that this process held meanwhile, looked at twenty
            times a second. All that the process holds is in it, libraries and what earlier entries left too;
            of a GPU's memory nothing. None if it was not there to look.
        run: the folder of the run; None for zero-shot and the linear probe.
        known: whether all that frozen layers or CLIP make of the images was known from before, so that
            ``seconds`` are fewer than they would be elsewhere.
    """

    entry: str
    top1: Estimate
    val_top1: float
    seconds: float
    cpu_seconds: float | None
    trained_parameters: int
    peak_memory_mb: float | None
    epochs: int | None = None
    best_epoch: int | None = None
    run: Path | None = None
    known: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "EntryResult":
        """
        Raises:
            KeyError, TypeError: it is no result.
        """
        run = data["run"]
        return cls(**{**data, "top1": Estimate(**data["top1"]), "run": Path(run) if run else None})


@dataclasses.dataclass(frozen=True)
class Summary:
    """What a group of entries came to, which differ in their seeds alone.

    Attributes:
        group, title, network, what, method, arch, blocks, per_class: as of the entries.
        names: of the finished entries, in the order of their seeds; ``top1s`` are their figures.
        top1: their mean, and where 95 % of other draws of test images would put it.
        deviation: standard deviation over the seeds; None with a single one.
        seconds: of the seed that took longest: the others may have found its features already there.
        known: as of the entries, if it holds of all of them.
        energy_wh: watt-hours, an estimate: processor seconds times :data:`WATTS_A_CORE`, which is assumed.
    """

    group: str
    title: str
    network: str
    what: str
    method: str
    arch: str
    blocks: int
    per_class: int | None
    names: tuple[str, ...]
    top1s: tuple[float, ...]
    top1: Estimate
    deviation: float | None
    val_top1: float
    seconds: float
    energy_wh: float | None
    trained_parameters: int
    peak_memory_mb: float | None
    epochs: int | None
    known: bool


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two groups on the same test images: the first one's top-1 less the second one's.

    Attributes:
        p: how likely chance alone makes so large a difference, by McNemar's exact test, or with several seeds
            by one that lets chance choose the sign of each image's difference.
        apart: whether they can be told apart: p below 0.05, and all seeds of one above all of the other.
    """

    first: str
    second: str
    difference: Estimate
    p: float
    apart: bool


@dataclasses.dataclass(frozen=True)
class PairedEntries:
    """Two entries on the same test images, and the paths of those that only one of them gets right."""

    first: str
    second: str
    images: int
    paired: Paired
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Recommendation:
    """What to use, in a sentence.

    Attributes:
        group, entry: what is recommended, and the one of its entries that validation prefers.
        evidence: a sentence for each of the others.
        caution: sentences on what could make it wrong.
    """

    group: str
    entry: str
    words: str
    evidence: tuple[str, ...]
    caution: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class SweepPoint:
    """A point of a sweep's curve.

    Attributes:
        value: blocks that are trained before the head, or images a class; None for all images.
        block: the first unfrozen block, where blocks are swept.
    """

    group: str
    value: int | None
    block: str
    top1: Estimate


@dataclasses.dataclass(frozen=True)
class Curve:
    """A sweep of one network or method."""

    title: str
    points: tuple[SweepPoint, ...]


@dataclasses.dataclass(frozen=True)
class LabReading:
    """What the finished entries say together.

    Attributes:
        images: for test.
        summaries: best validation first within as many training images.
        front: the groups that none is both quicker and better than, quickest first.
        depth: top-1 by how far down is trained, a curve for each network with three depths or more.
        labels: top-1 by images a class, a curve for each network and method with two numbers or more.
    """

    images: int
    summaries: tuple[Summary, ...]
    front: tuple[str, ...]
    depth: tuple[Curve, ...]
    labels: tuple[Curve, ...]
    recommendation: Recommendation | None


@dataclasses.dataclass(frozen=True)
class LabStarted(Event):
    """The images are divided, once for all entries; ``done`` are finished from before."""

    lab: Path
    entries: tuple[LabEntry, ...]
    done: tuple[str, ...]
    skipped: tuple[str, ...]
    classes: tuple[str, ...]
    images: dict[str, int]  # by split
    fingerprint: str


@dataclasses.dataclass(frozen=True)
class EntryStarted(Event):
    """``number`` of ``total``; what follows up to its end is told by the run or by CLIP."""

    name: str
    title: str
    seed: int
    number: int
    total: int
    goes_on: bool  # with a run that was cut off


@dataclasses.dataclass(frozen=True)
class EntryFinished(Event):
    title: str
    result: EntryResult


@dataclasses.dataclass(frozen=True)
class EntryFailed(Event):
    """It cannot be had; the lab goes on with the next, and tries this one again when it is resumed."""

    name: str
    title: str
    message: str
    hint: str


@dataclasses.dataclass(frozen=True)
class LabStopped(Event):
    """Stopped on request; it can go on where it stopped. ``lab`` is None if nothing was begun."""

    lab: Path | None
    done: int
    left: int


@dataclasses.dataclass(frozen=True)
class LabFinished(Event):
    """Nothing is left to do but what failed or was skipped."""

    lab: Path
    reading: LabReading
    failed: tuple[str, ...]
    skipped: tuple[str, ...]
