"""Training, from the first image to the tested models, as one iterator of events."""

import contextlib
import dataclasses
import functools
import logging
import math
import time
from collections.abc import Generator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from torch.optim import Optimizer

from tlstudio.config import RunConfig, Stage
from tlstudio.errors import Stopped, StudioError
from tlstudio.events import Control, Event, Notice
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.training.as_is import CategoryReading, read_categories
from tlstudio.training.average import Average
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
from tlstudio.training.measure import Meter, Score, measure
from tlstudio.training.memory import Parts
from tlstudio.training.optim import carry_over, make_schedule
from tlstudio.training.resume import Kept, State, forget_state, read_kept, save_state, take_up
from tlstudio.training.setup import Job, open_run, prepare
from tlstudio.training.steps import Descent, optimizer_of
from tlstudio.training.testing import test_epochs
from tlstudio.training.truth import keep as keep_truth
from tlstudio.training.watch import Watch

_log = logging.getLogger(__name__)

DECODING_THREADS = 4
PARTS = "images_at_once"  # in about.json, where memory ran out


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
        job.compute.take_threads()
        seconds_before = kept.history.seconds
        with (
            contextlib.closing(job.pictures),
            ThreadPoolExecutor(DECODING_THREADS, thread_name_prefix="decode") as pool,
            contextlib.closing(_Trainer(job, kept, control, pool)) as trainer,
        ):
            best, test_top1 = yield from trainer.run_all()
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


