"""The classes of a folder with a bar each: filter of the images, and where classes are corrected."""

import dataclasses
from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QColor, QKeySequence, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from tlstudio.config import Corrections
from tlstudio.data.catalogue import SPLITS, Catalogue, Split
from tlstudio.ui import text
from tlstudio.ui.engine import Counts
from tlstudio.ui.theme import Size, Space, Theme, Type, number_font
from tlstudio.ui.widgets.paint import draw_text, font
from tlstudio.ui.widgets.split_editor import NAMES

Index = QModelIndex | QPersistentModelIndex

_ROW = Qt.ItemDataRole.UserRole
_COUNTS_WIDTH = 92  # of the images in each split, beside the bar


@dataclasses.dataclass(frozen=True)
class ClassRow:
    """A class as it is shown: ``label`` is its place in the catalogue, None for one that is left out.

    ``share``: its images in relation to those of the largest class.
    """

    name: str
    label: int | None
    count: int
    share: float
    splits: tuple[tuple[Split, int], ...] = ()

    @property
    def described(self) -> str:
        if self.label is None:
            return f"{self.name}, {text.amount(self.count, 'image')}, left out"
        splits = ", ".join(f"{count:,} {NAMES[split].lower()}" for split, count in self.splits)
        return f"{self.name}, {text.amount(self.count, 'image')}: {splits}"


def class_rows(
    folder: Catalogue, corrections: Corrections, classes: Sequence[str], counts: Counts
) -> list[ClassRow]:
    """The classes of a division with their counts, then those of the folder that are left out."""
    sums = [sum(splits) for splits in counts]
    most = max(sums, default=0) or 1
    rows = [
        ClassRow(name, label, sums[label], sums[label] / most, tuple(zip(SPLITS, counts[label], strict=True)))
        for label, name in enumerate(classes)
    ]
    without = set(corrections.without_classes)
    if without:
        left_out: Counter[str] = Counter()
        for name, count in folder.counts().items():
            if name in without:
                left_out[corrections.names.get(name, name)] += count
        rows += [ClassRow(name, None, count, 0.0) for name, count in sorted(left_out.items())]
    return rows


