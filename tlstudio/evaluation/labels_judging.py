"""Which labels contradict what the other images teach: confident learning (Northcutt et al. 2021).

An image is only ever judged by a model that did not learn from it, nor from one that shows the same.
"""

import dataclasses
import random
import threading
import warnings
from collections.abc import Generator, Sequence

import numpy as np
from numpy.typing import NDArray

from tlstudio.errors import BadInput
from tlstudio.events import Control, Event, Progress

FOLDS = 5
_STRENGTH = 0.01  # inverse of the regularisation: features are many and images few, and nothing is tuned
_STEPS = 200  # of the solver, at most
_LEAST, _MOST = 5, 20  # of them between two looks at the control: about a second's of many images
_SECOND = 10**10  # products of a number each for image, feature and class
_judging = threading.Lock()  # cleanlab hands its arrays on through a module's globals

Numbers = NDArray[np.float32]
Whole = NDArray[np.intp]


@dataclasses.dataclass(frozen=True)
class Doubt:
    """A label that is doubted: the image's row, the likeliest class, and what speaks for it and the label."""

    row: int
    suggested: int
    given_confidence: float
    suggested_confidence: float


def fold_of_each(labels: Sequence[int], groups: Sequence[int], classes: Sequence[str], seed: int) -> Whole:
    """The fold that each image is judged in, each class spread over as many of them as it has groups for.

    Args:
        groups: a number an image, the same for images that show the same: they come into one fold.

    Raises:
        BadInput: a class has no two images that show something different: judging one would leave none.
    """
    rng = random.Random(seed)
    members: dict[int, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(group, []).append(row)
    units: list[list[list[int]]] = [[] for _ in classes]
    for rows in members.values():
        units[labels[rows[0]]].append(rows)
    lacking = [classes[label] for label, own in enumerate(units) if len(own) < 2]
    if lacking:
        raise BadInput(
            f"There are too few images to judge the labels: the class '{lacking[0]}' has fewer than two "
            "different ones.",
            "Add images to it, or leave the class out, and train again.",
        )
    folds = np.zeros(len(labels), dtype=np.intp)
    sizes = [0] * min(FOLDS, max(map(len, units)))
    for own in units:
        rng.shuffle(own)
        mine = [0] * len(sizes)
        for rows in sorted(own, key=len, reverse=True):
            fold = min(range(len(sizes)), key=lambda one: (mine[one], sizes[one]))
            folds[rows] = fold
            mine[fold] += len(rows)
            sizes[fold] += len(rows)
    return folds


def out_of_sample(
    features: Numbers, labels: Whole, folds: Whole, classes: int, control: Control
) -> Generator[Event, None, NDArray[np.float64]]:
    """Probabilities ``[N, classes]`` of each image by a model of the images of the other folds.

    The model is multinomial logistic regression; ``features`` ``[N, D]`` are standardised in place, without
    a look at the labels. Yields Progress.
    """
    features -= features.mean(axis=0)
    spread = features.std(axis=0)
    features /= np.where(spread > 0, spread, 1)
    found = np.zeros((len(labels), classes))
    numbers = np.unique(folds)
    for place, fold in enumerate(numbers):
        yield Progress("Judging the labels", place, len(numbers))
        held_out = folds == fold
        known, probabilities = _learned(features[~held_out], labels[~held_out], features[held_out], control)
        found[np.ix_(np.nonzero(held_out)[0], known)] = probabilities
    yield Progress("Judging the labels", len(numbers), len(numbers))
    return found


def doubts(labels: Whole, probabilities: NDArray[np.float64]) -> tuple[Doubt, ...]:
    """The labels that are probably wrong, most suspicious first."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    with _judging, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        suspected = find_label_issues(labels, probabilities, n_jobs=1, verbose=False)
        scores = get_label_quality_scores(labels, probabilities)
    rows = np.nonzero(suspected & (probabilities.argmax(axis=1) != labels))[0]
    return tuple(
        Doubt(
            int(row),
            int(probabilities[row].argmax()),
            float(probabilities[row, labels[row]]),
            float(probabilities[row].max()),
        )
        for row in rows[np.argsort(scores[rows], kind="stable")]
    )


def _learned(
    features: Numbers, labels: Whole, others: Numbers, control: Control
) -> tuple[Whole, NDArray[np.float64]]:
    """The classes that there are, and the probabilities of each for ``others``, learned from these."""
    from sklearn.linear_model import LogisticRegression

    work = features.size * len(np.unique(labels))
    steps = min(max(_LEAST, _SECOND // work), _MOST)
    model = LogisticRegression(C=_STRENGTH, max_iter=steps, warm_start=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged yet
        for _ in range(_STEPS // steps):
            control.checkpoint()
            model.fit(features, labels)
            if model.n_iter_.max() < steps:
                break
    control.checkpoint()
    return model.classes_, model.predict_proba(others)
