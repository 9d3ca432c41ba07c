"""The cameras of the machine, as the window knows them; Qt's own are in qt_cameras.py, loaded when wanted."""

import dataclasses
import logging

from PySide6.QtCore import QLoggingCategory, QObject, Signal
from PySide6.QtGui import QImage

_log = logging.getLogger(__name__)

# What Qt's player of films says of libraries that a camera does not need.
_CHATTER = "qt.multimedia.symbolsresolver=false\nqt.multimedia.ffmpeg.info=false"


@dataclasses.dataclass(frozen=True)
class CameraInfo:
    """``identity`` tells a camera from others, also when it is plugged in again; ``name`` is for people."""

    identity: bytes
    name: str


class Cameras(QObject):
    """The cameras that are plugged in, of which one at a time is running; this one knows none.

    Signals:
        changed: a camera was plugged in or pulled out.
        pictured: what the running camera sees, a QImage that is not mirrored.
        failed: why the camera that was started does not run, and a hint.
    """

    changed = Signal()
    pictured = Signal(QImage)
    failed = Signal(str, str)

    def available(self) -> tuple[CameraInfo, ...]:
        """The cameras that are plugged in now, the system's own choice first."""
        return ()

    def start(self, camera: CameraInfo) -> None:
        """Show what this camera sees, and no other."""
        self.failed.emit(*unplugged(camera.name))

    def stop(self) -> None:
        """Release the camera."""


def find_cameras(parent: QObject) -> Cameras:
    """The machine's cameras; none where the part of Qt that reads them is not installed or does not load."""
    QLoggingCategory.setFilterRules(_CHATTER)
    try:
        from tlstudio.ui.qt_cameras import QtCameras
    except ImportError as error:
        _log.info("No pictures from cameras: %s", error)
        return Cameras(parent)
    return QtCameras(parent)


def unplugged(name: str) -> tuple[str, str]:
    """A sentence and a hint."""
    return f"{name} is no longer plugged in.", "Plug it in again, or choose another camera."


def forbidden(name: str) -> tuple[str, str]:
    """A sentence and a hint."""
    return (
        f"The studio has no permission to use {name}.",
        "Allow it in the privacy settings of the system, then open this window again.",
    )


def busy(name: str) -> tuple[str, str]:
    """A sentence and a hint."""
    return f"{name} is in use by another program.", "Close that program, or choose another camera."


def silent(name: str) -> tuple[str, str]:
    """A sentence and a hint."""
    return (
        f"{name} gives no pictures.",
        "Another program may be using it, or it is covered or off. Unplugging it often helps.",
    )


def explained(name: str, reason: str) -> tuple[str, str]:
    """A sentence and a hint for what a driver says, which is a few words at best."""
    low = reason.lower()
    if any(word in low for word in ("in use", "busy")):
        return busy(name)
    if any(word in low for word in ("permission", "denied", "not granted", "not authorized")):
        return forbidden(name)
    why = f": {reason.strip().rstrip('.')}" if reason.strip() else ""
    return f"{name} cannot be used{why}.", "Unplug it and plug it in again, or choose another camera."
