"""Temperature scaling: the one number that makes confidence honest."""

import numpy as np
import pytest
from scipy.special import log_softmax

from tlstudio.data.catalogue import ImageRecord
from tlstudio.evaluation.metrics import calibration_error
from tlstudio.evaluation.outcome import Outcome
from tlstudio.evaluation.temperature import fitted, scaled


def drawn(images: int, seed: int, sharper: float) -> Outcome:
    """Labels drawn from what the logits say, which are then made ``sharper`` than they should be."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(images, 4)) * 2
    honest = np.exp(log_softmax(logits, axis=1))
    labels = [int(rng.choice(4, p=row)) for row in honest]
    records = tuple(ImageRecord(f"{n}.png", label, 8, 8, 1, "val") for n, label in enumerate(labels))
    return Outcome(records, log_softmax(logits * sharper, axis=1).astype(np.float32))


@pytest.mark.parametrize("sharper", [3.0, 0.5])
def test_that_the_temperature_undoes_what_was_sharpened(sharper: float):
    found = fitted(drawn(2_000, 1, sharper), drawn(2_000, 2, sharper))
    assert found.value == pytest.approx(sharper, rel=0.1)
    assert not found.limited
    assert found.ece_after < found.ece_before / 2
    assert found.loss_after < found.loss_before


def test_that_the_errors_on_test_are_those_of_the_scaled_probabilities():
    test = drawn(200, 4, 2.0)
    found = fitted(drawn(200, 3, 2.0), test)
    after = np.exp(scaled(test.log_probabilities, found.value))
    np.testing.assert_allclose(after.sum(axis=1), 1, atol=1e-6)
    assert found.ece_before == calibration_error(test.labels, test.probabilities)
    assert found.ece_after == calibration_error(test.labels, after)
    assert sum(one.images for one in found.bins) == 200


def test_that_no_answer_changes():
    outcome = drawn(100, 5, 2.0)
    np.testing.assert_array_equal(scaled(outcome.log_probabilities, 3.7).argmax(axis=1), outcome.answers)


def test_that_a_validation_set_without_a_mistake_sets_no_temperature():
    records = tuple(ImageRecord(f"{n}.png", n % 2, 8, 8, 1, "val") for n in range(10))
    sure = np.log([[0.9, 0.1] if n % 2 == 0 else [0.1, 0.9] for n in range(10)]).astype(np.float32)
    found = fitted(Outcome(records, sure), drawn(50, 6, 1.0))
    assert (found.limited, found.value) == (True, 1.0)
    assert found.ece_after == pytest.approx(found.ece_before, abs=1e-6)
