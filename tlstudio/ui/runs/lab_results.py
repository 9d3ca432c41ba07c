"""The results of a lab: the recommendation with its evidence, bars, accuracy against time, and a table."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from tlstudio.evaluation.lab_events import LabReading, Summary
from tlstudio.ui import text
from tlstudio.ui.runs.lab_charts import LabBars, LabScatter
from tlstudio.ui.runs.lab_desk import LabDesk
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import button, scrolled
from tlstudio.ui.widgets.figure_table import Cell, FigureTable

_COLUMNS = ("Strategy", "Test top-1, 95 %", "Val.", "Time", "Trained", "Memory", "Energy")
_KNOWN = "‡ less time than elsewhere: what frozen layers make of the images was known from before."
_EXPLAINED = {
    "Test top-1, 95 %": "In brackets, where 95 % of other draws of as many test images would put it",
    "Val.": "Top-1 on the validation images, by which the epoch was chosen",
    "Time": "From reading the images to the tested models",
    "Trained": "Parameters that are trained",
    "Memory": "The most main memory that the studio held meanwhile",
    "Energy": "Estimated from the processor's time; nothing measures power here",
}


class Advice(QWidget):
    """What to use, why, and what could make that wrong.

    Signals:
        wanted: the settings of the recommended entry are to be taken: a LabEntry.
    """

    wanted = Signal(object)

    def __init__(self, desk: LabDesk, theme: Theme) -> None:
        super().__init__()
        self._desk, self._theme = desk, theme
        self.words = with_role(QLabel(), "lead")
        self.why_button = button(theme, "Why", "chevron", "quiet")
        self.why_button.setCheckable(True)
        self.use_button = button(theme, "Continue with this", "play", "main")
        self.evidence = with_role(QLabel(), "quiet")
        for label in (self.words, self.evidence):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        line.addWidget(self.words, 1)
        line.addWidget(self.why_button, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.use_button, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addLayout(line)
        layout.addWidget(self.evidence)
        self.evidence.hide()
        self.why_button.toggled.connect(self._unfold)
        self.use_button.clicked.connect(self._use)
        desk.running_changed.connect(self._refresh)

    def show_reading(self, reading: LabReading | None) -> None:
        advice = reading.recommendation if reading else None
        self.setVisible(advice is not None)
        if advice is not None:
            self.words.setText(advice.words)
            self.evidence.setText("\n".join((*advice.evidence, *advice.caution)))
            self.why_button.setEnabled(bool(self.evidence.text()))
            self._unfold(self.why_button.isChecked())
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        """While the lab goes on, its figures are not all there yet."""
        self.use_button.setEnabled(not self._desk.running)

    @Slot(bool)
    def _unfold(self, opened: bool) -> None:
        self.evidence.setVisible(opened and bool(self.evidence.text()))
        self._theme.set_icon(self.why_button, "chevron-down" if opened else "chevron")

    @Slot()
    def _use(self) -> None:
        reading = self._desk.reading
        if reading is not None and reading.recommendation is not None:
            self.wanted.emit(self._desk.entry(reading.recommendation.entry))


class LabResults(QWidget):
    """Follows the desk's reading."""

    def __init__(self, desk: LabDesk, theme: Theme) -> None:
        super().__init__()
        self._desk = desk
        self.bars = LabBars(theme)
        self.scatter = LabScatter(theme)
        self.table = FigureTable("Results of the lab", _COLUMNS)
        for place, name in enumerate(_COLUMNS):
            header = self.table.horizontalHeaderItem(place)
            if header is not None:
                header.setToolTip(_EXPLAINED.get(name, ""))
        charts = QSplitter(Qt.Orientation.Horizontal)
        charts.setChildrenCollapsible(False)
        charts.setHandleWidth(Space.L)
        charts.addWidget(scrolled(self.bars))
        charts.addWidget(self.scatter)
        charts.setSizes([Size.READING, Size.READING])
        self._images = with_role(QLabel(), "caption")
        self._images.setWordWrap(True)
        panes = QSplitter(Qt.Orientation.Vertical)
        panes.setChildrenCollapsible(False)
        panes.setHandleWidth(Space.M)
        panes.addWidget(charts)
        panes.addWidget(self.table)
        panes.setSizes([Size.READING, Size.READING * 2 // 3])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addWidget(self._images)
        layout.addWidget(panes, 1)

    def show_reading(self, reading: LabReading | None) -> None:
        for each in (self.bars, self.scatter):
            each.show_reading(reading)
        self.table.show_rows([_cells(one) for one in reading.summaries] if reading else [])
        if reading is not None:
            images = text.amount(reading.images, "test image")
            words = f"Top-1 on the same {images}, with 95 % intervals; ★ is recommended."
            quick = any(one.known for one in reading.summaries)
            self._images.setText(f"{words} {_KNOWN}" if quick else words)


def _cells(one: Summary) -> list[Cell]:
    memory, energy = one.peak_memory_mb, one.energy_wh
    low, high = 100 * one.top1.low, 100 * one.top1.high
    spread = f" ± {100 * one.deviation:.1f}" if one.deviation is not None else ""
    return [
        one.title,
        (one.top1.value, f"{100 * one.top1.value:.1f}{spread} % ({low:.0f} – {high:.0f})"),
        (one.val_top1, text.percent(one.val_top1)),
        (one.seconds, text.seconds(one.seconds) + (" ‡" if one.known else "")),
        (one.trained_parameters, _count(one.trained_parameters)),
        (memory or 0.0, "–" if memory is None else text.size(1e6 * memory)),
        (energy or 0.0, "–" if energy is None else f"{text.figure(1e3 * energy)} mWh"),
    ]


def _count(parameters: int) -> str:
    """Parameters as "512", "7.7 k" or "3.4 M"."""
    for unit, scale in (("M", 1e6), ("k", 1e3)):
        if parameters >= scale:
            return f"{parameters / scale:.1f} {unit}"
    return str(parameters)
