"""The engine calls that ask CLIP or trained models about images; see engine.py for how they are made."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from tlstudio.events import Control, Event
from tlstudio.inference.events import Member, PredictRequest
from tlstudio.inference.results import Answers
from tlstudio.ui.engine import torch_loaded
from tlstudio.zeroshot.events import Clip, Question, QuestionRead, Rescored, Vectors, ZeroShotRequest
from tlstudio.zeroshot.few_shot_events import FewShotRequest
from tlstudio.zeroshot.measure_events import Measured, MeasureRequest, TemplatesMeasured
from tlstudio.zeroshot.measure_tables import What
from tlstudio.zeroshot.search import Query
from tlstudio.zeroshot.text import Prompts


def classify_in_batches(request: ZeroShotRequest, known: Vectors, control: Control) -> Iterator[Event]:
    """The events of zeroshot.classify_in_batches; after QuestionRead one Rescored for ``known`` images.

    ``known`` are vectors of the same model, shape (images, dimensions), none or more.
    """
    with torch_loaded():
        from tlstudio.zeroshot.classify import classify_in_batches as call
        from tlstudio.zeroshot.scoring import score

    for event in call(request, control):
        yield event
        if isinstance(event, QuestionRead) and len(known):
            yield Rescored(score(known, event.asked))


def ask_again(vectors: Vectors, question: Question, clip: Clip, control: Control) -> Iterator[Event]:
    """QuestionRead, then Rescored, for images that the same model embedded before."""
    with torch_loaded():
        from tlstudio.zeroshot.classify import ask_again as call

    return call(vectors, question, clip, control)


def read_templates(preset: str, control: Control) -> Iterator[Event]:
    """One TemplatesRead with the sentences of a preset."""
    with torch_loaded():
        from tlstudio.zeroshot.templates import read_templates as call

        found = tuple(call(preset, control))  # imports open_clip
    yield from found


def predict_in_batches(request: PredictRequest, control: Control) -> Iterator[Event]:
    """ModelsReady, then ImagesPredicted, ImageSkipped and Progress, and one PredictionFinished."""
    with torch_loaded():
        from tlstudio.inference.predict import predict_in_batches as call

    return call(request, control)


def measure_ensemble(members: Sequence[Member], control: Control) -> Iterator[Event]:
    """Progress and Notice, then one EnsembleMeasured or EnsembleNotMeasured."""
    with torch_loaded():
        from tlstudio.inference.ensemble import measure_ensemble as call

    return call(members, control)


def explain_file(member: Member, file: Path, target: str, control: Control) -> Iterator[Event]:
    """Progress and Downloaded, then one Explained of any image file."""
    with torch_loaded():
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
    with torch_loaded():
        from tlstudio.zeroshot.classify import embed_images as call
        from tlstudio.zeroshot.models import load_clip

    loaded = yield from load_clip(clip, control)
    yield from call(loaded, images, control)


def search_embedded(
    paths: Sequence[Path], vectors: Vectors, query: Query, clip: Clip, control: Control
) -> Iterator[Event]:
    """What loading tells, then one Found, of images that the same model embedded before."""
    with torch_loaded():
        from tlstudio.zeroshot.search import search_embedded as call

    return call(paths, vectors, query, clip, control)


def find_matches(image: Path, captions: Prompts, clip: Clip, control: Control) -> Iterator[Event]:
    """What loading tells, then a MatchFound for each caption."""
    with torch_loaded():
        from tlstudio.zeroshot.explain import where as call

    return call(image, captions, clip, control)


def compare_captions(
    images: Sequence[Path], captions: Prompts, clip: Clip, control: Control
) -> Iterator[Event]:
    """What loading tells, then one SimilaritiesFound."""
    with torch_loaded():
        from tlstudio.zeroshot.explain import similarities as call

    return call(images, captions, clip, control)


def draw_map(vectors: Vectors, captions: Prompts, clip: Clip, control: Control) -> Iterator[Event]:
    """What loading tells, then one MapDrawn, of images that the same model embedded before."""
    with torch_loaded():
        from tlstudio.zeroshot.explain import draw_map as call

    return call(vectors, captions, clip, control)


def measure_zero_shot(request: MeasureRequest, control: Control) -> Iterator[Event]:
    """What loading tells, one ClassesMatched, then Measured and TemplatesMeasured of a labelled folder."""
    with torch_loaded():
        from tlstudio.zeroshot.measure import measure_zero_shot as call

    return call(request, control)


def few_shots(request: FewShotRequest, control: Control) -> Iterator[Event]:
    """What loading tells, one FewShotsBegun, FewShotPoints and TrainedPoints, then one FewShotsFinished."""
    with torch_loaded():
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
    with torch_loaded():
        from tlstudio.zeroshot.models import published_names as call

    control.checkpoint()
    yield ClipNames(call())
