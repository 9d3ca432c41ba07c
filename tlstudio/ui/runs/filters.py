"""The line above the table of runs: words to look for, and what its columns have to say."""

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from tlstudio.ui.item_models.runs import RunModel
from tlstudio.ui.theme import Size, Space, Theme
from tlstudio.ui.widgets.basics import QuietComboBox, button

_HORIZONTAL = Qt.Orientation.Horizontal
_FIELDS = {"Status": "Any status", "Network": "Any network", "Data": "Any data"}  # by the column's title


class RunFilters(QWidget):
    """Says what is to be shown.

    Signals:
        changed: something else is wanted.
    """

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.words = QLineEdit()
        self.words.setPlaceholderText("Name, strategy, tag, note…")
        self.words.setAccessibleName("Words to look for")
        self.words.setClearButtonEnabled(True)
        self.words.textChanged.connect(self.changed)
        self.fields = {title: QuietComboBox() for title in _FIELDS}
        self.starred: QPushButton = button(theme, "Starred", "star", "quiet")
        self.starred.setCheckable(True)
        self.starred.toggled.connect(self.changed)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.S)
        line.addWidget(self.words, 1)
        for title, field in self.fields.items():
            field.setAccessibleName(title)
            field.setFixedWidth(Size.THUMBNAIL)
            field.addItem(_FIELDS[title], "")
            field.currentIndexChanged.connect(self.changed)
            line.addWidget(field)
        line.addWidget(self.starred)

    def wanted(self) -> dict[str, str]:
        """What the columns of these titles have to say."""
        chosen = {title: field.currentData() for title, field in self.fields.items()}
        return {title: value for title, value in chosen.items() if value}

    @property
    def active(self) -> bool:
        """Whether something may be hidden."""
        return bool(self.words.text().strip() or self.wanted() or self.starred.isChecked())

    @Slot()
    def clear(self) -> None:
        """Show all runs again."""
        self.words.clear()
        self.starred.setChecked(False)
        for field in self.fields.values():
            field.setCurrentIndex(0)

    def offer(self, model: RunModel) -> None:
        """Offer what occurs in the table; a choice that no longer occurs is given up."""
        titles = {str(model.headerData(place, _HORIZONTAL)): place for place in range(model.columnCount())}
        for title, field in self.fields.items():
            column = titles[title]
            _fill(field, (str(model.index(row, column).data()) for row in range(model.rowCount())))


def _fill(field: QuietComboBox, values: Iterable[str]) -> None:
    wanted, chosen = sorted(set(values), key=str.casefold), field.currentData()
    if wanted == [field.itemData(place) for place in range(1, field.count())]:
        return
    field.blockSignals(True)
    while field.count() > 1:
        field.removeItem(1)
    for value in wanted:
        field.addItem(value, value)
    field.setCurrentIndex(max(0, field.findData(chosen)) if chosen else 0)
    field.blockSignals(False)
    if field.currentData() != chosen:
        field.currentIndexChanged.emit(field.currentIndex())
