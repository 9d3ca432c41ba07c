"""Do the main job in the real window, through its widgets, as a person would; print what came of it as JSON.

Run as ``python -m tests.e2e.main_job FOLDER SCREENS [CLIP_CONFIG CLIP_WEIGHTS]`` on a display: the FOLDER of
images is dropped on the window, layers are unfrozen by key, the network is trained for three epochs, images
are classified zero-shot, and each page is shot in both themes into the folder SCREENS.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QEventLoop, QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QMessageBox

from tlstudio.config import Strategy
from tlstudio.ui.app import Studio
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.drop_overlay import DropOverlay

SECONDS = 120


class Person:
    """Acts on the window and waits for what follows."""

    def __init__(self, application: QApplication, screens: Path) -> None:
        self.application = application
        self.studio = Studio(application)
        self.screens = screens
        self.found: dict[str, Any] = {}

    def wait(self, until: Callable[[], Any], what: str) -> None:
        end = time.monotonic() + SECONDS
        while not until():
            if time.monotonic() > end:
                raise SystemExit(f"waited in vain for: {what}")
            self.pause(20)

    def pause(self, milliseconds: int) -> None:
        """Let the window live; QTest.qWait would hold up the other threads."""
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    def click(self, button: QAbstractButton, what: str) -> None:
        self.wait(lambda: button.isVisible() and button.isEnabled(), f"{what} to be ready")
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def drop(self, *paths: Path) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        window = self.studio.window
        place, copy = QPointF(600, 400), Qt.DropAction.CopyAction
        left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(place.toPoint(), copy, data, left, none)
        self.application.sendEvent(window, enter)
        self.pause(100)
        under = window.findChild(DropOverlay)
        assert under is not None
        assert under.isVisible(), "nothing says where the drop would go"
        # As the desktop does when another widget comes to lie under the pointer.
        self.application.sendEvent(under, QDragEnterEvent(place.toPoint(), copy, data, left, none))
        self.application.sendEvent(under, QDropEvent(place, copy, data, left, none, QEvent.Type.Drop))

    def shoot(self, name: str) -> None:
        self.pause(250)
        self.studio.window.screen().grabWindow(0).save(str(self.screens / f"{name}.png"))

    # The steps

    def open_folder(self, folder: Path) -> None:
        self.drop(folder)
        self.wait(lambda: self.studio.session.catalogue, "the folder to be read")
        catalogue = self.studio.session.catalogue
        assert catalogue is not None
        self.found["images"] = len(catalogue.images)
        self.found["classes"] = list(catalogue.classes)
        self.pause(1500)  # the first thumbnails
        self.shoot("data")

    def choose_layers(self) -> None:
        window, page = self.studio.window, self.studio.model
        QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
        self.wait(lambda: page.layers.rowCount() > 0, "the layers to be read")
        page.view.setFocus()
        page.view.setCurrentIndex(
            page.layers.index(page.layers.rowCount() - 3, 0)
        )  # the block before the pool
        QTest.keyClick(page.view, Qt.Key.Key_Space)
        self.wait(lambda: self.studio.session.strategy is not Strategy.FEATURE_EXTRACTION, "another plan")
        self.found["strategy"] = self.studio.session.strategy.value
        self.shoot("model")

    def train(self) -> None:
        window, page = self.studio.window, self.studio.train
        QTest.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
        page.form.epochs.setFocus()
        page.form.epochs.selectAll()
        QTest.keyClicks(page.form.epochs, "3")
        self.click(page.start_button, "Start")
        lag = Lag()
        self.wait(lambda: page.model.rowCount() >= 2, "two epochs")
        self.shoot("train-running")
        self.wait(page.outcome.isVisible, "the end of the run")
        self.found["longest_lag_ms"] = round(lag.worst * 1000)
        self.found["epochs"] = page.model.rowCount()
        self.found["outcome"] = page.outcome.accessibleName()
        self.shoot("train")

    def classify(self, images: list[Path], config: str, weights: str) -> None:
        window, page = self.studio.window, self.studio.zero_shot
        QTest.keyClick(window, Qt.Key.Key_6, Qt.KeyboardModifier.ControlModifier)
        page.form.classes.chips.setFocus()
        entry = self.application.focusWidget()
        assert entry is not None
        QTest.keyClicks(entry, "plain cloth, torn cloth, stained cloth")
        QTest.keyClick(entry, Qt.Key.Key_Return)
        page.form.picker.choose_file(weights)
        page.form.picker.architecture.setCurrentText(config)
        self.drop(*images)
        self.wait(lambda: page.results.rowCount() == len(images), "the images to be there")
        self.click(page.classify_button, "Classify")
        self.wait(lambda: page.classify_button.isVisible() and page.summary, "the classes")
        self.found["zero_shot"] = page.summary
        self.shoot("zero-shot")

    def look_in_the_dark(self) -> None:
        theme: Theme = self.studio.theme
        theme.set_scheme("dark")
        for name in ("data", "model", "train", "zero-shot"):
            self.studio.window.show_page(name)
            self.pause(500)
            self.shoot(f"{name}-dark")
        theme.set_scheme("light")

    def close_while_training(self) -> None:
        window, page = self.studio.window, self.studio.train
        self.studio.window.show_page("train")
        page.form.epochs.setValue(500)
        self.click(page.start_button, "Start again")
        self.wait(lambda: page.model.rowCount() >= 1, "an epoch")
        window.close()
        self.wait(self.application.activeModalWidget, "the question")
        box = self.application.activeModalWidget()
        assert isinstance(box, QMessageBox)
        self.found["question"] = box.text()
        self.shoot("close")
        begun = time.monotonic()
        accept = next(b for b in box.buttons() if box.buttonRole(b) is QMessageBox.ButtonRole.AcceptRole)
        QTest.mouseClick(accept, Qt.MouseButton.LeftButton)
        self.wait(lambda: not window.isVisible() and not self.studio.worker.tasks, "the window to close")
        self.found["close_seconds"] = round(time.monotonic() - begun, 2)


class Lag:
    """How late the event loop was at its worst, in seconds."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._last = time.monotonic()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(5)

    def _tick(self) -> None:
        now = time.monotonic()
        self.worst = max(self.worst, now - self._last - 0.005)
        self._last = now


def main() -> None:
    folder, screens, *clip = sys.argv[1:]
    application = QApplication(sys.argv[:1])
    person = Person(application, Path(screens))
    person.studio.window.show()
    QTest.qWaitForWindowExposed(person.studio.window)
    person.studio.begin()
    person.shoot("empty")
    person.open_folder(Path(folder))
    person.choose_layers()
    person.train()
    if clip:
        images = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        person.classify(images[:: max(1, len(images) // 8)][:8], *clip)
    person.look_in_the_dark()
    person.close_while_training()
    sys.stdout.write(json.dumps(person.found, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
