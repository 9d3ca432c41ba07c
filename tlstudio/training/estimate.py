"""How long a run would take, before it starts."""

import dataclasses
import time
from collections.abc import Generator, Iterator
from typing import Any

import torch

from tlstudio.config import Augmentation, RunConfig, Stage, Strategy
from tlstudio.data.catalogue import SPLITS, Catalogue, Split
from tlstudio.events import Control, Event
from tlstudio.models.inspect import layer_tree
from tlstudio.models.strategies import stages_for
from tlstudio.training.costs import Costs, StageCosts, decoding_share, measure_costs
from tlstudio.training.device import Compute, choose_device
from tlstudio.training.events import EpochTimes, TimesEstimated
from tlstudio.training.setup import divided_catalogue, make_job, view_of
from tlstudio.training.tuning import WORTH_TRYING, choose_compute, work_of

_DEFAULT_VIEWS: int = RunConfig.model_fields["views"].default
# What is measured depends on none of these: with other ones, what is known is only summed up anew.
_FREE: dict[str, Any] = {
    "strategy": Strategy.FULL,
    "blocks": 1,
    "freeze": (),
    "unfreeze": (),
    "stages": (),
    "epochs": 1,
    "lr": None,
    "rates": {},
    "lr_decay": 1.0,
    "warmup": 0.0,
    "schedule": "constant",
    "augmentation": Augmentation.NONE,
    "views": 1,
    "early_stopping": None,
    "keep": "all",
    "seed": 0,
}


@dataclasses.dataclass(frozen=True)
class _Question:
    """What decides the costs of a run's parts, on this machine."""

    config: str
    plans: tuple[tuple[str, ...], ...]
    images: str  # the catalogue's fingerprint
    worth_trying: bool  # what is fastest


_Way = tuple[Augmentation, int]  # and views

_known: dict[_Question, Costs] = {}


def estimate(config: RunConfig, control: Control) -> Iterator[Event]:
    """Yield Progress, then one TimesEstimated.

    Seconds are those of a run whose images and features are in no cache yet, without downloads and without
    stopping early. Costs are measured on a few images, with random weights, and remembered while the
    program runs: other epochs, rates or ways of varying the images are answered at once.

    Raises:
        BadInput: the configuration cannot be carried out, and why.
    """
    device = choose_device(config.device)
    begun = time.monotonic()
    catalogue = yield from divided_catalogue(config, control)
    reading = time.monotonic() - begun
    stages = stages_for(config, layer_tree(config.arch, len(catalogue.classes)))
    question = _question(config, catalogue, stages)
    if question not in _known:
        _known[question] = yield from _measured(config, catalogue, device, control)
    costs = _known[question]
    images: dict[Split, int] = {split: len(catalogue.of_split(split)) for split in SPLITS}

    def times(augmentation: Augmentation, views: int) -> EpochTimes:
        return _Run(config, costs, stages, images, device, augmentation, views).times(reading)

    asked, others = _ways(config, costs)
    yield TimesEstimated(times(*asked), tuple(times(*way) for way in others))


def _question(config: RunConfig, catalogue: Catalogue, stages: tuple[Stage, ...]) -> _Question:
    return _Question(
        config.model_copy(update=_FREE).model_dump_json(),
        tuple(stage.plan.trainable for stage in stages),
        catalogue.fingerprint(),
        _work(config, catalogue) >= WORTH_TRYING,
    )


def _measured(
    config: RunConfig, catalogue: Catalogue, device: torch.device, control: Control
) -> Generator[Event, None, Costs]:
    # As if it were resumed: with random weights, and computed in the usual way to begin with.
    begun = time.perf_counter()
    job = yield from make_job(config, catalogue, control, resumed_with=Compute(device))
    building = time.perf_counter() - begun
    work = _work(config, catalogue)
    compute = yield from choose_compute(config, job.network, job.stages, job.view.crop, device, work, control)
    compute.settle(job.stored)
    return (yield from measure_costs(dataclasses.replace(job, compute=compute), building, control))


def _work(config: RunConfig, catalogue: Catalogue) -> int:
    return work_of(config, len(catalogue.of_split("train")), view_of(config).crop)


