"""The command line under test: in this process, or as a program of its own."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from typer.testing import CliRunner

from tests.trained import finished_run, one_thread
from tests.zeroshot.conftest import known, pictures, tiny
from tlstudio.cli.app import app

__all__ = ["finished_run", "known", "one_thread", "pictures", "tiny"]


def _no_json(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")


@dataclasses.dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    def lines(self) -> list[dict[str, Any]]:
        """stdout, each line of which must be a JSON object."""
        found = [json.loads(line, parse_constant=_no_json) for line in self.out.splitlines()]
        assert all(isinstance(one, dict) for one in found)
        return found

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["event"] == name]


@dataclasses.dataclass
class Window:
    """Stands in for the window: notes what it was opened on, and ends with ``status``."""

    status: int = 0
    opened: list[tuple[Path | None, bool]] = dataclasses.field(default_factory=list)

    def __call__(self, path: Path | None = None, sample: bool = False) -> int:
        self.opened.append((path, sample))
        return self.status


Cli = Callable[..., Ran]


@pytest.fixture
def window() -> Window:
    return Window()


@pytest.fixture
def cli(window: Window) -> Cli:
    """Run a command in this process."""

    def run(*words: object) -> Ran:
        result = CliRunner().invoke(app, [str(word) for word in words], obj=window)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def program() -> Cli:
    """Run ``python -m tlstudio`` as a process of its own; stdout and stderr go into pipes."""

    def run(*words: object) -> Ran:
        command = [sys.executable, "-m", "tlstudio", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert "Traceback" not in done.stdout + done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def small(dataset: Path) -> tuple[object, ...]:
    """Options of a training that takes half a second."""
    return (
        *("--data", dataset, "--arch", "resnet18", "--weights", "none"),
        *("--image-size", 32, "--batch", 8, "--epochs", 2),
    )
