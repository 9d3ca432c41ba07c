"""The button that opens the webcam; there is none where there is no camera."""

import functools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QPushButton

from tlstudio.data.taken import place_of_data
from tlstudio.ui.cameras import Cameras, find_cameras
from tlstudio.ui.open_folder import OpenFolder
from tlstudio.ui.picture_keeper import PictureKeeper
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.webcam_dialog import WebcamDialog
from tlstudio.ui.worker import Worker

_LOOK_AFTER = (
    1_000  # milliseconds: looking for cameras loads a library, for which the first picture does not wait
)


class WebcamButton(QPushButton):
    """Hidden until a camera is found; pictures go into the open folder, or one that the person chooses.

    After pictures were taken, that folder is read again, or opened by ``opens``.
    """

    def __init__(
        self, folder: OpenFolder, worker: Worker, theme: Theme, opens: Callable[[Path], None]
    ) -> None:
        super().__init__("Webcam…")
        self.setProperty("kind", "secondary")
        self.setAccessibleName("Take pictures with the webcam")
        self.setToolTip("Take pictures of a class with a camera")
        theme.set_icon(self, "camera")
        self._folder, self._worker, self._theme, self._opens = folder, worker, theme, opens
        self._cameras: Cameras | None = None
        self._dialog: WebcamDialog | None = None
        self._keeper = PictureKeeper(worker, self)
        self._keeper.emptied.connect(self._hand_over)
        self._last: Path | None = (
            None  # where pictures went that could not be opened, with one class for instance
        )
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look_once_shown)
        self._timer.start(_LOOK_AFTER)
        self.clicked.connect(self.open)
        folder.opened.connect(self._forget)
        self.hide()

    def look(self) -> None:
        """Look for cameras, now and whenever one is plugged in or pulled out."""
        self._timer.stop()
        if self._cameras is None:
            self._cameras = find_cameras(self)
            self._cameras.changed.connect(self._show)
            self._show()

    @Slot()
    def open(self) -> None:
        """Open the dialog, unless it is open."""
        if self._cameras is None or self._dialog is not None:
            return
        if not self._keeper.busy:
            self._keeper.begin()
        dialog = WebcamDialog(self._cameras, self._keeper, self._worker, self._theme, self)
        self._dialog = dialog
        folder = self._folder
        if self._last is not None:
            dialog.use_folder(str(self._last))
        elif folder.scanned is not None and folder.divided is not None:
            dialog.use(functools.partial(place_of_data, folder.scanned, folder.divided, folder.data))
        dialog.finished.connect(self._on_finished)
        dialog.open()

    @Slot()
    def _look_once_shown(self) -> None:
        if self.window().isVisible():
            self.look()

    @Slot()
    def _show(self) -> None:
        self.setVisible(self._cameras is not None and bool(self._cameras.available()))

    @Slot()
    def _forget(self) -> None:
        self._last = None

    @Slot()
    def _on_finished(self) -> None:
        self._dialog = None
        if not self._keeper.busy:
            self._hand_over()

    @Slot()
    def _hand_over(self) -> None:
        """Once the dialog is closed and all is written, show what was taken."""
        keeper = self._keeper
        if self._dialog is not None or keeper.root is None or not keeper.changed:
            return
        keeper.changed = False
        if self._folder.scanned is not None and str(keeper.root) == self._folder.data.root:
            self._folder.read_again()
        elif keeper.left > 0:
            self._last = keeper.root
            self._opens(keeper.root)
