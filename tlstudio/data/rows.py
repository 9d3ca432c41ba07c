"""Arrays that took long to make, kept on disk between epochs and runs: one file for many, a row for each.

All in the folder can be made again. Rows are read, not mapped, and so never fill the memory; written, not
mapped, so that a disk that fills is an error and not a crash.
"""

import contextlib
import hashlib
import math
import os
import secrets
import struct
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

DEFAULT_LIMIT = 10 * 10**9  # bytes
# Part of every key: raise it when decoding, views or features change their meaning.
_CODE_VERSION = 2
_DAY = 24 * 60 * 60  # seconds
# At the end of a file, after the rows and their index: mark, dtype, rows, dimensions, where the index begins.
_FOOTER = struct.Struct("<8s8sqqq")
_MARK = b"TLROWS01"
_MOST_DIMENSIONS = 8

Array = np.ndarray[Any, Any]


def key_of(*parts: Any) -> str:
    """The name of the rows that these parts decide; each part's text must tell it from others."""
    return hashlib.sha256(repr((_CODE_VERSION, parts)).encode()).hexdigest()[:32]


class RowStore:
    """Files of rows, the least recently used ones making room.

    Attributes:
        folder: where they lie.
        limit: bytes that they may take together.
    """

    def __init__(self, folder: Path, limit: int = DEFAULT_LIMIT) -> None:
        self.folder = folder
        self.limit = limit

    def open(self, key: str, rows: int, dtype: str, expected: int) -> "RowFile":
        """The rows of that name: those that are there, or a new file to put them into.

        Args:
            rows: how many there are or will be.
            dtype: of their values, as numpy writes it.
            expected: bytes that all rows will take, about.

        Raises:
            OSError: the folder cannot be written, or the rows would take more than the limit.
        """
        path = self.folder / f"{key}.rows"
        kept = RowFile.kept(path, rows, dtype)
        if kept is not None:
            return kept
        if expected > self.limit:
            raise OSError(f"{expected / 1e9:.1f} GB exceed the cache's limit of {self.limit / 1e9:.1f} GB")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._make_room(expected)
        return RowFile.new(path, rows, dtype, self.limit)

    def _make_room(self, size: int) -> None:
        for part in self.folder.glob("*.part"):  # of a run that was killed, if it is a day old
            with contextlib.suppress(OSError):
                if time.time() - part.stat().st_mtime > _DAY:
                    part.unlink()
        files: list[tuple[float, int, Path]] = []
        for path in self.folder.iterdir():
            if path.suffix != ".part":
                with contextlib.suppress(OSError):  # another run may be making room too
                    status = path.stat()
                    files.append((status.st_mtime, status.st_size, path))
        total = sum(taken for _, taken, _ in files)
        for _, taken, path in sorted(files):
            if total + size <= self.limit:
                break
            with contextlib.suppress(OSError):  # Windows keeps what is open
                path.unlink()
                total -= taken


class RowFile:
    """Rows of any shape and one dtype; may be used from several threads.

    A new file gets its name once its last row is in; closed before that, it is gone.
    """

    def __init__(self, path: Path, rows: int, dtype: str) -> None:
        self._path = path
        self._dtype = np.dtype(dtype)
        self._rows = rows
        self._places: dict[int, tuple[int, tuple[int, ...]]] = {}  # offset and shape
        self._lock = threading.Lock()
        self._part: Path | None = None
        self._limit = 0
        self._end = 0
        self._file: Any = None

    @classmethod
    def kept(cls, path: Path, rows: int, dtype: str) -> "RowFile | None":
        """The whole file at ``path``; None if there is none, or it is damaged, cut off or another one."""
        found = cls(path, rows, dtype)
        try:
            found._open_kept()
            os.utime(path)
        except (OSError, ValueError, struct.error):
            found.close()
            return None
        return found

    @classmethod
    def new(cls, path: Path, rows: int, dtype: str, limit: int) -> "RowFile":
        """An empty file of at most ``limit`` bytes.

        Raises:
            OSError: it cannot be made.
        """
        made = cls(path, rows, dtype)
        # Two runs may make the same rows at once: each writes a file of its own.
        made._part = path.with_suffix(f".{secrets.token_hex(4)}.part")
        made._file = made._part.open("x+b", buffering=0)
        made._limit = limit
        return made

    @property
    def complete(self) -> bool:
        return len(self._places) == self._rows

    def __contains__(self, row: int) -> bool:
        return row in self._places

    def get(self, row: int) -> Array:
        """A row that is in the file.

        Raises:
            OSError: the disk is gone, or the file was cut off meanwhile.
        """
        offset, shape = self._places[row]
        values = np.empty(shape, self._dtype)
        with self._lock:
            self._file.seek(offset)
            read = self._file.readinto(values.reshape(-1).view(np.uint8).data)
        if read != values.nbytes:
            raise OSError(f"{self._path} was cut off while it was read")
        return values

    def put(self, row: int, values: Array) -> None:
        """Add a row; one that is there already stays.

        Raises:
            OSError: the disk is full or gone, or the limit is reached.
        """
        content = np.ascontiguousarray(values, self._dtype)
        with self._lock:
            if row in self._places or self._part is None:
                return
            if self._end + content.nbytes > self._limit:
                raise OSError(f"the cache's limit of {self._limit / 1e9:.1f} GB is reached")
            self._file.seek(self._end)
            self._file.write(content.reshape(-1).view(np.uint8).data)
            self._places[row] = self._end, content.shape
            self._end += content.nbytes
            if self.complete:
                self._finish(self._part)

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
            if self._part is not None:
                self._part.unlink(missing_ok=True)
                self._part = None

    def _finish(self, part: Path) -> None:
        """Write the index, give the file its name and go on reading it under that."""
        dimensions = max((len(shape) for _, shape in self._places.values()), default=0)
        index = np.full((self._rows, 1 + dimensions), -1, "<i8")
        for row, (offset, shape) in self._places.items():
            index[row, : 1 + len(shape)] = offset, *shape
        dtype = self._dtype.str.encode()
        footer = _FOOTER.pack(_MARK, dtype, self._rows, dimensions, self._end)
        self._file.write(index.tobytes() + footer)
        self._file.close()  # Windows renames nothing that is open
        part.replace(self._path)
        self._part = None
        self._file = self._path.open("rb", buffering=0)

    def _open_kept(self) -> None:
        self._file = self._path.open("rb", buffering=0)
        size = self._file.seek(0, os.SEEK_END)
        self._file.seek(max(0, size - _FOOTER.size))
        mark, dtype, rows, dimensions, start = _FOOTER.unpack(self._file.read(_FOOTER.size))
        width = 1 + dimensions
        whole = start + rows * width * 8 + _FOOTER.size == size
        ours = mark == _MARK and dtype.rstrip(b"\0") == self._dtype.str.encode() and rows == self._rows
        if not (ours and whole and 0 <= dimensions <= _MOST_DIMENSIONS and start >= 0):
            raise ValueError(f"{self._path} is not a whole file of these rows")
        self._file.seek(start)
        index = np.frombuffer(self._file.read(rows * width * 8), "<i8").reshape(rows, width).tolist()
        for row, (offset, *sides) in enumerate(index):
            shape = tuple(side for side in sides if side >= 0)
            if not 0 <= offset <= offset + math.prod(shape) * self._dtype.itemsize <= start:
                raise ValueError(f"{self._path} has rows outside itself")
            self._places[row] = offset, shape
