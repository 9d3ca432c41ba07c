"""Classification metrics, against scikit-learn and by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics
from torchmetrics.functional.classification import multiclass_calibration_error

from tlstudio.evaluation.metrics import (
    NONE,
    Estimate,
    Metrics,
    class_curves,
    compare,
    confusion_matrix,
    measure,
    proportion,
    reliability,
    smallest_gap,
)


def some(images: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities that lean towards them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, images)
    logits = rng.normal(size=(images, classes))
    logits[np.arange(images), labels] += 1
    return labels, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


cases = st.builds(some, st.integers(1, 60), st.integers(2, 9), st.integers(0, 10_000))


def quick(labels: np.ndarray, probabilities: np.ndarray, predictions: np.ndarray | None = None) -> Metrics:
    return measure(labels, probabilities, predictions, draws=20)


@settings(max_examples=40, deadline=None)
@given(cases)
def test_that_every_metric_is_that_of_scikit_learn(case: tuple[np.ndarray, np.ndarray]):
    labels, probabilities = case
    found, answers = quick(labels, probabilities), probabilities.argmax(axis=1)
    classes = probabilities.shape[1]
    assert found.top1.value == pytest.approx(sklearn_metrics.accuracy_score(labels, answers), abs=1e-6)
    top = 1.0
    if classes > 5:
        top = sklearn_metrics.top_k_accuracy_score(labels, probabilities, k=5, labels=range(classes))
    assert found.top5.value == pytest.approx(top, abs=1e-6)
    columns = sklearn_metrics.precision_recall_fscore_support(
        labels, answers, labels=range(classes), zero_division=0
    )
    ours = [(score.precision, score.recall, score.f1, score.support) for score in found.classes]
    np.testing.assert_allclose(ours, np.transpose(columns), atol=1e-6)
    *macro, _ = sklearn_metrics.precision_recall_fscore_support(
        labels, answers, average="macro", zero_division=0
    )
    np.testing.assert_allclose(
        [found.macro_precision, found.macro_recall, found.macro_f1.value], macro, atol=1e-6
    )
    matrix = sklearn_metrics.confusion_matrix(labels, answers, labels=range(classes))
    np.testing.assert_array_equal(np.array(found.confusion)[:, :-1], matrix)


@settings(max_examples=25, deadline=None)
@given(cases, st.integers(0, 100))
def test_that_answers_that_are_none_of_the_classes_are_wrong_as_in_scikit_learn(
    case: tuple[np.ndarray, np.ndarray], seed: int
):
    labels, probabilities = case
    unsure = np.random.default_rng(seed).random(len(labels)) < 0.3
    answers = np.where(unsure, NONE, probabilities.argmax(axis=1))
    found, classes = quick(labels, probabilities, answers), probabilities.shape[1]
    assert found.top1.value == pytest.approx(np.mean(answers == labels), abs=1e-9)
    occurring = sorted({*labels.tolist(), *answers.tolist()} - {NONE})
    *macro, _ = sklearn_metrics.precision_recall_fscore_support(
        labels, answers, labels=occurring, average="macro", zero_division=0
    )
    np.testing.assert_allclose(
        [found.macro_precision, found.macro_recall, found.macro_f1.value], macro, atol=1e-6
    )
    matrix = np.array(found.confusion)
    assert matrix.shape == (classes, classes + 1)
    assert matrix.sum() == len(labels)
    np.testing.assert_array_equal(matrix[:, -1], np.bincount(labels[unsure], minlength=classes))


def test_that_an_answer_of_none_is_among_no_top_five():
    found = quick(np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([NONE, 1]))
    assert (found.top1.value, found.top5.value, found.top_k) == (0.5, 0.5, 2)


@settings(max_examples=25, deadline=None)
@given(cases, st.integers(1, 20))
def test_that_the_calibration_error_is_what_the_bins_show(case: tuple[np.ndarray, np.ndarray], bins: int):
    labels, probabilities = case
    probabilities[0] = np.eye(probabilities.shape[1])[0]  # certain, which belongs to the last bin
    found = measure(labels, probabilities, bins=bins, draws=5)
    gaps = sum(one.images * abs(one.confidence - one.accuracy) for one in found.bins) / found.images
    assert found.ece == pytest.approx(gaps, abs=1e-6)
    assert len(found.bins) == bins
    assert sum(one.images for one in found.bins) == len(labels)
    assert found.bins[-1].images >= 1


def test_that_the_calibration_error_is_that_of_torchmetrics():
    labels, probabilities = some(500, 7, 3)
    theirs = multiclass_calibration_error(torch.tensor(probabilities), torch.tensor(labels), 7, 15, "l1")
    assert quick(labels, probabilities).ece == pytest.approx(theirs.item(), abs=1e-6)


def test_that_a_bin_holds_its_images_mean_confidence_and_accuracy():
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.9, 0.1], [0.95, 0.05], [0.64, 0.36], [0.45, 0.55]])
    low, high = reliability(labels, probabilities, 10)[5:7]
    assert (low.images, low.accuracy, low.confidence) == (1, 1.0, pytest.approx(0.55))
    assert (high.images, high.accuracy, high.confidence) == (1, 0.0, pytest.approx(0.64))
    last = reliability(labels, probabilities, 10)[-1]
    assert (last.images, last.accuracy, last.confidence) == (2, 1.0, pytest.approx(0.925))


def test_that_the_interval_is_that_of_drawing_images_again():
    right = np.random.default_rng(0).random(200) < 0.7
    found = proportion(right, draws=20_000)
    drawn = np.random.default_rng(1).choice(right, (20_000, 200)).mean(axis=1)
    np.testing.assert_allclose([found.low, found.high], np.quantile(drawn, [0.025, 0.975]), atol=0.006)


def test_that_the_interval_of_macro_f1_is_that_of_drawing_images_again():
    labels, probabilities = some(120, 4, 5)
    answers = probabilities.argmax(axis=1)
    rng, drawn = np.random.default_rng(2), []
    for _ in range(600):
        rows = rng.integers(0, len(labels), len(labels))
        drawn.append(sklearn_metrics.f1_score(labels[rows], answers[rows], average="macro"))
    found = measure(labels, probabilities, draws=4000).macro_f1
    np.testing.assert_allclose([found.low, found.high], np.quantile(drawn, [0.025, 0.975]), atol=0.03)
    assert found.low < found.value < found.high


def test_that_intervals_are_the_same_each_time():
    labels, probabilities = some(50, 3, 1)
    assert quick(labels, probabilities) == quick(labels, probabilities)


def test_that_few_images_that_are_all_right_do_not_make_certain():
    found = proportion(np.ones(4, bool))
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.3976, abs=1e-3)
    none = proportion(np.zeros(4, bool))
    assert (none.value, none.low, none.high) == (0.0, 0.0, pytest.approx(1 - found.low))


def test_that_intervals_overlap_where_they_share_a_value():
    assert Estimate(0.5, 0.4, 0.6).overlaps(Estimate(0.65, 0.6, 0.7))
    assert not Estimate(0.5, 0.4, 0.6).overlaps(Estimate(0.8, 0.7, 0.9))


def test_that_two_classifiers_are_compared_by_the_images_that_only_one_gets_right():
    labels = np.zeros(20, int)
    first, second = np.zeros(20, int), np.zeros(20, int)
    first[:1], second[1:9] = 1, 1
    found = compare(labels, first, second)
    assert (found.only_first, found.only_second) == (8, 1)
    assert found.difference.value == pytest.approx(7 / 20)
    assert found.difference.low < 7 / 20 < found.difference.high
    assert found.p == pytest.approx(2 * (1 + 9) / 2**9)  # at most one of nine fair coins
    assert compare(labels, first, first).p == 1.0


def test_that_a_matrix_counts_rows_of_labels_and_columns_of_answers():
    found = confusion_matrix(np.array([0, 0, 1, 2]), np.array([1, NONE, 1, 0]), 3)
    np.testing.assert_array_equal(found, [[0, 1, 0, 1], [0, 1, 0, 0], [1, 0, 0, 0]])


def test_that_a_single_class_is_measured_too():
    found = quick(np.array([0, 0]), np.array([[0.9], [0.2]]), np.array([0, NONE]))
    assert (found.top1.value, found.top_k) == (0.5, 1)
    assert found.ece == pytest.approx(0.45, abs=1e-6)


@pytest.mark.parametrize(
    ("labels", "predictions"), [([], []), ([3], [0]), ([-1], [0]), ([0], [3]), ([0], [-2]), ([0, 1], [0])]
)
def test_that_what_does_not_fit_is_refused(labels: list[int], predictions: list[int]):
    probabilities = np.full((len(predictions), 3), 1 / 3)
    with pytest.raises(ValueError, match=r"fit|no image|none of"):
        measure(np.array(labels, int), probabilities, np.array(predictions, int))


@settings(max_examples=25, deadline=None)
@given(cases)
def test_that_curves_and_their_areas_are_those_of_scikit_learn(case: tuple[np.ndarray, np.ndarray]):
    labels, probabilities = case
    for label, curves in enumerate(class_curves(labels, probabilities)):
        truth, scores = labels == label, probabilities[:, label]
        if truth.all() or not truth.any():
            assert curves is None
            continue
        assert curves is not None
        false, true, _ = sklearn_metrics.roc_curve(truth, scores, drop_intermediate=False)
        np.testing.assert_allclose(curves.roc, np.stack([false, true], axis=1), atol=1e-6)
        precision, recall, _ = sklearn_metrics.precision_recall_curve(truth, scores)
        np.testing.assert_allclose(
            curves.pr[-len(recall) :], np.stack([recall, precision], axis=1), atol=1e-6
        )
        assert curves.auroc == pytest.approx(sklearn_metrics.roc_auc_score(truth, scores), abs=1e-6)
        expected = sklearn_metrics.average_precision_score(truth, scores)
        assert curves.average_precision == pytest.approx(expected, abs=1e-6)


def test_that_curves_of_many_images_are_thinned_but_their_areas_are_not():
    labels, probabilities = some(5_000, 2, 3)
    curves = class_curves(labels, probabilities)[1]
    assert curves is not None
    assert len(curves.roc) == len(curves.pr) == 500
    assert (curves.roc[0].tolist(), curves.roc[-1].tolist()) == ([0, 0], [1, 1])
    expected = sklearn_metrics.roc_auc_score(labels == 1, probabilities[:, 1])
    assert curves.auroc == pytest.approx(expected, abs=1e-6)


def test_that_curves_of_many_classes_can_be_stopped_between_two():
    asked: list[int] = []

    def stop() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        class_curves(*some(50, 9, 1), stop)
    assert len(asked) == 3


def test_that_the_smallest_gap_is_the_one_that_the_exact_test_believes():
    assert smallest_gap(60) == 6 / 60
    assert smallest_gap(3) == 1.0
    labels = np.zeros(60, int)
    worse = np.zeros(60, int)
    for mistakes, believed in ((5, False), (6, True)):
        worse[:mistakes] = 1
        assert (compare(labels, labels, worse).p < 0.05) is believed
