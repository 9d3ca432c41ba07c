"""The stages of staged fine-tuning, one a row, to be edited."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from tlstudio.config import Stage
from tlstudio.models.layers import LayerTree
from tlstudio.models.strategies import stage_name
from tlstudio.ui import plans, text
from tlstudio.ui.theme import Size, Space, Theme, number_font, with_role
from tlstudio.ui.widgets.basics import QuietComboBox, button, number_box, scrolled
from tlstudio.ui.widgets.glyph import GlyphButton
from tlstudio.ui.widgets.number_edit import LEAST_LR, MOST_LR, NumberEdit

_ROWS = 4  # in sight at once
_ROW = Size.CONTROL + Space.XS
_BUTTON = Size.ICON + Space.XS
_EPOCHS = 80
_LR = 96
_GOES_ON = Size.ICON_SMALL + Space.S
_GOES_ON_SENTENCE = (
    "Ticked, the optimiser goes on with what it remembers of the stage before; empty, it begins anew"
)


class StageEditor(QWidget):
    """A row a stage, with buttons to move and remove it; the person's changes are reported, never applied.

    Signals:
        edited: the person wants these stages; a tuple of Stage.
        usual_asked: the person wants the usual stages back.
    """

    edited = Signal(object)
    usual_asked = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._tree: LayerTree | None = None
        self._stages: tuple[Stage, ...] = ()
        self.rows: list[StageRow] = []
        self.title = with_role(QLabel(), "lead")
        self.usual = button(theme, "Back to the usual stages", kind="quiet")
        self.usual.clicked.connect(self.usual_asked)
        self.add = button(theme, "Add a stage", "plus", "quiet")
        self.add.clicked.connect(self._add)
        header = QHBoxLayout()
        header.setSpacing(Space.XS)
        header.addWidget(self.title, 1)
        header.addWidget(self.usual)
        header.addWidget(self.add)
        content = QWidget()
        self._list = QVBoxLayout(content)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(Space.XS)
        self._list.addStretch(1)
        self._pane = scrolled(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addLayout(header)
        self._headings = _headings()
        layout.addWidget(self._headings)
        layout.addWidget(self._pane)

    def show_stages(self, tree: LayerTree, stages: tuple[Stage, ...], *, edited: bool) -> None:
        """Show these stages without reporting them; ``edited`` are not the usual ones."""
        while len(self.rows) < len(stages):
            self._make_row()
        while len(self.rows) > len(stages):
            row = self.rows.pop()
            row.hide()
            row.setParent(None)
            row.deleteLater()
        self._tree, self._stages = tree, stages
        for row, stage in zip(self.rows, stages, strict=True):
            row.show_stage(tree, stage, len(stages))
        epochs = text.amount(sum(stage.epochs for stage in stages), "epoch")
        self.title.setText(f"{text.amount(len(stages), 'stage')} · {epochs}")
        self.usual.setVisible(edited)
        scrolls = len(stages) > _ROWS
        self._headings.setContentsMargins(0, 0, Space.M if scrolls else 0, 0)  # as wide as the scroll bar
        self._pane.setFixedHeight(_ROW * min(len(stages), _ROWS))

    def _make_row(self) -> None:
        row = StageRow(len(self.rows))
        row.edited.connect(self._edit)
        row.moved.connect(self._move)
        row.removed.connect(self._remove)
        self._list.insertWidget(len(self.rows), row)
        row.show()  # at once, so that it can take the focus
        self.rows.append(row)

    @Slot(int, object)
    def _edit(self, number: int, stage: Stage) -> None:
        stages = list(self._stages)
        stages[number] = stage
        self.edited.emit(tuple(stages))

    @Slot(int, int)
    def _move(self, number: int, by: int) -> None:
        stages = list(self._stages)
        stages.insert(number + by, stages.pop(number))
        self.edited.emit(tuple(stages))
        self.rows[number + by].take_focus(by)

    @Slot(int)
    def _remove(self, number: int) -> None:
        self.edited.emit(self._stages[:number] + self._stages[number + 1 :])
        self.rows[min(number, len(self.rows) - 1)].trains.setFocus()

    @Slot()
    def _add(self) -> None:
        assert self._tree is not None
        self.edited.emit((*self._stages, plans.one_more_stage(self._stages, self._tree)))
        self.rows[-1].trains.setFocus()


class StageRow(QWidget):
    """The fields of one stage.

    Signals:
        edited: the stage's number, from 0, and what it should be.
        moved: its number, and -1 for up or 1 for down.
        removed: its number.
    """

    edited = Signal(int, object)
    moved = Signal(int, int)
    removed = Signal(int)

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self._tree: LayerTree | None = None
        self._stage: Stage | None = None
        place = f"of stage {number + 1}"
        self._name = with_role(QLabel(f"{number + 1}"), "quiet")
        self._name.setFont(number_font())
        self._name.setFixedWidth(Size.ICON_SMALL)
        self.trains = QuietComboBox()
        self.trains.setAccessibleName(f"What is trained {place}")
        self.epochs = number_box(1, 1000)
        self.epochs.setKeyboardTracking(False)
        self.epochs.setFixedWidth(_EPOCHS)
        self.epochs.setAccessibleName(f"Epochs {place}")
        self.lr = NumberEdit(LEAST_LR, MOST_LR)
        self.lr.setFixedWidth(_LR)
        self.lr.setAccessibleName(f"Learning rate {place}")
        self.goes_on = QCheckBox()
        self.goes_on.setFixedWidth(_GOES_ON)
        self.goes_on.setAccessibleName(f"The optimiser goes on in stage {number + 1}")
        self.goes_on.setToolTip(_GOES_ON_SENTENCE)
        keep_place = self.goes_on.sizePolicy()
        keep_place.setRetainSizeWhenHidden(True)
        self.goes_on.setSizePolicy(keep_place)
        self.goes_on.setVisible(number > 0)  # the first has none to go on from
        self.up = GlyphButton("chevron-up", f"Move stage {number + 1} up")
        self.down = GlyphButton("chevron-down", f"Move stage {number + 1} down")
        self.remove = GlyphButton("close", f"Remove stage {number + 1}")
        layout = _row()
        layout.addWidget(self._name)
        layout.addWidget(self.trains, 1)
        for widget in (self.epochs, self.lr, self.goes_on):
            layout.addWidget(widget)
        layout.addLayout(_buttons(self.up, self.down, self.remove))
        self.setLayout(layout)
        self.trains.activated.connect(self._choose)
        self.epochs.valueChanged.connect(self._count)
        self.lr.finished.connect(self._enter_rate)
        self.goes_on.clicked.connect(self._go_on)
        self.up.clicked.connect(self._move_up)
        self.down.clicked.connect(self._move_down)
        self.remove.clicked.connect(self._remove)

    def show_stage(self, tree: LayerTree, stage: Stage, count: int) -> None:
        """Show the stage, one of ``count``, without reporting it."""
        depth = plans.depth_of(stage.plan, tree)
        names = [stage_name(tree, depth) for depth in range(len(tree.backbone) + 1)]
        if depth is None:
            names.append(f"{text.amount(len(tree.trained_leaves(stage.plan)), 'layer')}, by hand")
        if names != [self.trains.itemText(place) for place in range(self.trains.count())]:
            self.trains.clear()
            self.trains.addItems(names)
        self.trains.setCurrentIndex(len(names) - 1 if depth is None else depth)
        self.epochs.blockSignals(True)
        self.epochs.setValue(stage.epochs)
        self.epochs.blockSignals(False)
        if self._stage is None or stage.lr != self._stage.lr:
            self.lr.set_value(float(f"{stage.lr:.3g}"))
        self.goes_on.setChecked(stage.continues)
        self.up.setEnabled(self._number > 0)
        self.down.setEnabled(self._number < count - 1)
        self.remove.setEnabled(count > 1)
        self._tree, self._stage = tree, stage

    def take_focus(self, by: int) -> None:
        """Let the button that moved the stage here be pressed again, where there is farther to go."""
        wanted, other = (self.up, self.down) if by < 0 else (self.down, self.up)
        (wanted if wanted.isEnabled() else other).setFocus()

    @Slot(int)
    def _choose(self, depth: int) -> None:
        assert self._stage is not None
        assert self._tree is not None
        if depth <= len(self._tree.backbone) and depth != plans.depth_of(self._stage.plan, self._tree):
            self._report(plans.to_depth(self._stage, depth, self._tree))

    @Slot(int)
    def _count(self, epochs: int) -> None:
        self._change(epochs=epochs)

    @Slot()
    def _enter_rate(self) -> None:
        assert self._stage is not None
        rate = self.lr.value()
        if rate is None:
            self.lr.set_value(float(f"{self._stage.lr:.3g}"))
        elif f"{rate:.3g}" != f"{self._stage.lr:.3g}":
            self._change(lr=rate)

    @Slot(bool)
    def _go_on(self, continues: bool) -> None:
        self._change(continues=continues)

    @Slot()
    def _move_up(self) -> None:
        self.moved.emit(self._number, -1)

    @Slot()
    def _move_down(self) -> None:
        self.moved.emit(self._number, 1)

    @Slot()
    def _remove(self) -> None:
        self.removed.emit(self._number)

    def _change(self, **changes: float) -> None:
        assert self._stage is not None
        self._report(self._stage.model_copy(update=changes))

    def _report(self, stage: Stage) -> None:
        self.edited.emit(self._number, stage)


def _headings() -> QWidget:
    """The words above the fields, as wide as these."""
    headings = QWidget()
    layout = _row()
    headings.setLayout(layout)
    headings.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    spare = QLabel()
    spare.setFixedWidth(Size.ICON_SMALL)
    layout.addWidget(spare)
    for words, width, explained in (
        ("Trains", 0, "Everything from a block up to the head"),
        ("Epochs", _EPOCHS, "How often the stage sees every training image"),
        ("Learning rate", _LR, "That of the head, or of all; usually lower in each stage"),
        ("Optimiser goes on", _GOES_ON + Space.S + 3 * _BUTTON, _GOES_ON_SENTENCE),
    ):
        label = with_role(QLabel(words), "caption")
        label.setToolTip(explained)
        if width:
            label.setFixedWidth(width)
        layout.addWidget(label, 0 if width else 1)
    return headings


def _row() -> QHBoxLayout:
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(Space.S)
    return layout


def _buttons(*buttons: GlyphButton) -> QHBoxLayout:
    layout = QHBoxLayout()
    layout.setSpacing(0)
    for one in buttons:
        one.setFixedSize(_BUTTON, _BUTTON)
        layout.addWidget(one, 0, Qt.AlignmentFlag.AlignVCenter)
    return layout
