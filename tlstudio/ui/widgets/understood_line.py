"""How the folder was understood, in a sentence that can be corrected, and how far its images are checked."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from tlstudio.data.layouts import Layout, Nesting
from tlstudio.events import Progress
from tlstudio.ui.theme import Space, Theme, with_role
from tlstudio.ui.widgets.basics import QuietComboBox, button

_NESTINGS: dict[Nesting, str] = {
    "outer": "outer folders",
    "inner": "inner folders",
    "path": "the path of folders",
}
_CHOICE_WIDTH = 176


class UnderstoodLine(QWidget):
    """The sentence, where folders lie in folders a choice of which name the classes, and the check.

    Signals:
        nesting_chosen: the folders that name the classes, a Nesting.
        check_wanted: the rest of the images should be checked.
    """

    nesting_chosen = Signal(str)
    check_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.sentence = with_role(QLabel(), "quiet")
        self.sentence.setWordWrap(True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.nesting = QuietComboBox()
        self.nesting.setAccessibleName("Classes are")
        self.nesting.setFixedWidth(_CHOICE_WIDTH)
        for value, words in _NESTINGS.items():
            self.nesting.addItem(words, value)
        self._nesting_label = QLabel("Classes are")
        self.check = with_role(QLabel(), "quiet")
        self.check_button = button(theme, "Check the rest", kind="quiet")
        self.check_button.clicked.connect(self.check_wanted)
        self.nesting.activated.connect(self._choose)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addWidget(self.sentence, 1)
        layout.addWidget(self.check)
        layout.addWidget(self.check_button)
        layout.addSpacing(Space.S)
        layout.addWidget(self._nesting_label)
        layout.addWidget(self.nesting)
        self.show_checked(True)

    def show_layout(self, layout: Layout, nesting: Nesting, notes: tuple[str, ...] = ()) -> None:
        """Say how a folder was understood; ``notes`` is what else is to be known of it."""
        self.sentence.setText(" ".join((layout.sentence, *notes)))
        self.nesting.setCurrentIndex(self.nesting.findData(nesting))
        for widget in (self._nesting_label, self.nesting):
            # Where another choice was made there is a way back.
            widget.setVisible(layout.nested or nesting != "outer")

    @Slot(object)
    def show_check(self, progress: Progress) -> None:
        """Say how many images are checked so far."""
        self.check_button.hide()
        self.check.setVisible(progress.done < progress.total)
        self.check.setText(f"Checking images {progress.done:,} of {progress.total:,}")

    @Slot(bool)
    def show_checked(self, well: bool) -> None:
        """The check is over; if not ``well``, the rest can be checked."""
        self.check.setText("" if well else "Not every image was checked.")
        self.check.setVisible(not well)
        self.check_button.setVisible(not well)

    @Slot(int)
    def _choose(self, place: int) -> None:
        self.nesting_chosen.emit(self.nesting.itemData(place))
