"""A run on disk: one folder with its configuration, metrics, checkpoints and outcome."""

import dataclasses
import importlib.metadata
import json
import math
import os
import platform
import re
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from tlstudio.config import RunConfig
from tlstudio.errors import BadInput, StudioError
from tlstudio.files import atomic_write, naming, write_json
from tlstudio.paths import runs_dir
from tlstudio.runs.index import CONFIG_FILE, RESULT_FILE, RunIndex, RunRow

METRICS_FILE = "metrics.jsonl"
CHECKPOINTS = "checkpoints"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\.jsonl?")
_CHECKPOINT = re.compile(r"epoch-(\d{4,})\.pt")


# Runs that ended in this process: a full disk may have kept the list from learning of it.
_ended: set[Path] = set()


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """A run's folder; made by :meth:`create` and :meth:`open`."""

    path: Path

    @classmethod
    def create(cls, config: RunConfig, out: Path | None = None) -> "RunFolder":
        """Make the folder of a new run and list it as running; without ``out`` it gets a name of its own.

        Raises:
            BadInput: ``out`` is a file or a folder with something in it, or cannot be made.
        """
        if out is None:
            stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
            path = _new_folder(runs_dir(), f"{stamp}-{config.arch}-{config.strategy.value}")
        else:
            path = _claimed(Path(os.path.abspath(out)))  # noqa: PTH100 (resolve() would follow links)
        run = cls(path)
        write_json(path / CONFIG_FILE, config.model_dump(mode="json"))
        RunIndex().put(RunRow.of(path, config, "running", pid=os.getpid()))
        return run

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """
        Raises:
            BadInput: ``path`` is no run, or its configuration cannot be read.
        """
        run = cls(Path(os.path.abspath(path)))  # noqa: PTH100 (resolve() would follow links)
        if not (run.path / CONFIG_FILE).is_file():
            raise BadInput(
                f"{run.path} is not a run: it has no {CONFIG_FILE}.",
                f"Choose a folder that training made, by default one inside {runs_dir()}.",
            )
        _ = run.config
        return run

    def refuse_if_training(self) -> None:
        """
        Raises:
            BadInput: a living process trains the run.
        """
        pid = RunIndex().trained_by(self.path)
        if pid is not None and not (pid == os.getpid() and self.path in _ended):
            raise BadInput(f"Process {pid} is training {self.path} right now.", "Wait for it, or stop it.")

    def refuse_if_gone(self) -> None:
        """Whoever goes on writing would otherwise make a folder anew that lacks most of the run.

        Raises:
            StudioError: the folder was moved or deleted since the run began.
        """
        if not (self.path / CONFIG_FILE).is_file():
            raise StudioError(
                f"The folder of the run, {self.path}, was moved or deleted in mid-run.",
                "Wherever it is now, the run can be resumed there; without it, train again.",
            )

    def leads_outside(self) -> bool:
        """Whether models would be written elsewhere: a run's folder may come from a stranger."""
        return (self.path / CHECKPOINTS).is_symlink()

    def take_up(self) -> None:
        """List the run as running in this process; how it ended before no longer counts."""
        (self.path / RESULT_FILE).unlink(missing_ok=True)
        for part in (*self.path.glob(".*.part"), *(self.path / CHECKPOINTS).glob(".*.part")):
            part.unlink()  # what was being written when the process was killed
        _ended.discard(self.path)
        index = RunIndex()
        if not index.take_up(self.path, os.getpid()):
            index.put(RunRow.of(self.path, self.config, "running", pid=os.getpid()))

    @cached_property
    def config(self) -> RunConfig:
        """
        Raises:
            BadInput: the file is damaged or of another version of the studio.
        """
        data = self.read(CONFIG_FILE)
        try:
            return RunConfig.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "file"
            raise BadInput(
                f"{self.path / CONFIG_FILE} is not a configuration this version understands: "
                f"{where}: {first['msg']}.",
                "Open it with the version that wrote it, or train again.",
            ) from error

    def has(self, name: str) -> bool:
        return self._file(name).is_file()

    def read(self, name: str) -> Any:
        """The JSON data of one of the run's files, such as "test.json".

        Raises:
            BadInput: the run has no such file, or it is damaged.
        """
        file = self._file(name)
        try:
            return json.loads(file.read_bytes())
        except FileNotFoundError:
            raise BadInput(
                f"The run {self.path} has no {name}.", "It may have been cut off before."
            ) from None
        except (OSError, ValueError) as error:
            raise BadInput(f"{file} cannot be read: {error}.", "The run is damaged; train again.") from error

    def write(self, name: str, data: Any) -> None:
        """Write one of the run's files as JSON, whole or not at all.

        Raises:
            StudioError: the run's folder is gone.
        """
        self.refuse_if_gone()
        write_json(self._file(name), data)

    def append(self, name: str, row: dict[str, Any]) -> None:
        """Add a line to a file of the run, such as "metrics.jsonl"; it is on the disk when this returns.

        Raises:
            OSError: it cannot be written.
            StudioError: the run's folder is gone.
        """
        self.refuse_if_gone()
        path = self._file(name)
        _make_own(path)
        with naming(path), path.open("a+b") as file:
            _drop_cut_off_line(file)
            file.write(_line(row))
            file.flush()
            os.fsync(file.fileno())

    def append_metric(self, metric: dict[str, Any]) -> None:
        """Add a line to the run's metrics."""
        self.append(METRICS_FILE, metric)

    def keep_metrics(self, metrics: list[dict[str, Any]]) -> None:
        """Replace the lines of the metrics by these."""
        with atomic_write(self.path / METRICS_FILE) as file:
            file.writelines(map(_line, metrics))

    def metrics(self) -> list[dict[str, Any]]:
        """The lines of the metrics so far."""
        return self.rows(METRICS_FILE)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """What was appended to a file; none without it, and a line that a crash cut off is left out.

        Raises:
            BadInput: the file is damaged.
        """
        path = self._file(name)
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        try:
            return [json.loads(line) for line in whole.splitlines()]
        except ValueError as error:
            raise BadInput(f"{path} cannot be read: {error}.", "The run is damaged; train again.") from error

    def checkpoint(self, epoch: int) -> Path:
        """Where the model of an epoch lies, or will lie; epochs count from 1."""
        return self.path / CHECKPOINTS / f"epoch-{epoch:04d}.pt"

    def epochs(self) -> list[int]:
        """The epochs whose models are there, in order."""
        names = (_CHECKPOINT.fullmatch(file.name) for file in (self.path / CHECKPOINTS).glob("epoch-*.pt"))
        return sorted(int(name[1]) for name in names if name)

    def finish(
        self,
        status: Literal["finished", "stopped", "failed"],
        *,
        best_epoch: int | None = None,
        val_top1: float | None = None,
        test_top1: float | None = None,
        seconds: float | None = None,
    ) -> None:
        """Write how the run ended, and say so in the list of runs. Top-1 values are fractions."""
        figures = {"val_top1": val_top1, "test_top1": test_top1, "seconds": seconds}
        # A diverged network's figures are NaN, which JSON does not have.
        known = {name: value for name, value in figures.items() if value is not None and math.isfinite(value)}
        _ended.add(self.path)
        outcome: dict[str, float | None] = {"best_epoch": best_epoch, **dict.fromkeys(figures), **known}
        try:
            self.write(RESULT_FILE, {"format": 1, "status": status, **outcome})
        finally:  # or the list would take it for running as long as this process lives
            index = RunIndex()
            if not index.finish(self.path, status, outcome):
                index.put(RunRow.of(self.path, self.config, status, **outcome))

    def _file(self, name: str) -> Path:
        if not _PLAIN_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the plain name of a JSON file")
        return self.path / name


