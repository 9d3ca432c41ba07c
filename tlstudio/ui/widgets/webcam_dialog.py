"""Takes pictures of a class with a camera, one at a time or several a second."""

import functools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QImage, QKeyEvent, QPixmap
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.data.taken import Place, PlaceFound, place_in_folder
from tlstudio.errors import BadInput
from tlstudio.events import Event
from tlstudio.ui import text
from tlstudio.ui.cameras import CameraInfo, Cameras, silent, unplugged
from tlstudio.ui.pages.base import ErrorBanner
from tlstudio.ui.picture_keeper import PictureKeeper
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import QuietComboBox, button
from tlstudio.ui.widgets.class_choice import ClassChoice
from tlstudio.ui.widgets.live_picture import LivePicture
from tlstudio.ui.widgets.taken_strip import TakenStrip, thumbnail
from tlstudio.ui.worker import EngineCall, Task, Worker

_SHARE = 0.92  # of the window that it covers
_HOLD = 400  # milliseconds from which on a press is meant to last
_EVERY = 200  # milliseconds between two pictures while it lasts
_PATIENCE = 5_000  # milliseconds without a picture after which something is wrong
_HOW = "Hold the button or Space for five a second, and turn and move it meanwhile: copies teach nothing."
_ALONE = "One class so far: take pictures of another as well, for there must be something to tell apart."


