"""Where an image matches a caption, how well, and among which others it lies."""

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from open_clip.modified_resnet import ModifiedResNet
from open_clip.timm_model import TimmModel
from open_clip.transformer import VisionTransformer
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from tests.zeroshot.conftest import TinyClip, finish
from tlstudio.errors import BadInput, Stopped
from tlstudio.events import Control
from tlstudio.inference.events import ImageSkipped
from tlstudio.models import plane
from tlstudio.zeroshot.events import Clip
from tlstudio.zeroshot.explain import centred, draw_map, heat_map, last_places, similarities, where
from tlstudio.zeroshot.explain_events import MapDrawn, MatchFound, SimilaritiesFound
from tlstudio.zeroshot.models import load_clip

Write = Callable[[str], TinyClip]
CAPTIONS = {"cat": ("a photo of a cat.", "a drawing of a cat."), "a red chair": ("a red chair",)}
RED = np.array([1, 0], np.float32)


def _clip(one: TinyClip) -> Clip:
    return Clip(str(one.config), str(one.weights), "cpu")


def _of_tower(tower: nn.Module) -> Any:
    """A loaded model whose images go through ``tower`` alone."""
    model = SimpleNamespace(visual=tower.eval(), encode_image=lambda images, normalize: tower(images))
    return SimpleNamespace(model=model, device=torch.device("cpu"), busy=threading.Lock())


def _red_in(spot: tuple[slice, slice], side: int = 32) -> Tensor:
    """A red spot on green."""
    pixels = torch.zeros(3, side, side)
    pixels[1] = 1
    pixels[(0, *spot)], pixels[(1, *spot)] = 1, 0
    return pixels


@torch.no_grad()
def _transformer(pool: str) -> VisionTransformer:
    """Sees red in its first number and green in its second, and reads every patch alike."""
    tower = VisionTransformer(32, 8, width=8, layers=1, heads=1, mlp_ratio=1, output_dim=2, pool_type=pool)
    for name, tensor in tower.named_parameters():
        if "ln_" not in name:
            tensor.zero_()
    tower.conv1.weight[0, 0] = tower.conv1.weight[1, 1] = 1 / 64
    block = tower.transformer.resblocks[0]
    block.attn.in_proj_weight[16:] = torch.eye(8)
    block.attn.out_proj.weight.copy_(torch.eye(8))
    tower.proj[0, 0] = tower.proj[1, 1] = 1
    return tower


class _Convolutional(nn.Module):
    """Built as CLIP's ResNet: a last stage, here of redness and greenness, and a pool."""

    def __init__(self) -> None:
        super().__init__()
        self.layer4 = nn.AvgPool2d(8)
        self.attnpool = nn.AdaptiveAvgPool2d(1)

    def forward(self, images: Tensor) -> Tensor:
        return self.attnpool(self.layer4(images))[:, :2, 0, 0]


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("column", [0, 1])
@pytest.mark.parametrize("kind", ["tok", "avg", "convolutional"])
def test_that_the_heat_lies_where_the_thing_is(kind: str, row: int, column: int) -> None:
    tower = _Convolutional() if kind == "convolutional" else _transformer(kind)
    spot = (slice(24 * row, 24 * row + 8), slice(24 * column, 24 * column + 8))
    heat, similarity = heat_map(_of_tower(tower), _red_in(spot), RED)
    assert heat.shape == (32, 32)
    assert heat.max() == 1
    assert heat.min() >= 0
    inside = heat[spot].mean()
    away = heat[(slice(24 - 24 * row, 32 - 24 * row), slice(24 - 24 * column, 32 - 24 * column))]
    assert inside > 0.75  # between the centres of places it falls off
    assert away.max() < 0.01
    assert -1 < similarity < 0.5  # most of it is green


def test_that_nothing_that_speaks_for_a_caption_leaves_the_heat_empty() -> None:
    heat, similarity = heat_map(_of_tower(_Convolutional()), _red_in((slice(0), slice(0))), RED)
    assert not heat.any()
    assert similarity == 0


def _loaded(one: TinyClip) -> Any:
    return finish(load_clip(_clip(one), Control()))[1]


def test_that_a_resnets_heat_is_captums_grad_cam_of_its_last_stage_with_places(tiny: Write) -> None:
    from captum.attr import LayerAttribution, LayerGradCam

    clip = _loaded(tiny("tiny-resnet"))
    pixels, text = torch.rand(3, 64, 64), clip.embed_texts(["a cat"])[0]
    heat, similarity = heat_map(clip, pixels, text)

    def score(images: Tensor) -> Tensor:
        return clip.model.encode_image(images, normalize=True) @ torch.from_numpy(text)

    found = LayerGradCam(score, clip.model.visual.layer3).attribute(  # the last with four rows
        pixels[None].requires_grad_(), relu_attributions=True
    )
    found = LayerAttribution.interpolate(found, (64, 64), "bilinear")[0, 0]  # type: ignore[index,arg-type]
    np.testing.assert_allclose(heat, (found / found.max()).detach().numpy(), atol=1e-6)
    assert similarity == pytest.approx(clip.embed_images(pixels[None])[0] @ text, abs=1e-6)


