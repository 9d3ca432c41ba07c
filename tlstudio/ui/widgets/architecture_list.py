"""The architectures on offer, by family, with a search field."""

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QListView,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from tlstudio.models.architectures import Architecture, architectures
from tlstudio.ui.icons import icon
from tlstudio.ui.theme import Size, Space, Theme, Type, with_role
from tlstudio.ui.widgets.network_strip import brief_count
from tlstudio.ui.widgets.paint import draw_icon, draw_text, font

_Index = QModelIndex | QPersistentModelIndex
ARCHITECTURE_ROLE = Qt.ItemDataRole.UserRole + 1
PRESENCE_ROLE = Qt.ItemDataRole.UserRole + 2

_PRESENCE = {
    "bundled": ("check", "bundled"),
    "present": ("check", "on this machine"),
    "missing": ("download", "to download"),
}


class ArchitectureModel(QAbstractListModel):
    """The architectures whose words fit a search, each family under its name."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all = tuple(architectures().values())
        self._presence = {one.name: _presence(one) for one in self._all}
        self._rows: list[str | Architecture] = []
        self.search("")

    def search(self, text: str) -> None:
        """Show only the architectures that contain every word of ``text``."""
        words = text.casefold().split()
        self.beginResetModel()
        self._rows = []
        family = None
        for one in self._all:
            if all(word in f"{one.title} {one.name} {one.family}".casefold() for word in words):
                if one.family != family:
                    family = one.family
                    self._rows.append(family)
                self._rows.append(one)
        self.endResetModel()

    def look_again(self) -> None:
        """See anew which weights are on this machine."""
        self._presence = {one.name: _presence(one) for one in self._all}
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def index_of(self, name: str) -> QModelIndex:
        for row, one in enumerate(self._rows):
            if isinstance(one, Architecture) and one.name == name:
                return self.index(row)
        return QModelIndex()

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if index.isValid() and isinstance(self._rows[index.row()], Architecture):
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return Qt.ItemFlag.NoItemFlags

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if not isinstance(row, Architecture):
            return row if role == Qt.ItemDataRole.DisplayRole else None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.title
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                return self._words(row, "\n" if role == Qt.ItemDataRole.ToolTipRole else ", ")
            case _ if role == ARCHITECTURE_ROLE:
                return row
        return self._presence[row.name] if role == PRESENCE_ROLE else None

    def _words(self, one: Architecture, between: str) -> str:
        best = one.default_weights
        return between.join(
            (
                one.title,
                f"{one.parameters:,} parameters",
                f"{one.gflops:.1f} GFLOPs an image of 224 pixels",
                f"ImageNet-1K: {best.top1:.1f} % top-1, {best.top5:.1f} % top-5",
                f"weights {size_text(best.megabytes)}, {_PRESENCE[self._presence[one.name]][1]}",
            )
        )


class _ArchitectureDelegate(QStyledItemDelegate):
    """Two lines a row: title and accuracy; parameters, size, and whether the weights are here."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        header = index.data(ARCHITECTURE_ROLE) is None
        return QSize(Size.THUMBNAIL, Size.CONTROL if header else Size.STRIP + Space.XS)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        cell: QRect = option.rect  # type: ignore[attr-defined]
        one = index.data(ARCHITECTURE_ROLE)
        if one is None:
            painter.setFont(font(Type.CAPTION, bold=True))
            painter.setPen(self._theme.color("quiet"))
            box = cell.adjusted(Space.S, Space.S, -Space.S, 0)
            draw_text(painter, box, index.data())
            painter.setFont(font(Type.CAPTION))
            draw_text(painter, box, "ImageNet top-1", Qt.AlignmentFlag.AlignRight)
        else:
            self._paint_ground(painter, cell, option)
            self._paint_row(painter, cell.adjusted(Space.S, Space.XS, -Space.S, -Space.XS), one, index)
        painter.restore()

    def _paint_ground(self, painter: QPainter, cell: QRect, option: QStyleOptionViewItem) -> None:
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        body = cell.toRectF().adjusted(0.5, 1.5, -0.5, -1.5)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("selected" if chosen else "hover"))
            painter.drawRoundedRect(body, Space.XS, Space.XS)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.color("accent"), Size.LINE))
            painter.drawRoundedRect(body, Space.XS, Space.XS)

    def _paint_row(self, painter: QPainter, box: QRect, one: Architecture, index: _Index) -> None:
        best = one.default_weights
        above, below = QRect(box), QRect(box)
        above.setHeight(box.height() // 2)
        below.setTop(above.bottom() + 1)
        right = Qt.AlignmentFlag.AlignRight
        painter.setFont(font(Type.BODY))
        painter.setPen(self._theme.color("text"))
        accuracy = f"{best.top1:.1f} %"
        room = painter.fontMetrics().horizontalAdvance(accuracy) + Space.S
        draw_text(painter, above.adjusted(0, 0, -room, 0), one.title.replace(" with batch norm", " BN"))
        draw_text(painter, above, accuracy, right)
        painter.setFont(font(Type.CAPTION))
        painter.setPen(self._theme.color("quiet"))
        name, words = _PRESENCE[index.data(PRESENCE_ROLE)]
        room = painter.fontMetrics().horizontalAdvance(words)
        draw_text(painter, below, words, right)
        glyph = QRect(0, 0, Space.M, Space.M)
        glyph.moveRight(below.right() - room - Space.XS)
        glyph.moveTop(below.center().y() - Space.M // 2 + 1)
        draw_icon(painter, name, self._theme.color("new" if name == "check" else "quiet"), glyph)
        left = below.adjusted(0, 0, -(room + Space.L + Space.S), 0)
        draw_text(painter, left, f"{brief_count(one.parameters)} · {size_text(best.megabytes)}")


class _List(QListView):
    """Arrow keys pass over the families' names."""

    def sizeHint(self) -> QSize:
        """Three rows; it takes all the room that is left."""
        return QSize(Size.SIDE // 2, 3 * Size.ROW_TWO_LINES)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        row = self.currentIndex().row() + step
        while 0 <= row < self.model().rowCount():
            index = self.model().index(row, 0)
            if self.model().flags(index) & Qt.ItemFlag.ItemIsSelectable:
                self.setCurrentIndex(index)
                return
            row += step


class ArchitectureList(QWidget):
    """Search field and list.

    Signals:
        chosen: the name of another architecture.
    """

    chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._name = ""
        self._model = ArchitectureModel(self)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName("Search the architectures")
        self.search.setClearButtonEnabled(True)
        # The buttons inside a line edit are tool buttons, but not of the kind that the style sheet means.
        self.search.setStyleSheet("QToolButton { min-height: 0; padding: 0; border: none; }")
        self._lens = QAction(self.search)
        self.search.addAction(self._lens, QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._look)
        self.list = _List()
        self.list.setModel(self._model)
        self.list.setItemDelegate(_ArchitectureDelegate(theme, self.list))
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Architectures")
        self.list.selectionModel().currentChanged.connect(self._report)
        self._nothing = with_role(QLabel(), "quiet")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setWordWrap(True)
        self._stack = QStackedWidget()
        for page in (self.list, self._nothing):
            self._stack.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addWidget(self.search)
        layout.addWidget(self._stack, 1)
        theme.changed.connect(self._paint)
        self._paint()

    @property
    def model(self) -> ArchitectureModel:
        return self._model

    def set_current(self, name: str) -> None:
        """Show the architecture of that name as the chosen one, without reporting it."""
        self._name = name
        index = self._model.index_of(name)
        if index.isValid() and index != self.list.currentIndex():
            self.list.setCurrentIndex(index)
            self.list.scrollTo(index)

    @Slot(str)
    def _look(self, text: str) -> None:
        self._model.search(text)
        found = self._model.rowCount() > 0
        self._stack.setCurrentWidget(self.list if found else self._nothing)
        self._nothing.setText(f"No architecture is called “{text.strip()}”.")
        self.set_current(self._name)

    @Slot(QModelIndex, QModelIndex)
    def _report(self, current: QModelIndex, _previous: QModelIndex) -> None:
        one = current.data(ARCHITECTURE_ROLE)
        if one is not None and one.name != self._name:
            self._name = one.name
            self.chosen.emit(one.name)

    @Slot()
    def _paint(self) -> None:
        self._lens.setIcon(icon("search", self._theme.tokens.quiet))
        self.list.viewport().update()


def size_text(megabytes: float) -> str:
    """A file's size as people say it."""
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"


def _presence(one: Architecture) -> str:
    best = one.default_weights
    if best.url is None:
        return "bundled" if best.present else "missing"
    return "present" if best.present else "missing"
