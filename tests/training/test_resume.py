"""A run that was stopped or killed and then resumed is the run that never was."""

import errno
import io
import itertools
import json
import multiprocessing
import os
import pickle
import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pytest
import torch

from tests.images import image_folder, picture
from tests.training.test_trainer import config, of
from tlstudio.config import FreezePlan, Keep, RunConfig, Stage
from tlstudio.data.catalogue import Catalogue, ImageRecord
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.models.weights import read_tensors
from tlstudio.runs.index import RunIndex
from tlstudio.runs.store import RunFolder
from tlstudio.training import trainer
from tlstudio.training.checkpoint import newest_whole
from tlstudio.training.events import (
    BatchFinished,
    BlocksMoved,
    CheckpointSaved,
    EpochFinished,
    EpochTested,
    FreezeStated,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    StageStarted,
)
from tlstudio.training.history import History
from tlstudio.training.resume import difference, forget_state
from tlstudio.training.trainer import resume, train

# Each kills four runs, at other moments: more rounds, more moments.
ROUNDS = int(os.environ.get("TLSTUDIO_TEST_KILL_ROUNDS", "1"))
KILLS = 4
# 150,000 weights with batch norm among them: checkpoints stay small, though all that training does happens.
SMALL = {"strategy": "hybrid", "unfreeze": ("layer1", "fc"), "epochs": 3, "schedule": "one-cycle"}

# The second stage goes on with the optimiser of the first, for the head that both train.
CONTINUED = (
    Stage(name="head", epochs=1, lr=1e-2, plan=FreezePlan(trainable=("head",))),
    Stage(name="more", epochs=2, lr=1e-3, plan=FreezePlan(trainable=("layer1", "head")), continues=True),
)

RESUMED = Notice("Resumed after epoch 2, which was the last one finished.")

When = Callable[[Event], bool]


def batch(epoch: int, done: int) -> When:
    return lambda event: isinstance(event, BatchFinished) and (event.epoch, event.done) == (epoch, done)


def validating(epoch: int) -> When:
    return lambda event: isinstance(event, Progress) and event.text == f"Validating epoch {epoch}"


def saved(epoch: int) -> When:
    return lambda event: isinstance(event, CheckpointSaved) and event.epoch == epoch


def at_test_of(epoch: int) -> When:
    return lambda event: isinstance(event, EpochTested) and event.epoch == epoch


def until(events: Iterator[Event], control: Control, when: When) -> list[Event]:
    """The events of a task that is stopped when ``when`` says so."""
    seen: list[Event] = []
    for event in events:
        seen.append(event)
        if when(event):
            control.stop()
    return seen


def listed(run: Path) -> str:
    """The status of a run in the list of runs."""
    return next(row.status for row in RunIndex().rows() if row.path == run)


def forget_features(home: Path) -> None:
    """Features that another run kept would hide it if a resumed one computed others."""
    shutil.rmtree(home / "cache", ignore_errors=True)


def outcome(run: Path) -> dict[str, object]:
    """All that a run leaves behind, apart from times."""
    rows = RunFolder.open(run).metrics()
    timeless = [{k: v for k, v in row.items() if k not in ("seconds", "images_per_second")} for row in rows]
    return {
        "metrics": timeless,
        "tests": json.loads((run / "test.json").read_text()),
        "frozen": (run / "frozen.safetensors").read_bytes(),
        "split": json.loads((run / "split.json").read_text()),
        "files": sorted(path.relative_to(run).as_posix() for path in run.rglob("*")),
    }


