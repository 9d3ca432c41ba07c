"""Datasets that several tests look through; reading them takes seconds."""

from pathlib import Path

import conformal_clip_data
import pytest

from tlstudio.data.sample import SampleReady, make_sample
from tlstudio.data.scan import CheckFinished, read_folder
from tlstudio.events import Control


def checked(root: Path) -> CheckFinished:
    """A folder of images, all of them decoded."""
    *_, last = read_folder(root, Control())
    assert isinstance(last, CheckFinished)
    return last


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> CheckFinished:
    """The painted sample pictures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLSTUDIO_HOME", str(tmp_path_factory.mktemp("painted")))
        *_, ready = make_sample(Control())
        assert isinstance(ready, SampleReady)
        return checked(ready.root)


@pytest.fixture(scope="session")
def textile(tmp_path_factory: pytest.TempPathFactory) -> CheckFinished:
    """The textile photographs: two thousand of one fabric, in three classes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLSTUDIO_HOME", str(tmp_path_factory.mktemp("photographed")))
        return checked(Path(conformal_clip_data.textile_simulated_root()))
