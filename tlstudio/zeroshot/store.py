"""What CLIP made of images and sentences before, on disk, by model and content."""

import contextlib
import dataclasses
import hashlib
import logging
import sqlite3
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from tlstudio.databases import forget_if_damaged, open_cache
from tlstudio.paths import cache_dir
from tlstudio.zeroshot.events import Vectors

_log = logging.getLogger(__name__)
T = TypeVar("T")

_VERSION = 1
_PATIENCE = 3  # seconds that a stop may have to wait while another window writes
_LIMIT = 2 * 10**9  # bytes: a million images at 512 numbers each
_AT_ONCE = 500  # names in one query; SQLite allows about a thousand
_TABLES = (
    "create table models (id integer primary key, key text unique not null, used real not null)",
    """create table vectors (
    model integer not null, digest blob not null, vector blob not null, primary key (model, digest)
) without rowid""",
    """create table files (
    path text primary key, size integer not null, mtime integer not null, digest blob not null
) without rowid""",
    "create table speeds (clip text primary key, images_per_second real not null)",
)


@dataclasses.dataclass(frozen=True, slots=True)
class FileStamp:
    """A file is taken for the same as long as these two are; ``mtime`` in nanoseconds."""

    size: int
    mtime: int

    @classmethod
    def of(cls, path: Path) -> "FileStamp":
        """
        Raises:
            OSError: there is no such file.
        """
        status = path.stat()
        return cls(status.st_size, status.st_mtime_ns)


class EmbeddingStore:
    """Vectors on disk. All of them can be made again: a damaged file is forgotten, a full disk ignored."""

    def __init__(self, path: Path | None = None, limit: int = _LIMIT) -> None:
        self._path = path or cache_dir() / "clip.sqlite"
        self._limit = limit

    def digests(self, stamps: Mapping[Path, FileStamp]) -> dict[Path, bytes]:
        """What is known of the contents of these files, as long as they have not changed."""
        found: dict[Path, bytes] = {}
        with self._forgiving("read"), self._opened() as connection:
            for names in _parts([str(path) for path in stamps]):
                query = f"select path, size, mtime, digest from files where path in ({_marks(names)})"
                for name, size, mtime, digest in connection.execute(query, names):
                    if stamps[Path(name)] == FileStamp(size, mtime):
                        found[Path(name)] = digest
        return found

    def vectors(self, model: str, digests: Iterable[bytes]) -> dict[bytes, Vectors]:
        """The vectors that a model, by its key, gave to these contents before."""
        found: dict[bytes, Vectors] = {}
        with self._forgiving("read"), self._opened() as connection:
            row = connection.execute("select id from models where key = ?", (model,)).fetchone()
            for part in _parts(list(digests)) if row else ():
                query = f"select digest, vector from vectors where model = ? and digest in ({_marks(part)})"
                for digest, vector in connection.execute(query, (row[0], *part)):
                    found[digest] = np.frombuffer(vector, "<f4")
        return found

    def keep(
        self,
        model: str,
        vectors: Mapping[bytes, Vectors],
        files: Mapping[Path, tuple[FileStamp, bytes]] | None = None,
    ) -> None:
        """Add vectors by the digest of what they stand for, and which files hold what."""
        with self._forgiving("written"), self._opened() as connection:
            now = time.time()
            connection.execute(
                "insert into models (key, used) values (?, ?)"
                " on conflict (key) do update set used = excluded.used",
                (model, now),
            )
            (number,) = connection.execute("select id from models where key = ?", (model,)).fetchone()
            self._make_room(connection, number)
            connection.executemany(
                "insert or replace into vectors values (?, ?, ?)",
                ((number, digest, vector.astype("<f4").tobytes()) for digest, vector in vectors.items()),
            )
            connection.executemany(
                "insert or replace into files values (?, ?, ?, ?)",
                (
                    (str(path), stamp.size, stamp.mtime, digest)
                    for path, (stamp, digest) in (files or {}).items()
                ),
            )

    def note_speed(self, clip: str, images_per_second: float) -> None:
        """Remember how fast a model read images on this machine."""
        with self._forgiving("written"), self._opened() as connection:
            connection.execute("insert or replace into speeds values (?, ?)", (clip, images_per_second))

    def speeds(self) -> dict[str, float]:
        """Images a second by model, as far as they were measured on this machine."""
        with self._forgiving("read"), self._opened() as connection:
            return dict(connection.execute("select clip, images_per_second from speeds").fetchall())
        return {}

    def _make_room(self, connection: sqlite3.Connection, current: int) -> None:
        """Once the limit is reached, drop what the model made that was used longest ago, at last this one."""
        pages = connection.execute("pragma page_count").fetchone()[0]
        free = connection.execute("pragma freelist_count").fetchone()[0]
        size = connection.execute("pragma page_size").fetchone()[0]
        if (pages - free) * size < self._limit:
            return
        oldest = connection.execute(
            "select id from models where id != ? and id in (select distinct model from vectors)"
            " order by used limit 1",
            (current,),
        ).fetchone()
        connection.execute("delete from vectors where model = ?", oldest or (current,))
        connection.execute("delete from files")

    @contextlib.contextmanager
    def _forgiving(self, what: str) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            _log.warning("%s cannot be %s", self._path, what, exc_info=True)
            forget_if_damaged(self._path, error)

    @contextlib.contextmanager
    def _opened(self) -> Generator[sqlite3.Connection]:
        with (
            contextlib.closing(open_cache(self._path, _VERSION, _TABLES, _PATIENCE)) as connection,
            connection,
        ):
            yield connection


def text_digest(prompt: str) -> bytes:
    """What a sentence's vector is kept under; no file's digest is the same."""
    return b"text" + hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest()


def _parts(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE)]


def _marks(names: Sequence[object]) -> str:
    return ", ".join("?" * len(names))
