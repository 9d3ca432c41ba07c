"""A square canvas in unit coordinates: shapes with gradients and soft edges, and fractal noise.

Points are arrays ``[n, 2]`` of x, y from 0 to 1, y downwards; lengths are fractions of the side; colours are
arrays of three floats from 0 to 255; angles are radians.
"""

import colorsys
import dataclasses
import functools
import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

SIDE = 384  # pixels; larger than the finished picture, whose edges are smooth that way

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

WHITE = np.array([250.0, 248.0, 244.0])
DARK = np.array([22.0, 24.0, 34.0])


def rgb(red: float, green: float, blue: float) -> Array:
    return np.array([red, green, blue], dtype=float)


def mix(one: Array, other: Array, share: float | Array) -> Array:
    """``one`` with a share of ``other``, from 0 to 1: of colours, points or numbers."""
    return one + (other - one) * share


def any_colour(rng: Rng, saturation: tuple[float, float] = (0.45, 0.95)) -> Array:
    """A colour of any hue, one in six near white."""
    if rng.random() < 1 / 6:
        return mix(WHITE, rgb(*rng.uniform(120, 255, 3)), 0.2)
    hsv = (rng.random(), rng.uniform(*saturation), rng.uniform(0.55, 0.97))
    return np.array(colorsys.hsv_to_rgb(*hsv)) * 255


def box(x: float, y: float, half_width: float, half_height: float) -> Array:
    low, high = np.array([x - half_width, y - half_height]), np.array([x + half_width, y + half_height])
    return np.array([low, (high[0], low[1]), high, (low[0], high[1])])


def between(left: Array, right: Array, y: Array) -> Array:
    """The outline of what lies between two lines that share their heights ``y``."""
    return np.concatenate([np.stack([left, y], axis=1), np.stack([right, y], axis=1)[::-1]])


def shifted(points: Array, x: float, y: float) -> Array:
    return points + np.array([x, y])


def near(rng: Rng, colour: Array, spread: float = 12) -> Array:
    """A colour close by, as no two leaves are the same."""
    return np.clip(colour + rng.normal(0, spread) + rng.normal(0, spread / 2, 3), 0, 255)


def curve(*points: tuple[float, float], steps: int = 16) -> Array:
    """A Bézier curve of degree two or three."""
    t = _steps(steps)[:, None]
    corners = [np.array(point) for point in points]
    while len(corners) > 1:
        corners = [one * (1 - t) + other * t for one, other in itertools.pairwise(corners)]
    return corners[0]


def disc(x: float, y: float, rx: float, ry: float | None = None, steps: int = 36) -> Array:
    turn = 2 * np.pi * _steps(steps + 1)[:-1]
    return np.stack([x + rx * np.cos(turn), y + (rx if ry is None else ry) * np.sin(turn)], axis=1)


def jagged(rng: Rng, levels: int, roughness: float) -> Array:
    """A random line of ``2**levels + 1`` heights that starts and ends at 0, by midpoint displacement."""
    line = np.zeros(2)
    for _ in range(levels):
        middle = (line[1:] + line[:-1]) / 2 + rng.normal(0, roughness, len(line) - 1)
        finer = np.empty(2 * len(line) - 1)
        finer[::2], finer[1::2] = line, middle
        line = finer
        roughness *= 0.55
    return line


