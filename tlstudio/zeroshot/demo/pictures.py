"""Demo pictures: a scene becomes pixels, and many scenes an album in memory."""

import colorsys
import dataclasses
import functools
import math
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageStat

from tlstudio.data.painting.canvas import DARK, WHITE, Array, Frame, mix
from tlstudio.data.painting.subjects import paint
from tlstudio.zeroshot.demo.grounds import GRID, SIDE, Plane, ground
from tlstudio.zeroshot.demo.outlines import outline
from tlstudio.zeroshot.demo.scenes import PAINTED, Rng, Scene, any_scene

PIXELS = 64  # a side, as the model sees them
_CHUNK = 64  # pictures drawn at once
_FEW = 4  # chunks that are drawn before another process would have started

Pixels = npt.NDArray[np.uint8]

# Hue in degrees, saturation and value, each from and to.
_COLOURS = {
    "red": ((-8, 6), (0.78, 0.98), (0.68, 0.95)),
    "orange": ((22, 33), (0.85, 1.0), (0.88, 1.0)),
    "yellow": ((49, 58), (0.75, 1.0), (0.88, 1.0)),
    "green": ((95, 145), (0.55, 0.95), (0.4, 0.75)),
    "blue": ((208, 232), (0.65, 0.95), (0.55, 0.95)),
    "purple": ((266, 286), (0.5, 0.85), (0.42, 0.72)),
    "pink": ((318, 344), (0.3, 0.58), (0.92, 1.0)),
    "brown": ((18, 30), (0.55, 0.78), (0.3, 0.46)),
    "white": ((0, 360), (0.0, 0.05), (0.94, 1.0)),
    "black": ((0, 360), (0.0, 0.25), (0.03, 0.12)),
    "grey": ((0, 360), (0.0, 0.06), (0.36, 0.52)),
}


@dataclasses.dataclass(frozen=True)
class Album:
    """Pictures in memory, shape (pictures, PIXELS, PIXELS, 3), and what each shows."""

    pixels: Pixels
    scenes: tuple[Scene, ...]


def draw(scene: Scene, rng: Rng) -> Image.Image:
    """A picture of a scene, RGB, 128 pixels a side; of one that leaves its colour open, a painting of 256."""
    if scene.colour is None:
        return paint(scene.thing, rng)
    colour = _colour(scene.colour, rng)
    scenery = ground(scene.ground or "paper", rng)
    image = _composed(scenery, scene, colour, rng)
    if scene.look == "dark":
        image = image.point([round(value * 0.62) for value in range(256)] * 3)
    if scene.look == "blurry":
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(1.6, 2.6)))
    grain = rng.standard_normal((SIDE, SIDE, 1), np.float32) * np.float32(rng.uniform(0, 7))
    return Image.fromarray(_bytes(np.asarray(image, dtype=np.float32) + grain))


def album(drawn: int, painted: int, seed: int) -> Iterator[int | Album]:
    """Pictures of scenes that are not held out, then paintings of the sample's subjects in turn.

    Yields how many are done now and then, last the Album. Each picture depends on ``seed`` and its own
    number alone, not on how the work is shared out among the processors.
    """
    total = drawn + painted
    pixels = np.empty((total, PIXELS, PIXELS, 3), np.uint8)
    scenes: list[Scene] = []
    work = functools.partial(_chunk, drawn=drawn, total=total, seed=seed)
    for part, shown in _shared_out(work, range(0, total, _CHUNK)):
        pixels[len(scenes) : len(scenes) + len(part)] = part
        scenes += shown
        yield len(scenes)
    yield Album(pixels, tuple(scenes))


def scene_of(number: int, drawn: int, seed: int) -> tuple[Scene, Rng]:
    """What a picture of the album shows, and the random numbers that it is drawn with."""
    rng = np.random.default_rng([seed, number])
    return any_scene(rng) if number < drawn else Scene(PAINTED[(number - drawn) % len(PAINTED)]), rng


_Part = tuple[Pixels, list[Scene]]


def _shared_out(work: Callable[[int], _Part], starts: Sequence[int]) -> Iterator[_Part]:
    if len(starts) <= _FEW:
        yield from map(work, starts)
        return
    # Forking a process that has threads of torch's own could hang.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), spawn) as pool:
        yield from pool.map(work, starts)


def _chunk(start: int, drawn: int, total: int, seed: int) -> _Part:
    shown = [scene_of(number, drawn, seed) for number in range(start, min(start + _CHUNK, total))]
    return np.stack([shrunk(draw(scene, rng)) for scene, rng in shown]), [scene for scene, _ in shown]


