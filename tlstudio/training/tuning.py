"""How a network is computed fastest on this machine: a short trial, whose outcome is remembered."""

import contextlib
import copy
import dataclasses
import json
import logging
import math
import os
import platform
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

import psutil
import torch
from torch import Tensor, nn

from tlstudio.config import Augmentation, RunConfig, Stage, Strategy
from tlstudio.events import Control, Event, Progress
from tlstudio.files import write_json
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.models.prefix import Halves, folded, split_at_frozen_prefix
from tlstudio.paths import cache_dir
from tlstudio.training.device import Compute

_log = logging.getLogger(__name__)

WORTH_TRYING = 600  # passes, as work_of counts them: with fewer, a trial costs more than it can save
_FORMAT = 1  # of the file: raise it when the trial or what is chosen changes its meaning
_GAIN = 1.05  # times faster that a candidate has to be: less is noise
_HOPELESS = 4.0  # times slower in its first pass that a candidate is given up
_ROUNDS = 5
_FEWEST_ROUNDS = 3
_SECONDS_EACH = 1.0  # that a candidate may take, once it had the fewest rounds
_SECONDS = 3.0  # after which no other candidate is tried
# Images a pass. Fewer would misjudge: of two, contiguous ones pass a ResNet-18 on a CPU faster, of eight not.
_IMAGES = {"cpu": 8}
_IMAGES_ELSEWHERE = 32
_SLOW_PASS = 0.1  # seconds that two images may take on a CPU; slower networks are tried with fewer images


def choose_compute(
    config: RunConfig,
    network: nn.Module,
    stages: tuple[Stage, ...],
    size: int,
    device: torch.device,
    work: int,
    control: Control,
) -> Generator[Event, None, Compute]:
    """The fastest way to compute a network on a device; yields Progress if it has to be tried out.

    bfloat16, folded norms, the number of threads and the layout: each is tried against the best so far,
    forward and, of what ``stages`` train, backward, on a copy, so that the network and the generators of
    random numbers stay as they are. What was chosen is remembered: equal runs on one machine are computed
    alike.

    Args:
        network: a FreezableNetwork, where there are ``stages``; images to logits.
        size: pixels a side of its images.
        work: as :func:`work_of` counts it; where it is little, the usual way is taken untried.
    """
    usual = Compute(device, autocast=config.precision == "bfloat16")
    if work < WORTH_TRYING:
        return usual
    file, key = cache_dir() / "compute.json", _key(config, network, stages, size, device)
    remembered = _read(file)
    if _is_whole(remembered.get(key)):
        return Compute.recorded(remembered[key], device)
    yield Progress("Trying what is fastest on this machine")
    trial = _Trial(network, stages, size, config.batch_size, device)
    chosen = yield from _fastest(trial, usual, config.precision == "auto", control)
    with contextlib.suppress(OSError):  # without it, the next run tries again
        write_json(file, {"format": _FORMAT, "choices": {**_read(file), key: chosen.record()}})
    return chosen


def work_of(config: RunConfig, images: int, size: int) -> int:
    """About how many images of 224 pixels will pass forward; one that all layers learn from counts three.

    Args:
        images: that a run trains on, ``size`` pixels a side.
    """
    if config.strategy in (Strategy.FULL, Strategy.SCRATCH):
        passes = 3 * config.epochs
    elif config.augmentation is Augmentation.NONE:
        passes = 1  # frozen layers see each image once
    else:
        passes = min(config.views, config.epochs) or config.epochs
    return round(passes * images * (size / 224) ** 2)


def machine_name(device: torch.device) -> str:
    """What computes, in a word that tells one machine from another."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    with contextlib.suppress(OSError), Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def wait_for(device: torch.device) -> None:
    """Return once a device has computed all that it was given."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def _fastest(
    trial: "_Trial", usual: Compute, any_precision: bool, control: Control
) -> Generator[Event, None, Compute]:
    changes: list[dict[str, Any]] = [{"autocast": True}] if any_precision else []
    changes += [{"folded": True}] if trial.folds else []
    changes += [{"threads": threads} for threads in _threads(usual.device)]
    changes += [{"channels_last": False}]
    best, begun = usual, time.perf_counter()
    try:
        trial.begin(usual)
        for place, change in enumerate(changes, start=1):
            candidate = dataclasses.replace(best, **change)
            if _is_faster(trial, candidate, best, control):
                best = candidate
            yield Progress("Trying what is fastest on this machine", place, len(changes))
            if time.perf_counter() - begun > _SECONDS:
                break
    except (RuntimeError, MemoryError):  # not even the usual way fits; training itself has ways out
        _log.exception("Nothing could be tried")
    return best


