"""What explaining a model's answer tells the faces."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from tlstudio.events import Event


@dataclasses.dataclass(frozen=True, eq=False)
class Explained(Event):
    """Where in an image a network sees a class.

    Attributes:
        pretrained: the network is the one that the run began with, with its 1,000 classes.
        image: relative to the folder of the run's images.
        seen: the image as the network sees it: 8-bit RGB, ``[height, width, 3]``.
        heat: how much each place speaks for the class, 0 to 1, ``[height, width]`` of ``seen``; the strongest
            is 1, and all is 0 where none speaks for it.
        ranked: the likeliest classes and their probabilities, the likeliest first.
        target: the class whose places are shown, and ``share`` its probability.
        layer: the path of the layer that was looked at.
        layers: those that can be, as path and name, in the order in which an image passes them.
    """

    pretrained: bool
    image: str
    seen: NDArray[np.uint8]
    heat: NDArray[np.float32]
    ranked: tuple[tuple[str, float], ...]
    target: str
    share: float
    layer: str
    layers: tuple[tuple[str, str], ...]
