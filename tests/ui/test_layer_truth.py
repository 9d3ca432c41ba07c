"""The Layers tab of the Train page: what each layer does in fact."""

import dataclasses
from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from tlstudio.config import DataConfig, FreezePlan, RunConfig, Stage, Strategy
from tlstudio.training.events import (
    BlockMoved,
    BlocksMoved,
    EpochFinished,
    FreezeStated,
    LayerStated,
    RunStarted,
    StageStarted,
)
from tlstudio.ui import text
from tlstudio.ui.item_models.layer_tree import LayerState
from tlstudio.ui.item_models.layer_truth import BAR_ROLE, STATE_ROLE, Column
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.run_view import RunView

CONFIG = RunConfig(data=DataConfig(root="/dogs"), arch="resnet18", strategy=Strategy.STAGED, epochs=4)
STAGES = tuple(Stage(name=n, epochs=2, lr=0.003, plan=FreezePlan(trainable=(n,))) for n in ("head", "layer4"))
TITLES = {"stem": "Block 1"}  # as the tree names them; the others are called what their paths are
STARTED = RunStarted(Path("run"), CONFIG, STAGES, ("a", "b"), {"train": 9, "val": 3, "test": 3}, 1000, "cpu")


def layer(path: str, block: str, lr: float = 0.0, batch_norm: str = "") -> LayerStated:
    name = f"{TITLES.get(block, block)} / {path.removeprefix(f'{block}.').replace('.', ' / ')}"
    return LayerStated(path, block, name, lr > 0, lr > 0, lr, batch_norm)  # type: ignore[arg-type]


def stated(stage: int, layer4: float = 0.0, bn4: float = 0.0, head: float = 0.003) -> FreezeStated:
    layers = (
        layer("conv1", "stem"),
        layer("bn1", "stem", batch_norm="kept"),
        layer("layer4.0.conv1", "layer4", layer4),
        layer("layer4.0.bn1", "layer4", bn4, "updated" if bn4 else "kept"),
        layer("fc", "head", head),
    )
    return FreezeStated(stage, layers)


def epoch(number: int) -> EpochFinished:
    return EpochFinished(number, 0, 1.0, 1.0, 0.8, 0.9, 0.01, 65.0, 100.0, best=False)


@pytest.fixture
def view(theme: Theme, qtbot) -> RunView:
    view = RunView(theme)
    qtbot.addWidget(view)
    view.resize(900, 700)
    view.tabs.setCurrentIndex(1)
    view.show()
    qtbot.waitExposed(view)
    return view


@pytest.fixture
def begun(view: RunView) -> RunView:
    view.take(STARTED)
    view.take(StageStarted(0, "head", 1, 2, 0.003, 10))
    view.take(stated(0))
    return view


def row(view: RunView, place: int, block: int | None = None) -> list[str]:
    model = view.layers.model
    parent = QModelIndex() if block is None else model.index(block, 0)
    return [model.index(place, column, parent).data() for column in Column]


def states(view: RunView) -> list[LayerState]:
    model = view.layers.model
    return [model.index(place, 0).data(STATE_ROLE) for place in range(model.rowCount())]


def bars(view: RunView) -> list[float | None]:
    model = view.layers.model
    return [model.index(place, Column.GRADIENT).data(BAR_ROLE) for place in range(model.rowCount())]


def test_that_each_block_says_what_holds_of_its_layers(begun: RunView) -> None:
    assert row(begun, 0) == ["Block 1", "frozen", "no", "–", "keeps statistics", "–", ""]
    assert row(begun, 2) == ["head", "new", "yes", "0.003", "–", "–", ""]
    assert states(begun) == [LayerState.FROZEN, LayerState.FROZEN, LayerState.NEW]


def test_that_a_block_opens_to_its_layers_under_the_names_that_the_tree_gives_them(begun: RunView) -> None:
    assert [row(begun, place, block=0)[0] for place in (0, 1)] == ["conv1", "bn1"]
    assert [row(begun, place, block=1)[0] for place in (0, 1)] == ["0 / conv1", "0 / bn1"]
    assert row(begun, 0, block=0)[Column.BATCH_NORM] == "–"
    layer = begun.layers.model.index(0, 0, begun.layers.model.index(1, 0))
    assert layer.data(Qt.ItemDataRole.ToolTipRole) == "layer4 / 0 / conv1"


def test_that_a_block_of_which_only_some_layers_are_trained_says_how_many(view: RunView) -> None:
    view.take(STARTED)
    view.take(stated(0, bn4=3e-5))
    assert row(view, 1)[:5] == ["layer4", "1 of 2 trained", "1 of 2", "3e-5", "updates"]
    view.take(stated(1, layer4=1e-4, bn4=3e-5))
    assert row(view, 1)[:4] == ["layer4", "fine-tuned", "yes", "3e-5 to 1e-4"]


@pytest.mark.parametrize("more", [{"strategy": Strategy.SCRATCH}, {"weights": "none"}])
def test_that_from_random_weights_every_trained_layer_is_new(view: RunView, more: dict) -> None:
    view.take(dataclasses.replace(STARTED, config=CONFIG.model_copy(update=more)))
    view.take(stated(0, layer4=1e-4, bn4=1e-4))
    assert states(view) == [LayerState.FROZEN, LayerState.NEW, LayerState.NEW]


