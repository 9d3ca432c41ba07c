"""The selected image, with the places over it in which a model sees the class."""

import functools
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout

from tlstudio.evaluation.explain_events import Explained
from tlstudio.inference.results import ResultTable
from tlstudio.ui import answer_engine
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.latest import Latest
from tlstudio.ui.text import percent
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.try_it.desk import TryDesk
from tlstudio.ui.widgets.basics import QuietComboBox, button
from tlstudio.ui.widgets.heat_canvas import HeatCanvas
from tlstudio.ui.widgets.result_preview import ResultPreview
from tlstudio.ui.worker import Worker

_OPACITY = 60  # per cent at first
_EXPLAINED = (
    "Warm places speak for the class (Grad-CAM). It shows what the answer depends on at the last layer that "
    "still has places, not the outline of a thing; the warmest place is always full strength. "
    "Click a class below to look for that one."
)


class LookingPreview(ResultPreview):
    """Adds a switch for the heat, how much it covers, and of an ensemble which member looks."""

    canvas_kind = HeatCanvas

    def __init__(
        self, desk: TryDesk, worker: Worker, table: ResultTable, store: PictureStore, theme: Theme
    ) -> None:
        self._desk = desk
        self._target = ""
        self._heated: tuple[object, ...] | None = None  # what the heat that is shown or awaited is of
        self.heat_button = button(theme, "Where it looks", "search", "quiet")
        self.member, self.opacity = QuietComboBox(), QSlider(Qt.Orientation.Horizontal)
        self.heat_words = with_role(QLabel(), "quiet")
        self._looking: Latest | None = None
        super().__init__(table, store, theme)
        self._looking = Latest("Looking where it looks", worker, self)
        self._looking.happened.connect(self._happened)
        self._looking.failed.connect(self._failed)
        self._lay_out_heat()
        self.heat_button.toggled.connect(self.look)
        self.member.activated.connect(self.look)
        self.opacity.valueChanged.connect(self._set_opacity)
        self.scores.clicked.connect(self._choose_target)
        desk.models_changed.connect(self._members_changed)
        self.opacity.setValue(_OPACITY)
        self.look()

    def _lay_out_heat(self) -> None:
        self.heat_button.setCheckable(True)
        self.heat_button.setToolTip(_EXPLAINED)
        self.member.setAccessibleName("Which member looks")
        self.member.setSizeAdjustPolicy(QuietComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.opacity.setRange(0, 100)
        self.opacity.setAccessibleName("How much the heat covers")
        self.heat_words.setTextFormat(Qt.TextFormat.PlainText)
        self.heat_words.setMinimumWidth(1)
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        line.addWidget(self.heat_button)
        line.addWidget(self.opacity, 1)
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertLayout(1, line)
        layout.insertWidget(2, self.member)
        layout.insertWidget(3, self.heat_words)
        self.canvas.setMinimumHeight(Size.RAIL)

    # Showing

    def show_image(self, path: Path | None) -> None:
        if path != self._path:
            self._target = ""
            self._clear()
        super().show_image(path)
        self.look()

    @Slot()
    def refresh(self) -> None:
        super().refresh()
        self.look()

    @Slot()
    def look(self) -> None:
        """Ask for the heat if it is wanted and not there yet."""
        if self._looking is None:
            return  # it is still being built
        wanted = self.heat_button.isChecked()
        row = self._table.row_of(self._path) if self._path else None
        can = row is not None and self._table.is_scored(row) and bool(self._desk.members)
        self.heat_button.setEnabled(can)
        for each in (self.opacity, self.heat_words):
            each.setVisible(wanted and can)
        self._winner.setVisible(not (wanted and can))  # the bars name it too, and height is scarce
        self.member.setVisible(wanted and can and len(self._desk.members) > 1)
        if not (wanted and can) or row is None:
            self._clear()
            self._redraw_plain()
            return
        target = self._target or self._table.top(row, 1)[0][0]
        member = self._desk.members[max(0, self.member.currentIndex())]
        asked = (self._path, member, target)
        if asked != self._heated and self._path is not None:
            self._clear()
            self._redraw_plain()
            self._heated = asked
            self.heat_words.setText(f"Looking for “{target}”…")
            self._looking.run(functools.partial(answer_engine.explain_file, member, self._path, target))

    @Slot()
    def _members_changed(self) -> None:
        titles = {str(run.path): run.title for run in self._desk.runs or ()}
        names = [titles.get(one.model, one.model) for one in self._desk.members]
        if names != [self.member.itemText(place) for place in range(self.member.count())]:
            self.member.clear()
            self.member.addItems(names)
        measured = self._desk.measured
        if measured is not None and measured.best < self.member.count():
            self.member.setCurrentIndex(measured.best)
        self.look()

    @Slot(QModelIndex)
    def _choose_target(self, index: QModelIndex) -> None:
        self._target = self._model.name(index.row())
        self.heat_button.setChecked(True)
        self.look()

    @Slot(object)
    def _happened(self, event: object) -> None:
        if isinstance(event, Explained) and self._heated is not None:
            assert isinstance(self.canvas, HeatCanvas)
            self.canvas.show_heat(event.seen, event.heat)
            nothing = "" if event.heat.any() else " · no place speaks for it"
            self.heat_words.setText(f"Speaks for “{event.target}” ({percent(event.share)}){nothing}")
            self.heat_words.setToolTip(_EXPLAINED)

    @Slot(str, str)
    def _failed(self, message: str, _hint: str) -> None:
        self.heat_words.setText(message)

    @Slot(int)
    def _set_opacity(self, value: int) -> None:
        assert isinstance(self.canvas, HeatCanvas)
        self.canvas.set_opacity(value / 100)

    @Slot(object)
    def _redraw(self, path: Path) -> None:
        if self._heated is None or self.canvas.picture is None:
            super()._redraw(path)

    def _redraw_plain(self) -> None:
        if self._path is not None:
            super()._redraw(self._path)

    def _clear(self) -> None:
        self._heated = None
        if self._looking is not None:
            self._looking.stop()
        assert isinstance(self.canvas, HeatCanvas)
        self.canvas.clear()
        self.heat_words.clear()
