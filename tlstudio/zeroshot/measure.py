"""How good zero-shot is on a labelled folder, and which of the prompts are to thank for it."""

import dataclasses
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tlstudio.config import RunConfig
from tlstudio.data.catalogue import Catalogue, ImageRecord
from tlstudio.data.corrections import corrected
from tlstudio.errors import BadInput
from tlstudio.evaluation.metrics import compare, measure, proportion
from tlstudio.events import Control, Event, Progress
from tlstudio.inference.results import NONE, winners
from tlstudio.training.setup import checked_images, divided_catalogue
from tlstudio.zeroshot.classify import embedded
from tlstudio.zeroshot.events import Asked, Question, Vectors
from tlstudio.zeroshot.labelled import Matched, match, question_about
from tlstudio.zeroshot.measure_events import (
    ClassesMatched,
    Confused,
    Measured,
    MeasureRequest,
    TemplateScore,
    TemplatesMeasured,
)
from tlstudio.zeroshot.models import LoadedClip, load_clip
from tlstudio.zeroshot.scoring import score
from tlstudio.zeroshot.text import NEUTRAL, ask, embed_sentences, prompts_for, sentences, words_of

_AT_ONCE = 4096  # images scored together, or a thousand classes would not fit into memory
_MOST_CONFUSED = 20

Whole = NDArray[np.intp]


def measure_zero_shot(request: MeasureRequest, control: Control) -> Iterator[Event]:
    """Ask about every image of a labelled folder, and compare the answers with its labels.

    A question without classes is asked about those of the folder, by their names.
    Yields Progress, Notice and what loading tells, one ClassesMatched, QuestionRead, an ImageSkipped for each
    image that cannot be read, then Measured and TemplatesMeasured.

    Raises:
        BadInput: folder, question, model or device cannot be used, or no class has the name of another.
        StudioError: the weights cannot be had.
        Stopped: the control was told to stop.
    """
    started, question = time.perf_counter(), request.question
    if question.classes:
        prompts_for(question)  # what is wrong with it is said before anything is read
    catalogue, images = yield from _images(request, control)
    if not question.classes:
        names = question_about(catalogue.classes, question).classes
        question = dataclasses.replace(question, classes=names)
    matched = match(catalogue.classes, question)
    images = yield from _matching(catalogue, images, matched, question)
    clip = yield from load_clip(request.clip, control)
    asked = yield from ask(clip, question, control)
    columns = {catalogue.file(image): matched.columns[image.label] for image in images}
    paths, vectors = yield from embedded(clip, tuple(columns), control)
    if not paths:
        raise BadInput(f"None of the images in {catalogue.root} can be read.", "Choose another folder.")
    labels = np.array([columns[path] for path in paths])
    classes, probabilities, answers = _answers(vectors, asked, len(question.classes))
    metrics = measure(labels, probabilities, answers)
    yield Measured(
        title=clip.ready.title,
        root=catalogue.root,
        part=request.part,
        classes=classes,
        metrics=metrics,
        confused=_confused(np.array(metrics.confusion), classes, asked.vectors),
        paths=paths,
        labels=tuple(labels.tolist()),
        answers=tuple(answers.tolist()),
        confidences=tuple(probabilities.max(axis=1).tolist()),
        skipped=len(columns) - len(paths),
        seconds=time.perf_counter() - started,
    )
    yield from _templates(clip, question, asked, vectors, labels, control)


def _images(
    request: MeasureRequest, control: Control
) -> Generator[Event, None, tuple[Catalogue, tuple[ImageRecord, ...]]]:
    """The folder and the images of the part that was asked for; only where it is one it is divided."""
    if request.part != "all":
        catalogue = yield from divided_catalogue(RunConfig(data=request.data), control)
        return catalogue, catalogue.of_split(request.part)
    checked = yield from checked_images(request.data, control)
    catalogue = corrected(checked.catalogue, request.data.corrections)
    return catalogue, catalogue.images