class ClassList(QListView):
    """A row a class: name, count, bar. Choosing a row filters; choosing it again shows all.

    Signals:
        chosen: the class's label, or None for all.
        renamed: a class should be called otherwise: its name and the new one.
        merged: classes should be one: their names, and that of the one they become.
        left_out: a tuple of classes to go on without.
        taken_in: a tuple of classes that were left out and should not be.
    """

    chosen = Signal(object)
    renamed = Signal(str, str)
    merged = Signal(object, str)
    left_out = Signal(object)
    taken_in = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Classes")
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self._model = QStandardItemModel(self)
        self.setModel(self._model)
        delegate = _ClassDelegate(theme, self)
        delegate.renamed.connect(self.renamed)
        self.setItemDelegate(delegate)
        self._filter = ""  # the name of the class that is shown alone
        self.rename_action = self._action("Rename", Qt.Key.Key_F2, self._rename)
        self.merge_action = self._action("Merge", QKeySequence("Ctrl+M"), self._merge)
        self.leave_out_action = self._action("Leave out", Qt.Key.Key_Delete, self._leave_out)
        self.selectionModel().selectionChanged.connect(self._show_actions)
        self.clicked.connect(self._toggle)
        self.activated.connect(self._toggle)
        theme.changed.connect(self.viewport().update)
        self._show_actions()

    def show_rows(self, rows: list[ClassRow]) -> None:
        """Show these; the filter and what is selected stay with the classes of the same names."""
        names = [self._row(place).name for place in range(self._model.rowCount())]
        if names != [row.name for row in rows]:
            selected = {row.name for row in self.selected}
            self._model.clear()
            for row in rows:
                self._model.appendRow(QStandardItem(row.name))
        else:
            selected = None
        for place, row in enumerate(rows):
            item = self._model.item(place)
            item.setData(row, _ROW)
            item.setData(row.described, Qt.ItemDataRole.AccessibleTextRole)
            item.setToolTip(row.described)
        if selected is not None:
            self._select(selected)
        self._filter_again(rows)
        self._show_actions()

    def sizeHint(self) -> QSize:
        """Three classes; it takes all the room that is left."""
        return QSize(Size.SIDE // 2, 3 * Size.ROW_TWO_LINES + Space.XS)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @property
    def selected(self) -> list[ClassRow]:
        return [self._row(index.row()) for index in sorted(self.selectedIndexes(), key=QModelIndex.row)]

    def show_all(self) -> None:
        """Take the filter away."""
        self.forget()
        self.chosen.emit(None)

    def forget(self) -> None:
        """Another folder: no filter, and nothing is selected."""
        self.clearSelection()
        self._filter = ""

    def _action(self, words: str, key: Qt.Key | QKeySequence, do: object) -> QAction:
        action = QAction(words, self)
        action.setShortcut(key)
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(do)
        self.addAction(action)
        return action

    def _row(self, place: int) -> ClassRow:
        row: ClassRow = self._model.index(place, 0).data(_ROW)
        return row

    def _select(self, names: set[str]) -> None:
        flag = self.selectionModel().SelectionFlag.Select
        for place in range(self._model.rowCount()):
            if self._row(place).name in names:
                self.selectionModel().select(self._model.index(place, 0), flag)

    def _filter_again(self, rows: list[ClassRow]) -> None:
        """The class that is shown alone may have another label by now, or be no more."""
        if self._filter:
            labels = {row.name: row.label for row in rows}
            label = labels.get(self._filter)
            if label is None:
                self._filter = ""
            self.chosen.emit(label)

    @Slot(QModelIndex)
    def _toggle(self, index: QModelIndex) -> None:
        rows = self.selected
        if len(rows) != 1 or rows[0].label is None:
            # Several are selected to be merged or left out, and one that is left out has no images.
            if self._filter:
                self._filter = ""
                self.chosen.emit(None)
        elif rows[0].name == self._filter:
            self.show_all()
        else:
            self._filter = rows[0].name
            self.chosen.emit(rows[0].label)

    @Slot()
    def _show_actions(self) -> None:
        rows = self.selected
        kept = [row for row in rows if row.label is not None]
        self.rename_action.setEnabled(len(rows) == 1 and len(kept) == 1)
        self.merge_action.setEnabled(len(kept) > 1 and len(kept) == len(rows))
        largest = max(kept, key=lambda row: row.count).name if len(kept) > 1 else ""
        self.merge_action.setText(f"Merge {len(kept)} into {largest}" if largest else "Merge")
        self.leave_out_action.setEnabled(bool(rows))
        self.leave_out_action.setText("Leave out" if kept or not rows else "Take in again")

    @Slot()
    def _rename(self) -> None:
        self.edit(self.selectedIndexes()[0])

    @Slot()
    def _merge(self) -> None:
        rows = self.selected
        into = max(rows, key=lambda row: row.count).name
        self.merged.emit(tuple(row.name for row in rows), into)

    @Slot()
    def _leave_out(self) -> None:
        rows = self.selected
        kept = tuple(row.name for row in rows if row.label is not None)
        if kept:
            self.left_out.emit(kept)
        elif rows:
            self.taken_in.emit(tuple(row.name for row in rows))


class _ClassDelegate(QStyledItemDelegate):
    """Paints a class, and lets its name be typed over.

    Signals:
        renamed: as that of the list.
    """

    renamed = Signal(str, str)

    def __init__(self, theme: Theme, parent: QListView) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(Size.SIDE // 2, Size.ROW_TWO_LINES)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setAccessibleName(f"New name of {index.data()}")
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        rect = QRect(option.rect)  # type: ignore[attr-defined]
        editor.setGeometry(rect.adjusted(0, Space.XS, 0, -Space.XS))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """The name changes once the folder was corrected, not here."""
        assert isinstance(editor, QLineEdit)
        old, new = str(index.data()), editor.text().strip()
        if new and new != old:
            self.renamed.emit(old, new)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: ClassRow = index.data(_ROW)
        tokens = self._theme.tokens
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        rect = QRect(option.rect)  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(QColor(tokens.selected if chosen else tokens.hover))
            painter.drawRoundedRect(rect.adjusted(0, 1, 0, -1), Space.XS, Space.XS)
        inner = rect.adjusted(Space.S, Space.XS, -Space.S, -Space.XS)
        upper = QRect(inner.left(), inner.top(), inner.width(), inner.height() // 2)
        lower = upper.translated(0, upper.height())
        self._paint_name(painter, upper, row)
        if row.label is None:
            painter.setFont(font(Type.CAPTION))
            draw_text(painter, lower, "left out")
        else:
            self._paint_splits(painter, lower, row, chosen)
        painter.restore()

    def _paint_name(self, painter: QPainter, place: QRect, row: ClassRow) -> None:
        tokens, count = self._theme.tokens, f"{row.count:,}"
        painter.setFont(font(Type.BODY))
        painter.setPen(QColor(tokens.quiet if row.label is None else tokens.text))
        draw_text(painter, place, count, Qt.AlignmentFlag.AlignRight)
        room = painter.fontMetrics().horizontalAdvance(count) + Space.S
        if row.label is None:
            struck = painter.font()
            struck.setStrikeOut(True)
            painter.setFont(struck)
        draw_text(painter, place.adjusted(0, 0, -room, 0), row.name)

    def _paint_splits(self, painter: QPainter, place: QRect, row: ClassRow, chosen: bool) -> None:
        """A bar as long as the class is large, in the colours of the splits, and their counts."""
        tokens = self._theme.tokens
        small = number_font()
        small.setPixelSize(Type.CAPTION)
        painter.setFont(small)
        painter.setPen(QColor(tokens.quiet))
        draw_text(
            painter, place, " · ".join(f"{count:,}" for _, count in row.splits), Qt.AlignmentFlag.AlignRight
        )
        room = max(Size.BAR, place.width() - _COUNTS_WIDTH)
        bar = QRect(place.left(), place.center().y() - Size.FOCUS, room, Space.XS + 1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.line if chosen else tokens.faint))
        painter.drawRoundedRect(bar, Size.FOCUS, Size.FOCUS)
        left, width = float(bar.left()), max(float(Size.BAR), bar.width() * row.share)
        for split, count in row.splits:
            part = width * count / max(1, row.count)
            painter.fillRect(
                round(left),
                bar.top(),
                max(1, round(left + part) - round(left) - 1) if count else 0,
                bar.height(),
                self._theme.color(split),
            )
            left += part
