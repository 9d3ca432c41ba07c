"""Loss above top-1 over the epochs, drawn while training goes on."""

import dataclasses
import itertools
import math
from collections.abc import Iterator

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Slot
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.data.catalogue import SPLITS, Split
from tlstudio.ui import text
from tlstudio.ui.theme import Size, Space, Theme, Type, number_font, with_role
from tlstudio.ui.widgets.split_editor import NAMES, Dot

_REDRAW_EVERY = 100  # milliseconds
_MOST_POINTS = 4000  # of the running loss; beyond that every second one goes
_HEADROOM = 1.25  # above the highest value, for the names of the stages
_FEW_EPOCHS = 20  # an axis of so many is shown whole
_CURVES: tuple[Split, ...] = SPLITS


@dataclasses.dataclass
class _Series:
    """The values of one curve by epoch; one that comes again takes the place of what was from there on."""

    epochs: list[float] = dataclasses.field(default_factory=list)
    values: list[float] = dataclasses.field(default_factory=list)

    def add(self, epoch: float, value: float) -> None:
        while self.epochs and self.epochs[-1] >= epoch:
            self.epochs.pop()
            self.values.pop()
        if math.isfinite(value):
            self.epochs.append(epoch)
            self.values.append(value)

    def at(self, epoch: float) -> float | None:
        return self.values[self.epochs.index(epoch)] if epoch in self.epochs else None

    def halve(self) -> None:
        self.epochs, self.values = self.epochs[::2], self.values[::2]


