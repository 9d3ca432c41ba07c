"""The options that say how images are read, corrected and divided: those of every command that does so."""

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from tlstudio.config import Corrections, DataConfig, SplitRatios
from tlstudio.data.layouts import Nesting
from tlstudio.errors import BadInput
from tlstudio.paths import sample_dir

SAMPLE = "sample"
IMAGES = "Images and how they are divided"
_SUMS = (1.0, 100.0)  # of shares, or of per cents


def option(panel: str, text: str, **more: Any) -> Any:
    return typer.Option(help=text, rich_help_panel=panel, **more)


def images(
    root: str,
    *,
    nesting: Annotated[
        Nesting | None,
        option(IMAGES, "Which of several folders around an image names its class.  [default: outer]"),
    ] = None,
    corrections: Annotated[
        bool,
        option(
            IMAGES,
            "Use what was renamed, merged, moved and left out in the window for this folder, and its "
            "nesting. Off unless asked: a command does the same on every machine and whatever was clicked.",
        ),
    ] = False,
    ratios: Annotated[
        str, option(IMAGES, "Shares of training, validation and test: 0.7,0.15,0.15 or 70,15,15.")
    ] = "0.7,0.15,0.15",
    split_seed: Annotated[int, option(IMAGES, "The same seed divides the same images alike.")] = 0,
    keep_together: Annotated[
        bool, option(IMAGES, "Whether images that look alike come into the same split.")
    ] = True,
    folds: Annotated[
        int | None,
        option(IMAGES, "Divide training and validation images into so many parts: cross-validation."),
    ] = None,
    fold: Annotated[
        int | None, option(IMAGES, "Which of the folds validates, from 1, which is the default.")
    ] = None,
    per_class: Annotated[
        int | None, option(IMAGES, "Train on no more than so many images of each class.  [default: all]")
    ] = None,
    draw: Annotated[int, option(IMAGES, "With --per-class: another number draws other images.")] = 0,
) -> DataConfig:
    """Which images, and how they are divided; options are the fields of :class:`DataConfig` by their names.

    Raises:
        BadInput: an option's value makes no sense.
    """
    number = _fold(folds, fold)
    kept = _kept(root, nesting) if corrections else (nesting or "outer", Corrections())
    try:
        return DataConfig(
            root=root,
            nesting=kept[0],
            corrections=kept[1],
            ratios=_ratios(ratios),
            split_seed=split_seed,
            keep_together=keep_together,
            folds=folds,
            fold=number,
            per_class=per_class,
            draw=draw,
        )
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).replace("_", "-")
        raise BadInput(f"--{name} {must(first)}, not {first['input']}.") from error


def kept_corrections(root: str) -> tuple[Nesting, Corrections]:
    """What the window keeps for a folder, or for the sample."""
    from tlstudio.data.corrections import CorrectionStore
    from tlstudio.data.sample import VERSION

    kept = CorrectionStore().load(sample_dir() / VERSION if root == SAMPLE else Path(root).expanduser())
    return kept.nesting, kept.corrections


def must(error: Any) -> str:
    """What pydantic says of a value, in words after an option's name."""
    limit = error.get("ctx", {})
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    said = " and ".join(f"{said} {limit[key]:g}" for key, said in words.items() if key in limit)
    return f"must be {said}" if said else error["msg"].lower()


def _kept(root: str, nesting: Nesting | None) -> tuple[Nesting, Corrections]:
    kept, corrections = kept_corrections(root)
    if nesting is None or nesting == kept:
        return kept, corrections
    # The classes are others: what was corrected about those before says nothing of them.
    return nesting, Corrections(without=corrections.without, splits=corrections.splits)


def _fold(folds: int | None, fold: int | None) -> int:
    """The number of a fold as the engine counts, from 0."""
    if fold is None:
        return 0
    if folds is None:
        raise BadInput(f"--fold {fold} says nothing without --folds.", f"For example --folds 5 --fold {fold}")
    if not 1 <= fold <= folds:
        raise BadInput(f"--fold must be from 1 to {folds}, not {fold}.")
    return fold - 1


def _ratios(text: str) -> SplitRatios:
    try:
        train, val, test = (float(part) for part in text.split(","))
        total = next(total for total in _SUMS if abs(train + val + test - total) <= 1e-6 * total)
        return SplitRatios(train=train / total, val=val / total, test=test / total)
    except (ValueError, StopIteration) as error:  # pydantic's is a ValueError
        raise BadInput(
            f"--ratios {text} is not three shares above 0 that sum to 1, or to 100.",
            "For example --ratios 0.7,0.15,0.15 for training, validation and test",
        ) from error
