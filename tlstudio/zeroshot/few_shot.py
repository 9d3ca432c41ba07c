"""From no label to all of them: zero-shot, two heads that learn from few images, and the trained runs."""

import dataclasses
import time
from collections.abc import Generator, Iterator

import numpy as np

from tlstudio.config import RunConfig, Strategy
from tlstudio.data.catalogue import SPLITS, Catalogue, ImageRecord, Split
from tlstudio.data.contents import note_contents
from tlstudio.data.split import with_fewer
from tlstudio.errors import BadInput, StudioError
from tlstudio.evaluation.metrics import proportion
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.runs.index import RunIndex, RunRow
from tlstudio.runs.store import RunFolder
from tlstudio.training.setup import divided_catalogue
from tlstudio.zeroshot.classify import embedded
from tlstudio.zeroshot.events import Vectors
from tlstudio.zeroshot.few_shot_events import (
    FewShotPoint,
    FewShotRequest,
    FewShotsBegun,
    FewShotsFinished,
    Method,
    TrainedPoint,
    reading,
)
from tlstudio.zeroshot.few_shot_heads import Cache, Head, LinearProbe, TipAdapter, Whole
from tlstudio.zeroshot.labelled import question_about
from tlstudio.zeroshot.models import load_clip
from tlstudio.zeroshot.text import ask

_MOST_RUNS = 200  # that are looked at, the newest


def few_shots(request: FewShotRequest, control: Control) -> Iterator[Event]:
    """Learn from 1, 2, 4, ... images a class, and test on what a run with this division is tested on.

    Validation chooses what each head is made with, the test images judge each once. Yields Progress, Notice
    and what loading tells, one FewShotsBegun, an ImageSkipped for each image that cannot be read, the
    FewShotPoints from zero-shot to all training images, a TrainedPoint for each run that was tested on the
    same images, then FewShotsFinished.

    Raises:
        BadInput: folder, question, model or device cannot be used.
        StudioError: the weights cannot be had.
        Stopped: the control was told to stop.
    """
    started = time.perf_counter()
    _check(request)
    data = request.data.model_copy(update={"per_class": None})  # all there are: fewer are drawn below
    catalogue = yield from divided_catalogue(RunConfig(data=data), control)
    catalogue = yield from note_contents(catalogue, control)
    clip = yield from load_clip(request.clip, control)
    asked = yield from ask(clip, question_about(catalogue.classes, request.question), control)
    examples = _Examples(catalogue, asked.vectors, asked.logit_scale)
    images = {catalogue.file(image): image for split in SPLITS for image in catalogue.of_split(split)}
    paths, vectors = yield from embedded(clip, tuple(images), control)
    examples.take([images[path] for path in paths], vectors)
    shots = yield from _possible(request.shots, examples)
    counts = {split: len(examples.labels[split]) for split in SPLITS}
    # A cache of thousands of images is none; but where all are few it gets them too.
    few = len(shots) < len(set(request.shots))
    of_all: tuple[Method, ...] = ("tip-adapter", "linear-probe") if few else ("linear-probe",)
    total = 1 + 2 * len(shots) * request.seeds + len(of_all)
    yield FewShotsBegun(catalogue.root, clip.ready.title, catalogue.classes, **counts, points=total)
    points: list[FewShotPoint] = []
    for point in examples.points(shots, request.seeds, of_all, control):
        points.append(point)
        yield Progress("Learning from few images", len(points), total)
        yield point
    trained = list(_trained(catalogue, control))
    yield from trained
    yield FewShotsFinished(*reading(points, trained), time.perf_counter() - started)


def _check(request: FewShotRequest) -> None:
    if not request.shots or min(request.shots) < 1:
        raise BadInput(
            f"{', '.join(map(str, request.shots)) or 'Nothing'} cannot be numbers of images a class.",
            "Give whole numbers from 1 on, such as 1,2,4,8,16.",
        )
    if request.seeds < 1:
        raise BadInput(f"There cannot be {request.seeds} draws.", "Ask for at least one.")


