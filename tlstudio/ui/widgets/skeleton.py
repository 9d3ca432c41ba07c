"""What stands where images will be, while they are being read."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from tlstudio.ui.theme import Radius, Size, Space, Theme


class Skeleton(QWidget):
    """Empty cells in the grid that the thumbnails will have."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("faint"))
        columns = max(1, round(self.width() / Size.CELL))
        side = self.width() / columns
        for row in range(int(self.height() // side)):
            for column in range(columns):
                cell = QRectF(column * side, row * side, side, side)
                cell.adjust(Space.XS, Space.XS, -Space.XS, -Space.XS)
                painter.drawRoundedRect(cell, Radius.CONTROL, Radius.CONTROL)
