"""How a folder says which image belongs to which class, and to which split."""

import dataclasses
import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from tlstudio.data.catalogue import SetAside, Split
from tlstudio.data.decode import EXTENSIONS
from tlstudio.data.label_file import find_label_file, read_labels
from tlstudio.data.listing import ListedFile, Listing
from tlstudio.errors import BadInput

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
SIDECARS = frozenset(
    {".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".md", ".rst"}
    | {".html", ".pdf", ".log", ".ini", ".db", ".py", ".ipynb", ".npy", ".npz"}
)

# Of class folders that hold folders: the outer one names the class, the inner one, or the path of both.
Nesting = Literal["outer", "inner", "path"]


@dataclasses.dataclass(frozen=True, slots=True)
class Placed:
    """A file that may be an image, with the class and, where the folder says so, the split it belongs to."""

    file: ListedFile
    class_name: str
    split: Split | None = None


@dataclasses.dataclass(frozen=True)
class Layout:
    """A folder as it was understood.

    Attributes:
        sentence: says so to a person.
        placed: the files with their classes, in the order of their paths.
        class_folders: the folder of each class, where folders name them.
        set_aside: what belongs to no class.
        listing: what lay in it.
        nested: whether another ``Nesting`` would give other classes.
    """

    sentence: str
    placed: tuple[Placed, ...]
    class_folders: dict[str, str]
    set_aside: tuple[SetAside, ...]
    listing: Listing
    nested: bool = False


def understand(listing: Listing, nesting: Nesting = "outer") -> Layout:
    """Read a listing as a dataset: from labels.csv, from folders for splits, or from class folders.

    Raises:
        BadInput: it is none of these, and what to do.
    """
    table = find_label_file(listing)
    if table is not None:
        return _labelled(listing, table)
    return _Folders(listing, nesting).layout()


def _labelled(listing: Listing, table: str) -> Layout:
    images = [file for file in listing.files if file.suffix in EXTENSIONS]
    labels = read_labels(listing, table, images)
    placed = tuple(
        Placed(file, *labels.found[file.path]) for file in images if labels.found.get(file.path) is not None
    )
    set_aside = (*listing.set_aside, *labels.set_aside)
    return Layout(f"Classes are read from {table}.", placed, {}, set_aside, listing)


class _Folders:
    """Reads classes, and perhaps splits, from the names of folders."""

    def __init__(self, listing: Listing, nesting: Nesting) -> None:
        self._listing = listing
        self._nesting: Nesting = nesting
        self._below: defaultdict[str, list[str]] = defaultdict(list)  # the folders in a folder
        for folder in listing.folders:
            self._below[_parent(folder)].append(folder)
        self._direct: defaultdict[str, list[ListedFile]] = defaultdict(list)  # the images in a folder
        for file in listing.files:
            if file.suffix in EXTENSIONS:
                self._direct[_parent(file.path)].append(file)

    def layout(self) -> Layout:
        base = self._base()
        set_aside = list(self._listing.set_aside)
        splits = self._splits(base)
        tops: dict[str, Split | None] = {}
        if splits:
            set_aside += [
                SetAside(folder, "beside the folders for training and test")
                for folder in self._below[base]
                if folder not in splits
            ]
            for folder, split in splits.items():
                tops.update((below, split) for below in self._below[folder])
        else:
            tops.update((below, None) for below in self._below[base])
        loose = [file for folder in ("", base, *splits) for file in self._direct[folder]]
        loose = list({file.path: file for file in loose}.values())
        if not tops:
            raise self._no_classes(loose)
        set_aside += [SetAside(file.path, "not in a class folder") for file in loose]
        placed, class_folders = self._placed(tops, set_aside)
        nested = any(self._is_nested(top) for top in tops)
        sentence = self._sentence(base, splits, nested)
        return Layout(sentence, tuple(placed), class_folders, tuple(set_aside), self._listing, nested)

    def _base(self) -> str:
        """Where classes or splits begin: inside folders that only wrap the dataset."""
        base = ""
        while len(self._below[base]) == 1 and not self._direct[base]:
            (only,) = self._below[base]
            if self._direct[only] or len(self._below[only]) == 0 or _name(only).lower() in SPLIT_FOLDERS:
                break
            base = only
        return base

    def _splits(self, base: str) -> dict[str, Split]:
        """The folders that name splits, if that is what they are: a class may well be called "train"."""
        folders = self._below[base]
        named: dict[str, Split] = {
            folder: SPLIT_FOLDERS[name]
            for folder in folders
            if (name := _name(folder).lower()) in SPLIT_FOLDERS
        }
        others = len(set(named.values())) > 1 or len(named) == len(folders)
        if "train" in named.values() and others and any(self._below[folder] for folder in named):
            return named
        return {}

    def _placed(
        self, tops: dict[str, Split | None], set_aside: list[SetAside]
    ) -> tuple[list[Placed], dict[str, str]]:
        placed: list[Placed] = []
        class_folders = {self._class_name(top, top): top for top in tops} if self._nesting == "outer" else {}
        depth = next(iter(tops)).count("/") + 1
        for file in self._listing.files:
            top = "/".join(file.path.split("/", depth)[:depth])
            suffix = file.suffix
            if top not in tops or top == file.path or suffix in SIDECARS:
                continue
            if suffix not in EXTENSIONS:
                set_aside.append(SetAside(file.path, _unsupported(suffix)))
                continue
            folder = _parent(file.path)
            name = self._class_name(top, folder)
            class_folders.setdefault(name, folder)
            placed.append(Placed(file, name, tops[top]))
        return placed, class_folders

    def _class_name(self, top: str, folder: str) -> str:
        match self._nesting:
            case "outer":
                name = _name(top)
            case "inner":
                name = _name(folder)
            case "path":
                name = folder[len(_parent(top)) :].lstrip("/")
        return unicodedata.normalize("NFC", name)  # one class, whichever system made its folder in a split

    def _is_nested(self, top: str) -> bool:
        """Whether a class folder holds its images in folders of its own, as classes of classes do."""
        return not self._direct[top] and len(self._below[top]) > 1

    def _sentence(self, base: str, splits: dict[str, Split], nested: bool) -> str:
        where = f" in {base}" if base else ""
        if splits:
            folders = _listed(_name(folder) for folder in splits)
            said = f"The folders {folders}{where} divide the images; the folders in them are the classes"
        else:
            said = f"Each folder{where} is a class"
        if not nested:
            return f"{said}."
        how = {
            "outer": "the folders inside belong to it",
            "inner": "named by the innermost folder",
            "path": "named by the path of its folders",
        }
        return f"{said}, {how[self._nesting]}."

    def _no_classes(self, loose: list[ListedFile]) -> BadInput:
        root = self._listing.root
        layout = (
            "Make a folder for each class inside it and put the images there, or add a file labels.csv with "
            "the columns filename and label."
        )
        if loose:
            return BadInput(
                f"The {len(loose)} images in {root} lie directly in the folder, without classes.", layout
            )
        if self._listing.files or self._listing.folders or self._listing.set_aside:
            return BadInput(f"{root} has no class folders.", layout)
        return BadInput(f"The folder {root} is empty.", layout)


def require_classes(
    root: Path, layout: Layout, classes: tuple[str, ...], set_aside: Iterable[SetAside]
) -> None:
    """There must be two classes to tell apart.

    Raises:
        BadInput: there are not, why, and what to do.
    """
    if len(classes) >= 2:
        return
    if not classes:
        files = [one for one in set_aside if os.path.isfile(root / one.path)]  # noqa: PTH113 (no name is too long)
        example = (
            f" The first of {len(files)} files set aside: {files[0].path}, {files[0].reason}."
            if files
            else ""
        )
        raise BadInput(
            f"No image in {root} can be read.{example}",
            "Each class folder needs jpg, png, bmp, webp, gif or tiff files.",
        )
    inside = layout.nested
    raise BadInput(
        f"{root} has only one class, '{classes[0]}': there is nothing to tell apart.",
        f"If the classes are the folders inside '{classes[0]}', choose that folder instead."
        if inside
        else "Add a folder with images of something else.",
    )


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _unsupported(suffix: str) -> str:
    return f"{suffix[1:].upper()} files cannot be read" if suffix else "not an image"
