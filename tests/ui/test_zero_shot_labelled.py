"""The Measure and Few labels tabs of the Zero-shot page, through their widgets."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton

from tests.ui.controls import check_controls
from tlstudio.config import DataConfig
from tlstudio.data.catalogue import Catalogue
from tlstudio.errors import StudioError
from tlstudio.evaluation.metrics import Estimate, measure
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.inference.events import ImageSkipped
from tlstudio.ui import answer_engine
from tlstudio.ui.session import Session
from tlstudio.ui.theme import Theme
from tlstudio.ui.worker import Worker
from tlstudio.ui.zero_shot.desk import ZeroShotDesk
from tlstudio.ui.zero_shot.few_shot_tab import FewShotTab
from tlstudio.ui.zero_shot.labelled_tab import LabelledTab
from tlstudio.ui.zero_shot.measure_tab import MeasureTab
from tlstudio.zeroshot.events import Question
from tlstudio.zeroshot.few_shot_events import (
    FewShotPoint,
    FewShotRequest,
    FewShotsBegun,
    FewShotsFinished,
    TrainedPoint,
)
from tlstudio.zeroshot.measure_events import (
    ClassesMatched,
    Confused,
    Measured,
    MeasureRequest,
    TemplateScore,
    TemplatesMeasured,
)

CLASSES = ("cat", "dog", "bird")
LABELS = (0, 0, 0, 0, 1, 1, 1, 2)
ANSWERS = (0, 0, 1, 1, 1, 1, -1, 0)
SURE = (0.9, 0.5, 0.6, 0.8, 0.9, 0.7, 0.3, 0.5)


class Engine:
    """A scripted engine that notes what it is asked."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[MeasureRequest | FewShotRequest] = []
        self.fails = self.holds = False
        self.left_out: dict[str, int] = {}
        self.measured = self._measured()  # here, for it loads torch

    def _measured(self) -> Measured:
        shares = np.full((8, 3), 0.1)
        for row, (answer, sure) in enumerate(zip(ANSWERS, SURE, strict=True)):
            shares[row, max(answer, 0)] = sure
        metrics = measure(np.array(LABELS), shares, np.array(ANSWERS))
        confused = (Confused("cat", "dog", 2, 0.5, 0.91), Confused("bird", "cat", 1, 1.0, 0.4))
        paths = tuple(self.root / f"{number}.png" for number in range(8))
        return Measured(
            "Tiny", self.root, "all", CLASSES, metrics, confused, paths, LABELS, ANSWERS, SURE, 0, 1.0
        )

    def _begin(self, request: MeasureRequest | FewShotRequest, control: Control) -> Iterator[Event]:
        self.asked.append(request)
        yield Progress("Loading Tiny")
        if self.fails:
            raise StudioError("The weights are not on this machine.", "Choose a file instead.")
        while self.holds:
            control.checkpoint()

    def measure_zero_shot(self, request: MeasureRequest, control: Control) -> Iterator[Event]:
        yield from self._begin(request, control)
        yield ClassesMatched(8, self.left_out, ("fish",) if self.left_out else ())
        yield ImageSkipped(self.root / "bad.png", "truncated")
        yield self.measured
        good, bad = Estimate(0.1, 0.05, 0.2), Estimate(-0.1, -0.2, -0.05)
        yield TemplatesMeasured(
            Estimate(0.5, 0.2, 0.8),
            (
                TemplateScore("bad {}", Estimate(0.2, 0.1, 0.3), Estimate(0.6, 0.5, 0.7), bad),
                TemplateScore("good {}", Estimate(0.6, 0.5, 0.7), Estimate(0.4, 0.3, 0.5), good),
            ),
        )

    def few_shots(self, request: FewShotRequest, control: Control) -> Iterator[Event]:
        yield from self._begin(request, control)
        yield Notice("red has 2 training images.")
        yield FewShotsBegun(self.root, "Tiny", CLASSES, 24, 6, 6, 4)
        yield FewShotPoint("zero-shot", 0, 0, 0, {}, 0.5, Estimate(0.5, 0.4, 0.6), 0.1)
        for seed, top1 in enumerate((0.6, 0.8)):
            estimate = Estimate(top1, top1 - 0.1, top1 + 0.1)
            yield FewShotPoint("tip-adapter", 4, 4.0, seed, {"alpha": 1}, 0.5, estimate, 0.1)
        yield FewShotPoint("linear-probe", None, 8.0, 0, {"C": 1}, 0.5, Estimate(0.9, 0.8, 0.95), 0.1)
        yield TrainedPoint(self.root, "resnet18", "full", 8, Estimate(0.95, 0.9, 1.0), 3.0)
        yield FewShotsFinished(
            "Training overtakes zero-shot from 4 images a class.", "Too few to be sure.", 2
        )


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engine:
    for number in range(8):
        Image.new("RGB", (16, 16), "teal").save(tmp_path / f"{number}.png")
    made = Engine(tmp_path)
    monkeypatch.setattr(answer_engine, "measure_zero_shot", made.measure_zero_shot)
    monkeypatch.setattr(answer_engine, "few_shots", made.few_shots)
    return made


