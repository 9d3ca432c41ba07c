"""What a person changes about classes and images holds, whatever became of the folder; no file is touched."""

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlstudio.config import Corrections
from tlstudio.data.catalogue import SPLITS, Catalogue, ImageRecord
from tlstudio.data.corrections import (
    CorrectionStore,
    added,
    class_left_out,
    class_taken_in,
    corrected,
    outdated,
    renamed,
    taken_back,
)
from tlstudio.errors import BadInput, StudioError

CLASSES = ("ant", "bee", "cat")
FOLDER = Catalogue(
    Path("/data"),
    CLASSES,
    tuple(
        ImageRecord(f"{name}/{number}.jpg", label, 8, 8, 100)
        for label, name in enumerate(CLASSES)
        for number in range(2)
    ),
)
PATHS = tuple(image.path for image in FOLDER.images)


def classes(catalogue: Catalogue) -> dict[str, str]:
    return {image.path: catalogue.classes[image.label] for image in catalogue.images}


def test_that_nothing_corrected_is_the_folder_as_it_is() -> None:
    assert corrected(FOLDER, Corrections()) is FOLDER


def test_that_a_renamed_class_takes_its_place_in_the_order_of_names() -> None:
    result = corrected(FOLDER, Corrections(names={"ant": "wasp"}))
    assert result.classes == ("bee", "cat", "wasp")
    assert classes(result)["ant/0.jpg"] == "wasp"
    assert [image.path for image in result.images] == list(PATHS)


def test_that_two_classes_can_change_names() -> None:
    result = classes(corrected(FOLDER, Corrections(names={"ant": "bee", "bee": "ant"})))
    assert (result["ant/0.jpg"], result["bee/0.jpg"]) == ("bee", "ant")


def test_that_classes_of_one_name_are_merged() -> None:
    result = corrected(FOLDER, Corrections(names={"ant": "insect", "bee": "insect"}))
    assert result.counts() == {"cat": 2, "insect": 4}


def test_that_classes_and_images_are_left_out() -> None:
    result = corrected(FOLDER, Corrections(without_classes=("bee",), without=("cat/1.jpg",)))
    assert result.counts() == {"ant": 2, "cat": 1}


def test_that_an_image_is_put_into_another_class_by_its_new_name() -> None:
    result = corrected(FOLDER, Corrections(names={"bee": "wasp"}, labels={"ant/0.jpg": "wasp"}))
    assert result.counts() == {"ant": 1, "cat": 2, "wasp": 3}


def test_that_a_label_that_exists_nowhere_makes_its_class() -> None:
    result = corrected(FOLDER, Corrections(labels={"ant/0.jpg": "dragonfly"}))
    assert result.counts() == {"ant": 1, "bee": 2, "cat": 2, "dragonfly": 1}


def test_that_a_class_whose_images_are_all_moved_is_no_more() -> None:
    result = corrected(FOLDER, Corrections(labels={"ant/0.jpg": "bee", "ant/1.jpg": "bee"}))
    assert result.counts() == {"bee": 4, "cat": 2}


def test_that_an_image_put_into_another_class_stays_when_its_own_is_left_out() -> None:
    result = corrected(FOLDER, Corrections(without_classes=("ant",), labels={"ant/0.jpg": "bee"}))
    assert result.counts() == {"bee": 3, "cat": 2}


def test_that_an_image_is_moved_to_another_split() -> None:
    result = corrected(FOLDER, Corrections(splits={"ant/0.jpg": "test"}))
    assert [image.path for image in result.of_split("test")] == ["ant/0.jpg"]


@pytest.mark.parametrize(
    ("corrections", "left"),
    [
        (Corrections(names={"ant": "x", "bee": "x", "cat": "x"}), "only the class 'x'"),
        (Corrections(without_classes=("ant", "bee")), "only the class 'cat'"),
        (Corrections(without_classes=CLASSES), "no class"),
    ],
)
def test_that_fewer_than_two_classes_are_refused(corrections: Corrections, left: str) -> None:
    with pytest.raises(BadInput, match=left) as caught:
        corrected(FOLDER, corrections)
    assert caught.value.hint


def test_that_what_names_nothing_that_is_there_is_passed_over_and_said() -> None:
    gone = Corrections(
        names={"dog": "hound"},
        without_classes=("eel",),
        without=("ant/7.jpg", "ant/8.jpg", "ant/9.jpg"),
        labels={"fox/0.jpg": "bee"},
        splits={"fox/0.jpg": "val"},
    )
    assert corrected(FOLDER, gone) == FOLDER
    assert outdated(FOLDER, gone) == (
        "The class dog, which was renamed, is no longer in the folder.",
        "The class eel, which was left out, is no longer in the folder.",
        "3 images that were left out are no longer in the folder: ant/7.jpg and 2 more.",
        "The image fox/0.jpg, which was put into another class, is no longer in the folder.",
        "The image fox/0.jpg, which was moved to another split, is no longer in the folder.",
    )


def test_that_nothing_is_said_of_corrections_that_hold() -> None:
    assert outdated(FOLDER, Corrections()) == ()
    assert outdated(FOLDER, Corrections(names={"ant": "x"}, without=("bee/0.jpg",))) == ()


def test_that_later_corrections_win_over_earlier_ones() -> None:
    before = Corrections(names={"ant": "a"}, without=("bee/0.jpg",), splits={"cat/0.jpg": "val"})
    more = Corrections(names={"ant": "b"}, without=("bee/0.jpg", "bee/1.jpg"), splits={"cat/1.jpg": "val"})
    both = added(before, more)
    assert both.names == {"ant": "b"}
    assert both.without == ("bee/0.jpg", "bee/1.jpg")
    assert both.splits == {"cat/0.jpg": "val", "cat/1.jpg": "val"}