@pytest.mark.parametrize(("side", "stage"), [(64, "layer3"), (128, "layer4")])
def test_that_an_earlier_stage_is_looked_at_where_a_small_image_leaves_the_last_hardly_any_places(
    side: int, stage: str
) -> None:
    tower = ModifiedResNet([1, 1, 1, 1], 8, heads=8, image_size=side, width=16).eval()
    assert last_places(tower, torch.zeros(1, 3, side, side)).layer is getattr(tower, stage)


def test_that_a_transformers_heat_is_captums_gradient_times_activation_of_its_last_tokens(
    tiny: Write,
) -> None:
    from captum.attr import LayerGradientXActivation

    torch.manual_seed(2)  # now and then no place of a random tower speaks for a text
    clip = _loaded(tiny("tiny-vit"))
    pixels, text = torch.rand(3, 32, 32), clip.embed_texts(["a cat"])[0]
    heat, _ = heat_map(clip, pixels, text)

    def score(images: Tensor) -> Tensor:
        return clip.model.encode_image(images, normalize=True) @ torch.from_numpy(text)

    layer = clip.model.visual.transformer.resblocks[-1].ln_1
    found: Any = LayerGradientXActivation(score, layer).attribute(pixels[None].requires_grad_())
    grid = found.sum(-1)[:, 1:].reshape(1, 1, 4, 4).clamp(min=0).detach()  # patches row by row
    grid = functional.interpolate(grid, (32, 32), mode="bilinear")[0, 0]
    np.testing.assert_allclose(heat, (grid / grid.max()).numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "pool", "part", "grid"),
    [
        ("resnet10t", "avg", "layer4", (6, 6)),
        ("convnext_atto", "avg", "norm_pre", (6, 6)),
        ("vit_tiny_patch16_224", "token", "norm1", (14, 14)),
        ("vit_tiny_patch16_224", "map", "block", (14, 14)),
    ],
)
def test_that_the_last_places_of_timms_towers_are_found(
    name: str, pool: str, part: str, grid: tuple[int, int]
) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        tower = TimmModel(name, 16, pool=pool, proj="none" if pool == "map" else "linear").eval()
    side = 16 * grid[0] if "vit" in name else 32 * grid[0]
    batch = torch.zeros(1, 3, side, side)
    place = last_places(tower, batch)
    blocks = getattr(tower.trunk, "blocks", None)
    expected = {"norm1": lambda: blocks[-1].norm1, "block": lambda: blocks[-1]}.get(
        part, lambda: getattr(tower.trunk, part)
    )
    assert place.layer is expected()
    text = np.eye(tower(batch).shape[1], dtype=np.float32)[0]
    heat, _ = heat_map(_of_tower(tower), torch.rand(3, side, side), text)
    assert heat.shape == (side, side)
    assert np.isfinite(heat).all()


def test_that_nothing_is_embedded_while_a_model_is_looked_into(tiny: Write) -> None:
    clip, embedded = _loaded(tiny("tiny-vit")), threading.Event()
    thread = threading.Thread(target=lambda: (clip.embed_images(torch.zeros(1, 3, 32, 32)), embedded.set()))
    with clip.busy:
        thread.start()
        assert not embedded.wait(0.2)
    thread.join()
    assert embedded.is_set()


def test_that_a_tower_without_places_is_refused() -> None:
    tower = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    with pytest.raises(BadInput, match="Sequential is a tower whose places cannot be shown"):
        last_places(tower, torch.zeros(1, 3, 2, 2))


def test_that_the_heat_is_aligned_with_the_image_as_the_model_sees_it(tiny: Write, tmp_path: Path) -> None:
    pixels = np.zeros((60, 120, 3), np.uint8)
    pixels[:, 30:90] = (200, 100, 50)  # the square in the middle, which is all that is cropped
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    events = list(where(tmp_path / "wide.png", CAPTIONS, _clip(tiny("tiny-vit")), Control()))
    found = [event for event in events if isinstance(event, MatchFound)]
    assert [event.caption for event in found] == ["cat", "a red chair"]
    for event in found:
        assert event.seen.shape == (32, 32, 3)
        assert event.heat.shape == (32, 32)
        assert np.abs(event.seen[:, 2:-2].astype(int) - (200, 100, 50)).max() <= 1
        assert -1 <= event.similarity <= 1