def shrunk(image: Image.Image) -> Pixels:
    """The picture as the model sees it."""
    return np.asarray(image.resize((PIXELS, PIXELS), Image.Resampling.BICUBIC))


def _colour(name: str, rng: Rng) -> Array:
    hue, saturation, value = (rng.uniform(*ends) for ends in _COLOURS[name])
    return np.array(colorsys.hsv_to_rgb(hue % 360 / 360, saturation, value)) * 255


def _composed(scenery: Plane, scene: Scene, colour: Array, rng: Rng) -> Image.Image:
    """The thing laid on its ground: shadow, rim where it would not be seen, parts, light."""
    low, high = {"small": (0.4, 0.48), "large": (0.8, 0.95)}.get(scene.size or "", (0.56, 0.7))
    scale = rng.uniform(low, high)
    room = max(0.5 - scale / 2, 0.02)
    x, y = 0.5 + rng.uniform(-room, room, 2)
    tilt = rng.uniform(-np.pi, np.pi) if scene.thing in _ANYWAY else rng.normal(0, 0.16)
    at = Frame(x, y, scale, tilt, bool(rng.random() < 0.5))
    parts = outline(scene.thing, rng)
    whole = _mask([at(part.points) for part in parts])

    picture = Image.fromarray(_bytes(scenery))
    around = np.array(ImageStat.Stat(picture, whole).mean)
    thick = 255 * rng.uniform(0.1, 0.4)
    shadow = whole.filter(ImageFilter.BoxBlur(2)).point([round(thick * k / 255) for k in range(256)])
    picture.paste(0, tuple(rng.integers((-3, 1), (4, 5)).tolist()), shadow)
    if np.abs(around - colour).max() < 90 or rng.random() < 0.4:
        rim = DARK if colour.mean() > 110 else WHITE
        picture.paste(_ink(rim), mask=whole.filter(ImageFilter.MaxFilter(5)))
    skin = _skin(scene.texture or "plain", colour, tilt, rng)
    for part in parts:
        mask = _mask([at(part.points)])
        if part.paint is None:
            picture.paste(skin, mask=mask)
        else:
            own = mix(colour, DARK, 0.3) if isinstance(part.paint, str) else part.paint
            picture.paste(_ink(own), mask=mask)
    return picture


_ANYWAY = frozenset(("circle", "ring", "arrow", "key", "crescent"))  # which way is up says nothing


def _mask(polygons: Sequence[Array]) -> Image.Image:
    mask = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(mask)
    for points in polygons:
        pen.polygon((points * SIDE).ravel().tolist(), fill=255)
    return mask


def _ink(colour: Array) -> tuple[int, int, int]:
    red, green, blue = np.clip(np.rint(colour), 0, 255).astype(int).tolist()
    return red, green, blue


def _skin(texture: str, colour: Array, tilt: float, rng: Rng) -> Image.Image:
    """The colour over the whole picture, with a pattern that covers less than half, lit from one side."""
    down, across = GRID
    light = 1 + rng.uniform(-0.12, 0.12) * (across - 0.5) + rng.uniform(-0.12, 0.12) * (down - 0.5)
    turn = tilt + rng.choice([0, np.pi / 4, np.pi / 2, -np.pi / 4]) + rng.normal(0, 0.1)
    u = (across * math.cos(turn) + down * math.sin(turn)) * rng.uniform(7, 11) + rng.random()
    v = (down * math.cos(turn) - across * math.sin(turn)) * rng.uniform(7, 11) + rng.random()
    if texture == "striped":
        marked = (u % 1) < 0.42
    elif texture == "dotted":
        marked = np.hypot(u % 1 - 0.5, v % 1 - 0.5) < 0.3
    elif texture == "checked":
        marked = ((u % 1) < 0.5) == ((v % 1) < 0.5)
    else:
        marked = np.zeros_like(u, dtype=bool)
    bright = colour.mean()
    lighter = bright < 70 or (bright < 190 and rng.random() < 0.6)
    ink = mix(colour, WHITE if lighter else DARK, rng.uniform(0.45, 0.6))
    return Image.fromarray(_bytes(np.where(marked[..., None], ink, colour) * light[..., None]))


def _bytes(plane: npt.NDArray[np.floating]) -> Pixels:
    return np.clip(plane, 0, 255).astype(np.uint8)
