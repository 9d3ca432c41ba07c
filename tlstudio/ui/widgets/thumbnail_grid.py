"""A grid of thumbnails that holds one image or a hundred thousand alike."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from tlstudio.ui.icons import icon
from tlstudio.ui.item_models.thumbnails import FAILED
from tlstudio.ui.theme import Radius, Size, Space, Theme


class ThumbnailGrid(QListView):
    """Square thumbnails in rows; the columns share the width, so that nothing is left over at the right."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Images")
        # The list mode with wrapping lays out far faster than the icon mode when there are many.
        self.setViewMode(QListView.ViewMode.ListMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setMouseTracking(True)
        self.setItemDelegate(_ThumbnailDelegate(theme, self))
        self.verticalScrollBar().setSingleStep(Size.CONTROL)
        theme.changed.connect(self.viewport().update)

    def resizeEvent(self, event: QResizeEvent) -> None:
        width = self.viewport().width() - Size.LINE  # or the last column would wrap
        columns = max(1, round(width / Size.CELL))
        side = width // columns
        if self.gridSize().width() != side:
            self.setGridSize(QSize(side, side))
        super().resizeEvent(event)


class _ThumbnailDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QListView) -> None:
        super().__init__(parent)
        self._theme = theme
        self._view = parent

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return self._view.gridSize()

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens = self._theme.tokens
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        box = QRect(option.rect).adjusted(Space.XS, Space.XS, -Space.XS, -Space.XS)  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        path = QPainterPath()
        path.addRoundedRect(QRectF(box), Radius.CONTROL, Radius.CONTROL)
        painter.fillPath(path, QColor(tokens.faint))
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(picture, QPixmap):
            painter.setClipPath(path)
            painter.drawPixmap(box, picture, _centre(picture))
            painter.setClipping(False)
        elif index.data(FAILED):
            figure = QRect(0, 0, Size.ICON, Size.ICON)
            figure.moveCenter(box.center())
            icon("warning", tokens.quiet).paint(painter, figure)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(QColor(tokens.accent if selected else tokens.quiet), Size.FOCUS))
            painter.drawPath(path)
        painter.restore()


def _centre(picture: QPixmap) -> QRect:
    """The square in the middle, so that thumbnails of any shape fill their cells."""
    side = min(picture.width(), picture.height())
    return QRect((picture.width() - side) // 2, (picture.height() - side) // 2, side, side)
