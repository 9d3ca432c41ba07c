"""What classifying images is asked and what it answers, whichever model does it; known without torch."""

import dataclasses
import enum
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.events import Event

Scores = npt.NDArray[np.float32]  # shape (images, classes)


class Combine(enum.StrEnum):
    """How the members of an ensemble come to one answer."""

    MEAN = "mean"  # of their probabilities
    WEIGHTED = "weighted"  # the same, each member weighing as much as its accuracy on validation
    VOTE = "vote"  # each has one vote, probabilities only decide ties


@dataclasses.dataclass(frozen=True)
class Member:
    """One model: an epoch of a run, or a pre-trained network as it is.

    Attributes:
        model: a run's folder, or an architecture's name for its 1,000 ImageNet categories.
        epoch: of a run; by default the one that validation chose.
        weights: of an architecture, as in RunConfig.
    """

    model: str
    epoch: int | None = None
    weights: str = "default"


@dataclasses.dataclass(frozen=True)
class PredictRequest:
    """Which images (files, or folders searched for them), and the models that answer together."""

    images: tuple[Path, ...]
    members: tuple[Member, ...]
    combine: Combine = Combine.MEAN
    device: str = "auto"


@dataclasses.dataclass(frozen=True)
class ModelsReady(Event):
    """The names of the columns of the scores to come; the best one always counts (``threshold`` 0)."""

    classes: tuple[str, ...]
    threshold: float = 0.0


@dataclasses.dataclass(frozen=True, eq=False)
class ImagesPredicted(Event):
    """The probabilities of some images, a row each that sums to one."""

    paths: Sequence[Path]
    scores: Scores


@dataclasses.dataclass(frozen=True)
class ImageClassified(Event):
    """``probabilities`` by class, highest first."""

    path: Path
    label: str
    probabilities: dict[str, float]


@dataclasses.dataclass(frozen=True)
class ImageSkipped(Event):
    path: Path
    reason: str


@dataclasses.dataclass(frozen=True)
class PredictionFinished(Event):
    images: int
    skipped: int
    seconds: float  # without loading the models


@dataclasses.dataclass(frozen=True)
class MemberMeasured:
    """A member by itself on the validation images that all members share; ``title`` is for people."""

    title: str
    epoch: int
    top1: float


@dataclasses.dataclass(frozen=True)
class WayMeasured:
    """The members together.

    Attributes:
        gain: top-1 less that of the best member.
        p: how likely chance alone makes a difference this large to that member (McNemar's exact test).
    """

    combine: Combine
    top1: float
    gain: float
    p: float


@dataclasses.dataclass(frozen=True)
class EnsembleMeasured(Event):
    """What members gain together, on validation alone; ``ways`` are in the order of :class:`Combine`."""

    images: int
    members: tuple[MemberMeasured, ...]
    ways: tuple[WayMeasured, ...]
    best: int  # the place of the best member

    def way(self, combine: Combine) -> WayMeasured:
        return next(one for one in self.ways if one.combine is combine)


@dataclasses.dataclass(frozen=True)
class EnsembleNotMeasured(Event):
    """Why nothing can be said of what members gain together."""

    reason: str
