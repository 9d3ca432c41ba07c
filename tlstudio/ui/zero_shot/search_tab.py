"""The Search tab: a sentence or an image, and the images on the page that are nearest to it."""

import functools
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tlstudio.data.decode import EXTENSIONS
from tlstudio.events import Notice
from tlstudio.ui import answer_engine
from tlstudio.ui.item_models.found import FoundModel
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.pages.base import EmptyState, ErrorBanner
from tlstudio.ui.session import Session
from tlstudio.ui.tagged import TaggedTask
from tlstudio.ui.text import amount
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import button, card
from tlstudio.ui.widgets.drop_overlay import dropped_paths
from tlstudio.ui.widgets.found_grid import FoundGrid, FoundViewer
from tlstudio.ui.widgets.glyph import GlyphButton
from tlstudio.ui.widgets.picture_canvas import PictureCanvas
from tlstudio.ui.worker import Worker
from tlstudio.ui.zero_shot.all_vectors import AllVectors
from tlstudio.ui.zero_shot.desk import ZeroShotDesk
from tlstudio.zeroshot.search import Found, Query

_ASK_AFTER = 250  # milliseconds after the last letter
_SIDE = 2 * Size.THUMBNAIL  # pixels of a picture: sharp on a dense display, too
_WHAT = (
    "Similarity is the cosine between an image and what you search for. The order is what counts: even the "
    "best match of a sentence is seldom above 0.35, and something always comes first."
)


