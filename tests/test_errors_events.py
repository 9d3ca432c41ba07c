"""Events are plain data; a control pauses and stops a task from any thread; errors are sentences."""

import dataclasses
import json
import threading
from pathlib import Path

import pytest

from tlstudio.config import DataConfig, RunConfig
from tlstudio.errors import BadInput, Stopped, StudioError, UnreadableImage
from tlstudio.events import Control, Event, Notice, Progress


@dataclasses.dataclass(frozen=True)
class _Part:
    where: Path


@dataclasses.dataclass(frozen=True)
class RunStartedTwice(Event):
    run: Path
    config: RunConfig
    parts: tuple[_Part, ...]
    counts: dict[int, Path]


def test_that_an_event_says_its_name_and_fields_as_json() -> None:
    assert Progress("Reading", 1, 2).as_json() == {
        "event": "progress",
        "text": "Reading",
        "done": 1,
        "total": 2,
    }


def test_that_nested_data_paths_and_configurations_become_plain_json() -> None:
    event = RunStartedTwice(
        Path("a"), RunConfig(data=DataConfig(root="x")), (_Part(Path("b")),), {1: Path("c")}
    )
    plain = json.loads(json.dumps(event.as_json()))
    assert plain["event"] == "run_started_twice"
    assert (plain["run"], plain["parts"], plain["counts"]) == ("a", [{"where": "b"}], {"1": "c"})
    assert RunConfig.model_validate(plain["config"]) == event.config


def test_that_events_cannot_be_changed() -> None:
    notice = Notice("as it was")
    with pytest.raises(dataclasses.FrozenInstanceError):
        notice.text = "changed"  # type: ignore[misc]


def test_that_a_fresh_control_lets_a_task_run() -> None:
    control = Control()
    control.checkpoint()
    assert not control.paused
    assert not control.stopping


def test_that_a_stopped_control_raises_at_every_checkpoint() -> None:
    control = Control()
    control.stop()
    assert control.stopping
    for _ in range(2):
        with pytest.raises(Stopped):
            control.checkpoint()


def test_that_a_paused_task_goes_on_where_it_was_once_resumed() -> None:
    control = Control()
    control.pause()
    passed = threading.Event()
    task = threading.Thread(target=lambda: (control.checkpoint(), passed.set()))
    task.start()
    assert control.paused
    assert not passed.wait(0.05)
    control.resume()
    task.join(10)
    assert passed.is_set()


def test_that_a_stop_reaches_a_paused_task() -> None:
    control = Control()
    control.pause()
    stopped = threading.Event()

    def work() -> None:
        try:
            control.checkpoint()
        except Stopped:
            stopped.set()

    task = threading.Thread(target=work)
    task.start()
    control.stop()
    task.join(10)
    assert stopped.is_set()


def test_that_an_error_reads_as_its_sentence_and_its_hint() -> None:
    assert str(StudioError("The disk is full.", "Free some space.")) == "The disk is full. Free some space."
    assert str(StudioError("The disk is full.")) == "The disk is full."
    assert issubclass(BadInput, StudioError)


def test_that_an_unreadable_image_names_the_file_and_the_reason() -> None:
    error = UnreadableImage("/a/b.jpg", "truncated")
    assert (error.path, error.reason) == ("/a/b.jpg", "truncated")
    assert error.message == "/a/b.jpg cannot be read: truncated."
    assert isinstance(error, BadInput)


def test_that_stopping_is_no_failure() -> None:
    assert not issubclass(Stopped, StudioError)
