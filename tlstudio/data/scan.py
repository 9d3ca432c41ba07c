"""Read a folder of images into a catalogue: quickly by names and headers, thoroughly by decoding each."""

import dataclasses
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeGuard

from tlstudio.data.archive import is_archive, unpacked, unpacked_to
from tlstudio.data.catalogue import Catalogue, ImageRecord, SetAside
from tlstudio.data.decode import EXTENSIONS, image_size
from tlstudio.data.facts import Facts, FactStore
from tlstudio.data.label_file import LABEL_FILE
from tlstudio.data.layouts import Layout, Nesting, Placed, require_classes, understand
from tlstudio.data.listing import ListedFile, Listing, as_text, is_text, list_folder
from tlstudio.data.looking import look_at
from tlstudio.errors import BadInput, UnreadableImage
from tlstudio.events import Control, Event, Progress
from tlstudio.garbage import making_many, put_aside

_CHUNK = 64  # images between two looks at the control
_PIECE = 16  # images that a thread takes at once: handing over each would take as long as a small one
_THREADS = min(4, os.cpu_count() or 1)
_KEEP_EVERY = 2_000  # images, or what was found is lost with a crash
# Reasons that stay until the file is changed; permissions, drives and free memory can change without it.
_LASTING = ("not an image", "truncated", "damaged", "empty file", "too large")


@dataclasses.dataclass(frozen=True)
class ScanFinished(Event):
    """A folder after a quick look.

    Attributes:
        layout: how it was understood.
        facts: what is known of its files, by path.
        archive: the file that it was unpacked from, if it was.
    """

    catalogue: Catalogue
    layout: Layout
    facts: dict[str, Facts]
    archive: Path | None = None


@dataclasses.dataclass(frozen=True)
class CheckFinished(Event):
    """The catalogue without the images that cannot be decoded, and what is known of the others, by path."""

    catalogue: Catalogue
    facts: dict[str, Facts]


@dataclasses.dataclass(frozen=True)
class ChangesFound(Event):
    """How a folder differs from what was scanned, in images and tables of labels; all 0 if it does not.

    ``archive``: what differs is the one file that the folder was unpacked from, gone or changed.
    """

    added: int
    gone: int
    changed: int
    archive: bool = False


def scan(root: Path, control: Control, *, nesting: Nesting = "outer") -> Iterator[Event]:
    """List a folder and read the headers of its images: Progress, then one ScanFinished.

    Whatever a header does not show is found by :func:`check`; what an earlier one found is known already.
    An archive is unpacked first, and the catalogue's root is then where that went.

    Raises:
        BadInput: ``root`` is no folder or archive, or holds fewer than two classes with a readable image.
        StudioError: an archive cannot be unpacked here.
    """
    root = Path(os.path.abspath(root))  # noqa: PTH100 (resolve() would replace links by their targets)
    _require_place(root)
    archive = root if is_archive(root) else None
    if archive:
        root = yield from unpacked(archive, control)
    with making_many():
        listing = yield from list_folder(root, control)
        layout = understand(listing, nesting)
    placed, store = layout.placed, FactStore()
    known = store.known(root)
    held = {one.file.path: facts for one in placed if _holds(facts := known.get(one.file.path), one.file)}
    fresh = [one.file for one in placed if one.file.path not in held]
    store.keep(root, {}, gone=known.keys() - {one.file.path for one in placed})
    found = yield from _each("Reading images", _header, root, fresh, control)
    facts = {**held, **found}
    yield ScanFinished(_catalogue(root, layout, facts), layout, facts, archive)


def check(scanned: ScanFinished, control: Control) -> Iterator[Event]:
    """Decode every image that was not decoded before: Progress, then one CheckFinished.

    Raises:
        BadInput: fewer than two classes are left with a readable image.
    """
    root, placed = scanned.catalogue.root, scanned.layout.placed
    usable = {image.path for image in scanned.catalogue.images}
    known = scanned.facts
    todo = [
        file for file in (one.file for one in placed) if file.path in usable and known[file.path].look is None
    ]

    def whole(root: Path, file: ListedFile) -> Facts:
        return _whole(root, scanned.facts[file.path], file)

    found = yield from _each("Checking images", whole, root, todo, control)
    facts = {**scanned.facts, **found}
    yield CheckFinished(_catalogue(root, scanned.layout, facts), facts)


def read_folder(root: Path, control: Control, *, nesting: Nesting = "outer") -> Iterator[Event]:
    """Scan and check a folder in one: Progress, then one CheckFinished."""
    for event in scan(root, control, nesting=nesting):
        if isinstance(event, ScanFinished):
            yield from check(event, control)
        else:
            yield event


