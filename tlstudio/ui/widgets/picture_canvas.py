"""A picture shown whole, in its shape, as large as fits."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from tlstudio.ui.theme import Radius, Space, Theme
from tlstudio.ui.widgets.paint import draw_icon


class PictureCanvas(QWidget):
    """One picture on a faint ground; words instead where there is a reason why it cannot be shown."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._picture: QPixmap | None = None
        self._reason = ""
        self.setAccessibleName(name)
        theme.changed.connect(self.update)

    @property
    def picture(self) -> QPixmap | None:
        return self._picture

    @property
    def reason(self) -> str:
        """Why there is no picture; "" while one is shown or awaited."""
        return self._reason

    def show_picture(self, picture: QPixmap | str | None) -> None:
        """A picture, why there is none, or None while it is being drawn."""
        self._picture = picture if isinstance(picture, QPixmap) else None
        self._reason = picture if isinstance(picture, str) else ""
        self.setAccessibleDescription(self._words())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        frame = QPainterPath()
        frame.addRoundedRect(QRectF(self.rect()), Radius.CONTROL, Radius.CONTROL)
        painter.fillPath(frame, QColor(self._theme.tokens.faint))
        if self._picture is not None:
            size = self._picture.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            box = QRectF(0, 0, size.width(), size.height())
            box.moveCenter(QRectF(self.rect()).center())
            painter.setClipPath(frame)
            painter.drawPixmap(box, self._picture, QRectF(self._picture.rect()))
        elif self._reason:
            room = self.rect().adjusted(Space.M, Space.M, -Space.M, -Space.M)
            painter.setPen(self._theme.color("quiet"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            words = painter.boundingRect(room, flags, self._words())
            painter.drawText(room, flags, self._words())
            figure = words.adjusted(0, 0, 0, 0)
            figure.setSize(figure.size().scaled(Space.XL, Space.XL, Qt.AspectRatioMode.IgnoreAspectRatio))
            figure.moveCenter(words.center())
            figure.moveBottom(words.top() - Space.S)
            draw_icon(painter, "warning", self._theme.color("quiet"), figure)

    def _words(self) -> str:
        return f"It cannot be shown: {self._reason}." if self._reason else ""
