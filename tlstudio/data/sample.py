"""The sample dataset: pictures painted on first use, so that the studio has something to train on at once."""

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tlstudio.data.painting.subjects import SUBJECTS, paint
from tlstudio.errors import StudioError
from tlstudio.events import Control, Event, Progress
from tlstudio.paths import sample_dir

VERSION = "v1"  # of the pictures: another folder, another dataset
IMAGES_PER_CLASS = 60
_SEED = 20240


@dataclasses.dataclass(frozen=True)
class SampleReady(Event):
    """The sample dataset is complete; ``root`` has a folder for each class."""

    root: Path


def make_sample(control: Control) -> Iterator[Event]:
    """Paint the sample dataset unless it is there: Progress, then one SampleReady.

    The pictures are the same each time. They appear as a whole or not at all.

    Raises:
        StudioError: the folder cannot be written.
    """
    root = sample_dir() / VERSION
    if not _complete(root):
        try:
            yield from _paint_all(root, control)
        except OSError as error:
            raise StudioError(
                f"The sample pictures cannot be written to {root}: {error.strerror or error}.",
                "Free some disk space (10 MB), or set TLSTUDIO_HOME to a folder that can be written.",
            ) from error
    yield SampleReady(root)


def sample_files() -> tuple[str, ...]:
    """The paths of all sample pictures, relative to their root."""
    return tuple(
        f"{subject}/{subject}-{number:02d}.jpg" for subject in SUBJECTS for number in range(IMAGES_PER_CLASS)
    )


def _complete(root: Path) -> bool:
    return all((root / file).is_file() for file in sample_files())


def _paint_all(root: Path, control: Control) -> Iterator[Event]:
    root.parent.mkdir(parents=True, exist_ok=True)
    files = sample_files()
    with tempfile.TemporaryDirectory(
        dir=root.parent, prefix=f".{VERSION}-", ignore_cleanup_errors=True
    ) as part:
        folder = Path(part) / VERSION
        for subject in SUBJECTS:
            (folder / subject).mkdir(parents=True)
        for done, file in enumerate(files):
            yield Progress("Painting sample pictures", done, len(files))
            control.checkpoint()
            _paint_one(folder, file)
        yield Progress("Painting sample pictures", len(files), len(files))
        # Another window may have finished first; then its pictures, which are the same, stay.
        if not _complete(root):
            shutil.rmtree(root, ignore_errors=True)
            folder.replace(root)


def _paint_one(folder: Path, file: str) -> None:
    subject, number = Path(file).parent.name, int(file[-6:-4])
    rng = np.random.default_rng([_SEED, list(SUBJECTS).index(subject), number])
    paint(subject, rng).save(folder / file, quality=90)
