"""What CLIP is asked: the classes, the sentence they are put into, and the model."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from tlstudio.ui.theme import Size, Space, Theme, restyle, with_role
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.chips import ChipEdit
from tlstudio.ui.widgets.clip_picker import ClipPicker
from tlstudio.zeroshot.events import DEFAULT_TEMPLATE

_SLOT = "{}"
_LINES = 3  # of chips; more are scrolled


class _Grower(QScrollArea):
    """As tall as its widget wants to be, up to a few lines of chips."""

    def __init__(self, chips: ChipEdit) -> None:
        super().__init__()
        self._chips = chips
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(chips)
        chips.changed.connect(self.fit)

    @Slot()
    def fit(self) -> None:
        wanted = self._chips.heightForWidth(self.viewport().width())
        self.setFixedHeight(min(wanted, _LINES * Size.CONTROL + Space.S))
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()


class ZeroShotForm(QFrame):
    """The three things to enter, each with a line beneath it that says how it is understood.

    Signals:
        changed: any of them.
        dataset_classes_asked: take the classes of the folder that is open on the Data page.
    """

    changed = Signal()
    dataset_classes_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.chips = ChipEdit(theme, "class", "classes")
        self.template = QLineEdit(DEFAULT_TEMPLATE)
        self.picker = ClipPicker()
        self.from_dataset = button(theme, "Use the dataset's classes", kind="quiet")
        policy = self.from_dataset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # or all beneath would jump as it comes and goes
        self.from_dataset.setSizePolicy(policy)
        self._said = with_role(QLabel(), "caption")
        self._example = with_role(QLabel(), "caption")
        self._lay_out()
        self.chips.changed.connect(self._show_example)
        self.chips.said.connect(self._say)
        self.template.textChanged.connect(self._show_example)
        self.from_dataset.clicked.connect(self.dataset_classes_asked)
        for changed in (self.chips.changed, self.template.textChanged, self.picker.changed):
            changed.connect(self.changed)
        self._say("")
        self._show_example()

    @property
    def example(self) -> str:
        """The line beneath the prompt."""
        return self._example.text()

    @property
    def said(self) -> str:
        """The line beneath the classes."""
        return self._said.text()

    @property
    def template_fits(self) -> bool:
        return _SLOT in self.template.text()

    def _lay_out(self) -> None:
        self.template.setAccessibleName("Prompt")
        self.template.setToolTip(f"The sentence that CLIP compares with each image; {_SLOT} is the class")
        heading = QHBoxLayout()
        label = with_role(QLabel("Classes"), "lead")
        label.setBuddy(self.chips.entry)
        heading.addWidget(label, 1)
        heading.addWidget(self.from_dataset)
        above = QVBoxLayout()
        above.setSpacing(Space.XS)
        above.addLayout(heading)
        above.addWidget(_Grower(self.chips))
        above.addWidget(self._said)
        below = QHBoxLayout()
        below.setSpacing(Space.XL)
        below.addLayout(_labelled("Prompt", self.template, self._example), 3)
        below.addLayout(_labelled("Model", self.picker), 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        layout.setSpacing(Space.S)
        layout.addLayout(above)
        layout.addLayout(below)

    @Slot(str)
    def _say(self, words: str) -> None:
        self._said.setText(words or "Double-click renames, Backspace takes the last one out.")

    @Slot()
    def _show_example(self) -> None:
        names = self.chips.names()
        fits = self.template_fits
        if fits:
            sentence = self.template.text().replace(_SLOT, names[0] if names else "cat")
            self._example.setText(f"CLIP reads “{sentence}”")
        else:
            self._example.setText(
                f"{_SLOT} is missing: put it where the class belongs, as in “{DEFAULT_TEMPLATE}”"
            )
        role = "caption" if fits else "error"
        if self._example.property("role") != role:
            self._example.setProperty("role", role)
            restyle(self._example)


def _labelled(words: str, field: QWidget, under: QWidget | None = None) -> QVBoxLayout:
    label = with_role(QLabel(words), "lead")
    label.setBuddy(field)
    layout = QVBoxLayout()
    layout.setSpacing(Space.XS)
    layout.addWidget(label)
    layout.addWidget(field)
    if under is not None:
        layout.addWidget(under)
    layout.addStretch(1)
    return layout
