"""Pictures that were taken with a camera: where those of a class belong, and their files."""

import dataclasses
import errno
import io
import os
import secrets
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from PIL import Image

from tlstudio.config import DataConfig
from tlstudio.data.archive import is_archive
from tlstudio.data.catalogue import Catalogue
from tlstudio.data.decode import EXTENSIONS
from tlstudio.data.label_file import LABEL_FILE
from tlstudio.data.layouts import SPLIT_FOLDERS
from tlstudio.data.listing import is_hidden, is_text
from tlstudio.data.scan import ScanFinished
from tlstudio.errors import BadInput, StudioError
from tlstudio.events import Control, Event
from tlstudio.files import atomic_write
from tlstudio.paths import sample_dir

QUALITY = 95  # of the JPEG files
_LONGEST_NAME = 200  # bytes of a class folder's name: file systems take 255
# What Windows does not allow in names; a folder of pictures is carried from one system to another.
_FORBIDDEN = '<>:"/\\|?*'
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_ELSEWHERE = "Choose a new folder for the pictures."


@dataclasses.dataclass(frozen=True)
class Picture:
    """Pixels as a camera gave them: ``rgb`` is 3 bytes a pixel, row by row from the top, without gaps."""

    width: int
    height: int
    rgb: bytes


@dataclasses.dataclass(frozen=True)
class Place:
    """A folder that pictures can be put into.

    Attributes:
        root: the folder.
        counts: the images of each class, by the name it is shown by.
        folders: where new ones of each go, relative to ``root``, with forward slashes.
        below: where the folder of a new class is made; "" is ``root`` itself.
        refused: names that no new class can have, with the reason.
    """

    root: Path
    counts: dict[str, int]
    folders: dict[str, str]
    below: str = ""
    refused: dict[str, str] = dataclasses.field(default_factory=dict[str, str])

    def named(self, typed: str) -> str:
        """The class that a person means by ``typed``: one that is there, or the name of a new one.

        Raises:
            BadInput: no folder can have that name, and why.
        """
        name = unicodedata.normalize("NFC", typed).strip()
        if name in self.folders:
            return name
        alike = {there.casefold(): there for there in self.folders}
        if name.casefold() in alike:
            return alike[name.casefold()]  # one folder on Windows and macOS
        if name in self.refused:
            raise BadInput(self.refused[name], "Choose another name.")
        _require_name(name)
        return name

    def folder_of(self, name: str) -> str:
        """Where pictures of the class ``name`` go, relative to the root."""
        return self.folders.get(name) or (f"{self.below}/{name}" if self.below else name)

    def with_class(self, name: str) -> "Place":
        """The same with one more class."""
        counts, folders = {**self.counts, name: 0}, {**self.folders, name: self.folder_of(name)}
        return dataclasses.replace(self, counts=counts, folders=folders)


@dataclasses.dataclass(frozen=True)
class Shot:
    """A picture and where it goes; ``number`` is how whoever took it knows it again."""

    number: int
    root: Path
    folder: str
    picture: Picture | bytes


@dataclasses.dataclass(frozen=True)
class PlaceFound(Event):
    place: Place


@dataclasses.dataclass(frozen=True)
class PictureKept(Event):
    number: int
    path: Path


@dataclasses.dataclass(frozen=True)
class PictureDiscarded(Event):
    path: Path


def place_of_data(
    scanned: ScanFinished, divided: Catalogue, data: DataConfig, control: Control
) -> Iterator[Event]:
    """Where pictures go in the folder that is open, as a person has corrected it: one PlaceFound.

    Where the folder is divided into training, validation and test, they go to training.

    Raises:
        BadInput: nothing can be put into it, and what to do.
    """
    root = Path(data.root)
    if scanned.catalogue.root == sample_dir():
        raise BadInput("The sample images are painted by the studio: no others are added.", _ELSEWHERE)
    if is_archive(root):
        raise BadInput(f"{root.name} is an archive: nothing can be put into it.", _ELSEWHERE)
    if not scanned.layout.class_folders:
        raise BadInput(f"The classes in {root} come from a table, which would not know them.", _ELSEWHERE)
    _require_writable(root)
    control.checkpoint()
    yield PlaceFound(_place(scanned, divided, data))


