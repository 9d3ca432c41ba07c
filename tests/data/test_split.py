"""Each image goes to exactly one split, each class in proportion, the same way every time."""

import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlstudio.config import SplitRatios
from tlstudio.data.catalogue import SPLITS, Catalogue, ImageRecord, Split
from tlstudio.data.duplicates import DuplicateGroup
from tlstudio.data.split import split_catalogue, with_fewer
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


def place(result: Catalogue) -> dict[str, Split | None]:
    return {image.path: image.split for image in result.images}


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
    now = place(after)
    moved = [image for image in before.images if now[image.path] != image.split]
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


@st.composite
def grouped(draw: st.DrawFn, across_classes: bool = True) -> tuple[Catalogue, tuple[DuplicateGroup, ...]]:
    """A catalogue and groups of its images, each image in one of them at most."""
    whole = catalogue(*draw(st.lists(st.integers(3, 40), min_size=2, max_size=4)))
    number = draw(st.integers(1, 12))
    members: dict[tuple[int, int], list[str]] = {}
    for image in whole.images:
        group = draw(st.integers(0, number + 5))  # the last ones are of no group
        if group < number:
            members.setdefault((group, 0 if across_classes else image.label), []).append(image.path)
    return whole, tuple(DuplicateGroup(tuple(paths), False) for paths in members.values() if len(paths) > 1)


@given(grouped(), ratios(), seeds)
def test_that_no_group_is_torn_and_each_image_has_a_split(
    given: tuple[Catalogue, tuple[DuplicateGroup, ...]], ratios: SplitRatios, seed: int
) -> None:
    whole, groups = given
    try:
        result = split_catalogue(whole, ratios, seed, groups=groups)
    except BadInput:
        assert len(groups) >= 1  # one that holds nearly everything
        return
    where = place(result)
    assert set(where.values()) == set(SPLITS)
    assert all(len({where[path] for path in group.paths}) == 1 for group in groups)
    assert result == split_catalogue(whole, ratios, seed, groups=groups)


@given(grouped(across_classes=False), ratios(), seeds)
def test_that_shares_of_groups_are_off_by_no_more_than_a_group(
    given: tuple[Catalogue, tuple[DuplicateGroup, ...]], ratios: SplitRatios, seed: int
) -> None:
    whole, groups = given
    try:
        result = split_catalogue(whole, ratios, seed, groups=groups)
    except BadInput:
        return
    for label, total in enumerate(whole.counts().values()):
        sizes = [len(group.paths) for group in groups if group.paths[0].startswith(f"c{label}/")]
        units = len(sizes) + total - sum(sizes)
        for found, share in zip(counts(result, label), (ratios.train, ratios.val, ratios.test), strict=True):
            assert abs(found - share * total) <= max(sizes, default=1) + 1
            assert found >= 1 or units < 3


def test_that_groups_of_two_keep_the_proportions() -> None:
    whole = catalogue(200, 100)
    pairs = tuple(
        DuplicateGroup((one.path, other.path), True)
        for one, other in zip(whole.images[::2], whole.images[1::2], strict=True)
    )
    result = split_catalogue(whole, EVEN, 0, groups=pairs)
    for label, total in ((0, 200), (1, 100)):
        for found, share in zip(counts(result, label), (0.7, 0.15, 0.15), strict=True):
            assert abs(found - total * share) <= 1


def test_that_without_groups_the_split_is_that_of_before_groups_were_known() -> None:
    whole = catalogue(50, 31)
    assert split_catalogue(whole, EVEN, 4, groups=()) == split_catalogue(whole, EVEN, 4)


def test_that_a_group_across_splits_of_the_folder_stays_where_it_is() -> None:
    parts = merged(*(catalogue(5, 5, split=split) for split in SPLITS))
    leak = DuplicateGroup(("test/c0/000.jpg", "train/c0/000.jpg", "val/c0/000.jpg"), True)
    assert split_catalogue(parts, EVEN, 0, groups=(leak,)) == parts


def test_that_training_images_of_a_group_stay_together_when_validation_is_taken_from_them() -> None:
    parts = merged(catalogue(20, 20, split="train"), catalogue(5, 5, split="test"))
    group = DuplicateGroup(("test/c0/000.jpg", *(f"train/c0/{n:03d}.jpg" for n in range(6))), False)
    for seed in range(8):
        where = place(split_catalogue(parts, EVEN, seed, groups=(group,)))
        assert where["test/c0/000.jpg"] == "test"
        assert len({where[path] for path in group.paths[1:]}) == 1


def pin(whole: Catalogue, **splits: Split) -> Catalogue:
    """Images of class c0, named by their number as n007, put into splits by hand."""
    by_path = {f"c0/{name[1:]}.jpg": split for name, split in splits.items()}
    images = (image.in_split(by_path.get(image.path, image.split)) for image in whole.images)
    return Catalogue(whole.root, whole.classes, tuple(images))


@pytest.mark.parametrize("split", SPLITS)
def test_that_an_image_moved_by_hand_stays_and_counts_among_its_split(split: Split) -> None:
    for seed in range(5):
        result = split_catalogue(pin(catalogue(20, 20), n007=split), EVEN, seed, pinned={"c0/007.jpg"})
        assert place(result)["c0/007.jpg"] == split
        assert counts(result, 0) == counts(result, 1) == (14, 3, 3)


