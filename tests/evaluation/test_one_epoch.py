"""One epoch's model measured closely: figures of scikit-learn, answers kept with the run."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import sklearn.metrics

from tests.trained import finished_run, one_thread, train_small
from tlstudio.data.decode import read_image
from tlstudio.errors import BadInput, Stopped
from tlstudio.evaluation.one_epoch import evaluate_epoch
from tlstudio.evaluation.one_epoch_events import EpochEvaluated
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.runs.store import RunFolder
from tlstudio.training.checkpoint import load_model
from tlstudio.training.device import choose_device
from tlstudio.training.events import EpochTested
from tlstudio.training.measure import infer

__all__ = ["finished_run", "one_thread"]

ASKING = "Asking the model"


@pytest.fixture(scope="module")
def known(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished run that keeps what its models say."""
    return shutil.copytree(finished_run, tmp_path_factory.mktemp("known") / "run")


@pytest.fixture
def copy(finished_run: Path, tmp_path: Path) -> Path:
    """A copy of the finished run that a test may change."""
    return shutil.copytree(finished_run, tmp_path / "run")


def events_of(run: Path, **more: object) -> list[Event]:
    return list(evaluate_epoch(run, Control(), **more))  # type: ignore[arg-type]


def evaluated(run: Path, **more: object) -> EpochEvaluated:
    *_, last = events_of(run, **more)
    assert isinstance(last, EpochEvaluated)
    return last


def asked(events: list[Event]) -> bool:
    return any(isinstance(event, Progress) and event.text.startswith(ASKING) for event in events)


def test_that_without_an_epoch_it_is_the_one_that_validation_chose(known: Path):
    found = evaluated(known)
    (chosen,) = (row for row in found.table if row.chosen)
    assert (found.epoch, found.chosen) == (chosen.epoch, chosen.epoch)
    assert found.test.metrics.top1.value == pytest.approx(chosen.test_top1)
    assert found.val.metrics.top1.value == pytest.approx(chosen.val_top1)
    assert np.mean(found.test.outcome.losses) == pytest.approx(chosen.test_loss, abs=1e-5)
    assert f"Validation chose epoch {chosen.epoch}" in found.why


def test_that_each_image_has_what_the_model_says_of_it_alone(known: Path):
    found = evaluated(known, epoch=1)
    model = load_model(RunFolder.open(known), 1, choose_device("cpu"))
    for judged in (found.val, found.test):
        for row, image in enumerate(judged.outcome.images):
            view = model.view.evaluation(read_image(found.root / image.path, model.view.resize))
            expected = infer(model.network, view[None], model.compute, model.parts).softmax(dim=1)[0].numpy()
            np.testing.assert_allclose(judged.outcome.probabilities[row], expected, atol=1e-5)


def test_that_the_figures_are_those_of_scikit_learn(known: Path):
    found = evaluated(known).test
    labels, answers = found.outcome.labels, found.outcome.answers
    every = [0, 1, 2]
    assert found.metrics.top1.value == sklearn.metrics.accuracy_score(labels, answers)
    matrix = sklearn.metrics.confusion_matrix(labels, answers, labels=every)
    np.testing.assert_array_equal(np.array(found.metrics.confusion)[:, :3], matrix)
    f1 = sklearn.metrics.f1_score(labels, answers, labels=every, average=None, zero_division=0)
    np.testing.assert_allclose([score.f1 for score in found.metrics.classes], f1, atol=1e-6)
    for label, curves in enumerate(found.curves):
        assert curves is not None
        scores = found.outcome.probabilities[:, label]
        assert curves.auroc == pytest.approx(sklearn.metrics.roc_auc_score(labels == label, scores), abs=1e-6)
        precision = sklearn.metrics.average_precision_score(labels == label, scores)
        assert curves.average_precision == pytest.approx(precision, abs=1e-6)


def test_that_the_model_is_asked_once(copy: Path):
    first, again = events_of(copy), events_of(copy)
    assert asked(first)
    assert not asked(again)
    assert isinstance(first[-1], EpochEvaluated)
    assert isinstance(again[-1], EpochEvaluated)
    np.testing.assert_array_equal(
        first[-1].test.outcome.log_probabilities, again[-1].test.outcome.log_probabilities
    )


def test_that_what_is_kept_is_numbers_under_the_key_of_the_model(copy: Path):
    found = evaluated(copy, epoch=2)
    (file,) = (copy / "outcomes").iterdir()
    assert file.name == "epoch-0002.safetensors"
    tensors = safetensors.numpy.load(file.read_bytes())
    assert set(tensors) == {"key", "val", "test"}
    np.testing.assert_array_equal(tensors["test"], found.test.outcome.log_probabilities)