def fractal(rng: Rng, across: int, down: int, octaves: int = 4, side: int = SIDE // 2) -> Array:
    """Cloudy noise ``[side, side]`` from 0 to 1; its largest cells are 1/across wide and 1/down high."""
    total = np.zeros((side, side))
    for octave in range(octaves):
        cells = rng.random((down << octave, across << octave)).astype(np.float32)
        grown = Image.fromarray(cells).resize((side, side), Image.Resampling.BICUBIC)
        total += np.asarray(grown) / (1 << octave)
    return (total - total.min()) / (total.max() - total.min())


@dataclasses.dataclass(frozen=True)
class Frame:
    """Where a subject drawn around the origin is put: moved, scaled, rotated and mirrored."""

    x: float
    y: float
    scale: float
    angle: float = 0.0
    mirrored: bool = False

    @property
    def detailed(self) -> bool:
        """Whether what is drawn is large enough for its fine lines to be seen."""
        return self.scale > 0.19

    def __call__(self, points: Array | Sequence[Array | tuple[float, ...]]) -> Array:
        array = np.array(points, dtype=float) * (-1 if self.mirrored else 1, 1)
        sine, cosine = np.sin(self.angle), np.cos(self.angle)
        turned = array @ np.array([[cosine, sine], [-sine, cosine]])
        return turned * self.scale + (self.x, self.y)


class Canvas:
    """A picture in the making, transparent at first."""

    def __init__(self) -> None:
        self.image = Image.new("RGBA", (SIDE, SIDE))

    def shape(
        self,
        points: Array,
        colour: Array,
        to: Array | None = None,
        alpha: float = 1.0,
        soft: float = 0.0,
        sideways: bool = False,
    ) -> None:
        """A filled polygon, from ``colour`` at its top (or left) to ``to``, with edges ``soft`` wide."""
        pixels = points * SIDE
        margin = 2 + 2 * soft * SIDE
        low = np.maximum(np.floor(pixels.min(axis=0) - margin), 0).astype(int)
        high = np.minimum(np.ceil(pixels.max(axis=0) + margin), SIDE).astype(int)
        width, height = (high - low).tolist()
        if width <= 0 or height <= 0:
            return
        mask = Image.new("L", (width, height))
        ImageDraw.Draw(mask).polygon((pixels - low).ravel().tolist(), fill=round(255 * alpha))
        if soft:
            mask = mask.filter(ImageFilter.BoxBlur(soft * SIDE))
        if to is None or height < 10:  # too small for a gradient to be seen
            flat = colour if to is None else mix(colour, to, 0.5)
            patch = Image.new("RGBA", (width, height), _ink(flat))
        else:
            patch = _gradient(colour, to, width, height, sideways)
        patch.putalpha(mask)
        self.image.alpha_composite(patch, (int(low[0]), int(low[1])))

    def rectangle(
        self, left: float, top: float, right: float, bottom: float, colour: Array, to: Array
    ) -> None:
        self.shape(np.array([(left, top), (right, top), (right, bottom), (left, bottom)]), colour, to)

    def line(self, points: Array, width: float, colour: Array) -> None:
        pixels = (points * SIDE).ravel().tolist()
        draw = ImageDraw.Draw(self.image)
        draw.line(pixels, fill=_ink(colour), width=max(1, round(width * SIDE)), joint="curve")

    def glow(self, at: Array, radius: float, alpha: float) -> None:
        """A soft white spot around a point."""
        self.shape(shifted(disc(0, 0, radius), at[0], at[1]), WHITE, alpha=alpha, soft=0.012)

    def dot(self, x: float, y: float, radius: float, colour: Array) -> None:
        box = ((x - radius) * SIDE, (y - radius) * SIDE, (x + radius) * SIDE, (y + radius) * SIDE)
        ImageDraw.Draw(self.image).ellipse(box, fill=_ink(colour))

    def veil(self, alpha: Array, colour: Array) -> None:
        """One colour laid over everything, as thick as ``alpha`` (any square of 0 to 1) says."""
        mask = Image.fromarray((np.clip(alpha, 0, 1) * 255).astype(np.uint8)).resize((SIDE, SIDE))
        patch = Image.new("RGBA", (SIDE, SIDE), _ink(colour))
        patch.putalpha(mask)
        self.image.alpha_composite(patch)

    def lay(self, other: "Canvas") -> None:
        self.image.alpha_composite(other.image)

    def blur(self, radius: float) -> None:
        # At half the size: four times as fast, and the detail is lost anyhow.
        half = self.image.reduce(2).filter(ImageFilter.GaussianBlur(radius * SIDE / 2))
        self.image = half.resize((SIDE, SIDE), Image.Resampling.BILINEAR)

    def mirror_below(self, level: float, rng: Rng, strength: float, depth: float = 1.0) -> None:
        """Lay what is above ``level`` upside down below it, rippled, as still water does.

        ``depth`` is how far up the picture the water reaches to show, as a fraction of what is below.
        """
        row = round(level * SIDE)
        rows = SIDE - row
        if rows < 2:
            return
        source = np.asarray(self.image)
        up = np.clip(row - 1 - (np.arange(rows) * depth).astype(int), 0, SIDE - 1)
        nearness = np.arange(rows) / rows
        ripple = np.sin(np.cumsum(0.9 - 0.55 * nearness) + rng.uniform(0, 6)) * (1 + 7 * nearness)
        shift = np.rint(ripple + rng.normal(0, 1.2, rows)).astype(int)
        columns = (np.arange(SIDE)[None, :] + shift[:, None]).clip(0, SIDE - 1)
        mirrored = source[up[:, None], columns].copy()
        fade = strength * (1 - 0.5 * nearness)
        mirrored[..., 3] = mirrored[..., 3] * fade[:, None]
        self.image.alpha_composite(Image.fromarray(mirrored), (0, row))


@functools.cache
def _steps(count: int) -> Array:
    return np.linspace(0, 1, count)


def _ink(colour: Array) -> tuple[int, int, int, int]:
    red, green, blue = (min(max(round(value), 0), 255) for value in colour.tolist())
    return red, green, blue, 255


def _gradient(start: Array, end: Array, width: int, height: int, sideways: bool) -> Image.Image:
    steps = np.linspace(0, 1, width if sideways else height)[:, None]
    colours = np.clip(np.rint(start + (end - start) * steps), 0, 255).astype(np.uint8)
    strip = Image.fromarray(colours[None] if sideways else colours[:, None])
    return strip.resize((width, height), Image.Resampling.NEAREST)
