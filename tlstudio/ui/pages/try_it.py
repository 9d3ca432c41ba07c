"""The Try it page: new images, answered by a trained model, several of them, or a network as it is."""

import functools
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QImage, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from tlstudio.data.decode import EXTENSIONS
from tlstudio.paths import cache_dir
from tlstudio.ui.pages.base import ErrorBanner, Page
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.try_it.desk import TryDesk
from tlstudio.ui.try_it.looking_preview import LookingPreview
from tlstudio.ui.try_it.model_choice import ModelChoice
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.drop_overlay import dropped_paths
from tlstudio.ui.widgets.result_pane import ResultPane
from tlstudio.ui.worker import Worker

_PURPOSE = "What a model says of images that it has never seen."
_WHAT = (
    "Drop images or a folder, paste them, or choose them: each is classified by the model that is chosen "
    "above, with where it looks and how sure it is."
)
_PAGE = "try-it"
_PASTED = "pasted"  # the folder in the cache for pictures that came without a file
_NOTHING_TO_PASTE = "There is no image in the clipboard."


class TryItPage(Page):
    """What answers, above the images and what it says of them.

    Signals:
        folder_wanted: a folder is to be opened on the Data page.
    """

    folder_wanted = Signal(object)

    def __init__(
        self, worker: Worker, theme: Theme, settings: Settings, parent: QWidget | None = None
    ) -> None:
        super().__init__("Try it", _PURPOSE, parent)
        self.classifies = True
        self._settings = settings
        folder = settings.page_values(_PAGE).get("folder")
        self._folder = folder if isinstance(folder, str) else ""
        self._note = ""
        self.desk = TryDesk(worker, self)
        self.choice = ModelChoice(self.desk, theme)
        self.banner = ErrorBanner()
        self.pane = ResultPane(
            self.desk, worker, theme, "try-it", _WHAT, functools.partial(LookingPreview, self.desk, worker)
        )
        self.images_button = button(theme, "Images…", "image")
        self.folder_button = button(theme, "Folder…", "folder")
        self.paste_button = button(theme, "Paste", "copy")
        self.classify_button = button(theme, "Classify", "play", "main")
        self.stop_button = button(theme, "Stop", "stop", "danger")
        for each in (
            self.images_button,
            self.folder_button,
            self.paste_button,
            self.stop_button,
            self.classify_button,
        ):
            self.add_action(each)
        for part in (self.choice, self.banner):
            self.body.addWidget(part)
        self.body.addWidget(self.pane, 1)
        self._connect()
        self.choice.start()
        self._refresh()

    def _connect(self) -> None:
        desk = self.desk
        for changed in (
            desk.images_changed,
            desk.results_changed,
            desk.running_changed,
            desk.models_changed,
            desk.runs_changed,
        ):
            changed.connect(self._refresh)
        desk.failed.connect(self.banner.show_error)
        desk.told.connect(self._take_note)
        self.pane.failed.connect(self.banner.show_error)
        self.pane.images_wanted.connect(self._browse_images)
        self.pane.folder_wanted.connect(self.folder_wanted)
        self.images_button.clicked.connect(self._browse_images)
        self.folder_button.clicked.connect(self._browse_folder)
        self.paste_button.clicked.connect(self.paste)
        self.paste_button.setToolTip("Paste images or files from the clipboard (Ctrl+V)")
        self.classify_button.clicked.connect(desk.classify)
        self.stop_button.clicked.connect(self._stop)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.paste)

    @property
    def summary(self) -> str:
        """The line above the images."""
        return self.pane.summary

    # Images

    def add_images(self, paths: list[Path]) -> None:
        """Show these files, and the images in and beneath these folders, beside those already there."""
        self.desk.add_images(paths)

    @Slot()
    def paste(self) -> None:
        """Add the files, or the picture, that the clipboard holds."""
        data = QGuiApplication.clipboard().mimeData()
        folders, images = dropped_paths(data) if data is not None else ([], [])
        paths = [*folders, *images] or ([file] if data is not None and (file := _kept(data)) else [])
        if paths:
            self.banner.clear()
            self.add_images(paths)
        else:
            self.banner.show_error(_NOTHING_TO_PASTE, "Copy a picture, or image files, and paste again.")

    @Slot()
    def _browse_images(self) -> None:
        kinds = " ".join(f"*{extension}" for extension in sorted(EXTENSIONS))
        dialog = QFileDialog(self, "Choose images", self._folder, f"Images ({kinds})")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        self._open(dialog)

    @Slot()
    def _browse_folder(self) -> None:
        dialog = QFileDialog(self, "Choose a folder of images", self._folder)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        self._open(dialog)

    def _open(self, dialog: QFileDialog) -> None:
        dialog.filesSelected.connect(self._take_files)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    @Slot(list)
    def _take_files(self, files: list[str]) -> None:
        paths = [Path(file) for file in files]
        if paths:
            self._folder = str(paths[0] if paths[0].is_dir() else paths[0].parent)
            self._settings.set_page_values(_PAGE, {"folder": self._folder})
            self.add_images(paths)

    # What is shown

    @Slot(str)
    def _take_note(self, note: str) -> None:
        self._note = note
        self._refresh()

    @Slot()
    def _stop(self) -> None:
        self.stop_button.setEnabled(False)
        self.desk.stop()

    @Slot()
    def _refresh(self) -> None:
        desk = self.desk
        running, missing = desk.running, desk.missing
        self.set_sentence(missing if missing and not running else self._note or _PURPOSE)
        self.classify_button.setVisible(not running)
        self.classify_button.setEnabled(not missing and bool(desk.table.waiting_count or desk.table.unread))
        self.stop_button.setVisible(running)
        if not running:
            self.stop_button.setEnabled(True)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.desk.look_for_runs()


def _kept(data: QMimeData) -> Path | None:
    """A picture of the clipboard as a file, which is what models are asked about."""
    picture = data.imageData() if data.hasImage() else None
    if not isinstance(picture, QImage) or picture.isNull():
        return None
    folder = cache_dir() / _PASTED
    folder.mkdir(parents=True, exist_ok=True)
    name = f"pasted {datetime.now().astimezone():%Y-%m-%d %H.%M.%S.%f}"[:-3]
    file = folder / f"{name}.png"
    return file if picture.save(str(file)) else None
