"""What the next run would take, worked out in the background while nothing else is done."""

import functools

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from tlstudio.config import RunConfig
from tlstudio.events import Event
from tlstudio.training.events import TimesEstimated
from tlstudio.ui import run_engine
from tlstudio.ui.worker import Task, Worker

_AFTER = 1000  # milliseconds since the last change


class Forecast(QObject):
    """Has one estimate made at a time, a while after the last change, and gives way to whatever else runs.

    Signals:
        told: TimesEstimated of the configuration that is wanted, or None as long as there is none.
    """

    told = Signal(object)

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._wanted: RunConfig | None = None
        self._task: Task | None = None
        self._tried: RunConfig | None = None  # what was estimated last, or could not be
        self._times: TimesEstimated | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_AFTER)
        self._later.timeout.connect(self._begin)
        worker.started.connect(self._give_way)
        worker.ended.connect(self._look_again)

    def want(self, config: RunConfig | None) -> None:
        """Estimate this, unless it is what was estimated last; nothing with None."""
        if config == self._wanted:
            return
        self._wanted = config
        self._stop()
        self.told.emit(self._times if config == self._tried else None)
        self._wait()

    def forget(self) -> None:
        """What was estimated holds no longer, though the configuration is the same: the images are others."""
        wanted, self._wanted, self._tried = self._wanted, None, None
        self.want(wanted)

    def _wait(self) -> None:
        if self._wanted is None or self._wanted == self._tried:
            self._later.stop()
        else:
            self._later.start()

    @Slot()
    def _begin(self) -> None:
        config = self._wanted
        if config is None or self._task is not None or any(not task.quiet for task in self._worker.tasks):
            return  # once that has ended, it waits anew
        self._tried, self._times = None, None
        call = functools.partial(run_engine.estimate, config)
        self._task = self._worker.run("Estimating the time of a run", call, quiet=True)
        self._task.happened.connect(self._take)
        self._task.done.connect(self._close)

    @Slot(object)
    def _take(self, event: Event) -> None:
        if isinstance(event, TimesEstimated) and self._current:
            self._tried, self._times = self._wanted, event
            self.told.emit(event)

    @Slot(bool)
    def _close(self, _finished: bool) -> None:
        """An estimate that failed is not tried again before something changes; the log says why."""
        if self._current:
            self._tried = self._wanted

    @property
    def _current(self) -> bool:
        """Whether the estimate under way is of what is wanted."""
        return self._task is not None and not self._task.control.stopping

    @Slot(object)
    def _give_way(self, task: Task) -> None:
        if not task.quiet:
            self._stop()

    @Slot(object)
    def _look_again(self, task: Task) -> None:
        if task is self._task:
            self._task = None
        self._wait()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.control.stop()
