"""What a download promises, against a server on this machine."""

import contextlib
import errno
import hashlib
import os
import shutil
import socket
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from tlstudio.errors import Stopped, StudioError
from tlstudio.events import Control
from tlstudio.models.download import download, in_background
from tlstudio.models.events import Downloaded

CONTENT = bytes(range(256)) * 1024  # four chunks
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    """Serves CONTENT in the manner that the path names."""

    def do_GET(self) -> None:
        if self.path == "/absent.pth":
            self.send_error(404)
            return
        self.send_response(200)
        if self.path != "/unannounced.pth":
            self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if self.path == "/cut.pth":
            self.wfile.write(CONTENT[: len(CONTENT) // 2])
        elif self.path == "/stalling.pth":
            self.wfile.write(CONTENT[: len(CONTENT) // 2])
            self.wfile.flush()
            self.server.release.wait(20)  # type: ignore[attr-defined]
        else:
            self.wfile.write(CONTENT)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    # urllib keeps the opener, proxies included, that the first call of the process made.
    monkeypatch.setattr(urllib.request, "_opener", None)
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    httpd.release = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.release.set()  # type: ignore[attr-defined]
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def _failure(url: str, target: Path, prefix: str = "", timeout: float = 5) -> StudioError:
    """The error of a download that must fail and leave its folder empty."""
    with pytest.raises(StudioError) as caught:
        list(download(url, target, Control(), prefix, timeout))
    if target.parent.is_dir():
        assert list(target.parent.iterdir()) == []
    return caught.value


def test_that_a_file_arrives_whole_with_its_progress(server: str, tmp_path: Path) -> None:
    target = tmp_path / "new" / "whole.pth"
    events = list(download(f"{server}/whole.pth", target, Control(), DIGEST[:8].upper()))
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["whole.pth"]
    assert events[0] == Downloaded("whole.pth", 0, len(CONTENT))
    assert events[-1] == Downloaded("whole.pth", len(CONTENT), len(CONTENT))
    counts = [event.done for event in events if isinstance(event, Downloaded)]
    assert counts == sorted(counts)
    assert len(counts) > 3


def test_that_a_length_the_server_does_not_announce_is_zero(server: str, tmp_path: Path) -> None:
    target = tmp_path / "unannounced.pth"
    events = list(download(f"{server}/unannounced.pth", target, Control(), DIGEST[:8]))
    assert events[-1] == Downloaded("unannounced.pth", len(CONTENT), 0)
    assert target.read_bytes() == CONTENT


def test_that_a_wrong_hash_is_refused_and_names_both(server: str, tmp_path: Path) -> None:
    error = _failure(f"{server}/whole.pth", tmp_path / "whole.pth", "0badcafe")
    assert "0badcafe" in error.message
    assert DIGEST[:8] in error.message


def test_that_a_failed_download_leaves_an_older_file_as_it_was(server: str, tmp_path: Path) -> None:
    target = tmp_path / "whole.pth"
    target.write_bytes(b"older")
    with pytest.raises(StudioError):
        list(download(f"{server}/whole.pth", target, Control(), "0badcafe"))
    assert target.read_bytes() == b"older"


def test_that_a_cut_connection_is_not_taken_for_the_end(server: str, tmp_path: Path) -> None:
    error = _failure(f"{server}/cut.pth", tmp_path / "cut.pth")
    assert "cut before cut.pth was complete" in error.message


def test_that_a_missing_file_names_the_servers_answer(server: str, tmp_path: Path) -> None:
    error = _failure(f"{server}/absent.pth", tmp_path / "absent.pth")
    assert "404" in error.message
    assert "/absent.pth" in error.message


def test_that_a_silent_server_is_given_up(server: str, tmp_path: Path) -> None:
    error = _failure(f"{server}/stalling.pth", tmp_path / "stalling.pth", timeout=0.3)
    assert "did not answer in time" in error.message


def test_that_a_stop_is_obeyed_while_the_server_is_silent_and_leaves_nothing(
    server: str, tmp_path: Path
) -> None:
    control = Control()
    events = download(f"{server}/stalling.pth", tmp_path / "stalling.pth", control, timeout=60)
    with pytest.raises(Stopped):
        for event in events:
            assert isinstance(event, Downloaded)
            if event.done == len(CONTENT) // 2:
                threading.Timer(0.1, control.stop).start()
    assert list(tmp_path.iterdir()) == []


def test_that_an_abandoned_download_leaves_nothing(server: str, tmp_path: Path) -> None:
    events = download(f"{server}/whole.pth", tmp_path / "whole.pth", Control())
    next(iter(events))
    events.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


def test_that_a_refused_connection_names_the_host(server: str, tmp_path: Path) -> None:
    with contextlib.closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        error = _failure(f"http://127.0.0.1:{port}/whole.pth", tmp_path / "whole.pth")
    assert "127.0.0.1 cannot be reached" in error.message


def test_that_no_network_is_said_in_a_sentence(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_name(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_name)
    error = _failure("https://weights.invalid/whole.pth", tmp_path / "whole.pth")
    assert error.message == "weights.invalid cannot be found: there seems to be no network."


def test_that_the_proxy_of_the_environment_is_used(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server)
    monkeypatch.setattr(urllib.request, "_opener", None)
    list(download("http://weights.invalid/whole.pth", tmp_path / "whole.pth", Control(), DIGEST[:8]))
    assert (tmp_path / "whole.pth").read_bytes() == CONTENT


def test_that_a_file_larger_than_the_disk_is_refused_before_it_is_fetched(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    assert "MB left" in _failure(f"{server}/whole.pth", tmp_path / "whole.pth").message


def test_that_a_disk_that_fills_up_is_said_in_a_sentence(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert "no room left" in _failure(f"{server}/whole.pth", tmp_path / "whole.pth").message


def test_that_a_folder_that_cannot_be_written_is_named(server: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    target = tmp_path / "file" / "whole.pth"
    error = _failure(f"{server}/whole.pth", target)
    assert f"{target} cannot be written" in error.message


def test_that_background_work_hands_over_its_result_and_its_error() -> None:
    def work(report):
        report(1)
        report(2)
        return "result"

    def collect(call):
        result = yield from in_background(call, Control())
        yield result

    assert list(collect(work)) == [1, 2, "result"]

    def failing(report):
        report(1)
        raise KeyError("reason")

    with pytest.raises(KeyError, match="reason"):
        list(collect(failing))


def test_that_background_work_ends_once_nobody_listens() -> None:
    ended = threading.Event()

    def work(report):
        try:
            while True:
                report(0)
        finally:
            ended.set()

    events = in_background(work, Control())
    next(events)
    events.close()
    assert ended.wait(5)
