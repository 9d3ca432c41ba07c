"""Which class pictures are taken of: one that is there, or a new one by its name."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from tlstudio.ui import text
from tlstudio.ui.theme import Size, Space, Theme, Type
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.paint import draw_text, font

_COUNT = Qt.ItemDataRole.UserRole
_COUNT_WIDTH = 84


class ClassChoice(QWidget):
    """A list of classes with how many images each has; one is chosen, by mouse or by the arrow keys.

    Attributes:
        list: the classes.
        field: where the name of a new one is typed.

    Signals:
        chosen: the name of another class, "" for none.
        named: what was typed for a new one; whoever hears it adds it or says why not.
    """

    chosen = Signal(str)
    named = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setAccessibleName("Class of the pictures")
        self.list.setItemDelegate(_Row(theme, self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.field = QLineEdit()
        self.field.setPlaceholderText("New class")
        self.field.setAccessibleName("Name of a new class")
        self.add_button = button(theme, "Add", "plus")
        self.add_button.setAutoDefault(False)
        self.add_button.setEnabled(False)
        line = QHBoxLayout()
        line.setSpacing(Space.S)
        line.addWidget(self.field, 1)
        line.addWidget(self.add_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addLayout(line)
        layout.addWidget(self.list, 1)
        self.list.currentItemChanged.connect(self._choose)
        self.field.textChanged.connect(self._see)
        self.field.returnPressed.connect(self._name)
        self.add_button.clicked.connect(self._name)

    @property
    def current(self) -> str:
        """The class that is chosen, "" if none is."""
        item = self.list.currentItem()
        return item.text() if item is not None else ""

    @property
    def names(self) -> list[str]:
        return [self.list.item(row).text() for row in range(self.list.count())]

    def set_classes(self, counts: dict[str, int]) -> None:
        """Show these with their images, and choose the first."""
        self.list.clear()
        for name, count in counts.items():
            self._show(self._item(name), count, 0)
        if counts:
            self.list.setCurrentRow(0)

    def choose(self, name: str) -> None:
        """Choose a class, which is added at the end unless it is there."""
        found = self.list.findItems(name, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchCaseSensitive)
        item = found[0] if found else self._item(name)
        if not found:
            self._show(item, 0, 0)
        self.list.setCurrentItem(item)
        self.list.scrollToItem(item)
        self.field.clear()

    def add(self, name: str, more: int) -> None:
        """So many images more of a class, all of them taken now; negative where some were deleted."""
        for item in self.list.findItems(name, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchCaseSensitive):
            before, now = item.data(_COUNT)
            self._show(item, before, now + more)

    def with_images(self) -> int:
        """How many classes have an image."""
        return sum(any(self.list.item(row).data(_COUNT)) for row in range(self.list.count()))

    def _item(self, name: str) -> QListWidgetItem:
        item = QListWidgetItem(name)
        self.list.addItem(item)
        return item

    def _show(self, item: QListWidgetItem, before: int, now: int) -> None:
        item.setData(_COUNT, (before, now))
        new = f", {now:,} of them new" if now else ""
        described = f"{item.text()}, {text.amount(before + now, 'image')}{new}"
        item.setData(Qt.ItemDataRole.AccessibleTextRole, described)
        item.setToolTip(described)

    @Slot()
    def _choose(self) -> None:
        self.chosen.emit(self.current)

    @Slot(str)
    def _see(self, typed: str) -> None:
        self.add_button.setEnabled(bool(typed.strip()))

    @Slot()
    def _name(self) -> None:
        if self.field.text().strip():
            self.named.emit(self.field.text())


class _Row(QStyledItemDelegate):
    """The name, and at the right how many images there were and how many came to them."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        ground = QStyleOptionViewItem(option)
        self.initStyleOption(ground, index)
        ground.text = ""
        widget = option.widget
        widget.style().drawControl(widget.style().ControlElement.CE_ItemViewItem, ground, painter, widget)
        before, now = index.data(_COUNT)
        box = option.rect.adjusted(Space.S, 0, -Space.S, 0)
        painter.save()
        painter.setFont(font(Type.BODY))
        painter.setPen(self._theme.color("text" if widget.isEnabled() else "quiet"))
        draw_text(painter, box.adjusted(0, 0, -_COUNT_WIDTH - Space.S, 0), index.data())
        box.setLeft(box.right() - _COUNT_WIDTH)
        if now:
            new = f" +{now:,}"
            painter.setPen(self._theme.color("accent"))
            draw_text(painter, box, new, Qt.AlignmentFlag.AlignRight)
            box.setRight(box.right() - painter.fontMetrics().horizontalAdvance(new))
        painter.setPen(self._theme.color("quiet"))
        draw_text(painter, box, f"{before:,}", Qt.AlignmentFlag.AlignRight)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(super().sizeHint(option, index).width(), Size.ROW)
