"""What the network sees of some images: as they are resized and cropped, and as training varies them."""

import dataclasses
import itertools
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tlstudio.config import Augmentation
from tlstudio.data.catalogue import Catalogue, ImageRecord
from tlstudio.errors import StudioError, UnreadableImage
from tlstudio.events import Control, Event

if TYPE_CHECKING:
    from torch import Tensor

    from tlstudio.data.transforms import View


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Which views of which images.

    Attributes:
        augmentation: how images are varied; NONE varies none.
        seed: the run's: with it the first ``varied`` views are those of its first epochs.
        choice: a number for each choice of images.
        roll: a number for each set of views of them.
        first: the path of an image to begin with.
        images: how many images, in different classes as far as that goes.
        varied: how many views of each.
    """

    catalogue: Catalogue
    augmentation: Augmentation
    seed: int = 0
    choice: int = 0
    roll: int = 0
    first: str = ""
    images: int = 4
    varied: int = 4


@dataclasses.dataclass(frozen=True)
class ImagesChosen(Event):
    """The images, in the order of their rows, and the sides that they are resized to and cropped to."""

    images: tuple[ImageRecord, ...]
    resize: int
    crop: int


@dataclasses.dataclass(frozen=True)
class ViewSeen(Event):
    """A view as RGB bytes, or why there is none.

    ``column`` 0 is the whole image in small, 1 what validation and test see, from 2 on as training varies it.
    """

    row: int
    column: int
    width: int = 0
    height: int = 0
    rgb: bytes = b""
    reason: str = ""


def views_seen(wanted: Wanted, view: "View", control: Control) -> Iterator[Event]:
    """One ImagesChosen, then the views of each image, or one ViewSeen with the reason why there are none."""
    from tlstudio.data.batches import as_is, varied
    from tlstudio.data.pictures import Pictures

    images = choose(wanted)
    yield ImagesChosen(images, view.resize, view.crop)
    pictures = Pictures(wanted.catalogue, images, view)
    count = 0 if wanted.augmentation is Augmentation.NONE else wanted.varied
    numbers = range(wanted.roll * count, (wanted.roll + 1) * count)
    draws = [
        as_is(view),
        *(varied(images, view, wanted.augmentation, wanted.seed, number) for number in numbers),
    ]
    for row in range(len(images)):
        control.checkpoint()
        try:
            yield _whole(wanted.catalogue, images[row], row, view.crop)
            resized = pictures[row]
        except StudioError as error:
            reason = error.reason if isinstance(error, UnreadableImage) else error.message
            yield ViewSeen(row, 0, reason=reason)
            continue
        for column, draw in enumerate(draws, start=1):
            control.checkpoint()
            rgb = _bytes(draw(row, resized), view)
            yield ViewSeen(row, column, view.crop, view.crop, rgb)


def choose(wanted: Wanted) -> tuple[ImageRecord, ...]:
    """Training images of different classes, as far as there are so many; the same for the same choice."""
    rng = random.Random(wanted.choice)
    catalogue = wanted.catalogue
    first = [image for image in catalogue.images if image.path == wanted.first]
    images = [image for image in catalogue.of_split("train") or catalogue.images if image not in first]
    rng.shuffle(images)
    by_class: dict[int, list[ImageRecord]] = {image.label: [image] for image in first}
    for image in images:
        by_class.setdefault(image.label, []).append(image)
    # The first of each class, then the second of each, and so on.
    turns = itertools.chain.from_iterable(itertools.zip_longest(*by_class.values()))
    return tuple(itertools.islice((image for image in turns if image is not None), wanted.images))


def _whole(catalogue: Catalogue, image: ImageRecord, row: int, side: int) -> ViewSeen:
    from tlstudio.data.decode import read_image

    small = read_image(catalogue.file(image), side)
    small.thumbnail((side, side))
    return ViewSeen(row, 0, *small.size, rgb=small.tobytes())


def _bytes(tensor: "Tensor", view: "View") -> bytes:
    """The pixels of a normalised ``[3, side, side]`` image, as they were before they were normalised."""
    import torch

    mean, std = torch.tensor(view.mean), torch.tensor(view.std)
    pixels = tensor * std[:, None, None] + mean[:, None, None]
    values = pixels.mul(255).round().clamp(0, 255).to(torch.uint8)
    return values.permute(1, 2, 0).contiguous().numpy().tobytes()
