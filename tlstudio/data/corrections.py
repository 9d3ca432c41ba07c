"""What a person changed about a folder's classes and images, applied to its catalogue and kept for next time.

The files themselves stay as they are. A correction that names what is no longer there is passed over.
"""

import dataclasses
import hashlib
import logging
import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tlstudio.config import Corrections
from tlstudio.data.catalogue import Catalogue, ImageRecord
from tlstudio.data.layouts import Nesting
from tlstudio.errors import BadInput, StudioError
from tlstudio.files import write_json
from tlstudio.paths import data_dir

_log = logging.getLogger(__name__)


def corrected(catalogue: Catalogue, corrections: Corrections) -> Catalogue:
    """The catalogue as a person wants it: images left out, classes renamed and merged, images moved.

    A class is left without images when all of them are left out or moved to others; it is then no more.
    An image that was given another class stays when its folder's class is left out.

    Raises:
        BadInput: fewer than two classes would be left.
    """
    if corrections == Corrections():
        return catalogue
    without, without_classes = set(corrections.without), set(corrections.without_classes)
    kept: list[tuple[ImageRecord, str]] = []
    for image in catalogue.images:
        folder = catalogue.classes[image.label]
        name = corrections.labels.get(image.path, "")
        if image.path not in without and (name or folder not in without_classes):
            kept.append((image, name or corrections.names.get(folder, folder)))
    classes = tuple(sorted({name for _, name in kept}))
    if len(classes) < 2:
        left = f"only the class '{classes[0]}'" if classes else "no class"
        raise BadInput(
            f"With the corrections made to {catalogue.root} {left} is left: there is nothing to tell apart.",
            "Take back a correction.",
        )
    labels = {name: label for label, name in enumerate(classes)}
    return dataclasses.replace(
        catalogue,
        classes=classes,
        images=tuple(_changed(image, labels[name], corrections) for image, name in kept),
    )


def _changed(image: ImageRecord, label: int, corrections: Corrections) -> ImageRecord:
    split = corrections.splits.get(image.path, image.split)
    if label == image.label and split == image.split:
        return image
    return dataclasses.replace(image, label=label, split=split)


def outdated(catalogue: Catalogue, corrections: Corrections) -> tuple[str, ...]:
    """What :func:`corrected` passes over of a scanned catalogue, a sentence for each kind of correction."""
    if corrections == Corrections():
        return ()
    paths, classes = {image.path for image in catalogue.images}, set(catalogue.classes)
    kinds: tuple[tuple[str, Iterable[str], set[str]], ...] = (
        ("renamed", corrections.names, classes),
        ("left out", corrections.without_classes, classes),
        ("left out", corrections.without, paths),
        ("put into another class", corrections.labels, paths),
        ("moved to another split", corrections.splits, paths),
    )
    return tuple(
        _sentence("class" if there is classes else "image", done, gone)
        for done, named, there in kinds
        if (gone := [name for name in named if name not in there])
    )


def _sentence(what: str, done: str, gone: list[str]) -> str:
    if len(gone) == 1:
        return f"The {what} {gone[0]}, which was {done}, is no longer in the folder."
    several = "classes" if what == "class" else "images"
    others = f"{gone[0]} and {len(gone) - 1} more"
    return f"{len(gone)} {several} that were {done} are no longer in the folder: {others}."


def added(before: Corrections, more: Corrections) -> Corrections:
    """Both, of which ``more`` is the later and decides where they differ."""
    return Corrections(
        names=before.names | more.names,
        without_classes=tuple(dict.fromkeys(before.without_classes + more.without_classes)),
        without=tuple(dict.fromkeys(before.without + more.without)),
        labels=before.labels | more.labels,
        splits=before.splits | more.splits,
    )


def taken_back(now: Corrections, before: Corrections, paths: Iterable[str]) -> Corrections:
    """``now``, but of the images with these paths as it was ``before``."""
    gone = set(paths)
    labels = {path: name for path, name in now.labels.items() if path not in gone}
    without = [path for path in now.without if path not in gone]
    return now.model_copy(
        update={
            "labels": labels | {path: name for path, name in before.labels.items() if path in gone},
            "without": (*without, *(path for path in before.without if path in gone)),
        }
    )


