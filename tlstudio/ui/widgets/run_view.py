"""A run as it goes: how far it is, its curves, and the tables of its epochs and its layers."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSplitter,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from tlstudio.config import Strategy
from tlstudio.events import Event, Progress
from tlstudio.models.events import Downloaded
from tlstudio.training.events import (
    BatchFinished,
    BlocksMoved,
    EpochFinished,
    EpochTested,
    FreezeStated,
    RunStarted,
    StageStarted,
)
from tlstudio.ui import text
from tlstudio.ui.item_models.epochs import EpochModel
from tlstudio.ui.theme import Size, Space, Theme, number_font, with_role
from tlstudio.ui.widgets.basics import card
from tlstudio.ui.widgets.epoch_table import EpochTable
from tlstudio.ui.widgets.layer_truth import LayerTruth
from tlstudio.ui.widgets.training_charts import TrainingCharts


class RunView(QWidget):
    """Shows a run by its events, whether they happen now or are told again.

    An epoch that comes again, as it may when a run is resumed, takes the place of the one that was there and
    of all after it.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._total_epochs = 0
        self._under_way = False
        self._held = ""
        self._stages: dict[int, str] = {}
        self.model = EpochModel(self)
        self.charts = TrainingCharts(theme)
        self.table = EpochTable(self.model, theme)
        self.layers = LayerTruth(theme)
        self.tabs = QTabBar()
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the run")
        self.progress_text = QLabel()
        self.time_left = with_role(QLabel(), "quiet")
        for label in (self.progress_text, self.time_left):
            label.setFont(number_font())
        self._lay_out()

    def clear(self, epochs: int) -> None:
        """Nothing yet of a run of so many epochs."""
        self._stages = {}
        self.model.clear()
        self.layers.clear()
        self.charts.clear(epochs)

    def set_busy(self, busy: bool) -> None:
        """Whether there is progress to show."""
        self._line.setVisible(busy)

    def prepare(self, words: str) -> None:
        """Something begins whose length is not known."""
        self._under_way = False
        self.hold("")
        self._show_progress(words, 0, 0)

    def hold(self, words: str) -> None:
        """Say this in the place of the time left, for as long as it is not "" again."""
        self._held = words
        self.time_left.setText(words)

    def take(self, event: Event) -> None:
        """Show what happened; what is none of a run's progress is passed over."""
        match event:
            case Progress(words, done, total):
                self._show_step(words, done, total)
            case Downloaded(name, done, total):
                self._show_progress(f"Downloading {name}, {text.size(done)}", done // 1000, total // 1000)
            case RunStarted(config=config):
                self._under_way = True
                self._total_epochs = 1 if config.strategy is Strategy.AS_IS else config.epochs
                self.charts.set_total(self._total_epochs)
                self.layers.take(event)
            case StageStarted():
                self._stages[event.stage] = event.name
                self.charts.add_stage(event.stage, event.first_epoch, event.epochs, event.name)
            case BatchFinished():
                self._show_batch(event)
            case EpochFinished():
                self._show_epoch(event)
                self.layers.take(event)
            case FreezeStated() | BlocksMoved():
                self.layers.take(event)
            case EpochTested():
                self._show_test(event)
            case _:
                pass

    def _lay_out(self) -> None:
        self._line = QWidget()
        line = QHBoxLayout(self._line)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.M)
        line.addWidget(self.progress_text)
        line.addWidget(self.progress, 1)
        line.addWidget(self.time_left)
        curves = card()
        inside = QVBoxLayout(curves)
        inside.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        inside.addWidget(self.charts)
        panes = QSplitter(Qt.Orientation.Vertical)
        panes.setChildrenCollapsible(False)
        panes.setHandleWidth(Space.M)
        panes.addWidget(curves)
        panes.addWidget(self._tables())
        panes.setSizes([5 * Size.SIDE, 4 * Size.SIDE])
        panes.setStretchFactor(0, 5)
        panes.setStretchFactor(1, 4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.M)
        layout.addWidget(self._line)
        layout.addWidget(panes, 1)

    def _tables(self) -> QWidget:
        """The two tables, one at a time, under their names and what was found of the layers."""
        shown = QStackedWidget()
        for words, table in (("Epochs", self.table), ("Layers", self.layers)):
            self.tabs.addTab(words)
            shown.addWidget(table)
        self.tabs.setDrawBase(False)
        self.tabs.setAccessibleName("Tables of the run")
        self.tabs.currentChanged.connect(shown.setCurrentIndex)
        head = QHBoxLayout()
        head.setSpacing(Space.L)
        head.addWidget(self.tabs)
        self.layers.verdict.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(self.layers.verdict, 1)
        tables = card()
        layout = QVBoxLayout(tables)
        layout.setContentsMargins(Space.S, 0, Space.S, Space.S)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(shown, 1)
        return tables

    def _show_batch(self, event: BatchFinished) -> None:
        total = max(self._total_epochs, event.epoch)
        words = f"Epoch {event.epoch} of {total} · {event.images_per_second:,.0f} images/s"
        self._show_progress(words, (event.epoch - 1) * event.total + event.done, total * event.total)
        self.time_left.setText(self._held or f"{text.duration(event.seconds_left)} left")
        self.charts.add_running(event.epoch - 1 + event.done / event.total, event.loss, event.top1)

    def _show_epoch(self, event: EpochFinished) -> None:
        self.model.add(event, self._stages.get(event.stage, ""))
        self.charts.add_epoch(
            event.epoch, (event.train_loss, event.train_top1), (event.val_loss, event.val_top1)
        )

    def _show_test(self, event: EpochTested) -> None:
        self.model.test(event)
        self.charts.add_test(event.epoch, event.test_loss, event.test_top1)
        count = self.model.rowCount()
        self._show_progress(f"Tested epoch {event.epoch} of {count}", event.epoch, count)
        self.time_left.setText(self._held)

    def _show_step(self, words: str, done: int, total: int) -> None:
        """Once the run is under way the bar is that of the whole run, and a step only says what it is."""
        if self._under_way:
            self.progress_text.setText(words)
        else:
            self._show_progress(words, done, total)

    def _show_progress(self, words: str, done: int, total: int) -> None:
        self.progress_text.setText(words)
        self.progress.setRange(0, total)
        self.progress.setValue(done)
