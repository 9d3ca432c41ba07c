"""What a person can open besides a folder: an archive, the sample, and what was open before."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from tlstudio.data.archive import ARCHIVES
from tlstudio.ui.settings import Settings

_ARCHIVES = f"Archives of images ({' '.join(f'*{ending}' for ending in ARCHIVES)});;All files (*)"


class OpenMenu(QMenu):
    """A menu of all that can be opened, and the dialogs in which folders and archives are chosen.

    Attributes:
        dialog: the one that is open, or was last.

    Signals:
        chosen: the Path of a folder or an archive.
        sample_wanted: the images that the studio paints itself.
    """

    chosen = Signal(object)
    sample_wanted = Signal()

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self._settings = settings
        self.dialog: QFileDialog | None = None
        self.folder_action = self.addAction("A folder…")
        self.archive_action = self.addAction("An archive (zip, tar)…")
        self.sample_action = self.addAction("The sample images")
        self._title = self.addSection("Recent")
        self.folder_action.triggered.connect(self.choose_folder)
        self.archive_action.triggered.connect(self.choose_archive)
        self.sample_action.triggered.connect(self.sample_wanted)
        self.aboutToShow.connect(self._show_recent)
        self.triggered.connect(self._open_recent)

    @property
    def recent(self) -> list[QAction]:
        """An action for each folder or archive that was open before and is still there."""
        actions = self.actions()
        return actions[actions.index(self._title) + 1 :]

    @Slot()
    def choose_folder(self) -> None:
        """Ask for a folder."""
        dialog = self._asked("Open a folder of images")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.open()

    @Slot()
    def choose_archive(self) -> None:
        """Ask for a zip or tar file."""
        dialog = self._asked("Open an archive of images")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(_ARCHIVES)
        dialog.open()

    def _asked(self, title: str) -> QFileDialog:
        window = self.parentWidget()
        self.dialog = dialog = QFileDialog(window, title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        recent = self._settings.recent_folders()
        dialog.setDirectory(str(Path(recent[0]).parent) if recent else str(Path.home()))
        dialog.fileSelected.connect(self._choose)
        return dialog

    @Slot()
    def _show_recent(self) -> None:
        for action in self.recent:
            self.removeAction(action)
        for path in self._settings.recent_folders():
            self.addAction(path.replace("&", "&&")).setData(path)
        self._title.setVisible(bool(self.recent))

    @Slot(QAction)
    def _open_recent(self, action: QAction) -> None:
        if action.data():
            self.chosen.emit(Path(action.data()))

    @Slot(str)
    def _choose(self, path: str) -> None:
        self.chosen.emit(Path(path))
