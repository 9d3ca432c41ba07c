"""What learning from a few labels asks and tells, and how its curve is read, known without torch."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from tlstudio.config import DataConfig
from tlstudio.evaluation.metrics import Estimate
from tlstudio.events import Event
from tlstudio.zeroshot.events import Clip, Question

Method = Literal["zero-shot", "tip-adapter", "linear-probe"]
METHODS: dict[Method, str] = {
    "zero-shot": "Zero-shot",
    "tip-adapter": "Tip-Adapter",
    "linear-probe": "Linear probe",
}
LEARNING: tuple[Method, ...] = ("tip-adapter", "linear-probe")
SHOTS = (1, 2, 4, 8, 16)
SEEDS = 3


@dataclasses.dataclass(frozen=True)
class FewShotRequest:
    """On which images, divided as a run divides them, the heads learn, and from how many of each class.

    ``question`` says the classes in other words than the folder does; its templates are used in any case.
    """

    data: DataConfig
    question: Question
    clip: Clip
    shots: tuple[int, ...] = SHOTS
    seeds: int = SEEDS


@dataclasses.dataclass(frozen=True)
class FewShotsBegun(Event):
    """What is learned from and judged on, in images; ``points`` are how many will come."""

    root: Path
    title: str
    classes: tuple[str, ...]
    train: int
    val: int
    test: int
    points: int


@dataclasses.dataclass(frozen=True)
class FewShotPoint(Event):
    """One head, trained and tested.

    Attributes:
        shots: images of each class that it was allowed; 0 for zero-shot, None for all training images.
        per_class: images of a class that it had, on average.
        seed: which draw of the images.
        chosen: C, or alpha and beta, as the validation images chose them.
        val_top1: what they were chosen by.
        seconds: to choose and to learn, without embedding the images.
    """

    method: Method
    shots: int | None
    per_class: float
    seed: int
    chosen: dict[str, float]
    val_top1: float
    top1: Estimate
    seconds: float


@dataclasses.dataclass(frozen=True)
class TrainedPoint(Event):
    """A run that was tested on the same images; ``per_class`` as of :class:`FewShotPoint`."""

    run: Path
    arch: str
    strategy: str
    per_class: float
    top1: Estimate
    seconds: float | None


@dataclasses.dataclass(frozen=True)
class FewShotsFinished(Event):
    """What the curve says in a sentence, and a warning where the test images are too few to say so."""

    reading: str
    caution: str
    seconds: float


@dataclasses.dataclass(frozen=True)
class CurvePoint:
    """The mean of all draws with as many images a class; bounds are means of theirs."""

    per_class: float
    top1: Estimate
    draws: tuple[float, ...]


def curve(points: Iterable[FewShotPoint], method: Method) -> tuple[CurvePoint, ...]:
    """The points of a method by images a class, fewest first."""
    together = defaultdict[tuple[bool, int], list[FewShotPoint]](list)
    for point in points:
        if point.method == method:
            together[point.shots is None, point.shots or 0].append(point)
    found = [_mean(together[key]) for key in sorted(together)]
    return tuple(sorted(found, key=lambda one: one.per_class))


def reading(points: Sequence[FewShotPoint], trained: Sequence[TrainedPoint]) -> tuple[str, str]:
    """One sentence that says where labels begin to pay, and one of caution or "".

    Labels pay from the first number of images a class at which a method's mean lies above zero-shot and
    after which it never falls behind again.
    """
    base = next((one.top1 for one in curve(points, "zero-shot")), None)
    if base is None:
        return "", ""
    found = ((_overtakes(curve(points, method), base), METHODS[method]) for method in LEARNING)
    ahead = [(one, method) for one, method in found if one is not None]
    first = min(ahead, default=None, key=lambda one: one[0].per_class)
    best = max(trained, key=lambda one: one.top1.value, default=None)
    if first is None:
        words, decisive = _never(points, base)
    else:
        decisive, method = first
        words = f"Training overtakes zero-shot from {_images(decisive.per_class)} a class ({method})."
    if best is not None:
        words += " " + _beside(best, base)
    if decisive is None or not decisive.top1.overlaps(base):
        return words, ""
    lines = (_overtakes(curve(points, method), base, surely=True) for method in LEARNING)
    sure = min((one.per_class for one in lines if one is not None), default=None)
    if sure is None:
        here = f"At {_images(decisive.per_class)} a class the intervals overlap"
        return words, f"{here}: the test images are too few to be sure."
    few = f"Below {_images(sure)} a class the intervals overlap"
    return words, f"{few}: the test images are too few to be sure before."


def _mean(points: Sequence[FewShotPoint]) -> CurvePoint:
    values = [(one.per_class, one.top1.value, one.top1.low, one.top1.high) for one in points]
    per_class, *top1 = np.mean(values, axis=0).tolist()
    return CurvePoint(per_class, Estimate(*top1), tuple(one.top1.value for one in points))


def _overtakes(line: Sequence[CurvePoint], base: Estimate, *, surely: bool = False) -> CurvePoint | None:
    """The first point from which a line stays above zero-shot; ``surely`` with intervals that are apart."""
    ahead: CurvePoint | None = None
    for one in reversed(line):
        if (one.top1.low if surely else one.top1.value) <= (base.high if surely else base.value):
            break
        ahead = one
    return ahead


def _never(points: Sequence[FewShotPoint], base: Estimate) -> tuple[str, CurvePoint | None]:
    ends = [line[-1] for method in LEARNING if (line := curve(points, method))]
    if not ends:
        return "", None
    most = max(ends, key=lambda one: (one.per_class, one.top1.value))
    behind = "does not overtake" if most.top1.value < base.value else "stays level with"
    return f"Training {behind} zero-shot with up to {_images(most.per_class)} a class.", most


def _beside(best: TrainedPoint, base: Estimate) -> str:
    gap = best.top1.value - base.value
    side = "above" if gap >= 0 else "below"
    return (
        f"The best trained run ({best.arch}, {best.strategy}) reaches {best.top1.value * 100:.1f} %, "
        f"{abs(gap) * 100:.1f} points {side} zero-shot."
    )


def _images(count: float) -> str:
    return "1 image" if count == 1 else f"{count:.3g} images"
