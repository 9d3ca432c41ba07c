"""What `labels` prints for people: the suspected labels of a run, most suspicious first."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tlstudio.evaluation.labels_events import LabelsJudged


def print_judged(judged: LabelsJudged) -> None:
    """The suspects as a table, and under it how they were found."""
    console = Console(highlight=False, soft_wrap=True)
    images = f"{judged.images:,} image{'s' * (judged.images != 1)}"
    if judged.suspects:
        console.print(_table(judged), soft_wrap=not console.is_terminal)
        console.print(f"{_labels(len(judged.suspects))} of {images} suspected to be wrong.", style="bold")
    else:
        console.print(f"No label of {images} is suspected to be wrong.", style="bold")
    if judged.found_right:
        console.print(f"{_labels(judged.found_right)} left out that you found right before.")
    console.print(judged.how)


def _table(judged: LabelsJudged) -> Table:
    table = Table(title="Suspected labels", title_justify="left")
    for name in ("Image", "Label", "Rather"):
        table.add_column(name, overflow="fold")
    table.add_column("Split")
    for one in judged.suspects:
        given = f"{escape(one.given)} {one.given_confidence:.1%}"
        suggested = f"[bold]{escape(one.suggested)}[/] {one.suggested_confidence:.1%}"
        table.add_row(escape(one.path), given, suggested, one.split)
    return table


def _labels(count: int) -> str:
    return f"{count:,} label{'s' * (count != 1)}"
