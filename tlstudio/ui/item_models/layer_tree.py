"""A network's layers as rows, each with its freeze box."""

from collections.abc import Mapping
from enum import Enum, IntEnum

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from tlstudio.models.layers import LayerNode, LayerTree, Training

_Index = QModelIndex | QPersistentModelIndex
_ROOT = -1


class Column(IntEnum):
    """The columns; the freeze boxes stand in one of their own, so that they line up at every depth."""

    FROZEN = 0
    LAYER = 1
    KIND = 2
    OUTPUT = 3
    PARAMETERS = 4
    STATE = 5
    RATE = 6


class LayerState(Enum):
    """What happens to a layer in training; PLAIN layers have no parameters, so nothing does."""

    FROZEN = "frozen"
    TUNED = "fine-tuned"
    NEW = "new"
    MIXED = "mixed"
    PLAIN = ""


NODE_ROLE = Qt.ItemDataRole.UserRole + 1
STATE_ROLE = Qt.ItemDataRole.UserRole + 2
OWN_RATE_ROLE = Qt.ItemDataRole.UserRole + 3  # whether the learning rate is the block's own

_TITLES = {
    Column.FROZEN: "Frozen",
    Column.LAYER: "Layer",
    Column.KIND: "Kind",
    Column.OUTPUT: "Output",
    Column.PARAMETERS: "Parameters",
    Column.STATE: "In training",
    Column.RATE: "Rate",
}
_HINTS = {
    Column.FROZEN: "A ticked layer is frozen: it keeps its pre-trained weights. An empty box is trained.",
    Column.OUTPUT: "Channels × height × width of what leaves the layer",
    Column.STATE: "What training does to the layer",
    Column.RATE: "The learning rate of a block. Click, or press F2, to give a block a rate of its own; "
    "emptied, it has the usual one again.",
}
_BOX = {
    Training.NONE: Qt.CheckState.Checked,
    Training.SOME: Qt.CheckState.PartiallyChecked,
    Training.ALL: Qt.CheckState.Unchecked,
}


