"""What holds for all runs on this machine, in whichever way they are started."""

import json
import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tlstudio.files import write_json
from tlstudio.paths import config_dir

_log = logging.getLogger(__name__)


class Preferences(BaseModel):
    """``cache_gb``: the most that decoded images and features of all runs may take together (10^9 bytes)."""

    model_config = ConfigDict(frozen=True)

    cache_gb: float = Field(default=10.0, gt=0, le=100_000)


def preferences() -> Preferences:
    """Those of this machine; what cannot be read is as it is at first."""
    try:
        return Preferences.model_validate(json.loads(_file().read_bytes()))
    except FileNotFoundError:
        return Preferences()
    except (OSError, ValueError, ValidationError) as error:
        _log.warning("%s cannot be read: %s", _file(), error)
        return Preferences()


def keep_preferences(wanted: Preferences) -> None:
    """Remember them; being unable to loses nothing but the memory."""
    try:
        write_json(_file(), wanted.model_dump())
    except OSError as error:
        _log.warning("%s cannot be written: %s", _file(), error)


def _file() -> Path:
    return config_dir() / "preferences.json"
