"""Training, from the first image to the tested models, as one iterator of events."""

import functools
import logging
import math
import time
from collections.abc import Generator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from tlstudio.config import RunConfig
from tlstudio.data.batches import batch_sizes
from tlstudio.errors import BadInput, Stopped, StudioError
from tlstudio.events import Control, Event
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.runs.store import RunFolder
from tlstudio.training.as_is import CategoryReading, read_categories
from tlstudio.training.checkpoint import save_epoch, save_frozen
from tlstudio.training.device import peak_memory_mb, seed_torch
from tlstudio.training.events import (
    BatchFinished,
    CheckpointSaved,
    EpochFinished,
    EpochTested,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    StageStarted,
)
from tlstudio.training.history import Clock, History
from tlstudio.training.inputs import Inputs
from tlstudio.training.measure import Meter, Score, measure, to_device
from tlstudio.training.optim import make_optimizer, make_schedule
from tlstudio.training.setup import Job, open_run, prepare
from tlstudio.training.testing import test_epochs

_log = logging.getLogger(__name__)

DECODING_THREADS = 4


def train(config: RunConfig, control: Control, *, out: Path | None = None) -> Iterator[Event]:
    """Carry out a run. The last event is the only one of RunFinished, RunStopped and RunFailed.

    Args:
        out: the run's folder, new or empty; by default one in the store of runs.
    """
    started = time.monotonic()
    run: RunFolder | None = None
    history = History()
    try:
        job = yield from prepare(config, control)
        run = open_run(job, out)
        with ThreadPoolExecutor(DECODING_THREADS, thread_name_prefix="decode") as pool:
            best, test_top1 = yield from _Trainer(job, run, history, control, pool).run_all()
        seconds = time.monotonic() - started
        run.finish("finished", **history.figures(), test_top1=test_top1, seconds=seconds)
        memory = round(peak_memory_mb(), 1)
        yield RunFinished(run.path, best.epoch, best.val_top1, test_top1, seconds, memory)
    except (Stopped, KeyboardInterrupt):  # the second: Ctrl-C pressed again before the batch ended
        if run is not None:
            run.finish("stopped", **history.figures())
        best_epoch = history.best.epoch if history.best else None
        yield RunStopped(run.path if run else None, len(history.epochs), best_epoch)
    except GeneratorExit:  # nobody listens any more
        if run is not None:
            run.finish("stopped", **history.figures())
        raise
    except Exception as error:
        _log.exception("The run failed")
        if run is not None:
            run.finish("failed", **history.figures())
        yield _failed(error, run)


def _failed(error: Exception, run: RunFolder | None) -> RunFailed:
    path = run.path if run else None
    match error:
        case StudioError():
            return RunFailed(error.message, error.hint, path, isinstance(error, BadInput))
        case OSError():
            what = f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
            return RunFailed(
                f"A file could not be read or written ({what}).", "Is the disk full or gone?", path
            )
        case _ if "out of memory" in str(error).lower():
            return RunFailed(
                "The device ran out of memory.", "Try half the batch size or smaller images.", path
            )
        case _:
            sentence = f"Training failed with {type(error).__name__}: {error}."
            return RunFailed(sentence, "The log has the details.", path)


