"""Sets of prompt templates, by what the images are."""

import dataclasses
from collections.abc import Iterator
from typing import Final

from tlstudio.errors import BadInput
from tlstudio.events import Control, Event
from tlstudio.zeroshot.events import DEFAULT_TEMPLATE

IMAGENET: Final = "imagenet"

# Titles by name, in the order in which they are offered.
TITLES: Final = {
    "photo": "Plain photo",
    IMAGENET: "ImageNet, 80 sentences",
    "satellite": "Satellite",
    "medical": "Medical",
    "texture": "Texture",
    "sketch": "Sketch",
}

_OWN: Final[dict[str, tuple[str, ...]]] = {
    "photo": (DEFAULT_TEMPLATE,),
    "satellite": (
        "a satellite image of {}.",
        "an aerial photo of {}.",
        "{} seen from above.",
        "a photo of {} taken from space.",
        "an overhead view of {}.",
        "a satellite photo showing {}.",
    ),
    "medical": (
        "a medical image of {}.",
        "a medical scan showing {}.",
        "an X-ray showing {}.",
        "a microscope image of {}.",
        "a histology slide showing {}.",
        "a clinical photo of {}.",
    ),
    "texture": (
        "a photo of a {} texture.",
        "a photo of a {} pattern.",
        "a photo of a {} surface.",
        "a close-up photo of {} material.",
        "something that looks {}.",
        "a macro photo of {}.",
    ),
    "sketch": (
        "a sketch of a {}.",
        "a drawing of a {}.",
        "a pencil drawing of a {}.",
        "a line drawing of a {}.",
        "a doodle of a {}.",
        "a {} drawn in black and white.",
    ),
}


@dataclasses.dataclass(frozen=True)
class TemplatesRead(Event):
    preset: str
    templates: tuple[str, ...]


def read_templates(preset: str, control: Control) -> Iterator[Event]:
    """One TemplatesRead; as :func:`templates_of`."""
    control.checkpoint()
    yield TemplatesRead(preset, templates_of(preset))


def templates_of(preset: str) -> tuple[str, ...]:
    """The sentences of a preset; those for ImageNet are open_clip's, whose import loads torch.

    Raises:
        BadInput: there is no such preset.
    """
    if preset == IMAGENET:
        from open_clip import OPENAI_IMAGENET_TEMPLATES

        return tuple(sentence("{}") for sentence in OPENAI_IMAGENET_TEMPLATES)
    if preset not in _OWN:
        raise BadInput(f"There is no preset '{preset}'.", f"There are: {', '.join(TITLES)}.")
    return _OWN[preset]


def preset_of(templates: tuple[str, ...]) -> str | None:
    """The preset that these sentences are, as far as that is known without open_clip."""
    return next((name for name, sentences in _OWN.items() if sentences == templates), None)
