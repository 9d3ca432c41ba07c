import errno
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.training.test_trainer import config, of, run
from tlstudio.data import pictures
from tlstudio.data.rows import RowFile, RowStore
from tlstudio.events import Control, Event, Notice
from tlstudio.models.prefix import Halves
from tlstudio.preferences import Preferences, keep_preferences
from tlstudio.training import inputs
from tlstudio.training.events import (
    BatchFinished,
    EpochFinished,
    EpochTested,
    RunFinished,
    RunStarted,
    StageStarted,
)
from tlstudio.training.trainer import train


def features_kept(home: Path) -> list[Path]:
    """Files of features; those of decoded images are told by their values."""
    files = (home / "cache" / "rows").glob("*")
    return [path for path in files if b"<f4" in path.read_bytes()[-40:] or path.suffix == ".part"]


def losses(events: list[Event]) -> list[float]:
    return [value for epoch in of(events, EpochFinished) for value in (epoch.train_loss, epoch.val_loss)] + [
        tested.test_loss for tested in of(events, EpochTested)
    ]


@pytest.mark.parametrize("arch", ["resnet18", "efficientnet_lite0"])
@pytest.mark.parametrize("strategy", ["feature-extraction", "partial", "staged", "full"])
def test_that_kept_features_give_the_losses_of_the_plain_path(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, arch: str, strategy: str
):
    more = {"arch": arch, "strategy": strategy, "epochs": 3, "augmentation": "none", "image_size": 64}
    kept = losses(run(dataset, **more))
    monkeypatch.setattr(inputs, "split_at_frozen_prefix", lambda network: Halves(None, network.network))
    assert kept == pytest.approx(losses(run(dataset, **more)), abs=1e-4)


def test_that_kept_features_change_not_a_bit(dataset: Path, monkeypatch: pytest.MonkeyPatch):
    more = {"strategy": "staged", "epochs": 3, "augmentation": "none", "image_size": 64}
    kept = losses(run(dataset, **more))
    monkeypatch.setattr(inputs, "split_at_frozen_prefix", lambda network: Halves(None, network.network))
    assert kept == losses(run(dataset, **more))


def test_that_features_are_computed_once_and_read_by_the_next_run(dataset: Path, home: Path):
    first = run(dataset, augmentation="none", epochs=2)
    files = {path: path.stat().st_size for path in features_kept(home)}
    assert len(files) == 3  # training, validation, test
    second = run(dataset, augmentation="none", epochs=2)
    assert {path: path.stat().st_size for path in features_kept(home)} == files
    assert losses(second) == losses(first)


def test_that_augmented_images_are_kept_in_as_many_views_as_asked(dataset: Path, home: Path):
    run(dataset, augmentation="light", views=2, epochs=3)
    assert len(features_kept(home)) == 2 + 2  # two views, validation, test


def test_that_no_views_means_new_ones_each_epoch(dataset: Path, home: Path):
    run(dataset, augmentation="light", views=0, epochs=3)
    assert len(features_kept(home)) == 2  # validation and test alone


def test_that_a_network_without_a_frozen_prefix_keeps_nothing(dataset: Path, home: Path):
    run(dataset, strategy="full", epochs=1)
    assert features_kept(home) == []


def test_that_other_weights_never_meet_these_features(dataset: Path, home: Path):
    run(dataset, augmentation="none", epochs=1, seed=0)
    run(dataset, augmentation="none", epochs=1, seed=1)  # random weights differ by seed
    assert len(features_kept(home)) == 6


def test_that_a_full_disk_falls_back_to_computing_with_a_notice(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, home: Path
):
    expected = losses(run(dataset, augmentation="none"))

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    shutil.rmtree(home / "cache" / "rows")
    monkeypatch.setattr(RowFile, "put", full)
    events = run(dataset, augmentation="none")
    assert isinstance(events[-1], RunFinished)
    assert losses(events) == pytest.approx(expected, abs=1e-5)
    assert [notice.text for notice in of(events, Notice)] == [
        "The features of the frozen layers cannot be kept (No space left on device); they are computed each "
        "epoch.",
        "The decoded images cannot be kept (No space left on device); they are decoded each time.",
    ]
    assert list((home / "cache" / "rows").iterdir()) == []


def test_that_stopping_in_the_first_epoch_leaves_no_half_of_the_features(dataset: Path, home: Path):
    control = Control()
    for event in train(config(dataset, augmentation="none"), control):
        if isinstance(event, BatchFinished):
            control.stop()
    assert features_kept(home) == []


def test_that_every_file_is_decoded_once_however_many_stages_and_views(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
):
    opened: list[Path] = []
    read = pictures.read_content
    monkeypatch.setattr(pictures, "read_content", lambda path: (opened.append(path), read(path))[1])
    events = run(dataset, strategy="staged", epochs=4, augmentation="light", views=0)
    assert len(of(events, StageStarted)) == 2
    assert len(opened) == len(set(opened)) == sum(of(events, RunStarted)[0].images.values())


