"""Small copies of image files, kept on disk: a large photograph costs no more than a small one, but once.

A copy counts as long as its file's size and the time of its last change are the same.
"""

import contextlib
import hashlib
import io
import logging
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

from PIL import Image

from tlstudio.data.decode import read_image
from tlstudio.databases import forget_if_damaged, open_cache
from tlstudio.paths import cache_dir

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

DEFAULT_LIMIT = 500 * 10**6  # bytes
LEAST_BYTES = 40_000  # of a file whose copy is kept: smaller ones are decoded as quickly as their copies
_LARGEST = 320  # pixels: larger copies are previews, looked at one by one
_QUALITY = 85
# Raise it when a copy is made in another way: what is kept is then forgotten.
_VERSION = 1
_PATIENCE = 1  # seconds to wait while another window writes
_TOGETHER = 32  # copies written at once
_KEPT_WHEN_FULL = 0.8
_DAY = 24 * 60 * 60  # seconds: how exactly it is known when a copy was last asked for
_TABLES = (
    "create table copies (key blob primary key, seen integer not null, content blob not null)",
    "create index by_age on copies (seen)",
)


class ThumbnailCache:
    """Copies on disk, those that were not looked at for longest making room. For one thread.

    A cache that cannot be read or written is none: a warning goes to the log, and files are decoded anew.
    """

    def __init__(self, path: Path | None = None, limit: int = DEFAULT_LIMIT) -> None:
        self._path = path or cache_dir() / "thumbnails.sqlite"
        self._limit = limit
        self._connection: sqlite3.Connection | None = None
        self._fresh: list[tuple[bytes, int, bytes]] = []
        self._given_up = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, key: bytes) -> bytes | None:
        """A copy as the bytes of a JPEG."""
        return self._tried(lambda connection: _get(connection, key))

    def put(self, key: bytes, content: bytes) -> None:
        """Keep a copy; it is on disk after some more of them, or after :meth:`close`."""
        self._fresh.append((key, _today(), content))
        if len(self._fresh) >= _TOGETHER:
            self._write()

    def close(self) -> None:
        self._write()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write(self) -> None:
        fresh, self._fresh = self._fresh, []
        if fresh:
            self._tried(lambda connection: _put(connection, fresh, self._limit))

    def _tried(self, call: Callable[[sqlite3.Connection], _T]) -> _T | None:
        if self._given_up:
            return None
        try:
            if self._connection is None:
                self._connection = open_cache(self._path, _VERSION, _TABLES, _PATIENCE)
            return call(self._connection)
        except (sqlite3.Error, OSError) as error:
            _log.warning("Thumbnails are not kept in %s", self._path, exc_info=True)
            self._given_up = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            forget_if_damaged(self._path, error)
            return None


def thumbnail(path: Path, side: int, cache: ThumbnailCache) -> Image.Image:
    """An upright RGB copy of an image file whose longer side has at most ``side`` pixels.

    Raises:
        UnreadableImage: as :func:`tlstudio.data.decode.read_image`.
    """
    key = _key(path, side)
    kept = cache.get(key) if key else None
    if kept is not None:
        with contextlib.suppress(OSError), Image.open(io.BytesIO(kept), formats=("JPEG",)) as image:
            return image.convert("RGB")
    image = read_image(path, side)
    image.thumbnail((side, side))
    if key:
        content = io.BytesIO()
        image.save(content, "JPEG", quality=_QUALITY)
        cache.put(key, content.getvalue())
    return image


def _key(path: Path, side: int) -> bytes:
    """The name of a file's copy; empty where keeping one is of no use."""
    try:
        status = path.stat()
    except OSError:  # whoever reads the file says why
        return b""
    if side > _LARGEST or status.st_size < LEAST_BYTES:
        return b""
    parts = (os.fspath(path), status.st_size, status.st_mtime_ns, side)
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _today() -> int:
    return int(time.time()) // _DAY


def _get(connection: sqlite3.Connection, key: bytes) -> bytes | None:
    found = connection.execute("select seen, content from copies where key = ?", (key,)).fetchone()
    if found is None:
        return None
    if found[0] < _today():
        with connection:
            connection.execute("update copies set seen = ? where key = ?", (_today(), key))
    return bytes(found[1])


def _put(connection: sqlite3.Connection, copies: list[tuple[bytes, int, bytes]], limit: int) -> None:
    with connection:
        connection.executemany("insert or replace into copies values (?, ?, ?)", copies)
    taken = _taken(connection)
    if taken > limit:
        with connection:
            count: int = connection.execute("select count(*) from copies").fetchone()[0]
            connection.execute(
                "delete from copies where rowid in (select rowid from copies order by seen limit ?)",
                (count - int(count * _KEPT_WHEN_FULL * limit / taken),),
            )


def _taken(connection: sqlite3.Connection) -> int:
    """Bytes in use; what was deleted is used again before the file grows."""
    pages, free, size = (
        connection.execute(f"pragma {what}").fetchone()[0]
        for what in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)
