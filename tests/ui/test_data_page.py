"""The Data page, through its widgets."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit

from tests.images import image_folder
from tests.ui.controls import check_controls
from tlstudio.config import DataConfig, SplitRatios
from tlstudio.data import sample
from tlstudio.data.layouts import Layout
from tlstudio.data.listing import Listing
from tlstudio.data.sample import SampleReady
from tlstudio.data.scan import ScanFinished
from tlstudio.events import Notice
from tlstudio.ui import engine
from tlstudio.ui import settings as remembered
from tlstudio.ui.engine import DataOpened, counts_of
from tlstudio.ui.pages.base import NEEDED, READY
from tlstudio.ui.pages.data import DataPage
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.worker import Worker


@pytest.fixture
def page(session: Session, worker: Worker, theme: Theme, settings: Settings, qtbot) -> DataPage:
    page = DataPage(session, worker, theme, settings)
    qtbot.addWidget(page)
    page.resize(1192, 756)
    page.show()
    qtbot.waitExposed(page)
    return page


@pytest.fixture
def opened(page: DataPage, dataset: Path, worker: Worker, qtbot) -> DataPage:
    page.open_folder(dataset)
    qtbot.waitUntil(lambda: not worker.tasks)
    return page


def click(button: QAbstractButton) -> None:
    assert button.isVisible()
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def choose_class(page: DataPage, name: str) -> None:
    model = page.class_list.model()
    row = next(row for row in range(model.rowCount()) if model.index(row, 0).data() == name)
    place = page.class_list.visualRect(model.index(row, 0)).center()
    QTest.mouseClick(page.class_list.viewport(), Qt.MouseButton.LeftButton, pos=place)


def names_shown(page: DataPage) -> list[str]:
    model = page.browser.grid.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def test_that_an_empty_page_says_what_to_do_and_offers_it(page: DataPage) -> None:
    assert page.attention == NEEDED
    assert page.first_open_button.isVisible()
    assert page.first_sample_button.isVisible()
    assert page.first_archive_button.isVisible()
    assert not page.go_on_button.isVisible()
    page.open_menu.aboutToShow.emit()
    assert page.open_menu.recent == []


def test_that_an_opened_folder_is_counted_divided_and_handed_on(
    opened: DataPage, session: Session, dataset: Path
) -> None:
    assert opened.summary.text() == "3 classes · 36 images"
    assert opened.attention == READY
    assert session.catalogue is not None
    assert session.catalogue.classes == ("blue", "green", "red")
    assert {image.split for image in session.catalogue.images} == {"train", "val", "test"}
    assert session.data.root == str(dataset)
    assert opened.go_on_button.isVisible()


def test_that_a_typed_path_is_opened(page: DataPage, dataset: Path, worker: Worker, qtbot) -> None:
    QTest.keyClicks(page.path_field, str(dataset))
    QTest.keyClick(page.path_field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.summary.text() == "3 classes · 36 images"


def test_that_thumbnails_are_drawn_once_they_are_in_sight(opened: DataPage, worker: Worker, qtbot) -> None:
    model = opened.browser.grid.model()
    qtbot.waitUntil(lambda: isinstance(model.index(0, 0).data(Qt.ItemDataRole.DecorationRole), QPixmap))
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    qtbot.waitUntil(lambda: not worker.tasks)


def test_that_choosing_a_class_filters_and_choosing_it_again_shows_all(opened: DataPage) -> None:
    choose_class(opened, "green")
    assert len(names_shown(opened)) == 12
    assert all(name.startswith("green/") for name in names_shown(opened))
    assert opened.browser.filter_label.text() == "12 images of green"
    choose_class(opened, "green")
    assert len(names_shown(opened)) == 36


def test_that_another_folder_comes_without_the_filter_of_the_one_before(
    opened: DataPage, tmp_path: Path, worker: Worker, qtbot
) -> None:
    choose_class(opened, "green")
    opened.open_folder(image_folder(tmp_path, 5))
    qtbot.waitUntil(lambda: not worker.tasks)
    assert opened.class_list.selected == []
    assert len(names_shown(opened)) == 15
    choose_class(opened, "green")
    assert len(names_shown(opened)) == 5


def test_that_a_split_filters_together_with_a_class(opened: DataPage, session: Session) -> None:
    choose_class(opened, "red")
    click(opened.browser.split_filter.button(2))
    assert session.catalogue is not None
    expected = [i.path for i in session.catalogue.images if i.split == "val" and i.path.startswith("red/")]
    assert names_shown(opened) == expected != []


def test_that_the_selected_image_is_described(opened: DataPage, session: Session) -> None:
    opened.browser.grid.setCurrentIndex(opened.browser.grid.model().index(3, 0))
    facts = {key: label.text() for key, label in opened.browser.preview.facts.items()}
    assert opened.browser.preview.name == "03.png"
    assert facts["Class"] == "blue"
    assert facts["Pixels"] == "48 × 48"
    assert facts["Split"] in ("Training", "Validation", "Test")


def test_that_other_shares_divide_the_images_anew(
    opened: DataPage, session: Session, settings: Settings, worker: Worker, qtbot
) -> None:
    opened.split_editor.share("test").setValue(25)
    qtbot.waitUntil(lambda: session.data.ratios.test == 0.25)
    assert session.catalogue is not None
    assert len(session.catalogue.of_split("test")) == 9
    assert settings.page_values("data") == {"val": 15, "test": 25, "seed": 0, "keep_together": True}


def test_that_another_seed_reaches_the_session(opened: DataPage, session: Session, qtbot) -> None:
    before = session.catalogue
    opened.split_editor.seed_box.setValue(7)
    qtbot.waitUntil(lambda: session.data.split_seed == 7)
    assert session.catalogue != before


def test_that_splits_given_by_the_folder_cannot_be_changed(
    page: DataPage, tmp_path: Path, worker: Worker, session: Session, qtbot
) -> None:
    for split, count in {"train": 4, "val": 2, "test": 2}.items():
        image_folder(tmp_path / split, count)
    page.open_folder(tmp_path)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert not page.split_editor.share("val").isEnabled()
    assert not page.split_editor.share("test").isEnabled()
    assert page.split_editor.note == "The folder itself gives training, validation and test."
    assert session.catalogue is not None
    assert len(session.catalogue.of_split("val")) == 6


def test_that_files_set_aside_are_listed_with_their_reasons(
    page: DataPage, tmp_path: Path, worker: Worker, qtbot
) -> None:
    image_folder(tmp_path, 4)
    (tmp_path / "red" / "broken.jpg").write_bytes(b"not an image")
    page.open_folder(tmp_path)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.summary.text() == "3 classes · 12 images · 1 set aside"
    assert not page.side.set_aside.isVisible()
    click(page.side.set_aside_fold.button)
    assert page.side.set_aside.isVisible()
    assert page.side.set_aside.model().index(0, 0).data().startswith("red/broken.jpg: ")


def test_that_a_folder_that_cannot_be_used_is_said_on_the_page(
    page: DataPage, tmp_path: Path, worker: Worker, qtbot
) -> None:
    page.open_folder(tmp_path)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.banner.isVisible()
    assert str(tmp_path) in page.banner.message
    assert page.first_open_button.isVisible()


def test_that_what_was_open_stays_when_another_folder_fails(
    opened: DataPage, tmp_path: Path, worker: Worker, session: Session, qtbot
) -> None:
    opened.open_folder(tmp_path / "missing")
    qtbot.waitUntil(lambda: not worker.tasks)
    assert opened.banner.isVisible()
    assert opened.summary.isVisible()
    assert session.catalogue is not None


def test_that_stopping_a_scan_goes_back_to_the_start(page: DataPage, monkeypatch, worker, qtbot) -> None:
    def endless(wanted, recalled, control):
        while True:
            yield Notice("reading")
            control.checkpoint()

    monkeypatch.setattr(engine, "open_images", endless)
    page.open_folder(Path("anywhere"))
    assert page.progress.isVisible()
    click(page.cancel_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.first_open_button.isVisible()
    assert not page.banner.isVisible()


def test_that_a_second_folder_takes_over_from_the_first(
    page: DataPage, dataset: Path, tmp_path: Path, worker: Worker, session: Session, qtbot
) -> None:
    image_folder(tmp_path, 5)
    page.open_folder(dataset)
    page.open_folder(tmp_path)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert session.data.root == str(tmp_path)
    assert page.summary.text() == "3 classes · 15 images"


def test_that_the_sample_is_opened_under_its_name(
    page: DataPage, dataset: Path, session: Session, worker: Worker, monkeypatch, settings: Settings, qtbot
) -> None:
    monkeypatch.setattr(sample, "make_sample", lambda control: iter([SampleReady(dataset)]))
    click(page.first_sample_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert session.data.root == "sample"
    assert settings.get(remembered.DATA) == "sample"
    assert settings.recent_folders() == []


def test_that_recent_folders_are_offered_and_open(
    opened: DataPage, worker: Worker, dataset: Path, qtbot
) -> None:
    opened.open_menu.aboutToShow.emit()
    (action,) = opened.open_menu.recent
    assert action.text() == str(dataset)
    action.trigger()
    assert opened.progress.isVisible()
    qtbot.waitUntil(lambda: not worker.tasks)


def choose_in_dialog(page: DataPage, path: Path) -> None:
    dialog = page.open_menu.dialog
    assert dialog is not None
    assert dialog.isVisible()
    dialog.selectFile(str(path))
    field = dialog.findChild(QLineEdit)
    assert field is not None
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_that_an_archive_is_chosen_in_a_dialog_that_shows_archives(
    page: DataPage, dataset: Path, tmp_path: Path, worker: Worker, session: Session, qtbot
) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "pictures"), "zip", dataset))
    click(page.first_archive_button)
    assert page.open_menu.dialog is not None
    assert page.open_menu.dialog.nameFilters()[0] == "Archives of images (*.zip *.tar *.tar.gz *.tgz)"
    choose_in_dialog(page, archive)
    qtbot.waitUntil(lambda: session.catalogue is not None and not worker.tasks)
    assert session.data.root == str(archive)
    page.open_menu.aboutToShow.emit()
    assert [action.text() for action in page.open_menu.recent] == [str(archive)]


def test_that_folder_and_archive_are_beside_each_other_once_something_is_open(
    opened: DataPage, dataset: Path, tmp_path: Path, worker: Worker, session: Session, qtbot
) -> None:
    assert opened.open_button.menu() is opened.open_menu
    assert opened.open_button.isVisible()
    opened.open_menu.folder_action.trigger()
    choose_in_dialog(opened, image_folder(tmp_path / "others", 5))
    qtbot.waitUntil(lambda: session.data.root == str(tmp_path / "others") and not worker.tasks)
    archive = Path(shutil.make_archive(str(tmp_path / "pictures"), "gztar", dataset))
    opened.open_menu.archive_action.trigger()
    choose_in_dialog(opened, archive)
    qtbot.waitUntil(lambda: session.data.root == str(archive) and not worker.tasks)


def test_that_the_next_launch_opens_what_was_open_last(
    opened: DataPage, worker: Worker, theme: Theme, qtbot
) -> None:
    opened.split_editor.share("val").setValue(20)
    qtbot.waitUntil(lambda: Settings().page_values("data") != {})
    session = Session()
    again = DataPage(session, worker, theme, Settings())
    qtbot.addWidget(again)
    again.open_last()
    qtbot.waitUntil(lambda: session.catalogue is not None and not worker.tasks)
    assert session.data.ratios == SplitRatios(train=0.65, val=0.2, test=0.15)


def test_that_a_folder_gone_since_is_not_missed(page: DataPage, settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    settings.set(remembered.DATA, str(folder))
    shutil.rmtree(folder)
    page.open_last()
    assert page.first_open_button.isVisible()


@pytest.mark.parametrize("count", [100_000])
def test_that_a_hundred_thousand_images_are_listed_without_being_read(
    page: DataPage, count: int, many_images: Callable, worker: Worker, session: Session, qtbot
) -> None:
    catalogue = many_images(count)
    asked = []
    page.browser.store.picture = lambda path, side: asked.append(path)  # type: ignore[method-assign]
    layout = Layout("Each folder is a class.", (), {}, (), Listing(catalogue.root, (), (), ()))
    page.folder.take(
        DataOpened(
            ScanFinished(catalogue, layout, {}), DataConfig(root="nowhere"), catalogue, counts_of(catalogue)
        )
    )
    page.browser.grid.scrollToBottom()
    page.browser.grid.viewport().grab()
    assert page.summary.text() == "2 classes · 100,000 images"
    assert 0 < len(set(asked)) < 200


def test_that_every_control_has_a_name_and_is_reached_by_tab(opened: DataPage) -> None:
    opened.side.set_aside_fold.button.setChecked(True)
    check_controls(opened)
