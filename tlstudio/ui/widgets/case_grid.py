"""A card a labelled image: picture, class, what it is taken for, and the likeliest classes as bars."""

from PySide6.QtCore import QModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPixmap

from tlstudio.ui.item_models.cases import CASE, RANKS, Case, CaseModel
from tlstudio.ui.item_models.thumbnails import FAILED
from tlstudio.ui.theme import Radius, Size, Space, Theme, Type
from tlstudio.ui.widgets.paint import draw_icon, draw_score, draw_text, font
from tlstudio.ui.widgets.thumbnail_grid import ThumbnailGrid

_BAR = Size.ICON + Space.XS  # height of a class with its bar
_WORDS = Space.S + Size.ICON + Space.S + RANKS * _BAR + Space.S


class CaseGrid(ThumbnailGrid):
    """Cards in as many columns as the width allows; only those in sight are painted, their pictures read."""

    def __init__(self, model: CaseModel, theme: Theme) -> None:
        super().__init__(theme)
        self.setModel(model)
        self.setSelectionMode(self.SelectionMode.SingleSelection)
        self.setAccessibleName("Images and what the model says of them")
        self.setAccessibleDescription("Arrows move along, Enter shows the image large.")
        self.looked_at.connect(model.look_at)

    def columns_for(self, width: int) -> int:
        return max(1, width // (Size.PREVIEW - Space.XXL))

    def cell_for(self, width: int) -> QSize:
        return QSize(width, (width - Space.M) * 5 // 8 + _WORDS + Space.M)

    def paint_cell(self, painter: QPainter, index: QModelIndex, cell: QRect) -> None:
        one: Case = index.data(CASE)
        painter.save()
        card = cell.adjusted(0, 0, -Space.M, -Space.M)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(card).adjusted(0.5, 0.5, -0.5, -0.5), Radius.CARD, Radius.CARD)
        painter.fillPath(shape, self.theme.color("surface"))
        picture = QRect(card.left(), card.top(), card.width(), card.height() - _WORDS)
        painter.save()
        painter.setClipPath(shape)
        self._paint_picture(painter, picture, index)
        painter.restore()
        words = QRect(card.left(), picture.bottom() + 1, card.width(), _WORDS)
        self._paint_words(painter, words.adjusted(Space.M, Space.S, -Space.M, -Space.S), one)
        active = self.selectionModel().isSelected(index)
        token = "accent" if active else "quiet" if index == self.hovered else "line"
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self.theme.color(token), Size.FOCUS if active else Size.LINE))
        painter.drawPath(shape)
        painter.restore()

    def _paint_picture(self, painter: QPainter, box: QRect, index: QModelIndex) -> None:
        painter.fillRect(box, self.theme.color("faint"))
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(picture, QPixmap):
            size = box.size().scaled(picture.size(), Qt.AspectRatioMode.KeepAspectRatio)
            source = QRect(0, 0, size.width(), size.height())
            source.moveCenter(picture.rect().center())
            painter.drawPixmap(box, picture, source)
            return
        glyph = QRect(0, 0, Size.CONTROL, Size.CONTROL)
        glyph.moveCenter(box.center())
        draw_icon(painter, "warning" if index.data(FAILED) else "image", self.theme.color("quiet"), glyph)

    def _paint_words(self, painter: QPainter, box: QRect, one: Case) -> None:
        line = QRect(box.left(), box.top(), box.width(), Size.ICON)
        mark = QRect(line.left(), line.top() + Space.XS // 2, Size.ICON_SMALL, Size.ICON_SMALL)
        tokens = self.theme.tokens
        draw_icon(
            painter, "check" if one.right else "close", tokens.new if one.right else tokens.error_text, mark
        )
        painter.setFont(font(Type.LEAD, bold=True))
        painter.setPen(self.theme.color("text"))
        draw_text(painter, line.adjusted(Size.ICON_SMALL + Space.XS, 0, 0, 0), one.label)
        top = line.bottom() + 1 + Space.S
        for number, (name, share) in enumerate(one.ranked):
            row = QRect(box.left(), top + number * _BAR, box.width(), Size.ICON)
            draw_score(painter, self.theme, row, name, share, first=number == 0)
