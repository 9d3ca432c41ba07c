"""CLIP weights from a file: read safely, fitted exactly, and recognised when they belong elsewhere."""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tlstudio.errors import BadInput
from tlstudio.models.weights import read_tensors

KINDS = (".safetensors", ".pt", ".pth", ".bin")

_Signature = dict[str, Any]


def load_weights(model: nn.Module, name: str, path: Path) -> None:
    """Fill ``model``, called ``name``, from a file as open_clip does; nothing in the file is executed.

    Raises:
        BadInput: the file is missing, of another kind, damaged, a TorchScript archive, or of another
            architecture, which the sentence names where it is known.
    """
    _check_kind(path)
    tensors = {key.removeprefix("module."): value for key, value in read_tensors(path).items()}
    try:
        model.load_state_dict(_as_open_clip(model, dict(tensors)), strict=True)
    except (RuntimeError, KeyError, ValueError) as error:
        raise _misfit(tensors, name, path) from error


def _check_kind(path: Path) -> None:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise BadInput(f"The weights file {path} {what}.", f"Choose a file ending in {', '.join(KINDS)}.")
    if path.suffix.lower() not in KINDS:
        raise BadInput(f"{path} is no weights file.", f"Choose one ending in {', '.join(KINDS)}.")
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(entry.split("/")[-1] == "constants.pkl" for entry in archive.namelist()):
                raise BadInput(
                    f"{path} is a TorchScript archive, a program that is not run here.",
                    "Save its state_dict() as .safetensors; OpenAI's own are published safely as 'openai'.",
                )


def _as_open_clip(model: Any, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The file's tensors as this model names and shapes them: older layouts, other grids of positions."""
    from open_clip.convert import convert_state_dict
    from open_clip.model import convert_to_custom_text_state_dict, resize_pos_embed, resize_text_pos_embed

    tensors = convert_state_dict(model, tensors)
    if "positional_embedding" in tensors and not hasattr(model, "positional_embedding"):
        tensors = convert_to_custom_text_state_dict(tensors)
    if model.logit_bias is not None:
        tensors.setdefault("logit_bias", torch.zeros_like(model.logit_bias))
    for name in ("logit_scale", "logit_bias"):
        if name in tensors and getattr(model, name) is not None:
            tensors[name] = tensors[name].reshape(getattr(model, name).shape)
    tensors.pop("text.transformer.embeddings.position_ids", None)  # older text towers stored a constant
    resize_pos_embed(tensors, model)
    resize_text_pos_embed(tensors, model)
    return tensors


def _misfit(tensors: Mapping[str, Tensor], name: str, path: Path) -> BadInput:
    found = _of_tensors(tensors)
    if "text" not in found or "image" not in found:
        return BadInput(
            f"{path} holds no CLIP model: a CLIP file has an image tower and a text tower.",
            f"Choose weights that were saved from {name}.",
        )
    names = architectures_like(tensors)
    if names:
        return BadInput(
            f"{path} does not fit {name}; it looks like weights for {' or '.join(names[:3])}.",
            "Choose that model, or another file.",
        )
    return BadInput(
        f"{path} does not fit {name}, and no architecture that open_clip knows has its shapes.",
        f"Choose weights for {name}, or give the model's configuration as a JSON file.",
    )


def architectures_like(tensors: Mapping[str, Tensor]) -> tuple[str, ...]:
    """The names of open_clip's architectures whose towers have the shapes of these tensors."""
    import open_clip

    found = _of_tensors(tensors)
    configs = {name: open_clip.get_model_config(name) or {} for name in open_clip.list_models()}
    return tuple(
        name
        for name, config in configs.items()
        if not name.endswith("-quickgelu") and _of_config(config) == found and _trunk_fits(config, tensors)
    )


def _trunk_fits(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> bool:
    """Whether timm's network for these images, if it is one of timm's, has the layers of these tensors."""
    name = config["vision_cfg"].get("timm_model_name")
    if name is None:
        return True
    import timm

    with torch.device("meta"):
        own = timm.create_model(name, num_classes=config["embed_dim"]).state_dict()
    given = {key.removeprefix("visual.trunk."): tensor.shape for key, tensor in tensors.items()}
    fitting = sum(given.get(key) == tensor.shape for key, tensor in own.items())
    return fitting > 0.9 * len(own)  # open_clip may leave timm's head out


def _of_tensors(tensors: Mapping[str, Tensor]) -> _Signature:
    """What tells one architecture from another, as far as the tensors show it."""

    def shape(name: str) -> tuple[int, ...]:
        tensor = tensors.get(name, tensors.get(f"text.{name}"))
        return tuple(tensor.shape) if tensor is not None else ()

    signature: _Signature = {}
    words, positions, projection = (
        shape(name) for name in ("token_embedding.weight", "positional_embedding", "text_projection")
    )
    if len(words) == len(positions) == len(projection) == 2:
        layers = _count(tensors, r"(?:text\.)?transformer\.resblocks\.(\d+)\.")
        signature["text"] = (words[0], words[1], layers, positions[0])
        signature["embedding"] = projection[1]
    stem, patches = shape("visual.conv1.weight"), shape("visual.positional_embedding")
    if len(stem) == 4 and len(patches) == 2:
        grid = round((patches[0] - 1) ** 0.5)
        layers = _count(tensors, r"visual\.transformer\.resblocks\.(\d+)\.")
        signature["image"] = ("ViT", stem[0], layers, stem[2], grid * stem[2])
    elif "visual.layer1.0.conv1.weight" in tensors:
        layers = tuple(_count(tensors, rf"visual\.layer{stage}\.(\d+)\.") for stage in range(1, 5))
        signature["image"] = ("ResNet", shape("visual.layer1.0.conv1.weight")[0], layers)
    elif any(key.startswith("visual.trunk.") for key in tensors):
        signature["image"] = ("timm",)
    return signature


def _of_config(config: Mapping[str, Any]) -> _Signature:
    image, text = config.get("vision_cfg", {}), config.get("text_cfg", {})
    signature: _Signature = {"embedding": config.get("embed_dim")}
    if "hf_model_name" not in text:
        signature["text"] = tuple(
            text.get(key) for key in ("vocab_size", "width", "layers", "context_length")
        )
    layers, width = image.get("layers"), image.get("width")
    if "timm_model_name" in image:
        signature["image"] = ("timm",)
    elif isinstance(layers, list):
        signature["image"] = ("ResNet", width, tuple(layers))
    else:
        signature["image"] = ("ViT", width, layers, image.get("patch_size"), image.get("image_size"))
    return signature


def _count(tensors: Mapping[str, Tensor], pattern: str) -> int:
    return len({match[1] for match in map(re.compile(pattern).match, tensors) if match})
