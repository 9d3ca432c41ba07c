"""What would spoil a training is said before it, with what mends it; nothing is said of a good dataset."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter

from tests.data.conftest import checked
from tests.data.test_duplicates import photograph
from tests.images import image_folder
from tlstudio.config import SplitRatios
from tlstudio.data.catalogue import SPLITS, Catalogue, ImageRecord, Split
from tlstudio.data.corrections import corrected
from tlstudio.data.duplicates import DuplicateGroup, groups
from tlstudio.data.facts import Facts, Look
from tlstudio.data.health import FEW_IMAGES, Finding, HealthReport, Kind, examine
from tlstudio.data.scan import CheckFinished
from tlstudio.data.split import split_catalogue


def catalogue(*sizes: int, split: Split | None = None) -> Catalogue:
    images = [
        ImageRecord(f"c{label}/{number:03d}.jpg", label, 200, 150, 100, split)
        for label, size in enumerate(sizes)
        for number in range(size)
    ]
    return Catalogue(Path("/data"), tuple(f"c{label}" for label in range(len(sizes))), tuple(images))


def placed(**splits: Split) -> Catalogue:
    """Twenty training images in each of two classes; c0_003 names one that is in another split."""
    by_path = {name.replace("_", "/") + ".jpg": split for name, split in splits.items()}
    whole = catalogue(20, 20, split="train")
    images = (image.in_split(by_path.get(image.path, image.split)) for image in whole.images)
    return Catalogue(whole.root, whole.classes, tuple(images))


def group(*names: str, exact: bool = True) -> DuplicateGroup:
    return DuplicateGroup(tuple(f"{name}.jpg" for name in names), exact)


def only(report: HealthReport, kind: Kind) -> Finding:
    (finding,) = report.of(kind)
    return finding


def kinds(report: HealthReport) -> set[Kind]:
    return {finding.kind for finding in report.findings}


def of_folder(root: Path) -> tuple[Catalogue, HealthReport]:
    last = checked(root)
    return last.catalogue, examine(last.catalogue, last.facts, groups(last.catalogue.images, last.facts))


def test_that_nothing_is_wrong_with_the_sample(sample: CheckFinished) -> None:
    found = groups(sample.catalogue.images, sample.facts)
    divided = split_catalogue(sample.catalogue, SplitRatios(), 0, groups=found)
    assert examine(divided, sample.facts, found) == HealthReport((), ())


def test_that_nothing_is_wrong_with_the_textile_photographs(textile: CheckFinished) -> None:
    found = groups(textile.catalogue.images, textile.facts)
    divided = split_catalogue(textile.catalogue, SplitRatios(), 0, groups=found)
    assert examine(divided, textile.facts, found) == HealthReport((), ())


def test_that_copies_across_splits_are_told_first_and_loudly() -> None:
    leak = group("c0/001", "c0/003")
    report = examine(placed(c0_003="test"), {}, [group("c1/001", "c1/002"), leak])
    first = report.findings[0]
    assert (first.kind, first.severity, first.paths) == ("leak", "loud", leak.paths)
    assert report.leaks == (leak,)
    assert "1 picture lies in more than one of training, validation and test (2 images)" in first.sentence


@pytest.mark.parametrize(
    ("splits", "moved"),
    [
        ({"c0_003": "test"}, {"c0/003.jpg": "train"}),
        ({"c0_002": "test", "c0_003": "test"}, {"c0/001.jpg": "test"}),
        ({"c0_001": "val", "c0_003": "test"}, {"c0/001.jpg": "train", "c0/003.jpg": "train"}),
    ],
)
def test_that_a_leak_is_mended_by_moving_it_to_where_most_of_it_is(
    splits: dict[str, Split], moved: dict[str, Split]
) -> None:
    before, leak = placed(**splits), group("c0/001", "c0/002", "c0/003")
    if len(splits) == 1:
        leak = group("c0/001", "c0/003")
    move, _ = only(examine(before, {}, [leak]), "leak").mends
    assert move.text == "Move each to one side"
    assert move.corrections.splits == moved
    assert examine(corrected(before, move.corrections), {}, [leak]).leaks == ()


def test_that_a_leak_is_mended_by_leaving_out_what_is_not_for_testing() -> None:
    before, leak = placed(c0_003="test", c0_002="val"), group("c0/001", "c0/002", "c0/003")
    _, leave = only(examine(before, {}, [leak]), "leak").mends
    assert leave.corrections.without == ("c0/001.jpg", "c0/002.jpg")
    assert examine(corrected(before, leave.corrections), {}, [leak]).leaks == ()


def test_that_before_the_images_are_divided_nothing_leaks() -> None:
    assert examine(catalogue(20, 20), {}, [group("c0/001", "c0/002")]).leaks == ()


def test_that_copies_within_a_split_are_a_hint_and_one_of_each_can_be_kept() -> None:
    copies = [group("c0/001", "c0/002", "c0/003"), group("c1/001", "c1/002")]
    finding = only(examine(placed(), {}, copies), "copies")
    assert finding.severity == "hint"
    assert finding.sentence.startswith("3 images are copies of others")
    assert finding.mends[0].corrections.without == ("c0/002.jpg", "c0/003.jpg", "c1/002.jpg")


def test_that_images_which_merely_look_the_same_are_told_apart_from_copies() -> None:
    report = examine(placed(), {}, [group("c0/001", "c0/002", exact=False)])
    assert kinds(report) == {"alike"}
    assert only(report, "alike").sentence.startswith("1 image looks the same as another")


@pytest.mark.parametrize(("exact", "said"), [(True, "is the same file"), (False, "looks the same")])
def test_that_one_picture_in_two_classes_is_a_wrong_label(exact: bool, said: str) -> None:
    both = group("c0/001", "c1/001", exact=exact)
    finding = only(examine(placed(), {}, [both]), "conflict")
    assert finding.severity == "warning"
    assert said in finding.sentence
    assert finding.paths == finding.mends[0].corrections.without == both.paths


def test_that_images_left_out_meanwhile_count_no_more() -> None:
    assert examine(catalogue(20, 20), {}, [group("c0/001", "gone/001")]).findings == ()


def test_that_a_class_with_few_images_is_named_with_their_number() -> None:
    report = examine(catalogue(20, FEW_IMAGES - 1, 20), {}, [])
    finding = only(report, "few")
    assert finding.severity == "warning"
    assert "c1" in finding.sentence and "(c1: 9)" in finding.sentence
    assert len(finding.paths) == 9
    without = corrected(catalogue(20, 9, 20), finding.mends[0].corrections)
    assert without.classes == ("c0", "c2")
    assert examine(catalogue(20, FEW_IMAGES), {}, []).findings == ()


def test_that_the_last_two_classes_are_not_offered_to_be_left_out() -> None:
    assert only(examine(catalogue(20, 3), {}, []), "few").mends == ()


def test_that_classes_of_very_different_size_are_told() -> None:
    finding = only(examine(catalogue(100, 20, 40), {}, []), "imbalance")
    assert "c0 has 5 times as many images as c1 (100 and 20)" in finding.sentence
    assert {path[:2] for path in finding.paths} == {"c1"}
    assert "imbalance" not in kinds(examine(catalogue(99, 20, 40), {}, []))


@pytest.mark.parametrize("split", SPLITS)
def test_that_a_class_without_images_in_a_split_is_named(split: Split) -> None:
    parts = [catalogue(*(20, 20) if one == split else (20, 20, 20), split=one) for one in SPLITS]
    images = tuple(image for part in parts for image in part.images)
    report = examine(Catalogue(Path("/data"), ("c0", "c1", "c2"), images), {}, [])
    name = {"train": "training", "val": "validation", "test": "test"}[split]
    assert f"There are no {name} images of c2" in only(report, "few").sentence


def pale(colour: int) -> Image.Image:
    image = Image.new("L", (120, 90), colour)
    ImageDraw.Draw(image).rectangle((0, 0, 60, 90), fill=colour + (10 if colour < 99 else -10))
    return image.convert("RGB")


ODD: dict[Kind, Callable[[], Image.Image]] = {
    "flat": lambda: Image.new("RGB", (100, 80), "teal"),
    "dark": lambda: pale(4),
    "bright": lambda: pale(250),
    "blurred": lambda: photograph(9, (256, 256)).filter(ImageFilter.GaussianBlur(12)),
    "tiny": lambda: photograph(9, (40, 31)),
    "shape": lambda: photograph(9, (400, 130)),
}


@pytest.mark.parametrize("kind", ODD)
def test_that_among_good_images_one_is_found_that_is(kind: Kind, tmp_path: Path) -> None:
    image_folder(tmp_path / "set", FEW_IMAGES)
    ODD[kind]().save(tmp_path / "set/red/odd.jpg", quality=90)
    before, report = of_folder(tmp_path / "set")
    (finding,) = report.findings
    assert (finding.kind, finding.paths) == (kind, ("red/odd.jpg",))
    assert report.affected == {"red/odd.jpg": (kind,)}
    assert finding.sentence.startswith("1 image is ")
    for mend in finding.mends:
        assert "red/odd.jpg" not in {image.path for image in corrected(before, mend.corrections).images}
    assert bool(finding.mends) == (kind != "shape")


def test_that_a_night_photograph_and_a_drawing_on_white_are_as_they_should_be() -> None:
    images = catalogue(20, 20)
    looks = {
        "c0/000.jpg": Look(b"night", 1, 0.04, 0.09, 0.01),
        "c0/001.jpg": Look(b"drawing", 2, 0.97, 0.12, 0.01),
    }
    facts = {path: Facts(100, 1, 200, 150, look=look) for path, look in looks.items()}
    assert examine(images, facts, []).findings == ()


def test_that_the_worst_comes_first() -> None:
    leak, copies = group("c0/001", "c0/003"), group("c1/001", "c1/002")
    whole = placed(c0_003="test")
    few = ImageRecord("c2/000.jpg", 2, 20, 20, 100, "train")
    report = examine(Catalogue(whole.root, (*whole.classes, "c2"), (*whole.images, few)), {}, [copies, leak])
    order = [finding.severity for finding in report.findings]
    assert order == sorted(order, key=("loud", "warning", "hint").index)
    assert kinds(report) == {"leak", "copies", "few", "tiny", "imbalance"}
