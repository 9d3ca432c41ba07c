"""Cameras as Qt Multimedia gives them; the only place that imports it, since few have it installed."""

# pyright: reportMissingImports=false, reportMissingModuleSource=false

import time
from collections.abc import Sequence

from PySide6.QtCore import QCameraPermission, QCoreApplication, QObject, Qt, Slot
from PySide6.QtGui import QTransform
from PySide6.QtMultimedia import (
    QCamera,
    QCameraDevice,
    QCameraFormat,
    QMediaCaptureSession,
    QMediaDevices,
    QVideoFrame,
    QVideoSink,
)

from tlstudio.ui.cameras import CameraInfo, Cameras, explained, forbidden, unplugged

_WIDEST = 1280  # pixels: networks see 224 to 400, and larger pictures only fill the disk
_SLOWEST = 15.0  # pictures a second, below which what is shown lags behind the hand
_BETWEEN = 1 / 31  # seconds


class QtCameras(Cameras):
    """Runs at most one camera at a time, in a size that suits networks."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._devices = QMediaDevices(self)
        self._devices.videoInputsChanged.connect(self._look)
        self._sink = QVideoSink(self)
        self._sink.videoFrameChanged.connect(self._show)
        self._session = QMediaCaptureSession(self)
        self._session.setVideoSink(self._sink)
        self._camera: QCamera | None = None
        self._wanted: CameraInfo | None = None
        self._next = 0.0

    def available(self) -> tuple[CameraInfo, ...]:
        devices = sorted(QMediaDevices.videoInputs(), key=lambda device: not device.isDefault())
        return tuple(CameraInfo(_identity(device), device.description()) for device in devices)

    def start(self, camera: CameraInfo) -> None:
        self.stop()
        self._wanted = camera
        match _permission():
            case Qt.PermissionStatus.Undetermined:
                _application().requestPermission(QCameraPermission(), self, self._on_permission)
            case Qt.PermissionStatus.Denied:
                self._fail(forbidden(camera.name))
            case _:
                self._begin(camera)

    def stop(self) -> None:
        self._wanted = None
        if self._camera is not None:
            self._camera.errorOccurred.disconnect(self._on_error)
            self._camera.stop()
            self._session.setCamera(None)  # pyright: ignore[reportArgumentType] (it may be null)
            self._camera.deleteLater()
            self._camera = None

    def _begin(self, camera: CameraInfo) -> None:
        device = _device(camera)
        if device is None:
            self._fail(unplugged(camera.name))
            return
        self._camera = QCamera(device, self)
        self._camera.errorOccurred.connect(self._on_error)
        wanted = best_format(device.videoFormats())
        if wanted is not None:
            self._camera.setCameraFormat(wanted)
        self._session.setCamera(self._camera)
        self._camera.start()

    def _on_permission(self, _: object) -> None:
        wanted = self._wanted
        if wanted is None:  # the person closed the window meanwhile
            return
        if _permission() == Qt.PermissionStatus.Granted:
            self._begin(wanted)
        else:
            self._fail(forbidden(wanted.name))

    @Slot()
    def _look(self) -> None:
        wanted = self._wanted
        if wanted is not None and _device(wanted) is None:
            self._fail(unplugged(wanted.name))
        self.changed.emit()

    @Slot(QCamera.Error, str)
    def _on_error(self, error: QCamera.Error, reason: str) -> None:
        wanted = self._wanted
        if error == QCamera.Error.NoError or wanted is None:
            return
        gone = _device(wanted) is None  # a driver may notice before the list of cameras does
        self._fail(unplugged(wanted.name) if gone else explained(wanted.name, reason))

    @Slot(QVideoFrame)
    def _show(self, frame: QVideoFrame) -> None:
        began = time.monotonic()
        if self._camera is None or began < self._next or not frame.isValid():
            return
        image = frame.toImage()
        if not image.isNull():
            mirrored = frame.surfaceFormat().isMirrored()  # as some do whose camera looks at the person
            self.pictured.emit(image.transformed(QTransform.fromScale(-1, 1)) if mirrored else image)
        # On a slow machine at least half of the time is left to the rest of the window.
        ended = time.monotonic()
        self._next = ended + max(_BETWEEN - (ended - began), ended - began)

    def _fail(self, why: tuple[str, str]) -> None:
        self.stop()
        self.failed.emit(*why)


def best_format(formats: Sequence[QCameraFormat]) -> QCameraFormat | None:
    """The largest picture that is not wider than needed and comes often enough; None leaves it to Qt."""
    smooth = [one for one in formats if one.maxFrameRate() >= _SLOWEST]
    fitting = [one for one in smooth if 0 < one.resolution().width() <= _WIDEST]
    if not fitting:
        return min(smooth, key=_pixels, default=None)
    return max(fitting, key=lambda one: (_pixels(one), one.maxFrameRate()))


def _pixels(one: QCameraFormat) -> int:
    return one.resolution().width() * one.resolution().height()


def _device(camera: CameraInfo) -> QCameraDevice | None:
    devices = (one for one in QMediaDevices.videoInputs() if _identity(one) == camera.identity)
    return next(devices, None)


def _identity(device: QCameraDevice) -> bytes:
    return bytes(device.id().data())


def _application() -> QCoreApplication:
    application = QCoreApplication.instance()
    assert application is not None
    return application


def _permission() -> Qt.PermissionStatus:
    return _application().checkPermission(QCameraPermission())
