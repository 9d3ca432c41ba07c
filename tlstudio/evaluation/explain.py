"""Where in an image a run's network sees a class: Grad-CAM (Selvaraju et al. 2017), computed by captum."""

import dataclasses
import functools
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tlstudio.config import Strategy
from tlstudio.data.decode import read_image
from tlstudio.errors import BadInput
from tlstudio.evaluation.explain_events import Explained
from tlstudio.evaluation.run_images import listed
from tlstudio.events import Control, Event, Progress
from tlstudio.models import heat
from tlstudio.models.build import build, build_on_meta, imagenet_categories
from tlstudio.models.events import WeightsReady
from tlstudio.models.inspect import layer_tree
from tlstudio.models.layers import LayerNode, LayerTree
from tlstudio.models.weights import RANDOM, fetch, fit
from tlstudio.runs.store import RunFolder
from tlstudio.training.as_is import CategoryReading
from tlstudio.training.checkpoint import TrainedModel, checkpoint_of, load_model
from tlstudio.training.device import Compute, choose_device
from tlstudio.training.setup import view_of

_RANKS = 5
_busy = threading.Lock()  # captum hooks itself into the network


def explain(
    run_path: Path,
    image: str,
    control: Control,
    *,
    epoch: int,
    target: str = "",
    layer: str = "",
    device: str = "auto",
) -> Iterator[Event]:
    """Yield Progress, then one Explained of the model of an epoch.

    Args:
        image: relative to the folder of the run's images.
        target: the class to look for; by default the model's answer.
        layer: the layer to look at; by default the last one whose output still has places.

    Raises:
        BadInput: there is no such run, epoch, image, class or layer.
    """
    run = RunFolder.open(run_path)
    yield Progress("Loading the model")
    written = checkpoint_of(run, epoch).stat().st_mtime_ns
    with _busy:
        model = _of_run(run, epoch, written, device)
    control.checkpoint()
    yield _explained(run, model, image, target, layer, pretrained=False)


def explain_pretrained(
    run_path: Path, image: str, control: Control, *, target: str = "", layer: str = "", device: str = "auto"
) -> Iterator[Event]:
    """As :func:`explain`, of the network that the run began with: it knows 1,000 classes of its own.

    Raises:
        BadInput: the run began with random weights; otherwise as there.
        StudioError: the weights cannot be had.
    """
    run = RunFolder.open(run_path)
    model = yield from load_pretrained(run, device, control)
    control.checkpoint()
    yield _explained(run, model, image, target, layer, pretrained=True)


def began_pretrained(run: RunFolder) -> bool:
    """Whether there is a network to compare with, from before the training."""
    return run.config.strategy is not Strategy.SCRATCH and run.config.weights != RANDOM


def grad_cam(network: nn.Module, layer: nn.Module, pixels: Tensor, target: int) -> Tensor:
    """What each place of a layer's output, ``[1, 1, rows, columns]``, speaks for a class of one image."""
    from captum.attr import LayerGradCam

    with torch.enable_grad():
        found: Any = LayerGradCam(network, layer).attribute(
            pixels[None].requires_grad_(), target=target, relu_attributions=True
        )
    return found.detach()


@dataclasses.dataclass(frozen=True)
class Places:
    """The layers of a network whose output has places, by path and name; ``usual`` is the last one."""

    layers: tuple[tuple[str, str], ...]
    usual: str


def places_of(tree: LayerTree, network: nn.Module) -> Places:
    """Which layers can be looked at: modules with rows and columns, each passed once."""
    modules = dict(network.named_modules())
    blocks = [block for block in tree.blocks[:-1] if block.parameters and any(map(_has_places, block.walk()))]
    last = blocks[-1]
    usual = last if last.path in modules and _has_places(last) else _last_leaf(last)
    nodes = [
        node
        for block in tree.blocks[:-1]
        for node in block.walk()
        if node.path in modules and _has_places(node) and (node.parameters or node is usual)
    ]
    return Places(tuple((node.path, node.name) for node in nodes), usual.path)


def _has_places(node: LayerNode) -> bool:
    return len(node.output_shape) == 3 and min(node.output_shape[1:]) > 1


def _last_leaf(block: LayerNode) -> LayerNode:
    """The last layer of a block before its pooling, which would only blur the places."""
    return [leaf for leaf in block.leaves() if _has_places(leaf) and "Pool" not in leaf.kind][-1]


