"""`lab`: which strategy is best for these images, tried out on one split."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import ValidationError

from tlstudio.cli.clip_options import Model, Pretrained, Template, clip_of, templates_of
from tlstudio.cli.faces import show_all
from tlstudio.cli.guard import DONE, FAILED, INTERRUPTED, guarded, interruptible
from tlstudio.cli.image_options import must
from tlstudio.cli.lab_lines import print_reading
from tlstudio.cli.options import Device, Divide, Json, divided
from tlstudio.config import Augmentation, DataConfig, RunConfig
from tlstudio.errors import BadInput
from tlstudio.evaluation.lab_config import (
    CLIP_METHODS,
    LABELS,
    Choice,
    ClipChoice,
    LabConfig,
    Network,
    choices_of,
    depth_sweep,
)
from tlstudio.evaluation.lab_events import LabFinished, LabStopped
from tlstudio.events import Control, Event
from tlstudio.training.events import (
    BlocksMoved,
    CheckpointSaved,
    EpochFinished,
    FreezeStated,
    RunStarted,
    StageStarted,
)

_STRATEGIES = "feature-extraction,partial,staged,full,scratch"
_OF_A_RUN = (RunStarted, StageStarted, FreezeStated, EpochFinished, BlocksMoved, CheckpointSaved)


@guarded
@divided
def lab(
    divide: Divide,
    data: Annotated[
        str | None, typer.Option(help="A folder with a sub-folder of images a class, or 'sample'.")
    ] = None,
    arch: Annotated[str, typer.Option(help="Networks, separated by commas.")] = "efficientnet_lite0",
    weights: Annotated[str, typer.Option(help="Their weights, as of train.")] = "default",
    strategies: Annotated[
        str | None,
        typer.Option(
            help="What to try: zero-shot, linear-probe, as-is, feature-extraction, partial, staged, full, "
            "scratch; with blocks as in partial:2 or partial:1-4.  "
            f"[default: {_STRATEGIES}]",
            metavar="<str>",
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(help="Of each run.", min=1)] = 5,
    minutes: Annotated[
        float | None, typer.Option(help="Instead of epochs: as many as are estimated to fit a run.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="How often each is repeated.", min=1, max=5)] = 1,
    seed: Annotated[int, typer.Option(help="The first of them.", min=0)] = 0,
    sweep: Annotated[
        Literal["depth", "labels"] | None,
        typer.Option(help="Try every depth of unfreezing, or few images a class and ever more."),
    ] = None,
    labels: Annotated[str, typer.Option(help="Images a class that --sweep labels learns from.")] = ",".join(
        map(str, LABELS)
    ),
    batch: Annotated[int, typer.Option(help="Images that pass together.", min=1)] = 32,
    image_size: Annotated[int | None, typer.Option(help="Pixels a side.  [default: the weights']")] = None,
    augmentation: Annotated[
        Augmentation, typer.Option(help="How much training images are varied.")
    ] = Augmentation.NONE,
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"], typer.Option(help="Of computation.")
    ] = "auto",
    clip: Model = None,
    clip_weights: Pretrained = None,
    template: Template = None,
    device: Device = "auto",
    out: Annotated[Path | None, typer.Option(help="The lab's folder; must be new or empty.")] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with the lab in this folder, as it was planned.")
    ] = None,
    first: Annotated[str | None, typer.Option(help="With --resume: entries to come first, by name.")] = None,
    skip: Annotated[str | None, typer.Option(help="With --resume: entries to leave out, by name.")] = None,
    json: Json = False,
) -> int:
    """Try strategies of using a network side by side on the same images, and say which to use."""
    with interruptible() as control:
        if resume is not None:
            if data is not None:
                raise BadInput("--resume goes on with a lab's own images.", "Leave --data out.")
            return _shown(_resumed(resume, first, skip, control), json)
        if data is None:
            raise BadInput("--data says which images the lab is about.", "Or --resume DIR which lab goes on.")
        networks = tuple(Network(arch=name.strip(), weights=weights) for name in arch.split(","))
        choices = _choices(strategies, sweep, networks)
        config = _planned(
            base=_base(
                divide(data),
                epochs=epochs,
                batch_size=batch,
                image_size=image_size,
                augmentation=augmentation,
                precision=precision,
                device=device,
                seed=seed,
            ),
            networks=networks,
            choices=choices,
            minutes=minutes,
            seeds=seeds,
            labels=_numbers(labels) if sweep == "labels" else (None,),
            clip=_clip(choices, clip, clip_weights, templates_of(template)),
        )
        return _shown(_run(config, control, out), json)


def _run(config: LabConfig, control: Control, out: Path | None) -> Iterator[Event]:
    from tlstudio.evaluation.lab import run_lab

    yield from run_lab(config, control, out=out)


def _resumed(path: Path, first: str | None, skip: str | None, control: Control) -> Iterator[Event]:
    from tlstudio.evaluation.lab import resume_lab
    from tlstudio.evaluation.lab_store import LabFolder

    folder = LabFolder.open(path)
    if first is not None:
        folder.arrange(first.split(","))
    if skip is not None:
        folder.skip(skip.split(","))
    yield from resume_lab(path, control)


def _shown(events: Iterator[Event], as_json: bool) -> int:
    last = show_all(events if as_json else _for_people(events), as_json=as_json)
    match last:
        case LabFinished():
            if not as_json:
                print_reading(last.reading)
                typer.echo(f"The lab lies in {last.lab}")
            return FAILED if last.failed else DONE
        case LabStopped():
            if not as_json and last.lab is not None:
                typer.echo(f"Stopped: {last.done} finished, {last.left} left.")
                typer.echo(f"Go on with: tlstudio lab --resume {last.lab}")
            return INTERRUPTED
        case _:
            return FAILED


def _for_people(events: Iterator[Event]) -> Iterator[Event]:
    """Without what single runs tell: it would bury the lines of the lab."""
    return (event for event in events if not isinstance(event, _OF_A_RUN))


def _choices(
    strategies: str | None, sweep: Literal["depth", "labels"] | None, networks: tuple[Network, ...]
) -> tuple[Choice, ...]:
    if sweep == "depth" and strategies is None:
        from tlstudio.models.inspect import layer_tree

        return depth_sweep(min(len(layer_tree(network.arch, 2).backbone) for network in networks))
    return choices_of((strategies or _STRATEGIES).split(","))


def _base(data: DataConfig, **given: Any) -> RunConfig:
    try:
        return RunConfig(data=data, **given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).replace("_", "-")
        raise BadInput(f"--{name} {must(first)}, not {first['input']}.") from error


def _planned(**given: Any) -> LabConfig:
    try:
        return LabConfig(**given)
    except ValidationError as error:
        first = error.errors()[0]
        what = first["msg"].removeprefix("Value error, ")
        what = f"--{first['loc'][0]}: {what}" if first["loc"] else what[:1].upper() + what[1:]
        raise BadInput(f"{what}.", "`tlstudio lab --help` describes every option.") from error


def _clip(
    choices: tuple[Choice, ...], model: str | None, pretrained: str | None, templates: tuple[str, ...]
) -> ClipChoice | None:
    if not any(choice.method in CLIP_METHODS for choice in choices):
        return None
    found = clip_of(model, pretrained, "auto")
    return ClipChoice(model=found.model, pretrained=found.pretrained, templates=templates)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise BadInput(
            f"--labels {text} is not a list of whole numbers.", "Such as --labels 5,10,25"
        ) from None
