"""`zero-shot`: images into classes that were never trained, kept as a table or copied into folders too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from tlstudio.cli.clip_options import Model, Pretrained, Template, classes_of, clip_of, templates_of
from tlstudio.cli.faces import show_all
from tlstudio.cli.guard import DONE, guarded, interruptible
from tlstudio.cli.options import Device, Json
from tlstudio.errors import BadInput
from tlstudio.events import Control, Event
from tlstudio.inference.events import ImageClassified, ImageSkipped
from tlstudio.inference.results import Answers
from tlstudio.zeroshot.class_file import read_classes
from tlstudio.zeroshot.events import Asked, Question, QuestionRead, ZeroShotRequest
from tlstudio.zeroshot.templates import TITLES
from tlstudio.zeroshot.templates import templates_of as preset_sentences

_PRESETS = ", ".join(TITLES)


@guarded
def zero_shot(
    images: Annotated[list[Path], typer.Argument(help="Images, or folders of them.", metavar="PATH")],
    classes: Annotated[
        str | None,
        typer.Option(
            help='Class names, separated by commas; "sofa|couch" is one with two names.', metavar="<str>"
        ),
    ] = None,
    classes_file: Annotated[
        Path | None, typer.Option(help="A text file with a class a line.", metavar="FILE")
    ] = None,
    template: Template = None,
    preset: Annotated[
        str | None, typer.Option(help=f"Prompts by what the images are: {_PRESETS}.", metavar="<str>")
    ] = None,
    something_else: Annotated[
        str | None,
        typer.Option(help="Words, separated by commas, for what is none of the classes.", metavar="<str>"),
    ] = None,
    none_below: Annotated[
        float, typer.Option(help="An image without a score so high shows none of the classes.", min=0, max=1)
    ] = 0,
    independent: Annotated[
        bool, typer.Option("--independent", help="Judge each class by itself: an image may show several.")
    ] = False,
    csv: Annotated[
        Path | None, typer.Option(help="Write the results to this file too.", metavar="FILE")
    ] = None,
    copy_to: Annotated[
        Path | None,
        typer.Option(help="Copy each image into the folder of its class beneath this one.", metavar="FOLDER"),
    ] = None,
    model: Model = None,
    pretrained: Pretrained = None,
    device: Device = "auto",
    json: Json = False,
) -> int:
    """Classify images into classes that were never trained, with CLIP."""
    names = _classes(classes, classes_file)
    if template and preset:
        raise BadInput("--template and --preset both say what the prompts are.", "Give one of them.")
    templates = preset_sentences(preset) if preset else templates_of(template)
    others = tuple(something_else.split(",")) if something_else else ()
    question = Question(names, templates, others, independent, none_below)
    request = ZeroShotRequest(tuple(images), question, clip_of(model, pretrained, device))
    with interruptible() as control:
        show_all(_all(request, csv, copy_to, control), as_json=json)
    return DONE


def _classes(listed: str | None, file: Path | None) -> tuple[str, ...]:
    if listed is None and file is None:
        raise BadInput("Missing option '--classes' or '--classes-file'.", "Name what the images may show.")
    return classes_of(listed) + (read_classes(file) if file is not None else ())


def _all(
    request: ZeroShotRequest, csv: Path | None, copy_to: Path | None, control: Control
) -> Iterator[Event]:
    """What classifying tells, then what keeping it tells."""
    from tlstudio.inference.sort_out import save_csv, sort_out
    from tlstudio.zeroshot.classify import classify

    asked: Asked | None = None
    found: list[ImageClassified] = []
    unread: list[tuple[Path, str]] = []
    for event in classify(request, control):
        match event:
            case QuestionRead():
                asked = event.asked
            case ImageClassified() if csv or copy_to:
                found.append(event)
            case ImageSkipped(path, reason):
                unread.append((path, reason))
            case _:
                pass
        yield event
    if asked is None or not (csv or copy_to):
        return
    answers = _answers(found, unread, asked)
    if csv is not None:
        yield from save_csv(answers, csv, control)
    if copy_to is not None:
        yield from sort_out(answers, copy_to, control)


def _answers(found: list[ImageClassified], unread: list[tuple[Path, str]], asked: Asked) -> Answers:
    scores = [[one.probabilities[name] for name in asked.classes] for one in found]
    shape = (len(found), len(asked.classes))
    paths = tuple(one.path for one in found)
    return Answers(paths, np.array(scores, np.float32).reshape(shape), asked, tuple(unread))
