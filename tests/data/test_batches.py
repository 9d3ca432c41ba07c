from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tlstudio.config import Augmentation, SplitRatios
from tlstudio.data.batches import (
    Batch,
    Draw,
    as_is,
    balanced,
    batch_sizes,
    image_batches,
    in_batches,
    shuffled,
    varied,
)
from tlstudio.data.catalogue import Catalogue, Split
from tlstudio.data.pictures import Pictures
from tlstudio.data.scan import ScanFinished, scan
from tlstudio.data.split import split_catalogue
from tlstudio.data.transforms import View
from tlstudio.errors import UnreadableImage
from tlstudio.events import Control

VIEW = View(36, 32, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@pytest.fixture
def catalogue(dataset: Path) -> Catalogue:
    *_, last = scan(dataset, Control())
    assert isinstance(last, ScanFinished)
    return split_catalogue(last.catalogue, SplitRatios(), 0)


def batches_of(
    catalogue: Catalogue, split: Split, size: int, threads: int, draw: Draw, order: list[int] | None = None
) -> list[Batch]:
    images = catalogue.of_split(split)
    groups = list(in_batches(order or range(len(images)), size))
    with ThreadPoolExecutor(threads) as pool:
        return list(image_batches(Pictures(catalogue, images, VIEW), images, groups, draw, pool))


def epoch(catalogue: Catalogue, number: int, threads: int) -> torch.Tensor:
    images = catalogue.of_split("train")
    draw = varied(images, VIEW, Augmentation.STRONG, seed=3, variation=number)
    order = shuffled(len(images), 3, number)
    return torch.cat([batch.inputs for batch in batches_of(catalogue, "train", 5, threads, draw, order)])


def test_that_an_epoch_is_the_same_however_many_threads_prepare_it(catalogue: Catalogue):
    assert torch.equal(epoch(catalogue, 1, threads=1), epoch(catalogue, 1, threads=4))


def test_that_epochs_differ(catalogue: Catalogue):
    assert not torch.equal(epoch(catalogue, 1, threads=2), epoch(catalogue, 2, threads=2))


def test_that_evaluation_keeps_the_order(catalogue: Catalogue):
    batches = batches_of(catalogue, "val", 2, 4, as_is(VIEW))
    labels = [image.label for image in catalogue.of_split("val")]
    assert torch.cat([batch.labels for batch in batches]).tolist() == labels
    assert batches[0].inputs.shape == (2, 3, 32, 32)


def test_that_a_file_that_vanished_is_named(catalogue: Catalogue):
    gone = Catalogue(Path("/nowhere"), catalogue.classes, catalogue.images)
    with pytest.raises(UnreadableImage, match=r"/nowhere/.*\.png"):
        batches_of(gone, "val", 2, 2, as_is(VIEW))


@given(images=st.integers(1, 500), size=st.integers(2, 64))
def test_that_no_batch_is_a_single_image_unless_it_is_the_only_one(images: int, size: int):
    sizes = batch_sizes(images, size)
    assert sum(sizes) == images
    assert 1 not in sizes or images == 1
    assert max(sizes) <= size + 1


def test_that_rows_tell_which_images_a_batch_holds(catalogue: Catalogue):
    images = catalogue.of_split("train")
    order = shuffled(len(images), seed=1, epoch=2)
    assert sorted(order) == list(range(len(images)))
    draw = varied(images, VIEW, Augmentation.NONE, seed=1, variation=0)
    batches = batches_of(catalogue, "train", 4, 2, draw, order)
    assert [row for batch in batches for row in batch.rows] == order
    labels = [label for batch in batches for label in batch.labels.tolist()]
    assert labels == [images[row].label for row in order]


@given(
    counts=st.lists(st.integers(1, 40), min_size=2, max_size=5),
    seed=st.integers(0, 9),
    epoch=st.integers(1, 9),
)
def test_that_a_balanced_order_has_each_class_as_often(counts: list[int], seed: int, epoch: int):
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    order = balanced(labels, seed, epoch)
    assert len(order) == len(labels)
    assert order == balanced(labels, seed, epoch)
    times = Counter(labels[row] for row in order)
    assert max(times.values()) - min(times[label] for label in range(len(counts))) <= 1
    of_each_image = Counter(order)
    for label in range(len(counts)):
        shown = [of_each_image[row] for row, one in enumerate(labels) if one == label]
        assert max(shown) - min(shown) <= 1
