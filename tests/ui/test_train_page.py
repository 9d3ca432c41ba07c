"""The Train page, through its widgets, with a scripted engine."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QAbstractButton

from tests.ui.controls import check_controls
from tlstudio.config import DataConfig, FreezePlan, RunConfig, Stage, Strategy
from tlstudio.errors import BadInput, Stopped
from tlstudio.events import Control, Event, Progress
from tlstudio.models.strategies import HEAD_LR
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
from tlstudio.ui import run_engine
from tlstudio.ui.item_models.epochs import BEST
from tlstudio.ui.pages.train import TrainPage
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.training_charts import TrainingCharts
from tlstudio.ui.worker import Worker

RUN = Path("runs") / "20260101-120000-resnet18-full"
BATCHES = 4


class Trainer:
    """A scripted run of two stages: the second epoch is the best by validation."""

    def __init__(self) -> None:
        self.configs: list[RunConfig] = []
        self.hold = threading.Event()
        self.holding = threading.Event()
        self.hold.set()
        self.end: Event | None = None
        self.error: Exception | None = None

    def train(self, config: RunConfig, control: Control) -> Iterator[Event]:
        self.configs.append(config)
        yield Progress("Reading images", 1, 2)
        if self.error:
            raise self.error
        if self.end:
            yield self.end
            return
        done = 0
        try:
            for event in self.epochs(config, control):
                done += isinstance(event, EpochFinished)
                yield event
        except Stopped:
            yield RunStopped(RUN, done, 1 if done else None)

    def epochs(self, config: RunConfig, control: Control) -> Iterator[Event]:
        stages = tuple(Stage(name=n, epochs=2, lr=0.01, plan=FreezePlan()) for n in ("head", "layer4"))
        yield RunStarted(RUN, config, stages, ("a", "b"), {"train": 9, "val": 3, "test": 3}, 1000, "cpu")
        epoch = 0
        for number, stage in enumerate(stages):
            yield StageStarted(number, stage.name, epoch + 1, 2, stage.lr, 10 * (number + 1))
            for _ in range(2):
                epoch += 1
                for batch in range(1, BATCHES + 1):
                    self.holding.set()
                    while not self.hold.wait(0.01):
                        control.checkpoint()
                    control.checkpoint()
                    yield BatchFinished(epoch, batch, BATCHES, 1 / epoch, 0.5, 100.0, 61.0)
                val_top1 = 0.9 if epoch == 2 else 0.7
                yield EpochFinished(
                    epoch, number, 1 / epoch, 1.5 / epoch, 0.8, val_top1, 0.01, 65.0, 100.0, epoch <= 2
                )
        for epoch in range(1, 5):
            yield EpochTested(epoch, 0.7, 0.5, 0.6 + epoch / 100, 0.55, epoch == 2)
        yield RunFinished(RUN, 2, 0.9, 0.62, 130.0, 500.0)


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> Trainer:
    trainer = Trainer()
    monkeypatch.setattr(run_engine, "train", trainer.train)
    return trainer


@pytest.fixture
def bare(session: Session, worker: Worker, theme: Theme, settings: Settings, trainer, qtbot) -> TrainPage:
    page = TrainPage(session, worker, theme, settings)
    qtbot.addWidget(page)
    page.resize(1192, 756)
    page.show()
    qtbot.waitExposed(page)
    return page


@pytest.fixture
def page(bare: TrainPage, session: Session, many_images) -> TrainPage:
    session.set_data(many_images(30), DataConfig(root="/images/dogs", split_seed=3))
    return bare


@pytest.fixture
def trained(page: TrainPage, worker: Worker, qtbot) -> TrainPage:
    page.form.epochs.setValue(4)
    click(page.start_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    qtbot.waitUntil(lambda: page.charts.loss.readout["test"] != "–")
    return page


def click(button: QAbstractButton) -> None:
    assert button.isVisible()
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def column(page: TrainPage, title: str) -> list[str]:
    model = page.model
    place = [model.headerData(c, Qt.Orientation.Horizontal) for c in range(model.columnCount())].index(title)
    return [model.index(row, place).data() for row in range(model.rowCount())]


def test_that_without_images_start_is_disabled_and_the_reason_said(bare: TrainPage, qtbot) -> None:
    assert not bare.start_button.isEnabled()
    assert "no images" in bare.start_button.toolTip()
    with qtbot.waitSignal(bare.go_to_data):
        click(bare.data_button)


def test_that_the_summary_says_what_will_be_trained(page: TrainPage, session: Session) -> None:
    session.set_architecture("resnet18", "none")
    session.set_strategy(Strategy.PARTIAL, 2)
    assert page.start_button.isEnabled()
    assert page.summary.facts["Data"].text() == "dogs · 2 classes · 10 training images"
    assert page.summary.facts["Model"].text() == "ResNet-18 · random weights"
    assert page.summary.facts["Strategy"].text().endswith("last 2 blocks")


def test_that_the_run_is_what_session_and_fields_say(
    page: TrainPage, session: Session, trainer: Trainer, worker: Worker, qtbot
) -> None:
    session.set_architecture("resnet18", "none")
    session.set_strategy(Strategy.HYBRID, 1, ("layer4", "fc"))
    page.form.epochs.setValue(7)
    QTest.keyClicks(page.form.lr, "0.02")
    page.form.batch_size.setValue(16)
    page.form.choices["optimizer"].setCurrentIndex(1)
    for fold in page.form.folds.values():
        click(fold.button)
    page.form.image_size.setValue(96)
    page.form.early_stopping.setValue(3)
    page.form.seed.setValue(5)
    click(page.start_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    config = trainer.configs[0]
    assert (config.data.root, config.data.split_seed) == ("/images/dogs", 3)
    assert (config.arch, config.weights) == ("resnet18", "none")
    assert (config.strategy, config.unfreeze) == (Strategy.HYBRID, ("layer4", "fc"))
    assert (config.epochs, config.lr, config.batch_size) == (7, 0.02, 16)
    assert (config.optimizer, config.image_size, config.early_stopping) == ("sgd", 96, 3)
    assert config.seed == 5


def test_that_fields_left_alone_are_the_defaults(page: TrainPage, trainer: Trainer, worker, qtbot) -> None:
    click(page.start_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    made = trainer.configs[0]
    assert made == RunConfig(data=made.data)


def test_that_the_strategys_own_rate_is_shown_where_none_is_typed(page: TrainPage, session: Session) -> None:
    assert page.form.lr.placeholderText() == f"Auto: {HEAD_LR:g}"
    session.set_strategy(Strategy.AS_IS)
    assert not page.form.lr.isEnabled()
    assert not page.form.epochs.isEnabled()


def test_that_a_finished_run_fills_table_and_curves(trained: TrainPage) -> None:
    assert column(trained, "Epoch") == ["1", "2", "3", "4"]
    assert column(trained, "Stage") == ["head", "head", "layer4", "layer4"]
    assert column(trained, "Val. top-1") == ["70.0 %", "90.0 %", "70.0 %", "70.0 %"]
    assert column(trained, "Test top-1") == ["61.0 %", "62.0 %", "63.0 %", "64.0 %"]
    assert column(trained, "Time") == ["1:05"] * 4
    assert [trained.model.index(row, 0).data(BEST) for row in range(4)] == [False, True, False, False]
    assert trained.charts.loss.series["train"].values == [1.0, 0.5, 1 / 3, 0.25]
    assert trained.charts.top1.series["test"].epochs == [1, 2, 3, 4]
    assert trained.summary.facts["Trained"].text() == "20 of 1,000 parameters"


def test_that_a_finished_run_says_how_good_it_is_and_where_it_lies(trained: TrainPage) -> None:
    assert trained.outcome.sentence == "Epoch 2 is the best: 90.0 % on validation, 62.0 % on test."
    assert trained.outcome.open_button.isVisible()
    assert trained.start_button.text() == "Start again"
    assert trained.start_button.isEnabled()


def test_that_stages_are_drawn_as_bands(trained: TrainPage) -> None:
    assert trained.charts.loss.bands == [(0, 0, 2, "head"), (1, 2, 4, "layer4")]


def test_that_the_crosshair_reads_all_values_at_once(trained: TrainPage) -> None:
    assert trained.charts.loss.readout["train"] == "0.250"  # the latest, without a crosshair
    QTest.keyClick(trained.charts, Qt.Key.Key_Left)
    QTest.keyClick(trained.charts, Qt.Key.Key_Left)
    assert trained.charts.loss.readout == {"train": "0.333", "val": "0.500", "test": "0.550"}
    assert trained.charts.top1.readout == {"train": "80.0 %", "val": "70.0 %", "test": "63.0 %"}
    QTest.keyClick(trained.charts, Qt.Key.Key_Escape)
    assert trained.charts.loss.readout["train"] == "0.250"


def test_that_the_mouse_moves_the_crosshair_of_both_charts(trained: TrainPage) -> None:
    chart = trained.charts.top1
    place = chart.box.mapViewToScene(QPointF(2.1, 0.5))
    chart.plot.scene().sigMouseMoved.emit(place)
    assert trained.charts.loss.readout["train"] == "0.500"
    assert chart.readout["val"] == "90.0 %"


def test_that_curves_change_colour_with_the_theme(trained: TrainPage, theme: Theme) -> None:
    before = trained.charts.loss.plot.grab().toImage()
    theme.set_scheme("dark")
    assert trained.charts.loss.plot.grab().toImage() != before


def test_that_a_run_can_be_paused_and_resumed(
    page: TrainPage, trainer: Trainer, worker: Worker, qtbot
) -> None:
    trainer.hold.clear()
    click(page.start_button)
    qtbot.waitUntil(trainer.holding.is_set)
    click(page.pause_button)
    (task,) = worker.tasks
    assert task.control.paused
    assert page.pause_button.text() == "Resume"
    assert page.view.time_left.text() == "paused"
    click(page.pause_button)
    assert page.pause_button.text() == "Pause"
    trainer.hold.set()
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.model.rowCount() == 4


def test_that_stopping_keeps_what_is_finished_and_says_so(
    page: TrainPage, trainer: Trainer, worker: Worker, qtbot
) -> None:
    trainer.hold.clear()
    click(page.start_button)
    qtbot.waitUntil(trainer.holding.is_set)
    click(page.stop_button)
    assert not page.stop_button.isEnabled()
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.outcome.sentence == "Stopped: 0 finished epochs kept."
    assert page.start_button.isVisible()


def test_that_the_fields_rest_while_a_run_is_under_way(
    page: TrainPage, trainer: Trainer, worker: Worker, qtbot
) -> None:
    trainer.hold.clear()
    click(page.start_button)
    qtbot.waitUntil(trainer.holding.is_set)
    assert not page.form.epochs.isEnabled()
    assert not page.start_button.isVisible()
    assert next(iter(worker.tasks)).matters
    trainer.hold.set()
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.form.epochs.isEnabled()


def test_that_a_failed_run_says_why_and_what_to_do(page: TrainPage, trainer, worker, qtbot) -> None:
    trainer.end = RunFailed("The device ran out of memory.", "Try half the batch size.", RUN)
    click(page.start_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.outcome.sentence == "The device ran out of memory."
    assert page.outcome.accessibleName().endswith("Try half the batch size.")
    assert page.outcome.open_button.isVisible()
    assert page.start_button.isEnabled()


def test_that_an_error_before_the_run_is_said_too(page: TrainPage, trainer, worker, qtbot) -> None:
    trainer.error = BadInput("There are no weights.", "Choose a file.")
    click(page.start_button)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert page.outcome.sentence == "There are no weights."
    assert not page.outcome.open_button.isVisible()


def test_that_starting_again_begins_with_empty_curves(
    trained: TrainPage, trainer: Trainer, worker: Worker, qtbot
) -> None:
    trainer.hold.clear()
    trainer.holding.clear()
    click(trained.start_button)
    qtbot.waitUntil(trainer.holding.is_set)
    assert trained.model.rowCount() == 0
    assert trained.charts.loss.series["train"].epochs == []
    assert not trained.outcome.isVisible()
    trainer.hold.set()
    qtbot.waitUntil(lambda: not worker.tasks)


def test_that_the_fields_are_remembered(
    page: TrainPage, session: Session, worker: Worker, theme: Theme, qtbot
) -> None:
    page.form.epochs.setValue(9)
    page.form.lr.setText("0.005")
    qtbot.waitUntil(lambda: Settings().page_values("train").get("lr") == 0.005)
    again = TrainPage(session, worker, theme, Settings())
    qtbot.addWidget(again)
    assert again.form.values() == page.form.values()


def test_that_remembered_nonsense_falls_back_to_the_defaults(
    session: Session, worker: Worker, theme: Theme, settings: Settings, qtbot
) -> None:
    settings.set_page_values("train", {"epochs": "many", "optimizer": "magic", "lr": -3})
    page = TrainPage(session, worker, theme, settings)
    qtbot.addWidget(page)
    values = page.form.values()
    assert (values["epochs"], values["optimizer"], values["lr"]) == (5, "adamw", None)


def test_that_the_table_keeps_the_rules_of_item_models(trained: TrainPage) -> None:
    QAbstractItemModelTester(trained.model, QAbstractItemModelTester.FailureReportingMode.Fatal)


def test_that_every_control_has_a_name_and_is_reached_by_tab(trained: TrainPage) -> None:
    for fold in trained.form.folds.values():
        click(fold.button)
    check_controls(trained)


def test_that_a_long_run_begins_with_a_part_of_its_axis_which_grows(theme: Theme, qtbot) -> None:
    charts = TrainingCharts(theme)
    qtbot.addWidget(charts)
    charts.clear(500)
    assert charts.loss.box.viewRange()[0][1] == pytest.approx(20 * 1.02)
    for epoch in range(1, 101):
        charts.add_epoch(epoch, (1.0, 0.5), (1.0, 0.5))
    qtbot.waitUntil(lambda: charts.loss.box.viewRange()[0][1] > 100)
    assert charts.loss.box.viewRange()[0][1] == pytest.approx(150 * 1.02)
    assert charts.top1.box.viewRange()[0] == charts.loss.box.viewRange()[0]


@pytest.mark.parametrize("epochs", [3, 20, 100, 500, 10_000])
def test_that_the_axis_counts_epochs_in_round_steps(theme: Theme, qtbot, epochs: int) -> None:
    charts = TrainingCharts(theme)
    qtbot.addWidget(charts)
    ((step, values),) = charts.loss.plot.getPlotItem().getAxis("bottom").tickValues(0, epochs, 700)
    assert str(int(step)).rstrip("0") in ("1", "2", "5")
    assert len(values) <= 30
