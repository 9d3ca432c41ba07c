"""An icon that stands in a layout and keeps to the palette."""

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from tlstudio.ui.icons import icon
from tlstudio.ui.theme import Size


class Glyph(QWidget):
    """Paints the icon ``name`` in a role of its palette, so that it follows the theme by itself.

    PlaceholderText is the quiet colour, Accent the accent, BrightText the error colour.
    """

    def __init__(
        self,
        name: str,
        role: QPalette.ColorRole = QPalette.ColorRole.PlaceholderText,
        size: int = Size.ICON,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._name, self._role, self._size = name, role, size
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_icon(self, name: str, role: QPalette.ColorRole | None = None) -> None:
        self._name, self._role = name, self._role if role is None else role
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._size, self._size)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        icon(self._name, self.palette().color(self._role).name()).paint(painter, self.rect())


class GlyphButton(QToolButton):
    """A small button that is nothing but an icon; ``name`` says what it does."""

    def __init__(self, icon_name: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon_name = icon_name
        self.setProperty("kind", "small")
        self.setAccessibleName(name)
        self.setToolTip(name)

    def set_icon(self, icon_name: str) -> None:
        self._icon_name = icon_name
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        role = QPalette.ColorRole.Text if self.underMouse() else QPalette.ColorRole.PlaceholderText
        box = QRect(0, 0, Size.ICON_SMALL, Size.ICON_SMALL)
        box.moveCenter(self.rect().center())
        icon(self._icon_name, self.palette().color(role).name()).paint(QPainter(self), box)
