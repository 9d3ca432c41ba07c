"""The images of a folder: a grid, filters above it, and the selected one beside it."""

from PySide6.QtCore import QModelIndex, Slot
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from tlstudio.data.catalogue import SPLITS, Catalogue, Split
from tlstudio.ui import text
from tlstudio.ui.item_models.thumbnails import RECORD, PictureStore, ThumbnailModel
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import button, scrolled
from tlstudio.ui.widgets.image_preview import ImagePreview
from tlstudio.ui.widgets.split_editor import NAMES
from tlstudio.ui.widgets.thumbnail_grid import ThumbnailGrid
from tlstudio.ui.worker import Worker


class ImageBrowser(QFrame):
    """Shows a catalogue; by class (see :meth:`filter_class`) and by split it can be narrowed down."""

    def __init__(self, worker: Worker, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._catalogue: Catalogue | None = None
        self._label: int | None = None
        self._split: Split | None = None
        self.store = PictureStore(worker, self)
        self.model = ThumbnailModel(self.store, Size.THUMBNAIL, self)
        self.grid = ThumbnailGrid(theme)
        self.grid.setModel(self.model)
        self.preview = ImagePreview(self.store, theme)
        self.filter_label = with_role(QLabel(), "quiet")
        self.split_filter = QButtonGroup(self)
        self._chips = [button(theme, name, kind="quiet") for name in ("All", *NAMES.values())]
        self._lay_out()
        self.split_filter.idClicked.connect(self._filter_split)
        self.grid.selectionModel().currentChanged.connect(self._select)

    def open_catalogue(self, catalogue: Catalogue) -> None:
        """Another folder: nothing of the one before is kept, and no filter."""
        self.store.forget()
        self._label = self._split = None
        self._chips[0].setChecked(True)
        self.show_catalogue(catalogue)

    def show_catalogue(self, catalogue: Catalogue) -> None:
        """The same folder, perhaps divided in another way; filters stay."""
        self._catalogue = catalogue
        self._show_images()

    @Slot(object)
    def filter_class(self, label: int | None) -> None:
        """Show one class alone, or all with None."""
        self._label = label
        self._show_images()

    def _lay_out(self) -> None:
        filters = QHBoxLayout()
        filters.setSpacing(Space.XS)
        for place, chip in enumerate(self._chips):
            self._add_chip(chip, place)
            filters.addWidget(chip)
        filters.addStretch(1)
        filters.addWidget(self.filter_label)
        pictures = QVBoxLayout()
        pictures.setSpacing(Space.S)
        pictures.addLayout(filters)
        pictures.addWidget(self.grid, 1)
        side = scrolled(self.preview)
        side.setMinimumWidth(Size.PREVIEW)
        side.setMaximumWidth(2 * Size.PREVIEW)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        layout.setSpacing(Space.L)
        layout.addLayout(pictures, 4)
        layout.addWidget(side, 1)

    def _add_chip(self, chip: QPushButton, place: int) -> None:
        chip.setCheckable(True)
        chip.setChecked(place == 0)
        self.split_filter.addButton(chip, place)

    def _show_images(self) -> None:
        catalogue = self._catalogue
        self.model.show(catalogue, self._label, self._split)
        self.preview.clear()
        shown = self.model.rowCount()
        name = f" of {catalogue.classes[self._label]}" if catalogue and self._label is not None else ""
        self.filter_label.setText(f"{text.amount(shown, 'image')}{name}")
        self.grid.scrollToTop()
        if shown:
            self.grid.setCurrentIndex(self.model.index(0))

    @Slot(int)
    def _filter_split(self, place: int) -> None:
        self._split = None if place == 0 else SPLITS[place - 1]
        self._show_images()

    @Slot(QModelIndex)
    def _select(self, index: QModelIndex) -> None:
        record = index.data(RECORD)
        if record is not None and self._catalogue is not None:
            self.preview.show_image(self._catalogue, record)
