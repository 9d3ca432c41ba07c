"""Above the grid of images: search, order, and the chips that narrow it down, with their counts."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from tlstudio.data.arrange import Order
from tlstudio.data.catalogue import SPLITS, Split
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import QuietComboBox, button
from tlstudio.ui.widgets.flow_layout import FlowLayout
from tlstudio.ui.widgets.split_editor import NAMES

ORDERS: dict[Order, str] = {
    "folder": "By folder",
    "name": "By name",
    "class": "By class",
    "largest": "Largest files first",
    "pixels": "Most pixels first",
    "newest": "Newest first",
}
_CHIPS: tuple[Split | None, ...] = (None, *SPLITS)
_WIDE = 400  # pixels in which search and boxes have room beside one another
_DELAY = 150  # milliseconds: a word that is being typed is not yet meant


class ImageFilters(QWidget):
    """What narrows the images down, and says how many are left.

    Signals:
        changed: other words, another split or problem, or what was left out instead.
        reordered: another order.
        clear_wanted: all filters, those of other widgets too, are to be taken away.
        take_in_wanted: the selected ones of the images that were left out are to be taken in again.
        left: the person goes on into the grid by Enter or the arrow down.
    """

    changed = Signal()
    reordered = Signal()
    clear_wanted = Signal()
    take_in_wanted = Signal()
    left = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._narrow: bool | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_DELAY)
        self._later.timeout.connect(self.changed)
        self.search = _SearchField()
        self.order_box = QuietComboBox()
        self.order_box.setAccessibleName("Order of the images")
        for order, words in ORDERS.items():
            self.order_box.addItem(words, order)
        self.problem_box = QuietComboBox()
        self.problem_box.setAccessibleName("Problems of the images")
        self.split_filter = QButtonGroup(self)
        self._chips = [button(theme, "", kind="quiet") for _ in _CHIPS]
        self.left_out_chip = button(theme, "Left out", kind="quiet")
        self.left_out_chip.setToolTip("Images that were left out, which can be taken in again")
        self.count_label = with_role(QLabel(), "quiet")
        self.take_in_button = button(theme, "Take in again", "plus", "quiet")
        self.take_in_button.setToolTip("Take the selected images in again (Del)")
        self.clear_button = button(theme, "Clear filters", "close", "quiet")
        self._lay_out()
        self.set_problems(())
        self.show_counts({})
        self.search.textChanged.connect(self._later.start)
        self.search.left.connect(self._leave_search)
        self.split_filter.idClicked.connect(self.changed)
        self.problem_box.currentIndexChanged.connect(self.changed)
        self.order_box.currentIndexChanged.connect(self.reordered)
        self.clear_button.clicked.connect(self.clear_wanted)
        self.take_in_button.clicked.connect(self.take_in_wanted)

    @property
    def words(self) -> str:
        return self.search.text().strip()

    @property
    def split(self) -> Split | None:
        place = self.split_filter.checkedId()
        return _CHIPS[place] if 0 <= place < len(_CHIPS) else None

    @property
    def left_out(self) -> bool:
        """Whether the images that were left out are asked for, instead of the others."""
        return self.left_out_chip.isChecked()

    @property
    def problem(self) -> str:
        """The title of the chosen problem; "" for none."""
        return self.problem_box.currentData() or ""

    @property
    def order(self) -> Order:
        return self.order_box.currentData()

    def reset(self, *, order: bool) -> None:
        """Ask for nothing any more, without telling anybody; where ``order``, by folder again."""
        with QSignalBlocker(self.search), QSignalBlocker(self.problem_box), QSignalBlocker(self.order_box):
            self.search.clear()
            self.problem_box.setCurrentIndex(0)
            if order:
                self.order_box.setCurrentIndex(0)
        self._later.stop()
        self._chips[0].setChecked(True)

    def set_problems(self, problems: Mapping[str, int] | Sequence[tuple[str, int]]) -> None:
        """Offer these problems with the number of their images; the chosen one stays, if it is among them."""
        chosen = self.problem
        with QSignalBlocker(self.problem_box):
            self.problem_box.clear()
            self.problem_box.addItem("Any image", "")
            for title, count in dict(problems).items():
                self.problem_box.addItem(f"{title} ({count:,})", title)
            self.problem_box.setCurrentIndex(max(0, self.problem_box.findData(chosen)))
        self.problem_box.setVisible(self.problem_box.count() > 1)

    def offer_left_out(self, offered: bool) -> None:
        """Whether any image was left out; where none was, none is asked for any more."""
        if not offered and self.left_out:
            self._chips[0].setChecked(True)
        self.left_out_chip.setVisible(offered)

    def show_counts(self, counts: Mapping[Split | None, int], left_out: int = 0) -> None:
        """How many images each chip would show, beside its name."""
        for chip, split in zip(self._chips, _CHIPS, strict=True):
            name = NAMES[split] if split else "All"
            chip.setText(f"{name} {counts[split]:,}" if counts else name)
            chip.setAccessibleName(chip.text())
        self.left_out_chip.setText(f"Left out {left_out:,}")
        self.left_out_chip.setAccessibleName(self.left_out_chip.text())

    def show_sentence(self, words: str, *, filtered: bool) -> None:
        self.count_label.setText(words)
        self.take_in_button.setVisible(self.left_out)
        self._told.setVisible(filtered)

    def _lay_out(self) -> None:
        self._first = QGridLayout()
        self._first.setSpacing(Space.S)
        self._boxes = (self.problem_box, self.order_box)
        for box in self._boxes:
            box.setMinimumWidth(Size.FIELD)
        self._place_boxes(narrow=False)
        second = FlowLayout(spacing=Space.XS)
        for place, chip in enumerate(self._chips):
            chip.setCheckable(True)
            chip.setChecked(place == 0)
            self.split_filter.addButton(chip, place)
            second.addWidget(chip)
        self.left_out_chip.setCheckable(True)
        self.left_out_chip.hide()
        self.split_filter.addButton(self.left_out_chip, len(_CHIPS))
        second.addWidget(self.left_out_chip)
        self._told = QWidget()  # there as long as something is filtered
        third = FlowLayout(self._told, spacing=Space.S)
        third.addWidget(self.count_label)
        third.addWidget(self.take_in_button)
        third.addWidget(self.clear_button)
        self.count_label.setTextFormat(Qt.TextFormat.PlainText)
        self.count_label.setMinimumSize(1, Size.CONTROL)  # a long name of a class must not widen the window
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addLayout(self._first)
        layout.addLayout(second)
        layout.addWidget(self._told)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_boxes(narrow=self.width() < _WIDE)

    def _place_boxes(self, *, narrow: bool) -> None:
        """The boxes beside the search, or beneath it where they would leave no room to type."""
        if narrow == self._narrow:
            return
        self._narrow = narrow
        self._first.addWidget(self.search, 0, 0, 1, 2 if narrow else 1)
        for place, box in enumerate(self._boxes):
            self._first.addWidget(box, int(narrow), place if narrow else place + 1)
        for column, stretch in enumerate((1, 1, 0) if narrow else (3, 2, 2)):
            self._first.setColumnStretch(column, stretch)

    @Slot()
    def _leave_search(self) -> None:
        if self._later.isActive():
            self._later.stop()
            self.changed.emit()
        self.left.emit()


class _SearchField(QLineEdit):
    """Escape empties it; Enter and the arrow down go on into the images.

    Signals:
        left: as above.
    """

    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("Search by name")
        self.setAccessibleName("Search images by name")
        self.setAcceptDrops(False)  # a folder dropped here is opened like anywhere else

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Escape if self.text():
                self.clear()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Down:
                self.left.emit()
            case _:
                super().keyPressEvent(event)
