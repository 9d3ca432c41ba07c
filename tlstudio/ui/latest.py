"""A task of which only the latest counts: asking anew stops the one before."""

from PySide6.QtCore import QObject, Signal, Slot

from tlstudio.ui.tagged import TaggedTask
from tlstudio.ui.worker import EngineCall, Worker


class Latest(QObject):
    """Runs engine calls, one at a time, and passes on what the latest one tells.

    Signals:
        happened: an event of the engine.
        failed: a sentence and a hint.
        over: it ended, in whatever way.
    """

    happened = Signal(object)
    failed = Signal(str, str)
    over = Signal()

    def __init__(self, title: str, worker: Worker, parent: QObject) -> None:
        super().__init__(parent)
        self._title, self._worker = title, worker
        self._task: TaggedTask | None = None

    @property
    def busy(self) -> bool:
        return self._task is not None

    def run(self, call: EngineCall) -> None:
        self.stop()
        self._task = TaggedTask(object(), self._title, call, self._worker, self, quiet=True)
        self._task.happened.connect(self._happened)
        self._task.failed.connect(self._failed)
        self._task.done.connect(self._done)

    def stop(self) -> None:
        if self._task is not None:
            self._task.stop()
            self._task = None

    @Slot(object, object)
    def _happened(self, _tag: object, event: object) -> None:
        if self.sender() is self._task:
            self.happened.emit(event)

    @Slot(object, str, str)
    def _failed(self, _tag: object, message: str, hint: str) -> None:
        if self.sender() is self._task:
            self.failed.emit(message, hint)

    @Slot(object, bool)
    def _done(self, _tag: object, _finished: bool) -> None:
        if self.sender() is self._task:
            self._task = None
            self.over.emit()