@pytest.mark.parametrize("content", [b"", b"no tensors", b"\xff" * 64, b"\x00" * 100_000])
def test_that_a_damaged_file_is_made_again(copy: Path, content: bytes):
    before = evaluated(copy)
    (file,) = (copy / "outcomes").iterdir()
    file.write_bytes(content)
    again = events_of(copy)
    assert asked(again)
    assert len(file.read_bytes()) != len(content)
    assert isinstance(again[-1], EpochEvaluated)
    assert again[-1].test.metrics == before.test.metrics


@pytest.mark.parametrize("changed", ["checkpoints/epoch-0001.pt", "split.json"])
def test_that_other_weights_or_images_are_asked_anew(copy: Path, changed: str):
    evaluated(copy, epoch=1)
    if changed == "split.json":
        split = json.loads((copy / changed).read_text())
        split["images"] = [image for image in split["images"] if image["split"] != "train"]
        (copy / changed).write_text(json.dumps(split))
    else:
        shutil.copy(copy / "checkpoints" / "epoch-0002.pt", copy / changed)
    assert asked(events_of(copy, epoch=1))


def test_that_a_folder_that_cannot_be_written_costs_no_result(copy: Path):
    (copy / "outcomes").write_text("in the way")
    *before, last = events_of(copy)
    assert isinstance(last, EpochEvaluated)
    assert any(isinstance(event, Notice) and "cannot be kept" in event.text for event in before)


def test_that_a_link_in_the_place_of_the_folder_is_not_followed(copy: Path, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    try:
        (copy / "outcomes").symlink_to(outside)
    except OSError:
        pytest.skip("links cannot be made here")
    evaluated(copy)
    assert list(outside.iterdir()) == []


def test_that_epochs_that_were_not_tested_are_tested_first(copy: Path):
    (copy / "test.json").unlink()
    events = events_of(copy)
    table = tuple(event for event in events if isinstance(event, EpochTested))
    assert [row.epoch for row in table] == [1, 2]
    assert isinstance(events[-1], EpochEvaluated)
    assert events[-1].table == table


def test_that_hindsight_names_another_epoch_only_where_it_is_better(copy: Path):
    rows = json.loads((copy / "test.json").read_text())
    chosen = next(row["epoch"] for row in rows if row["chosen"])
    for tops, expected in (((0.5, 0.5), chosen), ((0.25, 0.75), 2), ((0.75, 0.25), 1)):
        changed = [{**row, "test_top1": top} for row, top in zip(rows, tops, strict=True)]
        (copy / "test.json").write_text(json.dumps(changed))
        assert evaluated(copy).hindsight == expected


def test_that_a_small_test_set_is_said_to_be_small(known: Path):
    assert evaluated(known).caution == (
        "With 6 test images two models can only be told apart where they differ by 100.0 points or more; "
        "less may be chance."
    )


def test_that_an_epoch_that_is_not_there_is_refused_before_anything_is_computed(copy: Path):
    (copy / "test.json").unlink()
    with pytest.raises(BadInput, match="has no model of epoch 9") as caught:
        next(evaluate_epoch(copy, Control(), epoch=9))
    assert caught.value.hint == "Its epochs are: 1, 2."


def test_that_images_that_are_gone_are_counted_but_not_missed_once_the_model_was_asked(
    copy: Path, dataset: Path, tmp_path: Path
):
    moved = tmp_path / "images"
    shutil.copytree(dataset, moved)
    split = json.loads((copy / "split.json").read_text())
    (copy / "split.json").write_text(json.dumps({**split, "root": str(moved)}))
    shutil.move(moved, tmp_path / "elsewhere")
    with pytest.raises(BadInput, match=f"12 of the run's 12 images cannot be found in {moved}"):
        events_of(copy)
    shutil.move(tmp_path / "elsewhere", moved)
    evaluated(copy)
    shutil.rmtree(moved)
    assert evaluated(copy).test.metrics.images == 6


def test_that_a_stop_is_obeyed_and_keeps_nothing(copy: Path):
    control = Control()
    with pytest.raises(Stopped):
        for event in evaluate_epoch(copy, control):
            if isinstance(event, Progress) and event.text.startswith(ASKING):
                control.stop()
    assert not (copy / "outcomes").exists()


def test_that_a_model_used_as_it_is_can_be_measured(dataset: Path, tmp_path: Path):
    more = {"arch": "efficientnet_lite0", "weights": "bundled", "strategy": "as-is"}
    found = evaluated(train_small(dataset, tmp_path / "run", **more))
    assert (found.epoch, found.chosen, found.hindsight) == (0, 0, 0)
    np.testing.assert_allclose(found.test.outcome.probabilities.sum(axis=1), 1, atol=1e-5)


def test_that_the_json_has_the_figures_and_no_images(known: Path):
    row = json.loads(json.dumps(evaluated(known).as_json(), allow_nan=False))
    assert row["event"] == "epoch_evaluated"
    assert row["splits"]["test"]["top1"].keys() == {"value", "low", "high"}
    assert len(row["splits"]["val"]["auroc"]) == 3
    assert "log_probabilities" not in json.dumps(row)
