"""Tip-Adapter, and the linear probe."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tlstudio.errors import Stopped
from tlstudio.events import Control
from tlstudio.zeroshot import few_shot_heads
from tlstudio.zeroshot.few_shot_heads import (
    ALPHAS,
    BETAS,
    STRENGTHS,
    Cache,
    LinearProbe,
    TipAdapter,
)

SCALE, CLASSES = 30.0, 3


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def some(images: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(CLASSES, 6))
    labels = rng.integers(0, CLASSES, images)
    return unit(centres[labels] + rng.normal(scale=1.1, size=(images, 6))), labels


TEXT = unit(
    np.random.default_rng(99).normal(size=(CLASSES, 6)) + np.random.default_rng(5).normal(size=(3, 6))
)
TRAIN, VAL, TEST = some(12, 1), some(40, 2), some(30, 3)


def directly(image: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """The paper's formula, one image and one key at a time."""
    logits = [SCALE * float(image @ text) for text in TEXT]
    for key, label in zip(*TRAIN, strict=True):
        logits[label] += alpha * np.exp(-beta * (1 - float(image @ key)))
    return np.array(logits)


def test_that_tip_adapter_is_the_papers_formula_with_what_validation_chose():
    head = TipAdapter(Cache(*TRAIN, TEXT, SCALE), *VAL, Control())
    best = max(
        ((np.mean([directly(v, a, b).argmax() == y for v, y in zip(*VAL, strict=True)]), -a, -b))
        for a in ALPHAS
        for b in BETAS
    )
    assert head.chosen == {"alpha": -best[1], "beta": -best[2]}
    assert head.val_top1 == pytest.approx(best[0])
    assert head.chosen["alpha"] > 0
    expected = [directly(image, **head.chosen).argmax() for image in TEST[0]]
    assert head.predict(TEST[0]).tolist() == expected


def test_that_much_is_remembered_part_by_part_alike(monkeypatch: pytest.MonkeyPatch):
    cache = Cache(*TRAIN, TEXT, SCALE)
    whole = cache.remembered(TEST[0], 3.0)
    monkeypatch.setattr(few_shot_heads, "_AT_ONCE", 30)
    np.testing.assert_allclose(cache.remembered(TEST[0], 3.0), whole, rtol=1e-6)


def test_that_a_cache_that_teaches_nothing_leaves_zero_shot():
    cache = Cache(TRAIN[0], TRAIN[1], TEXT, SCALE)
    said = cache.zero_shot(VAL[0]).argmax(axis=1)
    head = TipAdapter(cache, VAL[0], said, Control())  # validation finds zero-shot perfect
    assert head.chosen == {"alpha": 0.0, "beta": BETAS[0]}
    assert head.predict(TEST[0]).tolist() == cache.zero_shot(TEST[0]).argmax(axis=1).tolist()


def test_that_the_linear_probe_is_logistic_regression_with_the_c_that_validation_chose():
    head = LinearProbe(*TRAIN, *VAL, Control())
    scores = [LogisticRegression(C=strength, max_iter=1000).fit(*TRAIN).score(*VAL) for strength in STRENGTHS]
    assert head.val_top1 == pytest.approx(max(scores))
    assert head.chosen == {"C": STRENGTHS[int(np.argmax(scores))]}
    model = LogisticRegression(C=head.chosen["C"], max_iter=1000).fit(*TRAIN)
    assert head.predict(TEST[0]).tolist() == model.predict(TEST[0]).tolist()


@pytest.mark.parametrize(
    "head",
    [lambda c: TipAdapter(Cache(*TRAIN, TEXT, SCALE), *VAL, c), lambda c: LinearProbe(*TRAIN, *VAL, c)],
)
def test_that_choosing_can_be_stopped(head):
    control = Control()
    control.stop()
    with pytest.raises(Stopped):
        head(control)
