"""What judging a run's labels tells the faces."""

import dataclasses
from pathlib import Path

from tlstudio.data.catalogue import Split
from tlstudio.events import Event


@dataclasses.dataclass(frozen=True)
class SuspectedLabel:
    """An image whose class is doubted; ``path`` is relative to the folder of images.

    ``given_confidence`` and ``suggested_confidence`` are the probabilities, from 0 to 1, of the class that it
    has and of the likeliest one, by a model that did not learn from the image.
    """

    path: str
    split: Split
    given: str
    suggested: str
    given_confidence: float
    suggested_confidence: float


@dataclasses.dataclass(frozen=True)
class LabelsJudged(Event):
    """The suspected labels of a run, most suspicious first.

    ``root`` is the folder of its images, ``images`` how many of them were judged, and ``how`` a sentence by
    what. Of those suspected, ``found_right`` were left out, for a person has found them right before.
    """

    run: Path
    root: Path
    images: int
    how: str
    suspects: tuple[SuspectedLabel, ...]
    found_right: int = 0
