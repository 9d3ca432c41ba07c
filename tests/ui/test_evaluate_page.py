"""The Evaluate page, through its widgets, with a scripted engine."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest

from tests.evaluated import NAMES, evaluated
from tests.images import picture
from tests.ui.controls import check_controls
from tlstudio.data.catalogue import ImageRecord
from tlstudio.errors import BadInput
from tlstudio.evaluation.explain_events import Explained
from tlstudio.evaluation.feature_map_events import FeaturesDrawn
from tlstudio.evaluation.finished_runs import FinishedRun, FinishedRuns
from tlstudio.evaluation.outcome import Order, Outcome, Wanted
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.ui import engine, run_engine
from tlstudio.ui.evaluate.case_viewer import CaseViewer
from tlstudio.ui.item_models.cases import CaseModel
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.pages.evaluate import EvaluatePage
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.case_grid import CaseGrid
from tlstudio.ui.worker import Worker

OLD = FinishedRun(Path("runs/old"), "ResNet-18 · scratch · dogs · old", (1, 2), 2, False)
NEW = FinishedRun(Path("runs/new"), "ResNet-18 · partial · dogs · new", (1, 2), 1, True)
CLASSES, CALIBRATION, CURVES, MISTAKES, MAP = 1, 2, 3, 4, 5


class Engine:
    """Answers what the page asks, and notes it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.runs: tuple[FinishedRun, ...] = (NEW, OLD)
        self.asked: list[tuple[Path, int]] = []
        self.looked: list[tuple[str, str, str, bool]] = []
        self.mapped: list[tuple[Path, int, str, str, bool]] = []
        self.error: Exception | None = None
        self.hold = threading.Event()
        self.hold.set()

    def find_runs(self, control: Control) -> Iterator[Event]:
        yield FinishedRuns(self.runs)

    def evaluate_epoch(self, run: Path, epoch: int, control: Control) -> Iterator[Event]:
        self.asked.append((run, epoch))
        yield Progress("Asking the model", 1, 4)
        while not self.hold.wait(0.01):
            control.checkpoint()
        control.checkpoint()
        if self.error:
            raise self.error
        yield Notice("A word to the wise.")
        yield evaluated(epoch, self.root)

    def explain_answer(
        self, run: Path, epoch: int, image: str, target: str, layer: str, pretrained: bool, control: Control
    ) -> Iterator[Event]:
        self.looked.append((image, target, layer, pretrained))
        heat = np.zeros((8, 8), np.float32)
        heat[2:4, 2:4] = 1
        layers = (("layer3", "layer3"), ("layer4", "layer4"))
        said = target or ("tray" if pretrained else NAMES[0])
        yield Explained(
            pretrained,
            image,
            np.zeros((8, 8, 3), np.uint8),
            heat,
            ((said, 0.5),),
            said,
            0.5,
            "layer4",
            layers,
        )

    def draw_features(
        self, run: Path, epoch: int, split: str, method: str, pretrained: bool, control: Control
    ) -> Iterator[Event]:
        self.mapped.append((run, epoch, split, method, pretrained))
        yield Progress("Describing the images", 1, 2)
        control.checkpoint()
        if self.error:
            raise self.error
        rows = np.arange(6 if split == "test" else 3)
        points = np.stack([rows, rows % 2], axis=1).astype(np.float32)
        yield FeaturesDrawn(run, epoch, split, pretrained, rows, points, "PCA of the 512 features.")  # type: ignore[arg-type]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    for name in [f"t{n}.png" for n in range(6)] + [f"v{n}.png" for n in range(3)]:
        picture((40, 60, 200), ord(name[1])).save(tmp_path / name)
    script = Engine(tmp_path)
    for name in ("find_runs", "evaluate_epoch", "explain_answer", "draw_features"):
        monkeypatch.setattr(run_engine, name, getattr(script, name))
    return script


@pytest.fixture
def bare(script: Engine, worker: Worker, theme: Theme, qtbot) -> EvaluatePage:
    page = EvaluatePage(worker, theme)
    qtbot.addWidget(page)
    page.resize(1100, 700)
    return page


@pytest.fixture
def page(bare: EvaluatePage, qtbot) -> EvaluatePage:
    bare.show()
    # The first evaluation of the tests loads torch.
    qtbot.waitUntil(lambda: bare.desk.evaluated is not None and not bare.desk.running, timeout=60_000)
    return bare


def words_of(page: EvaluatePage) -> str:
    return page.images.words.text()


def shown(page: EvaluatePage) -> list[str]:
    return [path.name for path in page.images.model.paths]


