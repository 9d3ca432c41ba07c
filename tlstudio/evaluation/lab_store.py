"""A Strategy Lab on disk: one folder with its plan, its locked split, its results and its runs.

``lab.json`` belongs to whoever carries the lab out, ``queue.json`` to whoever steers it: the order of the
entries and those to skip, which is looked at before each of them.
"""

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from pydantic import ValidationError

from tlstudio.config import DataConfig
from tlstudio.data.catalogue import SPLITS, Catalogue
from tlstudio.data.split import with_fewer
from tlstudio.errors import BadInput
from tlstudio.evaluation.lab_config import LabConfig, LabEntry, entries_of
from tlstudio.evaluation.lab_events import EntryResult
from tlstudio.files import write_json
from tlstudio.paths import data_dir

LAB_FILE, QUEUE_FILE, SPLIT_FILE, LOCK_FILE = "lab.json", "queue.json", "split.json", "running.json"
RUNS = "runs"  # the folder in a lab's
_FORMAT = 1
_DAMAGED = "Copy the lab's whole folder again, or begin a new one."


class OtherImages(BadInput):
    """An entry would be judged on images that are not those of its lab."""


@dataclasses.dataclass
class LabState:
    """What is known of a lab by now.

    Attributes:
        fingerprint: of the images, as the lab divided them.
        blocks: names of each network's blocks before its head, from the first.
        epochs: how many epochs fit into the minutes, by group, as far as that was estimated.
        interrupted: entries that were begun and not ended.
        failures: why entries could not be had: a sentence and a hint.
    """

    fingerprint: str
    blocks: dict[str, list[str]]
    epochs: dict[str, int] = dataclasses.field(default_factory=dict[str, int])
    interrupted: list[str] = dataclasses.field(default_factory=list[str])
    results: dict[str, EntryResult] = dataclasses.field(default_factory=dict[str, EntryResult])
    failures: dict[str, tuple[str, str]] = dataclasses.field(default_factory=dict[str, tuple[str, str]])


