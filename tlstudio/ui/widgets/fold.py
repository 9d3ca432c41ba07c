"""A part of a page that is folded away until it is wanted."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from tlstudio.ui.theme import Space, Theme


class Fold(QWidget):
    """A row that can be clicked, and what it shows or hides.

    Signals:
        toggled: True when it was opened.
    """

    toggled = Signal(bool)

    def __init__(self, title: str, content: QWidget, theme: Theme, *, open_at_first: bool = False) -> None:
        super().__init__()
        self._theme = theme
        self._content = content
        self.button = QPushButton(title)
        self.button.setProperty("kind", "row")
        self.button.setCheckable(True)
        self.button.setChecked(open_at_first)
        self.button.toggled.connect(self._toggle)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addWidget(self.button)
        layout.addWidget(content)
        self._toggle(open_at_first)

    def set_title(self, title: str) -> None:
        self.button.setText(title)

    @Slot(bool)
    def _toggle(self, opened: bool) -> None:
        self._content.setVisible(opened)
        self._theme.set_icon(self.button, "chevron-down" if opened else "chevron", "quiet")
        self.button.setAccessibleDescription("open" if opened else "folded")
        self.toggled.emit(opened)
