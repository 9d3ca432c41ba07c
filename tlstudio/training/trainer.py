"""Training, from the first image to the tested models, as one iterator of events."""

import functools
import logging
import math
import time
from collections.abc import Generator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from tlstudio.config import RunConfig, Stage
from tlstudio.data.batches import batch_sizes
from tlstudio.errors import Stopped, StudioError
from tlstudio.events import Control, Event, Notice
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.training.as_is import CategoryReading, read_categories
from tlstudio.training.checkpoint import load_epoch, save_epoch, save_frozen, thin_out
from tlstudio.training.device import peak_memory_mb, seed_torch
from tlstudio.training.events import (
    BatchFinished,
    CheckpointSaved,
    EpochFinished,
    EpochTested,
    RunFinished,
    RunStarted,
    RunStopped,
    StageStarted,
)
from tlstudio.training.failures import diverged, failed
from tlstudio.training.history import Clock, History
from tlstudio.training.inputs import Inputs
from tlstudio.training.measure import Meter, Score, measure, to_device
from tlstudio.training.optim import make_optimizer, make_schedule
from tlstudio.training.resume import Kept, forget_state, read_kept, save_state, take_up
from tlstudio.training.setup import Job, open_run, prepare
from tlstudio.training.testing import test_epochs
from tlstudio.training.watch import Watch

_log = logging.getLogger(__name__)

DECODING_THREADS = 4


def train(config: RunConfig, control: Control, *, out: Path | None = None) -> Iterator[Event]:
    """Carry out a run. The last event is the only one of RunFinished, RunStopped and RunFailed.

    Args:
        out: the run's folder, new or empty; by default one in the store of runs.
    """

    def begin() -> Generator[Event, None, tuple[Job, Kept]]:
        job = yield from prepare(config, control)
        return job, Kept(open_run(job, out))

    yield from _carry_out(begin(), control, None)


def resume(path: Path, control: Control, *, accept_changed_data: bool = False) -> Iterator[Event]:
    """Go on with a run that was cut off: on a CPU it ends with the weights of one that never was.

    The events are those of :func:`train`, without the epochs that are finished.

    Args:
        path: the run's folder. Without a finished epoch in it, the run begins again.
        accept_changed_data: whether to go on if other images are there than when the run began.
    """
    try:
        kept = read_kept(path)
    except Exception as error:
        _log.exception("The run cannot be resumed")
        yield failed(error, None)
        return

    def begin() -> Generator[Event, None, tuple[Job, Kept]]:
        job = yield from take_up(kept, control, accept_changed_data=accept_changed_data)
        return job, kept

    yield from _carry_out(begin(), control, kept)


def _carry_out(
    beginning: Generator[Event, None, tuple[Job, Kept]], control: Control, kept: Kept | None
) -> Iterator[Event]:
    """Train to one of the three ends, which is told and, once the run has begun, kept in its folder."""
    started = time.monotonic()
    begun = False
    try:
        job, kept = yield from beginning
        begun = True
        seconds_before = kept.history.seconds
        with ThreadPoolExecutor(DECODING_THREADS, thread_name_prefix="decode") as pool:
            best, test_top1 = yield from _Trainer(job, kept, control, pool).run_all()
        seconds = seconds_before + time.monotonic() - started
        kept.run.finish("finished", **kept.history.figures(), test_top1=test_top1, seconds=seconds)
        forget_state(kept.run)
        memory = round(peak_memory_mb(), 1)
        yield RunFinished(kept.run.path, best.epoch, best.val_top1, test_top1, seconds, memory)
    except (Stopped, KeyboardInterrupt):  # the second: Ctrl-C pressed again before the batch ended
        _note_end(kept if begun else None, "stopped")
        history = kept.history if kept else History()
        best_epoch = history.best.epoch if history.best else None
        yield RunStopped(kept.run.path if kept else None, len(history.epochs), best_epoch)
    except GeneratorExit:  # nobody listens any more
        _note_end(kept if begun else None, "stopped")
        raise
    except Exception as error:
        _log.exception("The run failed")
        _note_end(kept if begun else None, "failed")
        yield failed(error, kept.run if kept else None)


