"""What the finished entries of a lab say together: figures over seeds, curves, and who is worth the time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from tlstudio.config import Strategy
from tlstudio.evaluation.lab_advice import recommend
from tlstudio.evaluation.lab_config import ZERO_SHOT, LabEntry, by_group
from tlstudio.evaluation.lab_events import (
    WATTS_A_CORE,
    Curve,
    EntryResult,
    LabReading,
    Summary,
    SweepPoint,
)
from tlstudio.evaluation.lab_pairs import Right, mean_over_seeds
from tlstudio.evaluation.lab_store import LabFolder

_DEPTHS = (Strategy.FEATURE_EXTRACTION.value, Strategy.PARTIAL.value, Strategy.FULL.value)
_HEAD = "head"


def read_lab(lab: LabFolder) -> LabReading:
    """What can be said of a lab by now; entries that are not finished have no part in it.

    Raises:
        BadInput: the answers that were kept are damaged.
    """
    labels, results = lab.labels, lab.state.results
    summaries: list[Summary] = []
    right: dict[str, Right] = {}
    for group, members in by_group(lab.entries).items():
        done = [entry for entry in members if entry.name in results]
        if done:
            done.sort(key=lambda entry: entry.seed)
            right[group] = np.stack([lab.answers(entry.name) == labels for entry in done])
            summaries.append(summarise(done, [results[entry.name] for entry in done], right[group]))
    summaries.sort(key=lambda one: (-_many(one.per_class), -one.val_top1, one.seconds))
    comparable = _comparable(summaries)
    return LabReading(
        len(labels),
        tuple(summaries),
        pareto(comparable),
        _depth_curves(summaries, lab.state.blocks),
        _label_curves(summaries),
        recommend(comparable, right, results),
    )


def summarise(entries: Sequence[LabEntry], results: Sequence[EntryResult], right: Right) -> Summary:
    """The entries of one group, in the order of their seeds."""
    first, tops = entries[0], right.mean(axis=1)
    cpu = [one.cpu_seconds for one in results if one.cpu_seconds is not None]
    joules = WATTS_A_CORE * max(cpu) if len(cpu) == len(results) else None
    epochs = [one.epochs for one in results if one.epochs is not None]
    return Summary(
        group=first.group,
        title=first.title,
        network=first.network,
        what=first.what,
        method=first.method,
        arch=first.arch,
        blocks=first.blocks,
        per_class=first.per_class,
        names=tuple(entry.name for entry in entries),
        top1s=tuple(tops.tolist()),
        top1=mean_over_seeds(right),
        deviation=float(np.std(tops, ddof=1)) if len(tops) > 1 else None,
        val_top1=float(np.mean([one.val_top1 for one in results])),
        seconds=max(one.seconds for one in results),
        energy_wh=joules / 3600 if joules is not None else None,
        trained_parameters=max(one.trained_parameters for one in results),
        peak_memory_mb=max(
            (one.peak_memory_mb for one in results if one.peak_memory_mb is not None), default=None
        ),
        epochs=max(epochs) if epochs else None,
        known=all(one.known for one in results),
    )


# Fronts and curves


def pareto(summaries: Iterable[Summary]) -> tuple[str, ...]:
    """The groups that no other is at least as good and as quick as, and better in one; quickest first."""
    front: list[str] = []
    best = -1.0
    for one in sorted(summaries, key=lambda one: (one.seconds, -one.top1.value)):
        if one.top1.value > best:
            front.append(one.group)
            best = one.top1.value
    return tuple(front)


def _comparable(summaries: Sequence[Summary]) -> tuple[Summary, ...]:
    """Those that learned from the most images, and what learned from none: no others are set side by side."""
    most = max((_many(one.per_class) for one in summaries if one.method != ZERO_SHOT), default=0)
    return tuple(one for one in summaries if one.method == ZERO_SHOT or _many(one.per_class) == most)


def _many(per_class: int | None) -> float:
    return np.inf if per_class is None else per_class


def _depth_curves(summaries: Sequence[Summary], blocks: Mapping[str, Sequence[str]]) -> tuple[Curve, ...]:
    found = defaultdict[tuple[str, int | None], list[SweepPoint]](list)
    for one in summaries:
        if one.method in _DEPTHS:
            names = blocks[one.arch]
            depth = {"feature-extraction": 0, "full": len(names)}.get(one.method, one.blocks)
            block = names[len(names) - depth] if depth else _HEAD
            found[one.network, one.per_class].append(SweepPoint(one.group, depth, block, one.top1))
    return tuple(
        Curve(network, tuple(sorted(points, key=lambda point: point.value or 0)))
        for (network, _), points in found.items()
        if len(points) > 2
    )


def _label_curves(summaries: Sequence[Summary]) -> tuple[Curve, ...]:
    found = defaultdict[str, list[SweepPoint]](list)
    for one in summaries:
        if one.method != ZERO_SHOT:
            found[one.what].append(SweepPoint(one.group, one.per_class, "", one.top1))
    return tuple(
        Curve(what, tuple(sorted(points, key=lambda point: _many(point.value))))
        for what, points in found.items()
        if len(points) > 1
    )
