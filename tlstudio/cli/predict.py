"""`predict`: images by a run, a pre-trained network as it is, or an ensemble, kept as the person asks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from tlstudio.cli.faces import show_all
from tlstudio.cli.guard import DONE, guarded, interruptible
from tlstudio.cli.options import Device, Json
from tlstudio.errors import BadInput
from tlstudio.events import Control, Event
from tlstudio.inference.events import (
    Combine,
    ImageSkipped,
    ImagesPredicted,
    Member,
    ModelsReady,
    PredictRequest,
)


@guarded
def predict(
    places: Annotated[
        list[str],
        typer.Argument(
            help="A run's folder or an architecture; with --ensemble several; then images or folders.",
            metavar="RUN|ARCH [RUN ...] PATH...",
        ),
    ],
    ensemble: Annotated[
        Combine | None,
        typer.Option(
            help="Several runs answer together: mean of probabilities, weighted by validation, or vote."
        ),
    ] = None,
    weights: Annotated[str, typer.Option(help="For an architecture: its weights.")] = "default",
    epoch: Annotated[int | None, typer.Option(help="For a run: which epoch's model.")] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Write the results to this file too.", metavar="FILE")
    ] = None,
    copy_to: Annotated[
        Path | None,
        typer.Option(help="Copy each image into the folder of its class beneath this one.", metavar="FOLDER"),
    ] = None,
    device: Device = "auto",
    json: Json = False,
) -> int:
    """Classify images with a run, with a pre-trained network's 1,000 categories, or with several runs."""
    models, images = _sorted(places)
    if len(models) > 1 and ensemble is None:
        raise BadInput(
            f"{len(models)} models are named, but not how they answer together.",
            "Add --ensemble mean, weighted or vote.",
        )
    if len(models) > 1 and epoch is not None:
        raise BadInput(
            "--epoch is for one run.", "An ensemble takes of each the epoch that validation chose."
        )
    if ensemble is not None and len(models) < 2:
        raise BadInput("An ensemble needs two models at least.", "Name the folders of several runs.")
    members = tuple(Member(model, epoch, weights) for model in models)
    request = PredictRequest(images, members, ensemble or Combine.MEAN, device)
    with interruptible() as control:
        show_all(_all(request, csv, copy_to, control), as_json=json)
    return DONE


def _sorted(places: list[str]) -> tuple[list[str], tuple[Path, ...]]:
    """The models that are named first, and the images after them; the first is a model whatever it is."""
    from tlstudio.models.architectures import architectures
    from tlstudio.training.replay import is_run

    count = 1
    for place in places[1:]:
        known = place in architectures() and not Path(place).exists()
        if not known and not is_run(Path(place).expanduser()):
            break
        count += 1
    if count == len(places):
        raise BadInput("Missing argument 'PATH'.", "Name images, or folders of them, after the model.")
    return places[:count], tuple(Path(place) for place in places[count:])


def _all(
    request: PredictRequest, csv: Path | None, copy_to: Path | None, control: Control
) -> Iterator[Event]:
    """What an ensemble gains on validation comes first, then the images, then what keeping them tells."""
    from tlstudio.data.find import find_images
    from tlstudio.inference.ensemble import measure_ensemble
    from tlstudio.inference.predict import predict_in_batches, ranked
    from tlstudio.inference.results import Answers
    from tlstudio.inference.sort_out import save_csv, sort_out
    from tlstudio.models.architectures import architectures

    if len(request.members) > 1 and not any(one.model in architectures() for one in request.members):
        find_images(request.images, control)  # a wrong path is said before anything is measured
        yield from measure_ensemble(request.members, control, device=request.device)
    ready = ModelsReady(())
    batches: list[ImagesPredicted] = []
    unread: list[tuple[Path, str]] = []
    for event in predict_in_batches(request, control):
        match event:
            case ModelsReady():
                ready = event
            case ImagesPredicted(paths, scores):
                yield from (ranked(path, row, ready.classes) for path, row in zip(paths, scores, strict=True))
                batches += [event] if csv or copy_to else []
            case ImageSkipped(path, reason):
                unread.append((path, reason))
                yield event
            case _:
                yield event
    rows = [event.scores for event in batches] or [np.empty((0, len(ready.classes)), np.float32)]
    paths = tuple(path for event in batches for path in event.paths)
    answers = Answers(paths, np.concatenate(rows), ready, tuple(unread))
    if csv is not None:
        yield from save_csv(answers, csv, control)
    if copy_to is not None:
        yield from sort_out(answers, copy_to, control)
