"""Runs that were deleted: each lies in the trash as it was, and can be put back to where it lay."""

import contextlib
import dataclasses
import errno
import json
import shutil
from pathlib import Path

from tlstudio.errors import BadInput, StudioError
from tlstudio.files import write_json
from tlstudio.paths import runs_dir
from tlstudio.runs.index import RunIndex
from tlstudio.runs.store import RunFolder

_FROM = ".from.json"  # beside a run in the trash, says where it lay: in it, it would be no longer as it was


@dataclasses.dataclass(frozen=True)
class Trashed:
    """A run in the trash: where it lay, and where it lies now."""

    run: Path
    kept: Path


def trash_dir() -> Path:
    return runs_dir() / "trash"


def in_trash() -> tuple[Trashed, ...]:
    """What can be put back, deleted last first."""
    found: list[tuple[float, Trashed]] = []
    for note in trash_dir().glob(f"*{_FROM}"):
        kept = note.with_name(note.name.removesuffix(_FROM))
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            run = Path(json.loads(note.read_bytes())["path"])
            if kept.is_dir():
                found.append((note.stat().st_mtime_ns, Trashed(run, kept)))
    return tuple(one for _, one in sorted(found, key=lambda pair: pair[0], reverse=True))


def throw_away(run: Path) -> Trashed:
    """Move a run into the trash.

    Raises:
        BadInput: it is no run, or a living process trains it.
        StudioError: its folder cannot be moved.
    """
    folder = RunFolder.open(run)
    folder.refuse_if_training()
    kept = _free(trash_dir() / folder.path.name)
    note = kept.with_name(kept.name + _FROM)
    try:
        write_json(note, {"format": 1, "path": str(folder.path)})
        _move(folder.path, kept)
    except OSError as error:
        note.unlink(missing_ok=True)
        raise _cannot(f"{run} cannot be moved into the trash", error) from error
    return Trashed(folder.path, kept)


def put_back(trashed: Trashed) -> None:
    """Move a run out of the trash to where it lay.

    Raises:
        BadInput: something else lies there now, or it is no longer in the trash.
        StudioError: it cannot be moved.
    """
    if not trashed.kept.is_dir():
        raise BadInput(f"{trashed.kept} is no longer in the trash.", "It may have been put back already.")
    if trashed.run.exists():
        raise BadInput(f"{trashed.run} is taken by something else.", "Move or rename that first.")
    try:
        trashed.run.parent.mkdir(parents=True, exist_ok=True)
        _move(trashed.kept, trashed.run)
    except OSError as error:
        raise _cannot(f"{trashed.kept} cannot be put back to {trashed.run}", error) from error
    trashed.kept.with_name(trashed.kept.name + _FROM).unlink(missing_ok=True)
    RunIndex().enter(trashed.run)


def empty_trash() -> None:
    """Delete for good what lies in the trash.

    Raises:
        StudioError: some of it cannot be deleted.
    """
    for one in in_trash():
        try:
            shutil.rmtree(one.kept)
        except OSError as error:
            raise _cannot(f"{one.kept} cannot be deleted", error) from error
        one.kept.with_name(one.kept.name + _FROM).unlink(missing_ok=True)
        if not one.run.exists():
            RunIndex().forget(one.run)


def _free(wanted: Path) -> Path:
    number, path = 1, wanted
    while path.exists() or path.with_name(path.name + _FROM).exists():
        number += 1
        path = wanted.with_name(f"{wanted.name}-{number}")
    return path


def _move(source: Path, target: Path) -> None:
    """In one step, or from one disk to another by a copy that is whole before the first is deleted."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        part = target.with_name(f".{target.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(source, part, symlinks=True)
        part.rename(target)
        shutil.rmtree(source)


def _cannot(what: str, error: OSError) -> StudioError:
    return StudioError(f"{what}: {error.strerror or error}.", "Check that its disk can be written.")
