"""The image that is selected, large, with what is known of it."""

from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, QUrl, Slot
from PySide6.QtGui import QColor, QDesktopServices, QPainter, QPainterPath, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from tlstudio.data.catalogue import Catalogue, ImageRecord
from tlstudio.ui import text
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.theme import Radius, Size, Space, Theme, with_role
from tlstudio.ui.widgets.split_editor import NAMES

_SIDE = 640  # pixels: sharp on a dense display too


class ImagePreview(QWidget):
    """Picture, name, class, split and sizes of one image, and a way to its folder."""

    def __init__(self, store: PictureStore, theme: Theme) -> None:
        super().__init__()
        self._store = store
        self._path: Path | None = None
        self._canvas = _Canvas(theme)
        self._name = with_role(QLabel(), "lead")
        self._name.setWordWrap(True)
        self.facts = {key: QLabel() for key in ("Class", "Split", "Pixels", "File")}
        self._open = QPushButton("Open its folder")
        theme.set_icon(self._open, "folder", "quiet")
        self._open.clicked.connect(self._open_folder)
        grid = QGridLayout()
        grid.setVerticalSpacing(Space.XS)
        grid.setHorizontalSpacing(Space.M)
        grid.setColumnStretch(1, 1)
        for row, (key, label) in enumerate(self.facts.items()):
            label.setWordWrap(True)
            grid.addWidget(with_role(QLabel(key), "quiet"), row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label, row, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.M)
        layout.addWidget(self._canvas)
        layout.addWidget(self._name)
        layout.addLayout(grid)
        layout.addWidget(self._open, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch(1)
        store.drawn.connect(self._redraw)
        self.clear()

    @property
    def name(self) -> str:
        return self._name.text()

    def clear(self) -> None:
        self._path = None
        self._canvas.show_picture(None)
        self._name.setText("No image selected")
        for label in self.facts.values():
            label.setText("-")
        self._open.setEnabled(False)

    def show_image(self, catalogue: Catalogue, record: ImageRecord) -> None:
        self._path = catalogue.file(record)
        self._name.setText(self._path.name)
        self._name.setToolTip(str(self._path))
        values = (
            catalogue.classes[record.label],
            NAMES[record.split] if record.split else "-",
            f"{record.width} × {record.height}",
            text.size(record.size),
        )
        for label, value in zip(self.facts.values(), values, strict=True):
            label.setText(value)
        self._open.setEnabled(True)
        self._redraw(self._path)

    @Slot(object)
    def _redraw(self, path: Path) -> None:
        if path == self._path:
            picture = self._store.picture(path, _SIDE)
            self._canvas.show_picture(picture if isinstance(picture, QPixmap) else None)

    @Slot()
    def _open_folder(self) -> None:
        if self._path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._path.parent)))


class _Canvas(QWidget):
    """Shows a picture whole, in its shape, as large as fits."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._picture: QPixmap | None = None
        self.setAccessibleName("The selected image")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_picture(self, picture: QPixmap | None) -> None:
        self._picture = picture
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(Size.PREVIEW, Size.PREVIEW)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.setFixedHeight(self.width())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        frame = QPainterPath()
        frame.addRoundedRect(QRectF(self.rect()), Radius.CONTROL, Radius.CONTROL)
        painter.fillPath(frame, QColor(self._theme.tokens.faint))
        if self._picture is None:
            return
        size = self._picture.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        box = QRectF(0, 0, size.width(), size.height())
        box.moveCenter(QRectF(self.rect()).center())
        painter.setClipPath(frame)
        painter.drawPixmap(box, self._picture, QRectF(self._picture.rect()))
