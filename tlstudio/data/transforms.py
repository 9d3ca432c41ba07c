"""From a decoded image to what the network receives.

Pixels are handled by Pillow, as torchvision's presets do with images from files, so that evaluation views are
equal to theirs.
"""

import dataclasses
import random

import numpy as np
import torch
from PIL import Image, ImageEnhance
from torch import Tensor

from tlstudio.config import Augmentation

_RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
# A strip of 20,000 x 20 pixels, its shorter side enlarged to 256, would take gigabytes: the middle will do.
_LONGEST = 8


@dataclasses.dataclass(frozen=True)
class View:
    """How images are resized (shorter side to ``resize``), cropped (the middle ``crop``) and normalised."""

    resize: int
    crop: int
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def evaluation(self, image: Image.Image) -> Tensor:
        """The middle of an RGB image as ``[3, crop, crop]``: torchvision's ImageClassification preset."""
        return self.cropped(self.resized(image))

    def resized(self, image: Image.Image) -> Image.Image:
        """With the shorter side at ``resize`` pixels: what all views of an image are taken from."""
        image = _middle(image)
        return image.resize(self.resized_size(*image.size), _RESAMPLING[self.interpolation])

    def resized_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of what :meth:`resized` makes of an image of this size."""
        short = min(width, height)
        width, height = (min(side, short * _LONGEST) for side in (width, height))
        width, height = (
            self.resize if side == short else self.resize * side // short for side in (width, height)
        )
        return width, height

    def cropped(self, resized: Image.Image) -> Tensor:
        """The middle of a resized image as ``[3, crop, crop]``, normalised."""
        width, height = resized.size
        left, top = round((width - self.crop) / 2), round((height - self.crop) / 2)
        return self._normalised(resized.crop((left, top, left + self.crop, top + self.crop)))

    def training(self, image: Image.Image, augmentation: Augmentation, rng: random.Random) -> Tensor:
        """A varied view of a resized image as ``[3, crop, crop]``; an equal ``rng`` gives an equal view."""
        if augmentation is Augmentation.NONE:
            return self.cropped(image)
        strong = augmentation is Augmentation.STRONG
        box = _random_box(*image.size, least=0.25 if strong else 0.6, rng=rng)
        view = image.resize((self.crop, self.crop), _RESAMPLING[self.interpolation], box=box)
        if rng.random() < 0.5:
            view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return self._normalised(_jitter(view, rng) if strong else view)

    def _normalised(self, image: Image.Image) -> Tensor:
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).to(torch.float32).div_(255)
        mean, std = torch.tensor(self.mean), torch.tensor(self.std)
        return pixels.sub_(mean[:, None, None]).div_(std[:, None, None])


def _middle(image: Image.Image) -> Image.Image:
    short, long = sorted(image.size)
    if long <= short * _LONGEST:
        return image
    width, height = (min(side, short * _LONGEST) for side in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _random_box(width: int, height: int, *, least: float, rng: random.Random) -> tuple[int, int, int, int]:
    """A part of at least ``least`` of the area, between 3:4 and 4:3, as left, top, right, bottom.

    The rule is that of Szegedy et al. 2014 (torchvision's RandomResizedCrop), with the middle square as the
    way out for shapes in which no such box fits.
    """
    for _ in range(10):
        area = height * width * rng.uniform(least, 1)
        ratio = 2 ** rng.uniform(-0.415, 0.415)
        box_width, box_height = round((area * ratio) ** 0.5), round((area / ratio) ** 0.5)
        if 0 < box_width <= width and 0 < box_height <= height:
            left, top = rng.randint(0, width - box_width), rng.randint(0, height - box_height)
            return left, top, left + box_width, top + box_height
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def _jitter(image: Image.Image, rng: random.Random) -> Image.Image:
    """Turned by up to 15 degrees, and brighter or darker, flatter or harder, paler or stronger in colour."""
    image = image.rotate(rng.uniform(-15, 15), Image.Resampling.BILINEAR, fillcolor=(128, 128, 128))
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = enhance(image).enhance(rng.uniform(0.6, 1.4))
    return image
