"""What Qt says of cameras reaches the window; no camera is needed, but the library is."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from tlstudio.ui.cameras import CameraInfo, find_cameras

pytest.importorskip("PySide6.QtMultimedia", exc_type=ImportError)

from PySide6.QtMultimedia import QCamera, QVideoFrame, QVideoFrameFormat, QVideoSink

from tlstudio.ui import qt_cameras
from tlstudio.ui.qt_cameras import QtCameras, best_format

GONE = CameraInfo(b"gone", "Old camera")
RGB = QVideoFrameFormat.PixelFormat.Format_RGBX8888


@pytest.fixture
def cameras(qapp: QApplication) -> Iterator[QtCameras]:
    parent = QObject()
    cameras = find_cameras(parent)
    assert isinstance(cameras, QtCameras)
    yield cameras
    cameras.stop()
    parent.deleteLater()


def fake_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that is listed and that Qt does not find."""

    class Device:
        def videoFormats(self) -> list[Any]:
            return []

    class Camera(QCamera):
        def __init__(self, device: Device, parent: QObject) -> None:
            super().__init__(parent)

    monkeypatch.setattr(qt_cameras, "_device", lambda camera: Device())
    monkeypatch.setattr(qt_cameras, "QCamera", Camera)


def frame(*, mirrored: bool) -> QVideoFrame:
    """Four pixels wide, the first of them red."""
    form = QVideoFrameFormat(QSize(4, 2), RGB)
    form.setMirrored(mirrored)
    made = QVideoFrame(form)
    assert made.map(QVideoFrame.MapMode.WriteOnly)
    bits, line = made.bits(0), made.bytesPerLine(0)
    for row in range(2):
        bits[row * line : row * line + 16] = bytes([255, 0, 0, 255] + 3 * [0, 0, 255, 255])
    made.unmap()
    return made


def test_that_a_camera_that_is_gone_is_said_to_be(cameras: QtCameras, qtbot) -> None:
    with qtbot.waitSignal(cameras.failed) as failed:
        cameras.start(GONE)
    assert failed.args[0] == "Old camera is no longer plugged in."


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([Qt.PermissionStatus.Denied], "no permission"),
        ([Qt.PermissionStatus.Undetermined] * 2, "no permission"),
    ],
)
def test_that_a_camera_that_may_not_be_used_is_not_switched_on(
    cameras: QtCameras, monkeypatch: pytest.MonkeyPatch, answers: list[Any], said: str, qtbot
) -> None:
    given = iter(answers)
    monkeypatch.setattr(qt_cameras, "_permission", lambda: next(given))
    with qtbot.waitSignal(cameras.failed) as failed:
        cameras.start(GONE)
    assert said in failed.args[0]


def test_that_an_error_of_the_driver_becomes_a_sentence(
    cameras: QtCameras, monkeypatch: pytest.MonkeyPatch, qtbot
) -> None:
    fake_device(monkeypatch)
    cameras.start(GONE)
    camera = cameras.findChild(QCamera)
    assert camera is not None
    with qtbot.waitSignal(cameras.failed) as failed:
        camera.errorOccurred.emit(QCamera.Error.CameraError, "Camera is in use")
    assert failed.args[0] == "Old camera is in use by another program."


@pytest.mark.parametrize("mirrored", [False, True])
def test_that_a_picture_is_handed_on_as_the_world_is_and_none_once_it_is_stopped(
    cameras: QtCameras, monkeypatch: pytest.MonkeyPatch, mirrored: bool, qtbot
) -> None:
    seen: list[QImage] = []
    cameras.pictured.connect(seen.append)
    fake_device(monkeypatch)
    cameras.start(GONE)
    sink = cameras.findChild(QVideoSink)
    assert sink is not None
    sink.setVideoFrame(frame(mirrored=mirrored))
    qtbot.waitUntil(lambda: bool(seen))
    (image,) = seen
    assert (image.width(), image.height()) == (4, 2)
    assert image.pixelColor(0, 0).red() > image.pixelColor(3, 0).red()
    cameras.stop()
    sink.setVideoFrame(frame(mirrored=mirrored))
    QApplication.processEvents()
    assert len(seen) == 1


@dataclasses.dataclass(frozen=True)
class Form:
    """A format as a driver lists it."""

    width: int
    height: int
    rate: float

    def resolution(self) -> QSize:
        return QSize(self.width, self.height)

    def maxFrameRate(self) -> float:
        return self.rate


def test_that_the_largest_format_is_taken_that_is_no_wider_than_needed_and_not_slow() -> None:
    small, good, large, huge = (
        Form(640, 480, 30),
        Form(1280, 720, 30),
        Form(1920, 1080, 30),
        Form(3840, 2160, 30),
    )
    slow = Form(1280, 960, 5)
    assert best_format([small, good, huge, slow]) == good
    assert best_format([huge, large]) == large
    assert best_format([slow]) is None
