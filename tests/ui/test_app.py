"""Starting and leaving the whole window."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QMessageBox

from tests.trained import finished_run
from tlstudio.config import DataConfig, SplitRatios
from tlstudio.events import Control, Event
from tlstudio.models.events import LayersRead
from tlstudio.models.layers import LayerNode, LayerTree
from tlstudio.runs.index import RunIndex, RunRow
from tlstudio.runs.store import RunFolder
from tlstudio.training.replay import RunCutOff
from tlstudio.ui import engine, run_engine
from tlstudio.ui import settings as remembered
from tlstudio.ui.app import Alarm, Studio
from tlstudio.ui.pages.base import Page
from tlstudio.ui.widgets.suspects_dialog import SuspectsDialog

__all__ = ["finished_run"]


@pytest.fixture
def studio(qapp: QApplication, monkeypatch: pytest.MonkeyPatch, qtbot) -> Iterator[Studio]:
    def read_layers(arch: str, classes: int, control: Control) -> Iterator[Event]:
        layers = (
            LayerNode("conv", "conv", "Conv2d", (8, 4, 4), 10),
            LayerNode("fc", "fc", "Linear", (classes,), 10),
        )
        yield LayersRead(LayerTree(arch, layers))

    monkeypatch.setattr(engine, "read_layers", read_layers)
    studio = Studio(qapp)
    studio.worker.release()
    qtbot.addWidget(studio.window)
    studio.window.show()
    qtbot.waitExposed(studio.window)
    yield studio
    qtbot.waitUntil(lambda: not studio.worker.tasks)
    studio.theme.deleteLater()


def current(studio: Studio) -> str:
    page = studio.window.pages.currentWidget()
    assert isinstance(page, Page)
    return page.title


def test_that_importing_the_window_loads_neither_torch_nor_open_clip() -> None:
    code = "import sys, tlstudio.ui.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"torch", "torchvision", "timm", "open_clip"}.isdisjoint(done.stdout.split())


def test_that_a_folder_is_opened_on_the_data_page(studio: Studio, dataset: Path, qtbot) -> None:
    studio.open(dataset, sample=False)
    assert current(studio) == "Data"
    qtbot.waitUntil(lambda: studio.session.catalogue is not None)
    assert studio.session.data.root == str(dataset)


def test_that_an_image_is_tried_unless_the_zero_shot_page_is_open(studio: Studio, dataset: Path) -> None:
    image = dataset / "red" / "00.png"
    studio.open(image, sample=False)
    assert current(studio) == "Try it"
    assert list(studio.try_it.desk.images) == [image]
    studio.window.show_page("zero-shot")
    studio.window.images_dropped.emit([image])
    assert current(studio) == "Zero-shot"
    assert list(studio.zero_shot.desk.images) == [image]


def test_that_a_run_is_opened_on_the_train_page_and_its_images_behind_it(
    studio: Studio, finished_run: Path, dataset: Path, qtbot
) -> None:
    studio.open(finished_run, sample=False)
    assert current(studio) == "Train"
    qtbot.waitUntil(lambda: studio.session.catalogue is not None and not studio.worker.tasks, timeout=60_000)
    assert current(studio) == "Train"
    assert studio.train.model.rowCount() == 2
    assert studio.train.outcome.sentence.startswith("Epoch")
    assert (studio.session.arch, studio.session.data.root) == ("resnet18", str(dataset))
    assert studio.data.summary.text() == "3 classes · 36 images"


def test_that_a_run_named_from_within_is_opened_too(
    studio: Studio, finished_run: Path, monkeypatch: pytest.MonkeyPatch, qtbot
) -> None:
    monkeypatch.chdir(finished_run / "checkpoints")
    studio.open(Path(".."), sample=False)
    qtbot.waitUntil(lambda: studio.train.model.rowCount() == 2, timeout=60_000)
    assert studio.train.outcome.open_button.toolTip() == str(finished_run)


def test_that_the_images_of_a_run_are_divided_as_it_divided_them(
    studio: Studio, dataset: Path, qtbot
) -> None:
    ratios = SplitRatios(train=0.5, val=0.25, test=0.25)
    data = DataConfig(root=str(dataset), ratios=ratios, split_seed=9)
    studio.train.images_wanted.emit(data)
    qtbot.waitUntil(lambda: studio.session.catalogue is not None)
    assert studio.session.data == data
    assert studio.data.split_editor.seed_box.value() == 9


def test_that_a_run_lost_in_a_crash_is_offered_once_the_window_is_there(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, qtbot
) -> None:
    lost = RunCutOff(Path("runs/lost"), 0.0, 2, 4, 2)
    monkeypatch.setattr(run_engine, "find_cut_off_runs", lambda control: iter([lost]))
    monkeypatch.setattr(engine, "warm_up", lambda control: iter([]))
    studio.begin()
    qtbot.waitUntil(lambda: studio.window.rail.buttons[2].accessibleDescription() == "needs attention")
    studio.window.show_page("train")
    assert studio.train.offer.isVisible()


def test_that_a_dropped_folder_reaches_the_data_page_from_anywhere(
    studio: Studio, dataset: Path, qtbot
) -> None:
    studio.window.show_page("train")
    studio.window.folder_dropped.emit(dataset)
    assert current(studio) == "Data"
    qtbot.waitUntil(lambda: studio.session.catalogue is not None)


def test_that_the_page_and_the_data_of_the_last_time_come_back(studio: Studio, dataset: Path, qtbot) -> None:
    studio.settings.set(remembered.DATA, str(dataset))
    studio.settings.set(remembered.PAGE, "train")
    studio.open(None, sample=False)
    qtbot.waitUntil(lambda: studio.session.catalogue is not None)
    assert current(studio) == "Train"
    assert studio.train.start_button.isEnabled()


def test_that_data_go_on_to_the_model_and_train_goes_back_to_data(studio: Studio) -> None:
    studio.data.go_on.emit()
    assert current(studio) == "Model"
    studio.train.go_to_data.emit()
    assert current(studio) == "Data"


def test_that_torch_is_warmed_up_in_the_background(studio: Studio, monkeypatch, qtbot) -> None:
    threads = []

    def warm_up(control: Control) -> Iterator[Event]:
        threads.append(threading.current_thread())
        yield engine.MachineReady("cuda")

    monkeypatch.setattr(engine, "warm_up", warm_up)
    studio.begin()
    qtbot.waitUntil(lambda: studio.window.strip.device.text() == "NVIDIA GPU")
    assert threads != [threading.main_thread()]


def test_that_an_uncaught_error_is_logged_and_said_with_its_details(
    studio: Studio, caplog: pytest.LogCaptureFixture, qtbot
) -> None:
    alarm = Alarm(studio.window)
    alarm.install()
    try:
        try:
            raise ZeroDivisionError("a slip")
        except ZeroDivisionError as error:
            sys.excepthook(type(error), error, error.__traceback__)
    finally:
        alarm.uninstall()
    (box,) = studio.window.findChildren(QMessageBox)
    assert box.isVisible()
    assert "a slip" in box.informativeText()
    assert "Traceback" in box.detailedText()
    assert "Nobody caught this" in caplog.text
    box.reject()


def test_that_an_uncaught_error_of_a_thread_reaches_the_person(studio: Studio, qtbot) -> None:
    alarm = Alarm(studio.window)
    alarm.install()
    try:
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
    finally:
        alarm.uninstall()
    qtbot.waitUntil(lambda: bool(studio.window.findChildren(QMessageBox)))
    studio.window.findChildren(QMessageBox)[0].reject()


def test_that_the_program_opens_and_leaves_in_a_fresh_home_of_any_name(tmp_path: Path) -> None:
    code = (
        "from PySide6.QtCore import QTimer\n"
        "import tlstudio.ui.app as app\n"
        "app._BEGIN_AFTER = 60_000\n"
        "app.Studio.open = lambda self, path, sample: QTimer.singleShot(100, self.window.close)\n"
        "raise SystemExit(app.run_window())\n"
    )
    home = tmp_path / "사용자"
    environment = {**os.environ, "TLSTUDIO_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, "Destroyed" in done.stderr) == (0, False), done.stderr
    assert "TL Studio" in (home / "log" / "tlstudio.log").read_text("utf-8")
    assert (home / "config" / "settings.json").is_file()


def test_that_a_finished_run_is_evaluated_from_where_it_ended(
    studio: Studio, finished_run: Path, tmp_path: Path, qtbot
) -> None:
    config = RunFolder.open(finished_run).config
    run = shutil.copytree(finished_run, tmp_path / "run")
    RunIndex().put(RunRow.of(run, config, "finished"))
    studio.open(run, sample=False)
    qtbot.waitUntil(lambda: studio.train.outcome.evaluate_button.isVisible() and not studio.worker.tasks)
    studio.train.outcome.evaluate_button.click()
    assert current(studio) == "Evaluate"
    qtbot.waitUntil(lambda: studio.evaluate.desk.evaluated is not None, timeout=60_000)
    evaluated = studio.evaluate.desk.evaluated
    assert evaluated is not None
    assert (evaluated.run, evaluated.test.metrics.images) == (run, 6)


def test_that_the_labels_of_a_finished_run_are_checked_and_shown(
    studio: Studio, finished_run: Path, qtbot
) -> None:
    studio.open(finished_run, sample=False)
    qtbot.waitUntil(lambda: studio.train.outcome.labels_button.isVisible() and not studio.worker.tasks)
    studio.train.outcome.labels_button.click()
    dialog = studio.window.findChild(SuspectsDialog)
    assert isinstance(dialog, SuspectsDialog)
    qtbot.waitUntil(lambda: studio.label_check.judged is not None, timeout=30_000)
    assert "began with random weights" in dialog.how.text()
    assert studio.label_check.here
    dialog.close()
