"""What a folder means: class folders, folders for splits, folders around or within them."""

from pathlib import Path

import pytest

from tlstudio.data.catalogue import SetAside
from tlstudio.data.layouts import Layout, Nesting, require_classes, understand
from tlstudio.data.listing import ListedFile, Listing
from tlstudio.errors import BadInput

ROOT = Path("/set")


def listing(*paths: str) -> Listing:
    """Of files, and of folders where a path ends with a slash, with all the folders that these lie in."""
    folders: set[str] = set()
    for path in paths:
        parts = path.rstrip("/").split("/")
        depth = len(parts) if path.endswith("/") else len(parts) - 1
        folders.update("/".join(parts[:end]) for end in range(1, depth + 1))
    files = sorted(path for path in paths if not path.endswith("/"))
    return Listing(ROOT, tuple(ListedFile(path, 1, 1) for path in files), tuple(sorted(folders)), ())


def classes(layout: Layout) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in layout.placed:
        found.setdefault(one.class_name, []).append(one.file.path)
    return found


def aside(layout: Layout) -> dict[str, str]:
    return {one.path: one.reason for one in layout.set_aside}


def refused(*paths: str) -> BadInput:
    with pytest.raises(BadInput) as caught:
        understand(listing(*paths))
    assert caught.value.hint
    return caught.value


def test_that_each_folder_is_a_class() -> None:
    layout = understand(listing("cat/1.jpg", "dog/1.jpg", "dog/2.PNG"))
    assert classes(layout) == {"cat": ["cat/1.jpg"], "dog": ["dog/1.jpg", "dog/2.PNG"]}
    assert layout.sentence == "Each folder is a class."
    assert layout.class_folders == {"cat": "cat", "dog": "dog"}
    assert (layout.set_aside, layout.nested) == ((), False)


def test_that_folders_around_the_dataset_are_named_in_the_sentence() -> None:
    layout = understand(listing("pets/images/cat/1.jpg", "pets/images/dog/1.jpg"))
    assert list(classes(layout)) == ["cat", "dog"]
    assert layout.sentence == "Each folder in pets/images is a class."


def test_that_a_folder_with_images_of_its_own_is_a_class_and_no_wrapper() -> None:
    layout = understand(listing("pets/0.jpg", "pets/cat/1.jpg", "pets/dog/1.jpg"))
    assert list(classes(layout)) == ["pets"]


def test_that_a_wrapper_with_notes_beside_it_is_still_one() -> None:
    layout = understand(listing("readme.txt", "licence", "pets/cat/1.jpg", "pets/dog/1.jpg"))
    assert list(classes(layout)) == ["cat", "dog"]


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (("train", "val", "test"), ("train", "val", "test")),
        (("Training", "VALID", "Testing"), ("train", "val", "test")),
        (("train", "validation"), ("train", "val")),
        (("train", "test"), ("train", "test")),
        (("train",), ("train",)),
    ],
)
def test_that_folders_for_splits_divide_the_images(names: tuple[str, ...], splits: tuple[str, ...]) -> None:
    layout = understand(listing(*(f"{name}/{kind}/1.jpg" for name in names for kind in ("a", "b"))))
    found = {(one.file.path.split("/")[0], one.split) for one in layout.placed}
    assert found == set(zip(names, splits, strict=True))
    assert set(classes(layout)) == {"a", "b"}


def test_that_the_sentence_names_the_folders_for_splits_and_where_they_are() -> None:
    layout = understand(
        listing(*(f"data/{split}/{kind}/1.jpg" for split in ("test", "train") for kind in "ab"))
    )
    assert layout.sentence == (
        "The folders test and train in data divide the images; the folders in them are the classes."
    )


@pytest.mark.parametrize("beside", ["bus/1.jpg", "test.jpg"])
def test_that_a_class_may_be_called_train(beside: str) -> None:
    layout = understand(listing("train/1.jpg", beside, "truck/2.jpg"))
    assert "train" in classes(layout)
    assert {one.split for one in layout.placed} == {None}


def test_that_val_and_test_without_train_are_classes() -> None:
    layout = understand(listing("val/a/1.jpg", "test/a/1.jpg"))
    assert list(classes(layout)) == ["test", "val"]


def test_that_what_belongs_to_no_class_is_set_aside_once() -> None:
    layout = understand(
        listing("train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg", "more/1.jpg", "train/0.jpg", "0.jpg")
    )
    assert aside(layout) == {
        "more": "beside the folders for training and test",
        "train/0.jpg": "not in a class folder",
        "0.jpg": "not in a class folder",
    }
    assert len(layout.set_aside) == 3


