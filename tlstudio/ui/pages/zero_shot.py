"""The Zero-shot page: images into classes that nobody trained."""

import functools
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QProgressBar, QStackedWidget, QWidget

from tlstudio.data.decode import EXTENSIONS
from tlstudio.events import Notice, Progress
from tlstudio.inference.events import ImageClassified, ImageSkipped
from tlstudio.models.events import Downloaded
from tlstudio.ui import engine
from tlstudio.ui.item_models.results import ResultModel
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.pages.base import EmptyState, ErrorBanner, Page
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.tagged import TaggedTask
from tlstudio.ui.text import amount, duration, size
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.result_card import ResultGrid
from tlstudio.ui.widgets.zero_shot_form import ZeroShotForm
from tlstudio.ui.worker import Worker
from tlstudio.zeroshot.events import Clip, Question, QuestionRead, ZeroShotFinished, ZeroShotRequest

_PURPOSE = (
    "CLIP was trained on pictures and their captions: it compares each image with a sentence for every class."
)
_WHAT = (
    "Zero-shot: name any classes in plain words, and each image goes to the class whose sentence fits "
    "it best. Nothing is trained."
)


class ZeroShotPage(Page):
    """Classes, prompt and model above a grid of result cards."""

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
        self._task: TaggedTask | None = None
        self._asked: ZeroShotRequest | None = None
        self._outcome = ""
        self._folder = ""
        self.results = ResultModel(PictureStore(worker, self), self)
        self.form = ZeroShotForm(theme)
        self.banner = ErrorBanner()
        self.grid = ResultGrid(self.results, theme)
        self.images_button = button(theme, "Images…", "image")
        self.folder_button = button(theme, "Folder…", "folder")
        self.classify_button = button(theme, "Classify", "play", "main")
        self.stop_button = button(theme, "Stop", "stop", "danger")
        self.again_button = button(theme, "Classify again", "play", "quiet")
        self.clear_button = button(theme, "Clear the images", "trash", "quiet")
        self._build(theme)
        self._restore()
        self._connect()
        self._refresh()

    # Building

    def _build(self, theme: Theme) -> None:
        for each in (self.images_button, self.folder_button, self.stop_button, self.classify_button):
            self.add_action(each)
        self.classify_button.setMinimumWidth(self.classify_button.sizeHint().width())
        self._summary = QLabel()
        self._summary.setTextFormat(Qt.TextFormat.PlainText)
        self._stale = with_role(QLabel(), "quiet")
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setAccessibleName("Classifying")
        line = QHBoxLayout()
        line.setSpacing(Space.M)
        line.addWidget(self._summary)
        line.addWidget(self._progress, 4)
        line.addWidget(self._stale)
        line.addWidget(self.again_button)
        line.addStretch(1)
        line.addWidget(self.clear_button)
        self._line = QWidget()
        self._line.setLayout(line)
        self._line.setMinimumHeight(Size.CONTROL)
        line.setContentsMargins(0, 0, 0, 0)
        self.empty_button = button(theme, "Choose images…", "image")
        self._empty = EmptyState("zero-shot", "Drop images here", _WHAT, self.empty_button)
        self._states = QStackedWidget()
        self._states.addWidget(self._empty)
        self._states.addWidget(self.grid)
        self.body.addWidget(self.form)
        self.body.addWidget(self.banner)
        self.body.addWidget(self._line)
        self.body.addWidget(self._states, 1)

    def _connect(self) -> None:
        self.form.changed.connect(self._question_changed)
        self.form.dataset_classes_asked.connect(self._take_dataset_classes)
        self._session.data_changed.connect(self._refresh)
        self.images_button.clicked.connect(self._browse_images)
        self.empty_button.clicked.connect(self._browse_images)
        self.folder_button.clicked.connect(self._browse_folder)
        self.classify_button.clicked.connect(self.classify)
        self.again_button.clicked.connect(self.classify)
        self.stop_button.clicked.connect(self._stop)
        self.clear_button.clicked.connect(self._take_all_out)
        self.grid.removal_asked.connect(self._take_out)

    # What is remembered

    def _restore(self) -> None:
        values = self._settings.page_values("zero-shot")
        classes, template = values.get("classes"), values.get("template")
        model, pretrained, folder = values.get("model"), values.get("pretrained"), values.get("folder")
        if isinstance(classes, list):
            self.form.chips.set_names(str(name) for name in classes)
        if isinstance(template, str) and template:
            self.form.template.setText(template)
        if isinstance(model, str) and isinstance(pretrained, str):
            self.form.picker.set_choice(model, pretrained)
        self._folder = folder if isinstance(folder, str) else ""

    def _remember(self) -> None:
        self._settings.set_page_values(
            "zero-shot",
            {
                "classes": list(self.form.chips.names()),
                "template": self.form.template.text(),
                "model": self.form.picker.model,
                "pretrained": self.form.picker.pretrained,
                "folder": self._folder,
            },
        )

    @property
    def summary(self) -> str:
        """The line above the cards."""
        return self._summary.text()

    # Images

    def add_images(self, paths: list[Path]) -> None:
        """Show these files, and the images in and beneath these folders, beside those already there."""
        folders = [path for path in paths if path.is_dir()]
        self.results.add(path for path in paths if path not in folders)
        if folders:
            call = functools.partial(engine.find_images, folders)
            task = TaggedTask("find", "Looking for images", call, self._worker, self)
            task.happened.connect(self._images_found)
            task.failed.connect(self._failed)
        self._outcome = ""
        self._refresh()

    @Slot(object, object)
    def _images_found(self, _tag: object, event: object) -> None:
        if isinstance(event, engine.ImagesFound):
            self.results.add(event.paths)
            self._refresh()

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
            self._remember()
            self.add_images(paths)

    @Slot(list)
    def _take_out(self, rows: list[int]) -> None:
        self.results.remove(rows)
        self._refresh()

    @Slot()
    def _take_all_out(self) -> None:
        self.results.clear()
        self._outcome = ""
        self.banner.clear()
        self._refresh()

    # Classifying

    @Slot()
    def classify(self) -> None:
        """Ask the model about every image on the page."""
        if self._task is not None or self._missing():
            return
        self.banner.clear()
        self.results.forget_outcomes()
        self._asked = self._request()
        self._outcome = ""
        call = functools.partial(engine.classify_zero_shot, self._asked)
        self._task = TaggedTask("classify", "Classifying zero-shot", call, self._worker, self)
        self._task.happened.connect(self._happened)
        self._task.failed.connect(self._failed)
        self._task.done.connect(self._done)
        self._progress.setRange(0, 0)
        self._refresh()
        self._summary.setText("Starting…")

    @Slot()
    def _stop(self) -> None:
        if self._task is not None:
            self._task.stop()
            self.stop_button.setEnabled(False)
            self._summary.setText("Stopping…")

    @Slot(object, object)
    def _happened(self, _tag: object, event: object) -> None:
        match event:
            case ImageClassified() | ImageSkipped():
                self.results.take(event)
            case Progress(text, done, total):
                count = f" · {done:,} of {total:,}" if total else "…"
                self._show_progress(f"{text}{count}", done, total)
            case Downloaded(_, done, total):
                of = f" of {size(total)}" if total else ""
                self._show_progress(f"Downloading · {size(done)}{of}", done // 1024, total // 1024)
            case QuestionRead(_, _, cut) if cut:
                names = ", ".join(f"“{name}”" for name in cut)
                self.banner.show_error(
                    f"Too long for this model, which does not read the end: {names}.",
                    "Shorten the class or the prompt.",
                )
            case Notice(text):
                self.banner.show_error(text)
            case ZeroShotFinished(images, skipped, seconds):
                self._outcome = _outcome(images, skipped, seconds)

    def _show_progress(self, words: str, done: int, total: int) -> None:
        if self.stop_button.isEnabled():
            self._summary.setText(words)
        self._progress.setRange(0, total)
        self._progress.setValue(done)

    @Slot(object, str, str)
    def _failed(self, tag: object, message: str, hint: str) -> None:
        self.banner.show_error(message, hint)

    @Slot(object, bool)
    def _done(self, _tag: object, finished: bool) -> None:
        self._task = None
        self.stop_button.setEnabled(True)
        classified, skipped = self.results.counts()
        if not finished:
            self._asked = None
            done = classified + skipped
            self._outcome = (
                f"Stopped after {done:,} of {amount(self.results.rowCount(), 'image')}" if done else ""
            )
        self.form.picker.look_again()
        self._refresh()

    # What is shown

    @Slot()
    def _question_changed(self) -> None:
        self._remember()
        self._refresh()

    @Slot()
    def _take_dataset_classes(self) -> None:
        if self._session.catalogue is not None:
            self.form.chips.set_names(self._session.catalogue.classes)

    @Slot()
    def _refresh(self) -> None:
        running, images = self._task is not None, self.results.rowCount()
        missing = self._missing()
        self.set_sentence(_PURPOSE if running or not missing else missing)
        self.classify_button.setVisible(not running)
        self.classify_button.setEnabled(not missing)
        self.stop_button.setVisible(running)
        self._progress.setVisible(running)
        self._states.setCurrentWidget(self.grid if images else self._empty)
        self._line.setVisible(bool(images))
        self.clear_button.setVisible(not running)
        changed = "" if running or missing else self._changed()
        self._stale.setText(changed)
        self._stale.setVisible(bool(changed))
        self.again_button.setVisible(bool(changed))
        catalogue = self._session.catalogue
        self.form.from_dataset.setVisible(
            catalogue is not None and tuple(catalogue.classes) != self.form.chips.names()
        )
        if not running:
            self._summary.setText(self._outcome or f"{amount(images, 'image')}, not classified yet")

    def _missing(self) -> str:
        """What has to be entered before anything can be classified, or ""."""
        if len(self.form.chips.names()) < 2:
            return "Name at least two classes, in plain words, that the images may show."
        if not self.form.template_fits:
            return "The prompt needs {} where the class belongs."
        if not self.form.picker.model:
            return "Name the architecture of the weights file."
        return "" if self.results.rowCount() else "Add images: drop them on the window, or choose them."

    def _changed(self) -> str:
        """What is otherwise than when the answers on the page were given, or ""."""
        before, now = self._asked, self._request()
        if before is None or now == before:
            return ""
        if now.question.classes != before.question.classes:
            return "The classes have changed."
        if now.images != before.images:
            return "" if set(now.images) < set(before.images) else "There are new images."
        return "The prompt or the model has changed."

    def _request(self) -> ZeroShotRequest:
        return ZeroShotRequest(
            images=self.results.paths,
            question=Question(self.form.chips.names(), (self.form.template.text(),)),
            clip=Clip(self.form.picker.model, self.form.picker.pretrained),
        )

    def showEvent(self, event: QShowEvent) -> None:
        """Only now: looking into the cache of models imports the library that keeps it."""
        super().showEvent(event)
        self.form.picker.look_again()


def _outcome(images: int, skipped: int, seconds: float) -> str:
    took = f"{seconds:.1f} s" if seconds < 60 else duration(seconds)
    failed = f" · {skipped:,} could not be read" if skipped else ""
    return f"{amount(images - skipped, 'image')} classified in {took}{failed}"
