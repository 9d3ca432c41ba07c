"""Suspected labels in their gallery, decided by mouse and keys; the engine is scripted, the folder real."""

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QLabel

from tests.ui.controls import check_controls
from tests.ui.test_data_corrections import own
from tests.ui.test_data_page import click, names_shown, page
from tlstudio.config import Corrections
from tlstudio.data.corrections import CorrectionStore
from tlstudio.errors import BadInput, StudioError
from tlstudio.evaluation.labels_events import LabelsJudged, SuspectedLabel
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.training.events import RunFinished, RunStopped
from tlstudio.ui import run_engine
from tlstudio.ui.label_check import LabelCheck
from tlstudio.ui.pages.data import DataPage
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.outcome_bar import OutcomeBar
from tlstudio.ui.widgets.suspects_dialog import SuspectsDialog
from tlstudio.ui.worker import Worker

__all__ = ["own", "page"]

Key = Qt.Key
RUN = Path("runs") / "one"
SUSPECTS = (
    SuspectedLabel("blue/01.png", "train", "blue", "red", 0.01, 0.95),
    SuspectedLabel("red/03.png", "val", "red", "green", 0.02, 0.9),
    SuspectedLabel("green/00.png", "test", "green", "blue", 0.1, 0.6),
)


class Judge:
    """A scripted check of labels."""

    def __init__(self, root: Path) -> None:
        self.judged = LabelsJudged(RUN, root, 24, "By a model that never saw them.", SUSPECTS)
        self.notes: list[Event] = []
        self.error: StudioError | None = None
        self.go_on = threading.Event()
        self.go_on.set()

    def check(self, run: Path, control: Control) -> Iterator[Event]:
        yield Progress("Describing the images", 7, 24)
        while not self.go_on.wait(0.01):
            control.checkpoint()
        if self.error:
            raise self.error
        yield from self.notes
        yield self.judged


@pytest.fixture
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Judge:
    judge = Judge(tmp_path / "pictures")
    monkeypatch.setattr(run_engine, "check_labels", judge.check)
    return judge


@pytest.fixture
def dialog(own: DataPage, judge: Judge, worker: Worker, theme: Theme, qtbot) -> Iterator[SuspectsDialog]:
    yield shown(own, worker, theme, qtbot)
    qtbot.waitUntil(lambda: not worker.tasks)


def shown(page: DataPage, worker: Worker, theme: Theme, qtbot, *, ready: bool = True) -> SuspectsDialog:
    check = LabelCheck(page.folder, worker, page)
    check.check(RUN)
    dialog = SuspectsDialog(check, page.browser.store, theme, page)
    dialog.folder_wanted.connect(page.open_folder)
    dialog.open()
    if ready:
        qtbot.waitUntil(lambda: not worker.tasks)
    return dialog


def left(dialog: SuspectsDialog) -> list[str]:
    model = dialog.model
    return [model.index(row).data() for row in range(model.rowCount())]


def corrections(page: DataPage) -> Corrections:
    return page.folder.history.current


def press(dialog: SuspectsDialog, key: Qt.Key, with_control: bool = False) -> None:
    modifier = Qt.KeyboardModifier.ControlModifier if with_control else Qt.KeyboardModifier.NoModifier
    QTest.keyClick(dialog.grid, key, modifier)


def test_that_suspects_are_shown_most_suspicious_first_with_what_speaks_against_them(dialog: SuspectsDialog):
    assert dialog.title.text() == "3 labels suspected to be wrong"
    assert dialog.how.text() == "By a model that never saw them."
    assert left(dialog) == ["blue/01.png", "red/03.png", "green/00.png"]
    assert dialog.name.text() == "01.png"
    assert dialog.given.text() == "Labelled blue: 1.0 % likely · training"
    assert dialog.suggested.text() == "Looks like red: 95.0 % likely"
    assert dialog.relabel_button.text() == "Relabel as red"
    assert "rather red 95.0 %" in dialog.model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    check_controls(dialog)
    QAbstractItemModelTester(dialog.model)


def test_that_a_low_window_squeezes_the_picture_and_nothing_else(dialog: SuspectsDialog, qtbot):
    dialog.resize(736, 552)
    qtbot.waitUntil(lambda: dialog.height() == 552)
    parts = (dialog.canvas, dialog.name, dialog.given, dialog.suggested, dialog.relabel_button)
    for above, below in itertools.pairwise(parts):
        assert above.geometry().bottom() < below.geometry().top()
    assert dialog.right_button.height() >= dialog.right_button.sizeHint().height()


def test_that_their_pictures_are_drawn(dialog: SuspectsDialog, qtbot):
    qtbot.waitUntil(lambda: dialog.model.index(0).data(Qt.ItemDataRole.DecorationRole) is not None)
    qtbot.waitUntil(lambda: dialog.canvas.picture is not None)


