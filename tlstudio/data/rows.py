"""Arrays that took long to make, kept on disk between epochs and runs: one file for many, a row for each.

All in the folder can be made again. Rows are read, not mapped, and so never fill the memory; written, not
mapped, so that a disk that fills is an error and not a crash. A sum of each row tells damage.
"""

import contextlib
import errno
import hashlib
import math
import os
import secrets
import shutil
import struct
import threading
import time
import weakref
import zlib
from pathlib import Path
from typing import Any

import numpy as np

DEFAULT_LIMIT = 10 * 10**9  # bytes
# Part of every key: raise it when decoding, views or features change their meaning.
_CODE_VERSION = 3
_DAY = 24 * 60 * 60  # seconds
# Bytes that stay free on the disk, or this share of a small one: models have to be saved there too.
_SPARE, _SPARE_SHARE = 500 * 10**6, 0.05
# At the end of a file, after the rows and their index: mark, dtype, rows, dimensions, where the index begins.
_FOOTER = struct.Struct("<8s8sqqq")
_MARK = b"TLROWS02"
_MOST_DIMENSIONS = 8

Array = np.ndarray[Any, Any]


def key_of(*parts: Any) -> str:
    """The name of the rows that these parts decide; each part's text must tell it from others."""
    return hashlib.sha256(repr((_CODE_VERSION, parts)).encode()).hexdigest()[:32]


class RowStore:
    """Files of rows, the least recently used ones making room, but for those that are in use.

    Attributes:
        folder: where they lie.
        limit: bytes that they may take together.
    """

    def __init__(self, folder: Path, limit: int = DEFAULT_LIMIT) -> None:
        self.folder = folder
        self.limit = limit
        self._lock = threading.Lock()
        self._open: weakref.WeakSet[RowFile] = weakref.WeakSet()

    def find(self, key: str, rows: int, dtype: str) -> "RowFile | None":
        """The rows of that name, if they are there, all of them."""
        with self._lock:
            return self._find(key, rows, dtype)

    def open(self, key: str, rows: int, dtype: str, expected: int) -> "RowFile":
        """The rows of that name: those that are there, or a new file to put them into.

        Args:
            rows: how many there are or will be.
            dtype: of their values, as numpy writes it.
            expected: bytes that all rows will take, about.

        Raises:
            OSError: the folder cannot be written, or there is no room for the rows.
        """
        with self._lock:
            found = self._find(key, rows, dtype)
            if found is None:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._make_room(expected)
                found = RowFile.new(self._path(key), rows, dtype, self.limit, expected)
                self._open.add(found)
            return found

    def _find(self, key: str, rows: int, dtype: str) -> "RowFile | None":
        found = RowFile.kept(self._path(key), rows, dtype)
        if found is not None:
            self._open.add(found)
        return found

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.rows"

    def _make_room(self, size: int) -> None:
        """
        Raises:
            OSError: ``size`` bytes more are too many, even without all that is not in use.
        """
        in_use = [file for file in self._open if not file.closed]
        held = {file.path for file in in_use}
        size += sum(file.outstanding for file in in_use)
        files: list[tuple[float, int, Path]] = []
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):  # another run may be making room too
                status = path.stat()
                if path.suffix == ".part" and time.time() - status.st_mtime > _DAY and path not in held:
                    path.unlink()  # of a run that was killed
                else:
                    files.append((status.st_mtime, status.st_size, path))
        disk, total = shutil.disk_usage(self.folder), sum(taken for _, taken, _ in files)
        free = disk.free - int(min(_SPARE, _SPARE_SHARE * disk.total))
        for _, taken, path in sorted(files):
            if total + size <= self.limit and size <= free:
                break
            if path.suffix == ".rows" and path not in held:
                with contextlib.suppress(OSError):  # Windows keeps what another run has open
                    path.unlink()
                    total, free = total - taken, free + taken
        if total + size > self.limit:
            limit = f"the cache's limit of {self.limit / 1e9:.1f} GB"
            raise OSError(f"with {size / 1e9:.1f} GB more they would exceed {limit}")
        if size > free:
            raise OSError(errno.ENOSPC, f"{disk.free / 1e9:.1f} GB are left on the disk")


