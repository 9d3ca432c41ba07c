"""The command line: the same engine calls as the window's, without Qt."""

import contextlib
import dataclasses
import functools
import io
import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, ParamSpec, Protocol

import typer

from tlstudio import __version__
from tlstudio.cli.faces import print_error, show_all, write_json_line
from tlstudio.cli.options import Configure, Device, Divide, Json, ManyOptions, configured, divided
from tlstudio.config import RunConfig, Strategy
from tlstudio.errors import BadInput, Stopped, StudioError
from tlstudio.events import Control, Event
from tlstudio.logs import log_file, log_to_file
from tlstudio.training.events import RunFailed, RunStopped
from tlstudio.zeroshot.catalogue import first_choice, weights_of
from tlstudio.zeroshot.events import DEFAULT_TEMPLATE, Clip, Question, ZeroShotRequest

P = ParamSpec("P")

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
_ONE_INTERRUPT = 1.0  # seconds within which a repeated signal is the same one: `timeout` sends two

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


def _guarded(command: Callable[P, int]) -> Callable[P, None]:
    """Turn what a command gives or raises into an exit status and, for an error, a plain sentence."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            status = command(*args, **kwargs)
        except BadInput as error:
            print_error(error.message, error.hint)
            status = BAD_INPUT
        except StudioError as error:
            print_error(error.message, error.hint)
            status = FAILED
        except (Stopped, KeyboardInterrupt):
            print_error("Interrupted.")
            status = INTERRUPTED
        except BrokenPipeError:  # whoever read our output has seen enough, as `head` does
            raise
        except Exception as error:  # the boundary: a person gets a sentence, the log the traceback
            _tell_unexpected(error)
            status = FAILED
        raise typer.Exit(status)

    return guarded


def _tell_unexpected(error: Exception) -> None:
    logging.getLogger(__name__).critical("The command failed", exc_info=error)
    reason = f"{type(error).__name__}: {error}".rstrip(".: ")
    where = f"the details are in {log_file()}" if log_file().is_file() else f"{log_file()} cannot be written"
    print_error(f"{reason}.", f"That should not have happened; {where}.")


@contextlib.contextmanager
def _interruptible() -> Iterator[Control]:
    """A control that the first Ctrl-C stops; a later one ends the program at once."""
    control = Control()
    asked = 0.0

    def stop(_number: int, _frame: Any) -> None:
        nonlocal asked
        if not control.stopping:
            asked = time.monotonic()
            control.stop()
        elif time.monotonic() - asked > _ONE_INTERRUPT:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield control
    finally:
        signal.signal(signal.SIGINT, before)


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


@_guarded
def _open_window(open_window: OpenWindow, sample: bool) -> int:
    return open_window(sample=sample)


@app.command("open")
@_guarded
def open_path(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A folder of images, an image, or a run.", metavar="PATH")],
) -> int:
    """Open the window on a folder, an image or a run."""
    if not path.exists():
        raise BadInput(f"There is no file or folder {path}.", "Check the spelling of the path.")
    return context.obj(path=path)


@app.command(cls=ManyOptions)
@_guarded
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
    with _interruptible() as control:
        report = look_into(wanted, control)
    if json:
        write_json_line(report.as_json())
    else:
        print_data(report)
    return DONE


@app.command(cls=ManyOptions)
@_guarded
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
@_guarded
@configured
def estimate(configure: Configure, json: Json = False) -> int:
    """Say beforehand how long training would take."""
    config = configure()
    with _interruptible() as control:
        from tlstudio.training.estimate import estimate as engine_estimate

        show_all(engine_estimate(config, control), as_json=json)
    return DONE


@app.command("find-lr", cls=ManyOptions)
@_guarded
@configured
def find_lr(configure: Configure, json: Json = False) -> int:
    """Find a learning rate by a sweep: ever higher ones are tried, and one is suggested."""
    config = configure()
    with _interruptible() as control:
        from tlstudio.training.lr_finder import find_lr as engine_find_lr

        show_all(engine_find_lr(config, control), as_json=json)
    return DONE


@app.command()
@_guarded
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
    with _interruptible() as control:  # before torch is imported, which takes seconds
        from tlstudio.training.trainer import train as engine_train

        yield from engine_train(config, control, out=out)


def _resume(run: Path, accept_changed_data: bool) -> Iterator[Event]:
    with _interruptible() as control:
        from tlstudio.training.trainer import resume as engine_resume

        yield from engine_resume(run, control, accept_changed_data=accept_changed_data)


@app.command()
@_guarded
def evaluate(
    run: Annotated[Path, typer.Argument(help="The run's folder.", metavar="RUN")],
    device: Device = "auto",
    json: Json = False,
) -> int:
    """Test every epoch's model of a run on its test images."""
    with _interruptible() as control:
        from tlstudio.evaluation.every_epoch import evaluate as engine_evaluate

        show_all(engine_evaluate(run, control, device=device), as_json=json)
    if not json:
        typer.echo(f"The table is kept in {run.absolute() / 'test.json'}")
    return DONE


