"""What zero-shot classification is asked and what it answers, known without torch."""

import dataclasses
from pathlib import Path

from tlstudio.events import Event

DEFAULT_TEMPLATE = "a photo of a {}."


@dataclasses.dataclass(frozen=True)
class ZeroShotRequest:
    """Which images, which classes, said how, to which model.

    ``pretrained`` is a tag of open_clip, the path of a weights file, or "none" for random weights;
    ``model`` is a name of open_clip, the path of a model configuration as JSON, or ``local-dir:`` with a
    folder.
    """

    images: tuple[Path, ...]  # files, or folders searched for images
    classes: tuple[str, ...]
    templates: tuple[str, ...] = (DEFAULT_TEMPLATE,)
    model: str = "ViT-B-32"
    pretrained: str = "laion2b_s34b_b79k"
    device: str = "auto"
    batch_size: int = 16


@dataclasses.dataclass(frozen=True)
class PromptsEmbedded(Event):
    """The sentences that reached CLIP, by class; ``cut`` names classes whose prompt exceeds its context."""

    prompts: dict[str, tuple[str, ...]]
    cut: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class ZeroShotFinished(Event):
    images: int
    skipped: int
    seconds: float
