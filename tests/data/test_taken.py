"""Pictures from a camera come into the right folder, whole or not at all, and overwrite nothing."""

import errno
import io
import os
from pathlib import Path

import pytest
from PIL import Image

from tests.images import image_folder, picture
from tlstudio.config import Corrections, DataConfig
from tlstudio.data import taken
from tlstudio.data.corrections import corrected
from tlstudio.data.layouts import Nesting
from tlstudio.data.scan import ScanFinished, scan
from tlstudio.data.taken import (
    Picture,
    PictureDiscarded,
    PictureKept,
    Place,
    PlaceFound,
    Shot,
    discard_pictures,
    keep_picture,
    keep_pictures,
    place_in_folder,
    place_of_data,
)
from tlstudio.errors import BadInput, StudioError
from tlstudio.events import Control, Event
from tlstudio.paths import sample_dir

TWO_BY_ONE = Picture(2, 1, bytes([200, 30, 30, 30, 30, 200]))


def scanned(root: Path, nesting: Nesting = "outer") -> ScanFinished:
    *_, last = scan(root, Control(), nesting=nesting)
    assert isinstance(last, ScanFinished)
    return last


def place(root: Path, corrections: Corrections | None = None, nesting: Nesting = "outer") -> Place:
    """Where pictures go in a folder that was scanned and corrected."""
    found, corrections = scanned(root, nesting), corrections or Corrections()
    data = DataConfig(root=str(root), nesting=nesting, corrections=corrections)
    return only(list(place_of_data(found, corrected(found.catalogue, corrections), data, Control())))


def only(events: list[Event]) -> Place:
    (event,) = events
    assert isinstance(event, PlaceFound)
    return event.place


def put(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        picture((1, 2, 3), 1).save(folder / "1.png")


# Writing


def test_that_a_picture_is_a_jpeg_of_quality_95_with_its_sides_as_they_were(tmp_path: Path) -> None:
    path = keep_picture(tmp_path, "red", Picture(16, 8, bytes([255, 0, 0]) * 64 + bytes([0, 0, 255]) * 64))
    assert path.parent == tmp_path / "red"
    best = io.BytesIO()
    with Image.open(path) as image:
        assert (image.format, image.size) == ("JPEG", (16, 8))
        top, bottom = image.getpixel((3, 1)), image.getpixel((3, 6))
        Image.new("RGB", (8, 8)).save(best, "JPEG", quality=95)
        with Image.open(best) as expected:
            assert image.quantization == expected.quantization
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert (top[0] > 200, top[2] < 60) == (True, True)
    assert (bottom[2] > 200, bottom[0] < 60) == (True, True)


def test_that_an_encoded_picture_is_kept_byte_for_byte(tmp_path: Path) -> None:
    assert keep_picture(tmp_path, "a/b", b"\xff\xd8 whatever").read_bytes() == b"\xff\xd8 whatever"


def test_that_pictures_of_the_same_moment_have_names_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = iter(["aaaaaa", "11111111", "aaaaaa", "bbbbbb", "22222222"])  # with those of the temporary files
    monkeypatch.setattr("secrets.token_hex", lambda _: next(tokens))

    class Noon(taken.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 11, 24, 12)

    monkeypatch.setattr(taken, "datetime", Noon)
    first, second = (keep_picture(tmp_path, "a", TWO_BY_ONE) for _ in range(2))
    assert first.name == "webcam-2026-11-24-120000-000-aaaaaa.jpg"
    assert second.name == "webcam-2026-11-24-120000-000-bbbbbb.jpg"


def test_that_a_full_disk_is_said_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StudioError, match="no room left"):
        keep_picture(tmp_path, "a", TWO_BY_ONE)
    assert list((tmp_path / "a").iterdir()) == []


def test_that_a_folder_that_may_not_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "replace", deny)
    with pytest.raises(StudioError, match=r"a may not be written\. Choose a new folder"):
        keep_picture(tmp_path, "a", TWO_BY_ONE)


