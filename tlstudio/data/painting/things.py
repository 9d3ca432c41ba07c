"""The things that the sample pictures show, each drawn into a frame on a canvas."""

import itertools

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
    curve,
    disc,
    jagged,
    mix,
    near,
    rgb,
)


def hot_air_balloon(canvas: Canvas, rng: Rng, at: Frame, mood: Mood, distance: float) -> None:
    down = np.linspace(0, 1, 26)
    half = 0.5 * np.sin(np.pi * down**0.82) ** 0.8 * (1 - 0.1 * down) + 0.07 * down
    y = -0.5 + 1.08 * down
    for side in (-1, 1):
        canvas.line(at([(side * 0.06, 0.56), (side * 0.05, 0.76)]), 0.004 * at.scale, DARK)
    basket = mood.far(rgb(128, 84, 44), distance)
    canvas.shape(
        at([(-0.07, 0.75), (0.07, 0.75), (0.055, 0.87), (-0.055, 0.87)]), basket, mix(basket, DARK, 0.5)
    )
    canvas.line(at([(-0.07, 0.75), (0.07, 0.75)]), 0.02 * at.scale, mix(basket, WHITE, 0.3))
    colours = [any_colour(rng) for _ in range(int(rng.integers(2, 5)))]
    edges = np.sin(np.linspace(-np.pi / 2, np.pi / 2, int(rng.integers(7, 14))))
    band = sorted(rng.uniform(0.2, 0.8, 2)) if rng.random() < 0.6 else None
    band_colour = any_colour(rng)
    for number, (left, right) in enumerate(itertools.pairwise(edges)):
        edge_darkness = 0.12 + 0.5 * abs((left + right) / 2 - 0.25) ** 1.7
        for part, colour in ((None, colours[number % len(colours)]), (band, band_colour)):
            rows = slice(None)
            if part is not None:
                slant = 3 * (number % 2)
                rows = slice(round(part[0] * 25) + slant, round(part[1] * 25) + slant + 1)
            elif colour is band_colour:
                continue
            gore = np.concatenate(
                [np.stack([left * half, y], 1)[rows], np.stack([right * half, y], 1)[rows][::-1]]
            )
            shade = mix(mood.far(colour, distance), DARK, edge_darkness)
            if len(gore) > 4:
                canvas.shape(at(gore), mix(shade, mood.light, 0.18), mix(shade, DARK, 0.3))


