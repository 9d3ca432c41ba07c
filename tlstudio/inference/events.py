"""What classifying images tells the faces, whichever model does it."""

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.events import Event

Scores = npt.NDArray[np.float32]  # shape (images, classes)


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
    seconds: float
