"""What a Strategy Lab is to try, as plain data, and the list of entries that this makes. No torch here."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tlstudio.config import DataConfig, RunConfig, Strategy
from tlstudio.errors import BadInput
from tlstudio.models.architectures import architectures

ZERO_SHOT, LINEAR_PROBE = "zero-shot", "linear-probe"
CLIP_METHODS = (ZERO_SHOT, LINEAR_PROBE)
# A hybrid's layers are chosen by hand for one network: a run, not something to tick.
TRAINED = tuple(strategy.value for strategy in Strategy if strategy is not Strategy.HYBRID)
METHODS = (*CLIP_METHODS, *TRAINED)
WITH_BLOCKS = (Strategy.PARTIAL.value, Strategy.STAGED.value)
LABELS = (5, 10, 25, 100)  # images a class of a label-efficiency sweep

_WORDS = {
    "zero-shot": "zero-shot",
    "linear-probe": "linear probe",
    "as-is": "as it is",
    "feature-extraction": "feature extraction",
    "partial": "partial fine-tuning",
    "staged": "staged fine-tuning",
    "full": "full fine-tuning",
    "scratch": "from scratch",
}
_ONE_STRATEGYS = ("freeze", "unfreeze", "stages", "rates")  # layers of one network: not for all entries

Kind = Literal["run", "zero-shot", "linear-probe"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Choice(_Frozen):
    """Something ticked: a strategy of training, or a use of CLIP; ``blocks`` is for partial and staged."""

    method: str
    blocks: int = Field(default=1, ge=1)

    @field_validator("method")
    @classmethod
    def _known(cls, method: str) -> str:
        if method not in METHODS:
            raise ValueError(f"'{method}' is none of {', '.join(METHODS)}")
        return method

    @property
    def name(self) -> str:
        """In a file's name."""
        return f"{self.method}-{self.blocks}" if self.method in WITH_BLOCKS else self.method

    @property
    def title(self) -> str:
        blocks = f" of {self.blocks} block{'s' * (self.blocks != 1)}" if self.method in WITH_BLOCKS else ""
        return _WORDS[self.method] + blocks


class Network(_Frozen):
    """A network and its weights, as in a :class:`~tlstudio.config.RunConfig`."""

    arch: str = "efficientnet_lite0"
    weights: str = "default"


class ClipChoice(_Frozen):
    """Which CLIP is asked, and the sentences about its classes."""

    model: str
    pretrained: str
    templates: tuple[str, ...] = ("a photo of a {}.",)


class LabConfig(_Frozen):
    """All that a lab is to find out; its entries follow from it alone.

    Attributes:
        base: what all runs have in common: images and their one division, epochs, image size, batch, device,
            precision. Its network, weights, strategy, blocks and seed are those of no entry.
        networks: each is trained by each strategy that is ticked.
        minutes: that a run may take; how many epochs that makes is estimated, instead of ``base.epochs``.
        seeds: how often each is repeated, with ``base.seed`` and the numbers after it.
        labels: training images of each class, None for all of them; the images of a number are among those of
            a larger one, and each seed draws its own.
        clip: for zero-shot and the linear probe.
    """

    format: Literal[1] = 1
    base: RunConfig
    networks: tuple[Network, ...] = Field(default=(Network(),), min_length=1)
    choices: tuple[Choice, ...] = Field(min_length=1)
    minutes: float | None = Field(default=None, gt=0)
    seeds: int = Field(default=1, ge=1, le=5)
    labels: tuple[Annotated[int, Field(ge=1)] | None, ...] = Field(default=(None,), min_length=1)
    clip: ClipChoice | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for name in _ONE_STRATEGYS:
            if getattr(self.base, name):
                raise ValueError(f"{name} names layers of one network, which a lab cannot ask of all")
        if self.base.data.per_class is not None:
            raise ValueError("how many images a class are learned from is said by labels")
        for what in ("networks", "choices", "labels"):
            found: Sequence[Any] = getattr(self, what)
            if len(set(found)) < len(found):
                raise ValueError(f"{what} has something twice")
        if self.clip is None and any(choice.method in CLIP_METHODS for choice in self.choices):
            raise ValueError("zero-shot and linear-probe need a CLIP model")
        return self

    @property
    def data(self) -> DataConfig:
        return self.base.data


@dataclasses.dataclass(frozen=True)
class LabEntry:
    """One thing to try.

    Attributes:
        name: what it is called in files; no two of a lab are the same.
        group: entries of a group differ in their seeds alone.
        network: the name of the network and its weights, "clip" for CLIP.
        what: network and method for people; :attr:`title` adds how many images are learned from.
        data: the lab's images, with as many for training as this entry may learn from.
        run: what is trained; None for zero-shot and the linear probe.
    """

    name: str
    group: str
    network: str
    what: str
    kind: Kind
    method: str
    blocks: int
    seed: int
    data: DataConfig
    run: RunConfig | None = None

    @property
    def title(self) -> str:
        few = self.per_class
        return self.what if few is None else f"{self.what}, {few} image{'s' * (few != 1)} a class"

    @property
    def per_class(self) -> int | None:
        return self.data.per_class

    @property
    def arch(self) -> str:
        return self.run.arch if self.run else ""


