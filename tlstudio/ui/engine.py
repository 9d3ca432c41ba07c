"""The engine calls that the window makes, each imported when it is first made: torch takes seconds to load.

Every function here runs on a task's thread (see worker.py), never on the window's.
"""

import contextlib
import dataclasses
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path

from tlstudio.config import Corrections, DataConfig, RunConfig
from tlstudio.data.arrange import Order
from tlstudio.data.catalogue import SPLITS, Catalogue, Split
from tlstudio.data.duplicates import DuplicateGroup
from tlstudio.data.health import HealthReport, Kind
from tlstudio.data.scan import ScanFinished
from tlstudio.data.seen import Wanted
from tlstudio.errors import BadInput, StudioError
from tlstudio.evaluation.lab_config import LabConfig
from tlstudio.evaluation.lab_events import EntryFinished, LabStarted, PairedEntries
from tlstudio.evaluation.one_epoch_events import EpochEvaluated
from tlstudio.evaluation.tables import What as EvaluationTable
from tlstudio.events import Control, Event, Notice
from tlstudio.garbage import making_many
from tlstudio.inference.events import Member, PredictRequest
from tlstudio.inference.results import Answers
from tlstudio.models.plane import Method
from tlstudio.runs.notes import RunNotes
from tlstudio.runs.store import RunFolder
from tlstudio.runs.trash import Trashed
from tlstudio.training.events import RunStarted
from tlstudio.zeroshot.events import Clip, Question, QuestionRead, Rescored, Vectors, ZeroShotRequest
from tlstudio.zeroshot.few_shot_events import FewShotRequest
from tlstudio.zeroshot.measure_events import Measured, MeasureRequest, TemplatesMeasured
from tlstudio.zeroshot.measure_tables import What
from tlstudio.zeroshot.search import Query
from tlstudio.zeroshot.text import Prompts

_loading = threading.Lock()
_training = threading.Lock()  # held by whatever trains, for the length of it
_SECONDS_BETWEEN_LOOKS = 0.1
_FREED_AT_ONCE = 1_000  # objects, in less than a millisecond

_OTHERS_KEPT = (
    "These are not the last corrections made to this folder. "
    "Undo brings those back; a change takes their place."
)

SAMPLE = "sample"  # what DataConfig's root says for the images that the studio paints itself


@contextlib.contextmanager
def _torch_loaded() -> Generator[None]:
    """For imports that need torch: whoever loads it while another thread does so may see half of it."""
    first = "torch" not in sys.modules  # the half million objects that come with it all stay
    with _loading, making_many() if first else contextlib.nullcontext():
        from tlstudio.models import inspect  # noqa: F401 (torchvision and timm come with it)

        yield


@dataclasses.dataclass(frozen=True)
class MachineReady(Event):
    """torch is loaded; ``device`` is what "auto" chooses."""

    device: str


def warm_up(control: Control) -> Iterator[Event]:
    """Load torch, so that the first click that needs it is quick; one MachineReady."""
    with _torch_loaded():
        from tlstudio.training.device import choose_device

    control.checkpoint()
    yield MachineReady(choose_device("auto").type)


Counts = tuple[tuple[int, ...], ...]  # images of each class in each of SPLITS


@dataclasses.dataclass(frozen=True)
class DataOpened(Event):
    """A folder after a quick look.

    ``data`` is how it is read and divided, with what was kept for it; ``divided`` is what comes of that, and
    ``counts`` its images. ``notes`` say what of that no longer fits the folder, and what of an archive was
    left out. ``given`` are the splits that the folder itself gives. ``others`` are the corrections that are
    kept for the folder where these are not they.
    """

    scanned: ScanFinished
    data: DataConfig
    divided: Catalogue
    counts: Counts
    notes: tuple[str, ...] = ()
    given: frozenset[Split] = frozenset()
    others: Corrections | None = None


@dataclasses.dataclass(frozen=True)
class DataChecked(Event):
    """A folder after all its images were decoded, and which of them show the same."""

    scanned: ScanFinished
    groups: tuple[DuplicateGroup, ...]


