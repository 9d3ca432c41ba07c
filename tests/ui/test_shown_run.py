"""Runs that are there already, on the Train page: shown, resumed, offered."""

import dataclasses
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.images import picture
from tests.trained import one_thread
from tests.ui.test_train_page import RUN, click, column
from tlstudio.config import DataConfig, FreezePlan, RunConfig, SplitRatios, Stage, Strategy
from tlstudio.errors import BadInput
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.training.events import (
    BatchFinished,
    EpochFinished,
    EpochTested,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    StageStarted,
)
from tlstudio.training.replay import RunCutOff
from tlstudio.ui import run_engine, text
from tlstudio.ui.pages.base import NEEDED, QUIET, READY
from tlstudio.ui.pages.train import TrainPage
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.worker import Worker

__all__ = ["one_thread"]

HOW = RunConfig(
    data=DataConfig(root="/images/dogs", ratios=SplitRatios(train=0.6, val=0.2, test=0.2), split_seed=7),
    arch="resnet18",
    weights="none",
    strategy=Strategy.STAGED,
    epochs=4,
    lr=0.02,
    batch_size=16,
    optimizer="sgd",
)
STAGES = tuple(Stage(name=n, epochs=2, lr=0.02, plan=FreezePlan(trainable=(n,))) for n in ("head", "layer4"))
FINISHED = RunFinished(RUN, 2, 0.9, 0.62, 130.0, 0.0)
STOPPED = RunStopped(RUN, 2, 2)
CUT_OFF = RunCutOff(RUN, time.time(), 2, 4, 2)


def epoch(number: int, train_loss: float | None = None) -> EpochFinished:
    stage, loss = (number - 1) // 2, train_loss or 1 / number
    return EpochFinished(number, stage, loss, 1.0, 0.8, 0.9, 0.01, 65.0, 100.0, number <= 2)


class Engine:
    """A scripted engine: a run of two epochs, of four in two stages, and how it is resumed."""

    def __init__(self) -> None:
        self.config = HOW
        self.stages = STAGES
        self.images = run_engine.RunImages("/images/dogs", there=True)
        self.end: Event = CUT_OFF
        self.error: Exception | None = None
        self.again: list[EpochFinished] = [epoch(3), epoch(4)]
        self.refusal: RunFailed | None = None
        self.resumed: list[tuple[Path, bool]] = []
        self.lost: list[RunCutOff] = []
        self.let_go = threading.Event()
        self.let_go.set()

    def started(self) -> RunStarted:
        counts = {"train": 9, "val": 3, "test": 3}
        return RunStarted(RUN, self.config, self.stages, ("a", "b"), counts, 1000, "cuda")

    def replay(self, run: Path, control: Control) -> Iterator[Event]:
        if run == RUN:
            self.let_go.wait()
        if self.error:
            raise self.error
        yield dataclasses.replace(self.started(), run=run)
        yield self.images
        for number, stage in enumerate(self.stages):
            yield StageStarted(number, stage.name, 1 + 2 * number, 2, stage.lr, 10 * (number + 1))
            if number == 0:
                yield from (epoch(1), epoch(2))
        if isinstance(self.end, RunFinished):
            yield from (epoch(3), epoch(4))
            yield from (EpochTested(n, 0.9, 1.0, 0.6, 0.5, n == 2) for n in (1, 2, 3, 4))
        yield dataclasses.replace(self.end, run=run)  # type: ignore[call-arg]

    def resume(self, run: Path, accept_changed_data: bool, control: Control) -> Iterator[Event]:
        self.resumed.append((run, accept_changed_data))
        yield Progress("Reading images", 1, 2)
        if self.refusal and not accept_changed_data:
            yield self.refusal
            return
        yield self.started()
        yield Notice("Resumed after epoch 2, which was the last one finished.")
        yield StageStarted(1, "layer4", 3, 2, 0.01, 20)
        for one in self.again:
            while not self.let_go.wait(0.01):
                control.checkpoint()
            yield BatchFinished(one.epoch, 1, 1, 0.5, 0.5, 100.0, 61.0)
            yield one
        yield FINISHED

    def find_cut_off_runs(self, control: Control) -> Iterator[Event]:
        yield from self.lost


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Engine:
    scripted = Engine()
    for name in ("replay", "resume", "find_cut_off_runs"):
        monkeypatch.setattr(run_engine, name, getattr(scripted, name))
    return scripted