class SearchTab(QWidget):
    """A field to write in, the images like it, and each of them a way on to those like that one.

    Signals:
        images_wanted: the person wants to choose images.
    """

    images_wanted = Signal()

    def __init__(self, desk: ZeroShotDesk, session: Session, worker: Worker, theme: Theme) -> None:
        super().__init__()
        self._desk, self._worker, self._theme = desk, worker, theme
        self._task: TaggedTask | None = None
        self._like: Path | None = None
        self._shown: Query | None = None
        self.vectors = AllVectors(desk, worker, self)
        self.store = PictureStore(worker, self)
        self.found = FoundModel(self.store, _SIDE, self)
        self.grid = FoundGrid(self.found, theme)
        self.field = QLineEdit()
        self.like_button = button(theme, "Like an image…", "image")
        self.more_button = button(theme, "More like the selected", "search", "quiet")
        self.empty_button = button(theme, "Choose images…", "image")
        self.clear_button = GlyphButton("close", "Search by a sentence again")
        self.banner = ErrorBanner()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_ASK_AFTER)
        self._lay_out(theme)
        self._connect()
        self.setAcceptDrops(True)
        self._refresh()

    # Building

    def _lay_out(self, theme: Theme) -> None:
        self._words = QLabel()
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setAccessibleName("Reading the images")
        note = with_role(QLabel(_WHAT), "caption")
        note.setWordWrap(True)
        under = QHBoxLayout()
        under.setSpacing(Space.M)
        under.addWidget(self._words)
        under.addWidget(self._progress, 1)
        under.addStretch(1)
        under.addWidget(self.more_button)
        self._hint = EmptyState("search", "", "")
        self._results = QStackedWidget()
        self._results.addWidget(self._hint)
        self._results.addWidget(self.grid)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addLayout(self._query_line(theme))
        column.addWidget(self.banner)
        column.addLayout(under)
        column.addWidget(self._results, 1)
        column.addWidget(note)
        self._states = QStackedWidget()
        what = "Then write what an image should show, or choose one, and see those nearest to it."
        self._states.addWidget(EmptyState("search", "Drop images here", what, self.empty_button))
        self._states.addWidget(full)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._states)

    def _query_line(self, theme: Theme) -> QHBoxLayout:
        """The field, or the image in its place."""
        self.field.setPlaceholderText("What should the image show? “a red chair by a window”")
        self.field.setAccessibleName("Search by a sentence")
        self.field.setClearButtonEnabled(True)
        self._thumb = PictureCanvas(theme, "The image that is searched with")
        self._thumb.setFixedSize(Size.ICON_LARGE, Size.ICON_LARGE)
        self._like_words = QLabel()
        self._like_words.setTextFormat(Qt.TextFormat.PlainText)
        self._like_card = card()
        inside = QHBoxLayout(self._like_card)
        inside.setContentsMargins(Space.S, Space.XS, Space.S, Space.XS)
        inside.setSpacing(Space.M)
        inside.addWidget(self._thumb)
        inside.addWidget(self._like_words, 1)
        inside.addWidget(self.clear_button)
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        line.addWidget(self.field, 1)
        line.addWidget(self._like_card, 1)
        line.addWidget(self.like_button)
        return line

    def _connect(self) -> None:
        self._desk.images_changed.connect(self._images_changed)
        self.vectors.ready.connect(self._ask)
        self.vectors.progressed.connect(self._show_progress)
        self.vectors.failed.connect(self._fail)
        self.field.textChanged.connect(self._written)
        self.field.returnPressed.connect(self._search)
        self.like_button.clicked.connect(self._browse)
        self.more_button.clicked.connect(self.more_like_selected)
        self.clear_button.clicked.connect(self._search_by_sentence)
        self.empty_button.clicked.connect(self.images_wanted)
        self._soon.timeout.connect(self._search)
        self.grid.opened.connect(self._enlarge)
        self.grid.menu_wanted.connect(self._open_menu)
        self.grid.selectionModel().selectionChanged.connect(self._refresh)
        self.store.drawn.connect(self._drawn)

    @property
    def query(self) -> Query | None:
        """What is searched for: an image, a sentence, or nothing yet."""
        return self._like or " ".join(self.field.text().split()) or None

    @property
    def words(self) -> str:
        """The line above the images."""
        return self._words.text()

    # What a person does

    def search_like(self, path: Path) -> None:
        """Search for the neighbours of an image."""
        self._like = path
        self._like_words.setText(f"Images like {path.name}")
        self._like_words.setToolTip(str(path))
        self._thumb.show_picture(self.store.picture(path, _SIDE))
        self._search()

    def take_images(self, paths: Sequence[Path]) -> bool:
        """Take one image that is dropped on the page as what to search with; False if it is not meant so."""
        if len(paths) != 1 or paths[0].is_dir() or not len(self._desk.images):
            return False
        self.search_like(paths[0])
        return True

    @Slot()
    def more_like_selected(self) -> None:
        index = self.grid.currentIndex()
        if index.isValid():
            self.search_like(self.found.paths[index.row()])

    @Slot()
    def _search_by_sentence(self) -> None:
        self._like = None
        self._search()
        self.field.setFocus()

    @Slot(str)
    def _written(self, _text: str) -> None:
        self._soon.start()

    @Slot()
    def _browse(self) -> None:
        dialog = QFileDialog(self, "Search for images like this one")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(f"Images ({' '.join(f'*{kind}' for kind in sorted(EXTENSIONS))})")
        dialog.fileSelected.connect(self._file_chosen)
        dialog.open()

    @Slot(str)
    def _file_chosen(self, file: str) -> None:
        self.search_like(Path(file))

    @Slot(QModelIndex)
    def _enlarge(self, index: QModelIndex) -> None:
        viewer = FoundViewer(self.found, self.store, self._theme, self.grid)
        viewer.moved.connect(self._follow)
        viewer.show_row(index.row())
        viewer.open()

    @Slot(int)
    def _follow(self, row: int) -> None:
        self.grid.setCurrentIndex(self.found.index(row))

    @Slot(QPoint)
    def _open_menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("More like this").triggered.connect(self.more_like_selected)
        menu.popup(place)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        folders, images = dropped_paths(event.mimeData())
        if len(images) == 1 and not folders and len(self._desk.images):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        _, images = dropped_paths(event.mimeData())
        if self.take_images(images):
            event.acceptProposedAction()

    # Searching

    @Slot()
    def _search(self) -> None:
        self._soon.stop()
        self.banner.clear()
        if self.query is None or not len(self._desk.images):
            self._stop()
            self._show(None)
        else:
            self.vectors.ask()
        self._refresh()

    @Slot()
    def _ask(self) -> None:
        query = self.query
        if query is None:
            return
        self._stop()
        vectors = self.vectors
        call = functools.partial(
            answer_engine.search_embedded, vectors.paths, vectors.vectors, query, self._desk.clip
        )
        self._task = TaggedTask(query, "Searching", call, self._worker, self, quiet=True)
        self._task.happened.connect(self._happened)
        self._task.failed.connect(self._task_failed)
        self._task.done.connect(self._done)
        self._refresh()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.stop()
            self._task = None

    @Slot(object, object)
    def _happened(self, _tag: object, event: object) -> None:
        if self.sender() is not self._task:
            return
        match event:
            case Found():
                self._show(event)
            case Notice(text):
                self._fail(text, "")

    @Slot(object, str, str)
    def _task_failed(self, _tag: object, message: str, hint: str) -> None:
        if self.sender() is self._task:
            self._fail(message, hint)

    @Slot(object, bool)
    def _done(self, _tag: object, _finished: bool) -> None:
        if self.sender() is self._task:
            self._task = None
            self._refresh()

    @Slot(str, str)
    def _fail(self, message: str, hint: str) -> None:
        self.banner.show_error(message, hint)
        self._refresh()

    @Slot()
    def _images_changed(self) -> None:
        self._stop()
        self._show(None)
        if self.isVisible():
            self._search()
        self._refresh()

    def _show(self, found: Found | None) -> None:
        self._shown = found.query if found else None
        self.found.show(*((found.paths, found.cosines) if found else ((), ())))
        if found and found.paths:
            self.grid.scrollToTop()
        self._refresh()

    # What is shown

    @Slot(str, int, int)
    def _show_progress(self, words: str, done: int, total: int) -> None:
        count = f" · {done:,} of {total:,}" if total and "Downloading" not in words else ""
        self._words.setText(words + count)
        self._progress.setRange(0, total)
        self._progress.setValue(done)

    @Slot()
    def _refresh(self) -> None:
        images, found = len(self._desk.images), self.found.rowCount()
        self._states.setCurrentIndex(bool(images))
        self._like_card.setVisible(self._like is not None)
        self.field.setVisible(self._like is None)
        self.more_button.setVisible(self.grid.selectionModel().hasSelection())
        self._progress.setVisible(self.vectors.working)
        self._results.setCurrentIndex(bool(found))
        if self.vectors.working:
            self._hint.set_text("Looking at the images", "Each is read once; after that a search is instant.")
            return
        if found and self._shown is not None:
            nearest, farthest = self.found.cosine(0), self.found.cosine(found - 1)
            self._words.setText(f"{amount(found, 'image')}, similarity {nearest:.3f} to {farthest:.3f}")
            return
        self._words.setText(amount(images, "image"))
        if self._task is not None:
            self._hint.set_text("Searching…", "")
        elif self.banner.message:
            self._hint.set_text("Nothing was found", "")
        else:
            self._hint.set_text(
                "Write what an image should show",
                "Or choose an image, and see the ones that are most like it.",
            )

    @Slot(object)
    def _drawn(self, path: object) -> None:
        if path == self._like and self._like is not None:
            picture = self.store.kept(self._like, _SIDE)
            if isinstance(picture, (QPixmap, str)):
                self._thumb.show_picture(picture)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._shown != self.query:
            self._search()
