"""The images of the Data page: seen, narrowed down, ordered, looked at closely, by mouse and by keyboard."""

import dataclasses
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QPixmap
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy, QTest
from PySide6.QtWidgets import QAbstractButton, QApplication

from tests.images import image_folder
from tests.ui.controls import check_controls
from tlstudio.config import Corrections, SplitRatios
from tlstudio.data.catalogue import Catalogue, ImageRecord
from tlstudio.data.scan import CheckFinished, read_folder
from tlstudio.data.split import split_catalogue
from tlstudio.events import Control
from tlstudio.ui import file_manager
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.image_browser import ImageBrowser
from tlstudio.ui.widgets.image_menu import ImageMenu
from tlstudio.ui.worker import Worker

Key = Qt.Key


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLSTUDIO_HOME", str(tmp_path_factory.mktemp("home")))
        *_, last = read_folder(image_folder(tmp_path_factory.mktemp("images"), 12), Control())
    assert isinstance(last, CheckFinished)
    return split_catalogue(last.catalogue, SplitRatios(), 0)


@pytest.fixture
def empty(worker: Worker, theme: Theme, qtbot) -> ImageBrowser:
    browser = ImageBrowser(worker, theme)
    qtbot.addWidget(browser)
    browser.resize(864, 640)
    browser.show()
    qtbot.waitExposed(browser)
    return browser


@pytest.fixture
def browser(empty: ImageBrowser, catalogue: Catalogue, worker: Worker, qtbot) -> ImageBrowser:
    empty.open_catalogue(catalogue)
    qtbot.waitUntil(lambda: not worker.tasks)
    return empty


def names(browser: ImageBrowser) -> list[str]:
    model = browser.grid.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def paths(catalogue: Catalogue, **wanted: object) -> list[str]:
    return [
        image.path
        for image in catalogue.images
        if all(getattr(image, name) == value for name, value in wanted.items())
    ]


def search(browser: ImageBrowser, words: str, qtbot) -> None:
    browser.filters.search.clear()
    with qtbot.waitSignal(browser.filters.changed):
        QTest.keyClicks(browser.filters.search, words)


def click(button: QAbstractButton) -> None:
    assert button.isVisible()
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def order(browser: ImageBrowser, words: str, qtbot) -> None:
    browser.filters.order_box.setCurrentText(words)
    qtbot.waitUntil(lambda: browser._ordering is None)


# Pictures


