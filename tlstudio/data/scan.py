"""Read a folder of images into a catalogue."""

import dataclasses
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tlstudio.data.catalogue import Catalogue, ImageRecord, SetAside, Split
from tlstudio.data.decode import EXTENSIONS, check_image
from tlstudio.errors import BadInput, UnreadableImage
from tlstudio.events import Control, Event, Progress

SPLIT_FOLDERS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
# What lies beside images in ordinary datasets; mentioning each would hide the files that need attention.
_SIDECARS = frozenset(
    {".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".md", ".rst"}
    | {".html", ".pdf", ".log", ".ini", ".db", ".py", ".ipynb", ".npy", ".npz"}
)
_CHUNK = 16  # images between two looks at the control
_THREADS = min(4, os.cpu_count() or 1)


@dataclasses.dataclass(frozen=True)
class ScanFinished(Event):
    catalogue: Catalogue


@dataclasses.dataclass(frozen=True, slots=True)
class _Found:
    """A file that may be an image, before it was opened."""

    path: str
    class_name: str
    split: Split | None


def scan(root: Path, control: Control) -> Iterator[Event]:
    """Read ``root/class/*`` or ``root/{train,val,test}/class/*``: Progress, then one ScanFinished.

    Files anywhere below a class folder belong to the class. Every file is decoded once, so that what cannot
    be used is known, with its reason, before training starts. Hidden files are left out.

    Raises:
        BadInput: ``root`` is no folder, or holds fewer than two classes with a readable image.
    """
    root = Path(os.path.abspath(root))  # noqa: PTH100 (resolve() would replace links by their targets)
    set_aside: list[SetAside] = []
    class_folders = _class_folders(root, set_aside)
    found: list[_Found] = []
    for folder, split in class_folders:
        yield Progress("Listing files", len(found))
        control.checkpoint()
        paths = _files(folder, root, set_aside, control)
        found.extend(_Found(path, folder.name, split) for path in paths)

    records: list[tuple[_Found, tuple[int, int], int]] = []
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="scan") as pool:
        for start in range(0, len(found), _CHUNK):
            yield Progress("Reading images", start, len(found))
            control.checkpoint()
            chunk = found[start : start + _CHUNK]
            for one, result in zip(chunk, pool.map(lambda one: _check(root / one.path), chunk), strict=True):
                if isinstance(result, str):
                    set_aside.append(SetAside(one.path, result))
                else:
                    records.append((one, *result))
    yield Progress("Reading images", len(found), len(found))

    classes = tuple(sorted({one.class_name for one, _, _ in records}))
    set_aside.extend(
        SetAside(folder.relative_to(root).as_posix(), "no readable image in this folder, so it is no class")
        for folder, _ in class_folders
        if folder.name not in classes
    )
    _require_classes(root, classes, class_folders, set_aside)
    labels = {name: label for label, name in enumerate(classes)}
    images = sorted(
        (
            ImageRecord(one.path, labels[one.class_name], *size, size=count, split=one.split)
            for one, size, count in records
        ),
        key=lambda image: image.path,
    )
    set_aside.sort(key=lambda one: one.path)
    yield ScanFinished(Catalogue(root, classes, tuple(images), tuple(set_aside)))


def _check(path: Path) -> tuple[tuple[int, int], int] | str:
    """Width and height, and the size in bytes; or why the file cannot be used."""
    try:
        return check_image(path), path.stat().st_size
    except UnreadableImage as error:
        return error.reason
    except OSError as error:
        return (error.strerror or "cannot be read").lower()


def _class_folders(root: Path, set_aside: list[SetAside]) -> list[tuple[Path, Split | None]]:
    """The folders that are classes, each with the split that its place gives it."""
    if not root.exists():
        raise BadInput(f"There is no folder {root}.", "Check the spelling, or choose another folder.")
    if not root.is_dir():
        raise BadInput(
            f"{root} is a file, not a folder.", "Choose the folder with a sub-folder for each class."
        )
    folders, loose = _entries(root)
    splits = _split_folders(folders)
    found: list[tuple[Path, Split | None]] = []
    if splits:
        outside = [folder for folder in folders if folder not in splits]
        set_aside.extend(
            SetAside(folder.name, "beside the folders for training and test") for folder in outside
        )
        inside = {folder: _entries(folder) for folder in splits}
        loose += [file for _, files in inside.values() for file in files]
        for folder, (below, _) in inside.items():
            found.extend((one, splits[folder]) for one in below)
    else:
        found.extend((folder, None) for folder in folders)
    loose = [file for file in loose if file.suffix.lower() in EXTENSIONS]
    if not found:
        raise _no_classes(root, loose)
    set_aside.extend(SetAside(_shown(file, root), "not in a class folder") for file in loose)
    return [(folder, split) for folder, split in found if _nameable(folder, root, set_aside)]


