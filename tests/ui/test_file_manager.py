"""Showing a file where it lies, on each system."""

import sys
from pathlib import Path

import pytest

from tlstudio.ui import file_manager

FILE = Path("/photos/a cat.jpg")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The places that the desktop was asked to open."""
    places: list[str] = []
    monkeypatch.setattr(
        file_manager.QDesktopServices, "openUrl", lambda url: places.append(url.toLocalFile())
    )
    return places


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The programs that were started."""
    programs: list[list[str]] = []

    def start(program: str, arguments: list[str]) -> tuple[bool, int]:
        programs.append([program, *arguments])
        return True, 1

    monkeypatch.setattr(file_manager.QProcess, "startDetached", start)
    return programs


@pytest.mark.parametrize(
    ("platform", "command"),
    [("darwin", ["open", "-R", str(FILE)]), ("win32", ["explorer", "/select,", str(FILE)])],
)
def test_that_the_systems_own_program_selects_the_file(
    platform: str, command: list[str], opened: list, started: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    file_manager.show_in_folder(FILE)
    assert started == [command]
    assert opened == []


def test_that_the_folder_is_opened_where_the_program_does_not_start(
    opened: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(file_manager.QProcess, "startDetached", lambda *_: (False, 0))
    file_manager.show_in_folder(FILE)
    assert [Path(place) for place in opened] == [Path("/photos")]


@pytest.mark.parametrize("selects", [True, False])
def test_that_linux_asks_the_desktop_and_else_opens_the_folder(
    selects: bool, opened: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def ask(path: Path) -> bool:
        asked.append(path)
        return selects

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(file_manager, "_ask_desktop", ask)
    file_manager.show_in_folder(FILE)
    assert asked == [FILE]
    assert bool(opened) != selects
