"""Suspected wrong labels of a run's images, by models that did not learn from the images they judge.

The fine-tuned network has seen the labels of its training images and may have learned the wrong ones by
heart. So the network as it was pre-trained describes every image, and what the labels of all the others
teach about such descriptions judges it.
"""

import contextlib
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tlstudio.config import FreezePlan, Strategy
from tlstudio.data.batches import as_is, image_batches, in_batches
from tlstudio.data.catalogue import SPLITS, Catalogue, ImageRecord
from tlstudio.data.corrections import CorrectionStore
from tlstudio.data.duplicates import groups
from tlstudio.data.facts import FactStore
from tlstudio.data.pictures import Pictures
from tlstudio.errors import BadInput
from tlstudio.evaluation.labels_events import LabelsJudged, SuspectedLabel
from tlstudio.evaluation.labels_judging import Doubt, doubts, fold_of_each, out_of_sample
from tlstudio.evaluation.run_images import images_of
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.models.architectures import architecture
from tlstudio.models.build import build
from tlstudio.models.events import WeightsReady
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.models.weights import RANDOM, fetch, fit
from tlstudio.runs.store import RunFolder
from tlstudio.training.checkpoint import load_model
from tlstudio.training.device import Compute, choose_device
from tlstudio.training.inputs import Inputs
from tlstudio.training.measure import infer
from tlstudio.training.memory import Parts
from tlstudio.training.setup import Job, make_job

_THREADS = 4
_TRUSTED = 0.5  # of the labels that a judge has to agree with: one that knows nothing suspects half of them


def suspected_labels(run_path: Path, control: Control, *, device: str = "auto") -> Iterator[Event]:
    """Yield Progress, Downloaded and Notice, then one LabelsJudged.

    Features that the run kept of its images are read again. A network that was trained from random weights
    has nothing but the run's labels to go by: there the chosen model judges the images that it did not
    learn from, those for validation and test.

    Raises:
        BadInput: the folder is no run, images are gone or changed, or there are too few to judge by.
        StudioError: the pre-trained weights could not be fetched.
    """
    run = RunFolder.open(run_path)
    catalogue = images_of(run)
    random = run.config.strategy is Strategy.SCRATCH or run.config.weights == RANDOM
    judge = _by_the_chosen_model if random else _by_pretrained_features
    images, probabilities, how = yield from judge(run, catalogue, control, choose_device(device))
    control.checkpoint()
    labels = np.array([image.label for image in images])
    agreed = float((probabilities.argmax(axis=1) == labels).mean())
    if agreed < _TRUSTED:
        yield Notice(
            f"The judge agrees with only {agreed:.0%} of the labels: it knows too little to be trusted."
        )
    how = f"{how} It agrees with {agreed:.0%} of the labels."
    right = CorrectionStore().load(catalogue.root).right
    suspects = tuple(_suspect(catalogue, images[doubt.row], doubt) for doubt in doubts(labels, probabilities))
    left = tuple(one for one in suspects if right.get(one.path) != one.given)
    yield LabelsJudged(run.path, catalogue.root, len(images), how, left, len(suspects) - len(left))


Judgement = tuple[tuple[ImageRecord, ...], np.ndarray, str]  # images, their probabilities, and by what


def _suspect(catalogue: Catalogue, image: ImageRecord, doubt: Doubt) -> SuspectedLabel:
    assert image.split is not None
    return SuspectedLabel(
        image.path,
        image.split,
        catalogue.classes[image.label],
        catalogue.classes[doubt.suggested],
        doubt.given_confidence,
        doubt.suggested_confidence,
    )


# By pre-trained features


def _by_pretrained_features(
    run: RunFolder, catalogue: Catalogue, control: Control, device: torch.device
) -> Generator[Event, None, Judgement]:
    images = tuple(image for split in SPLITS for image in catalogue.of_split(split))
    folds = fold_of_each(
        [image.label for image in images], _alike(catalogue, images), catalogue.classes, run.config.seed
    )
    job = yield from _pretrained(run, catalogue, control, device)
    features = yield from _features(job, len(images), control)
    labels = np.array([image.label for image in images])
    classes = len(catalogue.classes)
    probabilities = yield from out_of_sample(features, labels, folds, classes, control)
    title = architecture(job.config.arch).title
    how = (
        f"Each image was judged by a classifier on the features of the pre-trained {title} that learned from "
        "the other images, never from this one or one that looks like it."
    )
    return images, probabilities, how


