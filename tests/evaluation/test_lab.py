"""A Strategy Lab is carried out on one split, and goes on where it was stopped or killed."""

import dataclasses
import json
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import torch

from tests.images import COLOURS, image_folder, picture
from tests.trained import one_thread
from tests.zeroshot.conftest import known, tiny
from tlstudio.config import Augmentation, DataConfig, RunConfig
from tlstudio.errors import BadInput
from tlstudio.evaluation import lab_runs
from tlstudio.evaluation.lab import resume_lab, run_lab
from tlstudio.evaluation.lab_config import ClipChoice, LabConfig, Network, choices_of
from tlstudio.evaluation.lab_events import (
    EntryFailed,
    EntryFinished,
    EntryStarted,
    LabFinished,
    LabStarted,
    LabStopped,
)
from tlstudio.evaluation.lab_pairs import pair
from tlstudio.evaluation.lab_runs import epochs_within
from tlstudio.evaluation.lab_store import LabFolder, OtherImages
from tlstudio.events import Control, Event, Notice
from tlstudio.runs.index import RunIndex
from tlstudio.runs.store import RunFolder
from tlstudio.training.events import BatchFinished, EpochTimes, RunStarted, TimesEstimated

__all__ = ["known", "one_thread", "tiny"]

HEAD, PARTIAL = "resnet18-feature-extraction-s0", "resnet18-partial-1-s0"
TWO = ("feature-extraction", "partial")

When = Callable[[Event], bool]
E = TypeVar("E", bound=Event)


def plan(root: Path, *words: str, seeds: int = 1, **more: Any) -> LabConfig:
    base = RunConfig(data=DataConfig(root=str(root)), epochs=2, batch_size=8, image_size=32, device="cpu")
    networks = (Network(arch="resnet18", weights="none"),)
    return LabConfig(base=base, networks=networks, choices=choices_of(words), seeds=seeds, **more)


