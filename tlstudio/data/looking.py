"""What an image looks like, in a handful of numbers."""

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from tlstudio.data.decode import read_content, read_image
from tlstudio.data.facts import Look

_SIDE = 256  # pixels of the copy that is measured, so that sharpness compares between sizes
_HASH = (9, 8)  # columns and rows


def look_at(path: Path) -> Look:
    """What decoding all of an image shows.

    Raises:
        UnreadableImage: as :func:`tlstudio.data.decode.read_image`.
    """
    content = read_content(path)  # once, for the digest and the pixels
    grey = read_image(path, _SIDE, content).convert("L")
    grey.thumbnail((_SIDE, _SIDE))
    values = np.asarray(grey, dtype=np.float32) / 255
    return Look(
        digest=hashlib.sha256(content).digest(),
        hash=difference_hash(grey),
        brightness=float(values.mean()),
        contrast=float(values.std()),
        sharpness=_sharpness(values),
    )


def difference_hash(image: Image.Image) -> int:
    """64 bits, each whether a place is brighter than the one to its left, as a signed number.

    Copies of an image in another size, quality or brightness differ in few bits (the "dHash" of N. Krawetz,
    2013).
    """
    small = np.asarray(image.convert("L").resize(_HASH, Image.Resampling.BOX), dtype=np.int16)
    bits = np.packbits(small[:, 1:] > small[:, :-1])
    return int.from_bytes(bits.tobytes(), "big", signed=True)


def _sharpness(values: np.ndarray) -> float:
    """The variance of the Laplacian (Pech-Pacheco et al. 2000); 0 for what is too small to have one."""
    if min(values.shape) < 3:
        return 0.0
    middle = values[1:-1, 1:-1]
    around = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:]
    return float((around - 4 * middle).var())
