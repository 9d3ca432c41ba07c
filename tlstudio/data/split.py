"""Divide a catalogue into training, validation and test images."""

import dataclasses
import hashlib
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from tlstudio.config import DataConfig, SplitRatios
from tlstudio.data.catalogue import Catalogue, ImageRecord, Split
from tlstudio.data.corrections import corrected
from tlstudio.data.duplicates import DuplicateGroup
from tlstudio.errors import BadInput

# What goes together: by what it is ordered, and the paths.
_Unit = tuple[bytes, tuple[str, ...]]


def divided(scanned: Catalogue, data: DataConfig, groups: Iterable[DuplicateGroup]) -> Catalogue:
    """The catalogue of a folder as a run takes it: corrected, then divided as ``data`` says.

    ``groups`` are those of all images of the folder, so that what is left out changes no other image's place.

    Raises:
        BadInput: as :func:`corrected` and :func:`split_catalogue`.
    """
    whole = split_catalogue(
        corrected(scanned, data.corrections),
        data.ratios,
        data.split_seed,
        groups=groups if data.keep_together else (),
        pinned=data.corrections.splits,
        folds=data.folds,
        fold=data.fold,
    )
    return with_fewer(whole, data.per_class, data.draw)


def with_fewer(catalogue: Catalogue, per_class: int | None, draw: int) -> Catalogue:
    """A divided catalogue with no more than ``per_class`` training images of each class; None keeps all.

    Which are drawn depends on ``draw`` and their paths alone. Those of a small number are among those of a
    larger one; the images for validation and test are the same.
    """
    if per_class is None:
        return catalogue
    by_class: defaultdict[int, list[tuple[bytes, str]]] = defaultdict(list)
    for image in catalogue.of_split("train"):
        place = hashlib.sha256(f"draw {draw}/{image.path}".encode()).digest()
        by_class[image.label].append((place, image.path))
    kept = {path for places in by_class.values() for _, path in sorted(places)[:per_class]}
    images = tuple(image for image in catalogue.images if image.split != "train" or image.path in kept)
    return dataclasses.replace(catalogue, images=images)


def split_catalogue(
    catalogue: Catalogue,
    ratios: SplitRatios,
    seed: int,
    *,
    groups: Iterable[DuplicateGroup] = (),
    pinned: Collection[str] = (),
    folds: int | None = None,
    fold: int = 0,
) -> Catalogue:
    """The same catalogue with a split for every image, each class divided in the same proportions.

    Splits that the folder gives are kept; what it does not give is taken from its training images in
    proportion. An image's place depends on the seed and its path alone: the same on every platform, and
    images added later move few of the others. Each split gets an image of every class that has enough.

    Args:
        groups: images that come into one split; the first one's path decides. Where the folder gives them
            different splits they stay in these.
        pinned: paths of images that a person put into the split they have; the others of their groups follow.
        folds: divide what is not for testing into so many parts, of which number ``fold`` validates and the
            others train. Whether the folder or a person meant it for training or validation is then the same.

    Raises:
        BadInput: training, validation or test would be without images.
    """
    given = {image.split for image in catalogue.images if image.path not in pinned}
    if folds is None:
        missing: tuple[Split, ...] = tuple(split for split in ("val", "test") if split not in given)
        parts: tuple[Split, ...] = ("train", *missing)
        chosen = _divided(catalogue.images, ratios, seed, groups, pinned, parts)
    else:
        chosen = _folded(catalogue.images, ratios, seed, groups, pinned, "test" not in given, folds, fold)
    images: list[ImageRecord] = []
    for image in catalogue.images:
        split = chosen.get(image.path) or image.split
        images.append(image if split == image.split else image.in_split(split))
    result = dataclasses.replace(catalogue, images=tuple(images))
    _require_all(result)
    return result


