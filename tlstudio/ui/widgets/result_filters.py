"""What narrows the results down: their class, how sure CLIP is of it, and words in the path."""

import dataclasses

from PySide6.QtCore import QSignalBlocker, QTimer, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from tlstudio.inference.results import NONE, Order, ResultTable, Wanted
from tlstudio.ui.item_models.results import NONE_OF_THESE
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import QuietComboBox, QuietSpinBox, button, number_box
from tlstudio.ui.widgets.flow_layout import FlowLayout

_CHIPS = 6  # classes with a chip of their own; the others are in a list
_LONGEST = 18  # letters of a class on its chip
_DELAY = 150  # milliseconds: a word that is being typed is not yet meant
_ALL, _PROBLEMS = -3, -2  # what chips ask for besides a class and none of these

ORDERS: dict[str, tuple[Order, bool]] = {
    "As added": (Order.ADDED, False),
    "By name": (Order.NAME, False),
    "Surest first": (Order.CONFIDENCE, False),
    "Lowest score first": (Order.CONFIDENCE, True),
    "Closest calls first": (Order.MARGIN, False),
    "Most mixed first": (Order.ENTROPY, False),
}


class ResultFilters(QWidget):
    """Chips with their counts, a search, a range of scores, and the order.

    Signals:
        changed: ``wanted`` is another.
    """

    changed = Signal()

    def __init__(self, table: ResultTable, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table, self._theme = table, theme
        self._chosen = _ALL
        self._classes: tuple[str, ...] = ()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_DELAY)
        self._later.timeout.connect(self.changed)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search names")
        self.search.setAccessibleName("Search in the paths")
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(Size.THUMBNAIL)
        self.least, self.most = number_box(0, 100, suffix=" %"), number_box(0, 100, suffix=" %")
        self.order_box = QuietComboBox()
        self.order_box.setAccessibleName("Order of the images")
        for words in ORDERS:
            self.order_box.addItem(words)
        self.order_box.setSizeAdjustPolicy(QuietComboBox.SizeAdjustPolicy.AdjustToContents)
        self.group = QButtonGroup(self)
        self.chips = [self._chip() for _ in range(_CHIPS + 3)]
        self.more = QuietComboBox()
        self.more.setAccessibleName("More classes")
        self.more.setMinimumContentsLength(14)
        self._lay_out()
        self.search.textChanged.connect(self._later.start)
        self.order_box.currentIndexChanged.connect(self.changed)
        for box in (self.least, self.most):
            box.valueChanged.connect(self._later.start)
        self.group.buttonClicked.connect(self._choose)
        self.more.activated.connect(self._choose_more)
        self.refresh()

    @property
    def wanted(self) -> Wanted:
        order, backwards = ORDERS[self.order_box.currentText()]
        return Wanted(
            label=self._chosen if self._chosen >= NONE else None,
            least=self.least.value() / 100,
            most=self.most.value() / 100,
            text=self.search.text(),
            problems=self._chosen == _PROBLEMS,
            order=order,
            backwards=backwards,
        )

    @property
    def narrows(self) -> bool:
        """Some images may be left out."""
        return dataclasses.replace(self.wanted, order=Order.ADDED, backwards=False) != Wanted()

    def set_order(self, order: Order, *, backwards: bool) -> None:
        """Sort so, if it is offered."""
        for place, offered in enumerate(ORDERS.values()):
            if offered == (order, backwards):
                self.order_box.setCurrentIndex(place)

    @Slot()
    def reset(self) -> None:
        """Leave nothing out; the order stays."""
        self._chosen = _ALL
        with QSignalBlocker(self.search), QSignalBlocker(self.least), QSignalBlocker(self.most):
            self.search.clear()
            self.least.setValue(0)
            self.most.setValue(100)
        self._later.stop()
        self.refresh()
        self.changed.emit()

    @Slot()
    def refresh(self) -> None:
        """Show the counts of the table; where it has other classes, the one that was chosen is so no more."""
        table = self._table
        if table.classes != self._classes:
            chosen = self._classes[self._chosen] if 0 <= self._chosen < len(self._classes) else ""
            self._classes = table.classes
            if chosen:
                self._chosen = self._classes.index(chosen) if chosen in self._classes else _ALL
        won, none = table.counts()
        problems = table.problems()
        if (self._chosen == NONE and not none) or (self._chosen == _PROBLEMS and not problems):
            self._chosen = _ALL
        order = (-won).argsort(kind="stable")
        often = [int(column) for column in order[: _CHIPS + 1] if won[column]]
        others = [int(column) for column in order[_CHIPS:] if won[column]] if len(often) > _CHIPS else []
        shown = [(_ALL, "All", len(table))] if len(won) or problems else []
        shown += [(column, self._classes[column], int(won[column])) for column in often[:_CHIPS]]
        if self._chosen >= 0 and self._chosen not in often[:_CHIPS]:
            shown[_CHIPS:] = [(self._chosen, self._classes[self._chosen], int(won[self._chosen]))]
        if none:
            shown.append((NONE, NONE_OF_THESE, none))
        if problems:
            shown.append((_PROBLEMS, "Unread", problems))
        self._show_chips(shown)
        self._show_more(others, won.tolist())
        for widget in (self.least, self.most, self._score, self._to):
            widget.setVisible(bool(len(won)))

    # Own

    def _chip(self) -> QPushButton:
        chip = button(self._theme, "", kind="quiet")
        chip.setCheckable(True)
        chip.hide()
        self.group.addButton(chip)
        return chip

    def _lay_out(self) -> None:
        self._score, self._to = QLabel("Score"), QLabel("to")
        self.least.setAccessibleName("Least score, in percent")
        self.most.setAccessibleName("Highest score, in percent")
        self.most.setValue(100)
        bounds = QWidget()
        line = QHBoxLayout(bounds)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.XS)
        for each in (self._score, self.least, self._to, self.most):
            line.addWidget(each)
        for box in (self.least, self.most):
            assert isinstance(box, QuietSpinBox)
            box.setFixedWidth(Size.RAIL - Space.M)
        for label in (self._score, self._to):
            with_role(label, "quiet")
        flow = FlowLayout(self, spacing=Space.S)
        for each in (self.search, self.order_box, bounds, *self.chips, self.more):
            flow.addWidget(each)

    def _show_chips(self, shown: list[tuple[int, str, int]]) -> None:
        for place, chip in enumerate(self.chips):
            if place >= len(shown):
                chip.hide()
                continue
            asks, name, count = shown[place]
            short = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"
            words = f"{short.replace('&', '&&')} {count:,}"
            if chip.text() != words:
                chip.setText(words)
                chip.setAccessibleName(f"{name}, {count:,}")
                chip.setToolTip(name)
            chip.setProperty("asks", asks)
            chip.setChecked(asks == self._chosen)
            chip.show()

    def _show_more(self, others: list[int], won: list[int]) -> None:
        self.more.setVisible(bool(others))
        if not others or self.more.view().isVisible():
            return
        with QSignalBlocker(self.more):
            self.more.clear()
            self.more.addItem(f"{len(others):,} more classes", _ALL)
            for column in others:
                self.more.addItem(f"{self._classes[column]} {won[column]:,}", column)

    @Slot(QPushButton)
    def _choose(self, chip: QPushButton) -> None:
        self._chosen = int(chip.property("asks"))
        self.changed.emit()

    @Slot(int)
    def _choose_more(self, place: int) -> None:
        column = self.more.itemData(place)
        if column != _ALL:
            self._chosen = int(column)
            self.refresh()
            self.changed.emit()
