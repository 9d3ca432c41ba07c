"""One labelled image large, with what the model says of it and where it looks, before and after training."""

import dataclasses
import functools
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from tlstudio.evaluation.explain_events import Explained
from tlstudio.evaluation.finished_runs import FinishedRun
from tlstudio.events import Event
from tlstudio.models.events import Downloaded
from tlstudio.ui import run_engine
from tlstudio.ui.item_models.cases import CaseModel
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.latest import Latest
from tlstudio.ui.text import percent, size
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import QuietComboBox
from tlstudio.ui.widgets.heat_canvas import HeatCanvas
from tlstudio.ui.widgets.image_viewer import Told, Viewer
from tlstudio.ui.worker import Worker

_OPACITY = 60  # per cent at first
_ANSWER = "What it answers"
_USUAL = "The last with places"
_EXPLAINED = (
    "Warm places speak for the class (Grad-CAM). It shows what the answer depends on at that layer, not the "
    "outline of a thing; the warmest place is always full strength."
)


@dataclasses.dataclass(frozen=True)
class Looked:
    """Whose model looks: a run, an epoch of it, and its classes."""

    run: FinishedRun
    epoch: int
    classes: tuple[str, ...]


class CaseViewer(Viewer):
    """Goes through the images of a list; beside each one where the network sees the class."""

    def __init__(
        self,
        model: CaseModel,
        looked: Looked,
        store: PictureStore,
        worker: Worker,
        theme: Theme,
        parent: QWidget,
    ) -> None:
        self._cases, self._looked = model, looked
        super().__init__(model, store, model.side, theme, parent)
        self.target, self.layer = QuietComboBox(), QuietComboBox()
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.panes = {False: _Pane(f"Epoch {looked.epoch}", theme), True: _Pane("Before training", theme)}
        self._tasks = {before: Latest("Looking where it looks", worker, self) for before in self.panes}
        self._lay_out_heat()
        for before, task in self._tasks.items():
            task.happened.connect(self._before_happened if before else self._after_happened)
            task.failed.connect(self._before_failed if before else self._after_failed)
        self.target.activated.connect(self._look)
        self.layer.activated.connect(self._look)
        self.opacity.valueChanged.connect(self._set_opacity)
        self.opacity.setValue(_OPACITY)

    def file(self, row: int) -> Path:
        return self._cases.paths[row]

    def told(self, row: int) -> Told:
        case = self._cases.case(row)
        ranked = ", ".join(f"{name} {percent(share)}" for name, share in case.ranked)
        return Told(
            case.words[:1].upper() + case.words[1:], (case.image.path, ranked, f"loss {case.loss:.3f}")
        )

    def show_row(self, row: int) -> None:
        super().show_row(row)
        self._look()

    def done(self, result: int) -> None:
        for task in self._tasks.values():
            task.stop()
        super().done(result)

    def _lay_out_heat(self) -> None:
        self.target.setAccessibleName("Class to look for")
        self.target.addItem(_ANSWER, "")
        for name in self._looked.classes:
            self.target.addItem(name, name)
        self.layer.setAccessibleName("Layer to look at")
        self.layer.addItem(_USUAL, "")
        self.opacity.setRange(0, 100)
        self.opacity.setAccessibleName("How much the heat covers")
        self.opacity.setFixedWidth(Size.FIELD)
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        for words, field in (("Where it sees", self.target), ("Layer", self.layer)):
            line.addWidget(with_role(QLabel(words), "quiet"))
            line.addWidget(field, 1)
        line.addWidget(with_role(QLabel("Heat"), "quiet"))
        line.addWidget(self.opacity)
        pictures = QHBoxLayout()
        pictures.setSpacing(Space.M)
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.removeWidget(self.canvas)
        own = QVBoxLayout()
        own.setSpacing(Space.XS)
        own.addWidget(self.canvas, 1)
        own.addWidget(with_role(QLabel("The file"), "quiet"))
        pictures.addLayout(own, 1)
        for before, pane in self.panes.items():
            pane.setVisible(self._looked.run.pretrained or not before)
            pictures.addWidget(pane, 1)
        explained = with_role(QLabel(_EXPLAINED), "caption")
        explained.setWordWrap(True)
        layout.insertLayout(0, line)
        layout.insertLayout(1, pictures, 1)
        layout.insertWidget(2, explained)

    @Slot()
    def _look(self) -> None:
        """Ask where the network sees the class, for the image that is shown."""
        run, image = self._looked.run, self._cases.case(self.row).image.path
        layer = self.layer.currentData() or ""
        for before, pane in self.panes.items():
            if pane.isHidden():
                continue
            # The network knew none of the classes before its training: it says what it knew.
            target = "" if before else self.target.currentData() or ""
            pane.wait()
            call = functools.partial(
                run_engine.explain_answer, run.path, self._looked.epoch, image, target, layer, before
            )
            self._tasks[before].run(call)

    def _happened(self, before: bool, event: Event) -> None:
        match event:
            case Explained():
                self.panes[before].show_explained(event)
                if not before and self.layer.count() == 1:
                    for path, name in event.layers:
                        self.layer.addItem(name, path)
            case Downloaded(name, done, _):
                self.panes[before].words.setText(f"Downloading {name}, {size(done)}")
            case _:
                pass

    @Slot(object)
    def _after_happened(self, event: Event) -> None:
        self._happened(False, event)

    @Slot(object)
    def _before_happened(self, event: Event) -> None:
        self._happened(True, event)

    @Slot(str, str)
    def _after_failed(self, message: str, hint: str) -> None:
        self.panes[False].words.setText(f"{message} {hint}")

    @Slot(str, str)
    def _before_failed(self, message: str, hint: str) -> None:
        self.panes[True].words.setText(f"{message} {hint}")

    @Slot(int)
    def _set_opacity(self, value: int) -> None:
        for pane in self.panes.values():
            pane.canvas.set_opacity(value / 100)


class _Pane(QWidget):
    """The image as a network sees it, warm where it sees the class, and what it says."""

    def __init__(self, title: str, theme: Theme) -> None:
        super().__init__()
        self._title = title
        self.canvas = HeatCanvas(theme, f"Where it looks: {title}")
        self.canvas.setMinimumSize(Size.THUMBNAIL, Size.THUMBNAIL)
        self.words = with_role(QLabel(), "quiet")
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.words)

    def wait(self) -> None:
        self.canvas.clear()
        self.words.setText(f"{self._title}: looking…")

    def show_explained(self, event: Explained) -> None:
        self.canvas.show_heat(event.seen, event.heat)
        nothing = "" if event.heat.any() else "; no place speaks for it"
        self.words.setText(f"{self._title}: {event.target} {percent(event.share)}{nothing}")
