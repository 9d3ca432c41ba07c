"""The list of all runs: an SQLite file that can always be made again from the run folders."""

import contextlib
import dataclasses
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import psutil

from tlstudio.config import RunConfig
from tlstudio.errors import StudioError
from tlstudio.paths import data_dir, runs_dir

CONFIG_FILE = "config.json"
RESULT_FILE = "result.json"

Status = Literal["running", "finished", "stopped", "failed", "interrupted"]
FIGURES = ("best_epoch", "val_top1", "test_top1", "seconds")

# One script for each version of the table; ``user_version`` counts how many a file has been through.
_MIGRATIONS = (
    """
    CREATE TABLE runs (
        path TEXT PRIMARY KEY, created TEXT NOT NULL, status TEXT NOT NULL,
        arch TEXT NOT NULL, weights TEXT NOT NULL, strategy TEXT NOT NULL, dataset TEXT NOT NULL,
        best_epoch INTEGER, val_top1 REAL, test_top1 REAL, seconds REAL, pid INTEGER
    );
    """,
    "ALTER TABLE runs ADD COLUMN taken_up TEXT;",
)
_NOT_OURS = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True)
class RunRow:
    """A run in the list.

    ``created`` is ISO 8601 in UTC, ``dataset`` what the configuration names as its root, top-1 values are
    fractions, ``pid`` is the process that trains or trained it, ``taken_up`` when that took a run up again
    which another had begun.
    """

    path: Path
    created: str
    status: Status
    arch: str
    weights: str
    strategy: str
    dataset: str
    best_epoch: int | None = None
    val_top1: float | None = None
    test_top1: float | None = None
    seconds: float | None = None
    pid: int | None = None
    taken_up: str | None = None

    @classmethod
    def of(cls, path: Path, config: RunConfig, status: Status, **rest: Any) -> "RunRow":
        """The row of a run that starts now, unless ``rest`` says when it was created."""
        return cls(
            path=path,
            status=status,
            arch=config.arch,
            weights=config.weights,
            strategy=config.strategy.value,
            dataset=config.data.root,
            **{"created": _now(), **rest},
        )


_COLUMNS = tuple(field.name for field in dataclasses.fields(RunRow))


class _Foreign(Exception):
    """The file is damaged, or a newer version of the studio wrote it."""


