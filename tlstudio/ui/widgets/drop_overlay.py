"""What lies over the whole window while something is dragged across it."""

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QWidget

from tlstudio.data.decode import EXTENSIONS
from tlstudio.ui.icons import icon
from tlstudio.ui.theme import Radius, Size, Space, Theme, Type


def dropped_paths(data: QMimeData) -> tuple[list[Path], list[Path]]:
    """The folders and the images among what is dragged."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    folders = [path for path in paths if path.is_dir()]
    return folders, [path for path in paths if path.suffix.lower() in EXTENSIONS and path.is_file()]


class DropOverlay(QWidget):
    """Covers its window during a drag, says where the things would go, and takes them.

    Signals:
        folder_dropped: a folder, as a Path.
        images_dropped: a list of image files.
    """

    folder_dropped = Signal(object)
    images_dropped = Signal(list)

    def __init__(self, window: QWidget, theme: Theme) -> None:
        super().__init__(window)
        self._theme = theme
        self._folders: list[Path] = []
        self._images: list[Path] = []
        self.sentence = ""
        self._icon_name = "folder"
        self.setAcceptDrops(True)
        self.hide()
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A drag that comes over the window raises the overlay, which then gets the rest of it."""
        if event.type() == QEvent.Type.DragEnter and isinstance(event, QDragEnterEvent):
            return self._take(event)
        if event.type() == QEvent.Type.Resize:
            self._cover()
        return super().eventFilter(watched, event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._take(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        # What was seen when the drag came in: some programs are gone by the time it is let go.
        folders, images = self._folders, self._images
        self.hide()
        event.acceptProposedAction()
        if folders:
            self.folder_dropped.emit(folders[0])
        elif images:
            self.images_dropped.emit(images)

    def _take(self, event: QDragEnterEvent) -> bool:
        folders, images = dropped_paths(event.mimeData())
        if not folders and not images:
            return False
        self._folders, self._images = folders, images
        count = len(images)
        self._icon_name = "folder" if folders else "image"
        self.sentence = (
            f"Drop to open {folders[0].name} as your data"
            if folders
            else f"Drop to classify {'this image' if count == 1 else f'these {count} images'} zero-shot"
        )
        event.acceptProposedAction()
        self._cover()
        self.raise_()
        self.show()
        return True

    def _cover(self) -> None:
        window = self.parentWidget()
        if window is not None:
            self.setGeometry(window.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self._theme.tint("ground", 0.94))
        inset = self.rect().adjusted(Space.XL, Space.XL, -Space.XL, -Space.XL)
        painter.setPen(QPen(QColor(self._theme.tokens.accent), Size.FOCUS, Qt.PenStyle.DashLine))
        painter.setBrush(self._theme.tint("accent", 0.08))
        painter.drawRoundedRect(inset, Radius.CARD, Radius.CARD)
        figure = QRect(0, 0, Size.ICON_LARGE, Size.ICON_LARGE)
        figure.moveCenter(inset.center())
        figure.translate(0, -Space.XL)
        icon(self._icon_name, self._theme.tokens.accent).paint(painter, figure)
        font = self.font()
        font.setPixelSize(Type.SECTION)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.tokens.text))
        words = QRect(inset.left(), figure.bottom() + Space.M, inset.width(), Type.SECTION * 2)
        painter.drawText(words, Qt.AlignmentFlag.AlignHCenter, self.sentence)
