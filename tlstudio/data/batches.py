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
    """``images`` is ``[N, 3, crop, crop]``, ``labels`` is ``[N]``."""

    images: Tensor
    labels: Tensor


def evaluation_batches(
    catalogue: Catalogue, images: Sequence[ImageRecord], view: View, batch_size: int, pool: Executor
) -> Iterator[Batch]:
    """The images in their order, as the network sees them at validation, test and prediction."""

    def load(image: ImageRecord) -> Tensor:
        return view.evaluation(read_image(catalogue.file(image), view.resize))

    return _batches(load, images, batch_size, pool)


def training_batches(
    catalogue: Catalogue,
    images: Sequence[ImageRecord],
    view: View,
    batch_size: int,
    pool: Executor,
    *,
    augmentation: Augmentation,
    seed: int,
    epoch: int,
) -> Iterator[Batch]:
    """The images shuffled and varied.

    Order and variation of an image depend only on seed, epoch and its path, never on which thread came
    first, so that an epoch can be repeated exactly.
    """

    def load(image: ImageRecord) -> Tensor:
        rng = random.Random(f"{seed}/{epoch}/{image.path}")
        return view.training(read_image(catalogue.file(image), view.resize), augmentation, rng)

    order = list(images)
    random.Random(f"{seed}/{epoch}").shuffle(order)
    return _batches(load, order, batch_size, pool)


def batch_count(images: int, batch_size: int) -> int:
    """How many batches so many images make: a last image alone joins the batch before it."""
    return len(_sizes(images, batch_size))


def _sizes(images: int, batch_size: int) -> list[int]:
    """Batch norm cannot be trained on one image, so the last batch has more if that can be helped."""
    full, rest = divmod(images, batch_size)
    sizes = [batch_size] * full
    if rest == 1 and full:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes


def _batches(
    load: Callable[[ImageRecord], Tensor], images: Sequence[ImageRecord], batch_size: int, pool: Executor
) -> Iterator[Batch]:
    waiting: deque[list[tuple[ImageRecord, Future[Tensor]]]] = deque()
    start = 0
    try:
        for size in _sizes(len(images), batch_size):
            waiting.append([(image, pool.submit(load, image)) for image in images[start : start + size]])
            start += size
            if len(waiting) > _BATCHES_AHEAD:
                yield _collect(waiting.popleft())
        while waiting:
            yield _collect(waiting.popleft())
    finally:
        for batch in waiting:
            for _, future in batch:
                future.cancel()


def _collect(batch: list[tuple[ImageRecord, "Future[Tensor]"]]) -> Batch:
    images = torch.stack([future.result() for _, future in batch])
    return Batch(images, torch.tensor([image.label for image, _ in batch]))
