"""What CLIP sees in an image: where it matches a caption, how well, and among which others it lies."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tlstudio.data.decode import read_image
from tlstudio.errors import BadInput
from tlstudio.events import Control, Event, Progress
from tlstudio.models import heat
from tlstudio.models.plane import drawn_rows, how, lay_out_in_background
from tlstudio.zeroshot.classify import embedded
from tlstudio.zeroshot.events import Clip, Vectors
from tlstudio.zeroshot.explain_events import Floats, MapDrawn, MatchFound, SimilaritiesFound
from tlstudio.zeroshot.models import LoadedClip, load_clip
from tlstudio.zeroshot.text import Prompts, embed_captions

LEAST_PLACES = 4  # rows and columns of a feature map that still say where something is


def where(image: Path, captions: Prompts, model: Clip, control: Control) -> Iterator[Event]:
    """Find where an image matches each caption, a caption being the mean of its sentences.

    Yields what loading tells, then a MatchFound for each caption.

    Raises:
        BadInput: there is no caption, the image cannot be read, or the image tower has no places to show.
        StudioError: the weights cannot be had.
        Stopped: the control was told to stop.
    """
    _check_captions(captions)
    picture = read_image(image)
    clip = yield from load_clip(model, control)
    texts = yield from embed_captions(clip, captions, control)
    pixels: Tensor = clip.preprocess(picture)
    seen = as_seen(pixels, clip.preprocess)
    for number, (caption, text) in enumerate(zip(captions, texts, strict=True)):
        yield Progress("Looking for the caption", number, len(captions))
        control.checkpoint()
        found, similarity = heat_map(clip, pixels, text)
        yield MatchFound(image, caption, seen, found, similarity)


def similarities(images: Sequence[Path], captions: Prompts, model: Clip, control: Control) -> Iterator[Event]:
    """Compare each image with each caption.

    Yields what loading tells, ImageSkipped for what cannot be read, then one SimilaritiesFound.

    Raises:
        BadInput: there is no caption, or none of the images can be read.
        StudioError: the weights cannot be had.
        Stopped: the control was told to stop.
    """
    _check_captions(captions)
    clip = yield from load_clip(model, control)
    texts = yield from embed_captions(clip, captions, control)
    paths, vectors = yield from embedded(clip, images, control)
    if not paths:
        raise BadInput("None of these images can be read.", "Choose others.")
    yield SimilaritiesFound(paths, tuple(captions), vectors @ texts.T)


def draw_map(vectors: Vectors, captions: Prompts, model: Clip, control: Control) -> Iterator[Event]:
    """Lay images, by the vectors that the model made of them, and captions out in one plane.

    Yields what loading tells, then one MapDrawn. The same input gives the same plane.

    Raises:
        BadInput: there are fewer than three images.
        StudioError: the weights cannot be had.
        Stopped: the control was told to stop.
    """
    if len(vectors) < 3:
        raise BadInput("A map needs at least three images.", "Add images.")
    clip = yield from load_clip(model, control)
    texts = yield from embed_captions(clip, captions, control)
    rows = drawn_rows(len(vectors))
    points = np.concatenate([centred(vectors[rows]), centred(texts)])
    yield Progress("Drawing the map")
    plane = yield from lay_out_in_background(points, control)
    method = _method(len(points), len(rows), len(vectors))
    yield MapDrawn(rows, plane[: len(rows)], plane[len(rows) :], method)


def heat_map(clip: LoadedClip, pixels: Tensor, text: Vectors) -> tuple[Floats, float]:
    """How much each place of an image (3, height, width) speaks for a text vector, and their cosine.

    Grad-CAM (Selvaraju et al. 2017) on the last feature map of a convolutional tower, gradient times
    activation on the last patch tokens of a transformer that the score still depends on.
    """
    from captum.attr import LayerGradCam, LayerGradientXActivation

    direction = torch.from_numpy(np.array(text)).to(clip.device)
    similarity = float("nan")

    def match(images: Tensor) -> Tensor:
        nonlocal similarity
        vectors = functional.normalize(clip.model.encode_image(images, normalize=False).float(), dim=-1)
        cosines = vectors @ direction
        similarity = float(cosines.detach()[0])
        return cosines

    batch = pixels[None].to(clip.device)
    with clip.busy, torch.enable_grad():
        place = last_places(clip.model.visual, batch)
        batch.requires_grad_()
        if place.is_map:
            found: Any = LayerGradCam(match, place.layer).attribute(batch)
        else:
            tokens: Any = LayerGradientXActivation(match, place.layer).attribute(batch)
            found = place.as_grid(tokens.sum(-1, keepdim=True))
    height, width = pixels.shape[-2:]
    return heat.as_heat(found, height, width), similarity


@dataclasses.dataclass(frozen=True, eq=False)
class Places:
    """The layer of an image tower whose output still has places.

    ``is_map``: its output is (images, channels, rows, columns); otherwise ``as_grid`` makes (images, 1, rows,
    columns) of its output with one number a place.
    """

    layer: nn.Module
    is_map: bool
    as_grid: Callable[[Tensor], Tensor] = lambda values: values


def last_places(tower: Any, batch: Tensor) -> Places:
    """The layer to look at in a tower of open_clip.

    Raises:
        BadInput: this tower has none that can be shown.
    """
    if hasattr(tower, "transformer") and hasattr(tower.transformer, "resblocks"):
        block = tower.transformer.resblocks[-1]
        # Behind the last block a class token alone is read: other tokens reach it through that block.
        by_class = tower.attn_pool is None and tower.pool_type == "tok"
        return Places(block.ln_1 if by_class else block, False, _tokens_to_grid(1, tower.grid_size))
    if hasattr(tower, "attnpool"):
        return Places(_last_map(tower, batch) or tower.layer4, True)
    trunk: Any = getattr(tower, "trunk", None)
    if hasattr(trunk, "blocks") and hasattr(getattr(trunk, "patch_embed", None), "grid_size"):
        block = trunk.blocks[-1]
        by_class = getattr(trunk, "global_pool", "") == "token"
        to_grid = _tokens_to_grid(getattr(trunk, "num_prefix_tokens", 0), trunk.patch_embed.grid_size)
        return Places(block.norm1 if by_class else block, False, to_grid)
    layer = _last_map(trunk, batch) if trunk is not None else None
    if layer is None:
        raise BadInput(
            f"{type(trunk or tower).__name__} is a tower whose places cannot be shown.",
            "Choose a model with a vision transformer or a convolutional network, such as ViT-B-32.",
        )
    return Places(layer, True)


def _tokens_to_grid(prefix: int, grid: Sequence[int]) -> Callable[[Tensor], Tensor]:
    rows, columns = grid
    return lambda values: values[:, prefix:].transpose(1, 2).reshape(len(values), 1, rows, columns)


def _last_map(network: nn.Module, batch: Tensor) -> nn.Module | None:
    """The last part of a convolutional network whose output still has rows and columns, and enough of them.

    A small image leaves the last stage hardly any: then an earlier one says more of where something is.
    """
    maps: list[tuple[nn.Module, int]] = []

    def note(layer: nn.Module, _inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and min(output.shape[-2:]) > 1:
            maps.append((layer, min(output.shape[-2:])))

    hooks = [layer.register_forward_hook(note) for layer in network.children()]
    try:
        with torch.inference_mode():
            network(batch)
    finally:
        for hook in hooks:
            hook.remove()
    if not maps or getattr(network, "output_fmt", "NCHW") != "NCHW":
        return None
    enough = [layer for layer, side in maps if side >= LEAST_PLACES]
    return enough[-1] if enough else maps[-1][0]


def as_seen(pixels: Tensor, preprocess: Any) -> np.ndarray:
    """What a model is shown, as 8-bit RGB (height, width, 3), from its normalised input."""
    from torchvision.transforms import Normalize

    steps = [step for step in getattr(preprocess, "transforms", ()) if isinstance(step, Normalize)]
    mean, std = (steps[-1].mean, steps[-1].std) if steps else ((0.0,) * 3, (1.0,) * 3)
    return heat.as_seen(pixels, mean, std)


def centred(vectors: Vectors) -> Vectors:
    """Vectors from their own mean, of length one.

    CLIP keeps images and texts apart, each in a narrow cone (the modality gap, Liang et al. 2022): without
    this a map would show nothing but two heaps.
    """
    moved = vectors - vectors.mean(axis=0) if len(vectors) > 1 else vectors
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    return np.divide(moved, lengths, out=np.zeros_like(moved), where=lengths > 1e-6)


def _method(points: int, shown: int, images: int) -> str:
    left = f" {shown:,} of {images:,} images, drawn at random." if shown < images else ""
    return (
        f"{how(points)}. CLIP keeps pictures and sentences apart, so each kind is centred on its own mean: "
        f"how far a sentence lies from a picture says little, which pictures it lies among says more.{left}"
    )


def _check_captions(captions: Prompts) -> None:
    if not captions or not all(text.strip() for texts in captions.values() for text in texts):
        raise BadInput("There is no caption to look for.", "Write one, or name a class.")
