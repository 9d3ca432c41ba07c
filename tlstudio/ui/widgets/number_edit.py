"""A field for a number of any magnitude, which may be left empty."""

import math

from PySide6.QtCore import QLocale
from PySide6.QtGui import QDoubleValidator, QValidator
from PySide6.QtWidgets import QLineEdit, QWidget

LEAST_LR, MOST_LR = 1e-9, 10.0


class NumberEdit(QLineEdit):
    """Takes numbers between ``least`` and ``most``, also as 3e-4; empty means none of its own."""

    def __init__(self, least: float, most: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._validator = QDoubleValidator(least, most, 12, self)
        self._validator.setLocale(QLocale.c())  # a comma for the point would be read as another number
        self.setValidator(self._validator)

    def value(self) -> float | None:
        """The number, or None where there is none or only the beginning of one."""
        words = self.text()
        # PySide types the answer as a bare object; it is the state, the text and the place of the cursor.
        state = self._validator.validate(words, 0)[0]  # type: ignore[index]
        return float(words) if state is QValidator.State.Acceptable else None

    def set_value(self, value: object) -> None:
        """Show a number that fits between the bounds; anything else leaves the field empty."""
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
        self.setText(f"{number:g}" if self._validator.bottom() <= number <= self._validator.top() else "")
