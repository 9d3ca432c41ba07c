"""The Look-inside tab: where CLIP sees what it says, how well, and among which others."""

from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from tlstudio.ui.item_models.found import PathModel
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.pages.base import EmptyState, ErrorBanner
from tlstudio.ui.session import Session
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.thumbnail_grid import ThumbnailGrid
from tlstudio.ui.worker import Worker
from tlstudio.ui.zero_shot.desk import ZeroShotDesk
from tlstudio.ui.zero_shot.map_view import MapView
from tlstudio.ui.zero_shot.matrix_view import MatrixView
from tlstudio.ui.zero_shot.where_view import WhereView

_AT_FIRST = 8  # images in the matrix until some are selected


class InsideTab(QWidget):
    """The images at the left, one of three views beside them.

    Signals:
        images_wanted: the person wants to choose images.
    """

    images_wanted = Signal()

    def __init__(self, desk: ZeroShotDesk, session: Session, worker: Worker, theme: Theme) -> None:
        super().__init__()
        self._desk = desk
        self.store = PictureStore(worker, self)
        self.images = PathModel(self.store, int(Size.THUMBNAIL), self)
        self.grid = ThumbnailGrid(theme)
        self.where = WhereView(desk, worker, theme)
        self.matrix = MatrixView(desk, self.store, worker, theme)
        self.map = MapView(desk, self.store, worker, theme)
        self.views = (self.where, self.matrix, self.map)
        self.buttons = tuple(button(theme, words, kind="quiet") for words in ("Where", "Matrix", "Map"))
        self.banner = ErrorBanner()
        self.empty_button = button(theme, "Choose images…", "image")
        self._lay_out()
        self._connect()
        self._images_changed()

    def _lay_out(self) -> None:
        self.grid.setModel(self.images)
        self.grid.setFixedWidth(Size.SIDE - Space.XXL)
        self.grid.setAccessibleName("Images to look into")
        self.grid.setAccessibleDescription(
            "Arrows move along; keys with Shift select several for the matrix."
        )
        group = QButtonGroup(self)
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        for number, each in enumerate(self.buttons):
            each.setCheckable(True)
            group.addButton(each, number)
            line.addWidget(each, 0, Qt.AlignmentFlag.AlignTop)
        self.buttons[0].setChecked(True)
        group.idClicked.connect(self.show_view)
        self._explained = with_role(QLabel(self.where.EXPLAINED), "caption")
        self._explained.setWordWrap(True)
        line.addSpacing(Space.S)
        line.addWidget(self._explained, 1)
        self._views = QStackedWidget()
        for view in self.views:
            self._views.addWidget(view)
        beside = QHBoxLayout()
        beside.setSpacing(Space.L)
        beside.addWidget(self.grid)
        beside.addWidget(self._views, 1)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addLayout(line)
        column.addWidget(self.banner)
        column.addLayout(beside, 1)
        self._states = QStackedWidget()
        what = "Then see where each matches a sentence, and which images CLIP finds alike."
        self._states.addWidget(EmptyState("image", "Drop images here", what, self.empty_button))
        self._states.addWidget(full)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._states)

    def _connect(self) -> None:
        self._desk.images_changed.connect(self._images_changed)
        self._desk.question_changed.connect(self._refresh)
        self._desk.results_changed.connect(self.map.refresh)
        self.empty_button.clicked.connect(self.images_wanted)
        self.grid.looked_at.connect(self.images.look_at)
        self.grid.selectionModel().selectionChanged.connect(self._selected)
        self.grid.opened.connect(self._open)
        self.map.picked.connect(self._pick)
        for view in self.views:
            view.failed.connect(self.banner.show_error)

    @Slot(int)
    def show_view(self, number: int) -> None:
        """Show Where (0), Matrix (1) or Map (2)."""
        self.buttons[number].setChecked(True)
        self.banner.clear()
        self._views.setCurrentIndex(number)
        self.grid.setVisible(self.views[number] is not self.map)
        self._explained.setText(self.views[number].EXPLAINED)
        self._selected()
        self._refresh()

    @Slot()
    def _images_changed(self) -> None:
        paths = list(self._desk.images)
        if paths != list(self.images.paths):
            self.images.show_paths(paths)
            if paths:
                self.grid.setCurrentIndex(self.images.index(0))
        self._states.setCurrentIndex(bool(paths))
        self._selected()
        self._refresh()

    @Slot()
    def _selected(self) -> None:
        rows = self.grid.selected_rows()
        chosen = [self.images.paths[row] for row in rows]
        self.where.show_image(chosen[0] if chosen else None)
        many = chosen if len(chosen) > 1 else (*chosen, *self.images.paths[: _AT_FIRST + 1])
        self.matrix.show_images(tuple(dict.fromkeys(many))[: max(_AT_FIRST, len(chosen))])

    @Slot()
    def _open(self) -> None:
        self.show_view(0)

    @Slot(object)
    def _pick(self, path: Path) -> None:
        """Select an image of the map, and see where it matches."""
        if path in self.images.paths:
            index = self.images.index(list(self.images.paths).index(path))
            self.grid.selectionModel().setCurrentIndex(
                index, QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
            self.grid.scrollTo(index)
            self.show_view(0)

    @Slot()
    def _refresh(self) -> None:
        for view in self.views:
            view.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh()
