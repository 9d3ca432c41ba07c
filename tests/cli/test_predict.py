"""`tlstudio predict` with several runs, and what it keeps of the answers."""

import csv
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Cli


@pytest.fixture
def other_run(finished_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished_run, tmp_path / "other"))


def test_that_an_ensemble_says_first_what_it_gains_on_validation(
    cli: Cli, finished_run: Path, other_run: Path, dataset: Path
):
    image = dataset / "red" / "00.png"
    alone = cli("predict", finished_run, image, "--json").lines()
    ran = cli("predict", finished_run, other_run, "--ensemble", "mean", image, "--json")
    assert (ran.status, ran.err) == (0, "")
    measured, answer = ran.lines()
    assert measured["event"] == "ensemble_measured"
    assert [way["combine"] for way in measured["ways"]] == ["mean", "weighted", "vote"]
    assert [way["gain"] for way in measured["ways"]] == [0, 0, 0]  # twice the same model
    assert [answer] == alone


def test_that_people_read_the_gain_as_a_table(cli: Cli, finished_run: Path, other_run: Path, dataset: Path):
    ran = cli("predict", finished_run, other_run, dataset / "red" / "00.png", "--ensemble", "vote")
    assert ran.status == 0
    assert "before any other" in ran.out
    assert "Together: weighted" in ran.out
    assert "+0.0 points" in ran.out


def test_that_several_runs_need_a_way_to_answer_together(
    cli: Cli, finished_run: Path, other_run: Path, dataset: Path
):
    ran = cli("predict", finished_run, other_run, dataset)
    assert ran.status == 2
    assert "2 models are named, but not how they answer together." in ran.err
    assert "needs two models at least" in cli("predict", finished_run, dataset, "--ensemble", "mean").err
    many = cli("predict", finished_run, other_run, dataset, "--ensemble", "mean", "--epoch", 1)
    assert "--epoch is for one run" in many.err


def test_that_answers_are_written_and_images_copied_into_class_folders(
    cli: Cli, finished_run: Path, dataset: Path, tmp_path: Path
):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    ran = cli(
        "predict", finished_run, dataset, bad, "--csv", tmp_path / "table.csv", "--copy-to", tmp_path / "out"
    )
    assert ran.status == 0
    with (tmp_path / "table.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 37
    assert rows[-1]["problem"]
    for row in rows[:-1]:
        shares = {name: float(row[name]) for name in ("blue", "green", "red")}
        assert row["class"] == max(shares, key=lambda name: shares[name])
    copied = sorted(path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*.png"))
    assert len(copied) == 36
    assert {path.parent.name for path in copied} == {row["class"] for row in rows[:-1]}
