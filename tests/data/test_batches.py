from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tlstudio.config import Augmentation, SplitRatios
from tlstudio.data.batches import batch_sizes, evaluation_batches, shuffled, training_batches
from tlstudio.data.catalogue import Catalogue
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


def epoch(catalogue: Catalogue, number: int, threads: int) -> torch.Tensor:
    images = catalogue.of_split("train")
    with ThreadPoolExecutor(threads) as pool:
        batches = training_batches(
            catalogue,
            images,
            VIEW,
            5,
            pool,
            order=shuffled(len(images), 3, number),
            augmentation=Augmentation.STRONG,
            seed=3,
            variation=number,
        )
        return torch.cat([batch.inputs for batch in batches])


def test_that_an_epoch_is_the_same_however_many_threads_prepare_it(catalogue: Catalogue):
    assert torch.equal(epoch(catalogue, 1, threads=1), epoch(catalogue, 1, threads=4))


def test_that_epochs_differ(catalogue: Catalogue):
    assert not torch.equal(epoch(catalogue, 1, threads=2), epoch(catalogue, 2, threads=2))


def test_that_evaluation_keeps_the_order(catalogue: Catalogue):
    images = catalogue.of_split("val")
    with ThreadPoolExecutor(4) as pool:
        batches = list(evaluation_batches(catalogue, images, VIEW, 2, pool))
    assert torch.cat([batch.labels for batch in batches]).tolist() == [image.label for image in images]
    assert batches[0].inputs.shape == (2, 3, 32, 32)


def test_that_a_file_that_vanished_is_named(catalogue: Catalogue):
    gone = Catalogue(Path("/nowhere"), catalogue.classes, catalogue.images)
    with ThreadPoolExecutor(2) as pool, pytest.raises(UnreadableImage, match=r"/nowhere/.*\.png"):
        list(evaluation_batches(gone, gone.of_split("val"), VIEW, 2, pool))


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
    with ThreadPoolExecutor(2) as pool:
        batches = list(
            training_batches(
                catalogue,
                images,
                VIEW,
                4,
                pool,
                order=order,
                augmentation=Augmentation.NONE,
                seed=1,
                variation=0,
            )
        )
    assert [row for batch in batches for row in batch.rows] == order
    labels = [label for batch in batches for label in batch.labels.tolist()]
    assert labels == [images[row].label for row in order]
