import dataclasses
import json
import math
from pathlib import Path
from typing import TypeVar

import pytest
import torch

from tlstudio.config import DataConfig, RunConfig
from tlstudio.events import Control, Event, Notice
from tlstudio.runs.index import RunIndex
from tlstudio.runs.store import RunFolder
from tlstudio.training.checkpoint import load_model
from tlstudio.training.events import (
    BatchFinished,
    BlocksMoved,
    CheckpointSaved,
    EpochFinished,
    EpochTested,
    FreezeStated,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    StageStarted,
)
from tlstudio.training.trainer import train

E = TypeVar("E", bound=Event)
CPU = torch.device("cpu")


def config(dataset: Path, **more) -> RunConfig:
    fields = {"arch": "resnet18", "weights": "none", "epochs": 2, "batch_size": 8, "image_size": 32, **more}
    return RunConfig(data=DataConfig(root=str(dataset)), **fields)


def run(dataset: Path, **more) -> list[Event]:
    return list(train(config(dataset, **more), Control()))


def of(events: list[Event], kind: type[E]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


def test_that_a_run_tells_its_story_in_order_and_ends_once(dataset: Path):
    events = run(dataset)
    story = [type(event) for event in events if not isinstance(event, BatchFinished)]
    told = [kind for kind in story if kind.__module__.endswith("training.events")]
    epoch = [BlocksMoved, CheckpointSaved, EpochFinished]
    tested = [EpochTested, EpochTested]
    assert told == [RunStarted, StageStarted, FreezeStated, *epoch, *epoch, *tested, RunFinished]
    assert isinstance(events[-1], RunFinished)


def test_that_every_epoch_has_a_model_and_a_row_in_the_test_table(dataset: Path):
    events = run(dataset, strategy="full")
    folder = RunFolder.open(events[-1].run)
    assert folder.epochs() == [1, 2]
    table = folder.read("test.json")
    assert [row["epoch"] for row in table] == [1, 2]
    (chosen,) = [row for row in table if row["chosen"]]
    assert chosen["epoch"] == events[-1].best_epoch
    assert chosen["test_top1"] == events[-1].test_top1
    assert [row["epoch"] for row in folder.metrics()] == [1, 2]


def test_that_validation_chooses_the_best_epoch(dataset: Path):
    events = run(dataset, strategy="full", epochs=4)
    epochs = of(events, EpochFinished)
    best = min(epochs, key=lambda epoch: (-epoch.val_top1, epoch.val_loss))
    assert events[-1].best_epoch == best.epoch
    assert events[-1].val_top1 == best.val_top1


@pytest.mark.parametrize(
    ("strategy", "trained"),
    [
        ("feature-extraction", 512 * 3 + 3),
        ("partial", 512 * 3 + 3 + 8_393_728),
        ("full", 11_178_051),
        ("scratch", 11_178_051),
    ],
)
def test_how_many_parameters_a_strategy_trains(dataset: Path, strategy: str, trained: int):
    (stage,) = of(run(dataset, strategy=strategy, epochs=1), StageStarted)
    assert stage.trained_parameters == trained


def test_that_staged_training_changes_stage_and_rate(dataset: Path):
    events = run(dataset, strategy="staged", blocks=1, epochs=3)
    assert [stage.first_epoch for stage in of(events, StageStarted)] == [1, 2]
    assert [epoch.stage for epoch in of(events, EpochFinished)] == [0, 1, 1]


@pytest.mark.parametrize("strategy", ["feature-extraction", "partial", "staged", "full"])
def test_that_a_saved_model_scores_as_it_did_when_it_was_trained(dataset: Path, strategy: str):
    from tlstudio.evaluation.every_epoch import evaluate

    events = run(dataset, strategy=strategy)
    again = of(list(evaluate(events[-1].run, Control())), EpochTested)
    assert len(again) == 2
    for one, other in zip(again, of(events, EpochTested), strict=True):
        # Where layers are frozen, training folds their norms into convolutions: the last digits differ.
        assert dataclasses.replace(one, test_loss=0) == dataclasses.replace(other, test_loss=0)
        assert one.test_loss == pytest.approx(other.test_loss, abs=1e-5)


def test_that_frozen_layers_are_stored_once_and_bit_identical(dataset: Path):
    events = run(dataset, strategy="feature-extraction")
    folder = RunFolder.open(events[-1].run)
    first, second = (load_model(folder, epoch, CPU).network.state_dict() for epoch in (1, 2))
    moved = {name for name in first if not torch.equal(first[name], second[name])}
    assert moved == {"fc.weight", "fc.bias"}
    assert folder.checkpoint(1).stat().st_size < 100_000


def test_that_the_same_seed_repeats_a_run_exactly(dataset: Path):
    figures = []
    for _ in range(2):
        epochs = of(run(dataset, strategy="full", seed=7), EpochFinished)
        figures.append([(epoch.train_loss, epoch.val_loss) for epoch in epochs])
    assert figures[0] == figures[1]


def test_that_different_strategies_start_from_the_same_network_and_split(dataset: Path):
    runs = [RunFolder.open(run(dataset, strategy=s, epochs=1)[-1].run) for s in ("partial", "full")]
    assert runs[0].read("split.json") == runs[1].read("split.json")
    fingerprints = {folder.read("about.json")["data_fingerprint"] for folder in runs}
    assert len(fingerprints) == 1


def test_that_pretrained_weights_learn_what_random_frozen_ones_do_not(dataset: Path):
    common = {"arch": "efficientnet_lite0", "image_size": 64, "epochs": 3, "augmentation": "none"}
    pretrained = run(dataset, weights="bundled", **common)[-1]
    random = run(dataset, weights="none", **common)[-1]
    assert pretrained.val_top1 > random.val_top1


def test_that_a_model_used_as_it_is_trains_nothing_and_is_still_scored(dataset: Path):
    events = run(dataset, arch="efficientnet_lite0", weights="bundled", strategy="as-is", image_size=64)
    assert of(events, StageStarted) == of(events, BatchFinished) == []
    assert events[-1].best_epoch == 0
    assert events[-1].val_top1 > 1 / 3
    folder = RunFolder.open(events[-1].run)
    network = load_model(folder, None, CPU).network
    assert network.network.classifier.out_features == 1000


def test_that_stopping_ends_the_run_within_a_batch_and_keeps_the_finished_epochs(dataset: Path):
    control = Control()
    events: list[Event] = []
    for event in train(config(dataset, epochs=50), control):
        events.append(event)
        if isinstance(event, BatchFinished) and event.epoch == 2:
            control.stop()
    assert isinstance(events[-1], RunStopped)
    assert (events[-1].epochs, events[-1].best_epoch) == (1, 1)
    assert len([event for event in of(events, BatchFinished) if event.epoch == 2]) == 1
    assert load_model(RunFolder.open(events[-1].run), 1, CPU).classes == ("blue", "green", "red")
    assert RunIndex().rows()[0].status == "stopped"


def test_that_an_abandoned_run_is_marked_as_stopped(dataset: Path):
    events = train(config(dataset), Control())
    next(event for event in events if isinstance(event, BatchFinished))
    events.close()
    assert RunIndex().rows()[0].status == "stopped"


def test_that_a_loss_that_is_no_number_fails_the_run_and_names_the_epoch(dataset: Path):
    events = run(dataset, strategy="full", optimizer="sgd", lr=1e20, epochs=3)
    assert isinstance(events[-1], RunFailed)
    assert "training loss became" in events[-1].message
    assert "learning rate" in events[-1].hint
    assert RunIndex().rows()[0].status == "failed"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"arch": "resnet19"}, "There is no architecture 'resnet19'"),
        ({"weights": "/nowhere.pth"}, "no weights '/nowhere.pth'"),
        ({"freeze": ("layer9",)}, "resnet18 has no layer 'layer9'"),
        ({"strategy": "hybrid"}, "Nothing would be trained"),
        ({"strategy": "as-is"}, "needs pre-trained weights"),
        ({"device": "mps"}, "has no mps device"),
    ],
)
def test_that_bad_input_is_one_failed_event_with_a_sentence(dataset: Path, more: dict, sentence: str):
    last = run(dataset, **more)[-1]
    assert isinstance(last, RunFailed)
    assert last.bad_input
    assert sentence in last.message


