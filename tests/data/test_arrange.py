"""Which images are shown, and in which order."""

import dataclasses
import os
from pathlib import Path

import pytest

from tlstudio.config import Corrections
from tlstudio.data.arrange import Columns, Filter, Order, Ordered, in_order, left_out
from tlstudio.data.catalogue import Catalogue, ImageRecord
from tlstudio.errors import Stopped
from tlstudio.events import Control

IMAGES = (
    ImageRecord("a/Zebra.png", 1, 10, 10, 300, "train"),
    ImageRecord("a/ape.png", 1, 30, 10, 100, "val"),
    ImageRecord("b/ÄHRE.png", 0, 20, 20, 300, "train"),
    ImageRecord("b/bee.png", 0, 5, 5, 200),
)
CATALOGUE = Catalogue(Path("nowhere"), ("first", "second"), IMAGES)


def shown(wanted: Filter) -> list[str]:
    return [IMAGES[place].path for place in Columns(CATALOGUE).places(wanted)]


def ordered(catalogue: Catalogue, order: Order) -> list[str]:
    (event,) = in_order(catalogue, order, Control())
    assert isinstance(event, Ordered)
    assert event.order == order
    return [catalogue.images[place].path for place in event.places]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(), [image.path for image in IMAGES]),
        (Filter(label=0), ["b/ÄHRE.png", "b/bee.png"]),
        (Filter(split="train"), ["a/Zebra.png", "b/ÄHRE.png"]),
        (Filter(label=0, split="train"), ["b/ÄHRE.png"]),
        (Filter(paths=frozenset({"b/bee.png", "c/other.png"})), ["b/bee.png"]),
        (Filter(paths=frozenset()), []),
        (Filter(words="ährE"), ["b/ÄHRE.png"]),
        (Filter(words="A/"), ["a/Zebra.png", "a/ape.png"]),
        (Filter(words="e", split="val", label=0), []),
    ],
)
def test_that_filters_narrow_down_together(wanted: Filter, expected: list[str]) -> None:
    assert shown(wanted) == expected


def test_that_counts_say_what_each_split_would_show() -> None:
    columns = Columns(CATALOGUE)
    assert columns.counts(Filter()) == {None: 4, "train": 2, "val": 1, "test": 0}
    assert columns.counts(Filter(split="train", label=0)) == {None: 2, "train": 1, "val": 0, "test": 0}


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("folder", ["Zebra", "ape", "ÄHRE", "bee"]),
        ("name", ["ape", "bee", "Zebra", "ÄHRE"]),
        ("class", ["ÄHRE", "bee", "Zebra", "ape"]),
        ("largest", ["Zebra", "ÄHRE", "bee", "ape"]),
        ("pixels", ["ÄHRE", "ape", "Zebra", "bee"]),
    ],
)
def test_that_images_are_ordered_and_equal_ones_stay_in_place(order: Order, names: list[str]) -> None:
    assert [Path(path).stem for path in ordered(CATALOGUE, order)] == names


def test_that_the_newest_come_first_and_files_that_are_gone_last(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for seconds, path in enumerate(("b/bee.png", "a/Zebra.png", "a/ape.png")):
        (tmp_path / path).touch()
        os.utime(tmp_path / path, (1_000_000 + seconds, 1_000_000 + seconds))
    catalogue = Catalogue(tmp_path, ("first", "second"), IMAGES)
    assert ordered(catalogue, "newest") == ["a/ape.png", "a/Zebra.png", "b/bee.png", "b/ÄHRE.png"]


def test_that_many_images_are_ordered_like_few() -> None:
    sizes = [(number * 7919) % 5003 for number in range(5003)]
    images = tuple(ImageRecord(f"{n:05}.png", 0, 1, 1, size) for n, size in enumerate(sizes))
    paths = ordered(Catalogue(Path("nowhere"), ("one",), images), "largest")
    assert [sizes[int(Path(path).stem)] for path in paths] == sorted(sizes, reverse=True)


def test_that_ordering_can_be_stopped() -> None:
    control = Control()
    control.stop()
    with pytest.raises(Stopped):
        list(in_order(CATALOGUE, "name", control))


def test_that_left_out_images_keep_their_order_and_the_labels_of_what_is_left() -> None:
    corrections = Corrections(
        names={"second": "renamed"},
        without=("b/bee.png", "a/ape.png", "a/gone.png"),
        labels={"b/bee.png": "third"},
    )
    folder = dataclasses.replace(CATALOGUE, images=tuple(sorted(IMAGES, key=lambda image: image.path)))
    found = left_out(folder, corrections, ("first", "renamed"))
    assert [(image.path, found.classes[image.label]) for image in found.images] == [
        ("a/ape.png", "renamed"),
        ("b/bee.png", "third"),
    ]
    assert found.classes == ("first", "renamed", "third")
