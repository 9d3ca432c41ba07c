"""Batches that do not fit into memory pass in parts."""

import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor

from tlstudio.errors import StudioError
from tlstudio.events import Notice


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device ran out of memory; CUDA has an error of its own, Metal and the CPU only words."""
    words = str(error).lower()
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and ("out of memory" in words or "not enough memory" in words)
    )


class Parts:
    """How many images pass a network at once: all of a batch, until they were once too many.

    Attributes:
        most: images in a part; None is a whole batch.
        notices: what a person should know; whoever trains passes them on.
    """

    def __init__(self, most: int | None = None) -> None:
        self.most = most
        self.notices: list[Notice] = []

    def of(self, images: int) -> list[slice]:
        """A batch of so many images in parts of nearly the same size."""
        count = math.ceil(images / self.most) if self.most else 1
        bounds = [images * place // count for place in range(count + 1)]
        return [slice(start, stop) for start, stop in itertools.pairwise(bounds)]

    def halve(self, images: int, least: int = 1) -> None:
        """Let half as many images pass at once as could not, of a batch of so many.

        Raises:
            StudioError: they were ``least`` already.
        """
        largest = max(part.stop - part.start for part in self.of(images))
        if largest <= least:
            raise StudioError(
                f"The device ran out of memory with {largest} image{'s' * (largest > 1)} at once.",
                "Choose smaller images, a smaller network, or the CPU.",
            )
        self.most = max(least, largest // 2)
        self.notices.append(
            Notice(f"The device ran out of memory: batches now pass in parts of {self.most} images.")
        )


def pass_through(forward: Callable[[Tensor], Tensor], inputs: Tensor, parts: Parts) -> Tensor:
    """What ``forward`` makes of ``inputs`` ``[N, ...]``, in as many parts as memory asks for.

    Raises:
        StudioError: not even one image fits.
    """
    while True:
        try:
            return torch.cat([forward(inputs[part]) for part in parts.of(len(inputs))])
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        # Only here, since the exception holds on to the tensors of the pass that failed.
        parts.halve(len(inputs))
