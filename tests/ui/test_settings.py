"""What is remembered between launches, and what happens to a file that makes no sense."""

import json
import logging
from pathlib import Path

import pytest

from tlstudio.ui import settings as remembered
from tlstudio.ui.settings import ALL, RECENT_FOLDERS, Settings


def test_that_a_value_outlives_the_window() -> None:
    Settings().set(remembered.THEME, "dark")
    assert Settings().get(remembered.THEME) == "dark"


def test_that_everything_has_a_default_and_a_description() -> None:
    settings = Settings()
    for setting in ALL:
        assert settings.get(setting) == setting.default
        assert setting.text


def test_that_a_broken_file_is_kept_aside_and_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings()
    settings.set(remembered.THEME, "dark")
    settings.path.write_text("{broken", "utf-8")
    with caplog.at_level(logging.WARNING):
        assert Settings().get(remembered.THEME) == "system"
    assert settings.path.with_suffix(".bad.json").read_text("utf-8") == "{broken"
    assert "cannot be used" in caplog.text


def test_that_one_value_of_another_type_falls_back_alone(caplog: pytest.LogCaptureFixture) -> None:
    path = Settings().path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"theme": 7, "page": "train"}), "utf-8")
    settings = Settings()
    assert settings.get(remembered.THEME) == "system"
    assert settings.get(remembered.PAGE) == "train"
    assert "'theme' is 7" in caplog.text


def test_that_a_folder_that_cannot_be_written_costs_only_the_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    settings = Settings(tmp_path / "file" / "settings.json")
    settings.set(remembered.THEME, "dark")
    assert settings.get(remembered.THEME) == "dark"
    assert "could not be saved" in caplog.text


def test_that_recent_folders_are_few_once_each_and_still_there(tmp_path: Path) -> None:
    settings = Settings()
    folders = [tmp_path / str(number) for number in range(RECENT_FOLDERS + 2)]
    for folder in folders:
        folder.mkdir()
        settings.remember_folder(str(folder))
    settings.remember_folder(str(folders[5]))
    folders[6].rmdir()
    recent = settings.recent_folders()
    assert recent[0] == str(folders[5])
    assert len(set(recent)) == len(recent) == RECENT_FOLDERS - 1
    assert str(folders[6]) not in recent


def test_that_page_values_are_kept_by_page() -> None:
    settings = Settings()
    settings.set_page_values("train", {"epochs": 7})
    settings.set_page_values("data", {"seed": 3})
    assert Settings().page_values("train") == {"epochs": 7}
    assert Settings().page_values("model") == {}