def test_that_the_model_keeps_the_rules_of_qt_while_filters_change(browser: ImageBrowser) -> None:
    tester = QAbstractItemModelTester(browser.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    browser.filter_class(1)
    browser.show_only([])
    browser.clear_filters()
    tester.deleteLater()


def test_that_pictures_of_what_is_seen_are_drawn(browser: ImageBrowser) -> None:
    first = browser.model.file(browser.model.index(0))
    assert isinstance(browser.store.kept(first, 160), QPixmap)


def test_that_a_file_that_broke_since_says_why(
    empty: ImageBrowser, tmp_path: Path, catalogue: Catalogue, worker: Worker, qtbot
) -> None:
    root = image_folder(tmp_path, 12)
    (root / "blue" / "00.png").write_bytes(b"no image")
    empty.open_catalogue(dataclasses.replace(catalogue, root=root))
    qtbot.waitUntil(lambda: not worker.tasks)
    assert empty.preview.reason == "not an image"
    empty.grid.viewport().grab()


def test_that_what_was_scrolled_past_is_not_drawn_any_more(
    empty: ImageBrowser, many_images: Callable[[int], Catalogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(empty.store, "_start", lambda: None)
    empty.open_catalogue(many_images(100_000))
    empty.grid.viewport().grab()
    assert Path("nowhere/a/0.png") in {path for path, _ in empty.store.wanted}
    empty.grid.scrollToBottom()
    empty.grid.viewport().grab()
    wanted = [path for path, side in empty.store.wanted if side == 160]
    assert Path("nowhere/b/99999.png") in wanted
    assert Path("nowhere/a/0.png") not in wanted
    assert len(wanted) < 100


def test_that_pictures_in_sight_are_drawn_before_those_near(
    empty: ImageBrowser, many_images: Callable[[int], Catalogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(empty.store, "_start", lambda: None)
    empty.open_catalogue(many_images(1_000))
    empty.grid.viewport().grab()
    rows = [int(path.stem) for path, side in reversed(empty.store.wanted) if side == 160]
    in_sight = empty.grid.indexAt(QPoint(1, empty.grid.viewport().height() - 1)).row()
    assert rows[: in_sight + 1] == list(range(in_sight + 1))
    assert max(rows) > in_sight + empty.grid.columns


def test_that_pictures_in_memory_are_bounded(
    browser: ImageBrowser, worker: Worker, monkeypatch: pytest.MonkeyPatch, qtbot
) -> None:
    monkeypatch.setattr("tlstudio.ui.item_models.thumbnails._KEPT", 10 * 4 * 48 * 48)
    browser.store.forget()
    for row in range(browser.model.rowCount()):
        browser.store.picture(browser.model.file(browser.model.index(row)), 160)
        qtbot.waitUntil(lambda: not browser.store.wanted and not worker.tasks)
    assert 0 < browser.store.kept_bytes <= 10 * 4 * 48 * 48
    last = browser.model.file(browser.model.index(browser.model.rowCount() - 1))
    assert browser.store.kept(last, 160) is not None


# The grid


def test_that_arrows_move_in_lines_and_columns_and_stop_at_the_edges(browser: ImageBrowser) -> None:
    grid, columns = browser.grid, browser.grid.columns
    assert columns > 2
    steps = [
        (Key.Key_Right, 1),
        (Key.Key_Down, columns + 1),
        (Key.Key_Left, columns),
        (Key.Key_Up, 0),
        (Key.Key_Up, 0),
        (Key.Key_Left, 0),
        (Key.Key_End, 35),
        (Key.Key_Down, 35),
        (Key.Key_Right, 35),
        (Key.Key_Home, 0),
    ]
    for key, expected in steps:
        QTest.keyClick(grid, key)
        assert grid.currentIndex().row() == expected


def test_that_pages_keep_the_column_and_down_ends_in_a_short_last_line(
    empty: ImageBrowser, many_images: Callable[[int], Catalogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(empty.store, "_start", lambda: None)
    empty.open_catalogue(many_images(empty.grid.columns * 30 + 1))
    columns = empty.grid.columns
    QTest.keyClick(empty.grid, Key.Key_Right)
    QTest.keyClick(empty.grid, Key.Key_PageDown)
    row = empty.grid.currentIndex().row()
    assert row > 2 * columns
    assert row % columns == 1
    QTest.keyClick(empty.grid, Key.Key_PageUp)
    QTest.keyClick(empty.grid, Key.Key_PageUp)
    assert empty.grid.currentIndex().row() == 1
    empty.grid.setCurrentIndex(empty.model.index(30 * columns - 1))
    QTest.keyClick(empty.grid, Key.Key_Down)
    assert empty.grid.currentIndex().row() == 30 * columns


def test_that_the_current_image_is_scrolled_into_sight(
    empty: ImageBrowser, many_images: Callable[[int], Catalogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(empty.store, "_start", lambda: None)
    empty.open_catalogue(many_images(100_000))
    QTest.keyClick(empty.grid, Key.Key_End)
    box = empty.grid.visualRect(empty.grid.currentIndex())
    assert empty.grid.viewport().rect().contains(box)
    assert empty.grid.indexAt(box.center()).row() == 99_999
    QTest.keyClick(empty.grid, Key.Key_Home)
    assert empty.grid.verticalOffset() == 0


def test_that_a_letter_typed_among_the_images_begins_a_search(browser: ImageBrowser, qtbot) -> None:
    browser.grid.setFocus()
    with qtbot.waitSignal(browser.filters.changed):
        QTest.keyClick(browser.grid, Key.Key_G)
        QTest.keyClicks(browser.focusWidget(), "reen/1")
    assert names(browser) == ["green/10.png", "green/11.png"]


def test_that_a_click_selects_what_lies_under_it(browser: ImageBrowser) -> None:
    place = browser.grid.visualRect(browser.model.index(4)).center()
    QTest.mouseClick(browser.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert browser.grid.currentIndex().row() == 4
    assert browser.preview.name == "04.png"


def test_that_a_narrower_grid_has_fewer_columns_and_stays_where_it_was(
    empty: ImageBrowser, many_images: Callable[[int], Catalogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(empty.store, "_start", lambda: None)
    empty.open_catalogue(many_images(10_000))
    empty.grid.scrollTo(empty.model.index(5_000), empty.grid.ScrollHint.PositionAtCenter)
    before, columns = empty.grid.indexAt(QPoint(1, 60)).row(), empty.grid.columns
    empty.resize(700, 640)
    QTest.qWait(0)
    assert empty.grid.columns < columns
    assert abs(empty.grid.indexAt(QPoint(1, 60)).row() - before) <= columns


# Filters


def test_that_each_split_shows_its_images_and_their_number(
    browser: ImageBrowser, catalogue: Catalogue
) -> None:
    chips = [button.text() for button in browser.split_filter.buttons() if button.isVisible()]
    counts = [len(catalogue.of_split(split)) for split in ("train", "val", "test")]
    assert chips == ["All 36", f"Training {counts[0]}", f"Validation {counts[1]}", f"Test {counts[2]}"]
    click(browser.split_filter.button(3))
    assert names(browser) == paths(catalogue, split="test")


def test_that_words_class_and_split_narrow_down_together(
    browser: ImageBrowser, catalogue: Catalogue, qtbot
) -> None:
    browser.filter_class(2)
    search(browser, "ED/0", qtbot)
    assert names(browser) == [f"red/0{number}.png" for number in range(10)]
    assert browser.filter_label.text() == "10 images of red with “ED/0” in the name"
    click(browser.split_filter.button(1))
    assert names(browser) == [path for path in paths(catalogue, label=2, split="train") if "ed/0" in path]


def test_that_nothing_found_is_said_and_the_way_back_is_offered(browser: ImageBrowser, qtbot) -> None:
    cleared = QSignalSpy(browser.class_cleared)
    browser.filter_class(0)
    search(browser, "zzz", qtbot)
    assert not browser.grid.isVisible()
    assert browser.nothing_words.text() == "There is no image of blue with “zzz” in the name."
    assert browser.preview.name == "No image selected"
    click(browser.nothing_button)
    assert len(names(browser)) == 36
    assert cleared.count() == 1
    assert browser.preview.name == "00.png"
    assert browser.filters.search.text() == ""
    assert browser.grid.hasFocus()


def test_that_clearing_is_offered_while_something_is_filtered(browser: ImageBrowser) -> None:
    assert not browser.filters.clear_button.isVisible()
    browser.filter_class(1)
    click(browser.filters.clear_button)
    assert len(names(browser)) == 36
    assert not browser.filters.clear_button.isVisible()


def test_that_escape_empties_the_search_and_enter_goes_on_into_the_images(
    browser: ImageBrowser, qtbot
) -> None:
    QTest.keyClick(browser, Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert browser.filters.search.hasFocus()
    QTest.keyClicks(browser.filters.search, "green/11")
    QTest.keyClick(browser.filters.search, Key.Key_Return)
    assert names(browser) == ["green/11.png"]
    assert browser.grid.hasFocus()
    with qtbot.waitSignal(browser.filters.changed):
        QTest.keyClick(browser.filters.search, Key.Key_Escape)
    assert len(names(browser)) == 36


def test_that_problems_are_offered_with_their_number_and_told_of_their_images(
    browser: ImageBrowser,
) -> None:
    assert not browser.filters.problem_box.isVisible()
    browser.set_problems(
        {
            "Look alike": {"red/01.png": "Looks like red/02.png", "red/02.png": "Looks like red/01.png"},
            "Dark": {"red/02.png": ""},
            "Tiny": {},
        }
    )
    box = browser.filters.problem_box
    assert [box.itemText(row) for row in range(box.count())] == ["Any image", "Look alike (2)", "Dark (1)"]
    box.setCurrentIndex(1)
    assert names(browser) == ["red/01.png", "red/02.png"]
    assert browser.preview.notes == "Looks like red/02.png"
    browser.set_problems({"Look alike": {"red/01.png": "Looks like red/03.png"}})
    assert names(browser) == ["red/01.png"]
    assert browser.preview.notes == "Looks like red/03.png"
    browser.set_problems({"Dark": {"red/02.png": ""}})
    assert len(names(browser)) == 36
    assert not browser.filters.clear_button.isVisible()


def test_that_some_images_can_be_shown_alone(browser: ImageBrowser) -> None:
    browser.filter_class(1)
    browser.show_only(["red/05.png", "blue/03.png"], "that look alike")
    assert names(browser) == ["blue/03.png", "red/05.png"]
    assert browser.filter_label.text() == "2 images that look alike"
    browser.show_only(None)
    assert len(names(browser)) == 36


def test_that_filters_stay_with_another_division_and_go_with_another_folder(
    browser: ImageBrowser, catalogue: Catalogue, qtbot
) -> None:
    browser.filter_class(1)
    click(browser.split_filter.button(2))
    search(browser, "green", qtbot)
    browser.show_catalogue(split_catalogue(catalogue, SplitRatios(train=0.4, val=0.3, test=0.3), 3))
    assert 0 < len(names(browser)) < 12
    browser.open_catalogue(catalogue)
    assert len(names(browser)) == 36
    assert browser.filters.search.text() == ""
    assert browser.split_filter.checkedId() == 0


def test_that_the_current_image_stays_current_while_it_is_shown(browser: ImageBrowser) -> None:
    browser.grid.setCurrentIndex(browser.model.index(20))
    browser.filter_class(1)
    assert browser.grid.currentIndex().data() == "green/08.png"
    browser.filter_class(2)
    assert browser.grid.currentIndex().data() == "red/00.png"


# Order


def test_that_images_are_ordered_by_name_size_and_time(
    empty: ImageBrowser, tmp_path: Path, catalogue: Catalogue, qtbot
) -> None:
    root = image_folder(tmp_path, 12)
    images = tuple(dataclasses.replace(image, size=place) for place, image in enumerate(catalogue.images))
    for place, image in enumerate(images):
        os.utime(root / image.path, (10**9 + place * 7 % 36, 10**9 + place * 7 % 36))
    empty.open_catalogue(Catalogue(root, catalogue.classes, images))
    order(empty, "By name", qtbot)
    assert names(empty)[:4] == ["blue/00.png", "green/00.png", "red/00.png", "blue/01.png"]
    order(empty, "Largest files first", qtbot)
    assert names(empty) == [image.path for image in reversed(images)]
    order(empty, "Newest first", qtbot)
    assert names(empty)[0] == images[5].path  # 5 * 7 % 36 is 35
    order(empty, "By folder", qtbot)
    assert names(empty) == [image.path for image in images]


def test_that_an_order_holds_with_filters_and_with_another_division(
    browser: ImageBrowser, catalogue: Catalogue, qtbot
) -> None:
    order(browser, "By name", qtbot)
    browser.filter_class(1)
    assert names(browser)[:2] == ["green/00.png", "green/01.png"]
    browser.filter_class(None)
    browser.show_catalogue(split_catalogue(catalogue, SplitRatios(), 5))
    qtbot.waitUntil(lambda: browser._ordering is None)
    assert names(browser)[:2] == ["blue/00.png", "green/00.png"]


# One image


def test_that_an_image_can_be_found_by_others(
    browser: ImageBrowser, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Path] = []
    monkeypatch.setattr(file_manager, "show_in_folder", shown.append)
    browser.grid.setCurrentIndex(browser.model.index(2))
    click(browser.preview.folder_button)
    assert shown == [catalogue.root / "blue" / "02.png"]
    click(browser.preview.copy_button)
    assert QGuiApplication.clipboard().text() == str(catalogue.root / "blue" / "02.png")


def test_that_asking_what_the_network_sees_names_the_image(browser: ImageBrowser) -> None:
    asked = QSignalSpy(browser.seen_wanted)
    browser.grid.setCurrentIndex(browser.model.index(2))
    click(browser.preview.seen_button)
    assert asked.at(0)[0].path == "blue/02.png"


@pytest.mark.parametrize("key", [Key.Key_Space, Key.Key_Return])
def test_that_a_key_shows_the_image_large_and_arrows_go_on(
    browser: ImageBrowser, worker: Worker, key: Qt.Key, qtbot
) -> None:
    browser.set_problems({"Dark": {"blue/02.png": "Very dark"}})
    browser.grid.setCurrentIndex(browser.model.index(1))
    QTest.keyClick(browser.grid, key)
    viewer = browser.viewer
    assert viewer is not None
    assert viewer.words.text() == "blue/01.png"
    assert not viewer.notes.isVisible()
    QTest.keyClick(viewer, Key.Key_Right)
    assert viewer.words.text() == "blue/02.png"
    assert viewer.facts.text().startswith("blue · ")
    assert viewer.facts.text().endswith(" · 3 of 36")
    assert viewer.notes.text() == "Very dark"
    qtbot.waitUntil(lambda: viewer.canvas.picture is not None)
    QTest.keyClick(viewer, Key.Key_End)
    assert not viewer.next_button.isEnabled()
    QTest.keyClick(viewer, Key.Key_Right)
    assert viewer.row == 35
    qtbot.waitUntil(lambda: not worker.tasks)
    QTest.keyClick(viewer, Key.Key_Escape)
    assert browser.viewer is None
    assert browser.grid.currentIndex().row() == 35
    assert browser.focusWidget() is browser.grid


def test_that_a_double_click_opens_and_space_closes(browser: ImageBrowser, worker: Worker, qtbot) -> None:
    place = browser.grid.visualRect(browser.model.index(3)).center()
    QTest.mouseClick(browser.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(browser.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    viewer = browser.viewer
    assert viewer is not None
    assert viewer.row == 3
    click(viewer.before_button)
    assert viewer.row == 2
    QTest.keyClick(viewer, Key.Key_Space)
    assert browser.viewer is None
    qtbot.waitUntil(lambda: not worker.tasks)


def test_that_the_viewer_closes_when_other_images_are_shown(browser: ImageBrowser, worker, qtbot) -> None:
    click(browser.preview.enlarge_button)
    assert browser.viewer is not None
    browser.filter_class(1)
    assert browser.viewer is None
    qtbot.waitUntil(lambda: not worker.tasks)


def test_that_without_an_image_nothing_can_be_done_with_one(empty: ImageBrowser) -> None:
    preview = empty.preview
    for button in (preview.enlarge_button, preview.seen_button, preview.folder_button, preview.copy_button):
        assert not button.isEnabled()
    QTest.keyClick(empty.grid, Key.Key_Space)
    assert empty.viewer is None


def test_that_every_control_has_a_name_and_is_reached_by_tab(browser: ImageBrowser) -> None:
    browser.set_problems({"Dark": {"blue/02.png": "Very dark"}})
    browser.filter_class(0)
    check_controls(browser)


def test_that_an_image_that_changed_sides_is_described_anew(
    browser: ImageBrowser, catalogue: Catalogue
) -> None:
    before = browser.preview.facts["Split"].text()
    other = "val" if before != "Validation" else "test"
    moved = tuple(image.in_split(other) for image in catalogue.images)
    browser.show_catalogue(dataclasses.replace(catalogue, images=moved))
    assert browser.preview.facts["Split"].text() == {"val": "Validation", "test": "Test"}[other]


# Correcting


def test_that_shift_selects_all_between_in_the_order_of_the_images(browser: ImageBrowser) -> None:
    grid, columns = browser.grid, browser.grid.columns
    grid.setCurrentIndex(browser.model.index(columns - 1))
    QTest.keyClick(grid, Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert grid.selected_rows() == [columns - 1, columns]
    QTest.keyClick(grid, Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert grid.selected_rows() == list(range(columns - 1, 2 * columns + 1))
    QTest.keyClick(grid, Key.Key_Left)
    assert grid.selected_rows() == [2 * columns - 1]


def test_that_the_mouse_selects_ranges_and_single_ones(browser: ImageBrowser) -> None:
    def click_on(row: int, modifier: Qt.KeyboardModifier) -> None:
        place = browser.grid.visualRect(browser.model.index(row)).center()
        QTest.mouseClick(browser.grid.viewport(), Qt.MouseButton.LeftButton, modifier, place)

    columns = browser.grid.columns
    click_on(columns + 2, Qt.KeyboardModifier.NoModifier)
    click_on(1, Qt.KeyboardModifier.ShiftModifier)
    assert browser.grid.selected_rows() == list(range(1, columns + 3))
    click_on(3, Qt.KeyboardModifier.ControlModifier)
    assert browser.grid.selected_rows() == [1, 2, *range(4, columns + 3)]


def choose(browser: ImageBrowser, menu: str, words: str) -> None:
    assert isinstance(browser.menu, ImageMenu)
    (action,) = [one for one in getattr(browser.menu, menu).actions() if one.text() == words]
    assert action.isEnabled()
    action.trigger()
    browser.menu.close()


def corrections(browser: ImageBrowser) -> list[Corrections]:
    found: list[Corrections] = []
    browser.corrected.connect(found.append)
    return found


def test_that_selected_images_are_put_into_another_class_or_split(browser: ImageBrowser) -> None:
    found = corrections(browser)
    browser.grid.setCurrentIndex(browser.model.index(0))
    QTest.keyClick(browser.grid, Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    click(browser.preview.correct_button)
    assert isinstance(browser.menu, ImageMenu)
    assert browser.menu.class_menu.title() == "Put 2 images into another class"
    assert [one.isEnabled() for one in browser.menu.class_menu.actions()] == [False, True, True]
    choose(browser, "class_menu", "red")
    click(browser.preview.correct_button)
    choose(browser, "split_menu", "Test")
    both = ("blue/00.png", "blue/01.png")
    assert found == [
        Corrections(labels=dict.fromkeys(both, "red")),
        Corrections(splits=dict.fromkeys(both, "test")),
    ]


def test_that_the_menu_opens_over_the_images_and_delete_leaves_them_out(browser: ImageBrowser) -> None:
    found = corrections(browser)
    browser.grid.setCurrentIndex(browser.model.index(3))
    QApplication.sendEvent(
        browser.grid.viewport(),
        QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), QPoint()),
    )
    assert isinstance(browser.menu, ImageMenu)
    assert browser.menu.isVisible()
    browser.menu.leave_out_action.trigger()
    browser.menu.close()
    QTest.keyClick(browser.grid, Key.Key_Delete)
    assert found == [Corrections(without=("blue/03.png",))] * 2


def test_that_the_place_is_kept_when_the_current_image_is_left_out(
    browser: ImageBrowser, catalogue: Catalogue
) -> None:
    browser.grid.setCurrentIndex(browser.model.index(7))
    browser.show_catalogue(dataclasses.replace(catalogue, images=catalogue.images[:7] + catalogue.images[8:]))
    assert browser.grid.currentIndex().row() == 7
    assert browser.preview.name == "08.png"


def test_that_without_images_nothing_can_be_corrected(empty: ImageBrowser) -> None:
    found = corrections(empty)
    QTest.keyClick(empty.grid, Key.Key_Delete)
    assert found == []
    assert not empty.preview.correct_button.isEnabled()


@pytest.mark.parametrize("width", [712, 480, 360])
def test_that_nothing_above_the_images_is_cut_off_however_narrow_the_window(
    browser: ImageBrowser, catalogue: Catalogue, width: int, qtbot
) -> None:
    browser.set_problems({"Blurred": {"blue/00.png": ""}})
    browser.show_catalogue(catalogue, catalogue)
    browser.resize(width, 500)
    qtbot.waitUntil(lambda: browser.width() == width)
    click(browser.filters.left_out_chip)
    filters = browser.filters
    shown = [filters.search, filters.problem_box, filters.order_box, filters.take_in_button]
    shown += [filters.clear_button, *(chip for chip in browser.split_filter.buttons())]
    places = [QRect(one.mapTo(browser, QPoint()), one.size()) for one in shown]
    for widget, place in zip(shown, places, strict=True):
        assert widget.isVisible()
        assert browser.rect().contains(place)
        assert place.width() >= min(widget.sizeHint().width(), 100), widget
    assert not any(one.intersects(other) for one, other in itertools.combinations(places, 2))


def test_that_a_narrow_window_has_the_images_alone_and_the_rest_in_their_menu(
    browser: ImageBrowser, qtbot
) -> None:
    browser.resize(800, 500)
    assert browser.preview.isVisible()
    browser.resize(400, 500)
    assert not browser.preview.isVisible()
    asked: list[ImageRecord] = []
    browser.seen_wanted.connect(asked.append)
    browser.grid.setCurrentIndex(browser.model.index(2))
    browser.grid.menu_wanted.emit(QPoint())
    assert isinstance(browser.menu, ImageMenu)
    browser.menu.seen_action.trigger()
    browser.menu.enlarge_action.trigger()
    browser.menu.close()
    assert [image.path for image in asked] == ["blue/02.png"]
    assert browser.viewer is not None
    browser.viewer.close()
