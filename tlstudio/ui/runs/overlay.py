"""The curves of several runs in one chart, each in a colour of its own, then in dashes."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.evaluation.run_table import ListedRun, RunCurves
from tlstudio.ui import text
from tlstudio.ui.theme import Size, Space, Theme, Type, with_role
from tlstudio.ui.widgets.basics import QuietComboBox
from tlstudio.ui.widgets.flow_layout import FlowLayout
from tlstudio.ui.widgets.paint import font

MOST = 20  # as many as colours and dashes tell apart
_DASHES = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
)
_NAME = 34  # letters of a run's name beside its line
_NEAR = 12  # pixels

Points = tuple[list[int], list[float]]


def _of_epochs(field: str) -> Callable[[RunCurves], Points]:
    def points(run: RunCurves) -> Points:
        return [one.epoch for one in run.epochs], [getattr(one, field) for one in run.epochs]

    return points


def _of_tests(field: str) -> Callable[[RunCurves], Points]:
    def points(run: RunCurves) -> Points:
        return [one.epoch for one in run.tested], [getattr(one, field) for one in run.tested]

    return points


# By their words: a run's points, and whether they are shares.
METRICS: dict[str, tuple[Callable[[RunCurves], Points], bool]] = {
    "Validation top-1": (_of_epochs("val_top1"), True),
    "Validation loss": (_of_epochs("val_loss"), False),
    "Training top-1": (_of_epochs("train_top1"), True),
    "Training loss": (_of_epochs("train_loss"), False),
    "Test top-1": (_of_tests("test_top1"), True),
    "Test loss": (_of_tests("test_loss"), False),
    "Learning rate": (_of_epochs("lr"), False),
    "Seconds an epoch": (_of_epochs("seconds"), False),
}


def line_of(place: int, theme: Theme) -> tuple[QColor, Qt.PenStyle]:
    """How the run at this place is drawn: the palette in its order, then the same with dashes."""
    colors = theme.tokens.others
    return QColor(colors[place % len(colors)]), _DASHES[place // len(colors) % len(_DASHES)]


class CurveOverlay(QWidget):
    """A chart of one metric over the epochs, with a key."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._curves: tuple[RunCurves, ...] = ()
        self._titles: dict[Path, str] = {}
        self._spots: list[tuple[float, float, str]] = []
        self.chosen = QuietComboBox()
        self.chosen.setAccessibleName("Metric")
        self.chosen.setMinimumWidth(Size.THUMBNAIL)
        for words in METRICS:
            self.chosen.addItem(words)
        self.chosen.currentIndexChanged.connect(self._redraw)
        self._read = with_role(QLabel(), "quiet")
        self._item = pg.PlotItem()
        self.plot = pg.PlotWidget(plotItem=self._item)
        self._keys = QWidget()
        self._prepare()
        head = QHBoxLayout()
        head.setSpacing(Space.S)
        head.addWidget(self.chosen)
        head.addWidget(self._read, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addLayout(head)
        layout.addWidget(self.plot, 1)
        self._column = layout
        layout.addWidget(self._keys)
        theme.changed.connect(self._redraw)
        self._redraw()

    def show_runs(self, runs: Sequence[ListedRun]) -> None:
        """Whose curves come next."""
        self._titles = {run.path: run.title for run in runs[:MOST]}
        self._curves = tuple(one for one in self._curves if one.run in self._titles)
        self._redraw()

    def show_curves(self, curves: Sequence[RunCurves]) -> None:
        self._curves = tuple(one for one in curves if one.run in self._titles)
        self._redraw()

    @property
    def keys(self) -> list[str]:
        """The names beside the lines."""
        return [label.toolTip() for label in self._keys.findChildren(QLabel)]

    @property
    def points(self) -> list[tuple[float, float, str]]:
        """What is drawn: epoch, value, and what is said of the point."""
        return self._spots

    # Own

    def _prepare(self) -> None:
        self.plot.setAccessibleName("Curves of the selected runs")
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.plot.setAntialiasing(True)
        self.plot.setMinimumHeight(Size.CELL)
        self._item.hideButtons()
        self._item.setMenuEnabled(False)
        self._item.getViewBox().setMouseEnabled(x=False, y=False)
        for name in ("left", "bottom"):
            self._item.getAxis(name).enableAutoSIPrefix(False)
        self._item.getAxis("left").setWidth(Size.AXIS)
        self._item.setLabel("bottom", "Epoch")
        self._item.scene().sigMouseMoved.connect(self._moved)

    @Slot()
    def _redraw(self) -> None:
        points, shares = METRICS[self.chosen.currentText()]
        self._item.clear()
        self._spots = []
        self._restyle()
        places = {path: place for place, path in enumerate(self._titles)}
        for one in self._curves:
            epochs, values = points(one)
            known = [(x, y) for x, y in zip(epochs, values, strict=True) if math.isfinite(y)]
            color, dashes = line_of(places[one.run], self._theme)
            pen = pg.mkPen(color, width=Size.FOCUS, style=dashes)
            xs, ys = [x for x, _ in known], [100 * y if shares else y for _, y in known]
            item = self._item.plot(xs, ys, pen=pen, symbol="o", symbolSize=Space.S - 2, antialias=True)
            item.setSymbolBrush(color)
            item.setSymbolPen(None)
            for x, y in known:
                said = text.percent(y) if shares else text.figure(y)
                self._spots.append(
                    (x, 100 * y if shares else y, f"{self._titles[one.run]}, epoch {x}: {said}")
                )
        self._set_range(shares)
        self._show_keys()
        self._read.setText("" if self._spots or not self._curves else "These runs have no such figures yet.")

    def _set_range(self, shares: bool) -> None:
        box: pg.ViewBox = self._item.getViewBox()
        last = max((x for x, _, _ in self._spots), default=5)
        values = [y for _, y, _ in self._spots]
        low, high = min(values, default=0.0), max(values, default=100.0 if shares else 1.0)
        room = 0.08 * (high - low) or (2.0 if shares else 0.05 * abs(high) or 1.0)
        box.setXRange(0.7, max(2, last) + 0.3, padding=0)
        box.setYRange(max(-1.0, low - room) if shares else low - room, high + room, padding=0)
        step = max(1, math.ceil(last / 12))
        self._item.getAxis("bottom").setTicks([[(x, str(x)) for x in range(1, math.floor(last) + 1, step)]])
        self._item.getAxis("left").setLabel("%" if shares else "")

    def _show_keys(self) -> None:
        keys = QWidget()
        flow = FlowLayout(keys, spacing=Space.M)
        for place, (path, title) in enumerate(self._titles.items()):
            flow.addWidget(_Key(title, path, *line_of(place, self._theme)))
        self._column.replaceWidget(self._keys, keys)
        self._keys.hide()
        self._keys.deleteLater()
        self._keys = keys

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
        box = self._item.getViewBox()
        where = box.mapSceneToView(place)
        wide, high = box.viewPixelSize()
        near = [
            (math.hypot((x - where.x()) / wide, (y - where.y()) / high), words) for x, y, words in self._spots
        ]
        distance, words = min(near, default=(math.inf, ""))
        if self._spots:
            self._read.setText(words if distance <= _NEAR else "")


class _Key(QWidget):
    """A piece of a run's line and its name."""

    def __init__(self, title: str, path: Path, color: QColor, dashes: Qt.PenStyle) -> None:
        super().__init__()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.XS)
        line.addWidget(_Stroke(color, dashes))
        short = title if len(title) <= _NAME else f"{title[: _NAME - 1]}…"
        label = with_role(QLabel(short), "caption")
        label.setToolTip(f"{title}\n{path}")
        line.addWidget(label)


class _Stroke(QWidget):
    def __init__(self, color: QColor, dashes: Qt.PenStyle) -> None:
        super().__init__()
        self._pen = QPen(color, Size.FOCUS, dashes)
        self.setFixedSize(Space.XL, Space.M)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self._pen)
        painter.drawLine(0, self.height() // 2, self.width(), self.height() // 2)
