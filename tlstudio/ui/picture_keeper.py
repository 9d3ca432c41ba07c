"""Writes pictures as they are taken, in the background and in order, however fast they come."""

import functools
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from tlstudio.data.taken import (
    Picture,
    PictureDiscarded,
    PictureKept,
    Shot,
    discard_pictures,
    keep_pictures,
)
from tlstudio.events import Event
from tlstudio.ui.worker import EngineCall, Task, Worker

MOST_WAITING = 20  # pictures: a disk slower than a burst must not fill the memory


class PictureKeeper(QObject):
    """Takes pictures over and writes them one batch after another; it outlives the dialog that takes them.

    Attributes:
        changed: whether anything was written or deleted since :meth:`begin`.
        left: the pictures that were written since and not deleted.
        root: the folder that the last one was meant for.

    Signals:
        kept: the number of a picture and the file that it is now.
        discarded: a file that was deleted.
        failed: why pictures could not be written or deleted, and a hint; those that waited are dropped.
        emptied: all that was handed over is done.
    """

    kept = Signal(int, object)
    discarded = Signal(object)
    failed = Signal(str, str)
    emptied = Signal()

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._waiting: list[Shot] = []
        self._unwanted: list[Path] = []
        self._task: Task | None = None
        self._number = 0
        self.changed = False
        self.left = 0
        self.root: Path | None = None

    @property
    def busy(self) -> bool:
        return self._task is not None

    @property
    def full(self) -> bool:
        """So much is waiting that no picture is taken over for the moment."""
        return len(self._waiting) >= MOST_WAITING

    def begin(self) -> None:
        """Nothing has been changed yet."""
        self.changed, self.left, self.root = False, 0, None

    def keep(self, root: Path, folder: str, image: QImage) -> int:
        """Write a picture into a folder below ``root``; gives the number it is known by."""
        self.root = root
        self._number += 1
        self._waiting.append(Shot(self._number, root, folder, picture_of(image)))
        self._go_on()
        return self._number

    def discard(self, paths: list[Path]) -> None:
        """Delete pictures that were written."""
        self._unwanted += paths
        self._go_on()

    def _go_on(self) -> None:
        if self._task is not None:
            return
        if self._waiting:
            shots, self._waiting = tuple(self._waiting), []
            self._run("Writing pictures", functools.partial(keep_pictures, shots))
        elif self._unwanted:
            paths, self._unwanted = tuple(self._unwanted), []
            self._run("Deleting pictures", functools.partial(discard_pictures, paths))
        else:
            self.emptied.emit()

    def _run(self, title: str, call: EngineCall) -> None:
        self._task = self._worker.run(title, call, quiet=True)
        self._task.happened.connect(self._on_event)
        self._task.failed.connect(self._on_failure)
        self._task.over.connect(self._on_over)

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        match event:
            case PictureKept():
                self.changed = True
                self.left += 1
                self.kept.emit(event.number, event.path)
            case PictureDiscarded():
                self.left -= 1
                self.discarded.emit(event.path)
            case _:
                pass

    @Slot(str, str)
    def _on_failure(self, message: str, hint: str) -> None:
        self._waiting.clear()
        self._unwanted.clear()
        self.failed.emit(message, hint)

    @Slot(object)
    def _on_over(self, task: Task) -> None:
        self._task = None
        self._go_on()


def picture_of(image: QImage) -> Picture:
    """The pixels of an image, without the gaps that Qt leaves between rows."""
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    width, height, line = rgb.width(), rgb.height(), rgb.bytesPerLine()
    bits = memoryview(rgb.constBits())
    rows = (bits[line * row : line * row + 3 * width] for row in range(height))
    return Picture(width, height, bytes(bits) if line == 3 * width else b"".join(rows))
