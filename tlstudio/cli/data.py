"""What `tlstudio data` prints: a folder as it is understood, and what about it would spoil a training."""

import dataclasses
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from tlstudio.cli.faces import People
from tlstudio.cli.image_options import SAMPLE, kept_corrections
from tlstudio.config import Corrections, DataConfig
from tlstudio.data.catalogue import SPLITS, Catalogue
from tlstudio.data.corrections import outdated
from tlstudio.data.duplicates import DuplicateGroup, groups
from tlstudio.data.health import Finding, HealthReport, Severity, examine
from tlstudio.data.sample import SampleReady, make_sample
from tlstudio.data.scan import CheckFinished, ScanFinished, check, scan
from tlstudio.data.split import divided
from tlstudio.errors import BadInput
from tlstudio.events import Control

_SHOWN = 10  # files set aside, or images with one problem
_HEADINGS = {"train": "Training", "val": "Validation", "test": "Test"}
_STYLES: dict[Severity, str] = {"loud": "bold red", "warning": "yellow", "hint": ""}


@dataclasses.dataclass(frozen=True)
class DataReport:
    """A folder after all of its images were decoded, corrected and divided as a training would do.

    Attributes:
        place: the folder or archive that was asked for.
        nested: folders lie in folders, and others of them could name the classes.
        undivided: why that is not possible, "" where it is.
        outdated: what of the corrections no longer fits the folder.
        unused: how many corrections the window keeps for it that were not asked for.
    """

    place: Path
    sentence: str
    nested: bool
    catalogue: Catalogue
    groups: tuple[DuplicateGroup, ...]
    health: HealthReport
    undivided: str = ""
    outdated: tuple[str, ...] = ()
    unused: int = 0

    def as_json(self) -> dict[str, Any]:
        warnings = [*self.outdated, *(finding.sentence for finding in self.health.findings)]
        return {
            "images": len(self.catalogue.images),
            "classes": self.catalogue.counts(),
            "splits": {split: len(self.catalogue.of_split(split)) for split in SPLITS},
            "set_aside": [dataclasses.asdict(one) for one in self.catalogue.set_aside],
            "duplicates": [list(group.paths) for group in self.groups],
            "leaks": [list(group.paths) for group in self.health.leaks],
            "warnings": [self.undivided, *warnings] if self.undivided else warnings,
        }


def look_into(wanted: DataConfig, control: Control) -> DataReport:
    """Read a folder, or the sample, thoroughly; progress is shown on stderr, where that is a terminal.

    Raises:
        BadInput: it holds no usable dataset.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Bars(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        scanned, checked = _read(wanted, control, People(console, bars))
    control.checkpoint()
    found = groups(checked.catalogue.images, checked.facts)
    catalogue, undivided = checked.catalogue, ""
    try:
        catalogue = divided(catalogue, wanted, found)
    except BadInput as error:
        undivided = str(error)
    health = examine(catalogue, checked.facts, found)
    notes = outdated(checked.catalogue, wanted.corrections)
    unused = 0
    if wanted.corrections == Corrections():
        unused = counted(kept_corrections(wanted.root)[1])
    layout, place = scanned.layout, scanned.archive or scanned.catalogue.root
    return DataReport(
        place, layout.sentence, layout.nested, catalogue, found, health, undivided, notes, unused
    )


def counted(corrections: Corrections) -> int:
    """How many classes and images were corrected."""
    parts = (getattr(corrections, name) for name in Corrections.model_fields)
    return sum(map(len, parts))


def _read(wanted: DataConfig, control: Control, face: People) -> tuple[ScanFinished, CheckFinished]:
    folder = Path(wanted.root)
    if wanted.root == SAMPLE:
        for event in make_sample(control):
            face.show(event)
            if isinstance(event, SampleReady):
                folder = event.root
    scanned: ScanFinished | None = None
    for event in scan(folder, control, nesting=wanted.nesting):
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
    if report.nested:
        console.print("Which of the folders name the classes: --nesting outer, inner or path.", style="dim")
    console.print(str(report.place), style="bold")
    console.print(_classes(report), soft_wrap=False)
    set_aside = report.catalogue.set_aside
    if set_aside:
        console.print(f"{_count(len(set_aside), 'file')} set aside:", style="yellow")
        _print_some(console, [f"{one.path}  {one.reason}" for one in set_aside])
    for sentence in (report.undivided, *report.outdated):
        if sentence:
            console.print(sentence, style="yellow")
    for finding in report.health.findings:
        console.print(finding.sentence, style=_STYLES[finding.severity])
        _print_some(console, _examples(finding, report.health))
    if not report.undivided and not report.health.findings:
        console.print("Nothing was found that would spoil a training.", style="green")
    if report.unused:
        console.print(f"{_count(report.unused, 'correction')} made in the window: --corrections uses them.")


def _classes(report: DataReport) -> Table:
    catalogue = report.catalogue
    table = Table(show_footer=len(catalogue.classes) > 1)
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
