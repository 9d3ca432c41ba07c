"""What every page that classifies images has in common: the images, and what came of them."""

import functools
import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from tlstudio.events import Progress
from tlstudio.inference.results import ResultTable
from tlstudio.models.events import Downloaded
from tlstudio.ui import engine
from tlstudio.ui.tagged import TaggedTask
from tlstudio.ui.text import amount, duration, size
from tlstudio.ui.worker import Worker

TELL_AFTER = 100  # milliseconds in which results and progress are gathered before they are shown
FIND = "find"


class ResultDesk(QObject):
    """Keeps images with what a model says of each; who derives from it runs the model.

    Attributes:
        table: all images, with what is known of each.
        outcome: how the last classification ended, for people.

    Signals:
        images_changed: images came or went, or what was known of them was dropped.
        results_changed: scores came, or other scores; at most ten times a second.
        running_changed: ``running`` or ``busy`` is another.
        progressed: what is being done, how much of it is done, and of how much (0 when unknown).
        failed: what could not be done, and a hint; both empty when nothing is wrong any more.
    """

    images_changed = Signal()
    results_changed = Signal()
    running_changed = Signal()
    progressed = Signal(str, int, int)
    failed = Signal(str, str)

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._task: TaggedTask | None = None
        self._current: object = None  # what tells events of the tasks at work from those of earlier ones
        self._told = 0.0  # when progress was last told of
        self.table = ResultTable()
        self.outcome = ""
        self._tell = single_shot(self, TELL_AFTER)
        self._tell.timeout.connect(self.results_changed)

    # What is there

    @property
    def images(self) -> Sequence[Path]:
        """All images on the page, in the order in which they were added."""
        return self.table.paths

    @property
    def running(self) -> bool:
        """Images are being classified."""
        return self._task is not None

    @property
    def busy(self) -> bool:
        """Something that is worth showing is under way."""
        return self.running

    @property
    def stale(self) -> bool:
        """The scores are those of another question than the one that is put now."""
        return False

    @property
    def answered(self) -> bool:
        """There are scores."""
        return bool(self.table.classes)

    # Changing it

    def add_images(self, paths: Sequence[Path]) -> None:
        """Add these files, and the images in and beneath these folders, to those already there.

        Where there are results, the new images are classified at once.
        """
        folders = [path for path in paths if path.is_dir()]
        self._take_images([path for path in paths if path not in folders])
        if folders:
            call = functools.partial(engine.find_images, folders)
            task = TaggedTask(FIND, "Looking for images", call, self._worker, self)
            task.happened.connect(self._images_found)
            task.failed.connect(self._task_failed)

    def remove(self, rows: Sequence[int]) -> None:
        """Take out the images in these rows of the table."""
        self.table.remove(rows)
        if not len(self.table):
            self.clear()
        else:
            self.images_changed.emit()

    @Slot()
    def clear(self) -> None:
        """Take out all images, and forget what was said of them."""
        self.table.clear()
        self.outcome = ""
        self._drop()
        self.failed.emit("", "")

    @Slot()
    def classify(self) -> None:
        """Ask about the images that nothing is known of yet, or about those that could not be read."""
        raise NotImplementedError

    def _drop(self) -> None:
        """Forget what the model made of the images, and what it is still making of them."""
        raise NotImplementedError

    # What happens

    @Slot(object, object)
    def _images_found(self, _tag: object, event: object) -> None:
        if isinstance(event, engine.ImagesFound):
            self._take_images(event.paths)

    def _take_images(self, paths: Sequence[Path]) -> None:
        if self.table.add(paths):
            self.outcome = ""
            self.images_changed.emit()
            if self.answered:
                self.classify()

    @Slot(object, str, str)
    def _task_failed(self, tag: object, message: str, hint: str) -> None:
        if tag in (self._current, FIND):
            self.failed.emit(message, hint)

    def _tell_progress(self, event: Progress | Downloaded) -> None:
        done, total = event.done, event.total
        if time.monotonic() - self._told < TELL_AFTER / 1000 and done < total:
            return
        self._told = time.monotonic()
        if isinstance(event, Progress):
            count = f" · {done:,} of {total:,}" if total else "…"
            self.progressed.emit(f"{event.text}{count}", done, total)
        else:
            of = f" of {size(total)}" if total else ""
            self.progressed.emit(f"Downloading · {size(done)}{of}", done // 1024, total // 1024)

    def _tell_soon(self) -> None:
        if not self._tell.isActive():
            self._tell.start()


def single_shot(parent: QObject, after: int) -> QTimer:
    """A timer that ends once, so many milliseconds after it was last started."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(after)
    return timer


def said_of(images: int, unread: int, seconds: float, known: int = 0) -> str:
    """How a classification ended; ``known`` images were seen before."""
    took = f"{seconds:.1f} s" if seconds < 60 else duration(seconds)
    seen = f" · {known:,} seen before" if known else ""
    failed = f" · {unread:,} could not be read" if unread else ""
    return f"{amount(images, 'image')} classified in {took}{seen}{failed}"