def _divided(
    images: Sequence[ImageRecord],
    ratios: SplitRatios,
    seed: int,
    groups: Iterable[DuplicateGroup],
    pinned: Collection[str],
    parts: tuple[Split, ...],
) -> dict[str, Split]:
    """The split of each image that the folder gives none, or gives to training, and no person pinned."""
    free = {image.path for image in images if image.split in (None, "train") and image.path not in pinned}
    where = {part: number for number, part in enumerate(parts)}
    fixed = {
        image.path: where[image.split] for image in images if image.path in pinned and image.split in where
    }
    shares = [getattr(ratios, part) for part in parts]
    dealing = _Dealing(images, groups, seed)
    return {path: parts[part] for path, part in dealing.deal(free, fixed, shares).items()}


def _folded(
    images: Sequence[ImageRecord],
    ratios: SplitRatios,
    seed: int,
    groups: Iterable[DuplicateGroup],
    pinned: Collection[str],
    test_missing: bool,
    folds: int,
    fold: int,
) -> dict[str, Split]:
    dealing = _Dealing(images, groups, seed)
    free = {image.path for image in images if image.split != "test"}
    chosen: dict[str, Split] = {}
    if test_missing:
        free = {image.path for image in images if not (image.path in pinned and image.split == "test")}
        fixed = {image.path: 1 for image in images if image.path not in free}
        tested = dealing.deal(free, fixed, [ratios.train + ratios.val, ratios.test])
        chosen.update((path, "test") for path, part in tested.items() if part == 1)
        free -= chosen.keys()
    for path, part in dealing.deal(free, {}, [1.0] * folds, rotate=True).items():
        chosen[path] = "val" if part == fold else "train"
    return chosen


class _Dealing:
    """Deals images out to parts as cards, whole groups at a time, each class in proportion."""

    def __init__(self, images: Sequence[ImageRecord], groups: Iterable[DuplicateGroup], seed: int) -> None:
        self._labels = {image.path: image.label for image in images}
        self._groups = tuple(groups)
        self._seed = f"{seed}/".encode()

    def deal(
        self, free: Collection[str], fixed: dict[str, int], shares: Sequence[float], rotate: bool = False
    ) -> dict[str, int]:
        """The part of each free path. ``fixed`` are those that lie in a part already.

        ``rotate``: which part gets what does not come out even changes from class to class.
        """
        dealt: dict[str, int] = {}
        have: defaultdict[int, list[int]] = defaultdict(lambda: [0] * len(shares))
        for path, part in fixed.items():
            have[self._labels[path]][part] += 1
        mixed: list[_Unit] = []
        by_class: defaultdict[int, list[_Unit]] = defaultdict(list)
        for unit, followed in self._units(free, fixed):
            label = self._labels[unit[1][0]]
            if followed is not None:
                self._put(unit, followed, dealt, have)
            elif len(unit[1]) > 1 and any(self._labels[path] != label for path in unit[1]):
                mixed.append(unit)
            else:
                by_class[label].append(unit)
        totals = Counter(self._labels[path] for path in itertools.chain(free, fixed)) if mixed else Counter()
        for unit in sorted(mixed, key=lambda unit: (-len(unit[1]), unit[0])):
            self._put(unit, self._neediest(unit, totals, have, shares), dealt, have)
        for label, units in by_class.items():
            units.sort()
            first = label % len(shares) if rotate else 0
            for unit, part in zip(units, _in_order(units, have[label], shares, first), strict=True):
                for path in unit[1]:
                    dealt[path] = part
        return dealt

    def _units(self, free: Collection[str], fixed: dict[str, int]) -> Iterator[tuple[_Unit, int | None]]:
        """Groups and single images, with the part of an image of the group that lies in one."""
        grouped = set[str]()
        for group in self._groups:
            grouped.update(group.paths)
            if paths := tuple(path for path in group.paths if path in free):
                followed = next((fixed[path] for path in group.paths if path in fixed), None)
                yield (self._place(paths[0]), paths), followed
        for path in self._labels:
            if path in free and path not in grouped:
                yield (self._place(path), (path,)), None

    def _place(self, path: str) -> bytes:
        return hashlib.sha256(self._seed + path.encode()).digest()

    def _put(self, unit: _Unit, part: int, dealt: dict[str, int], have: defaultdict[int, list[int]]) -> None:
        for path in unit[1]:
            dealt[path] = part
            have[self._labels[path]][part] += 1

    def _neediest(
        self,
        unit: _Unit,
        totals: Counter[int],
        have: defaultdict[int, list[int]],
        shares: Sequence[float],
    ) -> int:
        """The part that lacks most images of the unit's classes."""
        labels = Counter(self._labels[path] for path in unit[1])

        def lacks(part: int) -> float:
            share = shares[part] / sum(shares)
            return sum(count * (totals[label] * share - have[label][part]) for label, count in labels.items())

        return max(range(len(shares)), key=lacks)


