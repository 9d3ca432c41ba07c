"""SQLite files of what can be found again: a damaged or outdated one is begun anew, never an error."""

import contextlib
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

_BETWEEN_TRIES = 0.01  # seconds


def open_cache(path: Path, version: int, tables: Sequence[str], patience: float) -> sqlite3.Connection:
    """Open a file, or make it; one of another version loses what it has.

    Args:
        version: of what the tables mean; above 0.
        tables: the statements that make them.
        patience: seconds to wait while another window writes.

    Raises:
        sqlite3.Error: it is damaged or locked, or the disk is full.
        OSError: its folder cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=patience)
    try:
        _write_ahead(connection, patience)
        connection.execute("pragma synchronous = off")  # a power cut costs a second look, no more
        if _version(connection) != version:
            with connection:
                connection.execute("begin immediate")
                if _version(connection) != version:  # another window may have come first
                    _make(connection, version, tables)
    except BaseException:
        connection.close()
        raise
    return connection


def forget_if_damaged(path: Path, error: Exception) -> None:
    """Delete a file whose use failed in a way that says it is damaged."""
    # An OperationalError is a file that is locked, or a full disk.
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
        for end in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                Path(f"{path}{end}").unlink(missing_ok=True)


def _write_ahead(connection: sqlite3.Connection, patience: float) -> None:
    """Let others read while one writes.

    Of several that begin a file at once SQLite refuses all but one straight away, whatever their patience.
    """
    last = time.monotonic() + patience
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > last:
                raise
            time.sleep(_BETWEEN_TRIES)


def _version(connection: sqlite3.Connection) -> int:
    return connection.execute("pragma user_version").fetchone()[0]


def _make(connection: sqlite3.Connection, version: int, tables: Sequence[str]) -> None:
    query = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    for (name,) in connection.execute(query).fetchall():
        connection.execute(f'drop table "{name}"')
    for statement in tables:
        connection.execute(statement)
    connection.execute(f"pragma user_version = {version}")
