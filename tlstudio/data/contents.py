"""What image files hold, in digests: a file put in another's place, as large and as old, is another image."""

import dataclasses
import hashlib
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tlstudio.data.catalogue import Catalogue, ImageRecord
from tlstudio.errors import UnreadableImage
from tlstudio.events import Control, Event, Progress

_CHUNK = 64  # images between two looks at the control
_THREADS = 4
_TEXT = "Noting what the images hold"


def note_contents(catalogue: Catalogue, control: Control) -> Generator[Event, None, Catalogue]:
    """The catalogue with the digests of its files as they are now; yields Progress in images.

    Raises:
        UnreadableImage: a file is gone, or may not be read.
    """
    images: list[ImageRecord] = []
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="digest") as pool:
        for start in range(0, len(catalogue.images), _CHUNK):
            yield Progress(_TEXT, start, len(catalogue.images))
            control.checkpoint()
            chunk = catalogue.images[start : start + _CHUNK]
            digests = pool.map(_digest, map(catalogue.file, chunk))
            images += [
                dataclasses.replace(image, digest=digest)
                for image, digest in zip(chunk, digests, strict=True)
            ]
    yield Progress(_TEXT, len(images), len(images))
    return dataclasses.replace(catalogue, images=tuple(images))


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableImage(str(path), (error.strerror or "it is gone").lower()) from error
