"""`tlstudio train`: what it prints, and how it exits."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import torch

from tests.cli.conftest import Cli
from tests.images import COLOURS, picture
from tlstudio.cli import faces
from tlstudio.models.inspect import layer_tree
from tlstudio.runs.index import RunIndex
from tlstudio.runs.store import RunFolder

ENDS = {"run_finished", "run_stopped", "run_failed"}
EPOCH = {"event", "epoch", "stage", "train_loss", "val_loss", "train_top1", "val_top1", "lr", "seconds"}
END = {"event", "run", "best_epoch", "val_top1", "test_top1", "seconds", "peak_memory_mb"}
HEAD, LAYER4 = 512 * 3 + 3, 8_393_728
Options = tuple[object, ...]


def test_that_the_program_trains_and_prints_json_lines_alone(program: Cli, small: Options, tmp_path: Path):
    ran = program("train", *small, "--out", tmp_path / "run", "--json")
    assert (ran.status, ran.err) == (0, "")
    epochs = ran.events("epoch_finished")
    assert [epoch["epoch"] for epoch in epochs] == [1, 2]
    for epoch in epochs:
        assert set(epoch) >= EPOCH
        assert 0 <= epoch["train_top1"] <= 1
        assert 0 <= epoch["val_top1"] <= 1
        assert epoch["lr"] >= 0
        assert epoch["seconds"] > 0
    last = ran.lines()[-1]
    assert last["event"] == "run_finished"
    assert set(last) == END
    assert last["run"] == str(tmp_path / "run")
    best = next(epoch for epoch in epochs if epoch["epoch"] == last["best_epoch"])
    assert last["val_top1"] == best["val_top1"]
    assert 0 <= last["test_top1"] <= 1
    assert last["peak_memory_mb"] > 100
    assert sum(line["event"] in ENDS for line in ran.lines()) == 1


def test_that_people_get_a_line_an_epoch_the_table_and_the_place_of_the_run(
    cli: Cli, small: Options, tmp_path: Path
):
    folder = tmp_path / "[red]run[/bold]"  # what rich would read as markup
    ran = cli("train", *small, "--out", folder)
    assert (ran.status, ran.err) == (0, "")
    assert "3 classes · 24 train, 6 val, 6 test images" in ran.out
    assert re.findall(r"^Epoch +(\d+)  training", ran.out, re.MULTILINE) == ["1", "2"]
    table = ran.out[ran.out.index("Every epoch's model, tested") :]
    rows = re.findall(r"│ +(\d+) │ +([\d.]+)% │ +([\d.]+)% │ +[\d.]+ │", table)
    assert [row[0] for row in rows] == ["1", "2"]
    tested = RunFolder.open(folder).read("test.json")
    assert [float(row[2]) for row in rows] == [round(100 * row["test_top1"], 1) for row in tested]
    assert table.count("chosen by validation") == 1
    assert ran.out.splitlines()[-1] == f"The run lies in {folder}"


def test_that_output_to_a_file_is_neither_wrapped_nor_littered_with_bars(cli: Cli, small: Options):
    ran = cli("train", *small)
    assert "images/s" not in ran.out
    assert "\x1b" not in ran.out
    assert "" not in ran.out.splitlines()


@pytest.mark.parametrize(
    ("words", "trained"),
    [
        (["feature-extraction"], [HEAD]),
        (["partial"], [HEAD + LAYER4]),
        (["partial", "--blocks", 2], [HEAD + LAYER4 + 2_099_712]),
        (["staged", "--epochs", 3, "--blocks", 2], [HEAD, HEAD + LAYER4, HEAD + LAYER4 + 2_099_712]),
        (["full"], [11_178_051]),
        (["scratch", "--weights", "default"], [11_178_051]),
        (["hybrid", "--unfreeze", "layer4", "--unfreeze", "head"], [HEAD + LAYER4]),
        (["hybrid", "--unfreeze", "layer4", "head"], [HEAD + LAYER4]),
        (["full", "--freeze", "stem", "layer1", "--freeze", "layer2", "layer3"], [HEAD + LAYER4]),
        (["partial", "--freeze", "head", "--unfreeze", "stem"], [LAYER4 + 9_536]),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value[0], str) else "",
)
def test_what_each_strategy_trains(cli: Cli, small: Options, words: list, trained: list[int]):
    ran = cli("train", *small, "--epochs", 1, "--json", "--strategy", *words)
    assert ran.status == 0
    assert [stage["trained_parameters"] for stage in ran.events("stage_started")] == trained
    (started,) = ran.events("run_started")
    assert started["config"]["strategy"] == words[0]


def test_that_a_model_used_as_it_is_has_one_epoch_in_which_nothing_is_trained(cli: Cli, dataset: Path):
    words = ("--data", dataset, "--weights", "bundled", "--strategy", "as-is", "--image-size", 32, "--json")
    ran = cli("train", *words)
    assert ran.status == 0
    assert ran.events("stage_started") == []
    assert [epoch["epoch"] for epoch in ran.events("epoch_finished")] == [0]
    assert ran.lines()[-1]["best_epoch"] == 0


def test_that_every_option_reaches_the_run(cli: Cli, small: Options):
    words = {
        "--lr": 0.02,
        "--optimizer": "sgd",
        "--schedule": "one-cycle",
        "--weight-decay": 0.5,
        "--label-smoothing": 0.1,
        "--augmentation": "strong",
        "--views": 2,
        "--early-stopping": 7,
        "--warmup": 0.25,
        "--lr-decay": 0.5,
        "--batch-norm": "keep",
        "--balance": "sampling",
        "--mix": "mixup",
        "--clip-norm": 1.5,
        "--ema": 0.9,
        "--accumulate": 2,
        "--precision": "float32",
        "--features": "float16",
        "--keep": "best-and-last",
        "--seed": 3,
        "--device": "cpu",
    }
    ran = cli("train", *small, *(word for pair in words.items() for word in pair), "--json")
    (started,) = ran.events("run_started")
    config = RunFolder.open(Path(started["run"])).config.model_dump(mode="json")
    assert config == started["config"]
    given = {name.removeprefix("--").replace("-", "_"): value for name, value in words.items()}
    assert given.items() <= config.items()
    assert (config["epochs"], config["batch_size"], config["image_size"]) == (2, 8, 32)


def test_that_stages_and_rates_of_blocks_are_taken_from_the_command_line(cli: Cli, small: Options):
    words = ("--stage", "fc:1:3e-3", "--stage", "layer4, head:2:1e-3:continue", "--rate", "layer4=1e-4")
    ran = cli("train", *small, *words, "--json")
    assert ran.status == 0
    (started,) = ran.events("run_started")
    stages = [
        (stage["name"], stage["plan"]["trainable"], stage["epochs"], stage["lr"], stage["continues"])
        for stage in started["stages"]
    ]
    assert stages == [
        ("fc", ["head"], 1, 3e-3, False),
        ("layer4, head", ["layer4", "head"], 2, 1e-3, True),
    ]
    assert started["config"]["rates"] == {"layer4": 1e-4}
    assert [epoch["stage"] for epoch in ran.events("epoch_finished")] == [0, 1, 1]


def test_that_the_sample_is_a_dataset_by_name(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch):
    from tlstudio.data import sample

    monkeypatch.setattr(sample, "IMAGES_PER_CLASS", 6)
    ran = cli("train", "--data", "sample", *("--arch", "resnet18", "--weights", "none"), *SHORT, "--json")
    assert ran.status == 0
    (started,) = ran.events("run_started")
    assert len(started["classes"]) >= 4
    assert any((home / "data" / "sample").rglob("*.jpg"))


SHORT = ("--image-size", 32, "--batch", 8, "--epochs", 1)


def test_that_local_weights_are_fitted_and_what_was_missing_is_said(
    cli: Cli, dataset: Path, finished_run: Path, tmp_path: Path
):
    from safetensors.torch import load_file, save_file

    file = tmp_path / "backbone.safetensors"
    tensors = load_file(finished_run / "frozen.safetensors")
    layer4 = torch.load(finished_run / "checkpoints" / "epoch-0002.pt", weights_only=True)["tensors"]
    save_file({**tensors, **{n: t.contiguous() for n, t in layer4.items() if n.startswith("layer4")}}, file)
    ran = cli("train", "--data", dataset, "--arch", "resnet18", "--weights", file, *SHORT)
    assert ran.status == 0
    assert "backbone.safetensors" in ran.out
    assert "2 missing (fc.weight, fc.bias)" in ran.out


def one_class(folder: Path) -> Path:
    (folder / "only" / "red").mkdir(parents=True)
    picture(COLOURS["red"], 0).save(folder / "only" / "red" / "0.png")
    return folder / "only"


def used(folder: Path) -> Path:
    (folder / "used").mkdir()
    (folder / "used" / "letter.txt").write_text("mine")
    return folder / "used"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--arch", "resnet19"], "There is no architecture 'resnet19'."),
        (["--data", "{folder}/nothing"], "There is no folder {folder}/nothing."),
        (["--data", "{folder}/empty"], "The folder {folder}/empty is empty."),
        (["--data", "{folder}/only"], "has only one class, 'red'"),
        (["--data", "{folder}/only/red/0.png"], "is a file, not a folder"),
        (["--weights", "IMAGENET1K_V9"], "There are no weights 'IMAGENET1K_V9' for ResNet-18"),
        (["--freeze", "layer9"], "resnet18 has no layer 'layer9'."),
        (["--unfreeze", "layer1", "layer9"], "resnet18 has no layer 'layer9'."),
        (["--freeze", "head"], "Nothing would be trained"),
        (["--strategy", "partial", "--blocks", "9"], "resnet18 has 5 blocks before its head, not 9."),
        (["--strategy", "as-is"], "A model used as it is needs pre-trained weights."),
        (["--out", "{folder}/used"], "{folder}/used is not empty, and a run overwrites nothing."),
        (["--device", "mps"], "This machine has no mps device"),
        (["--epochs", "0"], "--epochs must be at least 1, not 0."),
        (["--blocks", "0"], "--blocks must be at least 1, not 0."),
        (["--batch", "-4"], "--batch must be at least 1, not -4."),
        (["--lr", "0"], "--lr must be more than 0, not 0.0."),
        (["--lr", "nan"], "--lr must be more than 0, not nan."),
        (["--image-size", "8"], "--image-size must be at least 32, not 8."),
        (["--image-size", "9999"], "--image-size must be at most 1024, not 9999."),
        (["--label-smoothing", "1"], "--label-smoothing must be less than 1, not 1.0."),
        (["--early-stopping", "0"], "--early-stopping must be at least 1, not 0."),
        (["--seed", "-1"], "--seed must be at least 0, not -1."),
        (["--warmup", "1"], "--warmup must be less than 1, not 1.0."),
        (["--lr-decay", "2"], "--lr-decay must be at most 1, not 2.0."),
        (["--clip-norm", "0"], "--clip-norm must be more than 0, not 0.0."),
        (["--ema", "1"], "--ema must be less than 1, not 1.0."),
        (["--accumulate", "0"], "--accumulate must be at least 1, not 0."),
        (["--views", "65"], "--views must be at most 64, not 65."),
        (["--rate", "layer4"], "--rate layer4 is not PATH=LR."),
        (["--rate", "layer4=fast"], "--rate layer4=fast is not PATH=LR."),
        (["--rate", "layer4=-1"], "--rate layer4 must be more than 0, not -1.0."),
        (["--rate", "layer9=1e-3"], "layer9 is no block of resnet18"),
        (["--stage", "fc"], "--stage fc is not PATHS:EPOCHS:LR"),
        (["--stage", "fc:many:1e-3"], "--stage fc:many:1e-3 is not PATHS:EPOCHS:LR"),
        (["--stage", ":1:1e-3"], "--stage :1:1e-3 is not PATHS:EPOCHS:LR"),
        (["--stage", "fc:1:1e-3:go"], "--stage fc:1:1e-3:go is not PATHS:EPOCHS:LR"),
        (["--stage", "fc:0:1e-3"], "--stage fc:0:1e-3: its epochs must be at least 1, not 0."),
        (["--stage", "fc:1:0"], "--stage fc:1:0: its learning rate must be more than 0, not 0.0."),
        (["--stage", "layer9:1:1e-3"], "resnet18 has no layer 'layer9'."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_that_bad_input_exits_2_with_a_sentence_and_run_failed_as_its_only_line(
    cli: Cli, small: Options, tmp_path: Path, words: list[str], sentence: str
):
    (tmp_path / "empty").mkdir()
    one_class(tmp_path)
    letter = used(tmp_path) / "letter.txt"
    words = [word.format(folder=tmp_path) for word in words]
    sentence = sentence.format(folder=tmp_path)
    ran = cli("train", *small, *words, "--json")
    assert ran.status == 2
    (line,) = ran.lines()
    assert line["event"] == "run_failed"
    assert line["bad_input"] is True
    assert sentence in line["message"]
    assert line["hint"]
    assert sentence in ran.err
    assert letter.read_text() == "mine"
    assert RunIndex().rows() == ()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--no-such-option"], "No such option: --no-such-option"),
        (["--epochs", "many"], "Invalid value for '--epochs'"),
        (["--strategy", "magic"], "Invalid value for '--strategy'"),
        (["--device", "tpu"], "Invalid value for '--device'"),
        (["--mix", "blend"], "Invalid value for '--mix'"),
        (["--keep", "some"], "some is neither all, best-and-last nor a number above 0."),
        (["--freeze"], "requires an argument"),
        (["stray"], "unexpected extra argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_that_a_command_line_that_makes_no_sense_exits_2(
    cli: Cli, small: Options, words: list[str], sentence: str
):
    ran = cli("train", *small, *words)
    assert (ran.status, ran.out) == (2, "")
    assert sentence in ran.err


def test_that_bad_input_reads_as_a_sentence_without_json(cli: Cli, tmp_path: Path):
    ran = cli("train", "--data", tmp_path / "nothing")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.splitlines() == [
        f"There is no folder {tmp_path / 'nothing'}.",
        "Check the spelling, or choose another folder.",
    ]


def test_that_weights_that_cannot_be_downloaded_exit_1_and_name_the_three_ways_out(
    cli: Cli, small: Options, monkeypatch: pytest.MonkeyPatch
):
    def unreachable(*_args: object, **_more: object) -> None:
        raise urllib.error.URLError(socket.gaierror("no such host"))

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    ran = cli("train", *small, "--weights", "default", "--json")
    assert ran.status == 1
    line = ran.lines()[-1]
    assert (line["event"], line["bad_input"]) == ("run_failed", False)
    assert "IMAGENET1K_V1 of ResNet-18 could not be downloaded" in line["message"]
    for way in ("connect to the network", "local .pth or .safetensors file", "random weights"):
        assert way in line["hint"]


def test_that_a_loss_that_is_no_number_exits_1_and_stays_json(cli: Cli, small: Options):
    ran = cli("train", *small, "--strategy", "full", "--optimizer", "sgd", "--lr", "1e20", "--json")
    assert ran.status == 1
    assert ran.lines()[-1]["event"] == "run_failed"
    assert "training loss became" in ran.err


def test_that_an_unexpected_error_in_training_is_one_sentence(
    cli: Cli, small: Options, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_args: object, **_more: object) -> None:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr("tlstudio.training.trainer.make_schedule", broken)
    ran = cli("train", *small, "--json")
    assert ran.status == 1
    assert ran.lines()[-1]["event"] == "run_failed"
    assert "nobody thought of this" in ran.err


def test_that_an_interrupt_stops_the_program_with_run_stopped_as_its_last_line(
    small: Options, tmp_path: Path
):
    words = [*small, "--epochs", 5000, "--out", tmp_path / "run", "--json"]
    command = [sys.executable, "-m", "tlstudio", "train", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        seen: list[dict] = []
        while not seen or seen[-1]["event"] != "epoch_finished":
            seen.append(json.loads(process.stdout.readline()))
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    seen += [json.loads(line) for line in rest.splitlines()]
    assert (process.returncode, errors) == (130, "")
    assert [line["event"] for line in seen if line["event"] in ENDS] == ["run_stopped"]
    epochs = [line["epoch"] for line in seen if line["event"] == "epoch_finished"]
    assert seen[-1]["event"] == "run_stopped"
    assert seen[-1]["run"] == str(tmp_path / "run")
    assert seen[-1]["epochs"] == len(epochs) < 5000
    assert RunFolder.open(tmp_path / "run").epochs() == epochs


def interrupt_after_an_epoch(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    write = faces.write_json_line

    def write_and_interrupt(data: dict) -> None:
        write(data)
        if data["event"] == "epoch_finished":
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(faces, "write_json_line", write_and_interrupt)


def test_that_two_signals_at_once_count_as_one(cli: Cli, small: Options, monkeypatch: pytest.MonkeyPatch):
    interrupt_after_an_epoch(monkeypatch, times=2)
    ran = cli("train", *small, "--json")
    assert ran.status == 130
    assert ran.lines()[-1]["event"] == "run_stopped"
    assert ran.lines()[-1]["epochs"] == 1
    assert RunIndex().rows()[0].status == "stopped"


def test_that_an_impatient_interrupt_within_a_batch_still_ends_with_run_stopped(
    cli: Cli, small: Options, monkeypatch: pytest.MonkeyPatch
):
    def interrupted(*_args: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(torch.nn.functional, "cross_entropy", interrupted)
    ran = cli("train", *small, "--json")
    assert ran.status == 130
    assert [line["event"] for line in ran.lines() if line["event"] in ENDS] == ["run_stopped"]
    assert RunIndex().rows()[0].status == "stopped"


def test_that_the_signal_handler_is_given_back(cli: Cli, small: Options):
    before = signal.getsignal(signal.SIGINT)
    cli("train", *small, "--epochs", 1)
    assert signal.getsignal(signal.SIGINT) is before


def test_that_a_reader_who_has_seen_enough_stops_the_run(small: Options, tmp_path: Path):
    words = [*small, "--epochs", 5000, "--out", tmp_path / "run", "--json"]
    command = [sys.executable, "-m", "tlstudio", "train", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(60) == 1
    assert errors == ""
    assert RunFolder.open(tmp_path / "run").read("result.json")["status"] == "stopped"


def test_that_stopping_for_people_says_what_is_kept(
    cli: Cli, small: Options, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    from tlstudio.cli.faces import People
    from tlstudio.training.events import EpochFinished

    show = People.show

    def show_and_interrupt(self: People, event: object) -> None:
        show(self, event)  # type: ignore[arg-type]
        if isinstance(event, EpochFinished):
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(People, "show", show_and_interrupt)
    ran = cli("train", *small, "--out", tmp_path / "run")
    assert ran.status == 130
    assert ran.out.splitlines()[-2:] == [
        f"Stopped. 1 finished epoch kept in {tmp_path / 'run'}",
        f"Go on with: tlstudio resume {tmp_path / 'run'}",
    ]


def test_that_the_freezing_of_the_run_is_that_of_the_layer_list(cli: Cli, small: Options):
    """What `layers --strategy` announces is what `train --strategy` does."""
    ran = cli("train", *small, "--strategy", "partial", "--epochs", 1, "--json")
    (started,) = ran.events("run_started")
    trainable = started["stages"][0]["plan"]["trainable"]
    listed = cli("layers", "resnet18", "--classes", 3, "--strategy", "partial", "--json").lines()[0]
    assert [layer["path"] for layer in listed["layers"] if layer["trainable"] == "all"] == trainable
    assert listed["parameters"] == layer_tree("resnet18", 3).parameters == started["parameters"]
