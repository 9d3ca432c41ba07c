"""One model an epoch in little space: what is frozen is stored once a run, what is trained each epoch."""

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from tlstudio.config import Keep
from tlstudio.data.transforms import View
from tlstudio.errors import BadInput
from tlstudio.files import atomic_write
from tlstudio.models.build import IMAGENET_CLASSES, build
from tlstudio.models.weights import read_tensors
from tlstudio.runs.store import RunFolder
from tlstudio.training.as_is import CategoryReading
from tlstudio.training.device import Compute
from tlstudio.training.history import History
from tlstudio.training.memory import Parts

FROZEN_FILE = "frozen.safetensors"
_FORMAT = 1
_NOT_WHOLE = "The files of a run belong together; copy its whole folder again."


@dataclasses.dataclass(frozen=True)
class TrainedModel:
    """A model ready to classify: ``network``, in inference mode, turns what ``view`` gives into logits."""

    network: nn.Module
    classes: tuple[str, ...]
    view: View
    compute: Compute
    parts: Parts = dataclasses.field(default_factory=Parts)


def save_frozen(run: RunFolder, network: nn.Module, trained: frozenset[str]) -> None:
    """Store, once a run, the tensors of ``network`` that are in no ``trained`` layer at any stage."""
    frozen = {name: t.contiguous() for name, t in network.state_dict().items() if name not in trained}
    with atomic_write(run.path / FROZEN_FILE) as file:
        file.write(safetensors.torch.save(frozen))


def save_epoch(run: RunFolder, network: nn.Module, trained: frozenset[str], **about: Any) -> tuple[Path, int]:
    """Store the tensors that training may have changed; gives the file and its bytes.

    Raises:
        OSError: it cannot be written.
        StudioError: the run's folder is gone.
    """
    run.refuse_if_gone()
    tensors = {name: t.cpu() for name, t in network.state_dict().items() if name in trained}
    path = run.checkpoint(about["epoch"])
    return path, write_tensors(path, {"format": _FORMAT, "tensors": tensors, **about})


def write_tensors(path: Path, content: dict[str, Any]) -> int:
    """Write tensors and plain data, whole or not at all; gives the bytes.

    Raises:
        OSError: the folder cannot be written or the disk is full.
    """
    with atomic_write(path) as file:
        try:
            torch.save(content, file)
        except RuntimeError as error:
            # torch's writer meets the disk's error with one of its own, which says nothing of the disk.
            raise error.__context__ if isinstance(error.__context__, OSError) else error from None
        return file.tell()


def thin_out(run: RunFolder, keep: Keep, history: History) -> None:
    """Delete the models that the run is not to keep: never the best one, nor the last."""
    if keep == "all" or history.best is None:
        return
    wanted = {history.best.epoch, history.epochs[-1].epoch}
    for epoch in run.epochs():
        if epoch not in wanted and not (isinstance(keep, int) and epoch % keep == 0):
            run.checkpoint(epoch).unlink(missing_ok=True)


def newest_whole(run: RunFolder) -> int | None:
    """The newest finished epoch whose model can be read, if there is one."""
    finished = {epoch.epoch for epoch in History.read(run).epochs}
    for epoch in reversed(run.epochs()):
        if epoch in finished:
            with contextlib.suppress(BadInput):
                read_tensors(run.checkpoint(epoch))
                return epoch
    return None


def way_out(run: RunFolder) -> str:
    """What to do when a model of the run is lost: a hint."""
    epoch = newest_whole(run)
    if epoch is None:
        return "No model of this run is whole; train again."
    return f"The newest whole model is that of epoch {epoch}: choose that one."


def checkpoint_of(run: RunFolder, epoch: int) -> Path:
    """The file of an epoch's model.

    Raises:
        BadInput: there is none; the hint names those that are there.
    """
    path = run.checkpoint(epoch)
    if not path.is_file():
        known = ", ".join(map(str, run.epochs())) or "none"
        raise BadInput(f"{run.path} has no model of epoch {epoch}.", f"Its epochs are: {known}.")
    return path


def load_epoch(run: RunFolder, epoch: int, network: nn.Module) -> frozenset[str]:
    """Put an epoch's weights into ``network``, whose frozen ones are there already; gives their names.

    Raises:
        BadInput: there is no such epoch, or its file is damaged: then the hint offers the newest whole one.
    """
    path = checkpoint_of(run, epoch)
    try:
        tensors = read_tensors(path)
    except BadInput as error:
        raise BadInput(error.message, way_out(run)) from error
    return _load(network, tensors, path)


def load_model(run: RunFolder, epoch: int | None, device: torch.device) -> TrainedModel:
    """A run's model of an epoch, by default of the one that validation chose.

    Raises:
        BadInput: the run has no finished epoch, or a file is missing or damaged.
    """
    if epoch is None:
        best = History.read(run).best
        epoch = best.epoch if best else None
    if epoch is None:
        raise BadInput(f"{run.path} has no finished epoch yet.", "Train it for at least one epoch.")
    about = run.read("about.json")
    try:
        classes = tuple(str(name) for name in about["classes"])
        arch, as_is, view = str(about["arch"]), bool(about["as_is"]), View(**about["view"])
        compute = Compute.recorded(about.get("compute"), device)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{run.path / 'about.json'} is damaged.", _NOT_WHOLE) from error
    network = empty_network(arch, len(classes), as_is=as_is)
    load_tensors(run, epoch, network)
    return TrainedModel(compute.settle(network).eval(), classes, view, compute)


def load_tensors(run: RunFolder, epoch: int, network: nn.Module) -> None:
    """Put the weights that an epoch ended with into ``network``, the frozen and the trained ones.

    Raises:
        BadInput: a file is missing or damaged, or they do not make the whole network.
    """
    present = _load_frozen(run, network) | load_epoch(run, epoch, network)
    lost = network.state_dict().keys() - present
    if lost:
        raise BadInput(
            f"{run.path} lacks {len(lost)} of the network's tensors, {min(lost)} among them.", _NOT_WHOLE
        )


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
