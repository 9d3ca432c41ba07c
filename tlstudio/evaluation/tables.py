"""What was evaluated as tables for other programs."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from tlstudio.data.catalogue import Split
from tlstudio.evaluation.one_epoch_events import EpochEvaluated, Judged
from tlstudio.events import Control, Event
from tlstudio.files import write_table

What = Literal["epochs", "classes", "confusion", "images"]


@dataclasses.dataclass(frozen=True)
class EvaluationSaved(Event):
    path: Path
    rows: int


def save_evaluation(
    what: What, evaluated: EpochEvaluated, split: Split, path: Path, control: Control
) -> Iterator[Event]:
    """Write epochs, classes, the confusion matrix or images of a split as CSV: one EvaluationSaved.

    Raises:
        StudioError: the file cannot be written.
    """
    control.checkpoint()
    rows = table(what, evaluated, split)
    write_table(path, rows)
    yield EvaluationSaved(path, len(rows) - 1)


def table(what: What, evaluated: EpochEvaluated, split: Split) -> list[list[Any]]:
    """The header, then a row each."""
    judged, names = evaluated.val if split == "val" else evaluated.test, evaluated.classes
    match what:
        case "epochs":
            fields = ("epoch", "val_top1", "val_loss", "test_top1", "test_loss", "chosen")
            return [list(fields), *([getattr(row, name) for name in fields] for row in evaluated.table)]
        case "classes":
            return [
                ["class", "images", "precision", "recall", "f1", "auroc", "average_precision"],
                *_classes(judged, names),
            ]
        case "confusion":
            matrix = zip(names, judged.metrics.confusion, strict=True)
            return [["label", *names], *([name, *counts[: len(names)]] for name, counts in matrix)]
        case "images":
            return [["file", "label", "answer", "confidence", "loss", *names], *_images(judged, names)]


def _classes(judged: Judged, names: tuple[str, ...]) -> Iterator[list[Any]]:
    for name, score, curves in zip(names, judged.metrics.classes, judged.curves, strict=True):
        areas = [curves.auroc, curves.average_precision] if curves else ["", ""]
        yield [name, score.support, score.precision, score.recall, score.f1, *areas]


def _images(judged: Judged, names: tuple[str, ...]) -> Iterator[list[Any]]:
    outcome = judged.outcome
    columns = outcome.answers, outcome.confidences, outcome.losses, outcome.probabilities
    for image, answer, confidence, loss, shares in zip(outcome.images, *columns, strict=True):
        figures = [names[image.label], names[answer], float(confidence), float(loss)]
        yield [image.path, *figures, *map(float, shares)]
