"""Each image goes to exactly one split, each class in proportion, the same way every time."""

import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlstudio.config import SplitRatios
from tlstudio.data.catalogue import SPLITS, Catalogue, ImageRecord, Split
from tlstudio.data.split import split_catalogue
from tlstudio.errors import BadInput

EVEN = SplitRatios()


def catalogue(*sizes: int, split: Split | None = None) -> Catalogue:
    """So many images in classes 0, 1, ..., all of one split or of none."""
    images = [
        ImageRecord(f"c{label}/{number:03d}.jpg", label, 8, 8, 100, split)
        for label, size in enumerate(sizes)
        for number in range(size)
    ]
    return Catalogue(Path("/data"), tuple(f"c{label}" for label in range(len(sizes))), tuple(images))


def merged(*parts: Catalogue) -> Catalogue:
    """The images of several catalogues of the same classes under different folders."""
    images = [
        ImageRecord(f"{image.split}/{image.path}", image.label, 8, 8, 100, image.split)
        for part in parts
        for image in part.images
    ]
    return Catalogue(parts[0].root, parts[0].classes, tuple(sorted(images, key=lambda image: image.path)))


def counts(result: Catalogue, label: int) -> tuple[int, int, int]:
    found = Counter(image.split for image in result.images if image.label == label)
    return found["train"], found["val"], found["test"]


@st.composite
def ratios(draw: st.DrawFn) -> SplitRatios:
    val, test = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    return SplitRatios(train=(100 - val - test) / 100, val=val / 100, test=test / 100)


sizes = st.lists(st.integers(3, 60), min_size=2, max_size=5)
seeds = st.integers(0, 1000)


@given(sizes, ratios(), seeds)
def test_that_each_image_has_exactly_one_split_and_nothing_else_changes(
    sizes: list[int], ratios: SplitRatios, seed: int
) -> None:
    before = catalogue(*sizes)
    after = split_catalogue(before, ratios, seed)
    assert [image.path for image in after.images] == [image.path for image in before.images]
    assert {image.split for image in after.images} == set(SPLITS)
    parts = [image.path for split in SPLITS for image in after.of_split(split)]
    assert sorted(parts) == [image.path for image in before.images]


@given(sizes, ratios(), seeds)
def test_that_each_class_is_divided_in_proportion_to_within_one_image(
    sizes: list[int], ratios: SplitRatios, seed: int
) -> None:
    result = split_catalogue(catalogue(*sizes), ratios, seed)
    for label, size in enumerate(sizes):
        train, val, test = counts(result, label)
        assert min(train, val, test) >= 1
        assert abs(val - size * ratios.val) <= 1 or val == 1
        assert abs(test - size * ratios.test) <= 1 or test == 1
        if size * ratios.val >= 1 and size * ratios.test >= 1 and size * ratios.train >= 1:
            assert abs(train - size * ratios.train) < 1


@given(sizes, ratios(), seeds)
def test_that_the_same_seed_gives_the_same_split(sizes: list[int], ratios: SplitRatios, seed: int) -> None:
    before = catalogue(*sizes)
    assert split_catalogue(before, ratios, seed) == split_catalogue(before, ratios, seed)


@given(sizes, seeds)
def test_that_an_added_image_moves_at_most_four_others(sizes: list[int], seed: int) -> None:
    before = split_catalogue(catalogue(*sizes), EVEN, seed)
    after = split_catalogue(catalogue(sizes[0] + 1, *sizes[1:]), EVEN, seed)
    place = {image.path: image.split for image in after.images}
    moved = [image for image in before.images if place[image.path] != image.split]
    assert len(moved) <= 4
    assert {image.label for image in moved} <= {0}


def test_that_the_split_is_this_one_on_every_platform() -> None:
    result = split_catalogue(catalogue(7, 7), EVEN, 0)
    in_order = [str(image.split) for image in result.images]
    assert in_order[:7] == ["test", "train", "train", "val", "train", "train", "train"]
    assert in_order[7:] == ["train", "train", "val", "train", "train", "train", "test"]


def test_that_another_seed_gives_another_split() -> None:
    before = catalogue(40, 40)
    assert split_catalogue(before, EVEN, 0) != split_catalogue(before, EVEN, 1)


def test_that_shares_that_come_out_whole_are_met_exactly() -> None:
    result = split_catalogue(catalogue(20, 100, 1000), EVEN, 3)
    assert [counts(result, label) for label in range(3)] == [(14, 3, 3), (70, 15, 15), (700, 150, 150)]


def test_that_three_images_are_enough_for_one_of_each() -> None:
    result = split_catalogue(catalogue(3, 3), SplitRatios(train=0.98, val=0.01, test=0.01), 0)
    assert counts(result, 0) == counts(result, 1) == (1, 1, 1)


def test_that_a_class_of_one_or_two_images_has_them_for_training_first() -> None:
    result = split_catalogue(catalogue(1, 2, 10), SplitRatios(train=0.02, val=0.49, test=0.49), 0)
    assert counts(result, 0) == (1, 0, 0)
    assert counts(result, 1)[0] == 1


def test_that_a_split_the_folder_gives_is_kept() -> None:
    given_parts = merged(*(catalogue(5, 5, split=split) for split in SPLITS))
    assert split_catalogue(given_parts, EVEN, 0) == given_parts


@pytest.mark.parametrize(("missing", "present"), [("val", "test"), ("test", "val")])
def test_that_a_missing_part_is_taken_from_training_in_proportion(missing: Split, present: Split) -> None:
    before = merged(catalogue(85, 34, split="train"), catalogue(10, 10, split=present))
    result = split_catalogue(before, EVEN, 0)
    # 0.15 of the 0.85 that training and the missing part share
    assert result.counts(result.of_split(missing)) == {"c0": 15, "c1": 6}
    assert result.counts(result.of_split("train")) == {"c0": 70, "c1": 28}
    assert result.of_split(present) == before.of_split(present)


def test_that_a_folder_with_training_images_only_gives_all_three() -> None:
    result = split_catalogue(merged(catalogue(20, 20, split="train")), EVEN, 0)
    assert counts(result, 0) == (14, 3, 3)


def test_that_a_class_found_only_among_the_test_images_stays_there() -> None:
    before = merged(catalogue(20, 20, 0, split="train"), catalogue(4, 4, 4, split="test"))
    assert counts(split_catalogue(before, EVEN, 0), 2) == (0, 0, 4)


@pytest.mark.parametrize(
    ("sizes", "name"), [((2, 2), "validation"), ((1, 1), "validation"), ((2, 1), "test")]
)
def test_that_too_few_images_for_every_part_are_an_error_that_says_which(
    sizes: tuple[int, ...], name: str
) -> None:
    shares = SplitRatios(train=0.5, val=0.3, test=0.2) if name == "test" else EVEN
    with pytest.raises(BadInput, match=f"no {name} images") as caught:
        split_catalogue(catalogue(*sizes), shares, 0)
    assert "at least three" in caught.value.hint


def test_that_no_training_images_are_an_error() -> None:
    parts = merged(catalogue(5, 5, split="val"), catalogue(5, 5, split="test"))
    with pytest.raises(BadInput, match="no training images"):
        split_catalogue(parts, EVEN, 0)


def test_that_a_hundred_thousand_images_keep_the_proportions() -> None:
    result = split_catalogue(catalogue(100_000, 3), EVEN, 0)
    assert math.isclose(len(result.of_split("train")), 70_000, abs_tol=2)
