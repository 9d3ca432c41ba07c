"""The Images tab: the mistakes, the most confident first, or the images behind whatever was clicked."""

import dataclasses
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from tlstudio.evaluation.outcome import Order, Wanted
from tlstudio.ui.evaluate.case_viewer import CaseViewer, Looked
from tlstudio.ui.evaluate.desk import EvaluateDesk
from tlstudio.ui.item_models.cases import CaseModel
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.pages.base import EmptyState
from tlstudio.ui.text import amount
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import QuietComboBox, button
from tlstudio.ui.widgets.case_grid import CaseGrid
from tlstudio.ui.worker import Worker

_ORDERS = (
    (Order.CONFIDENT, "Most confident first"),
    (Order.LOSS, "Highest loss first"),
    (Order.UNCERTAIN, "Most uncertain first"),
    (Order.NAME, "By name"),
)
_MISTAKES, _ALL = Wanted(right=False), Wanted()
_WORDS = {_MISTAKES: "All mistakes", _ALL: "All images"}


class ImagesTab(QWidget):
    """Cards, what narrows them down, and a dialog in which one is large."""

    def __init__(self, desk: EvaluateDesk, worker: Worker, theme: Theme) -> None:
        super().__init__()
        self._desk, self._worker, self._theme = desk, worker, theme
        self._wanted, self._words = _MISTAKES, _WORDS[_MISTAKES]
        self.store = PictureStore(worker, self)
        self.model = CaseModel(self.store, Size.PREVIEW, self)
        self.grid = CaseGrid(self.model, theme)
        self.words = with_role(QLabel(), "lead")
        self.order = QuietComboBox()
        self.mistakes_button = button(theme, "All mistakes", kind="quiet")
        self.all_button = button(theme, "All images", kind="quiet")
        self._nothing = EmptyState("check", "", "")
        self._states = QStackedWidget()
        self._lay_out()
        desk.changed.connect(self._refresh)
        self.order.activated.connect(self._reorder)
        self.mistakes_button.clicked.connect(self._show_mistakes)
        self.all_button.clicked.connect(self._show_all)
        self.grid.opened.connect(self._enlarge)

    def show_images(self, wanted: Wanted, words: str) -> None:
        """List these, which are in words what is said."""
        self._wanted, self._words = wanted, words
        self.order.setCurrentIndex(self.order.findData(wanted.order))
        self._refresh()

    @Slot(int)
    def enlarge(self, place: int) -> None:
        """Show one of all the images of the split large."""
        self._show(_ALL)
        row = self.model.row_of(place)
        if row is not None:
            self.grid.setCurrentIndex(self.model.index(row))
            self._enlarge(self.model.index(row))

    def _lay_out(self) -> None:
        for order, words in _ORDERS:
            self.order.addItem(words, order)
        self.order.setAccessibleName("Order of the images")
        self.order.setFixedWidth(Size.THUMBNAIL + Size.CONTROL)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        for each in (self.mistakes_button, self.all_button):
            each.setCheckable(True)
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        line.addWidget(self.words, 1)
        for each in (self.mistakes_button, self.all_button, self.order):
            line.addWidget(each)
        self._states.addWidget(self.grid)
        self._states.addWidget(self._nothing)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.M)
        layout.addLayout(line)
        layout.addWidget(self._states, 1)

    @Slot()
    def _refresh(self) -> None:
        evaluated, judged = self._desk.evaluated, self._desk.judged
        if evaluated is None or judged is None:
            self.model.show(Path(), None, (), ())
            return
        rows = judged.outcome.rows(self._wanted).tolist()
        self.model.show(evaluated.root, judged.outcome, evaluated.classes, rows)
        self.words.setText(f"{self._words} · {amount(len(rows), 'image')}")
        plain = dataclasses.replace(self._wanted, order=Order.CONFIDENT)
        self.mistakes_button.setChecked(plain == _MISTAKES)
        self.all_button.setChecked(plain == _ALL)
        if not rows:
            right = plain == _MISTAKES
            self._nothing.set_text(
                "Not a single mistake" if right else "There is no such image",
                "Every one of these images is recognised."
                if right
                else "Look at another cell, class or bin.",
            )
        self._states.setCurrentWidget(self.grid if rows else self._nothing)

    @Slot(int)
    def _reorder(self, place: int) -> None:
        self._wanted = dataclasses.replace(self._wanted, order=self.order.itemData(place))
        self._refresh()

    @Slot()
    def _show_mistakes(self) -> None:
        self._show(_MISTAKES)

    @Slot()
    def _show_all(self) -> None:
        self._show(_ALL)

    def _show(self, wanted: Wanted) -> None:
        self._wanted = dataclasses.replace(wanted, order=self.order.currentData())
        self._words = _WORDS[wanted]
        self._refresh()

    @Slot(QModelIndex)
    def _enlarge(self, index: QModelIndex) -> None:
        run, evaluated = self._desk.run, self._desk.evaluated
        if run is None or evaluated is None:
            return
        looked = Looked(run, evaluated.epoch, evaluated.classes)
        viewer = CaseViewer(self.model, looked, self.store, self._worker, self._theme, self)
        viewer.moved.connect(self._follow)
        viewer.show_row(index.row())
        viewer.open()

    @Slot(int)
    def _follow(self, row: int) -> None:
        self.grid.setCurrentIndex(self.model.index(row))
