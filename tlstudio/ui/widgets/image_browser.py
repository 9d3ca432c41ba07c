"""The images of a folder: a grid, filters above it, and the selected one beside it."""

import functools
from collections.abc import Collection, Mapping

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from tlstudio.data.arrange import Columns, Filter, Ordered
from tlstudio.data.catalogue import Catalogue
from tlstudio.events import Event
from tlstudio.ui import engine, text
from tlstudio.ui.item_models.thumbnails import RECORD, PictureStore, ThumbnailModel
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import button, scrolled
from tlstudio.ui.widgets.glyph import Glyph
from tlstudio.ui.widgets.image_filters import ImageFilters
from tlstudio.ui.widgets.image_menu import ImageMenu, LeftOutMenu
from tlstudio.ui.widgets.image_preview import ImagePreview
from tlstudio.ui.widgets.image_viewer import ImageViewer
from tlstudio.ui.widgets.split_editor import NAMES
from tlstudio.ui.widgets.thumbnail_grid import ThumbnailGrid
from tlstudio.ui.worker import Task, Worker

_WIDE = 520  # pixels in which there is room for the preview beside two thumbnails
_DENSEST = 2  # pixels for one, of a display for which thumbnails are still drawn sharp

SUSPECTED = "Suspected labels"


class ImageBrowser(QFrame):
    """Shows a catalogue, narrowed down by class (see :meth:`filter_class`) and by its own filters.

    Signals:
        class_cleared: "Clear filters" took the class filter away too.
        seen_wanted: the person asks what the network sees of an image: its ImageRecord.
        corrected: the person puts images right: the Corrections.
        taken_in: the person wants images back that were left out: their paths.
    """

    class_cleared = Signal()
    seen_wanted = Signal(object)
    corrected = Signal(object)
    taken_in = Signal(object)

    def __init__(self, worker: Worker, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._worker = worker
        self._theme = theme
        self._catalogue: Catalogue | None = None
        self._columns: Columns | None = None
        self._left_out: Catalogue | None = None
        self._left_out_columns: Columns | None = None
        self._label: int | None = None
        self._only: frozenset[str] | None = None
        self._only_words = ""
        self._problems: dict[str, Mapping[str, str]] = {}
        self._found: Mapping[str, Mapping[str, str]] = {}
        self._suspected: Mapping[str, str] = {}
        self._stays = False  # where the selected images were, even if they are gone
        self._ordered: Ordered | None = None
        self._ordering: Task | None = None
        self.store = PictureStore(worker, self)
        ratio = min(_DENSEST, QGuiApplication.primaryScreen().devicePixelRatio())
        self.model = ThumbnailModel(self.store, round(Size.THUMBNAIL * ratio), self)
        self.grid = ThumbnailGrid(theme)
        self.grid.setModel(self.model)
        self.preview = ImagePreview(self.store, theme)
        self.filters = ImageFilters(theme)
        self.split_filter, self.filter_label = self.filters.split_filter, self.filters.count_label
        self.viewer: ImageViewer | None = None
        self.menu: ImageMenu | LeftOutMenu | None = None
        self.nothing_words = with_role(QLabel(), "lead")
        self.nothing_button = button(theme, "Clear filters", "close")
        self._lay_out()
        self._connect()

    @property
    def filter(self) -> Filter:
        """All filters that are set, as one."""
        chosen = self._problems.get(self.filters.problem)
        paths = self._only
        if chosen is not None:
            paths = frozenset(chosen) if paths is None else paths & chosen.keys()
        return Filter(self._label, self.filters.split, paths, self.filters.words)

    def open_catalogue(self, catalogue: Catalogue, left_out: Catalogue | None = None) -> None:
        """Another folder: nothing of the one before is kept, and no filter."""
        self.store.forget()
        self._problems, self._found, self._suspected = {}, {}, {}
        self.filters.set_problems(())
        self._reset_filters(order=True)
        self.show_catalogue(catalogue, left_out)

    def show_catalogue(self, catalogue: Catalogue, left_out: Catalogue | None = None) -> None:
        """The same folder, perhaps divided in another way; filters stay.

        ``left_out`` are its images that were left out, with the same labels as far as they go.
        """
        self._catalogue = catalogue
        self._columns = Columns(catalogue)
        self._left_out = left_out
        self._left_out_columns = Columns(left_out) if left_out else None
        self.filters.offer_left_out(left_out is not None)
        if self._label is not None and self._label >= len(catalogue.classes):
            self._label = None
        self._stays = True
        self._show_images()

    @Slot(object)
    def filter_class(self, label: int | None) -> None:
        """Show one class alone, or all with None."""
        if label != self._label:
            self._label = label
            self._show_images()

    def show_only(self, paths: Collection[str] | None, words: str = "") -> None:
        """Show these images alone, by their paths in the catalogue, or all with None.

        ``words`` say which they are, after a number and "images": "that look like others".
        """
        self._reset_filters(order=False)
        self._only = None if paths is None else frozenset(paths)
        self._only_words = words
        self._show_images()

    def set_problems(self, problems: Mapping[str, Mapping[str, str]]) -> None:
        """Offer problems by their titles: of each the images by path, with what is said of them or "".

        What is said of an image is shown with it.
        """
        self._found = problems
        self._offer_problems()

    @Slot(object)
    def set_suspected(self, images: Mapping[str, str]) -> None:
        """Offer images whose labels are suspected as one more problem, by path with what is said of each."""
        if images != self._suspected:
            self._suspected = images
            self._offer_problems()

    def _offer_problems(self) -> None:
        problems = {**self._found, SUSPECTED: self._suspected}
        self._problems = {title: images for title, images in problems.items() if images}
        self.filters.set_problems({title: len(images) for title, images in self._problems.items()})
        self._show_images()

    @property
    def _shown(self) -> Catalogue | None:
        """The catalogue that the shown images are of."""
        return self._left_out if self.filters.left_out else self._catalogue

    def notes(self, path: str) -> tuple[str, ...]:
        """What the problems say of an image."""
        found = (images.get(path, "") for images in self._problems.values())
        return tuple(sentence for sentence in found if sentence)

    # Making it

    def _lay_out(self) -> None:
        self.pages = QStackedWidget()
        self.pages.addWidget(self.grid)
        self.pages.addWidget(self._nothing())
        pictures = QVBoxLayout()
        pictures.setSpacing(Space.S)
        pictures.addWidget(self.filters)
        pictures.addWidget(self.pages, 1)
        self._side = scrolled(self.preview)
        self._side.setMinimumWidth(Size.PREVIEW)
        self._side.setMaximumWidth(2 * Size.PREVIEW)
        self.setMinimumWidth(Size.SIDE)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        layout.setSpacing(Space.L)
        layout.addLayout(pictures, 4)
        layout.addWidget(self._side, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where it is narrow the images have all of it; what the preview offers is in their menu too."""
        super().resizeEvent(event)
        self._side.setVisible(self.width() >= _WIDE)

    def _nothing(self) -> QWidget:
        page = QWidget()
        self.nothing_words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.nothing_words.setWordWrap(True)
        self.nothing_words.setTextFormat(Qt.TextFormat.PlainText)
        layout = QVBoxLayout(page)
        layout.setSpacing(Space.M)
        layout.addStretch(2)
        layout.addWidget(Glyph("search", size=Size.ICON_LARGE), 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self.nothing_words)
        layout.addWidget(self.nothing_button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
        return page

    def _connect(self) -> None:
        self.grid.selectionModel().currentChanged.connect(self._select)
        self.grid.looked_at.connect(self.model.look_at)
        self.grid.opened.connect(self.enlarge)
        self.grid.typed.connect(self._search_for)
        self.grid.menu_wanted.connect(self._open_menu)
        self.grid.delete_wanted.connect(self._remove)
        self.preview.menu_wanted.connect(self._open_menu)
        self.preview.enlarge_wanted.connect(self.enlarge)
        self.preview.seen_wanted.connect(self._ask_what_is_seen)
        self.filters.changed.connect(self._show_images)
        self.filters.reordered.connect(self._show_images)
        self.filters.clear_wanted.connect(self.clear_filters)
        self.filters.take_in_wanted.connect(self._remove)
        self.filters.left.connect(self.grid.setFocus)
        self.nothing_button.clicked.connect(self.clear_filters)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.setContext(Qt.ShortcutContext.WindowShortcut)
        find.activated.connect(self._search)

    # Narrowing down

    @Slot()
    def clear_filters(self) -> None:
        """Show all images again, in the order that is chosen."""
        had_class = self._label is not None
        focused = self.filters.clear_button.hasFocus() or self.nothing_button.hasFocus()
        self._reset_filters(order=False)
        self._show_images()
        if had_class:
            self.class_cleared.emit()
        if focused:  # the button goes away with the filters
            self.grid.setFocus()

    def _reset_filters(self, *, order: bool) -> None:
        self._label, self._only, self._only_words = None, None, ""
        self.filters.reset(order=order)

    @Slot()
    def _show_images(self) -> None:
        """Show what the filters let through, once the order is known; until then all stays as it is."""
        shown = self._shown
        if shown is None:
            return
        order = self.filters.order
        if order == "folder":
            self._stop_ordering()
            self._show_places(None)
        elif self._ordered and self._ordered.order == order and self._ordered.catalogue is shown:
            self._show_places(self._ordered)
        else:
            self._stop_ordering()
            call = functools.partial(engine.order_images, shown, order)
            self._ordering = self._worker.run("Ordering the images", call, quiet=True)
            self._ordering.happened.connect(self._take_order)

    def _show_places(self, ordered: Ordered | None) -> None:
        catalogue = self._shown
        columns = self._left_out_columns if self.filters.left_out else self._columns
        assert catalogue is not None
        assert columns is not None
        current = self.grid.currentIndex().data(RECORD)
        instead = next(iter(self.grid.selected_rows()), 0) if self._stays else 0
        self._stays = False
        wanted = self.filter
        self._show_counts(wanted)
        places = None
        if ordered is not None:
            places = ordered.places[columns.lets(wanted)[ordered.places]].tolist()
        elif not wanted.empty:
            places = columns.places(wanted).tolist()
        self.model.show(catalogue, places)
        shown = self.model.rowCount()
        filtered = not wanted.empty or self.filters.left_out
        self.filters.show_sentence(self._sentence(shown), filtered=filtered)
        self.nothing_words.setText(self._why_nothing())
        self.pages.setCurrentIndex(0 if shown else 1)
        if not shown:
            self.preview.clear()
            return
        row = self.model.row_of(current.path) if current is not None else None
        index = self.model.index(min(instead, shown - 1) if row is None else row)
        self.grid.setCurrentIndex(index)
        self._select(index)  # it may be the current one already, and other things be known of it

    def _show_counts(self, wanted: Filter) -> None:
        """What each chip would show; which split is chosen makes no difference to that."""
        assert self._columns is not None
        left_out = self._left_out_columns.counts(wanted)[None] if self._left_out_columns else 0
        self.filters.show_counts(self._columns.counts(wanted), left_out)

    def _sentence(self, shown: int) -> str:
        assert self._catalogue is not None
        wanted = self.filter
        parts = [
            f" of {self._catalogue.classes[self._label]}" if self._label is not None else "",
            " left out" if self.filters.left_out else "",
            f" {self._only_words}" if self._only_words else "",
            f" with “{wanted.words}” in the name" if wanted.words else "",
        ]
        return f"{text.amount(shown, 'image')}{''.join(parts)}"

    def _why_nothing(self) -> str:
        assert self._catalogue is not None
        wanted = self.filter
        parts = [
            f" of {self._catalogue.classes[wanted.label]}" if wanted.label is not None else "",
            " left out" if self.filters.left_out else "",
            f" for {NAMES[wanted.split].lower()}" if wanted.split else "",
            f" {self._only_words}" if self._only_words else "",
            f" under “{self.filters.problem}”" if self.filters.problem else "",
            f" with “{wanted.words}” in the name" if wanted.words else "",
        ]
        return f"There is no image{''.join(parts)}."

    def _stop_ordering(self) -> None:
        if self._ordering is not None:
            self._ordering.control.stop()
            self._ordering = None

    @Slot(object)
    def _take_order(self, event: Event) -> None:
        if self.sender() is self._ordering and isinstance(event, Ordered):
            self._ordering, self._ordered = None, event
            self._show_images()

    @Slot()
    def _search(self) -> None:
        self.filters.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filters.search.selectAll()

    @Slot(str)
    def _search_for(self, letter: str) -> None:
        self.filters.search.setFocus(Qt.FocusReason.OtherFocusReason)
        self.filters.search.setText(letter)

    # Looking closely

    @Slot(QModelIndex)
    def _select(self, index: QModelIndex) -> None:
        record = index.data(RECORD)
        if record is not None and (shown := self._shown) is not None:
            self.preview.show_image(shown, record, self.notes(record.path))
            self.preview.seen_button.setEnabled(not self.filters.left_out)

    @Slot()
    def enlarge(self) -> None:
        """Show the current image as large as the window allows."""
        index = self.grid.currentIndex()
        shown = self._shown
        if shown is None or not index.isValid() or self.viewer is not None:
            return
        self.viewer = ImageViewer(shown, self.model, self.store, self.notes, self._theme, self)
        self.viewer.moved.connect(self._follow)
        self.viewer.finished.connect(self._forget_viewer)
        self.viewer.show_row(index.row())
        self.viewer.open()

    @Slot(int)
    def _follow(self, row: int) -> None:
        self.grid.setCurrentIndex(self.model.index(row))

    @Slot()
    def _forget_viewer(self) -> None:
        self.viewer = None
        self.grid.setFocus()

    @Slot(QPoint)
    def _open_menu(self, place: QPoint) -> None:
        self.menu = self._menu()
        if self.menu is not None:
            self.menu.popup(place)

    @Slot()
    def _remove(self) -> None:
        """Leave the selected images out, or take them in again: they go from here."""
        menu = self._menu()
        if menu is not None:
            menu.remove()
            menu.deleteLater()

    def _menu(self) -> ImageMenu | LeftOutMenu | None:
        """What can be done with the images that are selected, if any are."""
        images = [self.model.record(row) for row in self.grid.selected_rows()]
        if self._catalogue is None or not images:
            return None
        if self.filters.left_out:
            menu = LeftOutMenu(images, self)
            menu.taken_in.connect(self.taken_in)
        else:
            menu = ImageMenu(self._catalogue, images, self)
            menu.corrected.connect(self.corrected)
            menu.seen_action.triggered.connect(self._ask_what_is_seen)
        menu.enlarge_action.triggered.connect(self.enlarge)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    @Slot()
    def _ask_what_is_seen(self) -> None:
        record = self.grid.currentIndex().data(RECORD)
        if record is not None:
            self.seen_wanted.emit(record)
