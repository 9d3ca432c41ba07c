"""Divide a catalogue into training, validation and test images."""

import dataclasses
import hashlib
import math
from collections import defaultdict
from collections.abc import Sequence

from tlstudio.config import SplitRatios
from tlstudio.data.catalogue import Catalogue, ImageRecord, Split
from tlstudio.errors import BadInput


def split_catalogue(catalogue: Catalogue, ratios: SplitRatios, seed: int) -> Catalogue:
    """The same catalogue with a split for every image, each class divided in the same proportions.

    Splits that the folder gives are kept; what it does not give is taken from its training images in
    proportion. An image's place depends on the seed and its path alone: the same on every platform, and
    images added later move few of the others. Each split gets an image of every class that has enough.

    Raises:
        BadInput: training, validation or test would be without images.
    """
    given = {image.split for image in catalogue.images}
    missing: tuple[Split, ...] = tuple(split for split in ("val", "test") if split not in given)
    parts: tuple[Split, ...] = ("train", *missing)
    shares = [getattr(ratios, part) for part in parts]

    by_class: defaultdict[int, list[ImageRecord]] = defaultdict(list)
    for image in catalogue.images:
        if image.split in (None, "train"):
            by_class[image.label].append(image)
    chosen: dict[str, Split] = {}
    for images in by_class.values():
        order = sorted(images, key=lambda image: _place(seed, image.path))
        start = 0
        for part, count in zip(parts, _apportion(len(order), shares), strict=True):
            chosen.update((image.path, part) for image in order[start : start + count])
            start += count

    images = tuple(
        dataclasses.replace(image, split=chosen.get(image.path, image.split)) for image in catalogue.images
    )
    result = dataclasses.replace(catalogue, images=images)
    _require_all(result)
    return result


def _place(seed: int, path: str) -> bytes:
    return hashlib.sha256(f"{seed}/{path}".encode()).digest()


def _apportion(total: int, shares: Sequence[float]) -> list[int]:
    """Whole numbers in proportion to ``shares`` by the largest remainder, none of them 0 where possible."""
    # Rounded, or 0.15 of 20 falls a hair short of 3 and is cut to 2.
    quotas = [round(total * share / sum(shares), 9) for share in shares]
    counts = [math.floor(quota) for quota in quotas]
    by_remainder = sorted(range(len(shares)), key=lambda part: counts[part] - quotas[part])
    for part in by_remainder[: total - sum(counts)]:
        counts[part] += 1
    # The first part is training, which every class needs.
    needed = range(len(shares)) if total >= len(shares) else range(min(total, 1))
    for part in needed:
        if counts[part] == 0:
            counts[counts.index(max(counts))] -= 1
            counts[part] = 1
    return counts


def _require_all(catalogue: Catalogue) -> None:
    names: dict[Split, str] = {"train": "training", "val": "validation", "test": "test"}
    for split, name in names.items():
        if not catalogue.of_split(split):
            raise BadInput(
                f"There would be no {name} images: {catalogue.root} has {len(catalogue.images)} images "
                f"in {len(catalogue.classes)} classes.",
                "Add images (at least three in each class), or put some into "
                f"a folder '{split}' with a folder for each class.",
            )
