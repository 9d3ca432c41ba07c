"""What is said of a run."""

import json
from pathlib import Path

import pytest

from tlstudio.config import DataConfig, RunConfig
from tlstudio.errors import StudioError
from tlstudio.runs.notes import NOTES_FILE, RunNotes, read_notes, write_notes
from tlstudio.runs.store import RunFolder

SAID = RunNotes("The good one", "Two lines\nof it", ("paper", "keep"), starred=True)


@pytest.fixture
def run() -> Path:
    return RunFolder.create(RunConfig(data=DataConfig(root="sample"))).path


def test_that_what_is_said_of_a_run_lies_in_its_folder_and_goes_where_that_goes(run: Path) -> None:
    write_notes(run, SAID)
    moved = run.rename(run.with_name("elsewhere"))
    assert read_notes(moved) == SAID


def test_that_nothing_is_said_of_a_run_at_first(run: Path) -> None:
    assert read_notes(run) == RunNotes()


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 2, "name": ""}', '{"format": 1}'])
def test_that_notes_which_cannot_be_understood_are_kept_beside_the_new_ones(run: Path, content: str) -> None:
    (run / NOTES_FILE).write_text(content)
    assert read_notes(run) == RunNotes()
    write_notes(run, SAID)
    assert read_notes(run) == SAID
    assert (run / "notes.bad.json").read_text() == content


def test_that_nothing_is_written_where_a_run_no_longer_is(run: Path) -> None:
    run.rename(run.with_name("elsewhere"))
    with pytest.raises(StudioError, match="moved or deleted"):
        write_notes(run, SAID)
    assert not run.exists()


def test_that_the_file_names_its_format(run: Path) -> None:
    write_notes(run, SAID)
    assert json.loads((run / NOTES_FILE).read_bytes())["format"] == 1
