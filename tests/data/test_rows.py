import os
import threading
from pathlib import Path

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
    store.limit = 2 * (tmp_path / "old.rows").stat().st_size + 50
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
    with pytest.raises(OSError, match="limit of .* is reached"):
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


def test_that_the_same_parts_give_the_same_key_and_others_another():
    assert key_of("a", (1, 2)) == key_of("a", (1, 2))
    assert len({key_of("a"), key_of("b"), key_of("a", "b"), key_of(("a", "b"))}) == 4
