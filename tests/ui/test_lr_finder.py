"""The learning-rate finder on the Train page, with a scripted engine."""

import math
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.ui.controls import check_controls
from tests.ui.test_train_page import Trainer, bare, click, page, trained, trainer
from tlstudio.config import DataConfig, RunConfig, Strategy
from tlstudio.errors import StudioError
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.models.events import Downloaded
from tlstudio.training.events import LrSuggested, LrTried
from tlstudio.ui import run_engine
from tlstudio.ui.pages.train import TrainPage
from tlstudio.ui.session import Session
from tlstudio.ui.theme import Theme
from tlstudio.ui.worker import Worker

__all__ = ["bare", "page", "trained", "trainer"]

SUGGESTED = 1.2e-3


class Sweep:
    """A scripted sweep of three steps, which can be held after its first."""

    def __init__(self) -> None:
        self.configs: list[RunConfig] = []
        self.before: list[Event] = [Progress("Reading images", 1, 2)]
        self.last: Event = LrSuggested(SUGGESTED)
        self.error: Exception | None = None
        self.let_go = threading.Event()
        self.let_go.set()

    def find_lr(self, config: RunConfig, control: Control) -> Iterator[Event]:
        self.configs.append(config)
        yield from self.before
        if self.error:
            raise self.error
        for rate, loss in ((1e-5, 2.0), (1e-3, 1.0), (1e-1, 3.0)):
            yield LrTried(rate, loss)
            while not self.let_go.wait(0.01):
                control.checkpoint()
        yield self.last


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch) -> Sweep:
    sweep = Sweep()
    monkeypatch.setattr(run_engine, "find_lr", sweep.find_lr)
    return sweep


