"""Images by what a model says of them."""

import numpy as np
import pytest

from tlstudio.data.catalogue import ImageRecord
from tlstudio.evaluation.metrics import reliability
from tlstudio.evaluation.outcome import Order, Outcome, Wanted

PROBABILITIES = np.array(
    [[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.05, 0.05, 0.9], [0.34, 0.33, 0.33], [0.0, 0.4, 0.6]], np.float32
)
LABELS = (0, 0, 1, 2, 2)


@pytest.fixture
def outcome() -> Outcome:
    images = tuple(ImageRecord(f"{n}.png", label, 8, 8, 1, "test") for n, label in enumerate(LABELS))
    return Outcome(images, np.log(np.maximum(PROBABILITIES, 1e-30)))


def rows(outcome: Outcome, **wanted: object) -> list[int]:
    return outcome.rows(Wanted(**wanted)).tolist()  # type: ignore[arg-type]


def test_that_the_most_confident_mistakes_come_first(outcome: Outcome):
    assert rows(outcome, right=False) == [2, 1, 3]


def test_that_a_cell_of_the_matrix_has_its_images(outcome: Outcome):
    assert rows(outcome, label=0, answer=1) == [1]
    assert rows(outcome, label=2, answer=0) == [3]
    assert rows(outcome, label=1, answer=0) == []


def test_that_a_class_is_asked_for_by_label_or_by_answer(outcome: Outcome):
    assert sorted(rows(outcome, label=2)) == [3, 4]
    assert sorted(rows(outcome, answer=2)) == [2, 4]


def test_that_some_images_can_be_asked_for_by_their_places(outcome: Outcome):
    assert rows(outcome, places=frozenset({4, 0, 2})) == [0, 2, 4]
    assert rows(outcome, places=frozenset({4, 0, 2}), right=False) == [2]
    assert rows(outcome, places=frozenset()) == []


def test_that_losses_and_uncertainty_order_differently(outcome: Outcome):
    assert rows(outcome, order=Order.LOSS)[:3] == [2, 1, 3]
    assert rows(outcome, order=Order.UNCERTAIN)[0] == 3
    assert rows(outcome, order=Order.NAME) == [0, 1, 2, 3, 4]


def test_that_entropy_is_highest_for_what_is_undecided(outcome: Outcome):
    assert outcome.entropies[3] == pytest.approx(np.log(3), abs=1e-3)
    assert outcome.entropies.min() >= 0


def test_that_the_bins_of_the_diagram_share_the_images_out(outcome: Outcome):
    bins = reliability(outcome.labels, outcome.probabilities)
    found = [rows(outcome, confidence=(one.low, one.high)) for one in bins]
    assert [len(one) for one in found] == [one.images for one in bins]
    assert sorted(row for one in found for row in one) == [0, 1, 2, 3, 4]


def test_that_what_is_certain_is_in_the_last_bin():
    certain = Outcome((ImageRecord("a.png", 0, 8, 8, 1, "test"),), np.array([[0.0, -90.0]], np.float32))
    assert rows(certain, confidence=(14 / 15, 1.0)) == [0]


def test_that_the_likeliest_classes_are_ranked(outcome: Outcome):
    assert [label for label, _ in outcome.ranked(1, 2)] == [1, 0]
    assert outcome.ranked(1, 1)[0][1] == pytest.approx(0.7)