class LabFolder:
    """A lab's folder; made by :meth:`create` and :meth:`open`.

    Attributes:
        config: the plan.
        state: what is known by now; :meth:`save` keeps it.
        catalogue: all the images, divided once for all.
    """

    def __init__(self, path: Path, config: LabConfig, state: LabState, catalogue: Catalogue) -> None:
        self.path = path
        self.config = config
        self.state = state
        self.catalogue = catalogue
        self._entries = {entry.name: entry for entry in entries_of(config)}

    @classmethod
    def create(
        cls, config: LabConfig, catalogue: Catalogue, blocks: dict[str, list[str]], out: Path | None
    ) -> "LabFolder":
        """Make the folder of a new lab; without ``out`` it gets a name of its own.

        Raises:
            BadInput: ``out`` is not empty, or cannot be made.
        """
        path = _claimed(out)
        lab = cls(path, config, LabState(catalogue.fingerprint(), blocks), catalogue)
        write_json(path / SPLIT_FILE, catalogue.as_json())
        lab.save()  # last: what has it is a lab
        return lab

    @classmethod
    def open(cls, path: Path) -> "LabFolder":
        """
        Raises:
            BadInput: ``path`` is no lab, or a damaged one.
        """
        path = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow links)
        if not (path / LAB_FILE).is_file():
            raise BadInput(f"{path} is no lab: it has no {LAB_FILE}.", "Choose a folder that a lab made.")
        data = _read(path / LAB_FILE)
        try:
            config = LabConfig.model_validate(data["config"])
            results = [_here(EntryResult.from_json(one), path) for one in data["results"]]
            state = LabState(
                data["fingerprint"],
                data["blocks"],
                data["epochs"],
                data["interrupted"],
                {one.entry: one for one in results},
                {name: (message, hint) for name, (message, hint) in data["failures"].items()},
            )
            catalogue = Catalogue.from_json(_read(path / SPLIT_FILE))
        except (ValidationError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"{path / LAB_FILE} is damaged, or of another version.", _DAMAGED) from error
        return cls(path, config, state, catalogue)

    def save(self) -> None:
        """Keep the state, whole or not at all."""
        content = {
            "format": _FORMAT,
            "config": self.config.model_dump(mode="json"),
            "fingerprint": self.state.fingerprint,
            "blocks": self.state.blocks,
            "epochs": self.state.epochs,
            "interrupted": self.state.interrupted,
            "results": [_plain(one) for one in self.state.results.values()],
            "failures": self.state.failures,
        }
        write_json(self.path / LAB_FILE, content)

    # What is to be done

    @property
    def entries(self) -> tuple[LabEntry, ...]:
        """All entries in the order in which they come; names that the queue does not know come last."""
        order = [name for name in self._queue()["order"] if name in self._entries]
        names = dict.fromkeys([*order, *self._entries])
        return tuple(self._entries[name] for name in names)

    @property
    def skipped(self) -> frozenset[str]:
        return frozenset(self._queue()["skipped"]) & self._entries.keys()

    @property
    def left(self) -> tuple[LabEntry, ...]:
        """What is neither finished nor to be skipped, in order; what failed is among it."""
        skipped = self.skipped
        return tuple(
            entry
            for entry in self.entries
            if entry.name not in self.state.results and entry.name not in skipped
        )

    def arrange(self, order: Sequence[str]) -> None:
        """Have the entries come in this order, from the next one on; those not named come after.

        Raises:
            BadInput: there is no such entry.
        """
        self._known(order)
        self._steer({**self._queue(), "order": list(order)})

    def skip(self, names: Sequence[str], skip: bool = True) -> None:
        """Leave entries out, or with ``skip`` False take them in again.

        Raises:
            BadInput: there is no such entry.
        """
        self._known(names)
        skipped = self.skipped | set(names) if skip else self.skipped - set(names)
        self._steer({**self._queue(), "skipped": sorted(skipped)})

    # What came of it

    def entry(self, name: str) -> LabEntry:
        """
        Raises:
            BadInput: there is no such entry.
        """
        self._known([name])
        return self._entries[name]

    def run_path(self, entry: LabEntry) -> Path:
        """Where the entry's run lies, or will lie."""
        return self.path / RUNS / entry.name

    def images_for(self, data: DataConfig) -> Catalogue:
        """The lab's images with as many for training as an entry may learn from."""
        return with_fewer(self.catalogue, data.per_class, data.draw)

    @property
    def labels(self) -> NDArray[np.intp]:
        """The classes of the test images, in the catalogue's order."""
        return np.array([image.label for image in self.catalogue.of_split("test")], np.intp)

    def answers(self, name: str) -> NDArray[np.intp]:
        """What a finished entry says of each test image, in the catalogue's order; -1 is no class.

        Raises:
            BadInput: it is not finished, or the file is damaged.
        """
        if name not in self.state.results:
            self._known([name])
            raise BadInput(f"{name} is not finished.", "Let the lab go on first.")
        file = self._answers(name)
        images, classes = len(self.catalogue.of_split("test")), len(self.catalogue.classes)
        found = np.array(_read(file), np.intp)
        if found.shape != (images,) or found.min() < -1 or found.max() >= classes:
            raise BadInput(f"{file} is damaged.", _DAMAGED)
        return found

    def put(self, result: EntryResult, answers: NDArray[np.intp]) -> None:
        """Keep what an entry came to."""
        write_json(self._answers(result.entry), answers.tolist())
        self.state.results[result.entry] = result
        self.state.failures.pop(result.entry, None)
        if result.entry in self.state.interrupted:
            self.state.interrupted.remove(result.entry)
        self.save()

    def refuse_other_images(self, fingerprint: str, entry: LabEntry) -> None:
        """
        Raises:
            OtherImages: it is not that of the lab's images as this entry may learn from them.
        """
        if fingerprint != self.images_for(entry.data).fingerprint():
            raise OtherImages(
                f"The images of '{entry.title}' are not those of the lab, or are divided otherwise, so that "
                "its figures cannot be set beside the others'.",
                f"Put the images in {self.catalogue.root} back as they were, or begin a new lab.",
            )

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from carrying out the same lab meanwhile.

        Raises:
            BadInput: one is doing so.
        """
        file = self.path / LOCK_FILE
        owner = _owner(file)
        if owner is not None:
            raise BadInput(f"Process {owner} is carrying out {self.path} right now.", "Wait, or stop it.")
        me = psutil.Process()
        write_json(file, {"pid": me.pid, "since": me.create_time()})
        try:
            yield
        finally:
            file.unlink(missing_ok=True)

    def _answers(self, name: str) -> Path:
        return self.path / "answers" / f"{name}.json"

    def _known(self, names: Sequence[str]) -> None:
        for name in names:
            if name not in self._entries:
                raise BadInput(
                    f"{self.path} has no entry '{name}'.", f"Its entries are {', '.join(self._entries)}."
                )

    def _queue(self) -> dict[str, list[str]]:
        file = self.path / QUEUE_FILE
        if not file.is_file():
            return {"order": [], "skipped": []}
        data = _read(file)
        try:
            return {key: [str(name) for name in data[key]] for key in ("order", "skipped")}
        except (KeyError, TypeError) as error:
            raise BadInput(f"{file} is damaged.", "Delete it: the entries then come as planned.") from error

    def _steer(self, queue: dict[str, list[str]]) -> None:
        write_json(self.path / QUEUE_FILE, queue)


def labs_dir() -> Path:
    return data_dir() / "labs"


def images_by_split(catalogue: Catalogue) -> dict[str, int]:
    return {split: len(catalogue.of_split(split)) for split in SPLITS}


def _claimed(out: Path | None) -> Path:
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S-%f")
    path = labs_dir() / stamp if out is None else Path(os.path.abspath(out))  # noqa: PTH100
    try:
        path.mkdir(parents=True, exist_ok=True)
        there = [file.name for file in path.iterdir()]
    except OSError as error:
        raise BadInput(
            f"The folder {path} cannot be made: {error.strerror}.", "Choose another place."
        ) from error
    if LAB_FILE in there:
        raise BadInput(f"{path} is a lab already.", f"Go on with it: tlstudio lab --resume {path}")
    # What is left of a lab that was killed before it was one is in nobody's way.
    if any(name != SPLIT_FILE and not name.endswith(".part") for name in there):
        raise BadInput(f"{path} is not empty, and a lab overwrites nothing.", "Choose a new folder.")
    return path


def _plain(result: EntryResult) -> dict[str, Any]:
    return {**dataclasses.asdict(result), "run": str(result.run) if result.run else None}


def _here(result: EntryResult, lab: Path) -> EntryResult:
    """The lab's folder may have been moved since, and its runs with it."""
    return dataclasses.replace(result, run=lab / RUNS / result.entry) if result.run else result


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise BadInput(f"{file} cannot be read: {error}.", _DAMAGED) from error


def _owner(file: Path) -> int | None:
    """The living process that wrote the lock; one with its number that began at another time is another."""
    try:
        data = json.loads(file.read_bytes())
        process = psutil.Process(int(data["pid"]))
        alive = process.status() != psutil.STATUS_ZOMBIE
        same = abs(process.create_time() - float(data["since"])) < 1
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return process.pid if alive and same else None
