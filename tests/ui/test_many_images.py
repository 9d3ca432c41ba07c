"""A hundred thousand images leave the window's thread with nothing to do that grows with them."""

import functools
import gc
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QThread
from PySide6.QtGui import QPixmap

from tests.images import image_folder
from tlstudio.config import DataConfig
from tlstudio.data.catalogue import Catalogue, ImageRecord
from tlstudio.data.health import Finding, HealthReport
from tlstudio.data.layouts import Layout
from tlstudio.data.listing import Listing
from tlstudio.data.scan import ScanFinished
from tlstudio.events import Control, Event, Notice
from tlstudio.ui import engine
from tlstudio.ui.app import answering_soon
from tlstudio.ui.item_models import thumbnails
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.pages.data import DataPage
from tlstudio.ui.pages.train import TrainPage
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.data_side import Said
from tlstudio.ui.worker import Worker


class Images(tuple[ImageRecord, ...]):
    """Images of which it is counted how often somebody goes through all of them on the window's thread."""

    walks: int

    def __iter__(self) -> Iterator[ImageRecord]:
        if threading.current_thread() is threading.main_thread():
            self.walks += 1
        return super().__iter__()


@pytest.fixture
def page(session: Session, worker: Worker, theme: Theme, settings: Settings, qtbot) -> DataPage:
    page = DataPage(session, worker, theme, settings)
    train = TrainPage(session, worker, theme, settings)  # it says how many of the images train
    for one in (page, train):
        qtbot.addWidget(one)
    page.resize(1192, 756)
    page.show()
    qtbot.waitExposed(page)
    return page


def watched(catalogue: Catalogue) -> tuple[Catalogue, Images]:
    """As an engine call leaves it: with its sizes known."""
    images = Images(catalogue.images)
    images.walks = 0
    made = Catalogue(catalogue.root, catalogue.classes, images)
    assert sum(made.sizes.values()) == len(images)
    images.walks = 0
    return made, images


def test_that_nobody_goes_through_the_images_to_show_them(page: DataPage, many_images, worker, qtbot) -> None:
    catalogue, images = watched(many_images(3_000))
    layout = Layout("Each folder is a class.", (), {}, (), Listing(catalogue.root, (), (), ()))
    scanned = ScanFinished(catalogue, layout, {})
    page.browser.store.picture = lambda path, side: None  # type: ignore[method-assign]
    counts = engine.counts_of(catalogue)
    images.walks = 0
    page.folder.take(engine.DataOpened(scanned, DataConfig(root="nowhere"), catalogue, counts))
    page.grab()
    assert page.browser.model.rowCount() == 3_000
    assert images.walks == 0
    qtbot.waitUntil(lambda: not worker.tasks)


def test_that_a_problem_of_all_images_is_offered_without_going_through_them() -> None:
    class Paths(frozenset[str]):
        def __iter__(self) -> Iterator[str]:
            raise AssertionError

    said = Said("Tiny", Paths(f"{number}.png" for number in range(3)))
    assert said["1.png"] == "Tiny"
    assert said.get("3.png", "") == ""
    assert len(said) == 3


def test_that_the_images_of_a_report_are_known_by_what_is_wrong_with_them() -> None:
    findings = (
        Finding("few", "warning", "Few.", ("a", "b")),
        Finding("tiny", "hint", "Tiny.", ("b",)),
        Finding("few", "warning", "None to test.", ("c", "b")),
    )
    images = HealthReport(findings, ()).images()
    assert images == {"few": {"a", "b", "c"}, "tiny": {"b"}}


def test_that_a_folder_that_was_left_is_freed_without_a_search_for_garbage(
    page: DataPage, tmp_path: Path, worker: Worker, qtbot
) -> None:
    for name in ("first", "second"):
        image_folder(tmp_path / name, 4)
    page.open_folder(tmp_path / "first")
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.folder.scanned is not None
    assert page.folder.divided is not None
    left = [weakref.ref(page.folder.scanned.catalogue), weakref.ref(page.folder.divided)]
    gc.disable()
    try:
        page.open_folder(tmp_path / "second")
        qtbot.waitUntil(lambda: not worker.tasks)
        assert [one() for one in left] == [None, None]
    finally:
        gc.enable()


def test_that_images_are_let_go_of_on_the_thread_of_a_task(many_images, worker: Worker, qtbot) -> None:
    freed_by: list[bool] = []

    class Name(str):
        def __del__(self) -> None:
            freed_by.append(QThread.isMainThread())

    images = tuple(ImageRecord(Name(number), 0, 8, 8, 100) for number in range(2_500))
    old: list[ScanFinished | Catalogue] = [Catalogue(Path("nowhere"), ("a",), images)]
    del images
    worker.run("Freeing", functools.partial(engine.let_go, old), quiet=True)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert freed_by == [False] * 2_500
    assert old == []


def test_that_a_task_lets_go_of_what_it_was_given_once_the_call_does(worker: Worker, qtbot) -> None:
    class Given:
        pass

    given, seen = Given(), []
    gone = weakref.ref(given)

    def call(given: Given, control: Control) -> Iterator[Event]:
        del given
        seen.append(gone())
        yield Notice("done")

    task = worker.run("Test", functools.partial(call, given))
    del given
    qtbot.waitUntil(lambda: not worker.tasks)
    assert seen == [None]
    assert task.title == "Test"


def test_that_pictures_of_another_folder_are_freed_some_at_a_time(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, qtbot
) -> None:
    monkeypatch.setattr(thumbnails, "_DROPPED_AT_ONCE", 2)
    store = PictureStore(worker)
    pictures = {(Path(f"{number}.png"), 8): QPixmap(8, 8) for number in range(5)}
    store._pictures.update(pictures)
    store.forget()
    assert all(store.kept(path, side) is None for path, side in pictures)
    left = []
    while store._dropped:
        store._drop_some()
        left.append(len(store._dropped))
    assert left == [3, 1, 0]
    assert not store._dropping.isActive()


def test_that_the_windows_thread_waits_shortly_for_others_as_long_as_there_is_a_window() -> None:
    before = sys.getswitchinterval()
    with answering_soon():
        assert sys.getswitchinterval() == pytest.approx(0.001)
        assert gc.get_freeze_count()
    assert sys.getswitchinterval() == before
    assert not gc.get_freeze_count()
