"""What a camera sees, as in a mirror."""

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from tlstudio.ui.theme import Radius, Size, Space, Theme
from tlstudio.ui.widgets.paint import draw_icon

_FLASH = 120  # milliseconds in which a picture that was taken is framed


class LivePicture(QWidget):
    """Shows images as they come, whole and mirrored: a hand goes where one moves it; else it shows words."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._image: QImage | None = None
        self._words = ""
        self._flashing = False
        self._flash = QTimer(self)
        self._flash.setSingleShot(True)
        self._flash.setInterval(_FLASH)
        self._flash.timeout.connect(self._end_flash)
        self.setAccessibleName("What the camera sees")
        theme.changed.connect(self.update)

    @property
    def words(self) -> str:
        """What stands there instead of a picture."""
        return self._words

    def show_image(self, image: QImage) -> None:
        """This is seen now, not mirrored yet."""
        self._image = image
        if self._words:
            self._words = ""
            self.setAccessibleDescription("")
        self.update()

    def show_words(self, words: str) -> None:
        """There is no picture, and why."""
        self._image, self._words = None, words
        self.setAccessibleDescription(words)
        self.update()

    def flash(self) -> None:
        """Show that a picture was taken."""
        self._flashing = True
        self._flash.start()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(4 * Size.THUMBNAIL, 3 * Size.THUMBNAIL)

    def minimumSizeHint(self) -> QSize:
        return QSize(2 * Size.THUMBNAIL, 3 * Size.THUMBNAIL // 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        whole = QPainterPath()
        whole.addRoundedRect(QRectF(self.rect()), Radius.CONTROL, Radius.CONTROL)
        painter.fillPath(whole, self._theme.color("faint"))
        if self._image is None:
            self._paint_words(painter)
            return
        box = self._box(self._image.size())
        frame = QPainterPath()
        frame.addRoundedRect(box, Radius.CONTROL, Radius.CONTROL)
        painter.save()
        painter.setClipPath(frame)
        painter.translate(2 * box.center().x(), 0)
        painter.scale(-1, 1)
        painter.drawImage(box, self._image)
        painter.restore()
        if self._flashing:
            painter.setPen(QPen(self._theme.color("accent"), 2 * Size.FOCUS))
            painter.drawRoundedRect(
                box.adjusted(Size.FOCUS, Size.FOCUS, -Size.FOCUS, -Size.FOCUS), Radius.CONTROL, Radius.CONTROL
            )

    def _box(self, size: QSize) -> QRectF:
        fitted = size.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        box = QRectF(0, 0, fitted.width(), fitted.height())
        box.moveCenter(QRectF(self.rect()).center())
        return box

    def _paint_words(self, painter: QPainter) -> None:
        room = self.rect().adjusted(Space.XL, Space.XL, -Space.XL, -Space.XL)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        words = painter.boundingRect(room, flags, self._words)
        painter.setPen(self._theme.color("quiet"))
        painter.drawText(room, flags, self._words)
        figure = words.adjusted(0, 0, 0, 0)
        figure.setSize(QSize(Size.ICON_LARGE, Size.ICON_LARGE))
        figure.moveCenter(words.center())
        figure.moveBottom(words.top() - Space.M)
        draw_icon(painter, "camera", self._theme.color("quiet"), figure)

    @Slot()
    def _end_flash(self) -> None:
        self._flashing = False
        self.update()
