import math

import pytest
import torch
from torch import nn

from tlstudio.training.optim import carry_over, make_optimizer, make_schedule


def layers() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))


def rates(
    kind, steps: int, warmup: float = 0.0, peaks: tuple[float, float] = (1.0, 0.5)
) -> list[list[float]]:
    """The rates of both layers in each step of a schedule."""
    network = layers()
    optimizer = make_optimizer(
        "sgd", network.named_parameters(), lambda name: peaks[int(name[0])], weight_decay=0.0
    )
    schedule = make_schedule(kind, optimizer, steps, warmup)
    seen: list[list[float]] = []
    for _ in range(steps):
        seen.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
    return seen


def test_that_a_group_is_made_for_each_rate_and_the_highest_comes_first():
    optimizer = make_optimizer(
        "adamw", layers().named_parameters(), lambda name: {"0": 0.1, "1": 0.5}[name[0]], weight_decay=0.01
    )
    groups = [(group["lr"], group["weight_decay"], len(group["params"])) for group in optimizer.param_groups]
    assert groups == [(0.5, 0.01, 1), (0.5, 0.0, 1), (0.1, 0.01, 1), (0.1, 0.0, 1)]


def test_that_cosine_falls_from_the_peak_to_nearly_nothing():
    seen = [rate for rate, _ in rates("cosine", 10)]
    assert seen == pytest.approx([(1 + math.cos(math.pi * step / 10)) / 2 for step in range(10)])


@pytest.mark.parametrize("kind", ["cosine", "constant", "one-cycle"])
def test_that_the_rate_climbs_to_its_peak_in_the_share_asked_for(kind):
    seen = [rate for rate, _ in rates(kind, 20, warmup=0.25)]
    assert seen[:6] == sorted(seen[:6])
    assert seen[0] < 0.3
    assert max(seen) == pytest.approx(1.0, rel=0.02)
    assert seen.index(max(seen)) in (4, 5)


@pytest.mark.parametrize("kind", ["cosine", "constant", "one-cycle"])
def test_that_every_group_keeps_its_proportion(kind):
    seen = rates(kind, 12, warmup=0.3, peaks=(0.01, 0.1))
    assert all(high == pytest.approx(10 * low) for high, low in seen)


def test_that_what_is_remembered_of_a_parameter_is_carried_over():
    network = layers()
    named = list(network.named_parameters())
    before = make_optimizer("adamw", named[2:], lambda _: 0.1, 0.0)
    network(torch.ones(1, 2)).sum().backward()
    before.step()
    after = make_optimizer("adamw", named, lambda _: 0.1, 0.0)
    carry_over(before, after)
    old, new = named[2][1], named[0][1]
    assert after.state[old]["exp_avg"] is before.state[old]["exp_avg"]
    assert new not in after.state
    after.step()
    assert after.state[old]["step"] == 2
    assert after.state[new]["step"] == 1
