"""The left of the Strategy Lab: what is to be tried."""

from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from tlstudio.config import RunConfig, Strategy
from tlstudio.evaluation.lab_config import (
    CLIP_METHODS,
    LABELS,
    WITH_BLOCKS,
    Choice,
    ClipChoice,
    LabConfig,
    Network,
    depth_sweep,
)
from tlstudio.models.architectures import architectures
from tlstudio.ui import text
from tlstudio.ui.engine import SAMPLE
from tlstudio.ui.session import Session
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import QuietComboBox, button, number_box, rule
from tlstudio.ui.widgets.clip_picker import ClipPicker
from tlstudio.ui.widgets.strategy_panel import title

_DELAY = 300  # milliseconds
_NAMES = {
    "zero-shot": "CLIP, zero-shot",
    "linear-probe": "CLIP, linear probe",
    **{one.value: title(one) for one in Strategy if one is not Strategy.HYBRID},
}
_TICKED = ("feature-extraction", "partial", "full", "scratch")
_EPOCHS, _MINUTES = "epochs a run", "minutes a run"


class LabPlan(QWidget):
    """Edits a LabConfig.

    Signals:
        edited: some time after the last change.
        data_wanted: the person wants to choose images.
        blocks_wanted: how many blocks has this network, by its name? :meth:`tell_blocks` answers.
    """

    edited = Signal()
    data_wanted = Signal()
    blocks_wanted = Signal(str)

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self._session = session
        self._blocks: dict[str, int] = {}
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_DELAY)
        self._later.timeout.connect(self.edited)
        self._data = with_role(QLabel(), "quiet")
        self._data.setWordWrap(True)
        self.data_button = button(theme, "Choose images", "folder")
        self.networks = QListWidget()
        self.methods = {method: QCheckBox(words) for method, words in _NAMES.items()}
        self.blocks = number_box(1, 12)
        self.clip = ClipPicker()
        self.budget = QuietComboBox()
        self.epochs, self.minutes = number_box(1, 1000), number_box(0.5, 600, decimals=1)
        self.seeds = number_box(1, 5)
        self.image_size = number_box(0, 1024, step=32, at_least="as the weights", suffix=" px")
        self.every_depth = QCheckBox("Every depth of unfreezing")
        self.few_labels = QCheckBox("Few labels: 5, 10, 25, 100 a class")
        self._name()
        self._lay_out()
        self._connect()
        self.set_values({})

    # Values

    def values(self) -> dict[str, Any]:
        """What was chosen, as JSON knows it."""
        return {
            "networks": self.chosen_networks(),
            "methods": self.chosen_methods(),
            "blocks": self.blocks.value(),
            "budget": self.budget.currentText(),
            "epochs": self.epochs.value(),
            "minutes": self.minutes.value(),
            "seeds": self.seeds.value(),
            "image_size": self.image_size.value(),
            "depth": self.every_depth.isChecked(),
            "labels": self.few_labels.isChecked(),
            "clip": [self.clip.model, self.clip.pretrained],
        }

    def set_values(self, values: dict[str, Any]) -> None:
        """Show those of ``values`` that make sense."""
        networks = _words(values.get("networks")) or [self._session.arch]
        for row in range(self.networks.count()):
            item = self.networks.item(row)
            ticked = item.data(Qt.ItemDataRole.UserRole) in networks
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
            if ticked:
                self.networks.scrollToItem(item)
        methods = _words(values.get("methods")) or list(_TICKED)
        for method, box in self.methods.items():
            box.setChecked(method in methods)
        defaults = {"blocks": 1, "epochs": 5, "minutes": 2.0, "seeds": 1, "image_size": 0}
        for name, default in defaults.items():
            value = values.get(name, default)
            good = isinstance(value, (int, float)) and not isinstance(value, bool)
            getattr(self, name).setValue(type(default)(value) if good else default)
        self.budget.setCurrentText(_MINUTES if values.get("budget") == _MINUTES else _EPOCHS)
        self.every_depth.setChecked(values.get("depth") is True)
        self.few_labels.setChecked(values.get("labels") is True)
        match values.get("clip"):
            case [str(model), str(pretrained)]:
                self.clip.set_choice(model, pretrained)
            case _:
                pass
        self._refresh()

    def chosen_networks(self) -> list[str]:
        items = (self.networks.item(row) for row in range(self.networks.count()))
        checked = Qt.CheckState.Checked
        return [item.data(Qt.ItemDataRole.UserRole) for item in items if item.checkState() == checked]

    def chosen_methods(self) -> list[str]:
        return [method for method, box in self.methods.items() if box.isChecked()]

    def missing(self) -> str:
        """What is still needed before the lab can begin; "" if nothing is."""
        if self._session.catalogue is None:
            return "There are no images yet: open a folder on the Data page first."
        if not self.chosen_methods() and not self.every_depth.isChecked():
            return "Tick at least one strategy."
        if not self.chosen_networks() and self._trains():
            return "Tick at least one network."
        if self.every_depth.isChecked() and any(arch not in self._blocks for arch in self.chosen_networks()):
            return "The network's blocks are being counted."
        return ""

    def config(self) -> LabConfig | None:
        """The plan; None where :meth:`missing` says why."""
        if self.missing():
            return None
        methods, minutes = self.chosen_methods(), self.budget.currentText() == _MINUTES
        clip = any(method in CLIP_METHODS for method in methods)
        networks = tuple(Network(arch=arch) for arch in self.chosen_networks()) or (Network(),)
        try:
            return LabConfig(
                base=RunConfig(
                    data=self._session.data,
                    epochs=self.epochs.value(),
                    image_size=max(32, self.image_size.value()) if self.image_size.value() else None,
                ),
                networks=networks,
                choices=self._choices(methods),
                minutes=self.minutes.value() if minutes else None,
                seeds=self.seeds.value(),
                labels=(*LABELS, None) if self.few_labels.isChecked() else (None,),
                clip=ClipChoice(model=self.clip.model, pretrained=self.clip.pretrained) if clip else None,
            )
        except ValidationError:  # the images on the Data page are already few a class
            return None

    def tell_blocks(self, arch: str, blocks: int) -> None:
        self._blocks[arch] = blocks
        self.edited.emit()

    def refresh(self) -> None:
        """Follow the session."""
        self._refresh()

    def _choices(self, methods: list[str]) -> tuple[Choice, ...]:
        found: list[Choice] = []
        for method in methods:
            if method == Strategy.PARTIAL:
                found += [Choice(method=method, blocks=n) for n in range(1, self.blocks.value() + 1)]
            elif method in WITH_BLOCKS:
                found.append(Choice(method=method, blocks=self.blocks.value()))
            else:
                found.append(Choice(method=method))
        if self.every_depth.isChecked():
            found += depth_sweep(min(self._blocks[arch] for arch in self.chosen_networks()))
        return tuple(dict.fromkeys(found))

    def _trains(self) -> bool:
        return self.every_depth.isChecked() or any(one not in CLIP_METHODS for one in self.chosen_methods())

    # Making

    def _name(self) -> None:
        self.networks.setAccessibleName("Networks")
        for one in architectures().values():
            item = QListWidgetItem(one.title)
            item.setData(Qt.ItemDataRole.UserRole, one.name)
            item.setFlags(
                Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable
            )
            item.setCheckState(Qt.CheckState.Unchecked)
            self.networks.addItem(item)
        self.networks.setFixedHeight(4 * Size.ROW)
        self.budget.addItems([_EPOCHS, _MINUTES])
        names = {
            self.blocks: "Blocks",
            self.budget: "Budget",
            self.epochs: "Epochs of each run",
            self.minutes: "Minutes of each run",
            self.seeds: "Seeds",
            self.image_size: "Image size",
        }
        for widget, name in names.items():
            widget.setAccessibleName(name)
        self.blocks.setToolTip("Partial fine-tuning is tried with each number of blocks up to this one")
        self.seeds.setToolTip("How often each is repeated: chance has a part in every training")
        self.few_labels.setToolTip("Each learns from few images a class, and from ever more")
        self.every_depth.setToolTip("From the head alone down to the whole network, block by block")
        for box in (*self.methods.values(), self.every_depth, self.few_labels):
            box.setAccessibleName(box.text())

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, Space.S, 0)
        column.setSpacing(Space.S)
        column.addWidget(with_role(QLabel("Images"), "lead"))
        column.addWidget(self._data)
        column.addWidget(self.data_button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(rule())
        column.addWidget(with_role(QLabel("Networks"), "lead"))
        column.addWidget(self.networks)
        column.addWidget(with_role(QLabel("Strategies"), "lead"))
        ticks = QVBoxLayout()
        ticks.setSpacing(0)
        for box in self.methods.values():
            ticks.addWidget(box)
        column.addLayout(ticks)
        column.addWidget(self.clip)
        column.addWidget(rule())
        form = QFormLayout()
        form.setSpacing(Space.S)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Blocks up to", self.blocks)
        budget = QHBoxLayout()
        budget.setSpacing(Space.S)
        for each in (self.epochs, self.minutes):
            each.setFixedWidth(Size.FIELD - Space.XL)
            budget.addWidget(each)
        budget.addWidget(self.budget, 1)
        form.addRow("Budget", budget)
        form.addRow("Seeds", self.seeds)
        form.addRow("Image size", self.image_size)
        column.addLayout(form)
        column.addWidget(self.every_depth)
        column.addWidget(self.few_labels)
        column.addStretch(1)

    def _connect(self) -> None:
        for box in (*self.methods.values(), self.every_depth, self.few_labels):
            box.toggled.connect(self._change)
        for number in (self.blocks, self.epochs, self.minutes, self.seeds, self.image_size):
            number.valueChanged.connect(self._change)
        self.networks.itemChanged.connect(self._change)
        self.budget.currentIndexChanged.connect(self._change)
        self.clip.changed.connect(self._change)
        self.data_button.clicked.connect(self.data_wanted)

    def _change(self) -> None:
        self._refresh()
        self._later.start()

    def _refresh(self) -> None:
        catalogue = self._session.catalogue
        self.data_button.setVisible(catalogue is None)
        if catalogue is None:
            self._data.setText("None yet: what is open on the Data page is tried here.")
        else:
            images = text.amount(len(catalogue.images), "image")
            classes = text.amount(len(catalogue.classes), "class", "classes")
            name = "Sample" if self._session.data.root == SAMPLE else catalogue.root.name
            self._data.setText(f"{name} · {images}, {classes}. One division for all.")
        methods = self.chosen_methods()
        self.clip.setVisible(any(method in CLIP_METHODS for method in methods))
        self.blocks.setEnabled(any(method in WITH_BLOCKS for method in methods))
        minutes = self.budget.currentText() == _MINUTES
        self.epochs.setVisible(not minutes)
        self.minutes.setVisible(minutes)
        if self.every_depth.isChecked():
            for arch in self.chosen_networks():
                if arch not in self._blocks:
                    self.blocks_wanted.emit(arch)


def _words(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
