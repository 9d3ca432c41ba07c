"""A run's story told again from its folder alone: the events that it gave when it was trained.

What a run does not keep is left out: its batches, progress and notices. Nothing here loads torch.
"""

import contextlib
import dataclasses
import math
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, TypeVar

from tlstudio.config import RunConfig, Stage, Strategy
from tlstudio.errors import BadInput
from tlstudio.events import Control, Event
from tlstudio.runs.index import CONFIG_FILE, RESULT_FILE, RunIndex
from tlstudio.runs.store import METRICS_FILE, RunFolder
from tlstudio.training.events import (
    CheckpointSaved,
    EpochFinished,
    EpochTested,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    StageStarted,
)
from tlstudio.training.truth import Truth, kept

ABOUT_FILE = "about.json"
SPLIT_FILE = "split.json"
TEST_FILE = "test.json"
SAMPLE = "sample"

_E = TypeVar("_E", EpochFinished, EpochTested)


@dataclasses.dataclass(frozen=True)
class RunCutOff(Event):
    """How the story of a run ends that has come to no end: its process is gone, or still at work."""

    run: Path
    began: float  # seconds since 1970
    epochs: int  # finished
    total_epochs: int  # that it was to have
    best_epoch: int | None
    trained_by: int | None = None  # the process that is still at work

    @property
    def when(self) -> str:
        """In words, what it was at."""
        return _when(self.epochs, self.total_epochs)


def is_run(folder: Path) -> bool:
    """Whether a folder is a run's, be it damaged; among images there may be a config.json of another kind."""
    try:
        RunFolder.open(folder)
    except BadInput:
        return all((folder / name).is_file() for name in (CONFIG_FILE, ABOUT_FILE))
    return True


def data_root(run: RunFolder) -> str:
    """Where the run's images lay: "sample", or an absolute path even if the configuration names another.

    Raises:
        BadInput: a file of the run is damaged.
    """
    root = run.config.data.root
    if root == SAMPLE:
        return root
    with _damaged(run, SPLIT_FILE):
        return str(run.read(SPLIT_FILE)["root"])


def cut_off_runs(control: Control) -> Iterator[Event]:
    """One RunCutOff for each run whose process has gone without ending it since this was last asked.

    Raises:
        StudioError: the list of runs cannot be used.
    """
    for path in RunIndex().mark_interrupted():
        control.checkpoint()
        with contextlib.suppress(BadInput):  # deleted, or damaged: nothing can be done with it
            run = RunFolder.open(path)
            if not run.has(RESULT_FILE):
                yield _cut_off(run, finished_epochs(run), trained_by=None)


def replay(path: Path, control: Control) -> Iterator[Event]:
    """The events of a run: RunStarted, each stage with its layers and epochs, the tests, and how it ended.

    The last is one of RunFinished, RunStopped, RunFailed and RunCutOff. Why a run failed and how much memory
    it took are not kept: a RunFailed says when, and ``peak_memory_mb`` is 0.

    Raises:
        BadInput: ``path`` is no run, or one of its files is missing or damaged.
        StudioError: the list of runs cannot be used.
    """
    run = RunFolder.open(path)
    started = _started(run)
    epochs, tested, truth = finished_epochs(run), tested_epochs(run), kept(run)
    result = run.read(RESULT_FILE) if run.has(RESULT_FILE) else None
    control.checkpoint()
    with _damaged(run, RESULT_FILE):
        end = _end(run, epochs, result)
    with _damaged(run, METRICS_FILE):
        stages = _stages_begun(started, epochs, finished=isinstance(end, RunFinished))
    yield started
    for epoch in epochs:
        control.checkpoint()
        if epoch.epoch in stages:
            yield from _begun(stages.pop(epoch.epoch), truth)
        if epoch.epoch in truth.moved:
            yield truth.moved[epoch.epoch]
        if (model := run.checkpoint(epoch.epoch)).is_file():
            yield CheckpointSaved(epoch.epoch, model, model.stat().st_size)
        yield epoch
    for stage in stages.values():
        yield from _begun(stage, truth)
    yield from tested
    yield end


def _begun(stage: StageStarted, truth: Truth) -> Iterator[Event]:
    yield stage
    if stage.stage in truth.stated:
        yield truth.stated[stage.stage]


