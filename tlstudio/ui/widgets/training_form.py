"""How a model is trained: the fields that matter, and the rest folded away."""

from typing import Any

from PySide6.QtCore import QLocale, QTimer, Signal, Slot
from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from tlstudio.config import RunConfig, Stage, Strategy
from tlstudio.models.strategies import DEFAULT_LR
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.basics import number_box
from tlstudio.ui.widgets.fold import Fold

_DELAY = 400  # milliseconds between the last change and remembering it
_CHOICES = {
    "optimizer": {"adamw": "AdamW", "sgd": "SGD with momentum"},
    "augmentation": {"none": "None", "light": "Light", "strong": "Strong"},
    "schedule": {"cosine": "Cosine", "constant": "Constant", "one-cycle": "One cycle"},
    "device": {"auto": "Fastest there is", "cpu": "CPU", "cuda": "NVIDIA GPU", "mps": "Apple GPU"},
}


class TrainingForm(QWidget):
    """Edits the fields of a RunConfig that say how to train.

    Signals:
        edited: some time after the last change.
    """

    edited = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_DELAY)
        self._later.timeout.connect(self.edited)
        self.epochs = number_box(1, 10_000)
        self.lr = QLineEdit()
        self.batch_size = number_box(1, 4096)
        self.choices = {key: _combo(options) for key, options in _CHOICES.items()}
        self.weight_decay = number_box(0.0, 1.0, decimals=5, step=0.0001)
        self.label_smoothing = number_box(0.0, 0.9, decimals=2, step=0.05)
        self.image_size = number_box(0, 1024, step=32, at_least="As the weights")
        self.early_stopping = number_box(0, 1000, at_least="Off", suffix=" epochs")
        self.seed = number_box(0, 2**31 - 1)
        self._boxes: dict[str, QSpinBox | QDoubleSpinBox] = {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "weight_decay": self.weight_decay,
            "label_smoothing": self.label_smoothing,
            "image_size": self.image_size,
            "early_stopping": self.early_stopping,
            "seed": self.seed,
        }
        self._lay_out(theme)
        self._connect()
        self.reset()

    def reset(self) -> None:
        """The defaults of RunConfig."""
        self.set_values({key: field.default for key, field in RunConfig.model_fields.items()})

    def values(self) -> dict[str, Any]:
        """What RunConfig takes, by field."""
        size = self.image_size.value()
        return {
            **{key: box.value() for key, box in self._boxes.items()},
            **{key: combo.currentData() for key, combo in self.choices.items()},
            "lr": self._rate(),
            "image_size": max(32, size) if size else None,
            "early_stopping": self.early_stopping.value() or None,
        }

    def set_values(self, values: dict[str, Any]) -> None:
        """Show those of ``values`` that make sense, without telling anybody."""
        for key, box in self._boxes.items():
            value = values.get(key, box.value())
            if isinstance(value, (int, float)) or value is None:
                box.setValue(value or 0)  # type: ignore[arg-type]
        for key, combo in self.choices.items():
            place = combo.findData(values.get(key))
            if place >= 0:
                combo.setCurrentIndex(place)
        rate = values.get("lr")
        self.lr.setText(f"{rate:g}" if isinstance(rate, float) and rate > 0 else "")
        self._later.stop()

    def show_strategy(self, strategy: Strategy, stages: tuple[Stage, ...] = ()) -> None:
        """Say the rate that the strategy chooses; of a model used as it is nothing is trained."""
        default = DEFAULT_LR.get(strategy)
        self.lr.setPlaceholderText(f"Auto: {default:g}" if default else "Not trained")
        trains = strategy is not Strategy.AS_IS
        for key in ("epochs", "weight_decay", "label_smoothing", "early_stopping"):
            self._boxes[key].setEnabled(trains)
        for key in ("optimizer", "augmentation", "schedule"):
            self.choices[key].setEnabled(trains)
        self.lr.setEnabled(trains)

    def _lay_out(self, theme: Theme) -> None:
        self.lr.setValidator(_rate_validator(self))
        main = _form()
        _add(main, "Epochs", self.epochs, "How often every training image is seen")
        _add(main, "Learning rate", self.lr, "Left empty, the strategy chooses it")
        _add(main, "Batch size", self.batch_size, "Images a step")
        _add(main, "Optimizer", self.choices["optimizer"])
        _add(main, "Augmentation", self.choices["augmentation"], "How much the training images are varied")
        rest = QWidget()
        more = _form()
        more.setContentsMargins(0, 0, 0, 0)
        rest.setLayout(more)
        _add(more, "Schedule", self.choices["schedule"], "How the learning rate changes on the way")
        _add(more, "Weight decay", self.weight_decay)
        _add(more, "Label smoothing", self.label_smoothing)
        _add(more, "Image size", self.image_size, "Pixels a side, as they reach the network")
        _add(more, "Early stopping", self.early_stopping, "Stop after so many epochs without a better one")
        _add(more, "Seed", self.seed, "The same seed gives the same run")
        _add(more, "Device", self.choices["device"])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addLayout(main)
        self.more = Fold("More", rest, theme)
        layout.addWidget(self.more)
        layout.addStretch(1)

    def _connect(self) -> None:
        for box in self._boxes.values():
            box.valueChanged.connect(self._edit)
        for combo in self.choices.values():
            combo.currentIndexChanged.connect(self._edit)
        self.lr.textChanged.connect(self._edit)

    def _rate(self) -> float | None:
        try:
            rate = float(self.lr.text())
        except ValueError:
            return None
        return rate if rate > 0 else None

    @Slot()
    def _edit(self) -> None:
        self._later.start()


def _combo(options: dict[str, str]) -> QComboBox:
    combo = QComboBox()
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(6)
    for value, words in options.items():
        combo.addItem(words, value)
    return combo


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setHorizontalSpacing(Space.M)
    form.setVerticalSpacing(Space.S)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


def _add(form: QFormLayout, words: str, field: QWidget, explained: str = "") -> None:
    label = with_role(QLabel(words), "quiet")
    label.setBuddy(field)
    label.setMinimumSize(Size.FIELD + Space.S, Size.CONTROL)  # the longest word, so that all fields line up
    field.setMinimumWidth(Size.FIELD)
    field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    field.setAccessibleName(words)
    field.setToolTip(explained)
    label.setToolTip(explained)
    form.addRow(label, field)


def _rate_validator(parent: QWidget) -> QDoubleValidator:
    validator = QDoubleValidator(1e-9, 10.0, 12, parent)
    validator.setLocale(QLocale.c())  # a comma for the point would be read as another number
    return validator
