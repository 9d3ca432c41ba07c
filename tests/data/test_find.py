from pathlib import Path

import pytest

from tlstudio.data.find import find_images
from tlstudio.errors import BadInput
from tlstudio.events import Control


def test_that_folders_are_searched_and_files_are_taken_once(dataset: Path):
    one = dataset / "blue" / "00.png"
    found = find_images([one, dataset], Control())
    assert found[0] == one
    assert len(found) == 36


def test_that_hidden_files_and_other_kinds_are_left_out(tmp_path: Path):
    for name in (".hidden.png", "notes.txt", "a.PNG", "__MACOSX/b.png", ".git/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert find_images([tmp_path], Control()) == (tmp_path / "a.PNG",)


def test_that_a_missing_path_is_named(tmp_path: Path):
    with pytest.raises(BadInput, match=r"no file or folder .*nope"):
        find_images([tmp_path / "nope"], Control())


def test_that_a_folder_without_images_is_named(tmp_path: Path):
    with pytest.raises(BadInput, match="There is no image in"):
        find_images([tmp_path], Control())


def test_that_a_file_named_outright_is_taken_whatever_its_name(tmp_path: Path):
    (tmp_path / "odd.dat").write_bytes(b"x")
    assert find_images([tmp_path / "odd.dat"], Control()) == (tmp_path / "odd.dat",)


def test_that_folders_are_searched_in_order(tmp_path: Path):
    for name in ("b/later.JPG", "a/2.tiff", "a/10.webp", "0.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_images([tmp_path / "b", tmp_path], Control())
    names = [path.relative_to(tmp_path).as_posix() for path in found]
    assert names == ["b/later.JPG", "0.png", "a/10.webp", "a/2.tiff"]
