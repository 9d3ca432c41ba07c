"""A lab's plan is data, and the list of its entries follows from it."""

import json
import subprocess
import sys

import pytest
from pydantic import ValidationError

from tlstudio.config import DataConfig, RunConfig, Strategy
from tlstudio.errors import BadInput
from tlstudio.evaluation.lab_config import (
    Choice,
    ClipChoice,
    LabConfig,
    Network,
    by_group,
    choices_of,
    depth_sweep,
    entries_of,
)

BASE = RunConfig(data=DataConfig(root="/photos", split_seed=3), epochs=4, seed=10)
CLIP = ClipChoice(model="demo", pretrained="bundled")


def plan(*words: str, **more) -> LabConfig:
    given = {"networks": (Network(arch="resnet18"),), "clip": CLIP, **more}
    return LabConfig(base=BASE, choices=choices_of(words), **given)


def names(config: LabConfig) -> list[str]:
    return [entry.name for entry in entries_of(config)]


def test_that_each_strategy_is_tried_with_each_network_and_the_first_seed_comes_first():
    config = plan("partial:2", "full", networks=(Network(arch="resnet18"), Network(arch="vgg11")), seeds=2)
    assert names(config) == [
        "resnet18-partial-2-s10",
        "vgg11-partial-2-s10",
        "resnet18-full-s10",
        "vgg11-full-s10",
        "resnet18-partial-2-s11",
        "vgg11-partial-2-s11",
        "resnet18-full-s11",
        "vgg11-full-s11",
    ]
    first = entries_of(config)[0]
    assert first.run is not None
    assert first.run == BASE.model_copy(
        update={"arch": "resnet18", "strategy": Strategy.PARTIAL, "blocks": 2, "seed": 10}
    )
    assert first.title == "ResNet-18, partial fine-tuning of 2 blocks"


def test_that_what_no_seed_changes_is_done_once():
    assert names(plan("zero-shot", "linear-probe", "as-is", "full", seeds=2)) == [
        "clip-zero-shot-s10",
        "clip-linear-probe-s10",
        "resnet18-as-is-s10",
        "resnet18-full-s10",
        "resnet18-full-s11",
    ]


def test_that_each_seed_draws_the_few_images_that_are_learned_from_and_zero_shot_needs_none():
    config = plan("zero-shot", "linear-probe", "full", seeds=2, labels=(5, None))
    assert names(config) == [
        "clip-zero-shot-s10",
        "clip-linear-probe-5-s10",
        "resnet18-full-5-s10",
        "clip-linear-probe-s10",
        "resnet18-full-s10",
        "clip-linear-probe-5-s11",
        "resnet18-full-5-s11",
        "resnet18-full-s11",
    ]
    few = entries_of(config)[6]
    assert few.run is not None
    assert (few.run.data.per_class, few.run.data.draw, few.data.split_seed) == (5, 11, 3)
    assert few.title == "full fine-tuning, 5 images a class"


def test_that_training_from_scratch_asks_for_no_weights():
    (entry,) = entries_of(plan("scratch", networks=(Network(arch="resnet18", weights="default"),)))
    assert entry.run is not None
    assert entry.run.weights == "none"


def test_that_two_sets_of_weights_of_a_network_are_told_apart():
    networks = (Network(arch="resnet50", weights="IMAGENET1K_V1"), Network(arch="resnet50", weights="none"))
    assert names(plan("full", networks=networks)) == ["resnet50-1-full-s10", "resnet50-2-full-s10"]


def test_that_a_group_holds_the_seeds_of_one_thing():
    groups = by_group(entries_of(plan("full", "partial", seeds=3)))
    assert {group: [entry.seed for entry in members] for group, members in groups.items()} == {
        "resnet18-full": [10, 11, 12],
        "resnet18-partial-1": [10, 11, 12],
    }


def test_that_blocks_are_written_behind_a_strategy_alone_or_as_a_range():
    assert choices_of(["full", "partial", "partial:2-3", "staged:4"]) == (
        Choice(method="full"),
        Choice(method="partial", blocks=1),
        Choice(method="partial", blocks=2),
        Choice(method="partial", blocks=3),
        Choice(method="staged", blocks=4),
    )


@pytest.mark.parametrize("word", ["fully", "hybrid", "full:2", "partial:", "partial:0", "partial:a-b", ""])
def test_that_what_is_no_strategy_is_told(word: str):
    with pytest.raises(BadInput, match=f"'{word}' is no strategy"):
        choices_of([word])


def test_that_a_depth_sweep_goes_from_the_head_to_the_whole_network():
    assert [choice.name for choice in depth_sweep(4)] == [
        "feature-extraction",
        "partial-1",
        "partial-2",
        "partial-3",
        "full",
    ]


@pytest.mark.parametrize(
    "more, said",
    [
        ({"base": BASE.model_copy(update={"freeze": ("stem",)})}, "freeze names layers"),
        ({"base": RunConfig(data=DataConfig(root="x", per_class=3))}, "said by labels"),
        ({"choices": choices_of(["full"]) * 2}, "choices has something twice"),
        ({"labels": (5, 5)}, "labels has something twice"),
        ({"clip": None, "choices": choices_of(["zero-shot"])}, "need a CLIP"),
        ({"seeds": 6}, "less than or equal to 5"),
        ({"labels": (0,)}, "greater than or equal to 1"),
    ],
)
def test_that_a_plan_that_makes_no_sense_is_refused(more: dict[str, object], said: str):
    with pytest.raises(ValidationError, match=said):
        LabConfig.model_validate({"base": BASE, "choices": choices_of(["full"]), "clip": CLIP, **more})


def test_that_a_plan_comes_back_from_json_as_it_was():
    config = plan("zero-shot", "partial:2", seeds=2, labels=(5, None), minutes=2.5)
    assert LabConfig.model_validate(json.loads(config.model_dump_json())) == config


def test_that_a_plan_is_made_without_importing_torch():
    code = (
        "import sys, tlstudio.evaluation.lab_config, tlstudio.evaluation.lab_store, "
        "tlstudio.evaluation.lab_reading\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
