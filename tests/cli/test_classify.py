"""`tlstudio predict`, `zero-shot` and `evaluate`: one line an image, one row an epoch."""

import shutil
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Cli
from tests.zeroshot.conftest import TinyClip
from tlstudio.cli import faces
from tlstudio.runs.store import RunFolder
from tlstudio.zeroshot import models
from tlstudio.zeroshot.demo.pictures import draw
from tlstudio.zeroshot.demo.scenes import Scene

Write = Callable[[str], TinyClip]


@pytest.fixture
def mixed(dataset: Path, tmp_path: Path) -> list[Path]:
    """A good image, a file that is none, and another good one."""
    corrupt = tmp_path / "corrupt.jpg"
    corrupt.write_bytes(b"\xff\xd8\xff\xe0 not much of a JPEG")
    return [dataset / "red" / "00.png", corrupt, dataset / "blue" / "03.png"]


def check_lines(lines: list[dict], mixed: list[Path], classes: set[str]) -> None:
    good, bad, other = lines
    assert [line["path"] for line in lines] == [str(path) for path in mixed]
    assert set(bad) == {"path", "error"}
    assert bad["error"]
    for line in (good, other):
        assert set(line) == {"path", "label", "probabilities"}
        assert set(line["probabilities"]) == classes
        assert sum(line["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert line["label"] == max(line["probabilities"], key=lambda name: line["probabilities"][name])


def test_that_predicting_with_a_run_goes_on_after_a_corrupt_file(
    cli: Cli, finished_run: Path, mixed: list[Path]
):
    ran = cli("predict", finished_run, *mixed, "--json")
    assert (ran.status, ran.err) == (0, "")
    check_lines(ran.lines(), mixed, {"red", "green", "blue"})


def test_that_predicting_with_an_architecture_names_its_1000_categories(cli: Cli, mixed: list[Path]):
    ran = cli("predict", "efficientnet_lite0", *mixed, "--json")
    assert (ran.status, ran.err) == (0, "")
    assert len(ran.lines()[0]["probabilities"]) == 1000


def test_that_an_epoch_can_be_chosen(cli: Cli, finished_run: Path, dataset: Path):
    image = dataset / "red" / "00.png"
    first, second = (cli("predict", finished_run, image, "--epoch", n, "--json").lines() for n in (1, 2))
    assert first[0]["probabilities"] != second[0]["probabilities"]


def test_that_people_read_three_ranked_classes_an_image_and_how_many_failed(
    cli: Cli, finished_run: Path, mixed: list[Path]
):
    ran = cli("predict", finished_run, *mixed)
    assert ran.status == 0
    good, bad, other, count = ran.out.splitlines()
    assert good.startswith(f"{mixed[0]}  ")
    assert good.count("%") == other.count("%") == 3
    assert bad.startswith(f"{mixed[1]}  not read: ")
    assert count == "1 file could not be read."


def test_that_a_path_in_no_known_encoding_is_printed(cli: Cli, finished_run: Path, tmp_path: Path):
    strange = tmp_path / "caf\udce9.png"
    try:
        strange.write_bytes(b"no image")
    except (OSError, UnicodeError):
        pytest.skip("this system has no such names")
    (line,) = cli("predict", finished_run, tmp_path, "--json").lines()
    assert line == {"path": str(strange), "error": "not an image"}


def test_that_an_interrupt_ends_a_prediction_with_130(
    cli: Cli, finished_run: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(faces, "write_json_line", lambda _data: signal.raise_signal(signal.SIGINT))
    ran = cli("predict", finished_run, dataset, "--json")
    assert ran.status == 130
    assert ran.err == "Interrupted.\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["{run}", "{folder}/nothing.jpg"], "There is no file or folder {folder}/nothing.jpg."),
        (["{run}", "{folder}"], "There is no image in {folder}."),
        (["resnet19", "{image}"], "'resnet19' is neither a run's folder nor an architecture."),
        (["{folder}", "{image}"], "{folder} is not a run: it has no config.json."),
        (["{run}", "{image}", "--epoch", "9"], "has no model of epoch 9."),
        (["resnet18", "{image}", "--weights", "none"], "A network with random weights knows no classes."),
        (["{run}", "{image}", "--device", "mps"], "This machine has no mps device"),
        (["{run}"], "Missing argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_that_bad_input_to_predict_exits_2_with_a_sentence(
    cli: Cli, finished_run: Path, dataset: Path, tmp_path: Path, words: list[str], sentence: str
):
    names = {"run": finished_run, "folder": tmp_path, "image": dataset / "red" / "00.png"}
    ran = cli("predict", *(word.format(**names) for word in words), "--json")
    assert (ran.status, ran.out) == (2, "")
    assert sentence.format(**names) in ran.err


def test_that_predicting_without_weights_or_network_exits_1(
    cli: Cli, dataset: Path, monkeypatch: pytest.MonkeyPatch
):
    def unreachable(*_args: object, **_more: object) -> None:
        raise urllib.error.URLError(socket.gaierror("no such host"))

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    ran = cli("predict", "resnet18", dataset)
    assert (ran.status, ran.out) == (1, "")
    assert "could not be downloaded" in ran.err


@pytest.fixture
def own_run(finished_run: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, in which what its models say may be kept."""
    return shutil.copytree(finished_run, tmp_path / "run")


def test_that_evaluating_a_run_prints_a_line_an_epoch_and_one_of_the_chosen(cli: Cli, own_run: Path):
    table = RunFolder.open(own_run).read("test.json")
    ran = cli("evaluate", own_run, "--json")
    assert (ran.status, ran.err) == (0, "")
    *tested, measured = ran.lines()
    assert tested == table
    chosen = next(row["epoch"] for row in table if row["chosen"])
    assert (measured["event"], measured["epoch"]) == ("epoch_evaluated", chosen)


def test_that_another_epoch_can_be_measured(cli: Cli, own_run: Path):
    (found,) = cli("evaluate", own_run, "--epoch", 1, "--json").events("epoch_evaluated")
    assert found["epoch"] == 1
    wrong = cli("evaluate", own_run, "--epoch", 7, "--json")
    assert (wrong.status, wrong.out) == (2, "")
    assert "Its epochs are: 1, 2." in wrong.err


def test_that_evaluating_for_people_prints_the_table_and_where_it_is_kept(cli: Cli, own_run: Path):
    ran = cli("evaluate", own_run)
    assert ran.status == 0
    assert ran.out.startswith("Every epoch's model, tested")
    assert ran.out.count("chosen by validation") == 1
    for words in ("Top-1", "Macro F1", "AUROC", "Calibration error on test", "Validation chose epoch"):
        assert words in ran.out
    assert "two models can only be told apart" in ran.out
    assert ran.out.splitlines()[-1] == f"The table is kept in {own_run / 'test.json'}"


def test_that_evaluating_what_is_no_run_exits_2(cli: Cli, tmp_path: Path):
    ran = cli("evaluate", tmp_path, "--json")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"{tmp_path} is not a run: it has no config.json.")


@pytest.fixture
def clip(tiny: Write) -> TinyClip:
    models.forget()
    return tiny("tiny-vit")


def test_that_zero_shot_goes_on_after_a_corrupt_file(cli: Cli, clip: TinyClip, mixed: list[Path]):
    words = ("--model", clip.config, "--pretrained", clip.weights)
    ran = cli("zero-shot", "--classes", "cat, dog , 고양이", *words, *mixed, "--json")
    assert (ran.status, ran.err) == (0, "")
    check_lines(ran.lines(), mixed, {"cat", "dog", "고양이"})


def test_that_the_template_changes_the_answer(cli: Cli, clip: TinyClip, dataset: Path):
    words = ("--model", clip.config, "--pretrained", clip.weights, dataset / "red" / "00.png", "--json")
    plain, odd = (
        cli("zero-shot", "--classes", "cat,dog", *template, *words).lines()[0]["probabilities"]
        for template in ((), ("--template", "the opposite of {}, twice"))
    )
    assert plain != odd


def test_that_without_a_model_named_or_kept_the_bundled_one_answers(cli: Cli, tmp_path: Path):
    scene = Scene("star", "black", "plain", "paper", "large", "sharp")  # of a pair that it was never shown
    draw(scene, np.random.default_rng(0)).save(tmp_path / "star.png")
    named = ("--model", "demo")
    classes = ("--classes", "black star,red star,black heart")
    answers = [cli("zero-shot", *words, *classes, tmp_path / "star.png", "--json") for words in ((), named)]
    assert [answer.status for answer in answers] == [0, 0]
    assert answers[0].lines()[0]["label"] == "black star"
    assert answers[0].out == answers[1].out


def test_that_random_weights_are_announced_to_people(cli: Cli, clip: TinyClip, dataset: Path):
    words = ("--model", clip.config, "--pretrained", "none", dataset / "red" / "00.png")
    ran = cli("zero-shot", "--classes", "cat,dog", *words)
    assert ran.status == 0
    assert "has random weights: its answers mean nothing." in ran.out
    assert ran.out.splitlines()[-1].count("%") == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--classes", "cat"], "'cat' is the only class"),
        (["--classes", "cat,Cat"], "'Cat' is there twice"),
        (["--classes", "cat,dog", "--template", "a photo"], "has no place for the class name"),
        (["--classes", "cat,dog", "--model", "ViT-Z-99"], "open_clip has no model 'ViT-Z-99'."),
        (["--classes", "cat,dog", "--pretrained", "nowhere.pt"], "nowhere.pt"),
        ([], "Missing option '--classes'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_that_bad_input_to_zero_shot_exits_2_with_a_sentence(
    cli: Cli, dataset: Path, words: list[str], sentence: str
):
    ran = cli("zero-shot", *words, dataset / "red" / "00.png", "--json")
    assert (ran.status, ran.out) == (2, "")
    assert sentence in ran.err
