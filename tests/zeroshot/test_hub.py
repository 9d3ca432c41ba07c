"""Weights from a hub, against a small one on this machine."""

import errno
import hashlib
import shutil
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub import constants, file_download

from tests.zeroshot.conftest import finish
from tests.zeroshot.test_catalogue import put_into_cache
from tlstudio.errors import Stopped, StudioError
from tlstudio.events import Control, Progress
from tlstudio.models.events import Downloaded
from tlstudio.zeroshot import hub as hub_module
from tlstudio.zeroshot.catalogue import WEIGHT_FILES
from tlstudio.zeroshot.hub import fetch

CONTENT = bytes(range(256)) * 400
COMMIT = "89abcdef0123456789abcdef0123456789abcdef"


class _Hub(BaseHTTPRequestHandler):
    """Has a .bin alone, of someone/pickled; of someone/stalling, where it pauses; of someone/cut, where the
    connection ends too soon each time; and of someone/damaged, where it is another one than was announced.
    """

    def do_HEAD(self) -> None:
        self._answer(0)

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-") or 0)
        self.server.starts.append(start)  # type: ignore[attr-defined]
        if not self._answer(start):
            return
        content = CONTENT[start:]
        if "stalling" in self.path:
            self.wfile.write(content[:1000])
            self.wfile.flush()
            self.server.release.wait(20)  # type: ignore[attr-defined]
            self.wfile.write(content[1000:])
        elif "cut" in self.path:
            self.wfile.write(CONTENT[start : self.server.until])  # type: ignore[attr-defined]
        elif "damaged" in self.path:
            self.wfile.write(bytes(len(content)))
        else:
            self.wfile.write(content)

    def _answer(self, start: int) -> bool:
        name = self.path.rsplit("/", 1)[-1]
        there = name == "open_clip_pytorch_model.bin" and "empty" not in self.path
        self.send_response(206 if start else 200 if there else 404)
        self.send_header("X-Repo-Commit", COMMIT)
        if there:
            self.send_header("ETag", f'"{hashlib.sha256(CONTENT).hexdigest()}"')
            self.send_header("Content-Length", str(len(CONTENT) - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        else:
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
        self.end_headers()
        return there

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    server.release, server.starts, server.until = threading.Event(), [], 0  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub_module, "_CHUNK", 500)
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(urllib.request, "_opener", None)
    yield server
    server.release.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


def test_that_a_file_in_the_cache_is_taken_without_asking(home: Path) -> None:
    file = put_into_cache(home / "hub", "someone/cached", WEIGHT_FILES[1], CONTENT)
    assert finish(fetch("someone/cached", WEIGHT_FILES, Control())) == ([], file)


def test_that_the_first_file_the_repository_has_arrives_in_the_cache(hub: None, home: Path) -> None:
    events, path = finish(fetch("someone/pickled", WEIGHT_FILES, Control()))
    assert path.read_bytes() == CONTENT
    assert (home / "hub") in path.parents
    assert events[0] == Progress("Asking huggingface.co for someone/pickled")
    assert events[1] == Downloaded(WEIGHT_FILES[1], 0, len(CONTENT))
    assert events[-1] == Downloaded(WEIGHT_FILES[1], len(CONTENT), len(CONTENT))
    assert finish(fetch("someone/pickled", WEIGHT_FILES, Control())) == ([], path)


def test_that_a_repository_without_weights_is_named(hub: None) -> None:
    with pytest.raises(StudioError, match=r"someone/empty .* has none of open_clip_model"):
        finish(fetch("someone/empty", WEIGHT_FILES, Control()))


def test_that_a_stop_is_obeyed_while_the_hub_is_silent(hub: None, home: Path) -> None:
    control = Control()
    with pytest.raises(Stopped):
        for event in fetch("someone/stalling", WEIGHT_FILES, control):
            if isinstance(event, Downloaded):
                threading.Timer(0.1, control.stop).start()
    assert not list((home / "hub").rglob(WEIGHT_FILES[1]))


def _blobs(home: Path) -> list[Path]:
    return [path for path in (home / "hub").rglob("*") if path.is_file() and ".locks" not in path.parts]


def test_that_a_download_that_was_stopped_goes_on_where_it_was(hub: Any, home: Path) -> None:
    control = Control()
    with pytest.raises(Stopped):
        for event in fetch("someone/stalling", WEIGHT_FILES, control):
            if isinstance(event, Downloaded) and event.done:
                control.stop()
    hub.release.set()
    for thread in threading.enumerate():
        if thread.name == "tlstudio-network":
            thread.join()
    (part,) = _blobs(home)
    there = part.stat().st_size
    assert there
    events, path = finish(fetch("someone/stalling", WEIGHT_FILES, Control()))
    assert path.read_bytes() == CONTENT
    assert hub.starts[-1] >= there
    assert events[1] == Downloaded(WEIGHT_FILES[1], hub.starts[-1], len(CONTENT))
    assert events[-1] == Downloaded(WEIGHT_FILES[1], len(CONTENT), len(CONTENT))
    assert not part.exists()


def test_that_a_connection_that_ends_too_soon_says_so_and_loses_nothing(
    hub: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    hub.until = 1000
    with pytest.raises(StudioError) as caught:
        finish(fetch("someone/cut", WEIGHT_FILES, Control()))
    assert caught.value.message == "The connection was cut before someone/cut was complete."
    assert "goes on" in caught.value.hint
    hub.until = len(CONTENT)
    _, path = finish(fetch("someone/cut", WEIGHT_FILES, Control()))
    assert path.read_bytes() == CONTENT
    assert hub.starts[-1] == 1000


def test_that_what_arrives_damaged_is_thrown_away(hub: Any, home: Path) -> None:
    with pytest.raises(StudioError, match="arrived damaged"):
        finish(fetch("someone/damaged", WEIGHT_FILES, Control()))
    assert not _blobs(home)


def test_that_a_file_too_large_for_the_disk_is_not_begun(
    hub: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=10))
    with pytest.raises(StudioError, match=r"someone/pickled needs 0 MB, but .* has 0 MB left"):
        finish(fetch("someone/pickled", WEIGHT_FILES, Control()))
    assert not hub.starts


def test_that_a_disk_that_fills_up_is_named(hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(file_download, "http_get", full)
    with pytest.raises(StudioError, match="no room on the disk for someone/pickled"):
        finish(fetch("someone/pickled", WEIGHT_FILES, Control()))


def test_that_the_offline_switch_of_the_hub_takes_the_cache_and_asks_nobody(
    hub: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    file = put_into_cache(home / "hub", "someone/cached", WEIGHT_FILES[1], CONTENT)
    assert finish(fetch("someone/cached", WEIGHT_FILES, Control())) == ([], file)
    with pytest.raises(StudioError, match="cannot be reached"):
        finish(fetch("someone/pickled", WEIGHT_FILES, Control()))
    assert not hub.starts


def test_that_no_network_and_no_cache_name_the_ways_out() -> None:
    with pytest.raises(StudioError) as caught:
        finish(fetch("someone/absent", WEIGHT_FILES, Control()))
    assert "someone/absent" in caught.value.message
    assert "cannot be reached" in caught.value.message
    assert "local weights file" in caught.value.hint
    assert "already on this machine" in caught.value.hint


def test_that_a_missing_network_is_noticed_without_asking_again_and_again(
    hub: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def no_name(*args: object, **_: object) -> None:
        asked.append(args)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(constants, "ENDPOINT", "http://hub.invalid")
    monkeypatch.setattr(socket, "getaddrinfo", no_name)
    with pytest.raises(StudioError, match="cannot be reached"):
        finish(fetch("someone/pickled", WEIGHT_FILES, Control()))
    assert len(asked) == 1
