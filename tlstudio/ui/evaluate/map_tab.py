"""The Map tab: images near one another where the network finds them alike."""

import functools

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tlstudio.evaluation.feature_map_events import FeaturesDrawn
from tlstudio.evaluation.outcome import Outcome, Wanted
from tlstudio.events import Progress
from tlstudio.models.plane import Method
from tlstudio.ui import run_engine
from tlstudio.ui.evaluate.desk import EvaluateDesk
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.latest import Latest
from tlstudio.ui.pages.base import EmptyState, ErrorBanner
from tlstudio.ui.text import percent
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import QuietComboBox, button, card
from tlstudio.ui.widgets.embedding_plot import EmbeddingPlot
from tlstudio.ui.widgets.picture_canvas import PictureCanvas
from tlstudio.ui.worker import Worker

_COLOURS = ("Class", "Answer", "Right or wrong")
_METHODS: tuple[tuple[Method, str], ...] = (("t-sne", "t-SNE"), ("pca", "PCA"))
_NETWORKS = ((False, "This epoch's model"), (True, "Before training"))
_SIDE = 2 * Size.THUMBNAIL
_EXPLAINED = (
    "What lies together the network finds alike. With t-SNE only neighbourhoods count: directions, the size "
    "of heaps and the room between them mean nothing."
)
_POINT = "Point at a dot to see its image; draw a line around some with Shift and the mouse to list them."


