"""What the network sees of the person's own images, drawn: whole, cropped, varied and mixed for training."""

import functools

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Slot
from PySide6.QtGui import QImage, QKeySequence, QPixmap, QShortcut
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from tlstudio.config import Augmentation, RunConfig
from tlstudio.data.catalogue import Catalogue
from tlstudio.data.seen import ImagesChosen, Mix, ViewSeen, Wanted
from tlstudio.events import Event
from tlstudio.models.architectures import architecture
from tlstudio.ui import engine
from tlstudio.ui.pages.base import ErrorBanner
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import QuietComboBox, button
from tlstudio.ui.widgets.flow_layout import FlowLayout
from tlstudio.ui.widgets.picture_canvas import PictureCanvas
from tlstudio.ui.worker import Task, Worker

ROWS, VARIED = 4, 4
_COLUMNS = 2 + VARIED
_PAIRS = (
    _COLUMNS // 2
)  # images a row where nothing is varied: each has the file and what the network receives
_SHARE = 0.92  # of the window that it covers
_WORDS = {
    Augmentation.NONE: "None",
    Augmentation.LIGHT: "Light: cropped and mirrored",
    Augmentation.STRONG: "Strong: also turned and recoloured",
}
_MIXES: dict[Mix, str] = {"none": "Off", "mixup": "Mixup", "cutmix": "CutMix"}
_MIXED: dict[Mix, str] = {
    "none": "",
    "mixup": " Mixup lays each over another one of its batch, and the labels share the answer.",
    "cutmix": " CutMix puts a piece of another one of its batch into each, and the labels share the answer.",
}


