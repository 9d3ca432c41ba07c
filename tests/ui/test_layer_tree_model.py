"""The layer tree's rows and freeze boxes."""

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from tlstudio.models.layers import LayerNode, LayerTree
from tlstudio.ui.item_models.layer_tree import NODE_ROLE, Column, LayerState, LayerTreeModel

CHECK = Qt.ItemDataRole.CheckStateRole
CHECKED, PARTLY, CLEAR = (
    Qt.CheckState.Checked,
    Qt.CheckState.PartiallyChecked,
    Qt.CheckState.Unchecked,
)


def leaf(path: str, parameters: int, kind: str = "Conv2d") -> LayerNode:
    name = path.replace(".", " / ")
    return LayerNode(path, name, kind, (64, 56, 56), parameters)


@pytest.fixture
def tree() -> LayerTree:
    relu = leaf("stem.relu", 0, "ReLU")
    stem = LayerNode(
        "stem", "stem", "Block", (64, 112, 112), 110, (leaf("stem.conv", 100), leaf("stem.bn", 10), relu)
    )
    body = LayerNode(
        "body", "body", "Block", (64, 56, 56), 4000, (leaf("body.a", 1000), leaf("body.b", 3000))
    )
    pool = leaf("pool", 0, "AvgPool")
    return LayerTree("tiny", (stem, body, pool, LayerNode("fc", "head / fc", "Linear", (4,), 2052)))


@pytest.fixture
def model(tree: LayerTree) -> LayerTreeModel:
    model = LayerTreeModel()
    model.show_tree(tree, frozenset({"fc"}), frozenset({"fc"}))
    return model


def box(model: LayerTreeModel, path: str) -> object:
    return model.index_of(path).siblingAtColumn(Column.FROZEN).data(CHECK)


def text(model: LayerTreeModel, path: str, column: Column) -> str:
    return model.index_of(path).siblingAtColumn(column).data()


def click(model: LayerTreeModel, path: str, state: Qt.CheckState) -> bool:
    return model.setData(model.index_of(path).siblingAtColumn(Column.FROZEN), state, CHECK)


def test_that_the_model_keeps_every_promise_qt_asks_of_a_tree(tree: LayerTree) -> None:
    model = LayerTreeModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.show_tree(tree, frozenset({"fc"}), frozenset({"fc"}))
    model.set_frozen("body", False)
    model.show_tree(None)
    assert tester.model() is model
    assert model.rowCount() == 0


def test_that_blocks_are_the_top_rows_and_layers_lie_beneath_them(model: LayerTreeModel) -> None:
    assert [model.index(row, Column.LAYER).data() for row in range(model.rowCount())] == [
        "stem",
        "body",
        "pool",
        "fc",
    ]
    stem = model.index(0, 0)
    assert [model.index(row, Column.LAYER, stem).data() for row in range(model.rowCount(stem))] == [
        "conv",
        "bn",
        "relu",
    ]
    assert model.parent(model.index(1, 0, stem)) == stem


def test_that_only_the_first_column_has_rows_beneath_it(model: LayerTreeModel) -> None:
    assert model.rowCount(model.index(0, Column.LAYER)) == 0


def test_that_a_ticked_box_is_a_frozen_layer_and_a_clear_one_is_trained(model: LayerTreeModel) -> None:
    assert box(model, "stem") == CHECKED
    assert box(model, "fc") == CLEAR


def test_that_a_layer_without_parameters_has_no_box(model: LayerTreeModel) -> None:
    assert box(model, "pool") is None
    assert not click(model, "pool", CLEAR)
    assert text(model, "pool", Column.STATE) == ""


def test_that_a_block_with_some_layers_trained_is_partly_ticked(model: LayerTreeModel) -> None:
    click(model, "body.b", CLEAR)
    assert box(model, "body") == PARTLY
    assert text(model, "body", Column.STATE) == "1 of 2 trained"
    assert model.state(model.index_of("body").data(NODE_ROLE)) is LayerState.MIXED


def test_that_clearing_a_block_trains_all_beneath_it(model: LayerTreeModel, qtbot) -> None:
    with qtbot.waitSignal(model.edited) as edited:
        click(model, "stem", CLEAR)
    assert edited.args == [frozenset({"fc", "stem.conv", "stem.bn"})]
    assert box(model, "stem.bn") == CLEAR


def test_that_ticking_a_partly_trained_block_freezes_all_beneath_it(model: LayerTreeModel) -> None:
    click(model, "body.b", CLEAR)
    click(model, "body", CHECKED)
    assert box(model, "body.b") == CHECKED
    assert model.trained == frozenset({"fc"})


def test_that_a_click_that_changes_nothing_is_not_reported(model: LayerTreeModel, qtbot) -> None:
    with qtbot.assertNotEmitted(model.edited):
        click(model, "stem", CHECKED)


def test_that_every_column_is_written_for_people(model: LayerTreeModel) -> None:
    assert text(model, "body", Column.PARAMETERS) == "4,000"
    assert text(model, "body", Column.OUTPUT) == "64×56×56"
    assert text(model, "stem.conv", Column.KIND) == "Conv2d"
    assert text(model, "stem", Column.STATE) == "frozen"
    assert text(model, "fc", Column.STATE) == "new"
    assert text(model, "pool", Column.PARAMETERS) == ""


def test_that_the_box_column_is_headed_frozen(model: LayerTreeModel) -> None:
    assert model.headerData(Column.FROZEN, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole) == "Frozen"


def test_that_a_trained_layer_with_pre_trained_weights_is_fine_tuned(model: LayerTreeModel) -> None:
    click(model, "body", CLEAR)
    assert text(model, "body", Column.STATE) == "fine-tuned"


def test_that_a_staged_plan_tells_when_a_block_begins(model: LayerTreeModel, tree: LayerTree) -> None:
    trained = frozenset({"fc", "body.a", "body.b"})
    model.show_tree(tree, trained, frozenset({"fc"}), {"fc": 1, "body": 2})
    assert text(model, "body", Column.STATE) == "fine-tuned · stage 2"
    assert text(model, "fc", Column.STATE) == "new · stage 1"


def test_that_another_plan_for_the_same_tree_does_not_reset_the_rows(
    model: LayerTreeModel, tree: LayerTree, qtbot
) -> None:
    with qtbot.assertNotEmitted(model.modelReset), qtbot.waitSignal(model.dataChanged):
        model.show_tree(tree, frozenset({"fc", "body.a"}), frozenset({"fc"}))


def test_that_the_trained_share_counts_parameters(model: LayerTreeModel) -> None:
    click(model, "body.b", CLEAR)
    assert model.trained_share(model.index_of("body").data(NODE_ROLE)) == 0.75


def test_that_an_unknown_path_has_no_row(model: LayerTreeModel) -> None:
    assert model.index_of("nowhere") == QModelIndex()


def test_that_a_screen_reader_hears_the_state_of_a_box(model: LayerTreeModel) -> None:
    index = model.index_of("stem").siblingAtColumn(Column.FROZEN)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "stem, frozen"
