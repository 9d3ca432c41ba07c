"""The plain pieces that every page is put together from."""

from typing import overload

from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QWidget,
)

from tlstudio.ui.theme import Space, Theme


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


def scrolled(content: QWidget) -> QScrollArea:
    """``content`` in as much height as there is; it scrolls where it needs more."""
    content.setProperty("role", "scrolled")
    area = QScrollArea()
    area.setWidget(content)
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area


def rule() -> QFrame:
    """A thin line between two parts."""
    made = QFrame()
    made.setProperty("role", "rule")
    return made


@overload
def number_box(
    least: int, most: int, *, step: int = ..., at_least: str = ..., suffix: str = ...
) -> QSpinBox: ...


@overload
def number_box(
    least: float, most: float, *, decimals: int, step: float = ..., at_least: str = ..., suffix: str = ...
) -> QDoubleSpinBox: ...


def number_box(
    least: float, most: float, *, decimals: int = 0, step: float = 1, at_least: str = "", suffix: str = ""
) -> QSpinBox | QDoubleSpinBox:
    """A field for a number; ``at_least`` is the word for the least value where that means something else."""
    box: QSpinBox | QDoubleSpinBox
    if decimals:
        box = QuietDoubleSpinBox()
        box.setDecimals(decimals)
        box.setRange(least, most)
        box.setSingleStep(step)
    else:
        box = QuietSpinBox()
        box.setRange(int(least), int(most))
        box.setSingleStep(int(step))
    box.setSpecialValueText(at_least)
    box.setSuffix(suffix)
    return box


class QuietSpinBox(QSpinBox):
    """Does not change when somebody scrolls past it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        _calm(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class QuietDoubleSpinBox(QDoubleSpinBox):
    """Does not change when somebody scrolls past it, and shows no zeros that say nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        _calm(self)
        self.setLocale(QLocale.c())

    def textFromValue(self, val: float) -> str:
        return f"{val:.{self.decimals()}f}".rstrip("0").rstrip(".") or "0"

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class QuietComboBox(QComboBox):
    """Does not change when somebody scrolls past it, and is as narrow as its place asks."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def _calm(box: QSpinBox | QDoubleSpinBox) -> None:
    # The style sheet's padding does not reach the text of a spin box.
    box.lineEdit().setTextMargins(Space.S, 0, 0, 0)
