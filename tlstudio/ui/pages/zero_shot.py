"""The Zero-shot page: images into classes that nobody trained, and all that CLIP knows besides."""

import functools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from tlstudio.data.decode import EXTENSIONS
from tlstudio.ui import answer_engine
from tlstudio.ui.pages.base import ErrorBanner, Page
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.tagged import TaggedTask
from tlstudio.ui.theme import Size, Space, Theme
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.worker import Worker
from tlstudio.ui.zero_shot.classify_tab import ClassifyTab
from tlstudio.ui.zero_shot.desk import ZeroShotDesk
from tlstudio.ui.zero_shot.few_shot_tab import FewShotTab
from tlstudio.ui.zero_shot.form import QuestionForm
from tlstudio.ui.zero_shot.inside_tab import InsideTab
from tlstudio.ui.zero_shot.measure_tab import MeasureTab
from tlstudio.ui.zero_shot.search_tab import SearchTab
from tlstudio.zeroshot.templates import TemplatesRead

_PURPOSE = (
    "CLIP was trained on pictures and their captions: it compares each image with a sentence for every class."
)
_PAGE = "zero-shot"

# The tabs after Classify, in their order; each looks at the same desk.
_TABS: tuple[tuple[str, Callable[[ZeroShotDesk, Session, Worker, Theme], QWidget]], ...] = (
    ("Search", SearchTab),
    ("Look inside", InsideTab),
    ("Measure", MeasureTab),
    ("Few labels", FewShotTab),
)


class _Remainder(QStackedWidget):
    """Takes what height is left: where the page is low, the tab gives way and not the form above it."""

    def hasHeightForWidth(self) -> bool:
        return False


