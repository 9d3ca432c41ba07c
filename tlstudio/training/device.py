"""The machine that trains: its device and its memory."""

import contextlib
import dataclasses
import sys
from collections.abc import Generator
from typing import Any

import psutil
import torch
from torch import Tensor, nn

from tlstudio.errors import BadInput


@dataclasses.dataclass(frozen=True)
class Compute:
    """How a network is computed on this machine.

    Attributes:
        device: what computes.
        channels_last: the layout in which convolutions are fast nearly everywhere, as against contiguous.
        autocast: whether matrix products and convolutions are computed in bfloat16.
        folded: whether batch norms of frozen layers are folded into the convolutions before them; the last
            digits of what they make of an image are others then.
        threads: of a CPU; None is torch's choice.
    """

    device: torch.device
    channels_last: bool = True
    autocast: bool = False
    folded: bool = False
    threads: int | None = None

    @classmethod
    def recorded(cls, choices: Any, device: torch.device) -> "Compute":
        """As a run's record says, if it was made for such a device; otherwise what is usual.

        Raises:
            TypeError, ValueError: the record is damaged.
        """
        if not isinstance(choices, dict):  # of a run before there was a choice
            return cls(device)
        named: dict[str, Any] = {str(key): value for key, value in choices.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        if named.pop("device", None) != device.type:
            return cls(device)
        return cls(device, **named)

    def record(self) -> dict[str, Any]:
        """What :meth:`recorded` reads."""
        return {**dataclasses.asdict(self), "device": self.device.type}

    def settle(self, network: nn.Module) -> nn.Module:
        """The network on the device, in the layout: results depend on it in the last digits."""
        network.to(device=self.device, memory_format=self._layout)  # pyright: ignore[reportCallIssue]
        return network

    def inputs(self, inputs: Tensor) -> Tensor:
        """Images or features ``[N, ...]`` on the device, in the layout."""
        layout = self._layout if inputs.ndim == 4 else torch.preserve_format
        return inputs.to(self.device, memory_format=layout, non_blocking=True)

    def take_threads(self) -> None:
        """Use as many threads of the CPU as were chosen; of the whole program."""
        if self.threads is not None and torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)

    @contextlib.contextmanager
    def at_work(self) -> Generator[None]:
        """For the time of a forward pass: the precision."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
            yield

    @property
    def _layout(self) -> torch.memory_format:
        return torch.channels_last if self.channels_last else torch.contiguous_format


def choose_device(name: str) -> torch.device:
    """The device called "cpu", "cuda" or "mps"; for "auto" the fastest there is.

    Raises:
        BadInput: this machine does not have it.
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, there in available.items() if there)
    if not available[name]:
        there = ", ".join(device for device, yes in available.items() if yes)
        raise BadInput(f"This machine has no {name} device that torch can use.", f"Choose auto or {there}.")
    return torch.device(name)


def seed_torch(seed: int) -> None:
    """Seed torch's generators on every device: initial weights and dropout draw from them."""
    torch.manual_seed(seed)  # pyright: ignore[reportUnknownMemberType] - torch leaves it untyped


def peak_memory_mb() -> float:
    """The most main memory that this process has held so far, in megabytes (10^6 bytes)."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
