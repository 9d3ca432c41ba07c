"""Suspected labels as cards: the picture, the class it has, and the class it looks like."""

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from tlstudio.evaluation.labels_events import SuspectedLabel
from tlstudio.ui import text
from tlstudio.ui.item_models.suspects import SUSPECT
from tlstudio.ui.item_models.thumbnails import FAILED, Index
from tlstudio.ui.theme import Radius, Size, Space, Theme, Type
from tlstudio.ui.widgets.paint import draw_icon, draw_text, font

_LINE = Size.ICON  # height of a line of words
_WORDS = 2 * _LINE + Space.S
_CARD = QSize(Size.THUMBNAIL + 2 * Space.S, Size.THUMBNAIL + 2 * Space.S + _WORDS)
_Align = Qt.AlignmentFlag


class SuspectGrid(QListView):
    """Cards in rows, the most suspicious one first; several can be selected."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Suspected labels")
        self.setAccessibleDescription("Arrows move along; keys with Shift select several.")
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setItemDelegate(_Card(theme, self))
        self._share_width()
        theme.changed.connect(self.viewport().update)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._share_width()
        super().resizeEvent(event)

    def _share_width(self) -> None:
        """Let the columns share the width, so that nothing is left over at the right."""
        least, room = _CARD.width() + Space.S, self.viewport().width() - 1
        width = max(least, room // max(1, room // least))
        self.setGridSize(QSize(width, _CARD.height() + Space.S))


class _Card(QStyledItemDelegate):
    def __init__(self, theme: Theme, view: SuspectGrid) -> None:
        super().__init__(view)
        self._view = view
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        # Qt puts an item at the left of its cell, so it takes all of the cell.
        return self._view.gridSize()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        place: QRect = option.rect  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack it
        state: QStyle.StateFlag = option.state  # pyright: ignore[reportAttributeAccessIssue]
        box = QRect(place.topLeft(), _CARD)
        box.moveCenter(place.center())
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_frame(painter, box, state)
        inner = box.adjusted(Space.S, Space.S, -Space.S, -Space.S)
        self._paint_picture(painter, QRect(inner.topLeft(), QSize(Size.THUMBNAIL, Size.THUMBNAIL)), index)
        one: SuspectedLabel = index.data(SUSPECT)
        words = QRect(inner.left(), inner.top() + Size.THUMBNAIL + Space.S, inner.width(), _LINE)
        painter.setPen(self._theme.color("quiet"))
        painter.setFont(font(Type.BODY))
        self._paint_line(painter, words, one.given, one.given_confidence)
        painter.setPen(self._theme.color("text"))
        painter.setFont(font(Type.BODY, bold=True))
        self._paint_line(painter, words.translated(0, _LINE), f"→ {one.suggested}", one.suggested_confidence)
        painter.restore()

    def _paint_frame(self, painter: QPainter, box: QRect, state: QStyle.StateFlag) -> None:
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        frame = QPainterPath()
        frame.addRoundedRect(QRectF(box).adjusted(1, 1, -1, -1), Radius.CONTROL, Radius.CONTROL)
        if selected or hovered:
            painter.fillPath(frame, self._theme.color("selected" if selected else "hover"))
        if selected:
            painter.setPen(QPen(self._theme.color("accent"), Size.FOCUS))
            painter.drawPath(frame)

    def _paint_picture(self, painter: QPainter, box: QRect, index: Index) -> None:
        ground = QPainterPath()
        ground.addRoundedRect(QRectF(box), Radius.CONTROL, Radius.CONTROL)
        painter.fillPath(ground, self._theme.color("faint"))
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(picture, QPixmap):
            size = picture.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
            where = QRect(box.topLeft(), size)
            where.moveCenter(box.center())
            painter.setClipPath(ground)
            painter.drawPixmap(where, picture)
            painter.setClipping(False)
        elif index.data(FAILED):
            figure = QRect(0, 0, Size.ICON, Size.ICON)
            figure.moveCenter(box.center())
            draw_icon(painter, "warning", self._theme.color("quiet"), figure)

    def _paint_line(self, painter: QPainter, box: QRect, name: str, confidence: float) -> None:
        share = text.percent(confidence)
        width = painter.fontMetrics().horizontalAdvance(share)
        draw_text(painter, box, share, _Align.AlignRight)
        draw_text(painter, box.adjusted(0, 0, -width - Space.S, 0), name)
