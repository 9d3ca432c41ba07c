"""The Data page where single images are corrected, in the grid."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.ui.test_data_corrections import own
from tests.ui.test_data_page import click, names_shown, page
from tlstudio.config import Corrections
from tlstudio.ui.pages.data import DataPage
from tlstudio.ui.session import Session

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
    assert own.browser.menu is not None
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
    assert own.browser.menu is not None
    own.browser.menu.split_menu.actions()[2].trigger()
    own.browser.menu.close()
    qtbot.waitUntil(lambda: own.browser.preview.facts["Split"].text() == "Test")
    assert session.catalogue.images[row].split == "test"
