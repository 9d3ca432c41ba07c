"""Three columns that become two where the window is narrow, and whose sides scroll where it is low."""

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from tlstudio.ui.theme import Space
from tlstudio.ui.widgets.basics import rule, scrolled


class SideColumns(QWidget):
    """Cards of ``side`` pixels with ``middle`` between them, which has at least ``least``.

    Where there is no room for that, what is at the right goes beneath what is at the left.

    Attributes:
        narrow: whether it does.
    """

    def __init__(self, left: QWidget, middle: QWidget, right: QWidget, *, side: int, least: int) -> None:
        super().__init__()
        self.narrow = False
        self._right = right
        self._least = 2 * (side + Space.L) + least
        self._rule = rule()
        self._left_card, self._right_card = _Side(side), _Side(side)
        self._left_card.take(left, stretch=1)
        self._left_card.take(self._rule)
        self._right_card.take(right)
        self._rule.hide()
        self.setMinimumWidth(side + Space.L + least)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.L)
        layout.addWidget(self._left_card)
        layout.addWidget(middle, 1)
        layout.addWidget(self._right_card)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < self._least
        if narrow != self.narrow:
            self.narrow = narrow
            (self._left_card if narrow else self._right_card).take(self._right)
            self._rule.setVisible(narrow)
            self._right_card.setVisible(not narrow)


class _Side(QFrame):
    """A card whose content scrolls where it needs more height."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setFixedWidth(width)
        content = QWidget()
        self._parts = QVBoxLayout(content)
        self._parts.setContentsMargins(0, 0, 0, 0)
        self._parts.setSpacing(Space.M)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        layout.addWidget(scrolled(content))

    def take(self, part: QWidget, stretch: int = 0) -> None:
        """Put ``part`` beneath what is here, wherever it was."""
        self._parts.addWidget(part, stretch)
