"""What lies in a folder, quickly: names, sizes and times, nothing opened.

Paths are text relative to the root, with forward slashes: a hundred thousand Path objects would take longer
to make than their files to list.
"""

import dataclasses
import os
from collections.abc import Callable, Generator
from pathlib import Path

from tlstudio.data.catalogue import SetAside
from tlstudio.errors import BadInput
from tlstudio.events import Control, Event, Progress

_FILES_BETWEEN = 2_000  # two looks at the control
_LINKS_WITHIN = 4  # folders that are links, one inside the other: a dozen linked to one another are a billion


@dataclasses.dataclass(frozen=True, slots=True)
class ListedFile:
    """``size`` in bytes; ``mtime``, of the last change, in nanoseconds; both 0 for a link to nothing."""

    path: str
    size: int
    mtime: int

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """As of a Path, in small letters: ".jpg"."""
        stem, dot, end = self.name.rpartition(".")
        return f".{end.lower()}" if dot and stem else ""


@dataclasses.dataclass(frozen=True)
class Listing:
    """All that is visible below ``root``: files and folders, each sorted, and what cannot be entered."""

    root: Path
    files: tuple[ListedFile, ...]
    folders: tuple[str, ...]
    set_aside: tuple[SetAside, ...]


def list_folder(root: Path, control: Control) -> Generator[Event, None, Listing]:
    """Walk a folder: yields Progress, gives its Listing. Hidden files and those of the system are left out.

    Links count as what they lead to. A link back to a folder that it lies in is not followed, nor are more
    than a few within one another.

    Raises:
        BadInput: the folder itself cannot be opened.
    """
    files: list[ListedFile] = []
    folders: list[str] = []
    set_aside: list[SetAside] = []
    pending = [_Folder("", (os.path.realpath(root),))]
    told = 0
    while pending:
        control.checkpoint()
        here = pending.pop()
        try:
            entries = _entries(root / here.path)
        except OSError as error:
            if not here.path:
                raise BadInput(
                    f"The folder {root} cannot be opened: {error.strerror}.", "Check its permissions."
                ) from error
            set_aside.append(SetAside(here.path, _unopened(error)))
            continue
        inside: list[_Folder] = []
        for entry in entries:
            path = f"{here.path}/{entry.name}" if here.path else entry.name
            if not is_text(entry.name):
                set_aside.append(SetAside(as_text(path), "its name is not valid Unicode"))
            elif _asks(entry.is_dir):
                below = here.below(entry, path)
                if below.links > _LINKS_WITHIN:
                    set_aside.append(SetAside(path, "too many links to folders within one another"))
                elif below.real[-1] not in here.real:
                    folders.append(path)
                    inside.append(below)
            elif (file := _listed(entry, path)) is not None:
                files.append(file)
            if len(files) - told >= _FILES_BETWEEN:
                told = len(files)
                yield Progress("Listing files", told)
                control.checkpoint()
        pending += reversed(inside)
    files.sort(key=lambda file: file.path)  # nearly in order by now, or no other thread would run for long
    return Listing(root, tuple(files), tuple(sorted(folders)), tuple(set_aside))


@dataclasses.dataclass(frozen=True, slots=True)
class _Folder:
    """``real``: where it and the folders around it really are; ``links``: how many of them are links."""

    path: str
    real: tuple[str, ...]
    links: int = 0

    def below(self, entry: os.DirEntry[str], path: str) -> "_Folder":
        if entry.is_symlink():
            return _Folder(path, (*self.real, os.path.realpath(entry.path)), self.links + 1)
        return _Folder(path, (*self.real, f"{self.real[-1]}/{entry.name}"), self.links)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted((entry for entry in entries if not is_hidden(entry.name)), key=lambda entry: entry.name)


def _unopened(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "no permission to open this folder"
    return f"this folder cannot be opened: {(error.strerror or 'no reason given').lower()}"


def _listed(entry: os.DirEntry[str], path: str) -> ListedFile | None:
    """A file, or a link to nothing, so that its image is missed; not a pipe or a device."""
    try:
        if not entry.is_file():
            return ListedFile(path, 0, 0) if entry.is_symlink() and not os.path.exists(entry.path) else None  # noqa: PTH110
        status = entry.stat()
    except OSError:  # gone since it was listed, or a link to itself
        return ListedFile(path, 0, 0)
    return ListedFile(path, status.st_size, status.st_mtime_ns)


def _asks(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except OSError:  # a link to itself
        return False


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is the system's business, not a person's."""
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def is_text(name: str) -> bool:
    """Whether a name is valid Unicode; on Linux it may be any bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def as_text(name: str) -> str:
    """A name as it can be shown, with question marks for what is not Unicode."""
    return name.encode(errors="replace").decode()
