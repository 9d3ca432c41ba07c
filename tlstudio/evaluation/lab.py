"""The Strategy Lab: which way of using a network is best for these images, found out on one locked split.

Each entry of the plan is carried out as it would be by itself, and judged on the same test images. What is
finished is kept at once, so that a lab that was stopped or cut off goes on where it was.
"""

import dataclasses
import logging
from collections.abc import Generator, Iterator
from pathlib import Path

from tlstudio.config import DataConfig, RunConfig
from tlstudio.data.catalogue import Catalogue
from tlstudio.data.contents import note_contents
from tlstudio.errors import Stopped, StudioError
from tlstudio.evaluation.lab_clip import carry_out_clip
from tlstudio.evaluation.lab_config import LabConfig, LabEntry
from tlstudio.evaluation.lab_events import (
    EntryFailed,
    EntryFinished,
    EntryResult,
    EntryStarted,
    LabFinished,
    LabStarted,
    LabStopped,
)
from tlstudio.evaluation.lab_reading import read_lab
from tlstudio.evaluation.lab_runs import Outcome, begun, carry_out_run
from tlstudio.evaluation.lab_store import LabFolder, OtherImages, images_by_split
from tlstudio.evaluation.metrics import proportion
from tlstudio.events import Control, Event, Notice
from tlstudio.models.inspect import layer_tree
from tlstudio.training.device import choose_device
from tlstudio.training.resume import difference
from tlstudio.training.setup import SAMPLE, divided_catalogue

_log = logging.getLogger(__name__)


def run_lab(config: LabConfig, control: Control, *, out: Path | None = None) -> Iterator[Event]:
    """Carry out a lab. The last event is the only one of LabFinished and LabStopped.

    Yields LabStarted, then for each entry EntryStarted, what it tells on its way (of a run all but its end),
    and EntryFinished or EntryFailed. The queue is looked at before each entry, so that others can rearrange
    it meanwhile by :class:`LabFolder`.

    Args:
        out: the lab's folder, new or empty; by default one in the data folder.

    Raises:
        BadInput: the images, networks or folder cannot be used, or the images change on the way.
    """
    try:
        lab = yield from _begin(config, control, out)
    except Stopped:
        yield LabStopped(None, 0, 0)
        return
    yield from _carry_out(lab, control)


def resume_lab(path: Path, control: Control) -> Iterator[Event]:
    """Go on with a lab: what is finished stays, a run that was cut off is resumed, failures are tried again.

    Raises:
        BadInput: ``path`` is no lab, or its images have changed; as :func:`run_lab`.
    """
    lab = LabFolder.open(path)
    try:
        if lab.left:
            yield from _check_images(lab, control)
    except Stopped:
        yield LabStopped(lab.path, len(lab.state.results), len(lab.left))
        return
    yield from _carry_out(lab, control)


def _begin(config: LabConfig, control: Control, out: Path | None) -> Generator[Event, None, LabFolder]:
    choose_device(config.base.device)  # before the images are read
    catalogue = yield from _divided(config.data, control)
    blocks = {network.arch: _blocks(network.arch, catalogue) for network in config.networks}
    base = config.base.model_copy(update={"data": _at(config, catalogue)})
    config = config.model_copy(update={"base": base})
    config = yield from _possible_labels(config, catalogue)
    return LabFolder.create(config, catalogue, blocks, out)


def _divided(data: DataConfig, control: Control) -> Generator[Event, None, Catalogue]:
    catalogue = yield from divided_catalogue(RunConfig(data=data), control)
    return (yield from note_contents(catalogue, control))


def _blocks(arch: str, catalogue: Catalogue) -> list[str]:
    """
    Raises:
        BadInput: there is no such architecture.
    """
    return [block.name for block in layer_tree(arch, len(catalogue.classes)).backbone]


