"""The frozen prefix: the longest leading part of a network whose output is a pure function of the image."""

import copy
import dataclasses
from collections import Counter
from collections.abc import Iterable

from timm.layers import BatchNormAct2d, Conv2dSame  # pyright: ignore[reportPrivateImportUsage]
from torch import Tensor, fx, nn
from torch.fx.proxy import TraceError
from torch.nn.utils.fusion import fuse_conv_bn_eval

from tlstudio.models.freeze import FreezableNetwork


@dataclasses.dataclass(frozen=True)
class Halves:
    """A network cut in two, sharing its modules: ``suffix(prefix(images))`` equals ``network(images)``.

    Attributes:
        prefix: images ``[N, 3, H, W]`` to features ``[N, ...]``, all frozen; None if nothing leading is.
        suffix: features (or images, without a prefix) to logits ``[N, classes]``.
        layers: paths of the layers in the prefix, in the order in which an image passes them.
    """

    prefix: nn.Module | None
    suffix: nn.Module
    layers: tuple[str, ...] = ()


def split_at_frozen_prefix(network: FreezableNetwork) -> Halves:
    """Cut where the network's plan stops freezing.

    The cut is the last place before any layer at work through which everything passes, so a residual block
    is in the prefix whole or not at all. The rule reads the graph of calls, so it holds for any network that
    torch.fx can trace. A network that it cannot trace keeps no prefix.
    """
    core = network.network
    leaves = {leaf.path for leaf in network.tree.leaves}
    try:
        graph = _LeafTracer(leaves).trace(core)
    except (TraceError, TypeError, ValueError):
        return Halves(None, core)
    cut = _last_frozen_cut(graph, network.working_layers)
    if cut is None:
        return Halves(None, core)
    prefix, layers = _until(graph, cut)
    return Halves(fx.GraphModule(core, prefix), fx.GraphModule(core, _after(graph, cut)), layers)


def folded(prefix: nn.Module) -> nn.Module:
    """A prefix, as :func:`split_at_frozen_prefix` gives it, with batch norms folded into convolutions.

    It computes the same, up to rounding, with fewer passes over memory, and serves inference alone. The
    modules of ``prefix`` stay as they are; those that need no change are shared.
    """
    assert isinstance(prefix, fx.GraphModule)
    module = fx.GraphModule(prefix, copy.deepcopy(prefix.graph))
    uses = Counter(node.target for node in module.graph.nodes if node.op == "call_module")
    for number, node in enumerate(list(module.graph.nodes)):
        norm = next(iter(node.users), None)
        if norm is None or len(node.users) > 1 or uses[node.target] > 1 or norm.op != "call_module":
            continue
        fused = _fused(_module(module, node), _module(module, norm))
        if fused is not None:
            node.target = f"folded_{number}"
            module.add_submodule(node.target, fused)
            norm.replace_all_uses_with(node)
            module.graph.erase_node(norm)
    module.delete_all_unused_submodules()
    module.recompile()
    return module


def _fused(convolution: nn.Module | None, norm: nn.Module | None) -> nn.Module | None:
    """Both in one; None if they are no such pair. Other kinds than these may do more with their weights."""
    if not isinstance(convolution, nn.Conv2d) or type(convolution) not in (nn.Conv2d, Conv2dSame):
        return None
    if not isinstance(norm, nn.BatchNorm2d) or type(norm) not in (nn.BatchNorm2d, BatchNormAct2d):
        return None
    if convolution.training or norm.training or norm.running_mean is None:
        return None
    fused = fuse_conv_bn_eval(convolution, norm)
    # timm's norms bring the activation that follows with them.
    rest = [norm.get_submodule(name) for name in ("drop", "act") if isinstance(norm, BatchNormAct2d)]
    return nn.Sequential(fused, *rest).eval() if rest else fused


def _module(module: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    return module.get_submodule(str(node.target)) if node.op == "call_module" else None


class _LeafTracer(fx.Tracer):
    """Traces down to the layers of the tree and no deeper."""

    def __init__(self, leaves: Iterable[str]) -> None:
        super().__init__()
        self._leaves = frozenset(leaves)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return module_qualified_name in self._leaves or super().is_leaf_module(m, module_qualified_name)


def _last_frozen_cut(graph: fx.Graph, working: frozenset[str]) -> fx.Node | None:
    """The last node before any layer at work that alone carries what later nodes need."""
    found: fx.Node | None = None
    open_nodes: set[fx.Node] = set()  # already computed, and needed later
    position = {node: number for number, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        if node.op == "output" or (node.op == "call_module" and node.target in working):
            break
        open_nodes = {
            one for one in (*open_nodes, node) if any(position[user] > position[node] for user in one.users)
        }
        if open_nodes == {node} and node.op != "placeholder":
            found = node
    return found


def _until(graph: fx.Graph, cut: fx.Node) -> tuple[fx.Graph, tuple[str, ...]]:
    prefix = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    layers: list[str] = []
    for node in graph.nodes:
        copies[node] = prefix.node_copy(node, copies.__getitem__)
        if node.op == "call_module":
            layers.append(str(node.target))
        if node is cut:
            break
    prefix.output(copies[cut])
    return prefix, tuple(layers)


def _after(graph: fx.Graph, cut: fx.Node) -> fx.Graph:
    suffix = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {cut: suffix.placeholder("features", type_expr=Tensor)}
    passed = False
    for node in graph.nodes:
        if passed:
            copies[node] = suffix.node_copy(node, copies.__getitem__)
        passed = passed or node is cut
    return suffix