@pytest.fixture
def page(session: Session, worker: Worker, theme: Theme, settings: Settings, qtbot) -> TrainPage:
    page = TrainPage(session, worker, theme, settings)
    qtbot.addWidget(page)
    page.resize(1192, 756)
    page.show()
    qtbot.waitExposed(page)
    return page


@pytest.fixture
def finish(worker: Worker, qtbot) -> Callable[[], None]:
    return lambda: qtbot.waitUntil(lambda: not worker.tasks, timeout=60_000)


@pytest.fixture
def cut_off(page: TrainPage, scripted: Engine, finish) -> TrainPage:
    """The page shows a run that was cut off after two of four epochs."""
    page.show_run(RUN)
    finish()
    return page


# Shown


def test_that_a_finished_run_is_shown_like_one_that_ended_here(
    page: TrainPage, scripted: Engine, finish, qtbot
) -> None:
    scripted.end = FINISHED
    page.show_run(RUN)
    finish()
    assert column(page, "Epoch") == ["1", "2", "3", "4"]
    assert column(page, "Stage") == ["head", "head", "layer4", "layer4"]
    assert column(page, "Test top-1") == ["60.0 %"] * 4
    assert page.model.best_row == 1
    assert page.charts.loss.series["train"].epochs == [1, 2, 3, 4]
    qtbot.waitUntil(lambda: page.charts.loss.bands == [(0, 0, 2, "head"), (1, 2, 4, "layer4")])
    assert page.outcome.sentence == "Epoch 2 is the best: 90.0 % on validation, 62.0 % on test."
    assert page.summary.facts["Trained"].text() == "20 of 1,000 parameters"
    assert page.attention == READY
    assert not page.resume_button.isVisible()


def test_that_session_and_fields_take_over_what_the_run_was_made_of(
    cut_off: TrainPage, session: Session
) -> None:
    assert (session.arch, session.weights, session.strategy) == ("resnet18", "none", Strategy.STAGED)
    values = cut_off.form.values()
    assert (values["epochs"], values["lr"], values["batch_size"], values["optimizer"]) == (4, 0.02, 16, "sgd")
    assert cut_off.summary.facts["Model"].text() == "ResNet-18 · random weights"


def test_that_a_plan_edited_by_hand_comes_back_as_one_made_by_hand(
    page: TrainPage, scripted: Engine, session: Session, finish
) -> None:
    scripted.config = HOW.model_copy(update={"strategy": Strategy.FULL, "freeze": ("layer1",)})
    scripted.stages = STAGES[:1]
    page.show_run(RUN)
    finish()
    assert (session.strategy, session.unfreeze) == (Strategy.HYBRID, ("head",))


def test_that_several_stages_edited_by_hand_come_back_as_they_were(
    page: TrainPage, scripted: Engine, session: Session, finish
) -> None:
    scripted.config = HOW.model_copy(update={"freeze": ("layer1",)})
    page.show_run(RUN)
    finish()
    assert (session.strategy, session.unfreeze) == (Strategy.STAGED, ())
    assert session.stages == STAGES


def test_that_a_run_from_scratch_leaves_the_choice_of_weights(
    page: TrainPage, scripted: Engine, session: Session, finish
) -> None:
    session.set_architecture("resnet18", "IMAGENET1K_V1")
    scripted.config = HOW.model_copy(update={"strategy": Strategy.SCRATCH})
    scripted.stages = STAGES[:1]
    page.show_run(RUN)
    finish()
    assert (session.strategy, session.weights) == (Strategy.SCRATCH, "IMAGENET1K_V1")


def test_that_the_images_of_a_run_are_asked_for_as_it_divided_them(
    page: TrainPage, scripted: Engine, finish, qtbot
) -> None:
    with qtbot.waitSignal(page.images_wanted) as wanted:
        page.show_run(RUN)
    finish()
    assert wanted.args == [HOW.data]


