"""The machine that trains: its device and its memory."""

import sys

import psutil
import torch

from tlstudio.errors import BadInput


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
