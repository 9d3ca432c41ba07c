"""The Zero-shot page, through its widgets."""

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
from tlstudio.inference.events import ImageClassified, ImageSkipped
from tlstudio.ui import engine
from tlstudio.ui.item_models.results import RANKED_ROLE, REASON_ROLE
from tlstudio.ui.pages.zero_shot import ZeroShotPage
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.worker import Worker
from tlstudio.zeroshot.events import Asked, QuestionRead, ZeroShotFinished, ZeroShotRequest


class Clip:
    """A scripted model: every image shows the first class, files called "bad" cannot be read."""

    def __init__(self) -> None:
        self.asked: list[ZeroShotRequest] = []
        self.fails = False
        self.hold_after: int | None = None
        self.cut: tuple[str, ...] = ()

    def classify(self, request: ZeroShotRequest, control: Control) -> Iterator[Event]:
        self.asked.append(request)
        yield Progress("Loading the model")
        if self.fails:
            raise StudioError("The weights are not on this machine.", "Choose a file instead.")
        classes = request.question.classes
        vectors = np.zeros((len(classes), 2), np.float32)
        asked = Asked(classes, vectors, vectors[:1], 100.0, None, False, 0.0)
        yield QuestionRead(asked, {name: (name,) for name in classes}, self.cut)
        shares = [0.6, 0.3, *[0.1 / max(1, len(classes) - 2)] * (len(classes) - 2)]
        for number, path in enumerate(request.images):
            while self.hold_after == number:
                control.checkpoint()
            if "bad" in path.name:
                yield ImageSkipped(path, "truncated")
            else:
                ranked = dict(zip(classes, shares, strict=True))
                yield ImageClassified(path, classes[0], ranked)
        skipped = sum("bad" in path.name for path in request.images)
        yield ZeroShotFinished(len(request.images), skipped, 1.25)


@pytest.fixture
def clip(monkeypatch: pytest.MonkeyPatch) -> Clip:
    clip = Clip()
    monkeypatch.setattr(engine, "classify_zero_shot", clip.classify)
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
    page.form.chips.set_names(["cat", "dog", "bird", "fish"])
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
    assert page.empty_button.isVisible()
    assert not page.classify_button.isEnabled()
    assert not page.grid.isVisible()
    assert sentence(page) == "Name at least two classes, in plain words, that the images may show."


def test_that_the_page_asks_for_what_is_missing_in_turn(page: ZeroShotPage, images: list[Path]) -> None:
    page.form.chips.set_names(["cat"])
    assert sentence(page).startswith("Name at least two classes")
    page.form.chips.add("dog")
    assert sentence(page).startswith("Add images")
    page.add_images(images)
    assert page.classify_button.isEnabled()


def test_that_every_image_becomes_a_card_with_its_ranked_classes(
    ready: ZeroShotPage, clip: Clip, images: list[Path], finish
) -> None:
    classify(ready, finish)
    first, bad = ready.results.index(0), ready.results.index(2)
    assert first.data() == "cat"
    assert first.data(RANKED_ROLE) == (("cat", 0.6), ("dog", 0.3), ("bird", 0.05), ("fish", 0.05))
    assert bad.data(REASON_ROLE) == "truncated"
    assert ready.summary == "2 images classified in 1.2 s · 1 could not be read"
    request = clip.asked[0]
    assert (request.images, request.question.classes) == (tuple(images), ("cat", "dog", "bird", "fish"))
    assert request.question.templates == ("a photo of a {}.",)