def test_that_a_used_output_folder_is_refused(dataset: Path, tmp_path: Path):
    (tmp_path / "letter.txt").write_text("mine")
    *_, last = train(config(dataset), Control(), out=tmp_path)
    assert isinstance(last, RunFailed)
    assert last.bad_input
    assert [file.name for file in tmp_path.iterdir()] == ["letter.txt"]


def test_that_early_stopping_ends_a_stage_that_no_longer_improves(dataset: Path):
    events = run(dataset, lr=1e-9, epochs=9, early_stopping=1, augmentation="none")
    assert isinstance(events[-1], RunFinished)
    assert len(of(events, EpochFinished)) < 9


def test_that_the_rate_told_is_that_of_the_epoch_s_last_step(dataset: Path):
    falling = of(run(dataset, epochs=2, lr=0.01, schedule="cosine"), EpochFinished)
    steps = 6  # two epochs of 24 images in batches of 8
    expected = [0.01 * (1 + math.cos(math.pi * step / steps)) / 2 for step in (2, 5)]
    assert [epoch.lr for epoch in falling] == pytest.approx(expected)
    steady = of(run(dataset, epochs=2, lr=0.01, schedule="constant"), EpochFinished)
    assert [epoch.lr for epoch in steady] == [0.01, 0.01]