class WebcamDialog(QDialog):
    """The live picture, the class that is taken, and what was taken; the camera runs while it is open.

    Attributes:
        place: the folder that pictures go into; None until there is one.
        live: what the camera sees.
        classes: which class is taken.
        strip: what was taken.
        burst: while the button is held, the time to the next picture.
        patience: how long a camera may show nothing.
    """

    def __init__(
        self, cameras: Cameras, keeper: PictureKeeper, worker: Worker, theme: Theme, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Webcam")
        self.setModal(True)
        self._cameras, self._keeper, self._worker = cameras, keeper, worker
        self._camera: CameraInfo | None = None
        self._failed = False  # the camera that was started does not run
        self._seen: QImage | None = None  # not mirrored
        self._fresh = False  # it was not taken yet
        self._looking: Task | None = None
        self._taken: dict[int, tuple[str, QPixmap]] = {}  # being written, by number
        self.place: Place | None = None
        self.burst = _timer(self, self._take_next)
        self.patience = _timer(self, self._miss_pictures)
        self.patience.setSingleShot(True)
        self._make_widgets(theme)
        self._lay_out()
        self._connect()
        window = parent.window()
        self.resize(QSize(int(window.width() * _SHARE), int(window.height() * _SHARE)))
        self._show_place()
        self._show_cameras()
        self.folder_button.setFocus()

    # What it is asked for

    def use(self, call: EngineCall) -> None:
        """Take pictures into the place that ``call`` finds; until it has, into none."""
        if self._looking is not None:
            self._looking.control.stop()
        self.banner.clear()
        self._looking = self._worker.run("Looking where pictures go", call, quiet=True)
        self._looking.happened.connect(self._on_place)
        self._looking.failed.connect(self._on_no_place)

    def done(self, result: int) -> None:
        self.burst.stop()
        self.patience.stop()
        if self._looking is not None:
            self._looking.control.stop()
            self._looking = None
        self._cameras.stop()
        super().done(result)

    # Making it

    def _make_widgets(self, theme: Theme) -> None:
        self.banner = ErrorBanner()
        self.live = LivePicture(theme)
        self.camera_box = QuietComboBox()
        self.camera_box.setAccessibleName("Camera")
        self.camera_box.setPlaceholderText("Choose a camera")
        self.retry_button = button(theme, "Try again")
        self.classes = ClassChoice(theme)
        self.take_button = button(theme, "Take a picture", "camera", "main")
        self.take_button.setToolTip("Space; hold it for several a second")
        self.sentence = with_role(QLabel(), "quiet")
        self.sentence.setWordWrap(True)
        self.folder_line = with_role(QLabel(), "caption")
        self.folder_line.setWordWrap(True)
        self.folder_button = button(theme, "Another folder", "folder")
        self.strip = TakenStrip()
        self.count = with_role(QLabel(), "quiet")
        self.count.setWordWrap(True)
        self.delete_button = button(theme, "Delete", "trash")
        self.delete_button.setToolTip("Delete the selected pictures (Del)")
        self.done_button = button(theme, "Done", "check")
        for one in (self.retry_button, self.take_button, self.folder_button, self.delete_button):
            one.setAutoDefault(False)
        self.done_button.setAutoDefault(False)

    def _lay_out(self) -> None:
        self._camera_line = QWidget()
        cameras = _row(self._camera_line)
        cameras.addWidget(self.camera_box, 1)
        cameras.addWidget(self.retry_button)
        side = QVBoxLayout()
        side.setSpacing(Space.M)
        side.addWidget(self._camera_line)
        side.addWidget(self.classes, 1)
        side.addWidget(self.folder_line)
        side.addWidget(self.folder_button)
        side.addWidget(self.sentence)
        side.addWidget(self.take_button)
        column = QWidget()
        column.setFixedWidth(Size.SIDE)
        column.setLayout(side)
        side.setContentsMargins(0, 0, 0, 0)
        upper = QHBoxLayout()
        upper.setSpacing(Space.L)
        upper.addWidget(self.live, 1)
        upper.addWidget(column)
        lower = QHBoxLayout()
        lower.setSpacing(Space.S)
        lower.addWidget(self.count, 1)
        lower.addWidget(self.delete_button)
        lower.addWidget(self.done_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        layout.setSpacing(Space.M)
        layout.addWidget(self.banner)
        layout.addLayout(upper, 1)
        layout.addWidget(self.strip)
        layout.addLayout(lower)

    def _connect(self) -> None:
        self.camera_box.currentIndexChanged.connect(self._choose_camera)
        self.retry_button.clicked.connect(self._choose_camera)
        self.classes.chosen.connect(self._show_place)
        self.classes.named.connect(self._add_class)
        self.take_button.pressed.connect(self._press)
        self.take_button.released.connect(self.burst.stop)
        self.folder_button.clicked.connect(self._ask_for_folder)
        self.strip.itemSelectionChanged.connect(self._show_taken)
        self.strip.unwanted.connect(self._discard)
        self.delete_button.clicked.connect(self._discard)
        self.done_button.clicked.connect(self.accept)
        self._cameras.changed.connect(self._show_cameras)
        self._cameras.pictured.connect(self._show_picture)
        self._cameras.failed.connect(self._show_failure)
        self._keeper.kept.connect(self._on_kept)
        self._keeper.discarded.connect(self._on_discarded)
        self._keeper.failed.connect(self._on_unkept)
        for view in (self.classes.list, self.strip):  # which would take Space for choosing
            view.installEventFilter(self)

    # The camera

    @Slot()
    def _show_cameras(self) -> None:
        """Offer the cameras there are; the one in use stays, and one that comes back is used again."""
        available = self._cameras.available()
        self.camera_box.blockSignals(True)
        self.camera_box.clear()
        for camera in available:
            self.camera_box.addItem(camera.name, camera)
        there = {camera.identity: row for row, camera in enumerate(available)}
        first = self._camera is None and bool(available)
        row = 0 if first else there.get(self._camera.identity if self._camera else b"", -1)
        self.camera_box.setCurrentIndex(row)
        self.camera_box.blockSignals(False)
        if row >= 0 and (first or self._failed):
            self._choose_camera()
        elif row < 0:
            self._show_failure(*unplugged(self._camera.name if self._camera else "The camera"))
        self._show_ready()

    @Slot()
    def _choose_camera(self) -> None:
        camera = self.camera_box.currentData()
        if camera is None:
            return
        self._camera, self._seen, self._failed = camera, None, False
        self.live.show_words(f"Starting {camera.name}…")
        self.patience.start(_PATIENCE)
        self._show_ready()
        self._cameras.start(camera)

    @Slot(QImage)
    def _show_picture(self, image: QImage) -> None:
        first = self._seen is None
        self._seen, self._fresh, self._failed = image, True, False
        self.patience.start(_PATIENCE)
        self.live.show_image(image)
        if first:
            self._show_ready()

    @Slot(str, str)
    def _show_failure(self, message: str, hint: str) -> None:
        self._seen, self._failed = None, True
        self.patience.stop()
        self.burst.stop()
        self.live.show_words(f"{message}\n{hint}")
        self._show_ready()

    @Slot()
    def _miss_pictures(self) -> None:
        self._show_failure(*silent(self._camera.name if self._camera else "The camera"))

    # The place

    @Slot(object)
    def _on_place(self, event: Event) -> None:
        if self.sender() is self._looking and isinstance(event, PlaceFound):
            self.place = event.place
            self.classes.set_classes(event.place.counts)
            self._show_place()
            (self.classes.list if event.place.counts else self.classes.field).setFocus()

    @Slot(str, str)
    def _on_no_place(self, message: str, hint: str) -> None:
        if self.sender() is self._looking:
            self.banner.show_error(message, hint)
            self.folder_button.setFocus()

    @Slot()
    def _ask_for_folder(self) -> None:
        dialog = QFileDialog(self, "A folder for the pictures: an empty or a new one")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setDirectory(str(self.place.root.parent if self.place else Path.home()))
        dialog.fileSelected.connect(self.use_folder)
        dialog.open()

    @Slot(str)
    def use_folder(self, folder: str) -> None:
        """Take pictures into a folder that is empty or holds class folders alone."""
        self.use(functools.partial(place_in_folder, Path(folder)))

    @Slot(str)
    def _add_class(self, typed: str) -> None:
        if self.place is None:
            return
        try:
            name = self.place.named(typed)
        except BadInput as error:
            self.banner.show_error(error.message, error.hint)
            return
        self.banner.clear()
        self.place = self.place if name in self.place.folders else self.place.with_class(name)
        self.classes.choose(name)
        self.classes.list.setFocus()

    # Taking

    @Slot()
    def _press(self) -> None:
        self._take()
        self.burst.start(_HOLD)

    @Slot()
    def _take_next(self) -> None:
        """While it is held; a camera that is slower than this gives each picture once."""
        if not self.take_button.isDown() or not self.isActiveWindow():
            self.burst.stop()
            return
        self.burst.setInterval(_EVERY)
        if self._fresh and not self._keeper.full:
            self._take()

    def _take(self) -> None:
        name = self.classes.current
        if self.place is None or self._seen is None or not name:
            return
        number = self._keeper.keep(self.place.root, self.place.folder_of(name), self._seen)
        self._taken[number] = (name, thumbnail(QPixmap.fromImage(self._seen)))
        self._fresh = False
        self.live.flash()

    @Slot()
    def _discard(self) -> None:
        self._keeper.discard(self.strip.selected())

    @Slot(int, object)
    def _on_kept(self, number: int, path: Path) -> None:
        if number in self._taken:
            name, small = self._taken.pop(number)
            self.strip.add(path, name, small)
            self.classes.add(name, 1)
            self._show_taken()

    @Slot(object)
    def _on_discarded(self, path: Path) -> None:
        self.classes.add(self.strip.take_out(path), -1)
        self._show_taken()

    @Slot(str, str)
    def _on_unkept(self, message: str, hint: str) -> None:
        self.burst.stop()
        self._taken.clear()
        self.banner.show_error(message, hint)

    # Showing

    @Slot()
    def _show_place(self) -> None:
        place, name = self.place, self.classes.current
        self.classes.setEnabled(place is not None)
        if place is None:
            self.folder_line.setText("Choose a folder for the pictures: an empty one, or make one.")
        else:
            path = place.root / place.folder_of(name) if name else place.root
            self.folder_line.setText(f"Into {path}")
        self._show_taken()
        self._show_ready()

    @Slot()
    def _show_ready(self) -> None:
        name = self.classes.current
        self.take_button.setEnabled(self.place is not None and self._seen is not None and bool(name))
        self._camera_line.setVisible(self.camera_box.count() > 1 or self._failed)
        self.camera_box.setVisible(self.camera_box.count() > 0)
        self.retry_button.setVisible(self._failed and self.camera_box.currentIndex() >= 0)
        if self.place is not None and not name:
            self.sentence.setText("Type the name of a class and press Enter.")
        else:
            self.sentence.setText(_HOW)

    @Slot()
    def _show_taken(self) -> None:
        count = self.strip.count()
        said = f"{text.amount(count, 'picture')} taken." if count else ""
        if count and self.classes.with_images() < 2:
            said = f"{said} {_ALONE}"
        self.count.setText(said)
        selected = len(self.strip.selectedItems())
        self.delete_button.setVisible(count > 0)
        self.delete_button.setEnabled(selected > 0)
        self.delete_button.setText(f"Delete {text.amount(selected, 'picture')}" if selected else "Delete")

    # Space, wherever nothing else wants it

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        return isinstance(event, QKeyEvent) and self._shutter(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._shutter(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not self._shutter(event):
            super().keyReleaseEvent(event)

    def _shutter(self, event: QKeyEvent) -> bool:
        """Whether it was Space, which then presses the button or lets it go."""
        if event.key() != Qt.Key.Key_Space or event.modifiers():
            return False
        kind = event.type()
        if kind not in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            return False
        if not event.isAutoRepeat() and self.take_button.isEnabled():
            down = kind == QEvent.Type.KeyPress
            self.take_button.setDown(down)
            if down:
                self._press()
            else:
                self.burst.stop()
        return True


def _timer(parent: QObject, slot: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.timeout.connect(slot)
    return timer


def _row(widget: QWidget) -> QHBoxLayout:
    row = QHBoxLayout(widget)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(Space.S)
    return row
