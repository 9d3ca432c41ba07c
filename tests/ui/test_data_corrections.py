"""The Data page where a folder's classes are corrected, with the keys and buttons a person has."""

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from tests.images import image_folder
from tests.ui.test_data_page import choose_class, click, names_shown, opened, page
from tlstudio.config import Corrections
from tlstudio.data.corrections import CorrectionStore
from tlstudio.errors import StudioError
from tlstudio.ui.pages.data import DataPage
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.class_list import ClassRow
from tlstudio.ui.widgets.next_run import NextRun
from tlstudio.ui.worker import Worker

__all__ = ["opened", "page"]


@pytest.fixture
def own(page: DataPage, tmp_path: Path, worker: Worker, qtbot) -> DataPage:
    """The page with a folder of its own open."""
    page.open_folder(image_folder(tmp_path / "pictures", 8))
    qtbot.waitUntil(lambda: not worker.tasks)
    page.activateWindow()
    return page


def rows(page: DataPage) -> list[ClassRow]:
    page.class_list.selectAll()
    found = page.class_list.selected
    page.class_list.clearSelection()
    return found


def classes(page: DataPage) -> list[str]:
    return [row.name if row.label is not None else f"({row.name})" for row in rows(page)]


def select(page: DataPage, *names: str) -> None:
    page.class_list.clearSelection()
    model = page.class_list.model()
    for row in range(model.rowCount()):
        if model.index(row, 0).data() in names:
            page.class_list.selectionModel().setCurrentIndex(
                model.index(row, 0), QItemSelectionModel.SelectionFlag.Select
            )
    page.class_list.setFocus()


def rename(page: DataPage, old: str, new: str) -> None:
    select(page, old)
    QTest.keyClick(page.class_list, Qt.Key.Key_F2)
    editor = page.class_list.findChild(QLineEdit)
    assert editor is not None
    editor.selectAll()
    QTest.keyClicks(editor, new)
    QTest.keyClick(editor, Qt.Key.Key_Return)


def test_that_a_class_is_renamed_where_it_stands(own: DataPage, session: Session, qtbot) -> None:
    rename(own, "green", "leaf")
    qtbot.waitUntil(lambda: classes(own) == ["blue", "leaf", "red"])
    assert session.catalogue is not None
    assert session.catalogue.classes == ("blue", "leaf", "red")
    assert session.data.corrections == Corrections(names={"green": "leaf"})
    assert own.side.class_pane.corrections.text() == "1 correction"
    assert own.side.class_pane.corrections.toolTip() == "1 class renamed"


def test_that_a_name_that_another_class_has_merges_the_two(own: DataPage, session: Session, qtbot) -> None:
    rename(own, "green", "red")
    qtbot.waitUntil(lambda: classes(own) == ["blue", "red"])
    assert [(row.name, row.count) for row in rows(own)] == [("blue", 8), ("red", 16)]


@pytest.mark.parametrize("typed", ["", "  ", "green", " green "])
def test_that_an_empty_or_the_same_name_changes_nothing(own: DataPage, typed: str, worker: Worker) -> None:
    rename(own, "green", typed)
    assert not own.folder.history.can_undo
    assert classes(own) == ["blue", "green", "red"]


def test_that_selected_classes_are_merged_into_the_largest(
    own: DataPage, worker: Worker, tmp_path: Path, qtbot
) -> None:
    (tmp_path / "pictures" / "red" / "07.png").unlink()
    own.folder.read_again()
    qtbot.waitUntil(lambda: not worker.tasks)
    select(own, "green", "red")
    assert own.class_list.merge_action.text() == "Merge 2 into green"
    QTest.keyClick(own.class_list, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: classes(own) == ["blue", "green"])
    assert [row.count for row in rows(own)] == [8, 15]


def test_that_a_class_that_is_left_out_stays_in_sight_and_can_come_back(
    own: DataPage, session: Session, qtbot
) -> None:
    select(own, "green")
    QTest.keyClick(own.class_list, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: classes(own) == ["blue", "red", "(green)"])
    assert own.summary.text() == "2 classes · 16 images"
    select(own, "green")
    assert own.class_list.leave_out_action.text() == "Take in again"
    assert not own.class_list.rename_action.isEnabled()
    QTest.keyClick(own.class_list, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: classes(own) == ["blue", "green", "red"])
    assert session.data.corrections == Corrections()


def test_that_steps_are_undone_and_made_again_by_keys_and_buttons(own: DataPage, qtbot) -> None:
    pane = own.side.class_pane
    assert not pane.undo_button.isVisible()
    own.folder.rename("green", "leaf")
    own.folder.rename("red", "rose")
    qtbot.waitUntil(lambda: classes(own) == ["blue", "leaf", "rose"])
    QTest.keyClick(own.class_list, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: classes(own) == ["blue", "leaf", "red"])
    click(pane.undo_button)
    qtbot.waitUntil(lambda: classes(own) == ["blue", "green", "red"])
    assert pane.corrections.text() == ""
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(own.class_list, Qt.Key.Key_Z, keys)
    qtbot.waitUntil(lambda: classes(own) == ["blue", "leaf", "red"])
    click(pane.redo_button)
    qtbot.waitUntil(lambda: classes(own) == ["blue", "leaf", "rose"])


