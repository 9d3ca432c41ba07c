"""Optimisers and learning-rate schedules, one pair a stage."""

from collections.abc import Iterable
from typing import Literal

from torch import nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LRScheduler, OneCycleLR


def make_optimizer(
    kind: Literal["adamw", "sgd"],
    parameters: Iterable[tuple[str, nn.Parameter]],
    lr: float,
    weight_decay: float,
) -> Optimizer:
    """An optimiser of these parameters; biases and norms (one dimension) are not decayed, as is usual."""
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for _, parameter in parameters:
        (decayed if parameter.ndim > 1 else plain).append(parameter)
    groups = [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if kind == "adamw":
        return AdamW(groups, lr=lr)
    return SGD(groups, lr=lr, momentum=0.9, nesterov=True)


def make_schedule(
    kind: Literal["cosine", "constant", "one-cycle"], optimizer: Optimizer, lr: float, steps: int
) -> LRScheduler:
    """A learning rate for each of ``steps`` optimiser steps, ``lr`` at its highest."""
    match kind:
        case "cosine":
            return CosineAnnealingLR(optimizer, T_max=steps)
        case "one-cycle":
            return OneCycleLR(optimizer, max_lr=lr, total_steps=steps + 1)
        case "constant":
            return ConstantLR(optimizer, factor=1.0)