@pytest.mark.parametrize(
    ("nesting", "names", "how"),
    [
        ("outer", ["cat", "dog"], "the folders inside belong to it"),
        ("inner", ["manx", "siam", "boxer", "pug"], "named by the innermost folder"),
        ("path", ["cat/manx", "cat/siam", "dog/boxer", "dog/pug"], "named by the path of its folders"),
    ],
)
@pytest.mark.parametrize("base", ["", "pets/", "train/"])
def test_that_class_folders_within_folders_are_named_as_asked(
    base: str, nesting: Nesting, names: list[str], how: str
) -> None:
    inner = ("cat/manx", "cat/siam", "dog/boxer", "dog/pug")
    layout = understand(listing(*(f"{base}{folder}/1.jpg" for folder in inner)), nesting)
    assert list(classes(layout)) == names
    assert layout.nested
    assert layout.sentence.endswith(f", {how}.")


def test_that_nested_classes_are_the_same_in_every_split() -> None:
    paths = [f"{split}/cat/{kind}/1.jpg" for split in ("train", "test") for kind in ("manx", "siam")]
    layout = understand(listing(*paths), "path")
    assert classes(layout) == {
        "cat/manx": ["test/cat/manx/1.jpg", "train/cat/manx/1.jpg"],
        "cat/siam": ["test/cat/siam/1.jpg", "train/cat/siam/1.jpg"],
    }


@pytest.mark.parametrize(
    "paths", [("a/1.jpg", "b/x/1.jpg", "b/y/1.jpg", "b/2.jpg"), ("a/x/1.jpg", "b/y/1.jpg")]
)
def test_that_a_folder_within_a_class_is_not_offered_as_nesting(paths: tuple[str, ...]) -> None:
    layout = understand(listing(*paths))
    assert (list(classes(layout)), layout.nested) == (["a", "b"], False)


def test_that_a_class_folder_without_images_is_known_by_name() -> None:
    layout = understand(listing("a/1.jpg", "b/", "c/notes.txt"))
    assert layout.class_folders == {"a": "a", "b": "b", "c": "c"}


def test_that_other_files_in_class_folders_are_set_aside_and_notes_are_not() -> None:
    layout = understand(
        listing("a/1.jpg", "a/2.heic", "a/none", "a/1.xml", "b/1.jpg", "b/thumbs.db", "b/x/3.SVG")
    )
    assert aside(layout) == {
        "a/2.heic": "HEIC files cannot be read",
        "a/none": "not an image",
        "b/x/3.SVG": "SVG files cannot be read",
    }


def test_that_one_name_written_in_letters_and_in_accents_is_one_class() -> None:
    composed, apart = "caf\u00e9", "cafe\u0301"
    layout = understand(
        listing(f"train/{composed}/1.jpg", "train/b/1.jpg", f"test/{apart}/1.jpg", "test/b/2.jpg")
    )
    assert classes(layout)[composed] == [f"test/{apart}/1.jpg", f"train/{composed}/1.jpg"]
    assert set(classes(layout)) == {composed, "b"}


def test_that_the_layout_keeps_what_lay_in_the_folder() -> None:
    before = listing("a/1.jpg", "b/1.jpg", "b/notes.txt")
    assert understand(before).listing is before


def test_that_what_is_no_dataset_says_what_is_there() -> None:
    assert refused().message == "The folder /set is empty."
    assert refused("notes.txt").message == "/set has no class folders."
    loose = refused("1.jpg", "2.jpg")
    assert loose.message == "The 2 images in /set lie directly in the folder, without classes."
    assert "labels.csv" in loose.hint


def test_that_two_classes_are_required_with_a_way_out() -> None:
    nested = understand(listing("pets/0.jpg"))
    with pytest.raises(BadInput, match="only one class, 'pets'") as caught:
        require_classes(ROOT, nested, ("pets",), ())
    assert caught.value.hint == "Add a folder with images of something else."
    inside = understand(listing("pets/cat/1.jpg", "pets/dog/1.jpg", "others/"))
    with pytest.raises(BadInput, match="only one class, 'pets'") as caught:
        require_classes(ROOT, inside, ("pets",), ())
    assert "If the classes are the folders inside 'pets'" in caught.value.hint
    require_classes(ROOT, inside, ("a", "b"), ())


def test_that_a_name_too_long_for_any_file_does_not_hide_that_nothing_can_be_read() -> None:
    nothing = understand(listing("a/", "b/"))
    with pytest.raises(BadInput, match=r"No image in /set can be read\."):
        require_classes(ROOT, nothing, (), [SetAside("x" * 5_000, "there is no such image")])
