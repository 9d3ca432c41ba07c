"""labels.csv: which image is of which class, in a table beside the images."""

import csv
import dataclasses
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from tlstudio.data.catalogue import SPLITS, SetAside, Split
from tlstudio.data.listing import ListedFile, Listing
from tlstudio.errors import BadInput

LABEL_FILE = "labels.csv"
_FILE_COLUMNS = ("filename", "file", "image", "path", "filepath", "image_id", "id", "name")
_LABEL_COLUMNS = ("label", "class", "category", "target", "class_name", "breed", "species")
_SPLIT_NAMES: dict[str, Split] = {"valid": "val", "validation": "val", "training": "train", "testing": "test"}
_SPLIT_NAMES |= {split: split for split in SPLITS}
_MOST_BYTES = 200 * 10**6
_HINT = "It needs a line for each image with its file name and its label, separated by a comma."


@dataclasses.dataclass(frozen=True)
class Labels:
    """``found``: of each image's path its class and, if the table has a column for it, its split."""

    found: dict[str, tuple[str, Split | None]]
    set_aside: tuple[SetAside, ...]


def read_labels(listing: Listing, images: Sequence[ListedFile]) -> Labels:
    """Match the lines of labels.csv with the images of the folder.

    A line names an image by its path in the folder, or by its file name, with or without its extension, where
    only one image is called so.

    Raises:
        BadInput: the table cannot be read, or names none of the images.
    """
    name = next(file.path for file in listing.files if file.path.lower() == LABEL_FILE)
    rows = _rows(listing, name)
    file_column, label_column, split_column, rows = _columns(rows)
    matching = _Matching(images)
    found: dict[str, tuple[str, Split | None]] = {}
    set_aside: dict[str, str] = {}
    for row in rows:
        cells = [cell.strip() for cell in row]
        if len(cells) <= max(file_column, label_column) or not cells[file_column]:
            continue
        path, reason = matching.find(cells[file_column])
        label = cells[label_column]
        if path is None:
            set_aside[cells[file_column]] = reason
        elif not label:
            set_aside[path] = f"no label in {name}"
        elif path in found and found[path][0] != label:
            set_aside[path] = f"two labels in {name}: {found[path][0]} and {label}"
        else:
            split = (
                cells[split_column].lower() if split_column is not None and split_column < len(cells) else ""
            )
            found[path] = label, _SPLIT_NAMES.get(split)
    for path in set_aside:
        found.pop(path, None)
    if not found:
        raise BadInput(f"No line of {listing.root / name} names an image of the folder.", _HINT)
    for image in images:
        if image.path not in found:
            set_aside.setdefault(image.path, f"not in {name}")
    return Labels(found, tuple(SetAside(path, reason) for path, reason in set_aside.items()))


class _Matching:
    """Finds the image that a cell means."""

    def __init__(self, images: Iterable[ListedFile]) -> None:
        self._paths: set[str] = set()
        self._names: defaultdict[str, list[str]] = defaultdict(list)
        for image in images:
            self._paths.add(image.path)
            self._names[image.name].append(image.path)
            self._names[PurePosixPath(image.name).stem].append(image.path)

    def find(self, cell: str) -> tuple[str | None, str]:
        """The image's path; or None and why there is none."""
        path = cell.replace("\\", "/").removeprefix("./")
        if path.startswith("/") or ".." in path.split("/"):
            return None, "named in labels.csv, but it lies outside the folder"
        if path in self._paths:
            return path, ""
        several = self._names.get(path, [])
        if len(several) == 1:
            return several[0], ""
        if several:
            return None, "several images have this name; labels.csv must say in which folder"
        return None, "named in labels.csv, but there is no such image"


def _rows(listing: Listing, name: str) -> list[list[str]]:
    path = listing.root / name
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BadInput(f"{path} is too large for a table of labels.", _HINT)
        text = path.read_bytes().decode("utf-8-sig")
        head = text.partition("\n")[0]
        delimiter = max(",;\t", key=head.count)
        return [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not text in UTF-8.", "Save it as CSV UTF-8.") from error
    except csv.Error as error:
        raise BadInput(f"{path} cannot be read: {error}.", _HINT) from error
    except OSError as error:
        raise BadInput(f"{path} cannot be opened: {error.strerror}.", "Check its permissions.") from error


def _columns(rows: list[list[str]]) -> tuple[int, int, int | None, list[list[str]]]:
    """The places of file name, label and split, and the rows below the heading, if there is one."""
    heading = [cell.strip().lower() for cell in rows[0]] if rows else []
    files = [heading.index(name) for name in _FILE_COLUMNS if name in heading]
    labels = [heading.index(name) for name in _LABEL_COLUMNS if name in heading]
    if files and labels:
        split = next((heading.index(name) for name in ("split", "subset", "set") if name in heading), None)
        return files[0], labels[0], split, rows[1:]
    return 0, 1, None, rows
