"""What zero-shot classification is asked and what it answers, known without torch."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tlstudio.events import Event
from tlstudio.inference.events import Scores

DEFAULT_TEMPLATE = "a photo of a {}."
OTHER = "something else"  # the name of the class that the words for none of the classes make

Vectors = npt.NDArray[np.float32]  # rows of length one, shape (images or texts, dimensions)


@dataclasses.dataclass(frozen=True)
class Clip:
    """Which CLIP model, with which weights, where.

    ``pretrained`` is a tag of open_clip, the path of a weights file, or "none" for random weights;
    ``model`` is a name of open_clip, the path of a model configuration as JSON, or ``local-dir:`` with a
    folder.
    """

    model: str = "ViT-B-32"
    pretrained: str = "laion2b_s34b_b79k"
    device: str = "auto"


@dataclasses.dataclass(frozen=True)
class Question:
    """What is asked of each image.

    Attributes:
        classes: each a name, or several with ``|`` between them that mean the same: "sofa | couch".
        templates: sentences with ``{}`` for the class; a class is the mean of what all of them say.
        others: words for what is none of the classes, which together make one more class, :data:`OTHER`.
        independent: each class is judged by itself, since an image may show several or none of them.
        threshold: an image none of whose classes has so high a score shows none of them; 0 to 1.
    """

    classes: tuple[str, ...]
    templates: tuple[str, ...] = (DEFAULT_TEMPLATE,)
    others: tuple[str, ...] = ()
    independent: bool = False
    threshold: float = 0.0


@dataclasses.dataclass(frozen=True)
class ZeroShotRequest:
    """Which images are asked about, what, and to which model."""

    images: tuple[Path, ...]  # files, or folders searched for images
    question: Question
    clip: Clip = Clip()
    batch_size: int = 32


@dataclasses.dataclass(frozen=True)
class ClipReady(Event):
    """A model is loaded.

    ``key`` changes with its weights and with how it sees images. ``logit_bias`` is set in SigLIP-like
    models, which judge each class by itself. ``context_length`` counts a prompt's start and end marks.
    """

    title: str
    key: str
    device: str
    context_length: int
    dimensions: int
    logit_scale: float
    logit_bias: float | None


@dataclasses.dataclass(frozen=True, eq=False)
class Asked:
    """A question as a model reads it: all that scoring needs beside the images.

    Attributes:
        classes: the names of the columns of the scores, :data:`OTHER` the last one if there are others.
        vectors: one a class.
        neutral: what a picture of anything at all is near to; independent classes are judged against it.
    """

    classes: tuple[str, ...]
    vectors: Vectors
    neutral: Vectors
    logit_scale: float
    logit_bias: float | None
    independent: bool
    threshold: float


@dataclasses.dataclass(frozen=True, eq=False)
class QuestionRead(Event):
    """The sentences that reached CLIP, by class; ``cut`` names classes whose prompt exceeds its context."""

    asked: Asked
    prompts: dict[str, tuple[str, ...]]
    cut: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"event": "question_read", "prompts": self.prompts, "cut": self.cut}


@dataclasses.dataclass(frozen=True, eq=False)
class ImagesEmbedded(Event):
    """Images in CLIP's space, a row each; ``scores`` (images, classes) where a question was asked too."""

    paths: Sequence[Path]
    vectors: Vectors
    scores: Scores | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Rescored(Event):
    """The scores of images that were embedded before, in their order."""

    scores: Scores


@dataclasses.dataclass(frozen=True)
class ZeroShotFinished(Event):
    """``known`` of the ``images`` were embedded before, ``skipped`` could not be read."""

    images: int
    skipped: int
    seconds: float
    known: int = 0
