"""The images of a folder as a list whose pictures arrive when they are looked at."""

import functools
import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from operator import attrgetter
from pathlib import Path

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QImage, QPixmap

from tlstudio.data.catalogue import Catalogue, ImageRecord
from tlstudio.ui import engine
from tlstudio.ui.worker import Task, Worker

Index = QModelIndex | QPersistentModelIndex

RECORD = Qt.ItemDataRole.UserRole
FAILED = Qt.ItemDataRole.UserRole + 1

_KEPT = 80 * 10**6  # bytes of pictures: about a thousand small ones and as many large ones as fit
_WAITING = 120  # wishes that nobody took back; the oldest are not drawn any more
_TASKS = 2
_LINGERS = 0.1  # seconds that a task waits for another wish: while somebody scrolls it need not start anew
_FILES_KEPT = 5_000
_DROPPED_AT_ONCE = 50  # pictures

Key = tuple[Path, int]


class PictureStore(QObject):
    """Small copies of image files, drawn in the background, the latest wish first, the latest seen kept.

    Signals:
        drawn: a file's picture is there, or is known to be missing.
    """

    drawn = Signal(object)

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._pictures: OrderedDict[Key, QPixmap | str] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Condition()
        self._wanted: OrderedDict[Key, None] = OrderedDict()
        self._drawing: set[Key] = set()
        self._tasks: set[Task] = set()
        self._dropped: list[QPixmap | str] = []
        self._dropping = QTimer(self)
        self._dropping.setInterval(0)
        self._dropping.timeout.connect(self._drop_some)

    @property
    def kept_bytes(self) -> int:
        """What the pictures in memory take, about."""
        return self._bytes

    @property
    def wanted(self) -> tuple[Key, ...]:
        """What is waiting to be drawn, the next one last."""
        with self._lock:
            return tuple(self._wanted)

    def picture(self, path: Path, side: int) -> QPixmap | str | None:
        """The picture with that longer side; why there is none; or None until ``drawn`` says it is there."""
        key = (path, side)
        if key in self._pictures:
            self._pictures.move_to_end(key)
            return self._pictures[key]
        self._ask_for(key)
        return None

    def kept(self, path: Path, side: int) -> QPixmap | str | None:
        """The picture if it is there, without asking for it."""
        return self._pictures.get((path, side))

    def look_at(self, paths: Iterable[Path], side: int) -> None:
        """Draw these, the first one first, and of that size nothing else any more that was wished for."""
        wishes = [(path, side) for path in paths]
        missing = [key for key in wishes if key not in self._pictures]
        with self._lock:
            for key in [key for key in self._wanted if key[1] == side]:
                del self._wanted[key]
            for key in reversed(missing):
                if key not in self._drawing:
                    self._wanted[key] = None
            self._lock.notify_all()
        self._start()

    def forget(self) -> None:
        """Another folder: nothing kept or wanted is of use."""
        with self._lock:
            self._wanted.clear()
        self._dropped += self._pictures.values()
        self._pictures.clear()
        self._bytes = 0
        self._dropping.start()

    @Slot()
    def _drop_some(self) -> None:
        """All at once would take as long as several frames, and no other thread may do it."""
        del self._dropped[-_DROPPED_AT_ONCE:]
        if not self._dropped:
            self._dropping.stop()

    def _ask_for(self, key: Key) -> None:
        with self._lock:
            if key in self._drawing:
                return
            self._wanted[key] = None
            self._wanted.move_to_end(key)
            while len(self._wanted) > _WAITING:
                self._wanted.popitem(last=False)
            self._lock.notify()
        self._start()

    def _start(self) -> None:
        while self._wanted and len(self._tasks) < min(_TASKS, len(self._wanted)):
            call = functools.partial(engine.draw_images, self._following)
            task = self._worker.run("Drawing thumbnails", call, quiet=True)
            task.happened.connect(self._take)
            task.over.connect(self._end)
            self._tasks.add(task)

    def _following(self) -> Key | None:
        """Runs on the task's thread."""
        with self._lock:
            if not self._lock.wait_for(lambda: self._wanted, _LINGERS):
                return None
            key, _ = self._wanted.popitem(last=True)
            self._drawing.add(key)
            return key

    @Slot(object)
    def _take(self, event: engine.ImageDrawn) -> None:
        key = (event.path, event.side)
        with self._lock:
            self._drawing.discard(key)
        self._bytes -= _size(self._pictures.pop(key, ""))
        self._pictures[key] = event.reason or _pixmap(event)
        self._bytes += _size(self._pictures[key])
        while self._bytes > _KEPT:
            self._bytes -= _size(self._pictures.popitem(last=False)[1])
        self.drawn.emit(event.path)

    @Slot(object)
    def _end(self, task: Task) -> None:
        """Something may have been wished for while the task was on its way out."""
        self._tasks.discard(task)
        if not task.control.stopping:
            self._start()


