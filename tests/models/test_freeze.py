import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from tlstudio.config import FreezePlan
from tlstudio.models.build import build
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.models.inspect import layer_tree


def network(arch: str, classes: int = 3) -> FreezableNetwork:
    torch.manual_seed(0)
    return FreezableNetwork(build(arch, classes), layer_tree(arch, classes))


def steps(frozen: FreezableNetwork, count: int = 1) -> None:
    frozen.train()
    optimizer = torch.optim.SGD([p for _, p in frozen.trained_parameters()], lr=0.1)
    for _ in range(count):
        images, labels = torch.randn(4, 3, 32, 32), torch.tensor([0, 1, 2, 0])
        optimizer.zero_grad()
        nn.functional.cross_entropy(frozen(images), labels).backward()
        optimizer.step()


def test_that_nothing_is_trained_before_a_plan_is_applied():
    assert list(network("resnet18").trained_parameters()) == []


def test_that_only_trained_layers_have_gradients():
    frozen = network("resnet18")
    frozen.apply_plan(FreezePlan(trainable=("layer4.1", "head")))
    names = {name for name, _ in frozen.trained_parameters()}
    assert names == {n for n, _ in frozen.network.named_parameters() if n.startswith(("layer4.1.", "fc."))}


def test_that_a_frozen_batch_norm_keeps_its_statistics_after_train_is_called():
    frozen = network("resnet18")
    frozen.apply_plan(FreezePlan(trainable=("layer4", "head")))
    frozen.train()
    assert not frozen.network.get_submodule("layer3.1.bn2").training
    assert frozen.network.get_submodule("layer4.1.bn2").training
    before = frozen.network.get_submodule("bn1").running_mean.clone()
    frozen(torch.randn(4, 3, 64, 64))
    assert torch.equal(frozen.network.get_submodule("bn1").running_mean, before)


def test_that_dropout_follows_the_layer_before_it():
    frozen = network("vgg11")
    frozen.apply_plan(FreezePlan(trainable=("classifier.3", "head")))
    frozen.train()
    assert not frozen.network.get_submodule("classifier.2").training  # after fc6, which is frozen
    assert frozen.network.get_submodule("classifier.5").training  # after fc7, which is trained


def test_that_evaluation_mode_reaches_every_layer():
    frozen = network("resnet18")
    frozen.apply_plan(FreezePlan(trainable=("layer4", "head")))
    frozen.train()
    frozen.eval()
    assert not any(module.training for module in frozen.modules())


def test_that_unfreezing_all_puts_every_layer_into_training_mode():
    frozen = network("efficientnet_lite0")
    frozen.apply_plan(FreezePlan(trainable=tuple(block.path for block in frozen.tree.blocks)))
    frozen.train()
    assert all(module.training for module in frozen.network.modules() if not isinstance(module, nn.Identity))


def test_that_an_activation_within_a_frozen_norm_is_frozen_with_it():
    frozen = network("efficientnet_lite0")
    frozen.apply_plan(FreezePlan(trainable=("top", "head")))
    frozen.train()
    assert not frozen.network.get_submodule("bn1.act").training
    assert frozen.network.get_submodule("bn2.act").training


@pytest.mark.parametrize("arch", ["resnet18", "vgg11_bn", "efficientnet_lite0"])
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_that_a_step_moves_all_that_is_trained_and_no_bit_of_what_is_frozen(arch: str, data: st.DataObject):
    tree = layer_tree(arch, 3)
    # fc6 of a VGG has 100 million parameters, which would only cost time
    paths = [leaf.path for leaf in tree.leaves if 0 < leaf.parameters < 10**8]
    plan = tree.plan_for([*data.draw(st.sets(st.sampled_from(paths), max_size=8)), tree.leaves[-1].path])
    frozen = network(arch)
    frozen.apply_plan(plan)
    trained = frozen.tensors_of(tree.trained_leaves(plan))
    before = {name: tensor.clone() for name, tensor in frozen.network.state_dict().items()}
    steps(frozen)
    for name, tensor in frozen.network.state_dict().items():
        if name not in trained:
            assert torch.equal(tensor, before[name]), f"{name} is frozen but moved"
        elif name.endswith(("weight", "running_mean")):
            assert not torch.equal(tensor, before[name]), f"{name} is trained but did not move"
