"""The frame around the pages: rail, strip, drag and drop, closing."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPointF, QRect, QSize, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QScreen
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from tests.images import image_folder
from tlstudio.config import DataConfig, RunConfig
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.models.events import Downloaded
from tlstudio.runs.store import RunFolder
from tlstudio.training.events import LrTried
from tlstudio.ui import settings as remembered
from tlstudio.ui.main_window import Entry, MainWindow
from tlstudio.ui.pages.base import NEEDED, READY, Page
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.drop_overlay import DropOverlay
from tlstudio.ui.worker import Task, Worker


@pytest.fixture
def make_window(worker: Worker, theme: Theme, qtbot) -> Callable[[], MainWindow]:
    def make() -> MainWindow:
        pages = [Page(title, "A sentence.") for title in ("Data", "Model", "Train", "Zero-shot")]
        pages[3].classifies = True
        keys = ("data", "model", "train", "zero-shot")
        entries = [Entry(key, key, page) for key, page in zip(keys, pages, strict=True)]
        window = MainWindow(entries, worker, theme, Settings())
        qtbot.addWidget(window)
        window.show()
        qtbot.waitExposed(window)
        return window

    return make


@pytest.fixture
def window(make_window) -> MainWindow:
    return make_window()


class Endless:
    """An engine call that goes on until it is told to stop."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.ended = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, control: Control) -> Iterator[Event]:
        try:
            while not self.let_go.is_set():
                self.began.set()
                yield Progress("Batches", 3, 10)
                control.checkpoint()
        finally:
            self.ended.set()


def current(window: MainWindow) -> str:
    page = window.pages.currentWidget()
    assert isinstance(page, Page)
    return page.title


def question(window: MainWindow) -> QMessageBox | None:
    return next((box for box in window.findChildren(QMessageBox) if box.isVisible()), None)


def press(box: QMessageBox, words: str) -> None:
    (found,) = (one for one in box.buttons() if one.text() == words)
    QTest.mouseClick(found, Qt.MouseButton.LeftButton)


def at(share: float, window: QWidget) -> QPointF:
    """A point so far from the window's left to its right."""
    return QPointF(window.width() * share, 50)


