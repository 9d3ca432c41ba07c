"""What every bar above a page's content looks like: an icon, a sentence with a hint, and buttons."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.ui.theme import Space, with_role
from tlstudio.ui.widgets.glyph import Glyph


class MessageBar(QFrame):
    """Hidden until it has something to say; ``buttons`` stand at its right."""

    def __init__(self, *buttons: QWidget) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._glyph = Glyph("info")
        self._sentence = with_role(QLabel(), "lead")
        self._hint = with_role(QLabel(), "quiet")
        words = QVBoxLayout()
        words.setSpacing(Space.XS // 2)
        for label in (self._sentence, self._hint):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            words.addWidget(label)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.S, Space.M, Space.S)
        layout.setSpacing(Space.M)
        layout.addWidget(self._glyph)
        layout.addLayout(words, 1)
        for one in buttons:
            layout.addWidget(one)
        self.hide()

    @property
    def sentence(self) -> str:
        return self._sentence.text()

    def _say(
        self,
        icon: str,
        sentence: str,
        hint: str,
        color: QPalette.ColorRole = QPalette.ColorRole.PlaceholderText,
    ) -> None:
        self._glyph.set_icon(icon, color)
        self._sentence.setText(sentence)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self.setAccessibleName(f"{sentence} {hint}".strip())
        self.show()
