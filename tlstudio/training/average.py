"""Running means of weights, which often classify better than the weights that they are the mean of."""

import contextlib
from collections.abc import Generator, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from tlstudio.errors import BadInput


class Average:
    """The exponential moving average (EMA) of some of a network's tensors.

    A mean over ``1 / (1 - decay)`` steps would, in a short training, be mostly of the first weights; so the
    decay itself begins low and grows as ``(1 + steps) / (10 + steps)`` up to ``decay``, the rule of
    TensorFlow's ExponentialMovingAverage. Whole numbers (the batches that a norm has seen) are taken as they
    are.

    Args:
        names: of tensors in the network's state dict; the mean begins as they are now.
    """

    def __init__(self, network: nn.Module, names: Iterable[str], decay: float) -> None:
        tensors = network.state_dict()
        self._decay = decay
        self._steps = 0
        self._live = {name: tensors[name] for name in sorted(names)}
        self._mean = {name: tensor.clone() for name, tensor in self._live.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Add the tensors as they are to the mean."""
        self._steps += 1
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        for name, mean in self._mean.items():
            if mean.is_floating_point():
                mean.lerp_(self._live[name], 1 - decay)
            else:
                mean.copy_(self._live[name])

    @contextlib.contextmanager
    def in_place(self) -> Generator[None]:
        """For a while, the network computes with the mean."""
        now = {name: tensor.clone() for name, tensor in self._live.items()}
        self._set(self._mean)
        try:
            yield
        finally:
            self._set(now)

    def state(self) -> dict[str, Any]:
        """What is needed besides the mean itself, which a checkpoint holds, to go on later."""
        return {"steps": self._steps, "tensors": {name: t.cpu().clone() for name, t in self._live.items()}}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on: the network holds the mean now, and gets the tensors that it is the mean of.

        Raises:
            BadInput: the state is of another network.
        """
        tensors: dict[str, Tensor] = state["tensors"]
        if tensors.keys() != self._live.keys():
            raise BadInput("The averaged weights are not those of the run.", "Copy its whole folder again.")
        self._mean = {name: tensor.clone() for name, tensor in self._live.items()}
        self._set(tensors)
        self._steps = int(state["steps"])

    @torch.no_grad()
    def _set(self, tensors: dict[str, Tensor]) -> None:
        for name, tensor in self._live.items():
            tensor.copy_(tensors[name])
