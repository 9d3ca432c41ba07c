"""Pictures are taken with a camera that is a fake here, and written where they belong."""

import errno
import functools
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QWidget

from tests.ui.controls import check_controls
from tests.ui.fake_cameras import BACK, FRONT, FakeCameras
from tlstudio.data.taken import place_in_folder
from tlstudio.ui.cameras import busy, explained
from tlstudio.ui.picture_keeper import MOST_WAITING, PictureKeeper
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.webcam_dialog import WebcamDialog
from tlstudio.ui.worker import Worker

MakeDialog = Callable[[FakeCameras], WebcamDialog]


@pytest.fixture
def keeper(worker: Worker) -> PictureKeeper:
    return PictureKeeper(worker)


@pytest.fixture
def make(keeper: PictureKeeper, worker: Worker, theme: Theme, qtbot) -> MakeDialog:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()

    def make(cameras: FakeCameras) -> WebcamDialog:
        cameras.setParent(window)
        dialog = WebcamDialog(cameras, keeper, worker, theme, window)
        dialog.open()
        qtbot.waitUntil(dialog.isActiveWindow)
        return dialog

    return make


@pytest.fixture
def cameras() -> FakeCameras:
    return FakeCameras(FRONT)


@pytest.fixture
def dialog(make: MakeDialog, cameras: FakeCameras, tmp_path: Path, worker: Worker, qtbot) -> WebcamDialog:
    """A class of no pictures yet, in a folder of its own, and a camera that shows something."""
    dialog = make(cameras)
    (tmp_path / "cat").mkdir()
    dialog.use(functools.partial(place_in_folder, tmp_path))
    qtbot.waitUntil(lambda: not worker.tasks)
    cameras.show()
    return dialog


def click(button: QAbstractButton) -> None:
    assert button.isVisible()
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def take(dialog: WebcamDialog, worker: Worker, qtbot, count: int = 1) -> None:
    for _ in range(count):
        click(dialog.take_button)
    qtbot.waitUntil(lambda: not worker.tasks)


def add_class(dialog: WebcamDialog, name: str) -> None:
    QTest.keyClicks(dialog.classes.field, name)
    QTest.keyClick(dialog.classes.field, Qt.Key.Key_Return)


def files(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.rglob("*.jpg"))


# Taking


