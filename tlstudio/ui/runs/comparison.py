"""In what the selected runs differ: their settings, and what came of them where that can be compared."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QBrush, QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from tlstudio.evaluation.run_table import ListedRun
from tlstudio.runs.differences import differences
from tlstudio.ui import text
from tlstudio.ui.item_models.runs import mixed
from tlstudio.ui.runs.desk import RunsDesk
from tlstudio.ui.runs.overlay import MOST
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import button

MIXED = (
    "These runs are of different images, or of other divisions of them: their figures do not rank one above "
    "the other."
)


class Comparison(QWidget):
    """A row for each setting that differs, a column for each run; what departs from the first is marked."""

    def __init__(self, desk: RunsDesk, theme: Theme) -> None:
        super().__init__()
        self._desk, self._theme = desk, theme
        self.head = with_role(QLabel(), "lead")
        self.guard = with_role(QLabel(MIXED), "alert")
        self.guard.setWordWrap(True)
        self.table = QTableWidget()
        self.table.setAccessibleName("What differs between the selected runs")
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().setDefaultSectionSize(Size.ROW)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.delete_button = button(theme, "Delete", "trash", "danger")
        self.delete_button.clicked.connect(self._delete)
        line = QHBoxLayout()
        line.addWidget(self.head, 1)
        line.addWidget(self.delete_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addLayout(line)
        layout.addWidget(self.guard)
        layout.addWidget(self.table, 1)
        desk.selection_changed.connect(self._show)
        desk.runs_changed.connect(self._show)
        theme.changed.connect(self._show)

    def texts(self) -> list[list[str]]:
        """What stands in the table, each row after its name."""
        rows: list[list[str]] = []
        for row in range(self.table.rowCount()):
            model = self.table.model()
            name = model.headerData(row, Qt.Orientation.Vertical)
            rows.append([name, *(model.index(row, one).data() for one in range(self.table.columnCount()))])
        return rows

    @Slot()
    def _show(self) -> None:
        runs = [run for run in self._desk.selected if run.config is not None][:MOST]
        if len(runs) < 2:
            self.table.setRowCount(0)
            return
        found = differences([run.config for run in runs if run.config])
        self.head.setText(
            f"{text.amount(len(runs), 'run')} · {text.amount(len(found), 'setting')} differ"
            if len(found) != 1
            else f"{text.amount(len(runs), 'run')} · one setting differs"
        )
        apart = mixed(runs)
        self.guard.setVisible(apart)
        rows: list[tuple[str, Sequence[str], bool]] = [(one.name, one.values, True) for one in found]
        if not apart:
            rows += [(name, values, False) for name, values in _figures(runs)]
        self._fill(runs, rows)

    def _fill(self, runs: Sequence[ListedRun], rows: list[tuple[str, Sequence[str], bool]]) -> None:
        table = self.table
        table.setColumnCount(len(runs))
        table.setRowCount(len(rows))
        table.setHorizontalHeaderLabels([run.title for run in runs])
        table.setVerticalHeaderLabels([name for name, _, _ in rows])
        bold = QFont(table.font())
        bold.setBold(True)
        for row, (name, values, marked) in enumerate(rows):
            for column, value in enumerate(values):
                item = QTableWidgetItem(value)
                item.setToolTip(f"{runs[column].title}, {name}: {value}")
                if marked and value != values[0]:
                    item.setFont(bold)
                    item.setForeground(QBrush(self._theme.color("accent")))
                table.setItem(row, column, item)

    @Slot()
    def _delete(self) -> None:
        self._desk.delete(self._desk.selected)


def _figures(runs: Sequence[ListedRun]) -> list[tuple[str, list[str]]]:
    """What came of runs on the same images."""

    def share(value: float | None) -> str:
        return "–" if value is None else text.percent(value)

    return [
        ("Validation top-1", [share(run.row.val_top1) for run in runs]),
        ("Test top-1", [share(run.row.test_top1) for run in runs]),
        ("Time", ["–" if run.row.seconds is None else text.seconds(run.row.seconds) for run in runs]),
    ]
