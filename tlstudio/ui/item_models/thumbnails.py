"""The images of a folder as a list whose pictures arrive when they are looked at."""

import functools
import threading
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPixmap

from tlstudio.data.catalogue import Catalogue, ImageRecord, Split
from tlstudio.ui import engine
from tlstudio.ui.worker import Task, Worker

Index = QModelIndex | QPersistentModelIndex

RECORD = Qt.ItemDataRole.UserRole
FAILED = Qt.ItemDataRole.UserRole + 1

_KEPT = 600  # pictures: about 60 MB at 160 pixels
_WAITING = 120  # requests: what was scrolled past long ago is not drawn any more
_TASKS = 2


class PictureStore(QObject):
    """Small copies of image files, drawn in the background, the latest wish first, the latest seen kept.

    Signals:
        drawn: a file's picture is there, or is known to be missing.
    """

    drawn = Signal(object)

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._pictures: OrderedDict[tuple[Path, int], QPixmap | str] = OrderedDict()
        self._lock = threading.Lock()
        self._wanted: OrderedDict[tuple[Path, int], None] = OrderedDict()
        self._drawing: set[tuple[Path, int]] = set()
        self._tasks: set[Task] = set()

    def picture(self, path: Path, side: int) -> QPixmap | str | None:
        """The picture with that longer side; why there is none; or None until ``drawn`` says it is there."""
        key = (path, side)
        if key in self._pictures:
            self._pictures.move_to_end(key)
            return self._pictures[key]
        self._ask_for(key)
        return None

    def forget(self) -> None:
        """Another folder: nothing kept or wanted is of use."""
        with self._lock:
            self._wanted.clear()
        self._pictures.clear()

    def _ask_for(self, key: tuple[Path, int]) -> None:
        with self._lock:
            if key in self._drawing:
                return
            self._wanted[key] = None
            self._wanted.move_to_end(key)
            while len(self._wanted) > _WAITING:
                self._wanted.popitem(last=False)
        self._start()

    def _start(self) -> None:
        while self._wanted and len(self._tasks) < min(_TASKS, len(self._wanted)):
            call = functools.partial(engine.draw_images, self._following)
            task = self._worker.run("Drawing thumbnails", call, quiet=True)
            task.happened.connect(self._take)
            task.over.connect(self._end)
            self._tasks.add(task)

    def _following(self) -> tuple[Path, int] | None:
        """Runs on the task's thread."""
        with self._lock:
            if not self._wanted:
                return None
            key, _ = self._wanted.popitem(last=True)
            self._drawing.add(key)
            return key

    @Slot(object)
    def _take(self, event: engine.ImageDrawn) -> None:
        key = (event.path, event.side)
        with self._lock:
            self._drawing.discard(key)
        self._pictures[key] = event.reason or _pixmap(event)
        while len(self._pictures) > _KEPT:
            self._pictures.popitem(last=False)
        self.drawn.emit(event.path)

    @Slot(object)
    def _end(self, task: Task) -> None:
        """Something may have been wished for while the task was on its way out."""
        self._tasks.discard(task)
        if not task.control.stopping:
            self._start()


class ThumbnailModel(QAbstractListModel):
    """The images that a filter lets through; DecorationRole is the picture, None until it is drawn.

    RECORD is the ImageRecord, FAILED why its picture cannot be shown.
    """

    def __init__(self, store: PictureStore, side: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._side = side
        self._catalogue: Catalogue | None = None
        self._shown: tuple[ImageRecord, ...] = ()
        self._rows: dict[Path, int] = {}
        store.drawn.connect(self._redraw)

    def show(self, catalogue: Catalogue | None, label: int | None = None, split: Split | None = None) -> None:
        """Show the images of ``catalogue``, of one class or of one split alone where these are given."""
        self.beginResetModel()
        self._catalogue = catalogue
        images: Iterable[ImageRecord] = catalogue.images if catalogue else ()
        self._shown = tuple(
            image
            for image in images
            if (label is None or image.label == label) and (split is None or image.split == split)
        )
        root = catalogue.root if catalogue else Path()
        self._rows = {root / image.path: row for row, image in enumerate(self._shown)}
        self.endResetModel()

    def file(self, index: Index) -> Path:
        """The image file of a row."""
        assert self._catalogue is not None
        return self._catalogue.file(self._shown[index.row()])

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own default)
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if self._catalogue is None or not index.isValid():
            return None
        record = self._shown[index.row()]
        value: object = None
        match role:
            case Qt.ItemDataRole.DecorationRole:
                picture = self._store.picture(self._catalogue.file(record), self._side)
                value = picture if isinstance(picture, QPixmap) else None
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.ToolTipRole:
                value = record.path
            case Qt.ItemDataRole.AccessibleTextRole:
                value = f"{record.path}, {self._catalogue.classes[record.label]}"
            case _ if role == RECORD:
                value = record
            case _ if role == FAILED:
                picture = self._store.picture(self._catalogue.file(record), self._side)
                value = picture if isinstance(picture, str) else ""
        return value

    @Slot(object)
    def _redraw(self, path: Path) -> None:
        row = self._rows.get(path)
        if row is not None:
            index = self.index(row)
            self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])


def _pixmap(event: engine.ImageDrawn) -> QPixmap:
    line = 3 * event.width
    return QPixmap.fromImage(QImage(event.rgb, event.width, event.height, line, QImage.Format.Format_RGB888))
