"""Which images of a catalogue are shown, and in which order: quick enough for a hundred thousand."""

import dataclasses
import functools
import heapq
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from pathlib import PurePosixPath
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tlstudio.config import Corrections
from tlstudio.data.catalogue import SPLITS, Catalogue, ImageRecord, Split
from tlstudio.events import Control, Event

Order = Literal["folder", "name", "class", "largest", "pixels", "newest"]
Places = NDArray[np.intp]  # of images in their catalogue

_CHUNK = 2_000  # images between two looks at the control, and so between chances for other threads


@dataclasses.dataclass(frozen=True)
class Filter:
    """What an image has to be to be shown; what is None or empty asks for nothing.

    Attributes:
        label: its class.
        split: its split.
        paths: it is one of these.
        words: its path holds them, in large or small letters.
    """

    label: int | None = None
    split: Split | None = None
    paths: frozenset[str] | None = None
    words: str = ""

    @property
    def empty(self) -> bool:
        return self == Filter()


@dataclasses.dataclass(frozen=True)
class Ordered(Event):
    """All images of ``catalogue`` by their places, in ``order``."""

    catalogue: Catalogue
    order: Order
    places: Places


class Columns:
    """The images of a catalogue by property, each made when it is first asked for."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def places(self, wanted: Filter) -> Places:
        """The images that are let through, in the catalogue's order."""
        return np.flatnonzero(self.lets(wanted))

    def lets(self, wanted: Filter) -> NDArray[np.bool_]:
        """Of each image whether it is let through."""
        let = self._let(wanted)
        return np.ones(len(self._catalogue.images), dtype=np.bool_) if let is None else let

    def counts(self, wanted: Filter) -> dict[Split | None, int]:
        """How many images each split has if it is asked for instead; under None, how many all have."""
        let = self._let(dataclasses.replace(wanted, split=None))
        if let is None:
            sizes = self._catalogue.sizes
            return {None: len(self._catalogue.images), **{split: sizes[split] for split in SPLITS}}
        splits = self._splits[let]
        found = np.bincount(splits, minlength=len(SPLITS) + 1)
        return {None: len(splits), **{split: int(found[place]) for place, split in enumerate(SPLITS)}}

    def _let(self, wanted: Filter) -> NDArray[np.bool_] | None:
        masks: list[NDArray[np.bool_]] = []
        if wanted.label is not None:
            masks.append(self._labels == wanted.label)
        if wanted.split is not None:
            masks.append(self._splits == SPLITS.index(wanted.split))
        if wanted.paths is not None:
            paths = wanted.paths
            masks.append(self._each(image.path in paths for image in self._catalogue.images))
        if wanted.words:
            words = wanted.words.casefold()
            masks.append(self._each(words in path for path in self._folded))
        return functools.reduce(np.logical_and, masks) if masks else None

    def _each(self, values: Iterable[bool]) -> NDArray[np.bool_]:
        return np.fromiter(values, dtype=np.bool_, count=len(self._catalogue.images))

    @functools.cached_property
    def _labels(self) -> NDArray[np.int32]:
        images = self._catalogue.images
        return np.fromiter(map(attrgetter("label"), images), dtype=np.int32, count=len(images))

    @functools.cached_property
    def _splits(self) -> NDArray[np.int8]:
        images = self._catalogue.images
        place: dict[Split | None, int] = {split: place for place, split in enumerate(SPLITS)}
        place[None] = len(SPLITS)
        return np.fromiter((place[image.split] for image in images), dtype=np.int8, count=len(images))

    @functools.cached_property
    def _folded(self) -> list[str]:
        return [image.path.casefold() for image in self._catalogue.images]


def left_out(folder: Catalogue, corrections: Corrections, classes: Sequence[str]) -> Catalogue:
    """The images of a folder that were left out one by one, named as ``corrections`` name them.

    Labels are those of ``classes``; classes that are no more come after them.
    """
    labels = {name: label for label, name in enumerate(classes)}
    found: list[ImageRecord] = []
    for path in sorted(set(corrections.without)):
        place = bisect_left(folder.images, path, key=attrgetter("path"))
        if place < len(folder.images) and (image := folder.images[place]).path == path:
            own = folder.classes[image.label]
            name = corrections.labels.get(path) or corrections.names.get(own, own)
            found.append(dataclasses.replace(image, label=labels.setdefault(name, len(labels))))
    return dataclasses.replace(folder, classes=tuple(labels), images=tuple(found), set_aside=())


def in_order(catalogue: Catalogue, order: Order, control: Control) -> Iterator[Event]:
    """Bring all images of a catalogue into an order: one Ordered. Equal ones stay as they are.

    "largest" and "pixels" have the greatest first, "newest" asks each file when it was last changed.
    """
    images = catalogue.images
    keys: dict[Order, Callable[[int], Any]] = {
        "folder": lambda place: place,
        "name": lambda place: PurePosixPath(images[place].path).name.casefold(),
        "class": lambda place: catalogue.classes[images[place].label].casefold(),
        "largest": lambda place: -images[place].size,
        "pixels": lambda place: -images[place].width * images[place].height,
        "newest": lambda place: -_changed(catalogue, place),
    }
    parts: list[list[tuple[Any, int]]] = []
    for start in range(0, len(images), _CHUNK):
        control.checkpoint()
        places = range(start, min(start + _CHUNK, len(images)))
        parts.append(sorted((keys[order](place), place) for place in places))
    merged = (place for _, place in heapq.merge(*parts))
    yield Ordered(catalogue, order, np.fromiter(merged, dtype=np.intp, count=len(images)))


def _changed(catalogue: Catalogue, place: int) -> int:
    """Nanoseconds; 0 for a file that is gone, so that it comes last."""
    try:
        return catalogue.file(catalogue.images[place]).stat().st_mtime_ns
    except OSError:
        return 0
