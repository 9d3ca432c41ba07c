"""Frozen means frozen: a network of which only the layers of a freeze plan can change."""

from collections.abc import Iterable, Iterator

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage] - the norms' base

from tlstudio.config import FreezePlan
from tlstudio.models.layers import LayerTree


class FreezableNetwork(nn.Module):
    """A network and the plan that says which of its layers are trained; everything else is frozen in fact.

    A frozen layer has no gradient, its batch norm uses and keeps its running statistics, its dropout is off,
    and :meth:`trained_parameters` leaves it out, even after :meth:`train` was called. A layer without
    parameters (dropout, activation) follows the layer with parameters before it.

    Args:
        keep_statistics: whether the batch norms of trained layers, too, use and keep the statistics that they
            have, those of the pre-training; their scale and shift are trained all the same. It suits small
            batches, whose own statistics are noise.

    Attributes:
        network: the wrapped network, images ``[N, 3, H, W]`` to logits ``[N, classes]``.
        tree: its layer tree.
        plan: the plan in force; at first nothing is trained.
        working_layers: paths of the layers that are not frozen, those without parameters included.
    """

    def __init__(self, network: nn.Module, tree: LayerTree, *, keep_statistics: bool = False) -> None:
        super().__init__()
        self.network = network
        self.tree = tree
        self._keep_statistics = keep_statistics
        self.plan = FreezePlan()
        self.working_layers: frozenset[str] = frozenset()
        self._at_rest: list[nn.Module] = []
        self.apply_plan(self.plan)

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images)

    def apply_plan(self, plan: FreezePlan) -> None:
        """Freeze all but what ``plan`` names.

        Raises:
            BadInput: the plan names a layer that the network does not have.
        """
        trained = self.tree.trained_leaves(plan)
        self.plan = plan
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(name.rpartition(".")[0] in trained)
            parameter.grad = None
        modules: dict[str, nn.Module] = dict(self.network.named_modules())  # pyright: ignore[reportUnknownArgumentType]
        self.working_layers = self._working_layers(trained)
        working = _modules_of(self.working_layers, modules)
        self._at_rest = [
            module
            for path, module in modules.items()
            if path not in working or (self._keep_statistics and isinstance(module, _BatchNorm))
        ]
        self.train(self.training)

    def train(self, mode: bool = True) -> "FreezableNetwork":
        """Set the training mode, in which frozen layers stay in inference mode."""
        super().train(mode)
        for module in self._at_rest:
            module.training = False
        return self

    def trained_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Names in the wrapped network and parameters, of the trained layers only: what an optimiser gets."""
        return ((name, p) for name, p in self.network.named_parameters() if p.requires_grad)

    def tensors_of(self, layers: frozenset[str]) -> frozenset[str]:
        """The names in the wrapped network's state dict that belong to these layers."""
        return frozenset(name for name in self.network.state_dict() if name.rpartition(".")[0] in layers)

    def _working_layers(self, trained: frozenset[str]) -> frozenset[str]:
        """The trained layers and the parameterless ones that follow them."""
        working: set[str] = set()
        follows = False
        for leaf in self.tree.leaves:
            if leaf.parameters:
                follows = leaf.path in trained
            if follows:
                working.add(leaf.path)
        return frozenset(working)


def _modules_of(layers: frozenset[str], modules: Iterable[str]) -> set[str]:
    """Those of ``modules`` that are the layers, or lie within one (as in timm's norms) or around one."""
    around = {path[:dot] for path in layers for dot in range(len(path)) if path[dot] == "."}
    within = {path for path in modules if any(f"{path}.".startswith(f"{layer}.") for layer in layers)}
    return {"", *around, *within} if layers else set()
