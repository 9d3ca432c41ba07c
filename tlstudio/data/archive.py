"""A zip or tar file as a dataset: its images, unpacked once into a folder of the studio's.

Nothing is unpacked by the libraries' own functions, which would write whatever a stranger put in: only
images, tables of labels and the folders they are in, below one new folder, as long as there is room.
"""

import contextlib
import dataclasses
import errno
import hashlib
import os
import re
import shutil
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path, PureWindowsPath
from typing import IO

from tlstudio.data.archive_members import (
    AGAIN,
    HARMLESS,
    MOST_TIMES,
    DamagedMember,
    Member,
    tar_members,
    unfolds,
    zip_members,
)
from tlstudio.data.decode import EXTENSIONS
from tlstudio.data.label_file import LABEL_FILE
from tlstudio.data.layouts import SIDECARS
from tlstudio.data.listing import as_text, is_hidden
from tlstudio.errors import BadInput, StudioError
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.paths import data_dir

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")

_DAMAGED = "damaged files"
_BETWEEN = 50  # members between two words about progress
_DEEPEST = 32  # folders within one another
_LONGEST = 240  # bytes of a name: most file systems take 255
_RESERVE = 200 * 2**20  # bytes of the disk that are left alone
_STALE = 24 * 3600  # seconds after which what a crash left behind is nobody's any more
# What a name may be to blame for, not the disk.
_NAME_ERRORS = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ENOENT, errno.ENOTDIR, errno.EISDIR)
_ON_WINDOWS = os.name == "nt"
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def is_archive(path: Path) -> bool:
    """Whether a path is a file that :func:`unpacked` takes, by its name."""
    return path.name.lower().endswith(ARCHIVES) and path.is_file()


def unpacked(path: Path, control: Control) -> Generator[Event, None, Path]:
    """Unpack the images of an archive unless that was done: yields Progress and Notice, gives their folder.

    The folder appears as a whole or not at all, and belongs to the archive's path, size and time of change.

    Raises:
        BadInput: it is damaged, protected, without images, or made to do harm.
        StudioError: it cannot be read, or there is no room for what is in it.
    """
    try:
        target = unpacked_to(path)
        if not target.is_dir():
            yield from _unpack(path, target, control)
    except OSError as error:
        raise StudioError(
            f"{path} cannot be unpacked to {data_dir() / 'imported'}: {error.strerror or error}.",
            "Check permissions and disk space, or unpack it yourself and choose the folder.",
        ) from error
    return target


def unpacked_to(path: Path) -> Path:
    """Where the images of an archive as it is now are, or would be; another one is unpacked elsewhere.

    Raises:
        OSError: there is no such file, or it cannot be asked.
    """
    status = path.stat()
    digest = hashlib.sha256(f"{path}\0{status.st_size}\0{status.st_mtime_ns}".encode()).hexdigest()[:12]
    name = re.sub(r"[^\w-]+", "_", path.name.partition(".")[0])[:40]
    return data_dir() / "imported" / f"{name}-{digest}"


def _unpack(path: Path, target: Path, control: Control) -> Iterator[Event]:
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target.parent)
    with (
        tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-", ignore_cleanup_errors=True) as part,
        path.open("rb") as file,
    ):
        writer = _Writer(path, Path(part) / "images")
        members = writer.foreseen(file, control)
        for count, member in enumerate(members):
            if count % _BETWEEN == 0:
                yield Progress(f"Unpacking {path.name}", writer.images)
            control.checkpoint()
            writer.take(member, control)
        yield Progress(f"Unpacking {path.name}", writer.images, writer.images)
        if (sentence := writer.left_out_sentence()) is not None:
            yield Notice(sentence)
        writer.require_images()
        try:
            writer.folder.rename(target)
        except OSError:
            if not target.is_dir():  # else another window has finished first, with the same
                raise