def test_that_a_drive_that_was_pulled_out_is_not_made_anew_as_a_folder(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no longer there"):
        keep_picture(tmp_path / "stick", "a", TWO_BY_ONE)
    assert not (tmp_path / "stick").exists()


def test_that_pictures_already_taken_are_written_even_when_the_studio_is_closing(tmp_path: Path) -> None:
    control = Control()
    control.stop()
    shots = [Shot(number, tmp_path, "a", TWO_BY_ONE) for number in (4, 5)]
    kept = [event for event in keep_pictures(shots, control) if isinstance(event, PictureKept)]
    assert [event.number for event in kept] == [4, 5]
    assert all(event.path.exists() for event in kept)


def test_that_the_last_picture_deleted_takes_its_folder_with_it_and_no_other(tmp_path: Path) -> None:
    first, second, other = (keep_picture(tmp_path, folder, TWO_BY_ONE) for folder in ("a", "a", "b"))
    events = list(discard_pictures([first], Control()))
    assert events == [PictureDiscarded(first)]
    assert second.exists()
    list(discard_pictures([first, second], Control()))  # one that is gone already is no error
    assert not (tmp_path / "a").exists()
    assert other.exists()


# Where they go


def test_that_each_class_has_its_folder_and_a_new_one_goes_beside_them(tmp_path: Path) -> None:
    found = place(image_folder(tmp_path, 2))
    assert found.root == tmp_path
    assert found.counts == {"blue": 2, "green": 2, "red": 2}
    assert found.folder_of("red") == "red"
    assert found.folder_of("yellow") == "yellow"
    assert found.with_class("yellow").counts["yellow"] == 0


def test_that_pictures_go_to_training_where_the_folder_is_divided(tmp_path: Path) -> None:
    put(*(tmp_path / "all" / split / name for split in ("test", "train") for name in ("cat", "dog")))
    put(tmp_path / "all" / "test" / "eel")
    found = place(tmp_path)
    assert found.folders == {"cat": "all/train/cat", "dog": "all/train/dog", "eel": "all/train/eel"}
    assert found.folder_of("fox") == "all/train/fox"


@pytest.mark.parametrize(
    ("nesting", "folders", "new"),
    [
        ("outer", {"pets": "pets", "wild": "wild"}, "fox"),
        ("inner", {"cat": "pets/cat", "dog": "pets/dog", "elk": "wild/elk"}, "pets/fox"),
        ("path", {"pets/cat": "pets/cat", "pets/dog": "pets/dog", "wild/elk": "wild/elk"}, "fox"),
    ],
)
def test_that_folders_in_folders_are_filled_as_they_name_the_classes(
    tmp_path: Path, nesting: Nesting, folders: dict[str, str], new: str
) -> None:
    put(tmp_path / "pets" / "cat", tmp_path / "pets" / "dog", tmp_path / "wild" / "elk")
    found = place(tmp_path, nesting=nesting)
    assert found.folders == folders
    assert found.folder_of("fox") == new


def test_that_a_picture_taken_of_a_class_is_read_back_as_that_class(tmp_path: Path) -> None:
    put(tmp_path / "ant", tmp_path / "bee", tmp_path / "cow", tmp_path / "dog")
    corrections = Corrections(names={"ant": "insect", "bee": "insect", "cow": "ox"}, without_classes=("dog",))
    put(tmp_path / "elk")
    found = place(tmp_path, corrections)
    assert list(found.counts) == ["elk", "insect", "ox"]
    for name in ("insect", "ox", "elk", "fox"):
        path = keep_picture(tmp_path, found.folder_of(name), TWO_BY_ONE).relative_to(tmp_path).as_posix()
        catalogue = corrected(scanned(tmp_path).catalogue, corrections)
        (label,) = (image.label for image in catalogue.images if image.path == path)
        assert catalogue.classes[label] == name


def test_that_merged_classes_are_filled_where_the_name_says(tmp_path: Path) -> None:
    put(tmp_path / "ant", tmp_path / "bee", tmp_path / "cow")
    assert place(tmp_path, Corrections(names={"ant": "bee"})).folder_of("bee") == "bee"


@pytest.mark.parametrize(
    ("corrections", "typed", "why"),
    [
        (Corrections(names={"ant": "wasp"}), "ant", "is shown as 'wasp'"),
        (Corrections(without_classes=("ant",)), "ant", "is left out"),
    ],
)
def test_that_a_folder_that_is_shown_otherwise_gives_no_class_its_name(
    tmp_path: Path, corrections: Corrections, typed: str, why: str
) -> None:
    put(tmp_path / "ant", tmp_path / "bee", tmp_path / "cow")
    with pytest.raises(BadInput, match=why):
        place(tmp_path, corrections).named(typed)


@pytest.mark.parametrize(
    ("typed", "name"), [("  Red ", "red"), ("RED", "red"), ("yellow", "yellow"), ("e\u0301te", "\u00e9te")]
)
def test_that_a_typed_name_means_the_class_that_differs_in_case_alone(typed: str, name: str) -> None:
    assert Place(Path("x"), {"red": 1}, {"red": "red"}).named(typed) == name


_IMPOSSIBLE = ("", "  ", "a/b", "a\\b", "..", ".hidden", "what?", "a\tb", "end.", "con", "NUL.txt", "train",
               "__MACOSX", "x" * 300)  # fmt: skip


@pytest.mark.parametrize("typed", _IMPOSSIBLE)
def test_that_a_name_that_is_no_folder_everywhere_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(BadInput) as error:
        Place(Path("x"), {}, {}).named(typed)
    assert error.value.message.endswith(".")
    assert error.value.hint


def test_that_nothing_is_put_into_an_archive_a_table_or_the_sample(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "discs", 2)
    found = scanned(root)
    archive = tmp_path / "discs.zip"
    archive.touch()
    with pytest.raises(BadInput, match=r"discs\.zip is an archive.*new folder"):
        list(place_of_data(found, found.catalogue, DataConfig(root=str(archive)), Control()))
    rows = [f"{path.relative_to(root).as_posix()},{path.parent.name}" for path in root.rglob("*.png")]
    (root / "labels.csv").write_text("\n".join(["filename,label", *rows]))
    with pytest.raises(BadInput, match="come from a table"):
        place(root)
    painted = image_folder(sample_dir(), 2)
    with pytest.raises(BadInput, match="painted by the studio"):
        place(painted)


def test_that_a_folder_that_is_gone_or_closed_is_said_before_a_picture_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="no longer there"):
        list(place_in_folder(tmp_path / "gone", Control()))
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(BadInput, match="may not be written"):
        list(place_in_folder(tmp_path, Control()))


def test_that_an_empty_folder_or_one_with_pictures_by_class_can_be_gone_on_with(tmp_path: Path) -> None:
    assert only(list(place_in_folder(tmp_path, Control()))).counts == {}
    put(tmp_path / "cat")
    (tmp_path / "dog").mkdir()
    (tmp_path / ".DS_Store").touch()
    found = only(list(place_in_folder(tmp_path, Control())))
    assert found.counts == {"cat": 1, "dog": 0}


@pytest.mark.parametrize("other", ["notes.txt", "labels.csv", "Documents/letter.odt", "train/cat/1.png"])
def test_that_a_folder_of_other_things_is_not_mistaken_for_a_new_one(tmp_path: Path, other: str) -> None:
    (tmp_path / other).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / other).touch()
    with pytest.raises(BadInput, match="is not empty") as error:
        list(place_in_folder(tmp_path, Control()))
    assert ("Data page" in error.value.hint) == (other.startswith(("labels", "train")))
