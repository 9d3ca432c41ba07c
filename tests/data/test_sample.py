"""The sample pictures are the same each time, varied, and there as a whole or not at all."""

import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tlstudio.data import sample
from tlstudio.data.decode import read_image
from tlstudio.data.painting.subjects import PIXELS, SUBJECTS, paint
from tlstudio.data.sample import IMAGES_PER_CLASS, SampleReady, make_sample, sample_files
from tlstudio.data.scan import ScanFinished, scan
from tlstudio.errors import Stopped, StudioError
from tlstudio.events import Control, Progress
from tlstudio.paths import sample_dir


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pictures a class, so that a test need not wait for all."""
    monkeypatch.setattr(sample, "IMAGES_PER_CLASS", 2)


def made() -> Path:
    *progress, last = make_sample(Control())
    assert all(isinstance(event, Progress) for event in progress)
    assert isinstance(last, SampleReady)
    return last.root


def contents(root: Path) -> dict[str, bytes]:
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*.jpg")}


def test_that_there_are_at_least_four_classes_of_sixty() -> None:
    assert len(SUBJECTS) >= 4
    assert IMAGES_PER_CLASS >= 60
    assert len(sample_files()) == len(set(sample_files())) == len(SUBJECTS) * IMAGES_PER_CLASS


@pytest.mark.usefixtures("few")
def test_that_the_sample_scans_as_a_catalogue_of_its_subjects() -> None:
    *_, last = scan(made(), Control())
    assert isinstance(last, ScanFinished)
    assert last.catalogue.counts() == dict.fromkeys(sorted(SUBJECTS), 2)
    assert {(one.width, one.height) for one in last.catalogue.images} == {(PIXELS, PIXELS)}
    assert last.catalogue.set_aside == ()


@pytest.mark.usefixtures("few")
def test_that_another_machine_gets_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = contents(made())
    monkeypatch.setenv("TLSTUDIO_HOME", str(tmp_path))
    assert contents(made()) == first
    assert len(set(first.values())) == len(first)


@pytest.mark.usefixtures("few")
def test_that_a_complete_sample_is_left_alone() -> None:
    root = made()
    written = {file: file.stat().st_mtime_ns for file in root.rglob("*.jpg")}
    assert [type(event) for event in make_sample(Control())] == [SampleReady]
    assert {file: file.stat().st_mtime_ns for file in root.rglob("*.jpg")} == written


@pytest.mark.usefixtures("few")
def test_that_a_sample_with_a_missing_picture_is_made_again() -> None:
    root = made()
    before = contents(root)
    (root / sample_files()[3]).unlink()
    assert contents(made()) == before


@pytest.mark.usefixtures("few")
def test_that_a_stop_half_way_leaves_nothing_behind() -> None:
    control = Control()
    events = make_sample(control)
    for _ in range(4):
        next(events)
    control.stop()
    with pytest.raises(Stopped):
        list(events)
    assert list(sample_dir().iterdir()) == []


@pytest.mark.usefixtures("few")
def test_that_a_window_closed_half_way_leaves_nothing_behind() -> None:
    events = make_sample(Control())
    for _ in range(4):
        next(events)
    events.close()  # type: ignore[attr-defined]
    assert list(sample_dir().iterdir()) == []


@pytest.mark.usefixtures("few")
def test_that_a_full_disk_is_an_error_with_the_folder_and_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(StudioError, match="No space left on device") as caught:
        list(make_sample(Control()))
    assert str(sample_dir()) in caught.value.message
    assert list(sample_dir().iterdir()) == []


@pytest.mark.parametrize("subject", SUBJECTS)
def test_that_every_subject_is_painted_in_full_for_any_seed(subject: str) -> None:
    for seed in range(6):
        picture = paint(subject, np.random.default_rng([1, seed]))
        assert (picture.mode, picture.size) == ("RGB", (PIXELS, PIXELS))
        spread = np.asarray(picture, dtype=float).std(axis=(0, 1))
        assert spread.min() > 5


def test_that_the_mean_colours_of_the_classes_overlap() -> None:
    means = {
        subject: np.array(
            [
                np.asarray(paint(subject, np.random.default_rng([2, seed]))).mean(axis=(0, 1))
                for seed in range(12)
            ]
        )
        for subject in SUBJECTS
    }
    middles = np.array([colours.mean(axis=0) for colours in means.values()])
    within = np.mean([colours.std(axis=0) for colours in means.values()], axis=0)
    assert (middles.std(axis=0) < within).all()


def test_that_the_pictures_are_whole_jpegs(few: None) -> None:
    root = made()
    assert {read_image(root / file).size for file in sample_files()} == {(PIXELS, PIXELS)}