def same(one: Path, other: Path) -> None:
    """Two runs came to the same, to the bit, in every epoch."""
    assert outcome(one) == outcome(other)
    for epoch in RunFolder.open(one).epochs():
        ours, theirs = (read_tensors(RunFolder.open(run).checkpoint(epoch)) for run in (one, other))
        assert ours.keys() == theirs.keys()
        assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    "more",
    [
        {"strategy": "staged", "epochs": 3, "optimizer": "adamw", "schedule": "cosine"},
        {"strategy": "feature-extraction", "epochs": 3, "optimizer": "sgd", "schedule": "cosine", "views": 2},
        {"strategy": "full", "epochs": 3, "optimizer": "sgd", "schedule": "one-cycle"},
        {"strategy": "staged", "stages": CONTINUED, "schedule": "cosine", "ema": 0.9, "warmup": 0.2},
        {"strategy": "hybrid", "unfreeze": ("layer1", "fc"), "epochs": 3, "ema": 0.9, "accumulate": 2},
    ],
    ids=["staged", "head", "full", "continued stages", "averaged"],
)
def test_that_a_run_stopped_again_and_again_ends_like_one_that_never_was(
    dataset: Path, home: Path, tmp_path: Path, more: dict
):
    *_, last = train(config(dataset, **more), Control(), out=tmp_path / "whole")
    assert isinstance(last, RunFinished)
    forget_features(home)
    run, control = tmp_path / "stopped", Control()
    events = until(train(config(dataset, **more), control, out=run), control, batch(1, 2))
    assert isinstance(events[-1], RunStopped)
    for stop in (saved(1), batch(2, 1), validating(2), batch(3, 3), at_test_of(1)):
        control = Control()
        events = until(resume(run, control), control, stop)
        assert isinstance(events[-1], RunStopped)
        assert listed(run) == "stopped"
    *_, last = resume(run, Control())
    assert isinstance(last, RunFinished)
    assert listed(run) == "finished"
    same(tmp_path / "whole", run)


@pytest.mark.usefixtures("one_thread")
def test_that_early_stopping_counts_on_where_it_was(dataset: Path, home: Path, tmp_path: Path):
    more = {"strategy": "feature-extraction", "lr": 1e-9, "epochs": 9, "early_stopping": 2}
    *_, last = train(config(dataset, augmentation="none", **more), Control(), out=tmp_path / "whole")
    epochs = RunFolder.open(last.run).epochs()
    assert len(epochs) < 9
    forget_features(home)
    control = Control()
    events = train(config(dataset, augmentation="none", **more), control, out=tmp_path / "stopped")
    until(events, control, saved(epochs[-2]))
    list(resume(tmp_path / "stopped", Control()))
    same(tmp_path / "whole", tmp_path / "stopped")


@pytest.mark.usefixtures("one_thread")
def test_that_an_abandoned_run_is_resumed_too(dataset: Path, tmp_path: Path):
    list(train(config(dataset, **SMALL), Control(), out=tmp_path / "whole"))
    events = train(config(dataset, **SMALL), Control(), out=tmp_path / "left")
    next(event for event in events if batch(2, 2)(event))
    events.close()
    list(resume(tmp_path / "left", Control()))
    same(tmp_path / "whole", tmp_path / "left")


# Killed -------------------------------------------------------------------------------------------------


