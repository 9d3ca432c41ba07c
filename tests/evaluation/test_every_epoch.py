"""Testing a run's epochs again: the same table, or a sentence why not."""

import json
import shutil
from pathlib import Path

import pytest

from tests.trained import finished_run, one_thread, train_small
from tlstudio.config import DataConfig, RunConfig
from tlstudio.errors import BadInput, Stopped
from tlstudio.evaluation.every_epoch import evaluate
from tlstudio.events import Control, Event
from tlstudio.runs.store import RunFolder
from tlstudio.training.events import BatchFinished, EpochTested
from tlstudio.training.trainer import train

__all__ = ["finished_run", "one_thread"]


def table_of(run: Path) -> list[dict]:
    return [event.as_json() for event in evaluate(run, Control()) if isinstance(event, EpochTested)]


@pytest.fixture
def copy(finished_run: Path, tmp_path: Path) -> Path:
    """A copy of the finished run that a test may change."""
    shutil.copytree(finished_run, tmp_path / "box" / "run")
    return tmp_path / "box" / "run"


def edit(file: Path, **changes: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_that_the_table_is_the_one_that_training_made(copy: Path):
    table = json.loads((copy / "test.json").read_text())
    (copy / "test.json").unlink()
    again = table_of(copy)
    assert json.loads((copy / "test.json").read_text()) == again
    for row, before in zip(again, table, strict=True):  # training folds what is frozen, to the last digits
        assert row.pop("test_loss") == pytest.approx(before.pop("test_loss"), abs=1e-5)
        assert row == before
    assert [row["epoch"] for row in table] == [1, 2]
    assert [row["chosen"] for row in table].count(True) == 1


def test_that_the_table_of_a_model_used_as_it_is_has_one_row(dataset: Path, tmp_path: Path):
    more = {"arch": "efficientnet_lite0", "weights": "bundled", "strategy": "as-is"}
    run = train_small(dataset, tmp_path / "run", **more)
    (row,) = table_of(run)
    assert (row["epoch"], row["chosen"]) == (0, True)
    assert [row] == RunFolder.open(run).read("test.json")


def test_that_a_run_that_was_stopped_can_be_tested(dataset: Path, tmp_path: Path):
    data = DataConfig(root=str(dataset))
    config = RunConfig(
        data=data, arch="resnet18", weights="none", image_size=32, epochs=9, strategy="full", batch_size=8
    )
    control = Control()
    for event in train(config, control, out=tmp_path / "run"):
        if isinstance(event, BatchFinished) and event.epoch == 3:
            control.stop()
    table = table_of(tmp_path / "run")
    assert [row["epoch"] for row in table] == [1, 2]
    chosen = min(table, key=lambda row: (-row["val_top1"], row["val_loss"]))
    assert [row["epoch"] for row in table if row["chosen"]] == [chosen["epoch"]]


def test_that_a_run_works_from_another_place(copy: Path):
    table = table_of(copy)
    moved = copy.rename(copy.parent / "실험 1")
    assert table_of(moved) == table


def test_that_a_stop_leaves_the_old_table(copy: Path):
    before = (copy / "test.json").read_bytes()
    control = Control()
    seen: list[Event] = []
    with pytest.raises(Stopped):
        for event in evaluate(copy, control):
            seen.append(event)
            if isinstance(event, EpochTested):
                control.stop()
    assert len([event for event in seen if isinstance(event, EpochTested)]) == 1
    assert (copy / "test.json").read_bytes() == before


def test_that_lost_test_images_are_counted_and_one_is_named(copy: Path, dataset: Path, tmp_path: Path):
    moved = tmp_path / "images"
    shutil.copytree(dataset, moved)
    edit(copy / "split.json", root=str(moved))
    images = json.loads((copy / "split.json").read_text())["images"]
    lost = [image["path"] for image in images if image["split"] == "test"][:2]
    for path in lost:
        (moved / path).unlink()
    with pytest.raises(BadInput) as caught:
        table_of(copy)
    assert caught.value.message == (
        f"2 of the run's 6 test images cannot be found in {moved}, {lost[0]} among them."
    )
    assert caught.value.hint == "Put the folder back where it was when the run was trained."


def test_that_images_of_other_splits_are_not_needed(copy: Path, dataset: Path, tmp_path: Path):
    table = table_of(copy)
    moved = tmp_path / "images"
    shutil.copytree(dataset, moved)
    edit(copy / "split.json", root=str(moved))
    for image in json.loads((copy / "split.json").read_text())["images"]:
        if image["split"] != "test":
            (moved / image["path"]).unlink()
    assert table_of(copy) == table


def test_that_a_test_image_that_was_damaged_since_is_named(copy: Path, dataset: Path, tmp_path: Path):
    moved = tmp_path / "images"
    shutil.copytree(dataset, moved)
    edit(copy / "split.json", root=str(moved))
    images = json.loads((copy / "split.json").read_text())["images"]
    damaged = next(moved / image["path"] for image in images if image["split"] == "test")
    damaged.write_bytes(b"no image")
    with pytest.raises(BadInput, match=f"{damaged} was changed since the run began"):
        table_of(copy)


def test_that_what_is_no_run_is_refused(dataset: Path):
    with pytest.raises(BadInput, match=r"is not a run: it has no config\.json") as caught:
        table_of(dataset)
    assert "Choose a folder that training made" in caught.value.hint


def test_that_a_run_without_a_finished_epoch_is_refused(copy: Path):
    (copy / "metrics.jsonl").unlink()
    with pytest.raises(BadInput, match="has no finished epoch yet"):
        table_of(copy)


@pytest.mark.parametrize("content", ["{}", "[]", '{"root": "x", "classes": [], "images": [{"a": 1}]}', "{"])
def test_that_a_damaged_split_is_refused_with_a_sentence(copy: Path, content: str):
    (copy / "split.json").write_text(content)
    with pytest.raises(BadInput, match=r"split\.json"):
        table_of(copy)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.mark.parametrize(
    "trick",
    [
        {"about.json": {"arch": "../../outside"}},
        {"about.json": {"best_epoch": "../../outside/letter.txt"}},
        {"config.json": {"arch": "../../outside", "weights": "../../outside/letter.txt"}},
        {"split.json": {"root": "../outside"}},
        {"metrics.jsonl": {"epoch": "../../../outside/letter"}},
        {"metrics.jsonl": {"epoch": -1}},
        {"metrics.jsonl": {"run": "../../outside", "path": "../../outside/letter.txt"}},
    ],
    ids=str,
)
def test_that_paths_in_a_runs_files_lead_no_writing_out_of_it(copy: Path, tmp_path: Path, trick: dict):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "letter.txt").write_text("mine")
    ((name, changes),) = trick.items()
    if name == "metrics.jsonl":
        rows = [json.loads(line) for line in (copy / name).read_text().splitlines()]
        (copy / name).write_text("".join(json.dumps({**row, **changes}) + "\n" for row in rows))
    else:
        edit(copy / name, **changes)
    before = {path: text for path, text in everything(tmp_path).items() if not path.startswith(str(copy))}
    try:
        table_of(copy)
    except BadInput as error:
        assert error.message
    after = {path: text for path, text in everything(tmp_path).items() if not path.startswith(str(copy))}
    assert after == before
    inside = {Path(path).relative_to(copy).as_posix() for path in everything(copy)}
    assert {Path(path).parts[0] for path in inside} == {
        *("about.json", "checkpoints", "config.json", "environment.json", "frozen.safetensors"),
        *("layers.jsonl", "metrics.jsonl", "result.json", "split.json", "test.json"),
    }


def test_that_a_link_in_the_place_of_the_table_is_replaced_and_not_followed(copy: Path, tmp_path: Path):
    letter = tmp_path / "letter.txt"
    letter.write_text("mine")
    (copy / "test.json").unlink()
    try:
        (copy / "test.json").symlink_to(letter)
    except OSError:
        pytest.skip("links cannot be made here")
    table_of(copy)
    assert letter.read_text() == "mine"
    assert not (copy / "test.json").is_symlink()
