"""Everything the studio writes can be moved by one variable; weights are shared with other programs."""

import sys
from pathlib import Path

import pytest

from tlstudio import paths


def test_that_one_variable_moves_all_that_the_studio_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLSTUDIO_HOME", str(tmp_path))
    own = (paths.data_dir, paths.cache_dir, paths.config_dir, paths.log_dir, paths.runs_dir, paths.sample_dir)
    folders = {place() for place in own}
    assert len(folders) == len(own)
    assert all(folder.is_relative_to(tmp_path) for folder in folders)


def test_that_without_it_the_platforms_folders_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TLSTUDIO_HOME")
    for place in (paths.data_dir, paths.cache_dir, paths.config_dir, paths.log_dir):
        assert "tlstudio" in place().parts
        assert place().is_absolute()


def test_that_weights_lie_where_torch_hub_keeps_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    assert paths.weights_dir() == tmp_path / "torch" / "hub" / "checkpoints"
    monkeypatch.delenv("TORCH_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert paths.weights_dir() == tmp_path / "cache" / "torch" / "hub" / "checkpoints"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert paths.weights_dir() == Path.home() / ".cache" / "torch" / "hub" / "checkpoints"


def test_that_in_a_checkout_what_comes_with_the_studio_lies_beside_the_package() -> None:
    assert paths.resources_dir() == Path(__file__).resolve().parents[1] / "resources"


@pytest.mark.parametrize(
    "package", ["lib/python3.11/site-packages/tlstudio", "Lib/site-packages/tlstudio", "tlstudio"]
)
def test_that_an_installed_wheel_has_it_in_the_environment_that_it_is_in(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "share" / "tlstudio"
    shared.mkdir(parents=True)
    (tmp_path / package).mkdir(parents=True)
    monkeypatch.setattr(paths, "__file__", str(tmp_path / package / "paths.py"))
    assert paths.resources_dir() == shared.resolve()


def test_that_a_bundle_brings_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert paths.resources_dir() == tmp_path / "resources"
