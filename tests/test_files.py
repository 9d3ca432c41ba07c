"""A file is written as a whole or stays as it was."""

import errno
import json
import os
from pathlib import Path

import pytest

from tlstudio.files import atomic_write, write_json


def test_that_the_new_content_replaces_the_old_and_leaves_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "새 파일.bin"
    for content in (b"old", b"new"):
        with atomic_write(file) as out:
            out.write(content)
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


def test_that_missing_folders_are_made(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a" / "b" / "c") as out:
        out.write(b"x")
    assert (tmp_path / "a" / "b" / "c").read_bytes() == b"x"


def test_that_an_error_half_way_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    file.write_bytes(b"old")

    def write_half() -> None:
        with atomic_write(file) as out:
            out.write(b"half of the n")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        write_half()
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_that_the_old_file_is_there_until_the_new_one_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    file.write_bytes(b"old")
    with atomic_write(file) as out:
        out.write(b"new")
        out.flush()
        assert file.read_bytes() == b"old"


def test_that_a_full_disk_reaches_the_caller_and_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kept"
    file.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_json(file, {"a": 1})
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_that_json_is_readable_utf8(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"이름": "값", "n": [1, None]})
    text = (tmp_path / "a.json").read_text("utf-8")
    assert "이름" in text
    assert text.count("\n") > 1
    assert json.loads(text) == {"이름": "값", "n": [1, None]}


def test_that_data_which_json_does_not_have_leave_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write_json(file, [1])
    with pytest.raises(TypeError):
        write_json(file, {"path": Path("x")})
    assert json.loads(file.read_bytes()) == [1]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_that_a_file_may_be_read_by_those_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_json(tmp_path / "shared.json", {})
    finally:
        os.umask(before)
    assert (tmp_path / "shared.json").stat().st_mode & 0o777 == 0o644
