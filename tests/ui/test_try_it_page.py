"""The Try it page, through its widgets: what answers, images from everywhere, results and where it looks."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest

from tests.ui.controls import check_controls
from tlstudio.errors import BadInput, StudioError
from tlstudio.evaluation.explain_events import Explained
from tlstudio.evaluation.finished_runs import FinishedRun, FinishedRuns
from tlstudio.events import Control, Event, Progress
from tlstudio.inference.events import (
    Combine,
    EnsembleMeasured,
    EnsembleNotMeasured,
    ImageSkipped,
    ImagesPredicted,
    Member,
    MemberMeasured,
    ModelsReady,
    PredictionFinished,
    PredictRequest,
    WayMeasured,
)
from tlstudio.ui import answer_engine, run_engine
from tlstudio.ui.pages.try_it import TryItPage
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.try_it.model_choice import AS_IS, ONE, SEVERAL
from tlstudio.ui.worker import Worker

CLASSES = ("cat", "dog")
SCORES = {"a.png": [0.9, 0.1], "b.png": [0.3, 0.7]}


class Script:
    """The engine as the page asks it: files that are in SCORES have an answer, others cannot be read."""

    def __init__(self) -> None:
        self.runs = tuple(
            FinishedRun(Path(f"/runs/{name}"), f"Run {name}", (1, 2, 3), 2, True) for name in ("x", "y", "z")
        )
        self.asked: list[PredictRequest] = []
        self.measured: list[tuple[Member, ...]] = []
        self.looked: list[tuple[Member, str, str]] = []
        self.gain = 0.1
        self.reason = ""
        self.error: StudioError | None = None
        self.hold = threading.Event()
        self.hold.set()

    def find_runs(self, control: Control) -> Iterator[Event]:
        yield FinishedRuns(self.runs)

    def predict(self, request: PredictRequest, control: Control) -> Iterator[Event]:
        self.asked.append(request)
        if self.error is not None:
            raise self.error
        yield ModelsReady(CLASSES)
        for path in request.images:
            while not self.hold.wait(0.01):
                control.checkpoint()
            if path.name in SCORES:
                yield ImagesPredicted([path], np.array([SCORES[path.name]], np.float32))
            else:
                yield ImageSkipped(path, "truncated")
        yield Progress("Classifying", len(request.images), len(request.images))
        yield PredictionFinished(2, 1, 0.5)

    def measure(self, members: Sequence[Member], control: Control) -> Iterator[Event]:
        self.measured.append(tuple(members))
        if self.reason:
            yield EnsembleNotMeasured(self.reason)
            return
        alone = tuple(MemberMeasured(Path(one.model).name, 2, 0.5 + 0.1 * n) for n, one in enumerate(members))
        best = alone[-1].top1
        ways = tuple(WayMeasured(way, best + self.gain, self.gain, 0.01) for way in Combine)
        yield EnsembleMeasured(40, alone, ways, len(alone) - 1)

    def explain(self, member: Member, file: Path, target: str, control: Control) -> Iterator[Event]:
        self.looked.append((member, file.name, target))
        seen, heat = np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), np.float32)
        yield Explained(False, str(file), seen, heat, (("cat", 0.9),), target, 0.9, "layer4", ())


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    script = Script()
    monkeypatch.setattr(run_engine, "find_runs", script.find_runs)
    monkeypatch.setattr(answer_engine, "predict_in_batches", script.predict)
    monkeypatch.setattr(answer_engine, "measure_ensemble", script.measure)
    monkeypatch.setattr(answer_engine, "explain_file", script.explain)
    return script


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, name in enumerate(SCORES):
        Image.new("RGB", (32, 24), (60 * number, 0, 0)).save(folder / name)
    (folder / "bad.png").write_bytes(b"no image")
    return [folder / "a.png", folder / "b.png", folder / "bad.png"]


@pytest.fixture
def page(worker: Worker, theme: Theme, script: Script, qtbot) -> TryItPage:
    page = TryItPage(worker, theme, Settings())
    qtbot.addWidget(page)
    page.resize(1192, 756)
    page.show()
    qtbot.waitExposed(page)
    qtbot.waitUntil(lambda: page.desk.runs is not None and not worker.tasks)
    return page


@pytest.fixture
def finish(worker: Worker, qtbot):
    return lambda: qtbot.waitUntil(lambda: not worker.tasks)


def click(widget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def said(page: TryItPage) -> str:
    return page._sentence.text()


def tick(page: TryItPage, *rows: int) -> None:
    for row in rows:
        page.choice.list.item(row).setCheckState(Qt.CheckState.Checked)


def names(page: TryItPage) -> list[str]:
    return [page.pane.results.path(row).name for row in range(page.pane.results.rowCount())]


def test_that_the_newest_run_and_the_epoch_that_validation_chose_answer_at_first(page: TryItPage) -> None:
    assert page.choice.way == ONE
    assert page.choice.epoch.currentText() == "epoch 2 · chosen"
    assert page.desk.members == (Member("/runs/x", 2),)
    assert said(page).startswith("Drop images or a folder")
    assert not page.classify_button.isEnabled()


def test_that_dropped_images_are_classified_at_once(
    page: TryItPage, script: Script, images: list[Path], finish
) -> None:
    page.add_images(images)
    finish()
    (request,) = script.asked
    assert request.images == tuple(images)
    assert page.summary == "2 images classified in 0.5 s · 1 could not be read · 6.0 images/s"
    assert page.pane.results.table.answers().labels().tolist() == [0, 1]
    assert page.pane.filters.chips[1].text() == "cat 1"


def test_that_another_epoch_drops_the_results_and_answers_when_asked(
    page: TryItPage, script: Script, images: list[Path], finish
) -> None:
    page.add_images(images)
    finish()
    page.choice.epoch.setCurrentIndex(0)
    page.choice.epoch.activated.emit(0)
    assert not page.desk.answered
    click(page.classify_button)
    finish()
    assert script.asked[-1].members == (Member("/runs/x", 1),)
    assert page.desk.answered


def test_that_a_folder_is_searched(page: TryItPage, images: list[Path], finish) -> None:
    page.add_images([images[0].parent])
    finish()
    assert sorted(names(page)) == ["a.png", "b.png", "bad.png"]


def test_that_files_are_pasted(page: TryItPage, images: list[Path], finish) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(images[0]))])
    QGuiApplication.clipboard().setMimeData(data)
    page.pane.grid.setFocus()
    QTest.keyClick(page.pane.grid, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    finish()
    assert names(page) == ["a.png"]


def test_that_a_copied_picture_is_pasted_as_a_file_of_its_own(page: TryItPage, finish) -> None:
    picture = QImage(5, 4, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.red)
    QGuiApplication.clipboard().setImage(picture)
    click(page.paste_button)
    finish()
    (file,) = page.desk.images
    with Image.open(file) as kept:
        assert kept.size == (5, 4)
        assert kept.convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_that_a_clipboard_without_an_image_is_said(page: TryItPage) -> None:
    QGuiApplication.clipboard().setText("no image")
    click(page.paste_button)
    assert page.banner.message == "There is no image in the clipboard."


def test_that_an_ensemble_is_measured_before_it_answers(
    page: TryItPage, script: Script, images: list[Path], finish
) -> None:
    page.choice.set_way(SEVERAL)
    assert said(page).startswith("Choose what answers")
    tick(page, 0)
    assert said(page).startswith("Tick another run")
    tick(page, 1)
    page.add_images(images)
    assert not script.asked
    assert "validation images, to see what they gain" in said(page)
    assert not page.classify_button.isEnabled()
    QTest.qWait(500)
    finish()
    assert script.measured == [(Member("/runs/x"), Member("/runs/y"))]
    best, mean, *_ = [[cell.text() for cell in row] for row in page.choice.gain.cells]
    assert best == ["Best alone: Run y", "60.0 %", ""]
    assert mean == ["Mean of probabilities", "70.0 %", "+10.0 points"]
    assert page.choice.gain.sentence.text().startswith("On 40 validation images they get more right")
    click(page.classify_button)
    finish()
    assert script.asked[-1].members == (Member("/runs/x"), Member("/runs/y"))


@pytest.mark.parametrize(("gain", "words"), [(0.0, "no more than the best"), (-0.1, "less than the best")])
def test_that_an_ensemble_that_gains_nothing_is_advised_against(
    page: TryItPage, script: Script, finish, gain: float, words: str
) -> None:
    script.gain = gain
    page.choice.set_way(SEVERAL)
    tick(page, 0, 2)
    QTest.qWait(500)
    finish()
    assert words in page.choice.gain.sentence.text()


def test_that_another_way_to_combine_asks_anew_without_measuring_again(
    page: TryItPage, script: Script, images: list[Path], finish
) -> None:
    page.choice.set_way(SEVERAL)
    tick(page, 0, 1)
    QTest.qWait(500)
    finish()
    page.add_images(images)
    finish()
    page.choice.combine.setCurrentIndex(2)
    page.choice.combine.activated.emit(2)
    finish()
    assert [one.combine for one in script.asked] == [Combine.MEAN, Combine.VOTE]
    assert len(script.measured) == 1


def test_that_an_ensemble_that_cannot_be_measured_says_why_and_answers(
    page: TryItPage, script: Script, images: list[Path], finish
) -> None:
    script.reason = "These runs have no validation image in common."
    page.choice.set_way(SEVERAL)
    tick(page, 0, 1)
    QTest.qWait(500)
    finish()
    assert page.choice.gain.sentence.text() == script.reason
    page.add_images(images)
    finish()
    assert page.desk.answered


def test_that_a_network_as_it_is_answers(page: TryItPage, script: Script, images: list[Path], finish) -> None:
    page.choice.set_way(AS_IS)
    assert page.desk.members == (Member("efficientnet_lite0"),)
    page.add_images(images)
    finish()
    assert script.asked[-1].members == (Member("efficientnet_lite0"),)


def test_that_nothing_is_downloaded_unasked(
    page: TryItPage, script: Script, images: list[Path], finish
) -> None:
    page.choice.set_way(AS_IS)
    place = page.choice.network.findData("resnet18")
    assert "MB to download" in page.choice.network.itemText(place)
    page.choice.network.setCurrentIndex(place)
    page.choice.network.activated.emit(place)
    page.add_images(images)
    finish()
    assert not script.asked
    click(page.classify_button)
    finish()
    assert script.asked[-1].members == (Member("resnet18"),)


def test_that_without_a_run_a_network_as_it_is_is_chosen_and_it_is_said(
    worker: Worker, theme: Theme, script: Script, qtbot
) -> None:
    script.runs = ()
    page = TryItPage(worker, theme, Settings())
    qtbot.addWidget(page)
    page.show()
    qtbot.waitUntil(lambda: page.desk.runs == () and not worker.tasks)
    assert page.choice.way == AS_IS
    page.choice.set_way(ONE)
    assert page.choice.no_runs.isVisible()
    assert said(page).startswith("Choose what answers")


def test_that_it_is_shown_where_the_model_looks_for_the_class_that_is_clicked(
    page: TryItPage, script: Script, images: list[Path], finish, qtbot
) -> None:
    page.add_images(images)
    finish()
    preview = page.pane.preview
    click(preview.heat_button)
    finish()
    assert script.looked == [(Member("/runs/x", 2), "a.png", "cat")]
    assert preview.heat_words.text() == "Speaks for “cat” (90.0 %)"
    heated = preview.canvas.picture.toImage()
    preview.opacity.setValue(0)
    assert preview.canvas.picture.toImage() != heated
    second = preview.scores.visualRect(preview.scores.model().index(1)).center()
    QTest.mouseClick(preview.scores.viewport(), Qt.MouseButton.LeftButton, pos=second)
    finish()
    assert script.looked[-1] == (Member("/runs/x", 2), "a.png", "dog")
    click(preview.heat_button)
    assert preview._heated is None
    assert not preview.opacity.isVisible()


def test_that_of_an_ensemble_the_best_member_looks_first(
    page: TryItPage, script: Script, images: list[Path], finish
) -> None:
    page.choice.set_way(SEVERAL)
    tick(page, 0, 1)
    QTest.qWait(500)
    finish()
    page.add_images(images)
    finish()
    click(page.pane.preview.heat_button)
    finish()
    assert page.pane.preview.member.currentText() == "Run y"
    assert script.looked[-1][0] == Member("/runs/y")


def test_that_a_failure_is_said_and_can_be_tried_again(
    page: TryItPage, script: Script, images: list[Path], finish
) -> None:
    script.error = BadInput("The run has no model of epoch 2.", "Its epochs are: 1.")
    page.add_images(images)
    finish()
    assert page.banner.message == "The run has no model of epoch 2."
    script.error = None
    click(page.classify_button)
    finish()
    assert page.desk.answered
    assert not page.banner.message


def test_that_classifying_can_be_stopped_and_gone_on_with(
    page: TryItPage, script: Script, images: list[Path], finish, qtbot
) -> None:
    script.hold.clear()
    page.add_images(images)
    qtbot.waitUntil(lambda: bool(script.asked))
    click(page.stop_button)
    finish()
    assert not page.desk.running
    script.hold.set()
    click(page.classify_button)
    finish()
    assert page.desk.table.waiting_count == 0


def test_that_results_are_a_table_too_and_written_as_csv(
    page: TryItPage, images: list[Path], tmp_path: Path, finish
) -> None:
    page.add_images(images)
    finish()
    click(page.pane.table_button)
    assert page.pane.table.isVisible()
    page.pane.save_csv(str(tmp_path / "out.csv"))
    finish()
    lines = (tmp_path / "out.csv").read_text("utf-8-sig").splitlines()
    assert lines[0] == "path,class,score,runner_up,margin,cat,dog,problem"
    assert [line.split(",")[1] for line in lines[1:3]] == ["cat", "dog"]


def test_that_images_are_copied_into_class_folders(
    page: TryItPage, images: list[Path], tmp_path: Path, finish, qtbot
) -> None:
    page.add_images(images)
    finish()
    page.pane.sort_out(tmp_path / "sorted", False, False)
    finish()
    assert (tmp_path / "sorted" / "cat" / "a.png").is_file()
    assert (tmp_path / "sorted" / "dog" / "b.png").is_file()
    with qtbot.waitSignal(page.folder_wanted) as wanted:
        click(page.pane.outcome.data_button)
    assert wanted.args == [tmp_path / "sorted"]


@pytest.mark.parametrize("way", [ONE, SEVERAL, AS_IS])
def test_that_every_control_has_a_name_and_is_reached_by_tab(
    page: TryItPage, images: list[Path], finish, way: int
) -> None:
    page.add_images(images)
    finish()
    page.choice.set_way(way)
    check_controls(page)
    assert page.choice.mapTo(page, QPoint()).y() > 0


def test_that_the_newest_run_answers_until_somebody_has_chosen(
    page: TryItPage, script: Script, images: list[Path], finish
) -> None:
    newer = FinishedRun(Path("/runs/new"), "Run new", (1,), 1, True)
    script.runs = (newer, *script.runs)
    page.desk.look_for_runs()
    finish()
    assert page.desk.members == (Member("/runs/new", 1),)
    page.add_images(images)
    finish()
    script.runs = (FinishedRun(Path("/runs/newest"), "Run newest", (1,), 1, True), *script.runs)
    page.desk.look_for_runs()
    finish()
    assert page.desk.members == (Member("/runs/new", 1),)  # whose results are shown
    assert page.desk.answered


def test_that_a_run_that_was_deleted_no_longer_answers(
    page: TryItPage, script: Script, images: list[Path], finish
) -> None:
    page.add_images(images)
    finish()
    script.runs = script.runs[1:]
    page.desk.look_for_runs()
    finish()
    assert page.desk.members == (Member("/runs/y", 2),)
    assert not page.desk.answered


def test_that_images_added_while_others_are_classified_are_classified_after_them(
    page: TryItPage, script: Script, images: list[Path], finish, qtbot
) -> None:
    script.hold.clear()
    page.add_images(images[:1])
    qtbot.waitUntil(lambda: bool(script.asked))
    page.add_images(images[1:])
    script.hold.set()
    finish()
    assert [request.images for request in script.asked] == [(images[0],), tuple(images[1:])]
    assert page.desk.table.waiting_count == 0


def test_that_answers_of_models_chosen_before_are_dropped(
    page: TryItPage, script: Script, images: list[Path], finish, qtbot
) -> None:
    script.hold.clear()
    page.add_images(images)
    qtbot.waitUntil(lambda: bool(script.asked))
    page.choice.set_way(AS_IS)
    script.hold.set()
    finish()
    assert not page.desk.answered
    assert page.desk.table.waiting_count == 3


def test_that_images_are_taken_out(page: TryItPage, images: list[Path], finish) -> None:
    page.add_images(images)
    finish()
    page.pane.grid.setFocus()
    QTest.keyClick(page.pane.grid, Qt.Key.Key_Delete)
    assert names(page) == ["b.png", "bad.png"]
    click(page.pane.clear_button)
    assert not page.desk.images
    assert said(page).startswith("Drop images or a folder")
