import errno
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tlstudio.data.rows import RowFile, RowStore, key_of


def filled(store: RowStore, key: str, rows: int = 3, value: float = 1.0) -> None:
    file = store.open(key, rows, "<f4", expected=rows * 16)
    for row in range(rows):
        file.put(row, np.full(4, value, "<f4"))
    file.close()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_that_rows_of_any_shape_come_in_any_order_and_are_read_while_others_miss(tmp_path: Path):
    store = RowStore(tmp_path)
    pictures = [np.arange(n * 6, dtype=np.uint8).reshape(n, 2, 3) for n in (1, 4, 2)]
    file = store.open("k", 3, "|u1", expected=42)
    for row in (2, 0):
        file.put(row, pictures[row])
    assert 1 not in file
    assert np.array_equal(file.get(2), pictures[2])
    assert not file.complete
    file.put(1, pictures[1])
    file.put(1, pictures[2])  # what is there stays
    assert file.complete
    assert all(np.array_equal(file.get(row), pictures[row]) for row in range(3))
    file.close()
    again = store.open("k", 3, "|u1", expected=42)
    assert again.complete
    assert all(np.array_equal(again.get(row), pictures[row]) for row in range(3))
    again.close()


@pytest.mark.parametrize("dtype", ["<f4", "<f2", "|u1"])
def test_that_every_bit_is_kept(tmp_path: Path, dtype: str):
    values = (np.random.default_rng(0).random((5, 7)) * 200).astype(dtype)
    file = RowStore(tmp_path).open("k", 5, dtype, expected=200)
    for row, one in enumerate(values):
        file.put(row, one)
    file.close()
    kept = RowFile.kept(tmp_path / "k.rows", 5, dtype)
    assert kept is not None
    assert np.array_equal(np.stack([kept.get(row) for row in range(5)]), values)
    kept.close()


def test_that_rows_cut_off_before_the_last_one_are_not_kept(tmp_path: Path):
    file = RowStore(tmp_path).open("k", 3, "<f4", expected=48)
    file.put(0, np.zeros(4, "<f4"))
    file.close()
    assert names(tmp_path) == []


def test_that_the_least_recently_used_files_make_room(tmp_path: Path):
    store = RowStore(tmp_path)
    filled(store, "old")
    store.limit = 2 * (tmp_path / "old.rows").stat().st_size
    filled(store, "older")
    for age, name in ((50, "older"), (10, "old")):
        path = tmp_path / f"{name}.rows"
        stamp = path.stat().st_mtime - age
        os.utime(path, (stamp, stamp))
    filled(store, "new")
    assert names(tmp_path) == ["new.rows", "old.rows"]


def test_that_opening_counts_as_use(tmp_path: Path):
    store = RowStore(tmp_path)
    filled(store, "k")
    os.utime(tmp_path / "k.rows", (0, 0))
    store.open("k", 3, "<f4", expected=48).close()
    assert (tmp_path / "k.rows").stat().st_mtime > 0


def test_that_two_runs_may_write_the_same_rows_at_once(tmp_path: Path):
    store = RowStore(tmp_path)
    files = [store.open("k", 2, "<f4", expected=8) for _ in range(2)]
    for file in files:
        file.put(0, np.ones(1, "<f4"))
    for file in files:
        file.put(1, np.full(1, 2, "<f4"))
        assert (file.get(0), file.get(1)) == (1, 2)
        file.close()
    assert names(tmp_path) == ["k.rows"]


def test_that_threads_may_put_and_get_at_once(tmp_path: Path):
    file = RowStore(tmp_path).open("k", 200, "<f4", expected=200 * 400)
    wrong: list[int] = []

    def work(start: int) -> None:
        for row in range(start, 200, 4):
            file.put(row, np.full(100, row, "<f4"))
            if not (file.get(row) == row).all():
                wrong.append(row)

    threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.complete
    assert wrong == []
    file.close()


def test_that_what_a_killed_run_left_half_is_cleared_a_day_later(tmp_path: Path):
    left, fresh = tmp_path / "a.11.part", tmp_path / "b.22.part"
    for path in (left, fresh):
        path.write_bytes(b"half")
    os.utime(left, (0, 0))
    filled(RowStore(tmp_path), "k")
    assert names(tmp_path) == ["b.22.part", "k.rows"]


def test_that_rows_larger_than_the_limit_are_refused_before_and_on_the_way(tmp_path: Path):
    store = RowStore(tmp_path, limit=10)
    with pytest.raises(OSError, match="exceed the cache's limit"):
        store.open("k", 3, "<f4", expected=48)
    file = store.open("k", 3, "<f4", expected=8)
    with pytest.raises(OSError, match=r"limit of .* is reached"):
        file.put(0, np.zeros(4, "<f4"))
    file.close()


