"""Read a folder of images into a catalogue: quickly by names and headers, thoroughly by decoding each."""

import dataclasses
import functools
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeGuard

from tlstudio.data.catalogue import Catalogue, ImageRecord, SetAside
from tlstudio.data.decode import EXTENSIONS, image_size
from tlstudio.data.facts import Facts, FactStore
from tlstudio.data.layouts import Layout, Nesting, Placed, require_classes, understand
from tlstudio.data.listing import ListedFile, list_folder
from tlstudio.data.looking import look_at
from tlstudio.errors import BadInput, UnreadableImage
from tlstudio.events import Control, Event, Progress

_CHUNK = 64  # images between two looks at the control
_THREADS = min(4, os.cpu_count() or 1)
_KEEP_EVERY = 2_000  # images, or what was found is lost with a crash
# Reasons that can go away without a change of the file.
_PASSING = frozenset({"no permission", "there is no such file", "not enough memory", "input/output error"})


@dataclasses.dataclass(frozen=True)
class ScanFinished(Event):
    """``layout`` says how the folder was understood, ``facts`` what is known of its files, by path."""

    catalogue: Catalogue
    layout: Layout
    facts: dict[str, Facts]


@dataclasses.dataclass(frozen=True)
class CheckFinished(Event):
    """The catalogue without the images that cannot be decoded, and what is known of the others, by path."""

    catalogue: Catalogue
    facts: dict[str, Facts]


def scan(root: Path, control: Control, *, nesting: Nesting = "outer") -> Iterator[Event]:
    """List a folder and read the headers of its images: Progress, then one ScanFinished.

    Whatever a header does not show is found by :func:`check`; what an earlier one found is known already.

    Raises:
        BadInput: ``root`` is no folder, or holds fewer than two classes with a readable image.
    """
    root = Path(os.path.abspath(root))  # noqa: PTH100 (resolve() would replace links by their targets)
    _require_folder(root)
    listing = yield from list_folder(root, control)
    layout = understand(listing, nesting)
    placed, store = layout.placed, FactStore()
    known = store.known(root)
    fresh = [one.file for one in placed if not _holds(known.get(one.file.path), one.file)]
    there = {one.file.path for one in placed}
    if gone := known.keys() - there:
        store.keep(root, {}, gone)
    found = yield from _each("Reading images", _header, root, fresh, control)
    facts = {**known, **found}
    yield ScanFinished(_catalogue(root, layout, facts), layout, facts)


def check(scanned: ScanFinished, control: Control) -> Iterator[Event]:
    """Decode every image that was not decoded before: Progress, then one CheckFinished.

    Raises:
        BadInput: fewer than two classes are left with a readable image.
    """
    root, placed = scanned.catalogue.root, scanned.layout.placed
    usable = {image.path for image in scanned.catalogue.images}
    paths = (path for path in usable if scanned.facts[path].look is None)
    files = {one.file.path: one.file for one in placed}
    todo = [files[path] for path in sorted(paths)]
    found = yield from _each("Checking images", _whole, root, todo, control)
    facts = {**scanned.facts, **found}
    yield CheckFinished(_catalogue(root, scanned.layout, facts), facts)


def read_folder(root: Path, control: Control, *, nesting: Nesting = "outer") -> Iterator[Event]:
    """Scan and check a folder in one: Progress, then one CheckFinished."""
    for event in scan(root, control, nesting=nesting):
        if isinstance(event, ScanFinished):
            yield from check(event, control)
        else:
            yield event


def _holds(facts: Facts | None, file: ListedFile) -> TypeGuard[Facts]:
    return facts is not None and facts.of(file)


def _require_folder(root: Path) -> None:
    if not root.exists():
        raise BadInput(f"There is no folder {root}.", "Check the spelling, or choose another folder.")
    if not root.is_dir():
        one = root.suffix.lower() in EXTENSIONS
        raise BadInput(
            f"{root} is a file, not a folder.",
            "One image is no dataset: classify it on the Zero-shot page, or choose the folder it is in."
            if one
            else "Choose the folder with a sub-folder for each class.",
        )


def _catalogue(root: Path, layout: Layout, facts: dict[str, Facts]) -> Catalogue:
    set_aside = list(layout.set_aside)
    usable: list[tuple[Placed, Facts]] = []
    for one in layout.placed:
        fact = facts[one.file.path]
        if fact.reason:
            set_aside.append(SetAside(one.file.path, fact.reason))
        else:
            usable.append((one, fact))
    classes = tuple(sorted({one.class_name for one, _ in usable}))
    labels = {name: label for label, name in enumerate(classes)}
    set_aside.extend(
        SetAside(folder, "no readable image in this folder, so it is no class")
        for name, folder in layout.class_folders.items()
        if name not in labels
    )
    set_aside.sort(key=lambda one: one.path)
    require_classes(root, layout, classes, set_aside)
    images = tuple(
        ImageRecord(one.file.path, labels[one.class_name], fact.width, fact.height, fact.size, one.split)
        for one, fact in usable
    )
    return Catalogue(root, classes, images, tuple(set_aside))


def _header(root: Path, file: ListedFile) -> Facts:
    """A file as far as its header shows it."""
    try:
        return Facts(file.size, file.mtime, *image_size(root / file.path))
    except UnreadableImage as error:
        return Facts(file.size, file.mtime, 0, 0, error.reason)


def _whole(root: Path, file: ListedFile) -> Facts:
    """A file after all of it was decoded."""
    try:
        size, look = look_at(root / file.path)
    except UnreadableImage as error:
        return Facts(file.size, file.mtime, 0, 0, error.reason)
    return Facts(file.size, file.mtime, *size, look=look)


def _each(
    text: str,
    work: Callable[[Path, ListedFile], Facts],
    root: Path,
    files: Sequence[ListedFile],
    control: Control,
) -> Generator[Event, None, dict[str, Facts]]:
    """What ``work`` finds of each file, by path; it is kept every so often."""
    store, found, start = FactStore(), dict[str, Facts](), 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="scan") as pool:
        for part in _parts(files, _KEEP_EVERY):
            fresh: dict[str, Facts] = {}
            for chunk in _parts(part, _CHUNK):
                yield Progress(text, start, len(files))
                control.checkpoint()
                paths = [file.path for file in chunk]
                fresh.update(zip(paths, pool.map(functools.partial(work, root), chunk), strict=True))
                start += len(chunk)
            lasting = {path: facts for path, facts in fresh.items() if facts.reason not in _PASSING}
            store.keep(root, lasting)
            found.update(fresh)
    yield Progress(text, len(files), len(files))
    return found


def _parts(files: Sequence[ListedFile], size: int) -> Iterator[Sequence[ListedFile]]:
    return (files[start : start + size] for start in range(0, len(files), size))
