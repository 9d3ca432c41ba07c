"""The sentences that a class is put into, and how they reach CLIP."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from tlstudio.ui.theme import Space, restyle, with_role
from tlstudio.ui.widgets.basics import QuietComboBox
from tlstudio.zeroshot.events import DEFAULT_TEMPLATE
from tlstudio.zeroshot.templates import IMAGENET, TITLES, preset_of, templates_of
from tlstudio.zeroshot.text import SLOT, words_of

_OTHERS = "Your own"
_MOST_LINES = 4
_FRAME = 2 * (Space.XS + Space.XS) + Space.XS  # what a field needs above and below its lines


class PromptField(QWidget):
    """Templates, one a line, with presets; beneath them what CLIP reads.

    Signals:
        changed: other sentences.
        preset_asked: the sentences of a preset that the engine has to look up.
    """

    changed = Signal()
    preset_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._first_class = ""
        self._preset: tuple[str, tuple[str, ...]] = ("", ())  # the last one that the engine looked up
        self.presets = QuietComboBox()
        self.presets.setAccessibleName("Presets of prompts")
        for name, title in TITLES.items():
            self.presets.addItem(title, name)
        self.presets.addItem(_OTHERS, "")
        self.presets.setSizeAdjustPolicy(QuietComboBox.SizeAdjustPolicy.AdjustToContents)
        self.lines = QPlainTextEdit(DEFAULT_TEMPLATE)
        self.lines.setAccessibleName("Prompts, one a line")
        self.lines.setToolTip(
            f"Sentences that CLIP compares with each image, one a line; {SLOT} is the class"
        )
        self.lines.setTabChangesFocus(True)
        self.lines.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.lines.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._example = with_role(QLabel(), "caption")
        self._example.setTextFormat(Qt.TextFormat.PlainText)
        self._example.setMinimumWidth(1)
        label = with_role(QLabel("Prompt"), "lead")
        label.setBuddy(self.lines)
        heading = QHBoxLayout()
        heading.addWidget(label, 1)
        heading.addWidget(self.presets)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addLayout(heading)
        layout.addWidget(self.lines)
        layout.addWidget(self._example)
        layout.addStretch(1)
        self.lines.textChanged.connect(self._edited)
        self.presets.activated.connect(self._choose)
        self._refresh()

    @property
    def templates(self) -> tuple[str, ...]:
        lines = (line.strip() for line in self.lines.toPlainText().splitlines())
        return tuple(dict.fromkeys(filter(None, lines)))

    @property
    def example(self) -> str:
        """The line beneath the prompt."""
        return self._example.text()

    def set_templates(self, templates: tuple[str, ...], preset: str = "") -> None:
        """Take these sentences, which are those of the ``preset`` that was asked for."""
        if preset:
            self._preset = (preset, templates)
        with QSignalBlocker(self.lines):
            self.lines.setPlainText("\n".join(templates))
        self._edited()

    def show_class(self, name: str) -> None:
        """The class that stands for all in the line beneath."""
        self._first_class = (words_of(name) or ("",))[0]
        self._refresh()

    @Slot(int)
    def _choose(self, place: int) -> None:
        name = self.presets.itemData(place)
        if not name:
            self._refresh()
        elif name == IMAGENET:  # they are open_clip's, which loads torch
            self.preset_asked.emit(name)
        else:
            self.set_templates(templates_of(name))

    @Slot()
    def _edited(self) -> None:
        self._refresh()
        self.changed.emit()

    def _refresh(self) -> None:
        templates = self.templates
        without = [one for one in templates if SLOT not in one]
        self._example.setText(self._words(templates, without))
        role = "error" if without or not templates else "caption"
        if self._example.property("role") != role:
            self._example.setProperty("role", role)
            restyle(self._example)
        name, looked_up = self._preset
        preset = name if looked_up and looked_up == templates else preset_of(templates) or ""
        self.presets.setCurrentIndex(self.presets.findData(preset))
        there = max(1, self.lines.blockCount())
        bars = Qt.ScrollBarPolicy
        needed = bars.ScrollBarAsNeeded if there > _MOST_LINES else bars.ScrollBarAlwaysOff
        self.lines.setVerticalScrollBarPolicy(needed)
        lines = min(there, _MOST_LINES)
        self.lines.setFixedHeight(lines * QFontMetrics(self.lines.font()).lineSpacing() + _FRAME)

    def _words(self, templates: tuple[str, ...], without: list[str]) -> str:
        if not templates:
            return f"There is no prompt: write one, as “{DEFAULT_TEMPLATE}”"
        if without:
            return f"{SLOT} is missing in “{without[0]}”: put it where the class belongs"
        sentence = templates[0].replace(SLOT, self._first_class or "cat")
        if len(templates) == 1:
            return f"CLIP reads “{sentence}”"
        return f"{len(templates)} sentences, averaged: “{sentence}” and {len(templates) - 1} more"
