"""A lab's entries that ask CLIP: zero-shot, and a linear probe on its image vectors."""

import time
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tlstudio.data.catalogue import SPLITS, Catalogue, Split
from tlstudio.errors import BadInput
from tlstudio.evaluation.lab_config import LabEntry
from tlstudio.evaluation.lab_runs import Outcome
from tlstudio.evaluation.lab_store import LabFolder
from tlstudio.evaluation.lab_watch import Watch
from tlstudio.evaluation.metrics import NONE
from tlstudio.events import Control, Event, Progress
from tlstudio.zeroshot.classify import embed_images
from tlstudio.zeroshot.events import Clip, ImagesEmbedded, Question, Vectors, ZeroShotFinished
from tlstudio.zeroshot.few_shot_heads import LinearProbe
from tlstudio.zeroshot.labelled import question_about
from tlstudio.zeroshot.models import LoadedClip, load_clip
from tlstudio.zeroshot.text import ask

_JUDGED: tuple[Split, Split] = ("val", "test")

Rows = NDArray[np.intp]


class _Examples:
    """A catalogue's images in CLIP's space, split by split; what could not be read has no vector."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.known = True  # whether all vectors were there from before
        self._catalogue = catalogue
        self.vectors: dict[Split, Vectors] = {}
        self._rows: dict[Split, Rows] = {}

    def embed(
        self, clip: LoadedClip, splits: Sequence[Split], control: Control
    ) -> Generator[Event, None, None]:
        """
        Raises:
            BadInput: no image of a split can be read.
        """
        for split in splits:
            files = {
                self._catalogue.file(image): row for row, image in enumerate(self._catalogue.of_split(split))
            }
            paths, self.vectors[split] = yield from self._embedded(clip, tuple(files), control)
            if not paths:
                raise BadInput(
                    f"None of the {split} images in {self._catalogue.root} can be read.",
                    "Put them back, or begin a new lab.",
                )
            self._rows[split] = np.array([files[path] for path in paths], np.intp)

    def _embedded(
        self, clip: LoadedClip, files: tuple[Path, ...], control: Control
    ) -> Generator[Event, None, tuple[list[Path], Vectors]]:
        paths, parts = list[Path](), [np.empty((0, clip.ready.dimensions), np.float32)]
        for event in embed_images(clip, files, control):
            match event:
                case ImagesEmbedded():
                    paths += event.paths
                    parts.append(event.vectors)
                case ZeroShotFinished():
                    self.known = self.known and event.known == event.images
                case _:
                    yield event
        return paths, np.concatenate(parts)

    def labels(self, split: Split) -> Rows:
        """Of the images that could be read."""
        images = self._catalogue.of_split(split)
        return np.array([images[row].label for row in self._rows[split]], np.intp)

    def spread(self, split: Split, answers: Rows) -> Rows:
        """The answers at their images' places; there is none for what could not be read."""
        whole = np.full(len(self._catalogue.of_split(split)), NONE, np.intp)
        whole[self._rows[split]] = answers
        return whole


def carry_out_clip(lab: LabFolder, entry: LabEntry, control: Control) -> Generator[Event, None, Outcome]:
    """Ask CLIP about the lab's images; yields what loading, reading and embedding tell.

    Raises:
        BadInput: the model, its weights or the images cannot be used.
        StudioError: the weights cannot be had.
        Stopped: the control was told to stop.
    """
    choice = lab.config.clip
    assert choice is not None, "the plan has a CLIP where an entry asks one"
    catalogue = lab.images_for(entry.data)
    started = time.monotonic()
    examples = _Examples(catalogue)
    with Watch() as watch:
        clip = yield from load_clip(Clip(choice.model, choice.pretrained, lab.config.base.device), control)
        if entry.kind == "zero-shot":
            said = yield from _zero_shot(examples, catalogue, clip, choice.templates, control)
        else:
            said = yield from _linear_probe(examples, clip, control)
    answers, val_top1, weights = said
    seconds = time.monotonic() - started
    return Outcome(
        answers,
        val_top1,
        seconds,
        watch.cpu_seconds,
        weights,
        watch.peak_mb,
        known=examples.known,
    )


_Said = tuple[Rows, float, int]  # answers about the test images, validation top-1, trained parameters


def _zero_shot(
    examples: _Examples, catalogue: Catalogue, clip: LoadedClip, templates: tuple[str, ...], control: Control
) -> Generator[Event, None, _Said]:
    question = question_about(catalogue.classes, Question((), templates))
    asked = yield from ask(clip, question, control)
    yield from examples.embed(clip, _JUDGED, control)
    val, test = (
        examples.spread(split, (examples.vectors[split] @ asked.vectors.T).argmax(axis=1))
        for split in _JUDGED
    )
    truth = np.array([image.label for image in catalogue.of_split("val")])
    return test, float(np.mean(val == truth)), 0


def _linear_probe(examples: _Examples, clip: LoadedClip, control: Control) -> Generator[Event, None, _Said]:
    yield from examples.embed(clip, SPLITS, control)
    vectors, known = examples.vectors, examples.labels("train")
    classes = len(np.unique(known))
    if classes < 2:
        raise BadInput("A linear probe needs training images of two classes.", "Learn from more images.")
    yield Progress("Fitting the linear probe")
    head = LinearProbe(vectors["train"], known, vectors["val"], examples.labels("val"), control)
    answers = examples.spread("test", head.predict(vectors["test"]))
    return answers, float(head.val_top1), (vectors["train"].shape[1] + 1) * classes
