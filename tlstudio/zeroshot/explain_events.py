"""What looking inside CLIP shows, known without torch."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.events import Event

Floats = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True, eq=False)
class MatchFound(Event):
    """Where an image matches a caption.

    Attributes:
        seen: the image as the model sees it, resized and cropped: 8-bit RGB, shape (height, width, 3).
        heat: how much each place speaks for the caption, 0 to 1, shape (height, width) of ``seen``; the
            strongest place is 1, and all is 0 where none speaks for it.
        similarity: the cosine of image and caption, -1 to 1.
    """

    path: Path
    caption: str
    seen: npt.NDArray[np.uint8]
    heat: Floats
    similarity: float


@dataclasses.dataclass(frozen=True, eq=False)
class SimilaritiesFound(Event):
    """The cosine of each image with each caption, -1 to 1, shape (images, captions)."""

    paths: Sequence[Path]
    captions: Sequence[str]
    cosines: Floats


@dataclasses.dataclass(frozen=True, eq=False)
class MapDrawn(Event):
    """Images and captions as points of a plane, shapes (images, 2) and (captions, 2).

    Attributes:
        rows: which of the images that were given the points are, in ascending order.
        method: how the plane was made and what was left out, in a sentence.
    """

    rows: npt.NDArray[np.intp]
    images: Floats
    captions: Floats
    method: str