def _sweep(folder: Path) -> None:
    """Take away what a crash left half unpacked."""
    for part in folder.glob(".part-*"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > _STALE:
                shutil.rmtree(part, ignore_errors=True)


class _LeftOut(Exception):
    """Why a member is not unpacked."""


@dataclasses.dataclass
class _Writer:
    """Writes members below a new folder, as long as there is room.

    Attributes:
        images: how many were written.
        left_out: how many were not, by reason.
    """

    path: Path
    folder: Path
    images: int = 0
    left_out: Counter[str] = dataclasses.field(default_factory=Counter)
    written: int = 0  # bytes
    room: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.most = max(HARMLESS, MOST_TIMES * self.path.stat().st_size)
        self.room = max(0, shutil.disk_usage(self.folder).free - _RESERVE)

    def foreseen(self, file: IO[bytes], control: Control) -> Iterable[Member]:
        """The members; a zip says beforehand what it holds, so it is refused now if that is too much."""
        if not self.path.name.lower().endswith(".zip"):
            return tar_members(file, self.path, control)
        members = zip_members(file, self.path)
        self._require_room(sum(member.size for member in members if _is_wanted(member)))
        return members

    def take(self, member: Member, control: Control) -> None:
        """Write a member if it is an image, a table of labels or a folder."""
        try:
            parts = _parts(member.name)
            if parts is None:
                return
            if member.kind == "other":
                raise _LeftOut("links or devices")
            if member.kind == "folder":
                self._made(parts)
            elif _is_wanted(member):
                self._write(self._free(parts), member, control)
                self.images += parts[-1].lower() != LABEL_FILE
            elif Path(parts[-1]).suffix.lower() not in SIDECARS:
                raise _LeftOut("files that are no images")
        except _LeftOut as reason:
            self.left_out[str(reason)] += 1
        except DamagedMember:
            self.left_out[_DAMAGED] += 1

    def left_out_sentence(self) -> str | None:
        if not self.left_out:
            return None
        reasons = ", ".join(f"{reason} ({number:,})" for reason, number in self.left_out.items())
        return f"Left out of {self.path.name}: {reasons}."

    def require_images(self) -> None:
        if self.images:
            return
        if self.left_out[_DAMAGED]:
            raise BadInput(f"{self.path} is damaged: none of its images can be unpacked.", AGAIN)
        kinds = ", ".join(sorted(extension.lstrip(".") for extension in EXTENSIONS))
        raise BadInput(f"There is no image in {self.path}.", f"Images are files of the kinds {kinds}.")

    def _made(self, parts: tuple[str, ...]) -> Path:
        folder = self.folder.joinpath(*parts)
        with _blaming_names():
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _free(self, parts: tuple[str, ...]) -> Path:
        """Where to write a file: beside one whose name is taken for the same here, not over it."""
        file = self._made(parts[:-1]) / parts[-1]
        with _blaming_names():
            for name in (file.name, *(f"{file.stem} ({number}){file.suffix}" for number in range(2, 100))):
                if not file.with_name(name).exists():
                    return file.with_name(name)
        raise _LeftOut("files of one name")

    def _write(self, file: Path, member: Member, control: Control) -> None:
        with _blaming_names():
            opened = file.open("xb")
        try:
            with opened:
                for chunk in member.chunks():
                    control.checkpoint()
                    self.written += len(chunk)
                    self._require_room(self.written)
                    opened.write(chunk)
        except DamagedMember:
            file.unlink()
            raise

    def _require_room(self, size: int) -> None:
        if size > self.most:
            raise unfolds(self.path)
        if size > self.room:
            raise StudioError(
                f"There is no room to unpack {self.path}: it holds {_gigabytes(size)}, and "
                f"{_gigabytes(self.room)} are free where the studio keeps its data, {data_dir()}.",
                "Free some disk space, or unpack it elsewhere and choose the folder.",
            )


def _is_wanted(member: Member) -> bool:
    name = member.name.replace("\\", "/").rpartition("/")[2]
    return member.kind == "file" and (Path(name).suffix.lower() in EXTENSIONS or name.lower() == LABEL_FILE)


def _parts(name: str) -> tuple[str, ...] | None:
    """A member's name as names below the folder; None if it is hidden, or the folder itself.

    Raises:
        _LeftOut: it is elsewhere.
    """
    name = as_text(name.partition("\0")[0].replace("\\", "/"))
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or PureWindowsPath(name).drive:
        raise _LeftOut("what lies outside of it")
    if not parts or any(is_hidden(part) for part in parts):
        return None
    if len(parts) > _DEEPEST:
        raise _LeftOut("files too deep in folders")
    return tuple(_writable(part) for part in parts)


def _writable(part: str) -> str:
    """A name that any file system takes, the same wherever possible."""
    part = unicodedata.normalize("NFC", part)
    if _ON_WINDOWS:
        part = re.sub(r'[<>:"|?*\x00-\x1f]', "_", part).rstrip(". ") or "_"
        part = f"_{part}" if _DEVICE.fullmatch(part) else part
    raw = part.encode()
    if len(raw) <= _LONGEST:
        return part
    suffix = Path(part).suffix if len(Path(part).suffix) <= 8 else ""
    digest = hashlib.sha256(raw).hexdigest()[:8]
    return f"{raw[: _LONGEST - 30].decode(errors='ignore')}~{digest}{suffix}"


@contextlib.contextmanager
def _blaming_names() -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise _LeftOut("files named like a folder") from error
    except OSError as error:
        if error.errno in _NAME_ERRORS:
            raise _LeftOut("names that cannot be written here") from error
        raise


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"
