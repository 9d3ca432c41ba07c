"""What lies behind and before the subjects: skies, hills, water, trees, and what hides a part of them.

Every kind of picture draws from the same moods and colours, so that colour alone tells no class.
"""

import dataclasses

import numpy as np

from tlstudio.data.painting.canvas import (
    DARK,
    SIDE,
    WHITE,
    Array,
    Canvas,
    Rng,
    any_colour,
    curve,
    disc,
    fractal,
    jagged,
    mix,
    near,
    rgb,
    shifted,
)


@dataclasses.dataclass(frozen=True)
class Mood:
    """The light of a scene: the sky above and at the horizon, and the colour of what is lit."""

    zenith: Array
    horizon: Array
    light: Array

    def far(self, colour: Array, distance: float) -> Array:
        """A colour as it looks through so much air, from 0 (near) to 1."""
        return mix(colour, self.horizon, distance)


_MOODS = (
    Mood(rgb(58, 124, 205), rgb(196, 224, 242), rgb(255, 252, 240)),
    Mood(rgb(88, 112, 176), rgb(252, 204, 172), rgb(255, 222, 196)),
    Mood(rgb(58, 50, 108), rgb(246, 142, 92), rgb(255, 170, 120)),
    Mood(rgb(112, 158, 204), rgb(255, 224, 158), rgb(255, 226, 160)),
    Mood(rgb(134, 146, 158), rgb(216, 218, 216), rgb(240, 242, 244)),
    Mood(rgb(18, 26, 66), rgb(76, 98, 150), rgb(140, 160, 210)),
    Mood(rgb(44, 132, 146), rgb(206, 236, 214), rgb(240, 250, 230)),
    Mood(rgb(146, 112, 168), rgb(252, 208, 214), rgb(255, 224, 226)),
    Mood(rgb(64, 76, 94), rgb(160, 172, 178), rgb(214, 222, 226)),
)


def any_mood(rng: Rng) -> Mood:
    mood = _MOODS[rng.integers(len(_MOODS))]
    return Mood(near(rng, mood.zenith, 10), near(rng, mood.horizon, 7), mood.light)


def any_ground(rng: Rng) -> Array:
    """The colour of a meadow, a field, sand, heather or snow."""
    grounds = (rgb(86, 132, 58), rgb(128, 146, 64), rgb(190, 164, 98), rgb(206, 188, 148), rgb(126, 98, 128))
    return near(rng, (*grounds, rgb(224, 230, 238), rgb(62, 104, 70))[rng.integers(7)], 10)


def sky(canvas: Canvas, rng: Rng, mood: Mood, horizon: float) -> None:
    """The whole canvas as a sky that is palest at the horizon, often with a sun and clouds."""
    canvas.rectangle(0, 0, 1, horizon, mood.zenith, mood.horizon)
    canvas.rectangle(0, horizon, 1, 1, mood.horizon, mood.horizon)
    if rng.random() < 0.5:
        _sun(canvas, rng, mood, horizon)
    if rng.random() < 0.75:
        thickness = fractal(rng, int(rng.integers(2, 5)), int(rng.integers(4, 9)))
        rows = np.linspace(0, 1, len(thickness))[:, None]
        cover = np.clip((thickness - rng.uniform(0.5, 0.68)) * 4.5, 0, 0.92) * np.clip(
            (horizon + 0.05 - rows) * 6, 0, 1
        )
        canvas.veil(np.roll(cover, 3, axis=0) * 0.6, mix(mood.zenith, DARK, 0.1))
        canvas.veil(cover, mix(mood.light, WHITE, 0.35))


def _sun(canvas: Canvas, rng: Rng, mood: Mood, horizon: float) -> None:
    x, y = rng.uniform(0.1, 0.9), rng.uniform(0.08, max(horizon - 0.05, 0.1))
    radius = rng.uniform(0.025, 0.06)
    for size, alpha in ((5, 0.12), (3, 0.18), (1.7, 0.3)):
        canvas.shape(disc(x, y, radius * size), mood.light, alpha=alpha, soft=radius * size / 3)
    canvas.shape(disc(x, y, radius), mix(mood.light, WHITE, 0.5))


