"""The runs that there is something to tell of."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trained import finished_run, one_thread
from tlstudio.config import DataConfig, RunConfig
from tlstudio.evaluation.finished_runs import FinishedRuns, find_runs
from tlstudio.evaluation.finished_runs import finished_run as described
from tlstudio.events import Control
from tlstudio.runs.store import RunFolder

__all__ = ["finished_run", "one_thread"]


@pytest.fixture
def copy(finished_run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished_run, tmp_path / "my run")


def test_that_a_run_is_told_by_its_network_strategy_images_and_name(copy: Path):
    found = described(copy)
    assert found is not None
    assert found.title == "ResNet-18 · partial · discs · my run"
    assert (found.path, found.epochs, found.pretrained) == (copy, (1, 2), False)
    assert found.best in (1, 2)


def test_that_a_stamped_name_is_read_as_the_time_it_is(copy: Path):
    found = described(copy.rename(copy.parent / "20260102-030405-resnet18-partial"))
    assert found is not None
    assert found.title.endswith(" · 2026-01-02 03:04")


def test_that_epochs_whose_models_were_not_kept_are_left_out(copy: Path):
    RunFolder.open(copy).checkpoint(2).unlink()
    found = described(copy)
    assert found is not None
    assert (found.epochs, found.best) == ((1,), 1)
    RunFolder.open(copy).checkpoint(1).unlink()
    assert described(copy) is None


@pytest.mark.parametrize("name", ["config.json", "metrics.jsonl"])
def test_that_a_damaged_run_is_passed_over(copy: Path, name: str):
    (copy / name).write_text('{"damaged": \n')
    assert described(copy) is None


def test_that_runs_that_are_over_are_found_and_others_are_not(dataset: Path, finished_run: Path):
    config = RunConfig(data=DataConfig(root=str(dataset)), arch="resnet18", weights="none")
    over = RunFolder.create(config)
    RunFolder.create(config)  # still running
    RunFolder.create(config).finish("failed")  # without a finished epoch
    for name in ("metrics.jsonl", "checkpoints"):
        source = finished_run / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, over.path / name)
    over.finish("stopped")
    (event,) = find_runs(Control())
    assert isinstance(event, FinishedRuns)
    assert [run.path for run in event.runs] == [over.path]


def test_that_finding_runs_loads_no_torch():
    code = "import sys, tlstudio.evaluation.finished_runs; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
