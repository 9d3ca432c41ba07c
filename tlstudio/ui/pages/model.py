"""The Model page: which network, from which weights, and which of its layers are trained."""

import functools
from collections import Counter
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from tlstudio.config import Stage, Strategy
from tlstudio.models.architectures import Architecture, architecture, architectures
from tlstudio.models.events import Downloaded, LayersRead
from tlstudio.models.layers import LayerTree
from tlstudio.ui import engine, plans
from tlstudio.ui.item_models.layer_tree import LayerState, LayerTreeModel
from tlstudio.ui.pages.base import NEEDED, READY, EmptyState, ErrorBanner, Page
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.tagged import TaggedTask
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.architecture_list import ArchitectureList
from tlstudio.ui.widgets.basics import card, rule
from tlstudio.ui.widgets.glyph import GlyphButton
from tlstudio.ui.widgets.layer_view import LayerView, LoadingRows
from tlstudio.ui.widgets.network_strip import NetworkStrip
from tlstudio.ui.widgets.proportion_bar import SummaryBar
from tlstudio.ui.widgets.side_columns import SideColumns
from tlstudio.ui.widgets.stage_editor import StageEditor
from tlstudio.ui.widgets.strategy_panel import StrategyPanel
from tlstudio.ui.widgets.weights_panel import RANDOM, WeightsPanel
from tlstudio.ui.worker import Worker

_IMAGENET_CLASSES = 1000
_TREE = 300  # pixels that the names of layers and their boxes want

_TreeKey = tuple[str, int]  # architecture, classes
_WeightsKey = tuple[str, str]  # architecture, weights


