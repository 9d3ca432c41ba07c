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

    Links count as what they lead to; a link back to a folder that it lies in is not followed.

    Raises:
        BadInput: the folder itself cannot be opened.
    """
    files: list[ListedFile] = []
    folders: list[str] = []
    set_aside: list[SetAside] = []
    pending: list[tuple[str, tuple[str, ...]]] = [("", (os.path.realpath(root),))]
    told = 0
    while pending:
        control.checkpoint()
        here, above = pending.pop()
        try:
            entries = _entries(root / here)
        except OSError as error:
            if not here:
                raise BadInput(
                    f"The folder {root} cannot be opened: {error.strerror}.", "Check its permissions."
                ) from error
            set_aside.append(SetAside(here, "no permission to open this folder"))
            continue
        for entry in entries:
            path = f"{here}/{entry.name}" if here else entry.name
            if not _is_text(entry.name):
                shown = path.encode(errors="replace").decode()
                set_aside.append(SetAside(shown, "its name is not valid Unicode"))
            elif _asks(entry.is_dir):
                real = os.path.realpath(entry.path) if entry.is_symlink() else f"{above[-1]}/{entry.name}"
                if real not in above:
                    folders.append(path)
                    pending.append((path, (*above, real)))
            elif (file := _listed(entry, path)) is not None:
                files.append(file)
        if len(files) - told >= _FILES_BETWEEN:
            told = len(files)
            yield Progress("Listing files", told)
    files.sort(key=lambda file: file.path)
    return Listing(root, tuple(files), tuple(sorted(folders)), tuple(set_aside))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not _hidden(entry.name)]


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


def _hidden(name: str) -> bool:
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
