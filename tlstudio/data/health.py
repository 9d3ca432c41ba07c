"""What about a dataset would spoil a training, found beforehand, with what mends it.

Nothing is opened: all of it follows from a catalogue and what is known of its images.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from tlstudio.config import Corrections
from tlstudio.data.catalogue import SPLITS, Catalogue, ImageRecord, Split
from tlstudio.data.duplicates import DuplicateGroup
from tlstudio.data.facts import Facts, Look

Kind = Literal[
    "leak",
    "conflict",
    "copies",
    "alike",
    "imbalance",
    "few",
    "flat",
    "dark",
    "bright",
    "blurred",
    "tiny",
    "shape",
]
# A leak makes the result untrue; what is a warning makes it worse; a hint may well be as it should be.
Severity = Literal["loud", "warning", "hint"]

FEW_IMAGES = 10  # in a class; of fewer at most one or two are left to validate and to test with
IMBALANCE = 5  # times; whoever always says the larger of two classes is then right five times of six
TINY_SIDE = 32  # pixels; networks look at 224, and would see a sevenfold enlargement
LONG_SHAPE = 3  # times as long as high; a square cut from the middle shows less than a third
FLAT_CONTRAST = 0.01  # two or three of 256 steps: less than the grain of a JPEG
# Photographs by night, and drawings on paper, are beyond these in one of them but not in both.
DARK_BRIGHTNESS, BRIGHT_BRIGHTNESS, FAINT_CONTRAST = 0.06, 0.94, 0.06
# A blur of four pixels in 256 lies below it; the softest of the painted sample pictures is three times above.
BLURRED_SHARPNESS = 1e-4

_NAMES: dict[Split, str] = {"train": "training", "val": "validation", "test": "test"}


@dataclasses.dataclass(frozen=True)
class Mend:
    """What to do about a finding, to be added to the corrections made so far."""

    text: str
    corrections: Corrections


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that is wrong with some of the images (all of a class, for what concerns classes)."""

    kind: Kind
    severity: Severity
    sentence: str
    paths: tuple[str, ...]
    mends: tuple[Mend, ...] = ()


@dataclasses.dataclass(frozen=True)
class HealthReport:
    """``findings``, the worst first; ``leaks``: the copies that lie in more than one split."""

    findings: tuple[Finding, ...]
    leaks: tuple[DuplicateGroup, ...]

    def of(self, *kinds: Kind) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.kind in kinds)

    def images(self) -> dict[Kind, frozenset[str]]:
        """The images that something is wrong with, by what that is."""
        found: dict[Kind, frozenset[str]] = {}
        for finding in self.findings:
            found[finding.kind] = found.get(finding.kind, frozenset()).union(finding.paths)
        return found

    @property
    def affected(self) -> dict[str, tuple[Kind, ...]]:
        """What is wrong with each image that something is wrong with, by path."""
        found: dict[str, tuple[Kind, ...]] = {}
        for finding in self.findings:
            for path in finding.paths:
                found[path] = (*found.get(path, ()), finding.kind)
        return found


def examine(
    catalogue: Catalogue, facts: Mapping[str, Facts], groups: Iterable[DuplicateGroup]
) -> HealthReport:
    """Look for what would spoil a training with these images, divided as they are.

    ``groups``: those of :func:`tlstudio.data.duplicates.groups`. Images that were not decoded yet are judged
    by their size alone.
    """
    copies = _Copies(catalogue, groups)
    findings = [*copies.findings(), *_classes(catalogue), *_pictures(catalogue, facts)]
    order: tuple[Severity, ...] = ("loud", "warning", "hint")
    findings.sort(key=lambda finding: order.index(finding.severity))
    return HealthReport(tuple(findings), tuple(copies.leaks))


class _Copies:
    """The groups of copies, sorted by what is wrong with them: the worst counts."""

    def __init__(self, catalogue: Catalogue, groups: Iterable[DuplicateGroup]) -> None:
        self._images = {image.path: image for image in catalogue.images}
        self.leaks: list[DuplicateGroup] = []
        self._conflicts: list[DuplicateGroup] = []
        self._harmless: list[DuplicateGroup] = []
        for whole in groups:
            group = DuplicateGroup(tuple(path for path in whole.paths if path in self._images), whole.exact)
            if len(group.paths) < 2:
                continue
            images = [self._images[path] for path in group.paths]
            leaking = len({image.split for image in images} - {None}) > 1
            conflicting = len({image.label for image in images}) > 1
            if leaking:
                self.leaks.append(group)
            if conflicting:
                self._conflicts.append(group)
            if not leaking and not conflicting:
                self._harmless.append(group)

    def findings(self) -> Iterator[Finding]:
        if self.leaks:
            count, paths = len(self.leaks), _paths(self.leaks)
            yield Finding(
                "leak",
                "loud",
                f"{_count(count, 'picture lies', 'pictures lie')} in more than one of training, validation "
                f"and test ({len(paths)} images): the network would be tested on what it was trained on.",
                paths,
                (
                    Mend("Move each to one side", Corrections(splits=dict(self._to_one_side()))),
                    Mend("Leave out the copies", Corrections(without=tuple(self._second_choices()))),
                ),
            )
        for exact in (True, False):
            yield from self._conflict([group for group in self._conflicts if group.exact is exact], exact)
        for exact in (True, False):
            yield from self._several([group for group in self._harmless if group.exact is exact], exact)

    def _conflict(self, groups: Sequence[DuplicateGroup], exact: bool) -> Iterator[Finding]:
        if not groups:
            return
        paths = _paths(groups)
        what = "is the same file" if exact else "looks the same"
        whats = "are the same files" if exact else "look the same"
        yield Finding(
            "conflict",
            "warning",
            f"{_count(len(groups), f'picture {what}', f'pictures {whats}')} in more than one class "
            f"({len(paths)} images): at least one of the labels is wrong.",
            paths,
            (Mend("Leave them out", Corrections(without=paths)),),
        )

    def _several(self, groups: Sequence[DuplicateGroup], exact: bool) -> Iterator[Finding]:
        if not groups:
            return
        extra = tuple(path for group in groups for path in group.paths[1:])
        what = ("is a copy of another", "are copies of others")
        if not exact:
            what = ("looks the same as another", "look the same as others")
        yield Finding(
            "copies" if exact else "alike",
            "hint",
            f"{_count(len(extra), f'image {what[0]}', f'images {what[1]}')}: what is there several times "
            "weighs more.",
            _paths(groups),
            (Mend("Keep one of each", Corrections(without=extra)),),
        )

    def _to_one_side(self) -> Iterator[tuple[str, Split]]:
        """The images to be moved to where most of their group are; of equal sides to training."""
        for group in self.leaks:
            splits = {path: self._images[path].split for path in group.paths}
            counts = Counter(splits.values())
            side: Split = max(SPLITS, key=lambda split: (counts[split], -SPLITS.index(split)))
            for path, split in splits.items():
                if split != side:
                    yield path, side

    def _second_choices(self) -> Iterator[str]:
        """All but one image of each group; one that tests stays before one that validates or trains."""
        for group in self.leaks:
            first = max(group.paths, key=lambda path: _rank(self._images[path].split))
            yield from (path for path in group.paths if path != first)