HOW = Qt.DropAction.CopyAction
WITH = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def drag(window: MainWindow, *paths: Path, share: float = 0.1) -> QMimeData:
    """Bring files over the window, as a desktop does it; the data must outlive the drag."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place = at(share, window).toPoint()
    QApplication.sendEvent(window, QDragEnterEvent(place, HOW, data, *WITH))
    overlay = window.findChild(DropOverlay)
    if overlay.isVisible():  # it lies under the pointer now
        QApplication.sendEvent(overlay, QDragEnterEvent(place, HOW, data, *WITH))
    return data


def move(overlay: DropOverlay, data: QMimeData, share: float) -> None:
    event = QDragMoveEvent(at(share, overlay).toPoint(), HOW, data, *WITH)
    QApplication.sendEvent(overlay, event)
    assert event.isAccepted()


def drop(overlay: DropOverlay, data: QMimeData, share: float = 0.1) -> None:
    event = QDropEvent(at(share, overlay), HOW, data, *WITH)
    QApplication.sendEvent(overlay, event)
    assert event.isAccepted()


def test_that_a_click_on_the_rail_opens_the_page(window: MainWindow) -> None:
    QTest.mouseClick(window.rail.buttons[2], Qt.MouseButton.LeftButton)
    assert current(window) == "Train"
    assert window.windowTitle() == "Train · TL Studio"


def test_that_each_page_has_its_key(window: MainWindow, qtbot) -> None:
    window.activateWindow()
    for place, key in enumerate((Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4)):
        QTest.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
        assert window.pages.currentIndex() == place
        assert window.rail.buttons[place].isChecked()


def test_that_arrows_go_along_the_rail_and_around(window: MainWindow) -> None:
    QTest.keyClick(window.rail.buttons[0], Qt.Key.Key_Down)
    assert current(window) == "Model"
    QTest.keyClick(window.rail.buttons[1], Qt.Key.Key_Up)
    QTest.keyClick(window.rail.buttons[0], Qt.Key.Key_Up)
    assert current(window) == "Zero-shot"


def test_that_the_rail_says_in_words_too_what_is_ready(window: MainWindow) -> None:
    for place, attention in enumerate((READY, NEEDED)):
        page = window.pages.widget(place)
        assert isinstance(page, Page)
        page.set_attention(attention)
    assert window.rail.buttons[0].accessibleDescription() == "ready"
    assert window.rail.buttons[1].accessibleDescription() == "needs attention"
    assert window.rail.buttons[2].accessibleDescription() == ""


def test_that_the_theme_button_goes_through_the_schemes_and_is_remembered(
    window: MainWindow, theme: Theme
) -> None:
    assert theme.scheme == "light"
    QTest.mouseClick(window.rail.theme_button, Qt.MouseButton.LeftButton)
    assert theme.scheme == "dark"
    assert window.rail.theme_button.accessibleName() == "Theme: dark"
    QTest.mouseClick(window.rail.theme_button, Qt.MouseButton.LeftButton)
    assert theme.scheme == "system"
    window.close()
    assert Settings().get(remembered.THEME) == "system"


def test_that_size_and_page_are_there_again_after_closing(make_window, qtbot) -> None:
    first = make_window()
    first.resize(1024, 700)  # the offscreen platform's screen is no larger
    first.show_page("train")
    first.close()
    assert Settings().get(remembered.PAGE) == "train"
    again = make_window()
    assert (again.width(), again.height()) == (1024, 700)


def test_that_an_unknown_page_is_passed_over(window: MainWindow) -> None:
    window.show_page("evaluate")
    assert current(window) == "Data"


def test_that_a_folder_dropped_anywhere_is_handed_on(window: MainWindow, tmp_path: Path, qtbot) -> None:
    overlay = window.findChild(DropOverlay)
    data = drag(window, tmp_path)
    assert overlay.isVisible()
    assert overlay.size() == window.size()
    assert tmp_path.name in overlay.aimed_at.sentence
    with qtbot.waitSignal(window.folder_dropped) as dropped:
        drop(overlay, data)
    assert dropped.args == [tmp_path]
    assert not overlay.isVisible()


def test_that_dropped_images_are_handed_on_without_what_is_none(
    window: MainWindow, tmp_path: Path, qtbot
) -> None:
    image_folder(tmp_path, 2)
    text = tmp_path / "notes.txt"
    text.write_text("no image")
    images = [tmp_path / "red" / "00.png", tmp_path / "red" / "01.png"]
    overlay = window.findChild(DropOverlay)
    data = drag(window, *images, text)
    assert "2 images" in overlay.aimed_at.sentence
    with qtbot.waitSignal(window.images_dropped) as dropped:
        drop(overlay, data)
    assert dropped.args == [images]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return image_folder(tmp_path / "cloth", 1)


@pytest.fixture
def over(window: MainWindow, folder: Path) -> tuple[DropOverlay, QMimeData]:
    """The folder dragged over the window while the Zero-shot page is open."""
    window.show_page("zero-shot")
    data = drag(window, folder)
    return window.findChild(DropOverlay), data


def test_that_over_the_zero_shot_page_a_folder_finds_two_targets(over) -> None:
    overlay, data = over
    sentences = [target.sentence for target in overlay.targets]
    assert sentences == ["Classify these images here", "Open as your data"]
    assert overlay.aimed_at is overlay.targets[0]
    shown = overlay.grab().toImage()
    move(overlay, data, 0.9)
    assert overlay.aimed_at is overlay.targets[1]
    assert overlay.grab().toImage() != shown
    move(overlay, data, 0.49)
    assert overlay.aimed_at is overlay.targets[0]
    assert overlay.grab().toImage() == shown


def test_that_a_folder_let_go_at_the_left_is_classified(over, window, folder, qtbot) -> None:
    overlay, data = over
    with qtbot.waitSignal(window.images_dropped) as dropped, qtbot.assertNotEmitted(window.folder_dropped):
        drop(overlay, data, 0.3)
    assert dropped.args == [[folder]]
    assert not overlay.isVisible()


def test_that_a_folder_let_go_at_the_right_is_opened_as_data(over, window, folder, qtbot) -> None:
    overlay, data = over
    with qtbot.waitSignal(window.folder_dropped) as dropped, qtbot.assertNotEmitted(window.images_dropped):
        drop(overlay, data, 0.7)  # without a move before, as some programs do
    assert dropped.args == [folder]


def test_that_all_that_is_dropped_to_be_classified_is(window: MainWindow, folder: Path, qtbot) -> None:
    window.show_page("zero-shot")
    image = folder / "red" / "00.png"
    data = drag(window, folder / "red", image, folder / "blue")
    with qtbot.waitSignal(window.images_dropped) as dropped:
        drop(window.findChild(DropOverlay), data)
    assert dropped.args == [[folder / "red", folder / "blue", image]]


def test_that_images_alone_find_one_target_over_the_zero_shot_page_too(
    window: MainWindow, folder: Path
) -> None:
    window.show_page("zero-shot")
    drag(window, folder / "red" / "00.png", share=0.9)
    (target,) = window.findChild(DropOverlay).targets
    assert target.sentence == "Drop to classify this image zero-shot"


def test_that_images_over_any_other_page_are_for_the_models_of_the_try_it_page(
    window: MainWindow, folder: Path
) -> None:
    window.show_page("model")
    drag(window, folder / "red" / "00.png", folder / "blue" / "00.png")
    (target,) = window.findChild(DropOverlay).targets
    assert target.sentence == "Drop to try a model on these 2 images"
    assert target.images == (folder / "red" / "00.png", folder / "blue" / "00.png")


@pytest.mark.parametrize("key", ["data", "model", "train"])
def test_that_over_other_pages_a_folder_finds_one_target(window: MainWindow, folder: Path, key: str) -> None:
    window.show_page("zero-shot")
    window.show_page(key)
    drag(window, folder, share=0.1)
    (target,) = window.findChild(DropOverlay).targets
    assert target.sentence == "Drop to open cloth as your data"


@pytest.mark.parametrize("key", ["data", "zero-shot"])
def test_that_a_run_finds_one_target_wherever_it_is_dropped(
    window: MainWindow, tmp_path: Path, key: str, qtbot
) -> None:
    run = RunFolder.create(RunConfig(data=DataConfig(root="sample")), tmp_path / "mine").path
    window.show_page(key)
    data = drag(window, run)
    overlay = window.findChild(DropOverlay)
    assert [target.sentence for target in overlay.targets] == ["Drop to show the run mine"]
    with qtbot.waitSignal(window.folder_dropped) as dropped:
        drop(overlay, data)
    assert dropped.args == [run]


def test_that_a_drag_of_something_else_is_not_taken(window: MainWindow, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no image")
    drag(window, text)
    assert not window.findChild(DropOverlay).isVisible()


def test_that_a_drag_that_leaves_takes_the_overlay_away(window: MainWindow, tmp_path: Path) -> None:
    overlay = window.findChild(DropOverlay)
    drag(window, tmp_path)
    overlay.dragLeaveEvent(QDragLeaveEvent())
    assert not overlay.isVisible()


def test_that_the_strip_follows_a_task_and_stops_it(window: MainWindow, worker: Worker, qtbot) -> None:
    endless = Endless()
    worker.run("Training ResNet-18", endless)
    qtbot.waitUntil(lambda: window.strip.bar.maximum() == 10 and window.strip.stop_button.isVisible())
    assert window.strip.title.text() == "Training ResNet-18"
    assert window.strip.bar.value() == 3
    QTest.mouseClick(window.strip.stop_button, Qt.MouseButton.LeftButton)
    assert not window.strip.stop_button.isEnabled()
    qtbot.waitUntil(lambda: not worker.tasks)
    assert not window.strip.stop_button.isVisible()


def test_that_the_strip_counts_a_download_in_bytes(window: MainWindow, worker: Worker, qtbot) -> None:
    def download(control: Control) -> Iterator[Event]:
        yield Downloaded("weights.pth", 12_000_000, 46_000_000)
        while True:
            control.checkpoint()
            yield Notice("still at it")

    worker.run("Downloading", download)
    qtbot.waitUntil(lambda: window.strip.detail.text() == "weights.pth: 12 MB of 46 MB")
    worker.shut_down()


def test_that_the_strip_follows_a_search_for_a_learning_rate(
    window: MainWindow, worker: Worker, qtbot
) -> None:
    def sweep(control: Control) -> Iterator[Event]:
        yield Progress("Building ResNet-18", 1, 1)
        yield LrTried(1.2e-4, 2.0)
        while True:
            control.checkpoint()
            yield Notice("still at it")

    worker.run("Finding a learning rate", sweep)
    qtbot.waitUntil(lambda: window.strip.detail.text() == "trying 1.2e-4")
    worker.shut_down()


def test_that_small_and_quiet_tasks_do_not_flash_up(window: MainWindow, worker: Worker, qtbot) -> None:
    endless = Endless()
    worker.run("Drawing thumbnails", endless, quiet=True)
    qtbot.waitUntil(endless.began.is_set)
    assert window.strip.task is None
    worker.shut_down()


def test_that_closing_asks_before_it_stops_training(window: MainWindow, worker: Worker, qtbot) -> None:
    endless = Endless()
    worker.run("Training ResNet-18", endless, matters=True)
    qtbot.waitUntil(endless.began.is_set)
    window.close()
    box = question(window)
    assert box is not None
    assert "training ResNet-18" in box.text()
    press(box, "Go on")
    assert window.isVisible()
    assert worker.tasks
    assert not endless.ended.is_set()


def test_that_closing_stops_training_and_waits_for_it(window: MainWindow, worker: Worker, qtbot) -> None:
    endless = Endless()
    worker.run("Training ResNet-18", endless, matters=True)
    qtbot.waitUntil(endless.began.is_set)
    window.close()
    box = question(window)
    assert box is not None
    press(box, "Stop and close")
    qtbot.waitUntil(lambda: not window.isVisible() and not worker.tasks)
    assert endless.ended.is_set()
    assert worker.tasks == ()


def test_that_the_question_goes_when_training_has_ended_by_itself(
    window: MainWindow, worker: Worker, qtbot
) -> None:
    endless = Endless()
    worker.run("Training ResNet-18", endless, matters=True)
    qtbot.waitUntil(endless.began.is_set)
    window.close()
    assert question(window) is not None
    endless.let_go.set()
    qtbot.waitUntil(lambda: question(window) is None)
    assert window.isVisible()


def test_that_a_task_ending_after_the_question_finds_nothing_to_take_back(
    window: MainWindow, worker: Worker, qtbot
) -> None:
    for answer in ("Go on", "Go on", "Stop and close"):
        endless = Endless()
        worker.run("Training ResNet-18", endless, matters=True)
        qtbot.waitUntil(endless.began.is_set)
        window.close()
        box = question(window)
        assert box is not None
        press(box, answer)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        endless.let_go.set()
        qtbot.waitUntil(lambda: not worker.tasks)  # without an error in a slot, which fails the test
    assert not window.isVisible()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1366, 768), (1280, 847)])
def test_that_a_screen_with_no_room_for_the_frame_is_filled(
    make_window, monkeypatch: pytest.MonkeyPatch, width: int, height: int
) -> None:
    monkeypatch.setattr(QScreen, "availableGeometry", lambda _: QRect(0, 0, width, height))
    window = make_window()
    assert window.isMaximized()
    assert window.normalGeometry().width() < width
    assert window.normalGeometry().height() < height - 30  # a title bar


def test_that_a_larger_screen_is_not_filled(make_window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QScreen, "availableGeometry", lambda _: QRect(0, 0, 1920, 1040))
    window = make_window()
    assert not window.isMaximized()
    assert window.size() == QSize(1280, 800)


@pytest.mark.parametrize("repeat", range(20))
def test_that_closing_during_a_task_leaves_no_thread(window: MainWindow, worker: Worker, repeat: int) -> None:
    endless = Endless()
    tasks: list[Task] = [worker.run("Reading images", endless) for _ in range(2)]
    window.close()
    assert worker.tasks == ()
    assert all(task.control.stopping for task in tasks)
    assert not window.isVisible()
