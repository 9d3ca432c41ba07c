"""What an ensemble gains on the validation images: its best member, and each way to answer together."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.inference.events import Combine, EnsembleMeasured
from tlstudio.ui.text import amount, percent
from tlstudio.ui.theme import Space, restyle, with_role
from tlstudio.ui.try_it.desk import TryDesk

WAYS: dict[Combine, str] = {
    Combine.MEAN: "Mean of probabilities",
    Combine.WEIGHTED: "Weighted by validation",
    Combine.VOTE: "Majority vote",
}
_CHANCE = 0.05
_EQUAL = 1e-9
_TICK = "Tick the runs that answer together. What they gain is measured on their validation images first."
_MEASURING = "Asking the runs about their validation images…"


class GainView(QWidget):
    """A row for the best member and for each way; below it what to make of the one that is chosen."""

    def __init__(self, desk: TryDesk) -> None:
        super().__init__()
        self._desk = desk
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self._table = QWidget()
        grid = QGridLayout(self._table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(Space.L)
        grid.setVerticalSpacing(Space.XS // 2)
        grid.setColumnStretch(0, 1)
        self.cells = [[QLabel() for _ in range(3)] for _ in range(1 + len(WAYS))]
        for row, cells in enumerate(self.cells):
            for column, cell in enumerate(cells):
                cell.setTextFormat(Qt.TextFormat.PlainText)
                if column:
                    cell.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                else:
                    cell.setMinimumWidth(1)
                grid.addWidget(cell, row, column)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addWidget(self._table)
        layout.addWidget(self.sentence)
        layout.addStretch(1)
        desk.models_changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Follow the desk."""
        measured = self._desk.measured
        self._table.setVisible(measured is not None)
        if measured is not None:
            self._show(measured)
        elif self._desk.not_measured:
            self.sentence.setText(self._desk.not_measured)
        elif self._desk.measuring:
            self.sentence.setText(_MEASURING)
        else:
            self.sentence.setText(_TICK)

    def _show(self, measured: EnsembleMeasured) -> None:
        best = measured.members[measured.best]
        titles = {run.path.name: run.title for run in self._desk.runs or ()}
        title = titles.get(best.title, best.title)
        rows = [(f"Best alone: {title}", percent(best.top1), "")]
        rows += [(WAYS[way.combine], percent(way.top1), _points(way.gain)) for way in measured.ways]
        chosen = 1 + [way.combine for way in measured.ways].index(self._desk.combine)
        for row, (cells, words) in enumerate(zip(self.cells, rows, strict=True)):
            for cell, word in zip(cells, words, strict=True):
                cell.setText(word)
                with_role(cell, "chosen" if row == chosen else "quiet")
                restyle(cell)
                font = cell.font()
                font.setBold(row == chosen)
                cell.setFont(font)
        self.cells[0][0].setToolTip(f"{title}, epoch {best.epoch}")
        self.sentence.setText(_advice(measured, self._desk.combine))


def _points(gain: float) -> str:
    words = f"{100 * abs(gain):.1f}"
    return f"{'' if float(words) == 0 else '+' if gain > 0 else '−'}{words} points"


def _advice(measured: EnsembleMeasured, combine: Combine) -> str:
    way, images = measured.way(combine), amount(measured.images, "validation image")
    if way.gain < _EQUAL:
        more = "less than" if way.gain < -_EQUAL else "no more than"
        return f"On {images} they get {more} the best of them alone: one run is enough."
    if way.p >= _CHANCE:
        return f"On {images} they get more right, but so small a gain may be chance (p = {way.p:.2f})."
    return f"On {images} they get more right than the best of them alone (p = {way.p:.3f})."