def _at(config: LabConfig, catalogue: Catalogue) -> DataConfig:
    """The lab's images wherever it is resumed: a relative path would mean another folder there."""
    if config.data.root == SAMPLE:
        return config.data
    return config.data.model_copy(update={"root": str(Path(config.data.root).expanduser().absolute())})


def _possible_labels(config: LabConfig, catalogue: Catalogue) -> Generator[Event, None, LabConfig]:
    """The plan without numbers of images a class that are all of them, which are learned from once."""
    most = max(catalogue.counts(catalogue.of_split("train")).values())
    labels = tuple(dict.fromkeys(n if n is not None and n < most else None for n in config.labels))
    if labels == config.labels:
        return config
    left = ", ".join(str(n) for n in config.labels if n is not None and n >= most)
    if left:
        yield Notice(f"No class has more than {most} training images: {left} a class are all.")
    return config.model_copy(update={"labels": labels})


def _check_images(lab: LabFolder, control: Control) -> Generator[Event, None, None]:
    """
    Raises:
        OtherImages: they are not those that the lab began with.
    """
    now = yield from _divided(lab.config.data, control)
    if now.fingerprint() != lab.state.fingerprint:
        raise OtherImages(
            f"The images in {now.root} are not those that the lab began with: "
            f"{difference(lab.catalogue, now)}. What is finished cannot be set beside what would come.",
            "Put them back, or begin a new lab.",
        )


def _carry_out(lab: LabFolder, control: Control) -> Iterator[Event]:
    with lab.locked():
        yield LabStarted(
            lab.path,
            lab.entries,
            tuple(lab.state.results),
            tuple(sorted(lab.skipped)),
            lab.catalogue.classes,
            images_by_split(lab.catalogue),
            lab.state.fingerprint,
        )
        tried = set[str]()
        try:
            while (entry := _next(lab, tried)) is not None:
                control.checkpoint()
                tried.add(entry.name)
                yield from _one(lab, entry, control)
        except (Stopped, KeyboardInterrupt):  # the second: Ctrl-C pressed again before the batch ended
            yield LabStopped(lab.path, len(lab.state.results), len(lab.left))
            return
        failed = tuple(lab.state.failures)
        yield LabFinished(lab.path, read_lab(lab), failed, tuple(sorted(lab.skipped)))


def _next(lab: LabFolder, tried: set[str]) -> LabEntry | None:
    return next((entry for entry in lab.left if entry.name not in tried), None)


def _one(lab: LabFolder, entry: LabEntry, control: Control) -> Iterator[Event]:
    """Carry out an entry and keep what it came to; why it could not be had is kept too."""
    again = entry.name in lab.state.interrupted
    place = len(lab.state.results) + 1
    total = place - 1 + len(lab.left)
    goes_on = entry.kind == "run" and begun(lab.run_path(entry))
    yield EntryStarted(entry.name, entry.title, entry.seed, place, total, goes_on)
    if not again:
        lab.state.interrupted.append(entry.name)
        lab.save()
    work = carry_out_run if entry.kind == "run" else carry_out_clip
    try:
        outcome = yield from work(lab, entry, control)
    except OtherImages:
        raise
    except StudioError as error:
        _log.warning("The entry %s failed: %s", entry.name, error)
        lab.state.failures[entry.name] = (error.message, error.hint)
        lab.save()
        yield EntryFailed(entry.name, entry.title, error.message, error.hint)
        return
    if again or choose_device(lab.config.base.device).type != "cpu":
        outcome = dataclasses.replace(outcome, cpu_seconds=None)  # only a part of it, or of no meaning
    result = _result(lab, entry, outcome)
    lab.put(result, outcome.answers)
    yield EntryFinished(entry.title, result)


def _result(lab: LabFolder, entry: LabEntry, outcome: Outcome) -> EntryResult:
    kept = {field.name: getattr(outcome, field.name) for field in dataclasses.fields(outcome)}
    answers = kept.pop("answers")
    return EntryResult(entry=entry.name, top1=proportion(answers == lab.labels), **kept)