def test_that_a_card_tells_a_screen_reader_what_it_shows(ready: ZeroShotPage, finish) -> None:
    classify(ready, finish)
    words = [ready.results.index(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in (0, 2)]
    assert words[0].startswith("a.png, cat 60.0 %, dog 30.0 %")
    assert words[1] == "bad.png, could not be read: truncated"


def test_that_cards_are_painted_in_each_of_their_states(ready: ZeroShotPage, finish, qtbot) -> None:
    waiting = ready.grid.grab().toImage()
    classify(ready, finish)
    qtbot.waitUntil(lambda: isinstance(ready.results.index(0).data(Qt.ItemDataRole.DecorationRole), QPixmap))
    assert ready.grid.grab().toImage() != waiting


def test_that_the_prompt_is_shown_as_it_reaches_clip(page: ZeroShotPage) -> None:
    page.form.chips.set_names(["striped cloth", "plain cloth"])
    page.form.template.setText("a macro photo of {}")
    assert page.form.example == "CLIP reads “a macro photo of striped cloth”"


def test_that_a_prompt_without_a_place_for_the_class_is_refused(ready: ZeroShotPage) -> None:
    ready.form.template.setText("a photo")
    assert ready.form.example.startswith("{} is missing")
    assert not ready.classify_button.isEnabled()


def test_that_refused_names_are_explained_beneath_the_chips(page: ZeroShotPage) -> None:
    page.form.chips.set_names(["cat"])
    QTest.keyClicks(page.form.chips.entry, "cat,")
    assert page.form.said == "“cat” is in the list already."


def test_that_a_folder_brings_all_images_beneath_it(page: ZeroShotPage, images: list[Path], finish) -> None:
    page.add_images([images[0].parent])
    finish()
    assert page.results.paths == tuple(images)


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
    ready.grid.setCurrentIndex(ready.results.index(1))
    QTest.keyClick(ready.grid, Qt.Key.Key_Delete)
    assert ready.results.paths == (images[0], images[2])


def test_that_clearing_leads_back_to_the_empty_page(ready: ZeroShotPage) -> None:
    click(ready.clear_button)
    assert ready.results.rowCount() == 0
    assert ready.empty_button.isVisible()


def test_that_other_classes_offer_to_classify_again(ready: ZeroShotPage, clip: Clip, finish) -> None:
    classify(ready, finish)
    assert not ready.again_button.isVisible()
    ready.form.chips.add("horse")
    assert ready.again_button.isVisible()
    click(ready.again_button)
    finish()
    assert not ready.again_button.isVisible()
    assert clip.asked[1].question.classes == ("cat", "dog", "bird", "fish", "horse")


def test_that_taking_an_image_out_does_not_make_the_answers_stale(ready: ZeroShotPage, finish) -> None:
    classify(ready, finish)
    ready.results.remove([0])
    ready.form.changed.emit()
    assert not ready.again_button.isVisible()


def test_that_stop_ends_at_the_next_image_and_keeps_what_is_known(
    ready: ZeroShotPage, clip: Clip, finish, qtbot
) -> None:
    clip.hold_after = 1
    click(ready.classify_button)
    qtbot.waitUntil(lambda: ready.results.counts() == (1, 0))
    assert ready.stop_button.isVisible()
    assert not ready.classify_button.isVisible()
    click(ready.stop_button)
    finish()
    assert ready.summary == "Stopped after 1 of 3 images"
    assert ready.results.index(0).data() == "cat"
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


def test_that_the_first_model_is_the_default_and_says_what_it_costs(ready: ZeroShotPage) -> None:
    picker = ready.form.picker
    assert (picker.model, picker.pretrained) == ("ViT-B-32", "laion2b_s34b_b79k")
    assert picker.state == "605 MB to download on first use · licence: MIT"


def test_that_the_classes_of_the_dataset_are_offered(ready: ZeroShotPage, session: Session) -> None:
    assert not ready.form.from_dataset.isVisible()
    session.set_data(Catalogue(Path("images"), ("hole", "stain"), ()), DataConfig(root="images"))
    click(ready.form.from_dataset)
    assert ready.form.chips.names() == ("hole", "stain")
    assert not ready.form.from_dataset.isVisible()


def test_that_what_was_entered_is_remembered(make_page, tmp_path: Path) -> None:
    file = tmp_path / "mine.safetensors"
    file.write_bytes(b"weights")
    first = make_page()
    first.form.chips.set_names(["고양이", "개"])
    first.form.template.setText("a drawing of a {}")
    first.form.picker.choose_file(str(file))
    second = make_page()
    assert second.form.chips.names() == ("고양이", "개")
    assert second.form.template.text() == "a drawing of a {}"
    assert second.form.picker.pretrained == str(file)


def test_that_remembered_nonsense_is_forgotten(make_page) -> None:
    Settings().set_page_values("zero-shot", {"classes": 3, "template": [], "model": {}, "pretrained": 1})
    page = make_page()
    assert page.form.chips.names() == ()
    assert page.form.template.text() == "a photo of a {}."


def test_that_hundreds_of_images_are_shown_without_reading_those_out_of_sight(
    page: ZeroShotPage, worker: Worker, tmp_path: Path
) -> None:
    page.form.chips.set_names(["cat", "dog"])
    page.add_images([tmp_path / f"{number}.png" for number in range(800)])
    page.grid.grab()
    columns = page.grid.viewport().width() // page.grid.gridSize().width()
    last = page.grid.visualRect(page.results.index(799))
    assert columns == 5
    assert last.top() > 100 * page.grid.gridSize().height()
    assert len([task for task in worker.tasks if task.title == "Drawing thumbnails"]) <= 2


def test_that_the_result_model_keeps_every_promise_qt_asks_of_a_list(
    page: ZeroShotPage, images: list[Path]
) -> None:
    tester = QAbstractItemModelTester(page.results, QAbstractItemModelTester.FailureReportingMode.Fatal)
    page.results.add(images)
    page.results.take(ImageSkipped(images[0], "truncated"))
    page.results.take(ImageSkipped(Path("elsewhere.png"), "truncated"))
    page.results.remove([0, 2])
    page.results.clear()
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
