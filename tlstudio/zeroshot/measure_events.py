"""What measuring zero-shot on a labelled folder asks and tells, known without torch."""

import dataclasses
from pathlib import Path
from typing import Any, Literal

from tlstudio.config import DataConfig
from tlstudio.evaluation.metrics import Estimate, Metrics
from tlstudio.events import Event
from tlstudio.zeroshot.events import Clip, Question

Part = Literal["all", "train", "val", "test"]


@dataclasses.dataclass(frozen=True)
class MeasureRequest:
    """On which images of a labelled folder a question is measured."""

    data: DataConfig
    question: Question
    clip: Clip
    part: Part = "all"


@dataclasses.dataclass(frozen=True)
class ClassesMatched(Event):
    """How the folder's classes and the question's go together.

    Attributes:
        images: how many are measured.
        left_out: classes of the folder that are not asked for, with how many images they have.
        unlabelled: classes that are asked for and of which the folder has no image.
    """

    images: int
    left_out: dict[str, int]
    unlabelled: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Confused:
    """Images of one class taken for another; ``alike`` is the cosine of the two classes' vectors."""

    label: str
    answer: str
    images: int
    share: float  # of the label's images
    alike: float


@dataclasses.dataclass(frozen=True)
class Measured(Event):
    """How well a question sorts a labelled folder.

    Attributes:
        title: the model.
        root: where the images lie.
        classes: names of the rows and columns of the metrics.
        metrics: as of :mod:`tlstudio.evaluation.metrics`; what is "something else" is none of the classes.
        confused: the pairs that are most often confused, first.
        paths, labels, answers, confidences: image by image; answers may be -1.
        skipped: images that could not be read.
    """

    title: str
    root: Path
    part: Part
    classes: tuple[str, ...]
    metrics: Metrics
    confused: tuple[Confused, ...]
    paths: tuple[Path, ...]
    labels: tuple[int, ...]
    answers: tuple[int, ...]
    confidences: tuple[float, ...]
    skipped: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Without the lines of single images."""
        data = super().as_json()
        for name in ("paths", "labels", "answers", "confidences"):
            del data[name]
        return data


@dataclasses.dataclass(frozen=True)
class TemplateScore:
    """What a template is worth.

    Attributes:
        alone: top-1 with no other template.
        without: top-1 with all the others; None where there are none.
        gain: top-1 with it less that without it, on the same images; it helps where all of the interval lies
            above 0, and hurts where all lies below.
    """

    template: str
    alone: Estimate
    without: Estimate | None = None
    gain: Estimate | None = None

    @property
    def verdict(self) -> str:
        """ "helps", "hurts", or "" where these images do not tell."""
        if self.gain is None or self.gain.low <= 0 <= self.gain.high:
            return ""
        return "helps" if self.gain.value > 0 else "hurts"


@dataclasses.dataclass(frozen=True)
class TemplatesMeasured(Event):
    """Each template by itself and left out, in the question's order; ``together`` is top-1 with them all."""

    together: Estimate
    templates: tuple[TemplateScore, ...]
