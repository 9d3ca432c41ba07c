"""The Zero-shot page, through its widgets."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QListView

from tlstudio.config import DataConfig
from tlstudio.data.catalogue import Catalogue
from tlstudio.errors import StudioError
from tlstudio.events import Control, Event, Progress
from tlstudio.inference.events import ImageSkipped
from tlstudio.inference.results import Order, Wanted
from tlstudio.ui import answer_engine
from tlstudio.ui.item_models.results import PICTURE_ROLE, RANKED_ROLE, REASON_ROLE, WINNER_ROLE
from tlstudio.ui.pages.zero_shot import ZeroShotPage
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.worker import Worker
from tlstudio.zeroshot.events import (
    Asked,
    ClipReady,
    ImagesEmbedded,
    Question,
    QuestionRead,
    Rescored,
    Scores,
    Vectors,
    ZeroShotFinished,
    ZeroShotRequest,
)


class Clip:
    """A scripted model: every image shows the first class most, files called "bad" cannot be read.

    Its vectors have one dimension more than there are images, and its scores are 0.6, 0.3 and then what is
    left, shared by the other classes.
    """

    def __init__(self) -> None:
        self.asked: list[ZeroShotRequest] = []
        self.asked_again: list[tuple[Vectors, Question]] = []
        self.fails = False
        self.hold_after: int | None = None
        self.cut: tuple[str, ...] = ()
        self.key = "key"
        self.shares: list[float] | None = None
        self.reads_long = False

    def read(self, question: Question) -> Iterator[Event]:
        yield Progress("Loading the model")
        if self.fails:
            raise StudioError("The weights are not on this machine.", "Choose a file instead.")
        yield ClipReady("Scripted", self.key, "cpu", 77, 2, 100.0, None)
        classes = tuple(name.split(" | ")[0] for name in question.classes)
        vectors = np.zeros((len(classes), 2), np.float32)
        asked = Asked(classes, vectors, vectors[:1], 100.0, None, question.independent, question.threshold)
        yield QuestionRead(asked, {name: (name,) for name in classes}, self.cut)

    def scores(self, images: int, classes: int) -> Scores:
        shares = [0.6, 0.3, *[0.1 / max(1, classes - 2)] * (classes - 2)]
        return np.array([(self.shares or shares)[:classes]] * images, np.float32).reshape(images, classes)

    def classify(self, request: ZeroShotRequest, known: Vectors, control: Control) -> Iterator[Event]:
        self.asked.append(request)
        yield from self.read(request.question)
        count = len(request.question.classes)
        if len(known):
            yield Rescored(self.scores(len(known), count))
        for number, path in enumerate(request.images):
            while self.hold_after == number:
                control.checkpoint()
            if "bad" in path.name:
                yield ImageSkipped(path, "truncated")
            else:
                yield ImagesEmbedded([path], np.zeros((1, 2), np.float32), self.scores(1, count))
        skipped = sum("bad" in path.name for path in request.images)
        yield ZeroShotFinished(len(request.images), skipped, 1.25)

    def ask_again(
        self, vectors: Vectors, question: Question, _clip: object, control: Control
    ) -> Iterator[Event]:
        self.asked_again.append((vectors, question))
        while self.reads_long:
            yield Progress("Reading the class names", 64, 400_000)
            time.sleep(0.01)
            control.checkpoint()
        yield from self.read(question)
        yield Rescored(self.scores(len(vectors), len(question.classes)))


@pytest.fixture
def clip(monkeypatch: pytest.MonkeyPatch) -> Clip:
    clip = Clip()
    monkeypatch.setattr(answer_engine, "classify_in_batches", clip.classify)
    monkeypatch.setattr(answer_engine, "ask_again", clip.ask_again)
    return clip


@pytest.fixture
def make_page(session: Session, worker: Worker, theme: Theme, clip: Clip, qtbot):
    def make() -> ZeroShotPage:
        page = ZeroShotPage(session, worker, theme, Settings())
        qtbot.addWidget(page)
        page.resize(1192, 756)
        page.show()
        qtbot.waitExposed(page)
        return page

    return make


@pytest.fixture
def page(make_page) -> ZeroShotPage:
    return make_page()


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "pictures" / name for name in ("a.png", "b.png", "bad.png")]
    paths[0].parent.mkdir()
    for path in paths[:2]:
        Image.new("RGB", (64, 48), "teal").save(path)
    paths[2].write_bytes(b"no image")
    return paths


@pytest.fixture
def ready(page: ZeroShotPage, images: list[Path]) -> ZeroShotPage:
    page.form.classes.set_names(["cat", "dog", "bird", "fish"])
    page.add_images(images)
    return page


@pytest.fixture
def finish(worker: Worker, qtbot):
    return lambda: qtbot.waitUntil(lambda: not worker.tasks)


def click(button: QAbstractButton) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def sentence(page: ZeroShotPage) -> str:
    return next(label.text() for label in page.findChildren(QLabel) if label.property("role") == "sentence")


def classify(page: ZeroShotPage, finish) -> None:
    click(page.classify_button)
    finish()


def test_that_an_empty_page_says_what_zero_shot_is_and_what_to_do(page: ZeroShotPage) -> None:
    assert page.classify_tab.empty_button.isVisible()
    assert not page.classify_button.isEnabled()
    assert not page.classify_tab.grid.isVisible()
    assert sentence(page) == "Name at least two classes, in plain words, that the images may show."


def test_that_the_page_asks_for_what_is_missing_in_turn(page: ZeroShotPage, images: list[Path]) -> None:
    page.form.classes.set_names(["cat"])
    assert sentence(page).startswith("'cat' is the only class")
    page.form.classes.chips.add("dog")
    assert sentence(page).startswith("Add images")
    page.add_images(images)
    assert page.classify_button.isEnabled()


def test_that_every_image_becomes_a_card_with_its_ranked_classes(
    ready: ZeroShotPage, clip: Clip, images: list[Path], finish
) -> None:
    classify(ready, finish)
    first, bad = ready.results.index(0, 0), ready.results.index(2, 0)
    assert first.data(WINNER_ROLE) == "cat"
    assert [(name, round(share, 3)) for name, share in first.data(RANKED_ROLE)] == [
        ("cat", 0.6),
        ("dog", 0.3),
        ("bird", 0.05),
    ]
    assert bad.data(REASON_ROLE) == "truncated"
    assert ready.summary == "2 images classified in 1.2 s · 1 could not be read"
    request = clip.asked[0]
    assert (request.images, request.question.classes) == (tuple(images), ("cat", "dog", "bird", "fish"))
    assert request.question.templates == ("a photo of a {}.",)


def test_that_a_card_tells_a_screen_reader_what_it_shows(ready: ZeroShotPage, finish) -> None:
    classify(ready, finish)
    words = [ready.results.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in (0, 2)]
    assert words[0].startswith("a.png, cat 60.0 %, dog 30.0 %")
    assert words[1] == "bad.png, could not be read: truncated"


def test_that_cards_are_painted_in_each_of_their_states(ready: ZeroShotPage, finish, qtbot) -> None:
    waiting = ready.classify_tab.grid.grab().toImage()
    classify(ready, finish)
    qtbot.waitUntil(lambda: isinstance(ready.results.index(0, 0).data(PICTURE_ROLE), QPixmap))
    assert ready.classify_tab.grid.grab().toImage() != waiting


def test_that_the_prompt_is_shown_as_it_reaches_clip(page: ZeroShotPage) -> None:
    page.form.classes.set_names(["striped cloth", "plain cloth"])
    page.form.prompt.lines.setPlainText("a macro photo of {}")
    assert page.form.prompt.example == "CLIP reads “a macro photo of striped cloth”"


def test_that_a_prompt_without_a_place_for_the_class_is_refused(ready: ZeroShotPage) -> None:
    ready.form.prompt.lines.setPlainText("a photo")
    assert ready.form.prompt.example.startswith("{} is missing")
    assert not ready.classify_button.isEnabled()


def test_that_refused_names_are_explained_beneath_the_chips(page: ZeroShotPage) -> None:
    page.form.classes.set_names(["cat"])
    QTest.keyClicks(page.form.classes.chips.entry, "cat,")
    assert page.form.classes.said == "“cat” is in the list already."


def test_that_a_folder_brings_all_images_beneath_it(page: ZeroShotPage, images: list[Path], finish) -> None:
    page.add_images([images[0].parent])
    finish()
    assert tuple(page.desk.images) == tuple(images)


def test_that_a_folder_without_images_says_so(page: ZeroShotPage, tmp_path: Path, finish) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    page.add_images([empty])
    finish()
    assert "no image" in page.banner.message


def test_that_an_image_added_twice_is_there_once(page: ZeroShotPage, images: list[Path]) -> None:
    page.add_images(images)
    page.add_images(images[:1])
    assert page.results.rowCount() == 3


def test_that_delete_takes_the_selected_images_out(ready: ZeroShotPage, images: list[Path]) -> None:
    ready.classify_tab.grid.setCurrentIndex(ready.results.index(1, 0))
    QTest.keyClick(ready.classify_tab.grid, Qt.Key.Key_Delete)
    assert ready.desk.images == [images[0], images[2]]


def test_that_clearing_leads_back_to_the_empty_page(ready: ZeroShotPage) -> None:
    click(ready.classify_tab.clear_button)
    assert ready.results.rowCount() == 0
    assert ready.classify_tab.empty_button.isVisible()


def test_that_other_classes_are_asked_of_the_vectors_without_a_button(
    ready: ZeroShotPage, clip: Clip, finish, qtbot
) -> None:
    classify(ready, finish)
    ready.form.classes.chips.add("horse")
    qtbot.waitUntil(lambda: "horse" in ready.desk.table.classes)
    vectors, question = clip.asked_again[0]
    assert (vectors.shape, question.classes) == ((2, 2), ("cat", "dog", "bird", "fish", "horse"))
    assert len(clip.asked) == 1


def test_that_several_changes_at_once_are_one_question(
    ready: ZeroShotPage, clip: Clip, finish, qtbot
) -> None:
    classify(ready, finish)
    for name in ("horse", "cow", "pig"):
        ready.form.classes.chips.add(name)
    qtbot.waitUntil(lambda: "pig" in ready.desk.table.classes)
    assert len(clip.asked_again) == 1


def test_that_selection_and_place_stay_as_the_results_follow(
    page: ZeroShotPage, clip: Clip, tmp_path: Path, finish, qtbot
) -> None:
    page.form.classes.set_names(["cat", "dog"])
    page.add_images([tmp_path / f"{number:03}.png" for number in range(200)])
    classify(page, finish)
    grid = page.classify_tab.grid
    grid.setCurrentIndex(page.results.index(150, 0))
    place = grid.verticalScrollBar().value()
    assert place > 0
    clip.shares = [0.2, 0.8]
    page.form.prompt.lines.setPlainText("a drawing of a {}")
    qtbot.waitUntil(lambda: page.results.index(150, 0).data(WINNER_ROLE) == "dog")
    assert grid.currentIndex().row() == 150
    assert grid.verticalScrollBar().value() == place
    assert page.classify_tab.preview.words.startswith("dog")


def test_that_a_question_that_takes_long_shows_its_progress_and_can_be_stopped(
    ready: ZeroShotPage, clip: Clip, finish, qtbot
) -> None:
    classify(ready, finish)
    clip.reads_long = True
    ready.form.classes.chips.add("horse")
    qtbot.waitUntil(lambda: ready.summary == "Reading the class names · 64 of 400,000")
    click(ready.stop_button)
    finish()
    assert ready.summary.endswith("· the question has changed since")
    assert ready.desk.table.classes == ("cat", "dog", "bird", "fish")
    clip.reads_long = False
    classify(ready, finish)
    assert ready.desk.table.classes == ("cat", "dog", "bird", "fish", "horse")
    assert ready.summary == "2 images classified in 1.2 s · 1 could not be read"


def test_that_a_question_that_cannot_be_asked_leaves_the_answers_and_says_why(
    ready: ZeroShotPage, clip: Clip, finish, qtbot
) -> None:
    classify(ready, finish)
    ready.form.prompt.lines.setPlainText("a photo")
    qtbot.wait(300)
    assert clip.asked_again == []
    assert sentence(ready).startswith("The template 'a photo' has no place for the class name.")
    assert ready.results.index(0, 0).data(WINNER_ROLE) == "cat"


@pytest.mark.parametrize("alone", ["none_below", "independent", "others"])
def test_that_one_class_is_enough_where_it_can_be_told_from_others(
    ready: ZeroShotPage, alone: str, finish
) -> None:
    ready.form.classes.set_names(["cat"])
    assert not ready.classify_button.isEnabled()
    if alone == "others":
        ready.form.options.others.setText("a wall")
        ready.form.options.others.editingFinished.emit()
    else:
        getattr(ready.form.options, alone).setChecked(True)
    assert ready.classify_button.isEnabled()


def test_that_thousands_of_classes_are_asked_of_the_page(ready: ZeroShotPage, clip: Clip, finish) -> None:
    ready.form.classes.set_names([f"thing {number}" for number in range(5000)])
    classify(ready, finish)
    assert len(clip.asked[0].question.classes) == 5000
    assert ready.desk.scores.shape == (2, 5000)
    assert ready.classify_tab.preview.scores.model().rowCount() == 5000


def test_that_images_added_to_results_are_classified_at_once(
    ready: ZeroShotPage, clip: Clip, images: list[Path], finish
) -> None:
    classify(ready, finish)
    new = images[0].with_name("new.png")
    ready.add_images([new])
    finish()
    assert clip.asked[1].images == (new,)
    assert ready.desk.paths == [*images[:2], new]


def test_that_another_model_drops_what_the_one_before_saw(
    ready: ZeroShotPage, clip: Clip, images: list[Path], tmp_path: Path, finish
) -> None:
    classify(ready, finish)
    file = tmp_path / "mine.safetensors"
    file.write_bytes(b"weights")
    ready.form.picker.choose_file(str(file))
    assert (len(ready.desk.vectors), ready.desk.asked) == (0, None)
    assert ready.summary == "3 images, not classified yet"
    classify(ready, finish)
    assert clip.asked[1].images == tuple(images)


def test_that_replaced_weights_see_all_images_anew(
    ready: ZeroShotPage, clip: Clip, images: list[Path], finish
) -> None:
    classify(ready, finish)
    clip.key = "other"
    ready.add_images([images[0].with_name("new.png")])
    finish()
    assert [len(request.images) for request in clip.asked] == [3, 1, 4]
    assert len(ready.desk.vectors) == 3


def test_that_taking_an_image_out_keeps_the_other_answers(ready: ZeroShotPage, clip: Clip, finish) -> None:
    classify(ready, finish)
    ready.desk.remove([0])
    assert ready.desk.vectors.shape == (1, 2)
    assert ready.results.index(0, 0).data(WINNER_ROLE) == "cat"
    assert ready.results.rowCount() == 2


def test_that_stop_ends_at_the_next_image_and_keeps_what_is_known(
    ready: ZeroShotPage, clip: Clip, finish, qtbot
) -> None:
    clip.hold_after = 1
    click(ready.classify_button)
    qtbot.waitUntil(lambda: len(ready.desk.paths) == 1)
    assert ready.stop_button.isVisible()
    assert not ready.classify_button.isVisible()
    click(ready.stop_button)
    finish()
    assert ready.summary == "Stopped after 1 of 3 images"
    assert ready.results.index(0, 0).data(WINNER_ROLE) == "cat"
    assert ready.classify_button.isVisible()


def test_that_a_failure_is_told_with_what_to_do(ready: ZeroShotPage, clip: Clip, finish) -> None:
    clip.fails = True
    classify(ready, finish)
    assert ready.banner.message == "The weights are not on this machine."
    assert ready.classify_button.isEnabled()


def test_that_a_class_too_long_for_the_model_is_pointed_out(ready: ZeroShotPage, clip: Clip, finish) -> None:
    clip.cut = ("bird",)
    classify(ready, finish)
    assert "“bird”" in ready.banner.message


def test_that_a_weights_file_asks_for_its_architecture(
    ready: ZeroShotPage, clip: Clip, tmp_path: Path, finish
) -> None:
    file = tmp_path / "mine.safetensors"
    file.write_bytes(b"weights")
    assert not ready.form.picker.architecture.isVisible()
    ready.form.picker.choose_file(str(file))
    assert ready.form.picker.architecture.isVisible()
    ready.form.picker.architecture.setCurrentText("ViT-B-16")
    classify(ready, finish)
    assert (clip.asked[0].clip.model, clip.asked[0].clip.pretrained) == ("ViT-B-16", str(file))


def test_that_the_bundled_model_is_chosen_where_no_other_is_there_and_that_others_say_what_they_cost(
    ready: ZeroShotPage,
) -> None:
    picker = ready.form.picker
    assert (picker.model, picker.pretrained) == ("demo", "bundled")
    assert picker.state == "On this machine · licence: MIT"
    picker.set_choice("ViT-B-32", "laion2b_s34b_b79k")
    assert picker.state == "605 MB to download on first use · licence: MIT"


def test_that_the_images_of_the_dataset_come_with_its_classes_unless_others_are_named(
    page: ZeroShotPage, session: Session, images: list[Path], finish
) -> None:
    assert not page.dataset_button.isVisible()
    session.set_data(Catalogue(images[0].parent, ("hole", "stain"), ()), DataConfig(root="images"))
    click(page.dataset_button)
    finish()
    assert page.form.classes.names() == ("hole", "stain")
    assert set(page.desk.table.paths) == set(images)
    page.form.classes.set_names(["cat", "dog"])
    click(page.dataset_button)
    finish()
    assert page.form.classes.names() == ("cat", "dog")


def test_that_the_classes_of_the_dataset_are_offered(ready: ZeroShotPage, session: Session) -> None:
    assert not ready.form.classes.from_dataset.isVisible()
    session.set_data(Catalogue(Path("images"), ("hole", "stain"), ()), DataConfig(root="images"))
    click(ready.form.classes.from_dataset)
    assert ready.form.classes.names() == ("hole", "stain")
    assert not ready.form.classes.from_dataset.isVisible()


def test_that_what_was_entered_is_remembered(make_page, tmp_path: Path) -> None:
    file = tmp_path / "mine.safetensors"
    file.write_bytes(b"weights")
    first = make_page()
    first.form.classes.set_names(["고양이", "개"])
    first.form.prompt.lines.setPlainText("a drawing of a {}")
    first.form.picker.choose_file(str(file))
    second = make_page()
    assert second.form.classes.names() == ("고양이", "개")
    assert second.form.prompt.templates == ("a drawing of a {}",)
    assert second.form.picker.pretrained == str(file)


def test_that_remembered_nonsense_is_forgotten(make_page) -> None:
    Settings().set_page_values(
        "zero-shot", {"classes": 3, "templates": {}, "options": 7, "model": {}, "pretrained": 1}
    )
    page = make_page()
    assert page.form.classes.names() == ()
    assert page.form.prompt.templates == ("a photo of a {}.",)


def test_that_hundreds_of_images_are_shown_without_reading_those_out_of_sight(
    page: ZeroShotPage, worker: Worker, tmp_path: Path
) -> None:
    page.form.classes.set_names(["cat", "dog"])
    page.add_images([tmp_path / f"{number}.png" for number in range(800)])
    page.classify_tab.grid.grab()
    grid = page.classify_tab.grid
    last = grid.visualRect(page.results.index(799, 0))
    assert grid.columns == 3
    assert last.bottom() > 200 * grid.cell.height()
    assert len([task for task in worker.tasks if task.title == "Drawing thumbnails"]) <= 2


def test_that_the_result_model_keeps_every_promise_qt_asks_of_a_table(
    ready: ZeroShotPage, clip: Clip, images: list[Path], finish
) -> None:
    model = ready.results
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    classify(ready, finish)
    model.show(Wanted(order=Order.NAME, backwards=True))
    model.show(Wanted(text="b"))
    model.show(Wanted(problems=True))
    model.show(Wanted(order=Order.CONFIDENCE))
    ready.desk.remove([0, 2])
    ready.desk.clear()
    assert tester.model().rowCount(QModelIndex()) == 0


def test_that_every_control_has_a_name_and_is_reached_by_tab(ready: ZeroShotPage) -> None:
    kinds = (QAbstractButton, QComboBox, QLineEdit, QListView)
    controls = [
        control
        for kind in kinds
        for control in ready.findChildren(kind)
        if control.isVisible() and control.isEnabled() and not isinstance(control.parent(), QComboBox)
    ]
    assert len(controls) >= 8
    nameless = [one for one in controls if not one.accessibleName() and not getattr(one, "text", str)()]
    unreached = [one for one in controls if not one.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert (nameless, unreached) == ([], [])