def test_that_images_that_are_open_already_are_not_opened_again(
    page: TrainPage, scripted: Engine, session: Session, many_images, finish, qtbot
) -> None:
    session.set_data(many_images(30), HOW.data)
    with qtbot.assertNotEmitted(page.images_wanted):
        page.show_run(RUN)
        finish()


def test_that_images_that_are_gone_are_missed_in_plain_words(
    page: TrainPage, scripted: Engine, finish, qtbot
) -> None:
    scripted.images = run_engine.RunImages("/images/dogs", there=False)
    with qtbot.assertNotEmitted(page.images_wanted):
        page.show_run(RUN)
        finish()
    assert page.outcome.accessibleName().endswith("Its images are no longer in /images/dogs.")


def test_that_a_run_that_cannot_be_read_says_why(page: TrainPage, scripted: Engine, finish) -> None:
    scripted.error = BadInput("about.json is damaged.", "Copy the folder again.")
    page.show_run(RUN)
    finish()
    assert page.outcome.sentence == "about.json is damaged."
    assert not page.resume_button.isVisible()
    assert page.data_button.isVisible()  # nothing else is shown, so the page is as empty as before


def test_that_a_run_that_another_process_trains_is_not_resumed(
    page: TrainPage, scripted: Engine, finish
) -> None:
    scripted.end = dataclasses.replace(CUT_OFF, trained_by=4711)
    page.show_run(RUN)
    finish()
    assert page.outcome.sentence == "Process 4711 is training this run right now."
    assert not page.resume_button.isVisible()


def test_that_of_two_runs_opened_at_once_the_second_is_shown(
    page: TrainPage, scripted: Engine, finish, qtbot
) -> None:
    scripted.let_go.clear()
    page.show_run(RUN)
    page.show_run(Path("runs/other"))
    qtbot.waitUntil(page.outcome.isVisible)
    scripted.let_go.set()  # too late
    finish()
    assert page.outcome.accessibleName().endswith("other")
    assert column(page, "Epoch") == ["1", "2"]


# Resumed


def test_that_a_run_that_was_cut_off_offers_to_be_resumed(cut_off: TrainPage, session, many_images) -> None:
    session.set_data(many_images(30), DataConfig(root="/images/cats"))
    assert cut_off.outcome.sentence == (
        "Cut off in epoch 3: 2 finished epochs kept; epoch 2 is the best so far."
    )
    assert cut_off.resume_button.isVisible()
    assert cut_off.resume_button.property("kind") == "main"
    assert cut_off.start_button.isEnabled()
    assert cut_off.start_button.text() == "Start again"
    assert cut_off.start_button.property("kind") == "secondary"


@pytest.mark.parametrize("end", [STOPPED, RunFailed("The run failed in epoch 3.", "See the log.", RUN)])
def test_that_a_run_that_was_stopped_or_failed_does_so_too(
    page: TrainPage, scripted: Engine, finish, end: Event
) -> None:
    scripted.end = end
    page.show_run(RUN)
    finish()
    assert page.resume_button.isVisible()


def test_that_a_run_that_failed_before_it_had_a_folder_does_not(
    page: TrainPage, session, many_images, monkeypatch, finish
) -> None:
    session.set_data(many_images(30), DataConfig(root="/images/cats"))
    failed = RunFailed("No weights.", "Get some.")
    monkeypatch.setattr(run_engine, "train", lambda config, control: iter([failed]))
    click(page.start_button)
    finish()
    assert not page.resume_button.isVisible()


def test_that_a_resumed_run_goes_on_below_what_is_there(
    cut_off: TrainPage, scripted: Engine, finish, qtbot
) -> None:
    click(cut_off.resume_button)
    finish()
    assert scripted.resumed == [(RUN, False)]
    assert column(cut_off, "Epoch") == ["1", "2", "3", "4"]
    assert column(cut_off, "Stage") == ["head", "head", "layer4", "layer4"]
    assert cut_off.charts.loss.series["train"].epochs == [1, 2, 3, 4]
    qtbot.waitUntil(lambda: cut_off.charts.loss.bands == [(0, 0, 2, "head"), (1, 2, 4, "layer4")])
    assert cut_off.outcome.sentence.startswith("Epoch 2 is the best")
    assert not cut_off.resume_button.isVisible()
    assert cut_off.start_button.property("kind") == "main"


