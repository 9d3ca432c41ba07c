"""Images with what was answered about them, as a list."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt

from tlstudio.ui.item_models.found import PathModel
from tlstudio.ui.item_models.thumbnails import Index, PictureStore
from tlstudio.ui.text import percent
from tlstudio.zeroshot.measure_events import Measured

CONFIDENCE = Qt.ItemDataRole.UserRole + 3


class AnsweredModel(PathModel):
    """Some images of what was measured; CONFIDENCE is how sure the answer was, 0 to 1."""

    def __init__(self, store: PictureStore, side: int, parent: QObject | None = None) -> None:
        super().__init__(store, side, parent)
        self._measured: Measured | None = None
        self._rows: Sequence[int] = ()

    def show(self, measured: Measured | None, rows: Sequence[int] = ()) -> None:
        """Show these rows of what was measured, in that order."""
        self._measured, self._rows = measured, rows
        self.show_paths([measured.paths[row] for row in rows] if measured else ())

    def told(self, row: int) -> str:
        """What was answered, in a few words."""
        assert self._measured is not None
        measured, place = self._measured, self._rows[row]
        label, answer = measured.labels[place], measured.answers[place]
        said = "none of these" if answer < 0 else measured.classes[answer]
        return f"{measured.classes[label]}, answered {said} ({percent(measured.confidences[place])})"

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        said = super().data(index, role)
        if self._measured is None or not index.isValid() or index.row() >= len(self._rows):
            return said
        if role == CONFIDENCE:
            return self._measured.confidences[self._rows[index.row()]]
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{said}\n{self.told(index.row())}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{said}, {self.told(index.row())}"
        return said
