"""The options that make a run's configuration, shared by the commands that take one."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Concatenate, Literal, ParamSpec, get_type_hints

import typer
from pydantic import ValidationError
from typer.core import TyperCommand

from tlstudio.cli.image_options import IMAGES, images, must
from tlstudio.cli.image_options import option as _option
from tlstudio.config import Augmentation, DataConfig, FreezePlan, RunConfig, Stage, Strategy
from tlstudio.errors import BadInput

P = ParamSpec("P")
Configure = Callable[[], RunConfig]
Divide = Callable[[str], DataConfig]

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON object a line on stdout, and nothing else there.")
]
Device = Annotated[DeviceName, typer.Option(help="What computes; auto is the fastest there is.")]

_SEEN, _NETWORK = "How images are seen and varied", "Network"
_STAGES, _STEPS, _MACHINE = "What is trained, and when", "How it is trained", "How it is computed and kept"
# Fields whose option has another name.
_OPTIONS = {"batch_size": "batch", "rates": "rate"}
_HINT = "`tlstudio train --help` describes every option."


def _layers_help(what: str) -> str:
    return f"Layers to {what} whatever the strategy says; `tlstudio layers ARCH` lists their paths."


def _keep(value: str) -> str | int:
    if value in ("all", "best-and-last"):
        return value
    if value.isdecimal() and int(value):
        return int(value)
    raise typer.BadParameter(f"{value} is neither all, best-and-last nor a number above 0.")


def configuration(
    divided: DataConfig,
    *,
    image_size: Annotated[int | None, _option(_SEEN, "Pixels a side; by default the weights'.")] = None,
    augmentation: Annotated[
        Augmentation, _option(_SEEN, "How much training images are varied.")
    ] = Augmentation.NONE,
    views: Annotated[
        int, _option(_SEEN, "Varied views an image that are kept where layers are frozen; 0: new ones.")
    ] = 4,
    mix: Annotated[
        Literal["none", "mixup", "cutmix"],
        _option(_SEEN, "Blend pairs of training images and their labels, or cut one into the other."),
    ] = "none",
    balance: Annotated[
        Literal["none", "loss", "sampling"],
        _option(_SEEN, "Let small classes weigh as large ones: in the loss, or by drawing them often."),
    ] = "none",
    arch: Annotated[
        str, _option(_NETWORK, "The network; `tlstudio doctor` lists them.")
    ] = "efficientnet_lite0",
    weights: Annotated[
        str,
        _option(
            _NETWORK,
            "default (the best published), bundled, none (random), a published name such as "
            "IMAGENET1K_V1, or a file or folder.",
        ),
    ] = "default",
    batch_norm: Annotated[
        Literal["update", "keep"],
        _option(
            _NETWORK,
            "Whether trained batch norms follow the statistics of the new images or keep those of the "
            "pre-training, which suits small batches.",
        ),
    ] = "update",
    strategy: Annotated[Strategy, _option(_STAGES, "What is kept and what is trained.")] = (
        Strategy.FEATURE_EXTRACTION
    ),
    blocks: Annotated[int, _option(_STAGES, "Blocks that partial and staged training unfreeze.")] = 1,
    freeze: Annotated[list[str] | None, _option(_STAGES, _layers_help("freeze"), metavar="PATH")] = None,
    unfreeze: Annotated[list[str] | None, _option(_STAGES, _layers_help("train"), metavar="PATH")] = None,
    stage: Annotated[
        list[str] | None,
        _option(
            _STAGES,
            "A stage of your own: the layers it trains, its epochs, its learning rate, and whether its "
            "optimiser continues the one before: fc:2:3e-3, then layer4,fc:3:1e-3:continue. Once for each.",
            metavar="PATHS:EPOCHS:LR[:continue]",
        ),
    ] = None,
    epochs: Annotated[int, _option(_STAGES, "Epochs in all; with stages of your own, theirs.")] = 5,
    early_stopping: Annotated[
        int | None, _option(_STAGES, "Stop after so many epochs without a better one.")
    ] = None,
    lr: Annotated[
        float | None, _option(_STEPS, "Learning rate; by default the strategy's. See also find-lr.")
    ] = None,
    lr_decay: Annotated[
        float, _option(_STEPS, "How much of the learning rate of the block above each block has, up to 1.")
    ] = 1.0,
    rate: Annotated[
        list[str] | None,
        _option(_STEPS, "A block's own learning rate: layer4=1e-4. Once for each.", metavar="PATH=LR"),
    ] = None,
    schedule: Annotated[
        Literal["cosine", "constant", "one-cycle"],
        _option(_STEPS, "How the learning rate goes on within a stage."),
    ] = "cosine",
    warmup: Annotated[
        float, _option(_STEPS, "The share of a stage's steps in which the learning rate climbs.")
    ] = 0.0,
    batch: Annotated[int, _option(_STEPS, "Images that pass together.")] = 32,
    accumulate: Annotated[int, _option(_STEPS, "Batches whose gradients make one step.")] = 1,
    optimizer: Annotated[Literal["adamw", "sgd"], _option(_STEPS, "What changes the weights.")] = "adamw",
    weight_decay: Annotated[float, _option(_STEPS, "How strongly weights are drawn to zero.")] = 1e-4,
    label_smoothing: Annotated[
        float, _option(_STEPS, "The share of each label that is spread over all classes.")
    ] = 0.0,
    clip_norm: Annotated[
        float | None, _option(_STEPS, "The most that the norm of a step's gradient may be.")
    ] = None,
    ema: Annotated[
        float | None,
        _option(_STEPS, "Keep running means of the weights, a step keeping this much of the mean: 0.99."),
    ] = None,
    seed: Annotated[int, _option(_MACHINE, "The same seed repeats a run.")] = 0,
    device: Annotated[DeviceName, _option(_MACHINE, "What computes; auto is the fastest there is.")] = "auto",
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"],
        _option(_MACHINE, "Of computation; auto is what is faster on this machine."),
    ] = "auto",
    features: Annotated[
        Literal["float32", "float16"],
        _option(_MACHINE, "How features of frozen layers are kept; float16 takes half the space."),
    ] = "float32",
    keep: Annotated[
        Any,
        _option(
            _MACHINE,
            "Whose models stay: all epochs', the best and the last one's, or theirs and each N-th's.",
            parser=_keep,
            metavar="all|best-and-last|N",
        ),
    ] = "all",
) -> RunConfig:
    """
    Raises:
        BadInput: an option's value makes no sense.
    """
    stages, rates = tuple(map(_stage, stage or ())), _rates(rate or ())
    try:
        return RunConfig(
            data=divided,
            arch=arch,
            weights=weights,
            strategy=strategy,
            blocks=blocks,
            freeze=tuple(freeze or ()),
            unfreeze=tuple(unfreeze or ()),
            epochs=epochs,
            lr=lr,
            batch_size=batch,
            image_size=image_size,
            stages=stages,
            optimizer=optimizer,
            schedule=schedule,
            warmup=warmup,
            lr_decay=lr_decay,
            rates=rates,
            weight_decay=weight_decay,
            label_smoothing=label_smoothing,
            augmentation=augmentation,
            views=views,
            early_stopping=early_stopping,
            batch_norm=batch_norm,
            balance=balance,
            mix=mix,
            clip_norm=clip_norm,
            ema=ema,
            accumulate=accumulate,
            precision=precision,
            features=features,
            keep=keep,
            seed=seed,
            device=device,
        )
    except ValidationError as error:
        raise _bad_option(error) from error


def images_at(
    data: Annotated[str, _option(IMAGES, "A folder with a sub-folder of images a class, or 'sample'.")],
) -> str:
    """The option that says where the images are."""
    return data


def configured(command: Callable[Concatenate[Configure, P], int]) -> Callable[..., int]:
    """Give a command, besides its own options, those of a configuration, made when it asks."""

    def prepare(given: dict[str, Any]) -> Configure:
        where, dividing = _taken(given, images_at), _taken(given, images)
        rest = _taken(given, configuration)
        return lambda: configuration(images(images_at(**where), **dividing), **rest)

    return _with_options(command, (images_at, images, configuration), prepare)


def divided(command: Callable[Concatenate[Divide, P], int]) -> Callable[..., int]:
    """Give a command, besides its own options, those of how images are divided."""

    def prepare(given: dict[str, Any]) -> Divide:
        return functools.partial(images, **_taken(given, images))

    return _with_options(command, (images,), prepare)


def _with_options(
    command: Callable[..., int],
    makers: Iterable[Callable[..., Any]],
    prepare: Callable[[dict[str, Any]], Callable[..., Any]],
) -> Callable[..., int]:
    """Call a command with what ``prepare`` takes from the options of ``makers``, and with the rest."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    shared = [one for maker in makers for one in _options(maker)]

    @functools.wraps(command)
    def run(**given: Any) -> int:
        return command(prepare(given), **given)

    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*shared, *own)]
    run.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportAttributeAccessIssue]
    hints: dict[str, Any] = {}
    for one in (*makers, command):
        hints |= get_type_hints(one)
    run.__annotations__ = hints
    return run


