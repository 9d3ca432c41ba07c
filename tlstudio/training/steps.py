"""From batches to steps of the optimiser: the loss, the gradient and what is done to it on the way."""

import dataclasses
import itertools
import math
from collections import Counter, deque
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage] - the norms' base
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from tlstudio.config import RunConfig, Stage
from tlstudio.data.batches import Batch, batch_sizes
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.models.strategies import block_rates
from tlstudio.training.memory import Parts, is_out_of_memory
from tlstudio.training.optim import make_optimizer
from tlstudio.training.setup import Job


class Criterion:
    """Cross-entropy as the run wants it.

    Where the loss balances the classes, an image weighs as ``images / (classes * images of its class)``.

    Args:
        counts: training images of each class.
    """

    def __init__(self, config: RunConfig, counts: list[int], device: torch.device) -> None:
        self._smoothing = config.label_smoothing
        self._weight: Tensor | None = None
        if config.balance == "loss":
            shares = torch.tensor(counts, dtype=torch.float32, device=device).clamp_min(1)
            self._weight = shares.sum() / (len(counts) * shares)

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The mean loss of ``logits`` ``[N, classes]``, in nats.

        ``labels`` are classes ``[N]``, or where images were mixed their shares ``[N, classes]``.
        """
        return functional.cross_entropy(
            logits.float(), labels, weight=self._weight, label_smoothing=self._smoothing
        )

    def mass(self, labels: Tensor) -> float:
        """What these images weigh in a mean over more of them."""
        if self._weight is None or labels.ndim > 1:
            return float(len(labels))
        return float(self._weight[labels].sum())


@dataclasses.dataclass(frozen=True)
class Passed:
    """What a batch gave on its way: mean loss, logits ``[N, classes]`` and labels, on the device."""

    loss: Tensor
    logits: Tensor
    labels: Tensor


class Descent:
    """Trains a network, or its part after the frozen prefix, batch by batch through one stage.

    Every ``accumulate`` batches make a step, as one large batch would but for the statistics of batch norm;
    what is left at the end of an epoch makes a step as well. A batch that memory does not hold passes in
    parts whose gradients add up to the same; batch norm then sees the parts.

    Attributes:
        module: what the batches are made for.
        optimizer: of the trained parameters.
        schedule: sets the rates of the next step after each; None leaves them.
        batches: how many an epoch has; ``steps``: of the optimiser.
        lr: the highest rate of the last step.
        stepped: whether the last batch made a step.
    """

    def __init__(
        self,
        job: Job,
        module: nn.Module,
        optimizer: Optimizer,
        parts: Parts,
        after_backward: Callable[[], None] = lambda: None,
    ) -> None:
        config = job.config
        self.module = module
        self.optimizer = optimizer
        self.schedule: LRScheduler | None = None
        self.batches = len(batch_sizes(job.count("train"), config.batch_size))
        self.steps = math.ceil(self.batches / config.accumulate)
        self.lr = 0.0
        self.stepped = False
        self._images = job.count("train")
        self._config = config
        self._compute = job.compute
        counts = Counter(image.label for image in job.catalogue.of_split("train"))
        self._criterion = Criterion(
            config, [counts[label] for label in range(len(job.catalogue.classes))], job.device
        )
        self._parts = parts
        self._after_backward = after_backward
        self._parameters = [one for group in optimizer.param_groups for one in group["params"]]
        self._sizes: deque[int] = deque()  # of the batches that are still to come in the epoch
        self._waiting: list[Batch] = []  # for the step that they are part of
        self._together = 0  # images in that step

    def begin_epoch(self) -> None:
        """Nothing is left of an epoch before, even if it was broken off."""
        self._sizes = deque(batch_sizes(self._images, self._config.batch_size))
        self._begin_step()

    def take(self, batch: Batch) -> Passed:
        """Forward and backward, and a step if it is the batch's turn.

        Raises:
            StudioError: memory does not hold even one image.
        """
        if not self._waiting:
            self._together = sum(itertools.islice(self._sizes, self._config.accumulate))
        self._sizes.popleft()
        self._waiting.append(batch)
        passed = self._gradient(batch)
        while passed is None:
            self._parts.halve(len(batch.rows), least=self._least())
            # The gradients of the pass that broke off are partly in already: the whole step begins again.
            self.optimizer.zero_grad(set_to_none=True)
            for one in self._waiting:
                passed = self._gradient(one)
                if passed is None:
                    break
        self.stepped = len(self._waiting) == self._config.accumulate or not self._sizes
        if self.stepped:
            self._step()
        return passed

    def _begin_step(self) -> None:
        self._waiting.clear()
        self.optimizer.zero_grad(set_to_none=True)

    def _gradient(self, batch: Batch) -> Passed | None:
        """Add a batch's share to the step's gradient; None if memory ran out."""
        try:
            return self._in_parts(batch)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return None

    def _in_parts(self, batch: Batch) -> Passed:
        labels = batch.labels.to(self._compute.device)
        whole = self._criterion.mass(labels)
        mean = torch.zeros((), device=self._compute.device)
        logits: list[Tensor] = []
        for part in self._parts.of(len(labels)):
            with self._compute.at_work():
                made = self.module(self._compute.inputs(batch.inputs[part]))
            loss = self._criterion(made, labels[part]) * (self._criterion.mass(labels[part]) / whole)
            (loss * (len(labels) / self._together)).backward()  # pyright: ignore[reportUnknownMemberType]
            mean += loss.detach()
            logits.append(made.detach())
        return Passed(mean, torch.cat(logits), labels)

    def _step(self) -> None:
        self._after_backward()
        if self._config.clip_norm is not None:
            clip_grad_norm_(self._parameters, self._config.clip_norm)
        self.optimizer.step()
        self.lr = max(float(group["lr"]) for group in self.optimizer.param_groups)
        if self.schedule is not None:
            self.schedule.step()
        self._begin_step()

    def _least(self) -> int:
        """Batch norm that learns needs two images."""
        learns = any(isinstance(module, _BatchNorm) and module.training for module in self.module.modules())
        return 2 if learns else 1


def optimizer_of(config: RunConfig, network: FreezableNetwork, stage: Stage) -> Optimizer:
    """The optimiser of a stage whose plan is in force."""
    rates = block_rates(network.tree, config, stage.lr)
    owner = {leaf.path: block.path for block in network.tree.blocks for leaf in block.leaves()}

    def rate_of(parameter: str) -> float:
        return rates[owner[parameter.rpartition(".")[0]]]

    return make_optimizer(config.optimizer, network.trained_parameters(), rate_of, config.weight_decay)
