"""The engine calls that the window makes, each imported when it is first made: torch takes seconds to load.

Every function here runs on a task's thread (see worker.py), never on the window's. Those of runs are in
run_engine.py, those that ask models about images in answer_engine.py.
"""

import contextlib
import dataclasses
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

from tlstudio.config import Corrections, DataConfig
from tlstudio.data.arrange import Order
from tlstudio.data.catalogue import SPLITS, Catalogue, Split
from tlstudio.data.duplicates import DuplicateGroup
from tlstudio.data.health import HealthReport, Kind
from tlstudio.data.scan import ScanFinished
from tlstudio.data.seen import Wanted
from tlstudio.errors import BadInput, StudioError
from tlstudio.events import Control, Event, Notice
from tlstudio.garbage import making_many

_loading = threading.Lock()
_FREED_AT_ONCE = 1_000  # objects, in less than a millisecond

_OTHERS_KEPT = (
    "These are not the last corrections made to this folder. "
    "Undo brings those back; a change takes their place."
)

SAMPLE = "sample"  # what DataConfig's root says for the images that the studio paints itself


@contextlib.contextmanager
def torch_loaded() -> Generator[None]:
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
    with torch_loaded():
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
    with torch_loaded():
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
    with torch_loaded():
        from tlstudio.models.inspect import read_layers as call

    return call(arch, classes, control)


def fetch_weights(arch: str, weights: str, control: Control) -> Iterator[Event]:
    """Downloaded events, then one WeightsReady."""
    with torch_loaded():
        from tlstudio.models.weights import fetch as call

    return call(arch, weights, control)