def hills(canvas: Canvas, rng: Rng, mood: Mood, horizon: float, layers: int, height: float = 0.12) -> None:
    """Ranges of hills or distant mountains that stand on the horizon, the farthest first."""
    tint = any_ground(rng)
    for layer in range(layers):
        distance = 0.8 - 0.5 * layer / max(layers, 1)
        rise = jagged(rng, 6, rng.uniform(0.1, 0.5) * height) - height * rng.uniform(0.2, 0.9) * (
            1 - layer / layers
        )
        top = np.minimum(horizon + rise, horizon)
        outline = np.stack([np.linspace(0, 1, len(top)), top], axis=1)
        colour = mood.far(mix(tint, rgb(70, 92, 120), 0.4), distance)
        canvas.shape(_down_to(outline, horizon + 0.01), mix(colour, DARK, 0.12), colour)


def ground(canvas: Canvas, rng: Rng, mood: Mood, horizon: float, colour: Array) -> None:
    """Rolling ground from the horizon down, with tufts and patches."""
    steps = np.linspace(0, 1, 40)
    for layer in range(3):
        level = horizon + (1 - horizon) * 0.28 * layer
        wave = 0.025 * np.sin(steps * rng.uniform(2, 6) + rng.uniform(0, 6)) * (layer > 0)
        shade = mood.far(near(rng, colour, 6), 0.4 - 0.2 * layer)
        canvas.shape(_down_to(np.stack([steps, level + wave], axis=1), 1), shade, mix(shade, DARK, 0.25))
    patches = fractal(rng, 6, 16, side=SIDE // 4)
    rows = np.linspace(0, 1, len(patches))[:, None]
    canvas.veil(np.clip(patches - 0.5, 0, 1) * 0.7 * (rows > horizon + 0.01), mix(colour, DARK, 0.6))
    canvas.veil(np.clip(0.4 - patches, 0, 1) * 0.6 * (rows > horizon + 0.01), mood.light)
    for _ in range(int(rng.integers(20, 90))):
        x, y = rng.random(), horizon + 0.03 + (1 - horizon) * rng.random()
        tall = 0.012 + 0.05 * (y - horizon)
        tip = (x + rng.normal(0, tall / 2), y - tall)
        canvas.line(
            np.array([(x, y), tip]), 0.003, mix(near(rng, colour), DARK if rng.random() < 0.5 else WHITE, 0.3)
        )


def water(canvas: Canvas, rng: Rng, mood: Mood, level: float) -> None:
    """A sea or lake from ``level`` down, that mirrors what is above it."""
    deep = mix(near(rng, mix(mood.zenith, rgb(30, 90, 120), rng.uniform(0.1, 0.6)), 10), DARK, 0.25)
    canvas.rectangle(0, level, 1, 1, mix(mood.horizon, deep, 0.35), deep)
    canvas.mirror_below(level, rng, rng.uniform(0.25, 0.6))
    for _ in range(int(rng.integers(60, 160))):
        nearness = rng.random() ** 1.5
        y = level + 0.006 + (1 - level) * nearness
        x, length = rng.random(), (0.015 + 0.09 * nearness) * rng.uniform(0.4, 1)
        crest = curve((x - length, y), (x, y - 0.012 * nearness), (x + length, y), steps=6)
        trough = shifted(crest[::-1], 0, 0.001 + 0.006 * nearness)
        colour = mood.light if rng.random() < 0.6 else DARK
        canvas.shape(np.concatenate([crest, trough]), colour, alpha=rng.uniform(0.1, 0.45))


def conifer(canvas: Canvas, rng: Rng, x: float, foot: float, tall: float, colour: Array) -> None:
    canvas.line(np.array([(x, foot), (x, foot - tall * 0.3)]), tall * 0.05, mix(colour, rgb(70, 46, 30), 0.7))
    tiers = 5
    for tier in range(tiers):
        low = foot - tall * (0.12 + 0.16 * tier)
        half = tall * 0.24 * (1 - tier / (tiers + 0.6)) * rng.uniform(0.85, 1.15)
        top = (x, low - tall * 0.32)
        outline = np.array([top, (x + half, low), (x + half * 0.3, low - tall * 0.02), (x - half, low)])
        canvas.shape(outline, near(rng, mix(colour, WHITE, 0.12), 5), mix(colour, DARK, 0.25), sideways=True)


def leafy_tree(canvas: Canvas, rng: Rng, x: float, foot: float, tall: float, colour: Array) -> None:
    trunk = rgb(84, 60, 44)
    canvas.line(np.array([(x, foot), (x, foot - tall * 0.5)]), tall * 0.08, trunk)
    for shade, spread in ((0.35, 0.3), (0.12, 0.25), (-0.0, 0.2)):
        for _ in range(7):
            angle, reach = rng.uniform(0, 2 * np.pi), spread * tall * rng.uniform(0.2, 1)
            at = (
                x + reach * np.cos(angle) - shade * 0.02,
                foot - tall * (0.68 - shade * 0.15) + 0.7 * reach * np.sin(angle),
            )
            leaves = disc(*at, tall * rng.uniform(0.09, 0.17), steps=14)
            leaves += rng.normal(0, tall * 0.012, leaves.shape)
            canvas.shape(leaves, near(rng, mix(colour, WHITE, 0.12), 6), mix(colour, DARK, 0.2 + shade))


def any_foliage(rng: Rng) -> Array:
    leaves = (rgb(66, 112, 54), rgb(40, 84, 60), rgb(176, 112, 44), rgb(128, 148, 60), rgb(96, 124, 62))
    return near(rng, leaves[rng.integers(len(leaves))], 12)


def trees(canvas: Canvas, rng: Rng, mood: Mood, foot: float, count: int, tall: tuple[float, float]) -> None:
    """A loose row of trees of one kind whose feet are near ``foot``."""
    plant = conifer if rng.random() < 0.5 else leafy_tree
    colour = mood.far(any_foliage(rng), rng.uniform(0.05, 0.35))
    for x in rng.uniform(-0.02, 1.02, count):
        plant(canvas, rng, x, foot + rng.uniform(-0.01, 0.02), rng.uniform(*tall), near(rng, colour, 8))


def foreground(canvas: Canvas, rng: Rng) -> None:
    """Something close to the eye and out of focus that hides a part of the picture."""
    layer = Canvas()
    colour = mix(any_foliage(rng), DARK, rng.uniform(0.1, 0.5))
    kind = rng.integers(4)
    if kind == 0:  # blades of grass
        for _ in range(int(rng.integers(10, 26))):
            x, tall, lean = rng.random(), rng.uniform(0.15, 0.5), rng.normal(0, 0.12)
            edge = curve((x, 1.02), (x, 1 - tall * 0.6), (x + lean, 1 - tall), steps=8)
            layer.shape(
                np.concatenate([edge, shifted(edge[::-1], 0.018, 0)]),
                near(rng, colour),
                mix(colour, DARK, 0.3),
            )
    elif kind == 1:  # a branch from one side
        side = int(rng.integers(2))
        y, reach = rng.uniform(0, 0.3), rng.uniform(0.3, 0.6)
        branch = curve(
            (side, y), (side + (0.5 - side) * reach, y - 0.05), (side + (1 - 2 * side) * reach, y + 0.12)
        )
        layer.line(branch, 0.014, mix(rgb(84, 60, 44), DARK, 0.3))
        for x, at in branch[rng.integers(0, len(branch), 34)]:
            leaf = disc(x + rng.normal(0, 0.03), at + rng.normal(0.01, 0.04), 0.028, 0.014, steps=12)
            layer.shape(leaf, near(rng, mix(colour, WHITE, 0.1)), colour)
    elif kind == 2:  # a trunk or a post at the side
        x, width = rng.choice([rng.uniform(0, 0.22), rng.uniform(0.78, 1)]), rng.uniform(0.03, 0.1)
        bark = mix(rgb(*rng.uniform(60, 130, 3)), rgb(84, 60, 44), 0.7)
        post = np.array([(x, -0.02), (x + width, -0.02), (x + width * 1.2, 1.02), (x - width * 0.2, 1.02)])
        layer.shape(post, mix(bark, WHITE, 0.15), mix(bark, DARK, 0.55), sideways=True)
    else:  # drops of light
        for _ in range(int(rng.integers(4, 12))):
            spot = disc(rng.random(), rng.random(), rng.uniform(0.02, 0.08))
            layer.shape(spot, mix(any_colour(rng), WHITE, 0.4), alpha=rng.uniform(0.25, 0.6))
    layer.blur(rng.uniform(0.003, 0.01))
    canvas.lay(layer)


def _down_to(outline: Array, bottom: float) -> Array:
    return np.concatenate([outline, [(outline[-1, 0], bottom), (outline[0, 0], bottom)]])
