"""Optimisers and learning-rate schedules, one pair a stage."""

import math
from collections.abc import Callable, Iterable
from typing import Literal

from torch import nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

# Of a one-cycle schedule, the share of steps in which the rate climbs, if nothing else is asked: torch's own.
_ONE_CYCLE_CLIMB = 0.3


def make_optimizer(
    kind: Literal["adamw", "sgd"],
    parameters: Iterable[tuple[str, nn.Parameter]],
    rate_of: Callable[[str], float],
    weight_decay: float,
) -> Optimizer:
    """An optimiser of these parameters, a group for each learning rate, the highest rate first.

    Biases and norms (one dimension) are not decayed, as is usual. Each group knows its ``peak``, the rate
    that a schedule varies.

    Args:
        rate_of: the learning rate of the parameter of this name.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in parameters:
        decay = weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate_of(name), decay), []).append(parameter)
    described = [
        {"params": members, "lr": rate, "peak": rate, "weight_decay": decay}
        for (rate, decay), members in sorted(groups.items(), key=lambda group: group[0], reverse=True)
    ]
    if kind == "adamw":
        return AdamW(described)
    return SGD(described, momentum=0.9, nesterov=True)


def make_schedule(
    kind: Literal["cosine", "constant", "one-cycle"], optimizer: Optimizer, steps: int, warmup: float
) -> LRScheduler:
    """A learning rate for each of ``steps`` optimiser steps, each group's peak at its highest.

    Args:
        warmup: the share of the steps in which the rate climbs to its peak.
    """
    if kind == "one-cycle":
        peaks = [group["peak"] for group in optimizer.param_groups]
        climb = warmup or _ONE_CYCLE_CLIMB
        return OneCycleLR(optimizer, max_lr=peaks, total_steps=steps + 1, pct_start=climb)
    climbing = round(steps * warmup)

    def factor(step: int) -> float:
        if step < climbing:
            return (step + 1) / (climbing + 1)
        if kind == "constant":
            return 1.0
        return (1 + math.cos(math.pi * (step - climbing) / max(1, steps - climbing))) / 2

    return LambdaLR(optimizer, factor)


def carry_over(before: Optimizer, after: Optimizer) -> None:
    """Let ``after`` go on with what ``before`` remembers of the parameters that both change."""
    for group in after.param_groups:
        for parameter in group["params"]:
            if parameter in before.state:
                after.state[parameter] = before.state[parameter]
