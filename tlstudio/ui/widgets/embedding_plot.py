"""Images and captions as points of a plane."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QMouseEvent, QPolygonF

from tlstudio.ui.theme import Size, Theme

_DOT, _MARK = 8, 15
_REACH = 12  # pixels within which a dot is under the pointer
_MOST_KEYS = 14  # groups that are named beside the map
_SYMBOLS = ("o", "s", "t", "d", "p", "h")

Points = npt.NDArray[np.float32]


class EmbeddingPlot(pg.PlotWidget):
    """Dots in the colours of their groups, captions as labelled stars.

    Signals:
        pointed: the row of the image under the pointer; -1 for none.
        picked: the row of the image that was clicked.
        lassoed: the rows of the images around which a line was drawn, with Shift and the mouse.
    """

    pointed = Signal(int)
    picked = Signal(int)
    lassoed = Signal(list)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._points: Points = np.empty((0, 2), np.float32)
        self._captions: Points = np.empty((0, 2), np.float32)
        self._groups: npt.NDArray[np.intp] = np.empty(0, np.intp)
        self._names: Sequence[str] = ()
        self._under = -1
        self._loop: list[tuple[float, float]] = []  # the line that is being drawn
        self._outline: pg.PlotCurveItem | None = None
        self.setAccessibleName("Map of images and captions")
        self.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.setMenuEnabled(False)
        self.hideAxis("left")
        self.hideAxis("bottom")
        self.setAspectLocked(True)
        scene: Any = self.scene()
        scene.sigMouseMoved.connect(self._moved)
        theme.changed.connect(self._draw)
        self.setBackground(theme.color("surface"))

    def show_points(
        self, points: Points, groups: npt.NDArray[np.intp], captions: Points, names: Sequence[str]
    ) -> None:
        """``groups`` gives each image's colour by number, -1 for none; ``names`` are of the captions."""
        fresh = points is not self._points
        self._points, self._groups, self._captions, self._names = points, groups, captions, names
        self._draw()
        if fresh:
            self.autoRange(padding=0.08)

    def look_of(self, group: int) -> tuple[str, str]:
        """Colour and symbol of a group: safe for colour-blind eyes, each pair once as long as they last."""
        tokens = self._theme.tokens
        colours = tuple(
            dict.fromkeys((*tokens.others[:4], tokens.tuned, tokens.frozen, tokens.test, tokens.train))
        )
        if group < 0:
            return tokens.quiet, "o"
        return colours[group % len(colours)], _SYMBOLS[group // len(colours) % len(_SYMBOLS)]

    def keys(self, names: Mapping[int, str]) -> str:
        """What the colours of groups stand for, as rich text."""
        marks = {"o": "●", "s": "■", "t": "▲", "d": "◆", "p": "⬟", "h": "⬢"}
        lines: list[str] = []
        for group, name in list(names.items())[:_MOST_KEYS]:
            colour, symbol = self.look_of(group)
            lines.append(f'<span style="color: {colour}">{marks[symbol]}</span>&nbsp; {escape(name)}')
        if len(names) > _MOST_KEYS:
            lines.append(f"and {len(names) - _MOST_KEYS:,} more")
        return "<br>".join(lines)

    @Slot()
    def _draw(self) -> None:
        self.clear()
        self.setBackground(self._theme.color("surface"))
        for group in np.unique(self._groups).tolist():
            chosen = self._points[self._groups == group]
            colour, symbol = self.look_of(group)
            item = pg.ScatterPlotItem(
                chosen[:, 0], chosen[:, 1], size=_DOT, symbol=symbol, pen=None, brush=pg.mkBrush(colour)
            )
            self.addItem(item)
        for (x, y), name in zip(self._captions.tolist(), self._names, strict=True):
            pen = pg.mkPen(self._theme.color("surface"), width=Size.LINE)
            mark = pg.ScatterPlotItem(
                [x], [y], size=_MARK, symbol="star", pen=pen, brush=pg.mkBrush(self._theme.color("text"))
            )
            mark.setZValue(10)
            label = pg.TextItem(name, color=self._theme.color("text"), anchor=(0.5, 1.3))
            label.fill = pg.mkBrush(self._theme.tint("surface", 0.8))
            label.setZValue(11)
            label.setPos(x, y)
            self.addItem(mark)
            self.addItem(label)

    def row_at(self, place: QPointF) -> int:
        """The image nearest to a place of the scene, if it is near enough; otherwise -1."""
        if not len(self._points):
            return -1
        box = self.getViewBox()
        pixel = box.viewPixelSize()
        there = box.mapSceneToView(place)
        off = (self._points - (there.x(), there.y())) / pixel
        distances = np.hypot(off[:, 0], off[:, 1])
        row = int(distances.argmin())
        return row if distances[row] <= _REACH else -1

    def rows_within(self, loop: Sequence[tuple[float, float]]) -> list[int]:
        """The images within a closed line of the plane."""
        line = QPolygonF([QPointF(x, y) for x, y in loop])
        rule = Qt.FillRule.OddEvenFill
        points = enumerate(self._points.tolist())
        return [row for row, (x, y) in points if line.containsPoint(QPointF(x, y), rule)]

    @Slot(object)
    def _moved(self, place: QPointF) -> None:
        row = self.row_at(place)
        if row != self._under:
            self._under = row
            self.setCursor(Qt.CursorShape.ArrowCursor if row < 0 else Qt.CursorShape.PointingHandCursor)
            self.pointed.emit(row)

    def mousePressEvent(self, ev: QMouseEvent) -> None:
        if ev.button() == Qt.MouseButton.LeftButton and ev.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._loop = [self._place(ev)]
            pen = pg.mkPen(self._theme.color("accent"), width=Size.FOCUS)
            self._outline = pg.PlotCurveItem(pen=pen)
            self.getViewBox().addItem(self._outline, ignoreBounds=True)
            return
        super().mousePressEvent(ev)
        if ev.button() == Qt.MouseButton.LeftButton:
            row = self.row_at(self.mapToScene(ev.position().toPoint()))
            if row >= 0:
                self.picked.emit(row)

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:
        if not self._loop or self._outline is None:
            super().mouseMoveEvent(ev)
            return
        self._loop.append(self._place(ev))
        across, up = np.array([*self._loop, self._loop[0]]).T
        self._outline.setData(across, up)

    def mouseReleaseEvent(self, ev: QMouseEvent) -> None:
        if not self._loop:
            super().mouseReleaseEvent(ev)
            return
        rows, self._loop = self.rows_within(self._loop), []
        self.getViewBox().removeItem(self._outline)
        if rows:
            self.lassoed.emit(rows)

    def _place(self, ev: QMouseEvent) -> tuple[float, float]:
        """Where in the plane the mouse is."""
        there = self.getViewBox().mapSceneToView(self.mapToScene(ev.position().toPoint()))
        return there.x(), there.y()
