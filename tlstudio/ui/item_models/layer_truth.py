"""What holds of each layer of a run in fact, by block: read off the network itself, not off the plan."""

import math
from collections.abc import Callable, Collection, Sequence
from enum import IntEnum

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from tlstudio.training.events import BlockMoved, BlocksMoved, FreezeStated, LayerStated
from tlstudio.ui import text
from tlstudio.ui.item_models.layer_tree import LayerState

_Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    LAYER = 0
    STATE = 1
    OPTIMIZER = 2
    RATE = 3
    BATCH_NORM = 4
    CHANGE = 5
    GRADIENT = 6


STATE_ROLE = Qt.ItemDataRole.UserRole + 1
BAR_ROLE = Qt.ItemDataRole.UserRole + 2  # the gradient on the scale of all, 0 to 1; None without one

_NONE = "–"
_WITHIN = " / "  # parts the names in a layer's own
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_LEAST_DECADES = 3  # that the bars of the gradients span
_TITLES = {
    Column.LAYER: "Layer",
    Column.STATE: "State",
    Column.OPTIMIZER: "Optimizer",
    Column.RATE: "Rate",
    Column.BATCH_NORM: "Batch norm",
    Column.CHANGE: "Weight change",
    Column.GRADIENT: "Gradient",
}
_HINTS = {
    Column.STATE: "Whether the layer is trained in this stage",
    Column.OPTIMIZER: "Whether the optimizer holds the layer's weights: it cannot move what it does not hold",
    Column.RATE: "The highest learning rate of the stage, which the schedule reaches and leaves",
    Column.BATCH_NORM: "Whether the layer's running mean and variance follow the images or stay as they were",
    Column.CHANGE: "How far the last epoch moved the block's weights, compared with their size",
    Column.GRADIENT: (
        "The mean length of the block's gradient in the last epoch. The bars are on a logarithmic scale, a "
        "step for each power of ten: bars that shrink towards the input show a vanishing gradient."
    ),
}
_BATCH_NORM = {"updated": "updates", "kept": "keeps statistics"}