@dataclasses.dataclass(frozen=True)
class DataDivided(Event):
    """``changed``: classes, images or their splits are others than before."""

    data: DataConfig
    divided: Catalogue
    counts: Counts
    changed: bool


@dataclasses.dataclass(frozen=True)
class HealthExamined(Event):
    """``images``: those that something is wrong with, by what that is."""

    report: HealthReport
    images: dict[Kind, frozenset[str]]


@dataclasses.dataclass(frozen=True)
class ImageDrawn(Event):
    """A small copy of an image, or why there is none; ``width`` and ``height`` are those of the copy."""

    path: Path
    side: int
    width: int = 0
    height: int = 0
    rgb: bytes = b""
    reason: str = ""


def open_images(wanted: DataConfig, recalled: bool, control: Control) -> Iterator[Event]:
    """Look quickly at a folder, an archive or the sample, and divide its images: one DataOpened.

    Where ``recalled``, nesting and corrections are those that were kept for the folder, not those wanted.
    """
    from tlstudio.data.corrections import CorrectionStore
    from tlstudio.data.sample import SampleReady, make_sample
    from tlstudio.data.scan import scan

    root = Path(wanted.root).expanduser()
    if wanted.root == SAMPLE:
        for event in make_sample(control):
            if isinstance(event, SampleReady):
                root = event.root
            else:
                yield event
    kept = CorrectionStore().load(root)
    others: Corrections | None = None
    if recalled:
        wanted = wanted.model_copy(update={"nesting": kept.nesting, "corrections": kept.corrections})
    elif kept.nesting == wanted.nesting and kept.corrections not in (wanted.corrections, Corrections()):
        others = kept.corrections
    notes = [_OTHERS_KEPT] if others else []
    for event in scan(root, control, nesting=wanted.nesting):
        match event:
            case ScanFinished():
                yield dataclasses.replace(_opened(event, wanted, notes), others=others)
            case Notice(sentence):
                notes.append(sentence)
            case _:
                yield event


def _opened(scanned: ScanFinished, data: DataConfig, notes: list[str]) -> DataOpened:
    from tlstudio.data.corrections import outdated
    from tlstudio.data.split import divided

    given = frozenset[Split](split for split in scanned.catalogue.sizes if split)
    try:
        with making_many():
            catalogue = divided(scanned.catalogue, data, ())
    except BadInput:
        if data.corrections == Corrections():
            raise
        data = data.model_copy(update={"corrections": Corrections()})
        note = "The corrections made to this folder no longer fit it; it is shown without them."
        catalogue = divided(scanned.catalogue, data, ())
        return DataOpened(scanned, data, catalogue, counts_of(catalogue), (*notes, note), given)
    notes += outdated(scanned.catalogue, data.corrections)
    return DataOpened(scanned, data, catalogue, counts_of(catalogue), tuple(notes), given)


def counts_of(divided: Catalogue) -> Counts:
    """How many images of each class each split has: counting takes too long for the window's thread."""
    found = Counter((image.label, image.split) for image in divided.images)
    labels = range(len(divided.classes))
    return tuple(tuple(found[label, split] for split in SPLITS) for label in labels)


def check_images(scanned: ScanFinished, control: Control) -> Iterator[Event]:
    """Decode the images that were not decoded before: Progress, then one DataChecked."""
    from tlstudio.data.duplicates import groups
    from tlstudio.data.scan import CheckFinished, check

    for event in check(scanned, control):
        if isinstance(event, CheckFinished):
            checked = dataclasses.replace(scanned, catalogue=event.catalogue, facts=event.facts)
            yield DataChecked(checked, groups(event.catalogue.images, event.facts))
        else:
            yield event


