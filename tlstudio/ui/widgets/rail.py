"""The rail at the left of the window: an icon and a word for each page."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QFrame, QSizePolicy, QVBoxLayout, QWidget

from tlstudio.ui.icons import icon
from tlstudio.ui.pages.base import NEEDED, READY
from tlstudio.ui.theme import SCHEMES, Radius, Size, Space, Theme, Type

_STATES = {READY: "ready", NEEDED: "needs attention"}
_THEMES = {
    "system": ("system", "System", "Theme: as the system"),
    "light": ("sun", "Light", "Theme: light"),
    "dark": ("moon", "Dark", "Theme: dark"),
}


class RailButton(QAbstractButton):
    """One entry of the rail; ``attention`` puts a tick or a dot beside its icon."""

    def __init__(self, icon_name: str, word: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon_name = icon_name
        self._theme = theme
        self._by_key = False
        self.attention = ""
        self.setText(word)
        self.setAccessibleName(word)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def set_look(self, icon_name: str, word: str) -> None:
        self._icon_name = icon_name
        self.setText(word)
        self.update()

    def set_attention(self, attention: str) -> None:
        self.attention = attention
        self.setAccessibleDescription(_STATES.get(attention, ""))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(Size.RAIL, Size.RAIL_ITEM)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            event.ignore()  # the rail goes around, which a group of buttons does not
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The ring shows where the keys are; a mouse knows where it is."""
        self._by_key = event.reason() != Qt.FocusReason.MouseFocusReason
        super().focusInEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = self.rect().adjusted(Space.S, Space.XS // 2, -Space.S, -Space.XS // 2)
        self._paint_ground(painter, box)
        ink = tokens.accent if self.isChecked() else tokens.text if self.underMouse() else tokens.quiet
        height = Size.ICON + Space.XS + Type.CAPTION + Space.XS
        top = box.center().y() - height // 2 + 1
        figure = QRect(box.center().x() - Size.ICON // 2, top, Size.ICON, Size.ICON)
        icon(self._icon_name, ink).paint(painter, figure)
        font = self.font()
        font.setPixelSize(Type.CAPTION)
        font.setBold(self.isChecked())
        painter.setFont(font)
        painter.setPen(QColor(tokens.text if self.isChecked() else ink))
        word = QRect(self.rect().left(), figure.bottom() + Space.XS, self.width(), Type.CAPTION + Space.S)
        painter.drawText(word, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, self.text())
        self._paint_state(painter, figure.topRight() + QPoint(Space.S, Space.XS // 2))

    def _paint_ground(self, painter: QPainter, box: QRect) -> None:
        tokens = self._theme.tokens
        ground = tokens.selected if self.isChecked() else tokens.hover if self.underMouse() else None
        painter.setPen(Qt.PenStyle.NoPen)
        if self.hasFocus() and self._by_key:
            painter.setPen(QPen(QColor(tokens.accent), Size.FOCUS))
        painter.setBrush(QColor(ground) if ground else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, Radius.CONTROL, Radius.CONTROL)

    def _paint_state(self, painter: QPainter, centre: QPoint) -> None:
        tokens = self._theme.tokens
        if self.attention == READY:
            tick = QRect(0, 0, Space.M, Space.M)
            tick.moveCenter(centre)
            icon("check-bold", tokens.new).paint(painter, tick)
        elif self.attention == NEEDED:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.tuned))
            painter.drawEllipse(centre, Space.XS - 1, Space.XS - 1)


class Rail(QFrame):
    """The pages' entries above, the choice of the theme below. Arrow keys go from entry to entry.

    Signals:
        chosen: the place of the page that was asked for.
    """

    chosen = Signal(int)

    def __init__(self, entries: Sequence[tuple[str, str]], theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("role", "rail")
        self.setAccessibleName("Pages")
        self.setFixedWidth(Size.RAIL)
        self.buttons = [RailButton(icon_name, word, theme) for icon_name, word in entries]
        self._group = QButtonGroup(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, Space.M, 0, Space.S)
        layout.setSpacing(0)
        for place, button in enumerate(self.buttons):
            button.setCheckable(True)
            button.setToolTip(f"{button.text()} (Ctrl+{place + 1})")
            self._group.addButton(button, place)
            layout.addWidget(button)
        layout.addStretch(1)
        self.theme_button = RailButton("system", "System", theme)
        self.theme_button.clicked.connect(self._next_scheme)
        layout.addWidget(self.theme_button)
        self._group.idClicked.connect(self.chosen)
        self._show_scheme()

    def set_current(self, place: int) -> None:
        self.buttons[place].setChecked(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        place = (self._group.checkedId() + step) % len(self.buttons)
        self.buttons[place].setFocus()
        self.chosen.emit(place)

    @Slot()
    def _next_scheme(self) -> None:
        place = SCHEMES.index(self._theme.scheme)
        self._theme.set_scheme(SCHEMES[(place + 1) % len(SCHEMES)])
        self._show_scheme()

    def _show_scheme(self) -> None:
        icon_name, word, name = _THEMES[self._theme.scheme]
        self.theme_button.set_look(icon_name, word)
        self.theme_button.setAccessibleName(name)
        self.theme_button.setToolTip(f"{name}. Click for the next.")
