"""The vectors of all images on the Zero-shot page, for what needs no classes."""

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from tlstudio.events import Progress
from tlstudio.models.events import Downloaded
from tlstudio.ui import answer_engine
from tlstudio.ui.tagged import TaggedTask
from tlstudio.ui.text import size
from tlstudio.ui.worker import Worker
from tlstudio.ui.zero_shot.desk import ZeroShotDesk
from tlstudio.zeroshot.events import ImagesEmbedded, Vectors


class AllVectors(QObject):
    """Takes the desk's vectors, or has those made that the desk does not have, once they are asked for.

    Signals:
        ready: they are there.
        lost: they are not any more, since images or model are others.
        progressed: what is being done, how much of it is done, and of how much (0 when unknown).
        failed: what could not be done, and a hint.
    """

    ready = Signal()
    lost = Signal()
    progressed = Signal(str, int, int)
    failed = Signal(str, str)

    def __init__(self, desk: ZeroShotDesk, worker: Worker, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._worker = desk, worker
        self._task: TaggedTask | None = None
        self._wanted = False
        self._paths: list[Path] = []
        self._parts: list[Vectors] = []
        self._own: Vectors | None = None
        desk.images_changed.connect(self._drop)
        desk.running_changed.connect(self._running_changed)

    @property
    def paths(self) -> Sequence[Path]:
        return self._desk.paths if self._own is None else self._paths

    @property
    def vectors(self) -> Vectors:
        """Shape (paths, dimensions)."""
        return self._desk.vectors if self._own is None else self._own

    @property
    def there(self) -> bool:
        if self._own is not None:
            return True
        return not self._desk.running and len(self._desk.paths) > 0 and not self._desk.table.waiting

    @property
    def working(self) -> bool:
        """They have been asked for, and are being made."""
        return self._wanted

    def ask(self) -> None:
        """Have them made if they are not there; ``ready`` or ``failed`` tells when that is over."""
        if self._wanted:
            return
        if self.there:
            self.ready.emit()
        elif len(self._desk.images):
            self._wanted = True
            if self._desk.running:
                self.progressed.emit("The images are being read…", 0, 0)
            else:
                self._start()

    def _start(self) -> None:
        self._paths, self._parts = [], []
        call = functools.partial(answer_engine.embed_images, tuple(self._desk.images), self._desk.clip)
        self._task = TaggedTask(object(), "Reading the images", call, self._worker, self)
        self._task.happened.connect(self._happened)
        self._task.failed.connect(self._task_failed)
        self._task.done.connect(self._done)

    @Slot()
    def _running_changed(self) -> None:
        if self._wanted and self._task is None and not self._desk.running:
            self._wanted = False
            self.ask()

    @Slot()
    def _drop(self) -> None:
        if self._task is not None:
            self._task.stop()
        self._task, self._own, self._wanted = None, None, False
        self._paths, self._parts = [], []
        self.lost.emit()

    @Slot(object, object)
    def _happened(self, _tag: object, event: object) -> None:
        if self.sender() is not self._task:
            return  # of images or a model that are gone
        match event:
            case ImagesEmbedded(paths, vectors):
                self._paths += paths
                self._parts.append(vectors)
            case Progress(words, done, total):
                self.progressed.emit(words, done, total)
            case Downloaded(_, done, total):
                of = f" of {size(total)}" if total else ""
                self.progressed.emit(f"Downloading · {size(done)}{of}", done // 1024, total // 1024)

    @Slot(object, str, str)
    def _task_failed(self, _tag: object, message: str, hint: str) -> None:
        if self.sender() is self._task:
            self._task, self._wanted = None, False
            self.failed.emit(message, hint)

    @Slot(object, bool)
    def _done(self, _tag: object, finished: bool) -> None:
        if self.sender() is not self._task:
            return
        self._task, self._wanted = None, False
        if finished and self._parts:
            self._own = np.concatenate(self._parts)
            self._parts = []
            self.ready.emit()
        elif finished:
            self.failed.emit("None of the images can be read.", "Add others.")
