"""The Data page offers the webcam where there is one, and shows what was taken."""

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.images import image_folder
from tests.ui.fake_cameras import BACK, FRONT, FakeCameras
from tlstudio.ui.cameras import Cameras, find_cameras
from tlstudio.ui.pages.data import DataPage
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets import webcam_button
from tlstudio.ui.widgets.webcam_button import WebcamButton
from tlstudio.ui.widgets.webcam_dialog import WebcamDialog
from tlstudio.ui.worker import Worker


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch) -> FakeCameras:
    cameras = FakeCameras(FRONT)
    monkeypatch.setattr(webcam_button, "find_cameras", lambda parent: cameras)
    return cameras


@pytest.fixture
def page(
    cameras: FakeCameras, session: Session, worker: Worker, theme: Theme, settings: Settings, qtbot
) -> DataPage:
    page = DataPage(session, worker, theme, settings)
    qtbot.addWidget(page)
    page.resize(1192, 756)
    page.show()
    qtbot.waitExposed(page)
    return page


@pytest.fixture
def button(page: DataPage) -> WebcamButton:
    return page.findChild(WebcamButton)


def opened(button: WebcamButton, worker: Worker, qtbot) -> WebcamDialog:
    button.look()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    (dialog,) = (one for one in button.findChildren(WebcamDialog) if one.isVisible())
    qtbot.waitUntil(lambda: not worker.tasks)
    return dialog


def take(
    dialog: WebcamDialog, cameras: FakeCameras, name: str, worker: Worker, qtbot, count: int = 1
) -> None:
    QTest.keyClicks(dialog.classes.field, name)
    QTest.keyClick(dialog.classes.field, Qt.Key.Key_Return)
    cameras.show()
    for _ in range(count):
        QTest.mouseClick(dialog.take_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not worker.tasks)


def test_that_the_button_comes_and_goes_with_the_cameras(button: WebcamButton, cameras: FakeCameras) -> None:
    assert not button.isVisible()
    button.look()
    assert button.isVisible()
    cameras.plug()
    assert not button.isVisible()
    cameras.plug(BACK)
    assert button.isVisible()


def test_that_cameras_are_looked_for_once_the_page_was_there_for_a_while(button: WebcamButton, qtbot) -> None:
    qtbot.waitUntil(button.isVisible)


def test_that_the_window_is_imported_without_the_library_of_cameras() -> None:
    code = "import sys, tlstudio.ui.app; sys.exit('PySide6.QtMultimedia' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_that_there_are_no_cameras_where_the_library_does_not_load(
    monkeypatch: pytest.MonkeyPatch, qapp
) -> None:
    monkeypatch.setitem(sys.modules, "tlstudio.ui.qt_cameras", None)
    cameras = find_cameras(qapp)
    assert type(cameras) is Cameras
    assert cameras.available() == ()
    cameras.deleteLater()


def test_that_pictures_come_into_the_open_folder_which_is_read_again(
    page: DataPage, button: WebcamButton, cameras: FakeCameras, tmp_path: Path, worker: Worker, qtbot
) -> None:
    page.open_folder(image_folder(tmp_path, 5))
    qtbot.waitUntil(lambda: not worker.tasks)
    dialog = opened(button, worker, qtbot)
    assert dialog.classes.names == ["blue", "green", "red"]
    take(dialog, cameras, "yellow", worker, qtbot)
    take(dialog, cameras, "red", worker, qtbot)
    dialog.accept()
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.summary.text() == "4 classes · 17 images"
    assert len(list((tmp_path / "red").glob("*.jpg"))) == 1


def test_that_a_dialog_closed_in_the_midst_of_writing_loses_no_picture(
    page: DataPage, button: WebcamButton, cameras: FakeCameras, tmp_path: Path, worker: Worker, qtbot
) -> None:
    page.open_folder(image_folder(tmp_path, 5))
    qtbot.waitUntil(lambda: not worker.tasks)
    dialog = opened(button, worker, qtbot)
    cameras.show()
    for _ in range(3):
        QTest.mouseClick(dialog.take_button, Qt.MouseButton.LeftButton)
    dialog.accept()
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.summary.text() == "3 classes · 18 images"


def test_that_closing_without_a_picture_leaves_all_as_it_is(
    page: DataPage, button: WebcamButton, tmp_path: Path, worker: Worker, qtbot
) -> None:
    page.open_folder(image_folder(tmp_path, 5))
    qtbot.waitUntil(lambda: not worker.tasks)
    dialog = opened(button, worker, qtbot)
    dialog.accept()
    assert not worker.tasks
    opened(button, worker, qtbot).accept()  # and it can be opened again


def test_that_a_new_folder_is_opened_once_it_holds_pictures_of_two_classes(
    page: DataPage, button: WebcamButton, cameras: FakeCameras, tmp_path: Path, worker: Worker, qtbot
) -> None:
    dialog = opened(button, worker, qtbot)
    assert dialog.place is None
    dialog.use_folder(str(tmp_path))
    qtbot.waitUntil(lambda: not worker.tasks)
    take(dialog, cameras, "cat", worker, qtbot, 3)
    dialog.accept()
    qtbot.waitUntil(lambda: not worker.tasks)
    assert "only one class" in page.banner.message
    dialog = opened(button, worker, qtbot)  # goes on where that ended
    assert dialog.classes.names == ["cat"]
    take(dialog, cameras, "dog", worker, qtbot, 3)
    dialog.accept()
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.summary.text() == "2 classes · 6 images"
    assert page.folder.data.root == str(tmp_path)


def test_that_a_new_folder_of_which_all_was_deleted_is_not_opened(
    page: DataPage, button: WebcamButton, cameras: FakeCameras, tmp_path: Path, worker: Worker, qtbot
) -> None:
    dialog = opened(button, worker, qtbot)
    dialog.use_folder(str(tmp_path))
    qtbot.waitUntil(lambda: not worker.tasks)
    take(dialog, cameras, "cat", worker, qtbot)
    dialog.strip.selectAll()
    QTest.keyClick(dialog.strip, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: not worker.tasks)
    dialog.accept()
    assert not worker.tasks
    assert page.banner.message == ""
    assert list(tmp_path.iterdir()) == []
