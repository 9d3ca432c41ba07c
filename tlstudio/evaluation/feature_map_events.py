"""What drawing a map of features tells the faces."""

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tlstudio.data.catalogue import Split
from tlstudio.events import Event


@dataclasses.dataclass(frozen=True, eq=False)
class FeaturesDrawn(Event):
    """Images of a split as points of a plane, ``[M, 2]``: near each other where a network finds them alike.

    Attributes:
        pretrained: by the network from before the training.
        rows: which of the split's images the points are, in ascending order.
        method: how the plane was made and what was left out, in a sentence.
    """

    run: Path
    epoch: int
    split: Split
    pretrained: bool
    rows: NDArray[np.intp]
    points: NDArray[np.float32]
    method: str
