"""Read a network's layers into a layer tree."""

import dataclasses
from collections.abc import Iterator

import torch
from torch import nn

from tlstudio.events import Control, Event
from tlstudio.models.architectures import architecture
from tlstudio.models.build import build_on_meta, head_path
from tlstudio.models.events import LayersRead
from tlstudio.models.layers import LayerNode, LayerTree

Shapes = dict[str, tuple[int, ...]]


@dataclasses.dataclass(frozen=True)
class _Block:
    """A block before its layers are read: the modules in it, with the readable name of each."""

    path: str
    name: str
    modules: tuple[tuple[str, str], ...]


def read_layers(arch: str, classes: int, control: Control) -> Iterator[Event]:
    """Yield one LayersRead for the network with a head for so many classes."""
    control.checkpoint()
    yield LayersRead(layer_tree(arch, classes))


def layer_tree(arch: str, classes: int, image_size: int | None = None) -> LayerTree:
    """The layer tree of an architecture; output shapes are for one image of the size its weights expect.

    Raises:
        BadInput: there is no such architecture.
    """
    network = build_on_meta(arch, classes).eval()
    size = image_size or architecture(arch).default_weights.preprocessing.crop
    shapes = _output_shapes(network, size)
    blocks = tuple(_read_block(network, block, shapes) for block in _blocks(network, arch))
    return LayerTree(arch, blocks)


def _output_shapes(network: nn.Module, size: int) -> Shapes:
    shapes: Shapes = {}

    def keep(path: str):
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            if isinstance(output, torch.Tensor):
                shapes[path] = tuple(output.shape[1:])

        return hook

    hooks = [module.register_forward_hook(keep(path)) for path, module in network.named_modules() if path]
    with torch.inference_mode():
        network(torch.empty(1, 3, size, size, device="meta"))
    for hook in hooks:
        hook.remove()
    return shapes


def _read_block(network: nn.Module, block: _Block, shapes: Shapes) -> LayerNode:
    nodes = [_read(network, path, name, shapes) for path, name in block.modules]
    if len(nodes) == 1 and nodes[0].path == block.path:
        return nodes[0]
    shape = next((node.output_shape for node in reversed(nodes) if node.output_shape), ())
    parameters = sum(node.parameters for node in nodes)
    return LayerNode(block.path, block.name, "Block", shape, parameters, tuple(nodes))


def _read(network: nn.Module, path: str, name: str, shapes: Shapes) -> LayerNode:
    module = network.get_submodule(path)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    own = any(True for _ in module.parameters(recurse=False))
    children = ()
    if parameters and not own:
        children = tuple(
            _read(network, f"{path}.{key}", f"{name} / {label}", shapes)
            for key, label in _child_labels(module)
        )
    return LayerNode(path, name, type(module).__name__, shapes.get(path, ()), parameters, children)


def _child_labels(module: nn.Module) -> Iterator[tuple[str, str]]:
    for key, child in module.named_children():
        if isinstance(child, nn.Identity):  # a place kept free by the family's other members
            continue
        if not key.isdigit():
            yield key, key
        elif any(True for _ in child.children()) and not any(True for _ in child.parameters(recurse=False)):
            yield key, f"block {key}"
        else:
            yield key, _short_kind(child)


def _short_kind(module: nn.Module) -> str:
    match module:
        case nn.Conv2d():
            return "conv"
        case nn.BatchNorm2d():
            return "bn"
        case _:
            return type(module).__name__.lower()


def _blocks(network: nn.Module, arch: str) -> list[_Block]:
    """The network's blocks in the order in which an image passes them."""
    head = head_path(network)
    match architecture(arch).family:
        case "VGG":
            blocks = _vgg_blocks(network)
        case "ResNet":
            blocks = [
                _group("stem", "stem", "conv1", "bn1", "relu", "maxpool"),
                *(_Block(f"layer{n}", f"layer{n}", ((f"layer{n}", f"layer{n}"),)) for n in range(1, 5)),
                _Block("avgpool", "average pool", (("avgpool", "average pool"),)),
            ]
        case _:
            stages = [path for path, _ in network.get_submodule("blocks").named_children()]
            blocks = [
                _group("stem", "stem", "conv_stem", "bn1"),
                *(
                    _Block(f"blocks.{n}", f"stage {int(n) + 1}", ((f"blocks.{n}", f"stage {int(n) + 1}"),))
                    for n in stages
                ),
                _group("top", "top", "conv_head", "bn2"),
                _Block("global_pool", "average pool", (("global_pool", "average pool"),)),
            ]
    label = "fc8" if architecture(arch).family == "VGG" else head
    return [*blocks, _Block("head", "head", ((head, f"head / {label}"),))]


def _group(path: str, name: str, *modules: str) -> _Block:
    return _Block(path, name, tuple((module, f"{name} / {module}") for module in modules))


def _vgg_blocks(network: nn.Module) -> list[_Block]:
    """VGG's flat list of layers as its authors number them: five blocks, conv3_2 the second of the third."""
    blocks: list[_Block] = []
    modules: list[tuple[str, str]] = []
    block, layer = 1, 0
    for key, module in network.get_submodule("features").named_children():
        match module:
            case nn.Conv2d():
                layer += 1
                label = f"conv{block}_{layer}"
            case nn.BatchNorm2d():
                label = f"bn{block}_{layer}"
            case nn.ReLU():
                label = f"relu{block}_{layer}"
            case _:
                label = f"pool{block}"
        modules.append((f"features.{key}", f"Block {block} / {label}"))
        if label.startswith("pool"):
            blocks.append(_Block(f"block{block}", f"Block {block}", tuple(modules)))
            block, layer, modules = block + 1, 0, []
    labels = ("fc6", "relu6", "dropout6", "fc7", "relu7", "dropout7")
    connected = tuple((f"classifier.{n}", f"Fully connected / {label}") for n, label in enumerate(labels))
    pool = _Block("avgpool", "average pool", (("avgpool", "average pool"),))
    return [*blocks, pool, _Block("fc", "Fully connected", connected)]
