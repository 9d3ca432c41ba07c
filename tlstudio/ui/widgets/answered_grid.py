"""Images with how sure the answer about each was."""

from pathlib import Path

from PySide6.QtCore import QModelIndex, QRect, QSize, Qt, Slot
from PySide6.QtGui import QPainter

from tlstudio.ui.item_models.answered import CONFIDENCE, AnsweredModel
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.text import percent
from tlstudio.ui.theme import Size, Space, Theme, Type
from tlstudio.ui.widgets.image_viewer import Told, Viewer
from tlstudio.ui.widgets.paint import draw_text, font
from tlstudio.ui.widgets.thumbnail_grid import ThumbnailGrid


class AnsweredGrid(ThumbnailGrid):
    """As many columns as the width allows; Enter or a double click shows an image large."""

    def __init__(self, model: AnsweredModel, store: PictureStore, theme: Theme) -> None:
        super().__init__(theme)
        self._model, self._store = model, store
        self.setModel(model)
        self.setAccessibleName("Images of the chosen cell")
        self.setAccessibleDescription("Arrows move along, Enter shows the image large.")
        self.looked_at.connect(model.look_at)
        self.opened.connect(self._enlarge)

    def columns_for(self, width: int) -> int:
        return max(1, round(width / Size.CELL))

    def cell_for(self, width: int) -> QSize:
        return QSize(width, width + Size.ICON)

    def paint_cell(self, painter: QPainter, index: QModelIndex, cell: QRect) -> None:
        super().paint_cell(painter, index, cell.adjusted(0, 0, 0, -Size.ICON))
        line = QRect(cell.left(), cell.bottom() - Size.ICON, cell.width(), Size.ICON)
        painter.setPen(self.theme.color("quiet"))
        painter.setFont(font(Type.CAPTION))
        words = line.adjusted(Space.S, 0, -Space.S, 0)
        number = percent(index.data(CONFIDENCE))
        draw_text(painter, words, number, Qt.AlignmentFlag.AlignRight)
        room = painter.fontMetrics().horizontalAdvance(number) + Space.S
        draw_text(painter, words.adjusted(0, 0, -room, 0), index.data(Qt.ItemDataRole.DisplayRole))

    @Slot(QModelIndex)
    def _enlarge(self, index: QModelIndex) -> None:
        viewer = _AnsweredViewer(self._model, self._store, self.theme, self)
        viewer.show_row(index.row())
        viewer.open()


class _AnsweredViewer(Viewer):
    def __init__(self, model: AnsweredModel, store: PictureStore, theme: Theme, parent: AnsweredGrid) -> None:
        super().__init__(model, store, model.side, theme, parent)
        self._answered = model

    def file(self, row: int) -> Path:
        return self._answered.paths[row]

    def told(self, row: int) -> Told:
        path = self.file(row)
        return Told(path.name, (self._answered.told(row), str(path.parent)))
