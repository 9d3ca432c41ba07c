"""A card an image: the picture, the winning class large, and the first classes as bars."""

from PySide6.QtCore import QModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPixmap

from tlstudio.ui.item_models.results import (
    NAME_ROLE,
    NONE_OF_THESE,
    PICTURE_ROLE,
    RANKED_ROLE,
    REASON_ROLE,
    WINNER_ROLE,
    ResultModel,
)
from tlstudio.ui.theme import Radius, Size, Space, Theme, Type
from tlstudio.ui.widgets.paint import draw_icon, draw_score, draw_text, font
from tlstudio.ui.widgets.thumbnail_grid import ThumbnailGrid

_BAR = Size.ICON + Space.XS  # height of a class with its bar


class ResultGrid(ThumbnailGrid):
    """Cards in as many columns as the width allows; only those in sight are painted, their pictures read."""

    def __init__(self, model: ResultModel, theme: Theme) -> None:
        self._results = model
        super().__init__(theme)
        self.setModel(model)
        self.setSelectionBehavior(self.SelectionBehavior.SelectRows)  # a table may share the selection
        self.setAccessibleName("Images and their classes")
        self.setAccessibleDescription("Arrows move along, Enter shows the image large, Delete takes it out.")

    def columns_for(self, width: int) -> int:
        return max(1, width // (Size.PREVIEW - Space.XXL))

    def cell_for(self, width: int) -> QSize:
        return QSize(width, (width - Space.M) * 5 // 8 + self._words() + Space.M)

    def set_ranks(self, count: int) -> None:
        """Draw so many classes on each card."""
        if count != self._results.ranks:
            self._results.ranks = count
            self.reset_cells()

    def paint_cell(self, painter: QPainter, index: QModelIndex, cell: QRect) -> None:
        painter.save()
        card = cell.adjusted(0, 0, -Space.M, -Space.M)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(card).adjusted(0.5, 0.5, -0.5, -0.5), Radius.CARD, Radius.CARD)
        painter.fillPath(shape, self.theme.color("surface"))
        picture = QRect(card.left(), card.top(), card.width(), card.height() - self._words())
        painter.save()
        painter.setClipPath(shape)
        self._paint_picture(painter, picture, index)
        painter.restore()
        words = QRect(card.left(), picture.bottom() + 1, card.width(), self._words())
        self._paint_words(painter, words.adjusted(Space.M, Space.S, -Space.M, -Space.S), index)
        active = self.selectionModel().isSelected(index)
        token = "accent" if active else "quiet" if index == self.hovered else "line"
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self.theme.color(token), Size.FOCUS if active else Size.LINE))
        painter.drawPath(shape)
        painter.restore()

    def _words(self) -> int:
        """The height of the words under a picture."""
        return Space.S + Size.ICON + Space.S + self._results.ranks * _BAR + Space.S

    def _paint_picture(self, painter: QPainter, box: QRect, index: QModelIndex) -> None:
        painter.fillRect(box, self.theme.color("faint"))
        picture = index.data(PICTURE_ROLE)
        if isinstance(picture, QPixmap):
            painter.drawPixmap(QRectF(box), picture, _covering(picture, box))
            return
        glyph = QRect(0, 0, Size.CONTROL, Size.CONTROL)
        glyph.moveCenter(box.center())
        failed = bool(index.data(REASON_ROLE))
        draw_icon(painter, "warning" if failed else "image", self.theme.color("quiet"), glyph)

    def _paint_words(self, painter: QPainter, box: QRect, index: QModelIndex) -> None:
        line = QRect(box.left(), box.top(), box.width(), Size.ICON)
        ranked, reason = index.data(RANKED_ROLE), index.data(REASON_ROLE)
        painter.setFont(font(Type.LEAD, bold=True))
        if reason:
            painter.setPen(self.theme.color("error_text"))
            draw_text(painter, line, "Not classified")
            painter.setFont(font(Type.BODY))
            painter.setPen(self.theme.color("quiet"))
            rest = box.adjusted(0, Size.ICON + Space.S, 0, 0)
            painter.drawText(rest, Qt.TextFlag.TextWordWrap, f"It could not be read: {reason}.")
        elif ranked:
            winner = index.data(WINNER_ROLE)
            painter.setPen(self.theme.color("quiet" if winner == NONE_OF_THESE else "text"))
            draw_text(painter, line, winner)
            top = line.bottom() + 1 + Space.S
            for number, (name, share) in enumerate(ranked):
                row = QRect(box.left(), top + number * _BAR, box.width(), Size.ICON)
                draw_score(painter, self.theme, row, name, share, first=name == winner)
        else:
            self._paint_waiting(painter, box, index.data(NAME_ROLE))

    def _paint_waiting(self, painter: QPainter, box: QRect, name: str) -> None:
        painter.setFont(font(Type.BODY))
        painter.setPen(self.theme.color("quiet"))
        line = QRect(box.left(), box.top(), box.width(), Size.ICON)
        draw_text(painter, line, name, elide=Qt.TextElideMode.ElideMiddle)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.color("faint"))
        for number in range(self._results.ranks):
            top = box.top() + Size.ICON + Space.S + number * _BAR + Size.ICON_SMALL
            bar = QRect(box.left(), top, box.width(), Space.XS)
            painter.drawRoundedRect(bar, Space.XS / 2, Space.XS / 2)


def _covering(picture: QPixmap, box: QRect) -> QRectF:
    """The middle part of the picture that fills a box of that shape."""
    scale = max(box.width() / picture.width(), box.height() / picture.height())
    width, height = box.width() / scale, box.height() / scale
    return QRectF((picture.width() - width) / 2, (picture.height() - height) / 2, width, height)
