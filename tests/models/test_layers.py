import hypothesis.strategies as st
import pytest
from hypothesis import given

from tlstudio.config import FreezePlan
from tlstudio.errors import BadInput
from tlstudio.models.layers import LayerNode, LayerTree, Training


def leaf(path: str, parameters: int = 10) -> LayerNode:
    return LayerNode(path, path, "Conv2d", (1,), parameters)


def block(path: str, *children: LayerNode) -> LayerNode:
    return LayerNode(path, path, "Block", (1,), sum(child.parameters for child in children), children)


TREE = LayerTree(
    "toy",
    (
        block("stem", leaf("conv1"), leaf("bn1"), leaf("relu", 0)),
        block("layer1", block("layer1.0", leaf("layer1.0.conv"), leaf("layer1.0.bn")), leaf("layer1.1")),
        leaf("pool", 0),
        block("head", leaf("fc")),
    ),
)
LEAVES = sorted(node.path for node in TREE.leaves if node.parameters)


def test_that_a_plan_names_a_block_once_all_of_it_is_trained():
    assert TREE.plan_for(["layer1.0.conv", "layer1.0.bn", "layer1.1", "fc"]).trainable == ("layer1", "head")


def test_that_a_plan_names_the_layers_of_a_block_that_is_trained_in_part():
    assert TREE.plan_for(["layer1.0.conv", "layer1.0.bn"]).trainable == ("layer1.0",)


@given(st.sets(st.sampled_from(LEAVES)))
def test_that_a_plan_trains_exactly_the_layers_that_it_was_made_for(leaves: set[str]):
    assert TREE.trained_leaves(TREE.plan_for(leaves)) == leaves


def test_that_layers_without_parameters_are_never_trained():
    assert "relu" not in TREE.trained_leaves(FreezePlan(trainable=("stem",)))


def test_that_an_edit_freezes_before_it_unfreezes():
    plan = FreezePlan(trainable=("layer1", "head"))
    edited = TREE.edited(plan, freeze=("layer1",), unfreeze=("layer1.1",))
    assert TREE.trained_leaves(edited) == {"layer1.1", "fc"}


def test_that_an_unknown_layer_is_named_with_the_blocks_there_are():
    with pytest.raises(BadInput, match="toy has no layer 'layer9'") as caught:
        TREE.trained_leaves(FreezePlan(trainable=("layer9",)))
    assert "stem, layer1, pool, head" in caught.value.hint


@pytest.mark.parametrize(
    ("trained", "expected"),
    [((), Training.NONE), (("layer1.1",), Training.SOME), (("layer1",), Training.ALL)],
)
def test_how_much_of_a_block_is_trained(trained: tuple[str, ...], expected: Training):
    leaves = TREE.trained_leaves(FreezePlan(trainable=trained))
    assert TREE.training(TREE.nodes["layer1"], leaves) is expected


def test_that_the_backbone_is_every_block_with_parameters_before_the_head():
    assert [node.path for node in TREE.backbone] == ["stem", "layer1"]
    assert TREE.head.path == "head"


def test_that_the_tree_as_json_says_what_a_plan_trains():
    data = TREE.as_json(FreezePlan(trainable=("head", "layer1.1")))
    assert data["parameters"] == TREE.parameters == 60
    assert [entry["trainable"] for entry in data["layers"]] == ["none", "some", "none", "all"]
