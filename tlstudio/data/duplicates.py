"""Images that are there twice: the same file, or the same picture saved in another size or quality.

Two pictures count as one by what their looks (see facts.py) say, so that a hundred thousand are compared
without opening one. The limits were measured: copies as JPEG of quality 50 or more, or at half the size, are
at most 4 of 64 bits apart in nine cases of ten; different photographs of one fabric, or painted pictures of
one subject, never less than 9.

Plain pictures (a digit on black, a logo) have too few edges for that: thousands of digits are within 4 bits
of one another. There the hashes must be the same, and the other figures nearly so.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tlstudio.data.catalogue import ImageRecord
from tlstudio.data.facts import Facts, Look

_BITS_APART = 4
_BANDS = 5  # of the hash: two that differ in 4 bits have one of 5 bands in common
_RICH = (22, 42)  # bits set in the hash of a picture with edges all over
# What brightening and resizing change; the shapes of copies differ by no more than a rounded pixel.
_SHAPE, _BRIGHTNESS, _CONTRAST = 0.03, 0.1, 0.06

_PLAIN_SIDE = 64  # pixels; smaller plain pictures have too few figures to be told apart by
_PLAIN_CONTRAST = 0.01  # below it is one colour, and nothing but the file can be compared
_PLAIN_BRIGHTNESS, _PLAIN_CONTRAST_APART, _PLAIN_SHARPNESS = 0.0005, 0.001, 0.6
_NO_SHARPNESS = 1e-4  # the grain of JPEG in a flat picture

_POPULATION = np.array([number.bit_count() for number in range(1 << 16)], dtype=np.uint8)
_MANY = 200_000  # pairs that are joined together

Indices = NDArray[np.intp]
Pairs = tuple[Indices, Indices]
Limits = Sequence[tuple[NDArray[np.float64], float]]


@dataclasses.dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Images that show the same, by path in the catalogue's order; ``exact`` if their files are the same."""

    paths: tuple[str, ...]
    exact: bool


def groups(images: Sequence[ImageRecord], facts: Mapping[str, Facts]) -> tuple[DuplicateGroup, ...]:
    """The images that are there more than once, each in one group, by the groups' first paths.

    Images that were not decoded yet are in none.
    """
    seen: list[tuple[ImageRecord, Look]] = []
    for image in images:
        fact = facts.get(image.path)
        if fact is not None and fact.look is not None:
            seen.append((image, fact.look))
    first_of: dict[bytes, int] = {}
    firsts = [first_of.setdefault(look.digest, row) for row, (_, look) in enumerate(seen)]
    sets = _Sets(len(seen))
    sets.join(np.arange(len(seen)), np.array(firsts, dtype=np.intp))
    different = np.fromiter(first_of.values(), dtype=np.intp)
    figures = _Figures.of([seen[row] for row in different])
    for left, right in _together(figures.alike()):
        sets.join(different[left], different[right])
    return tuple(
        DuplicateGroup(
            tuple(seen[row][0].path for row in rows), len({seen[row][1].digest for row in rows}) == 1
        )
        for rows in sets.several()
    )


