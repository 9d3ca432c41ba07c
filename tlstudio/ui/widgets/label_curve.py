"""Accuracy against the number of labels: a curve a method, zero-shot as a line, trained runs as points."""

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.ui.text import percent
from tlstudio.ui.theme import Size, Space, Theme, Type, with_role
from tlstudio.ui.widgets.paint import font
from tlstudio.ui.widgets.split_editor import Dot
from tlstudio.zeroshot.few_shot_events import (
    LEARNING,
    METHODS,
    CurvePoint,
    FewShotPoint,
    Method,
    TrainedPoint,
    curve,
)

_ZERO = -1.0  # where zero-shot stands on the axis, which is in powers of two
_TOKENS: dict[Method, str] = {"zero-shot": "text", "tip-adapter": "train", "linear-probe": "val"}
_MARKS: dict[Method, str] = {"tip-adapter": "o", "linear-probe": "s"}
_RUN_TOKEN, _RUN_MARK = "new", "d"
_NEAR = 12  # pixels to a point that is pointed at


class LabelCurve(QWidget):
    """The mean of the draws as a line with its interval as a band, each draw as a faint dot.

    Signals:
        pointed: what is said of the point under the pointer, or "".
    """

    pointed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._points: tuple[FewShotPoint, ...] = ()
        self._runs: tuple[TrainedPoint, ...] = ()
        self._item = pg.PlotItem(axisItems={"bottom": _LabelAxis("bottom"), "left": _ShareAxis("left")})
        self.plot = pg.PlotWidget(plotItem=self._item)
        self.plot.setAccessibleName("Top-1 over the number of labelled images a class")
        self._spots: list[tuple[float, float, str]] = []
        self._prepare()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addLayout(self._keys())
        layout.addWidget(self.plot, 1)
        theme.changed.connect(self._redraw)
        self._redraw()

    def clear(self) -> None:
        self.show_points((), ())

    def show_points(self, points: Sequence[FewShotPoint], runs: Sequence[TrainedPoint]) -> None:
        self._points, self._runs = tuple(points), tuple(runs)
        self._redraw()

    def told_at(self, place: float, share: float) -> str:
        """What is said of the point nearest to these coordinates, or "" where none is near."""
        box = self._item.getViewBox()
        wide, high = box.viewPixelSize()
        near = [(math.hypot((x - place) / wide, (y - share) / high), words) for x, y, words in self._spots]
        distance, words = min(near, default=(math.inf, ""))
        return words if distance <= _NEAR else ""

    @property
    def spots(self) -> list[tuple[float, float, str]]:
        """What can be pointed at: images a class as a power of two, top-1, and words."""
        return self._spots

    # Own

    def _keys(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        keys = [(METHODS[method], _TOKENS[method]) for method in METHODS]
        for words, token in (*keys, ("Trained runs", _RUN_TOKEN)):
            line.addWidget(Dot(self._theme, token))
            line.addWidget(with_role(QLabel(words), "quiet"))
            line.addSpacing(Space.S)
        line.addStretch(1)
        return line

    def _prepare(self) -> None:
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.plot.setAntialiasing(True)
        self._item.hideButtons()
        self._item.setMenuEnabled(False)
        self._item.getViewBox().setMouseEnabled(x=False, y=False)
        for name in ("left", "bottom"):
            self._item.getAxis(name).enableAutoSIPrefix(False)
        self._item.getAxis("left").setWidth(Size.AXIS + Space.S)
        self._item.setLabel("bottom", "Labelled images a class")
        self._item.setLabel("left", "Top-1 on the test images")
        self._item.scene().sigMouseMoved.connect(self._moved)

    @Slot()
    def _redraw(self) -> None:
        self._item.clear()
        self._spots = []
        self._restyle()
        for one in curve(self._points, "zero-shot"):
            self._draw_zero_shot(one)
        for method in LEARNING:
            self._draw_method(method, curve(self._points, method))
        self._draw_runs()
        self._set_range()

    def _draw_zero_shot(self, one: CurvePoint) -> None:
        color = self._theme.color(_TOKENS["zero-shot"])
        pen = pg.mkPen(color, width=Size.FOCUS, style=Qt.PenStyle.DashLine)
        band = pg.LinearRegionItem(
            (one.top1.low, one.top1.high), orientation="horizontal", movable=False,
            brush=self._theme.tint(_TOKENS["zero-shot"], 0.07), pen=pg.mkPen(None),
        )  # fmt: skip
        band.setZValue(-20)
        self._item.addItem(band, ignoreBounds=True)
        self._item.addItem(pg.InfiniteLine(one.top1.value, angle=0, pen=pen), ignoreBounds=True)
        self._add_marks([_ZERO], [one.top1.value], "o", color)
        self._spots.append((_ZERO, one.top1.value, f"Zero-shot, no label: {_said(one)}"))

    def _draw_method(self, method: Method, line: Sequence[CurvePoint]) -> None:
        if not line:
            return
        token = _TOKENS[method]
        color = self._theme.color(token)
        places = [_place(one.per_class) for one in line]
        low = pg.PlotDataItem(places, [one.top1.low for one in line])
        high = pg.PlotDataItem(places, [one.top1.high for one in line])
        for edge in (low, high):
            edge.setPen(pg.mkPen(None))
            self._item.addItem(edge)
        band = pg.FillBetweenItem(low, high, brush=self._theme.tint(token, 0.15))
        band.setZValue(-10)
        self._item.addItem(band)
        values = [one.top1.value for one in line]
        self._item.plot(places, values, pen=pg.mkPen(color, width=Size.FOCUS))
        draws = [
            (place, draw)
            for place, one in zip(places, line, strict=True)
            for draw in (one.draws if len(one.draws) > 1 else ())
        ]
        faint = self._theme.tint(token, 0.4)
        self._add_marks([x for x, _ in draws], [y for _, y in draws], _MARKS[method], faint, small=True)
        self._add_marks(places, values, _MARKS[method], color)
        for place, one in zip(places, line, strict=True):
            count = f"{one.per_class:.3g} image{'' if one.per_class == 1 else 's'} a class"
            draws_said = f", mean of {len(one.draws)} draws" if len(one.draws) > 1 else ""
            words = f"{METHODS[method]}, {count}: {_said(one)}{draws_said}"
            self._spots.append((place, one.top1.value, words))

    def _draw_runs(self) -> None:
        color = self._theme.color(_RUN_TOKEN)
        for run in self._runs:
            place = _place(run.per_class)
            bar = pg.ErrorBarItem(
                x=np.array([place]), y=np.array([run.top1.value]), beam=0,
                top=run.top1.high - run.top1.value, bottom=run.top1.value - run.top1.low,
                pen=pg.mkPen(color, width=Size.LINE),
            )  # fmt: skip
            self._item.addItem(bar)
            self._add_marks([place], [run.top1.value], _RUN_MARK, color)
            words = f"{run.arch}, {run.strategy}: {percent(run.top1.value)} on {run.per_class:.3g} a class"
            self._spots.append((place, run.top1.value, words))

    def _add_marks(
        self, x: list[float], y: list[float], mark: str, color: object, *, small: bool = False
    ) -> None:
        spots = pg.ScatterPlotItem(
            x,
            y,
            symbol=mark,
            size=int(Space.XS + 1 if small else Space.S + 2),
            brush=color,
            pen=pg.mkPen(None),
        )
        self._item.addItem(spots)

    def _set_range(self) -> None:
        box: pg.ViewBox = self._item.getViewBox()
        most = max((x for x, _, _ in self._spots), default=4.0)
        box.setXRange(_ZERO - 0.2, max(4.0, most) + 0.2, padding=0)
        bounds = [one.top1 for one in (*self._points, *self._runs)]
        low = min((one.low for one in bounds), default=0.0)
        high = max((one.high for one in bounds), default=1.0)
        room = max(0.05 * (high - low), 0.02)
        box.setYRange(max(0.0, low - room), min(1.0, high + room) + 0.005, padding=0)

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

    @Slot(object)
    def _moved(self, place: QPointF) -> None:
        where = self._item.getViewBox().mapSceneToView(place)
        words = self.told_at(where.x(), where.y())
        self.plot.setToolTip(words)
        self.pointed.emit(words)


class _LabelAxis(pg.AxisItem):
    """Powers of two, and before them none."""

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803
        whole = range(0, math.floor(maxVal) + 1)
        # A label takes about forty pixels.
        step = max(1, math.ceil(40 * (maxVal - minVal) / max(size, 1)))
        return [(1.0, [_ZERO, *map(float, whole[::step])])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return ["none" if value == _ZERO else f"{2**value:,.0f}" for value in values]


class _ShareAxis(pg.AxisItem):
    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [f"{value * 100:g} %" for value in np.round(values, 4).tolist()]


def _place(per_class: float) -> float:
    return math.log2(per_class) if per_class > 0 else _ZERO


def _said(one: CurvePoint) -> str:
    return f"{percent(one.top1.value)} ({percent(one.top1.low)} to {percent(one.top1.high)})"
