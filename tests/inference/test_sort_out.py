"""Results kept as a table, or as copies in class folders: nothing is moved, nothing overwritten."""

import csv
import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tlstudio.errors import BadInput, StudioError
from tlstudio.events import Control, Progress
from tlstudio.inference.results import Answers
from tlstudio.inference.sort_out import AnswersSaved, SortedOut, folder_names, save_csv, sort_out
from tlstudio.zeroshot.events import Asked

SCORES = np.array([[0.8, 0.2], [0.4, 0.6], [0.55, 0.45]], np.float32)


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "from" / name for name in ("a/1.png", "a/2.png", "b/1.png")]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([number]) * 10)
    return paths


def answers(images: list[Path], threshold: float = 0.0, scores: np.ndarray = SCORES) -> Answers:
    vectors = np.eye(2, dtype=np.float32)
    asked = Asked(("cat", "wild dog"), vectors, vectors[:1], 100.0, None, False, threshold)
    return Answers(tuple(images), scores, asked, ((Path("bad.png"), "truncated"),))


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_that_each_image_is_copied_into_the_folder_of_its_class(tmp_path: Path, images: list[Path]) -> None:
    before = tree(tmp_path / "from")
    events = list(sort_out(answers(images), tmp_path / "to", Control()))
    assert events[-1] == SortedOut(tmp_path / "to", copied=3, there=0, left_out=0, classes=2)
    assert events[-2] == Progress("Copying images", 3, 3)
    assert tree(tmp_path / "to") == {
        "cat/1.png": b"\0" * 10,
        "cat/1 (2).png": b"\2" * 10,
        "wild dog/2.png": b"\1" * 10,
    }
    assert tree(tmp_path / "from") == before


def test_that_copying_again_copies_nothing_twice(tmp_path: Path, images: list[Path]) -> None:
    list(sort_out(answers(images), tmp_path / "to", Control()))
    before = tree(tmp_path / "to")
    *_, end = sort_out(answers(images), tmp_path / "to", Control())
    assert end == SortedOut(tmp_path / "to", copied=0, there=3, left_out=0, classes=2)
    assert tree(tmp_path / "to") == before


def test_that_a_file_of_the_same_name_is_not_overwritten(tmp_path: Path, images: list[Path]) -> None:
    mine = tmp_path / "to" / "cat" / "1.png"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    list(sort_out(answers(images[:1], scores=SCORES[:1]), tmp_path / "to", Control()))
    assert tree(tmp_path / "to") == {"cat/1.png": b"mine", "cat/1 (2).png": b"\0" * 10}


@pytest.mark.parametrize(("none_too", "left_out"), [(False, 2), (True, 0)])
def test_that_none_of_these_is_left_out_or_has_a_folder(
    tmp_path: Path, images: list[Path], none_too: bool, left_out: int
) -> None:
    *_, end = sort_out(answers(images, 0.7), tmp_path / "to", Control(), none_too=none_too)
    assert isinstance(end, SortedOut)
    assert (end.left_out, end.classes) == (left_out, 1)
    folders = {path.name for path in (tmp_path / "to").iterdir()}
    assert folders == ({"cat", "none of these"} if none_too else {"cat"})


def test_that_folder_names_are_safe_and_different() -> None:
    classes = ("a/b", "a\\b", " ..", "CON", "고양이", "None of these", "x" * 300, "tab\there")
    names = folder_names(classes)
    assert names[:6] == ["a-b", "a-b (2)", "class", "CON_", "고양이", "None of these (2)"]
    assert names[6:] == ["x" * 120, "tab-here"]


def test_that_long_names_in_any_script_are_cut_between_letters() -> None:
    (name,) = folder_names(("고" * 100,))
    assert name == "고" * 40


def test_that_a_full_disk_is_said_and_leaves_no_part(
    tmp_path: Path, images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(StudioError, match="There is no room left for"):
        list(sort_out(answers(images), tmp_path / "to", Control()))
    assert tree(tmp_path / "to") == {}


def test_that_too_little_room_is_said_before_anything_is_copied(
    tmp_path: Path, images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=5)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StudioError, match=r"The copies need 0.0 GB, but .* has only 0.0 GB left"):
        list(sort_out(answers(images), tmp_path / "to" / "deep", Control()))
    assert not (tmp_path / "to").exists()


def test_that_an_image_that_has_gone_is_named(tmp_path: Path, images: list[Path]) -> None:
    images[1].unlink()
    with pytest.raises(BadInput, match=r"2\.png is no longer there"):
        list(sort_out(answers(images), tmp_path / "to", Control()))


def test_that_a_file_is_no_folder_for_copies(tmp_path: Path, images: list[Path]) -> None:
    with pytest.raises(BadInput, match="is no folder"):
        list(sort_out(answers(images), images[0], Control()))


def test_that_the_table_has_a_row_an_image(tmp_path: Path, images: list[Path]) -> None:
    path = tmp_path / "results.csv"
    events = list(save_csv(answers(images, 0.58), path, Control()))
    assert events[-1] == AnswersSaved(path, 3)
    assert path.read_bytes().startswith("\ufeff".encode())
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["path", "class", "score", "runner_up", "margin", "cat", "wild dog", "problem"],
        [str(images[0]), "cat", "0.800000", "wild dog", "0.600000", "0.800000", "0.200000", ""],
        [str(images[1]), "wild dog", "0.600000", "cat", "0.200000", "0.400000", "0.600000", ""],
        [str(images[2]), "", "0.550000", "wild dog", "0.100000", "0.550000", "0.450000", ""],
        ["bad.png", "", "", "", "", "", "", "truncated"],
    ]


def test_that_a_table_that_cannot_be_written_is_said(tmp_path: Path, images: list[Path]) -> None:
    images[0].parent.joinpath("x").write_bytes(b"")
    with pytest.raises(StudioError, match="cannot be written"):
        list(save_csv(answers(images), images[0].parent / "x" / "results.csv", Control()))
