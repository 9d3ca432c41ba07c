"""The plain pieces that every page is put together from."""

from PySide6.QtWidgets import QFrame, QPushButton

from tlstudio.ui.theme import Theme


def button(theme: Theme, words: str, icon: str | None = None, kind: str = "secondary") -> QPushButton:
    """A button of the kind "main", "secondary", "quiet" or "danger"."""
    made = QPushButton(words)
    made.setProperty("kind", kind)
    made.setAccessibleName(words)
    if icon:
        theme.set_icon(made, icon, "on_accent" if kind == "main" else "text")
    return made


def card() -> QFrame:
    """A raised part of a page."""
    made = QFrame()
    made.setProperty("role", "card")
    return made


def rule() -> QFrame:
    """A thin line between two parts."""
    made = QFrame()
    made.setProperty("role", "rule")
    return made
