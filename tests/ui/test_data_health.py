"""The Data page after the quick look: the check behind it, findings, splits, and changes outside."""

import shutil
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtWidgets import QApplication, QWidget

from tests.images import COLOURS, image_folder, picture
from tests.ui.controls import check_controls
from tests.ui.test_data_page import click, names_shown, opened, page
from tlstudio.config import Corrections
from tlstudio.data.scan import ChangesFound, ScanFinished
from tlstudio.events import Control, Event, Progress
from tlstudio.ui import engine
from tlstudio.ui.pages.base import READY
from tlstudio.ui.pages.data import DataPage
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.widgets.drop_overlay import dropped_paths
from tlstudio.ui.worker import Worker

__all__ = ["opened", "page"]

CHECK = engine.check_images


@pytest.fixture
def leaky(page: DataPage, tmp_path: Path, worker: Worker, qtbot) -> DataPage:
    """The page with two training images among those for testing."""
    root = tmp_path / "leaky"
    for place, (split, count) in enumerate({"train": 10, "val": 5, "test": 5}.items()):
        for name, colour in COLOURS.items():
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                picture(colour, 100 * place + number).save(root / split / name / f"{number}.png")
    for number in range(2):
        shutil.copy(root / f"train/red/{number}.png", root / f"test/red/again{number}.png")
    page.open_folder(root)
    qtbot.waitUntil(lambda: not worker.tasks)
    return page


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let the check say where it is, and wait until this is set."""
    go = threading.Event()

    def check(scanned: ScanFinished, control: Control) -> Iterator[Event]:
        yield Progress("Checking images", 1_200, 40_000)
        while not go.wait(0.01):
            control.checkpoint()
        yield from CHECK(scanned, control)

    monkeypatch.setattr(engine, "check_images", check)
    yield go
    go.set()


def test_that_a_folder_is_there_before_its_images_are_checked(
    page: DataPage, tmp_path: Path, held: threading.Event, session: Session, worker: Worker, qtbot
) -> None:
    root = image_folder(tmp_path, 6)
    broken = (root / "red" / "00.png").read_bytes()
    (root / "red" / "00.png").write_bytes(broken[: len(broken) // 2])
    page.open_folder(root)
    qtbot.waitUntil(page.understood.check.isVisible)
    assert page.understood.check.text() == "Checking images 1,200 of 40,000"
    assert page.summary.text() == "3 classes · 18 images"
    assert page.attention == READY
    assert page.side.health.calm.text() == "Known once all images are checked."
    held.set()
    qtbot.waitUntil(lambda: not worker.tasks)
    assert not page.understood.check.isVisible()
    assert page.summary.text() == "3 classes · 17 images · 1 set aside"
    assert session.catalogue is not None
    assert len(session.catalogue.images) == 17


def test_that_a_check_that_finds_nothing_leaves_the_session_alone(
    page: DataPage, dataset: Path, held: threading.Event, session: Session, worker: Worker, qtbot
) -> None:
    page.open_folder(dataset)
    qtbot.waitUntil(page.understood.check.isVisible)
    with qtbot.assertNotEmitted(session.data_changed):
        held.set()
        qtbot.waitUntil(lambda: not worker.tasks)
    assert page.side.health.report is not None


def test_that_opening_another_folder_ends_the_check_of_the_first(
    page: DataPage, dataset: Path, tmp_path: Path, held: threading.Event, worker: Worker, session, qtbot
) -> None:
    page.open_folder(dataset)
    qtbot.waitUntil(page.understood.check.isVisible)
    (first,) = (task for task in worker.tasks if task.title == "Checking the images")
    page.open_folder(image_folder(tmp_path, 5))
    assert first.control.stopping
    held.set()
    qtbot.waitUntil(lambda: not worker.tasks)
    assert session.data.root == str(tmp_path)
    assert page.folder.checked


def test_that_a_check_that_was_stopped_can_be_taken_up_again(
    page: DataPage, dataset: Path, held: threading.Event, worker: Worker, qtbot
) -> None:
    page.open_folder(dataset)
    qtbot.waitUntil(page.understood.check.isVisible)
    (checking,) = (task for task in worker.tasks if task.title == "Checking the images")
    checking.control.stop()
    qtbot.waitUntil(page.understood.check_button.isVisible)
    assert page.understood.check.text() == "Not every image was checked."
    held.set()
    click(page.understood.check_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.folder.checked
    assert not page.understood.check_button.isVisible()


def test_that_the_check_goes_on_when_another_folder_cannot_be_opened(
    page: DataPage, dataset: Path, tmp_path: Path, held: threading.Event, worker: Worker, qtbot
) -> None:
    page.open_folder(dataset)
    qtbot.waitUntil(page.understood.check.isVisible)
    page.open_folder(tmp_path / "missing")
    held.set()
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.banner.isVisible()
    assert page.folder.checked


def test_that_a_zip_file_is_dropped_and_opened_like_a_folder(
    page: DataPage, dataset: Path, tmp_path: Path, session: Session, settings: Settings, worker, qtbot
) -> None:
    archive = tmp_path / "pictures.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for image in sorted(dataset.rglob("*.png")):
            file.write(image, image.relative_to(dataset))
        file.writestr("../outside.png", b"")
    dragged = QMimeData()
    dragged.setUrls([QUrl.fromLocalFile(str(archive))])
    assert dropped_paths(dragged) == ([archive], [])
    page.open_folder(archive)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.summary.text() == "3 classes · 36 images"
    assert page.path_field.text() == session.data.root == str(archive)
    assert "Left out of pictures.zip: what lies outside of it (1)." in page.understood.sentence.text()
    assert settings.recent_folders() == [str(archive)]


def test_that_one_sentence_says_how_a_folder_was_understood(opened: DataPage) -> None:
    assert opened.understood.sentence.text() == "Each folder is a class."
    assert not opened.understood.nesting.isVisible()


def test_that_folders_in_folders_can_name_the_classes_and_that_is_kept(
    page: DataPage, tmp_path: Path, session: Session, worker: Worker, qtbot
) -> None:
    for number, place in enumerate(("cat/big", "cat/small", "dog/big", "dog/small")):
        (tmp_path / place).mkdir(parents=True)
        for image in range(6):
            picture(COLOURS["red"], 10 * number + image).save(tmp_path / place / f"{image}.png")
    page.open_folder(tmp_path)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert session.catalogue is not None
    assert session.catalogue.classes == ("cat", "dog")
    assert page.understood.nesting.isVisible()
    page.understood.nesting.setFocus()
    page.understood.nesting.setCurrentIndex(1)
    page.understood.nesting.activated.emit(1)
    qtbot.waitUntil(lambda: session.data.nesting == "inner" and not worker.tasks)
    assert session.catalogue.classes == ("big", "small")
    page.open_folder(tmp_path)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert session.data.nesting == "inner"
    assert page.understood.nesting.currentText() == "inner folders"


def test_that_a_leak_is_said_loudly_and_at_once(leaky: DataPage) -> None:
    assert leaky.side.health_fold.button.text() == "Health · 2 leaks"
    assert leaky.side.health_fold.button.property("alert")
    (row,) = leaky.side.health.rows
    assert row.isVisible()
    assert row.finding.kind == "leak"
    assert not leaky.split_editor.isVisible()


def test_that_the_images_of_a_finding_are_shown_in_the_grid(leaky: DataPage) -> None:
    click(leaky.side.health.rows[0].show_button)
    assert sorted(names_shown(leaky)) == [
        "test/red/again0.png",
        "test/red/again1.png",
        "train/red/0.png",
        "train/red/1.png",
    ]
    assert leaky.browser.filter_label.text() == "4 images that lie in several splits"


@pytest.mark.parametrize(("place", "images"), [(0, 62), (1, 60)])
def test_that_a_leak_is_mended_by_one_click_and_comes_back_by_undo(
    leaky: DataPage, session: Session, worker: Worker, place: int, images: int, qtbot
) -> None:
    click(leaky.side.health.rows[0].show_button)
    click(leaky.side.health.rows[0].mend_buttons[place])
    qtbot.waitUntil(lambda: not worker.tasks)
    assert leaky.folder.health is not None
    assert not leaky.folder.health.leaks
    assert "leak" not in leaky.side.health_fold.button.text()
    assert not leaky.side.health_fold.button.property("alert")
    assert session.catalogue is not None
    assert len(session.catalogue.images) == len(names_shown(leaky)) == images
    click(leaky.side.class_pane.undo_button)
    qtbot.waitUntil(lambda: leaky.side.health_fold.button.text() == "Health · 2 leaks")
    assert session.data.corrections == Corrections()


def test_that_findings_are_offered_among_the_filters(leaky: DataPage) -> None:
    field = leaky.browser.filters.problem_box
    assert "In several splits" in " ".join(field.itemText(place) for place in range(field.count()))


def test_that_a_folder_without_findings_gets_one_calm_sentence(opened: DataPage) -> None:
    click(opened.side.health_fold.button)
    assert opened.side.health.rows == []
    assert opened.side.health.calm.text().startswith("Nothing stands out")
    assert opened.side.health_fold.button.text() == "Health · nothing stands out"


def test_that_one_part_at_a_time_is_open_under_the_classes(opened: DataPage) -> None:
    assert opened.split_editor.isVisible()
    click(opened.side.health_fold.button)
    assert not opened.split_editor.isVisible()
    click(opened.side.split_fold.button)
    assert not opened.side.health.isVisible()


def test_that_a_low_window_scrolls_the_parts_instead_of_squeezing_them(leaky: DataPage, qtbot) -> None:
    def unsqueezed(*parts: QWidget) -> bool:
        return all(part.height() >= part.minimumSizeHint().height() for part in parts)

    leaky.setMinimumSize(936, 560)  # as the window's is set
    leaky.resize(936, 560)
    qtbot.waitUntil(lambda: unsqueezed(leaky.side.class_pane, leaky.side.health))
    leaky.side.split_fold.button.setChecked(True)
    qtbot.waitUntil(lambda: unsqueezed(leaky.side.class_pane, leaky.split_editor))


def test_that_look_alikes_are_kept_together_unless_told_otherwise(
    page: DataPage, tmp_path: Path, session: Session, worker: Worker, qtbot
) -> None:
    root = image_folder(tmp_path, 10)
    for number in range(9):
        shutil.copy(root / "red" / "00.png", root / "red" / f"copy{number}.png")
    page.open_folder(root)
    qtbot.waitUntil(lambda: not worker.tasks)

    def splits() -> set[str | None]:
        assert session.catalogue is not None
        same = [image for image in session.catalogue.images if "copy" in image.path]
        return {image.split for image in same}

    assert len(splits()) == 1
    click(page.split_editor.together_box)
    qtbot.waitUntil(lambda: not session.data.keep_together)
    assert len(splits()) > 1


def test_that_each_class_says_how_many_images_each_split_has(
    opened: DataPage, session: Session, qtbot
) -> None:
    row = opened.class_list.model().index(0, 0)
    words = row.data(Qt.ItemDataRole.ToolTipRole)
    assert words == "blue, 12 images: 8 training, 2 validation, 2 test"
    opened.split_editor.share("test").setValue(34)
    qtbot.waitUntil(lambda: row.data(Qt.ItemDataRole.ToolTipRole) != words)
    assert row.data(Qt.ItemDataRole.ToolTipRole) == "blue, 12 images: 6 training, 2 validation, 4 test"


def test_that_folds_divide_a_small_set_and_each_can_validate(
    opened: DataPage, session: Session, qtbot
) -> None:
    editor = opened.split_editor
    assert not editor.fold_box.isVisible()
    editor.folds_box.setCurrentIndex(1)
    qtbot.waitUntil(lambda: session.data.folds == 3)
    assert session.catalogue is not None
    first = {image.path for image in session.catalogue.of_split("val")}
    editor.fold_box.setCurrentIndex(1)
    qtbot.waitUntil(lambda: session.data.fold == 1)
    assert first.isdisjoint(image.path for image in session.catalogue.of_split("val"))
    assert not editor.share("val").isEnabled()
    assert editor.note.startswith("Cross-validation: of 3 folds")


def test_that_folds_are_not_offered_for_many_images(page: DataPage) -> None:
    editor = page.split_editor
    editor.show_division({"train": 199, "val": 50, "test": 50}, ())
    assert editor.folds_box.isVisibleTo(editor)
    editor.show_division({"train": 200, "val": 50, "test": 50}, ())
    assert not editor.folds_box.isVisibleTo(editor)


def test_that_a_folder_changed_outside_is_offered_to_be_read_again(
    page: DataPage, tmp_path: Path, session: Session, worker: Worker, qtbot
) -> None:
    root = image_folder(tmp_path, 6)
    page.open_folder(root)
    qtbot.waitUntil(lambda: not worker.tasks)
    page.folder.rename("red", "rose")
    qtbot.waitUntil(lambda: not worker.tasks)
    come_back(worker, qtbot)
    assert not page.offer.isVisible()
    picture(COLOURS["red"], 99).save(root / "red" / "new.png")
    (root / "blue" / "00.png").unlink()
    come_back(worker, qtbot)
    assert page.offer.sentence == "The folder has changed on the disk: 1 file added, 1 file gone."
    assert session.catalogue is not None
    assert "red/new.png" not in {image.path for image in session.catalogue.images}
    click(page.offer.accept_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert "red/new.png" in {image.path for image in session.catalogue.images}
    assert session.catalogue.classes == ("blue", "green", "rose")
    assert page.folder.history.can_undo


def test_that_what_was_declined_is_not_offered_again(
    page: DataPage, tmp_path: Path, worker: Worker, qtbot
) -> None:
    root = image_folder(tmp_path, 6)
    page.open_folder(root)
    qtbot.waitUntil(lambda: not worker.tasks)
    (root / "blue" / "00.png").unlink()
    come_back(worker, qtbot)
    click(page.offer.decline_button)
    come_back(worker, qtbot)
    assert not page.offer.isVisible()
    (root / "blue" / "01.png").unlink()
    come_back(worker, qtbot)
    assert page.offer.isVisible()


def test_that_an_archive_that_was_replaced_is_offered_to_be_read_again(
    page: DataPage, tmp_path: Path, session: Session, worker: Worker, qtbot
) -> None:
    root = image_folder(tmp_path / "set", 6)
    archive = Path(shutil.make_archive(str(root), "zip", root))
    page.open_folder(archive)
    qtbot.waitUntil(lambda: not worker.tasks)
    come_back(worker, qtbot)
    assert not page.offer.isVisible()
    picture(COLOURS["red"], 99).save(root / "red" / "new.png")
    shutil.make_archive(str(root), "zip", root)
    come_back(worker, qtbot)
    assert page.offer.sentence == "set.zip has changed on the disk."
    click(page.offer.accept_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert session.catalogue is not None
    assert "red/new.png" in {image.path for image in session.catalogue.images}
    come_back(worker, qtbot)
    assert not page.offer.isVisible()
    archive.unlink()
    come_back(worker, qtbot)
    assert page.offer.sentence == "set.zip is no longer there."


def test_that_all_of_it_has_names_and_is_reached_by_tab(leaky: DataPage) -> None:
    leaky.folder.changed_on_disk.emit(ChangesFound(1, 0, 0))
    check_controls(leaky)
    leaky.side.split_fold.button.setChecked(True)
    check_controls(leaky)


def come_back(worker: Worker, qtbot) -> None:
    """The window gets the focus."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    application.applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)
    qtbot.waitUntil(lambda: not worker.tasks)