@pytest.fixture
def found(page: TrainPage, sweep: Sweep, worker: Worker, qtbot) -> TrainPage:
    click(page.form.find_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    return page


@pytest.fixture
def finding(page: TrainPage, sweep: Sweep, qtbot) -> TrainPage:
    sweep.let_go.clear()
    click(page.form.find_button)
    qtbot.waitUntil(lambda: len(page.finder.chart.rates) == 1)
    return page


def test_that_the_sweep_is_of_what_would_be_started(
    page: TrainPage, sweep: Sweep, session: Session, trainer: Trainer, worker: Worker, qtbot
) -> None:
    session.set_architecture("resnet18", "none")
    session.set_strategy(Strategy.PARTIAL, 2)
    page.form.batch_size.setValue(16)
    click(page.form.find_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    click(page.start_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert sweep.configs == trainer.configs


def test_that_without_images_there_is_nothing_to_find_a_rate_on(bare: TrainPage, sweep: Sweep) -> None:
    assert not bare.form.find_button.isEnabled()
    bare.find_lr()
    assert sweep.configs == []


def test_that_the_curve_and_the_suggestion_are_shown(found: TrainPage) -> None:
    finder = found.finder
    assert finder.isVisible()
    assert (finder.chart.rates, finder.chart.losses) == ([1e-5, 1e-3, 1e-1], [2.0, 1.0, 3.0])
    assert finder.chart.rate == pytest.approx(SUGGESTED)
    assert finder.words.text() == "The loss falls most steeply at 0.0012."
    assert finder.use_button.text() == "Use 0.0012"
    assert not finder.stop_button.isVisible()


def test_that_the_rate_is_taken_over_and_the_page_is_as_before(found: TrainPage, qtbot) -> None:
    click(found.finder.use_button)
    assert found.form.values()["lr"] == pytest.approx(SUGGESTED)
    assert not found.finder.isVisible()
    assert found.start_button.isEnabled()


def test_that_the_arrow_keys_choose_another_rate(found: TrainPage) -> None:
    QTest.keyClick(found.finder.chart, Qt.Key.Key_Right)
    assert found.finder.chart.rate == pytest.approx(SUGGESTED * 10**0.05)
    assert found.finder.use_button.text() == "Use 0.0013"
    for _ in range(200):
        QTest.keyClick(found.finder.chart, Qt.Key.Key_Left)
    assert found.finder.chart.rate == pytest.approx(1e-6)
    click(found.finder.use_button)
    assert found.form.values()["lr"] == pytest.approx(1e-6)


def test_that_the_line_can_be_dragged(found: TrainPage, qtbot) -> None:
    chart = found.finder.chart
    view, box = chart.plot.viewport(), chart.plot.getPlotItem().getViewBox()

    def place(power: float) -> QPoint:
        middle = sum(box.viewRange()[1]) / 2
        return chart.plot.mapFromScene(box.mapViewToScene(QPointF(power, middle)))

    def send(kind: QEvent.Type, power: float, held: Qt.MouseButton) -> None:
        where, pressed = QPointF(place(power)), Qt.MouseButton.LeftButton
        button = Qt.MouseButton.NoButton if kind is QEvent.Type.MouseMove else pressed
        glob = QPointF(view.mapToGlobal(where.toPoint()))
        QApplication.sendEvent(
            view, QMouseEvent(kind, where, glob, button, held, Qt.KeyboardModifier.NoModifier)
        )
        qtbot.wait(20)  # pyqtgraph looks at the mouse a hundred times a second

    at = math.log10(SUGGESTED)
    send(QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton)
    send(QEvent.Type.MouseButtonPress, at, Qt.MouseButton.LeftButton)
    for power in (-2.8, -2.5, -2.0):
        send(QEvent.Type.MouseMove, power, Qt.MouseButton.LeftButton)
    send(QEvent.Type.MouseButtonRelease, -2.0, Qt.MouseButton.NoButton)
    assert chart.rate == pytest.approx(1e-2, rel=0.1)


def test_that_while_it_runs_settings_rest_and_it_says_how_far_it_is(
    finding: TrainPage, worker: Worker
) -> None:
    assert not finding.form.epochs.isEnabled()
    assert finding.finder.words.text() == "Step 1 of at most 100"
    assert not finding.finder.use_button.isVisible()
    (task,) = worker.tasks
    assert not task.quiet  # the strip below shows it, on every page


def test_that_it_can_be_stopped(finding: TrainPage, worker: Worker, qtbot) -> None:
    click(finding.finder.stop_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert finding.finder.words.text() == "Stopped before a rate could be suggested."
    assert not finding.finder.use_button.isVisible()
    assert finding.form.epochs.isEnabled()
    click(finding.finder.close_button)
    assert not finding.finder.isVisible()


def test_that_closing_it_stops_it(finding: TrainPage, worker: Worker, qtbot) -> None:
    (task,) = worker.tasks
    click(finding.finder.close_button)
    assert task.control.stopping
    assert not finding.finder.isVisible()
    qtbot.waitUntil(lambda: not worker.tasks)


@pytest.mark.parametrize("change", ["model", "data", "start", "run"])
def test_that_whatever_makes_it_pointless_stops_it(
    finding: TrainPage, session: Session, many_images, worker: Worker, change: str, qtbot
) -> None:
    (task,) = worker.tasks
    match change:
        case "model":
            session.set_strategy(Strategy.FULL)
        case "data":
            session.set_data(many_images(9), DataConfig(root="/images/cats"))
        case "start":
            click(finding.start_button)
        case "run":
            finding.show_run(Path("nowhere"))
    assert task.control.stopping
    assert not finding.finder.isVisible()
    qtbot.waitUntil(lambda: not worker.tasks)
    assert finding.form.epochs.isEnabled()


def test_that_an_error_is_said_with_what_to_do(page: TrainPage, sweep: Sweep, worker: Worker, qtbot) -> None:
    sweep.error = StudioError("The weights could not be fetched.", "Check the connection.")
    click(page.form.find_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.finder.banner.message == "The weights could not be fetched."
    assert page.finder.words.text() == ""
    assert not page.finder.chart.isVisible()
    sweep.error = None
    click(page.form.find_button)  # again
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.finder.banner.message == ""
    assert page.finder.chart.isVisible()
    assert page.finder.use_button.isVisible()


def test_that_where_no_rate_helps_the_words_say_so(page: TrainPage, sweep: Sweep, worker, qtbot) -> None:
    sweep.last = Notice("The loss fell at no learning rate of the sweep; keep the usual one.")
    click(page.form.find_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.finder.words.text() == sweep.last.text
    assert not page.finder.use_button.isVisible()
    assert page.finder.chart.rate is None


def test_that_a_download_of_weights_is_followed(page: TrainPage, sweep: Sweep, worker, qtbot) -> None:
    sweep.before = [Downloaded("resnet18", 4_000_000, 45_000_000)]
    sweep.error = StudioError("No connection.")  # so that its words stay
    seen: list[str] = []
    told = page.finder.progress.valueChanged
    told.connect(lambda value: seen.append(f"{page.finder.words.text()} {value}"))
    click(page.form.find_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert "Downloading resnet18, 4.0 MB 4000" in seen


def test_that_it_goes_back_to_the_run_that_was_shown(trained: TrainPage, sweep, worker, qtbot) -> None:
    click(trained.form.find_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert not trained.view.isVisible()
    click(trained.finder.close_button)
    assert trained.view.isVisible()
    assert trained.model.rowCount() == 4


def test_that_its_curve_changes_colour_with_the_theme(found: TrainPage, theme: Theme) -> None:
    before = found.finder.chart.grab().toImage()
    theme.set_scheme("dark")
    assert found.finder.chart.grab().toImage() != before


def test_that_all_of_it_is_reached_by_tab(found: TrainPage) -> None:
    check_controls(found)
