"""What goes wrong in the middle of a run costs no finished epoch, and is told in a sentence."""

import itertools
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.images import image_folder
from tests.training.test_resume import forget_features
from tests.training.test_trainer import config, of, run
from tlstudio.data.catalogue import Catalogue
from tlstudio.events import Control, Event
from tlstudio.runs.store import RunFolder
from tlstudio.training.checkpoint import newest_whole
from tlstudio.training.events import EpochFinished, RunFailed, RunFinished
from tlstudio.training.steps import Criterion
from tlstudio.training.trainer import resume, train

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = {"strategy": "hybrid", "unfreeze": ("layer1", "fc"), "epochs": 2, "views": 0}


@pytest.fixture
def images(dataset: Path, tmp_path: Path) -> Path:
    shutil.copytree(dataset, tmp_path / "images")
    return tmp_path / "images"


def first_epoch(events: Iterator[Event]) -> list[Event]:
    return list(itertools.takewhile(lambda event: not isinstance(event, EpochFinished), events))


def one_of(run: RunFolder, split: str) -> Path:
    """An image of the run's."""
    catalogue = Catalogue.from_json(run.read("split.json"))
    return next(catalogue.file(image) for image in catalogue.images if image.split == split)


def vanish(file: Path) -> None:
    file.unlink()


def garble(file: Path) -> None:
    file.write_bytes(b"no image any more")


def blow_up(file: Path) -> None:
    """A few hundred bytes that would take gigabytes of memory."""
    Image.new("1", (30_000, 30_000)).save(file)


@pytest.mark.parametrize("mishap", [vanish, garble, blow_up])
def test_that_an_image_lost_before_it_was_needed_is_named_and_the_run_goes_on_once_it_is_back(
    images: Path, home: Path, tmp_path: Path, mishap: Callable[[Path], None]
):
    *_, whole = train(config(images, **SMALL), Control(), out=tmp_path / "whole")
    forget_features(home)
    victim = one_of(RunFolder.open(whole.run), "test")
    content = victim.read_bytes()

    events = train(config(images, **SMALL), Control(), out=tmp_path / "run")
    first_epoch(events)
    mishap(victim)
    *_, last = events
    assert isinstance(last, RunFailed)
    assert victim.name in last.message
    assert last.hint
    assert newest_whole(RunFolder.open(tmp_path / "run")) == 2

    victim.write_bytes(content)
    *_, last = resume(tmp_path / "run", Control())
    assert isinstance(last, RunFinished)
    assert (last.best_epoch, last.val_top1, last.test_top1) == (
        whole.best_epoch,
        whole.val_top1,
        whole.test_top1,
    )


@pytest.mark.parametrize("mishap", [vanish, garble, blow_up])
def test_that_an_image_lost_after_it_was_decoded_changes_nothing(
    images: Path, home: Path, tmp_path: Path, mishap: Callable[[Path], None]
):
    *_, whole = train(config(images, **SMALL), Control(), out=tmp_path / "whole")
    forget_features(home)
    events = train(config(images, **SMALL), Control(), out=tmp_path / "run")
    first_epoch(events)
    mishap(one_of(RunFolder.open(whole.run), "train"))
    *_, last = events
    assert isinstance(last, RunFinished)
    assert (last.best_epoch, last.val_top1, last.test_top1) == (
        whole.best_epoch,
        whole.val_top1,
        whole.test_top1,
    )


def test_that_a_folder_that_is_gone_in_mid_run_is_told(images: Path, tmp_path: Path):
    events = train(config(images, **SMALL), Control(), out=tmp_path / "run")
    first_epoch(events)
    images.rename(tmp_path / "elsewhere")
    *_, last = events
    assert isinstance(last, RunFailed)
    assert str(images) in last.message
    *_, last = resume(tmp_path / "run", Control())
    assert isinstance(last, RunFailed)
    assert last.message == f"There is no folder {images}."


def test_that_a_run_whose_own_folder_is_gone_ends_as_failed(dataset: Path, tmp_path: Path):
    events = train(config(dataset, **SMALL), Control(), out=tmp_path / "run")
    first_epoch(events)
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    (tmp_path / "run").write_text("in the way")
    *_, last = events
    assert isinstance(last, RunFailed)
    assert str(tmp_path / "run") in last.message
    assert newest_whole(RunFolder.open(tmp_path / "elsewhere")) == 1


