"""Going on with a run that was cut off, as if it had never been.

After each epoch a run keeps, beside the model, how its optimiser and schedule stood: with the weights that is
all the next epoch depends on, for whatever is random in it is drawn from the seed and the epoch's number. An
epoch that was cut off is repeated, and comes out the same.
"""

import dataclasses
import os
from collections import Counter
from collections.abc import Generator
from pathlib import Path, PurePosixPath
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from tlstudio.config import RunConfig
from tlstudio.data.catalogue import SPLITS, Catalogue
from tlstudio.data.contents import note_contents
from tlstudio.errors import BadInput, ChangedData
from tlstudio.events import Control, Event, Notice
from tlstudio.models.weights import Unreadable, read_plain
from tlstudio.runs.index import RESULT_FILE
from tlstudio.runs.store import RunFolder, environment
from tlstudio.training.checkpoint import load_tensors, thin_out, way_out, write_tensors
from tlstudio.training.device import Compute, choose_device
from tlstudio.training.history import History
from tlstudio.training.setup import SAMPLE, Job, describe, divided_catalogue, make_job, prepare

STATE_FILE = "resume.pt"
_FORMAT = 1


@dataclasses.dataclass(frozen=True)
class State:
    """How the optimiser of a stage and its schedule stood after an epoch.

    ``average`` is there where models are running means: the weights that were trained are in it.
    """

    epoch: int
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    average: dict[str, Any] | None = None

    def restore(self, optimizer: Optimizer, schedule: LRScheduler | None = None) -> None:
        """
        Raises:
            BadInput: they are not of the run whose state this is.
        """
        try:
            optimizer.load_state_dict(self.optimizer)
            if schedule is not None:
                schedule.load_state_dict(self.schedule)
        except Exception as error:  # what torch raises for a state that does not fit is not written down
            raise BadInput(
                f"{STATE_FILE} does not fit the run: {error}.", "Copy the run's whole folder again."
            ) from error


@dataclasses.dataclass(frozen=True)
class Kept:
    """What a run's folder holds of it: the finished epochs, and the state after the last of them."""

    run: RunFolder
    history: History = dataclasses.field(default_factory=History)
    state: State | None = None


def save_state(run: RunFolder, state: State) -> None:
    """Keep what the next epoch needs besides the model; the state before stays until this one is whole."""
    fields = {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}
    write_tensors(run.path / STATE_FILE, {"format": _FORMAT, **fields})


def forget_state(run: RunFolder) -> None:
    """A finished run needs no state, which takes twice a model's space."""
    (run.path / STATE_FILE).unlink(missing_ok=True)


def read_kept(path: Path) -> Kept:
    """What there is to go on from.

    The state is written last of an epoch's files: an epoch that it does not know is not finished, whatever
    else was kept of it.

    Raises:
        BadInput: ``path`` is no run, or one that is finished, is being trained, or is damaged.
    """
    run = RunFolder.open(path)
    run.refuse_if_training()
    if run.leads_outside():
        raise BadInput(f"The models of {run.path} lie behind a link.", "Copy them into its own folder.")
    if run.has(RESULT_FILE) and run.read(RESULT_FILE).get("status") == "finished":
        raise BadInput(f"The run {run.path} is finished.", "Train a new one, with more epochs.")
    history, state = History.read(run), _read_state(run)
    if state is None:
        if len(history.epochs) > 1:
            raise BadInput(
                f"{run.path / STATE_FILE} is missing, without which the run cannot go on.", way_out(run)
            )
        return Kept(run)
    history = history.cut(state.epoch)
    if [epoch.epoch for epoch in history.epochs] != list(range(1, state.epoch + 1)):
        raise BadInput(
            f"The metrics of {run.path} do not have all of its {state.epoch} epochs.", way_out(run)
        )
    return Kept(run, history, state)


def take_up(kept: Kept, control: Control, *, accept_changed_data: bool) -> Generator[Event, None, Job]:
    """Make ready for the epoch after the last finished one; without one, for the first.

    Raises:
        BadInput: the images have changed, unless that is accepted, or a file is damaged.
        StudioError: nothing is finished yet, and the weights could not be fetched.
    """
    run, config = kept.run, kept.run.config
    if not kept.history.epochs:
        job = yield from prepare(config, control)
        run.refuse_if_training()  # it may have been taken up elsewhere in the meantime
        describe(run, job)
    else:
        catalogue, change = yield from _same_images(run, config, control, accept_changed_data)
        compute = Compute.recorded(run.read("about.json").get("compute"), choose_device(config.device))
        job = yield from make_job(config, catalogue, control, resumed_with=compute)
        load_tensors(run, kept.history.epochs[-1].epoch, job.stored)
        if other := _other_machine(run, job):
            yield Notice(f"The run began {other}: what follows may differ from there in the last digits.")
        run.refuse_if_training()
        if change:
            yield Notice(f"Going on although the images have changed: {change}.")
            describe(run, job)
    run.keep_metrics(kept.history.rows())
    run.take_up()
    thin_out(run, config.keep, kept.history)  # killed after its last epoch it had yet to do so
    return job


