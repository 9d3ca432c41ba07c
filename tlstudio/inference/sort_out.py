"""What a model said of images, kept: as a table in a file, or as copies of the images in a folder a class."""

import contextlib
import csv
import dataclasses
import errno
import filecmp
import io
import os
import secrets
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tlstudio.errors import BadInput, StudioError
from tlstudio.events import Control, Event, Progress
from tlstudio.files import atomic_write
from tlstudio.inference.results import NONE, Answers

NONE_FOLDER = "none of these"

_ROWS_AT_ONCE = 500
_LONGEST_NAME = 120  # bytes of a folder's name: file systems take 255, and names of files come on top
# What Windows does not allow in names: a folder of images is carried from one system to another.
_FORBIDDEN = '<>:"/\\|?*'
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


@dataclasses.dataclass(frozen=True)
class AnswersSaved(Event):
    """A table of so many images is in the file ``path``."""

    path: Path
    images: int


@dataclasses.dataclass(frozen=True)
class SortedOut(Event):
    """Images were copied into class folders.

    ``there`` of them were in their folders already; ``left_out`` show none of the classes.
    """

    folder: Path
    copied: int
    there: int
    left_out: int
    classes: int


def save_csv(answers: Answers, path: Path, control: Control) -> Iterator[Event]:
    """Write a row an image: its path, class, score, runner-up, margin and all scores, then those unread.

    Yields Progress and one AnswersSaved; the file is there whole or not at all.

    Raises:
        StudioError: the file cannot be written, and why.
    """
    labels, classes = answers.labels(), answers.asked.classes
    try:
        with atomic_write(path) as file:
            # With its mark a spreadsheet reads names in any script.
            text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
            writer = csv.writer(text)
            writer.writerow(("path", "class", "score", "runner_up", "margin", *classes, "problem"))
            for number, (image, row) in enumerate(zip(answers.paths, answers.scores, strict=True)):
                if number % _ROWS_AT_ONCE == 0:
                    control.checkpoint()
                    yield Progress("Writing the table", number, len(answers.paths))
                writer.writerow((image, *_summary(row, int(labels[number]), classes), *_figures(row), ""))
            for image, reason in answers.unread:
                writer.writerow((image, *[""] * (4 + len(classes)), reason))
            text.flush()
            text.detach()
    except OSError as error:
        raise _unwritten(error, path) from error
    yield AnswersSaved(path, len(answers.paths))


def sort_out(answers: Answers, folder: Path, control: Control, *, none_too: bool = False) -> Iterator[Event]:
    """Copy each image into the folder of its class beneath ``folder``: Progress, then one SortedOut.

    Nothing is moved and nothing overwritten: an image whose like is there already is not copied again,
    another one of the same name gets a number. Where ``none_too``, images that show none of the classes get a
    folder of their own, otherwise they are left out.

    Raises:
        BadInput: ``folder`` is a file, or an image has gone.
        StudioError: the folder cannot be written, or there is no room in it, and which.
    """
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is no folder.", "Choose a folder for the copies.")
    labels = answers.labels()
    names = folder_names(answers.asked.classes)
    wanted = [
        (image, folder / (NONE_FOLDER if label == NONE else names[label]))
        for image, label in zip(answers.paths, labels.tolist(), strict=True)
        if label != NONE or none_too
    ]
    _require_room([image for image, _ in wanted], folder, control)
    copied = 0
    for number, (image, place) in enumerate(wanted):
        control.checkpoint()
        yield Progress("Copying images", number, len(wanted))
        copied += _copy(image, place)
    yield Progress("Copying images", len(wanted), len(wanted))
    left_out = len(answers.paths) - len(wanted)
    yield SortedOut(folder, copied, len(wanted) - copied, left_out, len(np.unique(labels[labels != NONE])))


def folder_names(classes: tuple[str, ...]) -> list[str]:
    """A name for the folder of each class that every file system takes, no two alike."""
    names: list[str] = []
    taken = {NONE_FOLDER}
    for name in classes:
        plain = unicodedata.normalize("NFC", name)
        plain = "".join("-" if one in _FORBIDDEN or not one.isprintable() else one for one in plain)
        plain = _shortened(plain.strip(" .")) or "class"
        if plain.partition(".")[0].casefold() in _DEVICES:
            plain = f"{plain}_"
        unlike, number = plain, 2
        while unlike.casefold() in taken:
            unlike, number = f"{plain} ({number})", number + 1
        taken.add(unlike.casefold())
        names.append(unlike)
    return names


def _shortened(name: str) -> str:
    return name.encode()[:_LONGEST_NAME].decode(errors="ignore").rstrip(" .")


def _require_room(images: list[Path], folder: Path, control: Control) -> None:
    needed = 0
    for image in images:
        control.checkpoint()
        with contextlib.suppress(OSError):
            needed += image.stat().st_size
    above = next(one for one in (folder, *folder.parents) if one.exists())
    free = shutil.disk_usage(above).free
    if needed > free:
        raise StudioError(
            f"The copies need {needed / 1e9:.1f} GB, but {above} has only {free / 1e9:.1f} GB left.",
            "Make room, or choose a folder on another disk.",
        )


def _copy(image: Path, place: Path) -> bool:
    """Whether it was copied; False if the same is there already."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        target, number = place / image.name, 2
        while os.path.lexists(target):
            if target.is_file() and filecmp.cmp(image, target, shallow=False):
                return False
            target, number = place / f"{image.stem} ({number}){image.suffix}", number + 1
        # Not flushed to the disk one by one: the originals stay, and a file is there whole or not at all.
        part = place / f".{secrets.token_hex(8)}.part"
        try:
            shutil.copyfile(image, part)
            with contextlib.suppress(OSError):  # when it was taken; not every disk keeps that
                shutil.copystat(image, part)
            part.rename(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except FileNotFoundError as error:
        if not image.exists():
            raise BadInput(
                f"{image} is no longer there.", "Take it out of the list, then copy again."
            ) from error
        raise _unwritten(error, place) from error
    except OSError as error:
        raise _unwritten(error, place) from error
    return True


def _unwritten(error: OSError, path: Path) -> StudioError:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return StudioError(
                f"There is no room left for {path}.",
                "Make room, or choose another disk; what was copied so far is whole.",
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return StudioError(f"{path} may not be written.", "Choose another folder.")
        case _:
            reason = (error.strerror or str(error)).lower()
            return StudioError(f"{path} cannot be written: {reason}.", "Choose another folder.")


def _summary(row: np.ndarray, label: int, classes: tuple[str, ...]) -> tuple[str, str, str, str]:
    order = np.argsort(-row, kind="stable")[:2]
    best = float(row[order[0]])
    second, margin = ("", best)
    if len(order) > 1:
        second, margin = classes[order[1]], best - float(row[order[1]])
    return ("" if label == NONE else classes[label]), f"{best:.6f}", second, f"{margin:.6f}"


def _figures(row: np.ndarray) -> list[str]:
    return [f"{share:.6f}" for share in row.tolist()]
