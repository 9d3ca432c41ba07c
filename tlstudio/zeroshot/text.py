"""Class names, said in sentences, become directions in CLIP's space."""

import unicodedata
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from tlstudio.errors import BadInput
from tlstudio.events import Control, Event, Progress

if TYPE_CHECKING:
    from torch import Tensor

    from tlstudio.zeroshot.models import LoadedClip

Prompts = dict[str, tuple[str, ...]]

_SLOT = "{}"
_BATCH = 64  # prompts embedded at once
_KEPT = 20_000  # embeddings kept a model, at about 2 KB each


def prompts_for(classes: Sequence[str], templates: Sequence[str]) -> Prompts:
    """The sentences by class, class names stripped of spare spaces.

    Raises:
        BadInput: fewer than two class names, an empty or repeated one (case ignored), no template, or one
            without ``{}``.
    """
    if not templates:
        raise BadInput("There is no prompt template.", f"Give at least one, such as 'a photo of a {_SLOT}.'.")
    for template in templates:
        if _SLOT not in template:
            raise BadInput(
                f"The template '{template}' has no place for the class name.",
                f"Put {_SLOT} where it belongs, as in 'a photo of a {_SLOT}.'.",
            )
    names = [" ".join(name.split()) for name in classes]
    _check_names(names)
    return {name: tuple(template.replace(_SLOT, name) for template in templates) for name in names}


def embed(clip: "LoadedClip", prompts: Prompts, control: Control) -> Generator[Event, None, "Tensor"]:
    """A unit vector a class, shape (classes, dimensions): the mean of its prompts' unit vectors, normalised.

    Prompts that this model has embedded before are not embedded again.
    """
    import torch

    known = clip.text_cache
    missing = list(dict.fromkeys(text for texts in prompts.values() for text in texts if text not in known))
    for start in range(0, len(missing), _BATCH):
        yield Progress("Reading the class names", start, len(missing))
        control.checkpoint()
        batch = missing[start : start + _BATCH]
        known.update(zip(batch, clip.embed_texts(batch), strict=True))
    with torch.inference_mode():
        means = torch.stack(
            [torch.stack([known[text] for text in texts]).mean(dim=0) for texts in prompts.values()]
        )
        vectors = means / means.norm(dim=1, keepdim=True)
    while len(known) > _KEPT:
        del known[next(iter(known))]
    return vectors


def cut_classes(clip: "LoadedClip", prompts: Prompts) -> tuple[str, ...]:
    """The classes with a prompt longer than the model reads; its end does not reach the model."""
    return tuple(
        name
        for name, texts in prompts.items()
        if any(_tokens(clip.tokenizer, text) > clip.context_length for text in texts)
    )


def _check_names(names: list[str]) -> None:
    if not names:
        raise BadInput("There are no class names.", "Name at least two things that may be in the images.")
    if not all(names):
        raise BadInput("A class name is empty.", "Fill it in or take it out.")
    seen: dict[str, str] = {}
    for name in names:
        key = unicodedata.normalize("NFKC", name).casefold()
        if key in seen:
            raise BadInput(f"The class '{name}' is there twice.", "Name each class once.")
        seen[key] = name
    if len(names) < 2:
        raise BadInput(
            f"'{names[0]}' is the only class, so every image would be one with certainty.",
            "Name at least one more, such as 'something else'.",
        )


def _tokens(tokenizer: Any, text: str) -> int:
    """Tokens of a prompt, those that mark its start and end included."""
    if hasattr(tokenizer, "encode"):  # CLIP's own; it counts without the marks
        return len(tokenizer.encode(text)) + 2
    return len(tokenizer.tokenizer(text).input_ids)
