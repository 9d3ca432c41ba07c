"""Images that are mixed in pairs, for training and to be looked at."""

import random

import pytest
import torch

from tlstudio.data.batches import Batch
from tlstudio.data.mixing import Kind, Mix, mixed


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_that_a_mix_is_driven_by_torchs_generator_and_shares_the_labels(kind: Kind):
    batch = Batch(torch.rand(4, 3, 8, 8), torch.tensor([0, 1, 2, 1]), (0, 1, 2, 3))
    found: list[Batch] = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(Mix(kind, 3)(batch))
    first, again, other = found
    assert torch.equal(first.inputs, again.inputs)
    assert torch.equal(first.labels, again.labels)
    assert not torch.equal(first.inputs, other.inputs)
    assert first.labels.shape == (4, 3)
    assert torch.allclose(first.labels.sum(dim=1), torch.ones(4))
    share = first.labels[0, 0]  # of the first image, in which the last one, of class 1, has the rest
    assert first.labels[0].tolist() == pytest.approx([float(share), float(1 - share), 0])


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_that_a_batch_of_one_image_is_mixed_with_nothing(kind: Kind):
    batch = Batch(torch.rand(1, 3, 8, 8), torch.tensor([2]), (5,))
    found = Mix(kind, 3)(batch)
    assert torch.equal(found.inputs, batch.inputs)
    assert found.labels.tolist() == [[0.0, 0.0, 1.0]]
    assert found.rows == (5,)


def images() -> torch.Tensor:
    """Three images, each of one value: 0, 1 and 2."""
    return torch.arange(3.0)[:, None, None, None].expand(3, 3, 16, 16).clone()


def test_that_mixup_lays_each_image_over_the_one_before_it_by_the_share_that_is_told():
    made, share = mixed("mixup", images(), random.Random(3))
    assert 0 < share < 1
    values = [share * own + (1 - share) * other for own, other in ((0, 2), (1, 0), (2, 1))]
    assert made[:, 0, 0, 0].tolist() == pytest.approx(values, abs=1e-6)
    assert torch.equal(made, made[:, :1, :1, :1].expand_as(made))


@pytest.mark.parametrize("seed", range(5))
def test_that_cutmix_puts_a_box_of_the_one_before_into_each_and_tells_what_is_left(seed: int):
    made, share = mixed("cutmix", images(), random.Random(seed))
    kept = made == images()
    assert kept.float().mean().item() == pytest.approx(share)
    assert made[1][~kept[1]].unique().tolist() in ([], [0.0])


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_that_a_mix_to_look_at_leaves_torchs_generator_alone_and_can_be_repeated(kind: Kind):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, share = mixed(kind, images(), random.Random(1))
    assert torch.equal(torch.get_rng_state(), before)
    again, same = mixed(kind, images(), random.Random(1))
    assert torch.equal(first, again)
    assert share == same
