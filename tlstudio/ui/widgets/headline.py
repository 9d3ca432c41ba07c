"""A figure, large, with its name above and its interval beneath."""

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from tlstudio.evaluation.metrics import Estimate
from tlstudio.ui.text import percent
from tlstudio.ui.theme import Space, number_font, with_role


class Headline(QWidget):
    """Shows an estimate, or any words."""

    def __init__(self) -> None:
        super().__init__()
        self._name, self._figure, self._more = QLabel(), QLabel(), QLabel()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, Space.L, 0)
        column.setSpacing(0)
        for label, role in ((self._name, "caption"), (self._figure, "section"), (self._more, "caption")):
            column.addWidget(with_role(label, role))
        self._figure.setFont(number_font())

    @property
    def words(self) -> tuple[str, str]:
        """The figure and what is said beneath it."""
        return self._figure.text(), self._more.text()

    def show_estimate(self, name: str, one: Estimate) -> None:
        self.show_words(name, percent(one.value), f"95 %: {percent(one.low)} to {percent(one.high)}")

    def show_words(self, name: str, figure: str, more: str) -> None:
        self._name.setText(name)
        self._figure.setText(figure)
        self._more.setText(more)
        self.setAccessibleName(f"{name} {figure}, {more}")