def test_that_renaming_a_merged_class_renames_all_that_it_holds() -> None:
    merged = Corrections(names={"ant": "insect", "bee": "insect"}, labels={"cat/0.jpg": "insect"})
    after = renamed(CLASSES, merged, "insect", "bug")
    assert corrected(FOLDER, after).counts() == {"bug": 5, "cat": 1}


def test_that_renaming_back_leaves_nothing_to_correct() -> None:
    once = renamed(CLASSES, Corrections(), "ant", "wasp")
    assert once == Corrections(names={"ant": "wasp"})
    assert renamed(CLASSES, once, "wasp", "ant") == Corrections()


def test_that_leaving_out_a_class_takes_the_images_put_into_it_along() -> None:
    before = Corrections(names={"ant": "insect", "bee": "insect"}, labels={"cat/0.jpg": "insect"})
    after = class_left_out((*CLASSES, "dog"), before, "insect")
    with pytest.raises(BadInput, match="only the class 'cat'"):
        corrected(FOLDER, after)


def test_that_a_class_that_is_taken_in_again_is_as_it_was_before() -> None:
    before = Corrections(
        names={"ant": "insect", "bee": "insect"}, labels={"cat/0.jpg": "insect"}, without=("bee/1.jpg",)
    )
    left_out = class_left_out(CLASSES, before, "insect")
    assert class_taken_in(CLASSES, left_out, "insect") == before


names = st.sampled_from([*CLASSES, "dog", "Ñandú"])
some_paths = st.sampled_from([*PATHS, "gone.jpg"])
any_corrections = st.builds(
    Corrections,
    names=st.dictionaries(names, names, max_size=3),
    without_classes=st.lists(names, max_size=1).map(tuple),
    without=st.lists(some_paths, max_size=3).map(tuple),
    labels=st.dictionaries(some_paths, names, max_size=3),
    splits=st.dictionaries(some_paths, st.sampled_from(SPLITS), max_size=3),
)


@given(any_corrections)
def test_that_whatever_is_corrected_each_class_has_images_and_each_image_a_class(given: Corrections) -> None:
    try:
        result = corrected(FOLDER, given)
    except BadInput:
        return
    assert list(result.classes) == sorted(set(result.classes))
    assert min(result.counts().values()) >= 1
    assert sum(result.counts().values()) == len(result.images)
    assert [image.path for image in result.images] == [path for path in PATHS if path in classes(result)]
    assert corrected(FOLDER, given) == result


CORRECTIONS = Corrections(names={"ant": "wasp"}, without=("bee/é.jpg",), splits={"cat/0.jpg": "test"})


def test_that_corrections_are_there_at_the_next_opening(tmp_path: Path) -> None:
    CorrectionStore().save(tmp_path / "set", CORRECTIONS, "path")
    kept = CorrectionStore().load(tmp_path / "set")
    assert (kept.corrections, kept.nesting) == (CORRECTIONS, "path")
    assert CorrectionStore().load(tmp_path / "other").corrections == Corrections()
    assert list(tmp_path.iterdir()) == []


def test_that_a_folder_is_the_same_however_its_path_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    CorrectionStore().save(Path("set"), CORRECTIONS)
    assert CorrectionStore().load(tmp_path / "x" / ".." / "set").corrections == CORRECTIONS


@pytest.mark.parametrize("content", ["", "{", '{"format": 9}', '{"root": "/", "corrections": {"names": 3}}'])
def test_that_a_damaged_file_is_kept_aside_and_logged(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = CorrectionStore(tmp_path)
    store.save(Path("/data"), CORRECTIONS)
    (file,) = tmp_path.iterdir()
    file.write_text(content)
    with caplog.at_level(logging.WARNING):
        assert store.load(Path("/data")).corrections == Corrections()
    assert [one.read_text() for one in tmp_path.iterdir()] == [content]
    (line,) = caplog.messages
    assert "damaged" in line
    store.save(Path("/data"), CORRECTIONS)
    assert store.load(Path("/data")).corrections == CORRECTIONS


def test_that_corrections_which_cannot_be_written_are_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "folders").write_text("not a folder")
    with pytest.raises(StudioError, match="cannot be kept"):
        CorrectionStore(tmp_path / "folders").save(Path("/data"), CORRECTIONS)


def test_that_single_images_are_taken_back_and_what_else_changed_stays() -> None:
    before = Corrections(labels={"a": "cat"}, without=("b",))
    now = Corrections(labels={"a": "dog", "c": "cat", "d": "dog"}, without=("a", "e"), splits={"c": "test"})
    assert taken_back(now, before, ["a", "b", "c"]) == Corrections(
        labels={"d": "dog", "a": "cat"}, without=("e", "b"), splits={"c": "test"}
    )


def test_that_labels_found_right_stay_so_when_corrections_are_saved(tmp_path: Path) -> None:
    store = CorrectionStore()
    store.find_right(tmp_path, {"a.png": "cat", "b.png": "dog"})
    store.save(tmp_path, CORRECTIONS, "path")
    assert store.load(tmp_path).right == {"a.png": "cat", "b.png": "dog"}
    store.find_right(tmp_path, {"a.png": "cat"}, undone=True)
    kept = store.load(tmp_path)
    assert (kept.right, kept.corrections, kept.nesting) == ({"b.png": "dog"}, CORRECTIONS, "path")