class _Torn(io.FileIO):
    """A file that reaches the disk in halves, with a moment between them."""

    moment: Callable[[], None]

    def write(self, data: Any) -> int:
        whole = memoryview(data).cast("B")
        if len(whole) < 1000 and whole[:1] != b"{":  # a model's table of contents is thousands of moments
            return super().write(whole)
        half = super().write(whole[: len(whole) // 2])
        self.moment()
        return half + super().write(whole[half:])


def _sit(run: Path, asked: RunConfig, home: Path, kill_at: int | None) -> None:
    """In a process of its own: train or resume, and die at a moment, counted in events and uses of the disk.

    One that was let live leaves how many moments there were, beside the run.
    """
    os.environ["TLSTUDIO_HOME"] = str(home)
    torch.set_num_threads(1)
    moments = itertools.count(1)

    def moment() -> None:
        if next(moments) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def between(operation: Callable) -> Callable:
        def surrounded(*args, **kwargs):
            moment()
            result = operation(*args, **kwargs)
            moment()
            return result

        return surrounded

    really_open = Path.open

    def opened(path: Path, mode: str = "r", *args, **kwargs) -> IO[Any]:
        binary = "b" in mode and mode[0] in "xwa"
        return _Torn(path, mode.replace("b", "")) if binary else really_open(path, mode, *args, **kwargs)

    _Torn.moment = staticmethod(moment)
    Path.open = opened
    os.fsync = between(os.fsync)
    Path.replace = between(Path.replace)
    Path.unlink = between(Path.unlink)
    there = (run / "config.json").is_file()
    last: Event | None = None
    for last in resume(run, Control()) if there else train(asked, Control(), out=run):  # noqa: B007
        moment()
    (run.parent / "moments").write_text(str(next(moments) - 1))
    os._exit(0 if isinstance(last, RunFinished) else 1)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_that_a_run_killed_at_any_moment_ends_like_one_that_never_was(
    dataset: Path, home: Path, tmp_path: Path, seed: int
):
    """A run is killed in each quarter of its moments, and again while it is resumed."""
    asked = config(dataset, **SMALL, keep="best-and-last")
    context = multiprocessing.get_context("forkserver")  # imports torch once for all of them
    context.set_forkserver_preload(["tests.training.test_resume"])

    def sit(run: Path, kill_at: int | None) -> int | None:
        process = context.Process(target=_sit, args=(run, asked, home, kill_at))
        process.start()
        process.join(120)
        if (run / "config.json").is_file():
            folder = RunFolder.open(run)
            finished = {row["epoch"] for row in folder.metrics()} & set(folder.epochs())
            assert newest_whole(folder) == max(finished, default=None)
        elif run.exists():
            shutil.rmtree(run)  # killed before it was a run at all
        return process.exitcode

    (tmp_path / "whole").mkdir()
    assert sit(tmp_path / "whole" / "run", None) == 0
    moments, rng = int((tmp_path / "whole" / "moments").read_text()), random.Random(seed)
    for part in range(KILLS):
        forget_features(home)
        run = tmp_path / f"killed-{part}" / "run"
        run.parent.mkdir()
        first = rng.randint(part * moments // KILLS + 1, (part + 1) * moments // KILLS)
        assert sit(run, first) == -signal.SIGKILL
        for kill_at in (rng.randint(1, moments), None):
            if not (run / "result.json").is_file():
                assert sit(run, kill_at) in (0, -signal.SIGKILL)
        forget_state(RunFolder.open(run))  # it stays if all that was left to do was to drop it
        same(tmp_path / "whole" / "run", run)


@pytest.mark.usefixtures("one_thread")
def test_that_a_run_cut_off_before_it_dropped_a_model_drops_it_later(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    thin_out = trainer.thin_out

    def cut_off(run: RunFolder, keep: Keep, history: History) -> None:
        if len(history.epochs) == 3:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        thin_out(run, keep, history)

    monkeypatch.setattr(trainer, "thin_out", cut_off)
    asked = config(dataset, **SMALL, keep="best-and-last")
    *_, last = train(asked, Control(), out=tmp_path / "run")
    assert isinstance(last, RunFailed)
    monkeypatch.undo()
    *_, last = resume(tmp_path / "run", Control())
    assert isinstance(last, RunFinished)
    assert set(RunFolder.open(tmp_path / "run").epochs()) == {last.best_epoch, 3}


# What is told -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stopped_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run stopped in the last of three epochs, beside its images; copy it, do not change it."""
    place = tmp_path_factory.mktemp("stopped")
    dataset = image_folder(place / "images", per_class=8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLSTUDIO_HOME", str(place / "home"))
        control = Control()
        until(train(config(dataset, **SMALL), control, out=place / "run"), control, batch(3, 1))
    return place


@pytest.fixture
def place(stopped_run: Path, tmp_path: Path) -> Path:
    """A copy of it: ``images`` and ``run``."""
    for name in ("images", "run"):
        shutil.copytree(stopped_run / name, tmp_path / name)
    split = tmp_path / "run" / "split.json"
    split.write_text(split.read_text().replace(str(stopped_run), str(tmp_path)))
    return tmp_path


@pytest.mark.usefixtures("one_thread")
def test_that_a_resumed_run_says_from_where_it_goes_on(place: Path):
    events = list(resume(place / "run", Control()))
    told = [event for event in events if type(event).__module__.endswith("training.events")]
    kinds = [type(event) for event in told if not isinstance(event, BatchFinished)]
    epoch = [BlocksMoved, CheckpointSaved, EpochFinished]
    assert kinds == [RunStarted, StageStarted, FreezeStated, *epoch, *[EpochTested] * 3, RunFinished]
    assert events[events.index(told[0]) + 1] == RESUMED
    assert told[0].run == place / "run"
    assert [event.epoch for event in of(events, EpochFinished)] == [3]
    assert [event.first_epoch for event in of(events, StageStarted)] == [1]
    assert events[-1].seconds > sum(row["seconds"] for row in RunFolder.open(place / "run").metrics())


def refused(place: Path, **more: bool) -> RunFailed:
    before = {path: path.read_bytes() for path in (place / "run").rglob("*") if path.is_file()}
    *_, last = resume(place / "run", Control(), **more)
    assert isinstance(last, RunFailed)
    assert last.bad_input
    assert last.hint
    assert {path: path.read_bytes() for path in (place / "run").rglob("*") if path.is_file()} == before
    return last


def test_that_a_finished_run_is_not_resumed(place: Path):
    list(resume(place / "run", Control()))
    assert refused(place).message == f"The run {place / 'run'} is finished."


def test_that_what_is_no_run_is_not_resumed(tmp_path: Path):
    (tmp_path / "run").mkdir()
    assert "is not a run" in refused(tmp_path).message


def test_that_a_run_that_is_being_trained_is_not_resumed(dataset: Path, tmp_path: Path):
    events = train(config(dataset, **SMALL), Control(), out=tmp_path / "run")
    next(event for event in events if batch(1, 1)(event))
    assert f"Process {os.getpid()} is training" in refused(tmp_path).message
    events.close()


@pytest.mark.usefixtures("one_thread")
def test_that_changed_images_are_counted_and_left_to_the_person(place: Path):
    images, red = place / "images", place / "images" / "red"
    recorded = json.loads((place / "run" / "split.json").read_text())["images"]
    gone, other, moved = (
        place / "images" / image["path"] for image in [one for one in recorded if one["split"] == "train"][:3]
    )
    gone.unlink()
    picture((1, 2, 3), 99, size=52).save(other)
    moved.rename(red / "from-elsewhere.png" if moved.parent == red else red / f"x{moved.name}")
    picture((200, 50, 40), 77).save(red / "77.png")
    last = refused(place)
    assert f"The images in {images} are not those that the run began with: " in last.message
    assert last.changed_data

    events = list(resume(place / "run", Control(), accept_changed_data=True))
    assert isinstance(events[-1], RunFinished)
    assert any("although the images have changed" in notice.text for notice in of(events, Notice))
    kept = json.loads((place / "run" / "split.json").read_text())["images"]
    now = {image["path"]: image["split"] for image in kept}
    assert "red/77.png" in now
    assert [one for one in recorded if now.get(one["path"], one["split"]) != one["split"]] == []


def test_how_a_difference_between_images_is_told():
    def catalogue(*images: tuple[str, int]) -> Catalogue:
        records = (ImageRecord(path, 0, 9, 9, size, "train") for path, size in images)
        return Catalogue(Path("/images"), ("a", "b"), tuple(records))

    before = catalogue(("a/1.png", 10), ("a/2.png", 20), ("a/3.png", 30), ("a/4.png", 40))
    now = catalogue(("a/1.png", 11), ("b/2.png", 20), ("a/4.png", 40), ("b/5.png", 50), ("b/6.png", 60))
    assert difference(before, now) == "2 added, 1 gone, 1 of another size, 1 in another class"
    assert difference(before, before) == "divided otherwise"


def with_digests(catalogue: Catalogue, *digests: str) -> Catalogue:
    images = zip(catalogue.images, digests, strict=True)
    return replace(catalogue, images=tuple(replace(image, digest=digest) for image, digest in images))


def test_that_an_image_as_large_as_before_is_another_one_if_it_holds_something_else():
    images = tuple(ImageRecord(f"a/{number}.png", 0, 9, 9, 10, "train") for number in range(3))
    catalogue = Catalogue(Path("/images"), ("a", "b"), images)
    before, now = with_digests(catalogue, "11", "22", "33"), with_digests(catalogue, "11", "2f", "3f")
    assert difference(before, now) == "2 of other content"
    assert difference(catalogue, now) == "divided otherwise"  # nothing is known of what they held


def test_that_a_replacement_as_large_and_as_old_is_counted_and_left_to_the_person(place: Path):
    recorded = json.loads((place / "run" / "split.json").read_text())["images"]
    victim = place / "images" / recorded[0]["path"]
    status, content = victim.stat(), bytearray(victim.read_bytes())
    victim.write_bytes(content + b"\0")  # behind the end of the image, where nobody looks
    refused(place)
    content[-1] ^= 1  # of a checksum
    victim.write_bytes(content)
    os.utime(victim, ns=(status.st_atime_ns, status.st_mtime_ns))
    last = refused(place)
    assert last.message.endswith("not those that the run began with: 1 of other content.")
    assert last.changed_data


@pytest.mark.usefixtures("one_thread")
def test_that_a_run_whose_images_were_known_by_size_alone_is_resumed(place: Path):
    split = place / "run" / "split.json"
    data = json.loads(split.read_text())
    for image in data["images"]:
        del image["digest"]
    split.write_text(json.dumps(data))
    *_, last = resume(place / "run", Control())
    assert isinstance(last, RunFinished)


def test_that_other_classes_are_refused_even_if_changes_are_accepted(place: Path):
    shutil.copytree(place / "images" / "red", place / "images" / "yellow")
    last = refused(place, accept_changed_data=True)
    assert "blue, green, red, yellow; they were blue, green, red" in last.message


def test_that_a_run_needs_neither_its_weights_file_nor_the_folder_it_was_started_in(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(dataset, tmp_path / "here" / "images")
    weights = tmp_path / "resnet18.pth"
    from tlstudio.models.build import build

    torch.save(build("resnet18", 1000).state_dict(), weights)
    monkeypatch.chdir(tmp_path / "here")
    control = Control()
    asked = config(Path("images"), epochs=2, weights=str(weights))
    until(train(asked, control, out=tmp_path / "run"), control, batch(2, 1))
    weights.unlink()
    monkeypatch.chdir(tmp_path)
    *_, last = resume(tmp_path / "run", Control())
    assert isinstance(last, RunFinished), last


# Damage -------------------------------------------------------------------------------------------------


class Payload:
    """What a stranger may have put into a pickle."""

    def __reduce__(self):
        return os.mkdir, ("pwned",)


@pytest.mark.parametrize("content", ["cut", "empty", "garbage", "other", "payload", "torch payload"])
def test_that_a_damaged_or_hostile_state_is_refused_and_the_newest_model_named(
    place: Path, monkeypatch: pytest.MonkeyPatch, content: str
):
    monkeypatch.chdir(place)
    state = place / "run" / "resume.pt"
    match content:
        case "cut":
            state.write_bytes(state.read_bytes()[:-100])
        case "empty":
            state.write_bytes(b"")
        case "garbage":
            state.write_bytes(b"no state at all" * 100)
        case "other":
            torch.save({"format": 1, "epoch": 1}, state)
        case "payload":
            state.write_bytes(pickle.dumps(Payload()))
        case "torch payload":
            torch.save({"format": 1, "epoch": 2, "optimizer": Payload(), "schedule": {}}, state)
    last = refused(place)
    assert "resume.pt" in last.message
    assert last.hint == "The newest whole model is that of epoch 2: choose that one."
    assert not (place / "pwned").exists()


def test_that_a_state_that_lies_about_its_epoch_is_refused(place: Path):
    state = torch.load(place / "run" / "resume.pt", weights_only=True)
    torch.save({**state, "epoch": 3}, place / "run" / "resume.pt")
    assert "do not have all of its 3 epochs" in refused(place).message


def test_that_a_state_of_another_run_fails_with_a_sentence(place: Path):
    state = torch.load(place / "run" / "resume.pt", weights_only=True)
    state["optimizer"]["param_groups"].pop()
    torch.save(state, place / "run" / "resume.pt")
    *_, last = resume(place / "run", Control())
    assert isinstance(last, RunFailed)
    assert "resume.pt does not fit the run" in last.message


def test_that_a_lost_state_is_no_reason_to_train_over_finished_epochs(place: Path):
    (place / "run" / "resume.pt").unlink()
    assert "resume.pt is missing" in refused(place).message


def test_that_a_run_whose_last_model_is_damaged_names_the_newest_whole_one(place: Path):
    model = place / "run" / "checkpoints" / "epoch-0002.pt"
    model.write_bytes(model.read_bytes()[:1000])
    last = refused(place)
    assert str(model) in last.message
    assert last.hint == "The newest whole model is that of epoch 1: choose that one."


def test_that_a_folder_from_elsewhere_writes_nothing_outside_itself(place: Path, tmp_path: Path):
    outside = tmp_path / "outside"
    (place / "run" / "checkpoints").rename(outside)
    (place / "run" / "checkpoints").symlink_to(outside)
    assert "behind a link" in refused(place).message
    (place / "run" / "checkpoints").unlink()
    outside.rename(place / "run" / "checkpoints")

    letter = tmp_path / "letter.txt"
    (place / "run" / "metrics.jsonl").rename(letter)
    before = letter.read_bytes()
    (place / "run" / "metrics.jsonl").symlink_to(letter)
    *_, last = resume(place / "run", Control())
    assert isinstance(last, RunFinished)
    assert letter.read_bytes() == before


# A full disk --------------------------------------------------------------------------------------------


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Files that grow beyond ``size`` bytes meet an error of the system, as on a full disk."""
    limits = pytest.importorskip("resource", reason="Windows has no limit of a file's size")
    soft, hard = limits.getrlimit(limits.RLIMIT_FSIZE)
    limits.setrlimit(limits.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        limits.setrlimit(limits.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("one_thread")
def test_that_a_disk_that_fills_ends_the_run_with_a_sentence_and_loses_nothing(dataset: Path, tmp_path: Path):
    list(train(config(dataset, **SMALL), Control(), out=tmp_path / "whole"))
    run = tmp_path / "filled"
    events: list[Event] = []
    task = train(config(dataset, **SMALL), Control(), out=run)
    events += itertools.takewhile(lambda event: not batch(2, 1)(event), task)
    with files_of_at_most(300_000):
        events += task
    assert isinstance(events[-1], RunFailed)
    assert events[-1].message == (
        f"A file could not be read or written ({os.strerror(errno.EFBIG)}: {run}/checkpoints/epoch-0002.pt)."
    )
    assert "resume the run" in events[-1].hint
    assert listed(run) == "failed"
    assert newest_whole(RunFolder.open(run)) == 1
    list(resume(run, Control()))
    same(tmp_path / "whole", run)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.skipif(sys.platform != "linux", reason="needs to know which file a descriptor is")
@pytest.mark.parametrize("file", ["metrics.jsonl", "resume.pt", "result.json"])
def test_that_whichever_file_cannot_be_saved_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch, file: str
):
    real = os.fsync

    def full(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        if file in name and "running" in [row.status for row in RunIndex().rows()]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    *_, last = resume(place / "run", Control())
    assert isinstance(last, RunFailed)
    assert f"No space left on device: {place / 'run' / file}" in last.message
    monkeypatch.undo()
    assert newest_whole(RunFolder.open(place / "run")) in (2, 3)
