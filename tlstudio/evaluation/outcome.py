"""What a model says of labelled images, image by image: which were wrong, how sure it was, in what order."""

import dataclasses
import functools
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from tlstudio.data.catalogue import ImageRecord

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]


class Order(Enum):
    """What the images come in the order of."""

    CONFIDENT = "confident"  # highest probability of the answer first
    LOSS = "loss"  # lowest probability of the label first
    UNCERTAIN = "uncertain"  # highest entropy first
    NAME = "name"


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Which images, and in what order.

    ``label`` and ``answer`` are classes, ``confidence`` the range [low, high) of the answer's probability,
    ``right`` True for what is right alone and False for mistakes, ``places`` some images by their places;
    None asks for nothing.
    """

    label: int | None = None
    answer: int | None = None
    confidence: tuple[float, float] | None = None
    right: bool | None = None
    places: frozenset[int] | None = None
    order: Order = Order.CONFIDENT


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """The images of a split, and the natural logarithm of what each class is given, ``[N, C]``."""

    images: tuple[ImageRecord, ...]
    log_probabilities: Floats

    @functools.cached_property
    def labels(self) -> Rows:
        return np.array([image.label for image in self.images], np.intp)

    @functools.cached_property
    def probabilities(self) -> Floats:
        return np.exp(self.log_probabilities)

    @functools.cached_property
    def answers(self) -> Rows:
        """The likeliest class of each image."""
        return self.log_probabilities.argmax(axis=1)

    @functools.cached_property
    def right(self) -> NDArray[np.bool_]:
        return self.answers == self.labels

    @functools.cached_property
    def confidences(self) -> Floats:
        """The probability of each answer."""
        return self.probabilities.max(axis=1)

    @functools.cached_property
    def losses(self) -> Floats:
        """The cross-entropy of each image, in nats."""
        return -self.log_probabilities[np.arange(len(self.images)), self.labels]

    @functools.cached_property
    def entropies(self) -> Floats:
        """How undecided the model is about each image, in nats; it does not look at the label."""
        return -(self.probabilities * np.maximum(self.log_probabilities, -1e4)).sum(axis=1)

    def rows(self, wanted: Wanted) -> Rows:
        """The places in ``images`` of those that are wanted, in their order; equal ones as they come."""
        chosen = np.ones(len(self.images), np.bool_)
        if wanted.label is not None:
            chosen &= self.labels == wanted.label
        if wanted.answer is not None:
            chosen &= self.answers == wanted.answer
        if wanted.right is not None:
            chosen &= self.right == wanted.right
        if wanted.confidence is not None:
            low, high = np.float32(wanted.confidence[0]), np.float32(wanted.confidence[1])
            # What is certain belongs to the last bin.
            chosen &= (self.confidences >= low) & ((self.confidences < high) | (high >= 1))
        if wanted.places is not None:
            chosen &= np.isin(np.arange(len(chosen)), list(wanted.places))
        rows = np.flatnonzero(chosen)
        return rows[np.argsort(self._keys(wanted.order)[rows], kind="stable")]

    def ranked(self, row: int, most: int) -> tuple[tuple[int, float], ...]:
        """The likeliest classes of an image with their probabilities, the likeliest first."""
        values = self.probabilities[row]
        order = np.argsort(-values, kind="stable")[:most]
        return tuple((int(label), float(values[label])) for label in order)

    def _keys(self, order: Order) -> NDArray[np.floating]:
        match order:
            case Order.CONFIDENT:
                return -self.confidences
            case Order.LOSS:
                return -self.losses
            case Order.UNCERTAIN:
                return -self.entropies
            case Order.NAME:  # as a catalogue has them
                return np.arange(len(self.images), dtype=np.float64)