def renamed(classes: Iterable[str], before: Corrections, old: str, new: str) -> Corrections:
    """The class that is shown as ``old`` has another name, that of another class to merge them.

    ``classes`` are those of the folder.
    """
    names = before.names | {name: new for name in classes if before.names.get(name, name) == old}
    return before.model_copy(
        update={
            "names": {name: shown for name, shown in names.items() if shown != name},
            "labels": {path: new if name == old else name for path, name in before.labels.items()},
        }
    )


def class_left_out(classes: Iterable[str], before: Corrections, shown: str) -> Corrections:
    """The class that is shown as ``shown`` is left out, with the images that were put into it by hand."""
    named = tuple(name for name in classes if before.names.get(name, name) == shown)
    images = tuple(path for path, name in before.labels.items() if name == shown)
    return added(before, Corrections(without_classes=named, without=images))


def class_taken_in(classes: Iterable[str], before: Corrections, shown: str) -> Corrections:
    """What :func:`class_left_out` left out is taken in again."""
    named = {name for name in classes if before.names.get(name, name) == shown}
    images = {path for path, name in before.labels.items() if name == shown}
    return before.model_copy(
        update={
            "without_classes": tuple(name for name in before.without_classes if name not in named),
            "without": tuple(path for path in before.without if path not in images),
        }
    )


class FolderCorrections(BaseModel):
    """What is kept of a folder: how its nested folders name classes, and what was changed by hand.

    ``right``: images (by path) whose label was doubted, with the class that a person found right.
    """

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    root: str
    nesting: Nesting = "outer"
    corrections: Corrections = Corrections()
    right: dict[str, str] = {}


_saving = threading.Lock()  # what is kept is read before it is written again


class CorrectionStore:
    """The corrections of folders, a file for each in the studio's own data folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or data_dir() / "folders"

    def load(self, root: Path) -> FolderCorrections:
        """What was kept of a folder; nothing if it cannot be read, and its file then lies aside."""
        path, nothing = self._file(root), FolderCorrections(root=_absolute(root))
        try:
            return FolderCorrections.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return nothing
        except OSError:
            _log.warning("The corrections in %s cannot be read", path, exc_info=True)
            return nothing
        except ValidationError:
            aside = path.with_suffix(".damaged.json")
            _log.warning("The corrections in %s are damaged; they are kept in %s", path, aside, exc_info=True)
            try:
                path.replace(aside)
            except OSError:
                _log.warning("%s cannot be put aside", path, exc_info=True)
            return nothing

    def save(self, root: Path, corrections: Corrections, nesting: Nesting = "outer") -> None:
        """Keep them for the next time the folder is opened.

        Raises:
            StudioError: they cannot be written.
        """
        with _saving:
            self._write(root, {"corrections": corrections, "nesting": nesting})

    def find_right(self, root: Path, labels: Mapping[str, str], *, undone: bool = False) -> None:
        """Keep that images, by path, were found to be of these classes; where ``undone``, no longer.

        Raises:
            StudioError: it cannot be written.
        """
        with _saving:
            before = self.load(root).right
            taken = {path: name for path, name in before.items() if path not in labels}
            self._write(root, {"right": taken if undone else {**taken, **labels}})

    def _write(self, root: Path, changes: Mapping[str, object]) -> None:
        path, kept = self._file(root), self.load(root).model_copy(update=changes)
        try:
            write_json(path, kept.model_dump(mode="json"))
        except OSError as error:
            raise StudioError(
                f"The corrections cannot be kept in {path}: {error.strerror or error}.",
                "They hold until the studio closes. Free some disk space, or check the folder's permissions.",
            ) from error

    def _file(self, root: Path) -> Path:
        name = hashlib.sha256(os.path.normcase(_absolute(root)).encode(errors="surrogatepass")).hexdigest()
        return self._folder / f"{name[:32]}.json"


def _absolute(root: Path) -> str:
    return os.path.abspath(root)  # noqa: PTH100 (as scan.py does: links are not replaced by their targets)
