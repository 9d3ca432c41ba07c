"""The frame around the pages: rail, pages, status strip, drag and drop, leaving."""

import dataclasses
from collections.abc import Sequence

from PySide6.QtCore import QByteArray, QSize, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMessageBox, QStackedWidget, QVBoxLayout, QWidget

from tlstudio.ui import settings as remembered
from tlstudio.ui.icons import pixmap
from tlstudio.ui.pages.base import Page
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Size, Theme, restyle
from tlstudio.ui.widgets.drop_overlay import DropOverlay
from tlstudio.ui.widgets.rail import Rail
from tlstudio.ui.widgets.status_strip import StatusStrip
from tlstudio.ui.worker import Worker

_FIRST_SIZE = QSize(1280, 800)
ZERO_SHOT = "zero-shot"  # the key of the page that takes images where it is open
_SMALLEST = QSize(1024, 640)
_FRAME = QSize(8, 48)  # the most that window managers draw around a window, which is known once it is shown


@dataclasses.dataclass(frozen=True)
class Entry:
    """A page and its place on the rail; ``key`` is what the settings call it."""

    key: str
    icon: str
    page: Page


class MainWindow(QMainWindow):
    """Rail at the left, the chosen page, the strip below.

    Signals:
        folder_dropped: a folder was dropped on the window, as a Path.
        images_dropped: images were dropped on the window, as a list of Paths.
    """

    folder_dropped = Signal(object)
    images_dropped = Signal(list)

    def __init__(self, entries: Sequence[Entry], worker: Worker, theme: Theme, settings: Settings) -> None:
        super().__init__()
        self._entries = tuple(entries)
        self._worker = worker
        self._theme = theme
        self._settings = settings
        self._question: QMessageBox | None = None
        self._leaving = False
        self.setWindowTitle("TL Studio")
        self.setMinimumSize(_SMALLEST)
        self.rail = Rail([(entry.icon, entry.page.title) for entry in self._entries], theme)
        self.pages = QStackedWidget()
        self.strip = StatusStrip(worker, theme)
        self._lay_out()
        self._overlay = DropOverlay(self, theme)
        self._overlay.folder_dropped.connect(self.folder_dropped)
        self._overlay.images_dropped.connect(self.images_dropped)
        self.rail.chosen.connect(self.show_place)
        theme.changed.connect(self._remember_theme)
        worker.ended.connect(self._ask_no_more)
        self._restore()

    @property
    def shown(self) -> str:
        """The key of the page that is open."""
        return self._entries[self.pages.currentIndex()].key

    def show_page(self, key: str) -> None:
        """Open the page of that key; an unknown one (of another version) is passed over."""
        for place, entry in enumerate(self._entries):
            if entry.key == key:
                self.show_place(place)

    @Slot(int)
    def show_place(self, place: int) -> None:
        self.rail.set_current(place)
        self.pages.setCurrentIndex(place)
        page = self._entries[place].page
        self._overlay.classifies = page.classifies
        self._overlay.zero_shot = self._entries[place].key == ZERO_SHOT
        self.setWindowTitle(f"{page.title} · TL Studio")
        self._settings.set(remembered.PAGE, self._entries[place].key)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Training is not lost by a slip: the window asks first, then stops everything before it goes."""
        if not self._leaving and any(task.matters for task in self._worker.tasks):
            event.ignore()
            self._ask()
            return
        self._settings.set(remembered.GEOMETRY, self.saveGeometry().toBase64().toStdString())
        self._settings.set(remembered.THEME, self._theme.scheme)
        self.hide()
        self._worker.shut_down()
        super().closeEvent(event)

    def _lay_out(self) -> None:
        for place, entry in enumerate(self._entries):
            self.pages.addWidget(entry.page)
            entry.page.state_changed.connect(self._show_attention)
            shortcut = QShortcut(QKeySequence(f"Ctrl+{place + 1}"), self)
            shortcut.setProperty("place", place)
            shortcut.activated.connect(self._jump)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.pages, 1)
        right.addWidget(self.strip)
        centre = QWidget()
        layout = QHBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.rail)
        layout.addLayout(right, 1)
        self.setCentralWidget(centre)
        self._show_attention()

    def _restore(self) -> None:
        geometry = self._settings.get(remembered.GEOMETRY)
        if not self.restoreGeometry(QByteArray.fromBase64(geometry.encode())):
            self._fit_to_screen()
        self.show_place(0)
        self.pages.setFocus()  # or a ring would lie around the rail's first entry from the start

    def _fit_to_screen(self) -> None:
        """The first size where there is room for it and its frame; otherwise all there is."""
        room = self.screen().availableGeometry().size() - _FRAME
        self.resize(_FIRST_SIZE.boundedTo(room))
        if self.size() != _FIRST_SIZE:
            self.setWindowState(Qt.WindowState.WindowMaximized)

    @Slot()
    def _jump(self) -> None:
        self.show_place(self.sender().property("place"))

    @Slot()
    def _show_attention(self) -> None:
        for button, entry in zip(self.rail.buttons, self._entries, strict=True):
            button.set_attention(entry.page.attention)

    @Slot()
    def _remember_theme(self) -> None:
        self._settings.set(remembered.THEME, self._theme.scheme)

    def _make_question(self) -> QMessageBox:
        """Once made, the box lives as long as the window: a task that ends finds it, open or closed."""
        box = QMessageBox(self)
        box.setWindowTitle("TL Studio")
        box.setInformativeText("It would stop after this batch. The epochs that are finished are kept.")
        leave = box.addButton("Stop and close", QMessageBox.ButtonRole.AcceptRole)
        leave.setProperty("kind", "danger")
        restyle(leave)
        stay = box.addButton("Go on", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        # Once the box is gone: leaving waits for the tasks, and serves events meanwhile.
        box.accepted.connect(self._leave, Qt.ConnectionType.QueuedConnection)
        return box

    def _ask(self) -> None:
        box = self._question = self._question or self._make_question()
        if box.isVisible():
            box.raise_()
            return
        running = ", ".join(task.title for task in self._worker.tasks if task.matters)
        box.setText(f"<b>Stop {running[:1].lower()}{running[1:]} and close?</b>")
        box.setIconPixmap(
            pixmap("warning", self._theme.tokens.tuned, Size.ICON_LARGE, self.devicePixelRatioF())
        )
        box.open()

    @Slot()
    def _ask_no_more(self) -> None:
        """What was asked about has ended by itself."""
        box = self._question
        if box is not None and box.isVisible() and not any(task.matters for task in self._worker.tasks):
            box.reject()

    @Slot()
    def _leave(self) -> None:
        self._leaving = True
        self.close()