def test_that_all_is_undone_at_once_and_that_too_can_be_undone(own: DataPage, qtbot) -> None:
    own.folder.rename("green", "leaf")
    own.folder.leave_out(("leaf",))
    qtbot.waitUntil(lambda: classes(own) == ["blue", "red", "(leaf)"])
    click(own.side.class_pane.undo_all_button)
    qtbot.waitUntil(lambda: classes(own) == ["blue", "green", "red"])
    click(own.side.class_pane.undo_button)
    qtbot.waitUntil(lambda: classes(own) == ["blue", "red", "(leaf)"])


def test_that_corrections_are_kept_for_the_folder_and_its_files_untouched(
    own: DataPage, tmp_path: Path, worker: Worker, theme: Theme, qtbot
) -> None:
    files = sorted(tmp_path.rglob("*"))
    own.folder.rename("green", "leaf")
    qtbot.waitUntil(lambda: not worker.tasks)
    assert sorted(tmp_path.rglob("*")) == files
    session = Session()
    again = DataPage(session, worker, theme, Settings())
    qtbot.addWidget(again)
    again.open_folder(tmp_path / "pictures")
    qtbot.waitUntil(lambda: not worker.tasks)
    assert classes(again) == ["blue", "leaf", "red"]
    assert again.side.class_pane.corrections.text() == "1 correction"


def test_that_a_correction_that_leaves_nothing_to_tell_apart_is_refused(
    own: DataPage, session: Session, worker: Worker, qtbot
) -> None:
    own.folder.rename("green", "leaf")
    qtbot.waitUntil(lambda: not worker.tasks)
    own.folder.leave_out(("leaf", "red"))
    qtbot.waitUntil(lambda: own.banner.isVisible() and not worker.tasks)
    assert "nothing to tell apart" in own.banner.message
    assert classes(own) == ["blue", "leaf", "red"]
    assert session.data.corrections == own.folder.history.current == Corrections(names={"green": "leaf"})


def test_that_corrections_that_cannot_be_kept_hold_all_the_same(
    own: DataPage, monkeypatch, worker: Worker, qtbot
) -> None:
    def fail(*args: object) -> None:
        raise StudioError("The corrections cannot be kept.", "Free some disk space.")

    monkeypatch.setattr(CorrectionStore, "save", fail)
    own.folder.rename("green", "leaf")
    qtbot.waitUntil(lambda: own.banner.isVisible() and not worker.tasks)
    assert classes(own) == ["blue", "leaf", "red"]
    assert own.side.health.report is not None


def test_that_corrections_that_no_longer_fit_are_dropped_and_said(
    page: DataPage, tmp_path: Path, worker: Worker, qtbot
) -> None:
    root = image_folder(tmp_path / "pictures", 6)
    CorrectionStore().save(root, Corrections(without_classes=("green",)))
    shutil.rmtree(root / "red")
    page.open_folder(root)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert classes(page) == ["blue", "green"]
    assert "no longer fit it" in page.understood.sentence.text()


def test_that_the_filter_follows_a_class_that_gets_another_place(own: DataPage, qtbot) -> None:
    choose_class(own, "red")
    own.folder.leave_out(("blue",))
    qtbot.waitUntil(lambda: classes(own) == ["green", "red", "(blue)"])
    assert all(name.startswith("red/") for name in names_shown(own))
    assert len(names_shown(own)) == 8


def test_that_a_run_takes_all_that_was_chosen_about_the_images(
    own: DataPage, session: Session, worker: Worker, theme: Theme, settings: Settings, qtbot
) -> None:
    own.folder.rename("green", "leaf")
    own.split_editor.together_box.click()
    own.split_editor.folds_box.setCurrentIndex(2)
    own.split_editor.fold_box.setCurrentIndex(3)
    qtbot.waitUntil(lambda: session.data.fold == 3 and not worker.tasks)
    run = NextRun(session, worker, theme, settings)
    qtbot.addWidget(run)
    run.refresh(editable=True, foreseen=False)
    data = run.config().data
    assert data.corrections == Corrections(names={"green": "leaf"})
    assert (data.keep_together, data.folds, data.fold) == (False, 5, 3)
    assert run.summary.facts["Data"].text().endswith("fold 4 of 5")


def test_that_the_images_of_a_run_come_as_it_had_them(
    own: DataPage, session: Session, worker: Worker, qtbot
) -> None:
    wanted = session.data.model_copy(
        update={"corrections": Corrections(names={"red": "rose"}), "folds": 3, "fold": 1}
    )
    own.open_images_of_run(wanted)
    qtbot.waitUntil(lambda: session.data == wanted and not worker.tasks)
    assert classes(own) == ["blue", "green", "rose"]
    assert own.split_editor.values["folds"] == 3
    assert own.split_editor.fold_box.currentText() == "2 of 3"


def test_that_the_images_of_an_old_run_do_not_lose_the_corrections_made_since(
    own: DataPage, worker: Worker, qtbot
) -> None:
    before = own.folder.data
    rename(own, "green", "other")
    qtbot.waitUntil(lambda: "other" in classes(own))
    qtbot.waitUntil(lambda: not worker.tasks)
    since = own.folder.data.corrections
    own.open_images_of_run(before)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert own.folder.data.corrections == Corrections()
    assert CorrectionStore().load(Path(before.root)).corrections == since
    assert "other" not in classes(own)
    QTest.keyClick(own.class_list, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: own.folder.data.corrections == since)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert "other" in classes(own)
