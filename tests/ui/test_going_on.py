"""From the Runs page and its lab to the other pages."""

from pathlib import Path

from tests.ui.test_app import current, finished_run, studio
from tlstudio.config import DataConfig, RunConfig, Strategy
from tlstudio.evaluation.lab_config import ClipChoice, LabConfig, LabEntry, choices_of, entries_of
from tlstudio.ui.app import Studio

__all__ = ["finished_run", "studio"]


def entries(dataset: Path) -> dict[str, LabEntry]:
    base = RunConfig(data=DataConfig(root=str(dataset)), epochs=7, image_size=64)
    choices = choices_of(["zero-shot", "partial:1"])
    config = LabConfig(base=base, choices=choices, clip=ClipChoice(model="demo", pretrained="bundled"))
    return {entry.method: entry for entry in entries_of(config)}


def test_that_the_settings_that_a_lab_recommends_are_those_of_the_next_run(
    studio: Studio, dataset: Path, qtbot
) -> None:
    entry = entries(dataset)["partial"]
    studio.runs.go_on.emit(entry)
    assert current(studio) == "Train"
    assert (studio.session.strategy, studio.session.blocks) == (Strategy.PARTIAL, 1)
    qtbot.waitUntil(lambda: studio.session.catalogue is not None)
    config = studio.train.next_run.config()
    assert entry.run is not None
    mine, its = config.model_dump(), entry.run.model_dump()
    assert {key for key in its if mine[key] != its[key]} <= {"data"}
    assert Path(config.data.root) == dataset


def test_that_zero_shot_is_continued_on_its_own_page(studio: Studio, dataset: Path) -> None:
    studio.runs.go_on.emit(entries(dataset)["zero-shot"])
    assert current(studio) == "Zero-shot"


def test_that_a_run_is_led_to_the_train_and_the_evaluate_page(
    studio: Studio, finished_run: Path, qtbot
) -> None:
    studio.runs.show_wanted.emit(finished_run)
    assert current(studio) == "Train"
    qtbot.waitUntil(lambda: studio.train.model.rowCount() > 0)
    studio.runs.evaluate_wanted.emit(finished_run)
    assert current(studio) == "Evaluate"