def _read_state(run: RunFolder) -> State | None:
    path = run.path / STATE_FILE
    try:
        content = read_plain(path)
        if content["format"] != _FORMAT:
            raise BadInput(f"{path} was written by another version.", "Go on with the version that wrote it.")
        average = content.get("average")
        return State(int(content["epoch"]), dict(content["optimizer"]), dict(content["schedule"]), average)
    except FileNotFoundError:
        return None
    except Unreadable as error:
        what = "was not loaded, for it could run code" if error.runs_code else "is damaged"
        raise BadInput(f"{path} {what}, so the run cannot go on: {error.reason}.", way_out(run)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"{path} holds no state of a run, so it cannot go on.", way_out(run)) from error


def _same_images(
    run: RunFolder, config: RunConfig, control: Control, accept: bool
) -> Generator[Event, None, tuple[Catalogue, str]]:
    """The images, divided as they were; and in words what has changed about them, if that is accepted."""
    try:
        before = Catalogue.from_json(run.read("split.json"))
    except (KeyError, TypeError) as error:
        raise BadInput(f"{run.path / 'split.json'} is damaged.", way_out(run)) from error
    if config.data.root != SAMPLE:  # a relative path meant the folder that the run was started in
        data = config.data.model_copy(update={"root": str(before.root)})
        config = config.model_copy(update={"data": data})
    now = yield from divided_catalogue(config, control)
    now = yield from note_contents(now, control)
    if now.classes != before.classes:
        old, new = (", ".join(catalogue.classes) for catalogue in (before, now))
        raise BadInput(
            f"The classes in {now.root} are no longer those of the run: {new}; they were {old}.",
            "Put the folders back as they were, or train anew.",
        )
    if _fingerprint_as_before(before, now) == before.fingerprint():
        return now, ""
    change = difference(before, now)
    if not accept:
        raise ChangedData(
            f"The images in {now.root} are not those that the run began with: {change}.",
            "Put them back, or accept the change; then the result is no longer that of a run without "
            "interruption.",
        )
    return _divided_alike(before, now), change


def _fingerprint_as_before(before: Catalogue, now: Catalogue) -> str:
    """That of the images as they are now, as far as it was noted of them before what they hold."""
    if all(image.digest for image in before.images):
        return now.fingerprint()
    images = tuple(dataclasses.replace(image, digest="") for image in now.images)
    return dataclasses.replace(now, images=images).fingerprint()


def difference(before: Catalogue, now: Catalogue) -> str:
    """How the images of one folder at two times differ: how many were added, are gone, or are others."""
    old, new = ({image.path: image for image in catalogue.images} for catalogue in (before, now))
    moved = Counter((PurePosixPath(path).name, old[path].size) for path in old.keys() - new.keys())
    moved &= Counter((PurePosixPath(path).name, new[path].size) for path in new.keys() - old.keys())
    both = [(old[path], new[path]) for path in old.keys() & new.keys()]
    counts = {
        "added": len(new.keys() - old.keys()) - moved.total(),
        "gone": len(old.keys() - new.keys()) - moved.total(),
        "of another size": sum(one.size != other.size for one, other in both),
        "of other content": sum(
            one.size == other.size and "" != one.digest != other.digest != "" for one, other in both
        ),
        "in another class": moved.total(),
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "divided otherwise"


def _divided_alike(before: Catalogue, now: Catalogue) -> Catalogue:
    """``now`` with each image in the split it was in: none that was trained on comes to be tested on."""
    splits = {image.path: image.split for image in before.images}
    images = tuple(
        dataclasses.replace(image, split=splits.get(image.path, image.split)) for image in now.images
    )
    result = dataclasses.replace(now, images=images)
    for split in SPLITS:
        if not result.of_split(split):
            raise BadInput(f"None of the run's {split} images is left in {now.root}.", "Train anew.")
    return result


def _other_machine(run: RunFolder, job: Job) -> str:
    """With what a run began that is otherwise now and decides the last digits; "" if it is all the same."""
    before, about = run.read("environment.json"), run.read("about.json")
    now = {**environment(), "cpus": os.cpu_count(), "device": str(job.device)}
    before = {**before, "device": about.get("device")}
    said = {"torch": "with torch {}", "timm": "with timm {}", "processor": "on {}", "cpus": "on {} CPUs"}
    said["device"] = "on the device {}"
    parts = [text.format(before.get(key)) for key, text in said.items() if before.get(key) != now[key]]
    return " and ".join(parts)
