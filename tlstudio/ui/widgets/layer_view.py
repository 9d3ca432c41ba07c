"""The layer tree as it is seen and ticked."""

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from tlstudio.ui.item_models.layer_tree import (
    NODE_ROLE,
    OWN_RATE_ROLE,
    STATE_ROLE,
    Column,
    LayerState,
    LayerTreeModel,
)
from tlstudio.ui.theme import Radius, Size, Space, Theme, Type
from tlstudio.ui.widgets.number_edit import LEAST_LR, MOST_LR, NumberEdit
from tlstudio.ui.widgets.paint import STATE_ICON, STATE_TOKEN, dark_ink, draw_icon, draw_text, font

_Index = QModelIndex | QPersistentModelIndex
_TINT = 0.07
_PILL = 0.18
_ROW = Size.CONTROL - Space.XS
_USUAL_RATE = "0.00044"  # what is typed should have room


class _LayerDelegate(QStyledItemDelegate):
    """Paints a cell: the freeze box, the layer with its state's icon, a number, or the state as a pill.

    A block's learning rate stands in a field, and can be typed there.
    """

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        text = index.data() or ""
        size = _size(Column(index.column()))
        room = 2 * Space.S + (Size.ICON_SMALL + Space.XS if index.column() == Column.LAYER else 0)
        option.font = font(size)  # type: ignore[attr-defined]
        return QSize(option.fontMetrics.horizontalAdvance(text) + room, _ROW)  # type: ignore[attr-defined]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box: QRect = option.rect  # type: ignore[attr-defined]
        match index.column():
            case Column.FROZEN:
                self._paint_box(painter, box, index)
            case Column.LAYER:
                self._paint_layer(painter, box, index)
            case Column.STATE:
                self._paint_pill(painter, box, index)
            case Column.RATE:
                self._paint_rate(painter, box, index)
            case _:
                self._paint_detail(painter, box, index)
        painter.restore()

    # The editor of a learning rate

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        editor = NumberEdit(LEAST_LR, MOST_LR, parent)
        editor.setProperty("role", "cell")
        editor.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        editor.setPlaceholderText("usual")
        editor.setAccessibleName(f"Learning rate of {index.data(NODE_ROLE).name}")
        return editor

    def setEditorData(self, editor: QWidget, index: _Index) -> None:
        assert isinstance(editor, NumberEdit)
        editor.set_value(index.data(Qt.ItemDataRole.EditRole))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: _Index) -> None:
        assert isinstance(editor, NumberEdit)
        if editor.value() is not None or not editor.text():  # the mere beginning of a number changes nothing
            model.setData(index, editor.value())

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: _Index) -> None:
        editor.setGeometry(_field(option.rect))  # type: ignore[attr-defined]

    # The painting of the columns

    def _paint_rate(self, painter: QPainter, cell: QRect, index: _Index) -> None:
        if not index.flags() & Qt.ItemFlag.ItemIsEditable:
            return
        box = _field(cell)
        painter.setPen(QPen(self._theme.color("control_line"), Size.LINE))
        painter.setBrush(self._theme.color("surface"))
        painter.drawRoundedRect(box.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), Space.XS, Space.XS)
        painter.setFont(font(Type.CAPTION))
        painter.setPen(self._theme.color("text" if index.data(OWN_RATE_ROLE) else "quiet"))
        draw_text(painter, box.adjusted(Space.XS, 0, -Space.XS, 0), index.data(), Qt.AlignmentFlag.AlignRight)

    def _paint_box(self, painter: QPainter, cell: QRect, index: _Index) -> None:
        value = index.data(Qt.ItemDataRole.CheckStateRole)
        if value is None:
            return
        box = check_box(cell)
        state = Qt.CheckState(value)
        empty = state is Qt.CheckState.Unchecked
        painter.setPen(QPen(self._theme.color("quiet" if empty else "frozen"), Size.LINE))
        painter.setBrush(self._theme.color("surface" if empty else "frozen"))
        half = Size.LINE / 2
        painter.drawRoundedRect(box.toRectF().adjusted(half, half, -half, -half), Space.XS, Space.XS)
        if not empty:
            mark = "check-bold" if state is Qt.CheckState.Checked else "minus-bold"
            draw_icon(painter, mark, dark_ink(self._theme), box.adjusted(2, 2, -2, -2))

    def _paint_layer(self, painter: QPainter, cell: QRect, index: _Index) -> None:
        state: LayerState = index.data(STATE_ROLE)
        glyph = QRect(cell.left() + Space.XS, 0, Size.ICON_SMALL, Size.ICON_SMALL)
        glyph.moveTop(cell.center().y() - Size.ICON_SMALL // 2 + 1)
        if state is not LayerState.PLAIN:
            draw_icon(painter, STATE_ICON[state], self._theme.color(STATE_TOKEN[state]), glyph)
        painter.setFont(font(Type.BODY, bold=state is not LayerState.PLAIN and not index.parent().isValid()))
        painter.setPen(self._theme.color("quiet" if state is LayerState.PLAIN else "text"))
        draw_text(painter, cell.adjusted(Space.S + Size.ICON_SMALL, 0, -Space.XS, 0), index.data())

    def _paint_detail(self, painter: QPainter, cell: QRect, index: _Index) -> None:
        plain = index.column() != Column.PARAMETERS or index.data(STATE_ROLE) is LayerState.PLAIN
        painter.setFont(font(_size(Column(index.column()))))
        painter.setPen(self._theme.color("quiet" if plain else "text"))
        across = Qt.AlignmentFlag(index.data(Qt.ItemDataRole.TextAlignmentRole))
        draw_text(
            painter,
            cell.adjusted(Space.S, 0, -Space.S, 0),
            index.data(),
            across & Qt.AlignmentFlag.AlignHorizontal_Mask,
        )

    def _paint_pill(self, painter: QPainter, cell: QRect, index: _Index) -> None:
        state: LayerState = index.data(STATE_ROLE)
        if state is LayerState.PLAIN:
            return
        painter.setFont(font(Type.CAPTION))
        room = cell.adjusted(Space.S, 0, -Space.S, 0)
        width = painter.fontMetrics().horizontalAdvance(index.data()) + 2 * Space.S
        pill = QRect(room.left(), 0, min(width, room.width()), Size.ICON)
        pill.moveTop(cell.center().y() - Size.ICON // 2 + 1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.tint(STATE_TOKEN[state], _PILL))
        painter.drawRoundedRect(pill, Size.ICON / 2, Size.ICON / 2)
        painter.setPen(self._theme.color("text"))
        draw_text(painter, pill.adjusted(Space.S, 0, -Space.XS, 0), index.data())


class LayerView(QTreeView):
    """Shows a LayerTreeModel; a click on a box or Space freezes or trains a layer and all beneath it.

    Signals:
        block_chosen: the path of the block whose row, or a row beneath it, is now the current one.
    """

    block_chosen = Signal(str)

    def __init__(self, model: LayerTreeModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._layers = model
        self.setModel(model)
        self.setItemDelegate(_LayerDelegate(theme, self))
        self.setTreePosition(Column.LAYER)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setExpandsOnDoubleClick(True)
        self.setIndentation(Size.ICON)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Layers")
        self.setAccessibleDescription(
            "Space freezes or trains a layer, F2 sets the learning rate of a block; the arrow keys open and "
            "close a block."
        )
        self._lay_columns()
        self._remembered: tuple[str, set[str], str] = ("", set(), "")
        model.modelAboutToBeReset.connect(self._remember)
        model.modelReset.connect(self._recall)
        for changed in (model.dataChanged, self.expanded, self.collapsed):
            changed.connect(self._lay_columns)
        theme.changed.connect(self._repaint)

    def select(self, path: str) -> None:
        """Make the row of a layer the current one and bring it into view."""
        index = self._layers.index_of(path)
        if index.isValid() and index.siblingAtColumn(0) != self.currentIndex().siblingAtColumn(0):
            self.setCurrentIndex(index)
        if index.isValid():
            self.scrollTo(index)

    # Qt's own

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self._toggle(self.currentIndex())
        elif event.key() == Qt.Key.Key_F2:
            self._edit_rate(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and index.column() == Column.FROZEN:
            self._toggle(index)
        elif event.button() == Qt.MouseButton.LeftButton and index.column() == Column.RATE:
            self._edit_rate(index)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        # The second of two quick clicks on a box is a click on the box, not a wish to open the block.
        index = self.indexAt(event.position().toPoint())
        rate = index.siblingAtColumn(Column.RATE) == index and index.flags() & Qt.ItemFlag.ItemIsEditable
        if index.column() == Column.FROZEN or rate:
            self.mousePressEvent(event)
        else:
            super().mouseDoubleClickEvent(event)

    def currentChanged(self, current: _Index, previous: _Index) -> None:
        super().currentChanged(current, previous)
        block = current.siblingAtColumn(Column.LAYER) if isinstance(current, QModelIndex) else QModelIndex()
        while block.parent().isValid():
            block = block.parent()
        if block.isValid():
            self.block_chosen.emit(block.data(NODE_ROLE).path)

    def drawRow(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row: QRect = option.rect  # type: ignore[attr-defined]
        row = QRect(0, row.top(), self.viewport().width(), row.height())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        current = self.selectionModel().isRowSelected(index.row(), index.parent())
        state: LayerState = index.data(STATE_ROLE)
        if current:
            painter.setBrush(self._theme.color("selected"))
        elif state is LayerState.PLAIN:
            painter.setBrush(Qt.BrushStyle.NoBrush)
        else:
            painter.setBrush(self._theme.tint(STATE_TOKEN[state], _TINT))
        painter.drawRoundedRect(row.adjusted(0, 1, 0, -1), Space.XS, Space.XS)
        painter.restore()
        super().drawRow(painter, option, index)
        if current and self.hasFocus():
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.color("accent"), Size.LINE))
            painter.drawRoundedRect(row.toRectF().adjusted(0.5, 1.5, -0.5, -1.5), Space.XS, Space.XS)
            painter.restore()

    def drawBranches(self, painter: QPainter, rect: QRect, index: _Index) -> None:
        node = index.data(NODE_ROLE)
        if node.children:
            name = "chevron-down" if self.isExpanded(self._row(node.path)) else "chevron"
            box = QRect(0, 0, Size.ICON_SMALL, Size.ICON_SMALL)
            box.moveCenter(QPoint(rect.right() - Size.ICON // 2, rect.center().y()))
            draw_icon(painter, name, self._theme.color("quiet"), box)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_columns()

    # Own

    @Slot()
    def _lay_columns(self) -> None:
        """Each column as wide as what it holds; the names take the rest, in need that of others too."""
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionsMovable(False)
        header.setMinimumSectionSize(Size.CONTROL)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(Column.LAYER, QHeaderView.ResizeMode.Stretch)
        needed = {column: self._needed(column) for column in Column if column is not Column.LAYER}
        for column, width in needed.items():
            header.resizeSection(column, width)
        left = self.viewport().width() - sum(needed.values())
        longest = self._longest_name()
        # What the colours and the strip say too goes first; the kinds before any name is cut short.
        for column in (Column.KIND, Column.OUTPUT, Column.STATE, Column.PARAMETERS):
            wanted = min(longest, Size.THUMBNAIL if column is Column.KIND else Size.CELL)
            self.setColumnHidden(column, left < wanted)
            if left < wanted:
                left += needed[column]

    def _longest_name(self) -> int:
        """The width that the names of the rows in sight would like."""
        tree = self._layers.tree
        waiting = [(block, 1) for block in tree.blocks] if tree else []
        metrics = QFontMetrics(font(Type.BODY, bold=True))
        longest = 0
        while waiting:
            node, depth = waiting.pop()
            inset = depth * Size.ICON + Size.ICON_SMALL + Space.M
            longest = max(longest, inset + metrics.horizontalAdvance(node.short_name))
            if node.children and self.isExpanded(self._row(node.path)):
                waiting += [(child, depth + 1) for child in node.children]
        return longest

    def _needed(self, column: Column) -> int:
        title = self._layers.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole)
        widest = QFontMetrics(font(Type.CAPTION, bold=True)).horizontalAdvance(f"{title}")
        metrics = QFontMetrics(font(_size(column)))
        tree = self._layers.tree
        for node in tree.nodes.values() if tree else ():
            widest = max(widest, metrics.horizontalAdvance(self._layers.text(node, column)))
        if column is Column.RATE:
            widest = max(widest, metrics.horizontalAdvance(_USUAL_RATE))
        limit = Size.THUMBNAIL // 2 if column is Column.KIND else Size.THUMBNAIL
        return min(widest, limit) + (4 if column is Column.STATE else 2) * Space.S + Size.FOCUS

    def _toggle(self, index: QModelIndex) -> None:
        box = index.siblingAtColumn(Column.FROZEN)
        value = box.data(Qt.ItemDataRole.CheckStateRole)
        if value is not None:
            frozen = Qt.CheckState(value) is Qt.CheckState.Checked
            after = Qt.CheckState.Unchecked if frozen else Qt.CheckState.Checked
            self._layers.setData(box, after, Qt.ItemDataRole.CheckStateRole)

    def _edit_rate(self, index: QModelIndex) -> None:
        rate = index.siblingAtColumn(Column.RATE)
        if rate.flags() & Qt.ItemFlag.ItemIsEditable:
            self.edit(rate)

    @Slot()
    def _remember(self) -> None:
        tree, current = self._layers.tree, self.currentIndex()
        if tree is not None:
            opened = {path for path in tree.nodes if self.isExpanded(self._row(path))}
            self._remembered = (tree.arch, opened, current.data(NODE_ROLE).path if current.isValid() else "")

    @Slot()
    def _recall(self) -> None:
        """The same network with another head keeps its open blocks; another network starts closed."""
        tree, (arch, opened, current) = self._layers.tree, self._remembered
        if tree is None:
            return
        self._lay_columns()
        if tree.arch == arch:
            for path in opened:
                self.expand(self._row(path))
        self.select(current if tree.arch == arch and current in tree.nodes else tree.blocks[0].path)

    def _row(self, path: str) -> QModelIndex:
        return self._layers.index_of(path).siblingAtColumn(0)

    @Slot()
    def _repaint(self) -> None:
        self.viewport().update()


class LoadingRows(QWidget):
    """Rows without words, where a tree or a list will stand once it has been read."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("faint"))
        rows = max(1, self.height() // (_ROW + Space.XS))
        for row in range(min(rows, 9)):
            painter.setOpacity(1 - row / 10)
            top = row * (_ROW + Space.XS) + Space.XS
            wide = self.width() * (0.32 + 0.12 * (row * 2 % 3))
            bar = QRect(Size.CONTROL + Space.S, top + Space.XS, round(wide), Size.ICON_SMALL)
            painter.drawRoundedRect(QRect(Space.S, top + Space.XS, Size.ICON_SMALL, Size.ICON_SMALL), 4, 4)
            painter.drawRoundedRect(bar, Radius.CONTROL, Radius.CONTROL)
            end = QRect(
                self.width() - Size.THUMBNAIL // 2, bar.top(), Size.THUMBNAIL // 2 - Space.S, bar.height()
            )
            painter.drawRoundedRect(end, Radius.CONTROL, Radius.CONTROL)


def _size(column: Column) -> Type:
    return Type.BODY if column in (Column.LAYER, Column.PARAMETERS) else Type.CAPTION


def _field(cell: QRect) -> QRect:
    """Where in its cell a learning rate stands to be edited."""
    box = QRect(cell.left() + Space.XS, 0, cell.width() - Space.S, _ROW - Space.XS)
    box.moveTop(cell.center().y() - box.height() // 2)
    return box


def check_box(cell: QRect) -> QRect:
    """Where in its cell the freeze box stands."""
    box = QRect(0, 0, Size.ICON - Space.XS // 2, Size.ICON - Space.XS // 2)
    box.moveCenter(cell.center())
    return box
