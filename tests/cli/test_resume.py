"""`tlstudio resume`: the end of a run that was stopped, and why a run is refused."""

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tlstudio.config import DataConfig, RunConfig
from tlstudio.events import Control
from tlstudio.runs.store import RunFolder
from tlstudio.training.events import EpochFinished
from tlstudio.training.trainer import train


@pytest.fixture
def stopped(dataset: Path, tmp_path: Path) -> Path:
    """A run of two epochs that was stopped after the first."""
    config = RunConfig(
        data=DataConfig(root=str(dataset)), arch="resnet18", weights="none", image_size=32, epochs=2
    )
    control = Control()
    for event in train(config, control, out=tmp_path / "run"):
        if isinstance(event, EpochFinished):
            control.stop()
    return tmp_path / "run"


def test_that_a_stopped_run_is_resumed_in_its_folder(cli: Cli, stopped: Path):
    ran = cli("resume", stopped, "--json")
    assert ran.status == 0
    assert [line["epoch"] for line in ran.events("epoch_finished")] == [2]
    assert "after epoch 1" in ran.events("notice")[0]["text"]
    (finished,) = ran.events("run_finished")
    assert finished["run"] == str(stopped)
    assert RunFolder.open(stopped).epochs() == [1, 2]


def test_that_a_finished_run_is_bad_input(cli: Cli, stopped: Path):
    cli("resume", stopped)
    ran = cli("resume", stopped)
    assert ran.status == 2
    assert f"The run {stopped} is finished." in ran.err


def test_that_changed_images_are_accepted_only_when_asked(
    cli: Cli, stopped: Path, dataset: Path, tmp_path: Path
):
    images = tmp_path / "images"
    shutil.copytree(dataset, images)
    next((images / "red").iterdir()).unlink()
    split = stopped / "split.json"
    split.write_text(split.read_text().replace(str(dataset), str(images)))
    ran = cli("resume", stopped)
    assert ran.status == 2
    assert "1 gone" in ran.err
    assert "--accept-changed-data" in ran.err
    assert cli("resume", stopped, "--accept-changed-data").status == 0


@pytest.mark.parametrize("keep", ["some", "0", "-1", "1.5", ""])
def test_that_a_keep_policy_that_is_none_is_bad_input(cli: Cli, small: tuple[object, ...], keep: str):
    ran = cli("train", *small, f"--keep={keep}")
    assert ran.status == 2
    assert "neither all, best-and-last nor a number above 0" in ran.err.replace("\n", " ")


def test_that_the_keep_policy_is_kept(cli: Cli, small: tuple[object, ...], tmp_path: Path):
    assert cli("train", *small, "--keep", 2, "--out", tmp_path / "run").status == 0
    assert RunFolder.open(tmp_path / "run").config.keep == 2
