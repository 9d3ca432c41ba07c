"""The Data page: which images, which classes, how they are divided."""

import functools
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tlstudio.config import SplitRatios
from tlstudio.data.catalogue import Catalogue
from tlstudio.events import Event, Progress
from tlstudio.ui import engine, text
from tlstudio.ui import settings as remembered
from tlstudio.ui.pages.base import NEEDED, READY, EmptyState, ErrorBanner, Page
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Size, Space, Theme, restyle, with_role
from tlstudio.ui.widgets.basics import button, card, rule
from tlstudio.ui.widgets.class_list import ClassList
from tlstudio.ui.widgets.fold import Fold
from tlstudio.ui.widgets.image_browser import ImageBrowser
from tlstudio.ui.widgets.set_aside_list import SetAsideList
from tlstudio.ui.widgets.skeleton import Skeleton
from tlstudio.ui.widgets.split_editor import SplitEditor
from tlstudio.ui.worker import Task, Worker

SAMPLE = "sample"
_WHAT = "Drop a folder of images anywhere on this window: inside it, one folder for each class."


class DataPage(Page):
    """Opens a folder or the sample, shows what is in it, and divides it for training.

    Signals:
        go_on: the data are in hand, and the person wants to choose a model.
    """

    go_on = Signal()

    def __init__(self, session: Session, worker: Worker, theme: Theme, settings: Settings) -> None:
        super().__init__("Data", _WHAT)
        self._session = session
        self._worker = worker
        self._theme = theme
        self._settings = settings
        self._task: Task | None = None
        self._dividing: Task | None = None
        self._root = ""
        self._scanned: Catalogue | None = None
        self._make_widgets()
        self._lay_out()
        self._connect()
        self._recall()
        self.set_attention(NEEDED)
        self._show_recent()

    # What the window asks for

    @Slot(object)
    def open_folder(self, folder: Path) -> None:
        """Scan ``folder`` in the background and show it."""
        self._open(str(folder), functools.partial(engine.open_folder, folder), f"Reading {folder.name}")

    @Slot()
    def open_sample(self) -> None:
        """Generate the sample images if need be, and show them."""
        self._open(SAMPLE, engine.open_sample, "Preparing the sample images")

    @Slot(str, object, int)
    def open_images_of_run(self, root: str, ratios: SplitRatios, seed: int) -> None:
        """Open a folder, or "sample", divided as a run divided it."""
        self.split_editor.set_values(ratios, seed)
        self._remember_values(ratios, seed)
        if root == SAMPLE:
            self.open_sample()
        else:
            self.open_folder(Path(root))

    def open_last(self) -> None:
        """What was open when the window was last closed, if it is still there."""
        last = self._settings.get(remembered.DATA)
        if last == SAMPLE:
            self.open_sample()
        elif last and Path(last).is_dir():
            self.open_folder(Path(last))

    # Making the page

    def _make_widgets(self) -> None:
        self.banner = ErrorBanner()
        self.sample_button = button(self._theme, "Use the sample images", "image")
        self.open_button = button(self._theme, "Open a folder", "folder", "main")
        self.first_open_button = button(self._theme, "Open a folder", "folder", "main")
        self.first_sample_button = button(self._theme, "Use the sample images", "image")
        self.go_on_button = button(self._theme, "Choose a model", "model", "main")
        self.recent_button = button(self._theme, "Recent", "clock")
        self.recent_menu = QMenu(self)
        self.recent_button.setMenu(self.recent_menu)
        self.recent_button.setProperty("menu", True)
        self.path_field = QLineEdit()
        self.path_field.setPlaceholderText("Or type the path of a folder and press Enter")
        self.path_field.setAcceptDrops(False)  # a folder dropped here is opened like anywhere else
        self.path_field.setAccessibleName("Path of a folder of images")
        self.summary = with_role(QLabel(), "number")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress_text = with_role(QLabel(), "quiet")
        self.cancel_button = button(self._theme, "Stop", "stop")
        self.class_list = ClassList(self._theme)
        self.split_editor = SplitEditor(self._theme)
        self.set_aside = SetAsideList(self._theme)
        self.set_aside_fold = Fold("Set aside", self.set_aside, self._theme)
        self.browser = ImageBrowser(self._worker, self._theme)

    def _lay_out(self) -> None:
        self.add_action(self.recent_button)
        self.add_action(self.sample_button)
        self.add_action(self.open_button)
        self.add_action(self.go_on_button)
        self.states = QStackedWidget()
        self._empty = self._empty_state()
        self._loading = self._loading_state()
        self._full = self._full_state()
        for state in (self._empty, self._loading, self._full):
            self.states.addWidget(state)
        line = QHBoxLayout()
        line.setSpacing(Space.L)
        line.addWidget(self.path_field, 1)
        line.addWidget(self.summary)
        self.body.addWidget(self.banner)
        self.body.addLayout(line)
        self.body.addWidget(self.states, 1)
        self._show_state(self._empty)

    def _empty_state(self) -> QWidget:
        zone = QFrame()
        zone.setProperty("role", "drop")
        buttons = QWidget()
        row = QHBoxLayout(buttons)
        row.setSpacing(Space.S)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.first_sample_button)
        row.addWidget(self.first_open_button)
        state = EmptyState(
            "folder",
            "Drop a folder of images here",
            "One folder a class inside it, or train, val and test folders with one folder a class each.",
            buttons,
        )
        layout = QVBoxLayout(zone)
        layout.addWidget(state)
        return zone

    def _loading_state(self) -> QWidget:
        page = QWidget()
        line = QHBoxLayout()
        line.setSpacing(Space.M)
        line.addWidget(self.progress_text)
        line.addWidget(self.progress, 1)
        line.addWidget(self.cancel_button)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.L)
        layout.addLayout(line)
        layout.addWidget(Skeleton(self._theme), 1)
        return page

    def _full_state(self) -> QWidget:
        panes = QSplitter(Qt.Orientation.Horizontal)
        panes.setChildrenCollapsible(False)
        panes.setHandleWidth(Space.L)
        panes.addWidget(self._left_pane())
        panes.addWidget(self.browser)
        panes.setSizes([Size.SIDE, 3 * Size.SIDE])
        panes.setStretchFactor(0, 0)
        panes.setStretchFactor(1, 1)
        return panes

    def _left_pane(self) -> QWidget:
        pane = card()
        layout = QVBoxLayout(pane)
        layout.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        layout.setSpacing(Space.S)
        layout.addWidget(with_role(QLabel("Classes"), "lead"))
        layout.addWidget(self.class_list, 1)
        layout.addWidget(rule())
        layout.addWidget(with_role(QLabel("Split"), "lead"))
        layout.addWidget(self.split_editor)
        layout.addWidget(self.set_aside_fold)
        self.set_aside.setFixedHeight(3 * Size.ROW_TWO_LINES)
        pane.setMinimumWidth(Size.SIDE - Space.XXL)
        return pane

    def _connect(self) -> None:
        for opening in (self.open_button, self.first_open_button):
            opening.clicked.connect(self._choose_folder)
        for sampling in (self.sample_button, self.first_sample_button):
            sampling.clicked.connect(self.open_sample)
        self.go_on_button.clicked.connect(self.go_on)
        self.cancel_button.clicked.connect(self._cancel)
        self.path_field.returnPressed.connect(self._open_typed)
        self.recent_menu.aboutToShow.connect(self._fill_recent)
        self.recent_menu.triggered.connect(self._open_recent)
        self.class_list.chosen.connect(self.browser.filter_class)
        self.split_editor.changed.connect(self._divide)

    # Opening

    def _open(self, root: str, call: engine.OpenData, title: str) -> None:
        if self._task is not None:
            self._task.control.stop()
        self.banner.clear()
        self._root = root
        self._show_progress(Progress("Starting"))
        self._show_state(self._loading)
        ratios, seed = self.split_editor.ratios, self.split_editor.seed
        self._task = self._worker.run(title, functools.partial(call, ratios, seed))
        self._task.happened.connect(self._on_event)
        self._task.failed.connect(self._on_failure)
        self._task.over.connect(self._on_over)

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if self.sender() is not self._task:
            return
        match event:
            case Progress():
                self._show_progress(event)
            case engine.DataOpened(scanned, divided):
                self.show_catalogue(scanned, divided)
            case _:
                pass

    @Slot(str, str)
    def _on_failure(self, message: str, hint: str) -> None:
        if self.sender() is self._task:
            self.banner.show_error(message, hint)

    @Slot(object)
    def _on_over(self, task: Task) -> None:
        if task is not self._task:
            return
        self._task = None
        if self.states.currentWidget() is self._loading:
            # Stopped or failed: what was open before stays open.
            self._show_state(self._full if self._scanned else self._empty)

    @Slot()
    def _cancel(self) -> None:
        if self._task is not None:
            self._task.control.stop()

    def show_catalogue(self, scanned: Catalogue, divided: Catalogue) -> None:
        """Show a folder as it is and as it is divided, and hand it to the session."""
        self._scanned = scanned
        self._settings.set(remembered.DATA, self._root)
        if self._root != SAMPLE:
            self._settings.remember_folder(self._root)
            self._show_recent()
        self.path_field.setText(str(scanned.root))
        self.class_list.show_classes(scanned)
        self._show_set_aside(scanned)
        self.browser.open_catalogue(divided)
        self._show_division(divided)
        self._show_state(self._full)

    def _show_progress(self, event: Progress) -> None:
        of = f" · {event.done:,} of {event.total:,}" if event.total else ""
        self.progress_text.setText(event.text + of)
        self.progress.setRange(0, event.total)
        self.progress.setValue(event.done)

    # Dividing

    @Slot()
    def _divide(self) -> None:
        ratios, seed = self.split_editor.ratios, self.split_editor.seed
        self._remember_values(ratios, seed)
        if self._scanned is None:
            return
        if self._dividing is not None:
            self._dividing.control.stop()
        call = functools.partial(engine.divide, self._scanned, ratios, seed)
        self._dividing = self._worker.run("Dividing the images", call, quiet=True)
        self._dividing.happened.connect(self._on_divided)
        self._dividing.failed.connect(self._on_divide_failure)

    @Slot(object)
    def _on_divided(self, event: Event) -> None:
        if self.sender() is self._dividing and isinstance(event, engine.DataDivided):
            self.banner.clear()
            self._show_division(event.divided)

    @Slot(str, str)
    def _on_divide_failure(self, message: str, hint: str) -> None:
        if self.sender() is self._dividing:
            self.banner.show_error(message, hint)

    def _show_division(self, divided: Catalogue) -> None:
        assert self._scanned is not None
        self.split_editor.show_division(
            divided, {image.split for image in self._scanned.images if image.split}
        )
        ratios, seed = self.split_editor.ratios, self.split_editor.seed
        self._session.set_data(divided, self._root, ratios, seed)
        self.browser.show_catalogue(divided)
        aside = len(divided.set_aside)
        parts = [
            text.amount(len(divided.classes), "class", "classes"),
            text.amount(len(divided.images), "image"),
            *([f"{aside:,} set aside"] if aside else []),
        ]
        self.summary.setText(" · ".join(parts))
        self.set_attention(READY)

    def _show_set_aside(self, catalogue: Catalogue) -> None:
        files = catalogue.set_aside
        self.set_aside.show_files(files)
        self.set_aside_fold.set_title(f"{text.amount(len(files), 'file')} set aside")
        self.set_aside_fold.setVisible(bool(files))

    # Choosing

    @Slot()
    def _choose_folder(self) -> None:
        dialog = QFileDialog(self, "Open a folder of images")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        recent = self._settings.recent_folders()
        dialog.setDirectory(str(Path(recent[0]).parent) if recent else str(Path.home()))
        dialog.fileSelected.connect(self._open_chosen)
        dialog.open()

    @Slot(str)
    def _open_chosen(self, folder: str) -> None:
        self.open_folder(Path(folder))

    @Slot()
    def _open_typed(self) -> None:
        typed = self.path_field.text().strip()
        if typed:
            self.open_folder(Path(typed).expanduser())

    @Slot()
    def _fill_recent(self) -> None:
        self.recent_menu.clear()
        for folder in self._settings.recent_folders():
            self.recent_menu.addAction(folder)

    @Slot(object)
    def _open_recent(self, action: QAction) -> None:
        self.open_folder(Path(action.text()))

    # States

    def _show_recent(self) -> None:
        self.recent_button.setEnabled(bool(self._settings.recent_folders()))

    def _show_state(self, state: QWidget) -> None:
        self.states.setCurrentWidget(state)
        full = state is self._full
        self.go_on_button.setVisible(full)
        self.summary.setVisible(full)
        # One main action a page: once there are images, that is to go on.
        self.open_button.setVisible(state is not self._empty)
        self.sample_button.setVisible(state is not self._empty)
        self.open_button.setProperty("kind", "secondary" if full else "main")
        self._theme.set_icon(self.open_button, "folder", "text" if full else "on_accent")
        restyle(self.open_button)
        self.set_sentence(
            "What the network will learn from, and what it will be judged by." if full else _WHAT
        )

    def _recall(self) -> None:
        values = self._settings.page_values("data")
        try:
            val, test, seed = int(values["val"]), int(values["test"]), int(values["seed"])
            ratios = SplitRatios(train=(100 - val - test) / 100, val=val / 100, test=test / 100)
        except (KeyError, TypeError, ValueError):
            return
        self.split_editor.set_values(ratios, seed)

    def _remember_values(self, ratios: SplitRatios, seed: int) -> None:
        values = {"val": round(ratios.val * 100), "test": round(ratios.test * 100), "seed": seed}
        self._settings.set_page_values("data", values)