def _matching(
    catalogue: Catalogue, images: Sequence[ImageRecord], matched: Matched, question: Question
) -> Generator[Event, None, tuple[ImageRecord, ...]]:
    """The images whose class is asked for; tells which are not.

    Raises:
        BadInput: there is none.
    """
    counts = Counter(image.label for image in images)
    there = tuple(image for image in images if matched.columns[image.label] != NONE)
    if not there:
        mine, theirs = (_some(names) for names in (question.classes, catalogue.classes))
        raise BadInput(
            f"No class has the name of a class of {catalogue.root}: you ask for {mine}, "
            f"its images are labelled {theirs}.",
            "Name the classes as the folder does, or put its name beside yours: sofa | couch.",
        )
    left_out = {name: counts[catalogue.classes.index(name)] for name in matched.unasked}
    yield ClassesMatched(len(there), left_out, matched.unlabelled)
    return there


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _answers(
    vectors: Vectors, asked: Asked, classes: int
) -> tuple[tuple[str, ...], NDArray[np.float32], Whole]:
    """The classes without "something else", their scores, and the answers, of which that is none."""
    scores = np.concatenate([score(part, asked) for part in _parts(vectors)])
    best = _without_others(winners(scores, asked), classes)
    return asked.classes[:classes], scores[:, :classes], best


def _without_others(best: Whole, classes: int) -> Whole:
    return np.where(best < classes, best, NONE)


def _parts(vectors: Vectors) -> Iterator[Vectors]:
    return (vectors[start : start + _AT_ONCE] for start in range(0, len(vectors), _AT_ONCE))


def _confused(matrix: Whole, classes: Sequence[str], vectors: Vectors) -> tuple[Confused, ...]:
    wrong = matrix[:, :-1].copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_CONFUSED]
    found: list[Confused] = []
    for row, column in (divmod(int(place), wrong.shape[1]) for place in order):
        images = int(wrong[row, column])
        if images:
            share, alike = images / int(matrix[row].sum()), float(vectors[row] @ vectors[column])
            found.append(Confused(classes[row], classes[column], images, share, alike))
    return tuple(found)


# Templates


def _templates(
    clip: LoadedClip, question: Question, asked: Asked, vectors: Vectors, labels: Whole, control: Control
) -> Generator[Event, None, None]:
    """What each template does, by arithmetic on the vectors of the sentences, all of which are known."""
    sums = yield from _sums(clip, question, asked, control)
    total, classes = sums.sum(axis=0), len(question.classes)

    def answers(summed: NDArray[np.float64]) -> Whole:
        control.checkpoint()
        variant = _variant(asked, summed)
        best = [winners(score(part, variant), variant) for part in _parts(vectors)]
        return _without_others(np.concatenate(best), classes)

    together = answers(total)
    found: list[TemplateScore] = []
    for number, template in enumerate(question.templates):
        yield Progress("Comparing the templates", number, len(question.templates))
        alone = proportion(answers(sums[number]) == labels)
        if len(question.templates) == 1:
            found.append(TemplateScore(template, alone))
            continue
        without = answers(total - sums[number])
        gain = compare(labels, together, without).difference
        found.append(TemplateScore(template, alone, proportion(without == labels), gain))
    yield TemplatesMeasured(proportion(together == labels), tuple(found))


def _sums(
    clip: LoadedClip, question: Question, asked: Asked, control: Control
) -> Generator[Event, None, NDArray[np.float64]]:
    """For each template the sums of a class's words, ``[templates, classes + 1, dimensions]``.

    The last row is what anything at all is, against which independent classes are judged.
    """
    others = [word for name in question.others for word in words_of(name)]
    words = [words_of(name) for name in question.classes]
    if others:
        words.append(tuple(others))
    neutral = tuple(others) or NEUTRAL
    assert len(words) == len(asked.classes)
    rows = [*words, neutral]
    texts = [sentences(row, [template]) for template in question.templates for row in rows]
    known = yield from embed_sentences(clip, [text for row in texts for text in row], control)
    summed = [np.sum([known[text] for text in row], axis=0, dtype=np.float64) for row in texts]
    return np.reshape(summed, (len(question.templates), len(rows), -1))


def _variant(asked: Asked, summed: NDArray[np.float64]) -> Asked:
    """The question with other vectors: the directions of these sums."""
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    unit = (summed / np.maximum(length, np.finfo(np.float64).tiny)).astype(np.float32)
    return dataclasses.replace(asked, vectors=unit[:-1], neutral=unit[-1:])
