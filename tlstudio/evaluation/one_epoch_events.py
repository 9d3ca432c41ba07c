"""What evaluating one epoch's model tells the faces."""

import dataclasses
from pathlib import Path
from typing import Any

from tlstudio.evaluation.metrics import ClassCurves, Metrics, ReliabilityBin
from tlstudio.evaluation.outcome import Outcome
from tlstudio.events import Event
from tlstudio.training.events import EpochTested


@dataclasses.dataclass(frozen=True, eq=False)
class Judged:
    """A model on the images of a split; ``curves`` are None for a class that all or no images are of."""

    outcome: Outcome
    metrics: Metrics
    curves: tuple[ClassCurves | None, ...]


@dataclasses.dataclass(frozen=True)
class Temperature:
    """What dividing the logits by one number, fitted on validation, does to the confidence on test.

    Attributes:
        value: above 1 the model was too sure of itself, below 1 not sure enough.
        limited: validation sets no temperature, as where every image is right; ``value`` is 1 then.
        ece_before, ece_after: calibration errors on test.
        loss_before, loss_after: cross-entropy on test, in nats.
        bins: reliability on test, after.
    """

    value: float
    limited: bool
    ece_before: float
    ece_after: float
    loss_before: float
    loss_after: float
    bins: tuple[ReliabilityBin, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class EpochEvaluated(Event):
    """All that is told of the model of one epoch of a run.

    Attributes:
        root: the folder of its images.
        chosen: the epoch that validation chose.
        table: every epoch that was tested.
        hindsight: the epoch that is best on test, which nothing may choose.
        why: why the chosen one was chosen, in a sentence.
        caution: a sentence where the test set is too small to tell models apart, else "".
    """

    run: Path
    epoch: int
    chosen: int
    classes: tuple[str, ...]
    root: Path
    val: Judged
    test: Judged
    temperature: Temperature
    table: tuple[EpochTested, ...]
    hindsight: int
    why: str
    caution: str

    def as_json(self) -> dict[str, Any]:
        """The figures; what is said of each image stays with the run."""
        whole = _Figures(
            self.run,
            self.epoch,
            self.chosen,
            self.hindsight,
            self.classes,
            {name: _figures(judged) for name, judged in (("val", self.val), ("test", self.test))},
            self.temperature,
            self.why,
            self.caution,
        )
        return {**whole.as_json(), "event": "epoch_evaluated"}


@dataclasses.dataclass(frozen=True)
class _Figures(Event):
    run: Path
    epoch: int
    chosen: int
    hindsight: int
    classes: tuple[str, ...]
    splits: dict[str, dict[str, Any]]
    temperature: Temperature
    why: str
    caution: str


def _figures(judged: Judged) -> dict[str, Any]:
    metrics = {field.name: getattr(judged.metrics, field.name) for field in dataclasses.fields(Metrics)}
    return {
        **metrics,
        "auroc": [curves.auroc if curves else None for curves in judged.curves],
        "average_precision": [curves.average_precision if curves else None for curves in judged.curves],
    }
