"""Where an image matches a caption, or two beside one another."""

import functools
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QVBoxLayout, QWidget

from tlstudio.ui import answer_engine
from tlstudio.ui.latest import Latest
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.heat_canvas import HeatCanvas
from tlstudio.ui.worker import Worker
from tlstudio.ui.zero_shot.captions import CaptionField, captions_of
from tlstudio.ui.zero_shot.desk import ZeroShotDesk
from tlstudio.zeroshot.explain_events import MatchFound
from tlstudio.zeroshot.text import Prompts

_OPACITY = 60  # per cent at first


class WhereView(QWidget):
    """The image as the model sees it, warm where it speaks for the caption.

    Signals:
        failed: what could not be done, and a hint; both empty when nothing is wrong any more.
    """

    failed = Signal(str, str)
    EXPLAINED = (
        "Warm places speak for the sentence. It shows what the score depends on, not the outline of a thing, "
        "and the warmest place is always full strength, even where the match is poor."
    )

    def __init__(self, desk: ZeroShotDesk, worker: Worker, theme: Theme) -> None:
        super().__init__()
        self._desk = desk
        self._image: Path | None = None
        self._asked: tuple[object, ...] | None = None
        self._task = Latest("Looking for the caption", worker, self)
        self.fields = (
            CaptionField("Caption", "A class, or a sentence of your own"),
            CaptionField("Another caption beside it", "Another beside it"),
        )
        self.canvases = tuple(HeatCanvas(theme, f"Where it matches, {side}") for side in ("left", "right"))
        self.labels = tuple(QLabel() for _ in self.canvases)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self._lay_out()
        for field in self.fields:
            field.chosen.connect(self.refresh)
        self.opacity.valueChanged.connect(self._set_opacity)
        self._task.happened.connect(self._happened)
        self._task.failed.connect(self.failed)
        self._task.over.connect(self._over)
        self.opacity.setValue(_OPACITY)

    def _lay_out(self) -> None:
        self.opacity.setRange(0, 100)
        self.opacity.setAccessibleName("How much the heat covers")
        self.opacity.setFixedWidth(Size.FIELD)
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        for field in self.fields:
            line.addWidget(field, 1)
        line.addSpacing(Space.S)
        line.addWidget(with_role(QLabel("Heat"), "caption"))
        line.addWidget(self.opacity)
        pictures = QHBoxLayout()
        pictures.setSpacing(Space.M)
        for canvas, label in zip(self.canvases, self.labels, strict=True):
            canvas.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
            canvas.setMinimumSize(Size.THUMBNAIL, Size.THUMBNAIL)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            column = QVBoxLayout()
            column.setSpacing(Space.XS)
            column.addWidget(canvas, 1)
            column.addWidget(label)
            pictures.addLayout(column, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addLayout(line)
        layout.addLayout(pictures, 1)

    def show_image(self, image: Path | None) -> None:
        self._image = image
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Follow the question, the model and what is chosen, if the view is in sight."""
        offered = captions_of(self._desk.question)
        self.fields[0].offer(offered, first=0)
        self.fields[1].offer(offered)
        captions: Prompts = {
            field.caption: offered.get(field.caption, (field.caption,))
            for field in self.fields
            if field.caption
        }
        for place in (self.canvases[1], self.labels[1]):
            place.setVisible(len(captions) > 1)
        asked = (self._image, tuple(captions.items()), self._desk.clip)
        if not self.isVisible() or asked == self._asked:
            return
        self._asked = asked
        self.failed.emit("", "")
        self._task.stop()
        for canvas, label in zip(self.canvases, self.labels, strict=True):
            canvas.clear()
            label.clear()
        if self._image is None or not captions:
            self.labels[0].setText("Choose a class or write a sentence." if self._image else "")
            return
        self.labels[0].setText("Looking…")
        self._task.run(functools.partial(answer_engine.find_matches, self._image, captions, self._desk.clip))

    @Slot(object)
    def _happened(self, event: object) -> None:
        if not isinstance(event, MatchFound):
            return
        place = 0 if event.caption == self.fields[0].caption or not self.fields[0].caption else 1
        self.canvases[place].show_heat(event.seen, event.heat)
        nothing = "" if event.heat.any() else " · no place speaks for it"
        self.labels[place].setText(f"{event.caption} · similarity {event.similarity:.3f}{nothing}")

    @Slot()
    def _over(self) -> None:
        if self.labels[0].text() == "Looking…":  # it ended without an answer; asking again may help
            self.labels[0].clear()
            self._asked = None

    @Slot(int)
    def _set_opacity(self, value: int) -> None:
        for canvas in self.canvases:
            canvas.set_opacity(value / 100)