def fish(canvas: Canvas, rng: Rng, at: Frame) -> None:
    back, belly, mark, fin = (any_colour(rng) for _ in range(4))
    belly = mix(belly, WHITE, 0.35)
    tall = rng.uniform(0.15, 0.34)
    along = np.linspace(0, 1, 40)
    half = tall * np.sin(np.pi * along**0.72) ** 0.85 + 0.03 * along
    x = 0.5 - 0.86 * along
    spread, notch = rng.uniform(0.14, 0.3), rng.uniform(-0.5, -0.38)
    tail = [(-0.3, 0.03), (-0.3, -0.03), (-0.58, -spread), (notch, 0), (-0.58, spread)]
    canvas.shape(at(tail), fin, mix(fin, DARK, 0.35))
    long, high = rng.uniform(0.2, 0.5), rng.uniform(0.08, 0.2)
    dorsal = curve((0.2, -tall * 0.8), (0.05, -tall - high * 1.6), (0.2 - long, -tall * 0.7))
    anal = curve((0.0, tall * 0.7), (-0.15, tall + high), (-0.3, tall * 0.3))
    for edge in (dorsal, anal):
        canvas.shape(at(edge), mix(fin, WHITE, 0.1), mix(fin, DARK, 0.3))
    outline = np.concatenate([np.stack([x, -half], 1), np.stack([x, half], 1)[::-1]])
    canvas.shape(at(outline), back, belly)
    pattern = rng.integers(4)
    if pattern <= 1:  # upright bars, bent with the body
        for start in np.linspace(0.2, 0.85, int(rng.integers(2, 8))):
            rows = (along >= start) & (along <= start + rng.uniform(0.05, 0.09))
            bow = 0.03 * np.cos(np.linspace(-1.5, 1.5, 9))
            left, right, reach = x[rows].max(), x[rows].min(), half[rows].min()
            y = np.linspace(-reach, reach, 9)
            bar = np.concatenate([np.stack([left + bow, y], 1), np.stack([right + bow, y], 1)[::-1]])
            canvas.shape(at(bar), mark, mix(mark, DARK, 0.3))
    elif pattern == 2:  # a stripe along the side
        rows = slice(6, 38)
        stripe = np.concatenate(
            [np.stack([x, -half * 0.25], 1)[rows], np.stack([x, half * rng.uniform(0, 0.3)], 1)[rows][::-1]]
        )
        canvas.shape(at(stripe), mark, mix(mark, DARK, 0.2))
    else:  # spots
        for place in rng.integers(8, 36, int(rng.integers(8, 26))):
            spot = disc(x[place], half[place] * rng.uniform(-0.7, 0.5), rng.uniform(0.008, 0.026), steps=14)
            canvas.shape(at(spot), mark)
    for place in range(8, 38, 2):  # scales
        for level in np.linspace(-0.75, 0.75, 7):
            middle = (x[place] + 0.012 * (round(level * 4) % 2), half[place] * level)
            scale = curve(
                (middle[0], middle[1] - 0.018), (middle[0] - 0.03, middle[1]), (middle[0], middle[1] + 0.018)
            )
            canvas.line(at(scale), 0.003 * at.scale, mix(mix(back, belly, (level + 1) / 2), DARK, 0.22))
    canvas.shape(
        at(np.concatenate([np.stack([x, -half], 1)[:30], np.stack([x, -half * 0.72], 1)[:30][::-1]])),
        WHITE,
        alpha=0.22,
    )
    flap = curve((0.12, 0.02), (0.02, 0.03 + tall * 0.9), (-0.12, tall * 0.5))
    canvas.shape(at(flap), mix(fin, WHITE, 0.25), mix(fin, DARK, 0.2))
    canvas.line(
        at(curve((0.25, -tall * 0.55), (0.17, 0), (0.24, tall * 0.55))),
        0.006 * at.scale,
        mix(back, DARK, 0.5),
    )
    for size, colour in ((0.04, WHITE), (0.024, DARK), (0.008, WHITE)):
        canvas.shape(at(disc(0.355, -tall * 0.25 - (0.008 if size < 0.01 else 0), size)), colour)
    canvas.line(
        at(curve((0.495, 0.015), (0.46, 0.04), (0.43, 0.035))), 0.008 * at.scale, mix(belly, DARK, 0.6)
    )


