"""What a run's folder keeps of the truth about freezing."""

import json
from pathlib import Path

import pytest

from tests.trained import finished_run, one_thread
from tests.training.test_trainer import config, of
from tlstudio.config import DataConfig, RunConfig
from tlstudio.errors import BadInput
from tlstudio.events import Control
from tlstudio.runs.store import RunFolder
from tlstudio.training.events import (
    BatchFinished,
    BlockMoved,
    BlocksMoved,
    EpochFinished,
    FreezeStated,
    LayerStated,
)
from tlstudio.training.replay import replay
from tlstudio.training.trainer import resume, train
from tlstudio.training.truth import LAYERS_FILE, keep, kept

__all__ = ["finished_run", "one_thread"]

STATED = FreezeStated(
    0,
    (
        LayerStated("bn1", "stem", "stem / bn1", False, False, 0.0, "kept"),
        LayerStated("fc", "head", "head / fc", True, True, 0.003, ""),
    ),
)
MOVED = BlocksMoved(1, (BlockMoved("head", 0.1 + 0.2, 1 / 3),))


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(RunConfig(data=DataConfig(root="/photos")), tmp_path / "run")


def test_that_what_is_kept_comes_back_to_the_last_digit(run: RunFolder) -> None:
    assert keep(run, STATED) is STATED
    keep(run, MOVED)
    truth = kept(run)
    assert (truth.stated, truth.moved) == ({0: STATED}, {1: MOVED})


def test_that_a_run_that_kept_nothing_has_nothing(run: RunFolder) -> None:
    truth = kept(run)
    assert (truth.stated, truth.moved) == ({}, {})


def test_that_a_repeated_epoch_takes_the_place_of_the_one_before(run: RunFolder) -> None:
    again = BlocksMoved(1, (BlockMoved("head", 0.5, 0.25),))
    keep(run, MOVED)
    keep(run, again)
    assert kept(run).moved == {1: again}


@pytest.mark.parametrize(
    "row",
    [
        {"event": "something else"},
        {"stage": 0},
        {**STATED.as_json(), "layers": [{"path": "fc"}]},
        {**MOVED.as_json(), "blocks": [{"path": "head", "change": "much", "gradient": 1.0}]},
        {**MOVED.as_json(), "epoch": None},
    ],
)
def test_that_damage_is_named(run: RunFolder, row: dict) -> None:
    (run.path / LAYERS_FILE).write_text(json.dumps(row) + "\n")
    with pytest.raises(BadInput, match=r"layers\.jsonl is damaged"):
        kept(run)


def test_that_a_run_without_the_file_is_still_told(finished_run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in finished_run.iterdir():
        if file.is_file() and file.name != LAYERS_FILE:
            (copy / file.name).write_bytes(file.read_bytes())
    events = list(replay(copy, Control()))
    assert of(events, FreezeStated) == of(events, BlocksMoved) == []
    assert len(of(events, EpochFinished)) == 2


def test_that_a_resumed_run_is_told_like_one_that_never_was_cut_off(dataset: Path, tmp_path: Path) -> None:
    asked = config(dataset, strategy="staged", epochs=3)
    whole = list(train(asked, Control(), out=tmp_path / "whole"))
    control = Control()
    for event in train(asked, control, out=tmp_path / "cut"):
        if isinstance(event, BatchFinished) and event.epoch == 2:
            control.stop()
    list(resume(tmp_path / "cut", Control()))
    again = list(replay(tmp_path / "cut", Control()))
    assert of(again, FreezeStated) == of(whole, FreezeStated)
    assert of(again, BlocksMoved) == of(whole, BlocksMoved)
