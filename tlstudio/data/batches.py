"""Batches of images, decoded and varied by threads ahead of the network."""

import dataclasses
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future

import torch
from PIL import Image
from torch import Tensor

from tlstudio.config import Augmentation
from tlstudio.data.catalogue import ImageRecord
from tlstudio.data.pictures import Pictures
from tlstudio.data.transforms import View

_BATCHES_AHEAD = 1


@dataclasses.dataclass(frozen=True)
class Batch:
    """``inputs`` is ``[N, 3, crop, crop]`` for images; ``rows``: their places in the split.

    ``labels`` are classes ``[N]``, or where images were mixed the share of each class ``[N, classes]``.
    """

    inputs: Tensor
    labels: Tensor
    rows: tuple[int, ...]


Draw = Callable[[int, Image.Image], Tensor]  # from a row and its resized image to what the network sees


def as_is(view: View) -> Draw:
    """Images as the network sees them at validation, test and prediction."""
    return lambda _row, image: view.cropped(image)


def varied(
    images: Sequence[ImageRecord], view: View, augmentation: Augmentation, seed: int, variation: int
) -> Draw:
    """Images varied for training.

    How an image is varied depends only on the seed, the number of the ``variation`` and the image's path,
    never on which thread came first, so that an epoch can be repeated exactly.
    """

    def draw(row: int, image: Image.Image) -> Tensor:
        return view.training(image, augmentation, random.Random(f"{seed}/{variation}/{images[row].path}"))

    return draw


def shuffled(images: int, seed: int, epoch: int) -> list[int]:
    """The order of so many images in an epoch; it depends on nothing else."""
    order = list(range(images))
    random.Random(f"{seed}/{epoch}").shuffle(order)
    return order


def balanced(labels: Sequence[int], seed: int, epoch: int) -> list[int]:
    """An order as long as the images are many, in which each class comes equally often, give or take one.

    The images of a small class come again and again, those of a large one take turns from epoch to epoch.
    """
    rng = random.Random(f"{seed}/{epoch}")
    classes = sorted(set(labels))
    rng.shuffle(classes)  # those that come once more than others
    order: list[int] = []
    for place, label in enumerate(classes):
        members = [row for row, one in enumerate(labels) if one == label]
        count = len(labels) // len(classes) + (place < len(labels) % len(classes))
        while count > 0:
            rng.shuffle(members)
            order += members[:count]
            count -= len(members)
    rng.shuffle(order)
    return order


def batch_sizes(images: int, batch_size: int) -> list[int]:
    """Batch norm cannot be trained on one image, so the last batch has more if that can be helped."""
    full, rest = divmod(images, batch_size)
    sizes = [batch_size] * full
    if rest == 1 and full:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes


def in_batches(order: Sequence[int], batch_size: int) -> Iterator[tuple[int, ...]]:
    """The rows of each batch."""
    start = 0
    for size in batch_sizes(len(order), batch_size):
        yield tuple(order[start : start + size])
        start += size


def drawn(
    pictures: Pictures, groups: Iterable[Sequence[int]], draw: Draw, pool: Executor
) -> Iterator[Tensor | None]:
    """The images of each group of rows as ``[N, 3, crop, crop]``; None for a group of none.

    Groups are asked for one ahead of what was taken, and drawn by the pool meanwhile.
    """
    waiting: deque[list[Future[Tensor]]] = deque()

    def load(row: int) -> Tensor:
        return draw(row, pictures[row])

    try:
        for rows in groups:
            waiting.append([pool.submit(load, row) for row in rows])
            if len(waiting) > _BATCHES_AHEAD:
                yield _collect(waiting.popleft())
        while waiting:
            yield _collect(waiting.popleft())
    finally:
        for futures in waiting:
            for future in futures:
                future.cancel()


def image_batches(
    pictures: Pictures,
    images: Sequence[ImageRecord],
    groups: Sequence[tuple[int, ...]],
    draw: Draw,
    pool: Executor,
) -> Iterator[Batch]:
    """Each group of rows as a batch of images."""
    for rows, inputs in zip(groups, drawn(pictures, groups, draw, pool), strict=True):
        if inputs is not None:
            yield Batch(inputs, labels_of(images, rows), rows)


def labels_of(images: Sequence[ImageRecord], rows: Sequence[int]) -> Tensor:
    """The classes of these rows, ``[N]``."""
    return torch.tensor([images[row].label for row in rows])


def _collect(futures: "list[Future[Tensor]]") -> Tensor | None:
    return torch.stack([future.result() for future in futures]) if futures else None
