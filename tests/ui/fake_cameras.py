"""Cameras that are not there, for tests of what is done with them."""

from PySide6.QtCore import QObject
from PySide6.QtGui import QColor, QImage

from tlstudio.ui.cameras import CameraInfo, Cameras

FRONT, BACK = CameraInfo(b"1", "Front camera"), CameraInfo(b"2", "Back camera")


class FakeCameras(Cameras):
    """Shows a picture when it is told to.

    Attributes:
        there: the cameras that are plugged in.
        running: the one that was started, None once it is released.
        started: all that were, in order.
    """

    def __init__(self, *there: CameraInfo, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.there = there
        self.running: CameraInfo | None = None
        self.started: list[CameraInfo] = []

    def available(self) -> tuple[CameraInfo, ...]:
        return self.there

    def start(self, camera: CameraInfo) -> None:
        self.running = camera
        self.started.append(camera)

    def stop(self) -> None:
        self.running = None

    def plug(self, *there: CameraInfo) -> None:
        """From now on these are there."""
        self.there = there
        self.changed.emit()

    def show(self, left: str = "red", right: str = "blue") -> None:
        """What the camera sees: two colours side by side, in a width that Qt pads."""
        image = QImage(30, 20, QImage.Format.Format_RGB32)
        image.fill(QColor(left))
        for x in range(15, 30):
            for y in range(20):
                image.setPixelColor(x, y, QColor(right))
        self.pictured.emit(image)
