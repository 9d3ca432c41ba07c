"""In what the configurations of runs differ, in plain words."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tlstudio.config import Augmentation, Corrections, RunConfig, SplitRatios, Stage, Strategy

_NAMES = {
    "root": "Images",
    "nesting": "Folder that names the class",
    "corrections": "Corrections of the images",
    "ratios": "Division",
    "split_seed": "Seed of the division",
    "keep_together": "Look-alikes in one split",
    "folds": "Folds",
    "fold": "Fold that validates",
    "per_class": "Training images a class",
    "draw": "Draw of the training images",
    "arch": "Network",
    "weights": "Weights at the start",
    "strategy": "Strategy",
    "blocks": "Blocks unfrozen",
    "freeze": "Frozen by hand",
    "unfreeze": "Trained by hand",
    "epochs": "Epochs",
    "lr": "Learning rate",
    "batch_size": "Batch",
    "image_size": "Image size",
    "stages": "Stages edited by hand",
    "optimizer": "Optimiser",
    "schedule": "Course of the rate",
    "warmup": "Warm-up",
    "lr_decay": "Rate from block to block",
    "rates": "Rates of single blocks",
    "weight_decay": "Weight decay",
    "label_smoothing": "Label smoothing",
    "augmentation": "Augmentation",
    "views": "Views kept of an image",
    "early_stopping": "Stop early after",
    "batch_norm": "Batch norms",
    "balance": "Balance of classes",
    "mix": "Mixing of images",
    "clip_norm": "Limit of the gradient",
    "ema": "Running mean of weights",
    "accumulate": "Batches a step",
    "precision": "Precision",
    "features": "Precision of kept features",
    "keep": "Models kept",
    "seed": "Seed",
    "device": "Device",
}
_IF_NONE = {
    "lr": "as the strategy has it",
    "image_size": "as the weights want it",
    "per_class": "all",
    "early_stopping": "never",
    "clip_norm": "none",
    "ema": "none",
    "folds": "none",
}
_WEIGHTS = {"default": "best published", "none": "random"}
_WORDS: dict[str, Callable[[Any], str]] = {
    "root": lambda root: Path(root).name or root,
    "weights": lambda weights: str(_WEIGHTS.get(weights, weights)),
    "image_size": lambda side: f"{side} px",
    "warmup": lambda share: f"{share:.0%}",
    "early_stopping": lambda epochs: f"{epochs} epochs",
    "fold": lambda fold: str(fold + 1),
}
# What has no effect unless another field says so.
_COUNTED = (Strategy.PARTIAL, Strategy.STAGED)
_OF_USE: dict[str, Callable[[RunConfig], bool]] = {
    "blocks": lambda config: config.strategy in _COUNTED,
    "views": lambda config: config.augmentation is not Augmentation.NONE,
    "fold": lambda config: config.data.folds is not None,
    "draw": lambda config: config.data.per_class is not None,
}
_NOT_USED = "–"


@dataclasses.dataclass(frozen=True)
class Difference:
    """A setting that is not the same everywhere, and what it is in each configuration."""

    name: str
    values: tuple[str, ...]


def differences(configs: Sequence[RunConfig]) -> tuple[Difference, ...]:
    """Only what differs; ``values`` are in the order of ``configs``."""
    everything = [_fields(config) for config in configs]
    found: list[Difference] = []
    for field in everything[0] if everything else ():
        raw = [fields[field] for fields in everything]
        used = [_OF_USE.get(field, _always)(config) for config in configs]
        told = [_told(field, one) if of_use else _NOT_USED for one, of_use in zip(raw, used, strict=True)]
        if any(one != raw[0] for one in raw) and any(used) and (len(set(told)) > 1 or all(used)):
            found.append(Difference(_NAMES[field], tuple(_apart(field, raw, told))))
    return tuple(found)


def _fields(config: RunConfig) -> dict[str, Any]:
    data = {name: getattr(config.data, name) for name in type(config.data).model_fields}
    own = {name: getattr(config, name) for name in type(config).model_fields if name in _NAMES}
    return {**data, **own}


def _always(_config: RunConfig) -> bool:
    return True


def _apart(field: str, raw: list[Any], told: list[str]) -> list[str]:
    """Words that tell the values apart: two folders may have one name, two lists one length."""
    if len(set(told)) > 1:
        return told
    if field == "root":
        return [str(one) for one in raw]
    return [f"{words} ({1 + raw.index(one)})" for one, words in zip(raw, told, strict=True)]


def _told(field: str, value: Any) -> str:
    match value:
        case None:
            words = _IF_NONE.get(field, "none")
        case _ if field in _WORDS:
            words = _WORDS[field](value)
        case bool():
            words = "yes" if value else "no"
        case SplitRatios():
            words = " | ".join(f"{100 * share:.3g}" for share in (value.train, value.val, value.test))
        case Corrections():
            words = "none" if value == Corrections() else "some"
        case tuple() if value and isinstance(value[0], Stage):
            words = " → ".join(f"{stage.name} ({stage.epochs})" for stage in value)
        case tuple():
            words = ", ".join(map(str, value)) or "none"
        case dict():
            words = ", ".join(f"{name}: {one}" for name, one in value.items()) or "none"
        case float():
            words = f"{value:.4g}"
        case _:
            words = str(value).replace("-", " ")
    return words
