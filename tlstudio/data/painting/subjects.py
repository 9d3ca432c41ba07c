"""The subjects of the sample pictures, each painted into a scene of its own."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from tlstudio.data.painting.backdrops import (
    Mood,
    any_foliage,
    any_ground,
    any_mood,
    foreground,
    ground,
    hills,
    sky,
    trees,
    water,
)
from tlstudio.data.painting.built import hot_air_balloon, house, yacht
from tlstudio.data.painting.canvas import (
    DARK,
    WHITE,
    Canvas,
    Frame,
    Rng,
    any_colour,
    disc,
    fractal,
    mix,
    near,
    rgb,
)
from tlstudio.data.painting.grown import fish, flower, peak

PIXELS = 256


def paint(subject: str, rng: Rng) -> Image.Image:
    """One RGB picture, :data:`PIXELS` wide and high; ``subject`` is a key of :data:`SUBJECTS`."""
    canvas = Canvas()
    SUBJECTS[subject](canvas, rng)
    if rng.random() < 0.55:
        foreground(canvas, rng)
    return _photograph(canvas, rng)


def _balloon(canvas: Canvas, rng: Rng) -> None:
    mood = any_mood(rng)
    horizon = rng.uniform(0.65, 0.98)
    sky(canvas, rng, mood, horizon)
    afloat = _land(canvas, rng, mood, horizon)
    _companions(canvas, rng, mood, horizon, "balloon", afloat)
    for _ in range(int(rng.integers(0, 4))):
        small = Frame(rng.random(), rng.uniform(0.1, horizon - 0.1), rng.uniform(0.05, 0.12))
        hot_air_balloon(canvas, rng, small, mood, distance=0.45)
    scale = rng.uniform(0.2, 0.5)
    at = Frame(
        rng.uniform(0.15, 0.85), rng.uniform(0.25, 0.55), scale, rng.normal(0, 0.08), rng.random() < 0.5
    )
    hot_air_balloon(canvas, rng, at, mood, distance=rng.uniform(0, 0.15))


def _fish(canvas: Canvas, rng: Rng) -> None:
    _under_water(canvas, rng)
    count = 1 if rng.random() < 0.6 else int(rng.integers(2, 5))
    looks = int(rng.integers(1 << 30))
    for number in range(count):
        scale = rng.uniform(0.3, 0.75) if number == count - 1 else rng.uniform(0.12, 0.26)
        at = Frame(
            rng.uniform(0.3, 0.7), rng.uniform(0.25, 0.7), scale, rng.normal(0, 0.22), rng.random() < 0.5
        )
        if number < count - 1:
            at = Frame(rng.random(), rng.random(), scale, rng.normal(0, 0.2), at.mirrored)
        fish(canvas, np.random.default_rng(looks), at)


def _under_water(canvas: Canvas, rng: Rng) -> None:
    mood = any_mood(rng)
    canvas.rectangle(
        0, 0, 1, 1, mix(mood.horizon, mood.zenith, rng.uniform(0.1, 0.7)), mix(mood.zenith, DARK, 0.45)
    )
    for x in rng.uniform(-0.2, 1.1, 6):
        lean, width = rng.uniform(-0.3, 0.3), rng.uniform(0.02, 0.1)
        ray = np.array([(x, 0), (x + width, 0), (x + lean + 2 * width, 1), (x + lean, 1)])
        canvas.shape(ray, mood.light, mood.zenith, alpha=rng.uniform(0.08, 0.25), soft=0.02)
    canvas.veil(np.clip(fractal(rng, 3, 4) - 0.5, 0, 1) * 0.6, mix(mood.zenith, DARK, 0.6))
    if rng.random() < 0.7:
        ground(canvas, rng, mood, rng.uniform(0.78, 0.95), mix(any_ground(rng), mood.zenith, 0.4))
    if rng.random() < 0.5:
        for x in rng.uniform(0, 1, int(rng.integers(1, 4))):
            rock = mix(any_ground(rng), mood.zenith, 0.5)
            peak(canvas, rng, mood, (x, rng.uniform(0.5, 0.85)), 1.02, rock, 0.3, x < 0.5)
    if rng.random() < 0.25:
        at = Frame(rng.random(), 0.97, rng.uniform(0.15, 0.3), rng.normal(0, 0.2), rng.random() < 0.5)
        (yacht if rng.random() < 0.5 else house)(canvas, rng, at, mood)
        canvas.veil(np.full((2, 2), 0.35), mood.zenith)
    weed = mix(any_foliage(rng), mood.zenith, 0.3)
    for x in rng.uniform(0, 1, int(rng.integers(0, 14))):
        tall, phase = rng.uniform(0.1, 0.5), rng.uniform(0, 6)
        y = np.linspace(1, 1 - tall, 14)
        edge = np.stack([x + 0.02 * np.sin(y * 22 + phase), y], axis=1)
        taper = np.stack([np.linspace(0.02, 0.002, 14), np.zeros(14)], axis=1)
        canvas.shape(np.concatenate([edge, (edge + taper)[::-1]]), near(rng, weed), mix(weed, DARK, 0.4))
    for _ in range(int(rng.integers(3, 22))):
        x, y, size = rng.random(), rng.random(), rng.uniform(0.004, 0.02)
        canvas.shape(disc(x, y, size), mood.light, alpha=0.35)
        canvas.dot(x - size * 0.3, y - size * 0.3, size * 0.3, WHITE)


def _flower(canvas: Canvas, rng: Rng) -> None:
    mood = any_mood(rng)
    horizon = rng.uniform(0.1, 0.9)
    sky(canvas, rng, mood, horizon)
    afloat = _land(canvas, rng, mood, horizon)
    _companions(canvas, rng, mood, horizon, "flower", afloat)
    for _ in range(int(rng.integers(0, 16))):
        spot = disc(rng.random(), rng.random(), rng.uniform(0.02, 0.09))
        canvas.shape(spot, mix(any_colour(rng), mood.light, 0.5), alpha=0.4)
    canvas.blur(rng.uniform(0.002, 0.014))
    count = 1 if rng.random() < 0.5 else int(rng.integers(2, 6))
    looks = int(rng.integers(1 << 30))
    for number in range(count):
        scale = rng.uniform(0.2, 0.48) if number == count - 1 else rng.uniform(0.1, 0.2)
        at = Frame(
            rng.uniform(0.3, 0.7), rng.uniform(0.28, 0.6), scale, rng.normal(0, 0.4), rng.random() < 0.5
        )
        if number < count - 1:
            at = Frame(rng.uniform(0.05, 0.95), rng.uniform(0.2, 0.8), scale, rng.normal(0, 0.4))
        flower(canvas, rng, np.random.default_rng(looks), at)


def _house(canvas: Canvas, rng: Rng) -> None:
    mood = any_mood(rng)
    horizon = rng.uniform(0.5, 0.75)
    sky(canvas, rng, mood, horizon)
    hills(canvas, rng, mood, horizon, int(rng.integers(0, 4)))
    ground(canvas, rng, mood, horizon, any_ground(rng))
    _companions(canvas, rng, mood, horizon, "house", afloat=False)
    trees(canvas, rng, mood, horizon + 0.02, int(rng.integers(0, 7)), (0.12, 0.34))
    scale = rng.uniform(0.2, 0.46)
    foot = min(horizon + rng.uniform(0.03, 0.2), 0.92)
    at = Frame(rng.uniform(0.22, 0.78), foot, scale, rng.normal(0, 0.02), rng.random() < 0.5)
    house(canvas, rng, at, mood)
    trees(canvas, rng, mood, min(foot + 0.06, 0.98), int(rng.integers(0, 3)), (0.15, 0.42))


def _mountain(canvas: Canvas, rng: Rng) -> None:
    mood = any_mood(rng)
    horizon = rng.uniform(0.6, 0.9)
    sky(canvas, rng, mood, horizon)
    hills(canvas, rng, mood, horizon, int(rng.integers(0, 3)), 0.2)
    rock = mix(any_colour(rng, (0.1, 0.5)), rgb(96, 92, 100), rng.uniform(0.45, 0.85))
    lit_left = rng.random() < 0.5
    count = int(rng.integers(1, 5))
    for number in range(count):
        tall = rng.uniform(0.3, 0.66) * (0.75 if number < count - 1 else 1)
        top = (rng.uniform(0.1, 0.9), max(horizon - tall, 0.06))
        distance = 0.5 * (count - 1 - number) / count + rng.uniform(0.02, 0.15)
        peak(canvas, rng, mood, top, horizon + 0.02, near(rng, rock, 6), distance, lit_left)
    afloat = _land(canvas, rng, mood, horizon)
    _companions(canvas, rng, mood, horizon, "mountain", afloat)


def _sailboat(canvas: Canvas, rng: Rng) -> None:
    mood = any_mood(rng)
    horizon = rng.uniform(0.42, 0.72)
    sky(canvas, rng, mood, horizon)
    hills(canvas, rng, mood, horizon, int(rng.integers(0, 4)), 0.15)
    for _ in range(int(rng.integers(0, 3))):
        away = Frame(rng.random(), horizon + 0.005, rng.uniform(0.06, 0.14), 0, rng.random() < 0.5)
        yacht(canvas, rng, away, mood)
    _companions(canvas, rng, mood, horizon, "sailboat", afloat=False)
    water(canvas, rng, mood, horizon)
    scale = rng.uniform(0.22, 0.55)
    waterline = min(horizon + rng.uniform(0.03, 0.22), 0.88)
    at = Frame(rng.uniform(0.2, 0.8), waterline, scale, rng.normal(0, 0.12), rng.random() < 0.5)
    boat = Canvas()
    yacht(boat, rng, at, mood)
    boat.mirror_below(waterline, rng, 0.45)
    canvas.lay(boat)
    for _ in range(14):  # foam along the hull
        x = at.x + rng.uniform(-0.5, 0.5) * scale
        canvas.shape(
            disc(x, waterline + rng.uniform(0, 0.012), rng.uniform(0.01, 0.04), 0.004), WHITE, alpha=0.5
        )


def _companions(canvas: Canvas, rng: Rng, mood: Mood, horizon: float, subject: str, afloat: bool) -> None:
    """Smaller things of the other kinds around it, as real scenes have them; boats only if ``afloat``."""
    if subject != "mountain" and rng.random() < 0.55:
        for x in rng.uniform(0, 1, int(rng.integers(1, 4))):
            top = (x, horizon - rng.uniform(0.08, 0.32))
            rock = mix(any_colour(rng), rgb(96, 92, 100), 0.7)
            peak(canvas, rng, mood, top, horizon + 0.01, rock, rng.uniform(0.2, 0.45), x < 0.5)
    if subject != "house" and rng.random() < 0.5:
        for x in rng.uniform(0.05, 0.95, int(rng.integers(1, 4))):
            at = Frame(x, horizon + 0.015, rng.uniform(0.08, 0.2), 0, rng.random() < 0.5)
            house(canvas, rng, at, mood)
    if afloat and rng.random() < 0.7:
        for x in rng.uniform(0.05, 0.95, int(rng.integers(1, 4))):
            at = Frame(x, horizon + 0.02, rng.uniform(0.1, 0.22), rng.normal(0, 0.06), rng.random() < 0.5)
            yacht(canvas, rng, at, mood)
    if subject != "balloon" and rng.random() < 0.5:
        for x in rng.uniform(0.05, 0.95, int(rng.integers(1, 4))):
            at = Frame(
                x, rng.uniform(0.08, max(horizon - 0.2, 0.1)), rng.uniform(0.06, 0.19), rng.normal(0, 0.05)
            )
            hot_air_balloon(canvas, rng, at, mood, distance=rng.uniform(0.1, 0.4))
    if subject != "flower" and not afloat and rng.random() < 0.4:
        looks = int(rng.integers(1 << 30))
        for x in rng.uniform(0.02, 0.98, int(rng.integers(1, 5))):
            at = Frame(x, rng.uniform(0.84, 0.96), rng.uniform(0.06, 0.17), rng.normal(0, 0.3))
            flower(canvas, rng, np.random.default_rng(looks), at)


def _land(canvas: Canvas, rng: Rng, mood: Mood, horizon: float) -> bool:
    """What lies below the horizon in scenes whose subject is above it: fields, woods or (True) water."""
    if rng.random() < 0.3:
        hills(canvas, rng, mood, horizon, int(rng.integers(0, 3)), 0.06)
        water(canvas, rng, mood, horizon)
        return True
    hills(canvas, rng, mood, horizon, int(rng.integers(0, 3)), 0.08)
    ground(canvas, rng, mood, horizon, any_ground(rng))
    if rng.random() < 0.6:
        trees(canvas, rng, mood, horizon + 0.03, int(rng.integers(2, 14)), (0.05, 0.16))
    return False


def _photograph(canvas: Canvas, rng: Rng) -> Image.Image:
    """The picture as a hand-held camera takes it: tilted, toned, a little soft, darker corners, grain."""
    image = canvas.image.convert("RGB")
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    side = PIXELS
    tilt = np.radians(rng.normal(0, 5))
    # Zoomed in until the corners of the turned picture lie outside.
    zoom = rng.uniform(0.88, 1) / (np.cos(tilt) + np.sin(abs(tilt)))
    cosine, sine = np.cos(tilt) * zoom, np.sin(tilt) * zoom
    middle = side / 2
    matrix = (cosine, sine, middle * (1 - cosine - sine), -sine, cosine, middle * (1 + sine - cosine))
    image = image.resize((side, side), Image.Resampling.HAMMING).transform(
        (side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
    )
    image = ImageEnhance.Color(image).enhance(rng.uniform(0.75, 1.35))
    if rng.random() < 0.35:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.1)))
    tones = (np.linspace(0, 1, 256) ** rng.uniform(0.7, 1.15) - 0.5) * rng.uniform(0.88, 1.15) + 0.5
    tones = (tones + rng.normal(0.01, 0.025)) * (1 + rng.normal(0, 0.04, (3, 1)))
    image = image.point(np.clip(np.rint(tones * 255), 0, 255).astype(int).ravel().tolist())
    away = np.linspace(-1, 1, side, dtype=np.float32) ** 2
    corners = 1 - np.float32(rng.uniform(0, 0.15)) * (away[:, None] + away[None, :])
    grain = rng.standard_normal((side, side), np.float32) * np.float32(rng.uniform(1.5, 8))
    pixels = np.asarray(image, dtype=np.float32) * corners[..., None] + grain[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


SUBJECTS: dict[str, Callable[[Canvas, Rng], None]] = {
    "balloon": _balloon,
    "fish": _fish,
    "flower": _flower,
    "house": _house,
    "mountain": _mountain,
    "sailboat": _sailboat,
}