class Chart(QWidget):
    """One plot with its title and, beside it, the values under the crosshair.

    The values are the latest where there is no crosshair.
    """

    def __init__(self, title: str, theme: Theme, *, per_cent: bool) -> None:
        super().__init__()
        self.title = title
        self._theme = theme
        self._per_cent = per_cent
        self.series = {name: _Series() for name in _CURVES}
        self.running = _Series()
        left = _PerCentAxis("left") if per_cent else pg.AxisItem("left")
        self._item = pg.PlotItem(axisItems={"bottom": _EpochAxis("bottom"), "left": left})
        self.box: pg.ViewBox = self._item.getViewBox()
        self.plot = pg.PlotWidget(plotItem=self._item)
        self.plot.setAccessibleName(f"{title} over the epochs")
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self._values: dict[Split, QLabel] = {name: QLabel() for name in _CURVES}
        self._keys: dict[Split, QWidget] = {name: QWidget() for name in _CURVES}
        self.bands: list[tuple[int, float, float, str]] = []
        self._band_items: list[pg.GraphicsObject] = []
        self._prepare_plot()
        self._lay_out()
        self.restyle()

    @property
    def readout(self) -> dict[str, str]:
        """What is written beside the title, by curve."""
        return {name: label.text() for name, label in self._values.items()}

    def clear(self) -> None:
        self.series = {name: _Series() for name in _CURVES}
        self.running = _Series()
        self.show_bands([])
        self.redraw()
        self.read_at(None)

    def show_range(self, epochs: int) -> None:
        """So many epochs on the axis, and a little room for the last point."""
        self.box.setXRange(0, epochs * 1.02, padding=0)

    def redraw(self) -> None:
        self._running_item.setData(np.array(self.running.epochs), np.array(self.running.values))
        for name, item in self._items.items():
            series = self.series[name]
            item.setData(np.array(series.epochs), np.array(series.values))
        if not self._per_cent:
            values = [value for one in (*self.series.values(), self.running) for value in one.values]
            top = max(values, default=1.0) * _HEADROOM or 1.0
            self.box.setYRange(0, top, padding=0)

    def read_at(self, epoch: float | None) -> None:
        """Write the values at that epoch, and draw a line through it; with None the latest, and no line."""
        self._line.setVisible(epoch is not None)
        if epoch is not None:
            self._line.setPos(epoch)
        for name, label in self._values.items():
            series = self.series[name]
            value = series.at(epoch) if epoch is not None else series.values[-1] if series.values else None
            label.setText("–" if value is None else self._written(value))
            self._keys[name].setVisible(bool(series.values) or name != "test")

    def show_bands(self, bands: list[tuple[int, float, float, str]]) -> None:
        """Stages as (number, first and last epoch on the axis, name); one alone needs no band."""
        self.bands = bands
        for item in self._band_items:
            self._item.removeItem(item)
        self._band_items = []
        if len(bands) < 2:
            return
        for number, start, end, name in bands:
            band = pg.LinearRegionItem(
                (start, end), movable=False, brush=self._theme.tint("accent", 0.07 if number % 2 else 0.0)
            )
            band.setZValue(-10)
            for line in band.lines:
                line.setPen(pg.mkPen(self._theme.color("line"), width=Size.LINE))
                line.setHoverPen(line.pen)
            label = pg.TextItem(name, color=self._theme.color("quiet"), anchor=(0, 0))
            label.setFont(_font(Type.CAPTION))
            label.setPos(start, self._top())
            self._band_items += [band, label]
        for item in self._band_items:
            self._item.addItem(item, ignoreBounds=True)

    def restyle(self) -> None:
        """Take the theme's colours."""
        theme = self._theme
        self.plot.setBackground(theme.color("surface"))
        for name in ("left", "bottom"):
            axis = self._item.getAxis(name)
            axis.setPen(pg.mkPen(theme.color("line"), width=Size.LINE))
            axis.setTextPen(theme.color("quiet"))
            axis.setStyle(tickFont=_font(Type.CAPTION), tickLength=0)
        self._item.showGrid(x=False, y=True, alpha=0.25)
        for name, item in self._items.items():
            color = theme.color(name)
            pen = pg.mkPen(color, width=Size.FOCUS, style=Qt.PenStyle.SolidLine)
            if name == "test":
                item.setPen(None)
            else:
                item.setPen(pen)
            item.setSymbolBrush(color)
            item.setSymbolPen(None)
        self._running_item.setPen(pg.mkPen(theme.tint("train", 0.4), width=Size.LINE))
        self._line.setPen(pg.mkPen(theme.color("quiet"), width=Size.LINE, style=Qt.PenStyle.DashLine))
        self.show_bands(self.bands)

    def _prepare_plot(self) -> None:
        self._item.hideButtons()
        self._item.setMenuEnabled(False)
        self.box.setMouseEnabled(x=False, y=False)
        self.plot.setAntialiasing(True)
        self._item.getAxis("left").setWidth(Size.AXIS)
        if self._per_cent:
            self.box.setYRange(0, _HEADROOM, padding=0)
            self._item.getAxis("left").setTickSpacing(0.5, 0.25)
        self.show_range(5)
        self._running_item = self._item.plot([], [], antialias=True)
        symbols: dict[Split, str] = {"train": "o", "val": "s", "test": "d"}
        self._items = {
            name: self._item.plot([], [], symbol=symbols[name], symbolSize=Space.S - 1, antialias=True)
            for name in _CURVES
        }
        self._line = pg.InfiniteLine(angle=90, movable=False)
        self._line.setVisible(False)
        self._item.addItem(self._line, ignoreBounds=True)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(Space.L)
        head.addWidget(with_role(QLabel(self.title), "lead"))
        head.addStretch(1)
        for name, key in self._keys.items():
            inner = QHBoxLayout(key)
            inner.setContentsMargins(0, 0, 0, 0)
            inner.setSpacing(Space.S)
            inner.addWidget(Dot(self._theme, name))
            inner.addWidget(with_role(QLabel(NAMES[name]), "quiet"))
            self._values[name].setFont(number_font())
            self._values[name].setMinimumWidth(Size.AXIS + Space.S)
            inner.addWidget(self._values[name])
            head.addWidget(key)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addLayout(head)
        layout.addWidget(self.plot, 1)

    def _written(self, value: float) -> str:
        return text.percent(value) if self._per_cent else f"{value:.3f}"

    def _top(self) -> float:
        return self.box.viewRange()[1][1]


