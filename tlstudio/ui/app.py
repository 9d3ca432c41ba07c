"""Where the window's parts are made and connected; nothing here, nor imported from here, loads torch."""

import contextlib
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication, QMessageBox

from tlstudio import __version__
from tlstudio.data.decode import EXTENSIONS
from tlstudio.evaluation.lab_config import LabEntry
from tlstudio.garbage import staying_live
from tlstudio.logs import log_file, log_to_file
from tlstudio.training.replay import is_run
from tlstudio.ui import engine
from tlstudio.ui import settings as remembered
from tlstudio.ui.icons import icon
from tlstudio.ui.label_check import LabelCheck
from tlstudio.ui.main_window import ZERO_SHOT, Entry, MainWindow
from tlstudio.ui.pages.data import DataPage
from tlstudio.ui.pages.evaluate import EvaluatePage
from tlstudio.ui.pages.model import ModelPage
from tlstudio.ui.pages.runs import RunsPage
from tlstudio.ui.pages.train import TrainPage
from tlstudio.ui.pages.try_it import TryItPage
from tlstudio.ui.pages.zero_shot import ZeroShotPage
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import DARK, Theme
from tlstudio.ui.widgets.suspects_dialog import SuspectsDialog
from tlstudio.ui.worker import Worker

_log = logging.getLogger(__name__)

_SWITCH_INTERVAL = 0.001  # seconds
_BEGIN_AFTER = 300  # milliseconds: the window is painted and answers by then


def run_window(path: Path | None = None, sample: bool = False) -> int:
    """Open the studio, on a folder of images, an image, a run, or the sample; return the exit code."""
    log_to_file()
    _log.info("TL Studio %s, Python %s, %s", __version__, sys.version.split()[0], sys.platform)
    with answering_soon():
        return _run(path, sample)