def entries_of(config: LabConfig) -> tuple[LabEntry, ...]:
    """The entries of a lab: all with the first seed, then with the next. No two are the same.

    A model used as it is, and the linear probe, come out the same with each seed unless the seed draws their
    images; zero-shot needs no images at all.
    """
    titled = len(config.networks) > 1
    found: dict[str, LabEntry] = {}
    for seed in range(config.base.seed, config.base.seed + config.seeds):
        for labels in config.labels:
            for entry in _ticked(config, seed, labels, titled):
                found.setdefault(entry.name, entry)
    return tuple(found.values())


def _ticked(config: LabConfig, seed: int, labels: int | None, titled: bool) -> Iterator[LabEntry]:
    for choice in config.choices:
        if choice.method in CLIP_METHODS:
            yield _of_clip(config, choice, seed, labels)
        else:
            for network in config.networks:
                yield _run(config, choice, network, seed, labels, titled)


def _of_clip(config: LabConfig, choice: Choice, seed: int, labels: int | None) -> LabEntry:
    kind: Kind = "zero-shot" if choice.method == ZERO_SHOT else "linear-probe"
    labels = None if kind == "zero-shot" else labels
    seed = config.base.seed if labels is None else seed
    data, suffix = _learned_from(config, labels, seed)
    group, what = f"clip-{choice.name}{suffix}", f"CLIP {choice.title}"
    return LabEntry(f"{group}-s{seed}", group, "clip", what, kind, choice.method, 1, seed, data)


def _run(
    config: LabConfig, choice: Choice, network: Network, seed: int, labels: int | None, titled: bool
) -> LabEntry:
    if choice.method == Strategy.AS_IS and labels is None:
        seed = config.base.seed
    data, suffix = _learned_from(config, labels, seed)
    changes = {
        "data": data,
        "arch": network.arch,
        "weights": "none" if choice.method == Strategy.SCRATCH else network.weights,
        "strategy": Strategy(choice.method),
        "blocks": choice.blocks,
        "seed": seed,
    }
    run = config.base.model_copy(update=changes)
    weights = [one.weights for one in config.networks if one.arch == network.arch]
    number = f"-{weights.index(network.weights) + 1}" if len(weights) > 1 else ""
    name = f"{network.arch}{number}"
    group = f"{name}-{choice.name}{suffix}"
    known = architectures().get(network.arch)
    prefix = f"{known.title if known else network.arch}{number}, " if titled else ""
    return LabEntry(
        f"{group}-s{seed}",
        group,
        name,
        f"{prefix}{choice.title}",
        "run",
        choice.method,
        choice.blocks,
        seed,
        data,
        run,
    )


def _learned_from(config: LabConfig, labels: int | None, seed: int) -> tuple[DataConfig, str]:
    """The images, and what tells them in names."""
    if labels is None:
        return config.data, ""
    return config.data.model_copy(update={"per_class": labels, "draw": seed}), f"-{labels}"


def by_group(entries: Sequence[LabEntry]) -> dict[str, tuple[LabEntry, ...]]:
    """The entries that differ in their seeds alone, in order."""
    found = defaultdict[str, list[LabEntry]](list)
    for entry in entries:
        found[entry.group].append(entry)
    return {group: tuple(members) for group, members in found.items()}


def choices_of(words: Sequence[str]) -> tuple[Choice, ...]:
    """Choices as they are written: ``full``, ``partial`` (one block), ``partial:3``, ``partial:1-4``.

    Raises:
        BadInput: one is none.
    """
    return tuple(dict.fromkeys(choice for word in words for choice in _written(word.strip())))


def _written(word: str) -> Iterator[Choice]:
    method, colon, blocks = word.partition(":")
    first, dash, last = blocks.partition("-")
    try:
        if colon and method not in WITH_BLOCKS:
            raise ValueError
        low = int(first) if colon else 1
        for count in range(low, (int(last) if dash else low) + 1):
            yield Choice(method=method, blocks=count)
    except ValueError as error:
        raise BadInput(
            f"'{word}' is no strategy.",
            f"Choose among {', '.join(METHODS)}; partial and staged take blocks: partial:2 or partial:1-4.",
        ) from error


def depth_sweep(blocks: int) -> tuple[Choice, ...]:
    """What shows how far down training pays, for a network of so many blocks: from the head alone to all."""
    head, everything = (
        Choice(method=strategy) for strategy in (Strategy.FEATURE_EXTRACTION.value, Strategy.FULL.value)
    )
    between = (Choice(method=Strategy.PARTIAL.value, blocks=count) for count in range(1, blocks))
    return (head, *between, everything)
