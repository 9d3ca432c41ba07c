"""Networks made from an architecture's name, and their heads."""

import timm
import torch
import torchvision
from torch import nn

from tlstudio.models.architectures import architecture

IMAGENET_CLASSES = 1000

# The architectures that torchvision does not have, by their names in timm.
_TIMM_NAMES = {"efficientnet_lite0": "tf_efficientnet_lite0"}


def build(arch: str, classes: int = IMAGENET_CLASSES) -> nn.Module:
    """The network with random weights: images ``[N, 3, H, W]`` to logits ``[N, classes]``.

    Raises:
        BadInput: there is no such architecture.
    """
    architecture(arch)
    if arch in _TIMM_NAMES:
        network = timm.create_model(_TIMM_NAMES[arch])
    else:
        network = torchvision.models.get_model(arch, weights=None)
    if classes != IMAGENET_CLASSES:
        replace_head(network, classes)
    return network


def head_path(network: nn.Module) -> str:
    """The path of the last linear layer, which turns features into logits."""
    return [name for name, module in network.named_modules() if isinstance(module, nn.Linear)][-1]


def replace_head(network: nn.Module, classes: int) -> None:
    """Put a new linear layer with random weights in the place of the head."""
    path = head_path(network)
    old = network.get_submodule(path)
    assert isinstance(old, nn.Linear)
    new = nn.Linear(old.in_features, classes, device=old.weight.device, dtype=old.weight.dtype)
    network.set_submodule(path, new)


def imagenet_categories() -> tuple[str, ...]:
    """The 1,000 category names of ImageNet-1K in the order of the logits, as torchvision lists them."""
    return tuple(torchvision.models.ResNet18_Weights.IMAGENET1K_V1.meta["categories"])


def build_on_meta(arch: str, classes: int) -> nn.Module:
    """The network without memory for its weights: enough to read its layers, in milliseconds."""
    with torch.device("meta"):
        return build(arch, classes)
