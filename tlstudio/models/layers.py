"""The layer tree: a network as plain data, without torch."""

import dataclasses
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cached_property
from typing import Any

from tlstudio.config import FreezePlan
from tlstudio.errors import BadInput


class Training(Enum):
    """How much of a node is trained."""

    NONE = "none"
    SOME = "some"
    ALL = "all"


@dataclasses.dataclass(frozen=True)
class LayerNode:
    """A layer or a block of layers.

    ``path`` is the module's path in the network, or for a block that is no module of its own (a VGG block,
    a ResNet's stem) a name of ours that no module has. ``output_shape`` leaves the batch out and is empty
    where a layer was never run. ``parameters`` counts all beneath the node.
    """

    path: str
    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    children: tuple["LayerNode", ...] = ()

    @property
    def short_name(self) -> str:
        return self.name.rsplit(" / ", 1)[-1]

    def walk(self) -> Iterator["LayerNode"]:
        """This node, then all beneath it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def leaves(self) -> Iterator["LayerNode"]:
        return (node for node in self.walk() if not node.children)


@dataclasses.dataclass(frozen=True)
class LayerTree:
    """A network's blocks in the order in which an image passes them; the last one is the head."""

    arch: str
    blocks: tuple[LayerNode, ...]

    @property
    def parameters(self) -> int:
        return sum(block.parameters for block in self.blocks)

    @property
    def head(self) -> LayerNode:
        return self.blocks[-1]

    @property
    def backbone(self) -> tuple[LayerNode, ...]:
        """The blocks with parameters before the head, in order: what partial training counts from the end."""
        return tuple(block for block in self.blocks[:-1] if block.parameters)

    @cached_property
    def nodes(self) -> dict[str, LayerNode]:
        return {node.path: node for block in self.blocks for node in block.walk()}

    @cached_property
    def leaves(self) -> tuple[LayerNode, ...]:
        return tuple(leaf for block in self.blocks for leaf in block.leaves())

    def trained_leaves(self, plan: FreezePlan) -> frozenset[str]:
        """Paths of the layers with parameters of their own that ``plan`` trains.

        Raises:
            BadInput: the plan names a layer that the network does not have.
        """
        return frozenset(
            leaf.path for path in plan.trainable for leaf in self._node(path).leaves() if leaf.parameters
        )

    def plan_for(self, leaves: Iterable[str]) -> FreezePlan:
        """The shortest plan that trains exactly these layers: a block is named once all of it is trained."""
        wanted = frozenset(leaves)
        return FreezePlan(trainable=tuple(path for block in self.blocks for path in _cover(block, wanted)))

    def edited(
        self, plan: FreezePlan, freeze: Iterable[str] = (), unfreeze: Iterable[str] = ()
    ) -> FreezePlan:
        """``plan`` with some nodes frozen, then some trained."""
        frozen = self.trained_leaves(FreezePlan(trainable=tuple(freeze)))
        trained = self.trained_leaves(FreezePlan(trainable=tuple(unfreeze)))
        return self.plan_for((self.trained_leaves(plan) - frozen) | trained)

    def trained_parameters(self, plan: FreezePlan) -> int:
        return sum(self.nodes[path].parameters for path in self.trained_leaves(plan))

    def training(self, node: LayerNode, trained: frozenset[str]) -> Training:
        """How much of ``node`` is among the ``trained`` layers."""
        states = {leaf.path in trained for leaf in node.leaves() if leaf.parameters}
        if states == {True}:
            return Training.ALL
        return Training.SOME if True in states else Training.NONE

    def as_json(self, plan: FreezePlan) -> dict[str, Any]:
        """Nested plain data; ``trainable`` is how much of it ``plan`` trains: "all", "some" or "none"."""
        trained = self.trained_leaves(plan)

        def entry(node: LayerNode) -> dict[str, Any]:
            return {
                "path": node.path,
                "name": node.name,
                "kind": node.kind,
                "output_shape": list(node.output_shape),
                "parameters": node.parameters,
                "trainable": self.training(node, trained).value,
                "children": [entry(child) for child in node.children],
            }

        return {
            "arch": self.arch,
            "parameters": self.parameters,
            "layers": [entry(block) for block in self.blocks],
        }

    def _node(self, path: str) -> LayerNode:
        try:
            return self.nodes[path]
        except KeyError:
            raise BadInput(
                f"{self.arch} has no layer '{path}'.",
                f"Its blocks are {', '.join(block.path for block in self.blocks)}; "
                f"`tlstudio layers {self.arch}` lists every layer.",
            ) from None


def _cover(node: LayerNode, wanted: frozenset[str]) -> Iterator[str]:
    own = [leaf.path for leaf in node.leaves() if leaf.parameters]
    if own and all(path in wanted for path in own):
        yield node.path
    elif node.children:
        for child in node.children:
            yield from _cover(child, wanted)
