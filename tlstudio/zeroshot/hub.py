"""CLIP weights from the Hugging Face hub, into the cache that every program shares."""

import errno
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from tlstudio.errors import Stopped, StudioError
from tlstudio.events import Control, Event, Progress
from tlstudio.models.download import in_background
from tlstudio.models.events import Downloaded
from tlstudio.zeroshot.catalogue import cached_file, hub_cache

WAYS_OUT = (
    "Connect to the network once, choose a model that is already on this machine, "
    "or give a local weights file."
)


def fetch(repo_id: str, names: tuple[str, ...], control: Control) -> Generator[Event, None, Path]:
    """The first of the named files that the repository has: from the cache, else downloaded with progress.

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

    # The hub's own transfer protocol goes on in native threads that a cancel cannot end; plain HTTP stops.
    constants.HF_HUB_DISABLE_XET = True

    def work(report: Callable[[Downloaded], None]) -> str:
        if not constants.HF_HUB_OFFLINE:
            _check_reachable(constants.ENDPOINT, repo_id)
        return huggingface_hub.hf_hub_download(
            repo_id, name, cache_dir=hub_cache(), tqdm_class=_reporter(name, report)
        )

    return Path((yield from in_background(work, control)))


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
    reason = (str(error).splitlines() or [""])[0].rstrip(".") or type(error).__name__
    return StudioError(f"{repo_id} could not be downloaded from huggingface.co: {reason}.", WAYS_OUT)
