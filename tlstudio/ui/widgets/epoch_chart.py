"""Validation and test top-1 of every epoch's model, the chosen one marked."""

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.data.catalogue import Split
from tlstudio.training.events import EpochTested
from tlstudio.ui.theme import Size, Space, Theme, Type, with_role
from tlstudio.ui.widgets.paint import font
from tlstudio.ui.widgets.split_editor import NAMES, Dot

_CURVES: tuple[tuple[Split, str], ...] = (("val", "s"), ("test", "d"))


class EpochChart(QWidget):
    """Two curves over the epochs; a line stands where validation chose."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._item = pg.PlotItem()
        self.plot = pg.PlotWidget(plotItem=self._item)
        self.plot.setAccessibleName("Validation and test top-1 over the epochs")
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.plot.setMinimumHeight(Size.THUMBNAIL)
        self._item.hideButtons()
        self._item.setMenuEnabled(False)
        box: pg.ViewBox = self._item.getViewBox()
        box.setMouseEnabled(x=False, y=False)
        self._chosen = pg.InfiniteLine(angle=90, movable=False)
        self._item.addItem(self._chosen, ignoreBounds=True)
        self._curves = {
            split: self._item.plot([], [], symbol=symbol, symbolSize=Space.S, antialias=True)
            for split, symbol in _CURVES
        }
        head = QHBoxLayout()
        head.setSpacing(Space.S)
        head.addWidget(with_role(QLabel("Top-1 by epoch"), "lead"))
        head.addStretch(1)
        for split, _ in _CURVES:
            head.addWidget(Dot(theme, split))
            head.addWidget(with_role(QLabel(NAMES[split]), "quiet"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addLayout(head)
        layout.addWidget(self.plot, 1)
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_table(self, table: Sequence[EpochTested]) -> None:
        epochs = [row.epoch for row in table]
        self._curves["val"].setData(epochs, [100 * row.val_top1 for row in table])
        self._curves["test"].setData(epochs, [100 * row.test_top1 for row in table])
        chosen = [row.epoch for row in table if row.chosen]
        self._chosen.setVisible(bool(chosen))
        if chosen:
            self._chosen.setPos(chosen[0])
        box: pg.ViewBox = self._item.getViewBox()
        box.setXRange(min(epochs, default=0) - 0.3, max(epochs, default=1) + 0.3, padding=0)
        shares = [100 * share for row in table for share in (row.val_top1, row.test_top1)]
        low, high = min(shares, default=0), max(shares, default=100)
        room = max(2.0, 0.1 * (high - low))
        box.setYRange(max(-1, low - room), min(101, high + room), padding=0)
        step = max(1, -(-len(epochs) // 12))
        self._item.getAxis("bottom").setTicks([[(epoch, str(epoch)) for epoch in epochs[::step]]])

    @Slot()
    def _restyle(self) -> None:
        theme = self._theme
        self.plot.setBackground(theme.color("surface"))
        for name in ("left", "bottom"):
            axis = self._item.getAxis(name)
            axis.setPen(pg.mkPen(theme.color("line"), width=Size.LINE))
            axis.setTextPen(theme.color("quiet"))
            axis.setStyle(tickFont=font(Type.CAPTION), tickLength=0)
        self._item.showGrid(x=False, y=True, alpha=0.25)
        for split, curve in self._curves.items():
            color = theme.color(split)
            curve.setPen(pg.mkPen(color, width=Size.FOCUS))
            curve.setSymbolBrush(color)
            curve.setSymbolPen(None)
        self._chosen.setPen(pg.mkPen(theme.color("quiet"), width=Size.LINE, style=Qt.PenStyle.DashLine))
