"""How a run ended, and where it lies."""

from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from tlstudio.ui.theme import Space, Theme, with_role
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.glyph import Glyph, GlyphButton


class OutcomeBar(QFrame):
    """A sentence, what can be done, a button to the run's folder, and one to put the bar away."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._run: Path | None = None
        self._glyph = Glyph("check", QPalette.ColorRole.Accent)
        self._sentence = with_role(QLabel(), "lead")
        self._hint = with_role(QLabel(), "quiet")
        self.open_button = button(theme, "Open folder", "folder")
        self.open_button.clicked.connect(self._open)
        close = GlyphButton("close", "Put this message away")
        close.clicked.connect(self.hide)
        words = QVBoxLayout()
        words.setSpacing(Space.XS // 2)
        for label in (self._sentence, self._hint):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            words.addWidget(label)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.S, Space.S, Space.S)
        layout.setSpacing(Space.M)
        layout.addWidget(self._glyph)
        layout.addLayout(words, 1)
        layout.addWidget(self.open_button)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    @property
    def sentence(self) -> str:
        return self._sentence.text()

    def show_outcome(self, icon: str, sentence: str, hint: str = "", run: Path | None = None) -> None:
        """``icon`` "error" also draws the frame of an error."""
        failed = icon == "error"
        self.setProperty("role", "banner" if failed else "card")
        self.style().polish(self)
        self._glyph.set_icon(icon, QPalette.ColorRole.BrightText if failed else QPalette.ColorRole.Accent)
        self._sentence.setText(sentence)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self._run = run
        self.open_button.setVisible(run is not None)
        self.setAccessibleName(f"{sentence} {hint}".strip())
        self.show()

    @Slot()
    def _open(self) -> None:
        if self._run is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._run)))
