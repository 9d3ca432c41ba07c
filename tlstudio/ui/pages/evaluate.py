"""The Evaluate page: how good a run's model is, where it errs, and how sure one can be of that."""

import functools
from pathlib import Path
from typing import get_args

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from tlstudio.evaluation.outcome import Wanted
from tlstudio.evaluation.tables import What
from tlstudio.events import Progress
from tlstudio.ui import run_engine
from tlstudio.ui.evaluate.calibration_tab import CalibrationTab
from tlstudio.ui.evaluate.classes_tab import ClassesTab
from tlstudio.ui.evaluate.curves_tab import CurvesTab
from tlstudio.ui.evaluate.desk import EvaluateDesk
from tlstudio.ui.evaluate.images_tab import ImagesTab
from tlstudio.ui.evaluate.map_tab import MapTab
from tlstudio.ui.evaluate.overview_tab import OverviewTab
from tlstudio.ui.evaluate.run_choice import RunChoice
from tlstudio.ui.pages.base import EmptyState, ErrorBanner, Page
from tlstudio.ui.tagged import TaggedTask
from tlstudio.ui.theme import Space, Theme
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.skeleton import Skeleton
from tlstudio.ui.worker import Worker

_PURPOSE = "How good the model of a run is on images that it did not learn from, and where it errs."
_NO_RUN = "There is nothing to evaluate yet: train a model first."
_IMAGE = "image"


class EvaluatePage(Page):
    """A run and an epoch above tabs that show in their own ways what its model makes of the images.

    Signals:
        go_to_train: the person wants to train first.
    """

    go_to_train = Signal()

    def __init__(self, worker: Worker, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Evaluate", _PURPOSE, parent)
        self._worker, self._theme = worker, theme
        self.desk = EvaluateDesk(worker, self)
        self.choice = RunChoice(self.desk)
        self.banner = ErrorBanner()
        self.overview = OverviewTab(self.desk, theme)
        self.classes = ClassesTab(self.desk, theme)
        self.calibration = CalibrationTab(self.desk, theme)
        self.curves = CurvesTab(self.desk, theme)
        self.images = ImagesTab(self.desk, worker, theme)
        self.map = MapTab(self.desk, self.images.store, worker, theme)
        self.tabs = QTabBar()
        self.train_button = button(theme, "Go to Train", "train", "main")
        self.again_button = button(theme, "Evaluate", "play", "main")
        self.stop_button = button(theme, "Stop", "stop", "danger")
        self.progress = QProgressBar()
        self.progress_words = QLabel()
        self._build()
        self._connect()
        self._refresh()

    # Building

    def _build(self) -> None:
        self.tabs.setAccessibleName("Ways to look at the results")
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self._shown = QStackedWidget()
        pages = (
            ("Overview", self.overview),
            ("Classes", self.classes),
            ("Calibration", self.calibration),
            ("Curves", self.curves),
            ("Mistakes", self.images),
            ("Map", self.map),
        )
        for words, page in pages:
            self.tabs.addTab(words)
            self._shown.addWidget(page)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addWidget(self.tabs)
        column.addWidget(self._shown, 1)
        self._full, self._busy = full, self._busy_state()
        self._empty = EmptyState("evaluate", "No run yet", _NO_RUN, self.train_button)
        self._idle = EmptyState("evaluate", "Not evaluated", "", self.again_button)
        self.states = QStackedWidget()
        for state in (self._empty, self._busy, self._full, self._idle):
            self.states.addWidget(state)
        for each in (self.choice, self.banner):
            self.body.addWidget(each)
        self.body.addWidget(self.states, 1)

    def _busy_state(self) -> QWidget:
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the evaluation")
        line = QHBoxLayout()
        line.setSpacing(Space.M)
        line.addWidget(self.progress_words)
        line.addWidget(self.progress, 1)
        line.addWidget(self.stop_button)
        state = QWidget()
        column = QVBoxLayout(state)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.L)
        column.addLayout(line)
        column.addWidget(Skeleton(self._theme), 1)
        return state

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(self._shown.setCurrentIndex)
        self.train_button.clicked.connect(self.go_to_train)
        self.again_button.clicked.connect(self.desk.evaluate)
        self.stop_button.clicked.connect(self.desk.stop)
        self.desk.begun.connect(self._show_begun)
        self.desk.begun.connect(self.banner.clear)
        for changed in (self.desk.runs_changed, self.desk.changed, self.desk.running_changed):
            changed.connect(self._refresh)
        self.desk.failed.connect(self.banner.show_error)
        self.desk.progressed.connect(self._show_progress)
        self.desk.images_wanted.connect(self._show_images)
        self.map.picked.connect(self.images.enlarge)
        self.classes.save_wanted.connect(self._ask_where)

    # Showing

    def show_run(self, run: Path) -> None:
        """Look at a run, by its folder, as soon as it is known to be there."""
        self.desk.prefer(run)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.desk.look_for_runs()

    @Slot()
    def _refresh(self) -> None:
        desk = self.desk
        self.choice.setVisible(bool(desk.runs))
        if desk.running:
            self.states.setCurrentWidget(self._busy)
        elif desk.evaluated is not None:
            self.states.setCurrentWidget(self._full)
        elif desk.run is not None:
            self._idle.set_text("Not evaluated", "The model of this epoch was not asked about its images.")
            self.states.setCurrentWidget(self._idle)
        else:
            self.states.setCurrentWidget(self._empty)
        self.set_sentence(" ".join(desk.notes) if desk.notes else _PURPOSE)

    @Slot()
    def _show_begun(self) -> None:
        self._show_progress(Progress("Starting"))

    @Slot(object)
    def _show_progress(self, event: Progress) -> None:
        of = f" · {event.done:,} of {event.total:,}" if event.total else ""
        self.progress_words.setText(event.text + of)
        self.progress.setRange(0, event.total)
        self.progress.setValue(event.done)

    @Slot(object, str)
    def _show_images(self, wanted: Wanted, words: str) -> None:
        self.images.show_images(wanted, words)
        self.tabs.setCurrentIndex(self._shown.indexOf(self.images))
        self.images.grid.setFocus()

    # Saving

    @Slot(str)
    def _ask_where(self, what: str) -> None:
        if self.desk.run is None:
            return
        kind = "png" if what == _IMAGE else "csv"
        name = f"{self.desk.run.path.name}-epoch-{self.desk.epoch}-{'confusion' if what == _IMAGE else what}"
        dialog = QFileDialog(self, "Save", f"{name}.{kind}", f"{kind.upper()} (*.{kind})")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(kind)
        dialog.fileSelected.connect(functools.partial(self.save, what))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def save(self, what: str, file: str) -> None:
        """Write a table as CSV, or the confusion matrix as a picture."""
        if what == _IMAGE:
            if not self.classes.matrix.grab().save(file, "PNG"):
                self.banner.show_error(f"{file} cannot be written.", "Choose another place.")
            return
        if self.desk.evaluated is None:
            return
        table = next(one for one in get_args(What) if one == what)
        call = functools.partial(
            run_engine.save_evaluation, table, self.desk.evaluated, self.desk.split, Path(file)
        )
        task = TaggedTask(what, "Saving a table", call, self._worker, self, quiet=True)
        task.failed.connect(self._save_failed)

    @Slot(object, str, str)
    def _save_failed(self, _tag: object, message: str, hint: str) -> None:
        self.banner.show_error(message, hint)
