"""The truth about freezing: what is trained in fact, how far it moved, and that nothing else did."""

import zlib
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage] - the norms' base
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer

from tlstudio.errors import StudioError
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.models.layers import LayerNode
from tlstudio.training.events import BlockMoved, BlocksMoved, FreezeStated, LayerStated


class Watch:
    """Watches a network through one stage of training.

    Gradient norms and weights are taken by the tree's blocks, the unit in which people think of depth.
    """

    def __init__(self, network: FreezableNetwork) -> None:
        self._network = network
        trained = network.tree.trained_leaves(network.plan)
        changing = network.tensors_of(trained)
        self._frozen_names = sorted(network.network.state_dict().keys() - changing)
        self._frozen_sums = self._sums()
        parameters = dict(network.trained_parameters())
        self._blocks: dict[str, list[nn.Parameter]] = {}
        for block in network.tree.blocks:
            leaves = {leaf.path for leaf in block.leaves()}
            own = [one for name, one in parameters.items() if name.rpartition(".")[0] in leaves]
            if own:
                self._blocks[block.path] = own
        self._before: dict[str, list[Tensor]] = {}
        self._norms: dict[str, Tensor] = {}
        self._steps = 0

    def state(self, stage: int, optimizer: Optimizer) -> FreezeStated:
        """What holds of each layer with parameters, read off the modules and the optimiser themselves."""
        rates = {id(p): float(group["peak"]) for group in optimizer.param_groups for p in group["params"]}
        network = self._network.network
        return FreezeStated(
            stage,
            tuple(
                self._layer(leaf, block.path, network.get_submodule(leaf.path), rates)
                for block in self._network.tree.blocks
                for leaf in block.leaves()
                if leaf.parameters
            ),
        )

    def begin_epoch(self) -> None:
        self._before = {
            block: [one.detach().clone() for one in parameters] for block, parameters in self._blocks.items()
        }
        self._norms = {}
        self._steps = 0

    def after_backward(self) -> None:
        """Add the step's gradient norms to the epoch's; nothing waits for the device here."""
        for block, parameters in self._blocks.items():
            norm = get_total_norm([one.grad for one in parameters if one.grad is not None])
            self._norms[block] = self._norms.get(block, torch.zeros_like(norm)) + norm
        self._steps += 1

    def close_epoch(self, epoch: int) -> BlocksMoved:
        """How far each trained block moved.

        Raises:
            StudioError: a frozen layer's weights or statistics changed, be it by a single bit.
        """
        moved = [name for name, now in self._sums().items() if now != self._frozen_sums[name]]
        if moved:
            raise StudioError(
                f"The frozen {moved[0]} changed in epoch {epoch}, which must never happen.",
                "The run is not to be trusted; please report it with the log and the run's folder.",
            )
        return BlocksMoved(epoch, tuple(self._moved(block) for block in self._blocks))

    def _moved(self, block: str) -> BlockMoved:
        before, after = self._before[block], [one.detach() for one in self._blocks[block]]
        change = get_total_norm([new - old for new, old in zip(after, before, strict=True)])
        size = get_total_norm(before).clamp_min(1e-12)
        norm = self._norms[block].item() / self._steps if self._steps else 0.0
        return BlockMoved(block, (change / size).item(), norm)

    def _layer(self, leaf: LayerNode, block: str, module: nn.Module, rates: dict[int, float]) -> LayerStated:
        parameters = list(module.parameters())
        steered = [rates[id(one)] for one in parameters if id(one) in rates]
        batch_norm: Literal["", "updated", "kept"] = ""
        if isinstance(module, _BatchNorm):
            batch_norm = "updated" if module.training else "kept"
        trained = any(one.requires_grad for one in parameters)
        rate = max(steered, default=0.0)
        return LayerStated(leaf.path, block, leaf.name, trained, bool(steered), rate, batch_norm)

    def _sums(self) -> dict[str, int]:
        """A checksum of each frozen tensor, which one changed bit changes; quick, as every epoch takes it."""
        tensors = self._network.network.state_dict()
        return {name: _checksum(tensors[name]) for name in self._frozen_names}


def _checksum(tensor: Tensor) -> int:
    values = tensor.detach().cpu()
    if values.ndim == 4:  # channels last is how it lies in memory, and needs no copy
        values = values.permute(0, 2, 3, 1)
    return zlib.crc32(values.contiguous().numpy().reshape(-1).view(np.uint8).data)
