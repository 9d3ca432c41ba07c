"""The strategies of transfer learning to choose from, each with what it means and what it costs."""

import dataclasses

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from tlstudio.config import Strategy
from tlstudio.ui.theme import Size, Space, with_role
from tlstudio.ui.widgets.basics import number_box
from tlstudio.ui.widgets.glyph import Glyph


@dataclasses.dataclass(frozen=True)
class _Words:
    title: str
    meaning: str
    cost: str


_WORDS = {
    Strategy.AS_IS: _Words(
        "Used as it is",
        "Move in without touching anything: the network goes on naming the 1,000 classes of ImageNet.",
        "Nothing is trained. It helps only where your classes are among those 1,000.",
    ),
    Strategy.FEATURE_EXTRACTION: _Words(
        "Feature extraction",
        "Keep the house, change the furniture: every layer keeps what it learned, and a new classifier "
        "learns your classes from it.",
        "The quickest. Enough for few images that look like ordinary photographs.",
    ),
    Strategy.PARTIAL: _Words(
        "Partial fine-tuning",
        "Remodel the top floor: the last blocks are fine-tuned together with the new classifier, the general "
        "ones beneath them stay.",
        "More time and memory with each block. For images that differ somewhat from ImageNet.",
    ),
    Strategy.STAGED: _Words(
        "Staged fine-tuning",
        "Remodel floor by floor: first the classifier alone, then one block more in each stage, at a lower "
        "learning rate each time.",
        "The epochs are shared out among the stages. Gentle on what was learned before.",
    ),
    Strategy.FULL: _Words(
        "Full fine-tuning",
        "Remodel the whole house: every layer starts from its pre-trained weights, and all are adjusted.",
        "The slowest. Wants hundreds of images a class, or it learns them by heart.",
    ),
    Strategy.HYBRID: _Words(
        "Hybrid, by hand",
        "Your own plan: tick in the layer tree what stays frozen, clear what is trained.",
        "Training goes down to the lowest layer that is not frozen; what lies below costs nothing.",
    ),
    Strategy.SCRATCH: _Words(
        "From scratch",
        "Pull it down and rebuild: the same network from random weights. Nothing learned before is used.",
        "Many images and many epochs. The honest baseline to measure the others against.",
    ),
}
_COUNTED = (Strategy.PARTIAL, Strategy.STAGED)


def title(strategy: Strategy) -> str:
    return _WORDS[strategy].title


class StrategyPanel(QWidget):
    """Radio buttons, the number of blocks where a strategy has one, and the words about the chosen one.

    Signals:
        chosen: the person chose another strategy, or another number of blocks.
    """

    chosen = Signal(object, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self.buttons: dict[Strategy, QRadioButton] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for strategy in _WORDS:
            layout.addWidget(self._button(strategy))
        layout.addSpacing(Space.S)
        layout.addWidget(self._blocks())
        layout.addWidget(self._words())
        layout.addStretch(1)
        self._group.buttonClicked.connect(self._choose)

    def show_strategy(
        self, strategy: Strategy, blocks: int, most: int, note: str = "", *, counted: bool = True
    ) -> None:
        """Show what is chosen, without reporting it; ``most`` is the number of blocks before the head.

        ``counted``: the number of blocks is asked for, where the strategy has one.
        """
        self.buttons[strategy].setChecked(True)
        self.blocks.blockSignals(True)
        self.blocks.setRange(1, max(1, most))
        self.blocks.setValue(blocks)
        self.blocks.blockSignals(False)
        self._blocks_row.setVisible(counted and strategy in _COUNTED)
        words = _WORDS[strategy]
        self._meaning.setText(words.meaning)
        self._cost.setText(words.cost)
        self._note.setText(note)
        self._note.setVisible(bool(note))

    def _button(self, strategy: Strategy) -> QRadioButton:
        button = QRadioButton(_WORDS[strategy].title)
        button.setAccessibleDescription(f"{_WORDS[strategy].meaning} {_WORDS[strategy].cost}")
        self._group.addButton(button)
        self.buttons[strategy] = button
        return button

    def _blocks(self) -> QWidget:
        self.blocks = number_box(1, 1)
        self.blocks.setAccessibleName("Blocks before the head that are trained")
        self.blocks.setToolTip("How many blocks before the head are trained with it")
        self.blocks.valueChanged.connect(self._count)
        label = QLabel("Blocks trained")
        label.setBuddy(self.blocks)
        self._blocks_row = QWidget()
        row = QHBoxLayout(self._blocks_row)
        row.setContentsMargins(0, 0, 0, Space.S)
        row.addWidget(label, 1)
        row.addWidget(self.blocks)
        return self._blocks_row

    def _words(self) -> QWidget:
        box = QFrame()
        box.setProperty("role", "well")
        self._meaning = QLabel()
        self._cost = with_role(QLabel(), "quiet")
        self._note = with_role(QLabel(), "quiet")
        layout = QVBoxLayout(box)
        layout.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        layout.setSpacing(Space.S)
        for label in (self._meaning, self._cost, self._note):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        layout.addWidget(self._meaning)
        cost = QHBoxLayout()
        cost.setSpacing(Space.S)
        cost.addWidget(Glyph("clock", size=Size.ICON_SMALL), 0, Qt.AlignmentFlag.AlignTop)
        cost.addWidget(self._cost, 1)
        layout.addLayout(cost)
        layout.addWidget(self._note)
        return box

    @Slot()
    def _choose(self) -> None:
        strategy = self._chosen()
        self.chosen.emit(strategy, self.blocks.value() if strategy in _COUNTED else 1)

    @Slot(int)
    def _count(self, blocks: int) -> None:
        self.chosen.emit(self._chosen(), blocks)

    def _chosen(self) -> Strategy:
        return next(strategy for strategy, button in self.buttons.items() if button.isChecked())