class MapTab(QWidget):
    """A plane of the images that are shown, coloured by class, answer or whether they are right.

    Signals:
        picked: an image was clicked: its place among those of the split.
    """

    picked = Signal(int)

    def __init__(self, desk: EvaluateDesk, store: PictureStore, worker: Worker, theme: Theme) -> None:
        super().__init__()
        self._desk, self._store = desk, store
        self._asked: tuple[object, ...] | None = None
        self._drawn: FeaturesDrawn | None = None
        self._pointed = -1
        self._task = Latest("Drawing the map", worker, self)
        self.plot = EmbeddingPlot(theme)
        self.plot.setAccessibleName("Map of the images")
        self.colours, self.method, self.network = QuietComboBox(), QuietComboBox(), QuietComboBox()
        self.keys, self.name, self.how = QLabel(), QLabel(), with_role(QLabel(), "caption")
        self.canvas = PictureCanvas(theme, "The image under the pointer")
        self.banner = ErrorBanner()
        self.progress = QProgressBar()
        self.words = with_role(QLabel(), "quiet")
        self.again_button = button(theme, "Draw the map", "play")
        self._states = QStackedWidget()
        self._idle = EmptyState("evaluate", "No map yet", _EXPLAINED, self.again_button)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.colours.addItems(list(_COLOURS))
        for field, choices in ((self.method, _METHODS), (self.network, _NETWORKS)):
            for value, words in choices:
                field.addItem(words, value)
        named = ((self.colours, "Colours"), (self.method, "Method"), (self.network, "By"))
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        for field, words in named:
            field.setAccessibleName(words)
            line.addWidget(with_role(QLabel(words), "quiet"))
            line.addWidget(field, 1)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Drawing the map")
        busy = QHBoxLayout()
        busy.setSpacing(Space.M)
        busy.addWidget(self.words)
        busy.addWidget(self.progress, 1)
        frame = card()
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        inside.addWidget(self.plot)
        self._states.addWidget(frame)
        self._states.addWidget(self._idle)
        self.canvas.setFixedWidth(Size.PREVIEW)
        self.canvas.setMinimumHeight(Size.CELL)
        self.canvas.setMaximumHeight(Size.PREVIEW)
        self.canvas.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        for label in (self.name, self.keys, self.how):
            label.setWordWrap(True)
            label.setFixedWidth(Size.PREVIEW)
        self.name.setTextFormat(Qt.TextFormat.PlainText)
        self.keys.setTextFormat(Qt.TextFormat.RichText)
        explained = with_role(QLabel(_EXPLAINED), "caption")
        explained.setWordWrap(True)
        explained.setFixedWidth(Size.PREVIEW)
        side = QVBoxLayout()
        side.setSpacing(Space.S)
        side.addWidget(self.canvas, 100)  # all the height there is, up to its largest
        for each in (self.name, self.keys):
            side.addWidget(each)
        side.addStretch(1)
        for each in (self.how, explained):
            side.addWidget(each)
        left = QVBoxLayout()
        left.setSpacing(Space.S)
        left.addLayout(line)
        left.addLayout(busy)
        left.addWidget(self.banner)
        left.addWidget(self._states, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.L)
        layout.addLayout(left, 1)
        layout.addLayout(side)
        self._over()

    def _connect(self) -> None:
        self._desk.changed.connect(self.refresh)
        for field in (self.method, self.network):
            field.activated.connect(self.refresh)
        self.colours.activated.connect(self._colour)
        self.again_button.clicked.connect(self.refresh)
        self.plot.pointed.connect(self._show_pointed)
        self.plot.picked.connect(self._pick)
        self.plot.lassoed.connect(self._list)
        self._store.drawn.connect(self._picture_drawn)
        self._task.happened.connect(self._happened)
        self._task.failed.connect(self._fail)
        self._task.over.connect(self._over)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Follow what is looked at, if the map is in sight."""
        desk, run = self._desk, self._desk.run
        if desk.evaluated is None or run is None:
            self._forget()
            return
        if not run.pretrained:
            self.network.setCurrentIndex(0)
        self.network.setEnabled(run.pretrained)
        asked = (run.path, desk.epoch, desk.split, self.method.currentData(), self.network.currentData())
        if not self.isVisible() or asked == self._asked:
            return
        self._forget()
        self._asked = asked
        self.words.setText("Starting")
        for each in (self.words, self.progress):
            each.show()
        self._task.run(functools.partial(run_engine.draw_features, *asked))

    def _forget(self) -> None:
        self._task.stop()
        self._asked = self._drawn = None
        self.plot.clear()
        self.keys.clear()
        self.how.clear()
        self.banner.clear()
        self._show_pointed(-1)
        self._over()

    @Slot(object)
    def _happened(self, event: object) -> None:
        match event:
            case Progress(words, done, total):
                self.words.setText(words)
                self.progress.setRange(0, total)
                self.progress.setValue(done)
            case FeaturesDrawn():
                self._drawn = event
                self.how.setText(event.method)
                self._colour()
                self._show_pointed(-1)
            case _:
                pass

    @Slot(str, str)
    def _fail(self, message: str, hint: str) -> None:
        self._asked = None  # asking again may help
        self.banner.show_error(message, hint)

    @Slot()
    def _over(self) -> None:
        for each in (self.words, self.progress):
            each.hide()
        drawing = self._task.busy or self._drawn is not None
        self._states.setCurrentIndex(0 if drawing else 1)

    # Colours

    @Slot()
    def _colour(self) -> None:
        drawn, judged, evaluated = self._drawn, self._desk.judged, self._desk.evaluated
        if drawn is None or judged is None or evaluated is None:
            return
        outcome = judged.outcome
        match self.colours.currentIndex():
            case 0:
                groups, names = outcome.labels[drawn.rows], evaluated.classes
            case 1:
                groups, names = outcome.answers[drawn.rows], evaluated.classes
            case _:
                groups, names = np.where(outcome.right[drawn.rows], 0, 3), ("right", "", "", "wrong")
        self.plot.show_points(drawn.points, groups, np.empty((0, 2), np.float32), ())
        there = set(groups.tolist())
        self.keys.setText(self.plot.keys({group: names[group] for group in sorted(there)}))

    # The image under the pointer

    @Slot(int)
    def _show_pointed(self, row: int) -> None:
        drawn, judged, evaluated = self._drawn, self._desk.judged, self._desk.evaluated
        there = drawn is not None and judged is not None and evaluated is not None and row >= 0
        if not there:
            self._pointed = -1
            self.name.setText(_POINT)
            self.canvas.show_picture(None)
            return
        assert drawn is not None
        assert judged is not None
        assert evaluated is not None
        self._pointed = int(drawn.rows[row])
        self.name.setText(_told(judged.outcome, self._pointed, evaluated.classes))
        path = evaluated.root / judged.outcome.images[self._pointed].path
        self.canvas.show_picture(self._store.picture(path, _SIDE))

    @Slot(object)
    def _picture_drawn(self, path: object) -> None:
        judged, evaluated = self._desk.judged, self._desk.evaluated
        if self._pointed < 0 or judged is None or evaluated is None:
            return
        if path == (own := evaluated.root / judged.outcome.images[self._pointed].path):
            picture = self._store.kept(own, _SIDE)
            if isinstance(picture, (QPixmap, str)):
                self.canvas.show_picture(picture)

    @Slot(int)
    def _pick(self, row: int) -> None:
        if self._drawn is not None:
            self.picked.emit(int(self._drawn.rows[row]))

    @Slot(list)
    def _list(self, rows: list[int]) -> None:
        """List the images around which a line was drawn."""
        if self._drawn is not None:
            places = frozenset(self._drawn.rows[rows].tolist())
            self._desk.want_images(Wanted(places=places), "Images from the map")


def _told(outcome: Outcome, row: int, names: tuple[str, ...]) -> str:
    """Name, class, and what it is taken for."""
    image = outcome.images[row]
    answer, share = outcome.ranked(row, 1)[0]
    said = "recognised" if answer == image.label else f"taken for {names[answer]}"
    return f"{image.path}\n{names[image.label]}, {said} ({percent(share)})"
