"""The list of runs survives crashes, damage and other versions, because the folders are the truth."""

import dataclasses
import os
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tlstudio.config import DataConfig, RunConfig
from tlstudio.errors import StudioError
from tlstudio.runs import index as index_module
from tlstudio.runs.index import RunIndex, RunRow
from tlstudio.runs.store import RunFolder

CONFIG = RunConfig(data=DataConfig(root="sample"))


def ended_process() -> int:
    """The number of a process that has been and gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def listed(run: RunFolder) -> RunRow:
    return next(row for row in RunIndex().rows() if row.path == run.path)


def test_that_an_index_that_was_never_written_is_empty() -> None:
    assert RunIndex().rows() == ()
    assert RunIndex().mark_interrupted() == ()


def test_that_the_newest_run_comes_first(tmp_path: Path) -> None:
    index = RunIndex()
    for day in ("02", "03", "01"):
        run = RunFolder.create(CONFIG, tmp_path / day)
        index.put(dataclasses.replace(listed(run), created=f"2026-01-{day}T00:00:00+00:00"))
    assert [row.path.name for row in index.rows()] == ["03", "02", "01"]


def test_that_a_run_whose_folder_was_deleted_is_not_listed(tmp_path: Path) -> None:
    gone, kept = RunFolder.create(CONFIG, tmp_path / "gone"), RunFolder.create(CONFIG, tmp_path / "kept")
    shutil.rmtree(gone.path)
    assert [row.path for row in RunIndex().rows()] == [kept.path]


def test_that_a_run_of_a_living_process_goes_on_running() -> None:
    run = RunFolder.create(CONFIG)
    assert RunIndex().mark_interrupted() == ()
    assert (listed(run).status, listed(run).pid) == ("running", os.getpid())


def test_that_a_run_whose_process_is_gone_was_interrupted() -> None:
    run, finished = RunFolder.create(CONFIG), RunFolder.create(CONFIG)
    finished.finish("finished")
    pid = ended_process()
    for one in (run, finished):
        RunIndex().put(dataclasses.replace(listed(one), pid=pid))
    assert RunIndex().mark_interrupted() == (run.path,)
    assert (listed(run).status, listed(finished).status) == ("interrupted", "finished")
    assert RunIndex().mark_interrupted() == ()


def test_that_a_process_which_took_over_the_number_does_not_keep_a_run_alive() -> None:
    run = RunFolder.create(CONFIG)
    RunIndex().put(dataclasses.replace(listed(run), created="2020-01-01T00:00:00+00:00"))
    assert RunIndex().mark_interrupted() == (run.path,)


def test_that_a_run_taken_up_again_goes_on_running_however_old_it_is() -> None:
    run = RunFolder.create(CONFIG)
    old = {"created": "2020-01-01T00:00:00+00:00", "pid": ended_process()}
    RunIndex().put(dataclasses.replace(listed(run), **old))
    assert RunIndex().trained_by(run.path) is None
    run.take_up()
    assert RunIndex().mark_interrupted() == ()
    assert RunIndex().trained_by(run.path) == os.getpid()
    row = listed(run)
    assert (row.status, row.pid, row.created) == ("running", os.getpid(), old["created"])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such processes")
def test_that_a_killed_process_counts_as_gone_before_anybody_waits_for_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run = RunFolder.create(CONFIG)
    RunIndex().put(dataclasses.replace(listed(run), pid=process.pid))
    assert RunIndex().trained_by(run.path) == process.pid
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert RunIndex().trained_by(run.path) is None
    process.communicate()


def test_that_figures_not_given_stay_as_they_were() -> None:
    run = RunFolder.create(CONFIG)
    RunIndex().finish(run.path, "stopped", {"val_top1": 0.5, "seconds": 3.0})
    assert RunIndex().finish(run.path, "finished", {"val_top1": None, "test_top1": 0.25})
    row = listed(run)
    assert (row.status, row.val_top1, row.test_top1, row.seconds) == ("finished", 0.5, 0.25, 3.0)


def test_that_finishing_an_unknown_run_says_so(tmp_path: Path) -> None:
    assert not RunIndex().finish(tmp_path, "finished", {})


@pytest.mark.parametrize("damage", ["no database", "torn pages", "newer version"])
def test_that_an_index_it_cannot_read_is_kept_aside_and_made_again_from_the_folders(damage: str) -> None:
    finished, cut_off = RunFolder.create(CONFIG), RunFolder.create(CONFIG)
    finished.finish("finished", best_epoch=4, val_top1=0.9, seconds=8.0)
    file = RunIndex().file
    if damage == "no database":
        file.write_bytes(b"definitely no database, " * 100)
    elif damage == "torn pages":
        content = bytearray(file.read_bytes())
        content[100:] = b"\xee" * (len(content) - 100)
        file.write_bytes(content)
    else:
        with closing(sqlite3.connect(file)) as database:
            database.execute("PRAGMA user_version = 99")
    before = file.read_bytes()

    rows = {row.path: row for row in RunIndex().rows()}
    assert set(rows) == {finished.path, cut_off.path}
    row = rows[finished.path]
    assert (row.status, row.best_epoch, row.val_top1, row.seconds) == ("finished", 4, 0.9, 8.0)
    assert rows[cut_off.path].status == "interrupted"
    (aside,) = file.parent.glob("*.damaged")
    assert aside.read_bytes() == before
    assert listed(RunFolder.create(CONFIG)).status == "running"


def test_that_a_rebuilt_index_passes_over_a_folder_it_cannot_read() -> None:
    run, broken = RunFolder.create(CONFIG), RunFolder.create(CONFIG)
    (broken.path / "config.json").write_text("{")
    RunIndex().file.write_bytes(b"x" * 4096)
    assert [row.path for row in RunIndex().rows()] == [run.path]


def test_that_an_older_table_is_migrated_and_keeps_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunFolder.create(CONFIG)
    added = "ALTER TABLE runs ADD COLUMN note TEXT DEFAULT 'old';"
    monkeypatch.setattr(index_module, "_MIGRATIONS", (*index_module._MIGRATIONS, added))
    assert listed(run).path == run.path
    with closing(sqlite3.connect(RunIndex().file)) as database:
        assert database.execute("SELECT note FROM runs").fetchall() == [("old",)]
        assert database.execute("PRAGMA user_version").fetchone() == (len(index_module._MIGRATIONS),)


def test_that_a_migration_that_fails_leaves_the_table_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunFolder.create(CONFIG)
    half = "ALTER TABLE runs ADD COLUMN note TEXT; SELECT * FROM nowhere;"
    with monkeypatch.context() as patch:
        patch.setattr(index_module, "_MIGRATIONS", (*index_module._MIGRATIONS, half))
        with pytest.raises(StudioError):
            RunIndex().rows()
    assert listed(run).status == "running"
    with closing(sqlite3.connect(RunIndex().file)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (len(index_module._MIGRATIONS),)


def test_that_an_index_that_cannot_be_opened_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "runs.sqlite3").mkdir()
    with pytest.raises(StudioError, match=r"runs\.sqlite3") as caught:
        RunIndex(tmp_path / "runs.sqlite3").rows()
    assert caught.value.hint


def test_that_runs_created_at_the_same_time_are_all_listed(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: RunFolder.create(CONFIG, tmp_path / str(number)), range(24)))
    assert {row.path for row in RunIndex().rows()} == {run.path for run in made}
