"""What a model said of each image, as a table that is filtered and sorted by whole columns at once."""

import dataclasses
import enum
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from tlstudio.inference.column import Column
from tlstudio.inference.events import Scores

Rows = npt.NDArray[np.intp]
Vectors = npt.NDArray[np.float32]  # shape (images, dimensions)
NONE: Final = -1  # the class of an image that shows none of them

_NOWHERE = -1
_TINY = np.float32(1e-12)


class Asked(Protocol):
    """What the scores are of: the names of their columns, and what the best one has to reach."""

    @property
    def classes(self) -> tuple[str, ...]: ...

    @property
    def threshold(self) -> float: ...


class Order(enum.Enum):
    """What the images are sorted by; uncertain ones come first where that is what they are sorted by."""

    ADDED = "added"
    NAME = "name"
    CONFIDENCE = "confidence"
    MARGIN = "margin"
    ENTROPY = "entropy"


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Which images are shown, and in what order.

    Attributes:
        label: only those whose best class is in this column, or that show none of them (:data:`NONE`);
            None for all.
        least, most: between which bounds the confidence lies; images without scores are left out where the
            bounds leave anything out.
        text: what the path contains, case ignored.
        problems: only the images that could not be read.
    """

    label: int | None = None
    least: float = 0.0
    most: float = 1.0
    text: str = ""
    problems: bool = False
    order: Order = Order.ADDED
    backwards: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Answers:
    """What was said of some images, to be kept; ``unread`` are those that could not be read, and why."""

    paths: tuple[Path, ...]
    scores: Scores
    asked: Asked
    unread: tuple[tuple[Path, str], ...] = ()

    def labels(self) -> npt.NDArray[np.intp]:
        """The column of the class of each image, or :data:`NONE`."""
        return winners(self.scores, self.asked)


def winners(scores: Scores, asked: Asked) -> Rows:
    """The column of the class that fits each image best, :data:`NONE` where none reaches the threshold."""
    best = scores.argmax(axis=1)
    return np.where(scores.max(axis=1) >= asked.threshold, best, NONE)


class ResultTable:
    """Images in the order in which they were added, each with what a model makes of it once that is known.

    Rows count images, places count those that are embedded, in the order in which that happened.
    """

    def __init__(self) -> None:
        self._row_of: dict[str, int] = {}  # by what the path is written as: a path's own hash is slow
        self._paths: list[Path] = []
        self._ids = Column(np.intp)
        self._next_id = 0
        self._place = Column(np.intp)
        self._failed = Column(np.bool_)
        self._reasons: dict[Path, str] = {}
        self._folded: npt.NDArray[Any] | None = None
        self._by_name: Rows | None = None
        self.forget()

    def __len__(self) -> int:
        return len(self._paths)

    @property
    def paths(self) -> Sequence[Path]:
        """All images."""
        return self._paths

    @property
    def ids(self) -> Rows:
        """A number for each image, ascending, that stays the same as others are taken out."""
        return self._ids.values

    @property
    def embedded(self) -> Sequence[Path]:
        """The images that have vectors, in their order."""
        return self._embedded

    @property
    def vectors(self) -> Vectors:
        """Shape (embedded images, dimensions)."""
        return self._vectors.values if self._vectors is not None else np.empty((0, 0), np.float32)

    @property
    def scores(self) -> Scores:
        """Shape (embedded images, classes)."""
        return self._scores.values if self._scores is not None else np.empty((0, 0), np.float32)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the columns of the scores."""
        return self._asked.classes if self._asked is not None else ()

    @property
    def waiting(self) -> list[Path]:
        """The images that nothing is known of yet."""
        rows = np.flatnonzero((self._place.values == _NOWHERE) & ~self._failed.values)
        return [self._paths[row] for row in rows.tolist()]

    @property
    def waiting_count(self) -> int:
        """How many those are."""
        return int(np.count_nonzero((self._place.values == _NOWHERE) & ~self._failed.values))

    @property
    def unread(self) -> dict[Path, str]:
        """The images that could not be read, and why."""
        return dict(self._reasons)

    # Changing it

    def add(self, paths: Iterable[Path]) -> int:
        """Add the images that are not there yet; how many those were."""
        fresh = {name: path for path in paths if (name := str(path)) not in self._row_of}
        first = len(self._paths)
        self._row_of |= zip(fresh, range(first, first + len(fresh)), strict=True)
        self._paths += fresh.values()
        self._ids.append(np.arange(self._next_id, self._next_id + len(fresh)))
        self._next_id += len(fresh)
        self._place.append(np.full(len(fresh), _NOWHERE))
        self._failed.append(np.zeros(len(fresh), np.bool_))
        self._folded = self._by_name = None
        return len(fresh)

    def remove(self, rows: Sequence[int] | Rows) -> None:
        """Take out these rows; those below move up."""
        stays = np.ones(len(self), np.bool_)
        stays[np.asarray(rows, np.intp)] = False
        for row in np.flatnonzero(~stays).tolist():
            self._reasons.pop(self._paths[row], None)
        stays_there = stays[self._row_at.values]
        renumbered = np.cumsum(stays) - 1
        places = np.cumsum(stays_there) - 1
        kept = self._place.values[stays]
        self._place.replace(np.where(kept == _NOWHERE, _NOWHERE, places[kept] if len(places) else kept))
        self._failed.replace(self._failed.values[stays])
        self._ids.replace(self._ids.values[stays])
        self._row_at.replace(renumbered[self._row_at.values[stays_there]])
        for column in (self._vectors, self._scores, self._mixed, *self._judged):
            if column is not None:
                column.replace(column.values[stays_there])
        self._paths = [self._paths[row] for row in np.flatnonzero(stays).tolist()]
        self._row_of = {str(path): row for row, path in enumerate(self._paths)}
        self._embedded = [self._paths[row] for row in self._row_at.values.tolist()]
        self._folded = self._by_name = None

    def clear(self) -> None:
        """Take out everything."""
        self._row_of, self._paths = {}, []
        self._ids, self._place, self._failed = Column(np.intp), Column(np.intp), Column(np.bool_)
        self._folded = self._by_name = None
        self.forget()

    def forget(self) -> None:
        """The images stay; what was said of them is no longer known."""
        self._place.replace(np.full(len(self), _NOWHERE))
        self._failed.replace(np.zeros(len(self), np.bool_))
        self._reasons = {}
        self._embedded: list[Path] = []
        self._row_at = Column(np.intp)
        self._vectors: Column | None = None
        self._scores: Column | None = None
        self._asked: Asked | None = None
        self._mixed: Column | None = Column(np.float32)  # entropies by place; None before they are needed
        # By place: the best column, its score, the second-best column and its score; one's own number twice
        # where there is one class only.
        self._judged = (Column(np.intp), Column(np.float32), Column(np.intp), Column(np.float32))

    def take(self, paths: Sequence[Path], vectors: Vectors | None, scores: Scores, asked: Asked) -> None:
        """Add a batch of embedded images; those that were taken out meanwhile are left out.

        ``vectors`` are None where the model gives none, which is then so for all images.
        ``asked`` is the question of all scores so far: another one comes with :meth:`rescore` first.
        """
        fresh = [n for n, path in enumerate(paths) if self._place_of(path) == _NOWHERE]
        if not fresh:
            return
        if self._vectors is None and vectors is not None:
            self._vectors = Column(np.float32, vectors.shape[1])
        if self._scores is None:
            self._scores = Column(np.float32, scores.shape[1])
        self._asked = asked
        rows = np.array([self._row_of[str(paths[n])] for n in fresh], np.intp)
        first = len(self._embedded)
        self._place.values[rows] = np.arange(first, first + len(rows))
        self._failed.values[rows] = False
        self._embedded += [paths[n] for n in fresh]
        for n in fresh:
            self._reasons.pop(paths[n], None)
        self._row_at.append(rows)
        if self._vectors is not None and vectors is not None:
            self._vectors.append(vectors[fresh], len(self))
        self._scores.append(scores[fresh], len(self))
        if self._mixed is not None:
            self._mixed.append(_entropies(scores[fresh]), len(self))
        for column, values in zip(self._judged, _judge(scores[fresh]), strict=True):
            column.append(values, len(self))

    def rescore(self, scores: Scores, asked: Asked) -> bool:
        """Replace all scores by those of another question; False where they are not of the images there."""
        if len(scores) != len(self._embedded):
            return False
        self._scores, self._asked = Column(np.float32, scores.shape[1]), asked
        self._scores.replace(scores)
        self._mixed = None
        for column, values in zip(self._judged, _judge(scores), strict=True):
            column.replace(values)
        return True

    def fail(self, path: Path, reason: str) -> None:
        """Note that an image cannot be read."""
        row = self.row_of(path)
        if row is not None and self._place.values[row] == _NOWHERE:
            self._failed.values[row] = True
            self._reasons[path] = reason

    # Single rows

    def row_of(self, path: Path) -> int | None:
        return self._row_of.get(str(path))

    def reason(self, row: int) -> str:
        """Why the image could not be read, or ""."""
        return self._reasons.get(self._paths[row], "")

    def is_scored(self, row: int) -> bool:
        return bool(self._place.values[row] != _NOWHERE)

    def winner(self, row: int) -> int:
        """The column of the class that fits best, :data:`NONE` where it does not reach the threshold."""
        place = self._place.values[row]
        best, confidence = (int(self._judged[0].values[place]), self._judged[1].values[place])
        return best if self._asked is not None and confidence >= self._asked.threshold else NONE

    def top(self, row: int, count: int) -> list[tuple[str, float]]:
        """The best classes with their scores, highest first; empty where nothing is known."""
        if self._scores is None or not self.is_scored(row):
            return []
        scores = self._scores.values[self._place.values[row]]
        count = min(count, len(scores))
        best = np.argpartition(-scores, count - 1)[:count] if count < len(scores) else np.arange(len(scores))
        best = best[np.argsort(-scores[best], kind="stable")]
        return [(self.classes[column], float(scores[column])) for column in best.tolist()]

    def margin(self, row: int) -> float:
        """How far the best class is above the second; the best one's own score where there is no other."""
        place = self._place.values[row]
        return float(self._judged[1].values[place] - self._judged[3].values[place])

    # Whole columns

    def winners(self) -> npt.NDArray[np.intp]:
        """By row: the column of the best class, or :data:`NONE`; only of use where :meth:`scored`."""
        return self._by_row(self._winners(), NONE)

    def scored(self) -> npt.NDArray[np.bool_]:
        """By row: whether there are scores."""
        return self._place.values != _NOWHERE

    def counts(self) -> tuple[npt.NDArray[np.intp], int]:
        """How many images each column wins, and how many show none of the classes."""
        won = self._winners()
        return np.bincount(won[won != NONE], minlength=len(self.classes)), int((won == NONE).sum())

    def problems(self) -> int:
        """How many images could not be read."""
        return len(self._reasons)

    def rows(self, wanted: Wanted) -> Rows:
        """The rows that are wanted, in order."""
        stays = np.ones(len(self), np.bool_)
        if wanted.problems:
            stays &= self._failed.values
        if wanted.label is not None:
            stays &= self.scored() & (self.winners() == wanted.label)
        if wanted.least > 0 or wanted.most < 1:
            confidence = self._by_row(self._judged[1].values, np.float32(-1))
            stays &= (confidence >= np.float32(wanted.least)) & (confidence <= np.float32(wanted.most))
        if text := wanted.text.strip().casefold():
            stays &= np.strings.find(self._texts(), text) >= 0
        return self._sorted(np.flatnonzero(stays), wanted)

    def answers(self, rows: Rows | None = None) -> Answers | None:
        """What is known of these rows, in their order, or of all; None where nothing was asked yet."""
        if self._asked is None:
            return None
        chosen = np.arange(len(self)) if rows is None else rows
        scored = chosen[self.scored()[chosen]]
        failed = chosen[self._failed.values[chosen]]
        return Answers(
            tuple(self._paths[row] for row in scored.tolist()),
            self.scores[self._place.values[scored]],
            self._asked,
            tuple((self._paths[row], self.reason(row)) for row in failed.tolist()),
        )

    # Own

    def _winners(self) -> npt.NDArray[np.intp]:
        if self._asked is None:
            return np.empty(0, np.intp)
        reached = self._judged[1].values >= np.float32(self._asked.threshold)
        return np.where(reached, self._judged[0].values, NONE)

    def _by_row(self, by_place: npt.NDArray[Any], otherwise: object) -> npt.NDArray[Any]:
        values = np.full(len(self), otherwise, by_place.dtype)
        values[self._row_at.values] = by_place
        return values

    def _place_of(self, path: Path) -> int | None:
        row = self.row_of(path)
        return None if row is None else int(self._place.values[row])

    def _sorted(self, rows: Rows, wanted: Wanted) -> Rows:
        key: npt.NDArray[Any]
        match wanted.order:
            case Order.ADDED:
                return rows[::-1] if wanted.backwards else rows
            case Order.NAME:
                key = self._name_ranks()
            case Order.CONFIDENCE:
                key = self._by_row(-self._judged[1].values, np.float32(np.inf))
            case Order.MARGIN:
                key = self._by_row(self._judged[1].values - self._judged[3].values, np.float32(np.inf))
            case Order.ENTROPY:
                key = self._by_row(-self._entropies(), np.float32(np.inf))
        keys = key[rows]
        if wanted.backwards:  # what has no score stays last
            keys = np.where(np.isinf(keys), keys, -keys) if keys.dtype.kind == "f" else -keys
        return rows[np.argsort(keys, kind="stable")]

    def _entropies(self) -> npt.NDArray[np.float32]:
        """By place: of the scores made to sum to one, in nats."""
        if self._mixed is None:
            self._mixed = Column(np.float32)
            self._mixed.append(_entropies(self.scores))
        return self._mixed.values

    def _texts(self) -> npt.NDArray[Any]:
        if self._folded is None:
            self._folded = np.array([name.casefold() for name in self._row_of], np.dtypes.StringDType())
        return self._folded

    def _name_ranks(self) -> npt.NDArray[np.intp]:
        if self._by_name is None:
            names = [(path.name.casefold(), path) for path in self._paths]
            order = sorted(range(len(names)), key=names.__getitem__)
            self._by_name = np.empty(len(names), np.intp)
            self._by_name[order] = np.arange(len(names))
        return self._by_name


def _judge(scores: Scores) -> tuple[npt.NDArray[Any], ...]:
    """The best column, its score, the second-best column and its score (itself and 0 where it is alone)."""
    every = np.arange(len(scores))
    best = scores.argmax(axis=1)
    confidence = scores[every, best]
    if scores.shape[1] < 2:
        return best, confidence, best, np.zeros_like(confidence)
    others = scores.copy()
    others[every, best] = -1
    second = others.argmax(axis=1)
    return best, confidence, second, others[every, second]


def _entropies(scores: Scores) -> npt.NDArray[np.float32]:
    shares = scores / np.maximum(scores.sum(axis=1, keepdims=True), _TINY)
    return -(shares * np.log(np.maximum(shares, _TINY))).sum(axis=1)