@dataclasses.dataclass(frozen=True)
class _Figures:
    """What is compared, an array of one number an image each; ``shape`` and ``sharpness`` are logarithms."""

    hash: NDArray[np.uint64]
    side: NDArray[np.float64]
    shape: NDArray[np.float64]
    brightness: NDArray[np.float64]
    contrast: NDArray[np.float64]
    sharpness: NDArray[np.float64]

    @classmethod
    def of(cls, seen: Sequence[tuple[ImageRecord, Look]]) -> Self:
        def each(value: Callable[[ImageRecord, Look], float]) -> NDArray[np.float64]:
            # Made of a list at once, it would stop every other thread.
            return np.fromiter((value(*one) for one in seen), dtype=np.float64, count=len(seen))

        width, height = each(lambda image, _: image.width), each(lambda image, _: image.height)
        return cls(
            hash=np.fromiter((look.hash for _, look in seen), np.int64, len(seen)).view(np.uint64),
            side=np.minimum(width, height),
            shape=np.log(width) - np.log(height),
            brightness=each(lambda _, look: look.brightness),
            contrast=each(lambda _, look: look.contrast),
            sharpness=np.log(each(lambda _, look: look.sharpness) + _NO_SHARPNESS),
        )

    def alike(self) -> Iterator[Pairs]:
        """Pairs of images that show the same; enough of them to link all that do."""
        bits = _population(self.hash)
        rich = (bits >= _RICH[0]) & (bits <= _RICH[1])
        yield from self._alike_rich(np.nonzero(rich)[0])
        plain = ~rich & (self.side >= _PLAIN_SIDE) & (self.contrast >= _PLAIN_CONTRAST)
        yield from self._alike_plain(np.nonzero(plain)[0])

    def _alike_rich(self, rows: Indices) -> Iterator[Pairs]:
        limits = ((self.shape, _SHAPE), (self.brightness, _BRIGHTNESS), (self.contrast, _CONTRAST))
        firsts = self._first_of_same(rows, limits)
        yield rows, firsts
        rows = np.unique(firsts)
        for band in _bands(self.hash[rows]):
            for left, right in _equal(band):
                one, other = rows[left], rows[right]
                near = _population(self.hash[one] ^ self.hash[other]) <= _BITS_APART
                yield _within(limits, one[near], other[near])

    def _alike_plain(self, rows: Indices) -> Iterator[Pairs]:
        closest = (self.brightness, _PLAIN_BRIGHTNESS)
        others = (
            (self.shape, _SHAPE),
            (self.contrast, _PLAIN_CONTRAST_APART),
            (self.sharpness, _PLAIN_SHARPNESS),
        )
        firsts = self._first_of_same(rows, (closest, *others))
        yield rows, firsts
        rows = np.unique(firsts)
        rows = rows[np.lexsort((self.brightness[rows], self.hash[rows]))]
        hashes, brightness = self.hash[rows], self.brightness[rows]
        start, step = np.arange(len(rows)), 1
        while (start := start[start + step < len(rows)]).size:
            same = hashes[start + step] == hashes[start]
            start = start[same & (brightness[start + step] - brightness[start] <= _PLAIN_BRIGHTNESS)]
            yield _within(others, rows[start], rows[start + step])
            step += 1

    def _first_of_same(self, rows: Indices, limits: Limits) -> Indices:
        """For each row the first that has its hash and lies in the same cells, each as wide as its limit.

        One of them is then compared for all, or a thousand copies would make half a million pairs.
        """
        cells = [np.floor(values[rows] / limit).astype(np.int64) for values, limit in limits]
        columns = np.stack([*cells, self.hash[rows].view(np.int64)])
        order = np.lexsort(columns)
        new = np.ones(len(rows), dtype=bool)
        new[1:] = (columns[:, order[1:]] != columns[:, order[:-1]]).any(axis=0)
        firsts = np.empty_like(rows)
        firsts[order] = rows[order[new]][np.cumsum(new) - 1]
        return firsts


def _within(limits: Limits, left: Indices, right: Indices) -> Pairs:
    """The pairs whose figures are no further apart than their limits."""
    near = np.ones(len(left), dtype=bool)
    for values, limit in limits:
        near &= np.abs(values[left] - values[right]) <= limit
    return left[near], right[near]


class _Sets:
    """Which rows belong together; a set is known by its first row."""

    def __init__(self, count: int) -> None:
        self._first = np.arange(count)

    def join(self, left: Indices, right: Indices) -> None:
        """Put each row of ``left`` into the set of the row of ``right`` beside it."""
        while True:
            one, other = self._first[left], self._first[right]
            apart = one != other
            if not apart.any():
                return
            left, right = left[apart], right[apart]
            low, high = np.minimum(one, other)[apart], np.maximum(one, other)[apart]
            np.minimum.at(self._first, high, low)
            while (self._first != (shorter := self._first[self._first])).any():
                self._first = shorter

    def several(self) -> list[Indices]:
        """The sets of two and more, by their first rows."""
        order = np.argsort(self._first, kind="stable")
        found, starts = np.unique(self._first[order], return_index=True)
        return [rows for rows in np.split(order, starts[1:]) if len(rows) > 1] if len(found) else []


def _together(pairs: Iterator[Pairs]) -> Iterator[Pairs]:
    """The same pairs, many at a time."""
    waiting: list[Pairs] = []
    size = 0
    for pair in pairs:
        if pair[0].size:
            waiting.append(pair)
            size += pair[0].size
        if size >= _MANY:
            yield _merged(waiting)
            waiting, size = [], 0
    if waiting:
        yield _merged(waiting)


def _merged(pairs: Sequence[Pairs]) -> Pairs:
    return np.concatenate([left for left, _ in pairs]), np.concatenate([right for _, right in pairs])


def _bands(hashes: NDArray[np.uint64]) -> Iterator[NDArray[np.uint64]]:
    """The hashes cut into bands, each of bits from all over the picture: neighbours are alike."""
    for band in range(_BANDS):
        mask = sum(1 << bit for bit in range(band, 64, _BANDS))
        yield hashes & np.uint64(mask)


def _equal(keys: NDArray[np.uint64]) -> Iterator[Pairs]:
    """All pairs of rows with the same key: those side by side, those two apart, and so on."""
    order = np.argsort(keys, kind="stable")
    ends = np.searchsorted(keys[order], keys[order], side="right")
    start, step = np.arange(len(keys)), 1
    while (start := start[start + step < ends[start]]).size:
        yield order[start], order[start + step]
        step += 1


def _population(values: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """How many bits are set in each."""
    parts = np.ascontiguousarray(values).view(np.uint16).reshape(-1, 4)
    return _POPULATION[parts].sum(axis=1, dtype=np.uint8)
