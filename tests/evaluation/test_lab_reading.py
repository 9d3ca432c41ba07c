"""What a lab's figures are read as: who can be told apart, what is worth its time, what to use."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest

from tlstudio.config import DataConfig, RunConfig
from tlstudio.evaluation.lab_advice import recommend
from tlstudio.evaluation.lab_config import LabConfig, LabEntry, by_group, choices_of, entries_of
from tlstudio.evaluation.lab_events import EntryResult, Recommendation, Summary
from tlstudio.evaluation.lab_pairs import compared, mean_over_seeds, signs_test
from tlstudio.evaluation.lab_reading import pareto, summarise
from tlstudio.evaluation.metrics import Estimate, proportion

IMAGES = 60
Right = NDArray[np.bool_]


def right(*wrong: range) -> Right:
    """A row a seed: all of the images right but these."""
    rows = np.ones((len(wrong), IMAGES), np.bool_)
    for row, places in zip(rows, wrong, strict=True):
        row[list(places)] = False
    return rows


class Made:
    """Groups of a made-up lab, by strategy: what each is right about, and its figures."""

    def __init__(self, seeds: int = 1) -> None:
        base = RunConfig(data=DataConfig(root="x"))
        words = ["feature-extraction", "partial", "full"]
        entries = entries_of(LabConfig(base=base, choices=choices_of(words), seeds=seeds))
        self._entries = {members[0].method: members for members in by_group(entries).values()}
        self.right: dict[str, Right] = {}
        self.results: dict[str, EntryResult] = {}
        self.summaries: list[Summary] = []

    def add(self, method: str, rows: Right, val_top1: float, seconds: float) -> str:
        members: tuple[LabEntry, ...] = self._entries[method]
        results = [
            EntryResult(entry.name, proportion(row), val_top1, seconds, seconds, 10, 500.0, 4, 2)
            for entry, row in zip(members, rows, strict=True)
        ]
        self.right[members[0].group] = rows
        self.results |= {one.entry: one for one in results}
        self.summaries.append(summarise(members, results, rows))
        return members[0].group

    def advice(self) -> Recommendation:
        found = recommend(self.summaries, self.right, self.results)
        assert found is not None
        return found


# What to use


def test_that_of_two_that_cannot_be_told_apart_the_quicker_is_recommended():
    made = Made()
    quick = made.add("feature-extraction", right(range(4)), 0.93, 10)
    made.add("full", right(range(3)), 0.95, 80)
    advice = made.advice()
    assert advice.group == quick
    assert advice.words == (
        "Use feature extraction: it cannot be told apart from full fine-tuning, which validation prefers, on "
        "60 test images (93.3% and 95.0% right), and is 8.0 times as quick."
    )
    assert len(advice.evidence) == 1
    assert advice.evidence[0].startswith(
        "full fine-tuning and feature extraction: 95.0% and 93.3%, a difference of +1.7 points ("
    )
    assert advice.evidence[0].endswith("p = 1: they cannot be told apart; 80 s and 10 s.")
    assert advice.caution[0].startswith("The test images are few: figures are known to about")
    assert advice.caution[-1] == "One seed each: with another the figures would be others."


def test_that_what_is_better_beyond_chance_is_worth_its_time():
    made = Made()
    made.add("feature-extraction", right(range(25)), 0.6, 10)
    best = made.add("full", right(range(3)), 0.95, 80)
    advice = made.advice()
    assert advice.group == best
    assert advice.words == (
        "Use full fine-tuning: validation prefers it, and with 95.0% of 60 test images right it is better "
        "beyond chance than all that is quicker, the best of which is feature extraction with 58.3%."
    )


def test_that_what_is_preferred_and_quickest_is_recommended_for_that():
    made = Made()
    made.add("partial", right(range(4)), 0.9, 40)
    made.add("feature-extraction", right(range(3)), 0.95, 10)
    assert made.advice().words == (
        "Use feature extraction: validation prefers it, nothing is quicker, and 95.0% of 60 test images are "
        "right."
    )


def test_that_a_single_strategy_is_not_praised():
    made = Made()
    made.add("full", right(range(3)), 0.95, 10)
    words = made.advice().words
    assert words.startswith("Only full fine-tuning was tried: 95.0% (")


def test_that_a_test_set_that_contradicts_validation_is_told():
    made = Made()
    made.add("full", right(range(30)), 0.95, 10)
    made.add("partial", right(range(3)), 0.9, 20)
    assert any(
        "partial fine-tuning of 1 block is better than full fine-tuning, which validation prefers" in one
        for one in made.advice().caution
    )


def test_that_the_entry_that_validation_prefers_is_the_one_to_go_on_with():
    made = Made(seeds=2)
    group = made.add("full", right(range(3), range(4)), 0.9, 10)
    second = made.summaries[0].names[1]
    made.results[second] = dataclasses.replace(made.results[second], val_top1=0.95)
    assert (made.advice().group, made.advice().entry) == (group, second)


def test_that_nothing_is_recommended_where_nothing_is_finished():
    assert recommend((), {}, {}) is None


def test_that_a_time_that_profits_from_what_was_known_before_is_not_boasted_of():
    made = Made()
    made.add("feature-extraction", right(range(4)), 0.93, 1)
    made.add("full", right(range(3)), 0.95, 80)
    made.summaries[0] = dataclasses.replace(made.summaries[0], known=True)
    advice = made.advice()
    assert advice.words.endswith("(93.3% and 95.0% right), and is quicker.")
    assert any(one.startswith("The time of feature extraction is too short") for one in advice.caution)


# Pairs


@pytest.mark.parametrize("only_first, only_second", [(8, 1), (5, 5), (0, 6), (0, 5), (0, 0), (13, 3)])
def test_that_two_entries_are_compared_by_mcnemars_exact_test(only_first: int, only_second: int):
    one, other = right(range(only_second)), right(range(30, 30 + only_first))
    found = compared("a", "b", {"a": one, "b": other})
    counted = only_first + only_second
    assert found.p == pytest.approx(binomtest(only_first, counted).pvalue if counted else 1)
    assert found.difference.value == pytest.approx((only_first - only_second) / IMAGES)
    assert found.apart == (found.p < 0.05)


def test_that_the_test_for_several_seeds_is_mcnemars_where_they_agree():
    difference = np.zeros(IMAGES)
    difference[:9], difference[9:12] = 1, -1
    assert signs_test(difference) == pytest.approx(binomtest(9, 12).pvalue, abs=0.01)
    assert signs_test(np.zeros(IMAGES)) == 1


def test_that_groups_whose_seeds_overlap_are_not_told_apart():
    one, other = right(range(1), range(25)), right(range(20), range(22))
    assert not compared("a", "b", {"a": one, "b": other}).apart
    one = right(range(1), range(3))
    assert compared("a", "b", {"a": one, "b": other}).apart


def test_that_the_interval_over_seeds_is_of_the_mean_and_narrower_than_a_single_seeds():
    rng = np.random.default_rng(0)
    rows = rng.random((4, 200)) < 0.8
    found, single = mean_over_seeds(rows), proportion(rows[0])
    assert found.value == pytest.approx(rows.mean())
    assert found.low < found.value < found.high
    assert found.high - found.low < single.high - single.low


def test_that_a_single_seed_has_the_interval_of_its_proportion():
    rows = right(range(7))
    assert mean_over_seeds(rows) == proportion(rows[0])
    assert mean_over_seeds(np.ones((2, IMAGES), np.bool_)) == proportion(np.ones(IMAGES, np.bool_))


# Figures over seeds, and the front


def test_that_a_summary_is_the_mean_over_seeds_and_the_cost_of_the_dearest():
    made = Made(seeds=2)
    made.add("full", right(range(6), range(12)), 0.9, 36)
    (one,) = made.summaries
    assert one.top1s == (0.9, 0.8)
    assert one.top1.value == pytest.approx(0.85)
    assert one.deviation == pytest.approx(np.std([0.9, 0.8], ddof=1))
    assert (one.seconds, one.epochs, one.trained_parameters, one.peak_memory_mb) == (36, 4, 10, 500)
    assert one.energy_wh == pytest.approx(36 * 10 / 3600)


@pytest.mark.parametrize(
    "points, front",
    [
        ([(10, 0.9), (20, 0.95), (30, 0.93), (5, 0.5)], [3, 0, 1]),
        ([(10, 0.9), (10, 0.95), (20, 0.95)], [1]),
        ([(1, 0.0)], [0]),
        ([(3, 0.5), (2, 0.5), (4, 0.6)], [1, 2]),
    ],
)
def test_that_the_front_holds_what_nothing_is_both_quicker_and_better_than(
    points: list[tuple[float, float]], front: list[int]
):
    made = Made()
    made.add("full", right(range(3)), 0.9, 1)
    summaries = [
        dataclasses.replace(
            made.summaries[0], group=str(number), seconds=seconds, top1=Estimate(top1, top1, top1)
        )
        for number, (seconds, top1) in enumerate(points)
    ]
    assert pareto(summaries) == tuple(map(str, front))
