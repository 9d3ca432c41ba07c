import pytest
import torch
from torch import nn

from tlstudio.errors import BadInput
from tlstudio.training.average import Average


@pytest.fixture
def norm() -> nn.BatchNorm1d:
    return nn.BatchNorm1d(2)


def set_weight(norm: nn.Module, value: float) -> None:
    with torch.no_grad():
        norm.weight.fill_(value)


def test_that_the_mean_follows_quickly_at_first_and_slowly_later(norm: nn.BatchNorm1d):
    average = Average(norm, norm.state_dict(), 0.999)
    set_weight(norm, 2.0)
    average.update()
    with average.in_place():
        first = norm.weight[0].item()
    assert first == pytest.approx(1 + (1 - 2 / 11))
    for _ in range(100):
        average.update()
    set_weight(norm, 3.0)
    average.update()
    with average.in_place():
        assert norm.weight[0].item() < 2.1


def test_that_a_low_decay_is_the_one_asked_for(norm: nn.BatchNorm1d):
    average = Average(norm, norm.state_dict(), 0.1)
    set_weight(norm, 2.0)
    average.update()
    with average.in_place():
        assert norm.weight[0].item() == pytest.approx(1.9)


def test_that_statistics_are_averaged_and_counts_are_not(norm: nn.BatchNorm1d):
    average = Average(norm, norm.state_dict(), 0.5)
    norm.train()(torch.full((4, 2), 8.0))
    live = norm.running_mean.clone()
    average.update()
    with average.in_place():
        assert 0 < norm.running_mean[0] < live[0]
        assert norm.num_batches_tracked == 1


def test_that_the_trained_weights_are_back_afterwards_even_after_an_error(norm: nn.BatchNorm1d):
    average = Average(norm, norm.state_dict(), 0.9)
    set_weight(norm, 2.0)
    with pytest.raises(RuntimeError), average.in_place():
        raise RuntimeError
    assert norm.weight.tolist() == [2.0, 2.0]


def test_that_it_goes_on_from_its_state_as_if_nothing_had_been(norm: nn.BatchNorm1d):
    average = Average(norm, ["weight"], 0.9)
    for value in (2.0, 3.0):
        set_weight(norm, value)
        average.update()
    state = average.state()
    with average.in_place():
        resumed = nn.BatchNorm1d(2)
        resumed.load_state_dict(norm.state_dict())
    again = Average(resumed, ["weight"], 0.9)
    again.restore(state)
    assert torch.equal(resumed.weight, norm.weight)
    for one, module in ((average, norm), (again, resumed)):
        set_weight(module, 5.0)
        one.update()
    with average.in_place(), again.in_place():
        assert torch.equal(resumed.weight, norm.weight)


def test_that_the_state_of_another_network_is_refused(norm: nn.BatchNorm1d):
    with pytest.raises(BadInput, match="not those of the run"):
        Average(norm, ["weight"], 0.9).restore(Average(norm, ["bias"], 0.9).state())