class _Trainer:
    """One run at work: the job, and what its steps share."""

    def __init__(self, job: Job, run: RunFolder, history: History, control: Control, pool: Executor) -> None:
        self.job = job
        self.run = run
        self.history = history
        self.control = control
        self.pool = pool
        self.inputs = Inputs(job, pool)
        self.clock = Clock(job.config.epochs, job.count("train"), job.count("val"), job.count("test"))

    def run_all(self) -> Generator[Event, None, tuple[EpochFinished, float]]:
        """Train every stage, then test every epoch's model; gives the chosen epoch and its test top-1."""
        job, run = self.job, self.run
        images = {split: job.count(split) for split in ("train", "val", "test")}
        classes, device = job.catalogue.classes, str(job.device)
        yield RunStarted(run.path, job.config, job.stages, classes, images, job.parameters, device)
        save_frozen(run, job.stored, job.changing)
        match job.network:
            case FreezableNetwork() as network:
                yield from self.train_stages(network)
            case CategoryReading() as network:
                yield from self.use_as_is(network)
        best = self.history.best
        assert best is not None, "a run has at least one epoch"
        table = yield from self.test_all()
        return best, next(row.test_top1 for row in table if row.chosen)

    def train_stages(self, network: FreezableNetwork) -> Iterator[Event]:
        config = self.job.config
        steps = len(batch_sizes(self.job.count("train"), config.batch_size))
        epoch = 0
        for number, stage in enumerate(self.job.stages):
            network.apply_plan(stage.plan)
            self.inputs = Inputs(self.job, self.pool)
            parameters = network.trained_parameters()
            optimizer = make_optimizer(config.optimizer, parameters, stage.lr, config.weight_decay)
            schedule = make_schedule(config.schedule, optimizer, stage.lr, steps * stage.epochs)
            trained = network.tree.trained_parameters(stage.plan)
            yield StageStarted(number, stage.name, epoch + 1, stage.epochs, stage.lr, trained)
            since_best = 0
            for done in range(1, stage.epochs + 1):
                epoch += 1
                begun = time.monotonic()
                score = yield from self.train_epoch(network, optimizer, schedule, epoch)
                rate = score.images / (time.monotonic() - begun)
                lr = optimizer.param_groups[0]["lr"]
                yield from self.close_epoch(epoch, number, score, lr, begun, rate)
                since_best = 0 if self.history.epochs[-1].best else since_best + 1
                if config.early_stopping and since_best >= config.early_stopping:
                    self.clock.skip_epochs(stage.epochs - done)
                    break

    def train_epoch(
        self, network: FreezableNetwork, optimizer: Optimizer, schedule: LRScheduler, epoch: int
    ) -> Generator[Event, None, Score]:
        """One pass over the training images; gives their mean loss and top-1 as they were on the way."""
        job, config = self.job, self.job.config
        # Dropout draws from torch's generator: seeded each epoch, an epoch can be repeated exactly.
        seed_torch(config.seed * 1_000_003 + epoch)
        network.train()
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
            optimizer.step()
            schedule.step()
            meter.add(loss, logits, labels)
            score = meter.score()
            if not math.isfinite(score.loss):
                raise _diverged(score.loss, epoch, step, optimizer.param_groups[0]["lr"])
            now = time.monotonic()
            self.clock.trained(len(labels), now - last)
            rate, last = score.images / (now - begun), now
            yield BatchFinished(epoch, step, steps, score.loss, score.top1, rate, self.clock.seconds_left())
        yield from self.inputs.notices
        self.inputs.notices.clear()
        return meter.score()

    def close_epoch(
        self, epoch: int, stage: int, train: Score, lr: float, begun: float, rate: float
    ) -> Iterator[Event]:
        """Validate, keep the model and the figures, and say so."""
        job = self.job
        validating = time.monotonic()
        job.network.eval()
        batches, text = self.inputs.evaluation("val"), f"Validating epoch {epoch}"
        val = yield from measure(self.inputs.module, batches, job.count("val"), text, self.control)
        self.clock.scored(val.images, time.monotonic() - validating)
        path, size = save_epoch(
            self.run, job.stored, job.changing, epoch=epoch, stage=stage, val_loss=val.loss, val_top1=val.top1
        )
        yield CheckpointSaved(epoch, path, size)
        best, seconds = self.history.improves(val), time.monotonic() - begun
        finished = EpochFinished(
            epoch, stage, train.loss, val.loss, train.top1, val.top1, lr, seconds, rate, best
        )
        self.run.append_metric(finished.as_json())
        self.history.add(finished)
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
        yield from self.close_epoch(0, 0, score, 0.0, begun, rate)


def _diverged(loss: float, epoch: int, step: int, lr: float) -> StudioError:
    return StudioError(
        f"The training loss became {loss} in epoch {epoch} at step {step}.",
        f"Try a learning rate of {lr / 10:.1g}; the models of the epochs before are kept.",
    )
