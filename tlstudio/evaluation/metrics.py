"""How well a classifier does on labelled images, and how sure that is: numbers in, plain data out.

Precision, recall, F1, the confusion matrix, the calibration error and the ROC and PR curves are those of
torchmetrics. Intervals hold 95 % of what other draws of as many images would give (percentile bootstrap,
Efron & Tibshirani 1993).
"""

import dataclasses
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

NONE: Final = -1  # a prediction that is none of the classes
TOP: Final = 5
BINS: Final = 15  # of the reliability diagram, as Guo et al. 2017 have it
_DRAWS = 2_000
_SEED = 0
_AT_ONCE = 2_000_000  # numbers drawn together
_CURVE_POINTS = 500  # more than a screen has room for
_CHANCE: Final = 0.05  # what is likelier than this may be chance
_BELOW_ONE: Final = np.nextafter(np.float32(1), np.float32(0))

Whole = NDArray[np.integer]
Numbers = NDArray[np.floating]


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A fraction measured on some images, and where 95 % of other draws would put it."""

    value: float
    low: float
    high: float

    def overlaps(self, other: "Estimate") -> bool:
        return self.low <= other.high and other.low <= self.high


@dataclasses.dataclass(frozen=True)
class ClassScore:
    """One class against the rest; ``support`` is how many images are of it. What is divided by 0 is 0."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclasses.dataclass(frozen=True)
class ReliabilityBin:
    """The images whose highest probability is from ``low`` to below ``high``; means are 0 where none is."""

    low: float
    high: float
    images: int
    confidence: float
    accuracy: float


@dataclasses.dataclass(frozen=True, eq=False)
class ClassCurves:
    """One class against the rest, as its probability has to be ever lower to be said.

    Attributes:
        roc: points ``[M, 2]`` of false and true positive rate, from (0, 0) to (1, 1).
        pr: points ``[M, 2]`` of recall and precision, from the lowest threshold to (0, 1).
        auroc: area under the ROC curve.
        average_precision: mean of the precisions, weighted by the recall that each adds.
    """

    roc: Numbers
    pr: Numbers
    auroc: float
    average_precision: float


@dataclasses.dataclass(frozen=True)
class Metrics:
    """All that is told of a classifier on some labelled images.

    Attributes:
        top_k: how many guesses ``top5`` allows: 5, or as many as there are classes.
        macro_precision, macro_recall, macro_f1: means over the classes that occur, as labels or as answers.
        classes: one score a class.
        confusion: a row a class, a column an answer; the last column is :data:`NONE`.
        ece: expected calibration error over ``bins``, which look at probabilities alone.
    """

    images: int
    top1: Estimate
    top5: Estimate
    top_k: int
    macro_precision: float
    macro_recall: float
    macro_f1: Estimate
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    ece: float
    bins: tuple[ReliabilityBin, ...]


@dataclasses.dataclass(frozen=True)
class Paired:
    """Two classifiers on the same images: how many only one gets right.

    ``difference`` is the first one's top-1 less the second one's, ``p`` that of McNemar's exact test.
    """

    only_first: int
    only_second: int
    difference: Estimate
    p: float


