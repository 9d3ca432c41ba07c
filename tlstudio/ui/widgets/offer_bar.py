"""Something the person may want done, asked without getting in the way."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from tlstudio.ui.theme import Space, Theme, with_role
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.glyph import Glyph


class OfferBar(QFrame):
    """A sentence with two answers; either puts the bar away.

    Signals:
        accepted: do it.
        declined: not now.
    """

    accepted = Signal()
    declined = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._glyph = Glyph("info")
        self._sentence = with_role(QLabel(), "lead")
        self._hint = with_role(QLabel(), "quiet")
        self.accept_button = button(theme, "", kind="secondary")
        self.decline_button = button(theme, "Not now", kind="quiet")
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
        layout.addWidget(self.decline_button)
        layout.addWidget(self.accept_button)
        for answer, signal in ((self.accept_button, self.accepted), (self.decline_button, self.declined)):
            answer.clicked.connect(signal)
            answer.clicked.connect(self.hide)
        self.hide()

    @property
    def sentence(self) -> str:
        return self._sentence.text()

    def ask(self, icon: str, sentence: str, hint: str, accept: str) -> None:
        """Show itself with this question; ``accept`` is the word for doing it."""
        self._glyph.set_icon(icon)
        self._sentence.setText(sentence)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self.accept_button.setText(accept)
        self.accept_button.setAccessibleName(accept)
        self.setAccessibleName(f"{sentence} {hint}".strip())
        self.show()
