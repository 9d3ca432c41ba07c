"""The strip below every page: the machine at the left, what runs now at the right."""

import psutil
from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from tlstudio.events import Event, Progress
from tlstudio.models.events import Downloaded
from tlstudio.training.events import BatchFinished, EpochTested, LrTried, RunStarted, StageStarted
from tlstudio.ui import text
from tlstudio.ui.engine import MachineReady
from tlstudio.ui.theme import Size, Space, Theme, number_font, with_role
from tlstudio.ui.widgets.glyph import Glyph
from tlstudio.ui.worker import Task, Worker

_DEVICES = {"cpu": "CPU", "cuda": "NVIDIA GPU", "mps": "Apple GPU"}
_MEASURE_EVERY = 2000  # milliseconds
_APPEAR_AFTER = 250


class StatusStrip(QFrame):
    """Follows the worker: title, bar, time left and a button to stop the task begun last."""

    def __init__(self, worker: Worker, theme: Theme) -> None:
        super().__init__()
        self._worker = worker
        self._task: Task | None = None
        self._total_epochs = 0
        self.setProperty("role", "strip")
        self.setAccessibleName("Status")
        self.setFixedHeight(Size.STRIP)
        self.device = with_role(QLabel("CPU"), "quiet")
        self._memory = with_role(QLabel(), "quiet")
        self._memory.setFont(number_font())
        self._running = QWidget()
        self.title = QLabel()
        self.detail = with_role(QLabel(), "quiet")
        self._left = with_role(QLabel(), "quiet")
        self.bar = QProgressBar()
        self.stop_button = QPushButton("Stop")
        self._lay_out(theme)
        self._clock = QTimer(self)
        self._clock.setInterval(_MEASURE_EVERY)
        self._clock.timeout.connect(self._measure)
        self._clock.start()
        self._measure()
        # What is over in a moment does not flash up.
        self._appear = QTimer(self)
        self._appear.setSingleShot(True)
        self._appear.setInterval(_APPEAR_AFTER)
        self._appear.timeout.connect(self._running.show)
        self.stop_button.clicked.connect(self._stop_task)
        worker.started.connect(self._follow)
        worker.ended.connect(self._leave)
        self._show_task(None)

    @property
    def task(self) -> Task | None:
        """The task that is shown."""
        return self._task

    def _lay_out(self, theme: Theme) -> None:
        theme.set_icon(self.stop_button, "stop", "quiet")
        self.stop_button.setProperty("kind", "quiet")
        self.stop_button.setAccessibleName("Stop what runs now")
        self.bar.setFixedWidth(Size.SIDE // 2)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of what runs now")
        for label in (self.detail, self._left):
            label.setFont(number_font())
        inner = QHBoxLayout(self._running)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(Space.M)
        for widget in (self.title, self.detail, self.bar, self._left, self.stop_button):
            inner.addWidget(widget)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(Space.XL, 0, Space.L, 0)
        layout.setSpacing(Space.S)
        layout.addWidget(Glyph("chip", size=Size.ICON_SMALL))
        layout.addWidget(self.device)
        layout.addSpacing(Space.S)
        layout.addWidget(self._memory)
        layout.addStretch(1)
        layout.addWidget(self._running)

    @Slot()
    def _measure(self) -> None:
        used = psutil.Process().memory_info().rss
        self._memory.setText(f"{text.size(used)} of {text.size(psutil.virtual_memory().total)}")

    @Slot(object)
    def _follow(self, task: Task) -> None:
        if not task.quiet:
            task.happened.connect(self._show_event)
            self._show_task(task)

    @Slot(object)
    def _leave(self, task: Task) -> None:
        if task is self._task:
            others = [other for other in self._worker.tasks if not other.quiet]
            self._show_task(others[-1] if others else None)

    def _show_task(self, task: Task | None) -> None:
        self._task = task
        self._total_epochs = 0
        if task is None:
            self._appear.stop()
            self._running.hide()
        elif self._running.isHidden():
            self._appear.start()
        self.detail.clear()
        self._left.clear()
        self.bar.setRange(0, 0)
        if task is not None:
            self.title.setText(task.title)
            self.stop_button.setVisible(task.stoppable)
            self.stop_button.setEnabled(not task.control.stopping)

    @Slot()
    def _stop_task(self) -> None:
        if self._task is not None:
            self._task.control.stop()
            self.stop_button.setEnabled(False)
            self.detail.setText("stopping…")

    @Slot(object)
    def _show_event(self, event: Event) -> None:
        if isinstance(event, MachineReady):
            self.device.setText(_DEVICES.get(event.device, event.device.upper()))
        if self.sender() is not self._task or (self._task and self._task.control.stopping):
            return
        match event:
            case Progress(words, done, total):
                # Within a run the bar is that of the whole run.
                whole = (self.bar.value(), self.bar.maximum()) if self._total_epochs else (done, total)
                self._show_progress(words, *whole)
            case Downloaded(name, done, total):
                of = f" of {text.size(total)}" if total else ""
                self._show_progress(f"{name}: {text.size(done)}{of}", done // 1000, total // 1000)
            case RunStarted(config=config, device=device):
                self._total_epochs = config.epochs
                self.device.setText(_DEVICES.get(device, device.upper()))
            case StageStarted(name=name):
                self.detail.setText(name)
            case BatchFinished():
                words = f"epoch {event.epoch} of {max(self._total_epochs, event.epoch)}"
                whole = event.total * max(self._total_epochs, event.epoch)
                self._show_progress(words, (event.epoch - 1) * event.total + event.done, whole)
                self._left.setText(f"{text.duration(event.seconds_left)} left")
            case LrTried(lr=rate):
                self._show_progress(f"trying {text.figure(rate)}", 0, 0)
            case EpochTested(epoch=epoch):
                self._left.clear()
                self._show_progress(f"testing epoch {epoch}", epoch, max(self._total_epochs, epoch))
            case _:
                pass

    def _show_progress(self, words: str, done: int, total: int) -> None:
        self.detail.setText(words[:1].lower() + words[1:])
        self.bar.setRange(0, total)
        self.bar.setValue(min(done, total))