def changes(scanned: ScanFinished, control: Control) -> Iterator[Event]:
    """Look quickly whether a folder is still as it was scanned: Progress, then one ChangesFound.

    Nothing is opened; a folder that is no more there has lost all its files. Of an archive it is asked
    whether it is still the one that was unpacked.
    """
    if scanned.archive is not None and (differs := _archive_differs(scanned.archive, scanned.catalogue.root)):
        yield differs
        return
    with making_many():  # or a window that gets the focus would stand still for a moment
        before = _relevant(scanned.layout.listing)
        try:
            now = _relevant((yield from list_folder(scanned.catalogue.root, control)))
        except BadInput:
            now = {}
        found = ChangesFound(
            added=len(now.keys() - before.keys()),
            gone=len(before.keys() - now.keys()),
            changed=sum(file != now.get(path, file) for path, file in before.items()),
        )
        del before, now
    yield found


def _archive_differs(archive: Path, unpacked: Path) -> ChangesFound | None:
    try:
        same = unpacked_to(archive) == unpacked
    except FileNotFoundError:
        return ChangesFound(0, 1, 0, archive=True)
    except OSError:  # of what cannot be asked now nothing is known
        same = True
    return None if same else ChangesFound(0, 0, 1, archive=True)


def _relevant(listing: Listing) -> dict[str, ListedFile]:
    return {
        file.path: file
        for file in listing.files
        if file.suffix in EXTENSIONS or file.name.lower() == LABEL_FILE
    }


def _holds(facts: Facts | None, file: ListedFile) -> TypeGuard[Facts]:
    return facts is not None and facts.of(file)


def _require_place(root: Path) -> None:
    if not is_text(str(root)):
        raise BadInput(
            f"The name of the folder {as_text(str(root))} is not valid Unicode.", "Give it another name."
        )
    if not root.exists():
        raise BadInput(f"There is no folder {root}.", "Check the spelling, or choose another folder.")
    if not root.is_dir() and not is_archive(root):
        one = root.suffix.lower() in EXTENSIONS
        raise BadInput(
            f"{root} is a file, not a folder.",
            "One image is no dataset: classify it on the Zero-shot page, or choose the folder it is in."
            if one
            else "Choose the folder with a sub-folder for each class, or a zip file of it.",
        )


@making_many()
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
    known = {one.path for one in set_aside}
    set_aside.extend(
        SetAside(folder, "no readable image in this folder, so it is no class")
        for name, folder in layout.class_folders.items()
        if name not in labels and folder not in known
    )
    set_aside.sort(key=lambda one: one.path)
    require_classes(root, layout, classes, set_aside)
    images = tuple(
        ImageRecord(
            one.file.path,
            labels[one.class_name],
            fact.width,
            fact.height,
            fact.size,
            one.split,
            fact.look.digest.hex() if fact.look else "",
        )
        for one, fact in usable
    )
    return Catalogue(root, classes, images, tuple(set_aside))


def _header(root: Path, file: ListedFile) -> Facts:
    """A file as far as its header shows it."""
    try:
        return Facts(file.size, file.mtime, *image_size(root / file.path))
    except UnreadableImage as error:
        return Facts(file.size, file.mtime, 0, 0, error.reason)


def _whole(root: Path, header: Facts, file: ListedFile) -> Facts:
    """A file after all of it was decoded."""
    try:
        return dataclasses.replace(header, look=look_at(root / file.path))
    except UnreadableImage as error:
        return Facts(file.size, file.mtime, 0, 0, error.reason)


def _lasts(facts: Facts) -> bool:
    return not facts.reason or facts.reason.startswith(_LASTING)


def _each(
    text: str,
    work: Callable[[Path, ListedFile], Facts],
    root: Path,
    files: Sequence[ListedFile],
    control: Control,
) -> Generator[Event, None, dict[str, Facts]]:
    """What ``work`` finds of each file, by path; it is kept every so often."""
    store, found, start = FactStore(), dict[str, Facts](), 0

    def all_of(piece: Sequence[ListedFile]) -> dict[str, Facts]:
        return {file.path: work(root, file) for file in piece}

    with ThreadPoolExecutor(_THREADS, thread_name_prefix="scan") as pool:
        for part in _parts(files, _KEEP_EVERY):
            fresh: dict[str, Facts] = {}
            for chunk in _parts(part, _CHUNK):
                yield Progress(text, start, len(files))
                control.checkpoint()
                for piece in pool.map(all_of, _parts(chunk, _PIECE)):
                    fresh.update(piece)
                start += len(chunk)
            lasting = {path: facts for path, facts in fresh.items() if _lasts(facts)}
            store.keep(root, lasting)
            found.update(fresh)
            put_aside()
    yield Progress(text, len(files), len(files))
    return found


def _parts(files: Sequence[ListedFile], size: int) -> Iterator[Sequence[ListedFile]]:
    return (files[start : start + size] for start in range(0, len(files), size))
