"""What lies behind the things in demo pictures: grass, water, bricks and the like."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tlstudio.data.painting.canvas import DARK, WHITE, Array, Rng, any_colour, fractal, mix, near, rgb

SIDE = 128  # pixels, as pictures are drawn: larger than the model sees them, so that edges are smooth

Plane = npt.NDArray[np.floating]  # [SIDE, SIDE, 3] of 0 to 255
_Share = npt.NDArray[np.floating]  # [SIDE, SIDE] of 0 to 1

_STEPS = np.linspace(0, 1, SIDE, dtype=np.float32)
GRID = np.meshgrid(_STEPS, _STEPS, indexing="ij")  # how far down and how far across each pixel is
_DOWN, _ACROSS = GRID


def ground(name: str, rng: Rng) -> Plane:
    """A ground that fills the picture; ``name`` is a key of the table of grounds in scenes."""
    return _GROUNDS[name](rng)


def _grass(rng: Rng) -> Plane:
    return _between(near(rng, rgb(58, 108, 40), 12), rgb(150, 184, 84), _noise(rng, 26, 8))


def _sand(rng: Rng) -> Plane:
    ripples = 0.5 + 0.5 * np.sin(_DOWN * rng.uniform(20, 36) + 5 * _noise(rng, 3, 3))
    uneven = 0.4 * ripples + 0.4 * _noise(rng, 30, 30)
    return _between(near(rng, rgb(222, 194, 140), 10), rgb(176, 140, 92), uneven)


def _water(rng: Rng) -> Plane:
    waves = 0.5 + 0.5 * np.sin(_DOWN * rng.uniform(50, 80) + 7 * _noise(rng, 4, 6))
    return _between(near(rng, rgb(34, 104, 146), 14), rgb(150, 200, 214), 0.6 * waves * _noise(rng, 5, 16))


def _sky(rng: Rng) -> Plane:
    clouds = np.clip((_noise(rng, 3, 4) - 0.45) * 3, 0, 1)
    return _between(near(rng, rgb(96, 154, 222), 14), rgb(246, 248, 250), np.clip(clouds + 0.4 * _DOWN, 0, 1))


def _snow(rng: Rng) -> Plane:
    return _between(rgb(250, 251, 253), near(rng, rgb(196, 208, 228), 6), 0.8 * _noise(rng, 4, 5))


def _wood(rng: Rng) -> Plane:
    seams = (_DOWN * rng.integers(3, 6) + rng.random()) % 1 < 0.06
    grain = 0.55 * _noise(rng, 3, 24)
    return _between(near(rng, rgb(170, 122, 76), 16), rgb(70, 46, 30), grain + 0.35 * seams)


def _bricks(rng: Rng) -> Plane:
    rows = int(rng.integers(6, 10))
    row = np.floor(_DOWN * rows).astype(int)
    across = _ACROSS * rows / 2 + 0.5 * (row % 2)
    tones = rng.random((rows + 1, rows + 2))[row, across.astype(int)]
    colour = near(rng, rgb(168, 84, 62), 14)
    wall = _between(colour, rgb(110, 56, 46), 0.7 * tones + 0.2 * _noise(rng, 20, 20))
    mortar = ((_DOWN * rows) % 1 < 0.14) | (across % 1 < 0.07)
    return np.where(mortar[..., None], rgb(200, 190, 178), wall)


def _night(rng: Rng) -> Plane:
    stars = rng.random((SIDE // 2, SIDE // 2)) > rng.uniform(0.985, 0.995)
    sky = _between(rgb(8, 10, 34), rgb(30, 34, 84), 0.8 * _DOWN + 0.2 * _noise(rng, 2, 2))
    return np.where(np.kron(stars, np.ones((2, 2), dtype=bool))[..., None], 235, sky)


def _paper(rng: Rng) -> Plane:
    colour = mix(any_colour(rng, (0.1, 0.7)), WHITE, rng.uniform(0, 0.6))
    return _between(colour, mix(colour, DARK, 0.25), _DOWN * rng.random() + _ACROSS * rng.random() * 0.5)


def _noise(rng: Rng, across: int, down: int) -> Array:
    return fractal(rng, across, down, octaves=2, side=SIDE)


def _between(one: Array, other: Array, share: _Share) -> Plane:
    plane = share[..., None].astype(np.float32)
    return one.astype(np.float32) * (1 - plane) + other.astype(np.float32) * plane


_GROUNDS: dict[str, Callable[[Rng], Plane]] = {
    "grass": _grass,
    "sand": _sand,
    "water": _water,
    "sky": _sky,
    "snow": _snow,
    "wood": _wood,
    "bricks": _bricks,
    "night": _night,
    "paper": _paper,
}
