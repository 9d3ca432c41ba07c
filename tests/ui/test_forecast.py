"""How long the next run would take: asked in the background, told before the start."""

import threading
from collections.abc import Iterator

import pytest

from tests.ui.test_train_page import Trainer, bare, click, page, trainer
from tlstudio.config import Augmentation, DataConfig, RunConfig, Strategy
from tlstudio.errors import BadInput
from tlstudio.events import Control, Event
from tlstudio.training.events import EpochTimes, TimesEstimated
from tlstudio.ui import run_engine
from tlstudio.ui.pages.train import TrainPage
from tlstudio.ui.session import Session
from tlstudio.ui.worker import Worker

__all__ = ["bare", "page", "trainer"]


class Estimator:
    """A scripted estimate, which can be held; it takes a minute an epoch."""

    def __init__(self) -> None:
        self.asked: list[RunConfig] = []
        self.at_work = self.most_at_work = 0
        self.error: Exception | None = None
        self.let_go = threading.Event()
        self.let_go.set()

    def estimate(self, config: RunConfig, control: Control) -> Iterator[Event]:
        self.asked.append(config)
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            while not self.let_go.wait(0.01):
                control.checkpoint()
            if self.error:
                raise self.error
            yield TimesEstimated(EpochTimes(Augmentation.NONE, 1, 60.0, 60.0, 60.0 * config.epochs), ())
        finally:
            self.at_work -= 1


@pytest.fixture
def estimator(monkeypatch: pytest.MonkeyPatch) -> Estimator:
    estimator = Estimator()
    monkeypatch.setattr(run_engine, "estimate", estimator.estimate)
    return estimator


@pytest.fixture
def told(estimator: Estimator, page: TrainPage, qtbot) -> TrainPage:
    qtbot.waitUntil(lambda: time(page) != "–")
    return page


def time(page: TrainPage) -> str:
    return page.summary.facts["Time"].text()


def test_that_the_time_is_told_before_the_start(told: TrainPage, estimator: Estimator) -> None:
    assert time(told) == "about 5:00 min in all"
    assert told.form.augmentation.time.text() == "About 1:00 min an epoch."
    assert estimator.asked == [told.next_run.config()]


def test_that_another_setting_takes_the_time_away_until_it_is_known_anew(
    told: TrainPage, estimator: Estimator, qtbot
) -> None:
    told.form.epochs.setValue(7)
    qtbot.waitUntil(lambda: time(told) == "–")
    qtbot.waitUntil(lambda: time(told) == "about 7:00 min in all")
    assert len(estimator.asked) == 2


def test_that_another_model_is_estimated_too(told: TrainPage, session: Session, estimator, qtbot) -> None:
    session.set_strategy(Strategy.PARTIAL, 2)
    assert time(told) == "–"
    qtbot.waitUntil(lambda: time(told) != "–")
    assert estimator.asked[-1].strategy is Strategy.PARTIAL


def test_that_other_images_under_the_same_name_are_estimated_too(
    told: TrainPage, session: Session, many_images, estimator: Estimator, qtbot
) -> None:
    session.set_data(many_images(60), DataConfig(root="/images/dogs", split_seed=3))
    qtbot.waitUntil(lambda: len(estimator.asked) == 2)
    assert estimator.asked[0] == estimator.asked[1]
    qtbot.waitUntil(lambda: time(told) != "–")


def test_that_many_changes_make_one_estimate(page: TrainPage, estimator: Estimator, qtbot) -> None:
    for epochs in range(10, 20):
        page.form.epochs.setValue(epochs)
        page.next_run.remember()
        qtbot.wait(20)
    qtbot.waitUntil(lambda: time(page) != "–")
    assert [config.epochs for config in estimator.asked] == [19]


def test_that_two_are_never_made_at_once(page: TrainPage, estimator: Estimator, qtbot) -> None:
    estimator.let_go.clear()
    qtbot.waitUntil(lambda: estimator.at_work == 1)
    page.form.epochs.setValue(8)
    qtbot.waitUntil(lambda: len(estimator.asked) == 2)
    estimator.let_go.set()
    qtbot.waitUntil(lambda: time(page) == "about 8:00 min in all")
    assert estimator.most_at_work == 1


def test_that_a_run_puts_an_end_to_it_and_it_is_made_up_for_afterwards(
    page: TrainPage, estimator: Estimator, trainer: Trainer, worker: Worker, qtbot
) -> None:
    estimator.let_go.clear()
    trainer.hold.clear()
    qtbot.waitUntil(lambda: estimator.at_work == 1)
    click(page.start_button)
    qtbot.waitUntil(lambda: estimator.at_work == 0)
    estimator.let_go.set()
    qtbot.wait(1200)
    assert time(page) == "–"
    trainer.hold.set()
    qtbot.waitUntil(lambda: time(page) != "–")
    assert len(estimator.asked) == 2


def test_that_it_waits_while_anything_else_is_worked_at(
    bare: TrainPage, session: Session, many_images, estimator: Estimator, worker: Worker, qtbot
) -> None:
    done = threading.Event()

    def other(control: Control) -> Iterator[Event]:
        while not done.wait(0.01):
            control.checkpoint()
        yield from ()

    worker.run("Something else", other)
    session.set_data(many_images(30), DataConfig(root="/images/dogs", split_seed=3))
    qtbot.wait(1200)
    assert estimator.asked == []
    done.set()
    qtbot.waitUntil(lambda: time(bare) != "–")


def test_that_it_is_made_while_the_page_is_looked_at_alone(
    page: TrainPage, estimator: Estimator, qtbot
) -> None:
    page.hide()
    qtbot.wait(1200)
    assert estimator.asked == []
    page.show()
    qtbot.waitUntil(lambda: time(page) != "–")
    page.hide()
    page.show()
    assert time(page) == "about 5:00 min in all"  # known by then
    assert len(estimator.asked) == 1


def test_that_one_that_fails_is_passed_over_in_silence(
    page: TrainPage, estimator: Estimator, worker: Worker, caplog, qtbot
) -> None:
    estimator.error = BadInput("The plan trains nothing.")
    qtbot.waitUntil(lambda: "The plan trains nothing." in caplog.text)
    qtbot.wait(1200)
    assert time(page) == "–"
    assert not page.outcome.isVisible()
    assert len(estimator.asked) == 1  # and not tried again
    estimator.error = None
    page.form.epochs.setValue(6)
    qtbot.waitUntil(lambda: time(page) == "about 6:00 min in all")
