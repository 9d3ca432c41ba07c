"""Small pieces of painting that several widgets share."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QPainter

from tlstudio.ui.icons import icon
from tlstudio.ui.item_models.layer_tree import LayerState
from tlstudio.ui.theme import Theme, Type, number_font

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
