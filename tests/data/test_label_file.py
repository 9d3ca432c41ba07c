"""labels.csv, as people and programs write it."""

import csv
import errno
from pathlib import Path

import pytest

from tlstudio.data.label_file import find_label_file, read_labels
from tlstudio.data.layouts import understand
from tlstudio.data.listing import ListedFile, Listing
from tlstudio.errors import BadInput

IMAGES = ("1.jpg", "2.jpg", "more/3.png")


def listing(root: Path, *images: str, table: str = "labels.csv") -> Listing:
    files = tuple(ListedFile(path, 1, 1) for path in sorted((*images, table)))
    folders = {path.rpartition("/")[0] for path in (*images, table)} - {""}
    return Listing(root, files, tuple(sorted(folders)), ())


def read(
    root: Path, text: str | bytes, *images: str
) -> tuple[dict[str, tuple[str, str | None]], dict[str, str]]:
    """What the table says of the images, and what was set aside."""
    content = text.encode() if isinstance(text, str) else text
    (root / "labels.csv").write_bytes(content)
    listed = listing(root, *(images or IMAGES))
    labels = read_labels(listed, "labels.csv", [file for file in listed.files if file.suffix != ".csv"])
    return dict(labels.found), {one.path: one.reason for one in labels.set_aside}


def refused(root: Path, text: str | bytes) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read(root, text)
    assert str(root / "labels.csv") in caught.value.message
    assert caught.value.hint
    return caught.value


WHOLE = {"1.jpg": ("cat", None), "2.jpg": ("dog", None), "more/3.png": ("cat", None)}


