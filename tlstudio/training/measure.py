"""Loss and top-1 of a network over images: the same measurement for validation and for test."""

import dataclasses
from collections.abc import Generator, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from tlstudio.data.batches import Batch
from tlstudio.events import Control, Event, Progress


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
        self._loss += mean_loss.detach() * len(labels)
        self._hits += (logits.detach().argmax(dim=1) == labels).sum()
        self._images += len(labels)

    def score(self) -> Score:
        count = max(1, self._images)
        return Score(self._loss.item() / count, self._hits.item() / count, self._images)


def to_device(inputs: Tensor, device: torch.device) -> Tensor:
    """Images or features on the device, in the memory layout in which convolutions are fastest."""
    layout = torch.channels_last if inputs.ndim == 4 else torch.preserve_format
    return inputs.to(device, memory_format=layout, non_blocking=True)


def settle(network: nn.Module, device: torch.device) -> nn.Module:
    """The network on its device, in the same layout: results depend on it in the last digits."""
    network.to(device=device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return network


def measure(
    module: nn.Module, batches: Iterator[Batch], total: int, text: str, control: Control
) -> Generator[Event, None, Score]:
    """Score a module in inference mode over ``batches``; yields Progress in images of ``total``."""
    device = next(module.parameters()).device
    meter = Meter(device)
    done = 0
    for batch in batches:
        control.checkpoint()
        labels = batch.labels.to(device)
        with torch.inference_mode():
            logits = module(to_device(batch.inputs, device))
            meter.add(functional.cross_entropy(logits, labels), logits, labels)
        done += len(labels)
        yield Progress(text, done, total)
    return meter.score()
