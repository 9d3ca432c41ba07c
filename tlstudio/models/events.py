"""What the models package tells the faces, known without torch."""

import dataclasses
from pathlib import Path

from tlstudio.events import Event
from tlstudio.models.layers import LayerTree


@dataclasses.dataclass(frozen=True)
class LayersRead(Event):
    tree: LayerTree


@dataclasses.dataclass(frozen=True)
class Downloaded(Event):
    """How much of a file has arrived; ``total`` is 0 where the server does not say."""

    name: str
    done: int  # bytes
    total: int


@dataclasses.dataclass(frozen=True)
class WeightsReady(Event):
    path: Path
