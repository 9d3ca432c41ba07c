"""The engine calls of training, runs, labs and evaluation; see engine.py for how they are made."""

import dataclasses
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tlstudio.config import RunConfig
from tlstudio.data.catalogue import Split
from tlstudio.errors import StudioError
from tlstudio.evaluation.lab_config import LabConfig
from tlstudio.evaluation.lab_events import EntryFinished, LabStarted, PairedEntries
from tlstudio.evaluation.one_epoch_events import EpochEvaluated
from tlstudio.evaluation.tables import What as EvaluationTable
from tlstudio.events import Control, Event
from tlstudio.models.plane import Method
from tlstudio.runs.notes import RunNotes
from tlstudio.runs.store import RunFolder
from tlstudio.runs.trash import Trashed
from tlstudio.training.events import RunStarted
from tlstudio.ui.engine import SAMPLE, torch_loaded

_training = threading.Lock()  # held by whatever trains, for the length of it
_SECONDS_BETWEEN_LOOKS = 0.1


def train(config: RunConfig, control: Control) -> Iterator[Event]:
    """The events of training.events; exactly one RunFinished, RunStopped or RunFailed comes last."""
    with torch_loaded():
        from tlstudio.training.trainer import train as call

    return _alone(call(config, control), control)


def resume(run: Path, accept_changed_data: bool, control: Control) -> Iterator[Event]:
    """The events of :func:`train` after the last finished epoch of a run that was cut off."""
    with torch_loaded():
        from tlstudio.training.trainer import resume as call

    return _alone(call(run, control, accept_changed_data=accept_changed_data), control)


def find_lr(config: RunConfig, control: Control) -> Iterator[Event]:
    """Progress and Downloaded, LrTried each step, then one LrSuggested or a Notice."""
    with torch_loaded():
        from tlstudio.training.lr_finder import find_lr as call

    return _alone(call(config, control), control)


def estimate(config: RunConfig, control: Control) -> Iterator[Event]:
    """One TimesEstimated of a run that would be started now."""
    with torch_loaded():
        from tlstudio.training.estimate import estimate as call

    return _alone(call(config, control), control)


def _alone(events: Iterator[Event], control: Control) -> Iterator[Event]:
    """Go through ``events`` once nobody else does so.

    Two trainings at once would draw from the same random numbers: a run could not be repeated. And what is
    measured beside another would be too slow.
    """
    held = False
    while not (held or control.stopping):  # what is stopped meanwhile ends in its own way, at its first step
        held = _training.acquire(timeout=_SECONDS_BETWEEN_LOOKS)
    try:
        yield from events
    finally:
        if held:
            _training.release()


@dataclasses.dataclass(frozen=True)
class RunImages(Event):
    """Where the images of a run lay: "sample" or a path; ``there`` is whether something still is there."""

    root: str
    there: bool


def replay(run: Path, control: Control) -> Iterator[Event]:
    """The events that a run gave, from its folder, and after RunStarted one RunImages."""
    from tlstudio.training.replay import data_root
    from tlstudio.training.replay import replay as call

    for event in call(run, control):
        yield event
        if isinstance(event, RunStarted):
            root = data_root(RunFolder.open(run))
            yield RunImages(root, root == SAMPLE or Path(root).exists())


def find_cut_off_runs(control: Control) -> Iterator[Event]:
    """One RunCutOff for each run that a crash cut off since this was last asked."""
    from tlstudio.training.replay import cut_off_runs as call

    return call(control)


def check_labels(run: Path, control: Control) -> Iterator[Event]:
    """Progress, Downloaded and Notice, then one LabelsJudged of a run."""
    with torch_loaded():
        from tlstudio.evaluation.labels import suspected_labels as call

    return _alone(call(run, control), control)


def find_runs(control: Control) -> Iterator[Event]:
    """One FinishedRuns with all runs that are over, or were cut off, and have a model."""
    from tlstudio.evaluation.finished_runs import find_runs as call

    return call(control)


def list_runs(control: Control) -> Iterator[Event]:
    """One RunsListed with all runs and what is said of them."""
    from tlstudio.evaluation.run_table import list_runs as call

    return call(control)


def read_curves(runs: Sequence[Path], control: Control) -> Iterator[Event]:
    """One CurvesRead."""
    from tlstudio.evaluation.run_table import read_curves as call

    return call(runs, control)


def write_notes(run: Path, notes: RunNotes, control: Control) -> Iterator[Event]:
    """Keep what is said of a run: no event."""
    from tlstudio.runs.notes import write_notes as call

    try:
        call(run, notes)
    except OSError as error:
        raise StudioError(
            f"What was said of {run.name} could not be kept: {error.strerror}.",
            f"Check that {run} can be written and the disk is not full.",
        ) from error
    yield from ()


@dataclasses.dataclass(frozen=True)
class RunThrownAway(Event):
    trashed: Trashed


def throw_runs_away(runs: Sequence[Path], control: Control) -> Iterator[Event]:
    """Move runs into the trash: one RunThrownAway each."""
    from tlstudio.runs.trash import throw_away

    for run in runs:
        yield RunThrownAway(throw_away(run))


@dataclasses.dataclass(frozen=True)
class RunPutBack(Event):
    run: Path


