"""What is rarely wanted: none of these, several at once, classes on a card."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QSlider, QWidget

from tlstudio.ui.theme import Size, Space, with_role
from tlstudio.ui.widgets.basics import number_box
from tlstudio.ui.widgets.chip import split_names

_FIRST_THRESHOLD = 50  # percent
_RANKS = 3


class Options(QWidget):
    """How sure CLIP has to be, what else there may be, and whether classes exclude one another.

    Signals:
        changed: any of what the question has of it.
        ranks_changed: how many classes a card shows.
    """

    changed = Signal()
    ranks_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.none_below = QCheckBox("None of these below")
        self.none_below.setToolTip("An image none of whose classes has so high a score shows none of them")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(1, 99)
        self.slider.setValue(_FIRST_THRESHOLD)
        self.slider.setAccessibleName("Least score, in percent")
        self.slider.setMinimumWidth(Size.FIELD)
        self._percent = QLabel()
        self._percent.setMinimumWidth(Size.CONTROL + Space.S)
        self.others = QLineEdit()
        self.others.setAccessibleName("Words for something else")
        self.others.setPlaceholderText("for example: a wall, empty ground, a blurred photo")
        self.others.setToolTip("One more class, of what is none of those above; commas between the words")
        self.independent = QCheckBox("Several at once")
        self.independent.setToolTip(
            "Each class is judged by itself, so the scores of an image need not add up"
        )
        self.ranks = number_box(1, 5)
        self.ranks.setValue(_RANKS)
        self.ranks.setAccessibleName("Classes on a card")
        self._lay_out()
        self.none_below.toggled.connect(self._refresh)
        self.slider.valueChanged.connect(self._refresh)
        self.others.editingFinished.connect(self.changed)
        self.independent.toggled.connect(self._refresh)
        self.ranks.valueChanged.connect(self.ranks_changed)
        self._refresh()

    @property
    def threshold(self) -> float:
        return self.slider.value() / 100 if self.none_below.isChecked() else 0.0

    @property
    def other_words(self) -> tuple[str, ...]:
        return tuple(split_names(self.others.text()))

    def values(self) -> dict[str, object]:
        """What is remembered of it."""
        return {
            "threshold": self.slider.value(),
            "none_below": self.none_below.isChecked(),
            "others": self.others.text(),
            "independent": self.independent.isChecked(),
            "ranks": self.ranks.value(),
        }

    def set_values(self, values: dict[str, object]) -> None:
        """What :meth:`values` gave once; what does not fit is left as it is."""
        threshold, others, ranks = values.get("threshold"), values.get("others"), values.get("ranks")
        if isinstance(threshold, int):
            self.slider.setValue(threshold)
        if isinstance(others, str):
            self.others.setText(others)
        if isinstance(ranks, int):
            self.ranks.setValue(ranks)
        self.none_below.setChecked(values.get("none_below") is True)
        self.independent.setChecked(values.get("independent") is True)

    def summary(self) -> str:
        """What is asked for beyond the usual, in a few words."""
        words = []
        if self.threshold:
            words.append(f"none of these below {self.slider.value()} %")
        if self.other_words:
            words.append("something else")
        if self.independent.isChecked():
            words.append("several at once")
        return " · ".join(words)

    def _lay_out(self) -> None:
        below = QHBoxLayout()
        below.setSpacing(Space.S)
        below.addWidget(self.none_below)
        below.addWidget(self.slider, 1)
        below.addWidget(self._percent)
        other = QLabel("Something else")
        other.setBuddy(self.others)
        cards = QHBoxLayout()
        cards.setSpacing(Space.S)
        cards.addWidget(self.independent)
        cards.addStretch(1)
        words = with_role(QLabel("Classes on a card"), "quiet")
        words.setBuddy(self.ranks)
        cards.addWidget(words)
        cards.addWidget(self.ranks)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(Space.XL)
        grid.setVerticalSpacing(Space.S)
        grid.addLayout(below, 0, 0)
        grid.addLayout(cards, 0, 1)
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        line.addWidget(other)
        line.addWidget(self.others, 1)
        grid.addLayout(line, 1, 0, 1, 2)
        for column in range(2):
            grid.setColumnStretch(column, 1)

    @Slot()
    def _refresh(self) -> None:
        on = self.none_below.isChecked()
        self.slider.setEnabled(on)
        self._percent.setEnabled(on)
        self._percent.setText(f"{self.slider.value()} %")
        self.changed.emit()