def _note_end(begun: Kept | None, status: Literal["stopped", "failed"]) -> None:
    if begun is None:
        return
    try:
        begun.run.finish(status, **begun.history.figures())
    except (OSError, StudioError):  # a full disk, say: the reason why it ended is what has to be told
        _log.exception("How the run ended cannot be kept")


class _Trainer:
    """One run at work: the job, and what its steps share."""

    def __init__(self, job: Job, kept: Kept, control: Control, pool: Executor) -> None:
        self.job = job
        self.run = kept.run
        self.history = kept.history
        self.state = kept.state
        self.control = control
        self.lr = 0.0  # of the last step
        self.pool = pool
        self.inputs = Inputs(job, pool)
        self.clock = Clock(job.config.epochs, job.count("train"), job.count("val"), job.count("test"))

    def run_all(self) -> Generator[Event, None, tuple[EpochFinished, float]]:
        """Train every stage, then test every epoch's model; gives the chosen epoch and its test top-1."""
        job, run = self.job, self.run
        images = {split: job.count(split) for split in ("train", "val", "test")}
        classes, device = job.catalogue.classes, str(job.device)
        yield RunStarted(run.path, job.config, job.stages, classes, images, job.parameters, device)
        if done := len(self.history.epochs):
            self.clock.trained_before(done)
            yield Notice(f"Resumed after epoch {done}, which was the last one finished.")
        else:
            save_frozen(run, job.stored, job.changing)
        match job.network:
            case FreezableNetwork() as network:
                yield from self.train_stages(network)
            case CategoryReading() as network:
                yield from self.use_as_is(network)
        best = self.history.best
        assert best is not None, "a run has at least one epoch"
        table = yield from self.test_all()
        chosen = [row.test_top1 for row in table if row.chosen]
        if not chosen:
            load_epoch(
                run, best.epoch, job.stored
            )  # raises, with a sentence, what made the test leave it out
        return best, chosen[0]

    def train_stages(self, network: FreezableNetwork) -> Iterator[Event]:
        for number, stage in enumerate(self.job.stages):
            if not self.is_over(number, stage):  # as it may be in a resumed run
                yield from self.train_stage(network, number, stage)
            self.clock.skip_epochs(stage.epochs - self.history.done(number))

    def is_over(self, number: int, stage: Stage) -> bool:
        """Whether a stage had all its epochs, or stopped improving before."""
        patience = self.job.config.early_stopping or math.inf
        return self.history.done(number) >= stage.epochs or self.history.stalled(number) >= patience

    def train_stage(self, network: FreezableNetwork, number: int, stage: Stage) -> Iterator[Event]:
        config = self.job.config
        network.apply_plan(stage.plan)
        self.inputs = Inputs(self.job, self.pool)
        steps = len(batch_sizes(self.job.count("train"), config.batch_size))
        parameters = network.trained_parameters()
        optimizer = make_optimizer(config.optimizer, parameters, stage.lr, config.weight_decay)
        schedule = make_schedule(config.schedule, optimizer, stage.lr, steps * stage.epochs)
        done = self.history.done(number)
        if self.state and done:  # resumed within this stage
            self.state.restore(optimizer, schedule)
        self.state = None
        watch = Watch(network)
        first, trained = len(self.history.epochs) - done + 1, network.tree.trained_parameters(stage.plan)
        yield StageStarted(number, stage.name, first, stage.epochs, stage.lr, trained)
        yield watch.state(number, optimizer)
        while not self.is_over(number, stage):
            epoch = len(self.history.epochs) + 1
            begun = time.monotonic()
            score = yield from self.train_epoch(network, optimizer, schedule, epoch, watch)
            rate = score.images / (time.monotonic() - begun)
            yield watch.close_epoch(epoch)
            yield from self.close_epoch(epoch, number, score, begun, rate, (optimizer, schedule))

    def train_epoch(
        self,
        network: FreezableNetwork,
        optimizer: Optimizer,
        schedule: LRScheduler,
        epoch: int,
        watch: Watch,
    ) -> Generator[Event, None, Score]:
        """One pass over the training images; gives their mean loss and top-1 as they were on the way."""
        job, config = self.job, self.job.config
        # Dropout draws from torch's generator: seeded each epoch, an epoch can be repeated exactly.
        seed_torch(config.seed * 1_000_003 + epoch)
        network.train()
        watch.begin_epoch()
        meter = Meter(job.device)
        steps = len(batch_sizes(job.count("train"), config.batch_size))
        begun = last = time.monotonic()
        for step, batch in enumerate(self.inputs.training(epoch), start=1):
            self.control.checkpoint()
            labels = batch.labels.to(job.device)
            logits = self.inputs.module(to_device(batch.inputs, job.device))
            loss = functional.cross_entropy(logits, labels, label_smoothing=config.label_smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # pyright: ignore[reportUnknownMemberType] - torch leaves it untyped
            watch.after_backward()
            optimizer.step()
            self.lr = float(optimizer.param_groups[0]["lr"])
            schedule.step()
            meter.add(loss, logits, labels)
            score = meter.score()
            if not math.isfinite(score.loss):
                raise diverged(score.loss, epoch, step, optimizer.param_groups[0]["lr"])
            now = time.monotonic()
            self.clock.trained(len(labels), now - last)
            rate, last = score.images / (now - begun), now
            yield BatchFinished(epoch, step, steps, score.loss, score.top1, rate, self.clock.seconds_left())
        yield from self.inputs.notices
        self.inputs.notices.clear()
        return meter.score()

    def close_epoch(
        self,
        epoch: int,
        stage: int,
        train: Score,
        begun: float,
        rate: float,
        steering: tuple[Optimizer, LRScheduler] | None = None,
    ) -> Iterator[Event]:
        """Validate, keep the model, the figures and what the next epoch starts from, and say so."""
        job, run = self.job, self.run
        validating = time.monotonic()
        job.network.eval()
        batches, text = self.inputs.evaluation("val"), f"Validating epoch {epoch}"
        val = yield from measure(self.inputs.module, batches, job.count("val"), text, self.control)
        self.clock.scored(val.images, time.monotonic() - validating)
        about = {"epoch": epoch, "stage": stage, "val_loss": val.loss, "val_top1": val.top1}
        path, size = save_epoch(run, job.stored, job.changing, **about)
        best, seconds = self.history.improves(val), time.monotonic() - begun
        finished = EpochFinished(
            epoch, stage, train.loss, val.loss, train.top1, val.top1, self.lr, seconds, rate, best
        )
        run.append_metric(finished.as_json())
        if steering:
            save_state(run, epoch, *steering)  # the last: from here on, the epoch is finished
        self.history.add(finished)
        thin_out(run, job.config.keep, self.history)
        yield CheckpointSaved(epoch, path, size)
        yield finished

    def test_all(self) -> Generator[Event, None, tuple[EpochTested, ...]]:
        """Test every epoch's model; what no stage ever trained is computed once for all of them."""
        job = self.job
        if isinstance(job.network, FreezableNetwork):
            layers = (job.network.tree.trained_leaves(stage.plan) for stage in job.stages)
            job.network.apply_plan(job.network.tree.plan_for(frozenset[str]().union(*layers)))
            self.inputs = Inputs(job, self.pool)
        job.network.eval()
        module, count = self.inputs.module, job.count("test")
        batches = functools.partial(self.inputs.evaluation, "test")
        return (yield from test_epochs(self.run, job.stored, module, batches, count, self.control))

    def use_as_is(self, network: CategoryReading) -> Iterator[Event]:
        """Nothing is trained: one pass over the training images to read the categories, kept as epoch 0."""
        job = self.job
        begun = time.monotonic()
        batches = self.inputs.evaluation("train")
        score = yield from read_categories(network.eval(), batches, job.count("train"), self.control)
        rate = score.images / (time.monotonic() - begun)
        yield from self.close_epoch(0, 0, score, begun, rate)
