"""What is done to a gradient on its way from batches to a step."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.training.test_trainer import config
from tlstudio.config import FreezePlan
from tlstudio.data.batches import Batch, batch_sizes
from tlstudio.errors import StudioError
from tlstudio.events import Control
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.training.memory import Parts
from tlstudio.training.setup import Job, prepare
from tlstudio.training.steps import Criterion, Descent, optimizer_of

CLASSES = 3


@pytest.fixture
def prepared(dataset: Path) -> Callable[..., Job]:
    def make(**more) -> Job:
        steps = prepare(config(dataset, **more), Control())
        while True:
            try:
                next(steps)
            except StopIteration as done:
                return done.value

    return make


def batches(images: int, size: int) -> list[Batch]:
    """Features as the head receives them."""
    generator = torch.Generator().manual_seed(7)
    found = []
    for count in batch_sizes(images, size):
        labels = torch.randint(CLASSES, (count,), generator=generator)
        found.append(Batch(torch.randn(count, 4, generator=generator), labels, tuple(range(count))))
    return found


def joined(several: list[Batch]) -> Batch:
    inputs, labels = torch.cat([one.inputs for one in several]), torch.cat([one.labels for one in several])
    return Batch(inputs, labels, tuple(range(len(labels))))


class Head(nn.Module):
    """A head whose weights start the same each time, and which knows what passed it."""

    def __init__(self, fits: int = 1000, norm: bool = False) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.fits, self.seen = fits, []
        self.norm = nn.BatchNorm1d(4) if norm else nn.Identity()
        self.linear = nn.Linear(4, CLASSES)

    def forward(self, features: Tensor) -> Tensor:
        self.seen.append(len(features))
        if len(features) > self.fits:
            raise RuntimeError("out of memory")
        return self.linear(self.norm(features))


def descent(job: Job, head: Head, parts: Parts | None = None) -> Descent:
    parameters = [{"params": list(head.parameters()), "lr": 0.1, "peak": 0.1}]
    return Descent(job, head, torch.optim.SGD(parameters), parts or Parts())


def trained(job: Job, several: list[Batch], head: Head) -> Tensor:
    """The weights after one epoch of these batches."""
    down = descent(job, head)
    down.begin_epoch()
    for batch in several:
        down.take(batch)
    return head.linear.weight.detach()


def images(job: Job) -> int:
    return job.count("train")


def test_that_accumulated_batches_make_the_step_of_one_large_batch(prepared):
    job = prepared(batch_size=3, accumulate=100)
    several = batches(images(job), 3)
    assert len(several) > 2
    large = prepared(batch_size=100)
    assert torch.allclose(trained(job, several, Head()), trained(large, [joined(several)], Head()), atol=1e-7)


def test_that_what_is_left_at_the_end_of_an_epoch_makes_a_step_too(prepared):
    job = prepared(batch_size=3, accumulate=2)
    down = descent(job, Head())
    stepped = []
    for _ in range(2):
        down.begin_epoch()
        stepped.append([])
        for batch in batches(images(job), 3):
            down.take(batch)
            stepped[-1].append(down.stepped)
    assert stepped[0] == stepped[1]
    assert sum(stepped[0]) == down.steps
    assert stepped[0][-1]
    assert stepped[0][:2] == [False, True]


@pytest.mark.parametrize("accumulate", [1, 3])
@pytest.mark.parametrize("balance", ["none", "loss"])
def test_that_a_batch_in_parts_makes_the_same_step(prepared, accumulate: int, balance: str):
    job = prepared(batch_size=8, accumulate=accumulate, balance=balance)
    several = batches(images(job), 8)
    whole, tight = Head(), Head(fits=3)
    assert torch.allclose(trained(job, several, whole), trained(job, several, tight), atol=1e-7)
    assert max(whole.seen) == 8
    assert tight.seen[:3] == [8, 4, 2]


def test_that_batch_norm_that_learns_is_never_left_with_one_image(prepared):
    job, head = prepared(batch_size=8), Head(fits=1, norm=True)
    down = descent(job, head)
    down.begin_epoch()
    with pytest.raises(StudioError, match="ran out of memory with 2 images at once"):
        down.take(batches(images(job), 8)[0])
    head.norm.eval()
    down.begin_epoch()
    down.take(batches(images(job), 8)[0])
    assert head.seen[-1] == 1


def test_that_a_clipped_gradient_is_no_longer_than_asked(prepared):
    job, head = prepared(batch_size=8, clip_norm=0.01), Head()
    before = head.linear.weight.detach().clone()
    down = descent(job, head)
    down.begin_epoch()
    down.take(batches(images(job), 8)[0])
    moved = (head.linear.weight - before).norm().item()
    assert 0 < moved <= 0.1 * 0.01 * 1.0001


def test_that_classes_weigh_the_same_in_a_balanced_loss(dataset: Path):
    balanced = Criterion(config(dataset, balance="loss"), [90, 10, 0], torch.device("cpu"))
    assert balanced.mass(torch.tensor([0] * 90)) == pytest.approx(balanced.mass(torch.tensor([1] * 10)))
    logits, labels = torch.randn(4, 3), torch.tensor([0, 1, 1, 0])
    weight = torch.tensor([100 / 270, 100 / 30, 100 / 3])
    assert torch.allclose(balanced(logits, labels), functional.cross_entropy(logits, labels, weight))


def test_that_shares_of_classes_are_labels_too(dataset: Path):
    plain = Criterion(config(dataset), [1, 1, 1], torch.device("cpu"))
    logits, labels = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])
    shares = functional.one_hot(labels, 3).float()
    assert torch.allclose(plain(logits, labels), plain(logits, shares))
    assert plain.mass(shares) == 4


def test_that_each_block_is_trained_at_its_own_rate(prepared):
    job = prepared(strategy="full", lr=0.1, lr_decay=0.5, rates={"layer1": 1e-6})
    network = job.network
    assert isinstance(network, FreezableNetwork)
    network.apply_plan(FreezePlan(trainable=("layer1", "layer3", "layer4", "head")))
    optimizer = optimizer_of(job.config, network, job.stages[0])
    names = {id(parameter): name for name, parameter in network.trained_parameters()}
    rates = {
        names[id(one)].split(".")[0]: group["lr"]
        for group in optimizer.param_groups
        for one in group["params"]
    }
    assert rates == pytest.approx({"fc": 0.1, "layer4": 0.05, "layer3": 0.025, "layer1": 1e-6})
