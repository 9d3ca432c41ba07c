"""The program around its commands: the window, what it knows of itself, and how it takes an accident."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from tests.cli.conftest import Cli, Window
from tlstudio import __version__
from tlstudio.cli import faces
from tlstudio.events import Notice
from tlstudio.models.architectures import architectures
from tlstudio.models.events import Downloaded

COMMANDS = {
    "open": ["PATH"],
    "data": ["DIR", "--json", "--nesting"],
    "train": [
        *("--data", "--arch", "--weights", "--strategy", "--blocks", "--epochs", "--lr", "--batch"),
        *("--image-size", "--freeze", "--unfreeze", "--seed", "--device", "--out", "--json"),
        *("--stage", "--rate", "--warmup", "--lr-decay", "--batch-norm", "--balance", "--mix", "--clip-norm"),
        *("--ema", "--accumulate", "--precision", "--features", "How it is trained:"),
    ],
    "estimate": ["--data", "--arch", "--strategy", "--epochs", "--stage", "--json"],
    "find-lr": ["--data", "--arch", "--strategy", "--batch", "--rate", "--json"],
    "evaluate": ["RUN", "--epoch", "--json"],
    "predict": ["RUN|ARCH", "PATH", "--json"],
    "search": ["DIR", "SENTENCE", "--like", "--top", "--model", "--json"],
    "zero-shot": ["--classes", "--template", "--model", "--pretrained", "PATH", "--json"],
    "layers": ["ARCH", "--json"],
    "doctor": [],
}


def test_that_without_a_command_the_window_opens(cli: Cli, window: Window):
    assert cli().status == 0
    assert window.opened == [(None, False)]


def test_that_the_window_opens_on_the_sample(cli: Cli, window: Window):
    assert cli("--sample").status == 0
    assert window.opened == [(None, True)]


def test_that_open_hands_its_path_to_the_window(cli: Cli, window: Window, tmp_path: Path):
    assert cli("open", tmp_path).status == 0
    assert window.opened == [(tmp_path, False)]


def test_that_the_window_decides_the_exit_status(cli: Cli, window: Window, tmp_path: Path):
    window.status = 7
    assert cli().status == 7
    assert cli("open", tmp_path).status == 7


def test_that_open_refuses_a_path_that_is_not_there(cli: Cli, window: Window, tmp_path: Path):
    ran = cli("open", tmp_path / "nothing")
    assert (ran.status, ran.out) == (2, "")
    assert f"There is no file or folder {tmp_path / 'nothing'}." in ran.err
    assert window.opened == []


def test_that_a_window_that_cannot_open_says_so_in_a_sentence(cli: Cli, monkeypatch: pytest.MonkeyPatch):
    def broken(*_args: object, **_more: object) -> int:
        raise ImportError("libEGL.so.1: cannot open shared object file")

    monkeypatch.setattr(Window, "__call__", broken)
    ran = cli()
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("ImportError: libEGL.so.1: cannot open shared object file.\n")


def test_that_the_version_is_printed(program: Cli):
    ran = program("--version")
    assert (ran.status, ran.out, ran.err) == (0, f"tlstudio {__version__}\n", "")


def test_that_help_lists_every_command(cli: Cli):
    ran = cli("--help")
    assert ran.status == 0
    for command in COMMANDS:
        assert f"\n  {command} " in ran.out


@pytest.mark.parametrize("command", COMMANDS)
def test_that_a_commands_help_names_what_it_takes(cli: Cli, command: str):
    ran = cli(command, "--help")
    assert ran.status == 0
    for name in COMMANDS[command]:
        assert name in ran.out


def test_that_an_unknown_command_exits_2(cli: Cli):
    ran = cli("tarin")
    assert (ran.status, ran.out) == (2, "")
    assert "No such command" in ran.err


def check_shape(layer: dict) -> None:
    assert {"path", "name", "kind", "output_shape", "parameters", "children"} <= set(layer)
    assert all(isinstance(side, int) for side in layer["output_shape"])
    if layer["children"]:
        assert layer["parameters"] == sum(child["parameters"] for child in layer["children"])
    for child in layer["children"]:
        check_shape(child)


@pytest.mark.parametrize("arch", ["resnet18", "vgg16_bn", "efficientnet_lite0"])
def test_that_layers_are_listed_in_the_documented_shape(cli: Cli, arch: str):
    ran = cli("layers", arch, "--json")
    assert (ran.status, ran.err) == (0, "")
    (tree,) = ran.lines()
    assert set(tree) == {"arch", "parameters", "layers"}
    assert tree["arch"] == arch
    assert tree["parameters"] == architectures()[arch].parameters
    assert tree["parameters"] == sum(block["parameters"] for block in tree["layers"])
    for block in tree["layers"]:
        check_shape(block)


def test_that_layers_for_people_are_a_table_with_a_sum(cli: Cli):
    ran = cli("layers", "vgg11", "--strategy", "partial", "--classes", 4)
    assert ran.status == 0
    rows = {line.split()[0]: line for line in ran.out.splitlines() if line.strip()}
    assert "features.8" in rows["conv3_2"]
    assert "590,080" in rows["conv3_2"]
    assert "frozen" in rows["conv3_2"]
    assert "trained" in rows["fc8"]
    assert rows["Trainable"].startswith("Trainable 119,562,244 of 128,782,724 parameters")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["resnet19"], "There is no architecture 'resnet19'."),
        (["resnet18", "--strategy", "partial", "--blocks", "6"], "resnet18 has 5 blocks before its head"),
        (["resnet18", "--classes", "0"], "Invalid value for '--classes'"),
        ([], "Missing argument 'ARCH'"),
    ],
)
def test_that_bad_input_to_layers_exits_2(cli: Cli, words: list[str], sentence: str):
    ran = cli("layers", *words)
    assert (ran.status, ran.out) == (2, "")
    assert sentence in ran.err


def test_that_doctor_says_what_is_installed_and_where_everything_lies(cli: Cli, home: Path):
    (report,) = cli("doctor", "--json").lines()
    for package in ("python", "tlstudio", "torch", "torchvision", "timm", "open_clip", "pyside6-essentials"):
        assert report["versions"][package]
    assert report["devices"][0] == "cpu"
    assert "efficientnet_lite0/bundled" in report["weights_present"]
    paths = report["paths"]
    assert paths["runs"] == str(home / "data" / "runs")
    assert paths["cache"] == str(home / "cache")
    assert paths["logs"] == str(home / "log")
    assert paths["weights"] == str(home / "torch" / "hub" / "checkpoints")
    assert paths["clip_weights"] == str(home / "hub")
    people = cli("doctor")
    assert people.status == 0
    for path in paths.values():
        assert path in people.out


def test_that_numbers_that_json_lacks_become_null(capsys: pytest.CaptureFixture[str]):
    faces.write_json_line({"loss": float("nan"), "more": [float("inf"), 0.5], "name": "é"})
    assert capsys.readouterr().out == '{"loss": null, "more": [null, 0.5], "name": "\\u00e9"}\n'


def run_code(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environment}
    )


BROKEN_DOCTOR = """
import sys
from tlstudio.cli import report
def broken():
    raise ZeroDivisionError("nobody thought of this")