class _Examples:
    """Vectors and labels by split, and the heads that learn from them."""

    def __init__(self, catalogue: Catalogue, text: Vectors, scale: float) -> None:
        self._catalogue = catalogue
        self.labels: dict[Split, Whole] = {}
        self._vectors: dict[Split, Vectors] = {}
        self._text, self._scale = text, scale

    def take(self, images: list[ImageRecord], vectors: Vectors) -> None:
        """
        Raises:
            BadInput: a split has no image that can be read, or training images are of one class alone.
        """
        self._catalogue = dataclasses.replace(self._catalogue, images=tuple(images))
        for split in SPLITS:
            rows = [row for row, image in enumerate(images) if image.split == split]
            self.labels[split] = np.array([images[row].label for row in rows], np.intp)
            self._vectors[split] = vectors[rows]
        root = self._catalogue.root
        if not all(map(len, self.labels.values())) or len(np.unique(self.labels["train"])) < 2:
            raise BadInput(
                f"Too few images in {root} can be read to learn from some and test on others.",
                "Mend the images that were skipped, or choose another folder.",
            )

    @property
    def largest(self) -> int:
        """Training images of the class with most of them."""
        return int(np.bincount(self.labels["train"]).max())

    @property
    def smallest(self) -> tuple[str, int]:
        """The class with the fewest training images, and how many."""
        counts = np.bincount(self.labels["train"], minlength=len(self._catalogue.classes))
        return self._catalogue.classes[counts.argmin()], int(counts.min())

    def points(
        self, shots: tuple[int, ...], seeds: int, methods_of_all: tuple[Method, ...], control: Control
    ) -> Iterator[FewShotPoint]:
        yield self._zero_shot()
        for count in shots:
            for seed in range(seeds):
                rows = self._drawn(count, seed)
                for method in ("tip-adapter", "linear-probe"):
                    yield self._learned(method, count, seed, rows, control)
        everything = np.arange(len(self.labels["train"]))
        for method in methods_of_all:
            yield self._learned(method, None, 0, everything, control)

    def _drawn(self, shots: int, seed: int) -> Whole:
        """Rows of the training images: those that a run with so many images a class draws, too."""
        drawn = with_fewer(self._catalogue, shots, seed).of_split("train")
        paths = {image.path for image in drawn}
        train = self._catalogue.of_split("train")
        return np.array([row for row, image in enumerate(train) if image.path in paths], np.intp)

    def _zero_shot(self) -> FewShotPoint:
        started = time.perf_counter()
        right = {
            split: (self._vectors[split] @ self._text.T).argmax(axis=1) == self.labels[split]
            for split in ("val", "test")
        }
        seconds = time.perf_counter() - started
        val = float(np.mean(right["val"]))
        return FewShotPoint("zero-shot", 0, 0.0, 0, {}, val, proportion(right["test"]), seconds)

    def _learned(
        self, method: Method, shots: int | None, seed: int, rows: Whole, control: Control
    ) -> FewShotPoint:
        started = time.perf_counter()
        known, labels = self._vectors["train"][rows], self.labels["train"][rows]
        val = self._vectors["val"], self.labels["val"]
        head: Head
        if method == "tip-adapter":
            head = TipAdapter(Cache(known, labels, self._text, self._scale), *val, control)
        else:
            head = LinearProbe(known, labels, *val, control)
        seconds = time.perf_counter() - started
        control.checkpoint()
        right = head.predict(self._vectors["test"]) == self.labels["test"]
        per_class = len(rows) / len(self._catalogue.classes)
        return FewShotPoint(
            method, shots, per_class, seed, head.chosen, head.val_top1, proportion(right), seconds
        )


def _possible(shots: tuple[int, ...], examples: _Examples) -> Generator[Event, None, tuple[int, ...]]:
    """The numbers of images a class that differ from one another; says where a class has too few."""
    wanted = tuple(sorted(set(shots)))
    # From as many as the largest class has, every draw is the same: all of them.
    there = tuple(count for count in wanted if count < examples.largest)
    if len(there) < len(wanted):
        left = ", ".join(map(str, wanted[len(there) :]))
        yield Notice(f"No class has more than {examples.largest} training images: {left} a class are all.")
    name, smallest = examples.smallest
    if there and smallest < there[-1]:
        yield Notice(
            f"{name} has {smallest} training images: all of them are taken where more are asked for."
        )
    return there


# Runs


def _trained(catalogue: Catalogue, control: Control) -> Iterator[TrainedPoint]:
    """The runs that were tested on the same images: theirs is a point of the same curve."""
    try:
        rows = RunIndex().rows()[:_MOST_RUNS]
    except StudioError:  # the curve is worth something without them
        return
    fingerprint, tested = catalogue.fingerprint(), _test_images(catalogue)
    for row in rows:
        control.checkpoint()
        if row.test_top1 is None or row.status != "finished":
            continue
        theirs = _catalogue_of(row, fingerprint, catalogue)
        if theirs is not None and (theirs is catalogue or _test_images(theirs) == tested):
            yield _point(row, theirs)


def _catalogue_of(row: RunRow, fingerprint: str, ours: Catalogue) -> Catalogue | None:
    """The images of a run; ``ours`` where they are the same."""
    try:
        run = RunFolder.open(row.path)
        if run.read("about.json")["data_fingerprint"] == fingerprint:
            return ours
        if run.read("about.json")["classes"] != list(ours.classes):
            return None
        return Catalogue.from_json(run.read("split.json"))
    except (StudioError, KeyError, TypeError):  # a damaged run is no point
        return None


def _test_images(catalogue: Catalogue) -> list[tuple[str, str]]:
    """What was tested and as which class; a digest says what an image holds, whatever its name."""
    images = catalogue.of_split("test")
    return sorted((image.digest or image.path, catalogue.classes[image.label]) for image in images)


def _point(row: RunRow, catalogue: Catalogue) -> TrainedPoint:
    assert row.test_top1 is not None
    learned = 0 if row.strategy == Strategy.AS_IS else len(catalogue.of_split("train"))
    tested = len(catalogue.of_split("test"))
    right = np.arange(tested) < round(row.test_top1 * tested)
    per_class = learned / len(catalogue.classes)
    return TrainedPoint(row.path, row.arch, row.strategy, per_class, proportion(right), row.seconds)
