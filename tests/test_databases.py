"""Files of what can be found again."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tlstudio.databases import forget_if_damaged, open_cache

TABLES = ("create table things (name text primary key)",)


def _open(path: Path, version: int = 1, tables: tuple[str, ...] = TABLES) -> sqlite3.Connection:
    return open_cache(path, version, tables, 10)


def _names(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("select name from things order by name")]


def test_that_what_was_kept_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "kept.sqlite"
    with closing(_open(path)) as connection, connection:
        connection.execute("insert into things values ('a')")
    with closing(_open(path)) as connection:
        assert _names(connection) == ["a"]


def test_that_a_file_of_another_version_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "kept.sqlite"
    old = ("create table things (name text, age integer)", "create table others (name text)")
    with closing(_open(path, 1, old)) as connection, connection:
        connection.execute("insert into things values ('a', 1)")
    with closing(_open(path, 2)) as connection:
        assert _names(connection) == []
        assert connection.execute("select count(*) from sqlite_master where name = 'others'").fetchone() == (
            0,
        )


def test_that_many_may_begin_a_file_at_once(tmp_path: Path) -> None:
    for attempt in range(10):
        path, start, failed = tmp_path / f"{attempt}.sqlite", threading.Barrier(8), list[Exception]()

        def add(number: int, path=path, start=start, failed=failed) -> None:
            start.wait()
            try:
                with closing(_open(path)) as connection, connection:
                    connection.execute("insert into things values (?)", (str(number),))
            except sqlite3.Error as error:
                failed.append(error)

        threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed
        with closing(_open(path)) as connection:
            assert _names(connection) == [str(number) for number in range(8)]


def test_that_a_damaged_file_is_deleted_and_a_locked_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "kept.sqlite"
    path.write_bytes(b"no database" * 1000)
    forget_if_damaged(path, sqlite3.OperationalError("database is locked"))
    assert path.exists()
    with pytest.raises(sqlite3.DatabaseError) as caught:
        _open(path)
    forget_if_damaged(path, caught.value)
    assert not path.exists()
    with closing(_open(path)) as connection:
        assert _names(connection) == []