class ModelPage(Page):
    """Architectures, layer tree and strategies side by side; the network as a strip beneath them."""

    def __init__(
        self,
        session: Session,
        worker: Worker,
        theme: Theme,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Model", "", parent)
        self._session, self._worker, self._theme, self._settings = session, worker, theme, settings
        self._trees: dict[_TreeKey, LayerTree] = {}
        self._reading: set[_TreeKey] = set()
        self._unread: dict[_TreeKey, tuple[str, str]] = {}
        self._fetching: dict[_WeightsKey, TaggedTask] = {}
        self.layers = LayerTreeModel(self)
        self.banner = ErrorBanner()
        self.architectures = ArchitectureList(theme)
        self.weights = WeightsPanel(theme)
        self.strategies = StrategyPanel()
        self.view = LayerView(self.layers, theme)
        self.stages = StageEditor(theme)
        self.strip = NetworkStrip(self.layers, theme)
        self.summary = SummaryBar(theme)
        self._build()
        self._restore()
        self._connect()
        self._refresh()

    # Building

    def _build(self) -> None:
        self.columns = SideColumns(
            self._left(), self._middle(), self._right(), side=Size.SIDE - Size.STRIP, least=_TREE
        )
        self._network = _card(self.strip, self.summary)
        self.body.addWidget(self.banner)
        self.body.addWidget(self.columns, 1)
        self.body.addWidget(self._network)

    def _left(self) -> QWidget:
        return _column(self.architectures, rule(), self.weights)

    def _middle(self) -> QWidget:
        self._heading = with_role(QLabel(), "lead")
        self.open_all = GlyphButton("chevron-down", "Open all blocks")
        self.close_all = GlyphButton("chevron-up", "Close all blocks")
        header = QHBoxLayout()
        header.setSpacing(Space.XS)
        header.addWidget(self._heading, 1)
        header.addWidget(self.open_all)
        header.addWidget(self.close_all)
        self._loading = QWidget()
        loading = QVBoxLayout(self._loading)
        loading.setContentsMargins(0, 0, 0, 0)
        self._loading_words = with_role(QLabel(), "quiet")
        loading.addWidget(self._loading_words)
        loading.addWidget(LoadingRows(self._theme), 1)
        self.retry = QPushButton("Read again")
        self._error = EmptyState("error", "The layers could not be read", "", self.retry)
        self._states = QStackedWidget()
        for state in (self._loading, self._error, self.view):
            self._states.addWidget(state)
        made = _card(self._states, self.stages)
        layout = made.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertLayout(0, header)
        return made

    def _right(self) -> QWidget:
        return _column(with_role(QLabel("Strategy"), "lead"), self.strategies)

    def _connect(self) -> None:
        self._session.data_changed.connect(self._refresh)
        self._session.model_changed.connect(self._model_changed)
        self._session.schedule_changed.connect(self._refresh)
        self.architectures.chosen.connect(self._choose_architecture)
        self.weights.chosen.connect(self._choose_weights)
        self.weights.download_asked.connect(self._fetch)
        self.weights.cancel_asked.connect(self._cancel)
        self.strategies.chosen.connect(self._choose_strategy)
        self.layers.edited.connect(self._edit_by_hand)
        self.layers.rates_edited.connect(self._session.set_rates)
        self.stages.edited.connect(self._edit_stages)
        self.stages.usual_asked.connect(self._take_usual_stages)
        self.view.block_chosen.connect(self.strip.set_current)
        self.strip.block_clicked.connect(self.view.select)
        self.open_all.clicked.connect(self.view.expandAll)
        self.close_all.clicked.connect(self.view.collapseAll)
        self.retry.clicked.connect(self._read_again)

    # What is remembered

    def _restore(self) -> None:
        values = self._settings.page_values("model")
        arch, strategy = values.get("arch"), values.get("strategy")
        if not isinstance(arch, str) or arch not in architectures() or strategy not in list(Strategy):
            return
        weights, blocks, unfreeze = values.get("weights"), values.get("blocks"), values.get("unfreeze")
        session = self._session
        session.arch, session.strategy = arch, Strategy(strategy)
        if isinstance(weights, str) and _fits(architecture(arch), weights):
            session.weights = weights
        session.blocks = blocks if isinstance(blocks, int) and blocks > 0 else 1
        session.unfreeze = tuple(map(str, unfreeze)) if isinstance(unfreeze, list) else ()
        session.stages = plans.remembered_stages(values.get("stages"))
        session.rates = plans.remembered_rates(values.get("rates"))

    def _remember(self) -> None:
        session = self._session
        self._settings.set_page_values(
            "model",
            {
                "arch": session.arch,
                "weights": session.weights,
                "strategy": session.strategy.value,
                "blocks": session.blocks,
                "unfreeze": list(session.unfreeze),
                "stages": [stage.model_dump(mode="json") for stage in session.stages],
                "rates": session.rates,
            },
        )

    # What the person does

    @Slot(str)
    def _choose_architecture(self, name: str) -> None:
        keep = RANDOM if self._session.weights == RANDOM else "default"
        self._session.set_architecture(name, keep)

    @Slot(str)
    def _choose_weights(self, weights: str) -> None:
        self.banner.clear()
        self._session.set_architecture(self._session.arch, weights)
        if self.weights.published is None and weights != RANDOM:
            self._fetch()  # whether a file or folder can be used is for the engine to say

    @Slot(object, int)
    def _choose_strategy(self, strategy: Strategy, blocks: int) -> None:
        unfreeze: tuple[str, ...] = ()
        if strategy is Strategy.HYBRID and self.layers.tree is not None:
            # By hand one goes on from what is ticked already.
            tree = self.layers.tree
            unfreeze = tree.plan_for(self.layers.trained).trainable or (tree.head.path,)
        self._session.set_strategy(strategy, blocks, unfreeze)

    @Slot(object)
    def _edit_by_hand(self, trained: frozenset[str]) -> None:
        tree = self.layers.tree
        assert tree is not None
        self._session.set_strategy(Strategy.HYBRID, self._session.blocks, tree.plan_for(trained).trainable)

    @Slot(object)
    def _edit_stages(self, stages: tuple[Stage, ...]) -> None:
        tree = self.layers.tree
        assert tree is not None
        self._session.set_stages(() if stages == plans.usual_stages(self._session, tree) else stages)

    @Slot()
    def _take_usual_stages(self) -> None:
        self.stages.add.setFocus()  # the button that was pressed goes
        self._session.set_stages(())

    # What is shown

    @Slot()
    def _model_changed(self) -> None:
        self._remember()
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        session = self._session
        found = architecture(session.arch)
        tree = self._trees.get(self._key())
        if tree is not None and session.strategy in (Strategy.PARTIAL, Strategy.STAGED):
            most = len(tree.backbone)
            if session.blocks > most:
                session.set_strategy(session.strategy, most)
                return
        if tree is not None:  # what is remembered may be of a network that was otherwise
            session.set_stages(plans.fitting_stages(session, tree))
            session.set_rates(plans.fitting_rates(session, tree))
        self.architectures.set_current(found.name)
        self.weights.show_weights(found, session.weights, unused=session.strategy is Strategy.SCRATCH)
        self.weights.set_downloading((session.arch, session.weights) in self._fetching)
        self._heading.setText(f"Layers of {found.title}")
        self.set_sentence(self._sentence_for(found))
        self._show_tree(found, tree)
        self._show_attention()

    def _show_tree(self, found: Architecture, tree: LayerTree | None) -> None:
        session, key = self._session, self._key()
        self._network.setEnabled(tree is not None)
        for button in (self.open_all, self.close_all):
            button.setEnabled(tree is not None)
        if tree is None:
            self.layers.show_tree(None)
            self.summary.show_parts({})
            self.stages.hide()
            self.strategies.show_strategy(
                session.strategy, session.blocks, session.blocks, counted=not session.edited_stages
            )
            if key in self._unread:
                self._error.set_text("The layers could not be read", " ".join(self._unread[key]))
                self._states.setCurrentWidget(self._error)
            else:
                self._loading_words.setText(f"Reading the layers of {found.title}…")
                self._states.setCurrentWidget(self._loading)
                self._read(key)
            return
        trained = tree.trained_leaves(plans.plan(session, tree))
        self.strategies.show_strategy(
            session.strategy,
            session.blocks,
            len(tree.backbone),
            plans.note(session, tree, trained),
            counted=not session.edited_stages,
        )
        staged = session.strategy is Strategy.STAGED
        stages = plans.stages(session, tree) if staged else ()
        self.layers.show_tree(tree, trained, plans.new_leaves(session, tree), plans.begins(stages, tree))
        self.layers.show_rates(plans.usual_rates(session, tree), session.rates)
        if staged:
            self.stages.show_stages(tree, stages, edited=bool(session.stages))
        self.stages.setVisible(staged)
        self.summary.show_parts(self._parts(tree))
        self._states.setCurrentWidget(self.view)

    def _show_attention(self) -> None:
        session = self._session
        missing = self.weights.missing and session.strategy is not Strategy.SCRATCH
        idle = session.strategy is Strategy.HYBRID and not session.unfreeze
        self.set_attention(NEEDED if missing or idle else READY)

    def _key(self) -> _TreeKey:
        """A network used as it is keeps its own head; otherwise there is one output a class of the images."""
        catalogue = self._session.catalogue
        own_head = catalogue is None or self._session.strategy is Strategy.AS_IS
        return self._session.arch, _IMAGENET_CLASSES if own_head or catalogue is None else len(
            catalogue.classes
        )

    def _sentence_for(self, found: Architecture) -> str:
        catalogue = self._session.catalogue
        if self._session.strategy is Strategy.AS_IS:
            return f"{found.title} as it is, naming the 1,000 classes of ImageNet."
        if catalogue is None:
            return (
                f"{found.title}. Its new head gets an output for each class once a folder of images is open."
            )
        return f"{found.title} with a new head for your {len(catalogue.classes)} classes."

    def _parts(self, tree: LayerTree) -> dict[LayerState, int]:
        parts: Counter[LayerState] = Counter()
        for leaf in tree.leaves:
            parts[self.layers.state(leaf)] += leaf.parameters
        return {state: parts[state] for state in (LayerState.FROZEN, LayerState.TUNED, LayerState.NEW)}

    # Reading layers

    def _read(self, key: _TreeKey) -> None:
        if key in self._reading:
            return
        self._reading.add(key)
        call = functools.partial(engine.read_layers, *key)
        task = TaggedTask(
            key, f"Reading the layers of {architecture(key[0]).title}", call, self._worker, self
        )
        task.happened.connect(self._layers_read)
        task.failed.connect(self._reading_failed)
        task.done.connect(self._reading_done)

    @Slot(object, object)
    def _layers_read(self, key: _TreeKey, event: object) -> None:
        if isinstance(event, LayersRead):
            self._trees[key] = event.tree

    @Slot(object, str, str)
    def _reading_failed(self, key: _TreeKey, message: str, hint: str) -> None:
        self._unread[key] = (message, hint)

    @Slot(object, bool)
    def _reading_done(self, key: _TreeKey, _finished: bool) -> None:
        self._reading.discard(key)
        if key == self._key() and (key in self._trees or key in self._unread):
            self._refresh()

    @Slot()
    def _read_again(self) -> None:
        self._unread.clear()
        self._refresh()

    # Fetching weights

    @Slot()
    def _fetch(self) -> None:
        key = (self._session.arch, self._session.weights)
        if key in self._fetching:
            return
        self.banner.clear()
        call = functools.partial(engine.fetch_weights, *key)
        task = TaggedTask(key, f"Weights of {architecture(key[0]).title}", call, self._worker, self)
        self._fetching[key] = task
        task.happened.connect(self._fetch_happened)
        task.failed.connect(self._fetch_failed)
        task.done.connect(self._fetch_done)
        self.weights.set_downloading(self.weights.missing)

    @Slot()
    def _cancel(self) -> None:
        task = self._fetching.get((self._session.arch, self._session.weights))
        if task is not None:
            task.stop()

    @Slot(object, object)
    def _fetch_happened(self, key: _WeightsKey, event: object) -> None:
        if isinstance(event, Downloaded) and key == (self._session.arch, self._session.weights):
            self.weights.show_progress(event)

    @Slot(object, str, str)
    def _fetch_failed(self, _key: _WeightsKey, message: str, hint: str) -> None:
        self.banner.show_error(message, hint)

    @Slot(object, bool)
    def _fetch_done(self, key: _WeightsKey, _finished: bool) -> None:
        self._fetching.pop(key, None)
        self.architectures.model.look_again()
        self._refresh()


def _card(*widgets: QWidget) -> QFrame:
    made = card()
    layout = QVBoxLayout(made)
    layout.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
    layout.setSpacing(Space.S)
    for widget in widgets:
        layout.addWidget(widget)
    return made


def _column(*widgets: QWidget) -> QWidget:
    made = QWidget()
    layout = QVBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(Space.S)
    for widget in widgets:
        layout.addWidget(widget)
    return made


def _fits(found: Architecture, weights: str) -> bool:
    """Whether remembered weights can still be chosen."""
    return weights == RANDOM or found.published(weights) is not None or Path(weights).exists()
