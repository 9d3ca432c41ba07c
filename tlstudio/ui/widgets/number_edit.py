"""A field for a number of any magnitude, which may be left empty."""

import math

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtGui import QDoubleValidator, QFocusEvent, QKeyEvent, QValidator
from PySide6.QtWidgets import QLineEdit, QWidget

LEAST_LR, MOST_LR = 1e-9, 10.0


class NumberEdit(QLineEdit):
    """Takes numbers between ``least`` and ``most``, also as 3e-4; empty means none of its own.

    Signals:
        finished: the person pressed Enter or went elsewhere; what was only the beginning of a number is gone.
    """

    finished = Signal()

    def __init__(self, least: float, most: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._validator = _NumberOrNothing(least, most, 12, self)
        plain = QLocale.c()  # a comma for the point would be read as another number
        plain.setNumberOptions(QLocale.NumberOption.RejectGroupSeparator)
        self._validator.setLocale(plain)
        self.setValidator(self._validator)

    def value(self) -> float | None:
        """The number, or None where there is none or only the beginning of one."""
        return float(self.text()) if self.text() and self.hasAcceptableInput() else None

    def set_value(self, value: object) -> None:
        """Show a number that fits between the bounds; anything else leaves the field empty."""
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
        self.setText(f"{number:g}" if self._validator.bottom() <= number <= self._validator.top() else "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._finish()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() is not Qt.FocusReason.PopupFocusReason:
            self._finish()

    def _finish(self) -> None:
        if not self.hasAcceptableInput():
            self.clear()
        self.finished.emit()


class _NumberOrNothing(QDoubleValidator):
    def validate(self, words: str, place: int) -> object:
        return super().validate(words, place) if words else (QValidator.State.Acceptable, words, place)
