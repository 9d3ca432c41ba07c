"""The options that say how images are divided: the same for looking at a folder and for training on it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.cli.test_data import found
from tests.images import image_folder
from tlstudio.config import Corrections, DataConfig, SplitRatios
from tlstudio.data.corrections import CorrectionStore

Options = tuple[object, ...]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of 36 images for which the window keeps corrections."""
    root = image_folder(tmp_path / "pictures")
    kept = Corrections(names={"green": "leaf"}, without=("blue/00.png", "blue/01.png"))
    CorrectionStore().save(root, kept)
    return root


def trained(cli: Cli, small: Options, folder: Path, *words: object) -> DataConfig:
    """How the images of a run were divided, from what the run's folder says."""
    ran = cli("train", *small, "--epochs", 1, *words, "--out", folder, "--json")
    assert (ran.status, ran.err) == (0, "")
    return DataConfig.model_validate(json.loads((folder / "config.json").read_text())["data"])


def test_that_shares_and_seed_divide_the_images(cli: Cli, dataset: Path):
    line = found(cli, dataset, "--ratios", "50,25,25", "--split-seed", 3)
    assert line["splits"] == {"train": 18, "val": 9, "test": 9}


def test_that_of_the_folds_the_one_that_is_asked_for_validates(cli: Cli, dataset: Path):
    line = found(cli, dataset, "--folds", 5, "--fold", 5)
    assert sum(line["splits"].values()) == 36
    assert line["splits"]["test"] == 6
    assert line["splits"]["val"] in (5, 6, 7)


def test_that_a_run_keeps_how_its_images_were_divided(cli: Cli, small: Options, tmp_path: Path):
    words = ("--ratios", "0.6,0.2,0.2", "--split-seed", 7, "--no-keep-together", "--nesting", "inner")
    data = trained(cli, small, tmp_path / "run", *words)
    assert data.ratios == SplitRatios(train=0.6, val=0.2, test=0.2)
    assert (data.split_seed, data.keep_together, data.nesting) == (7, False, "inner")
    assert (data.folds, data.fold) == (None, 0)


def test_that_a_run_is_one_of_several_folds(cli: Cli, small: Options, tmp_path: Path):
    data = trained(cli, small, tmp_path / "run", "--folds", 3, "--fold", 2)
    assert (data.folds, data.fold) == (3, 1)


def test_that_a_run_learns_from_few_images_a_class(cli: Cli, small: Options, tmp_path: Path):
    data = trained(cli, small, tmp_path / "run", "--per-class", 2, "--draw", 1)
    assert (data.per_class, data.draw) == (2, 1)
    images = json.loads((tmp_path / "run" / "split.json").read_text())["images"]
    assert sum(image["split"] == "train" for image in images) == 6


def test_that_corrections_of_the_window_are_used_only_if_that_is_asked(cli: Cli, own: Path):
    assert found(cli, own)["classes"] == {"blue": 12, "green": 12, "red": 12}
    assert found(cli, own, "--corrections")["classes"] == {"blue": 10, "leaf": 12, "red": 12}


def test_that_a_run_with_corrections_keeps_them(cli: Cli, own: Path, small: Options, tmp_path: Path):
    data = trained(cli, small, tmp_path / "run", "--data", own, "--corrections")
    assert data.corrections == Corrections(names={"green": "leaf"}, without=("blue/00.png", "blue/01.png"))


def test_that_people_are_told_of_corrections_that_were_not_used(cli: Cli, own: Path):
    assert (
        cli("data", own).out.splitlines()[-1] == "3 corrections made in the window: --corrections uses them."
    )
    assert "--corrections" not in cli("data", own, "--corrections").out


def test_that_the_nesting_of_the_window_comes_with_its_corrections(cli: Cli, tmp_path: Path):
    for outer in ("cats", "dogs"):
        image_folder(tmp_path / "set" / outer, 8)
    left_out = Corrections(names={"red": "rose"}, without=("cats/red/00.png",))
    CorrectionStore().save(tmp_path / "set", left_out, "inner")
    assert found(cli, tmp_path / "set", "--corrections")["classes"] == {"blue": 16, "green": 16, "rose": 15}
    # With other classes, what was said of those before is passed over; images stay left out.
    wanted = ("--corrections", "--nesting", "outer")
    assert found(cli, tmp_path / "set", *wanted)["classes"] == {"cats": 23, "dogs": 24}


def test_that_a_correction_that_no_longer_fits_is_a_warning(cli: Cli, own: Path):
    (own / "blue/00.png").unlink()
    gone = "The image blue/00.png, which was left out, is no longer in the folder."
    assert gone in found(cli, own, "--corrections")["warnings"]


@pytest.mark.parametrize("command", ["data", "train", "estimate", "find-lr"])
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--ratios", "0.7,0.3"], "--ratios 0.7,0.3 is not three shares above 0 that sum to 1, or to 100."),
        (["--ratios", "0.7,0.2,0.2"], "--ratios 0.7,0.2,0.2 is not three shares"),
        (["--ratios", "1,0,0"], "--ratios 1,0,0 is not three shares"),
        (["--folds", "1"], "--folds must be at least 2, not 1."),
        (["--fold", "2"], "--fold 2 says nothing without --folds."),
        (["--folds", "5", "--fold", "6"], "--fold must be from 1 to 5, not 6."),
        (["--folds", "5", "--fold", "0"], "--fold must be from 1 to 5, not 0."),
        (["--nesting", "deep"], "deep"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_that_a_value_without_sense_is_bad_input(
    cli: Cli, dataset: Path, command: str, words: list[str], sentence: str
):
    where: tuple[Any, ...] = (dataset,) if command == "data" else ("--data", dataset)
    ran = cli(command, *where, *words)
    assert ran.status == 2
    assert sentence in ran.err
