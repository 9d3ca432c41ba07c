"""Every image with its classes, as cards or as a table, and what is made of the results."""

import functools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tlstudio.inference.results import Order, ResultTable
from tlstudio.inference.sort_out import AnswersSaved, SortedOut
from tlstudio.ui import answer_engine
from tlstudio.ui.item_models.results import ResultModel
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.pages.base import EmptyState
from tlstudio.ui.result_desk import ResultDesk
from tlstudio.ui.tagged import TaggedTask
from tlstudio.ui.text import amount
from tlstudio.ui.theme import Size, Space, Theme
from tlstudio.ui.widgets.basics import button, scrolled
from tlstudio.ui.widgets.glyph import GlyphButton
from tlstudio.ui.widgets.result_card import ResultGrid
from tlstudio.ui.widgets.result_filters import ResultFilters
from tlstudio.ui.widgets.result_preview import ResultPreview
from tlstudio.ui.widgets.result_views import ResultRows, ResultViewer
from tlstudio.ui.widgets.sort_dialog import SortDialog
from tlstudio.ui.widgets.sorted_bar import SortedBar
from tlstudio.ui.worker import EngineCall, Worker

_WIDE = 720  # pixels in which there is room for the preview beside the images
_CSV, _COPY = "csv", "copy"
# What a click on the head of a column sorts by, first so and then the other way round.
_SORTS = {
    0: ((Order.NAME, False), (Order.ADDED, False)),
    2: ((Order.CONFIDENCE, False), (Order.CONFIDENCE, True)),
    4: ((Order.MARGIN, False), (Order.CONFIDENCE, False)),
}


class ResultPane(QWidget):
    """Results, what narrows them down, and the selected image large.

    Signals:
        images_wanted: the person wants to choose images.
        folder_wanted: a folder is to be opened on the Data page.
        failed: what could not be done, and a hint.
    """

    images_wanted = Signal()
    folder_wanted = Signal(object)
    failed = Signal(str, str)

    def __init__(
        self,
        desk: ResultDesk,
        worker: Worker,
        theme: Theme,
        empty_icon: str,
        what: str,
        preview: Callable[[ResultTable, PictureStore, Theme], ResultPreview] = ResultPreview,
    ) -> None:
        """Where there are no images, ``empty_icon`` and ``what`` say what the page is for."""
        super().__init__()
        self._desk, self._worker, self._theme = desk, worker, theme
        self._task: TaggedTask | None = None
        self._last_folder = ""
        self.store = PictureStore(worker, self)
        self.results = ResultModel(desk.table, self.store, self)
        self.filters = ResultFilters(desk.table, theme)
        self.grid = ResultGrid(self.results, theme)
        self.table = ResultRows(self.results)
        self.table.setSelectionModel(self.grid.selectionModel())
        self.preview = preview(desk.table, self.store, theme)
        self.outcome = SortedBar(theme)
        self.summary_label = QLabel()
        self.summary_label.setTextFormat(Qt.TextFormat.PlainText)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Classifying")
        self.gallery_button = button(theme, "Gallery", kind="quiet")
        self.table_button = button(theme, "Table", kind="quiet")
        self.export_button = button(theme, "Export", kind="quiet")
        self.clear_button = GlyphButton("trash", "Clear the images")
        self.empty_button = button(theme, "Choose images…", "image")
        self.reset_button = button(theme, "Clear filters", "close")
        self._lay_out(EmptyState(empty_icon, "Drop images here", what, self.empty_button))
        self._connect()
        self._images_changed()

    # Building

    def _lay_out(self, empty: EmptyState) -> None:
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
        self._side = scrolled(self.preview)
        self._side.setMinimumWidth(Size.PREVIEW)
        self.splitter.addWidget(self._side)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setHandleWidth(Space.M)
        self.splitter.setMinimumHeight(Size.CONTROL)  # where the page is low, the images give way
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
        self._states.addWidget(empty)
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
        if self._desk.answered and not self.grid.currentIndex().isValid():
            self._go_to(0)
        self._show_view()
        self._say()

    @Slot()
    def _show_view(self) -> None:
        chosen: QWidget = self.table if self.table_button.isChecked() else self.grid
        if not self.results.rowCount() and self.filters.narrows:
            chosen = self._nothing
        if self._views.currentWidget() is chosen:
            return
        had_focus = self.grid.hasFocus() or self.table.hasFocus()
        self._views.setCurrentWidget(chosen)
        current = self.grid.currentIndex()
        if isinstance(chosen, QAbstractItemView) and current.isValid():
            chosen.scrollTo(current)
        if had_focus:
            chosen.setFocus()

    @Slot()
    def _running_changed(self) -> None:
        busy = self._desk.busy
        self.progress.setVisible(busy)
        self.clear_button.setVisible(not busy)
        self.export_button.setVisible(not busy and self._desk.answered)
        self._say()

    @Slot(str, int, int)
    def _show_progress(self, words: str, done: int, total: int) -> None:
        if self._desk.busy:
            self.summary_label.setText(words)
            self.progress.setRange(0, total)
            self.progress.setValue(done)

    def _say(self) -> None:
        if self._desk.busy:
            return
        images, shown = len(self._desk.images), self.results.rowCount()
        waiting = self._desk.table.waiting_count
        if shown != images:
            words = f"{shown:,} of {amount(images, 'image')}"
        elif self._desk.outcome:
            words = self._desk.outcome
        elif not waiting:
            words = amount(images, "image")
        else:
            not_yet = "not classified yet" if waiting == images else f"{waiting:,} of them not classified yet"
            words = f"{amount(images, 'image')}, {not_yet}"
        stale = " · the question has changed since" if self._desk.stale else ""
        self.summary_label.setText(words + stale)

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
        self._side.setVisible(self.width() >= _WIDE)

    # What a person does

    @Slot()
    def _take_out(self) -> None:
        rows = sorted({index.row() for index in self.grid.selectionModel().selectedIndexes()})
        if not rows or self._desk.running:
            return
        self._desk.remove(self.results.table_rows(rows))
        self._go_to(rows[0])

    @Slot(QModelIndex)
    def _enlarge(self, index: QModelIndex) -> None:
        viewer = ResultViewer(self.results, self.store, self._theme, self)
        viewer.moved.connect(self._go_to)
        viewer.show_row(index.row())
        viewer.open()

    @Slot(int)
    def _go_to(self, row: int) -> None:
        """Select that row or the last one."""
        if count := self.results.rowCount():
            flags = QItemSelectionModel.SelectionFlag
            place = self.results.index(min(row, count - 1), 0)
            self.grid.selectionModel().setCurrentIndex(place, flags.ClearAndSelect | flags.Rows)

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
                _CSV, "Writing the table", functools.partial(answer_engine.save_answers, answers, Path(file))
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
            call = functools.partial(answer_engine.sort_out, answers, folder, none_too)
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
