"""Fixtures that every test may use."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import tlstudio.config  # noqa: F401 - pydantic cannot be imported after torch where PySide6 is there already
from tests.images import image_folder

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Networks this small are slower on two threads than on one, all the more where the machine is busy.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that the studio writes goes to a folder of the test's own."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("TLSTUDIO_HOME", str(folder))
    monkeypatch.setenv("TORCH_HOME", str(folder / "torch"))
    monkeypatch.setenv("HF_HUB_CACHE", str(folder / "hub"))
    return folder


@pytest.fixture(autouse=True)
def _shared_run_as_it_was(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the studio keeps with a run that it evaluates goes again: tests/trained.py has one run for all."""
    yield
    shutil.rmtree(tmp_path_factory.getbasetemp() / "trained" / "run" / "outcomes", ignore_errors=True)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of twelve small images each; read it, do not change it."""
    return image_folder(tmp_path_factory.mktemp("dataset") / "discs")