def flower(canvas: Canvas, rng: Rng, looks: Rng, at: Frame) -> None:
    """``looks`` is the same for all flowers of a picture: they are of one kind."""
    green = any_foliage(looks)
    stem = curve(
        (at.x, at.y), (at.x + rng.normal(0, 0.08), (at.y + 1) / 2), (at.x + rng.normal(0, 0.1), 1.05)
    )
    canvas.line(stem, 0.035 * at.scale, mix(green, DARK, 0.15))
    for place in (6, 9):
        side = rng.choice([-1, 1])
        leaf = Frame(*stem[place].tolist(), at.scale, rng.uniform(0.1, 0.7) * side, side < 0)
        edge = curve((0, 0), (0.25, -0.22), (0.6, -0.05))
        under = curve((0.6, -0.05), (0.3, 0.12), (0, 0))
        canvas.shape(leaf(np.concatenate([edge, under])), mix(green, WHITE, 0.15), mix(green, DARK, 0.25))
    petal_colour, heart = any_colour(looks), any_colour(looks, (0.6, 0.95))
    count, wide = int(looks.integers(5, 15)), looks.uniform(0.75, 1.25)
    pointed, rings = looks.uniform(0.05, 0.5), int(looks.integers(1, 4))
    squeeze = rng.uniform(0.55, 1)
    core = looks.uniform(0.1, 0.24)
    for ring in range(rings):
        length = 0.5 * (1 - 0.24 * ring)
        for number in range(count):
            turn = 2 * np.pi * (number + 0.5 * ring) / count + rng.normal(0, 0.05)
            half = length * wide * np.pi / max(count, 6) * rng.uniform(0.85, 1.1)
            shade = near(rng, mix(petal_colour, DARK, 0.18 * (rings - 1 - ring)), 6)
            for size, colour in (
                (1.0, mix(shade, DARK, 0.22)),
                (0.93, shade),
                (0.55, mix(shade, WHITE, 0.2)),
            ):
                petal = _petal(length * size, half * size, pointed)
                turned = Frame(0, 0, 1, turn)(petal) * (1, squeeze)
                canvas.shape(at(turned), mix(colour, WHITE, 0.1), colour)
            vein = Frame(0, 0, 1, turn)([(0.1, 0), (length * 0.75, 0)]) * (1, squeeze)
            canvas.line(at(vein), 0.006 * at.scale, mix(shade, DARK, 0.3))
    canvas.shape(at(disc(0, 0, core, core * squeeze)), mix(heart, WHITE, 0.1), mix(heart, DARK, 0.4))
    for seed in range(60):  # sunflower seeds: each turned by the golden angle
        reach = core * 0.95 * np.sqrt(seed / 60)
        point = at([(reach * np.cos(seed * 2.39996), squeeze * reach * np.sin(seed * 2.39996))])[0]
        canvas.dot(*point.tolist(), 0.012 * at.scale, mix(heart, DARK if seed % 3 else WHITE, 0.35))


def _petal(length: float, half: float, pointed: float) -> Array:
    along = np.linspace(0, 1, 12)
    width = half * np.sin(np.pi * along**0.8) ** (0.55 + pointed)
    edge = np.stack([along * length, width], axis=1)
    return np.concatenate([edge, (edge * (1, -1))[::-1]])


