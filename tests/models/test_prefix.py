import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tlstudio.config import FreezePlan
from tlstudio.models.build import build
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.models.inspect import layer_tree
from tlstudio.models.layers import LayerNode, LayerTree
from tlstudio.models.prefix import split_at_frozen_prefix

NETWORKS = {
    arch: FreezableNetwork(build(arch, 3), layer_tree(arch, 3))
    for arch in ("resnet18", "vgg11_bn", "efficientnet_lite0")
}


def halves(arch: str, *trainable: str):
    network = NETWORKS[arch]
    network.apply_plan(FreezePlan(trainable=trainable))
    return split_at_frozen_prefix(network)


@pytest.mark.parametrize(
    ("arch", "trainable", "last"),
    [
        ("resnet18", ("head",), "avgpool"),
        ("resnet18", ("layer4", "head"), "layer3.1.relu"),
        ("resnet18", ("layer4.1.conv2", "head"), "layer4.0.relu"),
        ("vgg11_bn", ("head",), "classifier.5"),
        ("vgg11_bn", ("fc", "head"), "avgpool"),
        ("vgg11_bn", ("features.12", "head"), "features.11"),
        ("efficientnet_lite0", ("head",), "global_pool"),
        ("efficientnet_lite0", ("top", "head"), "blocks.6.0.bn3"),
    ],
)
def test_where_the_frozen_prefix_ends(arch: str, trainable: tuple[str, ...], last: str):
    assert halves(arch, *trainable).layers[-1] == last


@pytest.mark.parametrize("arch", NETWORKS)
def test_that_a_network_trained_from_its_first_block_has_no_prefix(arch: str):
    first = NETWORKS[arch].tree.blocks[0].path
    cut = halves(arch, first, "head")
    assert cut.prefix is None
    assert cut.suffix is NETWORKS[arch].network


@pytest.mark.parametrize("arch", NETWORKS)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_that_the_halves_compute_what_the_network_computes(arch: str, data: st.DataObject):
    network = NETWORKS[arch]
    leaves = [leaf.path for leaf in network.tree.leaves if leaf.parameters]
    chosen = data.draw(st.sets(st.sampled_from(leaves), min_size=1, max_size=5))
    cut = halves(arch, *chosen)
    network.eval()
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        expected = network(images)
        features = images if cut.prefix is None else cut.prefix(images)
        assert torch.equal(cut.suffix(features), expected)
    assert not set(cut.layers) & network.working_layers


def test_that_the_suffix_trains_the_networks_own_parameters():
    cut = halves("resnet18", "layer4", "head")
    own = {id(parameter) for _, parameter in NETWORKS["resnet18"].trained_parameters()}
    assert {id(p) for p in cut.suffix.parameters() if p.requires_grad} == own


class Branching(nn.Module):
    """Control flow that depends on values cannot be traced."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x) if x.sum() > 0 else self.fc(-x)


def test_that_a_network_that_cannot_be_traced_is_used_whole():
    tree = LayerTree("branching", (LayerNode("fc", "fc", "Linear", (2,), 8),))
    cut = split_at_frozen_prefix(FreezableNetwork(Branching(), tree))
    assert cut.prefix is None
