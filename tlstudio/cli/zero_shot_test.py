"""`zero-shot-test`: how good zero-shot is on a labelled folder, and which prompts help."""

from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tlstudio.cli.clip_options import Model, Pretrained, Template, classes_of, clip_of, templates_of
from tlstudio.cli.faces import kept, show_all
from tlstudio.cli.guard import DONE, guarded, interruptible
from tlstudio.cli.options import Device, Divide, Json, divided
from tlstudio.evaluation.metrics import Estimate
from tlstudio.events import Event
from tlstudio.zeroshot.events import Question
from tlstudio.zeroshot.measure_events import (
    ClassesMatched,
    Measured,
    MeasureRequest,
    TemplateScore,
    TemplatesMeasured,
)

_MOST_CONFUSED = 5


@guarded
@divided
def zero_shot_test(
    divide: Divide,
    folder: Annotated[
        str, typer.Argument(help="A folder with a sub-folder of images a class, or 'sample'.", metavar="DIR")
    ],
    classes: Annotated[
        str | None,
        typer.Option(
            help='Class names, separated by commas, with | between synonyms: "cat,dog|puppy". '
            "They are matched with the folder's by name.  [default: the folder's class names]",
            metavar="<str>",
        ),
    ] = None,
    template: Template = None,
    part: Annotated[
        Literal["all", "train", "val", "test"],
        typer.Option(help="Which images: all, or those that a run would train, validate or be tested on."),
    ] = "all",
    model: Model = None,
    pretrained: Pretrained = None,
    device: Device = "auto",
    json: Json = False,
) -> int:
    """Measure zero-shot on a labelled folder, and what each prompt is worth."""
    question = Question(classes_of(classes), templates_of(template))
    request = MeasureRequest(divide(folder), question, clip_of(model, pretrained, device), part)
    with interruptible() as control:
        from tlstudio.zeroshot.measure import measure_zero_shot

        events, found = kept(measure_zero_shot(request, control))
        show_all(events, as_json=json)
    if not json:
        print_measured(found)
    return DONE


def print_measured(events: list[Event]) -> None:
    """Headline, classes, confusions and templates, as tables."""
    console = Console(highlight=False, soft_wrap=True)
    for event in events:
        match event:
            case ClassesMatched():
                _print_matched(console, event)
            case Measured():
                _print_figures(console, event)
            case TemplatesMeasured() if len(event.templates) > 1:
                console.print(_templates(event))
            case _:
                pass


def _print_matched(console: Console, event: ClassesMatched) -> None:
    if event.left_out:
        names = ", ".join(f"{name} ({count:,})" for name, count in event.left_out.items())
        console.print(f"Left out, for no class asked for has its name: {escape(names)}.", style="yellow")
    if event.unlabelled:
        names = escape(", ".join(event.unlabelled))
        console.print(f"Asked for, but the folder has no image of it: {names}.", style="yellow")


def _print_figures(console: Console, event: Measured) -> None:
    metrics = event.metrics
    console.print(f"{escape(event.title)} · {metrics.images:,} images · {event.seconds:.1f} s")
    console.print(f"Top-1 {interval(metrics.top1)}", style="bold")
    console.print(f"Top-{metrics.top_k} {interval(metrics.top5)}")
    console.print(f"Macro F1 {interval(metrics.macro_f1)}")
    console.print(f"Calibration error (ECE) {metrics.ece:.1%}")
    table = Table(title="By class", title_justify="left")
    table.add_column("Class", overflow="fold")
    for name in ("Images", "Precision", "Recall", "F1"):
        table.add_column(name, justify="right")
    for name, one in zip(event.classes, metrics.classes, strict=True):
        figures = (f"{value:.1%}" for value in (one.precision, one.recall, one.f1))
        table.add_row(escape(name), f"{one.support:,}", *figures)
    console.print(table)
    for one in event.confused[:_MOST_CONFUSED]:
        console.print(
            f"{escape(one.label)} is taken for {escape(one.answer)} {one.images:,} times ({one.share:.0%}); "
            f"their sentences are {one.alike:.2f} alike."
        )


def _templates(event: TemplatesMeasured) -> Table:
    table = Table(title=f"Templates: together {interval(event.together)}", title_justify="left")
    table.add_column("Template", overflow="fold")
    for name in ("Alone", "Without it", "Gain"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for one in sorted(event.templates, key=_gain, reverse=True):
        without = f"{one.without.value:.1%}" if one.without else "–"
        gain = f"{one.gain.value * 100:+.1f}" if one.gain else "–"
        table.add_row(escape(one.template), f"{one.alone.value:.1%}", without, gain, one.verdict)
    return table


def _gain(one: TemplateScore) -> tuple[float, float]:
    return (one.gain.value if one.gain else 0.0, one.alone.value)


def interval(one: Estimate) -> str:
    """ "71.3% (95 % between 68.0% and 74.4%)"."""
    return f"{one.value:.1%} (95 % between {one.low:.1%} and {one.high:.1%})"