def environment() -> dict[str, Any]:
    """What a run depends on besides its configuration: the versions of all that computes, and the machine."""
    packages = {"tlstudio": "tlstudio", "torch": "torch", "torchvision": "torchvision", "timm": "timm"}
    packages["open_clip"] = "open_clip_torch"
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": platform.machine(),
        "cpus": os.cpu_count(),
        **{name: _version(distribution) for name, distribution in packages.items()},
    }


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _new_folder(parent: Path, name: str) -> Path:
    number = 1
    while True:
        path = parent / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise _cannot_make(path, error) from error
        else:
            return path


def _claimed(path: Path) -> Path:
    if path.is_file():
        raise BadInput(f"{path} is a file, so the run cannot be kept there.", "Choose a new folder.")
    try:
        path.mkdir(parents=True, exist_ok=True)
        empty = next(path.iterdir(), None) is None
    except OSError as error:
        raise _cannot_make(path, error) from error
    if not empty:
        raise BadInput(f"{path} is not empty, and a run overwrites nothing.", "Choose a new folder.")
    return path


def _cannot_make(path: Path, error: OSError) -> BadInput:
    return BadInput(f"The folder {path} cannot be made: {error.strerror}.", "Choose another place.")


def _line(metric: dict[str, Any]) -> bytes:
    return json.dumps(metric, ensure_ascii=False).encode() + b"\n"


def _make_own(path: Path) -> None:
    """Let nothing that is appended to ``path`` arrive elsewhere: a stranger's folder may hold links."""
    if path.is_symlink():
        path.unlink()
    elif path.is_file() and path.stat().st_nlink > 1:
        content = path.read_bytes()
        with atomic_write(path) as file:
            file.write(content)


def _drop_cut_off_line(file: Any) -> None:
    """Cut a half-written line from the end, or the next one would be joined to it."""
    end = file.seek(0, os.SEEK_END)
    if end == 0:
        return
    file.seek(end - 1)
    if file.read(1) == b"\n":
        return
    file.seek(0)
    file.truncate(file.read().rfind(b"\n") + 1)