def building(canvas: Canvas, rng: Rng, at: Frame, mood: Mood) -> None:
    wall, roof, door = (
        mix(any_colour(rng, (0.15, 0.7)), WHITE, 0.3),
        mix(any_colour(rng), DARK, 0.3),
        any_colour(rng),
    )
    glass = mix(mood.zenith, DARK, 0.4) if rng.random() < 0.7 else rgb(255, 220, 140)
    storeys = int(rng.integers(1, 4))
    tall, wide = 0.32 * storeys, rng.uniform(0.55, 0.8)
    deep, pitch = rng.uniform(0.25, 0.6), rng.uniform(0.25, 0.55)
    slant = 0.08
    left, right, middle, eaves = -wide / 2 - deep / 2, wide / 2 - deep / 2, -deep / 2, -tall
    far = right + deep
    canvas.shape(at(disc(0.08, 0.02, 0.75, 0.05)), DARK, alpha=0.35, soft=0.02)
    side = [(right, 0), (far, -slant), (far, eaves - slant * 0.5), (right, eaves)]
    canvas.shape(at(side), mix(wall, DARK, 0.35), mix(wall, DARK, 0.5))
    chimney = far - deep * rng.uniform(0.3, 0.7)
    brick = mix(rgb(150, 84, 66), wall, 0.2)
    canvas.shape(
        at(
            [
                (chimney - 0.06, eaves - pitch - 0.16),
                (chimney + 0.05, eaves - pitch - 0.16),
                (chimney + 0.05, eaves - 0.1),
                (chimney - 0.06, eaves - 0.1),
            ]
        ),
        brick,
        mix(brick, DARK, 0.3),
    )
    if rng.random() < 0.5:
        for puff in range(5):
            (smoke,) = at([(chimney + 0.06 * puff, eaves - pitch - 0.22 - 0.09 * puff)])
            canvas.glow(smoke, at.scale * (0.04 + 0.02 * puff), 0.4)
    front = [(left, 0), (right, 0), (right, eaves), (middle, eaves - pitch), (left, eaves)]
    canvas.shape(at(front), mix(wall, mood.light, 0.3), mix(wall, DARK, 0.12))
    if rng.random() < 0.6:  # boards or courses of brick
        for y in np.arange(eaves, 0, 0.045):
            canvas.line(at([(left, y), (right, y)]), 0.003 * at.scale, mix(wall, DARK, 0.22))
    over = 0.06
    top_far = (middle + deep, eaves - pitch - slant * 0.3)
    slope = [
        (middle, eaves - pitch - 0.03),
        top_far,
        (far + over, eaves - slant * 0.5 + over),
        (right + over, eaves + over),
    ]
    canvas.shape(at(slope), mix(roof, mood.light, 0.2), mix(roof, DARK, 0.25))
    for share in np.linspace(0.1, 0.9, 7):  # rows of tiles
        start, end = np.array(slope[0]), np.array(slope[1])
        row = np.stack(
            [start + (np.array(slope[3]) - start) * share, end + (np.array(slope[2]) - end) * share]
        )
        canvas.line(at(row), 0.005 * at.scale, mix(roof, DARK, 0.35))
    for edge in ((left - over, eaves + over), (right + over, eaves + over)):
        canvas.line(at([edge, (middle, eaves - pitch - 0.03)]), 0.05 * at.scale, mix(roof, DARK, 0.35))
    canvas.shape(
        at([(middle - 0.07, 0), (middle + 0.07, 0), (middle + 0.07, -0.22), (middle - 0.07, -0.22)]),
        door,
        mix(door, DARK, 0.4),
    )
    for storey in range(storeys):
        y = -0.21 - 0.32 * storey
        for x in (middle - wide * 0.31, middle + wide * 0.31, *((middle,) if storey else ())):
            _window(canvas, at, x, y, 0.065, glass, WHITE)
        _window(
            canvas,
            at,
            right + deep * 0.5,
            y - slant * 0.5,
            0.05,
            mix(glass, DARK, 0.25),
            mix(WHITE, DARK, 0.35),
        )


def _window(canvas: Canvas, at: Frame, x: float, y: float, half: float, glass: Array, frame: Array) -> None:
    for size, colour in ((half * 1.25, frame), (half, glass)):
        box = [(x - size, y - size), (x + size, y - size), (x + size, y + size), (x - size, y + size)]
        canvas.shape(at(box), colour, mix(colour, WHITE, 0.15))
    canvas.line(at([(x, y - half), (x, y + half)]), 0.014 * at.scale, frame)
    canvas.line(at([(x - half, y), (x + half, y)]), 0.014 * at.scale, frame)


