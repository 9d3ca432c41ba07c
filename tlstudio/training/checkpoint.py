"""One model an epoch in little space: what is frozen is stored once a run, what is trained each epoch."""

import dataclasses
import io
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from tlstudio.data.transforms import View
from tlstudio.errors import BadInput
from tlstudio.files import atomic_write
from tlstudio.models.build import IMAGENET_CLASSES, build
from tlstudio.models.weights import read_tensors
from tlstudio.runs.store import RunFolder
from tlstudio.training.as_is import CategoryReading
from tlstudio.training.measure import settle

FROZEN_FILE = "frozen.safetensors"
_FORMAT = 1
_NOT_WHOLE = "The files of a run belong together; copy its whole folder again."


@dataclasses.dataclass(frozen=True)
class TrainedModel:
    """A model ready to classify: ``network``, in inference mode, turns what ``view`` gives into logits."""

    network: nn.Module
    classes: tuple[str, ...]
    view: View


def save_frozen(run: RunFolder, network: nn.Module, trained: frozenset[str]) -> None:
    """Store, once a run, the tensors of ``network`` that are in no ``trained`` layer at any stage."""
    frozen = {name: t.contiguous() for name, t in network.state_dict().items() if name not in trained}
    with atomic_write(run.path / FROZEN_FILE) as file:
        file.write(safetensors.torch.save(frozen))


def save_epoch(run: RunFolder, network: nn.Module, trained: frozenset[str], **about: Any) -> tuple[Path, int]:
    """Store the tensors that training may have changed; gives the file and its bytes."""
    tensors = {name: t.cpu() for name, t in network.state_dict().items() if name in trained}
    content = io.BytesIO()
    torch.save({"format": _FORMAT, "tensors": tensors, **about}, content)
    path = run.checkpoint(about["epoch"])
    with atomic_write(path) as file:
        file.write(content.getbuffer())
    return path, content.tell()


@dataclasses.dataclass(frozen=True)
class KeptEpoch:
    """What validation said of an epoch whose model is kept; ``best``: better than all before it."""

    epoch: int
    val_top1: float
    val_loss: float
    best: bool


def kept_epochs(run: RunFolder) -> tuple[KeptEpoch, ...]:
    """The finished epochs of a run, in order; those of a run that was cut off too.

    Raises:
        BadInput: the run's metrics are damaged.
    """
    rows = run.metrics()
    try:
        return tuple(
            KeptEpoch(int(row["epoch"]), float(row["val_top1"]), float(row["val_loss"]), bool(row["best"]))
            for row in rows
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"The metrics of {run.path} are damaged.", _NOT_WHOLE) from error


def chosen_epoch(run: RunFolder) -> int | None:
    """The epoch that validation prefers among the finished ones, if there is one."""
    best = [kept.epoch for kept in kept_epochs(run) if kept.best]
    return best[-1] if best else None


def load_epoch(run: RunFolder, epoch: int, network: nn.Module) -> frozenset[str]:
    """Put an epoch's weights into ``network``, whose frozen ones are there already; gives their names.

    Raises:
        BadInput: there is no such epoch, or its file is damaged.
    """
    path = run.checkpoint(epoch)
    if not path.is_file():
        known = ", ".join(map(str, run.epochs())) or "none"
        raise BadInput(f"{run.path} has no model of epoch {epoch}.", f"Its epochs are: {known}.")
    return _load(network, read_tensors(path), path)


def load_model(run: RunFolder, epoch: int | None, device: torch.device) -> TrainedModel:
    """A run's model of an epoch, by default of the one that validation chose.

    Raises:
        BadInput: the run has no finished epoch, or a file is missing or damaged.
    """
    if epoch is None:
        epoch = chosen_epoch(run)
    if epoch is None:
        raise BadInput(f"{run.path} has no finished epoch yet.", "Train it for at least one epoch.")
    about = run.read("about.json")
    try:
        classes = tuple(str(name) for name in about["classes"])
        arch, as_is, view = str(about["arch"]), bool(about["as_is"]), View(**about["view"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{run.path / 'about.json'} is damaged.", _NOT_WHOLE) from error
    network = empty_network(arch, len(classes), as_is=as_is)
    present = _load_frozen(run, network) | load_epoch(run, epoch, network)
    lost = network.state_dict().keys() - present
    if lost:
        raise BadInput(
            f"{run.path} lacks {len(lost)} of the network's tensors, {min(lost)} among them.", _NOT_WHOLE
        )
    return TrainedModel(settle(network, device).eval(), classes, view)


def empty_network(arch: str, classes: int, *, as_is: bool) -> nn.Module:
    """The network that a run's tensors fit into."""
    if as_is:
        return CategoryReading(build(arch, IMAGENET_CLASSES), classes)
    return build(arch, classes)


def _load_frozen(run: RunFolder, network: nn.Module) -> frozenset[str]:
    path = run.path / FROZEN_FILE
    if not path.is_file():
        raise BadInput(f"{path} is missing.", _NOT_WHOLE)
    return _load(network, read_tensors(path), path)


def _load(network: nn.Module, tensors: dict[str, Tensor], path: Path) -> frozenset[str]:
    own = network.state_dict()
    strangers = [name for name, t in tensors.items() if name not in own or own[name].shape != t.shape]
    if strangers:
        raise BadInput(f"{path} does not fit the run's network: {strangers[0]} is not its own.", _NOT_WHOLE)
    network.load_state_dict(tensors, strict=False)
    return frozenset(tensors)