def measure(
    labels: Whole,
    probabilities: Numbers,
    predictions: Whole | None = None,
    *,
    bins: int = BINS,
    draws: int = _DRAWS,
    seed: int = _SEED,
) -> Metrics:
    """Every metric of probabilities ``[N, C]`` for labels ``[N]`` from 0 to C - 1.

    Args:
        predictions: ``[N]``, where the answer is not always the likeliest class; :data:`NONE` is wrong.

    Raises:
        ValueError: shapes do not fit, there is no image, or a label or prediction is out of range.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, np.float64)
    answers = probabilities.argmax(axis=1) if predictions is None else np.asarray(predictions)
    _check(labels, probabilities, answers)
    count = probabilities.shape[1]
    confusion = confusion_matrix(labels, answers, count)
    scores = _class_scores(labels, answers, count)
    occurs = [score for score, seen in zip(scores, _occurring(confusion), strict=True) if seen]
    top_k = min(TOP, count)
    right = answers == labels
    among = (answers != NONE) & (right | _among_top(labels, probabilities, top_k))
    return Metrics(
        images=len(labels),
        top1=proportion(right, draws=draws, seed=seed),
        top5=proportion(among, draws=draws, seed=seed),
        top_k=top_k,
        macro_precision=float(np.mean([score.precision for score in occurs])),
        macro_recall=float(np.mean([score.recall for score in occurs])),
        macro_f1=_macro_f1(confusion, draws, seed),
        classes=scores,
        confusion=tuple(map(tuple, confusion.tolist())),
        ece=calibration_error(labels, probabilities, bins),
        bins=reliability(labels, probabilities, bins),
    )


def proportion(right: NDArray[np.bool_], *, draws: int = _DRAWS, seed: int = _SEED) -> Estimate:
    """The share of images that are right, with its interval; NaN without an image.

    A bootstrap draw of zeros and ones has a binomial sum, so that the sums alone are drawn. Where all are
    right, or all wrong, every draw is the same and says nothing: the exact limit of Clopper & Pearson (1934)
    stands there.
    """
    images, hits = len(right), int(np.sum(right))
    if images == 0:
        return Estimate(np.nan, np.nan, np.nan)
    share, limit = hits / images, 0.025 ** (1 / images)
    if hits in (0, images):
        return Estimate(share, limit if hits else 0.0, 1.0 if hits else 1 - limit)
    sums = np.random.default_rng(seed).binomial(images, share, draws)
    return _estimate(share, sums / images)


def smallest_gap(images: int) -> float:
    """The least difference in top-1 that so many images can show to be more than chance.

    McNemar's exact test doubts any that fewer images make up, even where all of them speak for one side.

    Raises:
        ValueError: there is no image.
    """
    if images < 1:
        raise ValueError("no image to compare by")
    one_sided = next(count for count in range(1, 64) if 2 * 0.5**count < _CHANCE)
    return min(1.0, one_sided / images)


def compare(labels: Whole, first: Whole, second: Whole, *, draws: int = _DRAWS, seed: int = _SEED) -> Paired:
    """Whether one of two classifiers' predictions, ``[N]`` each, are the better beyond chance (McNemar 1947).

    Raises:
        ValueError: there is no image.
    """
    from scipy.stats import binomtest

    if len(labels) == 0:
        raise ValueError("no image to compare by")
    one, other = np.asarray(first) == labels, np.asarray(second) == labels
    gained, lost, images = int(np.sum(one & ~other)), int(np.sum(other & ~one)), len(labels)
    shares = [gained / images, lost / images, 1 - (gained + lost) / images]
    drawn = np.random.default_rng(seed).multinomial(images, shares, draws)
    p = float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
    difference = _estimate((gained - lost) / images, (drawn[:, 0] - drawn[:, 1]) / images)
    return Paired(gained, lost, difference, p)


def reliability(labels: Whole, probabilities: Numbers, bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """How often the likeliest class is right, by how likely it is said to be: a bin is ``[low, high)``."""
    import torch

    # In single precision and by torch's edges, as torchmetrics puts them into bins.
    confidence = np.asarray(probabilities.max(axis=1), np.float32)
    right, edges = probabilities.argmax(axis=1) == labels, torch.linspace(0, 1, bins + 1)
    place = torch.bucketize(torch.from_numpy(confidence), edges, right=True).numpy() - 1
    place = np.clip(place, 0, bins - 1)
    images = np.bincount(place, minlength=bins)
    divisor = np.maximum(images, 1)
    means = np.bincount(place, confidence, bins) / divisor, np.bincount(place, right, bins) / divisor
    rows = zip(edges[:-1].tolist(), edges[1:].tolist(), images, *means, strict=True)
    return tuple(
        ReliabilityBin(float(low), float(high), int(number), float(mean), float(accuracy))
        for low, high, number, mean, accuracy in rows
    )


def class_curves(
    labels: Whole, probabilities: Numbers, between: Callable[[], None] | None = None
) -> tuple[ClassCurves | None, ...]:
    """ROC and PR curves of each class; None where all images are of a class, or none is.

    The areas are exact; of the points those are left out that nobody could see.

    Args:
        between: called before each class; what it raises stops the work.
    """
    found: list[ClassCurves | None] = []
    for label in range(probabilities.shape[1]):
        if between is not None:
            between()
        found.append(_curves(labels == label, probabilities[:, label]))
    return tuple(found)


def _curves(positive: NDArray[np.bool_], scores: Numbers) -> ClassCurves | None:
    import torch
    from torchmetrics.functional.classification import (
        binary_average_precision,
        binary_precision_recall_curve,
        binary_roc,
    )
    from torchmetrics.utilities.compute import auc

    if positive.all() or not positive.any():
        return None
    # Above 1 by rounding, they would be taken for logits.
    answers = torch.from_numpy(np.clip(scores, 0, 1).astype(np.float64))
    truth = torch.from_numpy(positive.astype(np.int64))
    false, true, _ = binary_roc(answers, truth)
    precision, recall, _ = binary_precision_recall_curve(answers, truth)
    return ClassCurves(
        _thinned(np.stack([false.numpy(), true.numpy()], axis=1)),
        _thinned(np.stack([recall.numpy(), precision.numpy()], axis=1)),
        float(auc(false.double(), true.double())),
        float(binary_average_precision(answers, truth)),
    )


def _thinned(points: Numbers) -> Numbers:
    if len(points) <= _CURVE_POINTS:
        return points
    return points[np.linspace(0, len(points) - 1, _CURVE_POINTS).round().astype(np.intp)]


def confusion_matrix(labels: Whole, predictions: Whole, classes: int) -> Whole:
    """Counts ``[C, C + 1]``: a row a class, a column an answer, the last one :data:`NONE`."""
    import torch
    from torchmetrics.functional.classification import multiclass_confusion_matrix

    found = multiclass_confusion_matrix(
        torch.from_numpy(_columns(predictions, classes)), torch.from_numpy(_as_int(labels)), classes + 1
    )
    return found.numpy()[:classes]


def _class_scores(labels: Whole, predictions: Whole, classes: int) -> tuple[ClassScore, ...]:
    import torch
    from torchmetrics.functional import classification

    answers, truth = torch.from_numpy(_columns(predictions, classes)), torch.from_numpy(_as_int(labels))

    def by_class(metric: Callable[..., torch.Tensor]) -> list[float]:
        return metric(answers, truth, num_classes=classes + 1, average="none").double().tolist()[:classes]

    names = ("multiclass_precision", "multiclass_recall", "multiclass_f1_score")
    columns = [by_class(getattr(classification, name)) for name in names]
    support = np.bincount(labels, minlength=classes).tolist()
    return tuple(ClassScore(*row) for row in zip(*columns, support, strict=True))


def calibration_error(labels: Whole, probabilities: Numbers, bins: int = BINS) -> float:
    """The expected calibration error: how far confidence and accuracy lie apart, on average."""
    import torch
    from torchmetrics.functional.classification import multiclass_calibration_error

    # What is certain comes into the last bin, not into one of its own.
    below = torch.from_numpy(np.minimum(probabilities, _BELOW_ONE).astype(np.float32))
    if below.shape[1] == 1:  # torchmetrics wants two classes
        below = torch.cat([below, torch.zeros_like(below)], dim=1)
    found = multiclass_calibration_error(below, torch.from_numpy(_as_int(labels)), below.shape[1], bins, "l1")
    return float(found)


def _macro_f1(confusion: Whole, draws: int, seed: int) -> Estimate:
    """The mean F1 of the classes that occur; each draw takes as many images out of the matrix's cells."""
    rows, columns = np.nonzero(confusion)
    cells, classes = confusion[rows, columns], len(confusion)
    shares = cells / cells.sum()
    rng, found = np.random.default_rng(seed), list[float]()
    value = _mean_f1(cells[None], rows, columns, classes)[0]
    step = max(1, _AT_ONCE // len(cells))
    for start in range(0, draws, step):
        drawn = rng.multinomial(cells.sum(), shares, min(step, draws - start))
        found.extend(_mean_f1(drawn, rows, columns, classes))
    return _estimate(float(value), np.array(found))


def _mean_f1(cells: Whole, rows: Whole, columns: Whole, classes: int) -> Numbers:
    """Of drawn matrices, a row each, of which ``cells`` gives those at (rows, columns)."""
    right = np.zeros((len(cells), classes))
    right[:, rows[rows == columns]] = cells[:, rows == columns]
    either = _summed(cells, rows, classes + 1) + _summed(cells, columns, classes + 1)
    either = either[:, :classes]
    f1 = np.divide(2 * right, either, out=np.zeros_like(right), where=either > 0)
    return f1.sum(axis=1) / np.maximum((either > 0).sum(axis=1), 1)


def _summed(cells: Whole, where: Whole, length: int) -> Whole:
    """Sums ``[draws, length]`` of the columns that belong to the same place."""
    order = np.argsort(where, kind="stable")
    places, starts = np.unique(where[order], return_index=True)
    found = np.zeros((len(cells), length), cells.dtype)
    found[:, places] = np.add.reduceat(cells[:, order], starts, axis=1)
    return found


def _estimate(value: float, drawn: Numbers) -> Estimate:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high))


