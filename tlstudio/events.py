"""The one shape of long work: an iterator of frozen events, steered by a control."""

import dataclasses
import re
import threading
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tlstudio.errors import Stopped


@dataclasses.dataclass(frozen=True)
class Event:
    """Something that happened in a long task. Fields are numbers, strings, paths and other plain data."""

    def as_json(self) -> dict[str, Any]:
        """The event as JSON-ready data, its snake_case name under ``event``."""
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()
        fields = {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}
        return {"event": name, **fields}


@dataclasses.dataclass(frozen=True)
class Progress(Event):
    """How far a task has come: ``done`` of ``total`` (0 when unknown) in the units that ``text`` names."""

    text: str
    done: int = 0
    total: int = 0


@dataclasses.dataclass(frozen=True)
class Notice(Event):
    """Something worth knowing that is not an error."""

    text: str


class Control:
    """Pause, resume and stop a running task, from any thread.

    The task calls :meth:`checkpoint` between steps. Stopping sets an event directly, so it is seen at the
    next step even while the task is paused.
    """

    def __init__(self) -> None:
        self._running = threading.Event()
        self._running.set()
        self._stop = threading.Event()

    def pause(self) -> None:
        self._running.clear()

    def resume(self) -> None:
        self._running.set()

    def stop(self) -> None:
        self._stop.set()
        self._running.set()

    @property
    def paused(self) -> bool:
        return not self._running.is_set()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def checkpoint(self) -> None:
        """Wait while paused; raise :class:`Stopped` once a stop was asked for."""
        self._running.wait()
        if self._stop.is_set():
            raise Stopped


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value
