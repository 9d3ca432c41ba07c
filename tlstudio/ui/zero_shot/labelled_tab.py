"""What the tabs that need a labelled folder share: the folder, one task at a time, and their four states."""

import functools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QBoxLayout,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tlstudio.config import DataConfig
from tlstudio.events import Event, Notice, Progress
from tlstudio.inference.events import ImageSkipped
from tlstudio.models.events import Downloaded
from tlstudio.ui import engine
from tlstudio.ui.pages.base import EmptyState, ErrorBanner
from tlstudio.ui.session import Session
from tlstudio.ui.tagged import TaggedTask
from tlstudio.ui.text import amount, size
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.worker import EngineCall, Worker
from tlstudio.ui.zero_shot.desk import ZeroShotDesk

_EMPTY, _WAITING, _FULL = range(3)


class LabelledTab(QWidget):
    """A line with the folder and the main button above what came of it.

    The folder is the one that is open on the Data page, unless another was chosen here.

    Attributes:
        options: the layout where a tab puts what else can be chosen.

    Signals:
        running_changed: the task began or ended.
    """

    running_changed = Signal()

    def __init__(
        self,
        desk: ZeroShotDesk,
        session: Session,
        worker: Worker,
        theme: Theme,
        *,
        title: str,
        verb: str,
        hint: str,
    ) -> None:
        super().__init__()
        self.desk, self.session, self.worker, self.theme = desk, session, worker, theme
        self._title, self._verb = title, verb
        self._own: Path | None = None
        self._task: TaggedTask | None = None
        self._skipped = 0
        self._done_for: object = None
        self.run_button = button(theme, verb, "play", "main")
        self.stop_button = button(theme, "Stop", "stop", "danger")
        self.folder_button = button(theme, "Another folder…", "folder", "quiet")
        self.open_button = button(theme, "Open a labelled folder…", "folder")
        self.start_button = button(theme, verb, "play", "main")
        self.banner = ErrorBanner()
        self.options = QHBoxLayout()
        self._lay_out(hint)
        self._connect()

    # What a tab of this kind says

    def content(self) -> QWidget:
        """What stands below the line once there are results."""
        raise NotImplementedError

    def call(self, data: DataConfig) -> EngineCall:
        """The engine call with what is chosen now."""
        raise NotImplementedError

    def asked(self) -> object:
        """What the results depend on, to be compared."""
        return self.data, self.desk.clip, self.desk.question

    def take(self, event: Event) -> None:
        """An event of the engine that is not about progress."""
        raise NotImplementedError

    def has_results(self) -> bool:
        raise NotImplementedError

    def clear(self) -> None:
        """Forget the results."""
        raise NotImplementedError

    # The folder

    @property
    def data(self) -> DataConfig | None:
        """The labelled images, or None as long as there are none."""
        if self._own is not None:
            return DataConfig(root=str(self._own))
        return self.session.data if self.session.catalogue is not None else None

    @property
    def running(self) -> bool:
        return self._task is not None

    @property
    def words(self) -> str:
        """The line beside the folder: what is done now, or that the question has changed."""
        return self._words.text()

    def open_folder(self, folder: Path) -> None:
        """Take another folder than the one of the Data page, until that is another."""
        self._own = folder
        self._show_folder()

    # Running

    @Slot()
    def start(self) -> None:
        data = self.data
        if data is None or self.running:
            return
        self.banner.clear()
        self.clear()
        self._skipped, self._done_for = 0, self.asked()
        self._task = TaggedTask(self._title, self._title, self.call(data), self.worker, self)
        self._task.happened.connect(self._happened)
        self._task.failed.connect(self._failed)
        self._task.done.connect(self._done)
        self._words.setText("Starting…")
        self._progress.setRange(0, 0)
        self.running_changed.emit()
        self.refresh()

    @Slot()
    def stop(self) -> None:
        if self._task is not None:
            self._task.stop()
            self.stop_button.setEnabled(False)
            self._words.setText("Stopping…")

    @Slot(object, object)
    def _happened(self, _tag: object, event: object) -> None:
        match event:
            case Progress(words, done, total):
                self._words.setText(words + (f" · {done:,} of {total:,}" if total else "…"))
                self._progress.setRange(0, total)
                self._progress.setValue(done)
            case Downloaded(_, done, total):
                self._words.setText(f"Downloading · {size(done)}{f' of {size(total)}' if total else ''}")
                self._progress.setRange(0, total // 1024)
                self._progress.setValue(done // 1024)
            case Notice(words):
                self.banner.show_error(words)
            case ImageSkipped():
                self._skipped += 1
            case Event():
                self.take(event)
                self.refresh()

    @Slot(object, str, str)
    def _failed(self, _tag: object, message: str, hint: str) -> None:
        self.banner.show_error(message, hint)

    @Slot(object, bool)
    def _done(self, _tag: object, finished: bool) -> None:
        self._task = None
        if self._skipped and finished:
            self.banner.show_error(f"{amount(self._skipped, 'image')} could not be read and were left out.")
        self.running_changed.emit()
        self.refresh()

    # What is shown

    @Slot()
    def refresh(self) -> None:
        full, data = self.has_results(), self.data
        state = _FULL if full else _WAITING if self.running else _EMPTY
        self._states.setCurrentIndex(state)
        self._line.setVisible(data is not None)
        for each in (self.run_button, self.start_button):
            each.setVisible(not self.running and data is not None)
        self.run_button.setVisible(not self.running and full)
        self.stop_button.setVisible(self.running)
        self.stop_button.setEnabled(self.running)
        self.open_button.setVisible(data is None)
        self.folder_button.setEnabled(not self.running)
        self._progress.setVisible(self.running)
        again = full and not self.running and self._done_for != self.asked()
        self.run_button.setText(f"{self._verb} again" if full else self._verb)
        if not self.running:
            self._words.setText("What is asked has changed since." if again else "")
        self._say_empty(data)

    def _say_empty(self, data: DataConfig | None) -> None:
        if data is None:
            self._empty.set_text("Open a labelled folder", self._hint)
        else:
            self._empty.set_text(f"{self._verb} on {self._folder_name(data)}", self._hint)

    def _folder_name(self, data: DataConfig) -> str:
        return "the sample images" if data.root == engine.SAMPLE else Path(data.root).name or data.root

    def _lay_out(self, hint: str) -> None:
        self._hint = hint
        self._folder = with_role(QLabel(), "lead")
        self._folder.setTextFormat(Qt.TextFormat.PlainText)
        self._words = with_role(QLabel(), "quiet")
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setAccessibleName(self._title)
        self._progress.setMinimumWidth(Size.FIELD)
        self._line = QWidget()
        self._line.setMinimumHeight(Size.CONTROL)
        line = QHBoxLayout(self._line)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.S)
        line.addWidget(self._folder)
        line.addWidget(self.folder_button)
        line.addLayout(self.options)
        line.addWidget(self._words)
        line.addWidget(self._progress, 1)
        line.addStretch(1)
        line.addWidget(self.stop_button)
        line.addWidget(self.run_button)
        buttons = QWidget()
        row = QHBoxLayout(buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setDirection(QBoxLayout.Direction.LeftToRight)
        row.addWidget(self.open_button)
        row.addWidget(self.start_button)
        self._empty = EmptyState("search", "", hint, buttons)
        waiting = EmptyState(
            "zero-shot", "Reading the images", "Each is read once; after that it is instant."
        )
        self._states = QStackedWidget()
        self._states.addWidget(self._empty)
        self._states.addWidget(waiting)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.M)
        layout.addWidget(self._line)
        layout.addWidget(self.banner)
        layout.addWidget(self._states, 1)

    def add_content(self) -> None:
        """Put what the tab shows beside its other states, once its widgets are made."""
        self._states.addWidget(self.content())
        self._show_folder()

    def _connect(self) -> None:
        self.run_button.clicked.connect(self.start)
        self.start_button.clicked.connect(self.start)
        self.stop_button.clicked.connect(self.stop)
        self.folder_button.clicked.connect(self._browse)
        self.open_button.clicked.connect(self._browse)
        self.session.data_changed.connect(self._data_changed)
        self.desk.question_changed.connect(self.refresh)

    @Slot()
    def _browse(self) -> None:
        dialog = QFileDialog(self, "Choose a folder with a folder of images for each class")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self._folder_chosen)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    @Slot(str)
    def _folder_chosen(self, folder: str) -> None:
        self.open_folder(Path(folder))

    @Slot()
    def _data_changed(self) -> None:
        self._own = None
        self._show_folder()

    def _show_folder(self) -> None:
        data = self.data
        self._folder.setText(
            self._folder_name(data).capitalize() if data and data.root == engine.SAMPLE else ""
        )
        if data is not None and data.root != engine.SAMPLE:
            self._folder.setText(self._folder_name(data))
            self._folder.setToolTip(data.root)
        self.refresh()


def bound(function: Callable[..., object], *arguments: object) -> EngineCall:
    """An engine call with all but its control."""
    return functools.partial(function, *arguments)  # pyright: ignore[reportReturnType]
