"""`few-shot`: how many labels it takes to be better than zero-shot."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tlstudio.cli.clip_options import Model, Pretrained, Template, classes_of, clip_of, templates_of
from tlstudio.cli.faces import kept, show_all
from tlstudio.cli.guard import DONE, guarded, interruptible
from tlstudio.cli.options import Device, Divide, Json, divided
from tlstudio.cli.zero_shot_test import interval
from tlstudio.errors import BadInput
from tlstudio.events import Event
from tlstudio.zeroshot.events import Question
from tlstudio.zeroshot.few_shot_events import (
    METHODS,
    SEEDS,
    SHOTS,
    FewShotPoint,
    FewShotRequest,
    FewShotsBegun,
    FewShotsFinished,
    TrainedPoint,
    curve,
)


@guarded
@divided
def few_shot(
    divide: Divide,
    folder: Annotated[
        str, typer.Argument(help="A folder with a sub-folder of images a class, or 'sample'.", metavar="DIR")
    ],
    shots: Annotated[str, typer.Option(help="Images of each class to learn from.")] = ",".join(
        map(str, SHOTS)
    ),
    seeds: Annotated[int, typer.Option(help="How often they are drawn anew.", min=1)] = SEEDS,
    classes: Annotated[
        str | None,
        typer.Option(
            help="Other words for the classes, separated by commas, with the folder's name beside: "
            '"sofa|couch".  [default: the folder\'s class names]',
            metavar="<str>",
        ),
    ] = None,
    template: Template = None,
    model: Model = None,
    pretrained: Pretrained = None,
    device: Device = "auto",
    json: Json = False,
) -> int:
    """Compare zero-shot with heads that learn from a few images a class, and with the trained runs."""
    question = Question(classes_of(classes), templates_of(template))
    request = FewShotRequest(
        divide(folder), question, clip_of(model, pretrained, device), _numbers(shots), seeds
    )
    with interruptible() as control:
        from tlstudio.zeroshot.few_shot import few_shots

        events, found = kept(few_shots(request, control))
        show_all(events, as_json=json)
    if not json:
        print_curve(found)
    return DONE


def print_curve(events: list[Event]) -> None:
    """A row for each method and number of images, the runs below, and what that says."""
    console = Console(highlight=False, soft_wrap=True)
    points = [event for event in events if isinstance(event, FewShotPoint)]
    table = Table(title="Top-1 on the test images", title_justify="left")
    table.add_column("", overflow="fold")
    table.add_column("Images a class", justify="right", no_wrap=True)
    table.add_column("Top-1", no_wrap=True)
    for method, title in METHODS.items():
        for one in curve(points, method):
            table.add_row(title, f"{one.per_class:.4g}", interval(one.top1))
    for event in events:
        if isinstance(event, TrainedPoint):
            name = escape(f"{event.arch}, {event.strategy}")
            table.add_row(name, f"{event.per_class:.4g}", interval(event.top1))
    console.print(table)
    for event in events:
        match event:
            case FewShotsBegun():
                console.print(
                    f"{event.test:,} test images judged; C, alpha and beta were chosen on {event.val:,} "
                    "validation images.",
                    style="dim",
                )
            case FewShotsFinished():
                console.print(escape(event.reading), style="bold")
                if event.caution:
                    console.print(event.caution, style="yellow")
            case _:
                pass


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise BadInput(f"--shots {text} is not a list of whole numbers.", "Such as --shots 1,2,4,8") from None
