"""Directions become scores."""

import dataclasses

import numpy as np
import pytest

from tlstudio.inference.results import NONE, winners
from tlstudio.zeroshot.events import Asked
from tlstudio.zeroshot.scoring import score


def _rows(*angles: float) -> np.ndarray:
    return np.array([[np.cos(angle), np.sin(angle)] for angle in angles], np.float32)


ASKED = Asked(("right", "up"), _rows(0, np.pi / 2), _rows(np.pi / 4), 10.0, None, False, 0.0)


def test_that_the_scores_of_an_image_sum_to_one_and_the_nearest_class_wins() -> None:
    scores = score(_rows(0.1, 1.5, np.pi / 4), ASKED)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(scores[2], 0.5, atol=1e-6)
    assert winners(scores[:2], ASKED).tolist() == [0, 1]
    assert scores.dtype == np.float32


def test_that_an_independent_class_is_compared_with_anything_at_all() -> None:
    asked = dataclasses.replace(ASKED, independent=True)
    images = _rows(0.1, 1.2, -2.0)
    scores = score(images, asked)
    neutral = images @ asked.neutral[0]
    expected = 1 / (1 + np.exp(-10 * (images @ asked.vectors.T - neutral[:, None])))
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    assert (score(_rows(-2.0), dataclasses.replace(asked, neutral=_rows(np.pi)))[0] < 0.5).any()


def test_that_a_model_with_a_bias_scores_by_it_whether_or_not_it_was_asked_to() -> None:
    for independent in (False, True):
        asked = dataclasses.replace(ASKED, logit_bias=-4.0, independent=independent)
        expected = 1 / (1 + np.exp(-(10 * (_rows(0.3) @ ASKED.vectors.T) - 4)))
        np.testing.assert_allclose(score(_rows(0.3), asked), expected, atol=1e-6)


@pytest.mark.parametrize(("threshold", "winner"), [(0.0, 0), (0.4, 0), (0.7, NONE)])
def test_that_below_the_threshold_an_image_shows_none(threshold: float, winner: int) -> None:
    asked = dataclasses.replace(ASKED, threshold=threshold)
    scores = np.array([[0.6, 0.4]], np.float32)
    assert winners(scores, asked).tolist() == [winner]


def test_that_no_images_have_no_scores() -> None:
    assert score(np.empty((0, 2), np.float32), ASKED).shape == (0, 2)
