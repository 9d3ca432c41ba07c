"""Things that nature made: fish, flowers and mountains, each drawn into a frame or onto a canvas."""

import numpy as np

from tlstudio.data.painting.backdrops import Mood, any_foliage
from tlstudio.data.painting.canvas import (
    DARK,
    WHITE,
    Array,
    Canvas,
    Frame,
    Rng,
    any_colour,
    between,
    curve,
    disc,
    jagged,
    mix,
    near,
)


def fish(canvas: Canvas, rng: Rng, at: Frame) -> None:
    """A fish that swims to the right, its nose at 0.5."""
    back, belly, mark, fin = (any_colour(rng) for _ in range(4))
    belly = mix(belly, WHITE, 0.35)
    tall = rng.uniform(0.15, 0.34)
    along = np.linspace(0, 1, 40)
    x = 0.5 - 0.86 * along
    half = tall * np.sin(np.pi * along**0.72) ** 0.85 + 0.03 * along

    spread, notch = rng.uniform(0.14, 0.3), rng.uniform(-0.5, -0.38)
    tail = [(-0.3, 0.03), (-0.3, -0.03), (-0.58, -spread), (notch, 0), (-0.58, spread)]
    canvas.shape(at(tail), fin, mix(fin, DARK, 0.35))
    long, high = rng.uniform(0.2, 0.5), rng.uniform(0.08, 0.2)
    dorsal = curve((0.2, -tall * 0.8), (0.05, -tall - high * 1.6), (0.2 - long, -tall * 0.7))
    anal = curve((0.0, tall * 0.7), (-0.15, tall + high), (-0.3, tall * 0.3))
    for edge in (dorsal, anal):
        canvas.shape(at(edge), mix(fin, WHITE, 0.1), mix(fin, DARK, 0.3))
    canvas.shape(at(between(-half, half, x)[:, ::-1]), back, belly)
    _fish_pattern(canvas, rng, at, x, half, mark)
    if at.detailed:
        for place in range(8, 38, 2):  # scales
            for row, level in enumerate(np.linspace(-0.75, 0.75, 7)):
                front, y = x[place] + 0.012 * (row % 2), half[place] * level
                scale = curve((front, y - 0.018), (front - 0.03, y), (front, y + 0.018), steps=6)
                colour = mix(mix(back, belly, (level + 1) / 2), DARK, 0.22)
                canvas.line(at(scale), 0.003 * at.scale, colour)
    canvas.shape(at(between(-half, -half * 0.72, x)[:, ::-1]), WHITE, alpha=0.2)  # light from above
    flap = curve((0.12, 0.02), (0.02, 0.03 + tall * 0.9), (-0.12, tall * 0.5))
    canvas.shape(at(flap), mix(fin, WHITE, 0.25), mix(fin, DARK, 0.2))
    gill = curve((0.25, -tall * 0.55), (0.17, 0), (0.24, tall * 0.55))
    canvas.line(at(gill), 0.006 * at.scale, mix(back, DARK, 0.5))
    for size, colour, lift in ((0.04, WHITE, 0), (0.024, DARK, 0), (0.008, WHITE, 0.008)):
        canvas.shape(at(disc(0.355, -tall * 0.25 - lift, size)), colour)
    mouth = curve((0.495, 0.015), (0.46, 0.04), (0.43, 0.035))
    canvas.line(at(mouth), 0.008 * at.scale, mix(belly, DARK, 0.6))


def _fish_pattern(canvas: Canvas, rng: Rng, at: Frame, x: Array, half: Array, mark: Array) -> None:
    """Upright bars, a stripe along the side, or spots, within the outline ``half`` at ``x``."""
    kind = rng.integers(4)
    if kind <= 1:
        for start in np.linspace(8, 34, int(rng.integers(2, 8))).astype(int):
            rows = slice(start, start + int(rng.integers(2, 4)))
            y = np.linspace(-1, 1, 9) * half[rows].min()
            bow = 0.03 * np.cos(np.linspace(-1.5, 1.5, 9))
            bar = between(x[rows].max() + bow, x[rows].min() + bow, y)
            canvas.shape(at(bar), mark, mix(mark, DARK, 0.3))
    elif kind == 2:
        rows = slice(6, 38)
        stripe = between(half[rows] * -0.25, half[rows] * rng.uniform(0, 0.3), x[rows])[:, ::-1]
        canvas.shape(at(stripe), mark, mix(mark, DARK, 0.2))
    else:
        for place in rng.integers(8, 36, int(rng.integers(8, 26))):
            y = float(half[place]) * rng.uniform(-0.7, 0.5)
            canvas.shape(at(disc(float(x[place]), y, rng.uniform(0.008, 0.026), steps=14)), mark)