def _is_faster(trial: "_Trial", candidate: Compute, best: Compute, control: Control) -> bool:
    """Whether a candidate is clearly faster.

    Passes are taken in turns and the quickest of each compared: other programs only ever slow a pass.
    """
    begun = time.perf_counter()
    control.checkpoint()
    try:
        if trial.seconds(candidate) > _HOPELESS * trial.seconds(best):
            return False
    except (RuntimeError, MemoryError):  # a device without bfloat16, say
        return False
    quickest, challenged = math.inf, math.inf
    for number in range(_ROUNDS):
        if number >= _FEWEST_ROUNDS and time.perf_counter() - begun > _SECONDS_EACH:
            break
        control.checkpoint()
        challenged = min(challenged, trial.seconds(best))
        control.checkpoint()
        quickest = min(quickest, trial.seconds(candidate))
    return challenged >= _GAIN * quickest


class _Trial:
    """Passes of random images through a copy of a network that trains as the run will at its widest.

    Attributes:
        folds: whether there are frozen layers first, whose norms could be folded.
    """

    def __init__(
        self, network: nn.Module, stages: tuple[Stage, ...], size: int, batch: int, device: torch.device
    ) -> None:
        self._network = copy.deepcopy(network)
        self._device = device
        self._size = size
        self._trains = bool(stages)
        if isinstance(self._network, FreezableNetwork):
            layers = (self._network.tree.trained_leaves(stage.plan) for stage in stages)
            self._network.apply_plan(self._network.tree.plan_for(frozenset[str]().union(*layers)))
            halves = split_at_frozen_prefix(self._network)
        else:
            halves = Halves(None, self._network)
        self._rest = halves.suffix
        self._prefix = halves.prefix or nn.Identity()
        self.folds = halves.prefix is not None
        self._folded = folded(halves.prefix) if halves.prefix else self._prefix
        self._network.train(self._trains)
        # Batch norm that learns needs two images.
        self._images = self._random(max(2, min(batch, _IMAGES.get(device.type, _IMAGES_ELSEWHERE))))

    def begin(self, usual: Compute) -> None:
        """Warm up; on a CPU, take as few images as the network's size asks for."""
        if self._device.type != "cpu":
            self.seconds(usual)
            return
        images, self._images = self._images, self._images[:2]
        self.seconds(usual)
        slowness = self.seconds(usual) / _SLOW_PASS
        self._images = images[: max(2, int(len(images) / max(1.0, slowness)))]

    def seconds(self, compute: Compute) -> float:
        """Of one pass."""
        with self._undisturbed(), _on_threads(compute.threads):
            compute.settle(self._network)
            prefix = compute.settle(self._folded) if compute.folded else self._prefix
            images = compute.inputs(self._images)
            wait_for(self._device)
            begun = time.perf_counter()
            with torch.no_grad(), compute.at_work():
                features = prefix(images)
            with torch.set_grad_enabled(self._trains):
                with compute.at_work():
                    logits = self._rest(features)
                if self._trains:
                    logits.float().square().mean().backward()
            wait_for(self._device)
            seconds = time.perf_counter() - begun
            self._network.zero_grad(set_to_none=True)
            return seconds

    def _random(self, images: int) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return torch.randn(images, 3, self._size, self._size, generator=generator)

    @contextlib.contextmanager
    def _undisturbed(self) -> Generator[None]:
        """Dropout draws random numbers, which must not be missing later."""
        devices = [self._device] if self._device.type == "cuda" else []
        with torch.random.fork_rng(devices):  # pyright: ignore[reportUnknownMemberType]
            yield


@contextlib.contextmanager
def _on_threads(threads: int | None) -> Generator[None]:
    before = torch.get_num_threads()
    if threads:
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        if threads:
            torch.set_num_threads(before)


def _threads(device: torch.device) -> list[int]:
    """Numbers of threads that are worth trying beside torch's own."""
    if device.type != "cpu" or "OMP_NUM_THREADS" in os.environ:  # somebody has chosen
        return []
    counts = {psutil.cpu_count(logical=True), psutil.cpu_count(logical=False)}
    return sorted(count for count in counts if count and count != torch.get_num_threads())


def _key(
    config: RunConfig, network: nn.Module, stages: tuple[Stage, ...], size: int, device: torch.device
) -> str:
    """What decides the choice, in words."""
    trained = sorted({path for stage in stages for path in stage.plan.trainable})
    return " | ".join(
        (
            f"{machine_name(device)}, {os.cpu_count()} processors, {torch.get_num_threads()} threads",
            f"torch {torch.__version__}",
            f"{config.arch} at {size}, {config.precision}",
            f"trains {' '.join(trained)}" if trained else f"{type(network).__name__}, trains nothing",
        )
    )


def _read(file: Path) -> dict[str, Any]:
    """All that is remembered; nothing, if it is damaged or of another version."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    match content:
        case {"format": version, "choices": dict(choices)} if version == _FORMAT:  # pyright: ignore[reportUnknownVariableType]
            return cast(dict[str, Any], choices)
        case _:
            return {}


def _is_whole(record: Any) -> bool:
    match record:
        case {
            "channels_last": bool(),
            "autocast": bool(),
            "folded": bool(),
            "threads": int() | None,
            "device": str(),
        }:
            return len(record) == len(dataclasses.fields(Compute))
        case _:
            return False
