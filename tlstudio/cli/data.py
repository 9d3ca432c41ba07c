"""What `tlstudio data` prints: a folder as it is understood, and what about it would spoil a training."""

import dataclasses
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from tlstudio.cli.faces import People
from tlstudio.config import DataConfig
from tlstudio.data.catalogue import SPLITS, Catalogue
from tlstudio.data.duplicates import DuplicateGroup, groups
from tlstudio.data.health import Finding, HealthReport, Severity, examine
from tlstudio.data.layouts import Nesting
from tlstudio.data.sample import SampleReady, make_sample
from tlstudio.data.scan import CheckFinished, ScanFinished, check, scan
from tlstudio.data.split import divided
from tlstudio.errors import BadInput
from tlstudio.events import Control

_SAMPLE = "sample"
_SHOWN = 10  # files set aside, or images with one problem
_HEADINGS = {"train": "Training", "val": "Validation", "test": "Test"}
_STYLES: dict[Severity, str] = {"loud": "bold red", "warning": "yellow", "hint": ""}


@dataclasses.dataclass(frozen=True)
class DataReport:
    """A folder after all of its images were decoded, divided as a training would do by default.

    ``undivided`` is why that is not possible, "" where it is.
    """

    sentence: str
    catalogue: Catalogue
    groups: tuple[DuplicateGroup, ...]
    health: HealthReport
    undivided: str = ""

    def as_json(self) -> dict[str, Any]:
        warnings = [finding.sentence for finding in self.health.findings]
        return {
            "images": len(self.catalogue.images),
            "classes": self.catalogue.counts(),
            "splits": {split: len(self.catalogue.of_split(split)) for split in SPLITS},
            "set_aside": [dataclasses.asdict(one) for one in self.catalogue.set_aside],
            "duplicates": [list(group.paths) for group in self.groups],
            "leaks": [list(group.paths) for group in self.health.leaks],
            "warnings": [self.undivided, *warnings] if self.undivided else warnings,
        }


def look_into(root: str, nesting: Nesting, control: Control) -> DataReport:
    """Read a folder, or the sample, thoroughly; progress is shown on stderr, where that is a terminal.

    Raises:
        BadInput: it holds no usable dataset.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Bars(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        scanned, checked = _read(root, nesting, control, People(console, bars))
    control.checkpoint()
    found = groups(checked.catalogue.images, checked.facts)
    catalogue, undivided = checked.catalogue, ""
    try:
        catalogue = divided(catalogue, DataConfig(root=root, nesting=nesting), found)
    except BadInput as error:
        undivided = str(error)
    health = examine(catalogue, checked.facts, found)
    return DataReport(scanned.layout.sentence, catalogue, found, health, undivided)


def _read(root: str, nesting: Nesting, control: Control, face: People) -> tuple[ScanFinished, CheckFinished]:
    folder = Path(root)
    if root == _SAMPLE:
        for event in make_sample(control):
            face.show(event)
            if isinstance(event, SampleReady):
                folder = event.root
    scanned: ScanFinished | None = None
    for event in scan(folder, control, nesting=nesting):
        if isinstance(event, ScanFinished):
            scanned = event
        else:
            face.show(event)
    assert scanned is not None
    checked: CheckFinished | None = None
    for event in check(scanned, control):
        if isinstance(event, CheckFinished):
            checked = event
        else:
            face.show(event)
    assert checked is not None
    return scanned, checked


def print_data(report: DataReport) -> None:
    """The report for people, on stdout."""
    console = Console(highlight=False, soft_wrap=True, markup=False)
    console.print(report.sentence)
    console.print(_classes(report), soft_wrap=False)
    set_aside = report.catalogue.set_aside
    if set_aside:
        console.print(f"{_count(len(set_aside), 'file')} set aside:", style="yellow")
        _print_some(console, [f"{one.path}  {one.reason}" for one in set_aside])
    if report.undivided:
        console.print(report.undivided, style="yellow")
    for finding in report.health.findings:
        console.print(finding.sentence, style=_STYLES[finding.severity])
        _print_some(console, _examples(finding, report.health))
    if not report.undivided and not report.health.findings:
        console.print("Nothing was found that would spoil a training.", style="green")


def _classes(report: DataReport) -> Table:
    catalogue = report.catalogue
    table = Table(title=str(catalogue.root), title_justify="left", show_footer=len(catalogue.classes) > 1)
    counts = catalogue.counts()
    table.add_column("Class", footer="In all", overflow="fold")
    table.add_column("Images", footer=f"{len(catalogue.images):,}", justify="right", no_wrap=True)
    splits = () if report.undivided else SPLITS
    by_split = {split: catalogue.counts(catalogue.of_split(split)) for split in splits}
    for split, found in by_split.items():
        total = f"{sum(found.values()):,}"
        table.add_column(_HEADINGS[split], footer=total, justify="right", no_wrap=True)
    for name, count in counts.items():
        table.add_row(name, f"{count:,}", *(f"{found[name]:,}" for found in by_split.values()))
    return table


def _examples(finding: Finding, health: HealthReport) -> list[str]:
    match finding.kind:
        case "leak":
            return [" = ".join(group.paths) for group in health.leaks]
        case "few" | "imbalance":  # the sentence names the classes
            return []
        case _:
            return list(finding.paths)


def _print_some(console: Console, lines: list[str]) -> None:
    for line in lines[:_SHOWN]:
        console.print(f"  {line}", style="dim")
    if len(lines) > _SHOWN:
        console.print(f"  and {len(lines) - _SHOWN:,} more", style="dim")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
