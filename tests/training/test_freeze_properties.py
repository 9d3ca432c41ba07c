"""Whatever plan is drawn: an epoch of training moves all that is trained, and no bit of what is frozen."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.training.test_trainer import config
from tlstudio.config import RunConfig
from tlstudio.events import Control
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.models.inspect import layer_tree
from tlstudio.training import trainer
from tlstudio.training.events import BlocksMoved, FreezeStated
from tlstudio.training.trainer import train

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@pytest.fixture(scope="module", autouse=True)
def _light() -> Iterator[None]:
    """One thread, and no frozen layers written to the disk, 500 MB a run for a VGG."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "save_frozen", lambda *_: None)
        yield
    torch.set_num_threads(before)


@contextlib.contextmanager
def networks_met() -> Iterator[list[FreezableNetwork]]:
    """The networks whose plans are applied in the meantime, in the order in which they are first."""
    met: list[FreezableNetwork] = []
    apply_plan = FreezableNetwork.apply_plan

    def noting(self: FreezableNetwork, plan: object) -> None:
        if not any(one is self for one in met):
            met.append(self)
        apply_plan(self, plan)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FreezableNetwork, "apply_plan", noting)
        yield met


def tensors_around_an_epoch(asked: RunConfig) -> tuple[FreezeStated, dict[str, Tensor], dict[str, Tensor]]:
    """What a run states of its layers, and its network's tensors before and after its first epoch."""
    stated, before = None, {}
    with networks_met() as met, contextlib.closing(train(asked, Control())) as events:
        for event in events:
            match event:
                case FreezeStated():
                    stated = event
                    before = {name: one.clone() for name, one in met[-1].network.state_dict().items()}
                case BlocksMoved():
                    assert stated is not None
                    return stated, before, dict(met[-1].network.state_dict())
    raise AssertionError(f"no epoch was trained: {event}")


@pytest.mark.parametrize("arch", ["resnet18", "efficientnet_lite0", "vgg11_bn"])
def test_that_an_epoch_moves_all_that_is_trained_and_no_bit_of_what_is_frozen(dataset: Path, arch: str):
    tree = layer_tree(arch, 3)
    # fc6 of a VGG has 100 million parameters, whose training would only cost time
    layers = [leaf.path for leaf in tree.leaves if 0 < leaf.parameters < 10**8]
    plans = st.sets(st.sampled_from(layers), min_size=1, max_size=8).map(lambda drawn: tuple(sorted(drawn)))

    @settings(max_examples=2 if arch == "vgg11_bn" else 5, deadline=None, derandomize=True, database=None)
    @given(
        plan=plans,
        optimizer=st.sampled_from(["adamw", "sgd"]),
        views=st.sampled_from([0, 2]),
        batch_norm=st.sampled_from(["update", "keep"]),
    )
    def hold(plan: tuple[str, ...], optimizer: str, views: int, batch_norm: str) -> None:
        more = {
            "optimizer": optimizer,
            "views": views,
            "batch_norm": batch_norm,
            "batch_size": 32,
            "epochs": 1,
        }
        asked = config(dataset, arch=arch, strategy="hybrid", unfreeze=plan, **more)
        stated, before, after = tensors_around_an_epoch(asked)
        assert {layer.path for layer in stated.layers if layer.trained} == set(plan)
        for name, tensor in after.items():
            layer, _, kind = name.rpartition(".")
            moves = layer in plan and not (batch_norm == "keep" and kind in STATISTICS)
            moved = not torch.equal(tensor, before[name])
            assert moved == moves, f"{name} {'moved' if moved else 'did not move'} with {plan} trained"

    hold()