class LayerTruthModel(QAbstractItemModel):
    """A row a block, in the order in which an image passes them, and beneath it a row a layer.

    Attributes:
        epoch: the last one after which all frozen layers were checked; None before the stage's first.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.epoch: int | None = None
        self._blocks: list[str] = []
        self._layers: list[list[LayerStated]] = []
        self._new: Collection[str] = ()
        self._moved: dict[str, BlockMoved] = {}
        self._decades: tuple[int, int] | None = None

    @property
    def frozen_layers(self) -> int:
        return sum(not layer.trained for layers in self._layers for layer in layers)

    def clear(self) -> None:
        self.beginResetModel()
        self._blocks, self._layers, self._new = [], [], ()
        self.epoch, self._moved, self._decades = None, {}, None
        self.endResetModel()

    def show_stage(self, stated: FreezeStated, new: Callable[[LayerStated], bool]) -> None:
        """Take what holds from now on; ``new`` are the layers that began from random weights."""
        layers: dict[str, list[LayerStated]] = {}
        for layer in stated.layers:
            layers.setdefault(layer.block, []).append(layer)
        same = [layer.path for layer in stated.layers] == [one.path for own in self._layers for one in own]
        if not same:
            self.beginResetModel()
        self._blocks, self._layers = list(layers), list(layers.values())
        self._new = {layer.path for layer in stated.layers if new(layer)}
        self.epoch, self._moved = None, {}
        if same:
            self._tell_all_changed()
        else:
            self.endResetModel()

    def show_moved(self, moved: BlocksMoved) -> None:
        """Take what an epoch of the stage did."""
        self.epoch = moved.epoch
        self._moved = {block.path: block for block in moved.blocks}
        sizes = [block.gradient for block in moved.blocks if 0 < block.gradient < math.inf]
        if sizes:
            low, high = math.floor(math.log10(min(sizes))), math.ceil(math.log10(max(sizes)))
            if self._decades:  # they only grow, so that bars of several epochs can be compared
                low, high = min(low, self._decades[0]), max(high, self._decades[1])
            self._decades = min(low, high - _LEAST_DECADES), high
        self._tell_all_changed()

    # Qt's own

    def index(self, row: int, column: int, parent: _Index | None = None) -> QModelIndex:
        if 0 <= row < self.rowCount(parent) and 0 <= column < len(Column):
            beneath = parent is not None and parent.isValid()
            return self.createIndex(row, column, parent.row() + 1 if beneath and parent else 0)
        return QModelIndex()

    def parent(self, index: _Index | None = None) -> QModelIndex:  # type: ignore[override]
        if index is None or not index.isValid() or not index.internalId():
            return QModelIndex()
        return self.createIndex(index.internalId() - 1, 0, 0)

    def rowCount(self, parent: _Index | None = None) -> int:
        if parent is None or not parent.isValid():
            return len(self._blocks)
        if parent.internalId() or parent.column() > 0:
            return 0
        return len(self._layers[parent.row()])

    def columnCount(self, parent: _Index | None = None) -> int:
        return len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _TITLES[Column(section)]
            case Qt.ItemDataRole.ToolTipRole:
                hint = _HINTS.get(Column(section))
                return f"<qt>{hint}</qt>" if hint else None
            case Qt.ItemDataRole.TextAlignmentRole:
                return _LEFT
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        answer: object = None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                answer = self._words(index)
            case Qt.ItemDataRole.ToolTipRole if index.column() == Column.LAYER:
                answer = self._of(index)[0].name if index.internalId() else None
            case _ if role == STATE_ROLE:
                answer = self._state(self._of(index))
            case _ if role == BAR_ROLE and not index.internalId():
                answer = self._bar(self._blocks[index.row()])
        return answer

    # Own

    def _of(self, index: _Index) -> list[LayerStated]:
        """The layers that a row speaks of."""
        place = index.internalId()
        return [self._layers[place - 1][index.row()]] if place else self._layers[index.row()]

    def _words(self, index: _Index) -> str:
        layers, block = self._of(index), "" if index.internalId() else self._blocks[index.row()]
        match Column(index.column()):
            case Column.LAYER:
                title, _, within = layers[0].name.partition(_WITHIN)
                words = title if block else within or title
            case Column.STATE:
                words = self._state_words(layers)
            case Column.OPTIMIZER:
                words = _some(sum(layer.in_optimizer for layer in layers), len(layers))
            case Column.RATE:
                words = _rates(layers)
            case Column.BATCH_NORM:
                kinds = sorted({layer.batch_norm for layer in layers if layer.batch_norm}, reverse=True)
                words = " / ".join(_BATCH_NORM[kind] for kind in kinds) or _NONE
            case Column.CHANGE:
                words = self._change(layers, block)
            case Column.GRADIENT:
                words = text.figure(self._moved[block].gradient) if block in self._moved else ""
        return words

    def _state(self, layers: Sequence[LayerStated]) -> LayerState:
        trained = [layer for layer in layers if layer.trained]
        if not trained:
            return LayerState.FROZEN
        if len(trained) < len(layers):
            return LayerState.MIXED
        new = all(layer.path in self._new for layer in layers)
        return LayerState.NEW if new else LayerState.TUNED

    def _state_words(self, layers: Sequence[LayerStated]) -> str:
        state = self._state(layers)
        if state is not LayerState.MIXED:
            return state.value
        return f"{sum(layer.trained for layer in layers)} of {len(layers)} trained"

    def _change(self, layers: Sequence[LayerStated], block: str) -> str:
        """Of a layer that is trained, no more is known than of its block."""
        if self.epoch is None:
            return _NONE if block else ""
        if not any(layer.trained for layer in layers):
            return "none"
        moved = self._moved.get(block)
        return _share(moved.change) if moved else ""

    def _bar(self, block: str) -> float | None:
        moved = self._moved.get(block)
        if moved is None or self._decades is None or not moved.gradient > 0:
            return None
        low, high = self._decades
        return min(1.0, (math.log10(moved.gradient) - low) / (high - low))

    def _tell_all_changed(self) -> None:
        last = len(Column) - 1
        for row, layers in enumerate(self._layers):
            block = self.index(row, 0)
            self.dataChanged.emit(self.index(0, 0, block), self.index(len(layers) - 1, last, block))
        if self._blocks:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._blocks) - 1, last))


def _some(count: int, of: int) -> str:
    return {0: "no", of: "yes"}.get(count, f"{count} of {of}")


def _rates(layers: Sequence[LayerStated]) -> str:
    rates = [layer.lr for layer in layers if layer.in_optimizer]
    if not rates:
        return _NONE
    low, high = text.figure(min(rates)), text.figure(max(rates))
    return low if low == high else f"{low} to {high}"


def _share(change: float) -> str:
    """A change of weights in per cent, however small."""
    if 0 < change < 1e-4:
        return "< 0.01 %"
    return f"{text.figure(100 * change)} %"
