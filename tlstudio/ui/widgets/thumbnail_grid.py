"""A grid of thumbnails that holds one image or a hundred thousand alike."""

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView

from tlstudio.ui.icons import icon
from tlstudio.ui.item_models.thumbnails import FAILED, Index
from tlstudio.ui.theme import Radius, Size, Space, Theme

_Move = QAbstractItemView.CursorAction


class ThumbnailGrid(QAbstractItemView):
    """Square thumbnails in rows; the columns share the width, so that nothing is left over at the right.

    Qt's own list view lays out each of its items whenever one changes; here a place follows from its number.

    Signals:
        looked_at: the rows in sight and then those near it, whose pictures should be there.
        opened: the person wants to see the current image large (Enter, Space, a double click).
        typed: a letter or a figure, which begins a search.
        menu_wanted: what can be done with the selected images is asked for, at a place on the screen.
        delete_wanted: the person wants to be rid of them.
    """

    looked_at = Signal(object)
    opened = Signal(QModelIndex)
    typed = Signal(str)
    menu_wanted = Signal(QPoint)
    delete_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self._columns = 1
        self._cell = self.cell_for(int(Size.CELL))
        self._seen = range(0)
        self.hovered = QModelIndex()
        self.setAccessibleName("Images")
        self.setAccessibleDescription(
            "Arrows move along, Enter or Space shows the image large, the menu key corrects it."
        )
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setMouseTracking(True)
        self.entered.connect(self._hover)
        self.viewportEntered.connect(self._leave)
        self.doubleClicked.connect(self.opened)
        theme.changed.connect(self.viewport().update)

    @property
    def columns(self) -> int:
        return self._columns

    @property
    def cell(self) -> QSize:
        """The room of one image."""
        return self._cell

    def columns_for(self, width: int) -> int:
        """How many images stand beside one another in so many pixels."""
        return max(1, round(width / Size.CELL))

    def reset_cells(self) -> None:
        """The rooms are of another height now; what is at the top stays there."""
        first = self._row_near(QPoint(0, 0))
        self.updateGeometries()
        self.verticalScrollBar().setValue(max(0, first) // self._columns * self._cell.height())
        self.viewport().update()

    def cell_for(self, width: int) -> QSize:
        """The room of one image that is so wide."""
        return QSize(width, width)

    # Where things are

    def visualRect(self, index: Index) -> QRect:
        if not index.isValid():
            return QRect()
        line, column = divmod(index.row(), self._columns)
        width, height = self._cell.width(), self._cell.height()
        return QRect(column * width, line * height - self.verticalOffset(), width, height)

    def indexAt(self, point: QPoint) -> QModelIndex:
        column = point.x() // self._cell.width()
        line = (point.y() + self.verticalOffset()) // self._cell.height()
        row = line * self._columns + column
        if not 0 <= column < self._columns or line < 0 or row >= self._count():
            return QModelIndex()
        return self.model().index(row, 0)

    def scrollTo(
        self,
        index: Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        box, height = self.visualRect(index), self.viewport().height()
        if not index.isValid():
            return
        bar = self.verticalScrollBar()
        if hint == QAbstractItemView.ScrollHint.PositionAtCenter:
            bar.setValue(bar.value() + box.center().y() - height // 2)
        elif box.top() < 0:
            bar.setValue(bar.value() + box.top())
        elif box.bottom() >= height:
            bar.setValue(bar.value() + box.bottom() + 1 - height)

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: Index) -> bool:
        return False

    def moveCursor(
        self,
        cursorAction: _Move,  # noqa: N803 (Qt's own name)
        modifiers: Qt.KeyboardModifier,
    ) -> QModelIndex:
        count, row = self._count(), self.currentIndex().row()
        if not count:
            return QModelIndex()
        if row < 0:
            return self.model().index(0, 0)
        columns = self._columns
        page = max(1, self.viewport().height() // self._cell.height()) * columns
        last_line = row // columns == (count - 1) // columns
        targets = {
            _Move.MoveLeft: row - 1,
            _Move.MovePrevious: row - 1,
            _Move.MoveRight: row + 1,
            _Move.MoveNext: row + 1,
            _Move.MoveUp: row - columns if row >= columns else row,
            _Move.MoveDown: row if last_line else row + columns,  # where the last line is short, to its end
            _Move.MovePageUp: max(row % columns, row - page),
            _Move.MovePageDown: row + page,
            _Move.MoveHome: 0,
            _Move.MoveEnd: count - 1,
        }
        return self.model().index(min(max(0, targets[cursorAction]), count - 1), 0)

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        # From where it began to where it ended, by all that lies between in the order of the images.
        rows = sorted((self._row_near(rect.topLeft()), self._row_near(rect.bottomRight())))
        if self._count():
            first, last = (self.model().index(row, 0) for row in rows)
            self.selectionModel().select(QItemSelection(first, last), command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region = QRegion()
        for row in self._rows_between(0, self.viewport().height() - 1):
            index = self.model().index(row, 0)
            if selection.contains(index):
                region += self.visualRect(index)
        return region

    def selected_rows(self) -> list[int]:
        """The rows that are selected, from the first to the last."""
        selection = self.selectionModel().selection()
        ranges = (selection.at(place) for place in range(selection.count()))
        return sorted(row for one in ranges for row in range(one.top(), one.bottom() + 1))

    # What happens

    def updateGeometries(self) -> None:
        width, height = self.viewport().width(), self.viewport().height()
        self._columns = self.columns_for(width)
        self._cell = self.cell_for(max(1, width // self._columns))
        lines = -(-self._count() // self._columns)
        bar = self.verticalScrollBar()
        bar.setSingleStep(self._cell.height() // 2)
        bar.setPageStep(height)
        bar.setRange(0, max(0, lines * self._cell.height() - height))
        super().updateGeometries()

    def reset(self) -> None:
        super().reset()
        self._seen = range(0)
        self.hovered = QModelIndex()
        self.updateGeometries()

    def resizeEvent(self, event: QResizeEvent) -> None:
        before = self.indexAt(QPoint(self._cell.width() // 2, self._cell.height() // 2))
        columns = self._columns
        self.updateGeometries()
        if columns != self._columns and before.isValid():  # what was at the top stays there
            self.verticalScrollBar().setValue(before.row() // self._columns * self._cell.height())
        super().resizeEvent(event)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().scroll(dx, dy)  # only what comes into sight is painted

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            if self.currentIndex().isValid():
                self.opened.emit(self.currentIndex())
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_wanted.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        place = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            place = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center())
        if self.selectionModel().hasSelection():
            self.menu_wanted.emit(place)

    def keyboardSearch(self, search: str) -> None:
        # Qt's own asks each of a hundred thousand images for its name.
        if search.strip():
            self.typed.emit(search)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._tell_what_is_seen()
        painter = QPainter(self.viewport())
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        region, box = event.region(), event.rect()
        # Backwards, since of the pictures that are not there the last one asked for is drawn first.
        for row in reversed(self._rows_between(box.top(), box.bottom())):
            index = self.model().index(row, 0)
            cell = self.visualRect(index)
            if region.intersects(cell):
                self.paint_cell(painter, index, cell)
        painter.end()

    def paint_cell(self, painter: QPainter, index: QModelIndex, cell: QRect) -> None:
        """Draw one image into its room."""
        tokens = self.theme.tokens
        box = cell.adjusted(Space.XS, Space.XS, -Space.XS, -Space.XS)
        path = QPainterPath()
        path.addRoundedRect(QRectF(box), Radius.CONTROL, Radius.CONTROL)
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(picture, QPixmap):
            painter.setClipPath(path)
            painter.drawPixmap(box, picture, _centre(picture))
            painter.setClipping(False)
        else:
            painter.fillPath(path, QColor(tokens.faint))
            if index.data(FAILED):
                figure = QRect(0, 0, Size.ICON, Size.ICON)
                figure.moveCenter(box.center())
                icon("warning", tokens.quiet).paint(painter, figure)
        selected = self.selectionModel().isSelected(index)
        if selected or index == self.hovered:
            painter.setPen(QPen(QColor(tokens.accent if selected else tokens.quiet), Size.FOCUS))
            painter.drawPath(path)

    # Own

    def _count(self) -> int:
        model = self.model()
        return model.rowCount() if model is not None else 0

    def _row_near(self, point: QPoint) -> int:
        """That of the image under a point, or of the nearest one."""
        column = min(max(0, point.x() // self._cell.width()), self._columns - 1)
        line = max(0, point.y() + self.verticalOffset()) // self._cell.height()
        return min(line * self._columns + column, self._count() - 1)

    def _rows_between(self, top: int, bottom: int) -> range:
        """The rows of the lines that are seen between two heights of the viewport."""
        first = max(0, top + self.verticalOffset()) // self._cell.height()
        last = max(0, bottom + self.verticalOffset()) // self._cell.height()
        return range(first * self._columns, min(self._count(), (last + 1) * self._columns))

    def _tell_what_is_seen(self) -> None:
        height = self.viewport().height()
        seen = self._rows_between(0, height - 1)
        if seen == self._seen:
            return
        down = seen.start >= self._seen.start
        self._seen = seen
        after = self._rows_between(height, 2 * height - 1)
        before = self._rows_between(-height, -1) if self.verticalOffset() else range(0)
        near = (*after, *reversed(before)) if down else (*reversed(before), *after)
        around = set(seen)
        self.looked_at.emit([*seen, *(row for row in near if row not in around)])

    def _hover(self, index: QModelIndex) -> None:
        before, self.hovered = self.hovered, index
        for one in (before, index):
            if one.isValid():
                self.viewport().update(self.visualRect(one))

    def _leave(self) -> None:
        self._hover(QModelIndex())


def _centre(picture: QPixmap) -> QRect:
    """The square in the middle, so that thumbnails of any shape fill their cells."""
    side = min(picture.width(), picture.height())
    return QRect((picture.width() - side) // 2, (picture.height() - side) // 2, side, side)
