"""How a model is trained: the fields that matter, and the rest folded away."""

import html
import math
from typing import Any, TypeGuard

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from tlstudio.config import RunConfig, Stage, Strategy
from tlstudio.models.strategies import DEFAULT_LR
from tlstudio.preferences import Preferences, keep_preferences, preferences
from tlstudio.training.events import TimesEstimated
from tlstudio.ui.theme import Size, Space, Theme, with_role
from tlstudio.ui.widgets.augmentation_field import AugmentationField
from tlstudio.ui.widgets.basics import QuietComboBox, button, number_box
from tlstudio.ui.widgets.fold import Fold
from tlstudio.ui.widgets.number_edit import LEAST_LR, MOST_LR, NumberEdit
from tlstudio.ui.widgets.training_fields import (
    BATCH_NORM_EXPLAINED,
    CHOICES,
    EVERY,
    FIELDS,
    FOLDS,
    TRAINING_ONLY,
)

_DELAY = 400  # milliseconds between the last change and remembering it
_EVERY = 5  # epochs between models that are kept, to begin with
_NOTHING_FROZEN = (Strategy.FULL, Strategy.SCRATCH)
_DEFAULTS = {key: field.default for key, field in RunConfig.model_fields.items()}


class TrainingForm(QWidget):
    """Edits the fields of a RunConfig that say how to train.

    Attributes:
        folds: by title, what is folded away.

    Signals:
        edited: some time after the last change.
        find_lr_wanted: the person asks for a learning rate to be found.
        preview_wanted: the person asks to see images as training would vary them.
    """

    edited = Signal()
    find_lr_wanted = Signal()
    preview_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_DELAY)
        self._later.timeout.connect(self.edited)
        self._epochs = 1  # those that were entered, also while edited stages have their own
        self._stages: tuple[Stage, ...] = ()
        self._strategy = Strategy.FEATURE_EXTRACTION
        self._make_fields(theme)
        self._lay_out(theme)
        self._connect()
        self.reset()

    def reset(self) -> None:
        """The defaults of RunConfig."""
        self.set_values(_DEFAULTS)

    def values(self) -> dict[str, Any]:
        """What RunConfig takes, by field."""
        size, keep = self.image_size.value(), self.choices["keep"].currentData()
        return {
            **{key: box.value() for key, box in self._boxes.items()},
            **{key: combo.currentData() for key, combo in self.choices.items()},
            **{key: edit.value() for key, edit in self._edits.items()},
            "epochs": self._epochs,
            "augmentation": self.augmentation.augmentation.value,
            "views": self.augmentation.views,
            "warmup": round(self.warmup.value() / 100, 4),
            "image_size": max(32, size) if size else None,
            "early_stopping": self.early_stopping.value() or None,
            "keep": self.keep_every.value() if keep == EVERY else keep,
        }

    def set_values(self, values: dict[str, Any]) -> None:
        """Show those of ``values`` that make sense, without telling anybody."""
        shown = dict(values)
        warmup, keep = values.get("warmup"), values.get("keep")
        if _is_number(warmup):
            shown["warmup"] = warmup * 100
        if _is_number(keep):
            _put(self.keep_every, keep)
            shown["keep"] = EVERY
        if values.get("views") == 0:
            shown.pop("views")  # the number that is kept where any are stays as it was
        for key, box in self._boxes.items():
            value = shown.get(key, box.value())
            if _is_number(value) or value is None:
                _put(box, value or 0)
        for key, combo in self.choices.items():
            place = combo.findData(f"{shown.get(key)}")
            if place >= 0:
                combo.setCurrentIndex(place)
        for key, edit in self._edits.items():
            edit.set_value(shown.get(key))
        self._set_epochs(values.get("epochs"))
        self.augmentation.set_value(values.get("augmentation"), kept=values.get("views") != 0)
        self._show()
        self._later.stop()

    def set_lr(self, lr: float) -> None:
        """Enter a learning rate that was found."""
        self.lr.set_value(float(f"{lr:.2g}"))

    def show_strategy(self, strategy: Strategy, stages: tuple[Stage, ...] = ()) -> None:
        """Say what the strategy chooses by itself; edited ``stages`` have epochs and rates of their own."""
        self._strategy, self._stages = strategy, stages
        default = DEFAULT_LR.get(strategy)
        trains, by_stage = strategy is not Strategy.AS_IS, bool(stages)
        for key in TRAINING_ONLY:
            self._fields[key].setEnabled(trains)
        self.lr.setPlaceholderText(
            "By stage" if by_stage else f"Auto: {default:g}" if default else "Not trained"
        )
        for field in (self.lr, self.find_button, self._boxes["epochs"]):
            field.setEnabled(trains and not by_stage)
        _explain(self.epochs, _stages_say("epochs", stages) or FIELDS["epochs"].explained)
        _explain(self.lr, _stages_say("rate", stages) or FIELDS["lr"].explained)
        self.augmentation.show_strategy(trains=trains, all_trained=strategy in _NOTHING_FROZEN)
        self._show()

    def show_times(self, times: TimesEstimated | None) -> None:
        """Put the time that the run would take beside each augmentation; None takes the times away."""
        self.augmentation.show_times(times)
        self._show()

    # Making the form

    def _make_fields(self, theme: Theme) -> None:
        self.epochs = number_box(1, 10_000)
        self.lr = NumberEdit(LEAST_LR, MOST_LR)
        self.find_button = button(theme, "Find")
        self.batch_size = number_box(1, 4096)
        self.choices = {key: _combo(options) for key, options in CHOICES.items()}
        self.augmentation = AugmentationField()
        self.warmup = number_box(0.0, 90.0, decimals=1, step=5, at_least="Off", suffix=" %")
        self.image_size = number_box(0, 1024, step=32, at_least="As the weights")
        self.early_stopping = number_box(0, 1000, at_least="Off", suffix=" epochs")
        self.seed = number_box(0, 2**31 - 1)
        self.keep_every = number_box(1, 1000, suffix=" epochs")
        self.cache_limit = number_box(1, 100_000, suffix=" GB")  # of the machine, not of a run
        self.cache_limit.setValue(round(preferences().cache_gb))
        self._boxes: dict[str, QSpinBox | QDoubleSpinBox] = {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "warmup": self.warmup,
            "lr_decay": number_box(0.01, 1.0, decimals=2, step=0.05),
            "weight_decay": number_box(0.0, 1.0, decimals=5, step=0.0001),
            "label_smoothing": number_box(0.0, 0.9, decimals=2, step=0.05),
            "early_stopping": self.early_stopping,
            "accumulate": number_box(1, 1024),
            "image_size": self.image_size,
            "views": number_box(1, 64),
            "seed": self.seed,
        }
        self._edits = {
            "lr": self.lr,
            "clip_norm": NumberEdit(1e-6, 1e6),
            "ema": NumberEdit(0.01, 0.99999),
        }
        self._edits["clip_norm"].setPlaceholderText("Off · try 1")
        self._edits["ema"].setPlaceholderText("Off · try 0.99")
        self._fields: dict[str, QWidget] = {
            **self._boxes,
            **self.choices,
            **self._edits,
            "augmentation": self.augmentation,
            "keep_every": self.keep_every,
            "cache": self.cache_limit,
        }
        for key, field in self._fields.items():
            field.setAccessibleName(FIELDS[key].words)
            _explain(field, FIELDS[key].explained)
        self.find_button.setAccessibleName("Find a learning rate")
        self.preview_button = button(theme, "Preview")
        self.preview_button.setAccessibleName("Preview the augmentation")
        for each in (self.find_button, self.preview_button):
            each.setProperty("kind", "tight")
        _explain(self.preview_button, "Draws your own images as the network sees them in training.")
        _explain(self.find_button, "Tries rising learning rates on your images and suggests one of them.")

    def field(self, key: str) -> QWidget:
        """The widget that edits a field of RunConfig."""
        return self._fields[key]

    def _lay_out(self, theme: Theme) -> None:
        main = _form()
        rate = QHBoxLayout()
        rate.setSpacing(Space.XS)
        rate.addWidget(self.lr, 1)
        rate.addWidget(self.find_button)
        self._add(main, "epochs")
        self._add(main, "lr", rate)
        for key in ("batch_size", "optimizer"):
            self._add(main, key)
        words = self._label("augmentation", self.augmentation.combo)
        words.setMinimumHeight(0)
        above = QHBoxLayout()
        above.addWidget(words)
        above.addStretch(1)
        above.addWidget(self.preview_button)
        main.addRow(above)
        main.addRow(self.augmentation)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addLayout(main)
        self.batch_norm_words = with_role(QLabel(), "caption")
        self.batch_norm_words.setWordWrap(True)
        self.folds = {title: Fold(title, self._folded(keys), theme) for title, keys in FOLDS.items()}
        for fold in self.folds.values():
            fold.button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            layout.addWidget(fold)
        layout.addStretch(1)

    def _folded(self, keys: tuple[str, ...]) -> QWidget:
        content = QWidget()
        form = _form()
        form.setContentsMargins(0, 0, 0, 0)
        content.setLayout(form)
        for key in keys:
            self._add(form, key)
            if key == "batch_norm":
                form.addRow(self.batch_norm_words)
            elif key == "keep_every":
                self._keeping = form
        return content

    def _add(self, form: QFormLayout, key: str, row: QHBoxLayout | None = None) -> None:
        field = self._fields[key]
        field.setMinimumWidth(0 if row else Size.FIELD)
        field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        form.addRow(self._label(key, field), row or field)

    def _label(self, key: str, field: QWidget) -> QLabel:
        label = with_role(QLabel(FIELDS[key].words), "quiet")
        label.setBuddy(field)
        label.setMinimumSize(Size.FIELD + Space.S, Size.CONTROL)  # the longest word: all fields line up
        _explain(label, FIELDS[key].explained)
        return label

    def _connect(self) -> None:
        for box in (*self._boxes.values(), self.keep_every):
            box.valueChanged.connect(self._edit)
        for combo in self.choices.values():
            combo.currentIndexChanged.connect(self._edit)
        for edit in self._edits.values():
            edit.textChanged.connect(self._edit)
        self.augmentation.edited.connect(self._edit)
        self.cache_limit.valueChanged.connect(self._limit_cache)
        self.find_button.clicked.connect(self.find_lr_wanted)
        self.preview_button.clicked.connect(self.preview_wanted)

    # Own

    def _set_epochs(self, epochs: object) -> None:
        if _is_number(epochs):
            self._epochs = int(min(max(1, epochs), self.epochs.maximum()))

    @Slot()
    def _limit_cache(self) -> None:
        keep_preferences(Preferences(cache_gb=self.cache_limit.value()))

    @Slot()
    def _edit(self) -> None:
        if not self._stages:
            self._epochs = int(self.epochs.value())
        self._show()
        self._later.start()

    def _show(self) -> None:
        """Let the fields that follow from others follow."""
        self.augmentation.set_views(int(self._boxes["views"].value()))
        self._boxes["views"].setEnabled(self.augmentation.keeps_views)
        self._keeping.setRowVisible(self.keep_every, self.choices["keep"].currentData() == EVERY)
        self.batch_norm_words.setText(BATCH_NORM_EXPLAINED[self.choices["batch_norm"].currentData()])
        for box in (self.early_stopping, self.keep_every):
            box.setSuffix(" epoch" if box.value() == 1 else " epochs")
        self.epochs.blockSignals(True)
        self.epochs.setValue(sum(stage.epochs for stage in self._stages) or self._epochs)
        self.epochs.blockSignals(False)
        now = self.values()
        for title, fold in self.folds.items():
            changed = sum(now[key] != _DEFAULTS[key] for key in FOLDS[title] if key in now and key != "views")
            changed += "views" in FOLDS[title] and self._boxes["views"].value() != _DEFAULTS["views"]
            fold.set_title(f"{title} · {changed} changed" if changed else title)


def _stages_say(what: str, stages: tuple[Stage, ...]) -> str:
    """Why a field gives way to edited stages; "" where there are none."""
    if not stages:
        return ""
    if what == "rate":
        return "Each stage has a learning rate of its own: you edited the stages on the Model page."
    epochs = " + ".join(str(stage.epochs) for stage in stages)
    return f"The epochs of your stages together, {epochs}: you edited the stages on the Model page."


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _put(box: QSpinBox | QDoubleSpinBox, value: float) -> None:
    value = min(max(box.minimum(), value), box.maximum())
    if isinstance(box, QSpinBox):
        box.setValue(int(value))
    else:
        box.setValue(value)


def _explain(widget: QWidget, sentence: str) -> None:
    """As a tooltip, which breaks its lines where it is rich text, and for those who cannot see one."""
    widget.setToolTip(f"<qt>{html.escape(sentence)}</qt>")
    widget.setAccessibleDescription(sentence)


def _combo(options: dict[str, str]) -> QComboBox:
    combo = QuietComboBox()
    for value, words in options.items():
        combo.addItem(words, value)
    return combo


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setHorizontalSpacing(Space.M)
    form.setVerticalSpacing(Space.S)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form
