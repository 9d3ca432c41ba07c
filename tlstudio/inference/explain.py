"""Where in any image file a model sees a class, whether a run or a network as it is."""

from collections.abc import Iterator
from pathlib import Path

from tlstudio.errors import BadInput, UnreadableImage
from tlstudio.evaluation.explain import explained, keep_outputs
from tlstudio.events import Control, Event, Progress
from tlstudio.inference.events import Member
from tlstudio.inference.predict import load_member
from tlstudio.models.architectures import architectures
from tlstudio.runs.store import RunFolder
from tlstudio.training.checkpoint import TrainedModel


def explain_file(
    member: Member,
    file: Path,
    control: Control,
    *,
    target: str = "",
    layer: str = "",
    device: str = "auto",
) -> Iterator[Event]:
    """Yield Progress and Downloaded, then one Explained, whose ``image`` is the path of the file.

    Args:
        target: the class to look for; by default the model's answer.
        layer: the layer to look at; by default the last one whose output still has places.

    Raises:
        BadInput: the model, class, layer or image is not there.
    """
    as_is = member.model in architectures()
    key = (member, device, _written(member))
    model = _loaded.get(key)
    if model is None:
        yield Progress("Loading the model")
        model = yield from load_member(member, device, control)
        keep_outputs(model.network)
        _loaded.keep(key, model)
    control.checkpoint()
    arch = member.model if as_is else RunFolder.open(Path(member.model)).config.arch
    try:
        yield explained(arch, model, file, str(file), target, layer, pretrained=as_is)
    except UnreadableImage as error:
        raise BadInput(f"{file} cannot be read: {error.reason}.", "Choose another image.") from error


class _Last:
    """The model that was asked last: a person goes through images, not through models."""

    def __init__(self) -> None:
        self._kept: tuple[object, TrainedModel] | None = None

    def get(self, key: object) -> TrainedModel | None:
        kept = self._kept
        return kept[1] if kept is not None and kept[0] == key else None

    def keep(self, key: object, model: TrainedModel) -> None:
        self._kept = (key, model)


_loaded = _Last()


def _written(member: Member) -> int:
    """When the files of a run last changed, in nanoseconds; a run can be trained further or be replaced."""
    folder = Path(member.model) / "checkpoints"
    return folder.stat().st_mtime_ns if folder.is_dir() else 0
