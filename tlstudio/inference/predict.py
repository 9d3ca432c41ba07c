"""Classify image files with a run's model, or with a pre-trained network as it is."""

import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from tlstudio.data.decode import read_image
from tlstudio.data.find import find_images
from tlstudio.data.transforms import View
from tlstudio.errors import BadInput, UnreadableImage
from tlstudio.events import Control, Event, Progress
from tlstudio.inference.events import ImageClassified, ImageSkipped, PredictionFinished
from tlstudio.models.architectures import architecture, architectures
from tlstudio.models.build import build, imagenet_categories
from tlstudio.models.events import WeightsReady
from tlstudio.models.weights import fetch, fit
from tlstudio.runs.store import RunFolder
from tlstudio.training.checkpoint import TrainedModel, load_model
from tlstudio.training.device import Compute, choose_device
from tlstudio.training.measure import infer

_THREADS = 4
_BATCH = 16


def predict(
    model: str,
    images: Sequence[Path],
    control: Control,
    *,
    weights: str = "default",
    epoch: int | None = None,
    device: str = "auto",
) -> Iterator[Event]:
    """Classify files, and the images below folders, each as one ImageClassified or ImageSkipped, in order.

    Args:
        model: a run's folder, or an architecture's name for its 1,000 ImageNet categories.
        weights: for an architecture, as in RunConfig.
        epoch: for a run, whose model; by default the one that validation chose.

    Raises:
        BadInput: the model or the images are not there.
        StudioError: weights could not be fetched.
    """
    begun = time.monotonic()
    files = find_images(images, control)
    loaded = yield from _load(model, weights, epoch, device, control)
    skipped = 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="decode") as pool:
        for start in range(0, len(files), _BATCH):
            control.checkpoint()
            chunk = [(path, pool.submit(_view, loaded.view, path)) for path in files[start : start + _BATCH]]
            for event in _classify(loaded, chunk):
                skipped += isinstance(event, ImageSkipped)
                yield event
            yield Progress("Classifying", min(start + _BATCH, len(files)), len(files))
    yield PredictionFinished(len(files) - skipped, skipped, time.monotonic() - begun)


def _view(view: View, path: Path) -> Tensor:
    return view.evaluation(read_image(path, view.resize))


def _classify(model: TrainedModel, chunk: list[tuple[Path, "Future[Tensor]"]]) -> Iterator[Event]:
    views: list[Tensor] = []
    outcomes: list[tuple[Path, str | None]] = []
    for path, future in chunk:
        try:
            views.append(future.result())
            outcomes.append((path, None))
        except UnreadableImage as error:
            outcomes.append((path, error.reason))
    probabilities = iter(_probabilities(model, views))
    for path, reason in outcomes:
        if reason is not None:
            yield ImageSkipped(path, reason)
            continue
        values = next(probabilities)
        order = sorted(range(len(values)), key=lambda index: -values[index])
        ranked = {model.classes[index]: values[index] for index in order}
        yield ImageClassified(path, next(iter(ranked)), ranked)


def _probabilities(model: TrainedModel, views: list[Tensor]) -> list[list[float]]:
    if not views:
        return []
    return infer(model.network, torch.stack(views), model.compute, model.parts).softmax(dim=1).tolist()


def _load(
    model: str, weights: str, epoch: int | None, device: str, control: Control
) -> Generator[Event, None, TrainedModel]:
    if model not in architectures():
        path = Path(model).expanduser()
        if not path.exists():
            raise BadInput(
                f"'{model}' is neither a run's folder nor an architecture.",
                f"Give the folder that training named, or one of {', '.join(architectures())}.",
            )
        return load_model(RunFolder.open(path), epoch, choose_device(device))
    if weights == "none":
        raise BadInput("A network with random weights knows no classes.", "Choose pre-trained weights.")
    network = build(model)
    yield Progress(f"Loading {architecture(model).title}")
    for event in fetch(model, weights, control):
        if isinstance(event, WeightsReady):
            fit(network, event.path)
        else:
            yield event
    view = View(**asdict(architecture(model).preprocessing(weights)))
    compute = Compute(choose_device(device))
    return TrainedModel(compute.settle(network).eval(), imagenet_categories(), view, compute)