def divide(
    found: DataChecked, data: DataConfig, before: Catalogue | None, keep: bool, control: Control
) -> Iterator[Event]:
    """Correct and divide what was found as ``data`` says: one DataDivided, then one HealthExamined.

    Where ``keep``, the corrections are those that the folder has from now on.
    """
    from tlstudio.data.corrections import CorrectionStore
    from tlstudio.data.health import examine
    from tlstudio.data.split import divided

    control.checkpoint()
    scanned, failure = found.scanned, None
    with making_many():
        catalogue = divided(scanned.catalogue, data, found.groups)
    control.checkpoint()
    changed = before is None or not _same(before, catalogue)
    del before  # see let_go
    yield DataDivided(data, catalogue, counts_of(catalogue), changed)
    if keep:
        root = scanned.catalogue.root if data.root == SAMPLE else Path(data.root).expanduser()
        try:
            CorrectionStore().save(root, data.corrections, data.nesting)
        except StudioError as error:
            failure = error
    control.checkpoint()
    report = examine(catalogue, scanned.facts, found.groups)
    yield HealthExamined(report, report.images())
    if failure is not None:
        raise failure


def _same(one: Catalogue, other: Catalogue) -> bool:
    """Whether a run would see the same in both; that their contents were read meanwhile is no change."""
    return (
        (one.root, one.classes, one.set_aside) == (other.root, other.classes, other.set_aside)
        and len(one.images) == len(other.images)
        and all(
            (a.path, a.label, a.split, a.size) == (b.path, b.label, b.split, b.size)
            for a, b in zip(one.images, other.images, strict=True)
        )
    )


def let_go(old: list[ScanFinished | Catalogue], control: Control) -> Iterator[Event]:
    """Free images that are not shown any more, and empty ``old``: no event.

    Freed where the last one lets go of them, they would stop every thread: a folder of a hundred thousand for
    a tenth of a second.
    """
    parts: list[list[object]] = []
    while old:
        match old.pop():
            case ScanFinished(catalogue, layout, facts):
                parts += [list(catalogue.images), list(layout.placed), list(layout.listing.files)]
                parts.append(list(facts.values()))
                del catalogue, layout, facts
            case catalogue:
                parts.append(list(catalogue.images))
                del catalogue
    for part in parts:
        while part:
            del part[-_FREED_AT_ONCE:]
    yield from ()


def look_for_changes(scanned: ScanFinished, control: Control) -> Iterator[Event]:
    """Look quickly whether a folder is still as it was scanned: one ChangesFound."""
    from tlstudio.data.scan import changes

    return changes(scanned, control)


def draw_images(following: Callable[[], tuple[Path, int] | None], control: Control) -> Iterator[Event]:
    """One ImageDrawn for each (path, longer side in pixels) that ``following`` hands out, until None."""
    from tlstudio.data.thumbnails import ThumbnailCache, thumbnail
    from tlstudio.errors import UnreadableImage

    with ThumbnailCache() as cache:
        while (wanted := following()) is not None:
            control.checkpoint()
            path, side = wanted
            try:
                image = thumbnail(path, side, cache)
            except UnreadableImage as error:
                yield ImageDrawn(path, side, reason=error.reason)
            else:
                yield ImageDrawn(path, side, *image.size, rgb=image.tobytes())


def order_images(catalogue: Catalogue, order: Order, control: Control) -> Iterator[Event]:
    """One Ordered."""
    from tlstudio.data.arrange import in_order

    return in_order(catalogue, order, control)


def see_views(
    wanted: Wanted, arch: str, weights: str, image_size: int | None, control: Control
) -> Iterator[Event]:
    """One ImagesChosen, then a ViewSeen for each view that a run with this network would have of them."""
    with _torch_loaded():
        from tlstudio.data.seen import views_seen
        from tlstudio.data.transforms import View
        from tlstudio.models.architectures import architecture

    preprocessing = architecture(arch).preprocessing(weights).at_size(image_size)
    return views_seen(wanted, View(**dataclasses.asdict(preprocessing)), control)


@dataclasses.dataclass(frozen=True)
class ImagesFound(Event):
    paths: tuple[Path, ...]


def find_images(places: Sequence[Path], control: Control) -> Iterator[Event]:
    """The files among ``places`` and the images in and beneath its folders: one ImagesFound."""
    from tlstudio.data.find import find_images as call

    yield ImagesFound(call(places, control))


def read_layers(arch: str, classes: int, control: Control) -> Iterator[Event]:
    """One LayersRead for the network with a head for so many classes."""
    with _torch_loaded():
        from tlstudio.models.inspect import read_layers as call

    return call(arch, classes, control)


