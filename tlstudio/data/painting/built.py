"""Things that people made: hot-air balloons, houses and yachts, each drawn into a frame on a canvas."""

import itertools

import numpy as np

from tlstudio.data.painting.backdrops import Mood
from tlstudio.data.painting.canvas import (
    DARK,
    WHITE,
    Array,
    Canvas,
    Frame,
    Rng,
    any_colour,
    between,
    box,
    curve,
    disc,
    mix,
    rgb,
)


def hot_air_balloon(canvas: Canvas, rng: Rng, at: Frame, mood: Mood, distance: float) -> None:
    """A balloon 0.5 wide to each side of the frame's origin; ``distance`` from 0 to 1 fades it."""
    for side in (-1, 1):
        canvas.line(at([(side * 0.06, 0.56), (side * 0.05, 0.76)]), 0.004 * at.scale, DARK)
    basket = mood.far(rgb(128, 84, 44), distance)
    rim = [(-0.07, 0.75), (0.07, 0.75)]
    canvas.shape(at([*rim, (0.055, 0.87), (-0.055, 0.87)]), basket, mix(basket, DARK, 0.5))
    canvas.line(at(rim), 0.02 * at.scale, mix(basket, WHITE, 0.3))

    down = np.linspace(0, 1, 26)
    half = 0.5 * np.sin(np.pi * down**0.82) ** 0.8 * (1 - 0.1 * down) + 0.07 * down
    y = -0.5 + 1.08 * down
    colours = [any_colour(rng) for _ in range(int(rng.integers(2, 5)))]
    band_colour = any_colour(rng)
    band_top, band_end = np.rint(np.sort(rng.uniform(0.2, 0.8, 2)) * 25).astype(int)
    banded = rng.random() < 0.6 and band_end - band_top > 2
    # Seen from the side, equal gores get narrower towards the edge.
    edges = np.sin(np.linspace(-np.pi / 2, np.pi / 2, int(rng.integers(7, 14))))
    for number, (left, right) in enumerate(itertools.pairwise(edges)):
        step = 3 * (number % 2)
        parts = [(slice(None), colours[number % len(colours)])]
        if banded:
            parts.append((slice(band_top + step, band_end + step + 1), band_colour))
        for rows, colour in parts:
            shade = mix(mood.far(colour, distance), DARK, 0.12 + 0.5 * abs((left + right) / 2 - 0.25) ** 1.7)
            gore = between(left * half[rows], right * half[rows], y[rows])
            canvas.shape(at(gore), mix(shade, mood.light, 0.18), mix(shade, DARK, 0.3))


def house(canvas: Canvas, rng: Rng, at: Frame, mood: Mood) -> None:
    """A house of one to three storeys with its gable to the front; the origin is on the ground."""
    wall = mix(any_colour(rng, (0.15, 0.7)), WHITE, 0.3)
    roof = mix(any_colour(rng), DARK, 0.3)
    storeys = int(rng.integers(1, 4))
    wide, deep, pitch = rng.uniform(0.55, 0.8), rng.uniform(0.25, 0.6), rng.uniform(0.25, 0.55)
    middle, eaves = -deep / 2, -0.32 * storeys
    left, right = middle - wide / 2, middle + wide / 2
    far, ridge = right + deep, eaves - pitch

    canvas.shape(at(disc(0.08, 0.02, 0.75, 0.05)), DARK, alpha=0.35, soft=0.02)
    side = [(right, 0), (far, -0.08), (far, eaves - 0.04), (right, eaves)]
    canvas.shape(at(side), mix(wall, DARK, 0.35), mix(wall, DARK, 0.5))
    _chimney(canvas, rng, at, far - deep * rng.uniform(0.3, 0.7), ridge, eaves, wall)
    front = [(left, 0), (right, 0), (right, eaves), (middle, ridge), (left, eaves)]
    canvas.shape(at(front), mix(wall, mood.light, 0.3), mix(wall, DARK, 0.12))
    if rng.random() < 0.6 and at.detailed:  # boards or courses of brick
        for y in np.arange(eaves, 0, 0.045):
            canvas.line(at([(left, y), (right, y)]), 0.003 * at.scale, mix(wall, DARK, 0.22))

    near_top, near_low = np.array((middle, ridge - 0.03)), np.array((right + 0.06, eaves + 0.06))
    far_top, far_low = np.array((middle + deep, ridge - 0.024)), np.array((far + 0.06, eaves + 0.02))
    slope = at([near_top, far_top, far_low, near_low])
    canvas.shape(slope, mix(roof, mood.light, 0.2), mix(roof, DARK, 0.25))
    for share in np.linspace(0.1, 0.9, 7 if at.detailed else 2):  # rows of tiles
        row = [mix(near_top, near_low, share), mix(far_top, far_low, share)]
        canvas.line(at(row), 0.005 * at.scale, mix(roof, DARK, 0.35))
    for edge in ((left - 0.06, eaves + 0.06), tuple(near_low)):
        canvas.line(at([edge, tuple(near_top)]), 0.05 * at.scale, mix(roof, DARK, 0.35))

    door = any_colour(rng)
    canvas.shape(at(box(middle, -0.11, 0.07, 0.11)), door, mix(door, DARK, 0.4))
    glass = mix(mood.zenith, DARK, 0.4) if rng.random() < 0.7 else rgb(255, 220, 140)
    shaded = (mix(glass, DARK, 0.25), mix(WHITE, DARK, 0.35))
    for storey in range(storeys):
        y = -0.21 - 0.32 * storey
        for x in (middle - wide * 0.31, middle + wide * 0.31, *((middle,) if storey else ())):
            _window(canvas, at, x, y, 0.065, glass, WHITE)
        _window(canvas, at, right + deep * 0.5, y - 0.04, 0.05, *shaded)


