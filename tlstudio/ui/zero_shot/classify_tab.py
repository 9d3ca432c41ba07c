"""The Classify tab: every image with its classes, as cards or as a table, and what is made of the results."""

import functools
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QProgressBar,
    QSplitter,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from tlstudio.ui import engine
from tlstudio.ui.item_models.results import COLUMNS, ResultModel
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.pages.base import EmptyState
from tlstudio.ui.session import Session
from tlstudio.ui.tagged import TaggedTask
from tlstudio.ui.text import amount, percent
from tlstudio.ui.theme import Size, Space, Theme
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.image_viewer import Told, Viewer
from tlstudio.ui.widgets.message_bar import MessageBar
from tlstudio.ui.widgets.result_card import ResultGrid
from tlstudio.ui.worker import EngineCall, Worker
from tlstudio.ui.zero_shot.desk import ZeroShotDesk
from tlstudio.ui.zero_shot.filters import ResultFilters
from tlstudio.ui.zero_shot.preview import ResultPreview
from tlstudio.ui.zero_shot.sort_dialog import SortDialog
from tlstudio.zeroshot.results import Order
from tlstudio.zeroshot.sort_out import AnswersSaved, SortedOut

_WIDE = 720  # pixels in which there is room for the preview beside the images
_WHAT = (
    "Zero-shot: name any classes in plain words, and each image goes to the class whose sentence fits "
    "it best. Nothing is trained."
)
_CSV, _COPY = "csv", "copy"
# What a click on the head of a column sorts by, first so and then the other way round.
_SORTS = {
    0: ((Order.NAME, False), (Order.ADDED, False)),
    2: ((Order.CONFIDENCE, False), (Order.CONFIDENCE, True)),
    4: ((Order.MARGIN, False), (Order.CONFIDENCE, False)),
}


