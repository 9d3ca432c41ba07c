"""`lab` tries strategies side by side and says which to use."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tlstudio.evaluation.lab_store import LabFolder

HEAD = "resnet18-feature-extraction-s0"


@pytest.fixture
def options(dataset: Path) -> tuple[object, ...]:
    """A lab of one entry that takes half a second."""
    return (
        *("--data", dataset, "--arch", "resnet18", "--weights", "none", "--image-size", 32, "--batch", 8),
        *("--epochs", 1, "--strategies", "feature-extraction", "--device", "cpu"),
    )


def test_that_a_lab_is_lines_of_json_the_last_of_which_says_what_to_use(
    cli: Cli, options: tuple[object, ...], tmp_path: Path
):
    ran = cli("lab", *options, "--seeds", 2, "--out", tmp_path / "lab", "--json")
    assert (ran.status, ran.err) == (0, "")
    (started,) = ran.events("lab_started")
    assert [entry["name"] for entry in started["entries"]] == [HEAD, "resnet18-feature-extraction-s1"]
    assert started["fingerprint"] == LabFolder.open(tmp_path / "lab").state.fingerprint
    results = [one["result"] for one in ran.events("entry_finished")]
    last = ran.lines()[-1]
    (summary,) = last["reading"]["summaries"]
    assert (last["event"], last["failed"]) == ("lab_finished", [])
    assert summary["top1s"] == [one["top1"]["value"] for one in results]
    assert {one["epochs"] for one in results} == {1}
    assert last["reading"]["recommendation"]["entry"] in [one["entry"] for one in results]
    assert len(ran.events("epoch_finished")) == 2


def test_that_people_get_a_table_and_a_sentence_and_may_go_on(
    cli: Cli, options: tuple[object, ...], tmp_path: Path
):
    ran = cli("lab", *options, "--seeds", 2, "--out", tmp_path / "lab")
    assert (ran.status, ran.err) == (0, "")
    assert "1/2 feature extraction, seed 0" in ran.out
    assert "Top-1 on 6 test images" in ran.out
    assert "Only feature extraction was tried" in ran.out
    assert "Energy is an estimate, not measured" in ran.out
    again = cli("lab", "--resume", tmp_path / "lab", "--first", HEAD, "--skip", HEAD)
    assert (again.status, again.err) == (0, "")
    assert "2 entries, 2 of them finished" in again.out
    assert "Only feature extraction was tried" in again.out
    queue = json.loads((tmp_path / "lab" / "queue.json").read_text())
    assert queue == {"order": [HEAD], "skipped": [HEAD]}


def test_that_a_sweep_of_depth_plans_each_number_of_blocks_of_the_network(
    cli: Cli, options: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    planned = []
    monkeypatch.setattr("tlstudio.cli.lab._run", lambda config, *_: planned.append(config) or iter(()))
    words = [word for word in options if word not in ("--strategies", "feature-extraction")]
    cli("lab", *words, "--sweep", "depth")
    cli("lab", *options, "--sweep", "labels", "--labels", "3,9", "--minutes", 2)
    depth, labels = planned
    assert [choice.name for choice in depth.choices] == [
        "feature-extraction",
        *(f"partial-{count}" for count in range(1, 5)),
        "full",
    ]
    assert (labels.labels, labels.minutes, len(labels.choices)) == ((3, 9), 2, 1)


@pytest.mark.parametrize(
    "words, said",
    [
        ((), "--data says which images"),
        (("--data", "x", "--resume", "y"), "Leave --data out"),
        (("--data", "x", "--strategies", "fully"), "'fully' is no strategy"),
        (("--data", "x", "--strategies", "full,hybrid"), "'hybrid' is no strategy"),
        (("--data", "x", "--arch", "resnet18,resnet18"), "Networks has something twice"),
        (("--data", "x", "--sweep", "labels", "--labels", "5,many"), "--labels 5,many is not a list"),
        (("--data", "x", "--image-size", 8), "--image-size must be at least 32, not 8"),
        (("--data", "x", "--arch", "net"), "There is no architecture 'net'"),
        (("--resume", "nowhere"), "is no lab"),
    ],
)
def test_that_what_makes_no_sense_is_told_in_a_sentence(
    cli: Cli, words: tuple[object, ...], said: str, dataset: Path
):
    ran = cli("lab", *(dataset if word == "x" else word for word in words))
    assert ran.status == 2
    assert said in " ".join(ran.err.split())
