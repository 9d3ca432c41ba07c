"""Features of a frozen prefix, computed once and kept on disk between epochs and runs."""

import contextlib
import hashlib
import io
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tlstudio.data.catalogue import Catalogue, ImageRecord

# Part of every key: raise it when decoding, views or features change their meaning.
_CODE_VERSION = 1
_NPY_VERSION = (2, 0)
DEFAULT_LIMIT = 10 * 10**9  # bytes
_DAY = 24 * 60 * 60  # seconds


def content_digest(catalogue: Catalogue, images: Iterable[ImageRecord]) -> str:
    """A digest of the bytes of these files in this order; a changed image changes it."""
    digest = hashlib.sha256()
    for image in images:
        with catalogue.file(image).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def weights_digest(tensors: Mapping[str, Tensor]) -> str:
    """A digest of what a network computes with: its tensors, by name; one changed bit changes it."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def key_of(*parts: Any) -> str:
    """The name of the features that these parts decide; each part's text must tell it from others."""
    return hashlib.sha256(repr((_CODE_VERSION, parts)).encode()).hexdigest()[:32]


class FeatureStore:
    """Files of features ``[images, ...]`` in float32, the least recently used ones making room.

    Attributes:
        folder: where they lie; all in it can be made again.
        limit: bytes that they may take together.
    """

    def __init__(self, folder: Path, limit: int = DEFAULT_LIMIT) -> None:
        self.folder = folder
        self.limit = limit

    def load(self, key: str) -> "KeptFeatures | None":
        """The features of that name; None if they are not there whole."""
        path = self._path(key)
        try:
            kept = KeptFeatures(path)
            path.touch()
        except (OSError, ValueError, EOFError):
            return None
        return kept

    def write(self, key: str, rows: int, shape: tuple[int, ...]) -> "FeatureWriter":
        """A writer for ``rows`` features of ``shape``, room made for it.

        Raises:
            OSError: the folder cannot be written, or the features are larger than the limit.
        """
        size = 4 * rows * int(np.prod(shape))
        if size > self.limit:
            raise OSError(f"{size / 1e9:.1f} GB of features exceed the cache's limit")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._make_room(size)
        return FeatureWriter(self._path(key), rows, shape)

    def _make_room(self, size: int) -> None:
        for part in self.folder.glob("*.part"):  # of a run that was killed, if it is a day old
            if time.time() - part.stat().st_mtime > _DAY:
                part.unlink(missing_ok=True)
        files = sorted(self.folder.glob("*.npy"), key=lambda path: path.stat().st_mtime)
        total = sum(path.stat().st_size for path in files)
        for path in files:
            if total + size <= self.limit:
                break
            total -= path.stat().st_size
            path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npy"


class KeptFeatures:
    """A whole file of features, open; its rows are read, not mapped, and so never fill the memory.

    Attributes:
        shape: ``(images, ...)``.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            OSError, ValueError, EOFError: the file is missing, damaged or cut off.
        """
        with contextlib.ExitStack() as opened:
            file = opened.enter_context(path.open("rb", buffering=0))
            version = np.lib.format.read_magic(file)
            self.shape, fortran_order, dtype = np.lib.format.read_array_header_2_0(file)
            self._start = file.tell()
            self._row_bytes = 4 * int(np.prod(self.shape[1:]))
            whole = self._start + self.shape[0] * self._row_bytes
            if (
                version != _NPY_VERSION
                or fortran_order
                or dtype != np.dtype("<f4")
                or path.stat().st_size != whole
            ):
                raise ValueError(f"{path} is not a whole file of features")
            opened.pop_all()
        self._file = file

    def rows(self, rows: Sequence[int]) -> Tensor:
        """These rows as ``[N, ...]``.

        Raises:
            OSError: the disk is gone.
        """
        features = np.empty((len(rows), *self.shape[1:]), "<f4")
        for place, row in enumerate(rows):
            self._file.seek(self._start + row * self._row_bytes)
            if self._file.readinto(features[place].data) != self._row_bytes:
                raise OSError("a file of features was cut off while it was read")
        return torch.from_numpy(features)  # pyright: ignore[reportUnknownMemberType] - torch leaves it untyped

    def close(self) -> None:
        self._file.close()


class FeatureWriter:
    """Takes rows in any order; the file gets its name once the last one is in.

    Rows are written, not mapped: a disk that fills is then an OSError and not a crash.
    """

    def __init__(self, path: Path, rows: int, shape: tuple[int, ...]) -> None:
        self._path = path
        # Two runs may compute the same features at once: each writes a file of its own.
        self._part = path.with_suffix(f".{secrets.token_hex(4)}.part")
        self._missing = set(range(rows))
        self._row_bytes = 4 * int(np.prod(shape))
        header = io.BytesIO()
        np.lib.format.write_array_header_2_0(
            header, {"descr": "<f4", "fortran_order": False, "shape": (rows, *shape)}
        )
        self._start = header.tell()
        self._file = self._part.open("xb")
        self._file.write(header.getvalue())

    def put(self, rows: Sequence[int], features: Tensor) -> None:
        """Write features ``[N, ...]`` as these rows.

        Raises:
            OSError: the disk is full or gone.
        """
        for row, feature in zip(rows, features.to("cpu", torch.float32).contiguous(), strict=True):
            self._file.seek(self._start + row * self._row_bytes)
            self._file.write(feature.numpy().astype("<f4", copy=False).tobytes())
            self._missing.discard(row)

    def close(self) -> None:
        """Keep the file if every row is in, drop it otherwise."""
        try:
            self._file.close()
            if not self._missing:
                self._part.replace(self._path)
        finally:
            self._part.unlink(missing_ok=True)
