"""`tlstudio zero-shot-test` and `tlstudio few-shot`: as lines of JSON and as tables."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.zeroshot.conftest import TinyClip

TINY = Callable[[str], TinyClip]


@pytest.fixture
def clip(tiny: TINY) -> tuple[object, ...]:
    model = tiny("tiny-vit")
    return ("--model", model.config, "--pretrained", model.weights, "--device", "cpu")


def test_that_the_json_has_the_figures_and_the_templates(cli: Cli, dataset: Path, clip):
    ran = cli(
        "zero-shot-test", dataset, *clip, "--classes", "red,blue,violet", "--json",
        *("--template", "a {}", "--template", "{}!"),
    )  # fmt: skip
    assert (ran.status, ran.err) == (0, "")
    (matched,), (measured,) = ran.events("classes_matched"), ran.events("measured")
    assert (matched["left_out"], matched["unlabelled"]) == ({"green": 12}, ["violet"])
    assert measured["metrics"]["images"] == 24
    (templates,) = ran.events("templates_measured")
    assert [one["template"] for one in templates["templates"]] == ["a {}", "{}!"]


def test_that_people_read_intervals_classes_and_templates(cli: Cli, dataset: Path, clip):
    ran = cli("zero-shot-test", dataset, *clip, "--template", "a {}", "--template", "{}!", "--part", "test")
    assert ran.status == 0
    for part in ("6 images", "Top-1", "95 % between", "Top-3", "By class", "green", "Templates: together"):
        assert part in ran.out


def test_that_names_that_fit_nothing_are_bad_input(cli: Cli, dataset: Path, clip):
    ran = cli("zero-shot-test", dataset, *clip, "--classes", "cat,dog")
    assert ran.status == 2
    assert "you ask for cat, dog" in ran.err


def test_that_the_curve_comes_point_by_point(cli: Cli, dataset: Path, clip):
    ran = cli("few-shot", dataset, *clip, "--shots", "1,2", "--seeds", "1", "--json")
    assert (ran.status, ran.err) == (0, "")
    methods = [(one["method"], one["shots"]) for one in ran.events("few_shot_point")]
    learned = [(method, shots) for shots in (1, 2) for method in ("tip-adapter", "linear-probe")]
    assert methods == [("zero-shot", 0), *learned, ("linear-probe", None)]
    assert ran.events("few_shots_finished")[0]["reading"].startswith("Training ")


def test_that_people_read_the_curve_and_what_it_says(cli: Cli, dataset: Path, clip):
    ran = cli("few-shot", dataset, *clip, "--shots", "1", "--seeds", "1")
    assert ran.status == 0
    for part in ("Zero-shot", "Tip-Adapter", "Linear probe", "6 test images judged", "Training "):
        assert part in ran.out


def test_that_shots_are_whole_numbers(cli: Cli, dataset: Path, clip):
    ran = cli("few-shot", dataset, *clip, "--shots", "1,many")
    assert ran.status == 2
    assert "--shots 1,many is not a list of whole numbers" in ran.err
