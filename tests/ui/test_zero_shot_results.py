"""The Classify tab: filters, views, the preview, and what is kept of the results."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.ui.controls import check_controls
from tlstudio.events import Control, Event
from tlstudio.inference.events import ImageSkipped
from tlstudio.ui import answer_engine
from tlstudio.ui.item_models.results import NONE_OF_THESE, RANKED_ROLE, WINNER_ROLE
from tlstudio.ui.pages.zero_shot import ZeroShotPage
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.result_views import ResultViewer
from tlstudio.ui.widgets.sort_dialog import SortDialog
from tlstudio.ui.worker import Worker
from tlstudio.ui.zero_shot.classify_tab import ClassifyTab
from tlstudio.zeroshot.events import (
    Asked,
    ClipReady,
    ImagesEmbedded,
    QuestionRead,
    Rescored,
    Vectors,
    ZeroShotFinished,
    ZeroShotRequest,
)

SCORES = {
    "a.png": [0.9, 0.06, 0.04],
    "b.png": [0.3, 0.4, 0.3],
    "c.png": [0.2, 0.1, 0.7],
    "d.png": [0.5, 0.45, 0.05],
}


def read(question) -> Iterator[Event]:
    yield ClipReady("Scripted", "key", "cpu", 77, 2, 100.0, None)
    vectors = np.zeros((len(question.classes), 2), np.float32)
    asked = Asked(question.classes, vectors, vectors[:1], 100.0, None, False, question.threshold)
    yield QuestionRead(asked, {name: (name,) for name in question.classes})


def classify(request: ZeroShotRequest, known: Vectors, control: Control) -> Iterator[Event]:
    yield from read(request.question)
    for path in request.images:
        if path.name in SCORES:
            scores = np.array([SCORES[path.name]], np.float32)
            yield ImagesEmbedded([path], np.zeros((1, 2), np.float32), scores)
        else:
            yield ImageSkipped(path, "truncated")
    yield ZeroShotFinished(len(request.images), 1, 0.5)


def ask_again(vectors: Vectors, question, _clip, _control) -> Iterator[Event]:
    yield from read(question)
    yield Rescored(np.array(list(SCORES.values()), np.float32))


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, name in enumerate(SCORES):
        Image.new("RGB", (32, 24), (60 * number, 0, 0)).save(folder / name)
    (folder / "bad.png").write_bytes(b"no image")
    return [*(folder / name for name in SCORES), folder / "bad.png"]


@pytest.fixture
def page(
    session: Session, worker: Worker, theme: Theme, images: list[Path], qtbot, monkeypatch
) -> ZeroShotPage:
    monkeypatch.setattr(answer_engine, "classify_in_batches", classify)
    monkeypatch.setattr(answer_engine, "ask_again", ask_again)
    page = ZeroShotPage(session, worker, theme, Settings())
    qtbot.addWidget(page)
    page.resize(1192, 756)
    page.show()
    qtbot.waitExposed(page)
    page.form.classes.set_names(["cat", "dog", "bird"])
    page.add_images(images)
    QTest.mouseClick(page.classify_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not worker.tasks)
    return page


@pytest.fixture
def tab(page: ZeroShotPage) -> ClassifyTab:
    return page.classify_tab


@pytest.fixture
def finish(worker: Worker, qtbot):
    return lambda: qtbot.waitUntil(lambda: not worker.tasks)


def click(button) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def names(tab: ClassifyTab) -> list[str]:
    return [tab.results.path(row).name for row in range(tab.results.rowCount())]


def chips(tab: ClassifyTab) -> dict[str, object]:
    return {chip.text(): chip for chip in tab.filters.chips if chip.isVisible()}


def test_that_the_form_folds_once_there_are_results_and_stays_open_if_wanted(
    page: ZeroShotPage, finish
) -> None:
    assert page.form.folded
    click(page.form.edit_button)
    click(page.classify_button)
    finish()
    assert not page.form.folded


def test_that_a_chip_a_class_says_how_many_it_wins(tab: ClassifyTab) -> None:
    assert list(chips(tab)) == ["All 5", "cat 2", "dog 1", "bird 1", "Unread 1"]
    click(chips(tab)["cat 2"])
    assert names(tab) == ["a.png", "d.png"]
    assert tab.summary == "2 of 5 images"
    click(chips(tab)["Unread 1"])
    assert names(tab) == ["bad.png"]


def test_that_scores_and_words_narrow_the_results_down(tab: ClassifyTab, qtbot) -> None:
    tab.filters.least.setValue(45)
    tab.filters.most.setValue(80)
    qtbot.waitUntil(lambda: names(tab) == ["c.png", "d.png"])
    QTest.keyClicks(tab.filters.search, "C.PNG")
    qtbot.waitUntil(lambda: names(tab) == ["c.png"])


def test_that_filters_which_leave_nothing_say_so_and_are_cleared(tab: ClassifyTab, qtbot) -> None:
    tab.filters.search.setText("nowhere")
    qtbot.waitUntil(tab.reset_button.isVisible)
    click(tab.reset_button)
    assert len(names(tab)) == 5
    assert tab.grid.isVisible()


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ("Surest first", ["a.png", "c.png", "d.png", "b.png", "bad.png"]),
        ("Lowest score first", ["b.png", "d.png", "c.png", "a.png", "bad.png"]),
        ("Closest calls first", ["d.png", "b.png", "c.png", "a.png", "bad.png"]),
    ],
)
def test_that_results_are_ordered_by_how_sure_clip_is(tab: ClassifyTab, words: str, order: list[str]) -> None:
    tab.filters.order_box.setCurrentText(words)
    assert names(tab) == order


def test_that_the_selection_follows_its_image_into_another_order(tab: ClassifyTab) -> None:
    tab.grid.setCurrentIndex(tab.results.index(2, 0))
    assert tab.preview.path is not None
    tab.filters.order_box.setCurrentText("Lowest score first")
    assert tab.results.path(tab.grid.currentIndex().row()).name == "c.png"
    assert tab.preview.path.name == "c.png"


def test_that_the_table_says_winner_runner_up_and_margin(tab: ClassifyTab) -> None:
    click(tab.table_button)
    assert tab.table.isVisible()
    cells = [tab.results.index(3, column).data() for column in range(5)]
    assert cells == ["d.png", "cat", "50.0 %", "dog 45.0 %", "5.0 %"]
    assert tab.results.index(4, 1).data() == "could not be read: truncated"


def test_that_the_head_of_a_column_sorts_and_sorts_back(tab: ClassifyTab) -> None:
    click(tab.table_button)
    tab.table.horizontalHeader().sectionClicked.emit(2)
    assert names(tab)[0] == "a.png"
    tab.table.horizontalHeader().sectionClicked.emit(2)
    assert names(tab)[0] == "b.png"


def test_that_both_views_share_the_selection(tab: ClassifyTab) -> None:
    tab.grid.setCurrentIndex(tab.results.index(1, 0))
    click(tab.table_button)
    assert tab.table.currentIndex().row() == 1
    assert {index.row() for index in tab.table.selectedIndexes()} == {1}


def test_that_the_first_image_is_looked_at_with_the_scores_of_all_classes(tab: ClassifyTab) -> None:
    assert tab.preview.path is not None
    assert tab.preview.path.name == "a.png"
    assert tab.preview.words == "cat · 84.0 % ahead of the next"
    model = tab.preview.scores.model()
    shown = [model.index(row, 0).data() for row in range(model.rowCount())]
    assert shown == ["cat 90.0 %", "dog 6.0 %", "bird 4.0 %"]


def test_that_an_image_is_enlarged_by_enter_and_the_next_one_by_an_arrow(tab: ClassifyTab, qtbot) -> None:
    tab.grid.setFocus()
    QTest.keyClick(tab.grid, Qt.Key.Key_Return)
    (viewer,) = tab.findChildren(ResultViewer)
    assert viewer.words.text() == "a.png"
    QTest.keyClick(viewer, Qt.Key.Key_Right)
    assert viewer.facts.text() == "dog 40.0 % · cat 30.0 % · bird 30.0 % · 2 of 5"
    assert tab.grid.currentIndex().row() == 1
    viewer.close()


def test_that_below_the_bound_images_show_none_of_these(page: ZeroShotPage, tab: ClassifyTab, qtbot) -> None:
    page.form.options.slider.setValue(60)
    page.form.options.none_below.setChecked(True)
    qtbot.waitUntil(lambda: f"{NONE_OF_THESE} 2" in chips(tab))
    click(chips(tab)[f"{NONE_OF_THESE} 2"])
    assert names(tab) == ["b.png", "d.png"]
    assert tab.results.index(0, 0).data(WINNER_ROLE) == NONE_OF_THESE


def test_that_many_classes_are_in_a_list_beside_the_chips(
    page: ZeroShotPage, tab: ClassifyTab, monkeypatch: pytest.MonkeyPatch, qtbot, tmp_path: Path, finish
) -> None:
    classes = [f"thing {number}" for number in range(9)]
    eye = {f"{name}.png": row for name, row in zip(classes, np.eye(9).tolist(), strict=True)}
    monkeypatch.setattr("tests.ui.test_zero_shot_results.SCORES", eye)
    page.desk.clear()
    page.form.classes.set_names(classes)
    page.add_images([tmp_path / name for name in eye])
    page.desk.classify()
    finish()
    assert tab.filters.more.isVisible()
    assert tab.filters.more.itemText(0) == "3 more classes"
    tab.filters.more.activated.emit(3)
    assert names(tab) == ["thing 8.png"]


def test_that_results_are_written_in_the_order_that_is_shown(
    tab: ClassifyTab, tmp_path: Path, finish
) -> None:
    tab.filters.order_box.setCurrentText("Lowest score first")
    tab.save_csv(str(tmp_path / "results.csv"))
    finish()
    lines = (tmp_path / "results.csv").read_text("utf-8-sig").splitlines()
    assert [Path(line.split(",")[0]).name for line in lines[1:]] == [
        "b.png",
        "d.png",
        "c.png",
        "a.png",
        "bad.png",
    ]
    assert tab.outcome.sentence == "4 images written to results.csv."
    assert not tab.outcome.data_button.isVisible()


def test_that_copies_in_class_folders_are_opened_as_data(
    page: ZeroShotPage, tab: ClassifyTab, tmp_path: Path, finish, qtbot
) -> None:
    tab.sort_out(tmp_path / "sorted", False, False)
    finish()
    copies = sorted(path.relative_to(tmp_path / "sorted").as_posix() for path in tmp_path.glob("sorted/*/*"))
    assert copies == ["bird/c.png", "cat/a.png", "cat/d.png", "dog/b.png"]
    assert tab.outcome.sentence == "4 images copied into 3 class folders."
    with qtbot.waitSignal(page.folder_wanted) as wanted:
        click(tab.outcome.data_button)
    assert wanted.args == [tmp_path / "sorted"]


def test_that_only_the_images_shown_are_copied_if_wanted(tab: ClassifyTab, tmp_path: Path, finish) -> None:
    click(chips(tab)["cat 2"])
    tab.sort_out(tmp_path / "sorted", True, False)
    finish()
    assert [path.name for path in (tmp_path / "sorted").iterdir()] == ["cat"]


def test_that_a_folder_that_cannot_be_written_is_told(
    page: ZeroShotPage, tab: ClassifyTab, images: list[Path], finish
) -> None:
    tab.sort_out(images[0], False, False)
    finish()
    assert "is no folder" in page.banner.message


def test_that_the_dialog_asks_where_to_and_which(tab: ClassifyTab, theme: Theme, qtbot) -> None:
    dialog = SortDialog(theme, tab, everything=4, shown=2, none=1, folder="")
    dialog.open()
    assert not dialog.copy_button.isEnabled()
    dialog.folder.setText("/somewhere/new")
    dialog.only_shown.setChecked(True)
    dialog.none_too.setChecked(True)
    with qtbot.waitSignal(dialog.chosen) as chosen:
        click(dialog.copy_button)
    assert chosen.args == [Path("/somewhere/new"), True, True]


def test_that_more_classes_fit_on_a_card_if_wanted(page: ZeroShotPage, tab: ClassifyTab) -> None:
    height = tab.grid.cell.height()
    page.form.options.ranks.setValue(2)
    assert len(tab.results.index(0, 0).data(RANKED_ROLE)) == 2
    assert tab.grid.cell.height() < height


def test_that_every_control_of_the_results_is_named_and_reached(page: ZeroShotPage) -> None:
    check_controls(page)
    click(page.form.edit_button)
    page.form.fold.button.setChecked(True)
    check_controls(page)