def test_that_relabelling_corrects_the_folder_and_the_next_suspect_follows(
    dialog: SuspectsDialog, own: DataPage, tmp_path: Path, worker: Worker, qtbot
):
    click(dialog.relabel_button)
    assert corrections(own) == Corrections(labels={"blue/01.png": "red"})
    assert left(dialog) == ["red/03.png", "green/00.png"]
    assert dialog.name.text() == "03.png"
    qtbot.waitUntil(lambda: not worker.tasks)
    kept = CorrectionStore().load(tmp_path / "pictures")
    assert kept.corrections.labels == {"blue/01.png": "red"}
    assert (tmp_path / "pictures" / "blue" / "01.png").is_file()


def test_that_each_decision_has_a_key_and_control_z_takes_them_back(dialog: SuspectsDialog, own: DataPage):
    press(dialog, Key.Key_R)
    press(dialog, Key.Key_Delete)
    press(dialog, Key.Key_Y)
    assert corrections(own) == Corrections(labels={"blue/01.png": "red"}, without=("red/03.png",))
    assert left(dialog) == []
    assert dialog.nothing.isVisible()
    for count in (1, 2, 3):
        QTest.keyClick(dialog, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert len(left(dialog)) == count
    assert corrections(own) == Corrections()
    assert not dialog.undo_button.isEnabled()


def test_that_an_image_that_comes_back_is_the_selected_one(dialog: SuspectsDialog):
    press(dialog, Key.Key_Right)
    press(dialog, Key.Key_Delete)
    assert [one.path for one in dialog.selected] == ["green/00.png"]
    click(dialog.undo_button)
    assert [one.path for one in dialog.selected] == ["red/03.png"]


def test_that_an_image_is_moved_to_a_class_of_choice(dialog: SuspectsDialog, own: DataPage):
    press(dialog, Key.Key_M)
    assert dialog.move_menu.isVisible()
    actions = {action.data(): action for action in dialog.move_menu.actions()}
    assert list(actions) == ["blue", "green", "red"]
    assert not actions["blue"].isEnabled()  # it is there already
    actions["green"].trigger()
    dialog.move_menu.close()
    assert corrections(own).labels == {"blue/01.png": "green"}


def test_that_several_are_decided_at_once(dialog: SuspectsDialog, own: DataPage):
    press(dialog, Key.Key_A, with_control=True)
    assert dialog.name.text() == "3 images selected"
    assert dialog.relabel_button.text() == "Relabel as suggested"
    click(dialog.relabel_button)
    assert corrections(own).labels == {one.path: one.suggested for one in SUSPECTS}
    click(dialog.undo_button)
    assert len(left(dialog)) == 3


def test_that_what_is_right_is_kept_for_good_and_can_be_taken_back(
    dialog: SuspectsDialog, own: DataPage, tmp_path: Path, worker: Worker, qtbot
):
    def kept() -> dict[str, str]:
        qtbot.waitUntil(lambda: not worker.tasks)
        return CorrectionStore().load(tmp_path / "pictures").right

    before = own.folder.divided
    click(dialog.right_button)
    assert left(dialog) == ["red/03.png", "green/00.png"]
    assert kept() == {"blue/01.png": "blue"}
    assert corrections(own) == Corrections()
    assert own.folder.divided is before  # the next run is the same
    click(dialog.undo_button)
    assert left(dialog)[0] == "blue/01.png"
    assert kept() == {}


def test_that_the_last_of_quick_decisions_is_the_one_that_is_kept(
    dialog: SuspectsDialog, tmp_path: Path, worker: Worker, qtbot
):
    for _ in range(5):
        press(dialog, Key.Key_Y)
        press(dialog, Key.Key_Z, with_control=True)
    press(dialog, Key.Key_Y)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert CorrectionStore().load(tmp_path / "pictures").right == {"blue/01.png": "blue"}


def test_that_what_is_corrected_on_the_data_page_since_stays_when_a_decision_is_taken_back(
    dialog: SuspectsDialog, own: DataPage
):
    press(dialog, Key.Key_R)
    own.folder.mend(Corrections(without=("red/07.png",)))
    click(dialog.undo_button)
    assert corrections(own) == Corrections(without=("red/07.png",))
    assert len(left(dialog)) == 3


def test_that_what_was_undone_on_the_data_page_comes_back(dialog: SuspectsDialog, own: DataPage):
    press(dialog, Key.Key_R)
    own.folder.undo()
    dialog.undo()
    assert len(left(dialog)) == 3
    assert corrections(own) == Corrections()


def test_that_a_decision_that_leaves_nothing_to_train_on_is_refused_and_taken_back(
    own: DataPage, judge: Judge, worker: Worker, theme: Theme, tmp_path: Path, qtbot
):
    everything = tuple(
        SuspectedLabel(f"{name}/{number:02d}.png", "train", name, "red", 0.1, 0.8)
        for name in ("blue", "green")
        for number in range(8)
    )
    judge.judged = LabelsJudged(RUN, tmp_path / "pictures", 24, "By a model.", everything)
    dialog = shown(own, worker, theme, qtbot)
    press(dialog, Key.Key_A, with_control=True)
    press(dialog, Key.Key_R)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert "only the class 'red' is left" in dialog.banner.message
    assert corrections(own) == Corrections()
    assert len(left(dialog)) == 16
    assert not dialog.undo_button.isEnabled()


def test_that_the_data_page_can_be_filtered_by_what_is_still_suspected(
    own: DataPage, judge: Judge, dataset: Path, worker: Worker, theme: Theme, qtbot
):
    check = LabelCheck(own.folder, worker, own)
    check.suspected.connect(own.browser.set_suspected)
    check.check(RUN)
    qtbot.waitUntil(lambda: not worker.tasks)
    box = own.browser.filters.problem_box
    box.setCurrentIndex(box.findData("Suspected labels"))
    assert names_shown(own) == ["blue/01.png", "green/00.png", "red/03.png"]
    assert "Suspected label: it looks like red (95.0 % likely)" in own.browser.preview.notes
    check.find_right(SUSPECTS[:1])
    assert names_shown(own) == ["green/00.png", "red/03.png"]
    own.open_folder(dataset)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert box.findData("Suspected labels") == -1


# Another folder


def test_that_the_images_of_the_run_are_offered_where_another_folder_is_open(
    page: DataPage, own: DataPage, judge: Judge, dataset: Path, worker: Worker, theme: Theme, qtbot
):
    own.open_folder(dataset)
    qtbot.waitUntil(lambda: not worker.tasks)
    dialog = shown(own, worker, theme, qtbot)
    assert "have to be open on the Data page" in dialog.offer.sentence
    for one in (dialog.relabel_button, dialog.move_button, dialog.leave_out_button):
        assert not one.isEnabled()
    press(dialog, Key.Key_R)
    assert len(left(dialog)) == 3
    click(dialog.offer.accept_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert not dialog.offer.isVisible()
    click(dialog.relabel_button)
    assert corrections(own).labels == {"blue/01.png": "red"}
    qtbot.waitUntil(lambda: not worker.tasks)


def test_that_a_class_that_the_folder_has_no_more_is_not_suggested(
    dialog: SuspectsDialog, own: DataPage, qtbot
):
    own.folder.rename("red", "crimson")
    qtbot.waitUntil(lambda: not dialog.relabel_button.isEnabled())
    assert dialog.move_button.isEnabled()


# The check itself


def test_that_it_shows_how_far_it_is_and_closing_stops_it(
    own: DataPage, judge: Judge, worker: Worker, theme: Theme, qtbot
):
    judge.go_on.clear()
    dialog = shown(own, worker, theme, qtbot, ready=False)
    qtbot.waitUntil(lambda: dialog.progress_words.text() == "Describing the images · 7 of 24")
    assert dialog.title.text() == "Checking the labels"
    with qtbot.waitSignal(dialog.finished):
        click(dialog.stop_button)
    qtbot.waitUntil(lambda: not worker.tasks)


def test_that_a_run_whose_labels_all_seem_right_says_so(
    own: DataPage, judge: Judge, worker: Worker, theme: Theme, tmp_path: Path, qtbot
):
    judge.judged = LabelsJudged(RUN, tmp_path / "pictures", 24, "By a model.", ())
    dialog = shown(own, worker, theme, qtbot)
    assert dialog.nothing.isVisible()
    words = [label.text() for label in dialog.nothing.findChildren(QLabel)]
    assert words == ["No label is suspected to be wrong", "24 images judged."]
    assert not dialog.offer.isVisible()


def test_that_an_error_is_told_with_what_to_do(
    own: DataPage, judge: Judge, worker: Worker, theme: Theme, qtbot
):
    judge.error = BadInput("There are too few images.", "Add some.")
    dialog = shown(own, worker, theme, qtbot)
    assert dialog.banner.message == "There are too few images."
    assert dialog.title.text() == "The labels could not be checked"
    assert not dialog.progress.isVisible()


def test_that_what_came_up_on_the_way_is_told(
    own: DataPage, judge: Judge, worker: Worker, theme: Theme, qtbot
):
    judge.notes = [Notice("The features cannot be kept.")]
    dialog = shown(own, worker, theme, qtbot)
    assert dialog.how.text().endswith("\nThe features cannot be kept.")


# Where it is offered


def test_that_a_finished_run_offers_it_and_no_other(theme: Theme, qtbot):
    bar = OutcomeBar(theme)
    qtbot.addWidget(bar)
    asked: list[Path] = []
    bar.labels_wanted.connect(asked.append)
    bar.show_end(RunFinished(RUN, 2, 0.9, 0.8, 10.0, 0.0))
    click(bar.labels_button)
    assert asked == [RUN]
    bar.show_end(RunStopped(RUN, 1, 1))
    assert not bar.labels_button.isVisible()
