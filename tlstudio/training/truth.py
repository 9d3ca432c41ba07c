"""The truth about freezing as a run's folder keeps it: what held of each layer, how far each block moved."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from tlstudio.errors import BadInput
from tlstudio.runs.store import RunFolder
from tlstudio.training.events import BlockMoved, BlocksMoved, FreezeStated, LayerStated

LAYERS_FILE = "layers.jsonl"

_E = TypeVar("_E", FreezeStated, BlocksMoved)
_P = TypeVar("_P", LayerStated, BlockMoved)


@dataclasses.dataclass(frozen=True)
class Truth:
    """What is kept of a run: what was stated by stage, from 0, and what moved by epoch, from 1."""

    stated: Mapping[int, FreezeStated]
    moved: Mapping[int, BlocksMoved]


def keep(run: RunFolder, event: _E) -> _E:
    """Add ``event`` to the run's folder, and hand it on.

    Raises:
        OSError: it cannot be written.
    """
    run.append(LAYERS_FILE, event.as_json())
    return event


def kept(run: RunFolder) -> Truth:
    """What there is, nothing for a run of an earlier version; of an epoch that was repeated, the last.

    Raises:
        BadInput: the file is damaged.
    """
    stated: dict[int, FreezeStated] = {}
    moved: dict[int, BlocksMoved] = {}
    rows = run.rows(LAYERS_FILE)
    try:
        for row in rows:
            match row["event"]:
                case "freeze_stated":
                    layers = tuple(_part(LayerStated, layer) for layer in row["layers"])
                    stated[int(row["stage"])] = FreezeStated(int(row["stage"]), layers)
                case "blocks_moved":
                    blocks = tuple(_part(BlockMoved, block) for block in row["blocks"])
                    moved[int(row["epoch"])] = BlocksMoved(int(row["epoch"]), blocks)
                case other:
                    raise ValueError(other)
    except (LookupError, TypeError, ValueError) as error:
        raise BadInput(
            f"{run.path / LAYERS_FILE} is damaged.",
            "The files of a run belong together; copy its whole folder again.",
        ) from error
    return Truth(stated, moved)


def _part(kind: type[_P], row: dict[str, Any]) -> _P:
    """``row`` as an event's part, if each field has the type that it should."""
    part = kind(**row)
    for field in dataclasses.fields(part):
        plain = field.type if isinstance(field.type, type) else str
        if not isinstance(getattr(part, field.name), plain):
            raise TypeError(field.name)
    return part
