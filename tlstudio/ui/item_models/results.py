"""Images and what CLIP says of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Slot
from PySide6.QtGui import QPixmap

from tlstudio.inference.events import ImageClassified, ImageSkipped
from tlstudio.ui.item_models.thumbnails import PictureStore
from tlstudio.ui.text import percent
from tlstudio.ui.theme import Size

_Index = QModelIndex | QPersistentModelIndex

RANKED_ROLE = Qt.ItemDataRole.UserRole + 1  # tuples of class and probability, highest first; None if unknown
REASON_ROLE = Qt.ItemDataRole.UserRole + 2  # why the image could not be classified, or ""
NAME_ROLE = Qt.ItemDataRole.UserRole + 3  # the file's name
_IN_WORDS = 5


class ResultModel(QAbstractListModel):
    """Image files in the order in which they were added, each with its outcome once there is one.

    DisplayRole is the winning class; DecorationRole the picture, None until it is drawn.
    """

    def __init__(self, pictures: PictureStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._paths: list[Path] = []
        self._rows: dict[Path, int] = {}
        self._ranked: dict[Path, tuple[tuple[str, float], ...]] = {}
        self._reasons: dict[Path, str] = {}
        pictures.drawn.connect(self._redraw)

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(self._paths)

    def add(self, paths: Iterable[Path]) -> int:
        """Add the files that are not there yet; how many those were."""
        fresh = [path for path in dict.fromkeys(paths) if path not in self._rows]
        if fresh:
            first = len(self._paths)
            self.beginInsertRows(QModelIndex(), first, first + len(fresh) - 1)
            self._rows |= {path: first + number for number, path in enumerate(fresh)}
            self._paths += fresh
            self.endInsertRows()
        return len(fresh)

    def remove(self, rows: Sequence[int]) -> None:
        for row in sorted(set(rows), reverse=True):
            self.beginRemoveRows(QModelIndex(), row, row)
            path = self._paths.pop(row)
            self._ranked.pop(path, None)
            self._reasons.pop(path, None)
            self.endRemoveRows()
        self._rows = {path: row for row, path in enumerate(self._paths)}

    def clear(self) -> None:
        self.beginResetModel()
        self._paths, self._rows, self._ranked, self._reasons = [], {}, {}, {}
        self.endResetModel()

    def forget_outcomes(self) -> None:
        """The images stay; what was said of them is no longer known."""
        self._ranked, self._reasons = {}, {}
        if self._paths:
            self.dataChanged.emit(self.index(0), self.index(len(self._paths) - 1))

    def take(self, event: ImageClassified | ImageSkipped) -> None:
        """Keep an outcome; one of an image that has been taken out meanwhile is ignored."""
        row = self._rows.get(event.path)
        if row is None:
            return
        if isinstance(event, ImageClassified):
            self._ranked[event.path] = tuple(event.probabilities.items())
        else:
            self._reasons[event.path] = event.reason
        self.dataChanged.emit(self.index(row), self.index(row))

    def counts(self) -> tuple[int, int]:
        """How many were classified, and how many could not be."""
        return len(self._ranked), len(self._reasons)

    # Qt's own

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._paths)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        path = self._paths[index.row()]
        answer: object = None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                ranked = self._ranked.get(path)
                answer = ranked[0][0] if ranked else ""
            case Qt.ItemDataRole.DecorationRole:
                picture = self._pictures.picture(path, Size.PREVIEW)
                answer = picture if isinstance(picture, QPixmap) else None
            case Qt.ItemDataRole.ToolTipRole:
                answer = "\n".join((str(path), *self._words(path)))
            case Qt.ItemDataRole.AccessibleTextRole:
                answer = ", ".join((path.name, *self._words(path)))
            case _ if role == RANKED_ROLE:
                answer = self._ranked.get(path)
            case _ if role == REASON_ROLE:
                answer = self._reasons.get(path, "")
            case _ if role == NAME_ROLE:
                answer = path.name
        return answer

    # Own

    def _words(self, path: Path) -> list[str]:
        if path in self._reasons:
            return [f"could not be read: {self._reasons[path]}"]
        return [f"{name} {percent(share)}" for name, share in self._ranked.get(path, ())[:_IN_WORDS]]

    @Slot(object)
    def _redraw(self, path: Path) -> None:
        row = self._rows.get(path)
        if row is not None:
            self.dataChanged.emit(self.index(row), self.index(row), [Qt.ItemDataRole.DecorationRole])
