"""Fetching a file over the network: with progress, cancellable at once, and whole or not at all."""

import contextlib
import errno
import hashlib
import http.client
import queue
import shutil
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlparse

from tlstudio import __version__
from tlstudio.errors import Stopped, StudioError
from tlstudio.events import Control, Event
from tlstudio.files import atomic_write
from tlstudio.models.events import Downloaded

_CHUNK = 64 * 1024
_TIMEOUT = 30.0  # seconds without a byte
_POLL = 0.1  # seconds until a stop is noticed while the network is silent

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def download(
    url: str, target: Path, control: Control, sha256_prefix: str = "", timeout: float = _TIMEOUT
) -> Iterator[Event]:
    """Fetch ``url`` into ``target``, which appears only once it is complete and its SHA-256 begins rightly.

    ``timeout`` is how many seconds the server may be silent. A stop leaves nothing behind.

    Raises:
        StudioError: no network, an answer that is no file, a cut connection, a wrong hash, no room on the
            disk, or a folder that cannot be written.
        Stopped: the control was told to stop.
    """

    def read(report: Callable[[int | bytes], None]) -> None:
        _read(url, timeout, report)

    try:
        with atomic_write(target) as file:
            digest = hashlib.sha256()
            done = total = 0
            for piece in in_background(read, control):
                if isinstance(piece, int):
                    total = piece
                    _check_room(target, total)
                else:
                    file.write(piece)
                    digest.update(piece)
                    done += len(piece)
                yield Downloaded(target.name, done, total)
            _check_whole(url, done, total)
            _check_hash(url, digest.hexdigest(), sha256_prefix)
    except OSError as error:
        raise _disk_error(target, error) from error


def in_background(
    work: Callable[[Callable[[_Item], None]], _Result], control: Control
) -> Generator[_Item, None, _Result]:
    """Run a call that blocks on a thread of its own, yield what it reports and return what it returns.

    A stop is obeyed at once even while ``work`` waits for the network; its thread then ends at its next
    report, where :class:`Stopped` is raised in it.
    """
    reports: queue.Queue[tuple[str, Any]] = queue.Queue(maxsize=8)
    abandoned = threading.Event()

    def put(kind: str, value: Any) -> None:
        while not abandoned.is_set():
            with contextlib.suppress(queue.Full):
                reports.put((kind, value), timeout=_POLL)
                return
        raise Stopped

    def run() -> None:
        with contextlib.suppress(Stopped):
            try:
                put("result", work(lambda item: put("item", item)))
            except Exception as error:
                put("error", error)

    thread = threading.Thread(target=run, name="tlstudio-network", daemon=True)
    thread.start()
    try:
        while True:
            control.checkpoint()
            try:
                kind, value = reports.get(timeout=_POLL)
            except queue.Empty:
                continue
            if kind == "item":
                yield cast(_Item, value)
                continue
            thread.join()
            if kind == "error":
                raise value
            return cast(_Result, value)
    finally:
        abandoned.set()


def _read(url: str, timeout: float, report: Callable[[int | bytes], None]) -> None:
    """Report the announced length (0 if there is none), then the bytes."""
    request = urllib.request.Request(url, headers={"User-Agent": f"tlstudio/{__version__}"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            report(int(response.headers.get("Content-Length") or 0))
            while piece := response.read(_CHUNK):
                report(piece)
    except (OSError, http.client.HTTPException) as error:
        raise _network_error(url, error) from error


def _network_error(url: str, error: Exception) -> StudioError:
    host = urlparse(url).hostname or url
    again = "Check the network connection and try again."
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    match reason:
        case _ if isinstance(error, urllib.error.HTTPError):
            error.close()
            return StudioError(
                f"{host} answered '{error.code} {error.msg}' instead of sending {url}.",
                "Try again later, or fetch the file by other means and choose it from the disk.",
            )
        case socket.gaierror():
            return StudioError(f"{host} cannot be found: there seems to be no network.", again)
        case TimeoutError():
            return StudioError(f"{host} did not answer in time.", again)
        case ssl.SSLCertVerificationError():
            return StudioError(
                f"The certificate of {host} cannot be verified.",
                "Check the clock of this computer, or whether a proxy changes the connection.",
            )
        case http.client.HTTPException() | ConnectionError() if not isinstance(error, urllib.error.URLError):
            return _cut(url)
        case _:
            return StudioError(f"{host} cannot be reached: {reason}.", again)


def _cut(url: str) -> StudioError:
    return StudioError(
        f"The connection to {urlparse(url).hostname} was cut before {_name(url)} was complete.", "Try again."
    )


def _check_whole(url: str, done: int, total: int) -> None:
    if total and done != total:
        raise _cut(url)


def _check_hash(url: str, digest: str, prefix: str) -> None:
    if not digest.startswith(prefix.lower()):
        raise StudioError(
            f"{_name(url)} arrived damaged: its SHA-256 begins with {digest[: len(prefix)]}, not {prefix}.",
            "Try again; if it stays so, the file was changed on its way or on the server.",
        )


def _check_room(target: Path, total: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if total > free:
        raise StudioError(
            f"{target.name} needs {total / 1e6:,.0f} MB, but {target.parent} has {free / 1e6:,.0f} MB left.",
            "Make room on the disk and try again.",
        )


def _disk_error(target: Path, error: OSError) -> StudioError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StudioError(
            f"There is no room left in {target.parent} for {target.name}.",
            "Make room on the disk and try again.",
        )
    return StudioError(
        f"{target} cannot be written: {error.strerror or error}.", "Check who may write to this folder."
    )


def _name(url: str) -> str:
    return Path(urlparse(url).path).name or url
