"""The Train page: settings at the left, what happens at the right."""

import functools
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from tlstudio.config import Strategy
from tlstudio.events import Event, Notice
from tlstudio.models.architectures import architecture
from tlstudio.training.events import (
    RunEnd,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    StageStarted,
)
from tlstudio.training.replay import RunCutOff
from tlstudio.ui import run_engine, text
from tlstudio.ui.pages.base import NEEDED, QUIET, READY, EmptyState, Page
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Size, Space, Theme
from tlstudio.ui.widgets.basics import button, card
from tlstudio.ui.widgets.lr_finder import LrFinder
from tlstudio.ui.widgets.next_run import NextRun
from tlstudio.ui.widgets.offer_bar import OfferBar
from tlstudio.ui.widgets.outcome_bar import OutcomeBar
from tlstudio.ui.widgets.run_buttons import RunButtons
from tlstudio.ui.widgets.run_view import RunView
from tlstudio.ui.worker import EngineCall, Task, Worker

_WHAT = "Train, and watch whether it goes well: every epoch is kept, and tested at the end."
_NO_DATA = "There are no images to train on yet: open a folder on the Data page first."
_ACCEPTED = "Going on with them as they are, the result is no longer that of a run without interruption."


class TrainPage(Page):
    """Starts a run, shows one that is there, and resumes one that did not come to its end.

    Signals:
        go_to_data: the person wants to choose images.
        images_wanted: those of a run that is shown, as a DataConfig.
    """

    go_to_data = Signal()
    images_wanted = Signal(object)

    def __init__(self, session: Session, worker: Worker, theme: Theme, settings: Settings) -> None:
        super().__init__("Train", _WHAT)
        self._session = session
        self._worker = worker
        self._theme = theme
        self._task: Task | None = None
        self._reading = False  # what is under way is no training: a run is read from its folder
        self._shown: RunStarted | None = None
        self._resumable = False
        self._resume_next: Path | None = None
        self._offered: tuple[Path, bool] | None = None
        self._notes: list[str] = []
        self._behind = 0  # which state the learning-rate finder has taken the place of
        self.next_run = NextRun(session, worker, theme, settings)
        self.form, self.summary = self.next_run.form, self.next_run.summary
        self._make_widgets()
        self._lay_out()
        self._connect()
        self._refresh()

    # Making the page

    def _make_widgets(self) -> None:
        theme = self._theme
        self._buttons = RunButtons(theme)
        self.stop_button, self.pause_button, self.start_button, self.resume_button = self._buttons.in_order
        self.data_button = button(theme, "Choose images", "folder", "main")
        self.view = RunView(theme)
        self.model, self.charts = self.view.model, self.view.charts
        self.finder = LrFinder(self._worker, theme)
        self.outcome = OutcomeBar(theme)
        self.offer = OfferBar(theme)

    def _lay_out(self) -> None:
        for action in self._buttons.in_order:
            self.add_action(action)
        panes = QSplitter(Qt.Orientation.Horizontal)
        panes.setChildrenCollapsible(False)
        panes.setHandleWidth(Space.L)
        panes.addWidget(self.next_run)
        panes.addWidget(self._right_pane())
        panes.setSizes([self.next_run.minimumWidth(), 3 * Size.SIDE])
        panes.setStretchFactor(0, 0)
        panes.setStretchFactor(1, 1)
        self.body.addWidget(panes, 1)

    def _right_pane(self) -> QWidget:
        self.states = QStackedWidget()
        self._nothing = card()
        self._empty = EmptyState("train", "", "", self.data_button)
        QVBoxLayout(self._nothing).addWidget(self._empty)
        self.states.addWidget(self._nothing)
        self.states.addWidget(self.view)
        self.states.addWidget(self.finder)
        pane = QWidget()
        layout = QVBoxLayout(pane)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.L)
        layout.addWidget(self.offer)
        layout.addWidget(self.outcome)
        layout.addWidget(self.states, 1)
        return pane

    def _connect(self) -> None:
        self.start_button.clicked.connect(self.start)
        self.resume_button.clicked.connect(self.resume)
        self.pause_button.clicked.connect(self._pause)
        self.stop_button.clicked.connect(self._stop)
        self.data_button.clicked.connect(self.go_to_data)
        self.offer.accepted.connect(self._take_offer)
        self.offer.declined.connect(self._put_offer_away)
        self.form.find_lr_wanted.connect(self.find_lr)
        self.finder.busy_changed.connect(self._refresh)
        self.finder.chosen.connect(self._use_lr)
        self.finder.closed.connect(self._leave_finder)
        self._session.data_changed.connect(self._take_other_data)
        self._session.model_changed.connect(self._take_other_model)

    # Starting and steering

    @Slot()
    def start(self) -> None:
        """Begin a run with what the session and the form say."""
        if self._task is not None or self._session.catalogue is None:
            return
        self.next_run.remember()
        config = self.next_run.config()
        self._shown = None
        self.view.clear(1 if config.strategy is Strategy.AS_IS else config.epochs)
        self.summary.forget_trained()
        self._train(config.arch, functools.partial(run_engine.train, config))

    @Slot()
    def resume(self) -> None:
        """Go on with the run that is shown, after its last finished epoch."""
        self._resume(accept_changed_data=False)

    def show_run(self, run: Path) -> None:
        """Show a run as it is in its folder, and take over what it was made of."""
        if self._task is not None and not self._reading:
            self.outcome.show_outcome(
                "info", f"{run.name} is not shown while a run is under way.", "Wait for its end, or stop it."
            )
            return
        if self._task is not None:
            self._task.control.stop()
        self._reading = True
        self._resume_next = None
        self._follow(
            self._worker.run(f"Reading {run.name}", functools.partial(run_engine.replay, run), quiet=True)
        )
        self.view.prepare(f"Reading {run.name}")
        self._refresh()

    def look_for_cut_off_runs(self) -> None:
        """Offer to resume a run that a crash cut off since this was last asked."""
        call = run_engine.find_cut_off_runs
        task = self._worker.run("Looking for runs that were cut off", call, quiet=True)
        task.happened.connect(self._offer_cut_off_run)

    def _train(self, arch: str, call: EngineCall) -> None:
        self._reading = self._resumable = False
        self._put_offer_away()
        self._follow(self._worker.run(f"Training {architecture(arch).title}", call, matters=True))
        self._keep_focus(self.start_button, self.resume_button)
        self.view.prepare("Preparing")
        self._refresh()

    def _follow(self, task: Task) -> None:
        self.finder.stop()
        self._task = task
        self._notes = []
        self.outcome.hide()
        self.states.setCurrentWidget(self.view)
        task.happened.connect(self._on_event)
        task.failed.connect(self._on_failure)
        task.over.connect(self._on_over)

    def _resume(self, accept_changed_data: bool) -> None:
        if self._task is None and self._shown is not None and self._resumable:
            call = functools.partial(run_engine.resume, self._shown.run, accept_changed_data)
            self._train(self._shown.config.arch, call)

    @Slot()
    def _pause(self) -> None:
        if self._task is None:
            return
        control = self._task.control
        if control.paused:
            control.resume()
        else:
            control.pause()
        self.view.hold("paused" if control.paused else "")
        self._refresh()

    @Slot()
    def _stop(self) -> None:
        if self._task is not None:
            self._task.control.stop()
            self.view.hold("stopping after this batch…")
            self._refresh()

    # Before the start

    @Slot()
    def find_lr(self) -> None:
        """Sweep learning rates with what the session and the form say."""
        if self._task is not None or self._session.catalogue is None or self.finder.busy:
            return
        self.next_run.remember()
        self._keep_focus(self.form.find_button)
        if self.states.currentWidget() is not self.finder:
            self._behind = self.states.currentIndex()
            self.states.setCurrentWidget(self.finder)
        self.finder.sweep(self.next_run.config())

    @Slot(float)
    def _use_lr(self, rate: float) -> None:
        self.form.set_lr(rate)
        self._leave_finder()
        self.form.lr.setFocus()

    @Slot()
    def _leave_finder(self) -> None:
        if self.states.currentWidget() is self.finder:
            self.states.setCurrentIndex(self._behind)

    @Slot()
    def _take_other_model(self) -> None:
        self.finder.close_finder()  # what it finds holds for the model before
        self._refresh()

    @Slot()
    def _take_other_data(self) -> None:
        self.next_run.forecast.forget()
        self._take_other_model()

    @property
    def _idle(self) -> bool:
        """The page is looked at and nothing happens on it."""
        return self._task is None and self.isVisible()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.next_run.foresee(self._idle)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.next_run.foresee(self._idle)

    # Offering

    @Slot(object)
    def _offer_cut_off_run(self, event: Event) -> None:
        training = self._task is not None and not self._reading
        if not isinstance(event, RunCutOff) or training or self._is_shown(event.run):
            return
        self._offered = event.run, False
        sentence = f"The run of {text.moment(event.began)} was cut off {event.when}."
        self.offer.ask("clock", sentence, str(event.run), "Resume")
        self.set_attention(NEEDED)

    @Slot()
    def _take_offer(self) -> None:
        if self._offered is None:
            return
        run, accept_changed_data = self._offered
        self._put_offer_away()
        if self._is_shown(run) and self._task is None:
            self._resume(accept_changed_data)
        else:
            self.show_run(run)
            self._resume_next = run

    @Slot()
    def _put_offer_away(self) -> None:
        self._offered = None
        self._keep_focus(self.offer.accept_button, self.offer.decline_button)
        self.offer.hide()
        if self.attention == NEEDED:
            self.set_attention(QUIET)

    def _is_shown(self, run: Path) -> bool:
        return self._shown is not None and self._shown.run == run

    # Following

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if self.sender() is not self._task:
            return
        match event:
            case Notice(words):
                self.set_sentence(words)
            case RunStarted():
                self._begin(event)
            case run_engine.RunImages():
                self._look_for_images(event)
            case StageStarted(trained_parameters=trained) if self._shown:
                self.summary.show_trained(trained, self._shown.parameters)
            case RunFinished() | RunStopped() | RunFailed() | RunCutOff():
                self._show_end(event)
            case _:
                pass
        self.view.take(event)

    def _begin(self, event: RunStarted) -> None:
        """A run of the session's own begins, or one that was there before takes the session's place."""
        if self._reading:
            self._resumable = False
            self.view.clear(event.config.epochs)
            self.summary.forget_trained()
            if self._offered is not None and self._offered[0] == event.run:
                self._put_offer_away()
        if self._reading or self._is_shown(event.run):
            config = event.config
            self._session.set_run(config, event.stages)
            self.form.set_values(config.model_dump(mode="json"))
        self._shown = event

    def _look_for_images(self, event: run_engine.RunImages) -> None:
        assert self._shown is not None
        data, session = self._shown.config.data, self._session
        if not event.there:
            self._notes.append(f"Its images are no longer in {event.root}.")
            return
        wanted = data.model_copy(update={"root": event.root})
        if session.catalogue is None or wanted != session.data:
            self.images_wanted.emit(wanted)

    def _show_end(self, event: RunEnd | RunCutOff) -> None:
        match event:
            case RunFailed(run=Path() as run, changed_data=True):
                self._offered = run, True
                self.offer.ask("warning", event.message, _ACCEPTED, "Resume all the same")
            case _:
                self.outcome.show_end(event, self._notes)
        match event:
            case RunFinished():
                self._resumable = False
                self.set_attention(READY)
            case RunCutOff():
                self._resumable = event.trained_by is None
            case _:
                self._resumable = event.run is not None

    @Slot(str, str)
    def _on_failure(self, message: str, hint: str) -> None:
        if self.sender() is self._task:
            self.outcome.show_outcome("error", message, hint)

    @Slot(object)
    def _on_over(self, task: Task) -> None:
        """The task is gone, whether or not it said how the run ended."""
        if task is not self._task:
            return
        self._task = None
        if task.control.stopping and self.outcome.isHidden() and not self._reading:
            self.outcome.show_outcome("stop", "Stopped before the first epoch was finished.")
        if self._reading and self._shown is None:
            self.states.setCurrentWidget(self._nothing)
        self._reading = False
        self._keep_focus(self.pause_button, self.stop_button)
        self._refresh()
        run, self._resume_next = self._resume_next, None
        if run is not None and self._is_shown(run):
            self.resume()

    # Showing

    @Slot()
    def _refresh(self) -> None:
        session, task = self._session, self._task
        ready, training = session.catalogue is not None, task is not None and not self._reading
        self.next_run.refresh(editable=task is None and not self.finder.busy, foreseen=self._idle)
        self.view.set_busy(task is not None)
        self._buttons.show_starting(
            ready and task is None,
            "" if ready else _NO_DATA,
            again=self.model.rowCount() > 0,
            resumable=self._resumable,
        )
        self.resume_button.setEnabled(task is None)
        self._buttons.show_training(task if training else None)
        self.set_sentence(_WHAT if ready or task is not None else _NO_DATA)
        self.data_button.setVisible(not ready)
        self._empty.set_text(*self._invitation(ready))

    def _keep_focus(self, *leaving: QWidget) -> None:
        """Take the focus from a button before it goes: Qt would hand it to the next one, "Stop" perhaps."""
        if any(widget.hasFocus() for widget in leaving):
            self.setFocus()

    def _invitation(self, ready: bool) -> tuple[str, str]:
        if not ready:
            return "No images yet", "A network learns from images: choose some first."
        if self._session.strategy is Strategy.AS_IS:
            return "Ready", "The model is used as it is: Start only measures how well it does."
        return "Ready to train", "Press Start: the curves appear here, and a row for every epoch."
