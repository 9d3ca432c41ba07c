"""The options that say which CLIP is asked and in what words, shared by the commands that ask one."""

from typing import Annotated

import typer

from tlstudio.zeroshot.catalogue import first_choice, weights_of
from tlstudio.zeroshot.events import DEFAULT_TEMPLATE, Clip

Template = Annotated[
    list[str] | None,
    typer.Option(
        help=f"The prompt; {{}} is the class. May be repeated.  [default: {DEFAULT_TEMPLATE}]",
        metavar="<str>",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        help="A model of open_clip, a model configuration as a JSON file, or demo for the bundled one.  "
        "[default: the best that is on this machine, else demo]",
        metavar="<str>",
    ),
]
Pretrained = Annotated[
    str | None,
    typer.Option(
        help="Its pretrained tag, a weights file, or none for random weights.  [default: the usual ones]",
        metavar="<str>",
    ),
]


def clip_of(model: str | None, pretrained: str | None, device: str) -> Clip:
    """The model that is asked for, or the best that is on this machine."""
    if model is None and pretrained is None:
        best = first_choice()
        model, pretrained = best.model, best.pretrained
    model = model or Clip.model
    return Clip(model, pretrained or weights_of(model) or Clip.pretrained, device)


def templates_of(given: list[str] | None) -> tuple[str, ...]:
    return tuple(given or (DEFAULT_TEMPLATE,))


def classes_of(given: str | None) -> tuple[str, ...]:
    """Class names between commas; none where the folder's are meant."""
    return tuple(given.split(",")) if given is not None else ()