@pytest.mark.parametrize("finished", [1, 2])
def test_that_a_run_folder_deleted_in_mid_run_is_not_made_anew(dataset: Path, tmp_path: Path, finished: int):
    """After the last epoch only the tests are left to be written."""
    for event in (events := train(config(dataset, **SMALL), Control(), out=tmp_path / "run")):
        if isinstance(event, EpochFinished) and event.epoch == finished:
            break
    shutil.rmtree(tmp_path / "run")
    *_, last = events
    assert isinstance(last, RunFailed)
    assert last.message == f"The folder of the run, {tmp_path / 'run'}, was moved or deleted in mid-run."
    assert last.hint
    assert not (tmp_path / "run").exists()


def test_that_a_run_moved_in_mid_run_is_resumed_where_it_is(dataset: Path, tmp_path: Path):
    *_, whole = train(config(dataset, **SMALL), Control(), out=tmp_path / "whole")
    events = train(config(dataset, **SMALL), Control(), out=tmp_path / "run")
    first_epoch(events)
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    *_, last = events
    assert isinstance(last, RunFailed)
    *_, last = resume(tmp_path / "elsewhere", Control())
    assert isinstance(last, RunFinished)
    assert last.run == tmp_path / "elsewhere"
    assert (last.best_epoch, last.val_top1) == (whole.best_epoch, whole.val_top1)


def test_that_a_loss_that_is_no_number_says_where_it_began_and_keeps_the_last_good_model(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = config(dataset, **SMALL, lr=0.01, schedule="constant")
    *_, whole = train(asked, Control(), out=tmp_path / "whole")
    steps, loss_of = itertools.count(1), Criterion.__call__
    with monkeypatch.context() as patch:
        patch.setattr(Criterion, "__call__", lambda *of: loss_of(*of) * (math.nan if next(steps) == 5 else 1))
        *_, last = train(asked, Control(), out=tmp_path / "run")
    assert isinstance(last, RunFailed)
    assert last.message == "The training loss became nan in epoch 2 at step 2."  # of three an epoch
    assert last.hint == "Try a learning rate of 0.001; the models of the epochs before are kept."
    folder = RunFolder.open(last.run)
    assert folder.epochs() == [1] == [newest_whole(folder)]
    *_, last = resume(last.run, Control())
    assert isinstance(last, RunFinished)
    assert (last.best_epoch, last.val_top1) == (whole.best_epoch, whole.val_top1)


def test_that_a_model_that_gives_no_numbers_is_not_kept(dataset: Path):
    """A single step does it: the loss before it was fine, and there is no step after it to notice."""
    events = run(
        dataset, strategy="full", optimizer="sgd", schedule="constant", lr=1e20, batch_size=64, epochs=1
    )
    last = events[-1]
    assert isinstance(last, RunFailed)
    assert last.message == "The validation loss was nan after epoch 1: the last steps of it went too far."
    assert last.hint == "Try a learning rate of 1e+19."
    assert of(events, EpochFinished) == []
    assert RunFolder.open(last.run).epochs() == []


def test_that_a_class_with_one_image_is_trained_on(images: Path):
    for file in sorted((images / "red").iterdir())[1:]:
        file.unlink()
    assert isinstance(run(images, **SMALL)[-1], RunFinished)


def test_that_batches_of_one_image_that_batch_norm_cannot_learn_from_are_told(dataset: Path):
    last = run(dataset, strategy="full", batch_size=1)[-1]
    assert isinstance(last, RunFailed)
    assert (
        last.message
        == "Batch norm learns from the differences within a batch, and there was one image in it."
    )
    assert "batch size" in last.hint


def test_that_batches_of_one_image_will_do_where_batch_norm_is_frozen(dataset: Path):
    assert isinstance(run(dataset, batch_size=1, epochs=1)[-1], RunFinished)


def test_that_images_of_any_shape_are_trained_on(tmp_path: Path):
    root = image_folder(tmp_path / "odd", per_class=6)
    for number, size in enumerate([(1, 1), (20_000, 20), (20, 20_000), (1, 3_000), (3, 1)]):
        for name in ("red", "blue"):
            Image.new("RGB", size, "red").save(root / name / f"odd{number}.png")
    events = run(root, **SMALL)
    assert isinstance(events[-1], RunFinished)
    assert all(math.isfinite(epoch.train_loss) for epoch in of(events, EpochFinished))
