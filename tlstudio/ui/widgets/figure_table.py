"""A table of names and figures that is sorted by a click on a column, figures by their values."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
)

from tlstudio.ui.theme import Size, Space, Theme, number_font

Cell = str | tuple[float, str]  # a name, or a figure and how it is written

_VALUE = Qt.ItemDataRole.UserRole
_ROW = Qt.ItemDataRole.UserRole + 1
_REACH = 32  # pixels of the longest bar


class FigureTable(QTableWidget):
    """The first column takes the room that the figures leave.

    Signals:
        row_chosen: a row as it was handed in, whatever the table is sorted by; by a click or Enter.
    """

    row_chosen = Signal(int)

    def __init__(self, name: str, columns: Sequence[str]) -> None:
        super().__init__(0, len(columns))
        self.setAccessibleName(name)
        self.setHorizontalHeaderLabels(list(columns))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(Size.ROW)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if (first := self.horizontalHeaderItem(0)) is not None:
            first.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setSortingEnabled(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.activated.connect(self._chosen)
        self.clicked.connect(self._chosen)

    def show_rows(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Show these in their order, until a column is clicked."""
        listed = list(rows)
        self.setSortingEnabled(False)
        self.setRowCount(len(listed))
        for row, cells in enumerate(listed):
            for column, cell in enumerate(cells):
                self.setItem(row, column, _Item(row, cell, first=column == 0))
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def texts(self) -> list[list[str]]:
        """What stands in the cells, row by row."""
        model, columns = self.model(), range(self.columnCount())
        return [[model.index(row, one).data() for one in columns] for row in range(self.rowCount())]

    def original(self, row: int) -> int:
        """Which of the rows that were handed in stands in this one."""
        return self.model().index(row, 0).data(_ROW)

    def _chosen(self, index: QModelIndex) -> None:
        self.row_chosen.emit(index.data(_ROW))


class _Item(QTableWidgetItem):
    def __init__(self, row: int, cell: Cell, *, first: bool) -> None:
        words = cell if isinstance(cell, str) else cell[1]
        super().__init__(words)
        self.setToolTip(words)
        self.setData(_ROW, row)
        if not isinstance(cell, str):
            self.setData(_VALUE, cell[0])
            self.setFont(number_font())
            side = Qt.AlignmentFlag.AlignLeft if first else Qt.AlignmentFlag.AlignRight
            self.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        mine, theirs = self.data(_VALUE), other.data(_VALUE)
        if mine is None or theirs is None:
            return self.text().casefold() < other.text().casefold()
        return mine < theirs


class GainBars(QStyledItemDelegate):
    """Paints a column's figures, from -1 to 1, as bars to both sides of a middle line.

    The words beside say the same: "helps +2.1", "hurts -0.8".
    """

    def __init__(self, theme: Theme, table: FigureTable) -> None:
        super().__init__(table)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Room for the bar beside the words."""
        return super().sizeHint(option, index) + QSize(2 * _REACH + Space.L, 0)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        value = index.data(_VALUE)
        if value is None:
            return
        model = index.model()
        values = (model.index(row, index.column()).data(_VALUE) for row in range(model.rowCount()))
        widest = max(abs(one or 0) for one in values)
        place: QRect = option.rect  # pyright: ignore[reportAttributeAccessIssue]
        box = place.adjusted(Space.S, 0, -Space.S, 0)
        height, middle = int(Size.BAR), box.left() + _REACH
        length = round(abs(value) / widest * _REACH) if widest else 0
        bar = QRect(middle if value > 0 else middle - length, box.center().y() - height // 2, length, height)
        painter.fillRect(bar, self._theme.color("new" if value > 0 else "error"))
        painter.fillRect(
            QRect(middle, box.top() + Space.XS, 1, box.height() - Space.S), self._theme.color("line")
        )
