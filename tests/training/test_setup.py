"""A run's images: read, corrected and divided as its configuration says."""

import shutil
from pathlib import Path

import pytest

from tests.images import image_folder
from tlstudio.config import Corrections, DataConfig, RunConfig
from tlstudio.data.catalogue import SPLITS, Catalogue
from tlstudio.data.duplicates import DuplicateGroup
from tlstudio.data.split import divided
from tlstudio.errors import BadInput
from tlstudio.events import Control, Notice
from tlstudio.training.setup import divided_catalogue


def prepared(root: Path, **data: object) -> tuple[Catalogue, list[str]]:
    """The divided catalogue of a run, and what it said of it."""
    config = RunConfig(data=DataConfig.model_validate({"root": str(root), **data}))
    events, said = divided_catalogue(config, Control()), list[str]()
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            return end.value, said
        if isinstance(event, Notice):
            said.append(event.text)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Every image twice: the second one in the same class under another name."""
    root = image_folder(tmp_path / "copied")
    for file in sorted(root.rglob("*.png")):
        shutil.copy(file, file.with_name(f"copy of {file.name}"))
    return root


def torn(catalogue: Catalogue) -> int:
    """How many images lie in another split than their copy."""
    splits = {image.path: image.split for image in catalogue.images}
    return sum(
        split != splits[path.replace("copy of ", "")] for path, split in splits.items() if "copy" in path
    )


def test_that_copies_of_an_image_come_into_one_split(copied: Path) -> None:
    catalogue, said = prepared(copied)
    assert torn(catalogue) == 0
    assert {image.split for image in catalogue.images} == set(SPLITS)
    assert said == []


def test_that_copies_are_divided_like_others_if_the_run_says_so(copied: Path) -> None:
    assert torn(prepared(copied, keep_together=False)[0]) > 0


def test_that_corrections_hold_in_the_run(dataset: Path) -> None:
    corrections = Corrections(
        names={"red": "warm", "green": "cold", "blue": "cold"},
        without=("red/00.png",),
        splits={"red/01.png": "test"},
    )
    catalogue, said = prepared(dataset, corrections=corrections.model_dump())
    assert catalogue.counts() == {"cold": 24, "warm": 11}
    assert {image.path: image.split for image in catalogue.images}["red/01.png"] == "test"
    assert said == []


def test_that_a_correction_of_what_is_gone_is_said_and_the_others_hold(dataset: Path) -> None:
    corrections = Corrections(names={"red": "warm", "violet": "cold"})
    catalogue, said = prepared(dataset, corrections=corrections.model_dump())
    assert catalogue.classes == ("blue", "green", "warm")
    assert said == ["The class violet, which was renamed, is no longer in the folder."]


def test_that_corrections_which_leave_one_class_end_the_run(dataset: Path) -> None:
    with pytest.raises(BadInput, match="only the class 'red'"):
        prepared(dataset, corrections={"without_classes": ("blue", "green")})


def test_that_nested_folders_name_classes_as_the_run_says(tmp_path: Path) -> None:
    image_folder(tmp_path / "set/one")
    image_folder(tmp_path / "set/two", 14)
    assert prepared(tmp_path / "set", nesting="outer")[0].classes == ("one", "two")
    assert prepared(tmp_path / "set", nesting="inner")[0].classes == ("blue", "green", "red")


def test_that_the_folds_of_a_run_share_their_test_images(dataset: Path) -> None:
    first, second = (prepared(dataset, folds=3, fold=fold)[0] for fold in (0, 1))
    assert first.of_split("test") == second.of_split("test")
    assert not set(first.of_split("val")) & set(second.of_split("val"))


def test_that_leaving_an_image_out_does_not_part_the_copies_that_it_links(dataset: Path) -> None:
    whole = prepared(dataset)[0]
    chain = ("red/00.png", "red/01.png", "red/02.png")
    for seed in range(6):
        data = DataConfig(root="", split_seed=seed, corrections=Corrections(without=("red/01.png",)))
        scanned = Catalogue(whole.root, whole.classes, tuple(i.in_split(None) for i in whole.images))
        result = divided(scanned, data, [DuplicateGroup(chain, False)])
        assert len({image.split for image in result.images if image.path in chain}) == 1
