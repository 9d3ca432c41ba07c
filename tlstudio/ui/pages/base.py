"""What every page is made of: the header, and the states a page can be in besides full."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.ui.theme import Size, Space, with_role
from tlstudio.ui.widgets.glyph import Glyph, GlyphButton

READY, NEEDED, QUIET = "ready", "needed", ""


class Page(QWidget):
    """A titled page: header with a sentence and actions, then ``body``.

    Attributes:
        body: the layout under the header.
        attention: what the rail shows beside the page's name: READY, NEEDED or QUIET.
        classifies: a folder of images that is dropped on the page may be meant to be classified.

    Signals:
        state_changed: ``attention`` is another.
    """

    state_changed = Signal()

    def __init__(self, title: str, sentence: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self.attention = QUIET
        self.classifies = False
        self.setAccessibleName(title)
        self._sentence = with_role(QLabel(sentence), "sentence")
        self._sentence.setWordWrap(True)
        self._actions = QHBoxLayout()
        self._actions.setSpacing(Space.S)
        self.body = QVBoxLayout()
        self.body.setSpacing(Space.L)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(Space.XL, Space.L, Space.XL, Space.L)
        outer.setSpacing(Space.L)
        outer.addLayout(self._header(title))
        outer.addLayout(self.body, 1)

    def set_sentence(self, sentence: str) -> None:
        self._sentence.setText(sentence)

    def add_action(self, button: QAbstractButton) -> None:
        """Put a button at the right of the header; the main one is added last."""
        self._actions.addWidget(button)

    def set_attention(self, attention: str) -> None:
        if attention != self.attention:
            self.attention = attention
            self.state_changed.emit()

    def _header(self, title: str) -> QVBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(Space.XL)
        line.addWidget(with_role(QLabel(title), "title"))
        line.addStretch(1)
        line.addLayout(self._actions)
        header = QVBoxLayout()
        header.setSpacing(Space.XS)
        header.addLayout(line)
        header.addWidget(self._sentence)
        return header


class EmptyState(QWidget):
    """What stands where there is nothing yet: a drawing, a sentence, a hint, and the buttons that help."""

    def __init__(self, icon: str, sentence: str, hint: str, button: QWidget | None = None) -> None:
        super().__init__()
        self._sentence = _centred(sentence, "section")
        self._hint = _centred(hint, "quiet")
        layout = QVBoxLayout(self)
        layout.setSpacing(Space.M)
        layout.addStretch(2)
        layout.addWidget(Glyph(icon, size=Size.ICON_LARGE), 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._sentence)
        layout.addWidget(self._hint)
        if button is not None:
            layout.addSpacing(Space.S)
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)

    def set_text(self, sentence: str, hint: str) -> None:
        self._sentence.setText(sentence)
        self._hint.setText(hint)


class ErrorBanner(QFrame):
    """An error on the page it belongs to: the sentence, what to do, and a button to put it away.

    Signals:
        closed: the person put it away.
    """

    closed = Signal()

    def __init__(self, message: str = "", hint: str = "") -> None:
        super().__init__()
        self.setProperty("role", "banner")
        self._message = QLabel(message)
        self._hint = with_role(QLabel(hint), "quiet")
        close = GlyphButton("close", "Put this message away")
        close.clicked.connect(self._close)
        words = QVBoxLayout()
        words.setSpacing(Space.XS)
        for label in (self._message, self._hint):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            words.addWidget(label)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(Space.M, Space.S, Space.S, Space.S)
        layout.setSpacing(Space.M)
        layout.addWidget(Glyph("error", QPalette.ColorRole.BrightText), 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self._hint.setVisible(bool(hint))
        self.setAccessibleName(message)
        if not message:
            self.hide()

    @property
    def message(self) -> str:
        return self._message.text()

    def show_error(self, message: str, hint: str = "") -> None:
        """Say this; the banner shows itself."""
        self._show(message, hint)

    def clear(self) -> None:
        """Nothing is wrong any more."""
        self._show("", "")

    def _show(self, message: str, hint: str) -> None:
        self._message.setText(message)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self.setAccessibleName(message)
        self.setVisible(bool(message))

    def _close(self) -> None:
        self.clear()
        self.closed.emit()


def _centred(text: str, role: str) -> QLabel:
    label = with_role(QLabel(text), role)
    label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    label.setWordWrap(True)
    return label
