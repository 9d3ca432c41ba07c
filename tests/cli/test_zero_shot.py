"""`tlstudio zero-shot` with all that the window offers: presets, none of these, tables, class folders."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.zeroshot.conftest import TinyClip
from tlstudio.zeroshot import models
from tlstudio.zeroshot.events import OTHER


@pytest.fixture
def ask(cli: Cli, tiny: Callable[[str], TinyClip], pictures: Path):
    """Run the command on the pictures with a tiny model."""
    models.forget()
    clip = tiny("tiny-vit")

    def run(*words: object):
        return cli("zero-shot", "--model", clip.config, "--pretrained", clip.weights, *words, pictures)

    return run


def shares(ran) -> list[dict[str, float]]:
    return [line["probabilities"] for line in ran.lines() if "probabilities" in line]


def test_that_classes_come_from_a_file_and_beside_it(ask, tmp_path: Path) -> None:
    file = tmp_path / "classes.txt"
    file.write_text("# furniture\nsofa | couch\nlamp\n")
    ran = ask("--classes", "cat", "--classes-file", file, "--json")
    assert (ran.status, ran.err) == (0, "")
    assert [set(one) for one in shares(ran)] == [{"cat", "sofa", "lamp"}] * 5


def test_that_a_preset_changes_the_answers(ask) -> None:
    words = ("--classes", "cat,dog", "--json")
    assert shares(ask(*words)) == shares(ask(*words, "--preset", "photo"))
    assert shares(ask(*words)) != shares(ask(*words, "--preset", "sketch"))


def test_that_an_unknown_preset_exits_2_with_those_there_are(ask) -> None:
    ran = ask("--classes", "cat,dog", "--preset", "drawings")
    assert (ran.status, ran.out) == (2, "")
    assert "There is no preset 'drawings'." in ran.err


def test_that_a_preset_and_templates_exclude_one_another(ask) -> None:
    ran = ask("--classes", "cat,dog", "--preset", "photo", "--template", "a {}")
    assert ran.status == 2
    assert "--template and --preset both say what the prompts are." in ran.err


def test_that_below_the_bound_an_image_has_no_label(ask) -> None:
    ran = ask("--classes", "cat,dog", "--none-below", "1", "--json")
    assert [line["label"] for line in ran.lines()] == [""] * 5
    assert "none of these" in ask("--classes", "cat,dog", "--none-below", "1").out


def test_that_something_else_is_a_class_of_its_own(ask) -> None:
    ran = ask("--classes", "cat", "--something-else", "a wall, noise", "--json")
    assert [set(one) for one in shares(ran)] == [{"cat", OTHER}] * 5


def test_that_independent_scores_need_not_add_up(ask) -> None:
    sums = [sum(one.values()) for one in shares(ask("--classes", "cat,dog,lamp", "--independent", "--json"))]
    assert all(total != pytest.approx(1, abs=1e-3) for total in sums)


def test_that_results_are_written_as_a_table(ask, tmp_path: Path, pictures: Path) -> None:
    (pictures / "5.png").write_bytes(b"no image")
    file = tmp_path / "results.csv"
    ran = ask("--classes", "cat,dog", "--csv", file, "--json")
    assert ran.lines()[-1] == {"event": "answers_saved", "path": str(file), "images": 5}
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [Path(row["path"]).name for row in rows] == [f"{number}.png" for number in range(6)]
    labels = [line["label"] for line in ran.lines() if "label" in line]
    assert [row["class"] for row in rows] == [*labels, ""]
    assert rows[5]["problem"]


def test_that_images_are_copied_into_class_folders(ask, tmp_path: Path, pictures: Path) -> None:
    ran = ask("--classes", "cat,dog", "--copy-to", tmp_path / "to", "--json")
    labels = {Path(line["path"]).name: line["label"] for line in ran.lines() if "label" in line}
    assert ran.lines()[-1]["event"] == "sorted_out"
    copies = {path.name: path.parent.name for path in (tmp_path / "to").glob("*/*")}
    assert copies == labels
    assert len(list(pictures.iterdir())) == 5
    again = ask("--classes", "cat,dog", "--copy-to", tmp_path / "to")
    assert "0 images copied into class folders" in again.out
    assert "5 were there already" in again.out


def test_that_neither_classes_nor_a_file_exits_2(ask) -> None:
    ran = ask("--json")
    assert (ran.status, ran.out) == (2, "")
    assert "Missing option '--classes' or '--classes-file'." in ran.err