@contextlib.contextmanager
def answering_soon() -> Iterator[None]:
    """The window's thread need not wait long for others, whatever they do in Python.

    A thread that wants to run asks another to let go only after the switch interval; to paint a page it asks
    several times. Beside a thread that does nothing but count, an event comes up to 34 ms late (p99) with
    Python's own 5 ms, 4 ms late with 1 ms. Scanning and checking small images then need 2 and 6 % more of the
    processors (three runs each).
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_INTERVAL)
    try:
        with staying_live():
            yield
    finally:
        sys.setswitchinterval(before)


def _run(path: Path | None, sample: bool) -> int:
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    _introduce(application)
    studio = Studio(application)
    alarm = Alarm(studio.window)
    alarm.install()
    signal.signal(signal.SIGINT, studio.quit)
    signal.signal(signal.SIGTERM, studio.quit)
    studio.window.show()
    studio.open(path, sample)
    QTimer.singleShot(_BEGIN_AFTER, studio.begin)
    code = application.exec()
    alarm.uninstall()
    return code


class Studio(QObject):
    """The whole window: theme, settings, session, worker and pages, connected."""

    def __init__(self, application: QApplication) -> None:
        super().__init__()
        self._application = application
        self.settings = Settings()
        self.theme = Theme(application, self.settings.get(remembered.THEME))
        self.session = Session(self)
        self.worker = Worker(self, held=True)
        parts = (self.session, self.worker, self.theme, self.settings)
        self.data = DataPage(*parts)
        self.model = ModelPage(*parts)
        self.train = TrainPage(*parts)
        self.evaluate = EvaluatePage(self.worker, self.theme)
        self.try_it = TryItPage(self.worker, self.theme, self.settings)
        self.zero_shot = ZeroShotPage(*parts)
        self.runs = RunsPage(*parts)
        self.label_check = LabelCheck(self.data.folder, self.worker, self)
        self.window = MainWindow(
            (
                Entry("data", "data", self.data),
                Entry("model", "model", self.model),
                Entry("train", "train", self.train),
                Entry("evaluate", "evaluate", self.evaluate),
                Entry("try-it", "try-it", self.try_it),
                Entry(ZERO_SHOT, "zero-shot", self.zero_shot),
                Entry("runs", "runs", self.runs),
            ),
            self.worker,
            self.theme,
            self.settings,
        )
        self.window.folder_dropped.connect(self.open_folder)
        self.window.images_dropped.connect(self.add_images)
        self.data.go_on.connect(self._show_model)
        self.data.browser.seen_wanted.connect(self.train.next_run.show_seen)
        self.train.go_to_data.connect(self._show_data)
        self.train.images_wanted.connect(self.data.open_images_of_run)
        self.evaluate.go_to_train.connect(self._show_train)
        self.runs.show_wanted.connect(self.open_folder)
        self.runs.evaluate_wanted.connect(self.evaluate_run)
        self.runs.go_to_train.connect(self._show_train)
        self.runs.go_to_data.connect(self._show_data)
        self.runs.go_on.connect(self.continue_with)
        self.try_it.folder_wanted.connect(self.open_folder)
        self.zero_shot.folder_wanted.connect(self.open_folder)
        self.train.outcome.evaluation_wanted.connect(self.evaluate_run)
        self.train.outcome.labels_wanted.connect(self.check_labels)
        self.label_check.suspected.connect(self.data.browser.set_suspected)
        application.aboutToQuit.connect(self.worker.shut_down)

    def open(self, path: Path | None, sample: bool) -> None:
        """Begin with what the command line names, or else where the last session ended."""
        if sample:
            self.window.show_page("data")
            self.data.open_sample()
        elif path is None:
            self.window.show_page(self.settings.get(remembered.PAGE))
            self.data.open_last()
        elif path.suffix.lower() in EXTENSIONS and path.is_file():
            self.add_images([path])
        else:
            self.open_folder(path)

    @Slot(object)
    def open_folder(self, folder: Path) -> None:
        """Show a run on the Train page, any other folder as images on the Data page."""
        folder = Path(os.path.abspath(folder))  # noqa: PTH100 (resolve() would follow links)
        if is_run(folder):
            self.window.show_page("train")
            self.train.show_run(folder)
        else:
            self.window.show_page("data")
            self.data.open_folder(folder)

    @Slot(list)
    def add_images(self, images: list[Path]) -> None:
        """Classify them on the page that is open and does so, else on the Try it page."""
        if self.window.shown == ZERO_SHOT:
            self.zero_shot.add_images(images)
        else:
            self.window.show_page("try-it")
            self.try_it.add_images(images)

    @Slot(object)
    def evaluate_run(self, run: Path) -> None:
        """Show on the Evaluate page how good a finished run is."""
        self.window.show_page("evaluate")
        self.evaluate.show_run(run)

    @Slot(object)
    def check_labels(self, run: Path) -> None:
        """Look for wrong labels of a finished run, and show them as they are found."""
        self.label_check.check(run)
        dialog = SuspectsDialog(self.label_check, self.data.browser.store, self.theme, self.window)
        dialog.folder_wanted.connect(self.data.open_folder)
        dialog.open()

    @Slot(object)
    def continue_with(self, entry: LabEntry) -> None:
        """Take what a lab recommends for the next run, and its images; CLIP has a page of its own."""
        if entry.run is None:
            self.window.show_page("zero-shot")
            return
        self.session.set_run(entry.run, ())
        self.train.form.set_values(entry.run.model_dump(mode="json"))
        self.train.next_run.remember()
        if self.session.catalogue is None or self.session.data != entry.data:
            self.data.open_images_of_run(entry.data)
        self.window.show_page("train")

    @Slot()
    def begin(self) -> None:
        """The window is there: now work may start, first of all loading torch."""
        self.worker.release()
        self.train.look_for_cut_off_runs()
        self.worker.run("Loading PyTorch", engine.warm_up, stoppable=False)

    def quit(self, number: int, frame: FrameType | None) -> None:
        """On a signal: no questions, but every task is stopped and waited for."""
        self._application.quit()

    @Slot()
    def _show_model(self) -> None:
        self.window.show_page("model")

    @Slot()
    def _show_data(self) -> None:
        self.window.show_page("data")

    @Slot()
    def _show_train(self) -> None:
        self.window.show_page("train")


class Alarm(QObject):
    """Errors that nobody caught: into the log, and once to the person, with the details to copy.

    Signals:
        raised: a sentence and the traceback; from any thread.
    """

    raised = Signal(str, str)

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._box: QMessageBox | None = None
        self._before = (sys.excepthook, threading.excepthook)
        self.raised.connect(self._show)

    def install(self) -> None:
        sys.excepthook = self._caught
        threading.excepthook = self._caught_in_thread

    def uninstall(self) -> None:
        sys.excepthook, threading.excepthook = self._before

    def _caught(self, kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        _log.critical("Nobody caught this", exc_info=(kind, error, where))
        self.raised.emit(f"{kind.__name__}: {error}", "".join(traceback.format_exception(kind, error, where)))

    def _caught_in_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._caught(args.exc_type, args.exc_value, args.exc_traceback)

    @Slot(str, str)
    def _show(self, sentence: str, details: str) -> None:
        if self._box is not None:
            return
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle("TL Studio")
        box.setText("Something went wrong that should not have.")
        box.setInformativeText(
            f"{sentence}\n\nYou can go on working; what you did last may not have taken effect. "
            f"{log_file()} has the details."
        )
        box.setDetailedText(details)
        box.finished.connect(self._forget)
        self._box = box
        box.open()

    @Slot()
    def _forget(self) -> None:
        self._box = None


def _introduce(application: QApplication) -> None:
    application.setApplicationName("tlstudio")
    application.setApplicationDisplayName("TL Studio")
    application.setApplicationVersion(__version__)
    QGuiApplication.setDesktopFileName("tlstudio")
    application.setWindowIcon(_window_icon())


def _window_icon() -> QIcon:
    return icon("model", DARK.accent)
