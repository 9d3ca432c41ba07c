"""`tlstudio data` says what a folder holds and what is wrong with it, to people and to programs."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cli.conftest import Cli
from tests.data.test_duplicates import photograph
from tests.images import image_folder
from tlstudio.data import scan


def found(cli: Cli, *words: object) -> dict[str, Any]:
    """The one JSON object that the command printed."""
    ran = cli("data", *words, "--json")
    assert (ran.status, ran.err) == (0, "")
    (line,) = ran.lines()
    return line


@pytest.fixture
def divided(tmp_path: Path) -> Path:
    """A folder with training and test images, of which one was copied across, recompressed."""
    for split, count in (("train", 14), ("test", 10)):
        image_folder(tmp_path / "set" / split, count)
    for number, file in enumerate(sorted((tmp_path / "set/test").rglob("*.png"))):
        photograph(100 + number, (80, 60)).save(file)
    photograph(1).save(tmp_path / "set/train/red/one.png")
    photograph(1).save(tmp_path / "set/test/red/two.jpg", quality=70)
    return tmp_path / "set"


def test_that_a_good_folder_is_counted_and_nothing_is_said_against_it(cli: Cli, dataset: Path):
    assert found(cli, dataset) == {
        "images": 36,
        "classes": {"blue": 12, "green": 12, "red": 12},
        "splits": {"train": 24, "val": 6, "test": 6},
        "set_aside": [],
        "duplicates": [],
        "leaks": [],
        "warnings": [],
    }


def test_that_copies_and_files_set_aside_are_listed(cli: Cli, tmp_path: Path):
    root = image_folder(tmp_path / "set")
    shutil.copy(root / "red/03.png", root / "red/copy.png")
    (root / "blue/notes.jpg").write_text("bread, butter")
    line = found(cli, root)
    assert line["images"] == 37
    assert line["set_aside"] == [{"path": "blue/notes.jpg", "reason": "not an image"}]
    assert line["duplicates"] == [["red/03.png", "red/copy.png"]]
    assert line["leaks"] == []
    assert line["warnings"] == ["1 image is a copy of another: what is there several times weighs more."]


def test_that_a_picture_in_training_and_test_is_a_leak_even_recompressed(cli: Cli, divided: Path):
    line = found(cli, divided)
    assert line["leaks"] == line["duplicates"] == [["test/red/two.jpg", "train/red/one.png"]]
    assert line["splits"]["test"] == 31
    assert "1 picture lies in more than one of training, validation and test" in line["warnings"][0]


def test_that_the_images_of_nested_folders_are_classes_as_asked(cli: Cli, tmp_path: Path):
    for outer in ("cats", "dogs"):
        image_folder(tmp_path / outer, 14 if outer == "cats" else 12)
    assert list(found(cli, tmp_path)["classes"]) == ["cats", "dogs"]
    assert list(found(cli, tmp_path, "--nesting", "inner")["classes"]) == ["blue", "green", "red"]
    assert "cats/blue" in found(cli, tmp_path, "--nesting", "path")["classes"]


def test_that_people_are_told_that_other_folders_could_name_the_classes(cli: Cli, tmp_path: Path):
    for outer in ("cats", "dogs"):
        image_folder(tmp_path / "set" / outer, 4)
    hint = "Which of the folders name the classes: --nesting outer, inner or path."
    assert hint in cli("data", tmp_path / "set").out
    assert hint not in cli("data", tmp_path / "set/cats").out


def test_that_an_archive_is_called_by_its_own_name(cli: Cli, tmp_path: Path):
    root = image_folder(tmp_path / "[b]set", 4)
    archive = shutil.make_archive(str(root), "zip", root)
    assert archive in cli("data", archive).out


def test_that_a_folder_too_small_to_divide_is_shown_with_the_reason(cli: Cli, tmp_path: Path):
    image_folder(tmp_path / "set", 1)
    line = found(cli, tmp_path / "set")
    assert (line["images"], line["splits"]) == (3, {"train": 0, "val": 0, "test": 0})
    assert "There would be no validation images" in line["warnings"][0]


def test_that_the_sample_is_looked_into_by_its_name(cli: Cli, home: Path, dataset: Path):
    from tlstudio.data.sample import sample_files

    for number, name in enumerate(sample_files()):
        file = home / "data/sample/v1" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 40), (number % 256, number // 256, 9)).save(file)
    assert found(cli, "sample")["images"] == 360


def test_that_people_see_the_classes_in_a_table_and_what_is_wrong_below_it(cli: Cli, divided: Path):
    (divided / "train/blue/broken.png").write_bytes(b"")
    ran = cli("data", divided)
    assert (ran.status, ran.err) == (0, "")
    assert "divide the images" in ran.out.splitlines()[0]
    assert [line.split()[1] for line in ran.out.splitlines() if line.startswith("│")] == [
        *("blue", "green", "red"),
        "In",
    ]
    assert "1 file set aside:\n  train/blue/broken.png  empty file" in ran.out
    assert "1 picture lies in more than one" in ran.out
    assert "test/red/two.jpg = train/red/one.png" in ran.out


def test_that_people_are_told_that_nothing_is_wrong(cli: Cli, dataset: Path):
    assert "Nothing was found that would spoil a training." in cli("data", dataset).out


def test_that_long_lists_are_cut_for_people(cli: Cli, tmp_path: Path):
    root = image_folder(tmp_path / "set")
    for number in range(14):
        (root / "red" / f"empty{number}.jpg").touch()
    out = cli("data", root).out
    assert "14 files set aside:" in out
    assert "and 4 more" in out


@pytest.mark.parametrize("words", [("--json",), ()])
def test_that_a_folder_that_is_no_dataset_is_bad_input(cli: Cli, tmp_path: Path, words: tuple[str, ...]):
    ran = cli("data", tmp_path / "nowhere", *words)
    assert (ran.status, ran.out) == (2, "")
    assert "There is no folder" in ran.err


def test_that_an_interrupt_while_images_are_checked_prints_nothing_on_stdout(
    cli: Cli, dataset: Path, monkeypatch: pytest.MonkeyPatch
):
    def interrupted(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scan, "look_at", interrupted)
    ran = cli("data", dataset, "--json")
    assert (ran.status, ran.out) == (130, "")