def _alike(catalogue: Catalogue, images: tuple[ImageRecord, ...]) -> list[int]:
    """A number an image, the same for those known to show the same."""
    facts = FactStore().known(catalogue.root)
    known = {
        image.path: fact
        for image in images
        if (fact := facts.get(image.path)) and fact.look and fact.look.digest.hex() == image.digest
    }
    number = {image.path: place for place, image in enumerate(images)}
    for group in groups(catalogue.images, known):
        number.update(dict.fromkeys(group.paths, number[group.paths[0]]))
    return [number[image.path] for image in images]


def _pretrained(
    run: RunFolder, catalogue: Catalogue, control: Control, device: torch.device
) -> Generator[Event, None, Job]:
    """The run's network as it was before the run, computed as the run did, all but its head frozen."""
    plain = {"strategy": Strategy.FEATURE_EXTRACTION, "stages": (), "freeze": (), "unfreeze": (), "rates": {}}
    config = run.config.model_copy(update=plain)
    try:
        compute = Compute.recorded(run.read("about.json").get("compute"), device)
    except (AttributeError, TypeError, ValueError) as error:
        raise BadInput(
            f"{run.path / 'about.json'} is damaged.", "Copy the run's whole folder again."
        ) from error
    job = yield from make_job(config, catalogue, control, resumed_with=compute)
    for event in fetch(config.arch, config.weights, control):
        if isinstance(event, WeightsReady):
            _take_pretrained(job, event.path)
        else:
            yield event
    assert isinstance(job.network, FreezableNetwork)
    job.network.apply_plan(FreezePlan(trainable=(job.network.tree.head.path,)))
    return job


def _take_pretrained(job: Job, path: Path) -> None:
    """Give the run's network all of a weights file but the head, which knows other classes."""
    source = build(job.config.arch)
    fit(source, path)
    own = job.stored.state_dict()
    tensors = {name: t for name, t in source.state_dict().items() if own[name].shape == t.shape}
    job.stored.load_state_dict(tensors, strict=False)


def _features(job: Job, total: int, control: Control) -> Generator[Event, None, np.ndarray]:
    """What the network hands to its head, ``[N, D]``, of all images, split by split."""
    parts, done = Parts(), 0
    found: list[Tensor] = []
    with (
        contextlib.closing(job.pictures),
        ThreadPoolExecutor(_THREADS, thread_name_prefix="decode") as pool,
        contextlib.closing(Inputs(job, pool, parts)) as inputs,
    ):
        for split in SPLITS:
            for batch in inputs.evaluation(split):
                control.checkpoint()
                found.append(batch.inputs.cpu().flatten(1))
                done += len(batch.rows)
                yield Progress("Describing the images", done, total)
        yield from (*inputs.notices, *parts.notices)
    return torch.cat(found).numpy()


# By the run's own model


def _by_the_chosen_model(
    run: RunFolder, catalogue: Catalogue, control: Control, device: torch.device
) -> Generator[Event, None, Judgement]:
    images = (*catalogue.of_split("val"), *catalogue.of_split("test"))
    if len({image.label for image in images}) < 2:
        raise BadInput(
            "There are too few images to judge the labels: those for validation and test are of one class.",
            "Add images, and train again.",
        )
    yield Progress("Loading the model")
    model = load_model(run, None, device)
    pictures = Pictures(catalogue, images, model.view)
    batches = list(in_batches(range(len(images)), run.config.batch_size))
    found: list[Tensor] = []
    done = 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="decode") as pool:
        for batch in image_batches(pictures, images, batches, as_is(model.view), pool):
            control.checkpoint()
            logits = infer(model.network, batch.inputs, model.compute, model.parts)
            found.append(logits.softmax(dim=1).cpu())
            done += len(batch.rows)
            yield Progress("Judging the labels", done, len(images))
    yield from model.parts.notices
    how = (
        "This network began with random weights, so only the validation and test images, which it did not "
        "learn from, were judged, by the model that validation chose."
    )
    return images, torch.cat(found).double().numpy(), how
