"""The outlines of the things in demo pictures, drawn around the origin from -0.5 to 0.5, y downwards."""

import dataclasses
from collections.abc import Callable
from typing import Final, Literal

import numpy as np

from tlstudio.data.painting.canvas import Array, Rng, between, box, curve, disc, rgb, shifted

DARKER: Final = "darker"  # a tone of the thing's own colour
WOOD, LEAF, CREAM, GLASS, INK = (
    rgb(112, 74, 44),
    rgb(70, 120, 56),
    rgb(238, 226, 200),
    rgb(196, 214, 226),
    rgb(44, 44, 52),
)


@dataclasses.dataclass(frozen=True)
class Part:
    """A filled polygon: in the thing's colour and texture, in a darker tone, or in a colour of its own."""

    points: Array
    paint: Literal["darker"] | Array | None = None


def outline(thing: str, rng: Rng) -> list[Part]:
    """The parts of a thing, the farthest first; no two are shaped quite alike."""
    return _OUTLINES[thing](rng)


def _circle(rng: Rng) -> list[Part]:
    return [Part(disc(0, 0, 0.46, 0.46 * rng.uniform(0.92, 1)))]


def _square(rng: Rng) -> list[Part]:
    return [Part(box(0, 0, 0.4, 0.4 * rng.uniform(0.9, 1)))]


def _triangle(rng: Rng) -> list[Part]:
    return [Part(np.array([(rng.uniform(-0.08, 0.08), -0.45), (0.48, 0.38), (-0.48, 0.38)]))]


def _star(rng: Rng) -> list[Part]:
    return [Part(_spikes(5, 0.5, rng.uniform(0.19, 0.24)))]


def _spikes(count: int, outer: float, inner: float) -> Array:
    turn = np.pi * np.arange(2 * count) / count - np.pi / 2
    reach = np.where(np.arange(2 * count) % 2, inner, outer)
    return np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=1)


def _heart(rng: Rng) -> list[Part]:
    turn = np.linspace(0, 2 * np.pi, 48)
    x = 0.48 * np.sin(turn) ** 3
    y = -(13 * np.cos(turn) - 5 * np.cos(2 * turn) - 2 * np.cos(3 * turn) - np.cos(4 * turn)) / 33
    return [Part(np.stack([x, y * rng.uniform(0.9, 1.05) - 0.06], axis=1))]


def _cross(rng: Rng) -> list[Part]:
    half = rng.uniform(0.1, 0.15)
    points = [(half, half), (0.46, half), (0.46, -half), (half, -half)]
    for _ in range(3):
        points += [(y, -x) for x, y in points[-4:]]
    return [Part(np.array(points))]


def _ring(rng: Rng) -> list[Part]:
    inner = rng.uniform(0.26, 0.32)
    return [Part(_pierced(disc(0, 0, 0.47, steps=48), disc(0, 0, inner, steps=48)))]


def _pierced(edge: Array, hole: Array) -> Array:
    """One outline of a shape with a hole: along the edge, over to the hole, back around it."""
    return np.concatenate([edge, edge[:1], hole[:1], hole[::-1]])


def _crescent(rng: Rng) -> list[Part]:
    turn = np.linspace(-np.pi * 0.72, np.pi * 0.72, 30)
    outer = np.stack([-0.47 * np.cos(turn), 0.47 * np.sin(turn)], axis=1)
    depth = rng.uniform(0.05, 0.12)
    inner = curve(tuple(outer[-1]), (-depth - 0.45, 0.0), tuple(outer[0]), steps=24)
    return [Part(shifted(np.concatenate([outer, inner]), 0.12, 0))]


def _arrow(rng: Rng) -> list[Part]:
    half, neck = rng.uniform(0.08, 0.13), rng.uniform(-0.02, 0.1)
    top = [(-0.48, -half), (neck, -half), (neck, -0.32), (0.48, 0)]
    return [Part(np.array(top + [(x, -y) for x, y in top[-2::-1]]))]


def _cup(rng: Rng) -> list[Part]:
    foot = rng.uniform(0.2, 0.28)
    handle = _pierced(disc(0.3, 0.02, 0.19, 0.22), disc(0.3, 0.02, 0.11, 0.14))
    body = np.array([(-0.36, -0.34), (0.3, -0.34), (foot, 0.4), (-foot - 0.06, 0.4)])
    return [Part(handle, DARKER), Part(body), Part(disc(-0.03, -0.34, 0.33, 0.07), DARKER)]


