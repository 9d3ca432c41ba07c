"""What is in a zip or tar file, one member after the other, read with distrust.

Names may point anywhere, sizes may lie, and a few kilobytes may unfold to a disk full of zeros: whoever takes
the members checks their names and counts what they give.
"""

import contextlib
import dataclasses
import gzip
import itertools
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Literal

from tlstudio.errors import BadInput
from tlstudio.events import Control

MOST_MEMBERS = 500_000
MOST_TIMES = 100  # that an archive may unfold to its own size; images are compressed already
HARMLESS = 256 * 2**20  # bytes that any archive may hold
UNPACK_YOURSELF = "If you trust it, unpack it yourself and choose the folder."
AGAIN = "Copy or download it again."

_CHUNK = 2**20
_HEADER = 2 * 2**20  # bytes that tar may need to find a member: more is an attempt to fill the memory
# Others can be told to take gigabytes of memory, and no ordinary program makes them.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    RuntimeError,
    OverflowError,
)
_TAR_ERRORS = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, OverflowError)


class DamagedMember(Exception):
    """A member whose data cannot be had; others may be whole."""


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """``name`` as it is written there; ``size`` in bytes, as declared; "other" is a link or a device.

    ``chunks`` gives the data, at most a megabyte at a time; it may raise DamagedMember or BadInput.
    """

    name: str
    kind: Literal["file", "folder", "other"]
    size: int
    chunks: Callable[[], Iterator[bytes]]


def zip_members(file: IO[bytes], path: Path) -> list[Member]:
    """All members of a zip file; of two with one name only the later, as other programs have it.

    Raises:
        BadInput: it is damaged, or holds too many.
    """
    with _told(path, _ZIP_ERRORS):
        if _entries(file) > MOST_MEMBERS:
            raise _too_many(path)
        archive = zipfile.ZipFile(file)
        named = {_zip_name(info): info for info in archive.infolist()}
    return [_zip_member(archive, path, name, info) for name, info in named.items()]


def _zip_member(archive: zipfile.ZipFile, path: Path, name: str, info: zipfile.ZipInfo) -> Member:
    kind = stat.S_IFMT(info.external_attr >> 16) if info.create_system == 3 else 0
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return Member(name, "other", 0, _no_chunks)
    if name.endswith(("/", "\\")):
        return Member(name, "folder", 0, _no_chunks)
    return Member(name, "file", info.file_size, lambda: _zip_chunks(archive, path, info))


def _zip_chunks(archive: zipfile.ZipFile, path: Path, info: zipfile.ZipInfo) -> Iterator[bytes]:
    if info.flag_bits & 1:
        raise BadInput(
            f"{path} is protected by a password.", "Unpack it with its password and choose the folder."
        )
    if info.compress_type not in _METHODS:
        raise BadInput(
            f"{path} is compressed in an unusual way, which the studio does not read.",
            "Unpack it yourself and choose the folder.",
        )
    try:
        with archive.open(info) as data:
            while chunk := data.read(_CHUNK):
                yield chunk
    except _ZIP_ERRORS as error:
        raise DamagedMember from error


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Many programs write UTF-8 without saying so; what is not valid as that is in the old code page 437."""
    name = info.orig_filename
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name


def _entries(file: IO[bytes]) -> int:
    """At least as many as a zip file lists, before zipfile makes an object of each: counts in it may lie."""
    end = file.seek(0, 2)
    start = file.seek(max(0, end - 66_000))
    tail = file.read()
    at = len(tail) - 22 if tail[-22:].startswith(b"PK\5\6") else tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + 22:
        return 0  # zipfile will say that it is none
    (size,) = struct.unpack_from("<L", tail, at + 12)
    if at >= 76 and tail[at - 20 : at - 16] == b"PK\6\7" and tail[at - 76 : at - 72] == b"PK\6\6":
        size = max(size if size < 0xFFFF_FFFF else 0, *struct.unpack_from("<Q", tail, at - 36))
        at -= 76
    left = min(size, start + at)
    file.seek(start + at - left)
    found, last = 0, b""
    while left > 0 and (part := file.read(min(left, _CHUNK))) and found <= MOST_MEMBERS:
        found += (last + part).count(b"PK\1\2")
        left, last = left - len(part), part[-3:]
    return found


def tar_members(file: IO[bytes], path: Path, control: Control) -> Iterator[Member]:
    """The members of a tar file, compressed by gzip or not; the data of each can be had before the next.

    Raises:
        BadInput: it is damaged, holds too many, or unfolds to far more than its size.
    """
    packed = file.seek(0, 2)
    file.seek(0)
    with _told(path, _TAR_ERRORS), contextlib.ExitStack() as stack:
        plain: Any = stack.enter_context(gzip.open(file)) if _is_gzip(file) else file
        metered: Any = _Metered(plain, path, packed, control)
        archive: Any = stack.enter_context(tarfile.open(mode="r|", fileobj=metered, bufsize=2**16))
        for count in itertools.count():
            metered.allow(_HEADER)
            info = archive.next()
            if info is None:
                return
            if count == MOST_MEMBERS:
                raise _too_many(path)
            archive.members.clear()  # or it would keep them all
            if not info.isreg() or info.issparse():
                yield Member(info.name, "folder" if info.isdir() else "other", 0, _no_chunks)
                continue
            metered.allow(_HEADER + info.size)
            data = _tar_chunks(archive, info, path)
            yield Member(info.name, "file", info.size, lambda data=data: data)
            for _ in data:  # what nobody wanted
                pass


def _tar_chunks(archive: tarfile.TarFile, info: tarfile.TarInfo, path: Path) -> Iterator[bytes]:
    with _told(path, _TAR_ERRORS):
        data = archive.extractfile(info)
        while data is not None and (chunk := data.read(_CHUNK)):
            yield chunk


def _no_chunks() -> Iterator[bytes]:
    return iter(())


class _Metered:
    """A file that gives no more than was allowed, and less than makes no sense for its compressed size."""

    def __init__(self, file: IO[bytes], path: Path, packed: int, control: Control) -> None:
        self._file = file
        self._path = path
        self._control = control
        self._most = max(HARMLESS, MOST_TIMES * packed)
        self._left = _HEADER

    def allow(self, size: int) -> None:
        self._left = size

    def read(self, size: int) -> bytes:
        self._control.checkpoint()
        data = self._file.read(size)
        self._left -= len(data)
        self._most -= len(data)
        if self._left < 0:
            raise tarfile.ReadError("a header of unusual size")
        if self._most < 0:
            raise unfolds(self._path)
        return data


def unfolds(path: Path) -> BadInput:
    """What to say of an archive that holds far more than its size makes believe."""
    return BadInput(
        f"{path} is not unpacked: it holds more than {MOST_TIMES} times its own size, as files do that are "
        "made to fill a disk.",
        UNPACK_YOURSELF,
    )


def _is_gzip(file: IO[bytes]) -> bool:
    magic = file.read(2)
    file.seek(0)
    return magic == b"\x1f\x8b"


def _too_many(path: Path) -> BadInput:
    return BadInput(f"{path} holds more than {MOST_MEMBERS:,} files.", UNPACK_YOURSELF)


@contextlib.contextmanager
def _told(path: Path, kinds: tuple[type[Exception], ...]) -> Iterator[None]:
    try:
        yield
    except kinds as error:
        raise BadInput(f"{path} is damaged or not complete: it cannot be unpacked.", AGAIN) from error
