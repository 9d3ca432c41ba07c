"""What the parts of a run cost on this machine, in seconds, measured on a few images."""

import contextlib
import dataclasses
import os
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import torch
from torch import Tensor, nn

from tlstudio.config import Augmentation, FreezePlan, Stage
from tlstudio.data.batches import Batch, drawn, varied
from tlstudio.data.pictures import Pictures
from tlstudio.data.rows import RowStore
from tlstudio.events import Control, Event, Progress
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.models.prefix import Halves, folded, split_at_frozen_prefix
from tlstudio.models.weights import read_tensors
from tlstudio.paths import cache_dir, runs_dir
from tlstudio.training.checkpoint import write_tensors
from tlstudio.training.features import KeptFeatures, weights_digest
from tlstudio.training.measure import infer
from tlstudio.training.memory import Parts
from tlstudio.training.setup import Job
from tlstudio.training.steps import Descent, optimizer_of
from tlstudio.training.trainer import DECODING_THREADS
from tlstudio.training.tuning import wait_for
from tlstudio.training.watch import Watch

_IMAGES = 16  # of the dataset's own that are decoded
_FEWEST, _MOST = 8, 32  # images a pass: what a slow network is tried with, and what says enough of any batch
_LONG_PASS = 1.0  # seconds that a pass may take, if fewer images can help it
_FEWEST_PASSES, _MOST_PASSES = 2, 30
_SECONDS = 0.5  # that passes may take, once there were the fewest
_CPU_CHUNK = 8  # images that pass a frozen prefix at once, as in a run
_FILE = 8_000_000  # bytes of the file that is written to see how fast the disk is


@dataclasses.dataclass(frozen=True)
class ImageCosts:
    """Seconds an image, with all threads that decode at work and nothing else.

    Attributes:
        decoded: from its file, once a run.
        drawn: from there to what a network sees, by augmentation; validation has none.
    """

    decoded: float
    drawn: dict[Augmentation, float]


@dataclasses.dataclass(frozen=True)
class StageCosts:
    """Seconds of a stage of training: an image, or what is said.

    Attributes:
        layers: of the frozen prefix, in order; none if there is no prefix.
        prefix: to compute its features.
        keep, read: to keep its features, and to read what is kept.
        train: forward, backward and step of the part that follows.
        infer: forward of the part that follows.
        begin: once a stage.
        epoch: once an epoch, however many images there are.
        state_bytes: kept each epoch so that the run can be resumed.
    """

    layers: tuple[str, ...]
    prefix: float
    keep: float
    read: float
    train: float
    infer: float
    begin: float
    epoch: float
    state_bytes: int


@dataclasses.dataclass(frozen=True)
class Costs:
    """All that a run's seconds are made of.

    Attributes:
        stages: in order; none for a model used as it is.
        testing: of the models after training, in the network's widest plan.
        building: the network, once a run.
        model_bytes: that an epoch keeps of the model.
        frozen_bytes: that a run keeps once.
        write, read: seconds a byte, of files that are made safe.
    """

    images: ImageCosts
    stages: tuple[StageCosts, ...]
    testing: StageCosts
    building: float
    model_bytes: int
    frozen_bytes: int
    write: float
    read: float


def measure_costs(job: Job, building: float, control: Control) -> Generator[Event, None, Costs]:
    """Measure what a job's parts cost; it changes the job's network, and yields Progress.

    Args:
        building: seconds that making the job took.
    """
    steps = len(job.stages) + 3
    text = "Measuring what an epoch takes"
    yield Progress(text, 0, steps)
    with ThreadPoolExecutor(DECODING_THREADS, thread_name_prefix="decode") as pool:
        images = _image_costs(job, pool, control)
    stages: list[StageCosts] = []
    for stage in job.stages:
        yield Progress(text, len(stages) + 1, steps)
        control.checkpoint()
        stages.append(_stage_costs(job, stage, control))
    yield Progress(text, steps - 2, steps)
    testing = _testing_costs(job, stages, control)
    yield Progress(text, steps - 1, steps)
    write, read = _disk_costs()
    tensors = job.stored.state_dict()
    model = _bytes(tensors[name] for name in job.changing)
    frozen = _bytes(tensors.values()) - model
    return Costs(images, tuple(stages), testing, building, model, frozen, write, read)