def _split_folders(folders: list[Path]) -> dict[Path, Split]:
    """The folders that name splits, if that is what they are: a class may well be called "train"."""
    named: dict[Path, Split] = {
        folder: SPLIT_FOLDERS[name] for folder in folders if (name := folder.name.lower()) in SPLIT_FOLDERS
    }
    others = len(set(named.values())) > 1 or len(named) == len(folders)
    if "train" in named.values() and others and any(_entries(folder)[0] for folder in named):
        return named
    return {}


def _no_classes(root: Path, loose: list[Path]) -> BadInput:
    layout = "Make a folder for each class inside it and put the images there."
    if loose:
        return BadInput(
            f"The {len(loose)} images in {root} lie directly in the folder, without classes.", layout
        )
    if any(root.iterdir()):
        return BadInput(f"{root} has no class folders.", layout)
    return BadInput(f"The folder {root} is empty.", layout)


def _require_classes(
    root: Path,
    classes: tuple[str, ...],
    folders: list[tuple[Path, Split | None]],
    set_aside: list[SetAside],
) -> None:
    if len(classes) >= 2:
        return
    if not classes:
        files = [one for one in set_aside if (root / one.path).is_file()]
        example = (
            f" The first of {len(files)} files set aside: {files[0].path}, {files[0].reason}."
            if files
            else ""
        )
        raise BadInput(
            f"No image in {root} can be read.{example}",
            "Each class folder needs jpg, png, bmp, webp, gif or tiff files.",
        )
    inside = [below for folder, _ in folders for below in _entries(folder)[0] if folder.name == classes[0]]
    hint = (
        f"If the classes are the folders inside '{classes[0]}', choose that folder instead." if inside else ""
    )
    raise BadInput(
        f"{root} has only one class, '{classes[0]}': there is nothing to tell apart.",
        hint or "Add a folder with images of something else.",
    )


def _files(folder: Path, root: Path, set_aside: list[SetAside], control: Control) -> Iterator[str]:
    """Paths, relative to ``root``, of the files below a class folder that may be images."""
    enclosing = (root, *(part for part in folder.parents if root in part.parents), folder)
    pending: list[tuple[Path, tuple[str, ...]]] = [(folder, tuple(map(os.path.realpath, enclosing)))]
    while pending:
        control.checkpoint()
        here, above = pending.pop()
        try:
            folders, files = _entries(here)
        except BadInput:
            set_aside.append(SetAside(_shown(here, root), "no permission to open this folder"))
            continue
        for below in folders:
            real = os.path.realpath(below)
            if real not in above:  # or a link leads back to a folder it lies in
                pending.append((below, (*above, real)))
        for file in files:
            suffix = file.suffix.lower()
            if suffix in _SIDECARS or not _nameable(file, root, set_aside):
                continue
            if suffix in EXTENSIONS:
                yield file.relative_to(root).as_posix()
            else:
                set_aside.append(SetAside(_shown(file, root), _unsupported(suffix)))


def _entries(folder: Path) -> tuple[list[Path], list[Path]]:
    """The sub-folders and the files of a folder, sorted, without hidden ones; links count as their targets.

    Raises:
        BadInput: the folder cannot be opened.
    """
    try:
        with os.scandir(folder) as entries:
            visible = sorted((entry for entry in entries if not _hidden(entry.name)), key=lambda e: e.name)
            folders = [Path(entry.path) for entry in visible if _is(entry.is_dir)]
            # A broken link is kept, so that its image is missed.
            files = [Path(entry.path) for entry in visible if _is(entry.is_file) or _broken(entry)]
    except OSError as error:
        raise BadInput(
            f"The folder {folder} cannot be opened: {error.strerror}.", "Check its permissions."
        ) from error
    return folders, files


def _is(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except OSError:  # a link to itself
        return False


def _broken(entry: os.DirEntry[str]) -> bool:
    return entry.is_symlink() and not Path(entry.path).exists()


def _hidden(name: str) -> bool:
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def _nameable(path: Path, root: Path, set_aside: list[SetAside]) -> bool:
    """Whether a path can be written down as text; if not, it is set aside."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        set_aside.append(SetAside(_shown(path, root), "its name is not valid Unicode"))
        return False
    return True


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix().encode(errors="replace").decode()


def _unsupported(suffix: str) -> str:
    return f"{suffix[1:].upper()} files cannot be read" if suffix else "not an image"