def put_runs_back(trashed: Sequence[Trashed], control: Control) -> Iterator[Event]:
    """Move runs out of the trash: one RunPutBack each."""
    from tlstudio.runs.trash import put_back

    for one in trashed:
        put_back(one)
        yield RunPutBack(one.run)


def empty_trash(control: Control) -> Iterator[Event]:
    """Delete for good what lies in the trash: no event."""
    from tlstudio.runs.trash import empty_trash as call

    call()
    yield from ()


def list_labs(control: Control) -> Iterator[Event]:
    """One LabsListed."""
    from tlstudio.evaluation.lab_list import list_labs as call

    return call(control)


def show_lab(lab: Path, control: Control) -> Iterator[Event]:
    """One LabShown."""
    from tlstudio.evaluation.lab_list import show_lab as call

    return call(lab, control)


def run_lab(
    config: LabConfig, order: Sequence[str], skipped: Sequence[str], control: Control
) -> Iterator[Event]:
    """The events of evaluation.lab, its entries in this order, and a LabRead after each that is finished."""
    with torch_loaded():
        from tlstudio.evaluation.lab import run_lab as call
        from tlstudio.evaluation.lab_list import steer_lab

    def steered() -> Iterator[Event]:
        for event in call(config, control):
            if isinstance(event, LabStarted):
                lab = steer_lab(event.lab, order, skipped)
                yield dataclasses.replace(event, entries=lab.entries, skipped=tuple(sorted(lab.skipped)))
            else:
                yield event

    return _read_along(_alone(steered(), control))


def resume_lab(lab: Path, control: Control) -> Iterator[Event]:
    """The events of :func:`run_lab` of a lab that was stopped or cut off."""
    with torch_loaded():
        from tlstudio.evaluation.lab import resume_lab as call

    return _read_along(_alone(call(lab, control), control))


def _read_along(events: Iterator[Event]) -> Iterator[Event]:
    from tlstudio.evaluation.lab_list import LabRead
    from tlstudio.evaluation.lab_reading import read_lab
    from tlstudio.evaluation.lab_store import LabFolder

    lab: Path | None = None
    for event in events:
        yield event
        match event:
            case LabStarted():
                lab = event.lab
            case EntryFinished() if lab is not None:
                yield LabRead(lab, read_lab(LabFolder.open(lab)))
            case _:
                pass


def steer_lab(lab: Path, order: Sequence[str], skipped: Sequence[str], control: Control) -> Iterator[Event]:
    """Have a lab's entries come in this order, without those that are skipped: no event."""
    from tlstudio.evaluation.lab_list import steer_lab as call

    call(lab, order, skipped)
    yield from ()


@dataclasses.dataclass(frozen=True)
class EntriesPaired(Event):
    pair: PairedEntries


def pair_entries(lab: Path, first: str, second: str, control: Control) -> Iterator[Event]:
    """Compare two finished entries image by image: one EntriesPaired."""
    from tlstudio.evaluation.lab_pairs import pair
    from tlstudio.evaluation.lab_store import LabFolder

    control.checkpoint()
    yield EntriesPaired(pair(LabFolder.open(lab), first, second))


@dataclasses.dataclass(frozen=True)
class BlocksCounted(Event):
    """How many blocks a network has before its head."""

    arch: str
    blocks: int


def count_blocks(arch: str, control: Control) -> Iterator[Event]:
    """One BlocksCounted."""
    with torch_loaded():
        from tlstudio.models.inspect import layer_tree

    control.checkpoint()
    yield BlocksCounted(arch, len(layer_tree(arch, 2).backbone))


def evaluate_epoch(run: Path, epoch: int, control: Control) -> Iterator[Event]:
    """Progress, Notice and EpochTested, then one EpochEvaluated."""
    with torch_loaded():
        from tlstudio.evaluation.one_epoch import evaluate_epoch as call

    return call(run, control, epoch=epoch)


def explain_answer(
    run: Path, epoch: int, image: str, target: str, layer: str, pretrained: bool, control: Control
) -> Iterator[Event]:
    """Progress and Downloaded, then one Explained, of an epoch's model or of the network before training."""
    with torch_loaded():
        from tlstudio.evaluation.explain import explain, explain_pretrained

    if pretrained:
        return explain_pretrained(run, image, control, target=target, layer=layer)
    return explain(run, image, control, epoch=epoch, target=target, layer=layer)


def draw_features(
    run: Path, epoch: int, split: Split, method: Method, pretrained: bool, control: Control
) -> Iterator[Event]:
    """Progress and Downloaded, then one FeaturesDrawn of the images of a split."""
    with torch_loaded():
        from tlstudio.evaluation.feature_map import draw_features as call

    return call(run, epoch, split, control, method=method, pretrained=pretrained)


def save_evaluation(
    what: EvaluationTable, evaluated: EpochEvaluated, split: Split, path: Path, control: Control
) -> Iterator[Event]:
    """Write a table of what was evaluated as CSV: one EvaluationSaved."""
    from tlstudio.evaluation.tables import save_evaluation as call

    return call(what, evaluated, split, path, control)


def find_labels_right(
    root: Path, labels: Mapping[str, str], undone: bool, control: Control
) -> Iterator[Event]:
    """Keep that images of a folder were found to be of these classes, or where ``undone`` no longer."""
    from tlstudio.data.corrections import CorrectionStore

    CorrectionStore().find_right(root, labels, undone=undone)
    yield from ()
