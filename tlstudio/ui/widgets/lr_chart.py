"""The loss at rising learning rates, and a line at the one that is suggested or chosen."""

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from tlstudio.ui import text
from tlstudio.ui.theme import Size, Theme, Type
from tlstudio.ui.widgets.paint import font

_REDRAW_EVERY = 100  # milliseconds
_DECADES = (-6, 1)  # powers of ten that a sweep goes through
_STEP = 0.05  # decades that an arrow key moves the line by
_CLIMB = 0.8  # of its fall that the curve may climb above where it began: diverging, it leaves the picture


class LrChart(QWidget):
    """Drawn while a sweep goes on; the line can be dragged, or moved with the left and right arrow keys.

    Signals:
        rate_changed: the line stands at another rate.
    """

    rate_changed = Signal(float)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._suggested: float | None = None
        self.rates: list[float] = []
        self.losses: list[float] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Loss over the learning rate")
        self.setAccessibleDescription("The left and right arrow keys move the line.")
        self._item = pg.PlotItem(axisItems={"bottom": _RateAxis("bottom")})
        self.plot = pg.PlotWidget(plotItem=self._item)
        self._prepare_plot()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_REDRAW_EVERY)
        self._later.timeout.connect(self._redraw)
        theme.changed.connect(self._restyle)
        self._restyle()

    @property
    def rate(self) -> float | None:
        """Where the line stands; None where there is none."""
        return 10**self._place if self._line.isVisible() else None

    def clear(self) -> None:
        self.rates, self.losses, self._suggested = [], [], None
        self._line.setVisible(False)
        self._redraw()

    def add(self, rate: float, loss: float) -> None:
        self.rates.append(rate)
        self.losses.append(loss)
        if not self._later.isActive():
            self._later.start()

    def suggest(self, rate: float) -> None:
        """Put the line there."""
        self._suggested = rate
        self._redraw()
        self._line.setVisible(True)
        self._move(math.log10(rate))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -_STEP, Qt.Key.Key_Right: _STEP}.get(Qt.Key(event.key()))
        if step and self._line.isVisible():
            self._move(self._place + step)
        else:
            super().keyPressEvent(event)

    @property
    def _place(self) -> float:
        """The power of ten at which the line stands."""
        return float(self._line.getXPos())

    def _move(self, place: float) -> None:
        if place == self._place:
            self._moved()
        else:
            self._line.setValue(place)

    @Slot()
    def _moved(self) -> None:
        rate = self.rate
        if rate is None:
            return
        suggested = self._suggested is not None and math.isclose(rate, self._suggested, rel_tol=1e-9)
        self._line.label.setText(f"{'suggested' if suggested else 'chosen'}: {text.figure(rate)}")
        self.rate_changed.emit(rate)

    @Slot()
    def _redraw(self) -> None:
        self._curve.setData(np.log10(self.rates), np.array(self.losses))
        if self.losses:
            low, first = min(self.losses), self.losses[0]
            high = min(max(self.losses), first + _CLIMB * max(first - low, 0.1 * first))
            room = 0.08 * (high - low) or 0.1
            self._item.getViewBox().setYRange(low - room, high + room, padding=0)

    def _prepare_plot(self) -> None:
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.plot.setAntialiasing(True)
        self._item.hideButtons()
        self._item.setMenuEnabled(False)
        self._item.getAxis("left").setWidth(Size.AXIS)
        self._item.setLabel("bottom", "Learning rate")
        self._item.setLabel("left", "Loss")
        box: pg.ViewBox = self._item.getViewBox()
        box.setMouseEnabled(x=False, y=False)
        box.setXRange(*_DECADES, padding=0.03)
        self._curve = self._item.plot([], [], antialias=True)
        self._line = pg.InfiniteLine(
            angle=90,
            movable=True,
            bounds=_DECADES,
            label="",
            labelOpts={"position": 0.94, "movable": False, "anchors": [(0, 0.5), (1, 0.5)]},
        )
        self._line.setVisible(False)
        self._line.setCursor(Qt.CursorShape.SizeHorCursor)
        self._line.sigPositionChanged.connect(self._moved)
        self._item.addItem(self._line, ignoreBounds=True)

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
        self._item.showGrid(x=False, y=True, alpha=0.25)
        self._curve.setPen(pg.mkPen(theme.color("train"), width=Size.FOCUS))
        self._line.setPen(pg.mkPen(theme.color("accent"), width=Size.FOCUS))
        self._line.setHoverPen(pg.mkPen(theme.color("accent_hover"), width=2 * Size.FOCUS))
        self._line.label.setColor(theme.color("text"))
        self._line.label.setFont(font(Type.BODY, bold=True))


class _RateAxis(pg.AxisItem):
    """Whole powers of ten, as people write them."""

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803
        return [(1.0, [float(power) for power in range(math.ceil(minVal), math.floor(maxVal) + 1)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [text.figure(10**value) for value in values]