def fetch_weights(arch: str, weights: str, control: Control) -> Iterator[Event]:
    """Downloaded events, then one WeightsReady."""
    with _torch_loaded():
        from tlstudio.models.weights import fetch as call

    return call(arch, weights, control)


def train(config: RunConfig, control: Control) -> Iterator[Event]:
    """The events of training.events; exactly one RunFinished, RunStopped or RunFailed comes last."""
    with _torch_loaded():
        from tlstudio.training.trainer import train as call

    return _alone(call(config, control), control)


def resume(run: Path, accept_changed_data: bool, control: Control) -> Iterator[Event]:
    """The events of :func:`train` after the last finished epoch of a run that was cut off."""
    with _torch_loaded():
        from tlstudio.training.trainer import resume as call

    return _alone(call(run, control, accept_changed_data=accept_changed_data), control)


def find_lr(config: RunConfig, control: Control) -> Iterator[Event]:
    """Progress and Downloaded, LrTried each step, then one LrSuggested or a Notice."""
    with _torch_loaded():
        from tlstudio.training.lr_finder import find_lr as call

    return _alone(call(config, control), control)


def estimate(config: RunConfig, control: Control) -> Iterator[Event]:
    """One TimesEstimated of a run that would be started now."""
    with _torch_loaded():
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
    with _torch_loaded():
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
    with _torch_loaded():
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
    with _torch_loaded():
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
    with _torch_loaded():
        from tlstudio.models.inspect import layer_tree

    control.checkpoint()
    yield BlocksCounted(arch, len(layer_tree(arch, 2).backbone))


def evaluate_epoch(run: Path, epoch: int, control: Control) -> Iterator[Event]:
    """Progress, Notice and EpochTested, then one EpochEvaluated."""
    with _torch_loaded():
        from tlstudio.evaluation.one_epoch import evaluate_epoch as call

    return call(run, control, epoch=epoch)


def explain_answer(
    run: Path, epoch: int, image: str, target: str, layer: str, pretrained: bool, control: Control
) -> Iterator[Event]:
    """Progress and Downloaded, then one Explained, of an epoch's model or of the network before training."""
    with _torch_loaded():
        from tlstudio.evaluation.explain import explain, explain_pretrained

    if pretrained:
        return explain_pretrained(run, image, control, target=target, layer=layer)
    return explain(run, image, control, epoch=epoch, target=target, layer=layer)


def draw_features(
    run: Path, epoch: int, split: Split, method: Method, pretrained: bool, control: Control
) -> Iterator[Event]:
    """Progress and Downloaded, then one FeaturesDrawn of the images of a split."""
    with _torch_loaded():
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


def classify_in_batches(request: ZeroShotRequest, known: Vectors, control: Control) -> Iterator[Event]:
    """The events of zeroshot.classify_in_batches; after QuestionRead one Rescored for ``known`` images.

    ``known`` are vectors of the same model, shape (images, dimensions), none or more.
    """
    with _torch_loaded():
        from tlstudio.zeroshot.classify import classify_in_batches as call
        from tlstudio.zeroshot.scoring import score

    for event in call(request, control):
        yield event
        if isinstance(event, QuestionRead) and len(known):
            yield Rescored(score(known, event.asked))


def ask_again(vectors: Vectors, question: Question, clip: Clip, control: Control) -> Iterator[Event]:
    """QuestionRead, then Rescored, for images that the same model embedded before."""
    with _torch_loaded():
        from tlstudio.zeroshot.classify import ask_again as call

    return call(vectors, question, clip, control)


def read_templates(preset: str, control: Control) -> Iterator[Event]:
    """One TemplatesRead with the sentences of a preset."""
    with _torch_loaded():
        from tlstudio.zeroshot.templates import read_templates as call

        found = tuple(call(preset, control))  # imports open_clip
    yield from found


def predict_in_batches(request: PredictRequest, control: Control) -> Iterator[Event]:
    """ModelsReady, then ImagesPredicted, ImageSkipped and Progress, and one PredictionFinished."""
    with _torch_loaded():
        from tlstudio.inference.predict import predict_in_batches as call

    return call(request, control)


