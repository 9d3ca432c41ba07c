"""Runs that were deleted, and put back."""

import errno
import os
from pathlib import Path

import pytest

from tlstudio.config import DataConfig, RunConfig
from tlstudio.errors import BadInput, StudioError
from tlstudio.runs.index import RunIndex
from tlstudio.runs.store import RunFolder
from tlstudio.runs.trash import empty_trash, in_trash, put_back, throw_away, trash_dir

CONFIG = RunConfig(data=DataConfig(root="sample"))


def finished(out: Path | None = None) -> Path:
    run = RunFolder.create(CONFIG, out)
    run.append_metric({"epoch": 1})
    run.checkpoint(1).parent.mkdir()
    run.checkpoint(1).write_bytes(b"weights")
    run.finish("finished", best_epoch=1, val_top1=0.5, test_top1=0.4, seconds=1.0)
    return run.path


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def test_that_a_deleted_run_is_put_back_exactly_as_it_was() -> None:
    run = finished()
    before, row = contents(run), RunIndex().rows()[0]
    trashed = throw_away(run)
    assert not run.exists()
    assert RunIndex().rows() == ()
    assert in_trash() == (trashed,)
    put_back(trashed)
    assert contents(run) == before
    assert RunIndex().rows() == (row,)
    assert in_trash() == ()


def test_that_a_run_comes_back_to_a_list_that_was_made_anew_meanwhile() -> None:
    trashed = throw_away(finished())
    RunIndex().file.write_bytes(b"no database, but something else of some length")
    assert RunIndex().rows() == ()
    put_back(trashed)
    assert [row.test_top1 for row in RunIndex().rows()] == [0.4]


def test_that_runs_of_one_name_do_not_meet_in_the_trash(tmp_path: Path) -> None:
    one, other = finished(tmp_path / "a" / "run"), finished(tmp_path / "b" / "run")
    first, second = throw_away(one), throw_away(other)
    assert first.kept != second.kept
    assert in_trash() == (second, first)
    put_back(first)
    assert one.is_dir()
    assert not other.exists()


def test_that_a_run_which_is_being_trained_is_not_deleted() -> None:
    run = RunFolder.create(CONFIG)
    with pytest.raises(BadInput, match="right now"):
        throw_away(run.path)
    assert run.path.is_dir()


def test_that_nothing_is_put_back_over_something_else() -> None:
    run = finished()
    trashed = throw_away(run)
    run.mkdir()
    with pytest.raises(BadInput, match="taken by something else"):
        put_back(trashed)
    assert in_trash() == (trashed,)


def test_that_a_folder_which_is_no_run_is_not_deleted(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not a run"):
        throw_away(tmp_path)
    assert tmp_path.is_dir()


def test_that_an_emptied_trash_leaves_no_file_and_no_row() -> None:
    throw_away(finished())
    empty_trash()
    assert in_trash() == ()
    assert list(trash_dir().iterdir()) == []
    assert RunIndex().rows() == ()


def test_that_a_run_on_another_disk_is_copied_whole_before_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished()
    before, rename = contents(run), Path.rename

    def across(self: Path, target: Path) -> Path:
        if run in (self, target) and not self.name.endswith(".part"):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", across)
    trashed = throw_away(run)
    assert contents(trashed.kept) == before
    assert not run.exists()
    put_back(trashed)
    assert contents(run) == before


def test_that_a_run_which_cannot_be_moved_stays_and_the_reason_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = finished()

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(StudioError, match="Permission denied"):
        throw_away(run)
    assert run.is_dir()
    assert in_trash() == ()