@pytest.fixture
def desk(worker: Worker) -> ZeroShotDesk:
    made = ZeroShotDesk(worker)
    made.set_question(Question(CLASSES))
    return made


def shown(tab: LabelledTab, qtbot) -> None:
    qtbot.addWidget(tab)
    tab.resize(1144, 590)
    tab.show()
    qtbot.waitExposed(tab)


@pytest.fixture
def tab(desk: ZeroShotDesk, session: Session, worker: Worker, theme: Theme, scripted: Engine, qtbot):
    made = MeasureTab(desk, session, worker, theme)
    shown(made, qtbot)
    return made


@pytest.fixture
def few(desk: ZeroShotDesk, session: Session, worker: Worker, theme: Theme, scripted: Engine, qtbot):
    made = FewShotTab(desk, session, worker, theme)
    shown(made, qtbot)
    return made


@pytest.fixture
def finish(worker: Worker, qtbot):
    return lambda: qtbot.waitUntil(lambda: not worker.tasks)


def click(button: QAbstractButton) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def run(tab: LabelledTab, scripted: Engine, finish) -> None:
    tab.open_folder(scripted.root)
    click(tab.start_button)
    finish()


# Folder and states


@pytest.mark.parametrize("name", ["tab", "few"])
def test_that_without_a_folder_it_offers_to_open_one(name: str, request: pytest.FixtureRequest):
    one: LabelledTab = request.getfixturevalue(name)
    assert one.open_button.isVisible()
    assert not one.start_button.isVisible()
    assert not one.run_button.isVisible()


def test_that_the_folder_of_the_data_page_is_taken_until_another_is_chosen(
    tab: MeasureTab, session: Session, scripted: Engine, finish, tmp_path: Path
):
    session.set_data(Catalogue(Path("there"), CLASSES, ()), DataConfig(root="there", split_seed=5))
    click(tab.start_button)
    finish()
    assert scripted.asked[-1].data == DataConfig(root="there", split_seed=5)
    tab.open_folder(tmp_path)
    click(tab.run_button)
    finish()
    assert scripted.asked[-1].data == DataConfig(root=str(tmp_path))
    session.set_data(Catalogue(Path("new"), CLASSES, ()), DataConfig(root="new"))
    assert tab.data == DataConfig(root="new")


def test_that_it_asks_with_the_question_the_model_and_the_part(
    tab: MeasureTab, desk: ZeroShotDesk, scripted: Engine, finish
):
    tab.part.setCurrentIndex(1)
    run(tab, scripted, finish)
    asked = scripted.asked[-1]
    assert isinstance(asked, MeasureRequest)
    assert (asked.question, asked.clip, asked.part) == (desk.question, desk.clip, "test")


