"""The Curves tab: ROC and precision against recall, each class against the rest."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.ui.evaluate.desk import EvaluateDesk
from tlstudio.ui.theme import Size, Space, Theme, Type, with_role
from tlstudio.ui.widgets.basics import card
from tlstudio.ui.widgets.figure_table import FigureTable
from tlstudio.ui.widgets.paint import font

_TICKS = [(value / 100, f"{value} %") for value in (0, 25, 50, 75, 100)]
Points = NDArray[np.floating]

_MOST_FAINT = 50  # classes drawn behind the chosen one


class CurvePlot(QWidget):
    """One kind of curve: the chosen class in the accent colour, the others faint behind it."""

    def __init__(self, title: str, across: str, up: str, theme: Theme, *, diagonal: bool) -> None:
        super().__init__()
        self._theme, self._diagonal = theme, diagonal
        self._item = pg.PlotItem()
        self.plot = pg.PlotWidget(plotItem=self._item)
        self.plot.setAccessibleName(title)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.plot.setMinimumHeight(Size.THUMBNAIL)
        self._item.hideButtons()
        self._item.setMenuEnabled(False)
        box: pg.ViewBox = self._item.getViewBox()
        box.setMouseEnabled(x=False, y=False)
        box.setRange(xRange=(-0.02, 1.08), yRange=(-0.02, 1.03), padding=0)  # or "100 %" would not fit
        for name, words in (("bottom", across), ("left", up)):
            self._item.setLabel(name, words)
            self._item.getAxis(name).setTicks([_TICKS])
        self._chance = self._item.plot([0, 1], [0, 1]) if diagonal else None
        self._faint: list[pg.PlotDataItem] = []
        self._chosen = self._item.plot([], [], antialias=True)
        self._chosen.setZValue(10)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addWidget(with_role(QLabel(title), "lead"))
        layout.addWidget(self.plot, 1)
        theme.changed.connect(self._restyle)
        self._restyle()

    @property
    def drawn(self) -> Points:
        """The curve of the chosen class."""
        across, up = self._chosen.getData()
        return np.empty((0, 2)) if across is None or up is None else np.stack([across, up], axis=1)

    def show_curves(self, curves: Sequence[Points], chosen: Points | None) -> None:
        """Curves are points ``[M, 2]``; without a chosen one only the others are drawn."""
        for item in self._faint:
            self._item.removeItem(item)
        self._faint = [self._item.plot(one, antialias=True) for one in curves[:_MOST_FAINT]]
        self._chosen.setData(np.empty((0, 2)) if chosen is None else chosen)
        self._restyle()

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
        if self._chance is not None:
            pen = pg.mkPen(theme.color("quiet"), width=Size.LINE, style=Qt.PenStyle.DashLine)
            self._chance.setPen(pen)
        for item in self._faint:
            item.setPen(pg.mkPen(theme.tint("quiet", 0.35), width=Size.LINE))
        self._chosen.setPen(pg.mkPen(theme.color("accent"), width=Size.FOCUS))


class CurvesTab(QWidget):
    """A table of the areas; the class that is chosen there is drawn."""

    def __init__(self, desk: EvaluateDesk, theme: Theme) -> None:
        super().__init__()
        self._desk = desk
        self._chosen = -1
        self.roc = CurvePlot("ROC", "False positives", "True positives", theme, diagonal=True)
        self.pr = CurvePlot("Precision and recall", "Recall", "Precision", theme, diagonal=False)
        self.table = FigureTable("Areas", ("Class", "AUROC", "AP"))
        self.words = with_role(QLabel(), "quiet")
        self.words.setWordWrap(True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.L)
        side = card()
        side.setFixedWidth(Size.SIDE)
        column = QVBoxLayout(side)
        column.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        column.addWidget(self.words)
        column.addWidget(self.table, 1)
        layout.addWidget(side)
        for plot in (self.roc, self.pr):
            frame = card()
            inside = QVBoxLayout(frame)
            inside.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
            inside.addWidget(plot)
            layout.addWidget(frame, 1)
        desk.changed.connect(self._show)
        self.table.row_chosen.connect(self._choose)

    @Slot()
    def _show(self) -> None:
        evaluated, judged = self._desk.evaluated, self._desk.judged
        if evaluated is None or judged is None:
            return
        names = evaluated.classes
        self.table.show_rows(
            (
                name,
                (one.auroc, f"{one.auroc:.3f}") if one else "–",
                (one.average_precision, f"{one.average_precision:.3f}") if one else "–",
            )
            for name, one in zip(names, judged.curves, strict=True)
        )
        there = [one for one in judged.curves if one]
        if there:
            auroc = sum(one.auroc for one in there) / len(there)
            precision = sum(one.average_precision for one in there) / len(there)
            self.words.setText(
                f"Mean of the classes: AUROC {auroc:.3f}, average precision (AP) {precision:.3f}."
            )
        else:
            self.words.setText("All images are of one class: there is nothing to tell it from.")
        self._choose(self._chosen if 0 <= self._chosen < len(names) else 0)

    @Slot(int)
    def _choose(self, label: int) -> None:
        judged = self._desk.judged
        if judged is None:
            return
        self._chosen = label
        chosen = judged.curves[label]
        others = [one for place, one in enumerate(judged.curves) if one and place != label]
        self.roc.show_curves([one.roc for one in others], chosen.roc if chosen else None)
        self.pr.show_curves([one.pr for one in others], chosen.pr if chosen else None)
        for row in range(self.table.rowCount()):
            if self.table.original(row) == label:
                self.table.selectRow(row)