def _chimney(canvas: Canvas, rng: Rng, at: Frame, x: float, ridge: float, eaves: float, wall: Array) -> None:
    brick = mix(rgb(150, 84, 66), wall, 0.2)
    top, foot = ridge - 0.16, eaves - 0.1
    canvas.shape(at(box(x, (top + foot) / 2, 0.055, (foot - top) / 2)), brick, mix(brick, DARK, 0.3))
    if rng.random() < 0.5:
        for puff in range(5):
            (middle,) = at([(x + 0.06 * puff, top - 0.06 - 0.09 * puff)])
            canvas.glow(middle, at.scale * (0.04 + 0.02 * puff), 0.4)


def _window(canvas: Canvas, at: Frame, x: float, y: float, half: float, glass: Array, frame: Array) -> None:
    canvas.shape(at(box(x, y, half * 1.25, half * 1.25)), frame)
    canvas.shape(at(box(x, y, half, half)), glass, mix(glass, WHITE, 0.15))
    if at.detailed:
        canvas.line(at([(x, y - half), (x, y + half)]), 0.014 * at.scale, frame)
        canvas.line(at([(x - half, y), (x + half, y)]), 0.014 * at.scale, frame)


def yacht(canvas: Canvas, rng: Rng, at: Frame, mood: Mood) -> None:
    """A boat under one or two sails, its mast 1 high; the origin is on the waterline."""
    hull, cloth = any_colour(rng), mix(any_colour(rng), WHITE, rng.uniform(0.1, 0.9))
    jib = cloth if rng.random() < 0.6 else any_colour(rng)
    canvas.line(at([(0, -0.1), (0, -1)]), 0.014 * at.scale, mix(rgb(120, 90, 60), mood.light, 0.2))
    top, belly = rng.uniform(0.86, 0.98), rng.uniform(0.02, 0.16)
    leech = curve((-0.015, -top), (-0.2 - belly, -0.55), (-0.44, -0.17))
    main = np.concatenate([leech, curve((-0.44, -0.17), (-0.2, -0.12), (-0.015, -0.16))])
    canvas.shape(at(main), mix(cloth, mood.light, 0.3), mix(cloth, DARK, 0.3), sideways=rng.random() < 0.5)
    for share in np.linspace(0.25, 0.85, 4):  # seams
        x, y = leech[int(share * 15)]
        canvas.line(at([(-0.015, y + 0.03), (x, y)]), 0.004 * at.scale, mix(cloth, DARK, 0.35))
    if rng.random() < 0.85:
        high = rng.uniform(0.6, 0.9)
        luff = curve((0.02, -high), (0.25, -0.5), (0.47, -0.15))
        foot = curve((0.47, -0.15), (0.2, -0.08 - belly / 2), (0.04, -0.18), (0.02, -high))
        sail = at(np.concatenate([luff, foot]))
        canvas.shape(sail, mix(jib, mood.light, 0.2), mix(jib, DARK, 0.4), sideways=True)

    deck = [(-0.4, -0.13), (-0.1, -0.13), (-0.06, -0.17), (0.1, -0.17), (0.16, -0.13), (0.2, -0.1)]
    canvas.shape(at([*deck, (-0.4, -0.1)]), mix(WHITE, mood.light, 0.3), mix(WHITE, DARK, 0.3))
    keel = curve((0.52, -0.15), (0.34, 0.05), (-0.4, 0.03), (-0.44, -0.12))
    rail = curve((-0.44, -0.12), (0, -0.07), (0.52, -0.15))
    canvas.shape(at(np.concatenate([rail, keel])), hull, mix(hull, DARK, 0.5))
    canvas.line(at(curve((-0.43, -0.1), (0, -0.07), (0.5, -0.13))), 0.012 * at.scale, mix(hull, WHITE, 0.7))
