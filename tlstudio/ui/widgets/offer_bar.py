"""Something the person may want done, asked without getting in the way."""

from PySide6.QtCore import Signal

from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.message_bar import MessageBar


class OfferBar(MessageBar):
    """A sentence with two answers; either puts the bar away.

    Signals:
        accepted: do it.
        declined: not now.
    """

    accepted = Signal()
    declined = Signal()

    def __init__(self, theme: Theme) -> None:
        self.decline_button = button(theme, "Not now", kind="quiet")
        self.accept_button = button(theme, "", kind="secondary")
        super().__init__(self.decline_button, self.accept_button)
        for answer, signal in ((self.accept_button, self.accepted), (self.decline_button, self.declined)):
            answer.clicked.connect(signal)
            answer.clicked.connect(self.hide)

    def ask(self, icon: str, sentence: str, hint: str, accept: str) -> None:
        """Show itself with this question; ``accept`` is the word for doing it."""
        self.accept_button.setText(accept)
        self.accept_button.setAccessibleName(accept)
        self._say(icon, sentence, hint)