def test_that_without_a_run_it_says_what_to_do(bare: EvaluatePage, script: Engine, qtbot) -> None:
    script.runs = ()
    bare.show()
    qtbot.waitUntil(lambda: bare.desk.runs == ())
    assert bare.train_button.isVisible()
    assert not bare.choice.isVisible()
    with qtbot.waitSignal(bare.go_to_train):
        bare.train_button.click()


def test_that_the_newest_run_and_its_chosen_epoch_come_first(page: EvaluatePage, script: Engine) -> None:
    assert script.asked == [(NEW.path, 1)]
    assert page.choice.run.currentText() == NEW.title
    assert page.choice.epoch.currentText() == "epoch 1 · chosen"


def test_that_while_it_works_progress_is_shown_and_can_be_stopped(
    bare: EvaluatePage, script: Engine, worker: Worker, qtbot
) -> None:
    script.hold.clear()
    bare.show()
    qtbot.waitUntil(lambda: bare.progress_words.text() == "Asking the model · 1 of 4")
    assert (bare.progress.value(), bare.progress.maximum()) == (1, 4)
    bare.stop_button.click()
    qtbot.waitUntil(lambda: not worker.tasks)
    assert bare.again_button.isVisible()
    script.hold.set()
    bare.again_button.click()
    qtbot.waitUntil(bare.overview.isVisible)


def test_that_an_error_is_said_and_it_can_be_tried_again(bare: EvaluatePage, script: Engine, qtbot) -> None:
    script.error = BadInput("6 images cannot be found.", "Put the folder back.")
    bare.show()
    qtbot.waitUntil(bare.banner.isVisible)
    assert bare.banner.message == "6 images cannot be found."
    qtbot.waitUntil(bare.again_button.isVisible)
    script.error = None
    bare.again_button.click()
    qtbot.waitUntil(bare.overview.isVisible)
    assert not bare.banner.isVisible()


def test_that_headlines_have_their_intervals(page: EvaluatePage) -> None:
    figure, more = page.overview.headlines["top1"].words
    assert figure == "83.3 %"
    assert more.startswith("95 %: ")
    assert page.overview.headlines["top5"].isHidden()  # of three classes one is always among three
    assert page.overview.caution.text().startswith("With 6 test images")
    assert "A word to the wise." in page._sentence.text()


def test_that_the_table_marks_the_chosen_epoch_and_what_hindsight_would_have_picked(
    page: EvaluatePage, script: Engine, qtbot
) -> None:
    assert [row[0] for row in page.overview.table.texts()] == [
        "1  ★ chosen by validation",
        "2  best on test, in hindsight",
    ]
    assert "Hindsight would have picked epoch 2, with 50.0 % on test" in page.overview.why.text()
    page.overview.table.row_chosen.emit(1)
    qtbot.waitUntil(lambda: script.asked == [(NEW.path, 1), (NEW.path, 2)])
    assert page.choice.epoch.currentText() == "epoch 2"


def test_that_another_run_is_evaluated_at_its_own_best(page: EvaluatePage, script: Engine, qtbot) -> None:
    page.choice.run.setCurrentIndex(1)
    page.choice.run.activated.emit(1)
    qtbot.waitUntil(lambda: script.asked[-1] == (OLD.path, 2))


def test_that_a_run_that_was_trained_meanwhile_is_offered_and_the_one_in_hand_stays(
    page: EvaluatePage, script: Engine, qtbot
) -> None:
    newer = FinishedRun(Path("runs/newer"), "VGG-16 · full · dogs · newer", (1,), 1, True)
    script.runs = (newer, NEW, OLD)
    page.hide()
    page.show()
    qtbot.waitUntil(lambda: page.choice.run.count() == 3)
    assert page.choice.run.currentText() == NEW.title
    assert len(script.asked) == 1


def test_that_a_run_that_is_asked_for_is_shown(bare: EvaluatePage, script: Engine, qtbot) -> None:
    bare.show_run(OLD.path)
    qtbot.waitUntil(lambda: script.asked == [(OLD.path, 2)])
    assert bare.choice.run.currentText() == OLD.title


def test_that_validation_images_can_be_looked_at(page: EvaluatePage) -> None:
    page.choice.split.setCurrentIndex(1)
    page.choice.split.activated.emit(1)
    assert [row[1] for row in page.classes.classes.texts()] == ["2", "1", "0"]
    assert shown(page) == ["v2.png"]