def test_that_it_can_be_stopped(tab: MeasureTab, scripted: Engine, finish, qtbot):
    scripted.holds = True
    tab.open_folder(scripted.root)
    click(tab.start_button)
    qtbot.waitUntil(lambda: "Loading Tiny" in tab.words)
    assert not tab.start_button.isVisible()
    click(tab.stop_button)
    finish()
    assert tab.start_button.isVisible()
    assert tab.banner.message == ""


@pytest.mark.parametrize("name", ["tab", "few"])
def test_that_an_error_is_said_and_it_can_be_tried_again(
    name: str, request: pytest.FixtureRequest, scripted: Engine, finish
):
    one: LabelledTab = request.getfixturevalue(name)
    scripted.fails = True
    run(one, scripted, finish)
    assert one.banner.message == "The weights are not on this machine."
    scripted.fails = False
    click(one.start_button)
    finish()
    assert one.has_results()


def test_that_a_question_that_changed_since_is_told(tab: MeasureTab, desk: ZeroShotDesk, scripted, finish):
    run(tab, scripted, finish)
    assert tab.words == ""
    desk.set_question(Question(("cat", "dog")))
    assert tab.words == "What is asked has changed since."


# What was measured


def test_that_the_headline_has_intervals(tab: MeasureTab, scripted: Engine, finish):
    run(tab, scripted, finish)
    figure, more = tab.headlines["top1"]
    assert figure == "50.0 %"
    assert more.startswith("95 %: ")
    assert "Only 8 images: the interval is" in tab.notes
    assert tab.banner.message == "1 image could not be read and were left out."


def test_that_classes_without_a_partner_are_told(tab: MeasureTab, scripted: Engine, finish):
    scripted.left_out = {"cow": 4}
    run(tab, scripted, finish)
    assert "Left out, since no class above has its name: cow (4)." in tab.notes
    assert "Without images in the folder: fish." in tab.notes


def test_that_a_click_on_a_cell_lists_its_images_the_surest_first(tab: MeasureTab, scripted: Engine, finish):
    run(tab, scripted, finish)
    place = tab.matrix.cell_rect(0, 1).center()
    QTest.mouseClick(tab.matrix, Qt.MouseButton.LeftButton, pos=place)
    assert [path.name for path in tab.images.paths] == ["3.png", "2.png"]
    assert tab.grid.isVisible()
    assert tab.images.told(0) == "cat, answered dog (80.0 %)"
    finish()


def test_that_what_is_none_of_the_classes_has_a_column(tab: MeasureTab, scripted: Engine, finish):
    run(tab, scripted, finish)
    tab.show_cell(1, 3)
    assert [path.name for path in tab.images.paths] == ["6.png"]
    assert tab.matrix.told(1, 3) == "1 of 3 images of dog (33.3 %) taken for none of these"
    assert tab.matrix.told(0, 0) == "2 of 4 images of cat (50.0 %) recognised"
    finish()


def test_that_the_matrix_is_used_with_the_keyboard(tab: MeasureTab, scripted: Engine, finish):
    run(tab, scripted, finish)
    tab.matrix.setFocus()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
        QTest.keyClick(tab.matrix, key)
    assert tab.matrix.current == (2, 0)
    assert [path.name for path in tab.images.paths] == ["7.png"]
    finish()


def test_that_tables_show_classes_confusions_and_what_templates_do(tab: MeasureTab, scripted: Engine, finish):
    run(tab, scripted, finish)
    assert tab.classes.texts()[0] == ["cat", "4", "66.7 %", "50.0 %", "57.1 %"]
    assert tab.confused.texts()[0] == ["cat", "dog", "2", "50.0 %", "0.91"]
    assert [row[3] for row in tab.template_table.texts()] == ["helps +10.0", "hurts -10.0"]
    tab.views.setCurrentIndex(3)
    assert not tab.grab().isNull()  # the bars are painted


