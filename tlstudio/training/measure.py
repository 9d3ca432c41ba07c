"""Loss and top-1 of a network over images: the same measurement for validation and for test."""

import dataclasses
from collections.abc import Generator, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from tlstudio.data.batches import Batch
from tlstudio.events import Control, Event, Progress
from tlstudio.training.device import Compute
from tlstudio.training.memory import Parts, pass_through


@dataclasses.dataclass(frozen=True)
class Score:
    """Means over images: cross-entropy in nats, top-1 as a fraction."""

    loss: float
    top1: float
    images: int


class Meter:
    """Sums up losses and hits; kept on the device so that no batch waits for the sum."""

    def __init__(self, device: torch.device) -> None:
        self._loss = torch.zeros((), device=device, dtype=torch.float64 if device.type != "mps" else None)
        self._hits = torch.zeros((), device=device, dtype=torch.int64)
        self._images = 0

    def add(self, mean_loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Labels may be shares of classes: then a hit is the class with the largest one."""
        truth = labels if labels.ndim == 1 else labels.argmax(dim=1)
        self._loss += mean_loss.detach() * len(labels)
        self._hits += (logits.detach().argmax(dim=1) == truth).sum()
        self._images += len(labels)

    def score(self) -> Score:
        count = max(1, self._images)
        return Score(self._loss.item() / count, self._hits.item() / count, self._images)


def infer(module: nn.Module, inputs: Tensor, compute: Compute, parts: Parts) -> Tensor:
    """What a module in inference mode makes of images or features ``[N, ...]``, in float32 on the device.

    Raises:
        StudioError: memory does not hold one image.
    """

    def forward(part: Tensor) -> Tensor:
        with torch.no_grad(), compute.at_work():
            return module(compute.inputs(part)).float()

    return pass_through(forward, inputs, parts)


def measure(
    module: nn.Module,
    batches: Iterator[Batch],
    total: int,
    text: str,
    control: Control,
    compute: Compute,
    parts: Parts,
) -> Generator[Event, None, Score]:
    """Score a module in inference mode over ``batches``; yields Progress in images of ``total``."""
    meter = Meter(compute.device)
    done = 0
    for batch in batches:
        control.checkpoint()
        labels = batch.labels.to(compute.device)
        logits = infer(module, batch.inputs, compute, parts)
        meter.add(functional.cross_entropy(logits, labels), logits, labels)
        done += len(labels)
        yield Progress(text, done, total)
    return meter.score()
