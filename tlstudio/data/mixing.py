"""Two training images made one, and their labels with them.

Mixup is that of Zhang et al. 2017, CutMix that of Yun et al. 2019.
"""

import math
import random
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional
from torchvision.transforms import v2  # pyright: ignore[reportMissingTypeStubs]

from tlstudio.data.batches import Batch

Kind = Literal["mixup", "cutmix"]

# How strongly: the parameter of the Beta distribution, as the papers choose it for ImageNet.
_ALPHA: dict[Kind, float] = {"mixup": 0.2, "cutmix": 1.0}


class Mix:
    """Mixes the images of a batch, and their labels, by torchvision's MixUp or CutMix.

    Their chance is torch's own generator, which is seeded for each epoch.
    """

    def __init__(self, kind: Kind, classes: int) -> None:
        self._classes = classes
        made = v2.MixUp if kind == "mixup" else v2.CutMix
        self._mix: nn.Module = made(alpha=_ALPHA[kind], num_classes=classes)

    def __call__(self, batch: Batch) -> Batch:
        if len(batch.rows) == 1:  # nothing to mix it with
            return Batch(batch.inputs, functional.one_hot(batch.labels, self._classes).float(), batch.rows)
        images, shares = self._mix(batch.inputs, batch.labels)
        return Batch(images, shares, batch.rows)


def mixed(kind: Kind, images: Tensor, rng: random.Random) -> tuple[Tensor, float]:
    """Images ``[N, 3, side, side]`` as a :class:`Mix` would make them, each with the one before it.

    With them comes the share that an image has of the mixed one in its place. The chance is ``rng``: torch's
    generator belongs to whatever is being trained meanwhile.
    """
    alpha, count = _ALPHA[kind], len(images)
    share = rng.betavariate(alpha, alpha)
    if kind == "mixup":
        params = {"lam": share, "labels": None, "batch_size": count}
        return v2.MixUp(alpha=alpha, num_classes=1).transform(images, params), share
    left, top, right, bottom = box = _box(images.shape[-1], 1 - share, rng)
    params = {"box": box, "labels": None, "batch_size": count}
    cut = (right - left) * (bottom - top) / images.shape[-1] ** 2
    return v2.CutMix(alpha=alpha, num_classes=1).transform(images, params), 1 - cut


def _box(side: int, share: float, rng: random.Random) -> tuple[int, int, int, int]:
    """A square of this share of the area, as far as it lies within: left, top, right, bottom."""
    x, y, half = rng.randrange(side), rng.randrange(side), int(0.5 * math.sqrt(share) * side)
    return max(0, x - half), max(0, y - half), min(side, x + half), min(side, y + half)
