"""The table of epochs, the best one marked with a star."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHeaderView, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from tlstudio.ui.icons import icon
from tlstudio.ui.item_models.epochs import BEST, STAGE_COLUMN, EpochModel
from tlstudio.ui.theme import Size, Space, Theme, number_font


class EpochTable(QTableView):
    """Follows its model: the newest row is kept in sight."""

    def __init__(self, model: EpochModel, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Epochs")
        self.setModel(model)
        self.setFont(number_font())
        self.setItemDelegateForColumn(0, _StarDelegate(theme, self))
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(Size.ROW)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(STAGE_COLUMN, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(Size.CONTROL)
        header.setFixedHeight(Size.ROW)
        self.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setMinimumHeight(5 * Size.ROW + Space.XS)
        self.setColumnWidth(0, Size.CONTROL)
        model.rowsInserted.connect(self._show_newest)
        theme.changed.connect(self.viewport().update)

    @Slot()
    def _show_newest(self) -> None:
        self.scrollToBottom()


class _StarDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QTableView) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        if index.data(BEST):
            box = QRect(0, 0, Size.ICON_SMALL, Size.ICON_SMALL)
            box.moveCenter(QRect(option.rect).center())  # type: ignore[attr-defined]
            icon("star-filled", self._theme.tokens.tuned).paint(painter, box)
