"""What lies over the whole window while something is dragged across it."""

import dataclasses
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QPointF, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QWidget

from tlstudio.data.archive import is_archive
from tlstudio.data.decode import EXTENSIONS
from tlstudio.training.replay import is_run
from tlstudio.ui.icons import icon
from tlstudio.ui.theme import Radius, Size, Space, Theme, Type


@dataclasses.dataclass(frozen=True)
class Target:
    """A place to let go: its icon, what it says, and what is then handed on, a folder or a list of images."""

    icon: str
    sentence: str
    folder: Path | None = None
    images: tuple[Path, ...] = ()


def dropped_paths(data: QMimeData) -> tuple[list[Path], list[Path]]:
    """The folders (and archives, which are opened as such) and the images among what is dragged."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    folders = [path for path in paths if path.is_dir() or is_archive(path)]
    return folders, [path for path in paths if path.suffix.lower() in EXTENSIONS and path.is_file()]


class DropOverlay(QWidget):
    """Covers its window during a drag, says where the things would go, and takes them.

    Attributes:
        classifies: the page that is open classifies images, so a folder can be meant for it, too: there are
            then two targets side by side.
        zero_shot: that page asks CLIP; everywhere else images are for the models of the Try it page.

    Signals:
        folder_dropped: a folder, as a Path.
        images_dropped: a list of image files, and of folders that hold some.
    """

    folder_dropped = Signal(object)
    images_dropped = Signal(list)

    def __init__(self, window: QWidget, theme: Theme) -> None:
        super().__init__(window)
        self._theme = theme
        self.classifies = False
        self.zero_shot = False
        self.targets: tuple[Target, ...] = ()
        self._aimed = 0
        self.setAcceptDrops(True)
        self.hide()
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    @property
    def aimed_at(self) -> Target:
        """The target under the pointer."""
        return self.targets[self._aimed]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A drag that comes over the window raises the overlay, which then gets the rest of it."""
        if event.type() == QEvent.Type.DragEnter and isinstance(event, QDragEnterEvent):
            return self._take(event)
        if event.type() == QEvent.Type.Resize:
            self._cover()
        return super().eventFilter(watched, event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._take(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._aim(event.position())
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        # What was seen when the drag came in: some programs are gone by the time it is let go.
        self._aim(event.position())
        target = self.aimed_at
        self.hide()
        event.acceptProposedAction()
        if target.folder is not None:
            self.folder_dropped.emit(target.folder)
        else:
            self.images_dropped.emit(list(target.images))

    def _take(self, event: QDragEnterEvent) -> bool:
        folders, images = dropped_paths(event.mimeData())
        self.targets = self._targets(folders, images)
        if not self.targets:
            return False
        event.acceptProposedAction()
        self._cover()
        self._aim(event.position())
        self.raise_()
        self.show()
        return True

    def _targets(self, folders: list[Path], images: list[Path]) -> tuple[Target, ...]:
        if not folders:
            words = "this image" if len(images) == 1 else f"these {len(images)} images"
            told = (
                f"Drop to classify {words} zero-shot" if self.zero_shot else f"Drop to try a model on {words}"
            )
            here = Target("image", told, images=tuple(images))
            return (here,) if images else ()
        first = folders[0]
        if is_run(first):
            return (Target("train", f"Drop to show the run {first.name}", first),)
        if not self.classifies or is_archive(first):
            return (Target("folder", f"Drop to open {first.name} as your data", first),)
        return (
            Target(
                "zero-shot" if self.zero_shot else "try-it",
                "Classify these images here",
                images=(*folders, *images),
            ),
            Target("data", "Open as your data", first),
        )

    def _aim(self, place: QPointF) -> None:
        """The targets share the window's whole width, whatever is drawn of them."""
        count = len(self.targets)
        aimed = min(max(0, int(place.x() * count / max(1, self.width()))), count - 1)
        if aimed != self._aimed:
            self._aimed = aimed
            self.update()

    def _cover(self) -> None:
        window = self.parentWidget()
        if window is not None:
            self.setGeometry(window.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self._theme.tint("ground", 0.94))
        room = self.rect().adjusted(Space.XL, Space.XL, -Space.XL, -Space.XL)
        count = len(self.targets)
        width = (room.width() - Space.L * (count - 1)) // max(1, count)
        for place, target in enumerate(self.targets):
            box = QRect(room.left() + place * (width + Space.L), room.top(), width, room.height())
            self._paint_target(painter, target, box, place == self._aimed)

    def _paint_target(self, painter: QPainter, target: Target, box: QRect, aimed: bool) -> None:
        tokens = self._theme.tokens
        painter.setPen(
            QPen(QColor(tokens.accent if aimed else tokens.control_line), Size.FOCUS, Qt.PenStyle.DashLine)
        )
        painter.setBrush(self._theme.tint("accent", 0.08) if aimed else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, Radius.CARD, Radius.CARD)
        figure = QRect(0, 0, Size.ICON_LARGE, Size.ICON_LARGE)
        figure.moveCenter(box.center())
        figure.translate(0, -Space.XL)
        icon(target.icon, tokens.accent if aimed else tokens.quiet).paint(painter, figure)
        font = self.font()
        font.setPixelSize(Type.SECTION)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text if aimed else tokens.quiet))
        words = QRect(box.left(), figure.bottom() + Space.M, box.width(), Type.SECTION * 2)
        painter.drawText(words, Qt.AlignmentFlag.AlignHCenter, target.sentence)
