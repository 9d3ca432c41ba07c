"""What the window remembers between launches, described in one place and kept in one file."""

import dataclasses
import json
import logging
from pathlib import Path
from typing import Any, Generic, TypeVar

from tlstudio.files import write_json
from tlstudio.paths import config_dir

_log = logging.getLogger(__name__)

T = TypeVar("T")

FORMAT = 1
RECENT_FOLDERS = 8


@dataclasses.dataclass(frozen=True)
class Setting(Generic[T]):
    """One thing that is remembered: its name in the file, its first value (and so its type), its meaning."""

    key: str
    default: T
    text: str


THEME = Setting("theme", "system", "Colours: system, light or dark")
GEOMETRY = Setting("geometry", "", "Where the window was and how large, as Qt writes it, in base 64")
PAGE = Setting("page", "data", "The page that was open last")
RECENT = Setting[list[str]]("recent_folders", [], "Folders of images, the latest first")
DATA = Setting("data", "", "The folder that is opened again: a path, or 'sample'")
PAGE_VALUES = Setting[dict[str, dict[str, Any]]]("page_values", {}, "What was entered on each page")

ALL: tuple[Setting[Any], ...] = (THEME, GEOMETRY, PAGE, RECENT, DATA, PAGE_VALUES)


class Settings:
    """The settings of this machine, read once and written whole whenever one changes.

    A file that cannot be understood is kept beside the new one, and everything starts from the defaults; a
    single value of another type falls back alone. Being unable to write loses nothing but the memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or config_dir() / "settings.json"
        self._values = _known(_read(self.path))

    def get(self, setting: Setting[T]) -> T:
        return self._values.get(setting.key, setting.default)

    def set(self, setting: Setting[T], value: T) -> None:
        if self.get(setting) == value:
            return
        self._values[setting.key] = value
        try:
            write_json(self.path, {"format": FORMAT, **self._values})
        except OSError as error:
            _log.warning("The settings could not be saved: %s", error)

    def page_values(self, page: str) -> dict[str, Any]:
        """What was entered on that page the last time; whoever reads it checks it."""
        values = self.get(PAGE_VALUES).get(page, {})
        return dict(values) if isinstance(values, dict) else {}

    def set_page_values(self, page: str, values: dict[str, Any]) -> None:
        """``values`` as JSON knows them."""
        self.set(PAGE_VALUES, {**self.get(PAGE_VALUES), page: dict(values)})

    def recent_folders(self) -> list[str]:
        """Those that still exist, the latest first."""
        return [folder for folder in self.get(RECENT) if isinstance(folder, str) and Path(folder).exists()]

    def remember_folder(self, folder: str) -> None:
        others = [other for other in self.get(RECENT) if other != folder]
        self.set(RECENT, [folder, *others][:RECENT_FOLDERS])


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text("utf-8"))
        if not isinstance(values, dict):
            raise ValueError(f"expected an object, found {type(values).__name__}")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        _keep_aside(path, error)
        return {}
    return values


def _keep_aside(path: Path, error: Exception) -> None:
    aside = path.with_suffix(".bad.json")
    try:
        path.replace(aside)
    except OSError as second:
        _log.warning("%s cannot be used (%s) nor kept aside (%s): starting anew.", path, error, second)
        return
    _log.warning("%s cannot be used (%s): kept as %s, starting anew.", path, error, aside.name)


def _known(values: dict[str, Any]) -> dict[str, Any]:
    known = {}
    for setting in ALL:
        value = values.get(setting.key, setting.default)
        if type(value) is not type(setting.default):
            _log.warning("The setting '%s' is %r: taking %r instead.", setting.key, value, setting.default)
            value = setting.default
        known[setting.key] = value
    return known
