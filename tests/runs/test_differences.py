"""In what configurations differ."""

import pytest

from tlstudio.config import Corrections, DataConfig, FreezePlan, RunConfig, SplitRatios, Stage, Strategy
from tlstudio.runs.differences import Difference, differences

BASE = RunConfig(data=DataConfig(root="/data/fish"))


def changed(**changes: object) -> RunConfig:
    return BASE.model_copy(update=changes)


def data(**changes: object) -> RunConfig:
    return changed(data=BASE.data.model_copy(update=changes))


def test_that_equal_runs_differ_in_nothing() -> None:
    assert differences([BASE, BASE]) == ()
    assert differences([]) == ()


@pytest.mark.parametrize(
    ("other", "name", "values"),
    [
        (changed(lr=1e-3), "Learning rate", ("as the strategy has it", "0.001")),
        (changed(image_size=96), "Image size", ("as the weights want it", "96 px")),
        (changed(weights="none"), "Weights at the start", ("best published", "random")),
        (changed(early_stopping=3), "Stop early after", ("never", "3 epochs")),
        (changed(warmup=0.1), "Warm-up", ("0%", "10%")),
        (changed(unfreeze=("a", "b")), "Trained by hand", ("none", "a, b")),
        (changed(rates={"a": 0.1}), "Rates of single blocks", ("none", "a: 0.1")),
        (data(root="/data/birds"), "Images", ("fish", "birds")),
        (data(root="/other/fish"), "Images", ("/data/fish", "/other/fish")),
        (data(keep_together=False), "Look-alikes in one split", ("yes", "no")),
        (data(per_class=5), "Training images a class", ("all", "5")),
        (
            data(ratios=SplitRatios(train=0.5, val=0.25, test=0.25)),
            "Division",
            ("70 | 15 | 15", "50 | 25 | 25"),
        ),
        (
            changed(stages=(Stage(name="head", epochs=2, lr=0.1, plan=FreezePlan()),)),
            "Stages edited by hand",
            ("none", "head (2)"),
        ),
    ],
)
def test_that_a_setting_is_told_in_plain_words(other: RunConfig, name: str, values: tuple[str, str]) -> None:
    assert differences([BASE, other]) == (Difference(name, values),)


def test_that_a_setting_without_effect_is_no_difference() -> None:
    assert differences([changed(blocks=1), changed(blocks=3)]) == ()
    assert differences([changed(views=2), changed(views=8)]) == ()


def test_that_blocks_are_told_where_a_strategy_counts_them() -> None:
    partial = changed(strategy=Strategy.PARTIAL, blocks=3)
    assert differences([BASE, partial]) == (
        Difference("Strategy", ("feature extraction", "partial")),
        Difference("Blocks unfrozen", ("–", "3")),
    )


def test_that_values_with_the_same_words_are_told_apart() -> None:
    found = differences([data(corrections=Corrections(names={"a": name})) for name in "xy"])
    assert found == (Difference("Corrections of the images", ("some (1)", "some (2)")),)


def test_that_every_setting_of_a_run_has_a_plain_name() -> None:
    other = RunConfig.model_validate(
        BASE.model_dump() | {"seed": 1, "device": "cpu", "optimizer": "sgd", "keep": "best-and-last"}
    )
    assert [one.name for one in differences([BASE, other])] == ["Optimiser", "Models kept", "Seed", "Device"]