def place_in_folder(root: Path, control: Control) -> Iterator[Event]:
    """Where pictures go in a folder that is empty, or holds nothing but class folders: one PlaceFound.

    Raises:
        BadInput: it holds something else, or nothing can be written there.
    """
    _require_writable(root)
    counts: dict[str, int] = {}
    for entry in _visible(root):
        control.checkpoint()
        if not entry.is_dir() or entry.name.lower() in SPLIT_FOLDERS:
            raise _not_new(root, entry.name)
        inside = _visible(entry)
        images = sum(Path(one.name).suffix.lower() in EXTENSIONS for one in inside)
        if inside and not images:
            raise _not_new(root, entry.name)
        counts[unicodedata.normalize("NFC", entry.name)] = images
    yield PlaceFound(Place(root, counts, {name: name for name in counts}))


def keep_pictures(shots: Sequence[Shot], control: Control) -> Iterator[Event]:
    """Write pictures as files: one PictureKept each.

    It goes on to its end even when told to stop: whoever took a picture wants it, and they are few.

    Raises:
        StudioError: one cannot be written, and why; those before it are there.
    """
    for shot in shots:
        yield PictureKept(shot.number, keep_picture(shot.root, shot.folder, shot.picture))


def keep_picture(root: Path, folder: str, picture: Picture | bytes) -> Path:
    """Write a picture, or the bytes of a JPEG, as a new file into ``folder`` below ``root``; give its path.

    Raises:
        StudioError: the folder is gone or may not be written, or the disk is full.
    """
    if not root.is_dir():  # a drive that was pulled out: making the folder anew would hide that
        raise BadInput(f"The folder {root} is no longer there.", _ELSEWHERE)
    content = picture if isinstance(picture, bytes) else _jpeg(picture)
    path = _fresh(root / folder)
    try:
        with atomic_write(path) as file:
            file.write(content)
    except OSError as error:
        raise _unwritten(error, path.parent) from error
    return path


def discard_pictures(paths: Sequence[Path], control: Control) -> Iterator[Event]:
    """Delete pictures that were taken, and class folders that are empty then: one PictureDiscarded each.

    Raises:
        StudioError: one cannot be deleted, and why.
    """
    for path in paths:
        control.checkpoint()
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
            raise StudioError(
                f"{path} cannot be deleted: {reason}.", "Check who may write to this folder."
            ) from error
        _drop_if_empty(path.parent)
        yield PictureDiscarded(path)


# The folder that is open


def _place(scanned: ScanFinished, divided: Catalogue, data: DataConfig) -> Place:
    corrections = data.corrections
    found, below = _class_folders(scanned, data)
    folders: dict[str, str] = {}
    refused: dict[str, str] = {}
    shown = {name: corrections.names.get(name, name) for name in found}
    for name in sorted(found, key=lambda name: shown[name] != name):  # merged ones go where the name says
        if name in corrections.without_classes:
            refused[name] = f"The class '{name}' is left out."
            continue
        folders.setdefault(shown[name], found[name])
        if shown[name] != name:
            refused[name] = f"What lies in the folder '{name}' is shown as '{shown[name]}'."
    counts = divided.counts()
    for name in divided.classes:  # one made of single images that were put into it
        if name not in folders and name not in refused and not _unfit(name):
            folders[name] = f"{below}/{name}" if below else name
    return Place(
        Path(data.root),
        {name: counts.get(name, 0) for name in sorted(folders)},
        folders,
        below,
        {name: why for name, why in refused.items() if name not in folders},
    )


