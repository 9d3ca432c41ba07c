"""Where things lie on this machine."""

import os
import sys
from pathlib import Path

import platformdirs

_APP = "tlstudio"


def data_dir() -> Path:
    """Runs, the sample dataset and the index; ``TLSTUDIO_HOME`` moves all that the studio writes."""
    return _home("data") or Path(platformdirs.user_data_dir(_APP, appauthor=False))


def cache_dir() -> Path:
    """What can be made again."""
    return _home("cache") or Path(platformdirs.user_cache_dir(_APP, appauthor=False))


def config_dir() -> Path:
    """Settings and the state of the window."""
    return _home("config") or Path(platformdirs.user_config_dir(_APP, appauthor=False))


def log_dir() -> Path:
    return _home("log") or Path(platformdirs.user_log_dir(_APP, appauthor=False))


def runs_dir() -> Path:
    return data_dir() / "runs"


def sample_dir() -> Path:
    return data_dir() / "sample"


def weights_dir() -> Path:
    """The usual torch hub cache, so that weights are shared with other programs."""
    torch_home = os.environ.get("TORCH_HOME")
    xdg = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    return (Path(torch_home) if torch_home else Path(xdg) / "torch") / "hub" / "checkpoints"


def resources_dir() -> Path:
    """What comes with the studio beside its code: ``resources`` in a checkout and in a bundle.

    A wheel puts it into ``share/tlstudio`` of the environment, above the package wherever that was put.
    """
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle is not None:
        return Path(bundle) / "resources"
    root = Path(__file__).resolve().parents[1]
    checkout = root / "resources"
    if (root / "pyproject.toml").is_file():
        return checkout
    shared = (above / "share" / _APP for above in (root, *root.parents))
    return next((folder for folder in shared if folder.is_dir()), checkout)


def _home(part: str) -> Path | None:
    home = os.environ.get("TLSTUDIO_HOME")
    return Path(home) / part if home else None
