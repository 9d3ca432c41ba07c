"""Any two finished entries of a lab, image by image."""

from pathlib import PurePath

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QVBoxLayout, QWidget

from tlstudio.evaluation.lab_events import PairedEntries
from tlstudio.ui import text
from tlstudio.ui.runs.lab_desk import LabDesk
from tlstudio.ui.theme import Space, with_role
from tlstudio.ui.widgets.basics import QuietComboBox

_FEW = "Two finished entries are needed before any can be compared."
_CHANCE = 0.05  # what is likelier than this may be chance


class LabPairs(QWidget):
    """Two fields to choose by, what McNemar's exact test says, and the images that only one gets right."""

    def __init__(self, desk: LabDesk) -> None:
        super().__init__()
        self._desk = desk
        self.first, self.second = QuietComboBox(), QuietComboBox()
        self.first.setAccessibleName("First entry")
        self.second.setAccessibleName("Second entry")
        self.words = with_role(QLabel(_FEW), "lead")
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.lists = QListWidget(), QListWidget()
        self._heads = with_role(QLabel(), "quiet"), with_role(QLabel(), "quiet")
        choice = QHBoxLayout()
        choice.setSpacing(Space.S)
        choice.addWidget(self.first, 1)
        choice.addWidget(with_role(QLabel("against"), "quiet"))
        choice.addWidget(self.second, 1)
        images = QHBoxLayout()
        images.setSpacing(Space.L)
        for head, listed, which in zip(self._heads, self.lists, ("first", "second"), strict=True):
            listed.setAccessibleName(f"Images that only the {which} gets right")
            column = QVBoxLayout()
            column.setSpacing(Space.XS)
            head.setWordWrap(True)
            column.addWidget(head)
            column.addWidget(listed, 1)
            images.addLayout(column, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.M)
        layout.addLayout(choice)
        layout.addWidget(self.words)
        layout.addLayout(images, 1)
        for field in (self.first, self.second):
            field.activated.connect(self.compare)
        desk.queue_changed.connect(self._offer)
        desk.paired.connect(self._show)

    @Slot()
    def compare(self) -> None:
        """Ask about the two that are chosen."""
        first, second = self.first.currentData(), self.second.currentData()
        if not first or not second:
            return
        if first == second:
            self._empty("Choose two different entries.")
        else:
            self._desk.pair(first, second)

    @Slot()
    def _offer(self) -> None:
        entries = self._desk.finished()
        names = [entry.name for entry in entries]
        if names == [self.first.itemData(place) for place in range(self.first.count())]:
            return
        chosen = self.first.currentData(), self.second.currentData()
        seeds = len({entry.seed for entry in entries}) > 1
        for place, field in enumerate((self.first, self.second)):
            field.clear()
            for entry in entries:
                field.addItem(f"{entry.title}, seed {entry.seed}" if seeds else entry.title, entry.name)
            found = field.findData(chosen[place]) if chosen[place] else -1
            field.setCurrentIndex(found if found >= 0 else min(place, field.count() - 1))
        if len(names) > 1:
            self.compare()
        else:
            self._empty(_FEW)

    def _empty(self, words: str) -> None:
        self.words.setText(words)
        for head, listed in zip(self._heads, self.lists, strict=True):
            head.setText("")
            listed.clear()

    @Slot(object)
    def _show(self, pair: PairedEntries) -> None:
        asked = (self.first.currentData(), self.second.currentData())
        if (pair.first, pair.second) != asked:
            return
        paired, names = pair.paired, (self.first.currentText(), self.second.currentText())
        gap = paired.difference
        verdict = "they can be told apart" if paired.p < _CHANCE else "they cannot be told apart"
        self.words.setText(
            f"On {text.amount(pair.images, 'test image')} {names[0]} is {100 * gap.value:+.1f} points "
            f"({100 * gap.low:+.1f} to {100 * gap.high:+.1f}) from {names[1]}. "
            f"McNemar's exact test: p = {paired.p:.2g}, {verdict}."
        )
        for head, listed, name, paths in zip(
            self._heads, self.lists, names, (pair.only_first, pair.only_second), strict=True
        ):
            head.setText(f"Only {name} is right: {text.amount(len(paths), 'image')}")
            listed.clear()
            listed.addItems([str(PurePath(path)) for path in paths])
