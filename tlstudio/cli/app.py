"""The command line: the same engine calls as the window's, without Qt."""

import dataclasses
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Protocol

import typer

from tlstudio import __version__
from tlstudio.cli.faces import show_all, write_json_line
from tlstudio.cli.few_shot import few_shot
from tlstudio.cli.guard import BAD_INPUT, DONE, FAILED, INTERRUPTED, guarded, interruptible
from tlstudio.cli.lab import lab
from tlstudio.cli.options import Configure, Device, Divide, Json, ManyOptions, configured, divided
from tlstudio.cli.predict import predict
from tlstudio.cli.search import search
from tlstudio.cli.zero_shot import zero_shot
from tlstudio.cli.zero_shot_test import zero_shot_test
from tlstudio.config import RunConfig, Strategy
from tlstudio.errors import BadInput
from tlstudio.events import Event
from tlstudio.logs import log_to_file
from tlstudio.training.events import RunFailed, RunStopped

app = typer.Typer(
    name="tlstudio",
    help="Transfer learning on images: without a command, the studio's window opens.",
    add_completion=False,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class OpenWindow(Protocol):
    """Opens the window, on something if asked, and gives the exit status when it is closed."""

    def __call__(self, path: Path | None = None, sample: bool = False) -> int: ...


def run(open_window: OpenWindow) -> None:
    """Run the program and exit: 0 done, 2 bad input, 1 failure, 130 interrupted.

    The window is handed in, since nothing here may know Qt.
    """
    log_to_file()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file's name may hold what the terminal cannot show
            stream.reconfigure(errors="replace")
    # Calling `app` itself would put typer's traceback printer in the place of the log.
    typer.main.get_command(app)(obj=open_window)


@app.callback(invoke_without_command=True)
def window(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
    sample: Annotated[bool, typer.Option("--sample", help="Open the window on the sample images.")] = False,
) -> None:
    if version:
        typer.echo(f"tlstudio {__version__}")
        raise typer.Exit(DONE)
    if context.invoked_subcommand is None:
        _open_window(context.obj, sample)


@guarded
def _open_window(open_window: OpenWindow, sample: bool) -> int:
    return open_window(sample=sample)


@app.command("open")
@guarded
def open_path(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A folder of images, an image, or a run.", metavar="PATH")],
) -> int:
    """Open the window on a folder, an image or a run."""
    if not path.exists():
        raise BadInput(f"There is no file or folder {path}.", "Check the spelling of the path.")
    return context.obj(path=path)


@app.command(cls=ManyOptions)
@guarded
@divided
def data(
    divide: Divide,
    folder: Annotated[
        str, typer.Argument(help="A folder with a sub-folder of images a class, or 'sample'.", metavar="DIR")
    ],
    json: Json = False,
) -> int:
    """Say what images a folder holds, and what about them would spoil a training."""
    from tlstudio.cli.data import look_into, print_data

    wanted = divide(folder)
    with interruptible() as control:
        report = look_into(wanted, control)
    if json:
        write_json_line(report.as_json())
    else:
        print_data(report)
    return DONE


@app.command(cls=ManyOptions)
@guarded
@configured
def train(
    configure: Configure,
    out: Annotated[Path | None, typer.Option(help="The run's folder; must be new or empty.")] = None,
    json: Json = False,
) -> int:
    """Train, then test every epoch's model."""
    try:
        events = _train(configure(), out)
    except BadInput as error:  # a program that reads the lines is told as of any run that failed
        events = iter([RunFailed(error.message, error.hint, bad_input=True)])
    return _status(show_all(events, as_json=json))


@app.command(cls=ManyOptions)
@guarded
@configured
def estimate(configure: Configure, json: Json = False) -> int:
    """Say beforehand how long training would take."""
    config = configure()
    with interruptible() as control:
        from tlstudio.training.estimate import estimate as engine_estimate

        show_all(engine_estimate(config, control), as_json=json)
    return DONE


@app.command("find-lr", cls=ManyOptions)
@guarded
@configured
def find_lr(configure: Configure, json: Json = False) -> int:
    """Find a learning rate by a sweep: ever higher ones are tried, and one is suggested."""
    config = configure()
    with interruptible() as control:
        from tlstudio.training.lr_finder import find_lr as engine_find_lr

        show_all(engine_find_lr(config, control), as_json=json)
    return DONE


@app.command()
@guarded
def resume(
    run: Annotated[Path, typer.Argument(help="The run's folder.", metavar="RUN")],
    accept_changed_data: Annotated[
        bool,
        typer.Option(
            "--accept-changed-data", help="Go on even if the images are not those that the run began with."
        ),
    ] = False,
    json: Json = False,
) -> int:
    """Go on with a run that was stopped or cut off, after its last finished epoch."""
    return _status(show_all(map(_name_the_option, _resume(run, accept_changed_data)), as_json=json))


def _name_the_option(event: Event) -> Event:
    if isinstance(event, RunFailed) and event.changed_data:
        option = "`--accept-changed-data` accepts it."
        return dataclasses.replace(event, hint=f"{event.hint} {option}")
    return event


def _status(last: Event | None) -> int:
    match last:
        case RunStopped():
            return INTERRUPTED
        case RunFailed(bad_input=bad_input):
            return BAD_INPUT if bad_input else FAILED
        case _:
            return DONE


def _train(config: RunConfig, out: Path | None) -> Iterator[Event]:
    with interruptible() as control:  # before torch is imported, which takes seconds
        from tlstudio.training.trainer import train as engine_train

        yield from engine_train(config, control, out=out)


def _resume(run: Path, accept_changed_data: bool) -> Iterator[Event]:
    with interruptible() as control:
        from tlstudio.training.trainer import resume as engine_resume

        yield from engine_resume(run, control, accept_changed_data=accept_changed_data)


@app.command()
@guarded
def evaluate(
    run: Annotated[Path, typer.Argument(help="The run's folder.", metavar="RUN")],
    epoch: Annotated[
        int | None, typer.Option(help="Whose model to measure closely.  [default: the one validation chose]")
    ] = None,
    device: Device = "auto",
    json: Json = False,
) -> int:
    """Test every epoch's model of a run, and measure one closely, on its validation and test images."""
    with interruptible() as control:
        from tlstudio.cli.evaluation import print_evaluated
        from tlstudio.evaluation.one_epoch import evaluate_epoch
        from tlstudio.evaluation.one_epoch_events import EpochEvaluated

        events = evaluate_epoch(run, control, epoch=epoch, device=device, test_again=True)
        last = show_all(events, as_json=json)
    if isinstance(last, EpochEvaluated) and not json:
        print_evaluated(last)
        typer.echo(f"The table is kept in {run.absolute() / 'test.json'}")
    return DONE


@app.command()
@guarded
def labels(
    run: Annotated[Path, typer.Argument(help="The run's folder.", metavar="RUN")],
    device: Device = "auto",
    json: Json = False,
) -> int:
    """Find the labels of a run's images that are probably wrong."""
    with interruptible() as control:
        from tlstudio.cli.labels import print_judged
        from tlstudio.evaluation.labels import suspected_labels
        from tlstudio.evaluation.labels_events import LabelsJudged

        last = show_all(suspected_labels(run, control, device=device), as_json=json)
    if isinstance(last, LabelsJudged) and not json:
        print_judged(last)
    return DONE


app.command("predict")(predict)
app.command("lab", cls=ManyOptions)(lab)
app.command("zero-shot")(zero_shot)
app.command("zero-shot-test", cls=ManyOptions)(zero_shot_test)
app.command("few-shot", cls=ManyOptions)(few_shot)
app.command("search")(search)


@app.command()
@guarded
def layers(
    arch: Annotated[str, typer.Argument(help="The network.", metavar="ARCH")],
    strategy: Annotated[Strategy, typer.Option(help="Whose freezing to show.")] = Strategy.FEATURE_EXTRACTION,
    blocks: Annotated[int, typer.Option(help="For partial and staged.")] = 1,
    classes: Annotated[int, typer.Option(help="Classes of the head.", min=1)] = 1000,
    json: Json = False,
) -> int:
    """List a network's layers, and what a strategy trains of them."""
    from tlstudio.cli.report import print_layers
    from tlstudio.models.inspect import layer_tree
    from tlstudio.models.strategies import plan_for

    tree = layer_tree(arch, classes)
    plan = plan_for(strategy, tree, blocks)
    if json:
        write_json_line(tree.as_json(plan))
    else:
        print_layers(tree, plan)
    return DONE


@app.command()
@guarded
def doctor(json: Json = False) -> int:
    """Versions, devices, and where weights, cache, runs and logs lie."""
    from tlstudio.cli.report import doctor_report, print_report

    report = doctor_report()
    if json:
        write_json_line(report)
    else:
        print_report(report)
    return DONE
