"""What a run would take: measured in parts, and added up as the run will go through them."""

import dataclasses
import math
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.training.test_trainer import config, of
from tlstudio.config import Augmentation, FreezePlan, Stage
from tlstudio.errors import BadInput, Stopped
from tlstudio.events import Control, Event, Progress
from tlstudio.training import costs
from tlstudio.training import estimate as module
from tlstudio.training.costs import Costs, ImageCosts, StageCosts
from tlstudio.training.estimate import estimate
from tlstudio.training.events import EpochTimes, TimesEstimated

NONE, LIGHT, STRONG = Augmentation.NONE, Augmentation.LIGHT, Augmentation.STRONG
TRAIN, VAL, TEST = 24, 6, 6  # images of the dataset
# Each a power of ten of its own, so that a sum shows what went into it.
DECODED, DRAWN, PREFIX, KEEP, READ, TRAINED, INFERRED = 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1e0
STAGE = StageCosts(("stem",), PREFIX, KEEP, READ, TRAINED, INFERRED, begin=0.0, epoch=0.0, state_bytes=0)
IMAGES = ImageCosts(DECODED, {NONE: DRAWN, LIGHT: 2 * DRAWN, STRONG: 4 * DRAWN})
COSTS = Costs(IMAGES, (STAGE,), STAGE, 0.0, model_bytes=0, frozen_bytes=0, write=0.0, read=0.0)


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch, one_thread: None) -> None:
    monkeypatch.setattr(module, "_known", {})
    monkeypatch.setattr(costs, "_SECONDS", 0.0)  # the fewest passes will do


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch):
    """Let the parts cost what a test says, on one core; gives the list of the jobs that were measured."""

    def pretend(made: Costs) -> list[object]:
        jobs: list[object] = []

        def measure(job: object, _building: float, _control: Control) -> Generator[Event, None, Costs]:
            jobs.append(job)
            yield Progress("Measuring")
            return made

        monkeypatch.setattr(module, "measure_costs", measure)
        monkeypatch.setattr(module, "decoding_share", lambda: 1.0)
        monkeypatch.setattr(module.time, "monotonic", lambda: 0.0)
        return jobs

    return pretend


def asked(dataset: Path, **more: object) -> TimesEstimated:
    (event,) = of(list(estimate(config(dataset, **more), Control())), TimesEstimated)
    return event


def test_that_an_estimate_is_progress_and_then_one_event(dataset: Path):
    events = list(estimate(config(dataset), Control()))
    assert isinstance(events[-1], TimesEstimated)
    assert all(isinstance(event, Progress) for event in events[:-1])
    for times in (events[-1].asked, *events[-1].others):
        assert 0 < times.later_epoch < math.inf
        assert 0 < times.first_epoch < times.total < math.inf


@pytest.mark.parametrize("strategy", ["partial", "full", "as-is"])
def test_that_every_kind_of_run_can_be_measured(dataset: Path, strategy: str):
    assert asked(dataset, strategy=strategy).asked.total > 0


def test_that_the_first_epoch_decodes_and_computes_and_the_next_ones_read(dataset: Path, measured):
    measured(COSTS)
    times = asked(dataset, augmentation="none", epochs=3).asked
    fresh = DECODED + DRAWN + PREFIX + KEEP
    assert times.first_epoch == TRAIN * (fresh + TRAINED) + VAL * (fresh + INFERRED)
    assert times.later_epoch == TRAIN * (READ + TRAINED) + VAL * (READ + INFERRED)
    tests = TEST * (fresh + INFERRED) + 2 * TEST * (READ + INFERRED)
    assert times.total == times.first_epoch + 2 * times.later_epoch + tests


def test_that_so_many_epochs_as_views_are_kept_compute_features(dataset: Path, measured):
    measured(COSTS)
    times = asked(dataset, augmentation="light", views=2, epochs=4).asked
    computed = TRAIN * (2 * DRAWN + PREFIX + KEEP + TRAINED)
    read = TRAIN * (READ + TRAINED)
    validation = VAL * (READ + INFERRED)
    assert times.later_epoch == pytest.approx((computed + 2 * read) / 3 + validation)


def test_that_new_views_are_computed_each_epoch_and_not_kept(dataset: Path, measured):
    measured(COSTS)
    times = asked(dataset, augmentation="strong", views=0).asked
    assert times.later_epoch == TRAIN * (4 * DRAWN + PREFIX + TRAINED) + VAL * (READ + INFERRED)


def test_that_mixed_images_have_no_features_to_keep(dataset: Path, measured):
    measured(COSTS)
    event = asked(dataset, augmentation="light", mix="mixup")
    assert event.asked.later_epoch == TRAIN * (2 * DRAWN + PREFIX + TRAINED) + VAL * (READ + INFERRED)
    assert {times.views for times in event.others} == {0, 1}


def test_that_a_stage_with_a_shorter_prefix_computes_features_anew(dataset: Path, measured):
    deeper = dataclasses.replace(STAGE, layers=(), prefix=0.0, keep=0.0, read=0.0)
    measured(dataclasses.replace(COSTS, stages=(STAGE, deeper), testing=deeper))
    stages = tuple(
        Stage(name=path, epochs=1, lr=1e-3, plan=FreezePlan(trainable=(path,))) for path in ("head", "stem")
    )
    times = asked(dataset, augmentation="none", stages=stages).asked
    assert times.later_epoch == TRAIN * (DRAWN + TRAINED) + VAL * (DRAWN + INFERRED)