def test_that_a_cell_of_the_matrix_leads_to_its_images(page: EvaluatePage) -> None:
    page.tabs.setCurrentIndex(CLASSES)
    matrix = page.classes.matrix
    QTest.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=matrix.cell_rect(1, 2).center())
    assert page.tabs.currentIndex() == MISTAKES
    assert shown(page) == ["t2.png"]
    assert words_of(page) == "1 of 2 images of dog, brown (50.0 %) taken for 개 · 1 image"


def test_that_the_matrix_can_be_in_per_cent_and_in_order_of_confusion(page: EvaluatePage) -> None:
    page.tabs.setCurrentIndex(CLASSES)
    matrix = page.classes.matrix
    assert matrix.number(1, 2) == "1"
    page.classes.numbers.setCurrentIndex(1)
    assert matrix.number(1, 2) == "50"
    page.classes.order.setCurrentIndex(1)
    assert matrix.told(0, 1) == "1 of 2 images of dog, brown (50.0 %) taken for 개"
    QTest.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=matrix.cell_rect(0, 1).center())
    assert shown(page) == ["t2.png"]


def test_that_classes_and_confused_pairs_lead_to_their_images(page: EvaluatePage) -> None:
    page.classes.classes.row_chosen.emit(1)
    assert shown(page) == ["t2.png", "t3.png"]  # the worst first
    assert page.images.order.currentText() == "Highest loss first"
    assert page.classes.pairs.texts() == [["dog, brown", "개", "1", "50.0 %"]]
    page.classes.pairs.row_chosen.emit(0)
    assert shown(page) == ["t2.png"]


def test_that_a_bin_leads_to_its_images_from_table_and_diagram(page: EvaluatePage) -> None:
    page.tabs.setCurrentIndex(CALIBRATION)
    (row,) = page.calibration.bins.texts()
    assert row == ["80% to 87%", "6", "83.3 %", "80.0 %"]
    page.calibration.bins.row_chosen.emit(0)
    assert len(shown(page)) == 6
    page.images.mistakes_button.click()
    page.calibration.chart.bin_chosen.emit(0.81)
    assert len(shown(page)) == 6
    page.images.mistakes_button.click()
    page.calibration.chart.bin_chosen.emit(0.2)  # nobody is there
    assert shown(page) == ["t2.png"]


def test_that_temperature_scaling_is_told_and_drawn_where_it_is_possible(page: EvaluatePage) -> None:
    assert "Temperature" in page.calibration.temperature.text()
    assert page.calibration.after_box.isEnabled()
    before = page.calibration.bins.texts()
    page.calibration.after_box.setChecked(True)
    assert page.calibration.bins.texts() != before
    assert not page.calibration.bins.isEnabled()
    page.choice.split.activated.emit(1)
    assert not page.calibration.after_box.isEnabled()
    assert page.calibration.bins.isEnabled()


def test_that_the_chosen_class_is_drawn_and_one_without_curves_is_said_to_have_none(
    page: EvaluatePage,
) -> None:
    page.tabs.setCurrentIndex(CURVES)
    assert page.curves.table.texts()[0] == [NAMES[0], "1.000", "1.000"]
    judged = page.desk.judged
    assert judged is not None
    for label in (0, 1):
        page.curves.table.row_chosen.emit(label)
        curves = judged.curves[label]
        assert curves is not None
        np.testing.assert_array_equal(page.curves.roc.drawn, curves.roc)
        np.testing.assert_array_equal(page.curves.pr.drawn, curves.pr)
    page.choice.split.activated.emit(1)
    assert page.curves.table.texts()[2] == [NAMES[2], "–", "–"]


def test_that_mistakes_come_first_and_all_images_by_whatever_is_wanted(page: EvaluatePage) -> None:
    page.tabs.setCurrentIndex(MISTAKES)
    assert (words_of(page), shown(page)) == ("All mistakes · 1 image", ["t2.png"])
    page.images.all_button.click()
    assert words_of(page) == "All images · 6 images"
    place = page.images.order.findData(Order.LOSS)
    page.images.order.setCurrentIndex(place)
    page.images.order.activated.emit(place)
    assert shown(page)[0] == "t2.png"