class LayerTreeModel(QAbstractItemModel):
    """A layer tree with the set of trained layers; a ticked box is a frozen layer.

    Signals:
        edited: the person ticked or cleared a box; carries the trained layers' paths, a frozenset.
        rates_edited: the person gave a block a learning rate of its own, or took it away; carries all such
            rates by path.
    """

    edited = Signal(object)
    rates_edited = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tree: LayerTree | None = None
        self._trained: frozenset[str] = frozenset()
        self._new: frozenset[str] = frozenset()
        self._stages: Mapping[str, int] = {}
        self._rates: Mapping[str, float] = {}
        self._usual_rates: Mapping[str, str] = {}
        self._nodes: list[LayerNode] = []
        self._parents: list[int] = []
        self._rows: list[int] = []
        self._children: list[list[int]] = []
        self._blocks: list[int] = []
        self._training: dict[str, Training] = {}
        self._ids: dict[str, int] = {}

    @property
    def tree(self) -> LayerTree | None:
        return self._tree

    @property
    def trained(self) -> frozenset[str]:
        return self._trained

    def show_tree(
        self,
        tree: LayerTree | None,
        trained: frozenset[str] = frozenset(),
        new: frozenset[str] = frozenset(),
        stages: Mapping[str, int] | None = None,
    ) -> None:
        """Show ``tree`` with the ``trained`` layers unfrozen, those in ``new`` starting from random weights.

        ``stages`` says of each block of a staged plan in which stage, from 1, its training begins.
        """
        if tree is not self._tree:
            self.beginResetModel()
            self._read(tree)
            self._set_plan(trained, new, stages or {})
            self.endResetModel()
        elif (trained, new, stages or {}) != (self._trained, self._new, self._stages):
            self._set_plan(trained, new, stages or {})
            self._tell_all_changed()

    def show_rates(self, usual: Mapping[str, str], own: Mapping[str, float]) -> None:
        """Learning rates by block: the usual ones in words, and those that the person gave."""
        if (usual, own) != (self._usual_rates, self._rates):
            self._usual_rates, self._rates = usual, own
            self._tell_all_changed()

    def index_of(self, path: str) -> QModelIndex:
        """The row of a layer, in the layer column; invalid where there is none."""
        number = self._ids.get(path)
        if number is None:
            return QModelIndex()
        return self.createIndex(self._rows[number], Column.LAYER, number)

    def state(self, node: LayerNode) -> LayerState:
        if not node.parameters:
            return LayerState.PLAIN
        match self._training[node.path]:
            case Training.NONE:
                return LayerState.FROZEN
            case Training.SOME:
                return LayerState.MIXED
        own = {leaf.path for leaf in node.leaves() if leaf.parameters}
        return LayerState.NEW if own <= self._new else LayerState.TUNED

    def trained_share(self, node: LayerNode) -> float:
        """The part of a node's parameters that is trained, 0 to 1."""
        trained = sum(leaf.parameters for leaf in node.leaves() if leaf.path in self._trained)
        return trained / node.parameters if node.parameters else 0.0

    def set_frozen(self, path: str, frozen: bool) -> None:
        """Freeze a node and all beneath it, or let it train, as if its box had been clicked."""
        if self._tree is None or path not in self._ids:
            return
        own = {leaf.path for leaf in self._nodes[self._ids[path]].leaves() if leaf.parameters}
        trained = self._trained - own if frozen else self._trained | own
        if trained != self._trained:
            self._set_plan(trained, self._new, {})
            self._tell_all_changed()
            self.edited.emit(trained)

    def set_rate(self, path: str, rate: float | None) -> None:
        """Give a block a learning rate of its own, or with None the usual one, as if it had been typed."""
        rates = {place: own for place, own in self._rates.items() if place != path}
        if rate is not None:
            rates[path] = rate
        if rates != self._rates:
            self._rates = rates
            self._tell_all_changed()
            self.rates_edited.emit(rates)

    def has_rate(self, node: LayerNode) -> bool:
        """Whether the node is a block that is trained, at a learning rate."""
        return node.path in self._usual_rates and self._training[node.path] is not Training.NONE

    def text(self, node: LayerNode, column: Column) -> str:
        """What a column says of a layer."""
        words = ""
        match column:
            case Column.LAYER:
                words = node.short_name
            case Column.KIND:
                words = node.kind
            case Column.OUTPUT:
                words = shape_text(node.output_shape)
            case Column.PARAMETERS if node.parameters:
                words = f"{node.parameters:,}"
            case Column.STATE:
                words = self._state_text(node)
            case Column.RATE if self.has_rate(node):
                own = self._rates.get(node.path)
                words = self._usual_rates[node.path] if own is None else f"{own:g}"
            case _:
                pass
        return words

    # Qt's own

    def index(self, row: int, column: int, parent: _Index | None = None) -> QModelIndex:
        siblings = self._below(parent)
        if 0 <= row < len(siblings) and 0 <= column < len(Column):
            return self.createIndex(row, column, siblings[row])
        return QModelIndex()

    def parent(self, index: _Index | None = None) -> QModelIndex:  # type: ignore[override]
        if index is None or not index.isValid():
            return QModelIndex()
        number = self._parents[index.internalId()]
        return QModelIndex() if number == _ROOT else self.createIndex(self._rows[number], 0, number)

    def rowCount(self, parent: _Index | None = None) -> int:
        if parent is not None and parent.isValid() and parent.column() > 0:
            return 0
        return len(self._below(parent))

    def columnCount(self, parent: _Index | None = None) -> int:
        return len(Column)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == Column.FROZEN and self._nodes[index.internalId()].parameters:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        if index.column() == Column.RATE and self.has_rate(self._nodes[index.internalId()]):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _TITLES[Column(section)]
            case Qt.ItemDataRole.ToolTipRole:
                return _HINTS.get(Column(section))
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(Column(section))
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        node, column = self._nodes[index.internalId()], Column(index.column())
        answer: object = None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                answer = self.text(node, column)
            case Qt.ItemDataRole.EditRole if column is Column.RATE:
                answer = self._rates.get(node.path)
            case Qt.ItemDataRole.CheckStateRole if column is Column.FROZEN and node.parameters:
                answer = _BOX[self._training[node.path]]
            case Qt.ItemDataRole.TextAlignmentRole:
                answer = _alignment(column)
            case Qt.ItemDataRole.ToolTipRole:
                answer = self._hint(node)
            case Qt.ItemDataRole.AccessibleTextRole:
                state = self._state_text(node) or "no parameters"
                answer = self.text(node, column) or f"{node.name}, {state}"
            case _ if role == NODE_ROLE:
                answer = node
            case _ if role == STATE_ROLE:
                answer = self.state(node)
            case _ if role == OWN_RATE_ROLE:
                answer = node.path in self._rates
        return answer

    def setData(self, index: _Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role == Qt.ItemDataRole.EditRole and self.flags(index) & Qt.ItemFlag.ItemIsEditable:
            path = self._nodes[index.internalId()].path
            self.set_rate(path, float(value) if isinstance(value, (int, float)) else None)
            return True
        if role != Qt.ItemDataRole.CheckStateRole or not self.flags(index) & Qt.ItemFlag.ItemIsUserCheckable:
            return False
        self.set_frozen(self._nodes[index.internalId()].path, Qt.CheckState(value) is Qt.CheckState.Checked)
        return True

    # Own

    def _read(self, tree: LayerTree | None) -> None:
        self._tree = tree
        self._nodes, self._parents, self._rows, self._children = [], [], [], []
        blocks = tree.blocks if tree else ()
        self._blocks = [self._add(block, _ROOT, row) for row, block in enumerate(blocks)]
        self._ids = {node.path: number for number, node in enumerate(self._nodes)}

    def _add(self, node: LayerNode, parent: int, row: int) -> int:
        number = len(self._nodes)
        self._nodes.append(node)
        self._parents.append(parent)
        self._rows.append(row)
        self._children.append([])
        self._children[number] = [self._add(child, number, at) for at, child in enumerate(node.children)]
        return number

    def _set_plan(self, trained: frozenset[str], new: frozenset[str], stages: Mapping[str, int]) -> None:
        self._trained, self._new, self._stages = trained, new, stages
        tree = self._tree
        self._training = {node.path: tree.training(node, trained) for node in self._nodes} if tree else {}

    def _tell_all_changed(self) -> None:
        for siblings in (self._blocks, *self._children):
            if siblings:
                first, last = siblings[0], siblings[-1]
                self.dataChanged.emit(
                    self.createIndex(self._rows[first], 0, first),
                    self.createIndex(self._rows[last], len(Column) - 1, last),
                )

    def _below(self, parent: _Index | None) -> list[int]:
        if parent is None or not parent.isValid():
            return self._blocks
        return self._children[parent.internalId()]

    def _state_text(self, node: LayerNode) -> str:
        state = self.state(node)
        if state is LayerState.MIXED:
            own = [leaf.path for leaf in node.leaves() if leaf.parameters]
            return f"{sum(path in self._trained for path in own)} of {len(own)} trained"
        stage = self._stages.get(node.path)
        return f"{state.value} · stage {stage}" if stage and state is not LayerState.FROZEN else state.value

    def _hint(self, node: LayerNode) -> str:
        parts = [node.name, node.kind, shape_text(node.output_shape)]
        parts.append(f"{node.parameters:,} parameters" if node.parameters else "no parameters")
        parts.append(self._state_text(node))
        return " · ".join(part for part in parts if part)


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape without the batch as people write it: 64×56×56."""
    return "×".join(str(size) for size in shape)


def _alignment(column: Column) -> Qt.AlignmentFlag:
    across = Qt.AlignmentFlag.AlignLeft
    if column in (Column.OUTPUT, Column.PARAMETERS, Column.RATE):
        across = Qt.AlignmentFlag.AlignRight
    elif column is Column.FROZEN:
        across = Qt.AlignmentFlag.AlignHCenter
    return across | Qt.AlignmentFlag.AlignVCenter