def of(kind: type[E], events: list[Event]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


def finished(events: list[Event]) -> LabFinished:
    assert isinstance(events[-1], LabFinished), events[-1]
    return events[-1]


def in_epoch(number: int, name: str) -> Iterator[When]:
    """A moment in the middle of an epoch of one entry; tells it from those of the others."""
    now = [""]

    def when(event: Event) -> bool:
        if isinstance(event, EntryStarted):
            now[0] = event.name
        return (
            now[0] == name and isinstance(event, BatchFinished) and (event.epoch, event.done) == (number, 2)
        )

    yield when


def stopped_at(events: Callable[[Control], Iterator[Event]], when: When) -> list[Event]:
    control, found = Control(), list[Event]()
    for event in events(control):
        found.append(event)
        if when(event):
            control.stop()
    return found


def outcome(path: Path) -> dict[str, tuple[Any, ...]]:
    """Of each finished entry all that is not a matter of time."""
    lab = LabFolder.open(path)
    return {
        name: (one.top1, one.val_top1, one.epochs, one.best_epoch, one.trained_parameters, *lab.answers(name))
        for name, one in lab.state.results.items()
    }


def table_of(run: Path) -> list[dict[str, Any]]:
    return json.loads((run / "test.json").read_text())


@dataclasses.dataclass(frozen=True)
class Whole:
    """A lab of two strategies that nothing interrupted, and what it told; read it, do not change it."""

    path: Path
    home: Path
    events: list[Event]


@pytest.fixture(scope="module")
def uninterrupted(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    path = tmp_path_factory.mktemp("whole")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLSTUDIO_HOME", str(path / "home"))
        events = list(run_lab(plan(dataset, *TWO), Control(), out=path / "lab"))
    torch.set_num_threads(before)
    return Whole(path / "lab", path / "home", events)


@pytest.fixture
def whole(uninterrupted: Whole) -> Path:
    return uninterrupted.path


# What comes of it


def test_that_each_entry_is_a_run_of_its_own_judged_by_the_model_that_validation_chose(whole: Path):
    lab = LabFolder.open(whole)
    assert list(lab.state.results) == [HEAD, PARTIAL]
    for name, result in lab.state.results.items():
        run = RunFolder.open(lab.run_path(lab.entry(name)))
        (chosen,) = [row for row in table_of(run.path) if row["chosen"]]
        assert (result.run, result.best_epoch) == (run.path, chosen["epoch"])
        assert result.top1.value == pytest.approx(chosen["test_top1"])
        assert result.val_top1 == pytest.approx(chosen["val_top1"])
        assert np.mean(lab.answers(name) == lab.labels) == pytest.approx(chosen["test_top1"])
        assert result.trained_parameters == run.read("about.json")["trained_parameters"][0]
        assert result.seconds == pytest.approx(run.read("result.json")["seconds"])
        assert result.cpu_seconds is not None
        assert result.cpu_seconds > 0
        assert result.peak_memory_mb is not None
        assert result.peak_memory_mb > 100  # torch alone takes more


def test_that_all_entries_have_one_split(whole: Path):
    lab = LabFolder.open(whole)
    runs = [RunFolder.open(lab.run_path(entry)) for entry in lab.entries]
    prints = {run.read("about.json")["data_fingerprint"] for run in runs}
    assert prints == {lab.state.fingerprint} == {lab.catalogue.fingerprint()}


def test_that_any_two_entries_are_compared_image_by_image(whole: Path):
    lab = LabFolder.open(whole)
    found = pair(lab, HEAD, PARTIAL)
    one, other = (lab.answers(name) == lab.labels for name in (HEAD, PARTIAL))
    images = lab.catalogue.of_split("test")
    assert found.images == len(images)
    assert found.only_first == tuple(images[row].path for row in np.flatnonzero(one & ~other))
    assert found.only_second == tuple(images[row].path for row in np.flatnonzero(other & ~one))
    assert (found.paired.only_first, found.paired.only_second) == (
        len(found.only_first),
        len(found.only_second),
    )
    with pytest.raises(BadInput, match="has no entry 'x'"):
        pair(lab, HEAD, "x")


def test_that_a_lab_tells_what_it_does_and_lists_its_runs(
    uninterrupted: Whole, monkeypatch: pytest.MonkeyPatch
):
    events = uninterrupted.events
    (started,) = of(LabStarted, events)
    assert started.images == {"train": 24, "val": 6, "test": 6}
    assert [(one.name, one.number, one.total, one.goes_on) for one in of(EntryStarted, events)] == [
        (HEAD, 1, 2, False),
        (PARTIAL, 2, 2, False),
    ]
    figures = {one.result.entry: one.result.top1.value for one in of(EntryFinished, events)}
    assert {one.names[0]: one.top1.value for one in finished(events).reading.summaries} == figures
    monkeypatch.setenv("TLSTUDIO_HOME", str(uninterrupted.home))
    assert {row.path for row in RunIndex().rows()} == {
        uninterrupted.path / "runs" / name for name in (HEAD, PARTIAL)
    }
    assert {row.status for row in RunIndex().rows()} == {"finished"}


def test_that_a_run_whose_features_were_there_before_says_that_it_was_quick_for_that(
    dataset: Path, tmp_path: Path
):
    found: list[list[bool]] = []
    for number in (1, 2):
        config = plan(dataset, "feature-extraction", labels=(2,))
        events = list(run_lab(config, Control(), out=tmp_path / f"{number}"))
        found.append([one.result.known for one in of(EntryFinished, events)])
    assert found == [[False], [True]]


# Stopped, killed, steered


@pytest.fixture
def cut_off(dataset: Path, tmp_path: Path) -> Path:
    """A lab that was stopped in the second epoch of its second entry."""
    (when,) = in_epoch(2, PARTIAL)
    events = stopped_at(lambda control: run_lab(plan(dataset, *TWO), control, out=tmp_path / "lab"), when)
    assert events[-1] == LabStopped(tmp_path / "lab", 1, 1)
    return tmp_path / "lab"


def test_that_a_lab_that_was_stopped_ends_like_one_that_never_was(cut_off: Path, whole: Path):
    events = list(resume_lab(cut_off, Control()))
    assert [one.name for one in of(EntryStarted, events)] == [PARTIAL]  # what was finished is not run again
    assert of(EntryStarted, events)[0].goes_on
    assert {one.epoch for one in of(BatchFinished, events)} == {2}
    assert Notice("Resumed after epoch 1, which was the last one finished.") in events
    assert outcome(cut_off) == outcome(whole)
    assert LabFolder.open(cut_off).state.results[PARTIAL].cpu_seconds is None  # only a part was seen


def test_that_a_finished_lab_only_says_again_what_it_found(whole: Path, tmp_path: Path):
    shutil.copytree(whole, tmp_path / "moved")
    events = list(resume_lab(tmp_path / "moved", Control()))
    assert [type(event) for event in events] == [LabStarted, LabFinished]
    assert [one.names for one in finished(events).reading.summaries] != []
    assert LabFolder.open(tmp_path / "moved").state.results[HEAD].run == tmp_path / "moved" / "runs" / HEAD


def _sit(path: Path, dataset: Path, home: Path) -> None:
    """In a process of its own: carry out a lab, and die in the second epoch of its first entry."""
    os.environ["TLSTUDIO_HOME"] = str(home)
    torch.set_num_threads(1)
    (when,) = in_epoch(2, HEAD)
    for event in run_lab(plan(dataset, *TWO), Control(), out=path):
        if when(event):
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_that_a_lab_that_was_killed_ends_like_one_that_never_was(
    dataset: Path, home: Path, whole: Path, tmp_path: Path
):
    process = multiprocessing.get_context("forkserver").Process(
        target=_sit, args=(tmp_path / "lab", dataset, home)
    )
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    assert (tmp_path / "lab" / "running.json").exists()
    lab = LabFolder.open(tmp_path / "lab")
    assert (list(lab.state.results), lab.state.interrupted) == ([], [HEAD])
    finished(list(resume_lab(tmp_path / "lab", Control())))
    assert outcome(tmp_path / "lab") == outcome(whole)
    assert not (tmp_path / "lab" / "running.json").exists()


def test_that_what_is_left_of_a_lab_killed_at_its_beginning_is_in_nobodys_way(dataset: Path, tmp_path: Path):
    (tmp_path / "split.json").write_text("{}")
    (tmp_path / ".lab.json.0a.part").write_text("{")
    first = next(event for event in run_lab(plan(dataset, "full"), Control(), out=tmp_path))
    assert first is not None
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BadInput, match="is not empty"):
        list(run_lab(plan(dataset, "full"), Control(), out=tmp_path))


def test_that_entries_are_rearranged_and_skipped_while_the_lab_is_carried_out(dataset: Path, home: Path):
    events = list[Event]()
    for event in run_lab(plan(dataset, "full", "staged", *TWO), Control()):
        events.append(event)
        if isinstance(event, LabStarted):
            steered = LabFolder.open(event.lab)
            steered.arrange([HEAD])
            steered.skip(["resnet18-full-s0", "resnet18-staged-1-s0", HEAD])
            steered.skip([HEAD], skip=False)
        if isinstance(event, EntryStarted):
            steered.skip([PARTIAL])
    assert steered.path.parent == home / "data" / "labs"
    assert [one.name for one in of(EntryStarted, events)] == [HEAD]
    assert finished(events).skipped == ("resnet18-full-s0", PARTIAL, "resnet18-staged-1-s0")
    with pytest.raises(BadInput, match="has no entry 'x'"):
        steered.arrange(["x"])


def test_that_a_lab_is_carried_out_by_one_process_alone(dataset: Path, tmp_path: Path):
    events = run_lab(plan(dataset, "full"), Control(), out=tmp_path / "lab")
    while not isinstance(next(events), LabStarted):
        pass
    with pytest.raises(BadInput, match=f"Process {os.getpid()} is carrying out"):
        list(resume_lab(tmp_path / "lab", Control()))
    events.close()
    assert not (tmp_path / "lab" / "running.json").exists()


def test_that_what_cannot_be_had_is_told_and_tried_again_later(dataset: Path, tmp_path: Path):
    clip = ClipChoice(model="tiny-vit", pretrained=str(tmp_path / "weights.safetensors"))
    config = plan(dataset, "zero-shot", "feature-extraction", clip=clip)
    events = list(run_lab(config, Control(), out=tmp_path / "lab"))
    (failed,) = of(EntryFailed, events)
    assert finished(events).failed == (failed.name,) == ("clip-zero-shot-s0",)
    assert failed.message
    assert [one.name for one in LabFolder.open(tmp_path / "lab").left] == ["clip-zero-shot-s0"]
    assert [one.name for one in of(EntryStarted, list(resume_lab(tmp_path / "lab", Control())))] == [
        "clip-zero-shot-s0"
    ]


# One split, or none


def test_that_a_lab_does_not_go_on_with_other_images(tmp_path: Path):
    root = image_folder(tmp_path / "images")
    (when,) = in_epoch(1, HEAD)
    config = plan(root, "feature-extraction")
    stopped_at(lambda control: run_lab(config, control, out=tmp_path / "lab"), when)
    picture(COLOURS["red"], 99).save(root / "red" / "99.png")
    with pytest.raises(OtherImages, match=r"are not those that the lab began with: 1 added"):
        list(resume_lab(tmp_path / "lab", Control()))


def test_that_a_run_on_another_split_is_not_ranked(dataset: Path, tmp_path: Path, whole: Path):
    shutil.copytree(whole, tmp_path / "lab")
    lab = LabFolder.open(tmp_path / "lab")
    about = lab.run_path(lab.entry(PARTIAL)) / "about.json"
    content = json.loads(about.read_text())
    about.write_text(json.dumps({**content, "data_fingerprint": "0" * 64}))
    del lab.state.results[PARTIAL]
    lab.save()
    with pytest.raises(OtherImages, match="cannot be set beside the others'"):
        list(resume_lab(tmp_path / "lab", Control()))
    assert PARTIAL not in LabFolder.open(tmp_path / "lab").state.results


@pytest.mark.parametrize("name", ["lab.json", "split.json"])
def test_that_a_damaged_lab_is_told(whole: Path, tmp_path: Path, name: str):
    shutil.copytree(whole, tmp_path / "lab", ignore=shutil.ignore_patterns("runs"))
    (tmp_path / "lab" / name).write_text("{}")
    with pytest.raises(BadInput, match="is damaged"):
        LabFolder.open(tmp_path / "lab")


def test_that_a_folder_that_is_no_lab_is_told(tmp_path: Path):
    with pytest.raises(BadInput, match=r"is no lab: it has no lab\.json"):
        list(resume_lab(tmp_path, Control()))


# CLIP, labels, minutes


def test_that_clip_is_asked_without_training_and_probed_with_it(dataset: Path, tmp_path: Path, tiny):
    model = tiny("tiny-vit")
    clip = ClipChoice(model="tiny-vit", pretrained=str(model.weights))
    config = plan(dataset, "zero-shot", "linear-probe", clip=clip, seeds=2, labels=(2, 50))
    events = list(run_lab(config, Control(), out=tmp_path / "lab"))
    assert Notice("No class has more than 8 training images: 50 a class are all.") in events
    results = {one.result.entry: one.result for one in of(EntryFinished, events)}
    assert list(results) == [
        "clip-zero-shot-s0",
        "clip-linear-probe-2-s0",
        "clip-linear-probe-s0",
        "clip-linear-probe-2-s1",
    ]
    assert results["clip-zero-shot-s0"].trained_parameters == 0
    assert results["clip-linear-probe-s0"].trained_parameters == (32 + 1) * 3
    assert all(one.run is None and one.epochs is None for one in results.values())
    assert [one.known for one in results.values()] == [False, False, False, True]
    reading = finished(events).reading
    (curve,) = reading.labels
    assert [(point.value, point.group) for point in curve.points] == [
        (2, "clip-linear-probe-2"),
        (None, "clip-linear-probe"),
    ]
    assert reading.recommendation is not None
    assert reading.recommendation.group in (
        "clip-zero-shot",
        "clip-linear-probe",
    )  # not one with fewer labels


def test_that_runs_with_few_images_a_class_learn_from_them_alone(dataset: Path, tmp_path: Path):
    def second(event: Event) -> bool:
        return isinstance(event, RunStarted) and event.images["train"] == 12

    config = plan(dataset, "feature-extraction", labels=(2, 4))
    events = stopped_at(lambda control: run_lab(config, control, out=tmp_path / "lab"), second)
    assert [run.images for run in of(RunStarted, events)] == [
        {"train": 6, "val": 6, "test": 6},
        {"train": 12, "val": 6, "test": 6},
    ]
    runs = (tmp_path / "lab" / "runs" / f"resnet18-feature-extraction-{count}-s0" for count in (2, 4))
    few, more = (
        {image["path"] for image in json.loads((run / "split.json").read_text())["images"]} for run in runs
    )
    assert few < more


def test_that_minutes_become_as_many_epochs_as_fit():
    assert epochs_within(100, 1, 20, 10) == 9
    assert epochs_within(19, 1, 20, 10) == 1
    assert epochs_within(100, 3, 40, 10) == 9
    assert epochs_within(10**9, 1, 1, 0.001) == 10_000


def test_that_all_seeds_of_a_group_have_the_epochs_that_fit_into_the_minutes(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = list[int]()

    def estimated(config: RunConfig, _control: Control) -> Iterator[Event]:
        asked.append(config.epochs)
        yield TimesEstimated(EpochTimes(Augmentation.NONE, 1, 0, 0, 40 + 10 * config.epochs), ())

    monkeypatch.setattr(lab_runs, "estimate", estimated)
    config = plan(dataset, "feature-extraction", seeds=2, minutes=1.2)
    events = list(run_lab(config, Control(), out=tmp_path / "lab"))
    assert asked == [1, 5]
    results = [one.result for one in of(EntryFinished, events)]
    assert [one.epochs for one in results] == [3, 3]
    assert Notice("feature extraction: 3 epochs for 1.2 minutes.") in events
    assert LabFolder.open(tmp_path / "lab").state.epochs == {"resnet18-feature-extraction": 3}