def test_that_copies_follow_the_image_that_was_moved_by_hand() -> None:
    group = DuplicateGroup(("c0/001.jpg", "c0/007.jpg", "c1/004.jpg"), False)
    for seed in range(5):
        whole = pin(catalogue(20, 20), n007="test")
        where = place(split_catalogue(whole, EVEN, seed, groups=(group,), pinned={"c0/007.jpg"}))
        assert {where[path] for path in group.paths} == {"test"}


def test_that_many_images_moved_by_hand_leave_the_others_for_training() -> None:
    names = {f"n{number:03d}": "val" for number in range(15)}
    whole = pin(catalogue(20, 20), **names)  # pyright: ignore[reportArgumentType]
    result = split_catalogue(whole, EVEN, 0, pinned={f"c0/{name[1:]}.jpg" for name in names})
    train, val, test = counts(result, 0)
    assert (val, train + test) == (15, 5)
    assert train >= 3
    assert test >= 1


@given(grouped(), st.integers(2, 6), seeds)
def test_that_each_image_validates_in_one_fold_and_the_test_images_are_the_same_in_all(
    given: tuple[Catalogue, tuple[DuplicateGroup, ...]], folds: int, seed: int
) -> None:
    whole, groups = given
    try:
        results = [
            split_catalogue(whole, EVEN, seed, groups=groups, folds=folds, fold=fold) for fold in range(folds)
        ]
    except BadInput:
        return
    tests = {result.of_split("test") for result in results}
    assert len(tests) == 1
    validated = [image.path for result in results for image in result.of_split("val")]
    assert sorted([*validated, *(image.path for image in tests.pop())]) == [
        image.path for image in whole.images
    ]
    for result in results:
        where = place(result)
        assert all(len({where[path] for path in group.paths}) == 1 for group in groups)


def test_that_folds_are_of_one_size_and_each_has_every_class() -> None:
    whole = catalogue(*[12] * 10)
    for fold in range(5):
        result = split_catalogue(whole, EVEN, 1, folds=5, fold=fold)
        assert len(result.of_split("test")) == 20
        assert len(result.of_split("val")) == 20
        assert set(result.counts(result.of_split("val")).values()) == {2}


def test_that_what_does_not_come_out_even_is_shared_out_among_the_folds() -> None:
    parts = merged(catalogue(*[7] * 10, split="train"), catalogue(*[2] * 10, split="test"))
    sizes = [len(split_catalogue(parts, EVEN, 0, folds=5, fold=fold).of_split("val")) for fold in range(5)]
    assert sizes == [14] * 5


def test_that_folds_leave_the_test_images_of_the_folder_and_mix_the_others() -> None:
    parts = merged(*(catalogue(6, 6, split=split) for split in SPLITS))
    validated = [split_catalogue(parts, EVEN, 0, folds=3, fold=fold).of_split("val") for fold in range(3)]
    assert sorted(image.path for part in validated for image in part) == sorted(
        image.path for image in parts.images if image.split != "test"
    )
    assert split_catalogue(parts, EVEN, 0, folds=3, fold=1).of_split("test") == parts.of_split("test")


def test_that_folds_leave_an_image_that_was_moved_to_the_test_images() -> None:
    whole = pin(catalogue(20, 20), n007="test")
    for fold in range(4):
        result = split_catalogue(whole, EVEN, 2, pinned={"c0/007.jpg"}, folds=4, fold=fold)
        assert place(result)["c0/007.jpg"] == "test"
        assert counts(result, 0)[2] == 3


def test_that_images_in_large_groups_across_all_classes_are_still_divided() -> None:
    whole = catalogue(*[64] * 10)
    groups = tuple(
        DuplicateGroup(tuple(image.path for image in whole.images[start::64]), False) for start in range(64)
    )
    result = split_catalogue(whole, EVEN, 0, groups=groups)
    assert [len(result.of_split(split)) for split in SPLITS] == [450, 100, 90]


def test_that_few_images_a_class_are_among_the_more_and_leave_validation_and_test() -> None:
    whole = split_catalogue(catalogue(60, 40), EVEN, seed=0)
    few, more = with_fewer(whole, 5, draw=1), with_fewer(whole, 12, draw=1)
    assert few.counts(few.of_split("train")) == {"c0": 5, "c1": 5}
    assert set(few.images) < set(more.images) < set(whole.images)
    assert all(few.of_split(split) == whole.of_split(split) for split in ("val", "test"))


def test_that_another_draw_takes_other_images() -> None:
    whole = split_catalogue(catalogue(60, 40), EVEN, seed=0)
    assert with_fewer(whole, 5, draw=1) != with_fewer(whole, 5, draw=2)


def test_that_a_class_with_fewer_images_than_are_wanted_keeps_them_all() -> None:
    whole = split_catalogue(catalogue(60, 8), EVEN, seed=0)
    few = with_fewer(whole, 20, draw=0)
    assert few.counts(few.of_split("train")) == {"c0": 20, "c1": whole.counts(whole.of_split("train"))["c1"]}
    assert with_fewer(whole, None, draw=0) is whole