class ZeroShotPage(Page):
    """The question above tabs that show in their own ways what CLIP makes of the images.

    Signals:
        folder_wanted: a folder is to be opened on the Data page.
    """

    folder_wanted = Signal(object)

    def __init__(
        self,
        session: Session,
        worker: Worker,
        theme: Theme,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Zero-shot", _PURPOSE, parent)
        self.classifies = True
        self._session, self._worker, self._settings = session, worker, settings
        folder = settings.page_values(_PAGE).get("folder")
        self._folder = folder if isinstance(folder, str) else ""
        self._folds = True  # once there are results; not again after somebody has opened the form
        self.desk = ZeroShotDesk(worker, self)
        self.form = QuestionForm(theme, settings)
        self.banner = ErrorBanner()
        self.classify_tab = ClassifyTab(self.desk, session, worker, theme)
        self.results = self.classify_tab.results
        self.tabs = QTabBar()
        self.dataset_button = button(theme, "Dataset", "data")
        self.dataset_button.setToolTip("Take the images that are open on the Data page, and their classes")
        self.images_button = button(theme, "Images…", "image")
        self.folder_button = button(theme, "Folder…", "folder")
        self.classify_button = button(theme, "Classify", "play", "main")
        self.stop_button = button(theme, "Stop", "stop", "danger")
        self._build(theme)
        self._connect()
        self._question_changed()
        self._refresh()

    @property
    def summary(self) -> str:
        """The line above the images."""
        return self.classify_tab.summary

    def add_images(self, paths: list[Path]) -> None:
        """Show these files, and the images in and beneath these folders, beside those already there.

        One image that is dropped while the search is open is what to search with.
        """
        shown = self._shown.currentWidget()
        if not (isinstance(shown, SearchTab) and shown.take_images(paths)):
            self.desk.add_images(paths)

    # Building

    def _build(self, theme: Theme) -> None:
        for each in (self.dataset_button, self.images_button, self.folder_button):
            self.add_action(each)
        for each in (self.stop_button, self.classify_button):
            self.add_action(each)
        self.classify_button.setMinimumWidth(self.classify_button.sizeHint().width())
        self.tabs.setAccessibleName("Ways to look at the images")
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self._shown = _Remainder()
        self._shown.setMinimumHeight(Size.CELL)
        self.tabs.addTab("Classify")
        self._shown.addWidget(self.classify_tab)
        for name, make in _TABS:
            self.tabs.addTab(name)
            tab = make(self.desk, self._session, self._worker, theme)
            if isinstance(tab, SearchTab | InsideTab):
                tab.images_wanted.connect(self._browse_images)
            self._shown.addWidget(tab)
        self.tabs.setVisible(self.tabs.count() > 1)
        below = QVBoxLayout()
        below.setSpacing(Space.S)
        below.addWidget(self.tabs)
        below.addWidget(self._shown, 1)
        self.body.addWidget(self.form)
        self.body.addWidget(self.banner)
        self.body.addLayout(below, 1)

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(self._shown.setCurrentIndex)
        self.form.changed.connect(self._question_changed)
        self.form.dataset_classes_asked.connect(self._take_dataset_classes)
        self.form.preset_asked.connect(self._look_up_preset)
        self.form.picker.names_wanted.connect(self._look_up_names)
        self.form.edit_button.clicked.connect(self._stay_open)
        self.form.options.ranks_changed.connect(self.classify_tab.set_ranks)
        self._session.data_changed.connect(self._refresh)
        for changed in (self.desk.question_changed, self.desk.images_changed, self.desk.results_changed):
            changed.connect(self._refresh)
        self.desk.running_changed.connect(self._running_changed)
        self.desk.failed.connect(self.banner.show_error)
        self.classify_tab.failed.connect(self.banner.show_error)
        self.classify_tab.images_wanted.connect(self._browse_images)
        self.classify_tab.folder_wanted.connect(self.folder_wanted)
        self.dataset_button.clicked.connect(self._take_dataset)
        self.images_button.clicked.connect(self._browse_images)
        self.folder_button.clicked.connect(self._browse_folder)
        self.classify_button.clicked.connect(self.desk.classify)
        self.stop_button.clicked.connect(self._stop)
        self.classify_tab.set_ranks(self.form.options.ranks.value())

    # Choosing images

    @Slot()
    def _take_dataset(self) -> None:
        """The images of the Data page, and its classes unless others were named."""
        if self._session.catalogue is not None:
            if not self.form.classes.names():
                self._take_dataset_classes()
            self.desk.add_images([self._session.catalogue.root])

    @Slot()
    def _browse_images(self) -> None:
        kinds = " ".join(f"*{extension}" for extension in sorted(EXTENSIONS))
        dialog = QFileDialog(self, "Choose images", self._folder, f"Images ({kinds})")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self._take_files)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    @Slot()
    def _browse_folder(self) -> None:
        dialog = QFileDialog(self, "Choose a folder of images", self._folder)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.filesSelected.connect(self._take_files)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    @Slot(list)
    def _take_files(self, files: list[str]) -> None:
        paths = [Path(file) for file in files]
        if paths:
            self._folder = str(paths[0] if paths[0].is_dir() else paths[0].parent)
            values = {**self._settings.page_values(_PAGE), "folder": self._folder}
            self._settings.set_page_values(_PAGE, values)
            self.desk.add_images(paths)

    # The question

    @Slot()
    def _question_changed(self) -> None:
        self.desk.set_clip(self.form.clip)
        self.desk.set_question(self.form.question)
        self._refresh()

    @Slot()
    def _take_dataset_classes(self) -> None:
        if self._session.catalogue is not None:
            self.form.classes.set_names(self._session.catalogue.classes)

    @Slot(str)
    def _look_up_preset(self, preset: str) -> None:
        call = functools.partial(answer_engine.read_templates, preset)
        task = TaggedTask(preset, "Reading prompts", call, self._worker, self, quiet=True)
        task.happened.connect(self._preset_read)
        task.failed.connect(self._failed)

    @Slot()
    def _look_up_names(self) -> None:
        call = answer_engine.read_clip_names
        task = TaggedTask("names", "Reading names", call, self._worker, self, quiet=True)
        task.happened.connect(self._names_read)

    @Slot(object, object)
    def _names_read(self, _tag: object, event: object) -> None:
        if isinstance(event, answer_engine.ClipNames):
            self.form.picker.offer_names(event.names)

    @Slot(object, object)
    def _preset_read(self, _tag: object, event: object) -> None:
        if isinstance(event, TemplatesRead):
            self.form.prompt.set_templates(event.templates, event.preset)

    @Slot(object, str, str)
    def _failed(self, _tag: object, message: str, hint: str) -> None:
        self.banner.show_error(message, hint)

    @Slot()
    def _stay_open(self) -> None:
        self._folds = False

    # What is shown

    @Slot()
    def _stop(self) -> None:
        self.stop_button.setEnabled(False)
        self.desk.stop()

    @Slot()
    def _running_changed(self) -> None:
        self.stop_button.setEnabled(True)
        if self.desk.busy:
            if self._folds and self.desk.running:
                self.form.fold_up()
        else:
            self.form.picker.look_again()
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        running, missing = self.desk.busy, self.desk.missing
        self.set_sentence(_PURPOSE if running or not missing else missing)
        self.classify_button.setVisible(not running)
        self.classify_button.setEnabled(not missing)
        self.stop_button.setVisible(running)
        catalogue = self._session.catalogue
        self.dataset_button.setVisible(catalogue is not None)
        self.form.classes.from_dataset.setVisible(
            catalogue is not None and tuple(catalogue.classes) != self.form.classes.names()
        )

    def showEvent(self, event: QShowEvent) -> None:
        """Only now: looking into the cache of models imports the library that keeps it."""
        super().showEvent(event)
        self.form.picker.look_again()
