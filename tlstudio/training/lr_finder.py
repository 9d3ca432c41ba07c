"""A learning rate from a sweep: train with ever higher rates and see where the loss falls fastest.

The sweep is that of Smith, "Cyclical Learning Rates for Training Neural Networks" (2015): the rate grows by
the same factor each step until the loss diverges.
"""

import contextlib
import itertools
import math
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tlstudio.config import RunConfig
from tlstudio.data.batches import Batch
from tlstudio.errors import BadInput
from tlstudio.events import Control, Event, Notice
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.training.device import seed_torch
from tlstudio.training.events import LrSuggested, LrTried
from tlstudio.training.inputs import Inputs
from tlstudio.training.memory import Parts
from tlstudio.training.setup import prepare
from tlstudio.training.steps import Descent, optimizer_of

STEPS = 100  # at most
LOWEST, HIGHEST = 1e-6, 10.0

_DECODING_THREADS = 4
_SMOOTHING = 0.8  # the share of the loss so far in each point of the curve
_DIVERGED = 4.0  # times the least loss so far
# Steps to either side over which a slope is taken, half a decade: losses of single batches jump about.
_REACH = 7


def find_lr(config: RunConfig, control: Control) -> Iterator[Event]:
    """Sweep the learning rate of a run's first stage: LrTried each step, then one LrSuggested.

    A Notice takes the place of the suggestion where the loss falls nowhere. The sweep trains a network of its
    own and leaves no run behind; features of frozen layers stay in the cache for the run that follows.

    Raises:
        BadInput: the configuration cannot be carried out, or it trains nothing.
        StudioError: weights could not be fetched.
    """
    job = yield from prepare(config, control)
    network = job.network
    if not isinstance(network, FreezableNetwork):
        raise BadInput(
            "A model used as it is has no learning rate.", "Choose a strategy that trains something."
        )
    with (
        contextlib.closing(job.pictures),
        ThreadPoolExecutor(_DECODING_THREADS, thread_name_prefix="decode") as pool,
    ):
        network.apply_plan(job.stages[0].plan)
        parts = Parts()
        inputs = Inputs(job, pool, parts)
        optimizer = optimizer_of(config, network, job.stages[0])
        descent = Descent(job, inputs.module, optimizer, parts)
        with contextlib.closing(inputs):
            rates, losses = yield from _sweep(network, inputs, descent, config.seed, control)
        yield from (*inputs.notices, *parts.notices)
    rate = steepest(rates, losses)
    if rate is None:
        yield Notice("The loss fell at no learning rate of the sweep; keep the usual one.")
    else:
        yield LrSuggested(rate)


def _sweep(
    network: FreezableNetwork, inputs: Inputs, descent: Descent, seed: int, control: Control
) -> Generator[Event, None, tuple[list[float], list[float]]]:
    """Train with ever higher rates until the loss diverges; gives the rates and the loss of each step.

    The rate is that of the head, or of all; rates of blocks keep their proportion to it.
    """
    groups = descent.optimizer.param_groups
    highest = max(group["peak"] for group in groups)
    rates: list[float] = []
    losses: list[float] = []
    smoothed = least = math.inf
    seed_torch(seed)
    network.train()
    with contextlib.closing(_endless(inputs, descent)) as batches:
        for rate in _rates():
            for group in groups:
                group["lr"] = rate * group["peak"] / highest
            value = _mean_loss_of_step(batches, descent, control)
            smoothed = _SMOOTHING * smoothed + (1 - _SMOOTHING) * value if losses else value
            least = min(least, smoothed)
            if not math.isfinite(smoothed) or smoothed > _DIVERGED * least:
                break
            rates.append(rate)
            losses.append(value)
            yield LrTried(rate, smoothed)
    return rates, losses


def steepest(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """The rate at which the loss falls fastest as the rate grows; None if it falls nowhere.

    The slope at a rate is that of a straight line through the losses within half a decade of it, over the
    logarithm of the rate.
    """
    places, values = np.log(rates), np.asarray(losses)
    middles = range(_REACH, len(rates) - _REACH)
    near = [slice(middle - _REACH, middle + _REACH + 1) for middle in middles]
    slopes = [float(np.polyfit(places[part], values[part], 1)[0]) for part in near]
    if not slopes or min(slopes) >= 0:
        return None
    return rates[middles[slopes.index(min(slopes))]]


def _rates() -> Iterator[float]:
    return (LOWEST * (HIGHEST / LOWEST) ** (step / (STEPS - 1)) for step in range(STEPS))


def _mean_loss_of_step(batches: Iterator[Batch], descent: Descent, control: Control) -> float:
    losses: list[float] = []
    for batch in batches:
        control.checkpoint()
        losses.append(descent.take(batch).loss.item())
        if descent.stepped:
            break
    return sum(losses) / len(losses)


def _endless(inputs: Inputs, descent: Descent) -> Generator[Batch, None, None]:
    for epoch in itertools.count(1):
        descent.begin_epoch()
        yield from inputs.training(epoch)
