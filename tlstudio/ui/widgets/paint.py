"""Small pieces of painting that several widgets share."""

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter

from tlstudio.ui.icons import icon
from tlstudio.ui.item_models.layer_tree import LayerState
from tlstudio.ui.text import percent
from tlstudio.ui.theme import Size, Space, Theme, Type, number_font

# Colour never speaks alone: each state has its icon and its word too.
STATE_TOKEN = {
    LayerState.FROZEN: "frozen",
    LayerState.TUNED: "tuned",
    LayerState.MIXED: "tuned",
    LayerState.NEW: "new",
}
STATE_ICON = {
    LayerState.FROZEN: "snowflake",
    LayerState.TUNED: "wrench",
    LayerState.MIXED: "wrench",
    LayerState.NEW: "spark",
}


def font(size: Type, *, bold: bool = False) -> QFont:
    """The application's font in one of the sizes of type, with figures of equal width."""
    wanted = number_font()
    wanted.setPixelSize(size)
    if bold:
        wanted.setWeight(QFont.Weight.DemiBold)
    return wanted


def dark_ink(theme: Theme) -> QColor:
    """What is read on a state's colour: those colours are light in both schemes."""
    return theme.color("ground" if theme.dark else "text")


def draw_icon(painter: QPainter, name: str, color: QColor | str, box: QRect) -> None:
    icon(name, color if isinstance(color, str) else color.name()).paint(painter, box)


def draw_text(
    painter: QPainter,
    box: QRect,
    text: str,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    """One line in the middle of ``box``, shortened with an ellipsis where it does not fit."""
    shown = painter.fontMetrics().elidedText(text, elide, box.width())
    painter.drawText(box, align | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)


def draw_score(painter: QPainter, theme: Theme, row: QRect, name: str, share: float, *, first: bool) -> None:
    """A class, its score from 0 to 1 as a number and beneath them as a bar; the ``first`` one stands out."""
    painter.setFont(font(Type.CAPTION))
    painter.setPen(theme.color("text" if first else "quiet"))
    number = percent(share)
    text = QRect(row.left(), row.top(), row.width(), Size.ICON_SMALL - Space.XS // 2)
    draw_text(painter, text, number, Qt.AlignmentFlag.AlignRight)
    room = painter.fontMetrics().horizontalAdvance(number) + Space.S
    draw_text(painter, text.adjusted(0, 0, -room, 0), name)
    bar = QRectF(row.left(), text.bottom() + 2, row.width(), Space.XS)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("faint"))
    painter.drawRoundedRect(bar, Space.XS / 2, Space.XS / 2)
    bar.setWidth(max(Space.XS * (share > 0), bar.width() * share))
    painter.setBrush(theme.color("accent" if first else "quiet"))
    painter.drawRoundedRect(bar, Space.XS / 2, Space.XS / 2)