def test_that_after_an_epoch_it_is_said_that_nothing_frozen_moved(begun: RunView) -> None:
    assert begun.layers.verdict.text() == "Frozen layers are compared bit by bit after each epoch."
    begun.take(BlocksMoved(3, (BlockMoved("head", 0.0042, 0.5),)))
    assert begun.layers.verdict.text() == (
        "Checked after each epoch, last after 3: no frozen layer moved by a single bit."
    )
    assert row(begun, 0)[Column.CHANGE] == "none"
    assert row(begun, 1, block=0)[Column.CHANGE] == "none"
    assert row(begun, 2)[Column.CHANGE :] == ["0.42 %", "0.5"]


@pytest.mark.parametrize(
    ("change", "words"), [(0.0, "0 %"), (3e-6, "< 0.01 %"), (0.123, "12 %"), (1.5, "150 %")]
)
def test_that_a_change_is_told_however_small_or_large(begun: RunView, change: float, words: str) -> None:
    begun.take(BlocksMoved(1, (BlockMoved("head", change, 0.5),)))
    assert row(begun, 2)[Column.CHANGE] == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0"), (123.4, "120"), (0.0034, "0.0034"), (0.001, "0.001"), (3.24e-5, "3.2e-5"), (1e-12, "1e-12")],
)
def test_that_a_number_of_any_size_is_told_in_two_digits(value: float, words: str) -> None:
    assert text.figure(value) == words


def test_that_bars_of_gradients_are_a_step_for_each_power_of_ten(view: RunView) -> None:
    view.take(STARTED)
    view.take(stated(0, layer4=1e-4, bn4=1e-4))
    view.take(BlocksMoved(1, (BlockMoved("layer4", 0.1, 1e-3), BlockMoved("head", 0.1, 1.0))))
    assert bars(view) == [None, pytest.approx(0.0), pytest.approx(1.0)]
    view.take(BlocksMoved(2, (BlockMoved("layer4", 0.1, 1e-1), BlockMoved("head", 0.1, 1.0))))
    assert bars(view) == [None, pytest.approx(2 / 3), pytest.approx(1.0)]


@pytest.mark.parametrize("gradient", [0.0, float("inf"), float("nan")])
def test_that_a_gradient_off_every_scale_harms_nothing(begun: RunView, gradient: float) -> None:
    begun.take(BlocksMoved(1, (BlockMoved("head", 0.1, gradient),)))
    assert bars(begun) == [None, None, None]
    assert row(begun, 2)[Column.GRADIENT] == f"{gradient:g}"


def test_that_another_stage_keeps_opened_blocks_open_and_begins_unmeasured(begun: RunView) -> None:
    tree, model = begun.layers.view, begun.layers.model
    tree.expand(model.index(1, 0))
    begun.take(BlocksMoved(1, (BlockMoved("head", 0.1, 0.5),)))
    begun.take(stated(1, layer4=1e-3, bn4=1e-3))
    assert tree.isExpanded(model.index(1, 0))
    assert row(begun, 1)[1:] == ["fine-tuned", "yes", "0.001", "updates", "–", ""]
    assert row(begun, 2)[Column.CHANGE] == "–"


def test_that_where_nothing_is_frozen_nothing_is_claimed(view: RunView) -> None:
    view.take(STARTED)
    view.take(FreezeStated(0, (layer("conv1", "stem", 0.1), layer("fc", "head", 0.1))))
    view.take(BlocksMoved(1, (BlockMoved("stem", 0.1, 1.0), BlockMoved("head", 0.1, 1.0))))
    assert view.layers.verdict.text() == "Nothing is frozen in this stage: every layer is trained."


def test_that_a_run_of_an_earlier_version_says_that_it_kept_nothing(view: RunView) -> None:
    view.take(STARTED)
    assert view.layers.sentence.text().startswith("Shown once training begins")
    view.take(epoch(1))
    assert view.layers.sentence.isVisible()
    assert "no record of its layers" in view.layers.sentence.text()
    assert not view.layers.view.isVisible()


def test_that_a_model_used_as_it_is_says_so(view: RunView) -> None:
    as_is = CONFIG.model_copy(update={"strategy": Strategy.AS_IS})
    view.take(dataclasses.replace(STARTED, config=as_is, stages=()))
    view.take(epoch(0))
    assert "used as it is" in view.layers.sentence.text()


def test_that_the_next_run_begins_with_nothing(begun: RunView) -> None:
    begun.clear(3)
    assert begun.layers.model.rowCount() == 0
    assert begun.layers.verdict.text() == ""
    assert begun.layers.sentence.isVisible()


def test_that_the_table_is_named_and_keeps_the_rules_of_item_models(begun: RunView) -> None:
    QAbstractItemModelTester(begun.layers.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert begun.layers.view.accessibleName()
    assert begun.layers.view.focusPolicy() & Qt.FocusPolicy.TabFocus
    begun.take(stated(1, layer4=1e-3, bn4=1e-3))
    begun.take(BlocksMoved(1, (BlockMoved("head", 0.1, 0.5),)))


def test_that_icons_follow_the_theme(begun: RunView, theme: Theme) -> None:
    before = begun.layers.view.grab().toImage()
    theme.set_scheme("dark")
    assert begun.layers.view.grab().toImage() != before
