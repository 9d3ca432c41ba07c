"""The Classes tab: which classes are known well, and which are taken for one another."""

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QScrollArea, QSplitter, QVBoxLayout, QWidget

from tlstudio.evaluation.one_epoch_events import Judged
from tlstudio.evaluation.outcome import Order, Wanted
from tlstudio.evaluation.tables import What
from tlstudio.ui.evaluate.desk import EvaluateDesk
from tlstudio.ui.text import percent
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import QuietComboBox, button, card
from tlstudio.ui.widgets.confusion_matrix import ConfusionMatrix
from tlstudio.ui.widgets.figure_table import Cell, FigureTable
from tlstudio.ui.widgets.glyph import GlyphButton

_MOST_PAIRS = 100
_IMAGE = "image"


class ClassesTab(QWidget):
    """The confusion matrix, a table of the classes, and the pairs that are confused most.

    Signals:
        save_wanted: a table is to be saved, or "image" for the matrix as a picture.
    """

    save_wanted = Signal(str)

    def __init__(self, desk: EvaluateDesk, theme: Theme) -> None:
        super().__init__()
        self._desk = desk
        self._order: list[int] = []  # the classes as the matrix shows them
        self._pairs: list[tuple[int, int]] = []
        self.matrix = ConfusionMatrix(theme)
        self.numbers, self.order = QuietComboBox(), QuietComboBox()
        self.copy_button = GlyphButton("copy", "Copy the matrix as a picture")
        self.export_button = button(theme, "Export", kind="quiet")
        columns = ("Class", "Images", "Precision", "Recall", "F1")
        self.classes = FigureTable("Classes", columns)
        self.pairs = FigureTable("Pairs that are confused", ("Label", "Taken for", "Images", "Of the class"))
        self._lay_out()
        desk.changed.connect(self._show)
        self.matrix.cell_chosen.connect(self._show_cell)
        self.classes.row_chosen.connect(self._show_class)
        self.pairs.row_chosen.connect(self._show_pair)
        self.numbers.currentIndexChanged.connect(self._show_numbers)
        self.order.currentIndexChanged.connect(self._show)
        self.copy_button.clicked.connect(self._copy)

    def _lay_out(self) -> None:
        self.numbers.setAccessibleName("Numbers in the cells")
        self.numbers.addItems(["Counts", "Per cent of a class"])
        self.order.setAccessibleName("Order of the classes")
        self.order.addItems(["As listed", "Most confused first"])
        menu = QMenu(self.export_button)
        wanted: tuple[tuple[What | str, str], ...] = (
            (_IMAGE, "Matrix as a picture…"),
            ("confusion", "Matrix as a table (CSV)…"),
            ("classes", "Classes as a table (CSV)…"),
            ("images", "Images and answers (CSV)…"),
            ("epochs", "Epochs (CSV)…"),
        )
        for what, words in wanted:
            menu.addAction(words).setData(what)
        menu.triggered.connect(self._save)
        self.export_button.setProperty("menu", "true")
        self.export_button.setMenu(menu)
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        for field in (self.numbers, self.order):
            line.addWidget(field, 1)
        for each in (self.copy_button, self.export_button):
            line.addWidget(each)
        area = QScrollArea()
        area.setWidget(self.matrix)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        left, right = card(), card()
        column = QVBoxLayout(left)
        column.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        column.setSpacing(Space.S)
        column.addLayout(line)
        column.addWidget(area, 1)
        column = QVBoxLayout(right)
        column.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        column.setSpacing(Space.S)
        column.addWidget(self.classes, 3)
        column.addWidget(with_role(QLabel("Confused most"), "lead"))
        column.addWidget(self.pairs, 2)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(Space.L)
        split.addWidget(left)
        split.addWidget(right)
        split.setSizes([4 * Size.READING, 5 * Size.READING])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split, 1)

    @Slot()
    def _show(self) -> None:
        evaluated, judged = self._desk.evaluated, self._desk.judged
        if evaluated is None or judged is None:
            return
        names, counts = evaluated.classes, np.array(judged.metrics.confusion)[:, :-1]
        self._order = list(range(len(names)))
        if self.order.currentIndex() == 1:
            wrong = counts.sum(axis=1) - np.diagonal(counts) + counts.sum(axis=0) - np.diagonal(counts)
            self._order = np.argsort(-wrong, kind="stable").tolist()
        shown = counts[np.ix_(self._order, self._order)]
        self.matrix.show_counts(shown.tolist(), [names[place] for place in self._order])
        self.classes.show_rows(_class_rows(judged, names))
        off = counts * (1 - np.eye(len(names), dtype=int))
        places = np.argsort(-off, axis=None, kind="stable")[:_MOST_PAIRS]
        pairs = (tuple(map(int, np.unravel_index(place, off.shape))) for place in places)
        self._pairs = [(label, answer) for label, answer in pairs if off[label, answer]]
        sums = np.maximum(counts.sum(axis=1), 1)
        self.pairs.show_rows(
            (
                names[label],
                names[answer],
                (float(off[label, answer]), f"{off[label, answer]:,}"),
                _share(float(off[label, answer] / sums[label])),
            )
            for label, answer in self._pairs
        )

    @Slot(int)
    def _show_numbers(self, place: int) -> None:
        self.matrix.show_shares(shares=place == 1)

    # The images behind it

    @Slot(int, int)
    def _show_cell(self, row: int, column: int) -> None:
        wanted = Wanted(label=self._order[row], answer=self._order[column])
        self._desk.want_images(wanted, self.matrix.told(row, column))

    @Slot(int)
    def _show_pair(self, row: int) -> None:
        assert self._desk.evaluated is not None
        label, answer = self._pairs[row]
        names = self._desk.evaluated.classes
        self._desk.want_images(Wanted(label, answer), f"{names[label]} taken for {names[answer]}")

    @Slot(int)
    def _show_class(self, row: int) -> None:
        assert self._desk.evaluated is not None
        words = f"All images of {self._desk.evaluated.classes[row]}, the worst first"
        self._desk.want_images(Wanted(label=row, order=Order.LOSS), words)

    # Taking it elsewhere

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setPixmap(self.matrix.grab())

    @Slot("QAction*")
    def _save(self, action: object) -> None:
        self.save_wanted.emit(action.data())  # type: ignore[attr-defined]


def _class_rows(judged: Judged, names: tuple[str, ...]) -> list[tuple[Cell, ...]]:
    return [
        (name, (one.support, f"{one.support:,}"), *map(_share, (one.precision, one.recall, one.f1)))
        for name, one in zip(names, judged.metrics.classes, strict=True)
    ]


def _share(value: float) -> Cell:
    return value, percent(value)
