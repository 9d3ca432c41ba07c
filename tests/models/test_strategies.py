import pytest

from tlstudio.config import DataConfig, FreezePlan, RunConfig, Stage, Strategy
from tlstudio.errors import BadInput
from tlstudio.models.inspect import layer_tree
from tlstudio.models.strategies import STAGE_DECAY, block_rates, plan_for, stages_for

TREE = layer_tree("resnet18", 4)
VGG = layer_tree("vgg11", 4)


def config(strategy: Strategy, **more) -> RunConfig:
    return RunConfig(data=DataConfig(root="sample"), arch="resnet18", strategy=strategy, **more)


@pytest.mark.parametrize(
    ("strategy", "blocks", "expected"),
    [
        (Strategy.AS_IS, 1, ()),
        (Strategy.FEATURE_EXTRACTION, 1, ("head",)),
        (Strategy.PARTIAL, 1, ("layer4", "head")),
        (Strategy.PARTIAL, 3, ("layer2", "layer3", "layer4", "head")),
        (Strategy.FULL, 1, ("stem", "layer1", "layer2", "layer3", "layer4", "head")),
        (Strategy.SCRATCH, 1, ("stem", "layer1", "layer2", "layer3", "layer4", "head")),
        (Strategy.HYBRID, 1, ()),
    ],
)
def test_what_a_strategy_trains(strategy: Strategy, blocks: int, expected: tuple[str, ...]):
    assert plan_for(strategy, TREE, blocks).trainable == expected


def test_that_the_last_block_of_a_vgg_is_its_fully_connected_layers():
    assert plan_for(Strategy.PARTIAL, VGG, 1).trainable == ("fc", "head")


def test_that_staged_training_unfreezes_block_after_block_at_falling_rates():
    stages = stages_for(config(Strategy.STAGED, blocks=2, epochs=7, lr=0.01), TREE)
    assert [stage.plan.trainable for stage in stages] == [
        ("head",),
        ("layer4", "head"),
        ("layer3", "layer4", "head"),
    ]
    assert [stage.name for stage in stages] == ["head", "layer4 and above", "layer3 and above"]
    assert [stage.epochs for stage in stages] == [2, 2, 3]
    assert [stage.lr for stage in stages] == pytest.approx([0.01, 0.01 / STAGE_DECAY, 0.01 / STAGE_DECAY**2])


def test_that_staged_training_has_no_more_stages_than_epochs():
    stages = stages_for(config(Strategy.STAGED, blocks=4, epochs=2), TREE)
    assert [stage.epochs for stage in stages] == [1, 1]


def test_that_a_model_used_as_it_is_has_no_stages():
    assert stages_for(config(Strategy.AS_IS), TREE) == ()


def test_that_edits_by_hand_reach_every_stage():
    edited = config(Strategy.STAGED, blocks=1, epochs=2, freeze=("layer4.0",), unfreeze=("stem",))
    first, second = stages_for(edited, TREE)
    assert first.plan.trainable == ("stem", "head")
    assert second.plan.trainable == ("stem", "layer4.1", "head")


def test_that_a_hybrid_trains_exactly_what_was_unfrozen():
    (stage,) = stages_for(config(Strategy.HYBRID, unfreeze=("layer3.1", "head")), TREE)
    assert stage.plan.trainable == ("layer3.1", "head")


def test_that_freezing_everything_is_refused():
    with pytest.raises(BadInput, match="Nothing would be trained"):
        stages_for(config(Strategy.FEATURE_EXTRACTION, freeze=("head",)), TREE)


def test_that_more_blocks_than_there_are_is_refused():
    with pytest.raises(BadInput, match="resnet18 has 5 blocks before its head, not 6"):
        plan_for(Strategy.PARTIAL, TREE, 6)


def test_that_rates_fall_from_the_head_downwards_and_can_be_set_by_hand():
    asked = config(Strategy.FULL, lr_decay=0.5, rates={"layer3": 7e-5})
    assert block_rates(TREE, asked, 0.01) == pytest.approx(
        {
            "head": 0.01,
            "layer4": 0.005,
            "layer3": 7e-5,
            "layer2": 0.00125,
            "layer1": 0.000625,
            "stem": 0.0003125,
        }
    )


def test_that_only_a_block_can_have_a_rate_of_its_own():
    with pytest.raises(BadInput, match=r"layer4\.1 is no block of resnet18.*stem, layer1, .*layer4, head"):
        stages_for(config(Strategy.FULL, rates={"layer4.1": 1e-3}), TREE)


def test_that_stages_by_hand_take_the_place_of_the_strategy_s():
    stage = Stage(name="top", epochs=3, lr=0.1, plan=FreezePlan(trainable=("layer4", "head")))
    edited = config(Strategy.STAGED, stages=(stage, stage), blocks=4, epochs=99)
    assert stages_for(edited, TREE) == (stage, stage)
    assert edited.epochs == 6
