"""Which class is taken for which: a heat map whose cells can be pointed at and chosen."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from tlstudio.ui.text import amount, percent
from tlstudio.ui.theme import Size, Space, Theme, Type
from tlstudio.ui.widgets.paint import draw_text, font

NONE_NAME = "none of these"

_LABELS = 110  # the widest that names beside the rows get
_LARGEST = 72  # pixels a cell
_NAMED_FROM = 13  # pixels a cell, or names do not fit
_COUNTED_FROM = 26
_APART_FROM = 8
_SMALLEST = 4  # the widget grows for more classes, and is scrolled
_FAINTEST = 0.12  # how much of the colour a single image gets

_STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class ConfusionMatrix(QWidget):
    """A row a class, a column an answer; the deeper a cell's colour, the more of its row lies there.

    Right answers, on the diagonal, have another colour than mistakes. The arrow keys move along the cells.

    Attributes:
        current: the cell that is pointed at with the keyboard or was chosen last, as (row, column).

    Signals:
        cell_chosen: a row and a column, by a click or Enter.
    """

    cell_chosen = Signal(int, int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._counts: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self._names: tuple[str, ...] = ()
        self._columns: tuple[str, ...] = ()
        self._fills: NDArray[np.uint8] | None = None
        self._shares = False
        self._hovered: tuple[int, int] | None = None
        self.current: tuple[int, int] | None = None
        self.setProperty("role", "scrolled")
        self.setAccessibleName("Confusion matrix")
        self.setAccessibleDescription("The arrow keys move along the cells, Enter lists a cell's images.")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self._restyle)

    def show_counts(self, counts: Sequence[Sequence[int]], names: Sequence[str]) -> None:
        """Show counts ``[C, C]``, or ``[C, C + 1]`` whose last column is none of the classes.

        Of that column nothing is shown where it is empty.
        """
        found = np.array(counts, np.int64).reshape(len(names), -1)
        if found.shape[1] > len(names) and not found[:, -1].any():
            found = found[:, :-1]
        self._counts, self._names = found, tuple(names)
        self._columns = (*names, NONE_NAME)[: found.shape[1]]
        self.current = self._hovered = self._fills = None
        rows, columns = found.shape
        least = self.minimumSizeHint()
        self.setMinimumSize(
            max(least.width(), self._left() + Space.S + _SMALLEST * columns),
            max(least.height(), self._top() + Space.S + _SMALLEST * rows),
        )
        self.update()

    def show_shares(self, *, shares: bool) -> None:
        """Write per cent of a row into the cells, or how many images."""
        self._shares = shares
        self.update()

    def number(self, row: int, column: int) -> str:
        """What is written into a cell that has room."""
        count = int(self._counts[row, column])
        if not self._shares:
            return f"{count:,}"
        return f"{100 * count / max(1, int(self._counts[row].sum())):.0f}"

    def told(self, row: int, column: int) -> str:
        """What a cell says, in a sentence."""
        count, total = int(self._counts[row, column]), int(self._counts[row].sum())
        share = f" ({percent(count / total)})" if total else ""
        of = f"{count:,} of {amount(total, 'image')} of {self._names[row]}{share}"
        if column == row:
            return f"{of} recognised"
        return f"{of} taken for {self._columns[column]}"

    def cell_at(self, point: QPoint) -> tuple[int, int] | None:
        origin, cell = self._origin(), self._cell()
        if not cell or point.x() < origin.x() or point.y() < origin.y():
            return None
        row, column = (point.y() - origin.y()) // cell, (point.x() - origin.x()) // cell
        return (row, column) if row < self._counts.shape[0] and column < self._counts.shape[1] else None

    def cell_rect(self, row: int, column: int) -> QRect:
        origin, cell = self._origin(), self._cell()
        return QRect(origin.x() + column * cell, origin.y() + row * cell, cell, cell)

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(420, 380)

    def minimumSizeHint(self) -> QSize:
        return QSize(220, 180)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            cell = self.cell_at(event.pos())
            if cell is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self.told(*cell), self, self.cell_rect(*cell))
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.cell_at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)
        super().leaveEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position().toPoint())
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self._choose(cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _STEPS and self._counts.size:
            self._move(*_STEPS[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.current is not None:
            self._choose(self.current)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        cell = self._cell()
        if not cell:
            return
        painter = QPainter(self)
        self._paint_cells(painter, cell, event.rect())
        if cell >= _NAMED_FROM:
            self._paint_names(painter, cell)
        self._paint_axes(painter)
        painter.end()

    # Own

    @Slot()
    def _restyle(self) -> None:
        self._fills = None
        self.update()

    def _hover(self, cell: tuple[int, int] | None) -> None:
        if cell != self._hovered:
            self._hovered = cell
            pointing = Qt.CursorShape.PointingHandCursor if cell else Qt.CursorShape.ArrowCursor
            self.setCursor(pointing)
            self.update()

    def _choose(self, cell: tuple[int, int]) -> None:
        self.current = cell
        self.setAccessibleDescription(self.told(*cell))
        self.update()
        self.cell_chosen.emit(*cell)

    def _move(self, down: int, right: int) -> None:
        rows, columns = self._counts.shape
        row, column = self.current or (-down, -right)
        self.current = min(max(0, row + down), rows - 1), min(max(0, column + right), columns - 1)
        self.setAccessibleDescription(self.told(*self.current))
        self.update()

    def _cell(self) -> int:
        """The side of a cell; 0 where there is nothing."""
        if not self._counts.size:
            return 0
        rows, columns = self._counts.shape
        room = self.size() - QSize(self._left() + Space.S, self._top() + Space.S)
        return max(_SMALLEST, min(_LARGEST, room.width() // columns, room.height() // rows))

    def _origin(self) -> QPoint:
        return QPoint(self._left(), self._top())

    def _left(self) -> int:
        metrics = QFontMetrics(font(Type.CAPTION))
        widest = max((metrics.horizontalAdvance(name) for name in self._names), default=0)
        return Size.ICON + min(widest + Space.XS, _LABELS) + Space.S

    def _top(self) -> int:
        metrics = QFontMetrics(font(Type.CAPTION))
        widest = max((metrics.horizontalAdvance(name) for name in self._columns), default=0)
        return Size.ICON + min(widest + Space.XS, _LABELS) + Space.S

    def _paint_cells(self, painter: QPainter, cell: int, dirty: QRect) -> None:
        rows, columns = self._counts.shape
        whole = QRect(self._origin(), QSize(columns * cell, rows * cell))
        fills = self._colours()
        height, width = fills.shape[:2]
        image = QImage(fills.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
        painter.drawImage(whole, image)
        if cell >= _APART_FROM:
            painter.setPen(QPen(self._theme.color("surface"), Size.LINE))
            for row in range(rows + 1):
                painter.drawLine(
                    whole.left(), whole.top() + row * cell, whole.right(), whole.top() + row * cell
                )
            for column in range(columns + 1):
                place = whole.left() + column * cell
                painter.drawLine(place, whole.top(), place, whole.bottom())
        if cell >= _COUNTED_FROM:
            self._paint_counts(painter, fills, dirty)
        for place, token in ((self.current, "text"), (self._hovered, "quiet")):
            if place is not None:
                painter.setPen(QPen(self._theme.color(token), Size.FOCUS))
                painter.drawRect(self.cell_rect(*place).adjusted(0, 0, -1, -1))

    def _colours(self) -> NDArray[np.uint8]:
        """The colour of each cell, ``[rows, columns, 3]``; kept, for of many classes they take long."""
        if self._fills is None:
            self._fills = self._made()
        return self._fills

    def _made(self) -> NDArray[np.uint8]:
        ground, right, wrong = (_rgb(self._theme.color(name)) for name in ("faint", "accent", "val"))
        shares = self._counts / np.maximum(self._counts.sum(axis=1, keepdims=True), 1)
        strength = np.where(self._counts > 0, _FAINTEST + (1 - _FAINTEST) * shares, 0.0)[..., None]
        diagonal = np.eye(*self._counts.shape, dtype=bool)[..., None]
        return np.rint(ground + (np.where(diagonal, right, wrong) - ground) * strength).astype(np.uint8)

    def _paint_counts(self, painter: QPainter, fills: NDArray[np.uint8], dirty: QRect) -> None:
        painter.setFont(font(Type.CAPTION))
        for row, column in np.argwhere(self._counts > 0).tolist():
            box = self.cell_rect(row, column)
            if box.intersects(dirty):
                painter.setPen(_ink(QColor(*fills[row, column].tolist()), self._theme))
                draw_text(painter, box, self.number(row, column), Qt.AlignmentFlag.AlignHCenter)

    def _paint_names(self, painter: QPainter, cell: int) -> None:
        painter.setFont(font(Type.CAPTION))
        painter.setPen(self._theme.color("text"))
        left, top = self._left(), self._top()
        for row, name in enumerate(self._names):
            box = QRect(Size.ICON, top + row * cell, left - Size.ICON - Space.S, cell)
            draw_text(painter, box, name, Qt.AlignmentFlag.AlignRight)
        for column, name in enumerate(self._columns):
            painter.save()
            painter.translate(left + column * cell, top - Space.S)
            painter.rotate(-90)
            draw_text(painter, QRect(0, 0, top - Size.ICON - Space.S, cell), name)
            painter.restore()

    def _paint_axes(self, painter: QPainter) -> None:
        painter.setFont(font(Type.CAPTION))
        painter.setPen(self._theme.color("quiet"))
        rows, columns = (count * self._cell() for count in self._counts.shape)
        left, top = self._left(), self._top()
        wide = max(columns, _LABELS)
        draw_text(painter, QRect(left, 0, wide, Size.ICON), "Answer")
        painter.save()
        painter.translate(0, top + rows)
        painter.rotate(-90)
        draw_text(painter, QRect(0, 0, max(rows, Size.AXIS), Size.ICON), "Label", Qt.AlignmentFlag.AlignRight)
        painter.restore()


def _rgb(color: QColor) -> NDArray[np.float64]:
    return np.array([color.red(), color.green(), color.blue()], np.float64)


def _ink(fill: QColor, theme: Theme) -> QColor:
    """Dark or light, whichever is read more easily on ``fill``."""
    if 0.299 * fill.redF() + 0.587 * fill.greenF() + 0.114 * fill.blueF() > 0.55:
        return theme.color("ground" if theme.dark else "text")
    return theme.color("text" if theme.dark else "surface")
