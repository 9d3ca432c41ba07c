"""What the Look-inside tab compares images with: the classes of the question, or a sentence of one's own."""

from collections.abc import Iterable

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from tlstudio.ui.widgets.basics import QuietComboBox
from tlstudio.zeroshot.events import Question
from tlstudio.zeroshot.text import SLOT, Prompts, sentences, words_of


def captions_of(question: Question) -> Prompts:
    """The sentences of each class that has a name, even where the question is not complete yet."""
    templates = [template for template in question.templates if SLOT in template] or [SLOT]
    named = {words[0]: words for name in question.classes if (words := words_of(name))}
    return {name: sentences(words, templates) for name, words in named.items()}


class CaptionField(QuietComboBox):
    """A class to choose, or a sentence to write.

    Signals:
        chosen: another caption is wanted.
    """

    chosen = Signal()

    def __init__(self, name: str, placeholder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEditable(True)
        self.setInsertPolicy(QuietComboBox.InsertPolicy.NoInsert)
        self.setAccessibleName(name)
        self.setMinimumContentsLength(16)
        line = QLineEdit()
        self.setLineEdit(line)
        line.setPlaceholderText(placeholder)
        self._last = ""
        self.activated.connect(self._tell)
        line.editingFinished.connect(self._tell)

    @property
    def caption(self) -> str:
        return " ".join(self.currentText().split())

    def offer(self, names: Iterable[str], first: int = -1) -> None:
        """Offer these classes; what was written or is still offered stays, else the ``first`` is chosen."""
        names = list(names)
        before, offered = self.caption, [self.itemText(row) for row in range(self.count())]
        if names == offered:
            return
        with QSignalBlocker(self):
            self.clear()
            self.addItems(names)
            gone = before in offered and before not in names
            if (gone or not before) and first < len(names):
                self.setCurrentIndex(first)
                self.setEditText(self.itemText(first) if first >= 0 else "")
            else:
                self.setEditText(before)
        self._last = self.caption

    @Slot()
    def _tell(self) -> None:
        if self.caption != self._last:
            self._last = self.caption
            self.chosen.emit()