@pytest.mark.parametrize("strategy", ["feature-extraction", "full"])
def test_that_balanced_sampling_trains_on_each_class_as_often(dataset: Path, strategy: str):
    events = run(dataset, strategy=strategy, balance="sampling", epochs=2)
    assert isinstance(events[-1], RunFinished)


@pytest.mark.parametrize("mix", ["mixup", "cutmix"])
@pytest.mark.parametrize("strategy", ["feature-extraction", "full"])
def test_that_mixed_images_train_and_keep_no_features(dataset: Path, home: Path, mix: str, strategy: str):
    events = run(dataset, strategy=strategy, mix=mix, epochs=2)
    assert isinstance(events[-1], RunFinished)
    plain = run(dataset, strategy=strategy, epochs=2)
    assert losses(events) != losses(plain)
    kept = 3 if strategy == "feature-extraction" else 0
    assert len(features_kept(home)) == kept  # of validation and test, and the plain run's training


def test_that_half_precision_features_give_nearly_the_same_losses(dataset: Path):
    whole, half = (losses(run(dataset, features=kind, epochs=3)) for kind in ("float32", "float16"))
    assert whole != half
    assert whole == pytest.approx(half, abs=5e-3)


def set_back(file: Path) -> None:
    """Put another image in a file's place, as large and as old: that of a bitmap with some pixels changed."""
    status = file.stat()
    content = bytearray(file.read_bytes())
    content[-300:] = bytes(300)
    file.write_bytes(content)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.fixture
def bitmaps(dataset: Path, tmp_path: Path) -> Path:
    for file in sorted(dataset.rglob("*.png")):
        copy = (tmp_path / "bitmaps" / file.relative_to(dataset)).with_suffix(".bmp")
        copy.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(file) as image:
            image.save(copy)
    return tmp_path / "bitmaps"


@pytest.mark.parametrize("strategy", ["feature-extraction", "full"])
def test_that_images_put_in_the_place_of_others_as_large_and_as_old_are_seen(
    bitmaps: Path, home: Path, strategy: str
):
    more = {"strategy": strategy, "augmentation": "none", "epochs": 1}
    run(bitmaps, **more)
    for file in bitmaps.rglob("*.bmp"):
        set_back(file)
    seen = losses(run(bitmaps, **more))
    shutil.rmtree(home / "cache")
    assert seen == losses(run(bitmaps, **more))


@pytest.mark.parametrize(("strategy", "what"), [("feature-extraction", "features"), ("full", "images")])
def test_that_a_cache_file_cut_off_in_mid_epoch_is_made_again_with_a_notice(
    dataset: Path, home: Path, strategy: str, what: str
):
    more = {"strategy": strategy, "augmentation": "none", "epochs": 3}
    expected = losses(run(dataset, **more))
    shutil.rmtree(home / "cache" / "rows")
    events: list[Event] = []
    for event in train(config(dataset, **more), Control()):
        events.append(event)
        if isinstance(event, BatchFinished) and (event.epoch, event.done) == (2, 1):
            for file in (home / "cache" / "rows").iterdir():
                os.truncate(file, 50)
    assert isinstance(events[-1], RunFinished)
    assert losses(events) == pytest.approx(expected, abs=1e-5)
    (notice,) = [one.text for one in of(events, Notice) if what in one.text and "training" not in one.text]
    assert "was damaged" in notice


def test_that_a_run_that_needs_more_than_the_limit_stays_below_it_and_says_so(dataset: Path, home: Path):
    more = {"strategy": "hybrid", "unfreeze": ("layer4", "fc"), "views": 3, "epochs": 4}
    expected = losses(run(dataset, **more))
    shutil.rmtree(home / "cache" / "rows")
    keep_preferences(Preferences(cache_gb=2e-4))
    events: list[Event] = []
    most = 0
    for event in train(config(dataset, **more), Control()):
        events.append(event)
        most = max(most, sum(file.stat().st_size for file in (home / "cache" / "rows").glob("*")))
    assert losses(events) == pytest.approx(expected, abs=1e-5)
    assert 100_000 < most <= 200_000
    assert (notices := of(events, Notice))
    assert all("exceed the cache's limit" in notice.text for notice in notices)


@pytest.mark.parametrize("augmentation", ["none", "light", "strong"])
def test_that_an_epoch_of_kept_images_is_that_of_decoded_ones(
    dataset: Path, augmentation: str, monkeypatch: pytest.MonkeyPatch
):
    more = {"strategy": "full", "augmentation": augmentation, "epochs": 2}
    kept = losses(run(dataset, **more))
    monkeypatch.setattr(RowStore, "open", lambda *_: (_ for _ in ()).throw(OSError("no room")))
    assert kept == losses(run(dataset, **more))