class SeenDialog(QDialog):
    """A row an image: the file, what the network receives of it, and views as training has it.

    It begins with what the run would do, and shows any other augmentation and mixing. Where nothing is varied
    a row has several images instead.

    Attributes:
        cells, captions: by row and column.
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
        self.mix_box = QuietComboBox()
        self.mix_box.setAccessibleName("Mixing of images")
        for mix, words in _MIXES.items():
            self.mix_box.addItem(words, mix)
        self.roll_button = button(theme, "Roll again", "shuffle", "main")
        self.roll_button.setToolTip("Other views of the same images (R)")
        self.others_button = button(theme, "Other images", "image")
        self.close_button = button(theme, "Close", "close")
        self._headings = [_caption() for _ in range(_COLUMNS)]
        self.cells = [[PictureCanvas(theme, "") for _ in range(_COLUMNS)] for _ in range(ROWS)]
        self.captions = [[_caption() for _ in range(_COLUMNS)] for _ in range(ROWS)]
        self._lay_out()
        self._connect()
        window = parent.window()
        self.resize(QSize(int(window.width() * _SHARE), int(window.height() * _SHARE)))

    def show_run(self, catalogue: Catalogue, config: RunConfig, first: str = "") -> None:
        """Draw images of ``catalogue`` as a run would have them, of the path ``first`` before others."""
        self._catalogue, self._config, self._first = catalogue, config, first
        for box, planned in ((self.augmentation_box, config.augmentation), (self.mix_box, config.mix)):
            with QSignalBlocker(box):
                box.setCurrentIndex(box.findData(planned))
        self._draw()

    @property
    def augmentation(self) -> Augmentation:
        return Augmentation(self.augmentation_box.currentData())

    @property
    def mix(self) -> Mix:
        return self.mix_box.currentData()

    @property
    def varies(self) -> bool:
        """Whether training would see the images in another way than validation does."""
        return self.augmentation is not Augmentation.NONE or self.mix != "none"

    def done(self, result: int) -> None:
        self._stop()
        super().done(result)

    # Making it

    def _lay_out(self) -> None:
        line = FlowLayout(spacing=Space.S)
        for words, box in (("Augmentation", self.augmentation_box), ("Mixing", self.mix_box)):
            label = with_role(QLabel(words), "quiet")
            label.setMinimumHeight(Size.CONTROL)
            line.addWidget(label)
            line.addWidget(box)
        for each in (self.roll_button, self.others_button, self.close_button):
            each.setAutoDefault(False)
            line.addWidget(each)
        self.augmentation_box.setMinimumWidth(Size.SIDE)
        self.mix_box.setMinimumWidth(Size.FIELD)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(Space.S)
        self._grid.setVerticalSpacing(Space.XS)
        for column, heading in enumerate(self._headings):
            self._grid.addWidget(heading, 0, column)
            self._grid.setColumnStretch(column, 1)
            for row, cells in enumerate(self.cells):
                cells[column].setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
                self._grid.addWidget(cells[column], 2 * row + 1, column)
                self._grid.addWidget(self.captions[row][column], 2 * row + 2, column)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        layout.setSpacing(Space.M)
        layout.addLayout(line)
        layout.addWidget(self.sentence)
        layout.addWidget(self.banner)
        layout.addLayout(self._grid, 1)

    def _connect(self) -> None:
        for box in (self.augmentation_box, self.mix_box):
            box.currentIndexChanged.connect(self._vary_otherwise)
        self.roll_button.clicked.connect(self.roll)
        self.others_button.clicked.connect(self.choose_others)
        self.close_button.clicked.connect(self.close)
        QShortcut(QKeySequence(Qt.Key.Key_R), self).activated.connect(self.roll)

    # Drawing

    @Slot()
    def roll(self) -> None:
        """Other views of the same images."""
        if self.varies:
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
        self.roll_button.setEnabled(self.varies)
        self._show_headings()
        wanted = Wanted(
            self._catalogue,
            self.augmentation,
            self.mix,
            config.seed,
            self._choice,
            self._roll,
            self._first,
            images=ROWS if self.varies else ROWS * _PAIRS,
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
        numbers = range(self._roll * VARIED + 1, (self._roll + 1) * VARIED + 1)
        words = ["The file", "Validation and test", *(f"Training, view {number:,}" for number in numbers)]
        if not self.varies:
            words = ["The file", "The network receives"] * _PAIRS
        for heading, text in zip(self._headings, words, strict=True):
            heading.setText(text)

    def _show_choice(self, chosen: ImagesChosen) -> None:
        assert self._catalogue is not None
        assert self._config is not None
        title = architecture(self._config.arch).title
        self.sentence.setText(
            f"{title} receives {chosen.crop} × {chosen.crop} pixels: the shorter side resized to "
            f"{chosen.resize}, the middle cropped, the colours normalised (shown without that). "
            f"{self._what_training_sees()}"
        )
        named = [f"{image.path}, {self._catalogue.classes[image.label]}" for image in chosen.images]
        for row, cells in enumerate(self.cells):
            for column, cell in enumerate(cells):
                place = self._image_in(row, column)
                there = place < len(named)
                cell.setVisible(there)
                self.captions[row][column].setVisible(there)
                if there:
                    cell.setAccessibleName(f"{self._headings[column].text()}: {named[place]}")
                    cell.setToolTip(named[place])
                    of_file = column == 0 or (not self.varies and column % 2 == 0)
                    label = chosen.images[place].label
                    self._caption(row, column, self._catalogue.classes[label] if of_file else "")
            self._grid.setRowStretch(2 * row + 1, 1 if cells[0].isVisibleTo(self) else 0)

    def _what_training_sees(self) -> str:
        assert self._config is not None
        config = self._config
        if self.varies:
            words = f"In training each comes in views like these.{_MIXED[self.mix]}"
        else:
            words = (
                "Training sees the images as validation does; choose above what varying would make of them."
            )
        if (self.augmentation, self.mix) == (config.augmentation, config.mix):
            return words
        planned = _WORDS[config.augmentation].partition(":")[0].lower()
        mixing = "off" if config.mix == "none" else _MIXES[config.mix]
        return f"{words} The next run is set to augmentation {planned}, mixing {mixing}."

    def _image_in(self, row: int, column: int) -> int:
        return row if self.varies else row * _PAIRS + column // 2

    def _place(self, seen: ViewSeen) -> tuple[int, int]:
        """The row and column of a view; ``seen.row`` counts images."""
        if self.varies:
            return seen.row, seen.column
        row, pair = divmod(seen.row, _PAIRS)
        return row, 2 * pair + seen.column

    def _show_view(self, seen: ViewSeen) -> None:
        assert self._catalogue is not None
        row, column = self._place(seen)
        if seen.reason:
            rest = self.cells[row][column + 1 :] if self.varies else [self.cells[row][column + 1]]
            self.cells[row][column].show_picture(seen.reason)
            for cell in rest:
                cell.show_picture(None)
            return
        line = 3 * seen.width
        image = QImage(seen.rgb, seen.width, seen.height, line, QImage.Format.Format_RGB888)
        self.cells[row][column].show_picture(QPixmap.fromImage(image))
        if seen.shares:
            classes = self._catalogue.classes
            parts = [(classes[label], round(100 * share)) for label, share in seen.shares]
            shares = [f"{name} {part} %" for name, part in parts if part]
            self._caption(row, column, " · ".join(shares))

    def _caption(self, row: int, column: int, words: str) -> None:
        self.captions[row][column].setText(words)
        self.captions[row][column].setToolTip(words)
        self.cells[row][column].setAccessibleDescription(words)


def _caption() -> QLabel:
    """Words that do not widen their column."""
    made = with_role(QLabel(), "caption")
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(True)
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return made