# Loading


@functools.lru_cache(maxsize=1)
def _of_run(run: RunFolder, epoch: int, _written: int, device: str) -> TrainedModel:
    model = load_model(run, epoch, choose_device(device))
    keep_outputs(model.network)
    return model


@functools.lru_cache(maxsize=1)
def _pretrained(run: RunFolder, weights: Path, device: str) -> TrainedModel:
    network, compute = build(run.config.arch), Compute(choose_device(device))
    fit(network, weights)
    network = keep_outputs(compute.settle(network).eval())
    return TrainedModel(network, imagenet_categories(), view_of(run.config), compute)


def keep_outputs(network: nn.Module) -> nn.Module:
    """The network, whose layers no longer overwrite what captum has to look at."""
    for module in network.modules():
        if getattr(module, "inplace", False):
            module.inplace = False  # pyright: ignore[reportAttributeAccessIssue, reportArgumentType]
    return network


def load_pretrained(run: RunFolder, device: str, control: Control) -> Generator[Event, None, TrainedModel]:
    """The network that the run began with; yields Progress and Downloaded.

    Raises:
        BadInput: it began with random weights.
        StudioError: the weights cannot be had.
    """
    if not began_pretrained(run):
        raise BadInput("This network began with random weights: before training it saw nothing.")
    yield Progress("Loading the pre-trained network")
    path = yield from _weights_of(run, control)
    with _busy:
        return _pretrained(run, path, device)


def _weights_of(run: RunFolder, control: Control) -> Generator[Event, None, Path]:
    path: Path | None = None
    for event in fetch(run.config.arch, run.config.weights, control):
        if isinstance(event, WeightsReady):
            path = event.path
        else:
            yield event
    assert path is not None
    return path


# Explaining


def _explained(
    run: RunFolder, model: TrainedModel, image: str, target: str, layer: str, *, pretrained: bool
) -> Explained:
    catalogue = listed(run)
    if not any(one.path == image for one in catalogue.images):
        raise BadInput(f"The run has no image {image}.", "Choose one of its own.")
    file = catalogue.root / image
    return explained(run.config.arch, model, file, image, target, layer, pretrained=pretrained)


def explained(
    arch: str, model: TrainedModel, file: Path, image: str, target: str, layer: str, *, pretrained: bool
) -> Explained:
    """What a loaded network with its layers' outputs kept (:func:`keep_outputs`) sees in an image file.

    Args:
        image: what the answer calls it; target, layer: as in :func:`explain`.

    Raises:
        BadInput: there is no such class or layer.
        UnreadableImage: the file cannot be read.
    """
    if target and target not in model.classes:
        raise BadInput(f"The model knows no class '{target}'.", "Choose one of its own.")
    pixels = model.view.evaluation(read_image(file, model.view.resize))
    inner = model.network.network if isinstance(model.network, CategoryReading) else model.network
    classes = len(model.classes) if inner is model.network else len(imagenet_categories())
    places = _places(arch, classes, pixels.shape[-1])
    layer = layer or places.usual
    if layer not in dict(places.layers):
        raise BadInput(f"{arch} has no layer '{layer}' with places to show.", "Choose another.")
    inputs = model.compute.inputs(pixels[None])
    with _busy:
        with torch.no_grad():
            probabilities = model.network(inputs).float().softmax(dim=1)[0].cpu()
        number = model.classes.index(target) if target else int(probabilities.argmax())
        grid = grad_cam(model.network, inner.get_submodule(layer), inputs[0], number)
    values, order = probabilities.topk(min(_RANKS, len(model.classes)))
    return Explained(
        pretrained,
        image,
        heat.as_seen(pixels, model.view.mean, model.view.std),
        heat.as_heat(grid, *pixels.shape[-2:]),
        tuple(
            (model.classes[place], value)
            for place, value in zip(order.tolist(), values.tolist(), strict=True)
        ),
        model.classes[number],
        float(probabilities[number]),
        layer,
        places.layers,
    )


@functools.lru_cache(maxsize=4)
def _places(arch: str, classes: int, size: int) -> Places:
    return places_of(layer_tree(arch, classes, size), build_on_meta(arch, classes))