@dataclasses.dataclass(frozen=True)
class _Work:
    """A stage under way: the network with its plan in force, and what trains, watches and averages it.

    ``done``: its epochs that were finished when the run was taken up.
    """

    network: FreezableNetwork
    descent: Descent
    watch: Watch
    average: Average | None
    done: int

    def state(self, epoch: int) -> State:
        """What the next epoch depends on besides the model."""
        schedule = self.descent.schedule
        assert schedule is not None
        return State(
            epoch,
            self.descent.optimizer.state_dict(),
            schedule.state_dict(),
            self.average.state() if self.average else None,
        )


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
        self.parts = Parts(kept.run.read("about.json").get(PARTS))
        self.inputs = Inputs(job, pool, self.parts)
        self.before: Optimizer | None = None  # that of the stage before
        self.clock = Clock(job.config.epochs, job.count("train"), job.count("val"), job.count("test"))

    def close(self) -> None:
        self.inputs.close()

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
        """Train a stage to its end, from wherever it stands."""
        work = self.begin_stage(network, number, stage)
        first, trained = len(self.history.epochs) - work.done + 1, network.tree.trained_parameters(stage.plan)
        yield StageStarted(number, stage.name, first, stage.epochs, stage.lr, trained)
        network.train()  # the mode that is stated: after the stage before it is that of validation
        yield keep_truth(self.run, work.watch.state(number, work.descent.optimizer))
        while not self.is_over(number, stage):
            epoch = len(self.history.epochs) + 1
            begun = time.monotonic()
            score = yield from self.train_epoch(work, epoch)
            rate = score.images / (time.monotonic() - begun)
            yield keep_truth(self.run, work.watch.close_epoch(epoch))
            yield from self.close_epoch(epoch, number, score, begun, rate, work)

    def begin_stage(self, network: FreezableNetwork, number: int, stage: Stage) -> "_Work":
        """Freeze as the stage asks and put together what trains it, as a resumed run left it."""
        job, config, state = self.job, self.job.config, self.state
        done = self.history.done(number)
        before = self.optimizer_before(network, number) if stage.continues and not done else None
        network.apply_plan(stage.plan)
        self.inputs.close()
        self.inputs = Inputs(job, self.pool, self.parts)
        optimizer = optimizer_of(config, network, stage)
        if before is not None:
            carry_over(before, optimizer)
        watch = Watch(network)
        descent = Descent(job, self.inputs.module, optimizer, self.parts, watch.after_backward)
        descent.schedule = make_schedule(
            config.schedule, optimizer, descent.steps * stage.epochs, config.warmup
        )
        average = Average(job.stored, job.changing, config.ema) if config.ema else None
        if state is not None:
            if average is not None and state.average is not None:
                average.restore(state.average)  # the network gets the weights that were trained
            if done:
                state.restore(optimizer, descent.schedule)
            elif config.ema:
                average = Average(job.stored, job.changing, config.ema)
        self.state, self.before = None, optimizer
        return _Work(network, descent, watch, average, done)

    def optimizer_before(self, network: FreezableNetwork, number: int) -> Optimizer | None:
        """The optimiser of the stage before, as it ended; that of a resumed run from its folder."""
        if self.before is not None or self.state is None or number == 0:
            return self.before
        stage = self.job.stages[number - 1]
        network.apply_plan(stage.plan)
        optimizer = optimizer_of(self.job.config, network, stage)
        self.state.restore(optimizer)
        return optimizer

    def train_epoch(self, work: "_Work", epoch: int) -> Generator[Event, None, Score]:
        """One pass over the training images; gives their mean loss and top-1 as they were on the way."""
        job, descent = self.job, work.descent
        # Dropout draws from torch's generator: seeded each epoch, an epoch can be repeated exactly.
        seed_torch(job.config.seed * 1_000_003 + epoch)
        work.network.train()
        work.watch.begin_epoch()
        descent.begin_epoch()
        meter = Meter(job.device)
        begun = last = time.monotonic()
        for number, batch in enumerate(self.inputs.training(epoch), start=1):
            self.control.checkpoint()
            passed = descent.take(batch)
            self.lr = descent.lr
            if work.average is not None and descent.stepped:
                work.average.update()
            meter.add(passed.loss, passed.logits, passed.labels)
            score = meter.score()
            if not math.isfinite(score.loss):
                raise diverged(score.loss, epoch, descent.lr, number)
            now = time.monotonic()
            self.clock.trained(len(batch.rows), now - last)
            rate, last = score.images / (now - begun), now
            left = self.clock.seconds_left()
            yield BatchFinished(epoch, number, descent.batches, score.loss, score.top1, rate, left)
        yield from self.notices()
        return meter.score()

    def notices(self) -> Iterator[Notice]:
        """What came up on the way and a person should know."""
        if self.parts.notices:
            self.run.write("about.json", {**self.run.read("about.json"), PARTS: self.parts.most})
        for notices in (self.inputs.notices, self.parts.notices):
            yield from notices
            notices.clear()

    def close_epoch(
        self,
        epoch: int,
        stage: int,
        train: Score,
        begun: float,
        rate: float,
        work: "_Work | None" = None,
    ) -> Iterator[Event]:
        """Validate, keep the model, the figures and what the next epoch starts from, and say so."""
        job, run = self.job, self.run
        with work.average.in_place() if work and work.average else contextlib.nullcontext():
            val = yield from self.validate(epoch)
            if not math.isfinite(val.loss):
                raise diverged(val.loss, epoch, self.lr)  # before its model takes a good one's place
            about = {"epoch": epoch, "stage": stage, "val_loss": val.loss, "val_top1": val.top1}
            path, size = save_epoch(run, job.stored, job.changing, **about)
        best, seconds = self.history.improves(val), time.monotonic() - begun
        finished = EpochFinished(
            epoch, stage, train.loss, val.loss, train.top1, val.top1, self.lr, seconds, rate, best
        )
        run.append_metric(finished.as_json())
        if work:
            save_state(run, work.state(epoch))  # the last: from here on, the epoch is finished
        self.history.add(finished)
        thin_out(run, job.config.keep, self.history)
        yield CheckpointSaved(epoch, path, size)
        yield finished

    def validate(self, epoch: int) -> Generator[Event, None, Score]:
        job, begun = self.job, time.monotonic()
        job.network.eval()
        batches, text = self.inputs.evaluation("val"), f"Validating epoch {epoch}"
        score = yield from measure(
            self.inputs.module, batches, job.count("val"), text, self.control, job.compute, self.parts
        )
        yield from self.notices()
        self.clock.scored(score.images, time.monotonic() - begun)
        return score

    def test_all(self) -> Generator[Event, None, tuple[EpochTested, ...]]:
        """Test every epoch's model; what no stage ever trained is computed once for all of them."""
        job = self.job
        if isinstance(job.network, FreezableNetwork):
            layers = (job.network.tree.trained_leaves(stage.plan) for stage in job.stages)
            job.network.apply_plan(job.network.tree.plan_for(frozenset[str]().union(*layers)))
            self.inputs.close()
            self.inputs = Inputs(job, self.pool, self.parts)
        job.network.eval()
        module, count = self.inputs.module, job.count("test")
        batches = functools.partial(self.inputs.evaluation, "test")
        return (
            yield from test_epochs(
                self.run, job.stored, module, batches, count, self.control, job.compute, self.parts
            )
        )

    def use_as_is(self, network: CategoryReading) -> Iterator[Event]:
        """Nothing is trained: one pass over the training images to read the categories, kept as epoch 0."""
        job = self.job
        begun = time.monotonic()
        batches = self.inputs.evaluation("train")
        score = yield from read_categories(
            network.eval(), batches, job.count("train"), self.control, job.compute, self.parts
        )
        rate = score.images / (time.monotonic() - begun)
        yield from self.close_epoch(0, 0, score, begun, rate)
