"""Heads on CLIP's image vectors that learn from a few labels, and what validation chooses for them.

Both take the training vectors with their labels and the validation vectors with theirs; neither ever sees a
test image before it is asked to classify it.
"""

import dataclasses
import warnings
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tlstudio.events import Control
from tlstudio.zeroshot.events import Vectors

Whole = NDArray[np.intp]
Logits = NDArray[np.float32]

STRENGTHS = (
    0.1,
    1.0,
    10.0,
    100.0,
    1_000.0,
)  # of C; vectors are of length one, so that little of it is little
ALPHAS = (0.0, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0)
BETAS = (0.5, 1.0, 2.0, 3.5, 5.5, 8.0, 12.0)
_STEPS, _ROUNDS = 50, 20  # of the solver between two looks at the control, and how often at most
_AT_ONCE = 16_000_000  # similarities computed together


class Head(Protocol):
    """A classifier of image vectors; ``chosen`` is what validation chose, ``val_top1`` by how much."""

    chosen: dict[str, float]
    val_top1: float

    def predict(self, images: Vectors) -> Whole: ...


@dataclasses.dataclass(frozen=True, eq=False)
class Cache:
    """The training images that are remembered, and what a sentence says of each class.

    ``text`` is one vector a class, ``scale`` CLIP's own.
    """

    keys: Vectors
    labels: Whole
    text: Vectors
    scale: float

    def zero_shot(self, images: Vectors) -> Logits:
        return np.float32(self.scale) * (images @ self.text.T)

    def remembered(self, images: Vectors, beta: float) -> Logits:
        """How much each class's images are like these, ``exp(-beta (1 - cosine))`` summed."""
        classes = len(self.text)
        of_class = np.zeros((len(self.keys), classes), np.float32)
        of_class[np.arange(len(self.keys)), self.labels] = 1
        step = max(1, _AT_ONCE // max(1, len(self.keys)))
        parts = [np.zeros((0, classes), np.float32)]
        for start in range(0, len(images), step):
            alike = images[start : start + step] @ self.keys.T
            parts.append(np.exp(np.float32(-beta) * (1 - alike)) @ of_class)
        return np.concatenate(parts)


class TipAdapter:
    """Tip-Adapter (Zhang et al. 2022), training-free: CLIP's logits and a cache of labelled images.

    ``logits = scale * f W' + alpha * exp(-beta (1 - f K')) L`` with the images' vectors f, the classes' W,
    the cache's keys K and their labels L. alpha 0 is zero-shot; of equally good ones the smallest is chosen.
    """

    def __init__(self, cache: Cache, val: Vectors, labels: Whole, control: Control) -> None:
        self._cache = cache
        said = cache.zero_shot(val)
        best = (-1.0, 0.0, 0.0)
        for beta in BETAS:
            control.checkpoint()
            remembered = cache.remembered(val, beta)
            for alpha in ALPHAS:
                right = float(np.mean((said + np.float32(alpha) * remembered).argmax(axis=1) == labels))
                if (right, -alpha, -beta) > (best[0], -best[1], -best[2]):
                    best = right, alpha, beta
        self.val_top1, alpha, beta = best
        self.chosen = {"alpha": alpha, "beta": beta}

    def predict(self, images: Vectors) -> Whole:
        alpha, beta = np.float32(self.chosen["alpha"]), self.chosen["beta"]
        logits = self._cache.zero_shot(images) + alpha * self._cache.remembered(images, beta)
        return logits.argmax(axis=1)


class LinearProbe:
    """CLIP's linear probe (Radford et al. 2021): logistic regression on the image vectors.

    The smallest of the equally good C is chosen.
    """

    def __init__(self, train: Vectors, known: Whole, val: Vectors, labels: Whole, control: Control) -> None:
        self.val_top1 = -1.0
        for strength in STRENGTHS:
            model = _fitted(train, known, strength, control)
            right = float(np.mean(model.predict(val) == labels))
            if right > self.val_top1:
                self.val_top1, self.chosen, self._model = right, {"C": strength}, model

    def predict(self, images: Vectors) -> Whole:
        return self._model.predict(images)


def _fitted(train: Vectors, labels: Whole, strength: float, control: Control) -> Any:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=_STEPS, warm_start=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged yet
        for _ in range(_ROUNDS):
            control.checkpoint()
            model.fit(train, labels)
            if model.n_iter_.max() < _STEPS:
                break
    return model