def test_that_an_epoch_that_is_repeated_replaces_the_one_there_was(
    cut_off: TrainPage, scripted: Engine, finish
) -> None:
    scripted.again = [epoch(2, 0.125), epoch(3)]
    click(cut_off.resume_button)
    finish()
    assert column(cut_off, "Epoch") == ["1", "2", "3"]
    assert column(cut_off, "Train loss") == ["1.000", "0.125", "0.333"]
    assert cut_off.charts.loss.series["train"].values == [1.0, 0.125, 1 / 3]
    assert cut_off.charts.loss.running.epochs == [2, 3]
    assert cut_off.model.best_row == 1


def test_that_a_run_stopped_here_is_resumed_here(
    page: TrainPage, scripted: Engine, session: Session, many_images, monkeypatch, finish
) -> None:
    def train(config: RunConfig, control: Control) -> Iterator[Event]:
        yield RunStarted(RUN, config, STAGES, ("a", "b"), {"train": 9, "val": 3, "test": 3}, 1000, "cpu")
        yield StageStarted(0, "head", 1, 2, 0.02, 10)
        yield from (epoch(1), epoch(2))
        yield STOPPED

    session.set_data(many_images(30), DataConfig(root="/images/cats"))
    monkeypatch.setattr(run_engine, "train", train)
    click(page.start_button)
    finish()
    session.set_architecture("vgg11", "default")  # for the run after the next
    click(page.resume_button)
    finish()
    assert session.arch == "resnet18"  # what is trained is what the page says
    assert column(page, "Epoch") == ["1", "2", "3", "4"]


def test_that_another_run_is_not_shown_while_one_is_under_way(
    cut_off: TrainPage, scripted: Engine, finish, qtbot
) -> None:
    scripted.let_go.clear()
    click(cut_off.resume_button)
    cut_off.show_run(Path("runs/other"))
    assert cut_off.outcome.sentence == "other is not shown while a run is under way."
    assert cut_off.stop_button.isVisible()
    scripted.let_go.set()
    finish()
    assert column(cut_off, "Epoch") == ["1", "2", "3", "4"]


def test_that_a_key_pressed_after_resuming_does_not_stop_the_run(
    cut_off: TrainPage, scripted: Engine, qtbot, finish
) -> None:
    cut_off.activateWindow()
    qtbot.waitUntil(cut_off.isActiveWindow)
    scripted.let_go.clear()
    cut_off.resume_button.setFocus()
    QTest.keyClick(cut_off.resume_button, Qt.Key.Key_Space)
    assert cut_off.stop_button.isVisible()
    assert QApplication.focusWidget() is cut_off  # Qt would give the focus to whatever comes next
    scripted.let_go.set()
    finish()


# Images that have changed

CHANGED = RunFailed(
    "The images in /images/dogs are not those that the run began with: 1 added.",
    "Put them back, or accept the change; then the result is another.",
    RUN,
    bad_input=True,
    changed_data=True,
)


@pytest.fixture
def asked(cut_off: TrainPage, scripted: Engine, finish) -> TrainPage:
    scripted.refusal = CHANGED
    click(cut_off.resume_button)
    finish()
    return cut_off


def test_that_changed_images_are_asked_about(asked: TrainPage) -> None:
    assert asked.offer.sentence == CHANGED.message
    assert "--" not in asked.offer.accessibleName()  # that is how a command line says it
    assert not asked.outcome.isVisible()
    assert column(asked, "Epoch") == ["1", "2"]


def test_that_changed_images_can_be_accepted(asked: TrainPage, scripted: Engine, finish) -> None:
    click(asked.offer.accept_button)
    finish()
    assert scripted.resumed == [(RUN, False), (RUN, True)]
    assert not asked.offer.isVisible()
    assert column(asked, "Epoch") == ["1", "2", "3", "4"]


