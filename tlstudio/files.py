"""Files written so that a crash never leaves half of one."""

import contextlib
import csv
import io
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from tlstudio.errors import StudioError


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Write beside ``path``, flush to the disk, then rename over it; on an error ``path`` stays as it was.

    Raises:
        OSError: the folder cannot be written or the disk is full; its ``filename`` is ``path``.
    """
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not by tempfile, whose files nobody else may read: people share runs.
        part = path.parent / f".{path.name}.{secrets.token_hex(4)}.part"
        try:
            with part.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have an OSError name the file that was meant: a full disk names none, a temporary file only itself."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


def write_json(path: Path, data: Any) -> None:
    """Write ``data`` as readable JSON, whole or not at all."""
    with atomic_write(path) as file:
        file.write(json.dumps(data, indent=2, ensure_ascii=False).encode())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_table(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    """Write rows as CSV for other programs, as a whole or not at all.

    Raises:
        StudioError: the file cannot be written.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    try:
        with atomic_write(path) as file:
            file.write(text.getvalue().encode("utf-8-sig", "replace"))  # by the mark Excel knows UTF-8
    except OSError as error:
        raise StudioError(
            f"{path} cannot be written: {error.strerror or error}.", "Choose another place."
        ) from error
