"""`tlstudio labels`: the suspected labels of a run, as a table or as one object."""

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tlstudio.cli.labels import print_judged
from tlstudio.evaluation.labels_events import LabelsJudged, SuspectedLabel

SUSPECT = SuspectedLabel("cat/[1].png", "train", "cat", "dog", 0.021, 0.95)


def test_that_the_json_is_one_object_after_what_is_to_be_noticed(cli: Cli, finished_run: Path):
    ran = cli("labels", finished_run, "--json")
    assert (ran.status, ran.err) == (0, "")
    (judged,) = (line for line in ran.lines() if line["event"] != "notice")
    assert judged["event"] == "labels_judged"
    assert judged["images"] == 12
    assert "began with random weights" in judged["how"]


def test_that_people_are_told_how_the_labels_were_judged(cli: Cli, finished_run: Path):
    ran = cli("labels", finished_run)
    assert ran.status == 0
    assert "12 images" in ran.out
    assert "began with random weights" in ran.out


def test_that_what_is_no_run_is_bad_input(cli: Cli, dataset: Path):
    ran = cli("labels", dataset)
    assert ran.status == 2
    assert "is not a run" in ran.err


def test_that_the_table_names_both_classes_and_what_speaks_for_them(capsys: pytest.CaptureFixture[str]):
    print_judged(LabelsJudged(Path("run"), Path("images"), 30, "By a model.", (SUSPECT,), found_right=1))
    words = capsys.readouterr().out
    for part in ("cat/[1].png", "cat 2.1%", "dog 95.0%", "train", "1 label of 30 images", "By a model."):
        assert part in words
    assert "1 label left out that you found right before" in words


def test_that_no_suspects_are_said_to_be_none(capsys: pytest.CaptureFixture[str]):
    print_judged(LabelsJudged(Path("run"), Path("images"), 30, "By a model.", ()))
    assert "No label of 30 images is suspected to be wrong." in capsys.readouterr().out
