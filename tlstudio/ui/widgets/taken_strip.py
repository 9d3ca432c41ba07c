"""The pictures that were just taken, in a row, the newest first."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QPainter, QPaintEvent, QPalette, QPixmap
from PySide6.QtWidgets import QFrame, QListView, QListWidget, QListWidgetItem

from tlstudio.ui.theme import Size, Space

_PATH, _CLASS = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
_HEIGHT = 3 * Size.CELL // 4
_EMPTY = "What you take appears here."


class TakenStrip(QListWidget):
    """Several can be selected; Delete asks for them to be deleted.

    Signals:
        unwanted: the selected pictures are to be deleted.
    """

    unwanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Pictures taken now")
        self.setFlow(QListView.Flow.LeftToRight)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.setIconSize(QSize(Size.CELL, _HEIGHT))
        self.setGridSize(QSize(Size.CELL + Space.M, _HEIGHT + Size.ROW))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFixedHeight(_HEIGHT + Size.ROW + Space.L)

    def add(self, path: Path, class_name: str, picture: QPixmap) -> None:
        """One more, at the left."""
        item = QListWidgetItem(QIcon(picture), class_name)
        item.setData(_PATH, path)
        item.setData(_CLASS, class_name)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"Picture of {class_name}, {path.name}")
        item.setToolTip(path.name)
        self.insertItem(0, item)
        self.scrollToTop()

    def take_out(self, path: Path) -> str:
        """This one is deleted: gives its class, "" if it was not here."""
        for row in range(self.count()):
            if self.item(row).data(_PATH) == path:
                return self.takeItem(row).data(_CLASS)
        return ""

    def selected(self) -> list[Path]:
        return [item.data(_PATH) for item in self.selectedItems()]

    def paintEvent(self, e: QPaintEvent) -> None:
        super().paintEvent(e)
        if not self.count():
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, _EMPTY)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.selectedItems():
            self.unwanted.emit()
        else:
            super().keyPressEvent(event)


def thumbnail(picture: QPixmap) -> QPixmap:
    """A picture as small as it is shown here, cut to the shape of the row."""
    side = QSize(Size.CELL, _HEIGHT)
    filled = picture.scaled(
        side, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    return filled.copy(
        (filled.width() - side.width()) // 2,
        (filled.height() - side.height()) // 2,
        side.width(),
        side.height(),
    )