class ThumbnailModel(QAbstractListModel):
    """The images that are shown; DecorationRole is the picture, None until it is drawn.

    RECORD is the ImageRecord, FAILED why its picture cannot be shown.

    Attributes:
        side: the longer side of the pictures, in pixels.
    """

    def __init__(self, store: PictureStore, side: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.side = side
        self._catalogue: Catalogue | None = None
        self._places: Sequence[int] = ()
        self._files: dict[int, Path] = {}  # of the rows that somebody looked at; a path takes long to make
        self._rows: dict[Path, int] = {}
        store.drawn.connect(self._redraw)

    def show(self, catalogue: Catalogue | None, places: Sequence[int] | None = None) -> None:
        """Show the images of ``catalogue`` at these places, or all of them, in that order."""
        self.beginResetModel()
        self._catalogue = catalogue
        images = catalogue.images if catalogue else ()
        self._places = range(len(images)) if places is None else places
        self._forget_files()
        self.endResetModel()

    def look_at(self, rows: Sequence[int]) -> None:
        """Draw the pictures of these rows, the first one first, and none that were asked for before."""
        shown = len(self._places)
        self._store.look_at((self._file(row) for row in rows if 0 <= row < shown), self.side)

    def file(self, index: Index) -> Path:
        """The image file of a row."""
        return self._file(index.row())

    def record(self, row: int) -> ImageRecord:
        assert self._catalogue is not None
        return self._catalogue.images[self._places[row]]

    def row_of(self, path: str) -> int | None:
        """Where the image with that path in the catalogue is shown, if it is."""
        images = self._catalogue.images if self._catalogue else ()
        place = bisect_left(images, path, key=attrgetter("path"))
        if place == len(images) or images[place].path != path:
            return None
        if isinstance(self._places, range):
            return place
        return next((row for row, one in enumerate(self._places) if one == place), None)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own default)
        return 0 if parent.isValid() else len(self._places)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if self._catalogue is None or not index.isValid():
            return None
        record = self.record(index.row())
        value: object = None
        match role:
            case Qt.ItemDataRole.DecorationRole:
                picture = self._picture(index.row())
                value = picture if isinstance(picture, QPixmap) else None
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.ToolTipRole:
                value = record.path
            case Qt.ItemDataRole.AccessibleTextRole:
                value = f"{record.path}, {self._catalogue.classes[record.label]}"
            case _ if role == RECORD:
                value = record
            case _ if role == FAILED:
                picture = self._picture(index.row())
                value = picture if isinstance(picture, str) else ""
        return value

    def _picture(self, row: int) -> QPixmap | str | None:
        return self._store.picture(self._file(row), self.side)

    def _file(self, row: int) -> Path:
        path = self._files.get(row)
        if path is None:
            assert self._catalogue is not None
            if len(self._files) >= _FILES_KEPT:
                self._forget_files()
            path = self._catalogue.file(self.record(row))
            self._files[row], self._rows[path] = path, row
        return path

    def _forget_files(self) -> None:
        self._files.clear()
        self._rows.clear()

    @Slot(object)
    def _redraw(self, path: Path) -> None:
        row = self._rows.get(path)
        if row is not None:
            index = self.index(row)
            self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])


def _pixmap(event: engine.ImageDrawn) -> QPixmap:
    line = 3 * event.width
    return QPixmap.fromImage(QImage(event.rgb, event.width, event.height, line, QImage.Format.Format_RGB888))


def _size(picture: QPixmap | str) -> int:
    return 0 if isinstance(picture, str) else 4 * picture.width() * picture.height()
