import itertools
from pathlib import Path

import numpy as np
import pytest

from tests.training.test_trainer import config, of
from tlstudio.errors import BadInput, Stopped
from tlstudio.events import Control, Event, Notice
from tlstudio.training import lr_finder
from tlstudio.training.events import LrSuggested, LrTried
from tlstudio.training.lr_finder import HIGHEST, LOWEST, STEPS, find_lr, steepest


def sweep(dataset: Path, **more: object) -> list[Event]:
    fields = {"arch": "efficientnet_lite0", "weights": "bundled", "augmentation": "none", **more}
    return list(find_lr(config(dataset, **fields), Control()))


def test_that_the_rates_rise_by_the_same_factor_each_step(dataset: Path):
    tried = of(sweep(dataset), LrTried)
    assert tried[0].lr == LOWEST
    assert tried[-1].lr <= HIGHEST
    factors = [after.lr / before.lr for before, after in itertools.pairwise(tried)]
    assert factors == pytest.approx([(HIGHEST / LOWEST) ** (1 / (STEPS - 1))] * len(factors))


def test_that_one_suggestion_within_the_sweep_comes_last(dataset: Path):
    events = sweep(dataset)
    rates = [tried.lr for tried in of(events, LrTried)]
    (suggested,) = of(events, LrSuggested)
    assert events[-1] is suggested
    assert rates[0] < suggested.lr < rates[-1]


def test_that_the_sweep_ends_where_the_loss_diverges(dataset: Path):
    losses = [tried.loss for tried in of(sweep(dataset, strategy="partial"), LrTried)]
    assert len(losses) < STEPS
    assert all(loss <= 4 * min(losses[: step + 1]) for step, loss in enumerate(losses))


def test_that_the_same_seed_gives_the_same_curve_and_another_seed_another(dataset: Path):
    first, again, other = (of(sweep(dataset, seed=seed), LrTried) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_that_a_stop_ends_the_sweep_at_once(dataset: Path):
    control = Control()
    events: list[Event] = []
    with pytest.raises(Stopped):
        for event in find_lr(config(dataset), control):
            events.append(event)
            if isinstance(event, LrTried):
                control.stop()
    assert len(of(events, LrTried)) == 1


def test_that_a_sweep_leaves_no_run_and_no_half_of_the_features(dataset: Path, home: Path):
    events = find_lr(config(dataset), Control())
    next(event for event in events if isinstance(event, LrTried))
    events.close()
    assert not (home / "data" / "runs").exists()
    assert not list((home / "cache").rglob("*.part"))


def test_that_a_model_used_as_it_is_has_no_rate_to_find(dataset: Path):
    with pytest.raises(BadInput, match="no learning rate"):
        sweep(dataset, strategy="as-is")


def test_that_a_loss_that_falls_nowhere_is_said_and_nothing_suggested(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lr_finder, "steepest", lambda _rates, _losses: None)
    events = sweep(dataset)
    assert of(events, LrSuggested) == []
    assert isinstance(events[-1], Notice)


RATES = np.geomspace(1e-6, 10, 100)


def test_that_the_steepest_descent_is_found_through_noise():
    falling = 2 / (1 + (RATES / 1e-2) ** 2)  # steepest, over the logarithm, at 1e-2
    noise = np.random.default_rng(0).normal(0, 0.05, len(RATES))
    found = steepest(RATES, falling + noise)
    assert found is not None
    assert abs(np.log10(found) + 2) < 0.25


@pytest.mark.parametrize("losses", [np.linspace(1, 3, 100), [2.0] * 5])
def test_that_a_loss_that_only_rises_or_a_sweep_too_short_has_no_steepest_descent(losses: list[float]):
    assert steepest(RATES[: len(losses)], losses) is None
