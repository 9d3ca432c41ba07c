"""What heat maps share: a layer's places enlarged to the image, and the image as the network sees it."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional


def as_heat(grid: Tensor, height: int, width: int) -> NDArray[np.float32]:
    """``[height, width]`` from 0 to 1 of what the places of a layer, ``[1, 1, rows, columns]``, speak for.

    What speaks against counts as 0; the strongest place is 1, and all is 0 where none speaks for it.
    """
    enlarged = functional.interpolate(
        grid.detach().float().clamp(min=0), (height, width), mode="bilinear", align_corners=False
    )
    heat = enlarged[0, 0].clamp(min=0)
    most = heat.max()
    return (heat / most if most > 0 else heat).cpu().numpy()


def as_seen(pixels: Tensor, mean: Sequence[float], std: Sequence[float]) -> NDArray[np.uint8]:
    """Normalised pixels ``[3, height, width]`` as 8-bit RGB ``[height, width, 3]``."""
    means, stds = (torch.tensor(tuple(values)).view(-1, 1, 1) for values in (mean, std))
    shown = pixels.cpu() * stds + means
    return (shown.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
