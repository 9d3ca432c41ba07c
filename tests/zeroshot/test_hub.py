"""Weights from a hub, against a small one on this machine."""

import hashlib
import socket
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.zeroshot.conftest import finish
from tests.zeroshot.test_catalogue import put_into_cache
from tlstudio.errors import Stopped, StudioError
from tlstudio.events import Control, Progress
from tlstudio.models.events import Downloaded
from tlstudio.zeroshot.catalogue import WEIGHT_FILES
from tlstudio.zeroshot.hub import fetch

CONTENT = bytes(range(256)) * 400
COMMIT = "89abcdef0123456789abcdef0123456789abcdef"


class _Hub(BaseHTTPRequestHandler):
    """Has someone/pickled (with a .bin alone) and someone/stalling, whose file pauses."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        if not self._answer():
            return
        if "stalling" in self.path:
            self.wfile.write(CONTENT[:1000])
            self.wfile.flush()
            self.server.release.wait(20)  # type: ignore[attr-defined]
            self.wfile.write(CONTENT[1000:])
        else:
            self.wfile.write(CONTENT)

    def _answer(self) -> bool:
        name = self.path.rsplit("/", 1)[-1]
        there = name == "open_clip_pytorch_model.bin" and "empty" not in self.path
        self.send_response(200 if there else 404)
        self.send_header("X-Repo-Commit", COMMIT)
        if there:
            self.send_header("ETag", f'"{hashlib.sha256(CONTENT).hexdigest()}"')
            self.send_header("Content-Length", str(len(CONTENT)))
        else:
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
        self.end_headers()
        return there

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    server.release = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(urllib.request, "_opener", None)
    yield
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