def _among_top(labels: Whole, probabilities: Numbers, most: int) -> NDArray[np.bool_]:
    """Whether fewer than ``most`` classes come before the right one; equal ones in order, as in argmax."""
    own = probabilities[np.arange(len(labels)), labels][:, None]
    earlier = np.arange(probabilities.shape[1])[None] < labels[:, None]
    before = (probabilities > own) | ((probabilities == own) & earlier)
    return before.sum(axis=1) < most


def _occurring(confusion: Whole) -> NDArray[np.bool_]:
    return (confusion.sum(axis=1) > 0) | (confusion.sum(axis=0)[:-1] > 0)


def _columns(predictions: Whole, classes: int) -> NDArray[np.int64]:
    return _as_int(np.where(predictions == NONE, classes, predictions))


def _as_int(numbers: Whole) -> NDArray[np.int64]:
    return np.ascontiguousarray(numbers, np.int64)


def _check(labels: Whole, probabilities: Numbers, predictions: Whole) -> None:
    if (
        probabilities.ndim != 2
        or labels.shape != predictions.shape
        or labels.shape != probabilities.shape[:1]
    ):
        shapes = labels.shape, probabilities.shape, predictions.shape
        raise ValueError(f"labels, probabilities and predictions of shapes {shapes} do not fit")
    if len(labels) == 0:
        raise ValueError("there is no image to measure by")
    count = probabilities.shape[1]
    if labels.min() < 0 or labels.max() >= count or predictions.min() < NONE or predictions.max() >= count:
        raise ValueError(f"a label or prediction is none of the {count} classes")
