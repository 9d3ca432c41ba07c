"""What is chosen on a machine, and that trying it out leaves no trace but the memory of it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tlstudio.config import DataConfig, RunConfig
from tlstudio.errors import Stopped
from tlstudio.events import Control, Event, Progress
from tlstudio.models.build import build
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.models.inspect import layer_tree
from tlstudio.models.strategies import stages_for
from tlstudio.training import tuning
from tlstudio.training.device import Compute
from tlstudio.training.tuning import WORTH_TRYING, choose_compute, work_of

CPU = torch.device("cpu")
TREE = layer_tree("resnet18", 3)
Speed = Callable[[Compute], float]


def network() -> FreezableNetwork:
    return FreezableNetwork(build("resnet18", 3), TREE)


def choose(
    net: FreezableNetwork | None = None,
    *,
    work: int = WORTH_TRYING,
    control: Control | None = None,
    **more: object,
) -> tuple[Compute, list[Event]]:
    fields = {"arch": "resnet18", "strategy": "partial", **more}
    config = RunConfig.model_validate({"data": DataConfig(root="somewhere"), **fields})
    stages = stages_for(config, TREE)
    choosing = choose_compute(config, net or network(), stages, 32, CPU, work, control or Control())
    events: list[Event] = []

    while True:
        try:
            events.append(next(choosing))
        except StopIteration as end:
            return end.value, events


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Callable[[Speed], list[Compute]]:
    """Let passes take as long as a test says; gives the list of those that were tried."""

    def pretend(speed: Speed) -> list[Compute]:
        tried: list[Compute] = []

        def seconds(_trial: object, compute: Compute) -> float:
            tried.append(compute)
            return speed(compute)

        monkeypatch.setattr(tuning._Trial, "seconds", seconds)
        return tried

    return pretend


def test_that_a_small_run_is_computed_in_the_usual_way_untried(home: Path, passes):
    tried = passes(lambda _: 1.0)
    assert choose(work=WORTH_TRYING - 1) == (Compute(CPU), [])
    assert tried == []
    assert not list(home.rglob("compute.json"))


def test_that_a_trial_leaves_the_network_and_the_random_numbers_as_they_were():
    net = network()
    net.apply_plan(TREE.plan_for(["fc"]))
    net.network.fc.weight.grad = torch.ones_like(net.network.fc.weight)
    tensors = {name: tensor.clone() for name, tensor in net.network.state_dict().items()}
    modes = {name: module.training for name, module in net.named_modules()}
    trained = [name for name, _ in net.trained_parameters()]
    random_numbers, threads = torch.get_rng_state(), torch.get_num_threads()

    _, events = choose(net, strategy="full")

    assert isinstance(events[0], Progress)
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in net.network.state_dict().items())
    assert net.network.conv1.weight.is_contiguous()
    assert {name: module.training for name, module in net.named_modules()} == modes
    assert [name for name, _ in net.trained_parameters()] == trained
    assert torch.equal(net.network.fc.weight.grad, torch.ones_like(net.network.fc.weight))
    assert net.network.conv1.weight.grad is None
    assert torch.equal(torch.get_rng_state(), random_numbers)
    assert torch.get_num_threads() == threads


def test_that_what_is_clearly_faster_is_chosen_one_after_the_other(passes):
    passes(lambda c: 1.0 - 0.3 * (not c.channels_last) - 0.3 * c.autocast)
    assert choose()[0] == Compute(CPU, channels_last=False, autocast=True)


def test_that_a_gain_of_less_than_five_per_cent_changes_nothing(passes):
    passes(lambda c: 1.0 if c.channels_last and not c.autocast else 0.96)
    assert choose()[0] == Compute(CPU)


def test_that_bfloat16_is_given_up_after_one_slow_pass(passes):
    tried = passes(lambda c: 6.0 if c.autocast else 1.0)
    assert choose()[0] == Compute(CPU)
    assert sum(compute.autocast for compute in tried) == 1


def test_that_what_a_device_cannot_compute_is_not_chosen(passes):
    def speed(compute: Compute) -> float:
        if compute.autocast:
            raise RuntimeError("no bfloat16 here")
        return 1.0

    passes(speed)
    assert choose()[0] == Compute(CPU)


def test_that_a_network_too_large_to_be_tried_is_computed_in_the_usual_way(passes):
    def speed(_: Compute) -> float:
        raise MemoryError

    passes(speed)
    assert choose()[0] == Compute(CPU)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_that_a_precision_that_was_asked_for_is_not_up_for_trial(passes, precision: str):
    tried = passes(lambda c: 1.0)
    chosen, _ = choose(precision=precision)
    assert chosen.autocast == (precision == "bfloat16")
    assert {compute.autocast for compute in tried} == {chosen.autocast}


def test_that_threads_are_tried_where_nobody_has_chosen_their_number(passes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(tuning.psutil, "cpu_count", lambda logical: 8 if logical else 4)
    passes(lambda c: 1.0 / (c.threads or 1) ** (c.threads != 8))
    assert choose()[0] == Compute(CPU, threads=4)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert choose(strategy="full")[0].threads is None


def test_that_a_choice_is_remembered_whatever_another_trial_would_say(passes):
    passes(lambda c: 0.5 if c.autocast else 1.0)
    chosen, _ = choose()
    assert chosen.autocast
    tried = passes(lambda c: 2.0 if c.autocast else 1.0)
    assert choose() == (chosen, [])
    assert tried == []


@pytest.mark.parametrize("more", [{"strategy": "full"}, {"precision": "float32"}])
def test_that_another_training_or_precision_is_tried_anew(passes, more: dict):
    passes(lambda c: 0.5 if c.autocast else 1.0)
    choose()
    tried = passes(lambda c: 1.0)
    assert choose(**more)[0] == Compute(CPU)
    assert tried


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format": 2}', '{"format": 1, "choices": 5}', "record"])
def test_that_a_damaged_memory_is_forgotten_and_mended(home: Path, passes, damage: str):
    passes(lambda c: 0.5 if c.autocast else 1.0)
    choose()
    file = home / "cache" / "compute.json"
    whole = json.loads(file.read_text())
    if damage == "record":
        broken = {key: {**record, "threads": "many"} for key, record in whole["choices"].items()}
        file.write_text(json.dumps({**whole, "choices": broken}))
    else:
        file.write_text(damage)
    chosen, events = choose()
    assert chosen.autocast
    assert events
    assert json.loads(file.read_text()) == whole


def test_that_a_memory_that_cannot_be_written_costs_another_trial_and_no_more(home: Path, passes):
    passes(lambda c: 0.5 if c.autocast else 1.0)
    (home / "cache").write_text("in the way")
    assert choose()[0].autocast
    assert choose()[0].autocast


def test_that_a_stop_is_seen_within_a_trial(passes):
    control = Control()
    passes(lambda _: control.stop() or 1.0)
    with pytest.raises(Stopped):
        choose(control=control)


@pytest.mark.parametrize(
    ("fields", "passes"),
    [
        ({"strategy": "full", "epochs": 4}, 3 * 4 * 100),
        ({"strategy": "partial", "epochs": 4}, 100),
        ({"strategy": "partial", "epochs": 4, "augmentation": "light", "views": 2}, 200),
        ({"strategy": "partial", "epochs": 4, "augmentation": "light", "views": 0}, 400),
    ],
)
def test_how_much_a_run_has_to_compute(fields: dict, passes: int):
    asked = RunConfig(data=DataConfig(root="sample"), **fields)
    assert work_of(asked, 100, 224) == passes
    assert work_of(asked, 100, 112) == passes / 4