class RowFile:
    """Rows of any shape and one dtype; may be used from several threads.

    A new file gets its name once its last row is in; closed before that, it is gone.

    Attributes:
        path: where it lies now.
        closed: whether it was closed, or given up since it could not be written.
    """

    def __init__(self, path: Path, rows: int, dtype: str) -> None:
        self.path = path
        self.closed = False
        self._name = path
        self._dtype = np.dtype(dtype)
        self._rows = rows
        self._places: dict[int, tuple[int, int, tuple[int, ...]]] = {}  # offset, sum and shape
        self._lock = threading.Lock()
        self._limit = self._expected = 0
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
    def new(cls, path: Path, rows: int, dtype: str, limit: int, expected: int) -> "RowFile":
        """An empty file of at most ``limit`` bytes, and about the ``expected`` ones.

        Raises:
            OSError: it cannot be made.
        """
        made = cls(path, rows, dtype)
        # Two runs may make the same rows at once: each writes a file of its own.
        made.path = path.with_suffix(f".{secrets.token_hex(4)}.part")
        made._file = made.path.open("x+b", buffering=0)
        made._limit, made._expected = limit, expected
        return made

    @property
    def complete(self) -> bool:
        return len(self._places) == self._rows

    @property
    def outstanding(self) -> int:
        """Bytes that are still to come, about."""
        return 0 if self.complete else max(0, self._expected - self._end)

    def __contains__(self, row: int) -> bool:
        return row in self._places

    def get(self, row: int) -> Array:
        """A row that was put into the file.

        Raises:
            OSError: the disk is gone, or the file was damaged or closed meanwhile.
        """
        with self._lock:
            if row not in self._places:
                raise OSError(f"{self.path} was closed")
            offset, check, shape = self._places[row]
            values = np.empty(shape, self._dtype)
            content = values.reshape(-1).view(np.uint8).data
            self._file.seek(offset)
            read = self._file.readinto(content)
        if read != values.nbytes or zlib.crc32(content) != check:
            raise OSError(f"{self.path} was damaged")
        return values

    def put(self, row: int, values: Array) -> None:
        """Add a row; one that is there already stays.

        Raises:
            OSError: the disk is full or gone, or the limit is reached; the file is dropped.
        """
        made = np.ascontiguousarray(values, self._dtype)
        content = made.reshape(-1).view(np.uint8).data
        with self._lock:
            if row in self._places or self.closed:
                return
            try:
                if self._end + made.nbytes > self._limit:
                    raise OSError(f"the cache's limit of {self._limit / 1e9:.1f} GB is reached")
                self._file.seek(self._end)
                self._write(content)
                self._places[row] = self._end, zlib.crc32(content), made.shape
                self._end += made.nbytes
                if self.complete:
                    self._finish()
            except OSError:
                self._close()  # a disk that is full is needed for other things
                raise

    def close(self) -> None:
        with self._lock:
            self._close()

    def discard(self) -> None:
        """Close the file, and delete it: it is damaged."""
        with self._lock:
            self._close()
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        if self.path != self._name:
            self.path.unlink(missing_ok=True)
        self.closed = True
        self._places.clear()

    def _write(self, content: memoryview) -> None:
        while content:  # a disk that is nearly full takes a part of it
            content = content[self._file.write(content) :]

    def _finish(self) -> None:
        """Write the index, give the file its name and go on reading it under that."""
        dimensions = max((len(shape) for _, _, shape in self._places.values()), default=0)
        index = np.full((self._rows, 2 + dimensions), -1, "<i8")
        for row, (offset, check, shape) in self._places.items():
            index[row, : 2 + len(shape)] = offset, check, *shape
        dtype = self._dtype.str.encode()
        footer = _FOOTER.pack(_MARK, dtype, self._rows, dimensions, self._end)
        self._write(memoryview(index.tobytes() + footer))
        self._file.close()  # Windows renames nothing that is open
        self.path.replace(self._name)
        self.path = self._name
        self._file = self.path.open("rb", buffering=0)

    def _open_kept(self) -> None:
        self._file = self.path.open("rb", buffering=0)
        size = self._file.seek(0, os.SEEK_END)
        self._file.seek(max(0, size - _FOOTER.size))
        mark, dtype, rows, dimensions, start = _FOOTER.unpack(self._file.read(_FOOTER.size))
        width = 2 + dimensions
        whole = start + rows * width * 8 + _FOOTER.size == size
        ours = mark == _MARK and dtype.rstrip(b"\0") == self._dtype.str.encode() and rows == self._rows
        if not (ours and whole and 0 <= dimensions <= _MOST_DIMENSIONS and start >= 0):
            raise ValueError(f"{self.path} is not a whole file of these rows")
        self._file.seek(start)
        index = np.frombuffer(self._file.read(rows * width * 8), "<i8").reshape(rows, width).tolist()
        for row, (offset, check, *sides) in enumerate(index):
            shape = tuple(side for side in sides if side >= 0)
            if not 0 <= offset <= offset + math.prod(shape) * self._dtype.itemsize <= start:
                raise ValueError(f"{self.path} has rows outside itself")
            self._places[row] = offset, check, shape
