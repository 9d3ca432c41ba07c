"""The results as rows of words, and one of them large."""

from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from tlstudio.ui.item_models.results import COLUMNS, ResultModel
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.text import percent
from tlstudio.ui.theme import Size, Theme
from tlstudio.ui.widgets.image_viewer import Told, Viewer


class ResultRows(QTableView):
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
        for column, width in enumerate(
            (Size.THUMBNAIL + Size.CONTROL, Size.CELL, Size.RAIL, Size.THUMBNAIL, Size.RAIL)
        ):
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
