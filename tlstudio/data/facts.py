"""What is known of image files from looking at them before, so that a folder opens at once the second time.

A file is taken for the same as long as its size and the time of its last change are.
"""

import contextlib
import dataclasses
import logging
import sqlite3
import time
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path

from tlstudio.data.listing import ListedFile
from tlstudio.databases import forget_if_damaged, open_cache
from tlstudio.garbage import making_many
from tlstudio.paths import cache_dir

_log = logging.getLogger(__name__)

# Raise it when a look means something else: what is known is then forgotten.
_VERSION = 1
_FOLDERS_KEPT = 100
_PATIENCE = 3  # seconds that a stop may have to wait while another window writes
_TABLES = (
    "create table folders (id integer primary key, root text unique not null, seen real not null)",
    """create table files (
    folder integer not null, path text not null, size integer not null, mtime integer not null,
    width integer not null, height integer not null, reason text not null,
    digest blob, hash integer, brightness real, contrast real, sharpness real,
    primary key (folder, path)
) without rowid""",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """What decoding an image showed.

    ``digest``: SHA-256 of the file. ``hash``: 64 bits that are alike for images that look alike.
    ``brightness`` and ``contrast``: mean and standard deviation of the luminance, both from 0 to 1.
    ``sharpness``: how much neighbouring pixels differ, the variance of the Laplacian.
    """

    digest: bytes
    hash: int
    brightness: float
    contrast: float
    sharpness: float


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """A file as it was when its size and time were these; ``look`` is None before all of it was decoded.

    ``reason`` is why it cannot be used, "" if it can as far as is known; ``width`` and ``height`` in pixels.
    """

    size: int
    mtime: int
    width: int
    height: int
    reason: str = ""
    look: Look | None = None

    def of(self, file: ListedFile) -> bool:
        """Whether they still hold for the file."""
        return self.size == file.size and self.mtime == file.mtime


class FactStore:
    """Facts on disk, by folder and path. All of them can be found again: a damaged file is forgotten."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or cache_dir() / "images.sqlite"

    def known(self, root: Path) -> dict[str, Facts]:
        """The facts of a folder's files, by path relative to it."""
        try:
            with self._opened() as connection, making_many():
                rows = connection.execute(
                    "select path, size, mtime, width, height, reason, digest, hash, brightness, contrast,"
                    " sharpness from files join folders on folder = id where root = ?",
                    (str(root),),
                )
                return {
                    path: Facts(size, mtime, width, height, reason, Look(*look) if look[0] else None)
                    for path, size, mtime, width, height, reason, *look in rows
                }
        except (sqlite3.Error, OSError) as error:
            _log.warning("What is known of %s cannot be read", root, exc_info=True)
            forget_if_damaged(self._path, error)
            return {}

    def keep(self, root: Path, facts: Mapping[str, Facts], gone: Iterable[str] = ()) -> None:
        """Add facts of a folder's files, and drop those of files that are no more.

        Even with neither, the folder then counts as the last one that was open; only so many are kept.
        """
        try:
            with self._opened() as connection:
                folder = _folder_id(connection, root)
                connection.executemany(
                    "delete from files where folder = ? and path = ?", ((folder, path) for path in gone)
                )
                connection.executemany(
                    "insert or replace into files values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    ((folder, path, *_row(one)) for path, one in facts.items()),
                )
        except (sqlite3.Error, OSError) as error:
            _log.warning("What was found in %s cannot be kept", root, exc_info=True)
            forget_if_damaged(self._path, error)

    @contextlib.contextmanager
    def _opened(self) -> Generator[sqlite3.Connection]:
        with (
            contextlib.closing(open_cache(self._path, _VERSION, _TABLES, _PATIENCE)) as connection,
            connection,
        ):
            yield connection


def _row(facts: Facts) -> tuple[object, ...]:
    look = facts.look
    looked = (look.digest, look.hash, look.brightness, look.contrast, look.sharpness) if look else (None,) * 5
    return facts.size, facts.mtime, facts.width, facts.height, facts.reason, *looked


def _folder_id(connection: sqlite3.Connection, root: Path) -> int:
    connection.execute(
        "insert into folders (root, seen) values (?, ?)"
        " on conflict (root) do update set seen = excluded.seen",
        (str(root), time.time()),
    )
    old = connection.execute(
        "select id from folders order by seen desc limit -1 offset ?", (_FOLDERS_KEPT,)
    ).fetchall()
    for (folder,) in old:
        connection.execute("delete from files where folder = ?", (folder,))
        connection.execute("delete from folders where id = ?", (folder,))
    (found,) = connection.execute("select id from folders where root = ?", (str(root),)).fetchone()
    return int(found)