def test_that_events_become_json_with_the_documented_names(dataset: Path):
    events = run(dataset, epochs=1)
    (epoch,) = of(events, EpochFinished)
    data = json.loads(json.dumps(epoch.as_json()))
    assert data["event"] == "epoch_finished"
    assert {"epoch", "stage", "train_loss", "val_loss", "train_top1", "val_top1", "lr", "seconds"} <= set(
        data
    )
    last = json.loads(json.dumps(events[-1].as_json()))
    wanted = {"event", "run", "best_epoch", "val_top1", "test_top1", "seconds", "peak_memory_mb"}
    assert set(last) == wanted
    assert 0 <= data["val_top1"] <= 1


def test_that_the_time_left_falls_to_nothing(dataset: Path):
    batches = of(run(dataset, epochs=3), BatchFinished)
    assert all(math.isfinite(batch.seconds_left) and batch.seconds_left >= 0 for batch in batches)
    assert batches[-1].done == batches[-1].total


def test_that_a_run_goes_on_in_smaller_parts_when_memory_runs_out_and_says_so(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(torch.nn.Linear, "forward", _fits(3, torch.nn.Linear.forward))
    events = run(dataset, strategy="full", batch_size=8, epochs=1)
    assert isinstance(events[-1], RunFinished)
    told = [event.text for event in of(events, Notice)]
    assert told == [
        "The device ran out of memory: batches now pass in parts of 4 images.",
        "The device ran out of memory: batches now pass in parts of 2 images.",
    ]
    assert RunFolder.open(events[-1].run).read("about.json")["images_at_once"] == 2


def _fits(most: int, forward):
    def limited(self, inputs):
        if len(inputs) > most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(self, inputs)

    return limited


@pytest.mark.parametrize(
    "more",
    [
        {"warmup": 0.3, "lr_decay": 0.5, "rates": {"layer2": 1e-4}},
        {"balance": "loss", "clip_norm": 1.0, "label_smoothing": 0.1},
        {"ema": 0.99, "accumulate": 2},
        {"batch_norm": "keep", "batch_size": 1},
        {"precision": "bfloat16"},
    ],
    ids="-".join,
)
def test_that_a_run_can_be_steered(dataset: Path, more: dict):
    events = run(dataset, strategy="full", epochs=1, **more)
    assert isinstance(events[-1], RunFinished)
    (stated,) = of(events, FreezeStated)
    norms = {layer.batch_norm for layer in stated.layers} - {""}
    assert norms == {"kept" if "batch_norm" in more else "updated"}
    rates = {layer.path: layer.lr for layer in stated.layers}
    assert rates["layer4.1.conv2"] == pytest.approx(rates["fc"] * more.get("lr_decay", 1))


def test_that_kept_statistics_do_not_move_while_scale_and_shift_do(dataset: Path):
    events = run(dataset, strategy="full", batch_norm="keep", epochs=1)
    started = load_model(RunFolder.open(events[-1].run), 1, CPU).network.state_dict()
    assert torch.equal(started["bn1.running_mean"], torch.zeros(64))
    assert not torch.equal(started["bn1.weight"], torch.ones(64))


def test_that_an_averaged_model_is_another_one_than_the_last_step_s(dataset: Path):
    plain, averaged = (
        load_model(RunFolder.open(run(dataset, epochs=1, **more)[-1].run), 1, CPU).network.state_dict()
        for more in ({}, {"ema": 0.9})
    )
    assert not torch.equal(plain["fc.weight"], averaged["fc.weight"])


def test_that_rates_of_what_is_no_block_are_refused_before_anything_is_fetched(dataset: Path):
    (*_, last) = run(dataset, rates={"layer9": 1e-3})
    assert isinstance(last, RunFailed)
    assert last.bad_input
    assert "layer9 is no block of resnet18" in last.message