def _in_order(units: Sequence[_Unit], have: Sequence[int], shares: Sequence[float], first: int) -> list[int]:
    """The part of each of a class's units: those in front train, and so on; a group goes where its middle is.

    ``have``: images of the class that lie in each part already.
    """
    size = sum(len(unit[1]) for unit in units)
    counts = _apportion(size + sum(have), shares, first)
    if any(have):
        lacking = [max(0, count - there) for count, there in zip(counts, have, strict=True)]
        counts = _by_remainder(size, lacking, first)
    ends = list(itertools.accumulate(counts))
    parts: list[int] = []
    start = part = 0
    for unit in units:
        while start + len(unit[1]) / 2 > ends[part]:
            part += 1
        parts.append(part)
        start += len(unit[1])
    _fill_empty(units, parts, have, first)
    return parts


def _fill_empty(units: Sequence[_Unit], parts: list[int], have: Sequence[int], first: int) -> None:
    """Give each part that large groups left empty a small one, if there are enough; ``first`` in any case."""
    order = [(part + first) % len(have) for part in range(len(have))]
    needed = order if len(units) >= have.count(0) else order[:1]
    for empty in needed:
        if have[empty] or empty in parts:
            continue
        sizes = list(have)
        for unit, part in zip(units, parts, strict=True):
            sizes[part] += len(unit[1])
        spare = [part for part in set(parts) if have[part] or parts.count(part) > 1] or list(set(parts))
        giver = max(spare, key=lambda part: (sizes[part], -part))
        given = min(
            (number for number, part in enumerate(parts) if part == giver),
            key=lambda number: (len(units[number][1]), -number),
        )
        parts[given] = empty


def _apportion(total: int, shares: Sequence[float], first: int = 0) -> list[int]:
    """Whole numbers in proportion to ``shares``, none of them 0 where possible; ``first`` comes first."""
    counts = _by_remainder(total, shares, first)
    needed = range(len(shares)) if total >= len(shares) else (first,) if total else ()
    for part in needed:
        if counts[part] == 0:
            counts[counts.index(max(counts))] -= 1
            counts[part] = 1
    return counts


def _by_remainder(total: int, shares: Sequence[float], first: int) -> list[int]:
    """Whole numbers that sum to ``total``, by the largest remainder; of equal ones ``first`` is the first."""
    # Rounded, or 0.15 of 20 falls a hair short of 3 and is cut to 2.
    quotas = [round(total * share / sum(shares), 9) for share in shares]
    counts = [math.floor(quota) for quota in quotas]
    order = ((part + first) % len(shares) for part in range(len(shares)))
    for part in sorted(order, key=lambda part: counts[part] - quotas[part])[: total - sum(counts)]:
        counts[part] += 1
    return counts


def _require_all(catalogue: Catalogue) -> None:
    names: dict[Split, str] = {"train": "training", "val": "validation", "test": "test"}
    for split, name in names.items():
        if not catalogue.sizes[split]:
            raise BadInput(
                f"There would be no {name} images: {catalogue.root} has {len(catalogue.images)} images "
                f"in {len(catalogue.classes)} classes.",
                "Add images (at least three in each class), or put some into "
                f"a folder '{split}' with a folder for each class.",
            )