def _options(maker: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of ``maker`` that are options; the others are what another one makes."""
    found = inspect.signature(maker).parameters.values()
    return [one for one in found if hasattr(one.annotation, "__metadata__")]


def _taken(given: dict[str, Any], maker: Callable[..., Any]) -> dict[str, Any]:
    return {one.name: given.pop(one.name) for one in _options(maker)}


class ManyOptions(TyperCommand):
    """A command with options in groups, of which those of layers take several values.

    ``--freeze A B`` is ``--freeze A --freeze B``.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        spread: list[str] = []
        option, values = "", 0
        for word in args:
            if word.startswith("-"):
                option, values = (word if word in ("--freeze", "--unfreeze") else ""), 0
            elif option:
                values += 1
                if values > 1:
                    spread.append(option)
            spread.append(word)
        return super().parse_args(ctx, spread)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            if described := parameter.get_help_record(ctx):
                groups.setdefault(getattr(parameter, "rich_help_panel", None) or "Others", []).append(
                    described
                )
        for title, described in groups.items():
            with formatter.section(title):
                formatter.write_dl(described)


def _stage(text: str) -> Stage:
    match text.split(":"):
        case [paths, epochs, lr]:
            continues = False
        case [paths, epochs, lr, "continue"]:
            continues = True
        case _:
            raise _no_stage(text)
    names = tuple(path.strip() for path in paths.split(","))
    if not all(names):
        raise _no_stage(text)
    try:
        return Stage(
            name=", ".join(names),
            epochs=int(epochs),
            lr=float(lr),
            plan=FreezePlan(trainable=names),
            continues=continues,
        )
    except ValidationError as error:
        first = error.errors()[0]
        what = {"epochs": "its epochs", "lr": "its learning rate"}[str(first["loc"][0])]
        raise BadInput(f"--stage {text}: {what} {must(first)}, not {first['input']}.", _HINT) from error
    except ValueError:
        raise _no_stage(text) from None


def _no_stage(text: str) -> BadInput:
    return BadInput(
        f"--stage {text} is not PATHS:EPOCHS:LR or PATHS:EPOCHS:LR:continue.",
        "For example --stage fc:2:3e-3 --stage layer4,fc:3:1e-3:continue",
    )


def _rates(texts: Iterable[str]) -> dict[str, float]:
    rates: dict[str, float] = {}
    for text in texts:
        path, equals, value = text.rpartition("=")
        try:
            rates[path.strip()] = float(value)
        except ValueError:
            equals = ""
        if not equals or not path.strip():
            raise BadInput(f"--rate {text} is not PATH=LR.", "For example --rate layer4=1e-4")
    return rates


def _bad_option(error: ValidationError) -> BadInput:
    first = error.errors()[0]
    field = str(first["loc"][0])
    name = _OPTIONS.get(field, field).replace("_", "-")
    if field == "rates":
        name = f"{name} {first['loc'][1]}"
    return BadInput(f"--{name} {must(first)}, not {first['input']}.", _HINT)