def _image_costs(job: Job, pool: Executor, control: Control) -> ImageCosts:
    images = job.catalogue.of_split("train")
    sample = images[:: max(1, len(images) // _IMAGES)][:_IMAGES]
    rows = range(len(sample))
    Pictures(job.catalogue, sample, job.view)[0]  # the first one brings its decoder along

    def seconds(pictures: Pictures, augmentation: Augmentation) -> float:
        control.checkpoint()
        draw = varied(sample, job.view, augmentation, 0, 0)
        return _timed(lambda: list(drawn(pictures, [rows], draw, pool))) / len(sample)

    with _scratch() as folder:
        pictures = Pictures(job.catalogue, sample, job.view, RowStore(folder))
        with contextlib.closing(pictures):
            first = seconds(pictures, Augmentation.NONE)
            later = {how: seconds(pictures, how) for how in Augmentation}
    return ImageCosts(max(0.0, first - later[Augmentation.NONE]), later)


def _stage_costs(job: Job, stage: Stage, control: Control) -> StageCosts:
    network = job.network
    assert isinstance(network, FreezableNetwork)
    halves, begin = _frozen(job, network, stage.plan)
    features, prefix = _prefix_costs(job, halves, control)
    keep, read = _keeping_costs(job, features) if halves.prefix else (0.0, 0.0)
    optimizer = optimizer_of(job.config, network, stage)
    begun = time.perf_counter()
    watch = Watch(network)
    begin += time.perf_counter() - begun
    watch.begin_epoch()
    descent = Descent(job, halves.suffix, optimizer, Parts(), watch.after_backward)
    network.train()

    def train(inputs: Tensor) -> None:
        labels = torch.arange(len(inputs)) % len(job.catalogue.classes)
        descent.begin_epoch()
        descent.take(Batch(inputs, labels, tuple(range(len(inputs)))))
        wait_for(job.device)

    train_cost = _cost_an_image(train, features, job, control)
    network.eval()
    epoch = _timed(lambda: (watch.close_epoch(1), watch.begin_epoch()))
    infer_cost = _infer_cost(job, halves.suffix, features, control)
    return StageCosts(
        layers=halves.layers,
        prefix=prefix,
        keep=keep,
        read=read,
        train=train_cost,
        infer=infer_cost,
        begin=begin,
        epoch=epoch,
        state_bytes=_bytes(
            value
            for state in optimizer.state.values()
            for value in state.values()
            if isinstance(value, Tensor)
        ),
    )


def _testing_costs(job: Job, stages: Sequence[StageCosts], control: Control) -> StageCosts:
    """Of testing, in which all is computed that any stage trained."""
    network = job.network
    if isinstance(network, FreezableNetwork):
        if len(stages) == 1:
            return stages[0]
        layers = (network.tree.trained_leaves(stage.plan) for stage in job.stages)
        halves, begin = _frozen(job, network, network.tree.plan_for(frozenset[str]().union(*layers)))
    else:
        halves, begin = Halves(None, network), 0.0
    network.eval()
    features, prefix = _prefix_costs(job, halves, control)
    infer_cost = _infer_cost(job, halves.suffix, features, control)
    keep, read = _keeping_costs(job, features) if halves.prefix else (0.0, 0.0)
    return StageCosts(halves.layers, prefix, keep, read, 0.0, infer_cost, begin, 0.0, 0)


def _frozen(job: Job, network: FreezableNetwork, plan: FreezePlan) -> tuple[Halves, float]:
    """The network in two halves as a plan asks for, and the seconds that took."""
    begun = time.perf_counter()
    network.apply_plan(plan)
    halves = split_at_frozen_prefix(network)
    if halves.prefix:
        weights_digest(halves.prefix.state_dict())
        if job.compute.folded:
            halves = dataclasses.replace(halves, prefix=folded(halves.prefix))
    return halves, time.perf_counter() - begun


def _prefix_costs(job: Job, halves: Halves, control: Control) -> tuple[Tensor, float]:
    """Something like what the part after the prefix receives ``[N, ...]``, and the cost of the prefix."""
    chunk = min(_most(job), _CPU_CHUNK if job.device.type == "cpu" else _MOST)
    images = _random(job, (chunk, 3, job.view.crop, job.view.crop))
    if halves.prefix is None:
        return _random(job, (_most(job), *images.shape[1:])), 0.0
    features = infer(halves.prefix.eval(), images[:2], job.compute, Parts())
    cost = _infer_cost(job, halves.prefix, images, control)
    return _random(job, (_most(job), *features.shape[1:])).relu_(), cost


def _infer_cost(job: Job, module: nn.Module, inputs: Tensor, control: Control) -> float:
    def pass_through(part: Tensor) -> None:
        infer(module, part, job.compute, Parts())
        wait_for(job.device)

    return _cost_an_image(pass_through, inputs, job, control)


def _cost_an_image(do: Callable[[Tensor], None], inputs: Tensor, job: Job, control: Control) -> float:
    """Seconds an image of what is done to some of them, as a rule."""
    images = len(inputs)
    if job.device.type == "cpu" and images > _FEWEST:
        do(inputs[:_FEWEST])
        cost = _timed(lambda: do(inputs[:_FEWEST])) / _FEWEST
        images = min(images, max(_FEWEST, int(_LONG_PASS / cost)))
    do(inputs[:images])
    taken: list[float] = []
    while len(taken) < _FEWEST_PASSES or (len(taken) < _MOST_PASSES and sum(taken) < _SECONDS):
        control.checkpoint()
        taken.append(_timed(lambda: do(inputs[:images])))
    # Below the median: what other programs do for a moment hits some of the passes.
    return sorted(taken)[len(taken) // 3] / images


def _keeping_costs(job: Job, features: Tensor) -> tuple[float, float]:
    """Seconds an image to keep features and to read them."""
    rows = range(len(features))
    with _scratch() as folder:
        kept = KeptFeatures(RowStore(folder), "estimate", len(features), job.config.features)
        with contextlib.closing(kept):
            keep = _timed(lambda: kept.put(rows, features)) / len(features)
            read = _timed(lambda: torch.stack([kept.get(row) for row in rows])) / len(features)
    return keep, read


def _disk_costs() -> tuple[float, float]:
    """Seconds a byte to write a model and to read it."""
    content = {"tensors": {"weights": torch.zeros(_FILE // 4)}}
    with _scratch(runs_dir()) as folder:
        file = folder / "model.pt"
        write = min(_timed(lambda: write_tensors(file, content)) for _ in range(2))
        return write / _FILE, _timed(lambda: read_tensors(file)) / _FILE


@contextlib.contextmanager
def _scratch(parent: Path | None = None) -> Generator[Path]:
    """A folder for a while, on the disk that a run will use if that can be written."""
    parent = parent or cache_dir()
    with contextlib.ExitStack() as opened:
        try:
            parent.mkdir(parents=True, exist_ok=True)
            folder = opened.enter_context(tempfile.TemporaryDirectory(dir=parent, prefix=".estimate-"))
        except OSError:  # training will say so
            folder = opened.enter_context(tempfile.TemporaryDirectory())
        yield Path(folder)


def _most(job: Job) -> int:
    """Images that pass together; batch norm that learns needs two."""
    return max(2, min(job.config.batch_size, job.count("train"), _MOST))


def _random(job: Job, shape: tuple[int, ...]) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def _timed(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.nbytes for tensor in tensors)


def decoding_share() -> float:
    """The share of a CPU's cores that the threads which decode can take from the network."""
    cores = os.cpu_count() or 1
    return min(DECODING_THREADS, cores) / cores
