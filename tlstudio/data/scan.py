"""Read a folder of images into a catalogue."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from tlstudio.data.catalogue import Catalogue
from tlstudio.events import Control, Event


@dataclasses.dataclass(frozen=True)
class ScanFinished(Event):
    catalogue: Catalogue


def scan(root: Path, control: Control) -> Iterator[Event]:
    raise NotImplementedError
