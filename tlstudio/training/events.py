"""What training tells the faces. Every run ends in exactly one of RunFinished, RunStopped and RunFailed."""

import dataclasses
from pathlib import Path
from typing import Literal

from tlstudio.config import Augmentation, RunConfig, Stage
from tlstudio.events import Event


@dataclasses.dataclass(frozen=True)
class RunStarted(Event):
    """The data are split and the network is built; training begins."""

    run: Path
    config: RunConfig
    stages: tuple[Stage, ...]
    classes: tuple[str, ...]
    images: dict[str, int]  # by split
    parameters: int
    device: str


@dataclasses.dataclass(frozen=True)
class StageStarted(Event):
    stage: int  # from 0
    name: str
    first_epoch: int
    epochs: int
    lr: float
    trained_parameters: int


@dataclasses.dataclass(frozen=True)
class LayerStated:
    """What holds of a layer in fact; ``batch_norm`` is "" for layers of another kind.

    ``block`` is the path of the tree's block that it belongs to, which need not begin the layer's own.
    ``name`` is what the tree calls it, beginning with what it calls the block: "stage 6 / block 0 / bn1".
    """

    path: str
    block: str
    name: str
    trained: bool
    in_optimizer: bool
    lr: float  # 0 where it is not in the optimiser
    batch_norm: Literal["", "updated", "kept"]


@dataclasses.dataclass(frozen=True)
class FreezeStated(Event):
    """At the start of a stage: every layer with parameters, read off the network and its optimiser."""

    stage: int
    layers: tuple[LayerStated, ...]


@dataclasses.dataclass(frozen=True)
class BlockMoved:
    """``change`` is the norm of an epoch's change of weights over the weights'; ``gradient`` a mean norm."""

    path: str
    change: float
    gradient: float


@dataclasses.dataclass(frozen=True)
class BlocksMoved(Event):
    """After an epoch, each block that is trained; all others were found unchanged to the bit."""

    epoch: int
    blocks: tuple[BlockMoved, ...]


@dataclasses.dataclass(frozen=True)
class BatchFinished(Event):
    """After each batch: ``done`` of ``total`` steps of this epoch; loss and top-1 are its means so far."""

    epoch: int
    done: int
    total: int
    loss: float
    top1: float
    images_per_second: float
    seconds_left: float  # of the whole run, validation included


@dataclasses.dataclass(frozen=True)
class EpochFinished(Event):
    """``top1`` values are fractions; ``lr`` is the rate of the epoch's last step."""

    epoch: int  # from 1
    stage: int
    train_loss: float
    val_loss: float
    train_top1: float
    val_top1: float
    lr: float
    seconds: float
    images_per_second: float
    best: bool  # of all epochs so far, by validation


@dataclasses.dataclass(frozen=True)
class CheckpointSaved(Event):
    epoch: int
    path: Path
    bytes: int


@dataclasses.dataclass(frozen=True)
class EpochTested(Event):
    """One row of the test table, after training; it influences nothing."""

    epoch: int
    val_top1: float
    val_loss: float
    test_top1: float
    test_loss: float
    chosen: bool  # validation chose this epoch


@dataclasses.dataclass(frozen=True)
class LrTried(Event):
    """One step of a sweep: its learning rate, and the smoothed training loss there, in nats."""

    lr: float
    loss: float


@dataclasses.dataclass(frozen=True)
class LrSuggested(Event):
    """The learning rate at which the loss fell fastest."""

    lr: float


@dataclasses.dataclass(frozen=True)
class EpochTimes:
    """Seconds that a run would take with one way of varying its images; validation and test included.

    ``views`` is 0 where each epoch varies its images anew, and 1 without augmentation.
    """

    augmentation: Augmentation
    views: int
    first_epoch: float
    later_epoch: float  # of a later epoch, on average
    total: float


@dataclasses.dataclass(frozen=True)
class TimesEstimated(Event):
    """What a run would take, for each way of varying its images; ``asked`` is the configuration's own."""

    asked: EpochTimes
    others: tuple[EpochTimes, ...]


@dataclasses.dataclass(frozen=True)
class RunFinished(Event):
    run: Path
    best_epoch: int
    val_top1: float
    test_top1: float
    seconds: float
    peak_memory_mb: float


@dataclasses.dataclass(frozen=True)
class RunStopped(Event):
    """Stopped on request; the checkpoints of the finished epochs are whole."""

    run: Path | None
    epochs: int
    best_epoch: int | None


@dataclasses.dataclass(frozen=True)
class RunFailed(Event):
    """``bad_input``: what was asked cannot be done, as against something that broke on the way.

    ``changed_data``: the images are not those that the run began with; resuming can accept that.
    """

    message: str
    hint: str
    run: Path | None = None
    bad_input: bool = False
    changed_data: bool = False


RunEnd = RunFinished | RunStopped | RunFailed
