"""`search`: the images that are nearest to a sentence, or to another image."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tlstudio.cli.clip_options import Model, Pretrained, clip_of
from tlstudio.cli.faces import show_all
from tlstudio.cli.guard import DONE, guarded, interruptible
from tlstudio.cli.options import Device, Json
from tlstudio.errors import BadInput
from tlstudio.zeroshot.search import Found, Query
from tlstudio.zeroshot.search import search as engine_search


@guarded
def search(
    folder: Annotated[Path, typer.Argument(help="A folder of images, with all beneath it.", metavar="DIR")],
    sentence: Annotated[
        str | None, typer.Argument(help='What they should show: "a red chair".', metavar="[SENTENCE]")
    ] = None,
    like: Annotated[
        Path | None, typer.Option(help="Search for images like this one instead.", metavar="IMAGE")
    ] = None,
    top: Annotated[int, typer.Option(help="How many to show.", min=1)] = 20,
    model: Model = None,
    pretrained: Pretrained = None,
    device: Device = "auto",
    json: Json = False,
) -> int:
    """Find the images of a folder that are nearest to a sentence or to an image, with CLIP."""
    query = _query(sentence, like)
    with interruptible() as control:
        events = engine_search([folder], query, clip_of(model, pretrained, device), control, top=top)
        last = show_all(events, as_json=json)
    if isinstance(last, Found) and not json:
        _print(last)
    return DONE


def _query(sentence: str | None, like: Path | None) -> Query:
    if sentence is not None and like is not None:
        raise BadInput("A sentence and --like both say what to search for.", "Give one of them.")
    if like is not None:
        return like
    if sentence is None:
        raise BadInput("There is nothing to search for.", "Give a sentence, or --like with an image.")
    return sentence


def _print(found: Found) -> None:
    console = Console(highlight=False)
    table = Table(box=None, header_style="bold")
    table.add_column("Similarity", justify="right", no_wrap=True)
    table.add_column("Image", overflow="fold")
    for path, cosine in zip(found.paths, found.cosines, strict=True):
        table.add_row(f"{cosine:.3f}", escape(str(path)))
    console.print(table, soft_wrap=not console.is_terminal)
