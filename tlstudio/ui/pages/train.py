"""The Train page: settings at the left, what happens at the right."""

import functools
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tlstudio.config import DataConfig, RunConfig, Strategy
from tlstudio.events import Event, Notice, Progress
from tlstudio.models.architectures import architecture
from tlstudio.models.events import Downloaded
from tlstudio.training.events import (
    BatchFinished,
    EpochFinished,
    EpochTested,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    StageStarted,
)
from tlstudio.ui import engine, text
from tlstudio.ui.item_models.epochs import EpochModel
from tlstudio.ui.pages.base import READY, EmptyState, Page
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Size, Space, Theme, number_font, with_role
from tlstudio.ui.widgets.basics import button, card, rule
from tlstudio.ui.widgets.epoch_table import EpochTable
from tlstudio.ui.widgets.outcome_bar import OutcomeBar
from tlstudio.ui.widgets.run_summary import RunSummary
from tlstudio.ui.widgets.training_charts import TrainingCharts
from tlstudio.ui.widgets.training_form import TrainingForm
from tlstudio.ui.worker import Task, Worker

_WHAT = "Train, and watch whether it goes well: every epoch is kept, and tested at the end."
_NO_DATA = "There are no images to train on yet: open a folder on the Data page first."


class TrainPage(Page):
    """Starts a run from the session and its own fields, and follows its events.

    Signals:
        go_to_data: the person wants to choose images.
    """

    go_to_data = Signal()

    def __init__(self, session: Session, worker: Worker, theme: Theme, settings: Settings) -> None:
        super().__init__("Train", _WHAT)
        self._session = session
        self._worker = worker
        self._theme = theme
        self._settings = settings
        self._task: Task | None = None
        self._total_epochs = 0
        self._parameters = 0
        self._under_way = False
        self._stages: list[str] = []
        self.model = EpochModel(self)
        self._make_widgets()
        self._lay_out()
        self._connect()
        self.form.set_values(settings.page_values("train"))
        self._refresh()

    # Making the page

    def _make_widgets(self) -> None:
        theme = self._theme
        self.start_button = button(theme, "Start", "play", "main")
        self.pause_button = button(theme, "Pause", "pause")
        self.stop_button = button(theme, "Stop", "stop", "danger")
        self.data_button = button(theme, "Choose images", "folder", "main")
        self.form = TrainingForm(theme)
        self.summary = RunSummary()
        self.charts = TrainingCharts(theme)
        self.table = EpochTable(self.model, theme)
        self.outcome = OutcomeBar(theme)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the run")
        self.progress_text = QLabel()
        self.time_left = with_role(QLabel(), "quiet")
        for label in (self.progress_text, self.time_left):
            label.setFont(number_font())

    def _lay_out(self) -> None:
        for action in (self.stop_button, self.pause_button, self.start_button):
            self.add_action(action)
        panes = QSplitter(Qt.Orientation.Horizontal)
        panes.setChildrenCollapsible(False)
        panes.setHandleWidth(Space.L)
        panes.addWidget(self._left_pane())
        panes.addWidget(self._right_pane())
        panes.setSizes([Size.SIDE, 3 * Size.SIDE])
        panes.setStretchFactor(0, 0)
        panes.setStretchFactor(1, 1)
        self.body.addWidget(panes, 1)

    def _left_pane(self) -> QWidget:
        pane = card()
        pane.setMinimumWidth(Size.SIDE)
        scroll = QScrollArea()
        scroll.setWidget(self.form)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.form.setProperty("role", "scrolled")
        layout = QVBoxLayout(pane)
        layout.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        layout.setSpacing(Space.M)
        layout.addWidget(self.summary)
        layout.addWidget(rule())
        layout.addWidget(scroll, 1)
        return pane

    def _right_pane(self) -> QWidget:
        self.states = QStackedWidget()
        self._nothing = card()
        self._empty = EmptyState("train", "", "", self.data_button)
        QVBoxLayout(self._nothing).addWidget(self._empty)
        self._run = self._run_pane()
        self.states.addWidget(self._nothing)
        self.states.addWidget(self._run)
        pane = QWidget()
        layout = QVBoxLayout(pane)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.L)
        layout.addWidget(self.outcome)
        layout.addWidget(self.states, 1)
        return pane

    def _run_pane(self) -> QWidget:
        self._running = QWidget()
        line = QHBoxLayout(self._running)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.M)
        line.addWidget(self.progress_text)
        line.addWidget(self.progress, 1)
        line.addWidget(self.time_left)
        curves = card()
        inside = QVBoxLayout(curves)
        inside.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        inside.addWidget(self.charts)
        epochs = card()
        below = QVBoxLayout(epochs)
        below.setContentsMargins(Space.S, Space.XS, Space.S, Space.S)
        below.addWidget(self.table)
        panes = QSplitter(Qt.Orientation.Vertical)
        panes.setChildrenCollapsible(False)
        panes.setHandleWidth(Space.M)
        panes.addWidget(curves)
        panes.addWidget(epochs)
        panes.setSizes([3 * Size.SIDE, Size.SIDE])
        panes.setStretchFactor(0, 3)
        panes.setStretchFactor(1, 1)
        pane = QWidget()
        layout = QVBoxLayout(pane)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.M)
        layout.addWidget(self._running)
        layout.addWidget(panes, 1)
        return pane

    def _connect(self) -> None:
        self.start_button.clicked.connect(self.start)
        self.pause_button.clicked.connect(self._pause)
        self.stop_button.clicked.connect(self._stop)
        self.data_button.clicked.connect(self.go_to_data)
        self.form.edited.connect(self._remember)
        self._session.data_changed.connect(self._refresh)
        self._session.model_changed.connect(self._refresh)

    # Starting and steering

    @Slot()
    def start(self) -> None:
        """Begin a run with what the session and the form say."""
        if self._task is not None or self._session.catalogue is None:
            return
        self._remember()
        config = self._config()
        self._total_epochs = 1 if config.strategy is Strategy.AS_IS else config.epochs
        self._stages = []
        self._under_way = False
        self.model.clear()
        self.charts.clear(self._total_epochs)
        self.outcome.hide()
        self.summary.forget_trained()
        title = f"Training {architecture(config.arch).title}"
        self._task = self._worker.run(title, functools.partial(engine.train, config), matters=True)
        self._task.happened.connect(self._on_event)
        self._task.failed.connect(self._on_failure)
        self._task.over.connect(self._on_over)
        self._show_progress("Preparing", 0, 0)
        self.states.setCurrentWidget(self._run)
        self._refresh()

    def _config(self) -> RunConfig:
        session = self._session
        data = DataConfig(root=session.data_root, ratios=session.ratios, split_seed=session.split_seed)
        return RunConfig(
            data=data,
            arch=session.arch,
            weights=session.weights,
            strategy=session.strategy,
            blocks=session.blocks,
            unfreeze=session.unfreeze,
            **self.form.values(),
        )

    @Slot()
    def _pause(self) -> None:
        if self._task is None:
            return
        control = self._task.control
        if control.paused:
            control.resume()
        else:
            control.pause()
            self.time_left.setText("paused")
        self._refresh()

    @Slot()
    def _stop(self) -> None:
        if self._task is not None:
            self._task.control.stop()
            self.time_left.setText("stopping after this batch…")
            self._refresh()

    # Following

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        match event:
            case Progress(words, done, total):
                self._show_step(words, done, total)
            case Downloaded(name, done, total):
                self._show_progress(f"Downloading {name}, {text.size(done)}", done // 1000, total // 1000)
            case Notice(words):
                self.set_sentence(words)
            case RunStarted(parameters=parameters):
                self._parameters = parameters
                self._under_way = True
            case StageStarted():
                self._begin_stage(event)
            case BatchFinished():
                self._show_batch(event)
            case EpochFinished():
                self._show_epoch(event)
            case EpochTested():
                self._show_test(event)
            case RunFinished() | RunStopped() | RunFailed():
                self._show_end(event)
            case _:
                pass

    def _begin_stage(self, event: StageStarted) -> None:
        self._stages.append(event.name)
        self.charts.add_stage(event.stage, event.first_epoch, event.epochs, event.name)
        self.summary.show_trained(event.trained_parameters, self._parameters)

    def _show_batch(self, event: BatchFinished) -> None:
        total = max(self._total_epochs, event.epoch)
        words = f"Epoch {event.epoch} of {total} · {event.images_per_second:,.0f} images/s"
        self._show_progress(words, (event.epoch - 1) * event.total + event.done, total * event.total)
        if self._task is not None and not (self._task.control.stopping or self._task.control.paused):
            self.time_left.setText(f"{text.duration(event.seconds_left)} left")
        self.charts.add_running(event.epoch - 1 + event.done / event.total, event.loss, event.top1)

    def _show_epoch(self, event: EpochFinished) -> None:
        stage = self._stages[event.stage] if event.stage < len(self._stages) else ""
        self.model.add(event, stage)
        self.charts.add_epoch(
            event.epoch, (event.train_loss, event.train_top1), (event.val_loss, event.val_top1)
        )

    def _show_test(self, event: EpochTested) -> None:
        self.model.test(event)
        self.charts.add_test(event.epoch, event.test_loss, event.test_top1)
        self._show_progress(
            f"Tested epoch {event.epoch} of {self.model.rowCount()}", event.epoch, self.model.rowCount()
        )
        self.time_left.clear()

    def _show_end(self, event: RunFinished | RunStopped | RunFailed) -> None:
        show = self.outcome.show_outcome
        match event:
            case RunFinished():
                sentence = (
                    f"Epoch {event.best_epoch} is the best: {text.percent(event.val_top1)} on validation, "
                    f"{text.percent(event.test_top1)} on test."
                )
                show("check", sentence, f"{text.duration(event.seconds)} · {event.run}", event.run)
                self.set_attention(READY)
            case RunStopped():
                kept = text.amount(event.epochs, "finished epoch")
                best = f"; epoch {event.best_epoch} is the best so far" if event.best_epoch else ""
                show("stop", f"Stopped: {kept} kept{best}.", _where(event.run), event.run)
            case RunFailed():
                show("error", event.message, event.hint, event.run)

    @Slot(str, str)
    def _on_failure(self, message: str, hint: str) -> None:
        self.outcome.show_outcome("error", message, hint)

    @Slot(object)
    def _on_over(self, task: Task) -> None:
        """The task is gone, whether or not it said how the run ended."""
        if task.control.stopping and self.outcome.isHidden():
            self.outcome.show_outcome("stop", "Stopped before the first epoch was finished.")
        self._task = None
        self._refresh()

    # Showing

    def _show_step(self, words: str, done: int, total: int) -> None:
        """Once the run is under way the bar is that of the whole run, and a step only says what it is."""
        if self._under_way:
            self.progress_text.setText(words)
        else:
            self._show_progress(words, done, total)

    def _show_progress(self, words: str, done: int, total: int) -> None:
        self.progress_text.setText(words)
        self.progress.setRange(0, total)
        self.progress.setValue(done)

    @Slot()
    def _refresh(self) -> None:
        session, task = self._session, self._task
        ready, busy = session.catalogue is not None, task is not None
        self.summary.show_session(session)
        self.form.show_strategy(session.strategy)
        self.form.setEnabled(not busy)
        self._running.setVisible(busy)
        self.start_button.setVisible(not busy)
        self.start_button.setEnabled(ready)
        self.start_button.setToolTip("" if ready else _NO_DATA)
        self.start_button.setText("Start again" if self.model.rowCount() else "Start")
        self.pause_button.setVisible(busy)
        self.stop_button.setVisible(busy)
        if task is not None:
            paused, stopping = task.control.paused, task.control.stopping
            self.pause_button.setText("Resume" if paused else "Pause")
            self._theme.set_icon(self.pause_button, "play" if paused else "pause")
            self.pause_button.setEnabled(not stopping)
            self.stop_button.setEnabled(not stopping)
        self.set_sentence(_WHAT if ready else _NO_DATA)
        self.data_button.setVisible(not ready)
        self._empty.set_text(*self._invitation(ready))

    def _invitation(self, ready: bool) -> tuple[str, str]:
        if not ready:
            return "No images yet", "A network learns from images: choose some first."
        if self._session.strategy is Strategy.AS_IS:
            return "Ready", "The model is used as it is: Start only measures how well it does."
        return "Ready to train", "Press Start: the curves appear here, and a row for every epoch."

    @Slot()
    def _remember(self) -> None:
        values: dict[str, Any] = self.form.values()
        self._settings.set_page_values("train", values)


def _where(run: Path | None) -> str:
    return str(run) if run else ""