@app.command()
@_guarded
def labels(
    run: Annotated[Path, typer.Argument(help="The run's folder.", metavar="RUN")],
    device: Device = "auto",
    json: Json = False,
) -> int:
    """Find the labels of a run's images that are probably wrong."""
    with _interruptible() as control:
        from tlstudio.cli.labels import print_judged
        from tlstudio.evaluation.labels import suspected_labels
        from tlstudio.evaluation.labels_events import LabelsJudged

        last = show_all(suspected_labels(run, control, device=device), as_json=json)
    if isinstance(last, LabelsJudged) and not json:
        print_judged(last)
    return DONE


@app.command()
@_guarded
def predict(
    model: Annotated[
        str, typer.Argument(help="A run's folder, or an architecture as it is.", metavar="RUN|ARCH")
    ],
    images: Annotated[list[Path], typer.Argument(help="Images, or folders of them.", metavar="PATH")],
    weights: Annotated[str, typer.Option(help="For an architecture: its weights.")] = "default",
    epoch: Annotated[int | None, typer.Option(help="For a run: which epoch's model.")] = None,
    device: Device = "auto",
    json: Json = False,
) -> int:
    """Classify images with a run, or with a pre-trained network's 1,000 categories."""
    with _interruptible() as control:
        from tlstudio.inference.predict import predict as engine_predict

        events = engine_predict(model, images, control, weights=weights, epoch=epoch, device=device)
        show_all(events, as_json=json)
    return DONE


@app.command("zero-shot")
@_guarded
def zero_shot(
    images: Annotated[list[Path], typer.Argument(help="Images, or folders of them.", metavar="PATH")],
    classes: Annotated[str, typer.Option(help='Class names, separated by commas: "cat,dog".')],
    template: Annotated[
        list[str] | None,
        typer.Option(
            help=f"The prompt; {{}} is the class. May be repeated.  [default: {DEFAULT_TEMPLATE}]",
            metavar="<str>",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="A model of open_clip, a model configuration as a JSON file, or demo for the bundled one.  "
            "[default: the best that is on this machine, else demo]",
            metavar="<str>",
        ),
    ] = None,
    pretrained: Annotated[
        str | None,
        typer.Option(
            help="Its pretrained tag, a weights file, or none for random weights.  [default: the usual ones]",
            metavar="<str>",
        ),
    ] = None,
    device: Device = "auto",
    json: Json = False,
) -> int:
    """Classify images into classes that were never trained, with CLIP."""
    question = Question(tuple(classes.split(",")), tuple(template or (DEFAULT_TEMPLATE,)))
    if model is None and pretrained is None:
        best = first_choice()
        model, pretrained = best.model, best.pretrained
    model = model or Clip.model
    clip = Clip(model, pretrained or weights_of(model) or Clip.pretrained, device)
    request = ZeroShotRequest(tuple(images), question, clip)
    with _interruptible() as control:
        from tlstudio.zeroshot.classify import classify

        show_all(classify(request, control), as_json=json)
    return DONE


@app.command()
@_guarded
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
@_guarded
def doctor(json: Json = False) -> int:
    """Versions, devices, and where weights, cache, runs and logs lie."""
    from tlstudio.cli.report import doctor_report, print_report

    report = doctor_report()
    if json:
        write_json_line(report)
    else:
        print_report(report)
    return DONE
