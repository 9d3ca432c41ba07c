"""What the network sees of the person's own images, drawn: whole, cropped, and varied for training."""

import functools

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QImage, QKeySequence, QPixmap, QShortcut
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from tlstudio.config import Augmentation, RunConfig
from tlstudio.data.catalogue import Catalogue
from tlstudio.data.seen import ImagesChosen, ViewSeen, Wanted
from tlstudio.events import Event
from tlstudio.models.architectures import architecture
from tlstudio.ui import engine
from tlstudio.ui.pages.base import ErrorBanner
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import QuietComboBox, button
from tlstudio.ui.widgets.picture_canvas import PictureCanvas
from tlstudio.ui.worker import Task, Worker

ROWS, VARIED = 4, 4
_SHARE = 0.92  # of the window that it covers
_WORDS = {
    Augmentation.NONE: "None",
    Augmentation.LIGHT: "Light: cropped and mirrored",
    Augmentation.STRONG: "Strong: also turned and recoloured",
}
_MIXED = {
    "mixup": " Mixup then lays each over another one, which is not shown.",
    "cutmix": " CutMix then puts a piece of another one into each, which is not shown.",
}


class SeenDialog(QDialog):
    """A row an image: the file, what validation and test see of it, and views as training varies it.

    Attributes:
        cells: by row and column.
    """

    def __init__(self, worker: Worker, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("What the network sees")
        self.setModal(True)
        self._worker = worker
        self._theme = theme
        self._task: Task | None = None
        self._catalogue: Catalogue | None = None
        self._config: RunConfig | None = None
        self._first = ""
        self._choice = self._roll = 0
        self.sentence = with_role(QLabel("Drawing the images…"), "quiet")
        self.sentence.setWordWrap(True)
        self.banner = ErrorBanner()
        self.augmentation_box = QuietComboBox()
        self.augmentation_box.setAccessibleName("Augmentation")
        for augmentation, words in _WORDS.items():
            self.augmentation_box.addItem(words, augmentation)
        self.roll_button = button(theme, "Roll again", "shuffle", "main")
        self.roll_button.setToolTip("Other views of the same images (R)")
        self.others_button = button(theme, "Other images", "image")
        self.close_button = button(theme, "Close", "close")
        self._headings = [with_role(QLabel(), "caption") for _ in range(2 + VARIED)]
        self.cells = [[PictureCanvas(theme, "") for _ in range(2 + VARIED)] for _ in range(ROWS)]
        self._lay_out()
        self._connect()
        window = parent.window()
        self.resize(QSize(int(window.width() * _SHARE), int(window.height() * _SHARE)))

    def show_run(self, catalogue: Catalogue, config: RunConfig, first: str = "") -> None:
        """Draw images of ``catalogue`` as a run would have them, of the path ``first`` before others."""
        self._catalogue, self._config, self._first = catalogue, config, first
        self.augmentation_box.blockSignals(True)
        self.augmentation_box.setCurrentIndex(self.augmentation_box.findData(config.augmentation))
        self.augmentation_box.blockSignals(False)
        self._draw()

    @property
    def augmentation(self) -> Augmentation:
        return Augmentation(self.augmentation_box.currentData())

    def done(self, result: int) -> None:
        self._stop()
        super().done(result)

    # Making it

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        line.addWidget(with_role(QLabel("Augmentation"), "quiet"))
        line.addWidget(self.augmentation_box)
        line.addWidget(self.roll_button)
        line.addWidget(self.others_button)
        line.addStretch(1)
        line.addWidget(self.close_button)
        self.augmentation_box.setMinimumWidth(Size.SIDE)
        for each in (self.roll_button, self.others_button, self.close_button):
            each.setAutoDefault(False)
        self._grid = QGridLayout()
        self._grid.setSpacing(Space.S)
        for column, heading in enumerate(self._headings):
            self._grid.addWidget(heading, 0, column)
            self._grid.setColumnStretch(column, 1)
            heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            for row, cells in enumerate(self.cells):
                cells[column].setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
                self._grid.addWidget(cells[column], row + 1, column)
                self._grid.setRowStretch(row + 1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        layout.setSpacing(Space.M)
        layout.addLayout(line)
        layout.addWidget(self.sentence)
        layout.addWidget(self.banner)
        layout.addLayout(self._grid, 1)

    def _connect(self) -> None:
        self.augmentation_box.currentIndexChanged.connect(self._vary_otherwise)
        self.roll_button.clicked.connect(self.roll)
        self.others_button.clicked.connect(self.choose_others)
        self.close_button.clicked.connect(self.close)
        QShortcut(QKeySequence(Qt.Key.Key_R), self).activated.connect(self.roll)

    # Drawing

    @Slot()
    def roll(self) -> None:
        """Other views of the same images."""
        if self.augmentation is not Augmentation.NONE:
            self._roll += 1
            self._draw()

    @Slot()
    def choose_others(self) -> None:
        """The same kind of views of other images."""
        self._choice += 1
        self._first = ""
        self._draw()

    @Slot()
    def _vary_otherwise(self) -> None:
        self._roll = 0
        self._draw()

    def _draw(self) -> None:
        config = self._config
        assert self._catalogue is not None
        assert config is not None
        self._stop()
        self.banner.clear()
        varied = self.augmentation is not Augmentation.NONE
        self.roll_button.setEnabled(varied)
        for column in range(2, 2 + VARIED):
            self._grid.setColumnStretch(column, 1 if varied else 0)
            for widget in (self._headings[column], *(cells[column] for cells in self.cells)):
                widget.setVisible(varied)
        self._show_headings()
        wanted = Wanted(
            self._catalogue,
            self.augmentation,
            config.seed,
            self._choice,
            self._roll,
            self._first,
            images=ROWS,
            varied=VARIED,
        )
        call = functools.partial(engine.see_views, wanted, config.arch, config.weights, config.image_size)
        self._task = self._worker.run("Drawing what the network sees", call, quiet=True)
        self._task.happened.connect(self._take)
        self._task.failed.connect(self._fail)

    def _stop(self) -> None:
        if self._task is not None:
            self._task.control.stop()
            self._task = None

    @Slot(object)
    def _take(self, event: Event) -> None:
        if self.sender() is not self._task:
            return
        match event:
            case ImagesChosen():
                self._show_choice(event)
            case ViewSeen():
                self._show_view(event)
            case _:
                pass

    @Slot(str, str)
    def _fail(self, message: str, hint: str) -> None:
        if self.sender() is self._task:
            self.banner.show_error(message, hint)

    def _show_headings(self) -> None:
        first = self._roll * VARIED + 1
        numbers = range(first, first + VARIED)
        words = ("The file", "Validation and test", *(f"Training, view {number:,}" for number in numbers))
        for heading, text in zip(self._headings, words, strict=True):
            heading.setText(text)

    def _show_choice(self, chosen: ImagesChosen) -> None:
        assert self._catalogue is not None
        assert self._config is not None
        varied = self.augmentation is not Augmentation.NONE
        rest = (
            "In training each comes in views like these."
            if varied
            else "Training sees the images as validation does."
        )
        title = architecture(self._config.arch).title
        self.sentence.setText(
            f"{title} receives {chosen.crop} × {chosen.crop} pixels: the shorter side resized to "
            f"{chosen.resize}, the middle cropped, the colours normalised (shown without that). "
            f"{rest}{_MIXED.get(self._config.mix, '')}"
        )
        for row, cells in enumerate(self.cells):
            there = row < len(chosen.images)
            self._grid.setRowStretch(row + 1, 1 if there else 0)
            for column, cell in enumerate(cells):
                cell.setVisible(there and (varied or column < 2))
                if there:
                    image = chosen.images[row]
                    name = f"{image.path}, {self._catalogue.classes[image.label]}"
                    cell.setAccessibleName(f"{self._headings[column].text()}: {name}")
                    cell.setToolTip(name)

    def _show_view(self, seen: ViewSeen) -> None:
        cells = self.cells[seen.row]
        if seen.reason:
            for column, cell in enumerate(cells):
                cell.show_picture(seen.reason if column == 0 else None)
            return
        line = 3 * seen.width
        image = QImage(seen.rgb, seen.width, seen.height, line, QImage.Format.Format_RGB888)
        cells[seen.column].show_picture(QPixmap.fromImage(image))