class ClassifyTab(QWidget):
    """Results, what narrows them down, and the selected image large.

    Signals:
        images_wanted: the person wants to choose images.
        folder_wanted: a folder is to be opened on the Data page.
        failed: what could not be done, and a hint.
    """

    images_wanted = Signal()
    folder_wanted = Signal(object)
    failed = Signal(str, str)

    def __init__(self, desk: ZeroShotDesk, session: Session, worker: Worker, theme: Theme) -> None:
        super().__init__()
        self._desk, self._worker, self._theme = desk, worker, theme
        self._task: TaggedTask | None = None
        self._last_folder = ""
        self.store = PictureStore(worker, self)
        self.results = ResultModel(desk.table, self.store, self)
        self.filters = ResultFilters(desk.table, theme)
        self.grid = ResultGrid(self.results, theme)
        self.table = _Table(self.results)
        self.table.setSelectionModel(self.grid.selectionModel())
        self.preview = ResultPreview(desk.table, self.store, theme)
        self.outcome = SortedBar(theme)
        self.summary_label = QLabel()
        self.summary_label.setTextFormat(Qt.TextFormat.PlainText)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Classifying")
        self.gallery_button = button(theme, "Gallery", kind="quiet")
        self.table_button = button(theme, "Table", kind="quiet")
        self.export_button = button(theme, "Export", kind="quiet")
        self.clear_button = button(theme, "Clear the images", "trash", "quiet")
        self.empty_button = button(theme, "Choose images…", "image")
        self.reset_button = button(theme, "Clear filters", "close")
        self._lay_out(theme)
        self._connect()
        self._images_changed()

    # Building

    def _lay_out(self, theme: Theme) -> None:
        views = QButtonGroup(self)
        for each in (self.gallery_button, self.table_button):
            each.setCheckable(True)
            views.addButton(each)
        self.gallery_button.setChecked(True)
        menu = QMenu(self.export_button)
        self._csv_action = menu.addAction("As a table (CSV)…")
        self._copy_action = menu.addAction("Copy into class folders…")
        self.export_button.setMenu(menu)
        self.export_button.setProperty("menu", "true")
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        line.addWidget(self.summary_label)
        line.addWidget(self.progress, 1)
        line.addStretch(1)
        for each in (self.gallery_button, self.table_button, self.export_button, self.clear_button):
            line.addWidget(each)
        self._views = QStackedWidget()
        self._views.addWidget(self.grid)
        self._views.addWidget(self.table)
        self._nothing = EmptyState("search", "No image is like that", "Widen the filters.", self.reset_button)
        self._views.addWidget(self._nothing)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self._views)
        self.splitter.addWidget(self.preview)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setHandleWidth(Space.M)
        self.preview.setMinimumWidth(Size.PREVIEW)
        self.splitter.setSizes([3 * Size.SIDE, Size.SIDE])
        full = QWidget()
        inside = QVBoxLayout(full)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(Space.S)
        inside.addLayout(line)
        inside.addWidget(self.filters)
        inside.addWidget(self.outcome)
        inside.addWidget(self.splitter, 1)
        self._states = QStackedWidget()
        self._states.addWidget(EmptyState("zero-shot", "Drop images here", _WHAT, self.empty_button))
        self._states.addWidget(full)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._states)

    def _connect(self) -> None:
        desk = self._desk
        desk.images_changed.connect(self._images_changed)
        desk.results_changed.connect(self._results_changed)
        desk.running_changed.connect(self._running_changed)
        desk.progressed.connect(self._show_progress)
        self.filters.changed.connect(self._filter)
        self.reset_button.clicked.connect(self.filters.reset)
        self.gallery_button.clicked.connect(self._show_view)
        self.table_button.clicked.connect(self._show_view)
        self.table.horizontalHeader().sectionClicked.connect(self._sort_by_column)
        self.grid.delete_wanted.connect(self._take_out)
        self.table.delete_wanted.connect(self._take_out)
        self.grid.opened.connect(self._enlarge)
        self.table.opened.connect(self._enlarge)
        self.grid.typed.connect(self._search)
        self.grid.looked_at.connect(self._fetch_pictures)
        self.grid.selectionModel().currentRowChanged.connect(self._current_changed)
        self._csv_action.triggered.connect(self._browse_csv)
        self._copy_action.triggered.connect(self._ask_where_to)
        self.outcome.data_button.clicked.connect(self._open_as_data)
        self.clear_button.clicked.connect(self._desk.clear)
        self.empty_button.clicked.connect(self.images_wanted)

    @property
    def summary(self) -> str:
        """The line above the images."""
        return self.summary_label.text()

    # What is shown

    @Slot()
    def _images_changed(self) -> None:
        self._results_changed()
        self._running_changed()
        if not len(self._desk.images):
            self.filters.reset()
            self.outcome.hide()
        self._states.setCurrentIndex(bool(len(self._desk.images)))

    @Slot()
    def _results_changed(self) -> None:
        self.filters.refresh()
        self._filter()
        self.preview.refresh()
        self._say()

    @Slot()
    def _filter(self) -> None:
        """Show what the filters ask for; whoever looks at an image goes on looking at it, if it stays."""
        self.results.show(self.filters.wanted)
        self._show_view()
        self._say()

    @Slot()
    def _show_view(self) -> None:
        chosen: QWidget = self.table if self.table_button.isChecked() else self.grid
        if not self.results.rowCount() and self.filters.narrows:
            chosen = self._nothing
        if self._views.currentWidget() is chosen:
            return
        had_focus = any(self._views.widget(place).hasFocus() for place in range(self._views.count()))
        self._views.setCurrentWidget(chosen)
        current = self.grid.currentIndex()
        if isinstance(chosen, QAbstractItemView) and current.isValid():
            chosen.scrollTo(current)
        if had_focus:
            chosen.setFocus()

    @Slot()
    def _running_changed(self) -> None:
        running = self._desk.running
        self.progress.setVisible(running)
        self.clear_button.setVisible(not running)
        self.export_button.setVisible(not running and self._desk.asked is not None)
        self._say()

    @Slot(str, int, int)
    def _show_progress(self, words: str, done: int, total: int) -> None:
        if self._desk.running:
            self.summary_label.setText(words)
            self.progress.setRange(0, total)
            self.progress.setValue(done)

    def _say(self) -> None:
        if self._desk.running:
            return
        images, shown = len(self._desk.images), self.results.rowCount()
        waiting = len(self._desk.table.waiting)
        if shown != images:
            words = f"{shown:,} of {amount(images, 'image')}"
        elif self._desk.outcome:
            words = self._desk.outcome
        elif not waiting:
            words = amount(images, "image")
        else:
            not_yet = "not classified yet" if waiting == images else f"{waiting:,} of them not classified yet"
            words = f"{amount(images, 'image')}, {not_yet}"
        self.summary_label.setText(words)

    @Slot(QModelIndex, QModelIndex)
    def _current_changed(self, current: QModelIndex, _before: QModelIndex) -> None:
        self.preview.show_image(self.results.path(current.row()) if current.isValid() else None)

    @Slot(object)
    def _fetch_pictures(self, rows: list[int]) -> None:
        there = self.results.rowCount()
        self.store.look_at([self.results.path(row) for row in rows if row < there], Size.PREVIEW)

    @Slot(str)
    def _search(self, letters: str) -> None:
        self.filters.search.setFocus()
        self.filters.search.setText(letters)

    @Slot(int)
    def _sort_by_column(self, column: int) -> None:
        if column in _SORTS:
            first, second = _SORTS[column]
            now = self.filters.wanted
            order, backwards = second if (now.order, now.backwards) == first else first
            self.filters.set_order(order, backwards=backwards)

    @Slot(int)
    def set_ranks(self, count: int) -> None:
        """Show so many classes on a card."""
        self.grid.set_ranks(count)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.preview.setVisible(self.width() >= _WIDE)

    # What a person does

    @Slot()
    def _take_out(self) -> None:
        rows = sorted({index.row() for index in self.grid.selectionModel().selectedIndexes()})
        if not rows or self._desk.running:
            return
        self._desk.remove(self.results.table_rows(rows))
        if count := self.results.rowCount():
            place = self.results.index(min(rows[0], count - 1), 0)
            flags = QItemSelectionModel.SelectionFlag
            self.grid.selectionModel().setCurrentIndex(place, flags.ClearAndSelect | flags.Rows)

    @Slot(QModelIndex)
    def _enlarge(self, index: QModelIndex) -> None:
        viewer = ResultViewer(self.results, self.store, self._theme, self)
        viewer.moved.connect(self._follow)
        viewer.show_row(index.row())
        viewer.open()

    @Slot(int)
    def _follow(self, row: int) -> None:
        flags = QItemSelectionModel.SelectionFlag
        self.grid.selectionModel().setCurrentIndex(
            self.results.index(row, 0), flags.ClearAndSelect | flags.Rows
        )

    # What is made of the results

    @Slot()
    def _browse_csv(self) -> None:
        dialog = QFileDialog(self, "Save the results", self._last_folder, "Tables (*.csv)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.selectFile("results.csv")
        dialog.fileSelected.connect(self.save_csv)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    @Slot(str)
    def save_csv(self, file: str) -> None:
        """Write the images that are shown, in their order, as a table."""
        answers = self._desk.table.answers(self.results.rows)
        if answers is not None:
            self._last_folder = str(Path(file).parent)
            self._begin(
                _CSV, "Writing the table", functools.partial(engine.save_answers, answers, Path(file))
            )

    @Slot()
    def _ask_where_to(self) -> None:
        table = self._desk.table
        everything, shown = table.answers(), table.answers(self.results.rows)
        if everything is None or shown is None:
            return
        dialog = SortDialog(
            self._theme,
            self,
            everything=len(everything.paths),
            shown=len(shown.paths),
            none=table.counts()[1],
            folder=self._last_folder,
        )
        dialog.chosen.connect(self.sort_out)
        dialog.open()

    @Slot(object, bool, bool)
    def sort_out(self, folder: Path, only_shown: bool, none_too: bool) -> None:
        """Copy images into class folders beneath ``folder``."""
        answers = self._desk.table.answers(self.results.rows if only_shown else None)
        if answers is not None:
            self._last_folder = str(folder)
            call = functools.partial(engine.sort_out, answers, folder, none_too)
            self._begin(_COPY, "Copying into class folders", call)

    def _begin(self, tag: str, title: str, call: EngineCall) -> None:
        self.outcome.hide()
        self.export_button.setEnabled(False)
        self._task = TaggedTask(tag, title, call, self._worker, self)
        self._task.happened.connect(self._happened)
        self._task.failed.connect(self._failed)
        self._task.done.connect(self._done)

    @Slot(object, object)
    def _happened(self, _tag: object, event: object) -> None:
        match event:
            case AnswersSaved(path, images):
                self.outcome.show_saved(path, images)
            case SortedOut():
                self.outcome.show_sorted(event)

    @Slot(object, str, str)
    def _failed(self, _tag: object, message: str, hint: str) -> None:
        self.failed.emit(message, hint)

    @Slot(object, bool)
    def _done(self, _tag: object, _finished: bool) -> None:
        self._task = None
        self.export_button.setEnabled(True)

    @Slot()
    def _open_as_data(self) -> None:
        if self.outcome.folder is not None:
            self.folder_wanted.emit(self.outcome.folder)


class ResultViewer(Viewer):
    """Goes through the results, each with its classes."""

    def __init__(self, model: ResultModel, store: PictureStore, theme: Theme, parent: QWidget) -> None:
        super().__init__(model, store, Size.PREVIEW, theme, parent)
        self._results = model

    def file(self, row: int) -> Path:
        return self._results.path(row)

    def told(self, row: int) -> Told:
        table_row = self._results.table_rows([row])[0]
        table = self._results.table
        if reason := table.reason(table_row):
            return Told(self.file(row).name, (f"could not be read: {reason}",))
        ranked = tuple(f"{name} {percent(share)}" for name, share in table.top(table_row, 5))
        return Told(self.file(row).name, ranked or ("not classified yet",))


class SortedBar(MessageBar):
    """What was saved, and the way to the Data page where it is a folder of classes."""

    def __init__(self, theme: Theme) -> None:
        self.data_button = button(theme, "Open as data", "data")
        self.close_button = button(theme, "Close", "close", "quiet")
        super().__init__(self.data_button, self.close_button)
        self.folder: Path | None = None
        self.close_button.clicked.connect(self.hide)

    def show_saved(self, path: Path, images: int) -> None:
        self.folder = None
        self.data_button.hide()
        self._say("check", f"{amount(images, 'image')} written to {path.name}.", str(path))

    def show_sorted(self, event: SortedOut) -> None:
        self.folder = event.folder
        self.data_button.setVisible(event.classes > 0)
        there = f" {event.there:,} were there already." if event.there else ""
        out = f" {event.left_out:,} show none of these and were left out." if event.left_out else ""
        words = f"{amount(event.copied, 'image')} copied into {amount(event.classes, 'class folder')}."
        self._say("check", words, f"{there}{out} {event.folder}".strip())


class _Table(QTableView):
    """The results as rows of words.

    Signals:
        opened, delete_wanted: as in ThumbnailGrid.
    """

    opened = Signal(QModelIndex)
    delete_wanted = Signal()

    def __init__(self, model: ResultModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setAccessibleName("Images and their classes, as a table")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        down = self.verticalHeader()
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setDefaultSectionSize(Size.ROW)
        down.hide()
        across = self.horizontalHeader()
        across.setHighlightSections(False)
        across.setStretchLastSection(True)
        across.setSectionsClickable(True)
        for column, width in enumerate((Size.PREVIEW, Size.THUMBNAIL, Size.RAIL, Size.THUMBNAIL, Size.RAIL)):
            self.setColumnWidth(column, width)
        assert across.count() == len(COLUMNS)
        self.doubleClicked.connect(self.opened)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            if self.currentIndex().isValid():
                self.opened.emit(self.currentIndex())
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_wanted.emit()
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Qt's own asks each of a hundred thousand images for its name."""
