"""From a decoded image to what the network receives."""

import dataclasses
import random

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from tlstudio.config import Augmentation

# A strip of 20,000 x 20 pixels, its shorter side enlarged to 256, would take gigabytes: the middle will do.
_LONGEST = 8


@dataclasses.dataclass(frozen=True)
class View:
    """How images are resized, cropped and normalised: shorter side to ``resize``, then ``crop`` squared."""

    resize: int
    crop: int
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def _mode(self) -> InterpolationMode:
        return InterpolationMode(self.interpolation)

    def evaluation(self, image: Image.Image) -> Tensor:
        """The middle of the image as ``[3, crop, crop]``: torchvision's ImageClassification preset."""
        image = _middle(image)
        resized = functional.resize(image, [self.resize], interpolation=self._mode)
        return self._normalised(functional.center_crop(resized, [self.crop, self.crop]))

    def training(self, image: Image.Image, augmentation: Augmentation, rng: random.Random) -> Tensor:
        """A varied view as ``[3, crop, crop]``; the same ``rng`` state gives the same view on any thread."""
        if augmentation is Augmentation.NONE:
            return self.evaluation(image)
        strong = augmentation is Augmentation.STRONG
        top, left, height, width = _random_box(image.height, image.width, 0.25 if strong else 0.6, rng)
        size = [self.crop, self.crop]
        view = functional.resized_crop(image, top, left, height, width, size, self._mode)
        if rng.random() < 0.5:
            view = functional.horizontal_flip(view)
        if strong:
            view = _jitter(view, rng)
        return self._normalised(view)

    def _normalised(self, image: Image.Image) -> Tensor:
        pixels = functional.to_dtype(functional.pil_to_tensor(image), torch.float32, scale=True)
        return functional.normalize(pixels, list(self.mean), list(self.std))


def _middle(image: Image.Image) -> Image.Image:
    short, long = sorted(image.size)
    if long <= short * _LONGEST:
        return image
    width, height = (min(side, short * _LONGEST) for side in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _random_box(height: int, width: int, least: float, rng: random.Random) -> tuple[int, int, int, int]:
    """Top, left, height and width of a part of at least ``least`` of the area, between 3:4 and 4:3.

    The rule is that of Szegedy et al. 2014 (torchvision's RandomResizedCrop), with the middle square as the
    way out for shapes in which no such box fits.
    """
    for _ in range(10):
        area = height * width * rng.uniform(least, 1)
        ratio = 2 ** rng.uniform(-0.415, 0.415)
        box_width, box_height = round((area * ratio) ** 0.5), round((area / ratio) ** 0.5)
        if 0 < box_width <= width and 0 < box_height <= height:
            return (
                rng.randint(0, height - box_height),
                rng.randint(0, width - box_width),
                box_height,
                box_width,
            )
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side, side


def _jitter(image: Image.Image, rng: random.Random) -> Image.Image:
    image = functional.rotate(image, rng.uniform(-15, 15), InterpolationMode.BILINEAR, fill=[128, 128, 128])
    image = functional.adjust_brightness(image, rng.uniform(0.6, 1.4))
    image = functional.adjust_contrast(image, rng.uniform(0.6, 1.4))
    image = functional.adjust_saturation(image, rng.uniform(0.6, 1.4))
    return functional.adjust_hue(image, rng.uniform(-0.05, 0.05))
