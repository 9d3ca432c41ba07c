"""The Data page: which images, which classes, how they are divided."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tlstudio.config import DataConfig, SplitRatios
from tlstudio.data.layouts import Nesting
from tlstudio.data.scan import ChangesFound
from tlstudio.events import Progress
from tlstudio.ui import engine, text
from tlstudio.ui import settings as remembered
from tlstudio.ui.open_folder import OpenFolder
from tlstudio.ui.pages.base import NEEDED, READY, EmptyState, ErrorBanner, Page
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.class_pane import undo_shortcuts
from tlstudio.ui.widgets.data_side import DataSide
from tlstudio.ui.widgets.image_browser import ImageBrowser
from tlstudio.ui.widgets.offer_bar import OfferBar
from tlstudio.ui.widgets.open_menu import OpenMenu
from tlstudio.ui.widgets.skeleton import Skeleton
from tlstudio.ui.widgets.understood_line import UnderstoodLine
from tlstudio.ui.widgets.webcam_button import WebcamButton
from tlstudio.ui.worker import Worker

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
        self.folder = OpenFolder(worker, self)
        self._make_widgets()
        self._lay_out()
        self._connect()
        self._recall()
        self.set_attention(NEEDED)

    # What the window asks for

    @Slot(object)
    def open_folder(self, folder: Path) -> None:
        """Read ``folder``, or an archive of one, in the background and show it."""
        self._open(str(folder), f"Reading {folder.name}")

    @Slot()
    def open_sample(self) -> None:
        """Generate the sample images if need be, and show them."""
        self._open(engine.SAMPLE, "Preparing the sample images")

    @Slot(object)
    def open_images_of_run(self, data: DataConfig) -> None:
        """Open a folder, or the sample, corrected and divided as a run had it."""
        self._show_opening()
        self.folder.open(data, "Reading the images of the run", recalled=False)

    def open_last(self) -> None:
        """What was open when the window was last closed, if it is still there."""
        last = self._settings.get(remembered.DATA)
        if last == engine.SAMPLE:
            self.open_sample()
        elif last and Path(last).exists():
            self.open_folder(Path(last))

    # Making the page

    def _make_widgets(self) -> None:
        self.banner = ErrorBanner()
        self.open_menu = OpenMenu(self._settings, self)
        self.open_button = button(self._theme, "Open", "folder")
        self.open_button.setMenu(self.open_menu)
        self.open_button.setProperty("menu", True)
        self.first_open_button = button(self._theme, "Open a folder", "folder", "main")
        self.first_sample_button = button(self._theme, "Use the sample images", "image")
        self.go_on_button = button(self._theme, "Choose a model", "model", "main")
        self.first_archive_button = button(self._theme, "Open an archive", "archive")
        self.path_field = QLineEdit()
        self.path_field.setPlaceholderText("Or type the path of a folder or a zip file and press Enter")
        self.path_field.setAcceptDrops(False)  # a folder dropped here is opened like anywhere else
        self.path_field.setAccessibleName("Path of a folder or zip file of images")
        self.summary = with_role(QLabel(), "number")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress_text = with_role(QLabel(), "quiet")
        self.cancel_button = button(self._theme, "Stop", "stop")
        self.understood = UnderstoodLine(self._theme)
        self.offer = OfferBar(self._theme)
        self.side = DataSide(self.folder, self._theme)
        self.class_list, self.split_editor = self.side.class_pane.list, self.side.split_editor
        self.browser = ImageBrowser(self._worker, self._theme)

    def _lay_out(self) -> None:
        self.add_action(WebcamButton(self.folder, self._worker, self._theme, self.open_folder))
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
        above = QVBoxLayout()
        above.setSpacing(Space.S)
        above.addLayout(line)
        above.addWidget(self.understood)
        self.body.addWidget(self.banner)
        self.body.addWidget(self.offer)
        self.body.addLayout(above)
        self.body.addWidget(self.states, 1)
        self._show_state(self._empty)

    def _empty_state(self) -> QWidget:
        zone = QFrame()
        zone.setProperty("role", "drop")
        buttons = QWidget()
        row = QHBoxLayout(buttons)
        row.setSpacing(Space.S)
        row.setContentsMargins(0, 0, 0, 0)
        for first in (self.first_sample_button, self.first_archive_button, self.first_open_button):
            row.addWidget(first)
        state = EmptyState(
            "folder",
            "Drop a folder of images here",
            "One folder a class inside it, or train, val and test folders with one folder a class each. "
            "A zip file of such a folder will do.",
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
        panes.addWidget(self.side)
        panes.addWidget(self.browser)
        panes.setSizes([Size.SIDE, 3 * Size.SIDE])
        panes.setStretchFactor(0, 0)
        panes.setStretchFactor(1, 1)
        return panes

    def _connect(self) -> None:
        self.first_open_button.clicked.connect(self.open_menu.choose_folder)
        self.first_archive_button.clicked.connect(self.open_menu.choose_archive)
        self.first_sample_button.clicked.connect(self.open_sample)
        self.open_menu.chosen.connect(self.open_folder)
        self.open_menu.sample_wanted.connect(self.open_sample)
        self.go_on_button.clicked.connect(self.go_on)
        self.cancel_button.clicked.connect(self.folder.cancel)
        self.path_field.returnPressed.connect(self._open_typed)
        self.class_list.chosen.connect(self.browser.filter_class)
        self.split_editor.changed.connect(self._divide)
        self.browser.class_cleared.connect(self.class_list.show_all)
        self.side.health.shown.connect(self._show_images_of)
        self.side.health.mended.connect(self.browser.clear_filters)
        self.side.problems_found.connect(self.browser.set_problems)
        self.browser.corrected.connect(self.folder.mend)
        self.browser.taken_in.connect(self.folder.take_images_in)
        self.understood.nesting_chosen.connect(self._nest)
        self.understood.check_wanted.connect(self.folder.check)
        self.offer.accepted.connect(self._read_again)
        folder = self.folder
        folder.progressed.connect(self._show_progress)
        folder.opened.connect(self._show_opened)
        folder.opening_over.connect(self._opening_over)
        folder.check_progressed.connect(self.understood.show_check)
        folder.check_over.connect(self.understood.show_checked)
        folder.divided_anew.connect(self._show_division)
        folder.failed.connect(self.banner.show_error)
        folder.changed_on_disk.connect(self._offer_to_read_again)
        undo_shortcuts(self, folder)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.applicationStateChanged.connect(self._look_for_changes)

    # Opening

    def _open(self, root: str, title: str) -> None:
        self._show_opening()
        folds = {"folds": None, "fold": 0}  # those are for the folder that they were chosen for
        self.folder.open(DataConfig(root=root, **{**self.split_editor.values, **folds}), title)

    @Slot(str)
    def _nest(self, nesting: Nesting) -> None:
        self._show_opening()
        self.folder.nest(nesting)

    @Slot()
    def _read_again(self) -> None:
        self._show_opening()
        self.folder.read_again()

    def _show_opening(self) -> None:
        self.banner.clear()
        self.offer.hide()
        self._show_progress(Progress("Starting"))
        self._show_state(self._loading)

    @Slot(object)
    def _show_opened(self, event: engine.DataOpened) -> None:
        root = event.data.root
        self._settings.set(remembered.DATA, root)
        if root != engine.SAMPLE:
            self._settings.remember_folder(root)
        self.path_field.setText(str(event.scanned.catalogue.root) if root == engine.SAMPLE else root)
        self.understood.show_layout(event.scanned.layout, event.data.nesting, event.notes)
        self.split_editor.set_values(event.data)
        self.browser.open_catalogue(event.divided, self.folder.left_out)
        self._show_division()
        self._show_state(self._full)

    @Slot()
    def _opening_over(self) -> None:
        if self.states.currentWidget() is self._loading:
            # Stopped or failed: what was open before stays open.
            self._show_state(self._full if self.folder.divided else self._empty)

    @Slot(object)
    def _show_progress(self, event: Progress) -> None:
        of = f" · {event.done:,} of {event.total:,}" if event.total else ""
        self.progress_text.setText(event.text + of)
        self.progress.setRange(0, event.total)
        self.progress.setValue(event.done)

    # Dividing

    @Slot()
    def _divide(self) -> None:
        self._remember_values()
        self.folder.change(self.folder.data.model_copy(update=self.split_editor.values))

    @Slot()
    def _show_division(self) -> None:
        """Show the folder as it is corrected and divided now, and hand it to the session."""
        folder, divided = self.folder, self.folder.divided
        if divided is None:
            return
        if divided is not self._session.catalogue or folder.data != self._session.data:
            self._session.set_data(divided, folder.data)
            self.browser.show_catalogue(divided, folder.left_out)
        aside = len(divided.set_aside)
        parts = [
            text.amount(len(divided.classes), "class", "classes"),
            text.amount(len(divided.images), "image"),
            *([f"{aside:,} set aside"] if aside else []),
        ]
        self.summary.setText(" · ".join(parts))
        self.set_attention(READY)

    @Slot(object, str)
    def _show_images_of(self, paths: tuple[str, ...], words: str) -> None:
        self.class_list.show_all()
        self.browser.show_only(paths, words)

    # What happens outside

    @Slot(object)
    def _look_for_changes(self, state: Qt.ApplicationState) -> None:
        if state == Qt.ApplicationState.ApplicationActive:
            self.folder.look_for_changes()

    @Slot(object)
    def _offer_to_read_again(self, changes: ChangesFound) -> None:
        kinds = (("added", changes.added), ("gone", changes.gone), ("changed", changes.changed))
        found = [f"{text.amount(count, 'file')} {kind}" for kind, count in kinds if count]
        name = Path(self.folder.data.root).name
        if changes.archive and changes.gone:
            hint = "A training would not find it: put it back, or open another."
            self.offer.ask("archive", f"{name} is no longer there.", hint, "Look again")
        elif changes.archive:
            sentence = f"{name} has changed on the disk."
            self.offer.ask("archive", sentence, "What is shown is how it was unpacked.", "Read again")
        elif found:
            sentence = f"The folder has changed on the disk: {', '.join(found)}."
            self.offer.ask("folder", sentence, "What is shown is how it was read.", "Read again")
        else:
            self.offer.hide()

    # Choosing

    @Slot()
    def _open_typed(self) -> None:
        typed = self.path_field.text().strip()
        if typed:
            self.open_folder(Path(typed).expanduser())

    # States

    def _show_state(self, state: QWidget) -> None:
        self.states.setCurrentWidget(state)
        full = state is self._full
        self.go_on_button.setVisible(full)
        self.summary.setVisible(full)
        self.understood.setVisible(full)
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
        together = values.get("keep_together") is not False
        self.split_editor.set_values(
            DataConfig(root="", ratios=ratios, split_seed=seed, keep_together=together)
        )

    def _remember_values(self) -> None:
        values = self.split_editor.values
        ratios: SplitRatios = values["ratios"]
        self._settings.set_page_values(
            "data",
            {
                "val": round(ratios.val * 100),
                "test": round(ratios.test * 100),
                "seed": values["split_seed"],
                "keep_together": values["keep_together"],
            },
        )
