"""Fixtures of the window's tests: its parts, and what no test may leave behind."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from tlstudio.config import RunConfig
from tlstudio.data.catalogue import Catalogue, ImageRecord, Split
from tlstudio.events import Control, Event
from tlstudio.ui import run_engine
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.worker import Worker

# What the offscreen platform says of its own shortcomings.
_OFFSCREEN = ("This plugin does not support", "QRhi* ")


@pytest.fixture(autouse=True)
def quiet_qt(qtlog: Any) -> Iterator[None]:
    """Whatever Qt warns of fails the test."""
    yield
    warnings = [record.message for record in qtlog.records if not record.message.startswith(_OFFSCREEN)]
    assert not warnings, warnings


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    """A test ends with the Python threads it began with; the worker's own are waited for by its fixture."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in set(threading.enumerate()) - before if not thread.name.startswith("Dummy")]
    assert not left, left


@pytest.fixture(autouse=True)
def estimates(monkeypatch: pytest.MonkeyPatch) -> list[RunConfig]:
    """The runs of which the Train page asked how long they take, which it is not told."""
    asked: list[RunConfig] = []

    def estimate(config: RunConfig, control: Control) -> Iterator[Event]:
        asked.append(config)
        yield from ()

    monkeypatch.setattr(run_engine, "estimate", estimate)
    return asked


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    theme = Theme(qapp, "light")
    yield theme
    theme.deleteLater()


@pytest.fixture
def worker(qapp: QApplication) -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.shut_down()
    assert not worker.tasks


@pytest.fixture
def session(qapp: QApplication) -> Session:
    return Session()


@pytest.fixture
def settings(qapp: QApplication) -> Settings:
    return Settings()


@pytest.fixture
def many_images() -> Callable[[int], Catalogue]:
    """A divided catalogue of so many images that are not there."""

    def make(count: int) -> Catalogue:
        splits: tuple[Split, ...] = ("train", "val", "test")
        images = tuple(
            ImageRecord(f"{'ab'[n % 2]}/{n}.png", n % 2, 8, 8, 100, splits[n % 3]) for n in range(count)
        )
        return Catalogue(Path("nowhere"), ("a", "b"), images)

    return make
