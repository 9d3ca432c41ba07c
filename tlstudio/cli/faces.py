"""Two faces for the same events: lines of JSON for programs, bars and tables for people."""

import json
import math
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table

from tlstudio.cli import lab_lines, tables
from tlstudio.evaluation.lab_events import EntryFailed, EntryFinished, EntryStarted, LabStarted
from tlstudio.events import Event, Notice, Progress
from tlstudio.inference.events import (
    EnsembleMeasured,
    EnsembleNotMeasured,
    ImageClassified,
    ImageSkipped,
    PredictionFinished,
)
from tlstudio.inference.sort_out import AnswersSaved, SortedOut
from tlstudio.models.events import Downloaded
from tlstudio.training.events import (
    BatchFinished,
    EpochFinished,
    EpochTested,
    LrSuggested,
    LrTried,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    StageStarted,
    TimesEstimated,
)
from tlstudio.zeroshot.events import ClipReady, QuestionRead, ZeroShotFinished


class Face(Protocol):
    """Shows events as they come."""

    def show(self, event: Event) -> None: ...


class JsonLines:
    """One JSON object a line on stdout, and nothing else there."""

    def show(self, event: Event) -> None:
        match event:
            case Progress() | BatchFinished() | Downloaded():
                return
            case ImageClassified():
                data: dict[str, Any] = {
                    "path": str(event.path),
                    "label": event.label,
                    "probabilities": event.probabilities,
                }
            case ImageSkipped():
                data = {"path": str(event.path), "error": event.reason}
            case PredictionFinished() | ZeroShotFinished() | ClipReady() | QuestionRead():
                return
            case _:
                data = event.as_json()
        write_json_line(data)
        if isinstance(event, RunFailed):
            print_error(event.message, event.hint)


