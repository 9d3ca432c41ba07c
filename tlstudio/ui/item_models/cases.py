"""Labelled images with what a model says of them, as a list."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import overload

from PySide6.QtCore import QObject, Qt

from tlstudio.data.catalogue import ImageRecord
from tlstudio.evaluation.outcome import Outcome
from tlstudio.ui.item_models.found import PathModel
from tlstudio.ui.item_models.thumbnails import Index, PictureStore
from tlstudio.ui.text import percent

CASE = Qt.ItemDataRole.UserRole + 5
RANKS = 3


@dataclasses.dataclass(frozen=True)
class Case:
    """An image, its class, and the likeliest classes with their probabilities."""

    image: ImageRecord
    label: str
    ranked: tuple[tuple[str, float], ...]
    loss: float

    @property
    def right(self) -> bool:
        return self.ranked[0][0] == self.label

    @property
    def words(self) -> str:
        """What it is and what it is taken for, in a few words."""
        answer, share = self.ranked[0]
        if self.right:
            return f"{self.label}, recognised ({percent(share)})"
        return f"{self.label}, taken for {answer} ({percent(share)})"


class _Files(Sequence[Path]):
    """Paths made when they are asked for: a hundred thousand at once would stop the window."""

    def __init__(self, root: Path, outcome: Outcome, rows: Sequence[int]) -> None:
        self._root, self._outcome, self._rows = root, outcome, rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Path: ...
    @overload
    def __getitem__(self, place: slice) -> "_Files": ...
    def __getitem__(self, place: int | slice) -> "Path | _Files":
        if isinstance(place, slice):
            return _Files(self._root, self._outcome, self._rows[place])
        return self._root / self._outcome.images[self._rows[place]].path


class CaseModel(PathModel):
    """CASE is the Case of a row."""

    def __init__(self, store: PictureStore, side: int, parent: QObject | None = None) -> None:
        super().__init__(store, side, parent)
        self._outcome: Outcome | None = None
        self._classes: Sequence[str] = ()
        self._rows: Sequence[int] = ()

    def show(self, root: Path, outcome: Outcome | None, classes: Sequence[str], rows: Sequence[int]) -> None:
        """Show these rows of an outcome, in that order."""
        self._outcome, self._classes, self._rows = outcome, classes, rows
        self.show_paths(_Files(root, outcome, rows) if outcome else ())

    def case(self, row: int) -> Case:
        assert self._outcome is not None
        place = self._rows[row]
        image = self._outcome.images[place]
        ranked = tuple((self._classes[label], share) for label, share in self._outcome.ranked(place, RANKS))
        return Case(image, self._classes[image.label], ranked, float(self._outcome.losses[place]))

    def row_of(self, place: int) -> int | None:
        """Where the image with that place in the outcome is shown, if it is."""
        return next((row for row, one in enumerate(self._rows) if one == place), None)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        if role == CASE:
            return self.case(index.row())
        said = super().data(index, role)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{said}\n{self.case(index.row()).words}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{said}, {self.case(index.row()).words}"
        return said