def test_that_a_file_cut_off_too_long_or_of_something_else_counts_as_absent(tmp_path: Path):
    filled(RowStore(tmp_path), "k")
    path = tmp_path / "k.rows"
    whole = path.read_bytes()
    for content in (whole[:-1], whole + b"\0", b"", b"\x93NUMPY", whole[8:], bytes(len(whole))):
        path.write_bytes(content)
        assert RowFile.kept(path, 3, "<f4") is None
    path.write_bytes(whole)
    assert RowFile.kept(path, 4, "<f4") is None
    assert RowFile.kept(path, 3, "<f2") is None


def test_that_an_index_that_points_outside_the_file_counts_as_damage(tmp_path: Path):
    filled(RowStore(tmp_path), "k")
    path = tmp_path / "k.rows"
    content = bytearray(path.read_bytes())
    content[48:56] = (10**6).to_bytes(8, "little")  # the first row's offset
    path.write_bytes(content)
    assert RowFile.kept(path, 3, "<f4") is None


@pytest.mark.parametrize("place", [0, 20, 47])
def test_that_a_row_with_one_changed_bit_is_not_taken_for_what_was_put(tmp_path: Path, place: int):
    filled(RowStore(tmp_path), "k")
    path = tmp_path / "k.rows"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    file = RowFile.kept(path, 3, "<f4")
    assert file is not None
    damaged = place // 16
    with pytest.raises(OSError, match=r"k\.rows was damaged"):
        file.get(damaged)
    assert [file.get(row).tolist() for row in range(3) if row != damaged] == [[1.0] * 4] * 2
    file.discard()
    assert names(tmp_path) == []


def test_that_a_file_cut_off_while_it_is_read_is_damaged(tmp_path: Path):
    store = RowStore(tmp_path)
    filled(store, "k")
    file = store.open("k", 3, "<f4", expected=48)
    os.truncate(tmp_path / "k.rows", 24)
    assert file.get(0).tolist() == [1.0] * 4
    with pytest.raises(OSError, match="was damaged"):
        file.get(1)
    file.close()
    with pytest.raises(OSError, match="was closed"):
        file.get(0)


def test_that_what_is_in_use_makes_no_room(tmp_path: Path):
    store = RowStore(tmp_path)
    filled(store, "used")
    filled(store, "unused")
    os.utime(tmp_path / "used.rows", (0, 0))
    size = (tmp_path / "used.rows").stat().st_size
    store.limit = 2 * size
    used = store.find("used", 3, "<f4")
    assert used is not None
    os.utime(tmp_path / "used.rows", (0, 0))
    filled(store, "new")
    assert names(tmp_path) == ["new.rows", "used.rows"]
    with pytest.raises(OSError, match="exceed the cache's limit"):
        store.open("large", 3, "<f4", expected=2 * size)
    used.close()
    assert used.closed
    store.open("large", 3, "<f4", expected=2 * size).close()
    assert names(tmp_path) == []


def test_that_room_is_kept_for_what_is_still_to_be_put_into_other_files(tmp_path: Path):
    store = RowStore(tmp_path, limit=1000)
    first = store.open("first", 3, "|u1", expected=600)
    with pytest.raises(OSError, match="exceed the cache's limit"):
        store.open("second", 3, "|u1", expected=600)
    first.close()
    store.open("second", 3, "|u1", expected=600).close()


def test_that_the_last_space_on_a_disk_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    filled(RowStore(tmp_path), "old")
    usage = shutil.disk_usage(tmp_path)._replace(total=10**9, free=49 * 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OSError, match=r"0\.0 GB are left on the disk") as caught:
        RowStore(tmp_path).open("k", 3, "<f4", expected=48)
    assert caught.value.errno == errno.ENOSPC
    assert names(tmp_path) == []  # what was there already made room first


def test_that_a_disk_that_takes_only_part_of_a_row_is_full_and_gets_all_of_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = RowStore(tmp_path).open("k", 3, "|u1", expected=300)
    file.put(0, np.zeros(100, np.uint8))
    disk = NearlyFull(file._file, room=30)  # pyright: ignore[reportPrivateUsage] - stands in for the disk
    monkeypatch.setattr(file, "_file", disk)
    with pytest.raises(OSError, match="No space left on device"):
        file.put(1, np.zeros(100, np.uint8))
    assert 0 not in file
    assert file.closed
    assert names(tmp_path) == []


class NearlyFull:
    """A file on a disk that takes so many bytes more."""

    def __init__(self, file: Any, room: int) -> None:
        self._file = file
        self._room = room

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, content: memoryview) -> int:
        if not self._room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._file.write(content[: self._room])
        self._room -= written
        return written


def test_that_the_same_parts_give_the_same_key_and_others_another():
    assert key_of("a", (1, 2)) == key_of("a", (1, 2))
    assert len({key_of("a"), key_of("b"), key_of("a", "b"), key_of(("a", "b"))}) == 4
