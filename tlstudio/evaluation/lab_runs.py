"""A lab's entries that are trained: ordinary runs, taken up wherever they were left."""

import contextlib
import dataclasses
import math
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tlstudio.config import RunConfig, Strategy
from tlstudio.errors import BadInput, Stopped, StudioError
from tlstudio.evaluation.lab_config import LabEntry
from tlstudio.evaluation.lab_store import LabFolder, OtherImages
from tlstudio.evaluation.lab_watch import Watch
from tlstudio.evaluation.one_epoch import evaluate_epoch
from tlstudio.evaluation.one_epoch_events import EpochEvaluated
from tlstudio.events import Control, Event, Notice
from tlstudio.paths import cache_dir
from tlstudio.runs.index import CONFIG_FILE, RESULT_FILE
from tlstudio.runs.store import RunFolder
from tlstudio.training.estimate import estimate
from tlstudio.training.events import (
    EpochTested,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    TimesEstimated,
)
from tlstudio.training.history import History
from tlstudio.training.trainer import resume, train

_FREEZING = (Strategy.FEATURE_EXTRACTION, Strategy.PARTIAL, Strategy.STAGED)
_FURTHER = 4  # epochs between the two lengths of a run that are estimated


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """What carrying out an entry gives; ``answers`` are its classes of the test images, in order."""

    answers: NDArray[np.intp]
    val_top1: float
    seconds: float
    cpu_seconds: float | None
    trained_parameters: int
    peak_memory_mb: float | None
    epochs: int | None = None
    best_epoch: int | None = None
    run: Path | None = None
    known: bool = False


def carry_out_run(lab: LabFolder, entry: LabEntry, control: Control) -> Generator[Event, None, Outcome]:
    """Train an entry's run to its end, from wherever it stands, then ask the chosen model about test images.

    Yields what training and testing tell, without the run's end.

    Raises:
        OtherImages: the run's images are not those of the lab.
        BadInput, StudioError: why the run failed.
        Stopped: the control was told to stop.
    """
    path = lab.run_path(entry)
    watch: Watch | None = None
    rows = _kept_rows()
    if not _finished(path):
        with Watch() as watch:
            yield from _trained(lab, entry, path, control)
    run = RunFolder.open(path)
    about, result = run.read("about.json"), run.read(RESULT_FILE)
    lab.refuse_other_images(str(about.get("data_fingerprint")), entry)
    answers = yield from _answers(run, control)
    history = History.read(run)
    assert history.best is not None, "a finished run has an epoch"
    return Outcome(
        answers,
        history.best.val_top1,
        float(result["seconds"]),
        watch.cpu_seconds if watch else None,
        max(about["trained_parameters"], default=0),
        watch.peak_mb if watch else None,
        len(history.epochs) if run.config.strategy is not Strategy.AS_IS else None,
        history.best.epoch if run.config.strategy is not Strategy.AS_IS else None,
        run.path,
        watch is not None and run.config.strategy in _FREEZING and _kept_rows() <= rows,
    )


def _kept_rows() -> set[str]:
    """The names of what is kept of decoded images and of what frozen layers make of them."""
    return {file.name for file in (cache_dir() / "rows").glob("*.rows")}


def begun(path: Path) -> bool:
    """Whether there is a run to go on with."""
    return (path / CONFIG_FILE).is_file()


def _finished(path: Path) -> bool:
    if not begun(path):
        return False
    run = RunFolder.open(path)
    return run.has(RESULT_FILE) and run.read(RESULT_FILE).get("status") == "finished"


def _trained(lab: LabFolder, entry: LabEntry, path: Path, control: Control) -> Iterator[Event]:
    if begun(path):
        events = resume(path, control)
    else:
        for part in path.glob(".*.part"):  # what was being written when the process was killed
            part.unlink()
        config = yield from _within_budget(lab, entry, control)
        events = train(config, control, out=path)
    with _closing(events):
        for event in events:
            match event:
                case RunStarted():
                    fingerprint = str(RunFolder.open(path).read("about.json").get("data_fingerprint"))
                    lab.refuse_other_images(fingerprint, entry)
                    yield event
                case RunStopped():
                    raise Stopped
                case RunFailed(changed_data=True):
                    raise OtherImages(event.message, "Put the images back as they were, or begin a new lab.")
                case RunFailed(bad_input=bad_input):
                    raise (BadInput if bad_input else StudioError)(event.message, event.hint)
                case RunFinished() | EpochTested():
                    pass
                case _:
                    yield event


@contextlib.contextmanager
def _closing(events: Iterator[Event]) -> Iterator[None]:
    """End a task that nobody will ask for more: it notes that it was stopped, and lets its files go."""
    try:
        yield
    finally:
        if isinstance(events, Generator):
            events.close()


def _answers(run: RunFolder, control: Control) -> Generator[Event, None, NDArray[np.intp]]:
    """By the model that validation chose; what it says is kept with the run."""
    for event in evaluate_epoch(run.path, control, device=run.config.device):
        if isinstance(event, EpochEvaluated):
            return event.test.outcome.answers.astype(np.intp)
        if not isinstance(event, EpochTested):
            yield event
    raise AssertionError("evaluating ends with the figures")


# A budget in minutes


def _within_budget(lab: LabFolder, entry: LabEntry, control: Control) -> Generator[Event, None, RunConfig]:
    """The entry's configuration with as many epochs as fit into the lab's minutes, all seeds of it alike.

    A run is not cut off when they are over: its learning rate would not have come to its end.
    """
    config, minutes = entry.run, lab.config.minutes
    assert config is not None
    if minutes is None or config.strategy is Strategy.AS_IS:
        return config
    if entry.group not in lab.state.epochs:
        epochs = yield from _fitting(config, 60 * minutes, control)
        lab.state.epochs[entry.group] = epochs
        lab.save()
        yield Notice(f"{entry.title}: {epochs} epoch{'s' * (epochs != 1)} for {minutes:g} minutes.")
    return config.model_copy(update={"epochs": lab.state.epochs[entry.group]})


def _fitting(config: RunConfig, seconds: float, control: Control) -> Generator[Event, None, int]:
    fewest = config.blocks + 1 if config.strategy is Strategy.STAGED else 1
    short = yield from _seconds(config, fewest, control)
    longer = yield from _seconds(config, fewest + _FURTHER, control)
    return epochs_within(seconds, fewest, short, (longer - short) / _FURTHER)


def _seconds(config: RunConfig, epochs: int, control: Control) -> Generator[Event, None, float]:
    found = math.nan
    for event in estimate(config.model_copy(update={"epochs": epochs}), control):
        if isinstance(event, TimesEstimated):
            found = event.asked.total
        else:
            yield event
    return found


def epochs_within(seconds: float, fewest: int, short: float, an_epoch: float) -> int:
    """How many epochs end within so many seconds, where ``fewest`` take ``short`` and each other one as told.

    At least ``fewest``: less would not be the strategy.
    """
    if an_epoch <= 0 or seconds <= short:
        return fewest
    return min(10_000, fewest + math.floor((seconds - short) / an_epoch))