def _ways(config: RunConfig, costs: Costs) -> tuple[_Way, tuple[_Way, ...]]:
    """How the images are varied as asked, and in the other ways that there are."""
    if not costs.stages:
        return (Augmentation.NONE, 1), ()
    keeps = any(stage.layers for stage in costs.stages) and config.mix == "none"
    views = config.views if keeps else 0
    asked = (config.augmentation, 1 if config.augmentation is Augmentation.NONE else views)
    varied = (Augmentation.LIGHT, Augmentation.STRONG)
    kept = [(how, views or _DEFAULT_VIEWS) for how in varied] if keeps else []
    ways = [(Augmentation.NONE, 1), *kept, *((how, 0) for how in varied)]
    return asked, tuple(sorted((way for way in ways if way != asked), key=ways.index))


class _Run:
    """Goes through a run, epoch by epoch, and adds up what it costs."""

    def __init__(
        self,
        config: RunConfig,
        costs: Costs,
        stages: tuple[Stage, ...],
        images: dict[Split, int],
        device: torch.device,
        augmentation: Augmentation,
        views: int,
    ) -> None:
        self._config = config
        self._costs = costs
        self._stages = stages
        self._images = images
        self._device = device
        self._augmentation = augmentation
        self._views = views
        self._kept: set[tuple[Any, ...]] = set()  # features that are computed by now
        self._decoded: set[Split] = set()

    def times(self, reading: float) -> EpochTimes:
        costs = self._costs
        total = reading + costs.building + costs.frozen_bytes * costs.write
        epochs: list[float] = []
        for stage, cost in zip(self._stages, costs.stages, strict=True):
            total += cost.begin
            epochs += [self._epoch(len(epochs) + number + 1, cost) for number in range(stage.epochs)]
        if not self._stages:
            epochs = [self._as_it_is()]
        first, *later = epochs
        total += sum(epochs) + self._tests(len(epochs))
        average = sum(later) / len(later) if later else 0.0
        return EpochTimes(self._augmentation, self._views, first, average, total)

    def _epoch(self, number: int, cost: StageCosts) -> float:
        drawing = self._costs.images.drawn[self._augmentation]
        training = self._pass("train", cost, self._variation(number), drawing, cost.train)
        return training + cost.epoch + self._validation(cost) + self._keeping(cost)

    def _as_it_is(self) -> float:
        cost, drawing = self._costs.testing, self._costs.images.drawn[Augmentation.NONE]
        reading = self._pass("train", cost, None, drawing, cost.infer)
        return reading + self._validation(cost) + self._keeping(cost)

    def _variation(self, epoch: int) -> int | None:
        """As the run's inputs number it; None where each epoch has its own."""
        if self._config.mix != "none":
            return None
        if self._augmentation is Augmentation.NONE:
            return 0
        return (epoch - 1) % self._views if self._views else None

    def _validation(self, cost: StageCosts) -> float:
        return self._pass("val", cost, 0, self._costs.images.drawn[Augmentation.NONE], cost.infer)

    def _keeping(self, cost: StageCosts) -> float:
        return (self._costs.model_bytes + cost.state_bytes) * self._costs.write

    def _tests(self, epochs: int) -> float:
        """Of every model that is kept."""
        cost, keep = self._costs.testing, self._config.keep
        if keep != "all":
            epochs = min(epochs, 2 + (epochs // keep if isinstance(keep, int) else 0))
        loading = epochs * self._costs.model_bytes * self._costs.read
        passes = (
            self._pass("test", cost, 0, self._costs.images.drawn[Augmentation.NONE], cost.infer)
            for _ in range(epochs)
        )
        return cost.begin + loading + sum(passes)

    def _pass(
        self, split: Split, cost: StageCosts, variation: int | None, drawing: float, rest: float
    ) -> float:
        """Of all images of a split through the network, decoded or from the features that are kept.

        Args:
            drawing: seconds an image, once it is decoded; ``rest``: of the part after the frozen prefix.
        """
        images = self._images[split]
        features = (cost.layers, split, variation)
        if cost.layers and features in self._kept:
            return images * (cost.read + rest)
        if split not in self._decoded:
            self._decoded.add(split)
            drawing += self._costs.images.decoded
        keeping = 0.0
        if cost.layers and variation is not None:
            self._kept.add(features)
            keeping = cost.keep
        return self._beside(images * drawing, images * (cost.prefix + keeping + rest))

    def _beside(self, decoding: float, computing: float) -> float:
        """Threads decode while the network computes; on a CPU they share its cores."""
        if self._device.type == "cpu":
            return computing + decoding * decoding_share()
        return max(computing, decoding)
