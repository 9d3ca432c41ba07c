"""A run keeps the models it was told to keep, and says which of them cannot be read."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from tests.trained import finished_run
from tests.training.test_trainer import config, of
from tlstudio.errors import BadInput
from tlstudio.evaluation.every_epoch import evaluate
from tlstudio.events import Control, Notice
from tlstudio.runs.store import RunFolder
from tlstudio.training.checkpoint import load_model, newest_whole, write_tensors
from tlstudio.training.events import EpochFinished, EpochTested, RunFinished
from tlstudio.training.trainer import train

__all__ = ["finished_run"]

CPU = torch.device("cpu")


@pytest.fixture
def run(finished_run: Path, tmp_path: Path) -> RunFolder:
    """A copy of a finished run of two epochs."""
    shutil.copytree(finished_run, tmp_path / "run")
    return RunFolder.open(tmp_path / "run")


def spoil(run: RunFolder, epoch: int, kept: int) -> Path:
    path = run.checkpoint(epoch)
    path.write_bytes(path.read_bytes()[:kept])
    return path


@pytest.mark.parametrize("kept", [0, 1, 1000, -1])
def test_that_a_model_cut_off_is_named_and_the_newest_whole_one_offered(run: RunFolder, kept: int):
    path = spoil(run, 2, kept)
    assert newest_whole(run) == 1
    with pytest.raises(BadInput) as caught:
        load_model(run, 2, CPU)
    assert str(path) in caught.value.message
    assert ("it is empty" in caught.value.message) == (kept == 0)
    assert caught.value.hint == "The newest whole model is that of epoch 1: choose that one."
    load_model(run, 1, CPU)


def test_that_a_run_without_a_whole_model_offers_none(run: RunFolder):
    for epoch in (1, 2):
        spoil(run, epoch, 10)
    assert newest_whole(run) is None
    with pytest.raises(BadInput) as caught:
        load_model(run, 1, CPU)
    assert caught.value.hint == "No model of this run is whole; train again."


def test_that_a_model_beyond_the_metrics_is_not_called_finished(run: RunFolder):
    run.keep_metrics(run.metrics()[:1])
    assert newest_whole(run) == 1


def test_that_a_damaged_model_is_left_out_of_the_tests_and_named(run: RunFolder):
    whole = {event.epoch: event for event in of(list(evaluate(run.path, Control())), EpochTested)}
    path = spoil(run, 2, 1000)
    events = list(evaluate(run.path, Control()))
    assert of(events, EpochTested) == [whole[1]]
    (notice,) = of(events, Notice)
    assert str(path) in notice.text
    assert notice.text.endswith("Epoch 2 is not tested.")
    assert [row["epoch"] for row in run.read("test.json")] == [1]


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("keep", "least"), [("all", {1, 2, 3, 4, 5}), ("best-and-last", {5}), (2, {2, 4, 5}), (9, {5})]
)
def test_that_only_the_models_asked_for_are_kept_and_tested(dataset: Path, keep: object, least: set[int]):
    events = list(train(config(dataset, epochs=5, keep=keep), Control()))
    assert isinstance(events[-1], RunFinished)
    kept = least | {events[-1].best_epoch}
    run = RunFolder.open(events[-1].run)
    assert set(run.epochs()) == kept
    assert {event.epoch for event in of(events, EpochTested)} == kept
    assert [event.epoch for event in of(events, EpochFinished)] == [1, 2, 3, 4, 5]
    assert {row["epoch"] for row in json.loads((run.path / "test.json").read_text())} == kept
    gone = ", ".join(str(epoch) for epoch in range(1, 6) if epoch not in kept)
    told = [f"Not tested, for their models were not kept: epoch {gone}."] if gone else []
    assert [notice.text for notice in of(events, Notice)] == told


def test_that_a_file_that_cannot_be_written_is_named_and_the_old_one_stays(tmp_path: Path):
    limits = pytest.importorskip("resource", reason="Windows has no limit of a file's size")
    path = tmp_path / "model.pt"
    size = write_tensors(path, {"a": torch.zeros(10)})
    assert path.stat().st_size == size
    before, limit = path.read_bytes(), limits.getrlimit(limits.RLIMIT_FSIZE)
    for numbers in (1_000, 24_900, 1_000_000):  # the disk fills at the end, in the table of contents, midway
        limits.setrlimit(limits.RLIMIT_FSIZE, (4 * min(numbers, 25_000), limit[1]))
        try:
            with pytest.raises(OSError) as caught:
                write_tensors(path, {"a": torch.zeros(numbers)})
        finally:
            limits.setrlimit(limits.RLIMIT_FSIZE, limit)
        assert caught.value.filename == str(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
