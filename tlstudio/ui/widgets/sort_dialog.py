"""Where images are copied to, a folder a class, and which of them."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from tlstudio.ui.text import amount
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import button

_WHAT = (
    "Each image is copied into the folder of its class. The originals stay where they are, and nothing is "
    "overwritten; the copies can be opened on the Data page and trained on."
)


class SortDialog(QDialog):
    """Asks for a folder, for the images, and for what becomes of those that show none of the classes.

    Signals:
        chosen: the folder, whether only the images shown are meant, and whether those that show none of the
            classes get a folder too.
    """

    chosen = Signal(object, bool, bool)

    def __init__(
        self, theme: Theme, parent: QWidget, *, everything: int, shown: int, none: int, folder: str
    ) -> None:
        """Of ``everything`` that is classified ``shown`` are shown now; ``none`` show none of the classes."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Copy into class folders")
        self.setModal(True)
        self.folder = QLineEdit(folder)
        self.folder.setAccessibleName("Folder for the copies")
        self.folder.setPlaceholderText("A new or an empty folder")
        self.browse = button(theme, "Choose…", "folder")
        self.all_images = QRadioButton(f"All classified images ({everything:,})")
        self.only_shown = QRadioButton(f"Only the images shown now ({shown:,})")
        self.all_images.setChecked(True)
        self.only_shown.setVisible(shown != everything)
        self.none_too = QCheckBox(f"Also {amount(none, 'image')} of none of these, in a folder of their own")
        self.none_too.setVisible(bool(none))
        self.copy_button = button(theme, "Copy", "copy", "main")
        self.cancel_button = button(theme, "Cancel")
        self._lay_out()
        self.folder.textChanged.connect(self._refresh)
        self.browse.clicked.connect(self._browse)
        self.copy_button.clicked.connect(self._choose)
        self.cancel_button.clicked.connect(self.reject)
        self._refresh()

    def _lay_out(self) -> None:
        what = with_role(QLabel(_WHAT), "quiet")
        what.setWordWrap(True)
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        line.addWidget(self.folder, 1)
        line.addWidget(self.browse)
        last = QHBoxLayout()
        last.setSpacing(Space.S)
        last.addStretch(1)
        last.addWidget(self.cancel_button)
        last.addWidget(self.copy_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.XL, Space.L, Space.XL, Space.L)
        layout.setSpacing(Space.M)
        layout.addWidget(with_role(QLabel("Copy into class folders"), "section"))
        layout.addWidget(what)
        layout.addLayout(line)
        for each in (self.all_images, self.only_shown, self.none_too):
            layout.addWidget(each)
        layout.addLayout(last)
        self.setMinimumWidth(Size.READING - Size.PREVIEW)
        self.copy_button.setDefault(True)

    @Slot()
    def _refresh(self) -> None:
        self.copy_button.setEnabled(bool(self.folder.text().strip()))

    @Slot()
    def _browse(self) -> None:
        dialog = QFileDialog(self, "Choose a folder for the copies", self.folder.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    @Slot()
    def _choose(self) -> None:
        folder = Path(self.folder.text().strip()).expanduser()
        self.chosen.emit(folder, self.only_shown.isChecked(), self.none_too.isChecked())
        self.accept()
