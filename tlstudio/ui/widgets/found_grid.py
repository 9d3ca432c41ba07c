"""What a search found: pictures in the order of their similarity, which stands beneath each."""

from pathlib import Path

from PySide6.QtCore import QModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter

from tlstudio.ui.item_models.found import SIMILARITY, FoundModel
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.theme import Size, Space, Theme, Type
from tlstudio.ui.widgets.image_viewer import Told, Viewer
from tlstudio.ui.widgets.paint import draw_text, font
from tlstudio.ui.widgets.thumbnail_grid import ThumbnailGrid


class FoundGrid(ThumbnailGrid):
    """As many columns as the width allows, each picture with its similarity."""

    def __init__(self, model: FoundModel, theme: Theme) -> None:
        super().__init__(theme)
        self.setModel(model)
        self.setAccessibleName("Images found, the most similar first")
        self.setAccessibleDescription("Arrows move along, Enter shows the image large.")
        self.looked_at.connect(model.look_at)

    def columns_for(self, width: int) -> int:
        return max(1, round(width / Size.THUMBNAIL))

    def cell_for(self, width: int) -> QSize:
        return QSize(width, width + Size.ICON)

    def paint_cell(self, painter: QPainter, index: QModelIndex, cell: QRect) -> None:
        super().paint_cell(painter, index, cell.adjusted(0, 0, 0, -Size.ICON))
        line = QRect(cell.left(), cell.bottom() - Size.ICON, cell.width(), Size.ICON)
        painter.setPen(self.theme.color("quiet"))
        painter.setFont(font(Type.CAPTION))
        words = line.adjusted(Space.S, 0, -Space.S, 0)
        number = f"{index.data(SIMILARITY):.3f}"
        draw_text(painter, words, number, Qt.AlignmentFlag.AlignRight)
        room = painter.fontMetrics().horizontalAdvance(number) + Space.S
        draw_text(painter, words.adjusted(0, 0, -room, 0), index.data(Qt.ItemDataRole.DisplayRole))


class FoundViewer(Viewer):
    """Goes through what was found."""

    def __init__(self, model: FoundModel, store: PictureStore, theme: Theme, parent: FoundGrid) -> None:
        super().__init__(model, store, model.side, theme, parent)
        self._found = model

    def file(self, row: int) -> Path:
        return self._found.paths[row]

    def told(self, row: int) -> Told:
        path = self.file(row)
        return Told(path.name, (f"similarity {self._found.cosine(row):.3f}", str(path.parent)))