def test_that_files_and_what_comes_once_are_in_the_total(dataset: Path, measured):
    cost = dataclasses.replace(STAGE, begin=5.0, epoch=3.0, state_bytes=20)
    free = dataclasses.replace(COSTS, images=ImageCosts(0.0, dict.fromkeys(Augmentation, 0.0)))
    nothing = dataclasses.replace(cost, prefix=0.0, keep=0.0, read=0.0, train=0.0, infer=0.0)
    measured(
        dataclasses.replace(
            free,
            stages=(nothing,),
            testing=dataclasses.replace(nothing, begin=7.0),
            building=11.0,
            model_bytes=10,
            frozen_bytes=100,
            write=1.0,
            read=0.5,
        )
    )
    times = asked(dataset, epochs=2).asked
    assert times.first_epoch == times.later_epoch == 3.0 + 10 + 20
    once = 11.0 + 100 + 5.0 + 7.0
    assert times.total == once + 2 * times.first_epoch + 2 * 0.5 * 10
    fewer = asked(dataset, epochs=20, keep="best-and-last").asked
    assert fewer.total == once + 20 * fewer.first_epoch + 2 * 0.5 * 10


def test_that_a_graphics_card_computes_while_threads_decode(dataset: Path, measured):
    run = module._Run(config(dataset), COSTS, (), {}, module.torch.device("cuda"), NONE, 1)
    assert run._beside(decoding=3.0, computing=5.0) == 5.0


def test_that_the_ways_of_varying_images_that_make_a_difference_are_compared(dataset: Path, measured):
    measured(COSTS)
    event = asked(dataset, augmentation="light", views=3)
    ways = [(times.augmentation, times.views) for times in (event.asked, *event.others)]
    assert ways == [(LIGHT, 3), (NONE, 1), (STRONG, 3), (LIGHT, 0), (STRONG, 0)]
    measured(dataclasses.replace(COSTS, stages=(dataclasses.replace(STAGE, layers=()),)))
    event = asked(dataset, strategy="full")
    ways = [(times.augmentation, times.views) for times in (event.asked, *event.others)]
    assert ways == [(NONE, 1), (LIGHT, 0), (STRONG, 0)]


def test_that_a_model_used_as_it_is_takes_one_pass(dataset: Path, measured):
    whole = dataclasses.replace(STAGE, layers=(), prefix=0.0, keep=0.0, read=0.0)
    measured(dataclasses.replace(COSTS, stages=(), testing=whole))
    event = asked(dataset, strategy="as-is")
    one = DECODED + DRAWN + INFERRED
    assert event == TimesEstimated(
        EpochTimes(NONE, 1, (TRAIN + VAL) * one, 0.0, (TRAIN + VAL + TEST) * one), ()
    )


def test_that_other_epochs_rates_or_views_are_answered_from_what_was_measured(dataset: Path, measured):
    jobs = measured(COSTS)
    asked(dataset)
    for more in ({"epochs": 7}, {"lr": 0.1}, {"augmentation": "none"}, {"views": 1}, {"seed": 5}):
        asked(dataset, **more)
    assert len(jobs) == 1


@pytest.mark.parametrize(
    "more", [{"batch_size": 4}, {"image_size": 64}, {"strategy": "full"}, {"optimizer": "sgd"}], ids=str
)
def test_that_another_network_or_batch_is_measured_anew(dataset: Path, measured, more: dict):
    jobs = measured(COSTS)
    asked(dataset)
    asked(dataset, **more)
    assert len(jobs) == 2


def test_that_an_estimate_leaves_no_run_and_nothing_half_made(dataset: Path, home: Path):
    asked(dataset, strategy="partial")
    left = {path.name for path in home.rglob("*") if path.is_file()}
    assert not any("estimate" in path.name for path in home.rglob("*"))
    assert not any(name.endswith((".rows", ".part", ".pt")) for name in left)


def test_that_nothing_is_downloaded_for_an_estimate(dataset: Path, monkeypatch: pytest.MonkeyPatch):
    def fetch(*_args: object, **_more: object) -> None:
        raise AssertionError("nothing has to be fetched")

    monkeypatch.setattr("urllib.request.urlopen", fetch)
    assert asked(dataset, weights="IMAGENET1K_V1").asked.total > 0


def test_that_a_folder_that_cannot_be_written_is_estimated_all_the_same(dataset: Path, home: Path):
    home.joinpath("data").write_text("in the way")
    assert asked(dataset).asked.total > 0


def test_that_a_stop_ends_an_estimate(dataset: Path):
    control = Control()
    with pytest.raises(Stopped):
        for _ in estimate(config(dataset), control):
            control.stop()


def test_that_what_cannot_be_trained_cannot_be_estimated(dataset: Path):
    with pytest.raises(BadInput, match="has 5 blocks before its head, not 9"):
        asked(dataset, strategy="partial", blocks=9)
