"""What came of a lab, drawn: bars with intervals, accuracy against time, and the curves of its sweeps."""

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRect, QSize, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from tlstudio.evaluation.lab_events import Curve, LabReading, Summary
from tlstudio.evaluation.metrics import Estimate
from tlstudio.ui import text
from tlstudio.ui.theme import Size, Space, Theme, Type, with_role
from tlstudio.ui.widgets.basics import QuietComboBox
from tlstudio.ui.widgets.paint import draw_icon, draw_text, font

_TOKEN = "test"  # all that is drawn here are figures on the test images
_NEAR = 14  # pixels to a point that is pointed at
_WIDE = 30  # times as long: from there on the axis of time is in powers of ten
_FIGURE = 64  # pixels of a figure at the right of its bar


def interval(one: Estimate) -> str:
    """ "93.4 % (90.1 % to 95.8 %)"."""
    return f"{text.percent(one.value)} ({text.percent(one.low)} to {text.percent(one.high)})"


class LabBars(QWidget):
    """Test top-1 of each strategy, the best first, a whisker for its 95 % interval."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._rows: list[Summary] = []
        self._best = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
        self.setAccessibleName("Test top-1 of each strategy")
        theme.changed.connect(self.update)

    @property
    def titles(self) -> list[str]:
        """From top to bottom."""
        return [one.title for one in self._rows]

    def show_reading(self, reading: LabReading | None) -> None:
        rows = reading.summaries if reading else ()
        self._rows = sorted(rows, key=lambda one: -one.top1.value)
        self._best = reading.recommendation.group if reading and reading.recommendation else ""
        told = "; ".join(f"{one.title}: {interval(one.top1)}" for one in self._rows)
        self.setAccessibleDescription(told)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(Size.SIDE, max(1, len(self._rows)) * Size.ROW)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        names = min(self.width() * 3 // 5, self._names_width())
        for place, one in enumerate(self._rows):
            row = QRect(0, place * Size.ROW, self.width(), Size.ROW)
            self._paint_row(painter, row, one, names)

    def _names_width(self) -> int:
        wide = max((self.fontMetrics().horizontalAdvance(one.title) for one in self._rows), default=0)
        return wide + Space.XL + Size.ICON_SMALL

    def _paint_row(self, painter: QPainter, row: QRect, one: Summary, names: int) -> None:
        theme, best = self._theme, one.group == self._best
        if best:
            star = QRect(row.left(), 0, Size.ICON_SMALL, Size.ICON_SMALL)
            star.moveTop(row.center().y() - Size.ICON_SMALL // 2)
            draw_icon(painter, "star-filled", theme.color("tuned"), star)
        painter.setFont(font(Type.BODY, bold=best))
        painter.setPen(theme.color("text"))
        indent = Size.ICON_SMALL + Space.XS
        draw_text(painter, row.adjusted(indent, 0, names - row.width(), 0), one.title)
        draw_text(
            painter,
            QRect(row.right() - _FIGURE, row.top(), _FIGURE, row.height()),
            text.percent(one.top1.value),
            Qt.AlignmentFlag.AlignRight,
        )
        room = QRect(names, 0, row.width() - names - _FIGURE - Space.S, Size.BAR + Space.XS)
        room.moveTop(row.center().y() - room.height() // 2)
        painter.fillRect(room, theme.color("faint"))
        bar = QRect(room)
        bar.setWidth(round(room.width() * one.top1.value))
        painter.fillRect(bar, theme.color(_TOKEN))
        low, high = (room.left() + round(room.width() * share) for share in (one.top1.low, one.top1.high))
        painter.setPen(theme.color("text"))
        middle = room.center().y()
        painter.drawLine(low, middle, high, middle)
        for end in (low, high):
            painter.drawLine(end, middle - Space.XS, end, middle + Space.XS)


class _Plot(QWidget):
    """A plot in the look of the studio, with a line above it that says what is pointed at."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._spots: list[tuple[float, float, str]] = []
        self._read = with_role(QLabel(), "caption")
        self._item = pg.PlotItem()
        self.plot = pg.PlotWidget(plotItem=self._item)
        self.plot.setAccessibleName(name)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.plot.setAntialiasing(True)
        self.plot.setMinimumHeight(Size.CELL)
        self._item.hideButtons()
        self._item.setMenuEnabled(False)
        self._item.getViewBox().setMouseEnabled(x=False, y=False)
        for side in ("left", "bottom"):
            self._item.getAxis(side).enableAutoSIPrefix(False)
        self._item.getAxis("left").setWidth(Size.AXIS)
        self._item.scene().sigMouseMoved.connect(self._moved)
        self.head = QHBoxLayout()
        self.head.addWidget(self._read, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addLayout(self.head)
        layout.addWidget(self.plot, 1)
        theme.changed.connect(self._redraw)

    @property
    def spots(self) -> list[tuple[float, float, str]]:
        """What can be pointed at: place, top-1 in per cent, and words."""
        return self._spots

    def _draw(self) -> None:
        """Add what there is to the empty plot."""
        raise NotImplementedError

    @Slot()
    def _redraw(self) -> None:
        self._item.clear()
        self._spots = []
        theme = self._theme
        self.plot.setBackground(theme.color("surface"))
        for name in ("left", "bottom"):
            axis = self._item.getAxis(name)
            axis.setPen(pg.mkPen(theme.color("line"), width=Size.LINE))
            axis.setTextPen(theme.color("quiet"))
            axis.setStyle(tickFont=font(Type.CAPTION), tickLength=0)
            axis.label.setFont(font(Type.CAPTION))
        self._item.showGrid(x=False, y=True, alpha=0.25)
        self._draw()
        self._read.setText("")

    def _add_intervals(self, places: Sequence[float], tops: Sequence[Estimate], color: QColor) -> None:
        values = np.array([100 * one.value for one in tops])
        bars = pg.ErrorBarItem(
            x=np.array(places, float),
            y=values,
            top=np.array([100 * one.high for one in tops]) - values,
            bottom=values - np.array([100 * one.low for one in tops]),
            beam=0,
            pen=pg.mkPen(color, width=Size.LINE),
        )
        self._item.addItem(bars)

    def _fit(self, tops: Sequence[Estimate]) -> None:
        low, high = min((one.low for one in tops), default=0.0), max((one.high for one in tops), default=1.0)
        room = 5.0
        box: pg.ViewBox = self._item.getViewBox()
        box.setYRange(max(0.0, 100 * low - room), min(100.0, 100 * high + room) + 0.5, padding=0)
        places = [x for x, _, _ in self._spots]
        left, right = min(places, default=0.0), max(places, default=1.0)
        wide = (right - left) or 1.0
        box.setXRange(left - 0.08 * wide, right + 0.12 * wide, padding=0)

    @Slot(object)
    def _moved(self, place: QPointF) -> None:
        box = self._item.getViewBox()
        where, (wide, high) = box.mapSceneToView(place), box.viewPixelSize()
        near = [
            (math.hypot((x - where.x()) / wide, (y - where.y()) / high), words) for x, y, words in self._spots
        ]
        distance, words = min(near, default=(math.inf, ""))
        self._read.setText(words if distance <= _NEAR else "")


class LabScatter(_Plot):
    """Accuracy against time; what nothing else is both quicker and better than is joined by a line."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Test top-1 against time")
        self._reading: LabReading | None = None
        self._item.setLabel("left", "Test top-1, %")
        self._redraw()

    def show_reading(self, reading: LabReading | None) -> None:
        self._reading = reading
        self._redraw()

    @property
    def front(self) -> list[str]:
        """The titles along the line, quickest first."""
        found = {one.group: one.title for one in self._reading.summaries} if self._reading else {}
        return [found[group] for group in self._reading.front] if self._reading else []

    def _draw(self) -> None:
        rows = self._reading.summaries if self._reading else ()
        times = [max(one.seconds, 0.01) for one in rows]
        powers = bool(times) and max(times) > _WIDE * min(times)
        places = [math.log10(one) if powers else one for one in times]
        color, quiet = self._theme.color(_TOKEN), self._theme.color("quiet")
        if rows and self._reading:
            at = {one.group: place for one, place in zip(rows, places, strict=True)}
            tops = {one.group: 100 * one.top1.value for one in rows}
            front = self._reading.front
            pen = pg.mkPen(self._theme.color("accent"), width=Size.FOCUS, style=Qt.PenStyle.DashLine)
            self._item.plot([at[group] for group in front], [tops[group] for group in front], pen=pen)
            self._add_intervals(places, [one.top1 for one in rows], quiet)
            for one, place in zip(rows, places, strict=True):
                on_front = one.group in front
                self._add_point(place, one, color if on_front else quiet, named=on_front)
        self._label_time(places, powers)
        self._fit([one.top1 for one in rows])

    def _add_point(self, place: float, one: Summary, color: QColor, *, named: bool) -> None:
        spot = pg.ScatterPlotItem(
            [place], [100 * one.top1.value], symbol="d" if named else "o", size=Space.M, brush=color, pen=None
        )
        self._item.addItem(spot)
        front = ", on the front" if named else ""
        said = f"{one.title}: {interval(one.top1)} in {text.seconds(one.seconds)}{front}"
        self._spots.append((place, 100 * one.top1.value, said))
        if named:
            label = pg.TextItem(one.title, color=self._theme.color("text"), anchor=(0, 1))
            label.setFont(font(Type.CAPTION))
            label.setPos(place, 100 * one.top1.value)
            self._item.addItem(label, ignoreBounds=True)

    def _label_time(self, places: Sequence[float], powers: bool) -> None:
        axis = self._item.getAxis("bottom")
        axis.setLabel("Time")
        if not powers:
            last = max(places, default=1.0)
            step = 10 ** math.floor(math.log10(max(last, 0.1)))
            step *= 2 if last / step > 5 else 1 if last / step > 2 else 0.5
            count = math.ceil(last / step) + 1
            axis.setTicks([[(n * step, text.seconds(n * step) if n else "0 s") for n in range(count)]])
            return
        whole = range(math.floor(min(places)), math.ceil(max(places)) + 1)
        axis.setTicks([[(power, text.seconds(10.0**power)) for power in whole]])


class LabCurves(_Plot):
    """Accuracy by how far down is trained, or by images a class; a curve a network or method."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Test top-1 over a sweep")
        self._curves: dict[str, tuple[Curve, ...]] = {}
        self._legend = with_role(QLabel(), "caption")
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self.choice = QuietComboBox()
        self.choice.setAccessibleName("Sweep")
        self.choice.setMinimumWidth(Size.SIDE)
        self.choice.currentIndexChanged.connect(self._redraw)
        self.head.insertWidget(0, self.choice)
        self.head.addWidget(self._legend)
        self._item.setLabel("left", "Test top-1, %")
        self._redraw()

    def show_reading(self, reading: LabReading | None) -> None:
        sweeps = {"First unfrozen block": reading.depth, "Images a class": reading.labels} if reading else {}
        self._curves = {name: curves for name, curves in sweeps.items() if curves}
        before = self.choice.currentText()
        self.choice.blockSignals(True)
        self.choice.clear()
        self.choice.addItems(list(self._curves))
        self.choice.setCurrentIndex(max(0, self.choice.findText(before)))
        self.choice.blockSignals(False)
        self._redraw()

    @property
    def there(self) -> bool:
        return bool(self._curves)

    def _draw(self) -> None:
        name = self.choice.currentText()
        curves = self._curves.get(name, ())
        deep = name.startswith("First")
        ticks: dict[float, str] = {}
        tops: list[Estimate] = []
        keys: list[str] = []
        most = max((point.value or 0 for curve in curves for point in curve.points), default=1)
        for number, curve in enumerate(curves):
            others = self._theme.tokens.others
            color = QColor(others[number % len(others)])
            keys.append(f'<span style="color:{color.name()}">■</span> {curve.title}')
            places: list[float] = []
            for point in curve.points:
                if deep:
                    place, words = float(point.value or 0), point.block
                else:  # all images stand one doubling beyond the largest number
                    place = math.log2(point.value or 2 * most)
                    words = "all" if point.value is None else str(point.value)
                places.append(place)
                ticks.setdefault(place, words)
                tops.append(point.top1)
                said = f"{curve.title}, {words}: {interval(point.top1)}"
                self._spots.append((place, 100 * point.top1.value, said))
            estimates = [point.top1 for point in curve.points]
            self._item.plot(
                places,
                [100 * one.value for one in estimates],
                pen=pg.mkPen(color, width=Size.FOCUS),
                symbol="o",
                symbolSize=Space.S,
                symbolBrush=color,
                symbolPen=None,
            )
            self._add_intervals(places, estimates, color)
        self._legend.setText(" &nbsp; ".join(keys))
        self._item.getAxis("bottom").setLabel(name)
        self._item.getAxis("bottom").setTicks([sorted(ticks.items())])
        self._fit(tops)
