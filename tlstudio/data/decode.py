"""The one way a file becomes RGB pixels: at training, at prediction and in the window."""

import contextlib
import io
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.Image import Transpose

from tlstudio.errors import UnreadableImage

EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff"})
# A list of our own, or Pillow would try dozens of decoders that nobody asked for on a stranger's file.
_FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF")
MAX_PIXELS = 89_478_485  # where Pillow begins to warn: a quarter of a gigabyte as RGB
MAX_BYTES = 10**9  # more than so many pixels take in any format

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)

# Process-wide, since switching filters inside threads is not safe: Pillow only warns of a bomb, and what it
# says about odd metadata is of no use to the person whose picture is fine.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def read_image(path: Path, min_side: int | None = None, content: bytes | None = None) -> Image.Image:
    """Decode a file to an upright RGB image; ``content`` are its bytes, where they were read already.

    ``min_side`` (pixels) lets a JPEG be decoded at a fraction of its size, several times faster; its shorter
    side then stays at least twice ``min_side``, so that resizing to ``min_side`` loses nothing. Of an
    animation this is the first frame; transparency is laid on white; 16-bit values are scaled to 8.

    Raises:
        UnreadableImage: the file is missing, damaged, too large or no image of a known format.
    """
    with _opened(path, content) as image:
        if min_side is not None:
            image.draft(None, (2 * min_side, 2 * min_side))
        image.load()
        # Only now: TIFF turns itself while loading, and a PNG may carry the tag behind its pixels.
        orientation = _orientation(image)
        rgb = _to_rgb(image)
        return rgb.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else rgb


def read_content(path: Path) -> bytes:
    """The bytes of a file, to be decoded by :func:`read_image`.

    Raises:
        UnreadableImage: the file is missing, empty, or may not be read.
    """
    with _named(path):
        _require_content(path)
        return path.read_bytes()


def image_size(path: Path) -> tuple[int, int]:
    """Width and height of the upright image, from the file's header.

    Raises:
        UnreadableImage: as :func:`read_image`, as far as the header shows it.
    """
    with _opened(path) as image:
        return _upright_size(image)


@contextlib.contextmanager
def _opened(path: Path, content: bytes | None = None) -> Iterator[Image.Image]:
    """The image with its header read; whatever goes wrong while it is open becomes an UnreadableImage."""
    with _named(path), contextlib.ExitStack() as stack:
        if content is None:
            _require_content(path)
        file = stack.enter_context(path.open("rb") if content is None else io.BytesIO(content))
        image = stack.enter_context(Image.open(file, formats=_FORMATS))
        if image.width * image.height > MAX_PIXELS:
            raise UnreadableImage(str(path), _too_large(image.size))
        yield image


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Whatever goes wrong becomes an UnreadableImage of this file."""
    try:
        yield
    except UnreadableImage:
        raise
    except Exception as error:  # decoders raise nearly anything on damaged data
        raise UnreadableImage(str(path), _reason(error)) from error


def _require_content(path: Path) -> None:
    # Opening a pipe would wait for ever.
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableImage(str(path), "not a file")
    if status.st_size == 0:
        raise UnreadableImage(str(path), "empty file")
    if status.st_size > MAX_BYTES:
        raise UnreadableImage(str(path), f"too large, {status.st_size / 1e9:.1f} GB")


def _too_large(size: tuple[int, int]) -> str:
    return f"too large, {size[0]:,} x {size[1]:,} pixels where at most {MAX_PIXELS // 1_000_000} million fit"


_REASONS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((FileNotFoundError,), "there is no such file"),
    ((PermissionError,), "no permission"),
    ((UnidentifiedImageError,), "not an image"),
    ((Image.DecompressionBombError, Image.DecompressionBombWarning), "too large"),
    ((MemoryError,), "not enough memory"),
    ((EOFError,), "truncated"),
)


def _reason(error: Exception) -> str:
    for kinds, reason in _REASONS:
        if isinstance(error, kinds):
            return reason
    if "truncated" in str(error).lower():
        return "truncated"
    return error.strerror.lower() if isinstance(error, OSError) and error.strerror else "damaged"


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # a damaged EXIF block says nothing about the pixels
        return 1


def _upright_size(image: Image.Image) -> tuple[int, int]:
    # TIFF gives its size as it will be once it is turned.
    sideways = image.format != "TIFF" and _orientation(image) in _SIDEWAYS
    return (image.height, image.width) if sideways else image.size


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return _from_deep(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        ground.alpha_composite(layer)
        return ground.convert("RGB")
    # A copy even of what is RGB already: the opened image closes with its file.
    return image.convert("RGB")


def _from_deep(image: Image.Image) -> Image.Image:
    """From one channel of more than 8 bits: 16-bit values are divided by 257, floats up to 1 times 255.

    Whatever lies outside those ranges is stretched from its smallest to its largest value.
    """
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    low, high = float(values.min()), float(values.max())
    if image.mode.startswith("I") and low >= 0 and high <= 65_535:
        values = values / 257
    elif image.mode == "F" and low >= 0 and high <= 1:
        values = values * 255
    else:
        values = (values - low) * (255 / max(high - low, 1e-12))
    return Image.fromarray(np.rint(values).astype(np.uint8)).convert("RGB")
