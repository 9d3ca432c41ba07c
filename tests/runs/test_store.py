"""A run's folder keeps what training hands it, and says plainly what is missing."""

import json
import math
from pathlib import Path

import pytest

from tlstudio.config import DataConfig, RunConfig, Strategy
from tlstudio.errors import BadInput
from tlstudio.paths import runs_dir
from tlstudio.runs.index import RunIndex
from tlstudio.runs.store import RunFolder, environment

CONFIG = RunConfig(data=DataConfig(root="/photos/벌레"), arch="resnet18", strategy=Strategy.STAGED, epochs=3)


def test_that_a_new_run_gets_a_folder_named_after_what_it_does() -> None:
    run = RunFolder.create(CONFIG)
    assert run.path.parent == runs_dir()
    assert run.path.name.endswith("-resnet18-staged")
    assert RunFolder.open(run.path).config == CONFIG


def test_that_two_runs_of_one_second_do_not_share_a_folder() -> None:
    assert len({RunFolder.create(CONFIG).path for _ in range(5)}) == 5


def test_that_a_new_run_is_listed_as_running() -> None:
    run = RunFolder.create(CONFIG)
    (row,) = RunIndex().rows()
    assert (row.path, row.status, row.arch, row.dataset) == (run.path, "running", "resnet18", "/photos/벌레")


def test_that_a_chosen_folder_may_be_new_or_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "deep/new"):
        assert RunFolder.create(CONFIG, tmp_path / name).path == tmp_path / name


def test_that_a_chosen_folder_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("do not lose this")
    with pytest.raises(BadInput, match="is not empty"):
        RunFolder.create(CONFIG, tmp_path)
    with pytest.raises(BadInput, match="is a file"):
        RunFolder.create(CONFIG, tmp_path / "mine.txt")
    with pytest.raises(BadInput, match="cannot be made"):
        RunFolder.create(CONFIG, tmp_path / "mine.txt" / "run")
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
    assert RunIndex().rows() == ()


def test_that_a_relative_folder_is_kept_as_an_absolute_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert RunFolder.create(CONFIG, Path("here")).path == tmp_path / "here"
    assert RunFolder.open(Path("here")).path == tmp_path / "here"


def test_that_only_a_run_is_opened_as_one(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BadInput, match="is not a run"):
            RunFolder.open(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "cannot be read"),
        ("\xff", "cannot be read"),
        ("[]", "is not a configuration"),
        ('{"format": 2, "data": {"root": "x"}}', "format"),
        ('{"data": {"root": "x"}, "epochs": 0}', "epochs"),
        ('{"data": {"root": "x"}, "colour": 1}', "colour"),
    ],
)
def test_that_a_configuration_that_is_not_understood_names_the_fault(
    tmp_path: Path, text: str, complaint: str
) -> None:
    (tmp_path / "config.json").write_text(text, encoding="latin-1")
    with pytest.raises(BadInput, match=complaint):
        RunFolder.open(tmp_path)


def test_that_data_are_read_as_they_were_written() -> None:
    run = RunFolder.create(CONFIG)
    data = {"classes": ["개", "ñandú"], "counts": [1, 2.5, None]}
    assert not run.has("about.json")
    run.write("about.json", data)
    assert run.has("about.json")
    assert run.read("about.json") == data


def test_that_what_a_run_lacks_or_has_damaged_is_said() -> None:
    run = RunFolder.create(CONFIG)
    with pytest.raises(BadInput, match=r"has no test\.json"):
        run.read("test.json")
    (run.path / "test.json").write_text('{"epoch": ')
    with pytest.raises(BadInput, match="cannot be read"):
        run.read("test.json")


@pytest.mark.parametrize(
    "name",
    [
        "../about.json",
        "/etc/about.json",
        "sub/about.json",
        "..",
        "",
        "a.pt",
        ".json",
        "c:a.json",
        "a\\b.json",
    ],
)
def test_that_names_cannot_lead_out_of_the_folder(name: str) -> None:
    run = RunFolder.create(CONFIG)
    for use in (run.has, run.read, lambda name: run.write(name, {})):
        with pytest.raises(ValueError, match="plain name"):
            use(name)


def test_that_metrics_come_back_in_order_and_are_there_at_once() -> None:
    run = RunFolder.create(CONFIG)
    assert run.metrics() == []
    for epoch in (1, 2, 3):
        run.append_metric({"epoch": epoch, "note": "é"})
        assert [metric["epoch"] for metric in RunFolder.open(run.path).metrics()] == list(range(1, epoch + 1))


def test_that_a_line_cut_off_by_a_crash_is_left_out_and_then_overwritten() -> None:
    run = RunFolder.create(CONFIG)
    run.append_metric({"epoch": 1})
    file = run.path / "metrics.jsonl"
    for torn in (b'{"epoch": 2, "lo', b"{", b'{"epoch": 2}'):
        with file.open("ab") as lines:
            lines.write(torn)
        assert run.metrics() == [{"epoch": 1}]
        run.append_metric({"epoch": 2})
        assert run.metrics() == [{"epoch": 1}, {"epoch": 2}]
        file.write_bytes(b'{"epoch": 1}\n')


