"""labels.csv: which image is of which class, in a table beside the images."""

import csv
import dataclasses
import io
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PureWindowsPath

from tlstudio.data.catalogue import SPLITS, SetAside, Split
from tlstudio.data.listing import ListedFile, Listing
from tlstudio.errors import BadInput

LABEL_FILE = "labels.csv"
_FILE_COLUMNS = (
    *("filename", "file_name", "file", "image", "image_name", "path", "filepath", "file_path", "image_path"),
    *("image_id", "id", "name"),
)
_LABEL_COLUMNS = ("label", "class", "category", "target", "class_name", "breed", "species")
_SPLIT_COLUMNS = ("split", "subset", "set")
_SPLIT_NAMES: dict[str, Split] = {"valid": "val", "validation": "val", "training": "train", "testing": "test"}
_SPLIT_NAMES |= {split: split for split in SPLITS}
_MOST_BYTES = 200 * 10**6
_HINT = (
    "It needs a line for each image with its file name and its label, separated by a comma. "
    "Take it out of the folder if its sub-folders name the classes."
)


@dataclasses.dataclass(frozen=True)
class Labels:
    """``found``: of each image's path its class and, if the table has a column for it, its split."""

    found: dict[str, tuple[str, Split | None]]
    set_aside: tuple[SetAside, ...]


def find_label_file(listing: Listing) -> str | None:
    """The path of labels.csv in the folder, or in the only folder that it consists of."""
    tables = {file.path for file in listing.files if file.name.lower() == LABEL_FILE}
    here = ""
    while tables:
        found = next((table for table in sorted(tables) if _parent(table) == here), None)
        inside = [folder for folder in listing.folders if _parent(folder) == here]
        if found is not None or len(inside) != 1:
            return found
        here = inside[0]
    return None


def read_labels(listing: Listing, name: str, images: Sequence[ListedFile]) -> Labels:
    """Match the lines of a table, which lies at ``name`` in the folder, with the images of the folder.

    A line names an image by its path from where the table is, or by its file name, with or without its
    extension, where only one image is called so.

    Raises:
        BadInput: the table cannot be read, or names none of the images.
    """
    file_column, label_column, split_column, rows = _columns(_rows(listing, name))
    matching = _Matching(images, _parent(name))
    found: dict[str, tuple[str, Split | None]] = {}
    set_aside: dict[str, str] = {}
    for row in rows:
        cells = [unicodedata.normalize("NFC", cell.strip()) for cell in row]
        cell, label, split = (_cell(cells, column) for column in (file_column, label_column, split_column))
        if not cell:
            continue
        path, reason = matching.find(cell)
        said = label, _SPLIT_NAMES.get(split.lower())
        if path is None:
            set_aside[cell] = reason
        elif not label:
            set_aside[path] = f"no label in {LABEL_FILE}"
        elif found.setdefault(path, said) != said:
            kind, two = ("labels", 0) if found[path][0] != label else ("splits", 1)
            set_aside[path] = f"two {kind} in {LABEL_FILE}: {found[path][two]} and {said[two]}"
    for path in set_aside:
        found.pop(path, None)
    if not found:
        raise BadInput(f"No line of {listing.root / name} names an image of the folder.", _HINT)
    for image in images:
        if image.path not in found:
            set_aside.setdefault(image.path, f"not in {LABEL_FILE}")
    return Labels(found, tuple(SetAside(path, reason) for path, reason in set_aside.items()))


class _Matching:
    """Finds the image that a cell means."""

    def __init__(self, images: Iterable[ListedFile], base: str) -> None:
        self._paths: dict[str, str] = {}
        self._names: defaultdict[str, set[str]] = defaultdict(set)
        for image in images:
            # Some systems take names apart into letters and accents, and tables have them in one.
            path = unicodedata.normalize("NFC", image.path.removeprefix(f"{base}/" if base else ""))
            name = path.rpartition("/")[2]
            self._paths[path] = image.path
            for called in (name, *(text.rpartition(".")[0] for text in (name, path))):
                self._names[called].add(image.path)

    def find(self, cell: str) -> tuple[str | None, str]:
        """The image's path; or None and why there is none."""
        path = cell.replace("\\", "/").removeprefix("./")
        if path in self._paths:
            return self._paths[path], ""
        if path.startswith("/") or ".." in path.split("/") or PureWindowsPath(path).drive:
            return None, f"named in {LABEL_FILE}, but it lies outside the folder"
        several = self._names.get(path, set())
        if len(several) == 1:
            return next(iter(several)), ""
        if several:
            return None, f"several images have this name; {LABEL_FILE} must say in which folder"
        return None, f"named in {LABEL_FILE}, but there is no such image"


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _cell(cells: Sequence[str], column: int | None) -> str:
    return cells[column] if column is not None and column < len(cells) else ""


def _rows(listing: Listing, name: str) -> list[list[str]]:
    path = listing.root / name
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BadInput(f"{path} is too large for a table of labels.", _HINT)
        text = path.read_bytes().decode("utf-8-sig")
        head = text[:10_000].splitlines()[0] if text else ""
        delimiter = max(",;\t", key=head.count)
        return [row for row in csv.reader(io.StringIO(text, newline=None), delimiter=delimiter) if row]
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not text in UTF-8.", "Save it as CSV UTF-8.") from error
    except csv.Error as error:
        raise BadInput(f"{path} cannot be read: {error}.", _HINT) from error
    except OSError as error:
        raise BadInput(f"{path} cannot be opened: {error.strerror}.", "Check its permissions.") from error


def _columns(rows: list[list[str]]) -> tuple[int, int, int | None, list[list[str]]]:
    """The places of file name, label and split, and the rows below the heading, if there is one."""
    heading = [cell.strip().lower().replace(" ", "_") for cell in rows[0]] if rows else []
    files = [heading.index(name) for name in _FILE_COLUMNS if name in heading]
    labels = [heading.index(name) for name in _LABEL_COLUMNS if name in heading]
    if files and labels:
        split = next((heading.index(name) for name in _SPLIT_COLUMNS if name in heading), None)
        return files[0], labels[0], split, rows[1:]
    return 0, 1, None, rows
