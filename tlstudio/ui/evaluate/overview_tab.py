"""The Overview tab: the headline figures, and every epoch's model beside the chosen one."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from tlstudio.evaluation.one_epoch_events import EpochEvaluated
from tlstudio.training.events import EpochTested
from tlstudio.ui.evaluate.desk import EvaluateDesk
from tlstudio.ui.text import percent
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import card
from tlstudio.ui.widgets.epoch_chart import EpochChart
from tlstudio.ui.widgets.figure_table import Cell, FigureTable
from tlstudio.ui.widgets.headline import Headline

_CHOSEN, _HINDSIGHT = "★ chosen by validation", "best on test, in hindsight"


class OverviewTab(QWidget):
    """Figures with their intervals; a row an epoch, a click on which looks at its model."""

    def __init__(self, desk: EvaluateDesk, theme: Theme) -> None:
        super().__init__()
        self._desk = desk
        self._epochs: tuple[int, ...] = ()
        self.headlines = {name: Headline() for name in ("top1", "top5", "f1", "precision", "recall", "ece")}
        self.caution = with_role(QLabel(), "alert")
        self.why = QLabel()
        columns = ("Epoch", "Validation", "Test", "Val. loss", "Test loss")
        self.table = FigureTable("Every epoch's model", columns)
        self.chart = EpochChart(theme)
        self._lay_out()
        desk.changed.connect(self._show)
        self.table.row_chosen.connect(self._choose)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(Space.M)
        for headline in self.headlines.values():
            top.addWidget(headline)
        top.addStretch(1)
        for label in (self.caution, self.why):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(Space.L)
        for content in (self.table, self.chart):
            frame = card()
            inside = QVBoxLayout(frame)
            inside.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
            inside.addWidget(content)
            split.addWidget(frame)
        split.setSizes([2 * Size.SIDE, Size.SIDE])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.M)
        layout.addLayout(top)
        layout.addWidget(self.caution)
        layout.addWidget(self.why)
        layout.addWidget(split, 1)

    @Slot()
    def _show(self) -> None:
        evaluated, judged = self._desk.evaluated, self._desk.judged
        if evaluated is None or judged is None:
            return
        metrics = judged.metrics
        show = self.headlines
        show["top1"].show_estimate("Top-1", metrics.top1)
        show["top5"].setVisible(metrics.top_k < len(evaluated.classes))  # or it could not be wrong
        show["top5"].show_estimate(f"Top-{metrics.top_k}", metrics.top5)
        show["f1"].show_estimate("Macro F1", metrics.macro_f1)
        show["precision"].show_words("Macro precision", percent(metrics.macro_precision), "mean of classes")
        show["recall"].show_words("Macro recall", percent(metrics.macro_recall), "mean of classes")
        show["ece"].show_words("Calibration error", percent(metrics.ece), "lower is better")
        self.caution.setText(evaluated.caution)
        self.caution.setVisible(bool(evaluated.caution))
        self.why.setText(_sentence(evaluated))
        self._epochs = tuple(row.epoch for row in evaluated.table)
        self.table.show_rows(_cells(row, evaluated) for row in evaluated.table)
        if evaluated.epoch in self._epochs:
            self.table.selectRow(self._epochs.index(evaluated.epoch))
        self.chart.show_table(evaluated.table)

    @Slot(int)
    def _choose(self, row: int) -> None:
        self._desk.choose_epoch(self._epochs[row])


def _cells(row: EpochTested, evaluated: EpochEvaluated) -> tuple[Cell, ...]:
    marks = [_CHOSEN] * row.chosen
    marks += [_HINDSIGHT] * (row.epoch == evaluated.hindsight != evaluated.chosen)
    return (
        (row.epoch, "  ".join([str(row.epoch), ", ".join(marks)]).strip()),
        (row.val_top1, percent(row.val_top1)),
        (row.test_top1, percent(row.test_top1)),
        (row.val_loss, f"{row.val_loss:.3f}"),
        (row.test_loss, f"{row.test_loss:.3f}"),
    )


def _sentence(evaluated: EpochEvaluated) -> str:
    best = next((row for row in evaluated.table if row.epoch == evaluated.hindsight), None)
    if best is None or evaluated.hindsight == evaluated.chosen:
        return evaluated.why
    return (
        f"{evaluated.why} Hindsight would have picked epoch {best.epoch}, with {percent(best.test_top1)} on "
        "test; whoever chooses by the test images no longer has any to judge by."
    )
