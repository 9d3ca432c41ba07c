"""CLIP weights from the Hugging Face hub, into the cache that every program shares."""

import errno
import hashlib
import shutil
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from tlstudio.errors import Stopped, StudioError
from tlstudio.events import Control, Event, Progress
from tlstudio.models.download import in_background
from tlstudio.models.events import Downloaded
from tlstudio.zeroshot.catalogue import cached_file, hub_cache

WAYS_OUT = (
    "Connect to the network once, choose a model that is already on this machine, "
    "or give a local weights file."
)

_CHUNK = (
    1024 * 1024
)  # bytes between two reports, which a cut loses at most; the library takes ten times as many
_SHA256 = 64  # hexadecimal digits; an ETag of another length is no such digest


def fetch(repo_id: str, names: tuple[str, ...], control: Control) -> Generator[Event, None, Path]:
    """The first of the named files that the repository has: from the cache, else downloaded with progress.

    What had arrived when a download was stopped or cut off is not fetched again.

    Raises:
        StudioError: there is no network and nothing in the cache, or the download failed.
        Stopped: the control was told to stop.
    """
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    cached = cached_file(repo_id, names)
    if cached is not None:
        return cached
    yield Progress(f"Asking huggingface.co for {repo_id}")
    for name in names:
        try:
            return (yield from _download(repo_id, name, control))
        except LocalEntryNotFoundError as error:  # what the hub raises when it could not even ask
            raise _unreachable(repo_id) from error
        except EntryNotFoundError:
            continue
        except (Stopped, StudioError):
            raise
        except Exception as error:  # the hub passes on whatever its HTTP library raises
            raise _failure(repo_id, error) from error
    raise StudioError(f"{repo_id} on huggingface.co has none of {', '.join(names)}.", WAYS_OUT)


def _download(repo_id: str, name: str, control: Control) -> Generator[Event, None, Path]:
    import huggingface_hub
    from huggingface_hub import constants

    def work(report: Callable[[Downloaded], None]) -> str:
        if not constants.HF_HUB_OFFLINE:
            _check_reachable(constants.ENDPOINT, repo_id)
            _fetch_content(repo_id, name, _reporter(name, report))
        # With its content there this files it among the hub's snapshots; offline it says what is missing.
        return huggingface_hub.hf_hub_download(repo_id, name, cache_dir=hub_cache())

    return Path((yield from in_background(work, control)))


def _fetch_content(repo_id: str, name: str, reporter: type[Any]) -> None:
    """Put a file's content where the hub's library keeps it, going on where an earlier try was cut off.

    The library itself begins anew each time, and does not look at what arrived.
    """
    import huggingface_hub
    from huggingface_hub import constants
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import WeakFileLock, build_hf_headers

    constants.DOWNLOAD_CHUNK_SIZE = _CHUNK
    url = huggingface_hub.hf_hub_url(repo_id, name)
    known = huggingface_hub.get_hf_file_metadata(url)
    if known.etag is None:
        return
    folder = f"models--{repo_id.replace('/', '--')}"
    content = _cache() / folder / "blobs" / known.etag
    part = content.with_name(f"{known.etag}.tlstudio-part")
    lock = _cache() / ".locks" / folder / f"{known.etag}.tlstudio.lock"
    for each in (content, lock):
        each.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(lock):
        if content.exists():
            return
        done = part.stat().st_size if part.exists() else 0
        _check_room(repo_id, part.parent, (known.size or 0) - done)
        ours = urlparse(known.location).netloc == urlparse(url).netloc  # a token is for the hub alone
        with part.open("ab") as file:
            http_get(
                known.location,
                file,
                resume_size=done,
                headers=build_hf_headers() if ours else None,
                expected_size=known.size,
                tqdm_class=reporter,
            )
        if len(known.etag) == _SHA256 and _sha256(part) != known.etag:
            part.unlink()
            raise StudioError(
                f"{name} of {repo_id} arrived damaged: its SHA-256 is not the one that the hub names.",
                "Try again; if it stays so, the file was changed on its way.",
            )
        part.replace(content)


def _cache() -> Path:
    from huggingface_hub import constants

    return Path(hub_cache() or constants.HF_HUB_CACHE)


def _check_room(repo_id: str, folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise StudioError(
            f"{repo_id} needs {needed / 1e6:,.0f} MB, but {folder} has {free / 1e6:,.0f} MB left.",
            "Make room on the disk and try again, or set HF_HUB_CACHE to a folder elsewhere.",
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_reachable(endpoint: str, repo_id: str) -> None:
    """Fail at once where there is no network: the hub's library would go on trying for half a minute."""
    try:
        urllib.request.urlopen(urllib.request.Request(endpoint, method="HEAD"), timeout=10).close()
    except urllib.error.HTTPError as answer:
        answer.close()
    except OSError as error:
        # Not on a certificate that only urllib rejects: the hub's library brings its own.
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, (socket.gaierror, ConnectionError, TimeoutError)):
            raise _unreachable(repo_id) from error


def _unreachable(repo_id: str) -> StudioError:
    return StudioError(
        f"The weights {repo_id} are not on this machine, and huggingface.co cannot be reached.", WAYS_OUT
    )


def _reporter(name: str, report: Callable[[Downloaded], None]) -> type[Any]:
    """A class that the hub takes for a progress bar."""

    class Reporter:
        def __init__(self, *_: object, total: int | None = None, initial: int = 0, **__: object) -> None:
            self._total = total or 0
            self._done = initial
            report(Downloaded(name, self._done, self._total))

        def update(self, n: float | None = 1) -> None:
            self._done += int(n or 0)
            report(Downloaded(name, self._done, self._total))

        def close(self) -> None:
            pass

        def __enter__(self) -> "Reporter":
            return self

        def __exit__(self, *_: object) -> None:
            pass

    return Reporter


def _failure(repo_id: str, error: Exception) -> StudioError:
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StudioError(f"There is no room on the disk for {repo_id}.", "Make room and try again.")
    if isinstance(error, PermissionError):
        return StudioError(
            f"The cache of the Hugging Face hub cannot be written: {error}.",
            "Check who may write to this folder, or set HF_HUB_CACHE to another one.",
        )
    if type(error).__module__.startswith("httpx"):  # which of them the hub's library uses has changed before
        return StudioError(
            f"The connection was cut before {repo_id} was complete.",
            "Try again: it goes on with what has not arrived yet.",
        )
    reason = (str(error).splitlines() or [""])[0].rstrip(".") or type(error).__name__
    return StudioError(f"{repo_id} could not be downloaded from huggingface.co: {reason}.", WAYS_OUT)
