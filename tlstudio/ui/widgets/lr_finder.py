"""Finds a learning rate: a sweep of rates on the images at hand, drawn as it goes."""

import functools

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout

from tlstudio.config import RunConfig
from tlstudio.events import Event, Notice, Progress
from tlstudio.models.architectures import architecture
from tlstudio.models.events import Downloaded
from tlstudio.training.events import LrSuggested, LrTried
from tlstudio.ui import run_engine, text
from tlstudio.ui.pages.base import ErrorBanner
from tlstudio.ui.theme import Space, Theme, number_font, with_role
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.lr_chart import LrChart
from tlstudio.ui.worker import Task, Worker

_HOW_TO_READ = (
    "A short trial on your images, which leaves the model as it is: each step trains at a higher rate than "
    "the one before. Where the curve is flat at the left, the rate is too low to learn anything; where it "
    "falls most steeply, learning is quickest; where it climbs, the rate is too high. Drag the line to "
    "choose another rate."
)
_STEPS = 100  # of a sweep, at most


class LrFinder(QFrame):
    """What a learning rate is found by, and the buttons to take it over.

    Signals:
        busy_changed: a sweep began, or is over.
        chosen: the rate that is to be used.
        closed: it is no longer wanted; a sweep under way was stopped.
    """

    busy_changed = Signal()
    chosen = Signal(float)
    closed = Signal()

    def __init__(self, worker: Worker, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._worker = worker
        self._task: Task | None = None
        self.chart = LrChart(theme)
        self.banner = ErrorBanner()
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the sweep")
        self.words = QLabel()
        self.words.setFont(number_font())
        self.words.setWordWrap(True)
        self.stop_button = button(theme, "Stop", "stop")
        self.close_button = button(theme, "Close")
        self.use_button = button(theme, "Use", "check", "main")
        self.title = with_role(QLabel(), "lead")
        self._lay_out()
        self.stop_button.clicked.connect(self.stop)
        self.close_button.clicked.connect(self.close_finder)
        self.use_button.clicked.connect(self._use)
        self.chart.rate_changed.connect(self._offer)

    @property
    def busy(self) -> bool:
        return self._task is not None

    def sweep(self, config: RunConfig) -> None:
        """Begin a sweep of the rate with which ``config`` would begin its training."""
        if self._task is not None:
            return
        self.chart.clear()
        self.chart.show()
        self.banner.clear()
        title = architecture(config.arch).title
        self.title.setText(f"A learning rate for {title}")
        call = functools.partial(run_engine.find_lr, config)
        self._task = self._worker.run(f"Finding a learning rate for {title}", call)
        self._task.happened.connect(self._on_event)
        self._task.failed.connect(self.banner.show_error)
        self._task.done.connect(self._on_done)
        self._task.over.connect(self._on_over)
        self._show_progress("Preparing", 0, 0)
        self._show_busy()
        self.busy_changed.emit()

    @Slot()
    def stop(self) -> None:
        if self._task is not None:
            self._task.control.stop()
            self.stop_button.setEnabled(False)

    @Slot()
    def close_finder(self) -> None:
        self.stop()
        self.closed.emit()

    def _lay_out(self) -> None:
        policy = self.chart.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.chart.setSizePolicy(policy)
        explained = with_role(QLabel(_HOW_TO_READ), "quiet")
        explained.setWordWrap(True)
        foot = QHBoxLayout()
        foot.setSpacing(Space.M)
        foot.addWidget(self.words, 1)
        foot.addWidget(self.progress, 1)
        for one in (self.stop_button, self.close_button, self.use_button):
            foot.addWidget(one)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        layout.setSpacing(Space.S)
        layout.addWidget(self.title)
        layout.addWidget(explained)
        layout.addWidget(self.banner)
        layout.addWidget(self.chart, 1)
        layout.addLayout(foot)

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        match event:
            case Progress(words, done, total):
                self._show_progress(words, done, total)
            case Downloaded(name, done, total):
                self._show_progress(f"Downloading {name}, {text.size(done)}", done // 1000, total // 1000)
            case LrTried(rate, loss):
                self.chart.add(rate, loss)
                step = len(self.chart.rates)
                self._show_progress(f"Step {step} of at most {_STEPS}", step, _STEPS)
            case LrSuggested(rate):
                self._tell(f"The loss falls most steeply at {text.figure(rate)}.")
                self.chart.suggest(rate)
            case Notice(words):
                self._tell(words)
            case _:
                pass

    @Slot(float)
    def _offer(self, rate: float) -> None:
        words = f"Use {text.figure(rate)}"
        self.use_button.setText(words)
        self.use_button.setAccessibleName(words)

    @Slot()
    def _use(self) -> None:
        if self.chart.rate is not None:
            self.chosen.emit(self.chart.rate)

    @Slot(bool)
    def _on_done(self, finished: bool) -> None:
        if not finished:
            self._tell("" if self.banner.message else "Stopped before a rate could be suggested.")
            self.chart.setVisible(bool(self.chart.rates))

    @Slot(object)
    def _on_over(self, _task: Task) -> None:
        self._task = None
        if self.stop_button.hasFocus():
            self.chart.setFocus()
        self._show_busy()
        self.busy_changed.emit()

    def _show_busy(self) -> None:
        self.progress.setVisible(self.busy)
        self.stop_button.setVisible(self.busy)
        self.stop_button.setEnabled(True)
        self.use_button.setVisible(not self.busy and self.chart.rate is not None)

    def _tell(self, words: str) -> None:
        """Of several notices the last counts."""
        self.words.setText(words)

    def _show_progress(self, words: str, done: int, total: int) -> None:
        self.words.setText(words)
        self.progress.setRange(0, total)
        self.progress.setValue(done)
