import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.layers import BatchNormAct2d  # pyright: ignore[reportPrivateImportUsage]
from torch import fx, nn

from tlstudio.config import FreezePlan
from tlstudio.models.build import build
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.models.inspect import layer_tree
from tlstudio.models.layers import LayerNode, LayerTree
from tlstudio.models.prefix import folded, split_at_frozen_prefix

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


def used_to(network: nn.Module) -> None:
    """Statistics and weights as if it had been trained: with those of a new norm, folding changes nothing."""
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.running_mean, module.running_var, module.weight, module.bias):
                assert tensor is not None
                with torch.no_grad():
                    tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))


def norms(module: nn.Module) -> int:
    return sum(isinstance(one, nn.BatchNorm2d) for one in module.modules())


@pytest.mark.parametrize("arch", NETWORKS)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_that_a_folded_prefix_computes_the_same_and_leaves_the_network_alone(
    arch: str, layout: torch.memory_format
):
    network = NETWORKS[arch]
    used_to(network)
    prefix = halves(arch, "head").prefix
    assert prefix is not None
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    quick = folded(prefix).to(memory_format=layout)  # pyright: ignore[reportCallIssue]
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = prefix(images)
        made = quick(images.to(memory_format=layout))
    assert norms(prefix) > 0
    assert norms(quick) == 0
    assert (made - expected).norm() < 1e-5 * expected.norm()
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_that_a_folded_prefix_copies_no_more_than_its_convolutions():
    prefix = halves("vgg11_bn", "head").prefix
    assert prefix is not None
    own = {id(parameter) for parameter in prefix.parameters()}
    copied = [one.shape for one in folded(prefix).parameters() if id(one) not in own]
    assert len(copied) == 2 * 8
    assert not any(len(shape) == 2 for shape in copied)  # the large linear layers are shared


class Odd(nn.Module):
    """A norm with its own activation; a convolution that is used twice; one whose output is used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)
        self.act_norm = BatchNormAct2d(4, act_layer=nn.SiLU, drop_layer=nn.Dropout)
        self.twice = nn.Conv2d(4, 4, 1)
        self.norm = nn.BatchNorm2d(4)
        self.branching = nn.Conv2d(4, 4, 1)
        self.other = nn.BatchNorm2d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.act_norm(self.stem(x))
        x = self.norm(self.twice(self.twice(x)))
        x = self.branching(x)
        return self.other(x) + x


class Layers(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, BatchNormAct2d) or super().is_leaf_module(m, module_qualified_name)


def test_that_only_a_convolution_used_for_nothing_else_takes_its_norm_in():
    torch.manual_seed(0)
    odd = Odd().eval()
    used_to(odd)
    images = torch.randn(2, 3, 8, 8)
    whole = fx.GraphModule(odd, Layers().trace(odd))
    quick = folded(whole)
    with torch.inference_mode():
        torch.testing.assert_close(quick(images), odd(images), atol=1e-5, rtol=1e-5)
    assert norms(quick) == 2
    assert norms(whole) == 3


def test_that_a_norm_that_learns_is_not_folded():
    odd = Odd().eval()
    odd.norm.train()
    odd.act_norm.train()
    assert norms(folded(fx.GraphModule(odd, Layers().trace(odd)))) == 3
    assert odd.norm.training


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