def test_that_a_caption_of_several_sentences_is_their_mean(tiny: Write, pictures: Path) -> None:
    model = _clip(tiny("tiny-vit"))
    events = list(where(pictures / "0.png", CAPTIONS, model, Control()))
    matched = next(event for event in events if isinstance(event, MatchFound))
    _, clip = finish(load_clip(model, Control()))
    text = clip.embed_texts(CAPTIONS["cat"]).mean(axis=0)
    pixels = clip.preprocess(Image.open(pictures / "0.png"))
    expected = clip.embed_images(pixels[None])[0] @ (text / np.linalg.norm(text))
    assert matched.similarity == pytest.approx(expected, abs=1e-6)


def test_that_the_matrix_holds_the_cosine_of_each_image_with_each_caption(
    tiny: Write, pictures: Path
) -> None:
    model = _clip(tiny("tiny-vit"))
    (pictures / "1.png").write_bytes(b"no image")
    paths = [pictures / "3.png", pictures / "1.png", pictures / "0.png"]
    events = list(similarities(paths, CAPTIONS, model, Control()))
    matrix = events[-1]
    assert isinstance(matrix, SimilaritiesFound)
    assert list(matrix.paths) == [pictures / "3.png", pictures / "0.png"]
    assert list(matrix.captions) == list(CAPTIONS)
    _, clip = finish(load_clip(model, Control()))
    pixels = clip.preprocess(Image.open(pictures / "0.png"))
    cosine = clip.embed_images(pixels[None])[0] @ clip.embed_texts(["a red chair"])[0]
    assert matrix.cosines[1, 1] == pytest.approx(cosine, abs=1e-6)
    assert [event.path for event in events if isinstance(event, ImageSkipped)] == [pictures / "1.png"]


def test_that_what_cannot_be_explained_is_refused(tiny: Write, pictures: Path) -> None:
    model = _clip(tiny("tiny-vit"))
    (pictures / "1.png").write_bytes(b"no image")
    with pytest.raises(BadInput, match=r"1\.png cannot be read"):
        list(where(pictures / "1.png", CAPTIONS, model, Control()))
    with pytest.raises(BadInput, match="no caption"):
        list(where(pictures / "0.png", {}, model, Control()))
    with pytest.raises(BadInput, match="no caption"):
        list(similarities([pictures / "0.png"], {" ": (" ",)}, model, Control()))
    with pytest.raises(BadInput, match="None of these images"):
        list(similarities([pictures / "1.png"], CAPTIONS, model, Control()))
    with pytest.raises(BadInput, match="at least three"):
        list(draw_map(np.eye(2, 32, dtype=np.float32), CAPTIONS, model, Control()))


def _groups(count: int, random: np.random.Generator) -> np.ndarray:
    centres = np.eye(3, 32) * 3
    points = np.concatenate([centre + random.normal(0, 0.3, (count, 32)) for centre in centres])
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def test_that_centring_closes_the_gap_between_images_and_sentences() -> None:
    random = np.random.default_rng(0)
    shared = random.normal(size=(50, 16)).astype(np.float32)
    images, texts = centred(shared + 5), centred(shared - 9)
    np.testing.assert_allclose(images, texts, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(images, axis=1), 1, atol=1e-5)
    assert not centred(np.ones((4, 8), np.float32)).any()  # all alike: no direction is made up


def test_that_a_map_has_a_point_for_each_image_and_caption(tiny: Write) -> None:
    vectors = _groups(5, np.random.default_rng(0))
    events = list(draw_map(vectors, CAPTIONS, _clip(tiny("tiny-vit")), Control()))
    drawn = events[-1]
    assert isinstance(drawn, MapDrawn)
    assert drawn.images.shape == (15, 2)
    assert drawn.captions.shape == (2, 2)
    assert drawn.rows.tolist() == list(range(15))
    assert drawn.method.startswith("PCA.")
    assert "centred on its own mean" in drawn.method


def test_that_a_map_of_very_many_images_shows_some_and_says_so(
    tiny: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plane, "MOST", 9)
    vectors = _groups(20, np.random.default_rng(0))
    events = list(draw_map(vectors, {}, _clip(tiny("tiny-vit")), Control()))
    drawn = events[-1]
    assert isinstance(drawn, MapDrawn)
    assert len(drawn.rows) == len(drawn.images) == 9
    assert (np.diff(drawn.rows) > 0).all()
    assert "9 of 60 images" in drawn.method


def test_that_a_stop_is_obeyed_between_captions(tiny: Write, pictures: Path) -> None:
    control = Control()
    with pytest.raises(Stopped):
        for event in where(pictures / "0.png", CAPTIONS, _clip(tiny("tiny-vit")), control):
            if isinstance(event, MatchFound):
                control.stop()
