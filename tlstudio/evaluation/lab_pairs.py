"""Groups and entries of a lab on the same test images: figures over seeds, and who can be told apart."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tlstudio.evaluation.lab_events import Comparison, PairedEntries
from tlstudio.evaluation.lab_store import LabFolder
from tlstudio.evaluation.metrics import Estimate, compare, proportion

_DRAWS = 2_000
_SIGNS = 20_000  # draws of the test with several seeds
_SEED = 0
_CHANCE = 0.05  # what is likelier than this may be chance

Right = NDArray[np.bool_]  # [seeds, images]: whether an entry is right about a test image


def mean_over_seeds(right: Right) -> Estimate:
    """The mean top-1, and where 95 % of other draws of as many test images would put it.

    The seeds are those there are: how far others would lie from them is not in the interval.
    """
    shares = right.mean(axis=0)
    if np.isin(shares, (0, 1)).all():  # a single seed, or seeds that agree on every image
        return proportion(shares == 1)
    return _bootstrapped(shares)


def compared(first: str, second: str, right: Mapping[str, Right]) -> Comparison:
    """Two groups on the same test images."""
    one, other = right[first], right[second]
    difference = one.mean(axis=0) - other.mean(axis=0)
    if len(one) == len(other) == 1:
        paired = compare(np.ones(one.shape[1], np.intp), one[0].astype(np.intp), other[0].astype(np.intp))
        return Comparison(first, second, paired.difference, paired.p, paired.p < _CHANCE)
    p = signs_test(difference)
    tops, others = one.mean(axis=1), other.mean(axis=1)
    separate = tops.min() > others.max() or others.min() > tops.max()
    return Comparison(first, second, _bootstrapped(difference), p, bool(p < _CHANCE and separate))


def signs_test(difference: NDArray[np.floating]) -> float:
    """How likely chance makes the sum so large if each image's difference might as well have the other sign.

    That is McNemar's test where differences are 0 and 1; drawn, not counted out (Fisher 1935).
    """
    sizes, counts = np.unique(np.abs(difference).round(9), return_counts=True)
    sizes, counts = sizes[sizes > 0], counts[sizes > 0]
    if len(sizes) == 0:
        return 1.0
    plus = np.random.default_rng(_SEED).binomial(counts, 0.5, (_SIGNS, len(counts)))
    drawn = np.abs((2 * plus - counts) @ sizes)
    return float((1 + np.sum(drawn >= abs(difference.sum()) - 1e-9)) / (1 + _SIGNS))


def pair(lab: LabFolder, first: str, second: str) -> PairedEntries:
    """Any two finished entries, image by image, with McNemar's exact test.

    Raises:
        BadInput: there is no such entry, or it is not finished.
    """
    labels, images = lab.labels, lab.catalogue.of_split("test")
    one, other = lab.answers(first), lab.answers(second)
    paired = compare(labels, one, other)

    def paths(rows: NDArray[np.bool_]) -> tuple[str, ...]:
        return tuple(images[row].path for row in np.flatnonzero(rows))

    hit, their = one == labels, other == labels
    return PairedEntries(first, second, len(images), paired, paths(hit & ~their), paths(their & ~hit))


def _bootstrapped(values: NDArray[np.floating]) -> Estimate:
    """The mean of ``values`` [images]; few of them differ, so that how often each is drawn is drawn."""
    distinct, counts = np.unique(values, return_counts=True)
    drawn = np.random.default_rng(_SEED).multinomial(len(values), counts / len(values), _DRAWS)
    low, high = np.quantile(drawn @ distinct / len(values), [0.025, 0.975])
    return Estimate(float(values.mean()), float(low), float(high))
