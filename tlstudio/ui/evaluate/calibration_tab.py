"""The Calibration tab: whether the model is as sure as it is right, and what mends it."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QCheckBox, QLabel, QSplitter, QVBoxLayout, QWidget

from tlstudio.evaluation.metrics import ReliabilityBin
from tlstudio.evaluation.one_epoch_events import Temperature
from tlstudio.evaluation.outcome import Wanted
from tlstudio.ui.evaluate.desk import EvaluateDesk
from tlstudio.ui.text import percent
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import card
from tlstudio.ui.widgets.figure_table import Cell, FigureTable
from tlstudio.ui.widgets.reliability_chart import ReliabilityChart


class CalibrationTab(QWidget):
    """The reliability diagram, its bins as a table, and temperature scaling."""

    def __init__(self, desk: EvaluateDesk, theme: Theme) -> None:
        super().__init__()
        self._desk = desk
        self._bins: list[ReliabilityBin] = []
        self.chart = ReliabilityChart(theme)
        self.bins = FigureTable("Bins", ("How sure", "Images", "Right", "Mean confidence"))
        self.after_box = QCheckBox("Show the diagram after temperature scaling")
        self.temperature = QLabel()
        self.temperature.setWordWrap(True)
        self._lay_out()
        desk.changed.connect(self._show)
        self.after_box.toggled.connect(self._show)
        self.bins.row_chosen.connect(self._show_bin)
        self.chart.bin_chosen.connect(self._show_bin_at)

    def _lay_out(self) -> None:
        left, right = card(), card()
        column = QVBoxLayout(left)
        column.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        column.addWidget(self.chart, 1)
        column = QVBoxLayout(right)
        column.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        column.setSpacing(Space.S)
        column.addWidget(with_role(QLabel("Temperature scaling"), "lead"))
        column.addWidget(self.temperature)
        column.addWidget(self.after_box)
        column.addWidget(self.bins, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(Space.L)
        split.addWidget(left)
        split.addWidget(right)
        split.setSizes([2 * Size.SIDE, 2 * Size.SIDE])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split, 1)

    @Slot()
    def _show(self) -> None:
        evaluated, judged = self._desk.evaluated, self._desk.judged
        if evaluated is None or judged is None:
            return
        temperature = evaluated.temperature
        possible = self._desk.split == "test" and not temperature.limited
        self.after_box.setEnabled(possible)
        after = possible and self.after_box.isChecked()
        bins = temperature.bins if after else judged.metrics.bins
        self.chart.show_bins(bins, temperature.ece_after if after else judged.metrics.ece)
        self._bins = [one for one in bins if one.images]
        self.bins.setEnabled(not after)  # images are listed by what the model itself says
        self.bins.show_rows(map(_cells, self._bins))
        self.temperature.setText(_told(temperature))

    @Slot(int)
    def _show_bin(self, row: int) -> None:
        one = self._bins[row]
        words = f"Images about which it was {one.low:.0%} to {one.high:.0%} sure"
        self._desk.want_images(Wanted(confidence=(one.low, one.high)), words)

    @Slot(float)
    def _show_bin_at(self, confidence: float) -> None:
        for row, one in enumerate(self._bins):
            if self.bins.isEnabled() and one.low <= confidence < one.high:
                self._show_bin(row)


def _cells(one: ReliabilityBin) -> tuple[Cell, ...]:
    return (
        (one.low, f"{one.low:.0%} to {one.high:.0%}"),
        (one.images, f"{one.images:,}"),
        (one.accuracy, percent(one.accuracy)),
        (one.confidence, percent(one.confidence)),
    )


def _told(one: Temperature) -> str:
    if one.limited:
        return (
            "No temperature can be fitted: the validation images are all right, or worse than chance, and "
            "so say nothing about how sure the model should be."
        )
    side = "too sure of itself" if one.value > 1 else "not sure enough"
    return (
        f"Temperature {one.value:.2f}, fitted on the validation images: the model is {side}. Dividing its "
        f"logits by it changes no answer; on test the calibration error goes from {percent(one.ece_before)} "
        f"to {percent(one.ece_after)}, the loss from {one.loss_before:.3f} to {one.loss_after:.3f}."
    )