class People:
    """Progress bars while it runs, a line or a row for what stays."""

    def __init__(self, console: Console, bars: Bars) -> None:
        self._console = console
        self._bars = bars
        self._bar: TaskID | None = None
        self._text = ""
        self._tested: list[EpochTested] = []
        self._tried: list[LrTried] = []
        self._announced = ""

    def show(self, event: Event) -> None:
        match event:
            case Progress():
                self._advance(event.text, event.done, event.total)
            case Downloaded():
                self._announce(event)
                self._advance(f"Downloading {event.name} (MB)", event.done // 10**6, event.total // 10**6)
            case BatchFinished():
                text = f"Epoch {event.epoch}  loss {event.loss:.3f}  {event.images_per_second:.0f} images/s"
                self._advance(text, event.done, event.total, key=f"Epoch {event.epoch}")
            case Notice():
                self._console.print(event.text, style="yellow", markup=False, soft_wrap=True)
            case ImageClassified() | ImageSkipped():
                self._image(event)
            case QuestionRead():
                for name in event.cut:
                    text = f"The prompt for '{name}' is longer than CLIP reads; its end is cut."
                    self._console.print(text, style="yellow", markup=False, soft_wrap=True)
            case PredictionFinished() | ZeroShotFinished():
                if event.skipped:
                    self._console.print(f"{_count(event.skipped, 'file')} could not be read.", style="yellow")
            case LrTried() | LrSuggested() | TimesEstimated():
                self._before_training(event)
            case LabStarted() | EntryStarted() | EntryFinished() | EntryFailed():
                self.clear()
                self._console.print(lab_lines.line(event), soft_wrap=True)
            case _:
                self._training(event)

    def _before_training(self, event: LrTried | LrSuggested | TimesEstimated) -> None:
        match event:
            case LrTried():
                self._tried.append(event)
                self._advance(f"Learning rate {event.lr:.1e}  loss {event.loss:.3f}", 0, 0, key="sweep")
            case LrSuggested():
                self.clear()
                self.print_curve(event.lr)
                self._console.print(f"The loss falls fastest at [bold]{event.lr:.1e}[/]: --lr {event.lr:.1e}")
            case TimesEstimated():
                self.clear()
                self._console.print(tables.times(event))

    def _training(self, event: Event) -> None:
        match event:
            case RunStarted():
                images = ", ".join(f"{count} {split}" for split, count in event.images.items())
                self._console.print(
                    f"[bold]{event.config.arch}[/] · {event.config.strategy.value} · "
                    f"{len(event.classes)} classes · {images} images · on {event.device}",
                    soft_wrap=True,
                )
            case StageStarted():
                self._console.print(
                    f"Stage {event.stage + 1}, {event.name}: {event.trained_parameters:,} parameters "
                    f"trained, {_count(event.epochs, 'epoch')}, learning rate {event.lr:.2g}",
                    style="dim",
                    soft_wrap=True,
                )
            case EpochFinished():
                star = " ★" if event.best else ""
                self._console.print(
                    f"Epoch {event.epoch:3d}  training {event.train_loss:.3f} {event.train_top1:6.1%}  "
                    f"validation {event.val_loss:.3f} [bold]{event.val_top1:6.1%}[/]  "
                    f"{event.seconds:.1f} s{star}",
                    soft_wrap=True,
                )
            case EpochTested():
                self._tested.append(event)
            case RunFinished():
                self.clear()
                self.print_tests()
                self._console.print(
                    f"Validation chose epoch {event.best_epoch}: {event.val_top1:.1%} there, "
                    f"[bold]{event.test_top1:.1%} on the test images[/]. "
                    f"{event.seconds:.0f} s, {event.peak_memory_mb:.0f} MB.",
                    soft_wrap=True,
                )
                self._console.print(f"The run lies in {event.run}", soft_wrap=True, markup=False)
            case RunStopped():
                self.clear()
                what = _count(event.epochs, "finished epoch")
                kept = f"{what} kept in {event.run}" if event.epochs else "No epoch was finished."
                self._console.print(f"Stopped. {kept}", soft_wrap=True, markup=False)
                if event.run:
                    self._console.print(
                        f"Go on with: tlstudio resume {event.run}", soft_wrap=True, markup=False
                    )
            case RunFailed():
                print_error(event.message, event.hint)
            case _:
                self._kept(event)

    def _kept(self, event: Event) -> None:
        match event:
            case AnswersSaved():
                text = f"{_count(event.images, 'image')} written to {event.path}"
            case SortedOut():
                text = f"{_count(event.copied, 'image')} copied into class folders in {event.folder}"
                if event.there:
                    text += f"; {event.there} were there already"
                if event.left_out:
                    text += f"; {event.left_out} show none of the classes and were left out"
            case EnsembleMeasured():
                self._console.print(tables.ensemble(event), soft_wrap=not self._console.is_terminal)
                return
            case EnsembleNotMeasured():
                text = event.reason
            case _:
                return
        self._console.print(text, soft_wrap=True, markup=False)

    def print_tests(self) -> None:
        """The table of every epoch's model, once they are all tested."""
        if not self._tested:
            return
        table = Table(title="Every epoch's model, tested", title_justify="left")
        for name in ("Epoch", "Validation", "Test", "Test loss", ""):
            table.add_column(name, justify="right" if name else "left")
        for row in self._tested:
            mark = "★ chosen by validation" if row.chosen else ""
            figures = (f"{row.val_top1:.1%}", f"{row.test_top1:.1%}", f"{row.test_loss:.3f}")
            table.add_row(str(row.epoch), *figures, mark, style="bold" if row.chosen else "")
        self._console.print(table)
        self._tested = []

    def print_curve(self, suggested: float | None = None) -> None:
        """The curve of a learning-rate sweep, once it has ended."""
        if self._tried:
            self._console.print(tables.lr_curve(self._tried, suggested))
            self._tried = []

    def _announce(self, event: Downloaded) -> None:
        """A line for a log file, where no bar moves."""
        if not self._console.is_terminal and event.name != self._announced:
            self._announced = event.name
            size = f", {event.total / 1e6:.0f} MB" if event.total else ""
            self._console.print(f"Downloading {event.name}{size}", soft_wrap=True, markup=False)

    def _image(self, event: ImageClassified | ImageSkipped) -> None:
        if isinstance(event, ImageSkipped):
            text = f"{event.path}  not read: {event.reason}"
        else:
            ranked = list(event.probabilities.items())[:3]
            none = "" if event.label else "none of these · "
            text = f"{event.path}  {none}" + "  ".join(f"{name} {share:.1%}" for name, share in ranked)
        self._console.print(text, soft_wrap=True, markup=False)

    def _advance(self, text: str, done: int, total: int, key: str = "") -> None:
        key = key or text
        if self._bar is None or key != self._text:
            self.clear()
            self._text = key
            self._bar = self._bars.add_task(text, total=total or None)
        self._bars.update(self._bar, description=text, completed=done, total=total or None)

    def clear(self) -> None:
        if self._bar is not None:
            self._bars.remove_task(self._bar)
            self._bar = None


def show_all(events: Iterator[Event], *, as_json: bool) -> Event | None:
    """Show every event; gives the last one. If showing fails, the task is told at once."""
    last: Event | None = None
    try:
        with _face(as_json) as face:
            for event in events:
                face.show(event)
                last = event
    finally:
        if isinstance(events, Generator):
            events.close()
    return last


def kept(events: Iterator[Event]) -> tuple[Iterator[Event], list[Event]]:
    """The same events, and the list that they are kept in as they are shown."""
    found: list[Event] = []

    def through() -> Generator[Event, None, None]:
        for event in events:
            found.append(event)
            yield event

    return through(), found


@contextmanager
def _face(as_json: bool) -> Iterator[Face]:
    if as_json:
        yield JsonLines()
        return
    console = Console(highlight=False)  # what is not printed to a terminal is never cut or wrapped
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        face = People(console, bars)
        try:
            yield face
        finally:
            face.clear()
            face.print_curve()
            face.print_tests()


def write_json_line(data: Any) -> None:
    """One line of strict JSON in plain ASCII, which survives any encoding; NaN and infinity become null."""
    sys.stdout.write(json.dumps(_finite(data), allow_nan=False) + "\n")
    sys.stdout.flush()


def _finite(data: Any) -> Any:
    match data:
        case float():
            return data if math.isfinite(data) else None
        case dict():
            return {name: _finite(value) for name, value in data.items()}
        case list():
            return [_finite(value) for value in data]
        case _:
            return data


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def print_error(message: str, hint: str = "") -> None:
    """A sentence on stderr, and what to do below it."""
    console = Console(stderr=True, soft_wrap=True, markup=False)
    console.print(message, style="bold red")
    if hint:
        console.print(hint)
