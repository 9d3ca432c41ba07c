"""A lab's recommendation: one sentence, the evidence for it, and what could make it wrong.

Validation says which is first. Of those that the test images cannot tell apart from it, the quickest is
recommended: more time would buy what cannot be seen.
"""

from collections.abc import Mapping, Sequence

from tlstudio.evaluation.lab_events import Comparison, EntryResult, Recommendation, Summary
from tlstudio.evaluation.lab_pairs import Right, compared
from tlstudio.evaluation.metrics import Estimate

_SMALL = 0.05  # of top-1: people care about smaller differences than a wider interval can show
_TIMES = 1.1  # as long: below that two take about as long


def recommend(
    summaries: Sequence[Summary], right: Mapping[str, Right], results: Mapping[str, EntryResult]
) -> Recommendation | None:
    """What to use of groups that learned from equally many images; None without any.

    Args:
        right: by group, whether its entries are right about each test image.
        results: by entry, for which of a group's validation prefers.
    """
    if not summaries:
        return None
    leader = min(summaries, key=lambda one: (-one.val_top1, one.seconds))
    others = [one for one in summaries if one is not leader]
    against = {one.group: compared(leader.group, one.group, right) for one in others}
    alike = [leader, *(one for one in others if _no_worse(against[one.group]))]
    winner = min(alike, key=lambda one: (one.seconds, one is not leader))
    images = next(iter(right.values())).shape[1]
    entry = max(winner.names, key=lambda name: (results[name].val_top1, -winner.names.index(name)))
    return Recommendation(
        winner.group,
        entry,
        _words(leader, winner, others, images),
        tuple(_evidence(leader, one, against[one.group]) for one in others),
        tuple(_cautions(leader, winner, others, against)),
    )


def _no_worse(comparison: Comparison) -> bool:
    return not comparison.apart or comparison.difference.value < 0


def _words(leader: Summary, winner: Summary, others: Sequence[Summary], images: int) -> str:
    counted = f"{images:,} test image{'s' * (images != 1)}"
    if not others:
        return f"Only {winner.title} was tried: {_interval(winner.top1)} of {counted} right."
    if winner is not leader:
        return (
            f"Use {winner.title}: it cannot be told apart from {leader.title}, which validation prefers, on "
            f"{counted} ({_per_cent(winner.top1)} and {_per_cent(leader.top1)} right), and is "
            f"{_cheaper(leader, winner)}."
        )
    quicker = [one for one in others if one.seconds < leader.seconds]
    if not quicker:
        return (
            f"Use {winner.title}: validation prefers it, nothing is quicker, and {_per_cent(winner.top1)} of "
            f"{counted} are right."
        )
    best = max(quicker, key=lambda one: one.top1.value)
    return (
        f"Use {winner.title}: validation prefers it, and with {_per_cent(winner.top1)} of {counted} right it "
        f"is better beyond chance than all that is quicker, the best of which is {best.title} with "
        f"{_per_cent(best.top1)}."
    )


def _evidence(leader: Summary, other: Summary, comparison: Comparison) -> str:
    verdict = "can be told apart" if comparison.apart else "cannot be told apart"
    gap = comparison.difference
    between = f"{_points(gap.low)} to {_points(gap.high)}"
    return (
        f"{leader.title} and {other.title}: {_per_cent(leader.top1)} and {_per_cent(other.top1)}, a "
        f"difference of {_points(gap.value)} points ({between}), p = {_p(comparison.p)}: "
        f"they {verdict}; {_seconds(leader)} and {_seconds(other)}."
    )


def _cautions(
    leader: Summary, winner: Summary, others: Sequence[Summary], against: Mapping[str, Comparison]
) -> list[str]:
    found: list[str] = []
    wide = (winner.top1.high - winner.top1.low) / 2
    if others and wide > _SMALL:
        found.append(
            f"The test images are few: figures are known to about {100 * wide:.0f} points either way, and "
            "what cannot be told apart need not be equal."
        )
    better = [one for one in others if against[one.group].apart and against[one.group].difference.value < 0]
    found.extend(
        f"On the test images {one.title} is better than {leader.title}, which validation prefers: the "
        "validation images may be too few to choose by."
        for one in better
    )
    quick = [one.title for one in (winner, *others) if one.known]
    if others and quick:
        found.append(
            f"The time of {', '.join(dict.fromkeys(quick))} is too short: what frozen layers or CLIP make of "
            "the images was known from before."
        )
    if others and all(len(one.names) == 1 for one in (leader, winner)):
        found.append("One seed each: with another the figures would be others.")
    return found


def _cheaper(leader: Summary, winner: Summary) -> str:
    if winner.known and not leader.known:  # how much quicker is not known
        return "quicker"
    times = leader.seconds / max(winner.seconds, 1e-9)
    if times < _TIMES:
        return "about as quick"
    return f"{times:.1f} times as quick" if times < 10 else f"{times:.0f} times as quick"


def _per_cent(one: Estimate) -> str:
    return f"{one.value:.1%}"


def _interval(one: Estimate) -> str:
    return f"{one.value:.1%} ({one.low:.1%} to {one.high:.1%})"


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _p(value: float) -> str:
    return "0.001 or less" if value <= 0.001 else f"{value:.2g}"


def _seconds(one: Summary) -> str:
    return f"{one.seconds:.1f} s" if one.seconds < 10 else f"{one.seconds:,.0f} s"