def flower(canvas: Canvas, rng: Rng, looks: Rng, at: Frame) -> None:
    """A flower of radius 0.5 on its stem; ``looks`` is seeded alike for all of one kind."""
    _stem(canvas, rng, at, any_foliage(looks))
    colour, heart = any_colour(looks), any_colour(looks, (0.6, 0.95))
    count, wide = int(looks.integers(5, 15)), looks.uniform(0.75, 1.25)
    pointed, rings = looks.uniform(0.05, 0.5), int(looks.integers(1, 4))
    core, squeeze = looks.uniform(0.1, 0.24), rng.uniform(0.55, 1)
    for ring in range(rings):
        length = 0.5 * (1 - 0.24 * ring)
        for number in range(count):
            turn = 2 * np.pi * (number + 0.5 * ring) / count + rng.normal(0, 0.05)
            petal = Frame(0, 0, 1, turn)
            half = length * wide * np.pi / max(count, 6) * rng.uniform(0.85, 1.1)
            shade = near(rng, mix(colour, DARK, 0.18 * (rings - 1 - ring)), 6)
            layers = ((1.0, mix(shade, DARK, 0.22)), (0.93, shade), (0.55, mix(shade, WHITE, 0.2)))
            for size, tint in layers if at.detailed else layers[1:2]:
                outline = petal(_petal(length * size, half * size, pointed)) * (1, squeeze)
                canvas.shape(at(outline), mix(tint, WHITE, 0.1), tint)
            vein = petal([(0.1, 0), (length * 0.75, 0)]) * (1, squeeze)
            canvas.line(at(vein), 0.006 * at.scale, mix(shade, DARK, 0.3))
    canvas.shape(at(disc(0, 0, core, core * squeeze)), mix(heart, WHITE, 0.1), mix(heart, DARK, 0.4))
    seeds = np.arange(60 if at.detailed else 8)
    reach, turn = (
        core * 0.95 * np.sqrt(seeds / len(seeds)),
        seeds * 2.39996,
    )  # the golden angle, as in sunflowers
    for seed, (x, y) in enumerate(
        at(np.stack([reach * np.cos(turn), squeeze * reach * np.sin(turn)], axis=1))
    ):
        canvas.dot(float(x), float(y), 0.012 * at.scale, mix(heart, WHITE if seed % 3 == 0 else DARK, 0.35))


def _stem(canvas: Canvas, rng: Rng, at: Frame, green: Array) -> None:
    bend, foot = at.x + rng.normal(0, 0.08), at.x + rng.normal(0, 0.1)
    stem = curve((at.x, at.y), (bend, (at.y + 1) / 2), (foot, 1.05))
    canvas.line(stem, 0.035 * at.scale, mix(green, DARK, 0.15))
    edge = np.concatenate(
        [curve((0, 0), (0.25, -0.22), (0.6, -0.05)), curve((0.6, -0.05), (0.3, 0.12), (0, 0))]
    )
    for x, y in stem[[6, 9]]:
        side = 1 if rng.random() < 0.5 else -1
        leaf = Frame(float(x), float(y), at.scale, rng.uniform(0.1, 0.7) * side, side < 0)
        canvas.shape(leaf(edge), mix(green, WHITE, 0.15), mix(green, DARK, 0.25))


def _petal(length: float, half: float, pointed: float) -> Array:
    along = np.linspace(0, 1, 12)
    width = half * np.sin(np.pi * along**0.8) ** (0.55 + pointed)
    return between(-width, width, along * length)[:, ::-1]


def peak(
    canvas: Canvas,
    rng: Rng,
    mood: Mood,
    top: tuple[float, float],
    foot: float,
    rock: Array,
    distance: float,
    lit_left: bool,
) -> None:
    """A mountain from ``top`` down to ``foot``, one face lit and one in the shade, often with snow."""
    tall = foot - top[1]
    down = np.linspace(0, 1, 65)
    y = top[1] + tall * down
    rough = 0.05 * tall
    reach = tall * rng.uniform(0.7, 1.3, 2)
    left = top[0] - reach[0] * down + jagged(rng, 6, rough)
    right = top[0] + reach[1] * down + jagged(rng, 6, rough)
    spine = top[0] + rng.uniform(-0.25, 0.25) * tall * down + jagged(rng, 6, rough * 2)
    snow_row = int(rng.uniform(-0.1, 0.65) * 64)
    for one, other, lit in ((left, spine, lit_left), (spine, right, not lit_left)):
        stone = mix(rock, mood.light, 0.35) if lit else mix(rock, DARK, 0.45)
        colour = mood.far(stone, distance)
        canvas.shape(between(one, other, y), colour, mood.far(colour, 0.35))
        _gullies(canvas, rng, mood, one, other, y, colour, 16 if tall > 0.3 else 5)
        if snow_row > 4:
            snow = mix(WHITE, mood.light, 0.3) if lit else mix(WHITE, mood.zenith, 0.45)
            _snow(canvas, rng, one, other, y, snow_row, mood.far(snow, distance * 0.7))


def _gullies(
    canvas: Canvas, rng: Rng, mood: Mood, one: Array, other: Array, y: Array, colour: Array, count: int
) -> None:
    for _ in range(count):
        start, across = int(rng.uniform(3, 54)), rng.random()
        rows = np.arange(start, min(start + int(rng.uniform(6, 22)), 64))
        middle = mix(one[rows], other[rows], across)
        uneven = np.abs(jagged(rng, 6, 0.006)[: len(rows)])
        width = np.linspace(0.002, 0.025, len(rows)) * rng.uniform(0.4, 1.4) + uneven
        tone = DARK if rng.random() < 0.55 else mood.light
        canvas.shape(between(middle, middle + width, y[rows]), mix(colour, tone, 0.3), colour)


def _snow(canvas: Canvas, rng: Rng, one: Array, other: Array, y: Array, row: int, colour: Array) -> None:
    """Snow from the summit down to a row of points, with tongues that reach further."""
    across = np.sort(rng.uniform(0, 1, 15))
    tongues = rng.random(15) ** 2 * np.where(np.arange(15) % 2, 0.15, -0.06) * (y[-1] - y[0])
    edge = np.stack([mix(one[row], other[row], across), y[row] + tongues], axis=1)
    sides = [np.stack([side, y], axis=1)[:row] for side in (one, other)]
    canvas.shape(np.concatenate([sides[0], edge, sides[1][::-1]]), colour)
