"""All images and captions together, near one another where CLIP finds them alike."""

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from tlstudio.inference.results import winners
from tlstudio.ui import answer_engine
from tlstudio.ui.item_models.results import NONE_OF_THESE
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.latest import Latest
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import QuietComboBox
from tlstudio.ui.widgets.embedding_plot import EmbeddingPlot
from tlstudio.ui.widgets.picture_canvas import PictureCanvas
from tlstudio.ui.worker import Worker
from tlstudio.ui.zero_shot.all_vectors import AllVectors
from tlstudio.ui.zero_shot.captions import captions_of
from tlstudio.ui.zero_shot.desk import ZeroShotDesk
from tlstudio.zeroshot.explain_events import MapDrawn

_CLASS, _FOLDER = "The class CLIP chose", "The folder of the image"
_SIDE = 2 * Size.THUMBNAIL


class MapView(QWidget):
    """A plane of images, coloured by their class or folder, and captions.

    Signals:
        picked: the person clicked on an image.
        failed: what could not be done, and a hint; both empty when nothing is wrong any more.
    """

    picked = Signal(object)
    failed = Signal(str, str)
    EXPLAINED = (
        "What lies together CLIP finds alike. Only neighbourhoods count: directions, the size of heaps and "
        "the room between them mean nothing."
    )

    def __init__(self, desk: ZeroShotDesk, store: PictureStore, worker: Worker, theme: Theme) -> None:
        super().__init__()
        self._desk, self._store = desk, store
        self._asked: tuple[object, ...] | None = None
        self._drawn: MapDrawn | None = None
        self._paths: Sequence[Path] = ()
        self._names: tuple[str, ...] = ()
        self._pointed: Path | None = None
        self._task = Latest("Drawing the map", worker, self)
        self.vectors = AllVectors(desk, worker, self)
        self.plot = EmbeddingPlot(theme)
        self.colour_by = QuietComboBox()
        self.keys = QLabel()
        self.method = with_role(QLabel(), "caption")
        self.name = QLabel()
        self.canvas = PictureCanvas(theme, "The image under the pointer")
        self.words = with_role(QLabel(), "quiet")
        self.progress = QProgressBar()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.colour_by.addItems([_CLASS, _FOLDER])
        self.colour_by.setAccessibleName("What the colours stand for")
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Drawing the map")
        self.progress.hide()
        self.canvas.setFixedSize(Size.PREVIEW, Size.PREVIEW)
        for label in (self.name, self.method, self.keys):
            label.setWordWrap(True)
            label.setFixedWidth(Size.PREVIEW)
        self.name.setTextFormat(Qt.TextFormat.PlainText)
        self.keys.setTextFormat(Qt.TextFormat.RichText)
        side = QVBoxLayout()
        side.setSpacing(Space.S)
        side.addWidget(self.canvas)
        side.addWidget(self.name)
        side.addWidget(with_role(QLabel("Colours"), "caption"))
        side.addWidget(self.colour_by)
        side.addWidget(self.keys)
        side.addStretch(1)
        side.addWidget(self.method)
        over = QHBoxLayout()
        over.setSpacing(Space.M)
        over.addWidget(self.words)
        over.addWidget(self.progress, 1)
        left = QVBoxLayout()
        left.setSpacing(Space.XS)
        left.addLayout(over)
        left.addWidget(self.plot, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.L)
        layout.addLayout(left, 1)
        layout.addLayout(side)

    def _connect(self) -> None:
        self.vectors.ready.connect(self.refresh)
        self.vectors.lost.connect(self._forget)
        self.vectors.progressed.connect(self._show_progress)
        self.vectors.failed.connect(self._fail)
        self.plot.pointed.connect(self._show_pointed)
        self.plot.picked.connect(self._pick)
        self.colour_by.activated.connect(self._colour)
        self._desk.results_changed.connect(self._colour)
        self._store.drawn.connect(self._picture_drawn)
        self._task.happened.connect(self._happened)
        self._task.failed.connect(self._fail)
        self._task.over.connect(self._over)

    @Slot()
    def refresh(self) -> None:
        """Follow the images, the question and the model, if the view is in sight."""
        if not self.isVisible() or not len(self._desk.images):
            return
        if not self.vectors.there:
            self.progress.show()
            self.vectors.ask()
            return
        captions = captions_of(self._desk.question)
        asked = (tuple(captions.items()), self._desk.clip, len(self.vectors.paths))
        if asked == self._asked:
            return
        self._asked = asked
        self.failed.emit("", "")
        self._paths, self._names = tuple(self.vectors.paths), tuple(captions)
        self._show_progress("Drawing the map…", 0, 0)
        vectors, clip = self.vectors.vectors, self._desk.clip
        self._task.run(functools.partial(answer_engine.draw_map, vectors, captions, clip))

    @Slot()
    def _forget(self) -> None:
        self._task.stop()
        self._asked = self._drawn = None
        self._paths = ()
        self.plot.clear()
        self.keys.clear()
        self._show_pointed(-1)
        self.progress.hide()
        self.words.clear()

    @Slot(object)
    def _happened(self, event: object) -> None:
        if isinstance(event, MapDrawn):
            self._drawn = event
            self.method.setText(event.method)
            self._colour()

    @Slot()
    def _over(self) -> None:
        self.progress.hide()
        self.words.clear()

    @Slot(str, int, int)
    def _show_progress(self, words: str, done: int, total: int) -> None:
        self.words.setText(words)
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.progress.show()

    @Slot(str, str)
    def _fail(self, message: str, hint: str) -> None:
        self._asked = None
        self._over()
        self.failed.emit(message, hint)

    # Colours

    @Slot()
    def _colour(self) -> None:
        drawn = self._drawn
        if drawn is None:
            return
        labels = self._labels([self._paths[row] for row in drawn.rows.tolist()])
        named = {name: number for number, name in enumerate(self._order(labels))}
        groups = np.array([named.get(label, -1) for label in labels], np.intp)
        self.plot.show_points(drawn.images, groups, drawn.captions, self._names)
        self._tell_keys(list(named))

    def _labels(self, paths: Sequence[Path]) -> list[str]:
        """The name of each image's group; "" for none."""
        if self.colour_by.currentText() == _FOLDER:
            return [path.parent.name for path in paths]
        asked = self._desk.asked
        if asked is None or not len(self._desk.scores):
            return [""] * len(paths)
        columns = winners(self._desk.scores, asked).tolist()
        said = {
            path: asked.classes[column] if column >= 0 else NONE_OF_THESE
            for path, column in zip(self._desk.paths, columns, strict=True)
        }
        return [said.get(path, "") for path in paths]

    def _order(self, labels: Sequence[str]) -> list[str]:
        """Groups in the order of the question where they are its classes, else by name."""
        there = {label for label in labels if label}
        first = [name for name in self._names if name in there]
        return first + sorted(there.difference(first))

    def _tell_keys(self, names: Sequence[str]) -> None:
        words = self.plot.keys(dict(enumerate(names)))
        self.keys.setText(words or "Classify the images to colour them by class.")

    # The image under the pointer

    @Slot(int)
    def _show_pointed(self, row: int) -> None:
        drawn = self._drawn
        self._pointed = self._paths[drawn.rows[row]] if drawn is not None and row >= 0 else None
        self.name.setText(self._pointed.name if self._pointed else "Point at a dot to see its image.")
        self.canvas.show_picture(self._store.picture(self._pointed, _SIDE) if self._pointed else None)

    @Slot(object)
    def _picture_drawn(self, path: object) -> None:
        if path == self._pointed and self._pointed is not None:
            picture = self._store.kept(self._pointed, _SIDE)
            if isinstance(picture, (QPixmap, str)):
                self.canvas.show_picture(picture)

    @Slot(int)
    def _pick(self, row: int) -> None:
        if self._drawn is not None:
            self.picked.emit(self._paths[self._drawn.rows[row]])
