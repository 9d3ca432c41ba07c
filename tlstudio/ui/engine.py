"""The engine calls that the window makes, each imported when it is first made: torch takes seconds to load.

Every function here runs on a task's thread (see worker.py), never on the window's.
"""

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

from tlstudio.config import RunConfig, SplitRatios
from tlstudio.data.arrange import Order
from tlstudio.data.catalogue import Catalogue
from tlstudio.data.seen import Wanted
from tlstudio.events import Control, Event
from tlstudio.runs.store import RunFolder
from tlstudio.training.events import RunStarted
from tlstudio.zeroshot.events import ZeroShotRequest

_loading = threading.Lock()
_training = threading.Lock()  # held by whatever trains, for the length of it
_SECONDS_BETWEEN_LOOKS = 0.1


@contextlib.contextmanager
def _torch_loaded() -> Generator[None]:
    """For imports that need torch: whoever loads it while another thread does so may see half of it."""
    with _loading:
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


@dataclasses.dataclass(frozen=True)
class DataOpened(Event):
    """``scanned`` is the folder as it is, with the splits that it gives itself; ``divided`` has them all."""

    scanned: Catalogue
    divided: Catalogue


@dataclasses.dataclass(frozen=True)
class DataDivided(Event):
    divided: Catalogue


@dataclasses.dataclass(frozen=True)
class ImageDrawn(Event):
    """A small copy of an image, or why there is none; ``width`` and ``height`` are those of the copy."""

    path: Path
    side: int
    width: int = 0
    height: int = 0
    rgb: bytes = b""
    reason: str = ""


OpenData = Callable[..., Iterator[Event]]  # (..., ratios, seed, control)


def open_folder(root: Path, ratios: SplitRatios, seed: int, control: Control) -> Iterator[Event]:
    """Scan a folder and divide its images: Progress, then one DataOpened."""
    from tlstudio.data.scan import CheckFinished, read_folder
    from tlstudio.data.split import split_catalogue

    for event in read_folder(root, control):
        if isinstance(event, CheckFinished):
            yield DataOpened(event.catalogue, split_catalogue(event.catalogue, ratios, seed))
        else:
            yield event


def open_sample(ratios: SplitRatios, seed: int, control: Control) -> Iterator[Event]:
    """Generate the sample dataset if it is not there yet, then open it like any folder."""
    from tlstudio.data.sample import SampleReady, make_sample

    for event in make_sample(control):
        if isinstance(event, SampleReady):
            yield from open_folder(event.root, ratios, seed, control)
        else:
            yield event


def divide(catalogue: Catalogue, ratios: SplitRatios, seed: int, control: Control) -> Iterator[Event]:
    """Divide a scanned folder anew: one DataDivided."""
    from tlstudio.data.split import split_catalogue

    control.checkpoint()
    yield DataDivided(split_catalogue(catalogue, ratios, seed))


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
    """Where the images of a run lay: "sample" or a path; ``there`` is whether the folder still is."""

    root: str
    there: bool


def replay(run: Path, control: Control) -> Iterator[Event]:
    """The events that a run gave, from its folder, and after RunStarted one RunImages."""
    from tlstudio.training.replay import SAMPLE, data_root
    from tlstudio.training.replay import replay as call

    for event in call(run, control):
        yield event
        if isinstance(event, RunStarted):
            root = data_root(RunFolder.open(run))
            yield RunImages(root, root == SAMPLE or Path(root).is_dir())


def find_cut_off_runs(control: Control) -> Iterator[Event]:
    """One RunCutOff for each run that a crash cut off since this was last asked."""
    from tlstudio.training.replay import cut_off_runs as call

    return call(control)


def classify_zero_shot(request: ZeroShotRequest, control: Control) -> Iterator[Event]:
    """Progress and Downloaded while loading, PromptsEmbedded, one event an image, then ZeroShotFinished."""
    with _torch_loaded():
        from tlstudio.zeroshot.classify import classify as call

    return call(request, control)
