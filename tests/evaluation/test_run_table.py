"""All runs and their curves, read from their folders."""

from pathlib import Path
from typing import Any

import pytest

from tlstudio.config import DataConfig, RunConfig, Strategy
from tlstudio.evaluation.run_table import CurvesRead, ListedRun, RunsListed, list_runs, read_curves
from tlstudio.events import Control
from tlstudio.runs.notes import RunNotes, write_notes
from tlstudio.runs.store import RunFolder
from tlstudio.runs.trash import throw_away

EPOCH: dict[str, Any] = {
    **{"epoch": 1, "stage": 0, "train_loss": 1.0, "val_loss": 2.0, "train_top1": 0.5, "val_top1": 0.25},
    **{"lr": 0.1, "seconds": 1.0, "images_per_second": 9.0, "best": True},
}


def make(out: Path, **config: Any) -> RunFolder:
    data = config.pop("data", DataConfig(root="/data/fish"))
    run = RunFolder.create(RunConfig(data=data, **config), out)
    run.write("about.json", {"data_fingerprint": "abc"})
    run.append_metric(EPOCH)
    return run


def listed() -> RunsListed:
    (event,) = list_runs(Control())
    assert isinstance(event, RunsListed)
    return event


def only() -> ListedRun:
    (run,) = listed().runs
    return run


def test_that_a_run_is_listed_with_what_is_known_and_said_of_it(tmp_path: Path) -> None:
    run = make(tmp_path / "run", epochs=3)
    run.finish("stopped", best_epoch=1, val_top1=0.25)
    write_notes(run.path, RunNotes("Mine", tags=("keep",)))
    found = only()
    assert (found.title, found.images, found.epochs, found.planned) == ("Mine", "fish", 1, 3)
    assert (found.fingerprint, found.row.status, found.notes.tags, found.damage) == (
        "abc",
        "stopped",
        ("keep",),
        "",
    )


def test_that_few_labels_are_part_of_what_a_run_learned_from(tmp_path: Path) -> None:
    make(tmp_path / "run", data=DataConfig(root="sample", per_class=5)).finish("finished")
    assert only().images == "sample, 5 a class"


def test_that_a_network_used_as_it_is_has_one_epoch(tmp_path: Path) -> None:
    make(tmp_path / "run", strategy=Strategy.AS_IS, epochs=5).finish("finished")
    assert only().planned == 1


@pytest.mark.parametrize("content", ["", "[]", "{}"])
def test_that_a_run_cut_off_before_it_had_images_has_no_fingerprint(tmp_path: Path, content: str) -> None:
    run = make(tmp_path / "run")
    (run.path / "about.json").write_text(content)
    assert only().fingerprint == ""


def test_that_a_damaged_run_is_listed_with_what_is_wrong(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    (run.path / "metrics.jsonl").write_bytes(b"{\n")
    found = only()
    assert found.config is None
    assert "cannot be read" in found.damage


def test_that_a_deleted_run_is_in_the_trash_instead(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    run.finish("finished")
    trashed = throw_away(run.path)
    assert (listed().runs, listed().trash) == ((), (trashed,))


def test_that_curves_are_read_of_all_runs_that_can_be_read(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    test = {"epoch": 1, "val_top1": 0.25, "val_loss": 2.0, "test_top1": 0.5, "test_loss": 1.0, "chosen": True}
    run.write("test.json", [test])
    (event,) = read_curves([run.path, tmp_path / "none"], Control())
    assert isinstance(event, CurvesRead)
    (curves,) = event.curves
    assert [(one.epoch, one.val_top1) for one in curves.epochs] == [(1, 0.25)]
    assert [one.test_top1 for one in curves.tested] == [0.5]
    assert [sentence for sentence in event.damage if "is not a run" in sentence] == list(event.damage) != []