class RunIndex:
    """The list of runs. Every call opens and closes the file, so that several processes can share it.

    Raises:
        StudioError: the file cannot be opened or written. A damaged file is no error: it is renamed and the
            list is read again from the run folders.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.file = file or data_dir() / "runs.sqlite3"

    def rows(self) -> tuple[RunRow, ...]:
        """All runs whose folders are there, the newest first."""
        query = f"SELECT {', '.join(_COLUMNS)} FROM runs ORDER BY created DESC, path DESC"
        found = self._with_database(lambda database: database.execute(query).fetchall())
        rows = (RunRow(Path(path), *rest) for path, *rest in found)
        return tuple(row for row in rows if (row.path / CONFIG_FILE).is_file())

    def put(self, row: RunRow) -> None:
        """Add a run, or replace what the list says about it."""
        self._with_database(lambda database: _put(database, row))

    def finish(self, path: Path, status: Status, figures: dict[str, float | None]) -> bool:
        """Set the outcome of a run; False if the list does not have it.

        A figure that is not given stays as it was.
        """
        given = {name: value for name, value in figures.items() if value is not None}
        sets = ", ".join(f"{name} = ?" for name in ("status", *given))
        command = f"UPDATE runs SET {sets} WHERE path = ?"
        values = (status, *given.values(), str(path))
        return self._with_database(lambda database: database.execute(command, values).rowcount > 0)

    def take_up(self, path: Path, pid: int) -> bool:
        """Say that this process goes on with a run; False if the list does not have it."""
        command = "UPDATE runs SET status = 'running', pid = ?, taken_up = ? WHERE path = ?"
        values = (pid, _now(), str(path))
        return self._with_database(lambda database: database.execute(command, values).rowcount > 0)

    def enter(self, folder: Path) -> None:
        """List the run in a folder as its files tell it, unless the list has it."""
        query = "SELECT 1 FROM runs WHERE path = ?"
        if not self._with_database(lambda database: database.execute(query, (str(folder),)).fetchone()):
            row = _read_row(folder)
            if row is not None:
                self.put(row)

    def forget(self, path: Path) -> None:
        """Take a run off the list."""
        command = "DELETE FROM runs WHERE path = ?"
        self._with_database(lambda database: database.execute(command, (str(path),)))

    def trained_by(self, path: Path) -> int | None:
        """The living process that trains a run, if there is one."""
        self.mark_interrupted()
        query = "SELECT pid FROM runs WHERE status = 'running' AND path = ?"
        found = self._with_database(lambda database: database.execute(query, (str(path),)).fetchone())
        return found[0] if found else None

    def mark_interrupted(self) -> tuple[Path, ...]:
        """Mark the runs whose process is gone without having ended them; returns their folders."""
        query = "SELECT path, pid, COALESCE(taken_up, created) FROM runs WHERE status = 'running'"
        command = "UPDATE runs SET status = 'interrupted' WHERE path = ? AND status = 'running'"

        def mark(database: sqlite3.Connection) -> list[Path]:
            gone = [path for path, pid, entered in database.execute(query) if not _alive(pid, entered)]
            database.executemany(command, [(path,) for path in gone])
            return [Path(path) for path in gone]

        return tuple(self._with_database(mark))

    def _with_database(self, use: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            try:
                with self._database() as database:
                    return use(database)
            except _Foreign:
                self._rebuild()
                with self._database() as database:
                    return use(database)
        except (sqlite3.Error, OSError) as error:
            raise StudioError(
                f"The list of runs, {self.file}, cannot be used: {error}.",
                "Check that its folder can be written and the disk is not full.",
            ) from error

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """The database, brought up to date; what is done inside counts as a whole or not at all."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(self.file, timeout=10)) as database:
            try:
                _migrate(database)
                with database:
                    yield database
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode in _NOT_OURS:
                    raise _Foreign from error
                raise

    def _rebuild(self) -> None:
        aside = self.file.with_name(f"{self.file.name}.{time.strftime('%Y%m%d-%H%M%S')}.damaged")
        self.file.replace(aside)
        rows = [_read_row(config.parent) for config in sorted(runs_dir().glob(f"*/{CONFIG_FILE}"))]
        with self._database() as database:
            for row in filter(None, rows):
                _put(database, row)


def _migrate(database: sqlite3.Connection) -> None:
    def version() -> int:
        return database.execute("PRAGMA user_version").fetchone()[0]

    if version() > len(_MIGRATIONS):
        raise _Foreign
    if version() == len(_MIGRATIONS):
        return
    # One transaction, whole or not at all; and several processes may come here at once.
    database.execute("BEGIN IMMEDIATE")
    with database:
        for script in _MIGRATIONS[version() :]:
            for statement in script.split(";"):
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")


def _put(database: sqlite3.Connection, row: RunRow) -> None:
    marks = ", ".join("?" * len(_COLUMNS))
    values = (str(row.path), *(getattr(row, name) for name in _COLUMNS[1:]))
    database.execute(f"INSERT OR REPLACE INTO runs ({', '.join(_COLUMNS)}) VALUES ({marks})", values)


def _read_row(folder: Path) -> RunRow | None:
    """What a run folder says about itself; None if it cannot be read. Without a result it was cut off."""
    file = folder / CONFIG_FILE
    try:
        config = RunConfig.model_validate_json(file.read_bytes())
        created = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds")
    except (OSError, ValueError):
        return None
    result: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        result = json.loads((folder / RESULT_FILE).read_bytes())
    figures = {name: result.get(name) for name in FIGURES}
    return RunRow.of(folder, config, result.get("status", "interrupted"), created=created, **figures)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _alive(pid: int | None, entered: str) -> bool:
    """Whether the process that entered a run at that time still lives: the number may have a new owner."""
    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:  # killed, but nobody has asked how it ended
            return False
        started = process.create_time()
    except psutil.AccessDenied:
        return True
    except psutil.Error:
        return False
    # A run is entered after its process began; two seconds for clocks that are cut to seconds.
    return started <= datetime.fromisoformat(entered).timestamp() + 2
