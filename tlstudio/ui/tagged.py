"""A task that remembers what it was asked, for pages where several may be under way."""

from PySide6.QtCore import QObject, Signal, Slot

from tlstudio.ui.worker import EngineCall, Task, Worker


class TaggedTask(QObject):
    """Runs an engine call and passes its signals on with ``tag`` before them.

    An answer can arrive after the page has moved on to something else; the tag tells whether it still fits.

    Signals:
        happened: tag, event.
        failed: tag, sentence, hint.
        done: tag, whether it came to its end; always the last.
    """

    happened = Signal(object, object)
    failed = Signal(object, str, str)
    done = Signal(object, bool)

    def __init__(
        self,
        tag: object,
        title: str,
        call: EngineCall,
        worker: Worker,
        parent: QObject,
        *,
        quiet: bool = False,
    ) -> None:
        super().__init__(parent)
        self._tag = tag
        self._task: Task = worker.run(title, call, quiet=quiet)
        self._task.happened.connect(self._happened)
        self._task.failed.connect(self._failed)
        self._task.done.connect(self._done)

    def stop(self) -> None:
        self._task.control.stop()

    @Slot(object)
    def _happened(self, event: object) -> None:
        self.happened.emit(self._tag, event)

    @Slot(str, str)
    def _failed(self, message: str, hint: str) -> None:
        self.failed.emit(self._tag, message, hint)

    @Slot(bool)
    def _done(self, finished: bool) -> None:
        self.done.emit(self._tag, finished)
        self.deleteLater()
