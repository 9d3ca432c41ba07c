"""A pre-trained model used as it is, made comparable on classes that it has no names for."""

from collections.abc import Generator, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from tlstudio.data.batches import Batch
from tlstudio.events import Control, Event, Progress
from tlstudio.training.device import Compute
from tlstudio.training.measure import Score, infer
from tlstudio.training.memory import Parts


class CategoryReading(nn.Module):
    """A network with its 1,000-class head, each category read as the classes it stood for in training images.

    Nothing is trained: ``reading[k, c]`` is the share of class ``c`` among the probability that the network
    gave to category ``k`` over the training images, each class weighing the same. Images
    ``[N, 3, H, W]`` give log-probabilities ``[N, classes]``, which serve as logits.
    """

    reading: Tensor

    def __init__(self, network: nn.Module, classes: int, categories: int = 1000) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("reading", torch.full((categories, classes), 1 / classes))

    def forward(self, images: Tensor) -> Tensor:
        probabilities = self.network(images).softmax(dim=1) @ self.reading
        return probabilities.clamp_min(1e-12).log()

    def learn(self, probabilities: Tensor, labels: Tensor) -> None:
        """Set the reading from the network's probabilities ``[N, categories]`` of training images."""
        classes = self.reading.shape[1]
        mass = torch.zeros(classes, probabilities.shape[1], device=probabilities.device)
        mass.index_add_(0, labels, probabilities)
        counts = torch.bincount(labels, minlength=classes).clamp_min(1).unsqueeze(1)
        share = mass / counts + 1e-6  # a category never seen speaks for all classes alike
        self.reading.copy_((share / share.sum(dim=0)).T)


def read_categories(
    network: CategoryReading,
    batches: Iterator[Batch],
    total: int,
    control: Control,
    compute: Compute,
    parts: Parts,
) -> Generator[Event, None, Score]:
    """Learn the reading from training images; gives its score on them."""
    device = network.reading.device
    seen: list[Tensor] = []
    labels: list[Tensor] = []
    for batch in batches:
        control.checkpoint()
        seen.append(infer(network.network, batch.inputs, compute, parts).softmax(dim=1))
        labels.append(batch.labels.to(device))
        yield Progress("Looking at the training images", sum(map(len, labels)), total)
    with torch.no_grad():
        probabilities, truth = torch.cat(seen), torch.cat(labels)
        network.learn(probabilities, truth)
        logits = (probabilities @ network.reading).clamp_min(1e-12).log()
        loss = functional.cross_entropy(logits, truth).item()
        top1 = (logits.argmax(dim=1) == truth).float().mean().item()
    return Score(loss, top1, len(truth))