def _class_folders(scanned: ScanFinished, data: DataConfig) -> tuple[dict[str, str], str]:
    """The folder of each class, the one for training where there are several, and what they lie in."""
    layout, folders = scanned.layout, dict[str, str]()
    depth = next(iter(layout.class_folders.values())).count("/") + 1
    below, divides = "", False
    for one in layout.placed:
        divides = divides or one.split is not None
        if one.class_name in folders or one.split not in (None, "train"):
            continue
        parts = one.file.path.split("/")[:-1]
        folder = "/".join(parts[:depth] if data.nesting == "outer" else parts)
        own = one.class_name.count("/") + 1 if data.nesting == "path" else 1
        below = below if folders else "/".join(folder.split("/")[:-own])
        folders[one.class_name] = folder
    for name, folder in layout.class_folders.items():
        # Of a class that has images for validation or test alone, those for training begin a folder.
        folders.setdefault(name, (f"{below}/{name}" if below else name) if divides else folder)
    return folders, below


# Folders and files


def _require_writable(root: Path) -> None:
    if not root.is_dir():
        raise BadInput(f"The folder {root} is no longer there.", _ELSEWHERE)
    if not os.access(root, os.W_OK | os.X_OK):
        raise BadInput(f"{root} may not be written.", _ELSEWHERE)


def _require_name(name: str) -> None:
    if not name:
        raise BadInput("The class has no name.", "Type one.")
    why = _unfit(name)
    if why:
        raise BadInput(f"A class cannot be called '{name}': {why}.", "Choose another name.")


def _unfit(name: str) -> str:
    """Why no folder for a class can have this name; "" if it can."""
    forbidden = [sign for sign in name if sign in _FORBIDDEN or not sign.isprintable()]
    if forbidden:
        return f"{forbidden[0]!r} is not allowed in the name of a folder"
    if is_hidden(name) or name.endswith((".", " ")):
        return "folders of such names are hidden or not allowed"
    if name.partition(".")[0].lower() in _DEVICES:
        return "Windows keeps this name for itself"
    if name.lower() in SPLIT_FOLDERS:
        return "a folder of this name divides the images"
    if not is_text(name) or len(name.encode()) > _LONGEST_NAME:
        return "the name is too long"
    return ""


def _visible(folder: Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    """
    Raises:
        BadInput: the folder cannot be opened.
    """
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not is_hidden(entry.name)]
    except OSError as error:
        raise BadInput(
            f"The folder {os.fspath(folder)} cannot be opened: {error.strerror}.", _ELSEWHERE
        ) from error


def _not_new(root: Path, found: str) -> BadInput:
    dataset = found.lower() in (*SPLIT_FOLDERS, LABEL_FILE)
    return BadInput(
        f"{root} is not empty: there is '{found}', which is no folder of a class.",
        "Open it on the Data page first, then take pictures into it."
        if dataset
        else "Choose an empty folder, or make a new one.",
    )


def _jpeg(picture: Picture) -> bytes:
    encoded = io.BytesIO()
    image = Image.frombytes("RGB", (picture.width, picture.height), picture.rgb)
    image.save(encoded, "JPEG", quality=QUALITY)
    return encoded.getvalue()


def _fresh(folder: Path) -> Path:
    """A file that is not there: its name sorts by time and is unlike those that other machines give."""
    while True:
        taken = f"{datetime.now():%Y-%m-%d-%H%M%S-%f}"[:-3]
        path = folder / f"webcam-{taken}-{secrets.token_hex(3)}.jpg"
        if not path.exists():
            return path


def _drop_if_empty(folder: Path) -> None:
    """An empty folder is no class, and only puzzles whoever opens the dataset."""
    try:
        folder.rmdir()
    except OSError:
        return


def _unwritten(error: OSError, folder: Path) -> StudioError:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return StudioError(
                f"There is no room left in {folder} for more pictures.", "Free some space, then go on."
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return StudioError(f"{folder} may not be written.", _ELSEWHERE)
        case _:
            reason = error.strerror or str(error)
            return StudioError(f"The picture cannot be written to {folder}: {reason}.", _ELSEWHERE)