def test_that_a_picture_is_written_as_the_camera_sees_it_not_as_the_mirror_shows_it(
    dialog: WebcamDialog, tmp_path: Path, worker: Worker, qtbot
) -> None:
    take(dialog, worker, qtbot)
    (path,) = (tmp_path / "cat").iterdir()
    with Image.open(path) as image:
        assert (image.format, image.size) == ("JPEG", (30, 20))
        left, right = image.getpixel((4, 10)), image.getpixel((25, 10))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] > left[2]
    assert right[2] > right[0]
    shown = dialog.live.grab().toImage()
    middle = shown.height() // 2
    assert shown.pixelColor(shown.width() // 4, middle).blue() > 200
    assert shown.pixelColor(3 * shown.width() // 4, middle).red() > 200


def test_that_what_was_taken_is_shown_and_counted(dialog: WebcamDialog, worker: Worker, qtbot) -> None:
    take(dialog, worker, qtbot, 2)
    assert dialog.strip.count() == 2
    assert dialog.count.text().startswith("2 pictures taken.")
    item = dialog.classes.list.item(0)
    assert item.data(Qt.ItemDataRole.AccessibleTextRole) == "cat, 2 images, 2 of them new"


def test_that_one_class_alone_is_said_to_be_too_few(dialog: WebcamDialog, worker: Worker, qtbot) -> None:
    take(dialog, worker, qtbot)
    assert "One class so far" in dialog.count.text()
    add_class(dialog, "dog")
    take(dialog, worker, qtbot)
    assert "One class so far" not in dialog.count.text()


def test_that_holding_the_button_takes_several_and_letting_it_go_ends_it(
    dialog: WebcamDialog, cameras: FakeCameras, worker: Worker, qtbot
) -> None:
    QTest.mousePress(dialog.take_button, Qt.MouseButton.LeftButton)

    def three() -> bool:
        cameras.show()
        return dialog.strip.count() >= 3

    qtbot.waitUntil(three)
    QTest.mouseRelease(dialog.take_button, Qt.MouseButton.LeftButton)
    assert not dialog.burst.isActive()
    qtbot.waitUntil(lambda: not worker.tasks)


def test_that_a_burst_takes_no_picture_twice(dialog: WebcamDialog, worker: Worker, qtbot) -> None:
    QTest.mousePress(dialog.take_button, Qt.MouseButton.LeftButton)
    for _ in range(3):
        dialog.burst.timeout.emit()
    QTest.mouseRelease(dialog.take_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert dialog.strip.count() == 1


def test_that_a_burst_waits_for_a_disk_that_is_slower(
    dialog: WebcamDialog, cameras: FakeCameras, worker: Worker, qtbot
) -> None:
    QTest.mousePress(dialog.take_button, Qt.MouseButton.LeftButton)
    for _ in range(3 * MOST_WAITING):  # without an event loop in between: nothing is written meanwhile
        cameras.show()
        dialog.burst.timeout.emit()
    QTest.mouseRelease(dialog.take_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert dialog.strip.count() == 1 + MOST_WAITING  # the first was being written


@pytest.mark.parametrize("where", ["list", "button", "strip", "dialog"])
def test_that_space_takes_a_picture_wherever_it_means_nothing_else(
    dialog: WebcamDialog, worker: Worker, where: str, qtbot
) -> None:
    places = {
        "list": dialog.classes.list,
        "button": dialog.take_button,
        "strip": dialog.strip,
        "dialog": dialog,
    }
    QTest.keyPress(places[where], Qt.Key.Key_Space)
    assert dialog.take_button.isDown()
    QTest.keyRelease(places[where], Qt.Key.Key_Space)
    assert not dialog.take_button.isDown()
    assert not dialog.burst.isActive()
    qtbot.waitUntil(lambda: not worker.tasks)
    assert dialog.strip.count() == 1


def test_that_space_belongs_to_the_name_of_a_class_while_that_is_typed(dialog: WebcamDialog) -> None:
    QTest.keyClicks(dialog.classes.field, "my cat")
    assert dialog.classes.field.text() == "my cat"
    assert dialog.strip.count() == 0


def test_that_nothing_can_be_taken_without_a_picture_a_folder_or_a_class(
    make: MakeDialog, cameras: FakeCameras, tmp_path: Path, worker: Worker, qtbot
) -> None:
    dialog = make(cameras)
    cameras.show()
    assert not dialog.take_button.isEnabled()
    dialog.use_folder(str(tmp_path))
    qtbot.waitUntil(lambda: not worker.tasks)
    assert not dialog.take_button.isEnabled()
    assert "name of a class" in dialog.sentence.text()
    add_class(dialog, "cat")
    assert dialog.take_button.isEnabled()


# Classes and the folder


def test_that_a_new_class_gets_a_folder_with_its_first_picture(
    dialog: WebcamDialog, tmp_path: Path, worker: Worker, qtbot
) -> None:
    add_class(dialog, "dog")
    assert dialog.classes.current == "dog"
    assert not (tmp_path / "dog").exists()
    take(dialog, worker, qtbot)
    assert files(tmp_path) == ["dog"]
    assert dialog.folder_line.text() == f"Into {tmp_path / 'dog'}"


def test_that_an_impossible_name_is_refused_with_a_sentence(dialog: WebcamDialog) -> None:
    add_class(dialog, "a/b")
    assert "cannot be called 'a/b'" in dialog.banner.message
    assert dialog.classes.names == ["cat"]
    dialog.classes.field.clear()
    add_class(dialog, "CAT")
    assert dialog.banner.message == ""
    assert dialog.classes.names == ["cat"]


def test_that_the_arrow_keys_choose_the_class(
    dialog: WebcamDialog, tmp_path: Path, worker: Worker, qtbot
) -> None:
    add_class(dialog, "dog")
    QTest.keyClick(dialog.classes.list, Qt.Key.Key_Up)
    take(dialog, worker, qtbot)
    assert files(tmp_path) == ["cat"]


def test_that_a_folder_that_will_not_do_is_said_and_another_one_can_be_chosen(
    make: MakeDialog, cameras: FakeCameras, tmp_path: Path, worker: Worker, qtbot
) -> None:
    dialog = make(cameras)
    (tmp_path / "notes.txt").touch()
    dialog.use_folder(str(tmp_path))
    qtbot.waitUntil(lambda: not worker.tasks)
    assert "is not empty" in dialog.banner.message
    assert dialog.place is None
    assert dialog.folder_button.isEnabled()


# Deleting


@pytest.mark.parametrize("by_key", [False, True])
def test_that_a_selected_picture_is_deleted_with_its_file(
    dialog: WebcamDialog, tmp_path: Path, worker: Worker, by_key: bool, qtbot
) -> None:
    take(dialog, worker, qtbot, 2)
    newest = sorted((tmp_path / "cat").iterdir())[-1]
    assert not dialog.delete_button.isEnabled()
    dialog.strip.setCurrentRow(0)
    if by_key:
        QTest.keyClick(dialog.strip, Qt.Key.Key_Delete)
    else:
        click(dialog.delete_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert not newest.exists()
    assert files(tmp_path) == ["cat"]
    assert dialog.strip.count() == 1
    assert "1 image" in dialog.classes.list.item(0).data(Qt.ItemDataRole.AccessibleTextRole)


# What goes wrong


def test_that_a_full_disk_ends_the_burst_and_is_said(
    dialog: WebcamDialog, monkeypatch: pytest.MonkeyPatch, worker: Worker, qtbot
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    QTest.mousePress(dialog.take_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert "no room left" in dialog.banner.message
    assert not dialog.burst.isActive()
    QTest.mouseRelease(dialog.take_button, Qt.MouseButton.LeftButton)
    monkeypatch.undo()
    take(dialog, worker, qtbot)
    assert dialog.strip.count() == 1


def test_that_a_camera_that_fails_says_why_and_can_be_tried_again(
    dialog: WebcamDialog, cameras: FakeCameras
) -> None:
    cameras.failed.emit(*busy(FRONT.name))
    assert dialog.live.words.startswith("Front camera is in use by another program.")
    assert not dialog.take_button.isEnabled()
    click(dialog.retry_button)
    assert cameras.started == [FRONT, FRONT]
    cameras.show()
    assert dialog.live.words == ""
    assert dialog.take_button.isEnabled()
    assert not dialog.retry_button.isVisible()


def test_that_a_camera_that_shows_nothing_is_said_to(dialog: WebcamDialog) -> None:
    dialog.patience.timeout.emit()
    assert dialog.live.words.startswith("Front camera gives no pictures.")


def test_that_a_camera_pulled_out_is_said_and_one_put_back_goes_on(
    dialog: WebcamDialog, cameras: FakeCameras
) -> None:
    cameras.plug(BACK)
    assert dialog.live.words.startswith("Front camera is no longer plugged in.")
    assert cameras.started == [FRONT]  # no other is switched on by itself
    cameras.plug(BACK, FRONT)
    assert cameras.started == [FRONT, FRONT]
    cameras.show()
    assert dialog.take_button.isEnabled()


def test_that_another_camera_leaves_the_one_in_use_running(
    dialog: WebcamDialog, cameras: FakeCameras
) -> None:
    assert not dialog.camera_box.isVisible()
    cameras.plug(BACK, FRONT)
    assert dialog.camera_box.isVisible()
    assert dialog.camera_box.currentText() == "Front camera"
    assert cameras.started == [FRONT]
    dialog.camera_box.setCurrentText("Back camera")
    assert cameras.started == [FRONT, BACK]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("Camera is in use", "X is in use by another program."),
        ("Device or resource busy", "X is in use by another program."),
        ("Permission denied", "The studio has no permission to use X."),
        ("Cannot open camera.", "X cannot be used: Cannot open camera."),
        ("", "X cannot be used."),
    ],
)
def test_that_what_a_driver_says_becomes_a_sentence(reason: str, said: str) -> None:
    sentence, hint = explained("X", reason)
    assert sentence == said
    assert hint


# The end


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, None])
def test_that_the_camera_is_released_when_the_dialog_closes(
    dialog: WebcamDialog, cameras: FakeCameras, key: Qt.Key | None
) -> None:
    assert cameras.running == FRONT
    if key is None:
        click(dialog.done_button)
    else:
        QTest.keyClick(dialog, key)
    assert cameras.running is None


def test_that_every_control_has_a_name_and_is_reached_by_tab(
    dialog: WebcamDialog, cameras: FakeCameras, worker: Worker, qtbot
) -> None:
    cameras.plug(FRONT, BACK)
    take(dialog, worker, qtbot)
    dialog.strip.setCurrentRow(0)
    check_controls(dialog)