def peak_of_rock(
    canvas: Canvas,
    rng: Rng,
    mood: Mood,
    peak: tuple[float, float],
    foot: float,
    rock: Array,
    distance: float,
    lit_left: bool,
) -> None:
    tall = foot - peak[1]
    rough = 0.05 * tall
    reach = tall * rng.uniform(0.7, 1.3, 2)
    down = np.linspace(0, 1, 65)
    y = peak[1] + tall * down
    left = peak[0] - reach[0] * down + jagged(rng, 6, rough)
    right = peak[0] + reach[1] * down + jagged(rng, 6, rough)
    spine = peak[0] + rng.uniform(-0.25, 0.25) * tall * down + jagged(rng, 6, rough * 2)
    light = mood.far(mix(rock, mood.light, 0.35), distance)
    shade = mood.far(mix(rock, DARK, 0.45), distance)
    snow_line = rng.uniform(-0.1, 0.65)
    for one, other, lit in ((left, spine, lit_left), (spine, right, not lit_left)):
        colour = light if lit else shade
        face = np.concatenate([np.stack([one, y], 1), np.stack([other, y], 1)[::-1]])
        canvas.shape(face, colour, mood.far(colour, 0.35))
        for _ in range(16):  # ribs and gullies, running down and out
            start, across = rng.uniform(0.05, 0.85), rng.random()
            rows = np.arange(int(start * 64), min(int((start + rng.uniform(0.1, 0.35)) * 64), 64))
            if len(rows) < 4:
                continue
            middle = one[rows] + (other[rows] - one[rows]) * across
            width = np.linspace(0.002, 0.025, len(rows)) * rng.uniform(0.4, 1.4) + np.abs(
                jagged(rng, 7, 0.006)[: len(rows)]
            )
            rib = np.concatenate(
                [np.stack([middle, y[rows]], 1), np.stack([middle + width, y[rows]], 1)[::-1]]
            )
            canvas.shape(rib, mix(colour, DARK if rng.random() < 0.55 else mood.light, 0.3), colour)
        last = int(snow_line * 64)
        if last > 4:
            snow = mood.far(
                mix(WHITE, mood.light, 0.3) if lit else mix(WHITE, mood.zenith, 0.45), distance * 0.7
            )
            teeth = np.sort(rng.uniform(0, 1, 15))
            bottom_x = one[last] + (other[last] - one[last]) * teeth
            reach_down = rng.uniform(0.0, 1, 15) ** 2 * np.where(np.arange(15) % 2, 2.2, -0.8)
            bottom_y = y[last] + tall * 0.07 * reach_down
            rows = slice(0, last)
            outline = [
                np.stack([one, y], 1)[rows],
                np.stack([bottom_x, bottom_y], 1),
                np.stack([other, y], 1)[rows][::-1],
            ]
            canvas.shape(np.concatenate(outline), snow)


def yacht(canvas: Canvas, rng: Rng, at: Frame, mood: Mood) -> None:
    hull, cloth = any_colour(rng), mix(any_colour(rng), WHITE, rng.uniform(0.1, 0.9))
    jib = cloth if rng.random() < 0.6 else any_colour(rng)
    canvas.line(at([(0, -0.1), (0, -1)]), 0.014 * at.scale, mix(rgb(120, 90, 60), mood.light, 0.2))
    top, belly = rng.uniform(0.86, 0.98), rng.uniform(0.02, 0.16)
    leech = curve((-0.015, -top), (-0.2 - belly, -0.55), (-0.44, -0.17))
    main = np.concatenate([leech, curve((-0.44, -0.17), (-0.2, -0.12), (-0.015, -0.16))])
    canvas.shape(at(main), mix(cloth, mood.light, 0.3), mix(cloth, DARK, 0.3), sideways=rng.random() < 0.5)
    for share in np.linspace(0.25, 0.85, 4):  # battens and seams
        edge = leech[int(share * 15)]
        canvas.line(at([(-0.015, edge[1] + 0.03), edge]), 0.004 * at.scale, mix(cloth, DARK, 0.35))
    if rng.random() < 0.85:
        high = rng.uniform(0.6, 0.9)
        luff = curve((0.02, -high), (0.25, -0.5), (0.47, -0.15))
        foot = curve((0.47, -0.15), (0.2, -0.08 - belly / 2), (0.04, -0.18), (0.02, -high))
        canvas.shape(
            at(np.concatenate([luff, foot])), mix(jib, mood.light, 0.2), mix(jib, DARK, 0.4), sideways=True
        )
    deck = [
        (-0.4, -0.13),
        (-0.1, -0.13),
        (-0.06, -0.17),
        (0.1, -0.17),
        (0.16, -0.13),
        (0.2, -0.1),
        (-0.4, -0.1),
    ]
    canvas.shape(at(deck), mix(WHITE, mood.light, 0.3), mix(WHITE, DARK, 0.3))
    keel = curve((0.52, -0.15), (0.34, 0.05), (-0.4, 0.03), (-0.44, -0.12))
    canvas.shape(
        at(np.concatenate([[(-0.44, -0.12), (0, -0.09), (0.52, -0.15)], keel])), hull, mix(hull, DARK, 0.5)
    )
    canvas.line(at(curve((-0.43, -0.1), (0, -0.07), (0.5, -0.13))), 0.012 * at.scale, mix(hull, WHITE, 0.7))
