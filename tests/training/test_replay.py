"""A run's story, told again from its folder."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.trained import finished_run, one_thread
from tests.training.test_trainer import config, of
from tlstudio.errors import BadInput, Stopped
from tlstudio.events import Control, Event
from tlstudio.runs.index import RunIndex
from tlstudio.runs.store import RunFolder
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
from tlstudio.training.replay import RunCutOff, cut_off_runs, data_root, is_run, replay
from tlstudio.training.trainer import train

__all__ = ["finished_run", "one_thread"]

TOLD = (
    RunStarted,
    StageStarted,
    FreezeStated,
    BlocksMoved,
    CheckpointSaved,
    EpochFinished,
    EpochTested,
    RunFinished,
    RunStopped,
)


def story(events: Iterable[Event]) -> list[Event]:
    """The events that are told again: without models deleted since, nor how much memory was taken."""
    told = [event for event in events if isinstance(event, TOLD)]
    return [
        dataclasses.replace(event, peak_memory_mb=0.0) if isinstance(event, RunFinished) else event
        for event in told
        if not isinstance(event, CheckpointSaved) or event.path.is_file()
    ]


def again(run: Path) -> list[Event]:
    return list(replay(run, Control()))


@pytest.mark.parametrize(
    "more",
    [
        {"strategy": "staged", "epochs": 3},
        {"strategy": "feature-extraction", "lr": 1e-9, "early_stopping": 1, "epochs": 4},
        {"strategy": "scratch", "freeze": ("layer1",), "keep": "best-and-last"},
    ],
    ids=lambda more: more["strategy"],
)
def test_that_a_finished_run_is_told_as_it_was(dataset: Path, tmp_path: Path, more: dict):
    told = list(train(config(dataset, **more), Control(), out=tmp_path / "run"))
    assert isinstance(told[-1], RunFinished)
    assert again(tmp_path / "run") == story(told)


@pytest.mark.parametrize(("epoch", "step"), [(1, 2), (2, 1), (3, 1)])
def test_that_a_stopped_run_is_told_up_to_where_it_was(dataset: Path, tmp_path: Path, epoch: int, step: int):
    control, told = Control(), []
    for event in train(config(dataset, strategy="staged", epochs=3), control, out=tmp_path / "run"):
        told.append(event)
        if isinstance(event, BatchFinished) and (event.epoch, event.done) == (epoch, step):
            control.stop()
    assert isinstance(told[-1], RunStopped)
    assert again(tmp_path / "run") == story(told)


@pytest.fixture
def cut(dataset: Path, tmp_path: Path) -> Path:
    """A run whose process was lost in the second of two epochs."""
    events = train(config(dataset), Control(), out=tmp_path / "cut")
    next(event for event in events if isinstance(event, BatchFinished) and event.epoch == 2)
    events.close()
    (tmp_path / "cut" / "result.json").unlink()
    RunIndex().finish(tmp_path / "cut", "running", {})
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    RunIndex().take_up(tmp_path / "cut", gone.pid)
    return tmp_path / "cut"


def test_that_a_run_that_was_cut_off_says_so_and_where(cut: Path):
    *told, last = again(cut)
    assert [type(event) for event in told[:3]] == [RunStarted, StageStarted, FreezeStated]
    assert [event.epoch for event in of(told, BlocksMoved)] == [1]
    assert [event.epoch for event in of(told, EpochFinished)] == [1]
    assert isinstance(last, RunCutOff)
    assert (last.run, last.epochs, last.total_epochs, last.best_epoch) == (cut, 1, 2, 1)
    assert (last.when, last.trained_by) == ("in epoch 2", None)


def test_that_a_run_under_way_names_the_process_that_trains_it(cut: Path):
    RunIndex().take_up(cut, os.getpid())
    last = again(cut)[-1]
    assert isinstance(last, RunCutOff)
    assert last.trained_by == os.getpid()


def test_that_a_run_whose_process_is_gone_is_found_once(cut: Path):
    (found,) = cut_off_runs(Control())
    assert isinstance(found, RunCutOff)
    assert (found.run, found.when) == (cut, "in epoch 2")
    assert found.began == (cut / "config.json").stat().st_mtime
    assert list(cut_off_runs(Control())) == []


def test_that_a_lost_run_that_was_deleted_since_is_passed_over(cut: Path):
    shutil.rmtree(cut)
    assert list(cut_off_runs(Control())) == []


def test_that_a_failed_run_says_when(cut: Path):
    RunFolder.open(cut).finish("failed")
    last = again(cut)[-1]
    assert last == RunFailed("The run failed in epoch 2.", last.hint, cut)
    assert "log" in last.hint


def test_that_a_model_used_as_it_is_has_no_stage(dataset: Path, tmp_path: Path):
    asked = config(dataset, arch="efficientnet_lite0", weights="bundled", strategy="as-is")
    told = story(train(asked, Control(), out=tmp_path / "run"))
    assert again(tmp_path / "run") == told
    assert of(told, StageStarted) == []
    assert [event.epoch for event in of(told, EpochTested)] == [0]


def test_that_it_can_be_stopped(finished_run: Path):
    control = Control()
    events = replay(finished_run, control)
    next(events)
    control.stop()
    with pytest.raises(Stopped):
        list(events)


@pytest.fixture
def copy(finished_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished_run, tmp_path / "copy"))


@pytest.mark.parametrize("name", ["about.json", "split.json", "test.json", "result.json"])
@pytest.mark.parametrize("content", ["{", '{"status": "finished"}', "[[1]]"])
def test_that_a_damaged_file_is_named(copy: Path, name: str, content: str):
    (copy / name).write_text(content)
    with pytest.raises(BadInput, match=name):
        again(copy)


@pytest.mark.parametrize("row", [{"epoch": 1}, {"stage": 7}, {"best": None, "val_loss": "low"}])
def test_that_damaged_metrics_are_named(copy: Path, row: dict):
    rows = [json.loads(line) for line in (copy / "metrics.jsonl").read_text().splitlines()]
    whole = {} if row == {"epoch": 1} else rows[0]
    (copy / "metrics.jsonl").write_text(json.dumps({**whole, **row}) + "\n")
    with pytest.raises(BadInput, match=r"metrics\.jsonl is damaged"):
        again(copy)


def test_that_the_images_are_where_the_run_found_them(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(dataset.parent)
    asked = config(Path(dataset.name), epochs=1)
    list(train(asked, Control(), out=tmp_path / "run"))
    monkeypatch.chdir(tmp_path)
    assert data_root(RunFolder.open(tmp_path / "run")) == str(dataset)


def test_that_runs_are_told_from_folders_of_images(
    finished_run: Path, copy: Path, dataset: Path, tmp_path: Path
):
    assert is_run(finished_run)
    (copy / "config.json").write_text("{")
    assert is_run(copy)  # damaged, which opening it will say
    assert not is_run(dataset)
    (tmp_path / "config.json").write_text('{"architectures": ["CLIPModel"]}')
    assert not is_run(tmp_path)
    assert not is_run(tmp_path / "nothing")


def test_that_telling_a_run_from_images_and_finding_lost_ones_loads_no_torch(finished_run: Path):
    code = (
        "import sys; from pathlib import Path; from tlstudio.events import Control\n"
        "from tlstudio.training.replay import cut_off_runs, is_run\n"
        "assert is_run(Path(sys.argv[1])); list(cut_off_runs(Control()))\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(finished_run)], check=True, timeout=60)
