"""A folder of images as plain data."""

import dataclasses
import functools
import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Self

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")


@dataclasses.dataclass(frozen=True, slots=True)
class ImageRecord:
    """One image: ``path`` is relative to the catalogue's root, with forward slashes on every platform.

    ``digest`` is the SHA-256 of the file in hexadecimal, "" before all of it was read.
    """

    path: str
    label: int
    width: int
    height: int
    size: int  # bytes
    split: Split | None = None
    digest: str = ""

    def in_split(self, split: Split | None) -> Self:
        # A third of the time of dataclasses.replace, which a hundred thousand images would feel.
        return type(self)(self.path, self.label, self.width, self.height, self.size, split, self.digest)


@dataclasses.dataclass(frozen=True, slots=True)
class SetAside:
    """A file that is left out, and why."""

    path: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """The images of a folder, sorted by path, with their classes, and the files set aside."""

    root: Path
    classes: tuple[str, ...]
    images: tuple[ImageRecord, ...]
    set_aside: tuple[SetAside, ...] = ()

    def file(self, image: ImageRecord) -> Path:
        return self.root / image.path

    def of_split(self, split: Split) -> tuple[ImageRecord, ...]:
        return tuple(image for image in self.images if image.split == split)

    @functools.cached_property
    def sizes(self) -> Counter[Split | None]:
        """The number of images in each split; counted once, by whoever divides them in the background."""
        return Counter(image.split for image in self.images)

    def counts(self, images: Iterable[ImageRecord] | None = None) -> dict[str, int]:
        """Images a class, every class named, in the classes' order."""
        found = Counter(image.label for image in (self.images if images is None else images))
        return {name: found[label] for label, name in enumerate(self.classes)}

    def fingerprint(self) -> str:
        """SHA-256 over names, contents, labels and splits: equal when two runs saw the same images alike."""
        digest = hashlib.sha256("\0".join(self.classes).encode())
        for image in self.images:
            digest.update(
                f"\n{image.path}\0{image.digest or image.size}\0{image.label}\0{image.split}".encode()
            )
        return digest.hexdigest()

    def as_json(self) -> dict[str, Any]:
        """What a run keeps of its data: enough to find the same images in the same splits again."""
        return {
            "root": str(self.root),
            "classes": list(self.classes),
            "images": [dataclasses.asdict(image) for image in self.images],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        images = tuple(ImageRecord(**image) for image in data["images"])
        return cls(Path(data["root"]), tuple(data["classes"]), images)
