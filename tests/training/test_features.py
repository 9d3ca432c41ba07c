import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.images import image_folder
from tlstudio.data.catalogue import Catalogue
from tlstudio.data.scan import ScanFinished, scan
from tlstudio.events import Control
from tlstudio.training.features import FeatureStore, content_digest, key_of, weights_digest


def filled(store: FeatureStore, key: str, rows: int = 3, value: float = 1.0) -> None:
    writer = store.write(key, rows, (4,))
    writer.put(range(rows), torch.full((rows, 4), value))
    writer.close()


def test_that_rows_may_come_in_any_order(tmp_path: Path):
    store = FeatureStore(tmp_path)
    writer = store.write("k", 3, (2, 2))
    writer.put([2, 0], torch.stack([torch.full((2, 2), 2.0), torch.full((2, 2), 0.0)]))
    writer.put([1], torch.full((1, 2, 2), 1.0))
    writer.close()
    kept = store.load("k")
    assert kept is not None
    assert kept.shape == (3, 2, 2)
    assert kept.rows([2, 0, 1]).mean(dim=(1, 2)).tolist() == [2.0, 0.0, 1.0]
    kept.close()


def test_that_features_cut_off_before_the_last_row_are_not_kept(tmp_path: Path):
    store = FeatureStore(tmp_path)
    writer = store.write("k", 3, (2,))
    writer.put([0, 1], torch.zeros(2, 2))
    writer.close()
    assert store.load("k") is None
    assert list(tmp_path.iterdir()) == []


def test_that_the_least_recently_used_features_make_room(tmp_path: Path):
    store = FeatureStore(tmp_path)
    filled(store, "old")
    store.limit = 2 * (tmp_path / "old.npy").stat().st_size
    filled(store, "older")
    for age, name in ((50, "older"), (10, "old")):
        path = tmp_path / f"{name}.npy"
        stamp = path.stat().st_mtime - age
        os.utime(path, (stamp, stamp))
    filled(store, "new")
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["new", "old"]


def test_that_two_runs_may_write_the_same_features_at_once(tmp_path: Path):
    store = FeatureStore(tmp_path)
    first, second = store.write("k", 2, (2,)), store.write("k", 2, (2,))
    for writer in (first, second):
        writer.put([0], torch.full((1, 2), 1.0))
    for writer in (first, second):
        writer.put([1], torch.full((1, 2), 2.0))
        writer.close()
    kept = store.load("k")
    assert kept is not None
    assert kept.rows([0, 1]).tolist() == [[1.0, 1.0], [2.0, 2.0]]
    kept.close()
    assert [path.name for path in tmp_path.iterdir()] == ["k.npy"]


def test_that_what_a_killed_run_left_half_is_cleared_a_day_later(tmp_path: Path):
    left, fresh = tmp_path / "a.11.part", tmp_path / "b.22.part"
    for path in (left, fresh):
        path.write_bytes(b"half")
    os.utime(left, (0, 0))
    filled(FeatureStore(tmp_path), "k")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.22.part", "k.npy"]


def test_that_features_larger_than_the_limit_are_refused(tmp_path: Path):
    with pytest.raises(OSError, match="exceed the cache's limit"):
        FeatureStore(tmp_path, limit=10).write("k", 3, (4,))


def test_that_a_file_cut_off_or_too_long_counts_as_absent(tmp_path: Path):
    store = FeatureStore(tmp_path)
    filled(store, "k")
    whole = (tmp_path / "k.npy").read_bytes()
    for content in (whole[:-1], whole + b"\0"):
        (tmp_path / "k.npy").write_bytes(content)
        assert store.load("k") is None


def test_that_a_file_of_something_else_than_features_counts_as_absent(tmp_path: Path):
    np.save(tmp_path / "k.npy", np.zeros((3, 4), np.float64))
    assert FeatureStore(tmp_path).load("k") is None


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"no array at all"])
def test_that_a_damaged_file_counts_as_absent(tmp_path: Path, content: bytes):
    (tmp_path / "k.npy").write_bytes(content)
    assert FeatureStore(tmp_path).load("k") is None


def test_that_the_same_parts_give_the_same_key_and_others_another():
    assert key_of("a", (1, 2)) == key_of("a", (1, 2))
    assert len({key_of("a"), key_of("b"), key_of("a", "b"), key_of(("a", "b"))}) == 4


def test_that_one_changed_weight_changes_the_digest():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    before = weights_digest(network.state_dict())
    assert weights_digest(network.state_dict()) == before
    with torch.no_grad():
        network[1].running_mean[2] += 1e-6
    assert weights_digest(network.state_dict()) != before


def scanned(root: Path) -> Catalogue:
    *_, last = scan(root, Control())
    assert isinstance(last, ScanFinished)
    return last.catalogue


def test_that_a_changed_image_changes_the_digest_even_at_the_same_size(tmp_path: Path):
    catalogue = scanned(image_folder(tmp_path / "discs", per_class=3))
    before = content_digest(catalogue, catalogue.images)
    file = catalogue.file(catalogue.images[0])
    content = bytearray(file.read_bytes())
    content[-20] ^= 1
    file.write_bytes(content)
    after = content_digest(catalogue, catalogue.images)
    assert after != before
    assert content_digest(catalogue, reversed(catalogue.images)) != after


def test_that_features_keep_every_bit(tmp_path: Path):
    store = FeatureStore(tmp_path)
    features = torch.randn(5, 7)
    writer = store.write("k", 5, (7,))
    writer.put(range(5), features)
    writer.close()
    kept = store.load("k")
    assert kept is not None
    assert torch.equal(kept.rows(range(5)), features)
    kept.close()
