"""The Data page where single images are corrected, in the grid."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.ui.test_data_corrections import own
from tests.ui.test_data_page import choose_class, click, names_shown, page
from tlstudio.config import Corrections
from tlstudio.ui.pages.data import DataPage
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.image_menu import ImageMenu, LeftOutMenu
from tlstudio.ui.worker import Worker

__all__ = ["own", "page"]

Key = Qt.Key


def take(page: DataPage, *rows: int) -> None:
    page.browser.grid.setFocus()
    page.browser.grid.setCurrentIndex(page.browser.model.index(rows[0]))
    for _ in rows[1:]:
        QTest.keyClick(page.browser.grid, Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)


def test_that_images_are_left_out_by_a_key_and_come_back_by_undo(
    own: DataPage, session: Session, tmp_path: Path, qtbot
) -> None:
    take(own, 2, 3)
    QTest.keyClick(own.browser.grid, Key.Key_Delete)
    qtbot.waitUntil(lambda: len(names_shown(own)) == 22)
    assert "blue/02.png" not in names_shown(own)
    assert session.data.corrections == Corrections(without=("blue/02.png", "blue/03.png"))
    assert own.browser.grid.currentIndex().data() == "blue/04.png"
    assert (tmp_path / "pictures" / "blue" / "02.png").is_file()
    click(own.side.class_pane.undo_button)
    qtbot.waitUntil(lambda: len(names_shown(own)) == 24)


def test_that_an_image_is_put_into_another_class(own: DataPage, session: Session, qtbot) -> None:
    take(own, 0)
    click(own.browser.preview.correct_button)
    assert isinstance(own.browser.menu, ImageMenu)
    own.browser.menu.class_menu.actions()[2].trigger()
    own.browser.menu.close()
    qtbot.waitUntil(lambda: own.browser.preview.facts["Class"].text() == "red")
    assert session.catalogue is not None
    assert session.catalogue.counts() == {"blue": 7, "green": 8, "red": 9}
    assert own.browser.preview.name == "00.png"


def test_that_an_image_is_moved_to_the_test_images(own: DataPage, session: Session, qtbot) -> None:
    assert session.catalogue is not None
    row = next(row for row, image in enumerate(session.catalogue.images) if image.split == "train")
    take(own, row)
    click(own.browser.preview.correct_button)
    assert isinstance(own.browser.menu, ImageMenu)
    own.browser.menu.split_menu.actions()[2].trigger()
    own.browser.menu.close()
    qtbot.waitUntil(lambda: own.browser.preview.facts["Split"].text() == "Test")
    assert session.catalogue.images[row].split == "test"


def test_that_an_image_that_was_left_out_long_ago_is_found_and_taken_in_again(
    own: DataPage, session: Session, settings: Settings, theme: Theme, worker: Worker, tmp_path: Path, qtbot
) -> None:
    take(own, 2, 3)
    QTest.keyClick(own.browser.grid, Key.Key_Delete)
    qtbot.waitUntil(lambda: len(names_shown(own)) == 22 and not worker.tasks)
    again = DataPage(Session(), worker, theme, settings)  # another day: there is nothing to undo
    qtbot.addWidget(again)
    again.resize(1192, 756)
    again.show()
    again.open_folder(tmp_path / "pictures")
    qtbot.waitUntil(lambda: again.folder.checked and not worker.tasks)
    assert not again.folder.history.can_undo
    assert again.browser.filters.left_out_chip.text() == "Left out 2"
    click(again.browser.filters.left_out_chip)
    assert names_shown(again) == ["blue/02.png", "blue/03.png"]
    assert again.browser.filter_label.text() == "2 images left out"
    assert again.browser.preview.facts["Class"].text() == "blue"
    assert not again.browser.preview.seen_button.isEnabled()
    click(again.browser.filters.take_in_button)
    qtbot.waitUntil(lambda: names_shown(again) == ["blue/03.png"])
    QTest.keyClick(again.browser.grid, Key.Key_Delete)
    qtbot.waitUntil(lambda: len(names_shown(again)) == 24 and not worker.tasks)
    assert not again.browser.filters.left_out_chip.isVisible()
    assert again.folder.data.corrections == Corrections()
    again.folder.undo()
    qtbot.waitUntil(lambda: again.browser.filters.left_out_chip.text() == "Left out 1" and not worker.tasks)


def test_that_left_out_images_are_offered_as_such_by_menu_search_and_class(
    own: DataPage, worker: Worker, qtbot
) -> None:
    take(own, 0)
    QTest.keyClick(own.browser.grid, Key.Key_Delete)
    qtbot.waitUntil(lambda: len(names_shown(own)) == 23)
    take(own, 22)
    QTest.keyClick(own.browser.grid, Key.Key_Delete)
    qtbot.waitUntil(lambda: len(names_shown(own)) == 22 and not worker.tasks)
    click(own.browser.filters.left_out_chip)
    choose_class(own, "red")
    assert names_shown(own) == ["red/07.png"]
    assert own.browser.filter_label.text() == "1 image of red left out"
    own.browser.filters.order_box.setCurrentText("Largest files first")
    qtbot.waitUntil(lambda: not worker.tasks)
    click(own.browser.preview.correct_button)
    assert isinstance(own.browser.menu, LeftOutMenu)
    own.browser.menu.take_in_action.trigger()
    own.browser.menu.close()
    qtbot.waitUntil(lambda: names_shown(own) == [] and not worker.tasks)
    assert own.browser.nothing_words.text() == "There is no image of red left out."
    click(own.browser.nothing_button)
    qtbot.waitUntil(lambda: len(names_shown(own)) == 23 and not worker.tasks)
