"""`tlstudio search`: the images nearest to a sentence or to an image."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.zeroshot.conftest import TinyClip
from tlstudio.zeroshot import models


@pytest.fixture
def search(cli: Cli, tiny: Callable[[str], TinyClip], pictures: Path):
    """Search the pictures with a tiny model."""
    models.forget()
    clip = tiny("tiny-vit")

    def run(*words: object):
        return cli("search", pictures, "--model", clip.config, "--pretrained", clip.weights, *words)

    return run


def test_that_a_sentence_ranks_the_images_of_the_folder(search, pictures: Path) -> None:
    ran = search("a red chair", "--json")
    assert (ran.status, ran.err) == (0, "")
    (line,) = ran.lines()
    assert line["event"] == "found"
    assert line["query"] == "a red chair"
    assert {one["path"] for one in line["images"]} == {str(path) for path in pictures.iterdir()}
    said = [one["similarity"] for one in line["images"]]
    assert said == sorted(said, reverse=True)


def test_that_people_get_a_row_an_image_and_no_more_than_they_want(search) -> None:
    ran = search("a red chair", "--top", "2")
    assert ran.status == 0
    assert sum(".png" in line for line in ran.out.splitlines()) == 2


def test_that_an_image_finds_its_neighbours_and_not_itself(search, pictures: Path) -> None:
    (line,) = search("--like", pictures / "0.png", "--json").lines()
    assert len(line["images"]) == 4
    assert str(pictures / "0.png") not in [one["path"] for one in line["images"]]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "nothing to search for"),
        (("  ",), "nothing to search for"),
        (("chair", "--like", "x.png"), "both say what to search for"),
        (("--like", "absent.png"), "absent.png cannot be read"),
    ],
)
def test_that_what_cannot_be_searched_for_exits_2(search, words: tuple[str, ...], message: str) -> None:
    ran = search(*words)
    assert (ran.status, ran.out) == (2, "")
    assert message in ran.err
