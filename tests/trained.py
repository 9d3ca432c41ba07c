"""Small runs made for a test."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tlstudio.config import DataConfig, RunConfig
from tlstudio.events import Control
from tlstudio.training.events import RunFinished
from tlstudio.training.trainer import train


def train_small(dataset: Path, out: Path, **more: object) -> Path:
    """A ResNet-18 from random weights at 32 pixels for two epochs; gives the run's folder."""
    fields = {"arch": "resnet18", "weights": "none", "epochs": 2, "batch_size": 8, "image_size": 32, **more}
    config = RunConfig.model_validate({"data": DataConfig(root=str(dataset)), **fields})
    *_, last = train(config, Control(), out=out)
    assert isinstance(last, RunFinished), last
    return last.run


@contextlib.contextmanager
def _on_one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Networks this small are slower on several threads, by far where other programs want the cores too."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # for programs that a test starts
    with _on_one_thread():
        yield


@pytest.fixture(scope="session")
def finished_run(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run on ``dataset``; read it, do not change it."""
    home = tmp_path_factory.getbasetemp() / "trained"
    if not home.exists():  # the fixture is one in each package that imports it, the run is the same
        with pytest.MonkeyPatch.context() as patch, _on_one_thread():
            patch.setenv("TLSTUDIO_HOME", str(home))
            train_small(dataset, home / "run", strategy="partial")
    return home / "run"