def test_that_a_sorted_table_still_leads_to_its_images(tab: MeasureTab, scripted: Engine, finish):
    run(tab, scripted, finish)
    tab.views.setCurrentIndex(1)
    tab.confused.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    assert tab.confused.texts()[0][0] == "bird"
    first = tab.confused.visualItemRect(tab.confused.item(0, 0)).center()
    QTest.mouseClick(tab.confused.viewport(), Qt.MouseButton.LeftButton, pos=first)
    assert [path.name for path in tab.images.paths] == ["7.png"]
    finish()


def test_that_calibration_is_told_in_words(tab: MeasureTab, scripted: Engine, finish):
    run(tab, scripted, finish)
    assert "Calibration error (ECE)" in tab.reliability.words
    assert "images, right in" in tab.reliability.told(0.9)
    assert tab.reliability.told(0.05) == ""


@pytest.mark.parametrize("what", ["images", "classes", "confusion", "templates"])
def test_that_each_table_is_exported(tab: MeasureTab, scripted: Engine, finish, what: str, tmp_path: Path):
    run(tab, scripted, finish)
    tab.export(what, tmp_path / "table.csv")
    finish()
    with (tmp_path / "table.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    expected = {
        "images": [str(tmp_path / "6.png"), "dog", "none of these", "0.3"],
        "confusion": ["dog", "0", "2", "0", "1"],
        "templates": ["bad {}", "0.2", "0.6", "-0.1", "-0.2", "-0.05"],
    }
    assert len(rows) == {"images": 9, "classes": 4, "confusion": 4, "templates": 3}[what]
    assert what == "classes" or expected[what] in rows


def test_that_a_table_that_cannot_be_written_is_told(
    tab: MeasureTab, scripted: Engine, finish, tmp_path: Path
):
    run(tab, scripted, finish)
    (tmp_path / "file").write_text("")
    tab.export("classes", tmp_path / "file" / "table.csv")
    finish()
    assert "cannot be written" in tab.banner.message


# Few labels


def test_that_the_curve_is_drawn_and_read(few: FewShotTab, scripted: Engine, finish):
    run(few, scripted, finish)
    assert few.reading == ("Training overtakes zero-shot from 4 images a class.", "Too few to be sure.")
    spots = {words.split(":")[0]: (x, y) for x, y, words in few.curve.spots}
    assert spots["Zero-shot, no label"] == (-1, 0.5)
    assert spots["Tip-Adapter, 4 images a class"] == (2, pytest.approx(0.7))
    assert spots["Linear probe, 8 images a class"] == (3, 0.9)
    assert spots["resnet18, full"] == (3, 0.95)
    assert few.banner.message == "red has 2 training images."


def test_that_a_point_says_what_it_is(few: FewShotTab, scripted: Engine, finish):
    run(few, scripted, finish)
    assert "mean of 2 draws" in few.curve.told_at(2.0, 0.7)
    assert few.curve.told_at(0.5, 0.45) == ""


def test_that_it_asks_for_as_many_images_and_draws_as_chosen(few: FewShotTab, scripted: Engine, finish):
    few.most.setCurrentIndex(0)
    few.seeds.setValue(5)
    run(few, scripted, finish)
    asked = scripted.asked[-1]
    assert isinstance(asked, FewShotRequest)
    assert (asked.shots, asked.seeds) == ((1, 2, 4), 5)


def test_that_another_theme_redraws_the_curve(few: FewShotTab, theme: Theme, scripted: Engine, finish):
    run(few, scripted, finish)
    before = few.curve.grab().toImage()
    theme.set_scheme("dark")
    assert few.curve.grab().toImage() != before


def test_that_every_control_has_a_name_and_is_reached_by_tab(tab: MeasureTab, scripted: Engine, finish):
    run(tab, scripted, finish)
    check_controls(tab)
