"""Small image folders made for a test."""

import random
from pathlib import Path

from PIL import Image, ImageDraw

COLOURS = {"blue": (40, 60, 200), "green": (40, 170, 60), "red": (200, 50, 40)}


def picture(colour: tuple[int, int, int], number: int, size: int = 48) -> Image.Image:
    """A disc of a colour somewhere on a noisy ground; no two are alike."""
    rng = random.Random(f"{colour}{number}")
    image = Image.frombytes("RGB", (size, size), rng.randbytes(3 * size * size))
    x, y, r = rng.randrange(10, size - 10), rng.randrange(10, size - 10), rng.randrange(8, 18)
    ImageDraw.Draw(image).ellipse((x - r, y - r, x + r, y + r), fill=colour)
    return image


def image_folder(root: Path, per_class: int = 12) -> Path:
    """``root/{blue,green,red}/NN.png``."""
    for name, colour in COLOURS.items():
        (root / name).mkdir(parents=True)
        for number in range(per_class):
            picture(colour, number).save(root / name / f"{number:02d}.png")
    return root
