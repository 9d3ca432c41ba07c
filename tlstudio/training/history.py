"""What a run has done and how long the rest will take."""

import dataclasses
from itertools import takewhile
from typing import Any, TypedDict

from tlstudio.errors import BadInput
from tlstudio.runs.store import RunFolder
from tlstudio.training.events import EpochFinished
from tlstudio.training.measure import Score


class Figures(TypedDict, total=False):
    best_epoch: int
    val_top1: float


@dataclasses.dataclass
class History:
    """The finished epochs of a run, and which of them validation prefers."""

    epochs: list[EpochFinished] = dataclasses.field(default_factory=list[EpochFinished])
    best: EpochFinished | None = None

    @classmethod
    def read(cls, run: RunFolder) -> "History":
        """What the metrics of a run say; of one that was cut off too.

        Raises:
            BadInput: the metrics are damaged.
        """
        history = cls()
        for row in run.metrics():
            try:
                history.add(_epoch(row))
            except (KeyError, TypeError, ValueError) as error:
                raise BadInput(
                    f"The metrics of {run.path} are damaged.",
                    "The files of a run belong together; copy its whole folder again.",
                ) from error
        return history

    def cut(self, epochs: int) -> "History":
        """The history of the first so many epochs."""
        history = History()
        for epoch in self.epochs[:epochs]:
            history.add(epoch)
        return history

    def rows(self) -> list[dict[str, Any]]:
        """The epochs as lines of the metrics."""
        return [epoch.as_json() for epoch in self.epochs]

    def done(self, stage: int) -> int:
        """How many epochs of the stage are finished."""
        return len(self._of(stage))

    def stalled(self, stage: int) -> int:
        """How many epochs ended the stage, so far, without being better than all before."""
        return sum(1 for _ in takewhile(lambda epoch: not epoch.best, reversed(self._of(stage))))

    @property
    def seconds(self) -> float:
        return sum(epoch.seconds for epoch in self.epochs)

    def improves(self, val: Score) -> bool:
        """Whether a validation score beats all before it: higher top-1, or the same at a lower loss."""
        best = self.best
        return best is None or (-val.top1, val.loss) < (-best.val_top1, best.val_loss)

    def add(self, epoch: EpochFinished) -> None:
        self.epochs.append(epoch)
        if epoch.best:
            self.best = epoch

    def _of(self, stage: int) -> list[EpochFinished]:
        return [epoch for epoch in self.epochs if epoch.stage == stage]

    def figures(self) -> "Figures":
        """What the index of runs shows of it."""
        return {"best_epoch": self.best.epoch, "val_top1": self.best.val_top1} if self.best else {}


def _epoch(row: dict[str, Any]) -> EpochFinished:
    numbers = ("train_loss", "val_loss", "train_top1", "val_top1", "lr", "seconds", "images_per_second")
    return EpochFinished(
        epoch=int(row["epoch"]),
        stage=int(row["stage"]),
        best=bool(row["best"]),
        **{name: float(row[name]) for name in numbers},
    )


class Clock:
    """Estimates the rest of a run from the time that its images took so far.

    Every epoch trains on the training images, scores the validation images and, at the end, its model is
    scored on the test images.
    """

    def __init__(self, epochs: int, train: int, val: int, test: int) -> None:
        self._val = val
        self._images = {"train": train, "score": val + test}
        self._left = {"train": epochs * train, "score": epochs * (val + test)}
        self._cost = {"train": 0.0, "score": 0.0}  # seconds an image, lately

    def trained(self, images: int, seconds: float) -> None:
        self._spent("train", images, seconds)

    def scored(self, images: int, seconds: float) -> None:
        self._spent("score", images, seconds)

    def trained_before(self, epochs: int) -> None:
        """So many epochs were trained and validated before the run was taken up again."""
        self._left["train"] = max(0, self._left["train"] - epochs * self._images["train"])
        self._left["score"] = max(0, self._left["score"] - epochs * self._val)

    def skip_epochs(self, epochs: int) -> None:
        """So many epochs will not be: early stopping came first."""
        for kind, images in self._images.items():
            self._left[kind] = max(0, self._left[kind] - epochs * images)

    def seconds_left(self) -> float:
        score_cost = self._cost["score"] or self._cost["train"] / 2  # no gradient: about half, until known
        return self._left["train"] * self._cost["train"] + self._left["score"] * score_cost

    def _spent(self, kind: str, images: int, seconds: float) -> None:
        self._left[kind] = max(0, self._left[kind] - images)
        cost = seconds / max(1, images)
        # A running mean that follows a change of stage within some batches.
        self._cost[kind] = 0.8 * self._cost[kind] + 0.2 * cost if self._cost[kind] else cost
