"""A card an image: the picture, the winning class large, and the first three as bars."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPainterPath, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from tlstudio.ui.item_models.results import NAME_ROLE, RANKED_ROLE, REASON_ROLE, ResultModel
from tlstudio.ui.text import percent
from tlstudio.ui.theme import Radius, Size, Space, Theme, Type
from tlstudio.ui.widgets.paint import draw_icon, draw_text, font

_Index = QModelIndex | QPersistentModelIndex
_RANKS = 3
_WORDS = Space.S + Size.ICON + Space.S + _RANKS * (Size.ICON + Space.XS) + Space.S


class _CardDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, view: QListView) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return self._view.gridSize()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        cell: QRect = option.rect  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        card = cell.adjusted(0, 0, -Space.M, -Space.M)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(card).adjusted(0.5, 0.5, -0.5, -0.5), Radius.CARD, Radius.CARD)
        painter.fillPath(shape, self._theme.color("surface"))
        picture = QRect(card.left(), card.top(), card.width(), card.height() - _WORDS)
        painter.save()
        painter.setClipPath(shape)
        self._paint_picture(painter, picture, index)
        painter.restore()
        words = QRect(card.left(), picture.bottom() + 1, card.width(), _WORDS)
        self._paint_words(painter, words.adjusted(Space.M, Space.S, -Space.M, -Space.S), index)
        active = bool(state & QStyle.StateFlag.State_Selected)
        token = "accent" if active else "quiet" if state & QStyle.StateFlag.State_MouseOver else "line"
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._theme.color(token), Size.FOCUS if active else Size.LINE))
        painter.drawPath(shape)
        painter.restore()

    def _paint_picture(self, painter: QPainter, box: QRect, index: _Index) -> None:
        painter.fillRect(box, self._theme.color("faint"))
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(picture, QPixmap):
            painter.drawPixmap(QRectF(box), picture, _covering(picture, box))
            return
        glyph = QRect(0, 0, Size.CONTROL, Size.CONTROL)
        glyph.moveCenter(box.center())
        failed = bool(index.data(REASON_ROLE))
        draw_icon(painter, "warning" if failed else "image", self._theme.color("quiet"), glyph)

    def _paint_words(self, painter: QPainter, box: QRect, index: _Index) -> None:
        line = QRect(box.left(), box.top(), box.width(), Size.ICON)
        ranked, reason = index.data(RANKED_ROLE), index.data(REASON_ROLE)
        painter.setFont(font(Type.LEAD, bold=True))
        if reason:
            painter.setPen(self._theme.color("error_text"))
            draw_text(painter, line, "Not classified")
            painter.setFont(font(Type.BODY))
            painter.setPen(self._theme.color("quiet"))
            rest = box.adjusted(0, Size.ICON + Space.S, 0, 0)
            painter.drawText(rest, Qt.TextFlag.TextWordWrap, f"It could not be read: {reason}.")
        elif ranked:
            painter.setPen(self._theme.color("text"))
            draw_text(painter, line, ranked[0][0])
            top = line.bottom() + 1 + Space.S
            for number, (name, share) in enumerate(ranked[:_RANKS]):
                row = QRect(box.left(), top + number * (Size.ICON + Space.XS), box.width(), Size.ICON)
                self._paint_bar(painter, row, name, share, first=number == 0)
        else:
            self._paint_waiting(painter, box, index.data(NAME_ROLE))

    def _paint_bar(self, painter: QPainter, row: QRect, name: str, share: float, *, first: bool) -> None:
        painter.setFont(font(Type.CAPTION))
        painter.setPen(self._theme.color("text" if first else "quiet"))
        number = percent(share)
        text = QRect(row.left(), row.top(), row.width(), Size.ICON_SMALL - Space.XS // 2)
        draw_text(painter, text, number, Qt.AlignmentFlag.AlignRight)
        room = painter.fontMetrics().horizontalAdvance(number) + Space.S
        draw_text(painter, text.adjusted(0, 0, -room, 0), name)
        bar = QRectF(row.left(), text.bottom() + 2, row.width(), Space.XS)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("faint"))
        painter.drawRoundedRect(bar, Space.XS / 2, Space.XS / 2)
        bar.setWidth(max(Space.XS * (share > 0), bar.width() * share))
        painter.setBrush(self._theme.color("accent" if first else "quiet"))
        painter.drawRoundedRect(bar, Space.XS / 2, Space.XS / 2)

    def _paint_waiting(self, painter: QPainter, box: QRect, name: str) -> None:
        painter.setFont(font(Type.BODY))
        painter.setPen(self._theme.color("quiet"))
        line = QRect(box.left(), box.top(), box.width(), Size.ICON)
        draw_text(painter, line, name, elide=Qt.TextElideMode.ElideMiddle)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("faint"))
        for number in range(_RANKS):
            top = box.top() + Size.ICON + Space.S + number * (Size.ICON + Space.XS) + Size.ICON_SMALL
            bar = QRect(box.left(), top, box.width(), Space.XS)
            painter.drawRoundedRect(bar, Space.XS / 2, Space.XS / 2)


class ResultGrid(QListView):
    """Cards in as many columns as the width allows; only those in sight are painted and their pictures read.

    Signals:
        removal_asked: rows that the person wants out, a list.
    """

    removal_asked = Signal(list)

    def __init__(self, model: ResultModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(_CardDelegate(theme, self))
        # The list mode with wrapping lays out far faster than the icon mode when there are many.
        self.setViewMode(QListView.ViewMode.ListMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setMouseTracking(True)
        self.setAccessibleName("Images and their classes")
        self.setAccessibleDescription("Delete takes an image out.")
        self.verticalScrollBar().setSingleStep(Size.CONTROL)
        theme.changed.connect(self.viewport().update)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self.removal_asked.emit([index.row() for index in self.selectedIndexes()])
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        width = self.viewport().width()
        columns = max(1, width // (Size.PREVIEW - Space.L))
        # With nothing to spare the view would begin the next row one card early.
        cell = (width - 1) // columns
        self.setGridSize(QSize(cell, (cell - Space.M) * 5 // 8 + _WORDS + Space.M))
        super().resizeEvent(event)


def _covering(picture: QPixmap, box: QRect) -> QRectF:
    """The middle part of the picture that fills a box of that shape."""
    scale = max(box.width() / picture.width(), box.height() / picture.height())
    width, height = box.width() / scale, box.height() / scale
    return QRectF((picture.width() - width) / 2, (picture.height() - height) / 2, width, height)
