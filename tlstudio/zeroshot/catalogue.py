"""The CLIP models on offer, known without importing torch or open_clip."""

import dataclasses
import importlib.util
import os
from collections.abc import Iterable
from pathlib import Path

from tlstudio.paths import resources_dir

# What open_clip looks for in a repository, in this order.
WEIGHT_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


@dataclasses.dataclass(frozen=True)
class ClipModel:
    """A model and its published weights; ``repo_id`` is where they lie on the Hugging Face hub.

    :data:`DEMO` alone lies on no hub: it comes with the studio.
    ``megabytes`` (10^6 bytes, to download) and ``top1`` (per cent on ImageNet-1K, zero-shot) are None where
    open_clip's published results do not have them.
    """

    model: str
    pretrained: str
    title: str
    repo_id: str
    licence: str
    megabytes: int | None = None
    top1: float | None = None
    needs: str = ""  # a package that its tokenizer wants, and that does not come with the studio


# Accuracies from docs/openclip_results.csv of open_clip; megabytes are its parameters at four bytes each.
_MODELS = (
    ClipModel(
        "ViT-B-32",
        "laion2b_s34b_b79k",
        "ViT-B/32, LAION-2B",
        "laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
        "MIT",
        605,
        66.56,
    ),
    ClipModel(
        "ViT-B-32",
        "datacomp_xl_s13b_b90k",
        "ViT-B/32, DataComp-XL",
        "laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K",
        "MIT",
        605,
        69.17,
    ),
    ClipModel(
        "ViT-B-32-256",
        "datacomp_s34b_b86k",
        "ViT-B/32 at 256 px, DataComp",
        "laion/CLIP-ViT-B-32-256x256-DataComp-s34B-b86K",
        "MIT",
        605,
        72.81,
    ),
    ClipModel(
        "ViT-B-16",
        "laion2b_s34b_b88k",
        "ViT-B/16, LAION-2B",
        "laion/CLIP-ViT-B-16-laion2B-s34B-b88K",
        "MIT",
        598,
        70.23,
    ),
    ClipModel(
        "ViT-B-16",
        "datacomp_xl_s13b_b90k",
        "ViT-B/16, DataComp-XL",
        "laion/CLIP-ViT-B-16-DataComp.XL-s13B-b90K",
        "MIT",
        598,
        73.49,
    ),
    ClipModel(
        "ViT-L-14",
        "datacomp_xl_s13b_b90k",
        "ViT-L/14, DataComp-XL",
        "laion/CLIP-ViT-L-14-DataComp.XL-s13B-b90K",
        "MIT",
        1710,
        79.21,
    ),
    ClipModel(
        "RN50-quickgelu",
        "openai",
        "ResNet-50, OpenAI",
        "timm/resnet50_clip.openai",
        "MIT",
        408,
        59.82,
    ),
    ClipModel(
        "MobileCLIP2-S0",
        "dfndr2b",
        "MobileCLIP2-S0, small and quick",
        "timm/MobileCLIP2-S0-OpenCLIP",
        "Apple, research only",
        299,
    ),
    ClipModel(
        "ViT-B-16-SigLIP2",
        "webli",
        "SigLIP2 B/16, many languages",
        "timm/ViT-B-16-SigLIP2",
        "Apache-2.0",
        1501,
        needs="transformers",
    ),
)


DEMO = ClipModel("demo", "bundled", "Demo CLIP (bundled)", repo_id="", licence="MIT", megabytes=9)


def clip_models() -> tuple[ClipModel, ...]:
    """The models that are offered, the usual one first; open_clip knows many more by name and tag."""
    return (*_MODELS, DEMO) if present(DEMO) else _MODELS


def first_choice() -> ClipModel:
    """The first of the models whose weights are on this machine: without any download the demo."""
    return next(filter(present, clip_models()), _MODELS[0])


def weights_of(model: str) -> str | None:
    """The tag of the first weights offered for a model; None if it is not offered."""
    return next((one.pretrained for one in clip_models() if one.model == model), None)


def demo_dir() -> Path:
    """Configuration, weights and card of the demo; see ``tlstudio.zeroshot.demo``."""
    return resources_dir() / "demo_clip"


def missing_package(model: ClipModel) -> str:
    """The package that a model wants and that is not installed, or ""."""
    return model.needs if model.needs and importlib.util.find_spec(model.needs) is None else ""


def present(model: ClipModel) -> bool:
    """Whether the weights are on this machine, in the Hugging Face cache; the network is not asked."""
    if model == DEMO:
        return (demo_dir() / WEIGHT_FILES[0]).is_file()
    return cached_file(model.repo_id, WEIGHT_FILES) is not None


def cached_file(repo_id: str, names: Iterable[str]) -> Path | None:
    """The first of the named files of a hub repository that lies in the cache."""
    from huggingface_hub import try_to_load_from_cache

    for name in names:
        found = try_to_load_from_cache(repo_id, name, cache_dir=hub_cache())
        if isinstance(found, str):
            return Path(found)
    return None


def hub_cache() -> str | None:
    """The folder of the hub's cache if the environment names one, else None for the hub's own choice.

    Read at each call, since the hub's library reads it only when it is first imported.
    """
    return os.environ.get("HF_HUB_CACHE") or None