def measure_ensemble(members: Sequence[Member], control: Control) -> Iterator[Event]:
    """Progress and Notice, then one EnsembleMeasured or EnsembleNotMeasured."""
    with _torch_loaded():
        from tlstudio.inference.ensemble import measure_ensemble as call

    return call(members, control)


def explain_file(member: Member, file: Path, target: str, control: Control) -> Iterator[Event]:
    """Progress and Downloaded, then one Explained of any image file."""
    with _torch_loaded():
        from tlstudio.inference.explain import explain_file as call

    return call(member, file, control, target=target)


def save_answers(answers: Answers, path: Path, control: Control) -> Iterator[Event]:
    """Write what a model said of images as a table: Progress, then one AnswersSaved."""
    from tlstudio.inference.sort_out import save_csv

    return save_csv(answers, path, control)


def sort_out(answers: Answers, folder: Path, none_too: bool, control: Control) -> Iterator[Event]:
    """Copy images into the folders of their classes: Progress, then one SortedOut."""
    from tlstudio.inference.sort_out import sort_out as call

    return call(answers, folder, control, none_too=none_too)


def embed_images(images: Sequence[Path], clip: Clip, control: Control) -> Iterator[Event]:
    """What loading tells, ImagesEmbedded, ImageSkipped and Progress, then ZeroShotFinished."""
    with _torch_loaded():
        from tlstudio.zeroshot.classify import embed_images as call
        from tlstudio.zeroshot.models import load_clip

    loaded = yield from load_clip(clip, control)
    yield from call(loaded, images, control)


def search_embedded(
    paths: Sequence[Path], vectors: Vectors, query: Query, clip: Clip, control: Control
) -> Iterator[Event]:
    """What loading tells, then one Found, of images that the same model embedded before."""
    with _torch_loaded():
        from tlstudio.zeroshot.search import search_embedded as call

    return call(paths, vectors, query, clip, control)


def find_matches(image: Path, captions: Prompts, clip: Clip, control: Control) -> Iterator[Event]:
    """What loading tells, then a MatchFound for each caption."""
    with _torch_loaded():
        from tlstudio.zeroshot.explain import where as call

    return call(image, captions, clip, control)


def compare_captions(
    images: Sequence[Path], captions: Prompts, clip: Clip, control: Control
) -> Iterator[Event]:
    """What loading tells, then one SimilaritiesFound."""
    with _torch_loaded():
        from tlstudio.zeroshot.explain import similarities as call

    return call(images, captions, clip, control)


def draw_map(vectors: Vectors, captions: Prompts, clip: Clip, control: Control) -> Iterator[Event]:
    """What loading tells, then one MapDrawn, of images that the same model embedded before."""
    with _torch_loaded():
        from tlstudio.zeroshot.explain import draw_map as call

    return call(vectors, captions, clip, control)


def measure_zero_shot(request: MeasureRequest, control: Control) -> Iterator[Event]:
    """What loading tells, one ClassesMatched, then Measured and TemplatesMeasured of a labelled folder."""
    with _torch_loaded():
        from tlstudio.zeroshot.measure import measure_zero_shot as call

    return call(request, control)


def few_shots(request: FewShotRequest, control: Control) -> Iterator[Event]:
    """What loading tells, one FewShotsBegun, FewShotPoints and TrainedPoints, then one FewShotsFinished."""
    with _torch_loaded():
        from tlstudio.zeroshot.few_shot import few_shots as call

    return call(request, control)


def save_measured(
    what: What, measured: Measured, templates: TemplatesMeasured | None, path: Path, control: Control
) -> Iterator[Event]:
    """Write a table of what was measured as CSV: one TableSaved."""
    from tlstudio.zeroshot.measure_tables import save_table

    return save_table(what, measured, templates, path, control)


@dataclasses.dataclass(frozen=True)
class ClipNames(Event):
    """All weights that open_clip can have downloaded, as "model/tag"."""

    names: tuple[str, ...]


def read_clip_names(control: Control) -> Iterator[Event]:
    """One ClipNames."""
    with _torch_loaded():
        from tlstudio.zeroshot.models import published_names as call

    control.checkpoint()
    yield ClipNames(call())
