"""A run's configuration is validated, frozen and the same after a round trip through JSON."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from tlstudio.config import DataConfig, FreezePlan, RunConfig, SplitRatios, Stage, Strategy

CONFIG = RunConfig(data=DataConfig(root="sample"))


def test_that_a_folder_is_all_a_run_needs() -> None:
    assert (CONFIG.strategy, CONFIG.epochs, CONFIG.device) == (Strategy.FEATURE_EXTRACTION, 5, "auto")
    assert (CONFIG.data.ratios.train, CONFIG.data.ratios.val, CONFIG.data.ratios.test) == (0.7, 0.15, 0.15)


def test_that_json_gives_back_the_same_configuration() -> None:
    config = CONFIG.model_copy(update={"freeze": ("layer1",), "lr": 1e-3, "strategy": Strategy.HYBRID})
    assert RunConfig.model_validate_json(config.model_dump_json()) == config
    assert RunConfig.model_validate(config.model_dump(mode="json")) == config


def test_that_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        CONFIG.epochs = 6  # type: ignore[misc]


@pytest.mark.parametrize(
    "field",
    [
        {"epochs": 0},
        {"epochs": 10_001},
        {"lr": 0},
        {"lr": -1},
        {"batch_size": 0},
        {"image_size": 31},
        {"image_size": 1025},
        {"optimizer": "adam"},
        {"schedule": "step"},
        {"weight_decay": -0.1},
        {"label_smoothing": 1},
        {"augmentation": "extreme"},
        {"early_stopping": 0},
        {"seed": -1},
        {"device": "tpu"},
        {"blocks": 0},
        {"strategy": "magic"},
        {"format": 2},
        {"unknown": 1},
    ],
    ids=str,
)
def test_that_a_value_out_of_range_is_refused_by_name(field: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        RunConfig.model_validate({"data": {"root": "sample"}, **field})
    assert caught.value.errors()[0]["loc"] == tuple(field)


@pytest.mark.parametrize("ratios", [(0.7, 0.2, 0.2), (0.5, 0.2, 0.2)])
def test_that_split_ratios_must_sum_to_one(ratios: tuple[float, float, float]) -> None:
    with pytest.raises(ValidationError, match="sum to 1"):
        SplitRatios(train=ratios[0], val=ratios[1], test=ratios[2])


def test_that_thirds_are_close_enough_to_one() -> None:
    assert SplitRatios(train=1 / 3, val=1 / 3, test=1 / 3).train == 1 / 3


@pytest.mark.parametrize("ratios", [(1, 0, 0), (0.7, 0.3, 0), (1.4, -0.2, -0.2)])
def test_that_no_split_may_be_empty(ratios: tuple[float, float, float]) -> None:
    with pytest.raises(ValidationError):
        SplitRatios(train=ratios[0], val=ratios[1], test=ratios[2])


def test_that_a_stage_has_epochs_and_a_rate() -> None:
    plan = FreezePlan(trainable=("fc",))
    for wrong in ({"epochs": 0}, {"lr": 0}):
        with pytest.raises(ValidationError):
            Stage.model_validate({"name": "head", "epochs": 1, "lr": 1e-3, "plan": plan, **wrong})


def test_that_what_lies_below_the_engine_is_imported_without_torch_and_qt() -> None:
    modules = ("config", "paths", "events", "errors", "files", "runs.store", "runs.index")
    data = ("data.scan", "data.split", "data.sample", "data.decode")
    names = ", ".join(f"tlstudio.{name}" for name in (*modules, *data))
    heavy = "sorted({'torch', 'torchvision', 'timm', 'open_clip', 'PySide6'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {names}; print({heavy})"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
