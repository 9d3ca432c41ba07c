"""Batches of images, decoded by threads ahead of the network."""

import dataclasses
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future

import torch
from torch import Tensor

from tlstudio.config import Augmentation
from tlstudio.data.catalogue import Catalogue, ImageRecord
from tlstudio.data.decode import read_image
from tlstudio.data.transforms import View

_BATCHES_AHEAD = 2


@dataclasses.dataclass(frozen=True)
class Batch:
    """``inputs`` is ``[N, 3, crop, crop]`` for images, ``labels`` ``[N]``; ``rows``: places in the split."""

    inputs: Tensor
    labels: Tensor
    rows: tuple[int, ...]


def evaluation_batches(
    catalogue: Catalogue, images: Sequence[ImageRecord], view: View, batch_size: int, pool: Executor
) -> Iterator[Batch]:
    """The images in their order, as the network sees them at validation, test and prediction."""

    def load(image: ImageRecord) -> Tensor:
        return view.evaluation(read_image(catalogue.file(image), view.resize))

    return _batches(load, images, range(len(images)), batch_size, pool)


def training_batches(
    catalogue: Catalogue,
    images: Sequence[ImageRecord],
    view: View,
    batch_size: int,
    pool: Executor,
    *,
    order: Sequence[int],
    augmentation: Augmentation,
    seed: int,
    variation: int,
) -> Iterator[Batch]:
    """The images in a given order, varied.

    How an image is varied depends only on the seed, the number of the ``variation`` and the image's path,
    never on which thread came first, so that an epoch can be repeated exactly.
    """

    def load(image: ImageRecord) -> Tensor:
        rng = random.Random(f"{seed}/{variation}/{image.path}")
        return view.training(read_image(catalogue.file(image), view.resize), augmentation, rng)

    return _batches(load, images, order, batch_size, pool)


def shuffled(images: int, seed: int, epoch: int) -> list[int]:
    """The order of so many images in an epoch; it depends on nothing else."""
    order = list(range(images))
    random.Random(f"{seed}/{epoch}").shuffle(order)
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


def _batches(
    load: Callable[[ImageRecord], Tensor],
    images: Sequence[ImageRecord],
    order: Sequence[int],
    batch_size: int,
    pool: Executor,
) -> Iterator[Batch]:
    waiting: deque[tuple[Sequence[int], list[Future[Tensor]]]] = deque()
    start = 0
    try:
        for size in batch_sizes(len(order), batch_size):
            rows = order[start : start + size]
            waiting.append((rows, [pool.submit(load, images[row]) for row in rows]))
            start += size
            if len(waiting) > _BATCHES_AHEAD:
                yield _collect(images, *waiting.popleft())
        while waiting:
            yield _collect(images, *waiting.popleft())
    finally:
        for _, futures in waiting:
            for future in futures:
                future.cancel()


def _collect(images: Sequence[ImageRecord], rows: Sequence[int], futures: list["Future[Tensor]"]) -> Batch:
    labels = torch.tensor([images[row].label for row in rows])
    return Batch(torch.stack([future.result() for future in futures]), labels, tuple(rows))