def _umbrella(rng: Rng) -> list[Part]:
    top = curve((-0.5, 0.04), (-0.42, -0.6), (0.42, -0.6), (0.5, 0.04), steps=30)
    count = int(rng.integers(3, 5))
    scallops = np.linspace(0.5, -0.5, 8 * count + 1)
    hem = 0.04 - 0.06 * np.abs(np.sin(np.pi * count * (scallops + 0.5)))
    stick = [Part(box(0, 0.14, 0.018, 0.28), INK), Part(box(0.05, 0.41, 0.06, 0.018), INK)]
    return [*stick, Part(np.concatenate([top, np.stack([scallops, hem], axis=1)]))]


def _mushroom(rng: Rng) -> list[Part]:
    wide = rng.uniform(0.09, 0.15)
    stem = np.array([(-wide, -0.05), (wide, -0.05), (wide * 1.3, 0.46), (-wide * 1.3, 0.46)])
    cap = curve((-0.48, 0.04), (-0.42, -0.62), (0.42, -0.62), (0.48, 0.04), steps=30)
    return [Part(stem, CREAM), Part(np.concatenate([cap, curve((0.48, 0.04), (0, 0.16), (-0.48, 0.04))]))]


def _key(rng: Rng) -> list[Part]:
    bow = _pierced(disc(-0.28, 0, 0.21), disc(-0.28, 0, rng.uniform(0.08, 0.11)))
    bits = [Part(box(x, 0.12, 0.045, 0.12)) for x in (0.26, 0.42)]
    return [Part(box(0.18, 0, 0.3, 0.055)), *bits, Part(bow)]


def _butterfly(rng: Rng) -> list[Part]:
    droop = rng.uniform(0.0, 0.08)
    wings = []
    for side in (-1, 1):
        upper = curve((0, 0.02), (side * 0.25, -0.75 + droop), (side * 0.85, -0.35), (0, 0.04), steps=24)
        lower = curve((0, 0.0), (side * 0.75, 0.1), (side * 0.35, 0.68 - droop), (0, 0.1), steps=24)
        wings += [Part(lower), Part(upper)]
    feelers = [Part(np.array([(0, -0.2), (s * 0.14, -0.4), (s * 0.17, -0.38)]), INK) for s in (-1, 1)]
    return [*wings, *feelers, Part(disc(0, 0.03, 0.035, 0.26), INK)]


def _car(rng: Rng) -> list[Part]:
    roof = rng.uniform(-0.3, -0.24)
    cabin = np.array([(-0.3, -0.02), (-0.18, roof), (0.14, roof), (0.3, -0.02)])
    windows = [
        Part(np.array([(-0.23, -0.03), (-0.15, roof + 0.04), (-0.03, roof + 0.04), (-0.03, -0.03)]), GLASS),
        Part(np.array([(0.01, -0.03), (0.01, roof + 0.04), (0.12, roof + 0.04), (0.22, -0.03)]), GLASS),
    ]
    body = np.array([(-0.5, 0.0), (-0.46, -0.05), (0.42, -0.05), (0.5, 0.04), (0.5, 0.19), (-0.5, 0.19)])
    wheels = [
        Part(disc(x, 0.19, radius), colour)
        for x in (-0.27, 0.28)
        for radius, colour in ((0.11, INK), (0.045, GLASS))
    ]
    return [Part(cabin), Part(body), *windows, *wheels]


def _tree(rng: Rng) -> list[Part]:
    trunk = np.array([(-0.05, 0.05), (0.05, 0.05), (0.08, 0.48), (-0.08, 0.48)])
    places = ((0, -0.28, 0.22), (-0.2, -0.08, 0.2), (0.2, -0.08, 0.2), (0, -0.06, 0.24))
    crown = [Part(disc(x + rng.normal(0, 0.02), y, r * rng.uniform(0.92, 1.1))) for x, y, r in places]
    return [Part(trunk, WOOD), *crown]


def _apple(rng: Rng) -> list[Part]:
    turn = np.linspace(0, 2 * np.pi, 48)
    reach = 0.4 * (1 - 0.16 * np.exp(-(((turn - np.pi) / 0.5) ** 2)) - 0.05 * np.cos(2 * turn))
    x, y = reach * np.sin(turn) * rng.uniform(1.0, 1.1), reach * np.cos(turn) + 0.06
    stem = np.array([(-0.015, -0.22), (0.03, -0.47), (0.075, -0.46), (0.025, -0.22)])
    leaf = np.concatenate(
        [curve((0.04, -0.33), (0.14, -0.5), (0.33, -0.42)), curve((0.33, -0.42), (0.2, -0.28), (0.04, -0.33))]
    )
    return [Part(stem, WOOD), Part(np.stack([x, y], axis=1)), Part(leaf, LEAF)]


