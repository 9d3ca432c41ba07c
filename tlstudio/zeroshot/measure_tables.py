"""What was measured as tables for other programs."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from tlstudio.events import Control, Event
from tlstudio.files import write_table
from tlstudio.zeroshot.measure_events import Measured, TemplatesMeasured

What = Literal["images", "classes", "confusion", "templates"]
NONE_NAME = "none of these"


@dataclasses.dataclass(frozen=True)
class TableSaved(Event):
    path: Path
    rows: int


def save_table(
    what: What, measured: Measured, templates: TemplatesMeasured | None, path: Path, control: Control
) -> Iterator[Event]:
    """Write images, classes, the confusion matrix or templates as CSV: one TableSaved.

    Raises:
        StudioError: the file cannot be written.
    """
    control.checkpoint()
    rows = table(what, measured, templates)
    write_table(path, rows)
    yield TableSaved(path, len(rows) - 1)


def table(what: What, measured: Measured, templates: TemplatesMeasured | None = None) -> list[list[Any]]:
    """The header, then a row each."""
    names = (*measured.classes, NONE_NAME)  # the last of them is at -1, which is what none of them is
    metrics = measured.metrics
    match what:
        case "images":
            rows = zip(measured.paths, measured.labels, measured.answers, measured.confidences, strict=True)
            return [
                ["file", "label", "answer", "confidence"],
                *([str(path), names[label], names[answer], sure] for path, label, answer, sure in rows),
            ]
        case "classes":
            scores = zip(measured.classes, metrics.classes, strict=True)
            return [
                ["class", "images", "precision", "recall", "f1"],
                *([name, one.support, one.precision, one.recall, one.f1] for name, one in scores),
            ]
        case "confusion":
            matrix = zip(measured.classes, metrics.confusion, strict=True)
            return [["label", *names], *([name, *counts] for name, counts in matrix)]
        case "templates":
            found = templates.templates if templates else ()
            return [
                ["template", "alone", "without", "gain", "gain_low", "gain_high"],
                *(
                    [one.template, one.alone.value, one.without.value if one.without else ""]
                    + ([one.gain.value, one.gain.low, one.gain.high] if one.gain else ["", "", ""])
                    for one in found
                ),
            ]
