"""How often a classifier is right when it is so and so sure: the reliability diagram."""

from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from tlstudio.evaluation.metrics import ReliabilityBin
from tlstudio.ui.text import amount, percent
from tlstudio.ui.theme import Size, Space, Theme, Type, with_role
from tlstudio.ui.widgets.paint import font

_TICKS = [(value / 100, f"{value} %") for value in (0, 25, 50, 75, 100)]


class ReliabilityChart(QWidget):
    """A bar a bin, as high as its images are often right; on the diagonal confidence is what it says.

    Between a bar and the diagonal lies how much it is too sure (above the bar) or not sure enough.

    Signals:
        bin_chosen: a bar was clicked; how sure the model is there, 0 to 1.
    """

    bin_chosen = Signal(float)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._bins: tuple[ReliabilityBin, ...] = ()
        self._item = pg.PlotItem()
        self.plot = pg.PlotWidget(plotItem=self._item)
        self.plot.setAccessibleName("Reliability diagram")
        self._words = with_role(QLabel(), "quiet")
        self._words.setWordWrap(True)
        self._bars = pg.BarGraphItem(x=[], height=[], width=0.05)
        self._gaps = pg.BarGraphItem(x=[], y0=[], height=[], width=0.05)
        self._line = pg.PlotDataItem([0, 1], [0, 1])
        self._prepare()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self._words)
        theme.changed.connect(self._restyle)
        self._restyle()

    @property
    def words(self) -> str:
        """The sentence beneath the diagram."""
        return self._words.text()

    def show_bins(self, bins: Sequence[ReliabilityBin], ece: float) -> None:
        """Show the bins, and the expected calibration error, a fraction, in words."""
        self._bins = tuple(bins)
        there = [one for one in bins if one.images]
        middles = [(one.low + one.high) / 2 for one in there]
        widths = [0.92 * (one.high - one.low) for one in there]
        heights = [one.accuracy for one in there]
        self._bars.setOpts(x=middles, height=heights, width=widths)
        gaps = [one.confidence - one.accuracy for one in there]
        self._gaps.setOpts(x=middles, y0=heights, height=gaps, width=widths)
        images = sum(one.images for one in there)
        mean = sum(one.images * (one.confidence - one.accuracy) for one in there) / max(images, 1)
        side = "too sure of itself" if mean > 0 else "less sure than it could be"
        self._words.setText(
            f"Calibration error (ECE) {percent(ece)}: on the whole the model is {side} "
            f"by {percent(abs(mean))}."
        )

    def told(self, confidence: float) -> str:
        """What the bin at a confidence from 0 to 1 says; "" where it has no image."""
        for one in self._bins:
            if one.low <= confidence < one.high or (confidence == one.high == 1):
                if not one.images:
                    return ""
                sure = f"{one.low:.0%} to {one.high:.0%} sure"
                return (
                    f"{sure}: {amount(one.images, 'image')}, right in {percent(one.accuracy)}, "
                    f"on average {percent(one.confidence)} sure"
                )
        return ""

    def _prepare(self) -> None:
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.plot.setMinimumHeight(180)
        self._item.hideButtons()
        self._item.setMenuEnabled(False)
        box: pg.ViewBox = self._item.getViewBox()
        box.setMouseEnabled(x=False, y=False)
        box.setRange(xRange=(0, 1), yRange=(0, 1), padding=0.04)
        self._item.setLabel("bottom", "How sure it is")
        self._item.setLabel("left", "How often it is right")
        for name in ("bottom", "left"):
            self._item.getAxis(name).enableAutoSIPrefix(False)
            self._item.getAxis(name).setTicks([_TICKS])
        for item in (self._bars, self._gaps, self._line):
            self._item.addItem(item)
        self._item.scene().sigMouseMoved.connect(self._moved)
        self._item.scene().sigMouseClicked.connect(self._clicked)

    @Slot(object)
    def _moved(self, place: QPointF) -> None:
        inside = self._item.sceneBoundingRect().contains(place)
        where = self._item.getViewBox().mapSceneToView(place)
        self.plot.setToolTip(self.told(where.x()) if inside else "")

    @Slot(object)
    def _clicked(self, click: Any) -> None:
        place = click.scenePos()
        confidence = self._item.getViewBox().mapSceneToView(place).x()
        if self._item.sceneBoundingRect().contains(place) and self.told(confidence):
            self.bin_chosen.emit(confidence)

    @Slot()
    def _restyle(self) -> None:
        theme = self._theme
        self.plot.setBackground(theme.color("surface"))
        for name in ("left", "bottom"):
            axis = self._item.getAxis(name)
            axis.setPen(pg.mkPen(theme.color("line"), width=Size.LINE))
            axis.setTextPen(theme.color("quiet"))
            axis.setStyle(tickFont=font(Type.CAPTION), tickLength=0)
            axis.label.setFont(font(Type.CAPTION))
        self._bars.setOpts(brush=theme.color("accent"), pen=pg.mkPen(None))
        self._gaps.setOpts(brush=theme.tint("val", 0.35), pen=pg.mkPen(None))
        self._line.setPen(pg.mkPen(theme.color("quiet"), width=Size.LINE, style=Qt.PenStyle.DashLine))
