"""The one way from the window to long work: an engine call becomes a task on a thread of its own."""

import logging
import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QEventLoop, QObject, Qt, QThread, Signal, Slot

from tlstudio.errors import Stopped, StudioError
from tlstudio.events import Control, Event, Progress
from tlstudio.models.events import Downloaded
from tlstudio.training.events import BatchFinished

_log = logging.getLogger(__name__)

EngineCall = Callable[[Control], Iterator[Event]]

# Batches and bytes come faster than anybody can read; ten a second is what a chart redraws.
_FREQUENT = (Progress, BatchFinished, Downloaded)
_SECONDS_BETWEEN = 0.1
# macOS gives a secondary thread 512 KB of stack, in which OpenBLAS crashes.
_STACK_BYTES = 16 * 1024 * 1024


class Task(QObject):
    """An engine call that runs in the background.

    Attributes:
        title: what it does, for people ("Training ResNet-18").
        matters: closing the window asks before stopping it.
        stoppable: stopping it has an effect soon enough to offer it.
        quiet: small and frequent, so nothing worth showing as running.
        control: pause, resume and stop it; safe from any thread.

    Signals:
        happened: an event of the engine; frequent kinds are thinned to ten a second, the last always comes.
        failed: a sentence and a hint, when it ended with an error.
        done: it ended; True if it came to its end, False if it failed or was stopped.
        over: the same for the worker, with the task itself; always the last.

    Connect bound methods of QObjects: a lambda would run on the task's thread.
    """

    happened = Signal(object)
    failed = Signal(str, str)
    done = Signal(bool)
    over = Signal(object)

    def __init__(
        self,
        title: str,
        call: EngineCall,
        *,
        matters: bool = False,
        stoppable: bool = True,
        quiet: bool = False,
    ) -> None:
        super().__init__()
        self.title = title
        self.matters = matters
        self.stoppable = stoppable
        self.quiet = quiet
        self.control = Control()
        self._call = call

    @Slot()
    def run(self) -> None:
        """Runs on the task's thread."""
        finished = False
        try:
            self._emit_events()
            finished = True
        except Stopped:
            _log.info("%s: stopped", self.title)
        except StudioError as error:
            _log.warning("%s: %s", self.title, error, exc_info=True)
            self.failed.emit(error.message, error.hint)
        except Exception as error:
            _log.exception("%s failed", self.title)
            reason = (str(error).splitlines() or [""])[0].rstrip(".")
            self.failed.emit(
                f"{self.title} failed with {type(error).__name__}: {reason}.", "The log has the details."
            )
        self.done.emit(finished)
        self.over.emit(self)

    def _emit_events(self) -> None:
        waiting: Event | None = None
        last = 0.0
        events = self._call(self.control)
        del self._call  # with what it was given, which may be large and of no use for long
        for event in events:
            if isinstance(event, _FREQUENT):
                if time.monotonic() - last < _SECONDS_BETWEEN:
                    waiting = event
                    continue
                last, waiting = time.monotonic(), None
            elif waiting is not None:
                self.happened.emit(waiting)
                waiting = None
            self.happened.emit(event)
        if waiting is not None:
            self.happened.emit(waiting)


class Worker(QObject):
    """Owns every background thread of the window.

    Signals:
        started: a task began.
        ended: a task ended.
    """

    started = Signal(object)
    ended = Signal(object)
    _begin = Signal(object)
    _idle = Signal()

    def __init__(self, parent: QObject | None = None, *, held: bool = False) -> None:
        """Where ``held``, tasks wait for :meth:`release`, or loading torch would delay the first picture."""
        super().__init__(parent)
        self._threads: dict[Task, QThread] = {}
        self._held: list[Task] | None = [] if held else None
        self._begin.connect(self._start, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        title: str,
        call: EngineCall,
        *,
        matters: bool = False,
        stoppable: bool = True,
        quiet: bool = False,
    ) -> Task:
        """Begin ``call`` in the background, once the event loop is next reached.

        Until then nothing is emitted: whoever connects to the task before returning to it misses no event.
        """
        task = Task(title, call, matters=matters, stoppable=stoppable, quiet=quiet)
        thread = QThread()
        thread.setStackSize(_STACK_BYTES)
        thread.setObjectName(title)
        task.moveToThread(thread)
        thread.started.connect(task.run)
        task.over.connect(self._end)
        self._threads[task] = thread
        self.started.emit(task)
        if self._held is None:
            self._begin.emit(task)
        else:
            self._held.append(task)
        return task

    @property
    def tasks(self) -> tuple[Task, ...]:
        return tuple(self._threads)

    @Slot()
    def release(self) -> None:
        """Begin the tasks that were held back, and from now on every task at once."""
        held, self._held = self._held or [], None
        for task in held:
            self._begin.emit(task)

    def shut_down(self) -> None:
        """Stop every task and wait for its thread, still serving events: nothing is destroyed at work."""
        for task in self.tasks:
            task.control.stop()
        for task in self._held or []:
            del self._threads[task]
            self.ended.emit(task)
        self._held = None
        if self._threads:
            loop = QEventLoop()
            self._idle.connect(loop.quit)
            loop.exec()

    @Slot(object)
    def _start(self, task: Task) -> None:
        self._threads[task].start()

    @Slot(object)
    def _end(self, task: Task) -> None:
        thread = self._threads.pop(task)
        thread.quit()
        thread.wait()
        self.ended.emit(task)
        if not self._threads:
            self._idle.emit()