@pytest.mark.parametrize(
    "text",
    [
        "filename,label\n1.jpg,cat\n2.jpg,dog\nmore/3.png,cat\n",
        "1.jpg,cat\n2.jpg,dog\nmore/3.png,cat",
        "1.jpg;cat\n2.jpg;dog\nmore/3.png;cat\n",
        "File\tClass\n1.jpg\tcat\n2.jpg\tdog\nmore/3.png\tcat\n",
        '"filename","label"\r\n"1.jpg","cat"\r\n"2.jpg","dog"\r\n"more/3.png","cat"\r\n',
        "filename,label\r1.jpg,cat\r2.jpg,dog\rmore/3.png,cat\r",
        "id;source;breed\n1.jpg;web;cat\n2.jpg;web;dog\nmore/3.png;me;cat\n",
        "label,image name\ncat,1.jpg\ndog,2.jpg\ncat,more/3.png\n",
        "filename,label\n\n  1.jpg , cat \n2.jpg,dog,extra\n\n./more/3.png,cat\n,\n",
        "filename,label\n1,cat\n2,dog\n3,cat\n",
        "filename,label\n1.jpg,cat\n2.jpg,dog\nmore\\3.png,cat\n",
        "filename,label\n1.jpg,cat\n2.jpg,dog\nmore/3,cat\n",
        "filename,label\n1.jpg,cat\n2.jpg,dog\n3.png,cat\n3.png,cat\n",
    ],
    ids=[
        *("heading", "no-heading", "semicolon", "tab", "quoted-crlf", "old-mac", "other-columns"),
        *("columns-turned-round", "spaces-and-blanks", "no-extension", "backslash", "folder-no-extension"),
        "said-twice",
    ],
)
def test_that_a_table_is_read_however_it_is_written(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == (WHOLE, {})
    assert read(tmp_path, b"\xef\xbb\xbf" + text.encode()) == (WHOLE, {})


def test_that_a_quoted_label_may_hold_commas_slashes_quotes_and_emoji(tmp_path: Path) -> None:
    found, _ = read(tmp_path, 'filename,label\n1.jpg,"dog, small"\n2.jpg,dog/pug\nmore/3.png,"a ""b"" 🐶"\n')
    assert [label for label, _ in found.values()] == ["dog, small", "dog/pug", 'a "b" 🐶']


def test_that_a_split_column_gives_each_image_its_split(tmp_path: Path) -> None:
    text = "filename,label,split\n1.jpg,cat,Train\n2.jpg,dog,validation\nmore/3.png,cat,unlabelled\n"
    assert read(tmp_path, text)[0] == {
        "1.jpg": ("cat", "train"),
        "2.jpg": ("dog", "val"),
        "more/3.png": ("cat", None),
    }


def test_that_a_name_that_two_images_have_needs_its_folder(tmp_path: Path) -> None:
    images = ("a/1.jpg", "b/1.jpg", "b/2.jpg")
    reason = "several images have this name; labels.csv must say in which folder"
    found, aside = read(tmp_path, "a/1.jpg,cat\n1.jpg,dog\n1,dog\n2.jpg,dog\n", *images)
    assert found == {"a/1.jpg": ("cat", None), "b/2.jpg": ("dog", None)}
    assert aside == {"1.jpg": reason, "1": reason, "b/1.jpg": "not in labels.csv"}


def test_that_a_path_goes_before_a_name_that_others_have(tmp_path: Path) -> None:
    found, _ = read(tmp_path, "1.jpg,top\na/1.jpg,below\n", "1.jpg", "a/1.jpg")
    assert found == {"1.jpg": ("top", None), "a/1.jpg": ("below", None)}


def test_that_one_image_in_two_kinds_of_file_needs_its_extension(tmp_path: Path) -> None:
    found, aside = read(tmp_path, "1,cat\n1.png,dog\n", "1.jpg", "1.png")
    assert found == {"1.png": ("dog", None)}
    assert aside["1"].startswith("several images have this name")


def test_that_a_missing_label_two_labels_and_two_splits_set_the_image_aside(tmp_path: Path) -> None:
    images = tuple(f"{number}.jpg" for number in range(1, 6))
    text = "filename,label,split\n1.jpg,,train\n2.jpg\n3.jpg,cat,\n3.jpg,dog,\n5.jpg,cat,\n"
    text += "4.jpg,cat,train\n4.jpg,cat,test\n"
    found, aside = read(tmp_path, text, *images)
    assert found == {"5.jpg": ("cat", None)}
    assert aside == {
        "1.jpg": "no label in labels.csv",
        "2.jpg": "no label in labels.csv",
        "3.jpg": "two labels in labels.csv: cat and dog",
        "4.jpg": "two splits in labels.csv: train and test",
    }


@pytest.mark.parametrize(
    "cell", ["/etc/1.jpg", "../1.jpg", "a/../../1.jpg", "C:\\pictures\\1.jpg", "\\\\host\\1.jpg"]
)
def test_that_a_line_that_points_outside_the_folder_is_set_aside(tmp_path: Path, cell: str) -> None:
    found, aside = read(tmp_path, f"{cell},cat\n1.jpg,dog\n")
    assert found == {"1.jpg": ("dog", None)}
    assert aside[cell] == "named in labels.csv, but it lies outside the folder"


def test_that_lines_without_images_and_images_without_lines_are_named(tmp_path: Path) -> None:
    _, aside = read(tmp_path, "filename,label\n1.jpg,cat\n7.jpg,dog\n")
    assert aside == {
        "7.jpg": "named in labels.csv, but there is no such image",
        "2.jpg": "not in labels.csv",
        "more/3.png": "not in labels.csv",
    }


def test_that_names_written_in_letters_and_in_accents_are_the_same(tmp_path: Path) -> None:
    composed, apart = "caf\u00e9", "cafe\u0301"
    found, _ = read(tmp_path, f"{composed}.jpg,{apart}\n강아지.jpg,b\n", f"{apart}.jpg", "강아지.jpg")
    assert found == {f"{apart}.jpg": (composed, None), "강아지.jpg": ("b", None)}


def test_that_other_encodings_are_refused_with_what_to_do(tmp_path: Path) -> None:
    for content in ("1.jpg,café\n".encode("latin-1"), "1.jpg,cat\n".encode("utf-16")):
        error = refused(tmp_path, content)
        assert "not text in UTF-8" in error.message
        assert error.hint == "Save it as CSV UTF-8."


@pytest.mark.parametrize("text", ["", "\n\n", "filename,label\n", "cat\ndog\n", "7.jpg,cat\n", "\0\0\0,\0\n"])
def test_that_a_table_that_names_no_image_is_refused(tmp_path: Path, text: str) -> None:
    assert "No line of" in refused(tmp_path, text).message


def test_that_a_table_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "cannot be read" in refused(tmp_path, f"1.jpg,{'x' * csv.field_size_limit()}y\n").message
    monkeypatch.setattr("tlstudio.data.label_file._MOST_BYTES", 5)
    assert "too large" in refused(tmp_path, "1.jpg,cat\n").message


def test_that_a_table_that_may_not_be_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "Permission denied" in refused(tmp_path, "1.jpg,cat\n").message


@pytest.mark.parametrize("table", ["labels.csv", "Labels.CSV", "pets/labels.csv"])
def test_that_a_table_is_found_at_the_top_or_in_the_only_folder(tmp_path: Path, table: str) -> None:
    base = table.rpartition("/")[0]
    inside = f"{base}/" if base else ""
    (tmp_path / base).mkdir(exist_ok=True)
    (tmp_path / table).write_text("images/1.jpg,cat\nimages/2.jpg,dog\n")
    layout = understand(listing(tmp_path, f"{inside}images/1.jpg", f"{inside}images/2.jpg", table=table))
    placed = [(one.file.path, one.class_name) for one in layout.placed]
    assert placed == [(f"{inside}images/1.jpg", "cat"), (f"{inside}images/2.jpg", "dog")]
    assert layout.sentence == f"Classes are read from {table}."
    assert layout.set_aside == ()


def test_that_a_table_within_one_of_several_class_folders_is_not_taken_for_the_datasets(
    tmp_path: Path,
) -> None:
    assert find_label_file(listing(tmp_path, "a/1.jpg", "b/1.jpg", table="a/labels.csv")) is None
    assert find_label_file(listing(tmp_path, "a/1.jpg", "b/1.jpg", table="notes.csv")) is None


def test_that_a_folder_called_labels_csv_is_no_table(tmp_path: Path) -> None:
    found = Listing(tmp_path, (ListedFile("labels.csv/1.jpg", 1, 1),), ("labels.csv",), ())
    assert find_label_file(found) is None
