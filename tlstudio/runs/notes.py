"""What people say of a run, kept in its folder: a name, a note, tags, a star."""

import dataclasses
import json
import logging
from pathlib import Path

from tlstudio.runs.store import RunFolder

_log = logging.getLogger(__name__)

NOTES_FILE = "notes.json"
_ASIDE = "notes.bad.json"
_FORMAT = 1


@dataclasses.dataclass(frozen=True)
class RunNotes:
    """All of it is empty until somebody says something."""

    name: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    starred: bool = False


def read_notes(run: Path) -> RunNotes:
    """What is said of the run in a folder; nothing where the file cannot be understood."""
    try:
        found = _parsed(run)
    except ValueError as error:
        _log.warning("%s cannot be used: %s", run / NOTES_FILE, error)
        return RunNotes()
    return found or RunNotes()


def write_notes(run: Path, notes: RunNotes) -> None:
    """Keep what is said of a run; a file that cannot be understood stays beside it.

    Raises:
        StudioError: the run's folder is gone.
        OSError: it cannot be written.
    """
    try:
        _parsed(run)
    except ValueError:
        (run / NOTES_FILE).replace(run / _ASIDE)
    RunFolder(run).write(NOTES_FILE, {"format": _FORMAT, **dataclasses.asdict(notes)})


def _parsed(run: Path) -> RunNotes | None:
    """
    Raises:
        ValueError: it is damaged, or of a newer version.
    """
    try:
        data = json.loads((run / NOTES_FILE).read_bytes())
    except OSError:
        return None
    try:
        if data["format"] != _FORMAT:
            raise ValueError(f"format {data['format']} is not known")
        tags = tuple(str(tag) for tag in data["tags"])
        return RunNotes(str(data["name"]), str(data["note"]), tags, bool(data["starred"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"it lacks {error}") from error
