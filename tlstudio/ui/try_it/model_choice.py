"""What answers: a run and its epoch, several runs together, or a pre-trained network as it is."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tlstudio.inference.events import Combine, Member
from tlstudio.models.architectures import Architecture, architecture, architectures
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.try_it.desk import TryDesk
from tlstudio.ui.try_it.gain_view import WAYS, GainView
from tlstudio.ui.widgets.basics import QuietComboBox, button

ONE, SEVERAL, AS_IS = range(3)
_WORDS = ("One run", "Several runs", "A network as it is")
_NO_RUNS = "No run has a model yet. Train one first, or take a pre-trained network as it is."
_FIRST = "efficientnet_lite0"  # its weights come with the studio
_SHOWN = 4  # runs of the list that are in sight at once


class ModelChoice(QWidget):
    """Three ways to choose, of which one is shown; each follows the desk and changes it.

    Signals:
        changed: something else was chosen, also by the choice itself.
    """

    changed = Signal()

    def __init__(self, desk: TryDesk, theme: Theme) -> None:
        super().__init__()
        self._desk = desk
        self._touched = False
        self.ways = [button(theme, words, kind="quiet") for words in _WORDS]
        self.run, self.epoch = QuietComboBox(), QuietComboBox()
        self.combine, self.network = QuietComboBox(), QuietComboBox()
        self.list = QListWidget()
        self.gain = GainView(desk)
        self.no_runs = with_role(QLabel(_NO_RUNS), "quiet")
        self.network_words = with_role(QLabel(), "quiet")
        self._fill()
        self._lay_out()
        desk.runs_changed.connect(self._show_runs)
        self._group.idClicked.connect(self._choose_way)
        self.run.activated.connect(self._choose_run)
        for box in (self.epoch, self.combine, self.network):
            box.activated.connect(self._choose)
        self.list.itemChanged.connect(self._choose)
        self._show_way(AS_IS)

    @property
    def way(self) -> int:
        """ONE, SEVERAL or AS_IS."""
        return self._group.checkedId()

    def members(self) -> tuple[Member, ...]:
        """Who answers, as it is chosen now."""
        match self.way:
            case 0 if self.run.count():
                return (Member(self.run.currentData(), self.epoch.currentData()),)
            case 1:
                return tuple(
                    Member(item.data(Qt.ItemDataRole.UserRole))
                    for item in map(self.list.item, range(self.list.count()))
                    if item.checkState() == Qt.CheckState.Checked
                )
            case 2:
                return (Member(self.network.currentData()),)
        return ()

    def set_way(self, way: int) -> None:
        """Choose as if it was clicked."""
        self.ways[way].click()

    # Building

    def _fill(self) -> None:
        named = (
            (self.run, "Run"),
            (self.epoch, "Epoch"),
            (self.combine, "How they answer together"),
            (self.network, "Network"),
            (self.list, "Runs that answer together"),
        )
        for field, name in named:
            field.setAccessibleName(name)
        for combine, words in WAYS.items():
            self.combine.addItem(words, combine.value)
        for name in architectures():
            self.network.addItem(_words(architecture(name)), name)
        self.network.setCurrentIndex(max(0, self.network.findData(_FIRST)))
        self.network_words.setText("Names 1,000 everyday things and animals (ImageNet); nothing is trained.")

    def _lay_out(self) -> None:
        self._group = QButtonGroup(self)
        first = QHBoxLayout()
        first.setSpacing(Space.S)
        first.addWidget(with_role(QLabel("Answered by"), "quiet"))
        for place, way in enumerate(self.ways):
            way.setCheckable(True)
            self._group.addButton(way, place)
            first.addWidget(way)
        first.addSpacing(Space.M)
        self._fields = QStackedWidget()
        self._fields.addWidget(_in_line((self.run, 1), (self.epoch, 0), (self.no_runs, 1)))
        self._fields.addWidget(_in_line((self.combine, 0), (QLabel(), 1)))
        self._fields.addWidget(_in_line((self.network, 0), (self.network_words, 1)))
        self.epoch.setFixedWidth(Size.THUMBNAIL)
        self.combine.setFixedWidth(Size.PREVIEW)
        self.network.setFixedWidth(Size.SIDE)
        self._fields.setFixedHeight(Size.CONTROL + Space.XS)
        first.addWidget(self._fields, 1)
        self.list.setFixedHeight(_SHOWN * Size.ROW)
        self.list.setSelectionMode(QListWidget.SelectionMode.SingleSelection)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._below = QWidget()
        below = QHBoxLayout(self._below)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(Space.L)
        below.addWidget(self.list, 1)
        below.addWidget(self.gain, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addLayout(first)
        layout.addWidget(self._below)

    # Showing

    def _show_way(self, way: int) -> None:
        self.ways[way].setChecked(True)
        self._fields.setCurrentIndex(way)
        self._below.setVisible(way == SEVERAL)

    @Slot()
    def _show_runs(self) -> None:
        """Keep what is chosen where it is still there; the newest run answers until somebody chose."""
        runs = self._desk.runs or ()
        kept = self._touched or self._desk.answered
        before, ticked = self.run.currentData() if kept else None, {one.model for one in self.members()}
        self.run.clear()
        with QSignalBlocker(self.list):
            self.list.clear()
            for one in runs:
                self.run.addItem(one.title, str(one.path))
                item = QListWidgetItem(one.title)
                item.setData(Qt.ItemDataRole.UserRole, str(one.path))
                item.setToolTip(str(one.path))
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                on = self.way == SEVERAL and str(one.path) in ticked
                item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
                self.list.addItem(item)
        self.run.setCurrentIndex(max(0, self.run.findData(before)) if runs else -1)
        for field in (self.run, self.epoch):
            field.setVisible(bool(runs))
        self.no_runs.setVisible(not runs)
        self._show_epochs()
        if runs and not self._touched:
            self._show_way(ONE)
        self._tell()

    def _show_epochs(self) -> None:
        before = self.epoch.currentData() if self.epoch.property("run") == self.run.currentData() else None
        run = next((one for one in self._desk.runs or () if str(one.path) == self.run.currentData()), None)
        self.epoch.clear()
        if run is None:
            return
        for epoch in run.epochs:
            self.epoch.addItem(f"epoch {epoch}{' · chosen' if epoch == run.best else ''}", epoch)
        self.epoch.setProperty("run", str(run.path))
        self.epoch.setCurrentIndex(self.epoch.findData(before if before in run.epochs else run.best))
        self.run.setToolTip(str(run.path))

    # Choosing

    @Slot(int)
    def _choose_way(self, way: int) -> None:
        self._show_way(way)
        self._choose()

    @Slot()
    def _choose_run(self) -> None:
        self._show_epochs()
        self._choose()

    @Slot()
    def _choose(self) -> None:
        self._touched = True
        self._tell()

    def _tell(self) -> None:
        combine = Combine(self.combine.currentData())
        self._desk.choose(self.members(), combine, together=self.way == SEVERAL)
        self.changed.emit()

    def start(self) -> None:
        """Tell the desk what is chosen at first."""
        self._tell()


def _in_line(*fields: tuple[QWidget, int]) -> QWidget:
    whole = QWidget()
    line = QHBoxLayout(whole)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(Space.S)
    for field, stretch in fields:
        line.addWidget(field, stretch)
    return whole


def _words(network: Architecture) -> str:
    weights = network.default_weights
    return network.title if weights.present else f"{network.title} · {weights.megabytes:,.0f} MB to download"