def test_that_a_metrics_file_with_nothing_but_a_torn_line_starts_afresh() -> None:
    run = RunFolder.create(CONFIG)
    (run.path / "metrics.jsonl").write_bytes(b'{"ep')
    assert run.metrics() == []
    run.append_metric({"epoch": 1})
    assert (run.path / "metrics.jsonl").read_bytes() == b'{"epoch": 1}\n'


def test_that_a_line_is_not_written_through_a_link_out_of_the_folder(tmp_path: Path) -> None:
    run, outside = RunFolder.create(CONFIG), tmp_path / "mine.txt"
    outside.write_text("do not touch this")
    (run.path / "layers.jsonl").symlink_to(outside)
    run.append("layers.jsonl", {"stage": 0})
    assert outside.read_text() == "do not touch this"
    assert run.rows("layers.jsonl") == [{"stage": 0}]


def test_that_damage_in_the_middle_of_the_metrics_is_not_passed_over() -> None:
    run = RunFolder.create(CONFIG)
    (run.path / "metrics.jsonl").write_bytes(b'{"epoch": 1}\n{"ep\n{"epoch": 3}\n')
    with pytest.raises(BadInput, match=r"metrics\.jsonl cannot be read"):
        run.metrics()


def test_that_checkpoints_are_numbered_so_that_they_sort() -> None:
    run = RunFolder.create(CONFIG)
    assert run.epochs() == []
    assert run.checkpoint(7) == run.path / "checkpoints" / "epoch-0007.pt"
    run.checkpoint(1).parent.mkdir()
    for epoch in (12_345, 7, 1):
        run.checkpoint(epoch).touch()
    (run.path / "checkpoints" / ".epoch-0009.pt.x.part").touch()
    (run.path / "checkpoints" / "epoch-best.pt").touch()
    assert run.epochs() == [1, 7, 12_345]


@pytest.mark.parametrize("status", ["finished", "stopped", "failed"])
def test_that_the_outcome_is_in_the_folder_and_in_the_list(status: str) -> None:
    run = RunFolder.create(CONFIG)
    run.finish(status, best_epoch=2, val_top1=0.75, test_top1=0.5, seconds=12.5)  # type: ignore[arg-type]
    figures = {"best_epoch": 2, "val_top1": 0.75, "test_top1": 0.5, "seconds": 12.5}
    assert run.read("result.json") == {"format": 1, "status": status, **figures}
    (row,) = RunIndex().rows()
    assert row.status == status
    assert {name: getattr(row, name) for name in figures} == figures


def test_that_a_run_that_never_got_anywhere_is_finished_without_figures() -> None:
    run = RunFolder.create(CONFIG)
    run.finish("failed", val_top1=math.nan)
    result = json.loads((run.path / "result.json").read_text())
    assert result == {
        "format": 1,
        "status": "failed",
        "best_epoch": None,
        "val_top1": None,
        "test_top1": None,
        "seconds": None,
    }


def test_that_a_run_the_list_has_lost_is_entered_when_it_ends() -> None:
    run = RunFolder.create(CONFIG)
    RunIndex().file.unlink()
    run.finish("finished", best_epoch=1)
    (row,) = RunIndex().rows()
    assert (row.path, row.status, row.best_epoch) == (run.path, "finished", 1)


def test_that_taking_a_run_up_forgets_its_end_and_what_was_half_written() -> None:
    run = RunFolder.create(CONFIG)
    run.finish("stopped", best_epoch=1)
    run.checkpoint(1).parent.mkdir()
    run.checkpoint(1).touch()
    for left in (run.path / ".resume.pt.abc.part", run.checkpoint(1).with_name(".epoch-0002.pt.abc.part")):
        left.touch()
    run.take_up()
    assert RunIndex().rows()[0].status == "running"
    assert sorted(path.name for path in run.path.rglob("*")) == [
        "checkpoints",
        "config.json",
        "epoch-0001.pt",
    ]


def test_that_a_run_the_list_has_lost_can_be_taken_up() -> None:
    run = RunFolder.create(CONFIG)
    RunIndex().file.unlink()
    run.take_up()
    assert [(row.path, row.status) for row in RunIndex().rows()] == [(run.path, "running")]


def test_that_metrics_can_be_replaced() -> None:
    run = RunFolder.create(CONFIG)
    for epoch in (1, 2, 3):
        run.append_metric({"epoch": epoch})
    run.keep_metrics(run.metrics()[:2])
    run.append_metric({"epoch": 7})
    assert run.metrics() == [{"epoch": 1}, {"epoch": 2}, {"epoch": 7}]


def test_that_the_environment_names_the_versions_of_all_that_computes() -> None:
    found = environment()
    assert all(
        found[name]
        for name in ("python", "platform", "tlstudio", "torch", "torchvision", "timm", "open_clip")
    )
    assert found["cpus"] >= 1
    json.dumps(found)