report.doctor_report = broken
from tlstudio.__main__ import main
sys.argv = ["tlstudio", "doctor"]
main()
"""


def test_that_an_unexpected_error_is_a_sentence_for_people_and_a_traceback_in_the_log(home: Path):
    done = run_code(BROKEN_DOCTOR)
    log = home / "log" / "tlstudio.log"
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "ZeroDivisionError: nobody thought of this.",
        f"That should not have happened; the details are in {log}.",
    ]
    assert "Traceback" in log.read_text()
    assert "in broken" in log.read_text()


def test_that_a_home_that_cannot_be_written_costs_the_log_and_no_more(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    done = run_code(BROKEN_DOCTOR, TLSTUDIO_HOME=str(tmp_path / "file"))
    assert (done.returncode, done.stdout) == (1, "")
    sentence, hint = done.stderr.splitlines()
    assert sentence == "ZeroDivisionError: nobody thought of this."
    assert hint.endswith("tlstudio.log cannot be written.")


def test_that_a_program_without_streams_runs():
    """A windowed bundle has neither stdout nor stderr."""
    code = """
import sys
sys.stdout = sys.stderr = None
from tlstudio.__main__ import main
sys.argv = ["tlstudio", "tarin"]
main()
"""
    assert run_code(code).returncode == 2


def test_that_a_terminal_without_unicode_gets_what_it_can_show(home: Path):
    code = """
import sys
from tlstudio.__main__ import main
sys.argv = ["tlstudio", "open", "고양이"]
main()
"""
    done = run_code(code, PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert done.stderr.startswith("There is no file or folder ???.")


def test_that_uncaught_errors_go_to_the_log_while_the_window_is_open(home: Path):
    """Qt reports what a slot raises to sys.excepthook, which typer would like to have for itself."""
    code = """
import sys
from tlstudio.cli.app import run
def window(path=None, sample=False):
    try:
        raise ZeroDivisionError("in a slot")
    except ZeroDivisionError:
        sys.excepthook(*sys.exc_info())
    return 3
sys.argv = ["tlstudio"]
run(window)
"""
    done = run_code(code)
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr
    assert "ZeroDivisionError: in a slot" in (home / "log" / "tlstudio.log").read_text()


def test_that_json_is_one_object_a_line_whatever_the_names():
    done = run_code(
        "from tlstudio.cli.faces import write_json_line; write_json_line({'path': 'a\\nb\\u2028c.png'})",
        PYTHONIOENCODING="ascii",
    )
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout) == {"path": "a\nb\u2028c.png"}


def test_that_a_bar_on_a_terminal_shows_names_as_they_are(monkeypatch: pytest.MonkeyPatch):
    """A file called "[/b].pth" is no markup, and the bar is gone when the work is done."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, highlight=False)
    monkeypatch.setattr(faces, "Console", lambda **_: console)
    events = [Downloaded("[/b].pth", 10**6, 2 * 10**6), Notice("[red]done")]
    faces.show_all(iter(events), as_json=False)
    assert "Downloading [/b].pth (MB)" in screen.getvalue()
    assert "[red]done" in screen.getvalue()
    assert screen.getvalue().rindex("\x1b[2K") > screen.getvalue().rindex("Downloading")
