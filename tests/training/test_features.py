import os
from pathlib import Path

import pytest
import torch
from torch import nn

from tlstudio.data.rows import RowStore
from tlstudio.training.features import KeptFeatures, as_kept, weights_digest


def test_that_one_changed_weight_changes_the_digest():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    before = weights_digest(network.state_dict())
    assert weights_digest(network.state_dict()) == before
    with torch.no_grad():
        network[1].running_mean[2] += 1e-6
    assert weights_digest(network.state_dict()) != before


def test_that_features_keep_every_bit(tmp_path: Path):
    features = torch.randn(5, 7)
    kept = KeptFeatures(RowStore(tmp_path), "k", 5, "float32")
    assert 0 not in kept
    kept.put(range(5), features)
    assert all(torch.equal(kept.get(row), features[row]) for row in range(5))
    kept.close()
    again = KeptFeatures(RowStore(tmp_path), "k", 5, "float32")
    assert all(torch.equal(again.get(row), features[row]) for row in range(5))
    again.close()


def test_that_half_precision_takes_half_the_space_and_reads_as_floats(tmp_path: Path):
    features = torch.randn(50, 700)
    for dtype in ("float32", "float16"):
        kept = KeptFeatures(RowStore(tmp_path), dtype, 50, dtype)
        kept.put(range(50), features)
        assert kept.get(0).dtype is torch.float32
        assert torch.allclose(kept.get(3), features[3], atol=2e-3)
        kept.close()
    whole, half = ((tmp_path / f"{dtype}.rows").stat().st_size for dtype in ("float32", "float16"))
    assert half == pytest.approx(whole / 2, rel=0.02)


def test_that_half_precision_gives_the_same_whether_it_was_kept_or_not(tmp_path: Path):
    features = torch.tensor([[1 / 3, 70_000.0], [-1e6, 1e-9]])
    made = as_kept(features, "float16")
    assert made.isfinite().all()  # what is too large for it becomes the largest
    kept = KeptFeatures(RowStore(tmp_path), "k", 2, "float16")
    kept.put(range(2), made)
    assert all(torch.equal(kept.get(row), made[row]) for row in range(2))
    kept.close()
    assert as_kept(features, "float32") is features


def test_that_damaged_features_are_not_there_and_can_be_kept_anew(tmp_path: Path):
    features = torch.randn(3, 4)
    kept = KeptFeatures(RowStore(tmp_path), "k", 3, "float32")
    kept.put(range(3), features)
    os.truncate(tmp_path / "k.rows", 20)
    with pytest.raises(LookupError):
        kept.get(2)
    assert kept.damaged
    assert not any(row in kept for row in range(3))
    kept.put(range(3), features)
    assert all(torch.equal(kept.get(row), features[row]) for row in range(3))
    kept.close()
    assert [path.name for path in tmp_path.iterdir()] == ["k.rows"]


def test_that_a_limit_too_small_is_noted_and_nothing_kept(tmp_path: Path):
    kept = KeptFeatures(RowStore(tmp_path, limit=10), "k", 5, "float32")
    kept.put(range(5), torch.randn(5, 7))
    assert "exceed the cache's limit" in kept.given_up
    assert 0 not in kept
    kept.close()
