"""Classify image files with a run's model, a pre-trained network as it is, or several of them together."""

import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tlstudio.data.decode import read_image
from tlstudio.data.find import find_images
from tlstudio.data.transforms import View
from tlstudio.errors import BadInput, UnreadableImage
from tlstudio.events import Control, Event, Progress
from tlstudio.inference.ensemble import accuracy_of, combined, order_of
from tlstudio.inference.events import (
    Combine,
    ImageClassified,
    ImageSkipped,
    ImagesPredicted,
    Member,
    ModelsReady,
    PredictionFinished,
    PredictRequest,
    Scores,
)
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
    request = PredictRequest(tuple(images), (Member(model, epoch, weights),), device=device)
    classes: tuple[str, ...] = ()
    for event in predict_in_batches(request, control):
        match event:
            case ModelsReady():
                classes = event.classes
            case ImagesPredicted(paths, scores):
                yield from (ranked(path, row, classes) for path, row in zip(paths, scores, strict=True))
            case _:
                yield event


def predict_in_batches(request: PredictRequest, control: Control) -> Iterator[Event]:
    """What loading tells, one ModelsReady, then ImagesPredicted, ImageSkipped and Progress, in order.

    The members of an ensemble are all in memory: each image then goes through all of them, and its answer is
    there at once.

    Raises:
        BadInput: a model or the images are not there, members do not know the same classes, or one of them
            has no accuracy to be weighed by.
        StudioError: weights could not be fetched.
    """
    files = find_images(request.images, control)
    models = yield from _load_all(request, control)
    yield ModelsReady(models.classes)
    begun = time.monotonic()
    skipped = 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="decode") as pool:
        for start in range(0, len(files), _BATCH):
            control.checkpoint()
            chunk = [
                (path, pool.submit(_views, models.views, path)) for path in files[start : start + _BATCH]
            ]
            for event in _classify(models, chunk):
                skipped += isinstance(event, ImageSkipped)
                yield event
            yield Progress("Classifying", min(start + _BATCH, len(files)), len(files))
    yield PredictionFinished(len(files) - skipped, skipped, time.monotonic() - begun)


def ranked(path: Path, scores: NDArray[np.float32], classes: Sequence[str]) -> ImageClassified:
    """An image's probabilities, one a class, as a face shows them."""
    values = scores.tolist()
    order = sorted(range(len(values)), key=lambda index: -values[index])
    by_class = {classes[index]: values[index] for index in order}
    return ImageClassified(path, next(iter(by_class)), by_class)


@dataclass(frozen=True)
class _Models:
    """Members that answer together, in the classes of the first.

    ``orders`` is where each member has these classes; ``views`` are the ways in which members see an image,
    each once, and ``seen_by`` is which of them is whose.
    """

    members: tuple[TrainedModel, ...]
    orders: tuple[NDArray[np.intp], ...]
    accuracies: tuple[float, ...]
    combine: Combine
    views: tuple[View, ...]
    seen_by: tuple[int, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        return self.members[0].classes


def _views(views: Sequence[View], path: Path) -> list[Tensor]:
    return [view.evaluation(read_image(path, view.resize)) for view in views]


def _classify(models: _Models, chunk: list[tuple[Path, "Future[list[Tensor]]"]]) -> Iterator[Event]:
    """Runs of images that can be read as one ImagesPredicted, between them those that cannot."""
    views: list[list[Tensor]] = []
    outcomes: list[tuple[Path, str | None]] = []
    for path, future in chunk:
        try:
            views.append(future.result())
            outcomes.append((path, None))
        except UnreadableImage as error:
            outcomes.append((path, error.reason))
    scores = _scores(models, views)
    paths: list[Path] = []
    done = 0
    for path, reason in (*outcomes, (Path(), "")):
        if reason is None:
            paths.append(path)
            continue
        if paths:
            yield ImagesPredicted(tuple(paths), scores[done : done + len(paths)])
            done, paths = done + len(paths), []
        if reason:
            yield ImageSkipped(path, reason)


def _scores(models: _Models, views: list[list[Tensor]]) -> Scores:
    if not views:
        return np.empty((0, len(models.classes)), np.float32)
    each: list[Scores] = []
    for model, order, place in zip(models.members, models.orders, models.seen_by, strict=True):
        inputs = torch.stack([one[place] for one in views])
        probabilities = infer(model.network, inputs, model.compute, model.parts).softmax(dim=1)
        each.append(probabilities.cpu().numpy()[:, order])
    return each[0] if len(each) == 1 else combined(each, models.combine, models.accuracies)


def _load_all(request: PredictRequest, control: Control) -> Generator[Event, None, _Models]:
    if len(request.members) == 0:
        raise BadInput("There is no model to ask.", "Name a run, or a network as it is.")
    if len(set(request.members)) != len(request.members):
        raise BadInput("A model is in the ensemble twice.", "Name each once.")
    weighed = request.combine is Combine.WEIGHTED and len(request.members) > 1
    accuracies = tuple(accuracy_of(member) for member in request.members) if weighed else ()
    models: list[TrainedModel] = []
    orders: list[NDArray[np.intp]] = []
    for member in request.members:
        control.checkpoint()
        model = yield from load_member(member, request.device, control)
        models.append(model)
        first = request.members[0]
        orders.append(order_of(model.classes, models[0].classes, _title(member), _title(first)))
    views: list[View] = []  # those of runs cannot be hashed
    views += [model.view for n, model in enumerate(models) if model.view not in [m.view for m in models[:n]]]
    seen_by = tuple(views.index(model.view) for model in models)
    return _Models(tuple(models), tuple(orders), accuracies, request.combine, tuple(views), seen_by)


def _title(member: Member) -> str:
    return member.model if member.model in architectures() else Path(member.model).name


def load_member(member: Member, device: str, control: Control) -> Generator[Event, None, TrainedModel]:
    """A run's model, or a network as it is; yields Progress and Downloaded.

    Raises:
        BadInput: there is no such run, epoch or network, or it has random weights.
        StudioError: weights could not be fetched.
    """
    model, weights = member.model, member.weights
    if model not in architectures():
        path = Path(model).expanduser()
        if not path.exists():
            raise BadInput(
                f"'{model}' is neither a run's folder nor an architecture.",
                f"Give the folder that training named, or one of {', '.join(architectures())}.",
            )
        return load_model(RunFolder.open(path), member.epoch, choose_device(device))
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