def test_that_changed_images_can_be_put_back_first(asked: TrainPage, scripted: Engine, finish) -> None:
    click(asked.offer.decline_button)
    assert not asked.offer.isVisible()
    scripted.refusal = None
    click(asked.resume_button)
    finish()
    assert scripted.resumed == [(RUN, False), (RUN, False)]


@pytest.mark.usefixtures("one_thread")
def test_that_the_engine_itself_asks_about_changed_images(
    page: TrainPage, dataset: Path, tmp_path: Path, finish
) -> None:
    from tlstudio.training.trainer import train

    images = Path(shutil.copytree(dataset, tmp_path / "images"))
    config = RunConfig(
        data=DataConfig(root=str(images)),
        arch="resnet18",
        weights="none",
        epochs=2,
        batch_size=8,
        image_size=32,
    )
    control = Control()
    for event in train(config, control, out=tmp_path / "run"):
        if isinstance(event, EpochFinished):
            control.stop()
    picture((200, 50, 40), 77).save(images / "red" / "77.png")
    page.show_run(tmp_path / "run")
    finish()
    click(page.resume_button)
    finish()
    assert page.offer.isVisible()
    assert "1 added" in page.offer.sentence
    click(page.offer.accept_button)
    finish()
    assert page.outcome.sentence.startswith("Epoch")
    assert column(page, "Epoch") == ["1", "2"]


# Offered


@pytest.fixture
def offered(page: TrainPage, scripted: Engine, finish) -> TrainPage:
    scripted.lost = [CUT_OFF]
    page.look_for_cut_off_runs()
    finish()
    return page


def test_that_a_run_that_a_crash_cut_off_is_offered(offered: TrainPage) -> None:
    assert offered.offer.isVisible()
    assert offered.offer.sentence == f"The run of {text.moment(CUT_OFF.began)} was cut off in epoch 3."
    assert offered.attention == NEEDED


def test_that_the_offer_taken_shows_the_run_and_resumes_it(
    offered: TrainPage, scripted: Engine, session: Session, qtbot, finish
) -> None:
    click(offered.offer.accept_button)
    qtbot.waitUntil(lambda: bool(scripted.resumed))
    finish()
    assert scripted.resumed == [(RUN, False)]
    assert not offered.offer.isVisible()
    assert column(offered, "Epoch") == ["1", "2", "3", "4"]
    assert session.strategy is Strategy.STAGED
    assert offered.attention == READY


def test_that_the_offer_declined_leaves_the_page_as_it_was(offered: TrainPage, scripted: Engine) -> None:
    click(offered.offer.decline_button)
    assert not offered.offer.isVisible()
    assert offered.attention == QUIET
    assert offered.model.rowCount() == 0
    assert scripted.resumed == []


def test_that_the_offer_taken_of_a_run_that_cannot_be_read_says_why(
    offered: TrainPage, scripted: Engine, finish
) -> None:
    scripted.error = BadInput("about.json is damaged.", "Copy the folder again.")
    click(offered.offer.accept_button)
    finish()
    assert offered.outcome.sentence == "about.json is damaged."
    assert scripted.resumed == []


def test_that_a_run_that_is_shown_already_is_not_offered_besides(
    cut_off: TrainPage, scripted: Engine, finish
) -> None:
    scripted.lost = [CUT_OFF]
    cut_off.look_for_cut_off_runs()
    finish()
    assert not cut_off.offer.isVisible()


def test_that_an_offer_goes_once_its_run_is_opened(offered: TrainPage, finish) -> None:
    offered.show_run(RUN)
    finish()
    assert not offered.offer.isVisible()
    assert offered.attention == QUIET


def test_that_a_moment_is_told_by_the_clock_today_and_with_its_day_otherwise() -> None:
    now = time.time()
    assert text.moment(now) == time.strftime("%H:%M", time.localtime(now))
    before = time.mktime((2026, 3, 4, 14, 2, 0, 0, 0, -1))
    assert text.moment(before) == "4 Mar, 14:02"
