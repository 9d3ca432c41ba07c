"""What is known without waiting for torch."""

import json
import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "timm", "open_clip", "huggingface_hub", "safetensors")
QT = ("PySide6", "pyqtgraph")

TELL = """
import json, sys
sys.stderr.write(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))
"""
RUN = """
import sys
from tlstudio.__main__ import main
sys.argv = ["tlstudio", *{words}]
try:
    main()
except SystemExit as end:
    assert end.code in (0, 2), end.code
"""


def imported_by(code: str) -> set[str]:
    """The packages in memory after ``code``, in a process of its own."""
    command = [sys.executable, "-c", code + TELL]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr[done.stderr.rindex("[") :]))


def test_that_the_window_is_imported_without_torch():
    packages = imported_by("import tlstudio.ui.app")
    assert "PySide6" in packages
    assert packages.isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "code",
    [
        "import tlstudio.cli.app",
        RUN.format(words=["--help"]),
        RUN.format(words=["train", "--help"]),
        RUN.format(words=["--version"]),
        RUN.format(words=["train", "--epochs", "0", "--data", "x"]),
        RUN.format(words=["open", "/nothing/here"]),
    ],
    ids=["import", "help", "train --help", "version", "bad option", "bad path"],
)
def test_that_the_command_line_answers_at_once_without_torch_or_qt(code: str):
    packages = imported_by(code)
    assert "tlstudio" in packages
    assert packages.isdisjoint(HEAVY + QT)


@pytest.mark.parametrize("module", ["config", "paths", "events", "errors", "files", "logs", "runs.store"])
def test_that_what_a_run_is_can_be_read_without_torch_or_qt(module: str):
    packages = imported_by(f"import tlstudio.{module}")
    assert packages.isdisjoint((*HEAVY, *QT, "typer", "rich"))