class TrainingCharts(QWidget):
    """Loss and top-1 above one another with one axis of epochs and one crosshair.

    The crosshair follows the mouse, or the left and right arrow keys once the charts have the focus.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Curves of loss and top-1")
        self.loss = Chart("Loss", theme, per_cent=False)
        self.top1 = Chart("Top-1 accuracy", theme, per_cent=True)
        self.top1.box.setXLink(self.loss.box)
        self._epoch: float | None = None
        self._total = 5
        self._stages: list[tuple[int, int, int, str]] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.XS, Space.XS, Space.XS, Space.XS)
        layout.setSpacing(Space.M)
        for chart in (self.loss, self.top1):
            layout.addWidget(chart, 1)
            scene = chart.plot.scene()
            assert isinstance(scene, pg.GraphicsScene)
            scene.sigMouseMoved.connect(self._follow_mouse)
            chart.plot.viewport().installEventFilter(self)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_REDRAW_EVERY)
        self._later.timeout.connect(self._redraw)
        theme.changed.connect(self._restyle)
        self.clear(self._total)

    def clear(self, epochs: int) -> None:
        """An empty pair of charts for a run of so many epochs."""
        self._stages = []
        self._epoch = None
        for chart in (self.loss, self.top1):
            chart.clear()
        self.set_total(epochs)

    def set_total(self, epochs: int) -> None:
        """How many epochs the run is to have."""
        self._total = epochs
        for chart in (self.loss, self.top1):
            chart.show_range(self._epochs_shown())

    def add_stage(self, number: int, first_epoch: int, epochs: int, name: str) -> None:
        before = [stage for stage in self._stages if stage[0] < number]
        self._stages = [*before, (number, first_epoch - 1, first_epoch - 1 + epochs, name)]
        self._later.start()

    def add_running(self, epoch: float, loss: float, top1: float) -> None:
        """Means of the epoch under way; ``epoch`` is how far along the axis it has come."""
        self.loss.running.add(epoch, loss)
        self.top1.running.add(epoch, top1)
        if len(self.loss.running.epochs) > _MOST_POINTS:
            self.loss.running.halve()
            self.top1.running.halve()
        self._schedule()

    def add_epoch(self, epoch: int, train: tuple[float, float], val: tuple[float, float]) -> None:
        """(loss, top-1) of training and of validation."""
        values: dict[Split, tuple[float, float]] = {"train": train, "val": val}
        for name, (loss, top1) in values.items():
            self.loss.series[name].add(epoch, loss)
            self.top1.series[name].add(epoch, top1)
        self._schedule()

    def add_test(self, epoch: int, loss: float, top1: float) -> None:
        self.loss.series["test"].add(epoch, loss)
        self.top1.series["test"].add(epoch, top1)
        self._schedule()

    def read_at(self, epoch: float | None) -> None:
        """Put the crosshair on the nearest epoch that is there; take it away with None."""
        known = self.loss.series["train"].epochs or self.loss.series["val"].epochs
        self._epoch = None if epoch is None or not known else min(known, key=lambda one: abs(one - epoch))
        for chart in (self.loss, self.top1):
            chart.read_at(self._epoch)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        known = self.loss.series["train"].epochs
        if event.key() == Qt.Key.Key_Escape:
            self.read_at(None)
        elif step and known:
            self.read_at(known[-1] if self._epoch is None else self._epoch + step)
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.read_at(None)
        return super().eventFilter(watched, event)  # type: ignore[arg-type]

    def _schedule(self) -> None:
        if not self._later.isActive():
            self._later.start()

    @Slot()
    def _redraw(self) -> None:
        epochs = self._epochs_shown()
        for chart in (self.loss, self.top1):
            chart.show_range(epochs)
            chart.redraw()
            chart.show_bands(list(self._stages))
            chart.read_at(self._epoch)

    def _epochs_shown(self) -> int:
        """A long run begins with a part of its axis, which grows: or its first epochs would be a dot."""
        reached = max((*self.loss.running.epochs[-1:], *self.loss.series["val"].epochs[-1:]), default=0)
        return min(self._total, max(_FEW_EPOCHS, math.ceil(1.5 * reached)))

    @Slot()
    def _restyle(self) -> None:
        for chart in (self.loss, self.top1):
            chart.restyle()

    @Slot(object)
    def _follow_mouse(self, place: QPointF) -> None:
        self.read_at(self.loss.box.mapSceneToView(place).x())


class _EpochAxis(pg.AxisItem):
    """Whole numbers alone, no more than fit."""

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803
        most = max(1, int(size // Size.ICON_LARGE))
        least = max(1, (maxVal - minVal) / most)
        step = next(nice for nice in _nice_steps() if nice >= least)
        first = math.ceil(minVal / step) * step
        return [(step, [float(value) for value in range(first, math.floor(maxVal) + 1, step)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [f"{value:.0f}" if value >= 1 else "" for value in values]


def _nice_steps() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50, ..."""
    return (digit * 10**power for power in itertools.count() for digit in (1, 2, 5))


class _PerCentAxis(pg.AxisItem):
    """Fractions as per cent."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [f"{value * 100:.0f} %" for value in values]


def _font(size: Type) -> QFont:
    font = number_font()
    font.setPixelSize(size)
    return font
