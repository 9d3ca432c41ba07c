"""What the network sees, drawn in the window."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from tlstudio.config import Augmentation, DataConfig, RunConfig
from tlstudio.data.catalogue import Catalogue, ImageRecord
from tlstudio.data.seen import ImagesChosen, ViewSeen, Wanted
from tlstudio.errors import BadInput
from tlstudio.events import Control, Event
from tlstudio.ui import engine
from tlstudio.ui.app import Studio
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.next_run import NextRun
from tlstudio.ui.widgets.seen_dialog import SeenDialog
from tlstudio.ui.worker import Worker

IMAGES = tuple(ImageRecord(f"a/{number}.png", 0, 8, 8, 100, "train") for number in range(6))
CATALOGUE = Catalogue(Path("nowhere"), ("a", "b"), IMAGES)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Wanted, str, str, int | None]]:
    """What was asked of the engine, which answers with three images; the last of them cannot be read."""
    calls: list[tuple[Wanted, str, str, int | None]] = []

    def see(wanted: Wanted, arch: str, weights: str, size: int | None, control: Control) -> Iterator[Event]:
        calls.append((wanted, arch, weights, size))
        yield ImagesChosen(IMAGES[:3], 40, 32)
        shares = () if wanted.mix == "none" else ((1, 0.7), (0, 0.3))
        for row in range(2):
            for column in range(6 if wanted.varies else 2):
                control.checkpoint()
                grey = bytes([wanted.roll + 50 * row] * 12)
                yield ViewSeen(row, column, 2, 2, grey, shares=shares if column > 1 else ())
        yield ViewSeen(2, 0, reason="truncated")

    monkeypatch.setattr(engine, "see_views", see)
    return calls


@pytest.fixture
def window(qtbot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    return window


@pytest.fixture
def dialog(window: QWidget, asked: list, worker: Worker, theme: Theme, qtbot) -> SeenDialog:
    dialog = SeenDialog(worker, theme, window)
    config = RunConfig(
        data=DataConfig(root="x"),
        arch="resnet18",
        augmentation=Augmentation.LIGHT,
        image_size=32,
        seed=5,
        mix="cutmix",
    )
    dialog.show_run(CATALOGUE, config, first="a/4.png")
    dialog.open()
    qtbot.waitUntil(lambda: not worker.tasks)
    return dialog


def click(button: QAbstractButton) -> None:
    assert button.isVisible()
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def grey(dialog: SeenDialog, row: int, column: int) -> int:
    picture = dialog.cells[row][column].picture
    assert picture is not None
    return picture.toImage().pixelColor(0, 0).red()


def test_that_the_run_decides_what_is_drawn(dialog: SeenDialog, asked: list) -> None:
    ((wanted, arch, weights, size),) = asked
    assert (arch, weights, size) == ("resnet18", "default", 32)
    assert (wanted.augmentation, wanted.seed, wanted.first) == (Augmentation.LIGHT, 5, "a/4.png")
    assert wanted.mix == "cutmix"
    assert dialog.augmentation_box.currentText().startswith("Light")
    assert dialog.mix_box.currentText() == "CutMix"
    assert dialog.sentence.text().startswith("ResNet-18 receives 32 × 32 pixels")
    assert "CutMix" in dialog.sentence.text()


def test_that_a_row_is_shown_for_each_image_and_a_reason_where_one_cannot_be_read(
    dialog: SeenDialog,
) -> None:
    assert [row[0].isVisible() for row in dialog.cells] == [True, True, True, False]
    assert all(cell.picture is not None for row in dialog.cells[:2] for cell in row)
    assert dialog.cells[2][0].reason == "truncated"
    assert dialog.cells[0][2].accessibleName() == "Training, view 1: a/0.png, a"
    assert [caption.text() for caption in dialog.captions[0][:2]] == ["a", ""]


def test_that_a_mixed_view_names_both_classes_with_their_shares(
    dialog: SeenDialog, worker: Worker, qtbot
) -> None:
    assert [caption.text() for caption in dialog.captions[1][2:]] == ["b 70 % · a 30 %"] * 4
    assert dialog.captions[1][2].isVisible()
    dialog.mix_box.setCurrentText("Off")
    qtbot.waitUntil(lambda: not worker.tasks)
    assert [caption.text() for caption in dialog.captions[1][2:]] == [""] * 4
    assert "CutMix" not in dialog.sentence.text().partition("The next run")[0]


def test_that_what_differs_from_the_plan_is_said(dialog: SeenDialog, worker: Worker, qtbot) -> None:
    assert "The next run" not in dialog.sentence.text()
    dialog.augmentation_box.setCurrentIndex(2)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert dialog.sentence.text().endswith("The next run is set to augmentation light, mixing CutMix.")


@pytest.mark.parametrize("by_key", [False, True])
def test_that_rolling_again_asks_for_other_views(
    dialog: SeenDialog, asked: list, worker: Worker, by_key: bool, qtbot
) -> None:
    if by_key:
        QTest.keyClick(dialog, Qt.Key.Key_R)
    else:
        click(dialog.roll_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert [call[0].roll for call in asked] == [0, 1]
    assert grey(dialog, 0, 2) == 1
    assert dialog.cells[0][2].accessibleName().startswith("Training, view 5: ")


def test_that_where_nothing_is_varied_a_row_has_three_images_and_varying_is_a_click_away(
    dialog: SeenDialog, asked: list, worker: Worker, qtbot
) -> None:
    dialog.augmentation_box.setCurrentText("None")
    qtbot.waitUntil(lambda: not worker.tasks)
    dialog.mix_box.setCurrentText("Off")
    qtbot.waitUntil(lambda: not worker.tasks)
    wanted = asked[-1][0]
    assert (wanted.augmentation, wanted.mix, wanted.images) == (Augmentation.NONE, "none", 12)
    assert [cell.isVisible() for cell in dialog.cells[0]] == [True] * 6
    assert not dialog.cells[1][0].isVisible()
    assert dialog.cells[0][3].accessibleName() == "The network receives: a/1.png, a"
    assert (grey(dialog, 0, 1), grey(dialog, 0, 3)) == (0, 50)
    assert dialog.cells[0][4].reason == "truncated"
    assert "Training sees the images as validation does" in dialog.sentence.text()
    assert not dialog.roll_button.isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_R)
    assert asked[-1][0] is wanted
    dialog.augmentation_box.setCurrentIndex(2)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert asked[-1][0].augmentation is Augmentation.STRONG
    assert dialog.cells[0][5].accessibleName() == "Training, view 4: a/0.png, a"
    assert dialog.roll_button.isEnabled()


def test_that_other_images_can_be_asked_for(dialog: SeenDialog, asked: list, worker: Worker, qtbot) -> None:
    click(dialog.others_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert (asked[-1][0].choice, asked[-1][0].first) == (1, "")


def test_that_a_failure_is_said_in_the_dialog(
    dialog: SeenDialog, worker: Worker, monkeypatch: pytest.MonkeyPatch, qtbot
) -> None:
    def fail(*_: object) -> Iterator[Event]:
        raise BadInput("There is no such network.", "Choose another one.")

    monkeypatch.setattr(engine, "see_views", fail)
    click(dialog.roll_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert dialog.banner.message == "There is no such network."


def test_that_closing_stops_what_is_being_drawn(
    dialog: SeenDialog, worker: Worker, monkeypatch: pytest.MonkeyPatch, qtbot
) -> None:
    def endless(*args: object) -> Iterator[Event]:
        control = args[-1]
        assert isinstance(control, Control)
        while True:
            control.checkpoint()
            yield ImagesChosen(IMAGES[:1], 40, 32)

    monkeypatch.setattr(engine, "see_views", endless)
    click(dialog.roll_button)
    qtbot.waitUntil(lambda: bool(worker.tasks))
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not worker.tasks)


def test_that_the_train_page_previews_what_its_form_says(
    asked: list, session: Session, settings: Settings, worker: Worker, theme: Theme, qtbot
) -> None:
    run = NextRun(session, worker, theme, settings)
    qtbot.addWidget(run)
    run.resize(400, 800)
    run.show()
    run.refresh(editable=True, foreseen=False)
    assert not run.form.preview_button.isEnabled()
    session.catalogue = CATALOGUE
    run.form.set_values({"augmentation": "strong", "mix": "mixup", "views": 4, "image_size": 64, "seed": 9})
    run.refresh(editable=True, foreseen=False)
    click(run.form.preview_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    ((wanted, arch, _, size),) = asked
    assert (wanted.augmentation, wanted.mix, wanted.seed, size) == (Augmentation.STRONG, "mixup", 9, 64)
    assert arch == session.arch
    run.findChildren(SeenDialog)[0].close()


def test_that_the_data_page_asks_with_the_image_that_is_looked_at(
    asked: list, dataset: Path, qapp: QApplication, monkeypatch: pytest.MonkeyPatch, qtbot
) -> None:
    monkeypatch.setattr(engine, "read_layers", lambda *_: iter(()))
    studio = Studio(qapp)
    studio.worker.release()
    qtbot.addWidget(studio.window)
    studio.window.showNormal()
    studio.window.resize(1280, 800)  # or there would be no room for the preview
    studio.open_folder(dataset)
    qtbot.waitUntil(lambda: not studio.worker.tasks)
    studio.data.browser.grid.setCurrentIndex(studio.data.browser.model.index(4))
    click(studio.data.browser.preview.seen_button)
    qtbot.waitUntil(lambda: not studio.worker.tasks)
    assert asked[0][0].first == "blue/04.png"
    studio.window.findChildren(SeenDialog)[0].close()
    studio.theme.deleteLater()
