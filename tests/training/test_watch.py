from pathlib import Path

import pytest
import torch

from tests.training.test_trainer import config, of
from tests.training.test_trainer import run as train_run
from tlstudio.config import FreezePlan
from tlstudio.events import Control
from tlstudio.models.build import build
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.models.inspect import layer_tree
from tlstudio.training import steps
from tlstudio.training.events import BlocksMoved, EpochFinished, FreezeStated, RunFailed
from tlstudio.training.trainer import train
from tlstudio.training.watch import Watch


@pytest.fixture
def network() -> FreezableNetwork:
    torch.manual_seed(0)
    network = FreezableNetwork(build("resnet18", 3), layer_tree("resnet18", 3))
    network.apply_plan(FreezePlan(trainable=("layer4", "head")))
    network.train()
    return network


def test_that_each_layer_is_stated_as_the_network_and_the_optimiser_have_it(network: FreezableNetwork):
    parameters = [one for _, one in network.trained_parameters()]
    stated = Watch(network).state(1, torch.optim.SGD([{"params": parameters, "lr": 0.0, "peak": 0.25}]))
    layers = {layer.path: layer for layer in stated.layers}
    assert set(layers) == {leaf.path for leaf in network.tree.leaves if leaf.parameters}
    frozen, tuned = layers["layer3.1.bn2"], layers["layer4.1.bn2"]
    assert (frozen.trained, frozen.in_optimizer, frozen.lr, frozen.batch_norm) == (False, False, 0.0, "kept")
    assert (tuned.trained, tuned.in_optimizer, tuned.lr, tuned.batch_norm) == (True, True, 0.25, "updated")
    assert layers["fc"].batch_norm == ""
    blocks = {path: layers[path].block for path in ("bn1", "layer3.1.bn2", "fc")}
    assert blocks == {"bn1": "stem", "layer3.1.bn2": "layer3", "fc": "head"}
    assert frozen.name == "layer3 / block 1 / bn2"


def test_that_a_block_s_change_and_gradient_are_measured(network: FreezableNetwork):
    watch = Watch(network)
    watch.begin_epoch()
    for _, parameter in network.trained_parameters():
        parameter.grad = torch.zeros_like(parameter)
    head = network.network.get_submodule("fc")
    head.weight.grad.fill_(2.0)
    watch.after_backward()
    before = head.weight.detach().clone()
    with torch.no_grad():
        head.weight.mul_(1.5)
    moved = {block.path: block for block in watch.close_epoch(1).blocks}
    assert list(moved) == ["layer4", "head"]
    assert moved["layer4"].change == moved["layer4"].gradient == 0
    assert moved["head"].gradient == pytest.approx(2 * (512 * 3) ** 0.5, rel=1e-5)
    size = torch.cat([before.flatten(), head.bias.detach()]).norm().item()
    assert moved["head"].change == pytest.approx(0.5 * before.norm().item() / size, rel=1e-5)


@pytest.mark.parametrize("name", ["layer1.0.conv1.weight", "bn1.running_mean", "bn1.num_batches_tracked"])
def test_that_one_bit_of_a_frozen_layer_fails_the_run(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    real = steps.functional.cross_entropy
    seen: list[FreezableNetwork] = []
    apply_plan = FreezableNetwork.apply_plan
    monkeypatch.setattr(
        FreezableNetwork, "apply_plan", lambda self, plan: (seen.append(self), apply_plan(self, plan))[1]
    )

    def tampering(*args, **kwargs):
        tensor = seen[-1].network.state_dict()[name]
        bits = tensor.as_strided((1,), (1,)).view(
            torch.int32 if tensor.dtype is torch.float32 else torch.int64
        )
        bits ^= 1
        return real(*args, **kwargs)

    monkeypatch.setattr(steps.functional, "cross_entropy", tampering)
    # one epoch of an odd number of steps: the bit is another in the end
    events = list(train(config(dataset, epochs=1, batch_size=9, augmentation="none"), Control()))
    assert isinstance(events[-1], RunFailed)
    assert "changed in epoch 1, which must never happen" in events[-1].message
    assert of(events, EpochFinished) == []


@pytest.mark.parametrize("strategy", ["feature-extraction", "staged", "full"])
def test_that_a_run_states_each_stage_and_how_far_each_trained_block_moved(dataset: Path, strategy: str):
    events = train_run(dataset, strategy=strategy, epochs=2)
    stages = of(events, FreezeStated)
    assert [stated.stage for stated in stages] == list(range(len(stages)))
    for stated in stages:
        assert all(layer.trained == layer.in_optimizer == (layer.lr > 0) for layer in stated.layers)
        norms = [layer for layer in stated.layers if layer.batch_norm]
        assert all((layer.batch_norm == "updated") == layer.trained for layer in norms)
    moves = of(events, BlocksMoved)
    assert [moved.epoch for moved in moves] == [1, 2]
    assert all(block.change > 0 and block.gradient > 0 for moved in moves for block in moved.blocks)
    assert moves[0].blocks[-1].path == "head"
