"""What the network sees of some images: resized and cropped, and as training varies and mixes them."""

import dataclasses
import itertools
import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from tlstudio.config import Augmentation
from tlstudio.data.catalogue import Catalogue, ImageRecord
from tlstudio.errors import StudioError, UnreadableImage
from tlstudio.events import Control, Event

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from tlstudio.data.transforms import View

Mix = Literal["none", "mixup", "cutmix"]


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Which views of which images.

    Attributes:
        augmentation: how images are varied; NONE varies none.
        mix: how they are mixed, as in RunConfig.
        seed: the run's: with it the first ``varied`` views are those of its first epochs.
        choice: a number for each choice of images.
        roll: a number for each set of views of them.
        first: the path of an image to begin with.
        images: how many images, in different classes as far as that goes.
        varied: how many views of each, where they differ.
    """

    catalogue: Catalogue
    augmentation: Augmentation
    mix: Mix = "none"
    seed: int = 0
    choice: int = 0
    roll: int = 0
    first: str = ""
    images: int = 4
    varied: int = 4

    @property
    def varies(self) -> bool:
        """Whether training sees the images in another way than validation does."""
        return self.augmentation is not Augmentation.NONE or self.mix != "none"


@dataclasses.dataclass(frozen=True)
class ImagesChosen(Event):
    """The images, in the order of their rows, and the sides that they are resized to and cropped to."""

    images: tuple[ImageRecord, ...]
    resize: int
    crop: int


@dataclasses.dataclass(frozen=True)
class ViewSeen(Event):
    """A view as RGB bytes, or why there is none.

    ``column`` 0 is the whole image in small, 1 what validation and test see, from 2 on as training has it.
    ``shares``: of a mixed one the classes, by label, each with its share; the larger one first.
    """

    row: int
    column: int
    width: int = 0
    height: int = 0
    rgb: bytes = b""
    reason: str = ""
    shares: tuple[tuple[int, float], ...] = ()


def views_seen(wanted: Wanted, view: "View", control: Control) -> Iterator[Event]:
    """One ImagesChosen, then the views of each image, or one ViewSeen with the reason why there are none."""
    import torch

    from tlstudio.data.batches import as_is, varied
    from tlstudio.data.pictures import Pictures

    images = choose(wanted)
    yield ImagesChosen(images, view.resize, view.crop)
    pictures, evaluated = Pictures(wanted.catalogue, images, view), as_is(view)
    resized: dict[int, Image] = {}
    for row in range(len(images)):
        control.checkpoint()
        try:
            yield _whole(wanted.catalogue, images[row], row, view.crop)
            resized[row] = pictures[row]
        except StudioError as error:
            reason = error.reason if isinstance(error, UnreadableImage) else error.message
            yield ViewSeen(row, 0, reason=reason)
            continue
        yield _seen(row, 1, evaluated(row, resized[row]), view)
    if not (wanted.varies and resized):
        return
    for place in range(wanted.varied):
        number = wanted.roll * wanted.varied + place
        draw = varied(images, view, wanted.augmentation, wanted.seed, number)
        drawn = []
        for row, image in resized.items():
            control.checkpoint()
            drawn.append(draw(row, image))
        yield from _column(wanted, images, list(resized), torch.stack(drawn), number, place + 2, view)


def _column(
    wanted: Wanted,
    images: Sequence[ImageRecord],
    rows: Sequence[int],
    drawn: "Tensor",
    number: int,
    column: int,
    view: "View",
) -> Iterator[ViewSeen]:
    """The views of a column; where images are mixed they are a batch, in which each meets the one before."""
    from tlstudio.data.mixing import mixed

    share = 1.0
    if wanted.mix != "none" and len(rows) > 1:
        drawn, share = mixed(wanted.mix, drawn, random.Random(f"{wanted.seed}/{number}/{wanted.mix}"))
    for place, row in enumerate(rows):
        shares: dict[int, float] = {}
        if wanted.mix != "none":
            for label, part in ((images[row].label, share), (images[rows[place - 1]].label, 1 - share)):
                shares[label] = shares.get(label, 0) + part
        larger_first = sorted(shares.items(), key=lambda one: -one[1])
        yield _seen(row, column, drawn[place], view, tuple(larger_first))


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


def _seen(
    row: int, column: int, tensor: "Tensor", view: "View", shares: tuple[tuple[int, float], ...] = ()
) -> ViewSeen:
    return ViewSeen(row, column, view.crop, view.crop, _bytes(tensor, view), shares=shares)


def _bytes(tensor: "Tensor", view: "View") -> bytes:
    """The pixels of a normalised ``[3, side, side]`` image, as they were before they were normalised."""
    import torch

    mean, std = torch.tensor(view.mean), torch.tensor(view.std)
    pixels = tensor * std[:, None, None] + mean[:, None, None]
    values = pixels.mul(255).round().clamp(0, 255).to(torch.uint8)
    return values.permute(1, 2, 0).contiguous().numpy().tobytes()