def test_that_the_list_keeps_to_qts_rules_and_says_what_each_image_is(page: EvaluatePage) -> None:
    QAbstractItemModelTester(page.images.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    page.images.all_button.click()
    words = page.images.model.index(2).data(Qt.ItemDataRole.AccessibleTextRole)
    assert words in {f"t{n}.png, cat, recognised (80.0 %)" for n in range(2)} | {
        "t2.png, dog, brown, taken for 개 (80.0 %)"
    }


def test_that_an_image_is_explained_before_and_after_training(
    page: EvaluatePage, script: Engine, qtbot
) -> None:
    page.images.grid.opened.emit(page.images.model.index(0))
    viewer = page.findChild(CaseViewer)
    assert isinstance(viewer, CaseViewer)
    qtbot.waitUntil(lambda: viewer.panes[False].words.text() == "Epoch 1: cat 50.0 %")
    qtbot.waitUntil(lambda: viewer.panes[True].words.text() == "Before training: tray 50.0 %")
    assert sorted(script.looked) == [("t2.png", "", "", False), ("t2.png", "", "", True)]
    viewer.target.setCurrentIndex(2)
    viewer.target.activated.emit(2)
    qtbot.waitUntil(lambda: ("t2.png", NAMES[1], "", False) in script.looked)
    assert [viewer.layer.itemText(place) for place in range(3)][1:] == ["layer3", "layer4"]
    viewer.layer.setCurrentIndex(1)
    viewer.layer.activated.emit(1)
    qtbot.waitUntil(lambda: ("t2.png", "", "layer3", True) in script.looked)
    check_controls(viewer)
    qtbot.waitUntil(lambda: viewer.panes[False].canvas.picture is not None)
    before = viewer.panes[False].canvas.picture.toImage()
    viewer.opacity.setValue(0)
    assert viewer.panes[False].canvas.picture.toImage() != before
    viewer.close()


def test_that_a_run_from_random_weights_has_no_before(page: EvaluatePage, script: Engine, qtbot) -> None:
    page.choice.run.activated.emit(1)
    qtbot.waitUntil(lambda: page.desk.evaluated is not None and page.desk.run == OLD)
    page.images.grid.opened.emit(page.images.model.index(0))
    viewer = page.findChild(CaseViewer)
    assert isinstance(viewer, CaseViewer)
    qtbot.waitUntil(lambda: script.looked == [("t2.png", "", "", False)])
    assert viewer.panes[True].isHidden()
    viewer.close()


def test_that_arrows_go_on_to_the_next_image_and_explain_it(
    page: EvaluatePage, script: Engine, qtbot
) -> None:
    page.images.all_button.click()
    page.images.grid.opened.emit(page.images.model.index(0))
    viewer = page.findChild(CaseViewer)
    assert isinstance(viewer, CaseViewer)
    QTest.keyClick(viewer, Qt.Key.Key_Right)
    second = shown(page)[1]
    qtbot.waitUntil(lambda: (second, "", "", False) in script.looked)
    assert page.images.grid.currentIndex().row() == 1
    viewer.close()


def test_that_the_matrix_is_copied_and_saved_as_a_picture(page: EvaluatePage, tmp_path: Path) -> None:
    page.tabs.setCurrentIndex(CLASSES)
    page.classes.copy_button.click()
    assert not QGuiApplication.clipboard().pixmap().isNull()
    page.save("image", str(tmp_path / "matrix.png"))
    assert (tmp_path / "matrix.png").read_bytes().startswith(b"\x89PNG")
    page.save("image", str(tmp_path / "nowhere" / "matrix.png"))
    assert "cannot be written" in page.banner.message


def test_that_tables_are_saved_and_failing_is_said(page: EvaluatePage, tmp_path: Path, qtbot) -> None:
    page.save("confusion", str(tmp_path / "matrix.csv"))
    qtbot.waitUntil((tmp_path / "matrix.csv").exists)
    assert "label,cat" in (tmp_path / "matrix.csv").read_text("utf-8-sig")
    page.save("classes", str(tmp_path / "matrix.csv" / "x.csv"))
    qtbot.waitUntil(lambda: "cannot be written" in page.banner.message)


@pytest.mark.parametrize("tab", range(6))
def test_that_every_control_has_a_name_and_is_reached_by_tab(page: EvaluatePage, tab: int) -> None:
    page.tabs.setCurrentIndex(tab)
    check_controls(page)


def test_that_a_hundred_thousand_images_are_listed_and_none_is_drawn_that_is_not_in_sight(
    worker: Worker, theme: Theme, qtbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "draw_images", lambda following, control: iter(()))
    count = 100_000
    images = tuple(ImageRecord(f"{n}.png", n % 2, 8, 8, 1) for n in range(count))
    shares = np.log(np.where(np.arange(count)[:, None] % 2 == [0, 1], 0.9, 0.1)).astype(np.float32)
    outcome, store = Outcome(images, shares), PictureStore(worker)
    model = CaseModel(store, 160)
    grid = CaseGrid(model, theme)
    qtbot.addWidget(grid)
    model.show(Path("nowhere"), outcome, ("a", "b"), outcome.rows(Wanted()).tolist())
    grid.resize(900, 600)
    grid.show()
    qtbot.waitExposed(grid)
    grid.scrollToBottom()
    assert model.rowCount() == count
    assert grid.indexAt(grid.viewport().rect().center()).row() > count - 20
    qtbot.waitUntil(lambda: 0 < len(store.wanted) < 200)


@pytest.fixture
def mapped(page: EvaluatePage, script: Engine, qtbot) -> EvaluatePage:
    """The page with its map drawn."""
    page.tabs.setCurrentIndex(MAP)
    qtbot.waitUntil(lambda: page.map.how.text() == "PCA of the 512 features.")
    return page


def test_that_the_map_is_drawn_when_it_is_looked_at_and_not_again(
    mapped: EvaluatePage, script: Engine
) -> None:
    mapped.tabs.setCurrentIndex(CLASSES)
    mapped.tabs.setCurrentIndex(MAP)
    assert script.mapped == [(NEW.path, 1, "test", "t-sne", False)]


def test_that_another_method_network_or_split_is_drawn_anew(
    mapped: EvaluatePage, script: Engine, qtbot
) -> None:
    for field in (mapped.map.method, mapped.map.network, mapped.choice.split):
        field.setCurrentIndex(1)
        field.activated.emit(1)
    qtbot.waitUntil(lambda: (NEW.path, 1, "val", "pca", True) in script.mapped)


def test_that_colours_stand_for_classes_answers_or_whether_they_are_right(mapped: EvaluatePage) -> None:
    colours = mapped.map.colours
    assert [name for name in NAMES if name in mapped.map.keys.text()] == list(NAMES)
    colours.setCurrentIndex(2)
    colours.activated.emit(2)
    assert "right" in mapped.map.keys.text()
    assert "wrong" in mapped.map.keys.text()
    assert NAMES[0] not in mapped.map.keys.text()


def test_that_a_dot_shows_its_image_and_a_click_shows_it_large(mapped: EvaluatePage, qtbot) -> None:
    mapped.map.plot.pointed.emit(2)
    assert mapped.map.name.text() == "t2.png\ndog, brown, taken for 개 (80.0 %)"
    qtbot.waitUntil(lambda: mapped.map.canvas.picture is not None)
    mapped.map.plot.pointed.emit(-1)
    assert mapped.map.canvas.picture is None
    mapped.map.plot.picked.emit(3)
    viewer = mapped.findChild(CaseViewer)
    assert isinstance(viewer, CaseViewer)
    assert viewer.file(viewer.row).name == "t3.png"
    viewer.close()


def test_that_a_line_around_dots_lists_their_images(mapped: EvaluatePage) -> None:
    plot = mapped.map.plot
    box, viewport, shift = plot.getViewBox(), plot.viewport(), Qt.KeyboardModifier.ShiftModifier
    corners = [
        plot.mapFromScene(box.mapViewToScene(QPointF(*place)))
        for place in ((1.5, -0.3), (3.5, -0.3), (3.5, 1.3), (1.5, 1.3))
    ]
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, shift, corners[0])
    for corner in corners[1:]:
        QTest.mouseMove(viewport, corner)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, shift, corners[-1])
    assert mapped.tabs.currentIndex() == MISTAKES
    assert sorted(shown(mapped)) == ["t2.png", "t3.png"]
    assert words_of(mapped) == "Images from the map · 2 images"


def test_that_a_map_that_fails_says_why_and_can_be_drawn_again(
    page: EvaluatePage, script: Engine, qtbot
) -> None:
    script.error = BadInput("A map needs at least three images.", "Add images.")
    page.tabs.setCurrentIndex(MAP)
    qtbot.waitUntil(lambda: page.map.banner.isVisible() and page.map.again_button.isVisible())
    assert page.map.banner.message == "A map needs at least three images."
    script.error = None
    page.map.again_button.click()
    qtbot.waitUntil(lambda: page.map.how.text() != "")
    assert not page.map.banner.isVisible()


def test_that_a_run_from_random_weights_has_no_map_from_before(
    mapped: EvaluatePage, script: Engine, qtbot
) -> None:
    mapped.choice.run.activated.emit(1)
    qtbot.waitUntil(lambda: script.mapped[-1][0] == OLD.path)
    assert not mapped.map.network.isEnabled()