def _started(run: RunFolder) -> RunStarted:
    about, split = run.read(ABOUT_FILE), run.read(SPLIT_FILE)
    with _damaged(run, SPLIT_FILE):
        counts = Counter(str(image["split"]) for image in split["images"])
    with _damaged(run, ABOUT_FILE):
        return RunStarted(
            run.path,
            run.config,
            tuple(Stage.model_validate(stage) for stage in about["stages"]),
            tuple(str(name) for name in about["classes"]),
            {name: counts[name] for name in ("train", "val", "test")},
            int(about["parameters"]),
            str(about["device"]),
        )


def finished_epochs(run: RunFolder) -> list[EpochFinished]:
    """What the metrics of a run say; of one that was cut off too.

    Raises:
        BadInput: they are damaged.
    """
    rows = run.metrics()
    with _damaged(run, METRICS_FILE):
        return [_event(EpochFinished, row) for row in rows]


def tested_epochs(run: RunFolder) -> tuple[EpochTested, ...]:
    """The table of a run's epochs on its test images; empty where they were not tested yet.

    Raises:
        BadInput: the table is damaged.
    """
    rows: list[Any] = run.read(TEST_FILE) if run.has(TEST_FILE) else []
    with _damaged(run, TEST_FILE):
        return tuple(_event(EpochTested, row) for row in rows)


def _event(kind: type[_E], row: dict[str, Any]) -> _E:
    """An event of numbers and truth values from the JSON data that it was kept as."""
    return kind(**{field.name: field.type(row[field.name]) for field in dataclasses.fields(kind)})  # type: ignore[operator]


def _stages_begun(
    started: RunStarted, epochs: list[EpochFinished], *, finished: bool
) -> dict[int, StageStarted]:
    """By their first epochs, the stages that were begun; of a run with more to do, the one under way too."""
    stages = started.stages
    if not stages:  # used as it is
        return {}
    firsts: dict[int, int] = {}
    for epoch in epochs:
        firsts.setdefault(epoch.stage, epoch.epoch)
    last = max(firsts, default=0)
    done = sum(epoch.stage == last for epoch in epochs)
    if not finished:
        following = last + 1 if done >= stages[last].epochs else last
        if following < len(stages):
            firsts.setdefault(following, len(epochs) + 1)
    trained = _trained_parameters(RunFolder(started.run))
    return {
        first: StageStarted(
            number,
            stages[number].name,
            first,
            stages[number].epochs,
            stages[number].lr,
            trained[number],
        )
        for number, first in firsts.items()
    }


def _trained_parameters(run: RunFolder) -> list[int]:
    about = run.read(ABOUT_FILE)
    with _damaged(run, ABOUT_FILE):
        return [int(count) for count in about["trained_parameters"]]


def _end(
    run: RunFolder, epochs: list[EpochFinished], result: dict[str, Any] | None
) -> RunFinished | RunStopped | RunFailed | RunCutOff:
    if result is None:
        return _cut_off(run, epochs, RunIndex().trained_by(run.path))
    match result["status"]:
        case "finished":
            figures = [result[name] for name in ("val_top1", "test_top1", "seconds")]
            val_top1, test_top1, seconds = (math.nan if one is None else float(one) for one in figures)
            return RunFinished(run.path, int(result["best_epoch"]), val_top1, test_top1, seconds, 0.0)
        case "stopped":
            return RunStopped(run.path, len(epochs), _best(epochs))
        case _:
            sentence = f"The run failed {_when(len(epochs), _total(run.config))}."
            return RunFailed(sentence, "The log of that time says why; finished epochs are kept.", run.path)


def _cut_off(run: RunFolder, epochs: list[EpochFinished], trained_by: int | None) -> RunCutOff:
    began = (run.path / CONFIG_FILE).stat().st_mtime
    return RunCutOff(run.path, began, len(epochs), _total(run.config), _best(epochs), trained_by)


def _total(config: RunConfig) -> int:
    return 1 if config.strategy is Strategy.AS_IS else config.epochs


def _when(done: int, total: int) -> str:
    return f"in epoch {done + 1}" if done < total else "while its models were tested"


def _best(epochs: list[EpochFinished]) -> int | None:
    return next((epoch.epoch for epoch in reversed(epochs) if epoch.best), None)


@contextlib.contextmanager
def _damaged(run: RunFolder, name: str) -> Generator[None]:
    """Say of an error that the file of that name does not hold what it should."""
    try:
        yield
    except (LookupError, TypeError, ValueError) as error:
        raise BadInput(
            f"{run.path / name} is damaged.",
            "The files of a run belong together; copy its whole folder again.",
        ) from error
