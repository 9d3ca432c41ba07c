"""What `lab` prints for people: a line for each entry, then the tables and the recommendation."""

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tlstudio.cli.tables import duration
from tlstudio.evaluation.lab_events import (
    WATTS_A_CORE,
    Curve,
    EntryFailed,
    EntryFinished,
    EntryStarted,
    LabReading,
    LabStarted,
)
from tlstudio.evaluation.metrics import Estimate

_WIDE = 200  # characters

Told = LabStarted | EntryStarted | EntryFinished | EntryFailed


def line(event: Told) -> str:
    """What an event of a lab comes to, in markup."""
    match event:
        case LabStarted():
            images = ", ".join(f"{count} {split}" for split, count in event.images.items())
            return (
                f"{len(event.entries)} entries, {len(event.done)} of them finished · "
                f"{len(event.classes)} classes · {images} images"
            )
        case EntryStarted():
            again = ", going on" if event.goes_on else ""
            title = escape(event.title)
            return f"[bold]{event.number}/{event.total} {title}[/], seed {event.seed}{again}"
        case EntryFinished():
            result = event.result
            return (
                f"    test [bold]{result.top1.value:.1%}[/] ({interval(result.top1)}), "
                f"validation {result.val_top1:.1%}, {duration(result.seconds)}"
            )
        case EntryFailed():
            return f"    [red]failed:[/] {escape(event.message)} {escape(event.hint)}"


def print_reading(reading: LabReading) -> None:
    """The table, the curves of sweeps, and what to use with its evidence."""
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:  # nothing is to be cut in a file
        console = Console(highlight=False, soft_wrap=True, width=_WIDE)
    if not reading.summaries:
        console.print("No entry is finished yet.")
        return
    console.print(_figures(reading))
    console.print(_costs(reading))
    for sentence in _notes(reading):
        console.print(sentence, style="dim")
    for title, curves in (("first unfrozen block", reading.depth), ("images a class", reading.labels)):
        for curve in curves:
            console.print(_curve(curve, title))
    if reading.recommendation is not None:
        console.print(escape(reading.recommendation.words), style="bold")
        for sentence in reading.recommendation.evidence:
            console.print(f"  {escape(sentence)}")
        for sentence in reading.recommendation.caution:
            console.print(escape(sentence), style="yellow")


def interval(one: Estimate) -> str:
    return f"{one.low:.1%} to {one.high:.1%}"


def _figures(reading: LabReading) -> Table:
    table = Table(title=f"Top-1 on {reading.images:,} test images", title_justify="left")
    table.add_column("Strategy", overflow="fold")
    for name in ("Test", "95 %", "Seeds ±", "Validation"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for one in reading.summaries:
        table.add_row(
            escape(one.title),
            f"{one.top1.value:.1%}",
            interval(one.top1),
            f"{one.deviation:.1%}" if one.deviation is not None else "–",
            f"{one.val_top1:.1%}",
            "★" if one.group in reading.front else "",
        )
    return table


def _costs(reading: LabReading) -> Table:
    table = Table(title="What that took", title_justify="left")
    table.add_column("Strategy", overflow="fold")
    for name in ("Epochs", "Time", "Trained", "Memory", "Energy"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in reading.summaries:
        table.add_row(
            escape(one.title),
            str(one.epochs or "–"),
            duration(one.seconds) + (" ‡" if one.known else ""),
            f"{one.trained_parameters:,}",
            f"{one.peak_memory_mb:,.0f} MB" if one.peak_memory_mb is not None else "–",
            f"~{one.energy_wh:.2g} Wh" if one.energy_wh is not None else "–",
        )
    return table


def _notes(reading: LabReading) -> Iterator[str]:
    yield "★ nothing is both quicker and better. Validation chose each epoch; the test images judged it once."
    yield (
        "Time is of the slowest seed, with whatever was decoded or computed before read again. Memory is all "
        "that the process held, libraries and what earlier entries left included."
    )
    if any(one.known for one in reading.summaries):
        yield "‡ without what frozen layers or CLIP make of the images, which was known from before."
    if any(one.energy_wh is not None for one in reading.summaries):
        yield (
            f"Energy is an estimate, not measured: processor seconds times {WATTS_A_CORE:.0f} W a core, a "
            "supposition."
        )


def _curve(curve: Curve, what: str) -> Table:
    table = Table(title=f"{escape(curve.title)}: top-1 by {what}", title_justify="left")
    table.add_column(what.capitalize(), no_wrap=True)
    for name in ("Test", "95 %"):
        table.add_column(name, justify="right", no_wrap=True)
    for point in curve.points:
        place = point.block or ("all" if point.value is None else str(point.value))
        table.add_row(escape(place), f"{point.top1.value:.1%}", interval(point.top1))
    return table
