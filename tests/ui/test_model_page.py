"""The Model page, through its widgets."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QFrame,
    QLineEdit,
    QListView,
    QScrollArea,
    QSpinBox,
    QTreeView,
)

from tlstudio.config import DataConfig, Strategy
from tlstudio.data.catalogue import Catalogue
from tlstudio.errors import StudioError
from tlstudio.events import Control, Event
from tlstudio.models.architectures import architecture
from tlstudio.models.events import Downloaded, LayersRead, WeightsReady
from tlstudio.models.layers import LayerNode, LayerTree
from tlstudio.ui import engine
from tlstudio.ui.item_models.layer_tree import Column
from tlstudio.ui.pages.base import NEEDED, READY
from tlstudio.ui.pages.model import ModelPage
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.network_strip import NetworkStrip
from tlstudio.ui.widgets.proportion_bar import share_text
from tlstudio.ui.worker import Worker

CHECK = Qt.ItemDataRole.CheckStateRole


def small_tree(arch: str, classes: int) -> LayerTree:
    def leaf(path: str, parameters: int, kind: str = "Conv2d") -> LayerNode:
        return LayerNode(path, path.replace(".", " / "), kind, (8, 7, 7), parameters)

    def block(path: str, kind: str, *children: LayerNode) -> LayerNode:
        parameters = sum(child.parameters for child in children)
        return LayerNode(path, path, kind, (8, 7, 7), parameters, children)

    stem = block("stem", "Block", leaf("conv1", 90), leaf("bn1", 10, "BatchNorm2d"))
    first = block("layer1", "Sequential", block("layer1.0", "BasicBlock", leaf("layer1.0.conv1", 400)))
    second = block("layer2", "Sequential", block("layer2.0", "BasicBlock", leaf("layer2.0.conv1", 1000)))
    head = block("head", "Block", leaf("fc", 8 * classes + classes, "Linear"))
    return LayerTree(arch, (stem, first, second, leaf("avgpool", 0, "AdaptiveAvgPool2d"), head))


class Engine:
    """Scripted engine calls, and what they were asked."""

    def __init__(self) -> None:
        self.read: list[tuple[str, int]] = []
        self.reading_fails = False
        self.fetched: list[tuple[str, str]] = []
        self.fetching_fails = False
        self.hold = False

    def read_layers(self, arch: str, classes: int, control: Control) -> Iterator[Event]:
        self.read.append((arch, classes))
        if self.reading_fails:
            raise StudioError("The layers are shy.", "Ask again.")
        yield LayersRead(small_tree(arch, classes))

    def fetch_weights(self, arch: str, weights: str, control: Control) -> Iterator[Event]:
        self.fetched.append((arch, weights))
        yield Downloaded("weights.pth", 10_000_000, 40_000_000)
        while self.hold:
            control.checkpoint()
        if self.fetching_fails:
            raise StudioError("There is no network.", "Choose a file instead.")
        published = architecture(arch).published(weights)
        file = published.file if published else Path(weights)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"weights")
        yield WeightsReady(file)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Engine:
    calls = Engine()
    monkeypatch.setattr(engine, "read_layers", calls.read_layers)
    monkeypatch.setattr(engine, "fetch_weights", calls.fetch_weights)
    return calls


@pytest.fixture
def session(qapp: QApplication) -> Session:
    session = Session()
    session.arch = "resnet18"
    return session


@pytest.fixture
def make_page(session: Session, worker: Worker, theme: Theme, calls: Engine, qtbot):
    def make(settings: Settings | None = None) -> ModelPage:
        page = ModelPage(session, worker, theme, settings or Settings())
        qtbot.addWidget(page)
        page.resize(1192, 756)
        page.show()
        qtbot.waitExposed(page)
        qtbot.waitUntil(lambda: not worker.tasks)
        return page

    return make


@pytest.fixture
def page(make_page) -> ModelPage:
    return make_page()


def with_classes(session: Session, count: int) -> None:
    names = tuple(f"class {n}" for n in range(count))
    session.set_data(Catalogue(Path("images"), names, ()), DataConfig(root="images"))


def box(page: ModelPage, path: str) -> Qt.CheckState:
    return Qt.CheckState(page.layers.index_of(path).siblingAtColumn(Column.FROZEN).data(CHECK))


def click_box(page: ModelPage, path: str) -> None:
    cell = page.view.visualRect(page.layers.index_of(path).siblingAtColumn(Column.FROZEN))
    QTest.mouseClick(page.view.viewport(), Qt.MouseButton.LeftButton, pos=cell.center())


def state(page: ModelPage, path: str) -> str:
    return page.layers.index_of(path).siblingAtColumn(Column.STATE).data()


def choose(page: ModelPage, strategy: Strategy) -> None:
    QTest.mouseClick(page.strategies.buttons[strategy], Qt.MouseButton.LeftButton, pos=QPoint(10, 10))


def choose_weights(page: ModelPage, text: str) -> None:
    row = page.weights.combo.findText(text, Qt.MatchFlag.MatchStartsWith)
    assert row >= 0
    page.weights.combo.setCurrentIndex(row)
    page.weights.combo.activated.emit(row)


# The layer tree and the strategies


def test_that_feature_extraction_freezes_all_but_the_head(page: ModelPage) -> None:
    assert box(page, "layer2") is Qt.CheckState.Checked
    assert box(page, "head") is Qt.CheckState.Unchecked
    assert state(page, "head") == "new"
    assert page.summary.text == "Trainable 9,000 of 10,500 (85.7 %)"


def test_that_a_strategy_ticks_the_boxes(page: ModelPage, session: Session) -> None:
    choose(page, Strategy.FULL)
    assert session.strategy is Strategy.FULL
    assert [box(page, path) for path in ("stem", "layer1", "head")] == [Qt.CheckState.Unchecked] * 3
    assert state(page, "stem") == "fine-tuned"


def test_that_partial_training_takes_a_number_of_blocks(page: ModelPage, session: Session) -> None:
    choose(page, Strategy.PARTIAL)
    assert page.strategies.blocks.isVisible()
    assert page.strategies.blocks.maximum() == 3
    page.strategies.blocks.setValue(2)
    assert session.blocks == 2
    assert box(page, "layer1") is Qt.CheckState.Unchecked
    assert box(page, "stem") is Qt.CheckState.Checked


def test_that_only_strategies_with_blocks_ask_for_their_number(page: ModelPage) -> None:
    choose(page, Strategy.FULL)
    assert not page.strategies.blocks.isVisible()


def test_that_staged_training_says_in_which_stage_a_block_begins(page: ModelPage) -> None:
    choose(page, Strategy.STAGED)
    assert state(page, "head") == "new · stage 1"
    assert state(page, "layer2") == "fine-tuned · stage 2"


def test_that_a_click_on_a_box_turns_the_strategy_to_hybrid(page: ModelPage, session: Session) -> None:
    click_box(page, "layer1")
    assert session.strategy is Strategy.HYBRID
    assert session.unfreeze == ("layer1", "head")
    assert page.strategies.buttons[Strategy.HYBRID].isChecked()
    assert box(page, "layer1") is Qt.CheckState.Unchecked


def test_that_space_freezes_and_trains_the_current_layer(page: ModelPage, session: Session) -> None:
    page.view.select("layer2")
    page.view.setFocus()
    QTest.keyClick(page.view, Qt.Key.Key_Space)
    assert session.unfreeze == ("layer2", "head")
    QTest.keyClick(page.view, Qt.Key.Key_Space)
    assert session.unfreeze == ("head",)


def test_that_blocks_are_closed_at_first_and_open_by_keyboard(page: ModelPage) -> None:
    index = page.layers.index_of("layer2")
    assert not page.view.isExpanded(index.siblingAtColumn(0))
    page.view.select("layer2")
    page.view.setFocus()
    QTest.keyClick(page.view, Qt.Key.Key_Right)
    assert page.view.isExpanded(index.siblingAtColumn(0))


def test_that_choosing_hybrid_goes_on_from_what_is_ticked(page: ModelPage, session: Session) -> None:
    choose(page, Strategy.PARTIAL)
    choose(page, Strategy.HYBRID)
    assert session.unfreeze == ("layer2", "head")


def test_that_a_plan_that_trains_nothing_needs_attention(page: ModelPage, session: Session) -> None:
    session.set_architecture("resnet18", "none")
    assert page.attention == READY
    session.set_strategy(Strategy.HYBRID, unfreeze=())
    assert page.attention == NEEDED


def test_that_from_scratch_makes_every_layer_new_and_the_weights_unused(page: ModelPage) -> None:
    choose(page, Strategy.SCRATCH)
    assert state(page, "stem") == "new"
    assert not page.weights.combo.isEnabled()
    assert not page.weights.download.isVisible()
    assert page.attention == READY


def test_that_a_network_used_as_it_is_keeps_its_own_classes(
    page: ModelPage, session: Session, calls: Engine, worker: Worker, qtbot
) -> None:
    with_classes(session, 4)
    qtbot.waitUntil(lambda: not worker.tasks)
    choose(page, Strategy.AS_IS)
    assert page.summary.text == "Trainable 0 of 10,500 (0 %)"
    assert state(page, "head") == "frozen"
    assert calls.read == [("resnet18", 1000), ("resnet18", 4)]


def test_that_the_head_has_as_many_outputs_as_the_images_have_classes(
    page: ModelPage, session: Session, worker: Worker, qtbot
) -> None:
    with_classes(session, 4)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.summary.text == "Trainable 36 of 1,536 (2.3 %)"


def test_that_layers_are_read_once_for_each_network(
    page: ModelPage, session: Session, calls: Engine, worker: Worker, qtbot
) -> None:
    for arch in ("vgg11", "resnet18", "vgg11"):
        session.set_architecture(arch, "default")
        qtbot.waitUntil(lambda: not worker.tasks)
    assert calls.read == [("resnet18", 1000), ("vgg11", 1000)]


def test_that_open_blocks_stay_open_when_only_the_classes_change(
    page: ModelPage, session: Session, worker: Worker, qtbot
) -> None:
    page.view.expand(page.layers.index_of("layer1").siblingAtColumn(0))
    with_classes(session, 4)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.view.isExpanded(page.layers.index_of("layer1").siblingAtColumn(0))
    assert not page.view.isExpanded(page.layers.index_of("layer2").siblingAtColumn(0))


def test_that_more_blocks_than_the_network_has_become_all_of_them(page: ModelPage, session: Session) -> None:
    session.set_strategy(Strategy.PARTIAL, 9)
    assert session.blocks == 3


def test_that_layers_that_cannot_be_read_say_why_and_can_be_read_again(
    calls: Engine, make_page, worker: Worker, qtbot
) -> None:
    calls.reading_fails = True
    page = make_page()
    assert page.retry.isVisible()
    assert page.layers.tree is None
    calls.reading_fails = False
    QTest.mouseClick(page.retry, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.view.isVisible()
    assert page.layers.tree is not None


# Architectures and weights


def test_that_architectures_are_grouped_by_family(page: ModelPage) -> None:
    model = page.architectures.model
    texts = [model.index(row).data() for row in range(model.rowCount())]
    assert texts[:4] == ["EfficientNet", "EfficientNet-Lite0", "VGG", "VGG-11"]
    assert "ResNet" in texts


def test_that_the_search_keeps_what_contains_every_word(page: ModelPage) -> None:
    QTest.keyClicks(page.architectures.search, "vgg 16")
    model = page.architectures.model
    texts = [model.index(row).data() for row in range(model.rowCount())]
    assert texts == ["VGG", "VGG-16", "VGG-16 with batch norm"]


def test_that_a_search_without_a_find_says_so(page: ModelPage) -> None:
    QTest.keyClicks(page.architectures.search, "alexnet")
    assert not page.architectures.list.isVisible()


def test_that_arrow_keys_choose_an_architecture_past_the_family_names(
    page: ModelPage, session: Session
) -> None:
    page.architectures.list.setFocus()
    QTest.keyClick(page.architectures.list, Qt.Key.Key_Up)
    assert session.arch == "vgg19_bn"


def test_that_searching_changes_no_choice(page: ModelPage, session: Session) -> None:
    QTest.keyClicks(page.architectures.search, "vgg")
    assert session.arch == "resnet18"


def test_that_an_architecture_tells_its_figures_on_hover(page: ModelPage) -> None:
    words = page.architectures.model.index_of("resnet18").data(Qt.ItemDataRole.ToolTipRole)
    assert "11,689,512 parameters" in words
    assert "1.8 GFLOPs" in words
    assert "to download" in words


def test_that_missing_weights_are_downloaded_on_request(
    page: ModelPage, session: Session, calls: Engine, worker: Worker, qtbot
) -> None:
    assert page.attention == NEEDED
    QTest.mouseClick(page.weights.download, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert calls.fetched == [("resnet18", "default")]
    assert not page.weights.download.isVisible()
    assert page.attention == READY
    words = page.architectures.model.index_of("resnet18").data(Qt.ItemDataRole.ToolTipRole)
    assert "on this machine" in words


def test_that_a_download_can_be_cancelled(page: ModelPage, calls: Engine, worker: Worker, qtbot) -> None:
    calls.hold = True
    QTest.mouseClick(page.weights.download, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(page.weights.cancel.isVisible)
    QTest.mouseClick(page.weights.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.weights.download.isVisible()
    assert not page.banner.isVisible()


def test_that_a_download_that_fails_says_why(page: ModelPage, calls: Engine, worker: Worker, qtbot) -> None:
    calls.fetching_fails = True
    QTest.mouseClick(page.weights.download, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.banner.message == "There is no network."
    assert page.weights.download.isVisible()


def test_that_random_weights_make_every_trained_layer_new(page: ModelPage, session: Session) -> None:
    choose_weights(page, "Random weights")
    choose(page, Strategy.FULL)
    assert session.weights == "none"
    assert state(page, "stem") == "new"


def test_that_every_published_set_is_offered_the_best_first(
    page: ModelPage, session: Session, worker: Worker, qtbot
) -> None:
    session.set_architecture("resnet50", "default")
    combo = page.weights.combo
    assert [combo.itemText(row) for row in range(combo.count())] == [
        "ImageNet-1K V2 · 80.9 %",
        "ImageNet-1K V1 · 76.1 %",
        "Random weights",
        "From a file…",
        "From a folder…",
    ]
    choose_weights(page, "ImageNet-1K V1")
    assert session.weights == "IMAGENET1K_V1"


def test_that_a_file_of_weights_is_chosen_and_checked(
    page: ModelPage, session: Session, calls: Engine, worker: Worker, tmp_path: Path, qtbot
) -> None:
    file = tmp_path / "my weights.pth"
    file.write_bytes(b"weights")
    page.weights.chosen.emit(str(file))
    qtbot.waitUntil(lambda: not worker.tasks)
    assert session.weights == str(file)
    assert page.weights.combo.currentText() == "my weights.pth"
    assert calls.fetched == [("resnet18", str(file))]
    assert page.attention == READY


def test_that_another_architecture_begins_with_its_own_weights(page: ModelPage, session: Session) -> None:
    session.set_architecture("resnet50", "IMAGENET1K_V1")
    page.architectures.chosen.emit("vgg11")
    assert (session.arch, session.weights) == ("vgg11", "default")


# The network strip


def test_that_the_strip_shows_every_block_in_order_within_its_width(page: ModelPage) -> None:
    segments = page.strip.segments()
    assert [segment.node.path for segment in segments] == ["stem", "layer1", "layer2", "avgpool", "head"]
    assert segments[-1].box.right() < page.strip.width()
    widths = {segment.node.path: segment.box.width() for segment in segments}
    assert widths["head"] > widths["layer2"] > widths["layer1"] > 0


def test_that_a_click_on_a_block_selects_its_row(page: ModelPage) -> None:
    middle = page.strip.segments()[2].box.center()
    QTest.mouseClick(page.strip, Qt.MouseButton.LeftButton, pos=middle)
    assert page.view.currentIndex().siblingAtColumn(Column.LAYER).data() == "layer2"


def test_that_the_strip_is_walked_with_the_arrow_keys(page: ModelPage) -> None:
    page.strip.setFocus()
    QTest.keyClick(page.strip, Qt.Key.Key_Right)
    assert page.view.currentIndex().siblingAtColumn(Column.LAYER).data() == "layer1"


def test_that_a_block_says_on_hover_how_much_of_it_is_trained(page: ModelPage) -> None:
    page.view.expandAll()
    click_box(page, "conv1")
    node = page.layers.index_of("stem").data(Qt.ItemDataRole.UserRole + 1)
    assert page.strip.hint(node).endswith("partly trained: 90% of its parameters")


# Memory and reach


def test_that_the_choice_is_remembered(make_page, session: Session) -> None:
    page = make_page()
    choose(page, Strategy.PARTIAL)
    page.strategies.blocks.setValue(2)
    session.arch, session.strategy, session.blocks = "efficientnet_lite0", Strategy.FULL, 1
    make_page(Settings())
    assert (session.arch, session.strategy, session.blocks) == ("resnet18", Strategy.PARTIAL, 2)


@pytest.mark.parametrize(
    "values",
    [
        {"arch": "gone", "strategy": "full"},
        {"arch": "resnet18", "strategy": "magic"},
        {"arch": ["resnet18"], "strategy": {}},
    ],
)
def test_that_remembered_nonsense_is_forgotten(make_page, session: Session, values: dict) -> None:
    settings = Settings()
    settings.set_page_values("model", values)
    make_page(settings)
    assert (session.arch, session.strategy) == ("resnet18", Strategy.FEATURE_EXTRACTION)


def test_that_remembered_weights_that_are_gone_become_the_default(make_page, session: Session) -> None:
    settings = Settings()
    settings.set_page_values("model", {"arch": "vgg11", "strategy": "full", "weights": "/gone.pth"})
    make_page(settings)
    assert (session.arch, session.weights) == ("vgg11", "default")


def test_that_every_control_has_a_name_and_is_reached_by_tab(page: ModelPage) -> None:
    kinds = (QAbstractButton, QComboBox, QLineEdit, QSpinBox, QListView, QTreeView, NetworkStrip)
    controls = [
        control
        for kind in kinds
        for control in page.findChildren(kind)
        if control.isVisible() and control.isEnabled() and type(control.parent()) not in (QLineEdit, QSpinBox)
    ]
    assert len(controls) >= 15
    nameless = [one for one in controls if not one.accessibleName() and not getattr(one, "text", str)()]
    unreached = [one for one in controls if not one.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert (nameless, unreached) == ([], [])


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 10, "0 %"), (10, 10, "100 %"), (1, 10**9, "0.01 %"), (10**9 - 1, 10**9, "99.9 %"), (1, 4, "25.0 %")],
)
def test_that_a_share_is_never_rounded_to_nothing_or_all(part: int, whole: int, text: str) -> None:
    assert share_text(part, whole) == text


@pytest.mark.parametrize("size", [QSize(712, 556), QSize(936, 596), QSize(1192, 756)])
def test_that_in_a_small_window_the_parts_scroll_and_none_lies_over_another(
    page: ModelPage, size: QSize, qtbot
) -> None:
    def parts() -> list[QRect]:
        cards = [widget for widget in page.findChildren(QFrame) if widget.property("role") == "card"]
        return [QRect(one.mapTo(page, QPoint()), one.size()) for one in cards if one.isVisible()]

    page.resize(size)
    pairs = itertools.combinations
    qtbot.waitUntil(lambda: not any(one.intersects(other) for one, other in pairs(parts(), 2)))
    assert page.columns.narrow == (size.width() < 800)
    assert len(parts()) == (3 if page.columns.narrow else 4)
    assert all(page.rect().contains(place) for place in parts())
    assert page.view.header().length() <= page.view.viewport().width()
    assert not page.view.isColumnHidden(Column.LAYER)


def test_that_in_a_narrow_window_the_strategy_is_chosen_beneath_the_networks(
    page: ModelPage, session: Session, qtbot
) -> None:
    page.resize(712, 556)
    button = page.strategies.buttons[Strategy.FULL]
    button.setFocus()
    (area,) = [one for one in page.findChildren(QScrollArea) if one.isAncestorOf(button)]
    assert area.isAncestorOf(page.architectures)
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() > 0)
    area.ensureWidgetVisible(button)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    assert session.strategy is Strategy.FULL
    page.resize(1192, 756)
    assert not area.isAncestorOf(button)
    assert button.isVisible()