def _balloon(rng: Rng) -> list[Part]:
    down = np.linspace(0, 1, 26)
    half = 0.4 * np.sin(np.pi * down**0.82) ** 0.8 * rng.uniform(0.92, 1.05) + 0.05 * down
    ropes = [Part(np.array([(s * 0.05, 0.2), (s * 0.045, 0.4), (s * 0.03, 0.4)]), INK) for s in (-1, 1)]
    basket = np.array([(-0.07, 0.36), (0.07, 0.36), (0.055, 0.49), (-0.055, 0.49)])
    return [*ropes, Part(basket, WOOD), Part(between(-half, half, -0.5 + 0.76 * down))]


def _fish(rng: Rng) -> list[Part]:
    along = np.linspace(0, 1, 30)
    tall = rng.uniform(0.2, 0.3)
    half = tall * np.sin(np.pi * along**0.75) ** 0.85 + 0.03 * along
    body = between(-half, half, 0.5 - 0.8 * along)[:, ::-1]
    tail = np.array([(-0.24, 0.03), (-0.24, -0.03), (-0.5, -0.22), (-0.42, 0), (-0.5, 0.22)])
    fin = curve((0.2, -tall * 0.8), (0.0, -tall - 0.25), (-0.15, -tall * 0.7))
    eye = [Part(disc(0.33, -0.06, 0.045), CREAM), Part(disc(0.335, -0.06, 0.025), INK)]
    return [Part(tail, DARKER), Part(fin, DARKER), Part(body), *eye]


def _flower(rng: Rng) -> list[Part]:
    count = int(rng.integers(5, 9))
    stem = np.array([(-0.02, 0), (0.02, 0), (0.03, 0.5), (-0.01, 0.5)])
    leaf = np.concatenate(
        [curve((0.01, 0.36), (0.12, 0.18), (0.3, 0.24)), curve((0.3, 0.24), (0.16, 0.38), (0.01, 0.36))]
    )
    petals = []
    for turn in 2 * np.pi * np.arange(count) / count + rng.uniform(0, 1):
        x, y = 0.2 * np.cos(turn), 0.2 * np.sin(turn) - 0.14
        petals.append(Part(disc(x, y, 0.42 / count**0.6, steps=20)))
    return [Part(stem, LEAF), Part(leaf, LEAF), *petals, Part(disc(0, -0.14, 0.09), rgb(214, 170, 60))]


def _house(rng: Rng) -> list[Part]:
    eaves = rng.uniform(-0.14, -0.04)
    roof = np.array([(-0.48, eaves), (0, -0.48), (0.48, eaves)])
    chimney = box(0.24, -0.34, 0.05, 0.12)
    windows = [Part(box(x, 0.08, 0.075, 0.075), GLASS) for x in (-0.22, 0.22)]
    walls = np.array([(-0.38, eaves), (0.38, eaves), (0.38, 0.46), (-0.38, 0.46)])
    return [
        Part(chimney, DARKER),
        Part(walls),
        Part(roof, DARKER),
        *windows,
        Part(box(0, 0.32, 0.075, 0.14), WOOD),
    ]


def _sailboat(rng: Rng) -> list[Part]:
    top = rng.uniform(-0.5, -0.42)
    main = np.concatenate([[(0.0, top)], curve((0.0, top), (0.3, -0.1), (0.38, 0.2))[1:], [(0.0, 0.2)]])
    jib = np.array([(-0.05, top + 0.08), (-0.05, 0.2), (-0.34, 0.2)])
    hull = np.array([(-0.46, 0.26), (0.48, 0.26), (0.34, 0.44), (-0.34, 0.44)])
    mast = box(-0.025, -0.1, 0.018, 0.37)
    return [Part(mast, INK), Part(main), Part(jib), Part(hull, DARKER)]


_OUTLINES: dict[str, Callable[[Rng], list[Part]]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "heart": _heart,
    "cross": _cross,
    "ring": _ring,
    "crescent": _crescent,
    "arrow": _arrow,
    "cup": _cup,
    "umbrella": _umbrella,
    "mushroom": _mushroom,
    "key": _key,
    "butterfly": _butterfly,
    "car": _car,
    "tree": _tree,
    "apple": _apple,
    "balloon": _balloon,
    "fish": _fish,
    "flower": _flower,
    "house": _house,
    "sailboat": _sailboat,
}