def _rank(split: Split | None) -> int:
    return -1 if split is None else SPLITS.index(split)


def _classes(catalogue: Catalogue) -> Iterator[Finding]:
    counts = catalogue.counts()
    few = [name for name, count in counts.items() if count < FEW_IMAGES]
    if few:
        least = min(few, key=lambda name: counts[name])
        paths = _of_classes(catalogue, few)
        enough = len(catalogue.classes) - len(few) >= 2
        yield Finding(
            "few",
            "warning",
            f"{_listed(few)} {'has' if len(few) == 1 else 'have'} fewer than {FEW_IMAGES} images "
            f"({least}: {counts[least]}), too few to learn from and to test with. Add more.",
            paths,
            (Mend("Leave out these classes", Corrections(without=paths)),) if enough else (),
        )
    most, least = (choose(counts, key=lambda name: counts[name]) for choose in (max, min))
    if counts[most] >= IMBALANCE * counts[least]:
        small = [name for name, count in counts.items() if counts[most] >= IMBALANCE * count]
        times = f"{counts[most] / max(1, counts[least]):.0f} times as many images as {least}"
        yield Finding(
            "imbalance",
            "warning",
            f"{most} has {times} ({counts[most]:,} and {counts[least]:,}): small classes are easily lost. "
            "Let classes weigh the same when training.",
            _of_classes(catalogue, small),
        )
    yield from _missing(catalogue)


def _missing(catalogue: Catalogue) -> Iterator[Finding]:
    """Classes with no image in a split that has images of others."""
    for split in SPLITS:
        images = catalogue.of_split(split)
        if not images:
            continue
        names = [name for name, count in catalogue.counts(images).items() if count == 0]
        if names:
            what = "cannot be learned" if split == "train" else "are left out of the result"
            yield Finding(
                "few",
                "warning",
                f"There are no {_NAMES[split]} images of {_listed(names)}, which {what}.",
                _of_classes(catalogue, names),
            )


def _of_classes(catalogue: Catalogue, names: Iterable[str]) -> tuple[str, ...]:
    labels = {catalogue.classes.index(name) for name in names}
    return tuple(image.path for image in catalogue.images if image.label in labels)


def _pictures(catalogue: Catalogue, facts: Mapping[str, Facts]) -> Iterator[Finding]:
    found: dict[Kind, list[str]] = {kind: [] for kind in _SAID}
    for image in catalogue.images:
        fact = facts.get(image.path)
        for kind in _wrong_with(image, fact.look if fact else None):
            found[kind].append(image.path)
    for kind, paths in found.items():
        if paths:
            severity, what = _SAID[kind]
            yield Finding(
                kind,
                severity,
                f"{_count(len(paths), 'image is', 'images are')} {what}.",
                tuple(paths),
                () if kind == "shape" else (Mend("Leave them out", Corrections(without=tuple(paths))),),
            )


_SAID: dict[Kind, tuple[Severity, str]] = {
    "flat": ("warning", "of a single colour: there is nothing to see"),
    "dark": ("hint", "nearly black"),
    "bright": ("hint", "nearly white"),
    "blurred": ("hint", "blurred"),
    "tiny": ("hint", f"tiny: fewer than {TINY_SIDE} pixels a side"),
    "shape": ("hint", f"more than {LONG_SHAPE} times as long as wide: of a long one only the middle is seen"),
}


def _wrong_with(image: ImageRecord, look: Look | None) -> Iterator[Kind]:
    short, long = sorted((image.width, image.height))
    if short < TINY_SIDE:
        yield "tiny"
    if long > LONG_SHAPE * short:
        yield "shape"
    if look is None:
        return
    faint = look.contrast < FAINT_CONTRAST
    if look.contrast < FLAT_CONTRAST:
        yield "flat"
    elif faint and look.brightness < DARK_BRIGHTNESS:
        yield "dark"
    elif faint and look.brightness > BRIGHT_BRIGHTNESS:
        yield "bright"
    elif short >= TINY_SIDE and look.sharpness < BLURRED_SHARPNESS:
        yield "blurred"


def _paths(groups: Iterable[DuplicateGroup]) -> tuple[str, ...]:
    return tuple(path for group in groups for path in group.paths)


def _count(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more classes"
