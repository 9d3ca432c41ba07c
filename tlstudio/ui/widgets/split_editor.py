"""How the images are divided into training, validation and test."""

from collections.abc import Collection
from typing import Any

from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from tlstudio.config import DataConfig, SplitRatios
from tlstudio.data.catalogue import SPLITS, Split
from tlstudio.ui.theme import Size, Space, Theme, number_font, with_role
from tlstudio.ui.widgets.basics import QuietComboBox, number_box

NAMES: dict[Split, str] = {"train": "Training", "val": "Validation", "test": "Test"}
_DELAY = 120  # milliseconds: what a slider passes over on its way is not meant
_LEAST, _MOST = 5, 45  # per cent
_SMALL = 300  # images, below which validation images are too few to trust once
_FOLDS = (3, 5, 10)
_CHOICE = 92  # pixels: "10 folds"
_PERCENT = 36  # pixels: "100 %"


class SplitBar(QWidget):
    """One bar in three colours, by the images in each split."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._counts: dict[Split, int] = {}
        self.setAccessibleName("Shares of training, validation and test images")
        self.setFixedHeight(Size.BAR)
        theme.changed.connect(self.update)

    def show_counts(self, counts: dict[Split, int]) -> None:
        self._counts = counts
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(Size.SIDE, Size.BAR)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()), Size.BAR / 2, Size.BAR / 2)
        painter.setClipPath(shape)
        total = sum(self._counts.values()) or 1
        left = 0.0
        for split, count in self._counts.items():
            width = self.width() * count / total
            painter.fillRect(QRectF(left, 0, width - Size.LINE, Size.BAR), QColor(self._theme.color(split)))
            left += width


class SplitEditor(QWidget):
    """Shares, folds and seed; what the folder gives itself cannot be changed, and the editor says so.

    Signals:
        changed: another way of dividing was asked for.
    """

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._bar = SplitBar(theme)
        self._share: dict[Split, QSlider] = {split: _slider() for split in SPLITS[1:]}
        self._percent: dict[Split, QLabel] = {split: QLabel() for split in SPLITS}
        self._counts: dict[Split, QLabel] = {split: with_role(QLabel(), "quiet") for split in SPLITS}
        self.seed_box = number_box(0, 2**31 - 1)
        self.together_box = QCheckBox("Keep look-alikes together")
        self.folds_box = QuietComboBox()
        self.fold_box = QuietComboBox()
        self._folds_row = QWidget()
        self._note = with_role(QLabel(), "caption")
        self._note.setWordWrap(True)
        self._given: set[Split] = set()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_DELAY)
        self._later.timeout.connect(self.changed)
        self._lay_out(theme)
        self._connect()
        self.set_values(DataConfig(root=""))

    @property
    def values(self) -> dict[str, Any]:
        """What was asked for, by DataConfig's fields."""
        val, test = (self._share[split].value() for split in SPLITS[1:])
        folds: int | None = self.folds_box.currentData()
        return {
            "ratios": SplitRatios(train=(100 - val - test) / 100, val=val / 100, test=test / 100),
            "split_seed": self.seed_box.value(),
            "keep_together": self.together_box.isChecked(),
            "folds": folds,
            "fold": max(0, self.fold_box.currentIndex()) if folds else 0,
        }

    @property
    def note(self) -> str:
        """What the folder itself gives, or nothing."""
        return self._note.text()

    def share(self, split: Split) -> QSlider:
        """The slider for the share of validation or of test, in per cent."""
        return self._share[split]

    def set_values(self, data: DataConfig) -> None:
        """Show these without telling anybody."""
        for box, value in (
            (self._share["val"], round(data.ratios.val * 100)),
            (self._share["test"], round(data.ratios.test * 100)),
            (self.seed_box, data.split_seed),
        ):
            with QSignalBlocker(box):
                box.setValue(value)
        with QSignalBlocker(self.together_box):
            self.together_box.setChecked(data.keep_together)
        with QSignalBlocker(self.folds_box):
            if self.folds_box.findData(data.folds) < 0:
                self.folds_box.addItem(f"{data.folds} folds", data.folds)
            self.folds_box.setCurrentIndex(self.folds_box.findData(data.folds))
        self._fill_fold(data.fold)
        self._show_shares()

    def show_division(self, counts: dict[Split, int], given: Collection[Split]) -> None:
        """Show the counts of a division; ``given`` are the splits that the folder itself has."""
        self._bar.show_counts(counts)
        for split, count in counts.items():
            self._counts[split].setText(f"{count:,}")
        self._given = set(given)
        folded = self.values["folds"] is not None
        # A large set gains little from being trained on several times, and loses much time.
        self._folds_row.setVisible(folded or sum(counts.values()) < _SMALL)
        self._share["val"].setEnabled("val" not in given and not folded)
        self._share["test"].setEnabled("test" not in given)
        self.seed_box.setEnabled(folded or not {"val", "test"} <= self._given)
        self._show_note()

    def _show_note(self) -> None:
        fixed = [NAMES[split].lower() for split in SPLITS if split in self._given]
        words = [f"The folder itself gives {_listed(fixed)}."] if fixed else []
        if (folds := self.values["folds"]) is not None:
            words.append(
                f"Cross-validation: of {folds} folds one validates and the others train. "
                "Runs with each in turn tell how much is luck."
            )
        self._note.setText(" ".join(words))
        self._note.setVisible(bool(words))

    def _lay_out(self, theme: Theme) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.S)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(1, 1)
        for row, split in enumerate(SPLITS):
            grid.addWidget(_Swatch(theme, split, NAMES[split]), row, 0)
            for column, label in ((2, self._percent[split]), (3, self._counts[split])):
                label.setFont(number_font())
                label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                grid.addWidget(label, row, column)
            grid.setRowMinimumHeight(row, Size.ICON + Space.XS)
        for row, (split, slider) in enumerate(self._share.items(), start=1):
            slider.setAccessibleName(f"{NAMES[split]} share in per cent")
            grid.addWidget(slider, row, 1)
        grid.setColumnMinimumWidth(2, _PERCENT)
        grid.setColumnMinimumWidth(3, _PERCENT)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addWidget(self._bar)
        layout.addLayout(grid)
        layout.addWidget(self.together_box)
        layout.addWidget(self._folds_row)
        layout.addLayout(self._seed_row())
        layout.addWidget(self._note)
        self._lay_out_folds()

    def _seed_row(self) -> QHBoxLayout:
        self.together_box.setToolTip(
            "Copies of one picture come into the same split, or the test would be too easy"
        )
        self.seed_box.setFixedWidth(Size.FIELD)
        self.seed_box.setAccessibleName("Seed of the division")
        self.seed_box.setToolTip("The same seed divides the same images alike")
        row = QHBoxLayout()
        row.addWidget(with_role(QLabel("Seed"), "quiet"), 1)
        row.addWidget(self.seed_box)
        return row

    def _lay_out_folds(self) -> None:
        self.folds_box.addItem("Off", None)
        for folds in _FOLDS:
            self.folds_box.addItem(f"{folds} folds", folds)
        self.folds_box.setAccessibleName("Cross-validation")
        self.folds_box.setToolTip("For few images: train several times, each validated with another fold")
        self.fold_box.setAccessibleName("The fold that validates")
        for box in (self.folds_box, self.fold_box):
            box.setFixedWidth(_CHOICE)
        row = QHBoxLayout(self._folds_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(with_role(QLabel("Folds"), "quiet"), 1)
        row.addWidget(self.folds_box)
        row.addWidget(self.fold_box)

    def _connect(self) -> None:
        for slider in self._share.values():
            slider.valueChanged.connect(self._edit)
        self.seed_box.valueChanged.connect(self._edit)
        self.together_box.toggled.connect(self._edit)
        self.folds_box.currentIndexChanged.connect(self._edit_folds)
        self.fold_box.currentIndexChanged.connect(self._edit)

    @Slot()
    def _edit(self) -> None:
        self._show_shares()
        self._later.start()

    @Slot()
    def _edit_folds(self) -> None:
        self._fill_fold(0)
        self._edit()

    def _fill_fold(self, fold: int) -> None:
        folds: int | None = self.folds_box.currentData()
        with QSignalBlocker(self.fold_box):
            self.fold_box.clear()
            self.fold_box.addItems([f"{one} of {folds}" for one in range(1, (folds or 0) + 1)])
            self.fold_box.setCurrentIndex(fold if folds else -1)
        self.fold_box.setVisible(folds is not None)

    def _show_shares(self) -> None:
        values = self.values
        ratios: SplitRatios = values["ratios"]
        shares: dict[Split, float] = {"train": ratios.train, "val": ratios.val, "test": ratios.test}
        if folds := values["folds"]:
            shares["val"] = (1 - ratios.test) / folds
            shares["train"] = 1 - ratios.test - shares["val"]
        for split, label in self._percent.items():
            label.setText(f"{round(shares[split] * 100)} %")


class _Slider(QSlider):
    """Does not change when somebody scrolls past it."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def _slider() -> QSlider:
    slider = _Slider(Qt.Orientation.Horizontal)
    slider.setRange(_LEAST, _MOST)
    slider.setPageStep(5)
    slider.setMinimumWidth(Size.ICON_LARGE)
    return slider


class _Swatch(QWidget):
    """A dot in the colour of a split, and its word."""

    def __init__(self, theme: Theme, token: str, word: str) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addWidget(Dot(theme, token))
        layout.addWidget(QLabel(word))


class Dot(QWidget):
    """A dot in the colour of a token."""

    def __init__(self, theme: Theme, token: str) -> None:
        super().__init__()
        self._theme, self._token = theme, token
        self.setFixedSize(Space.S, Space.S)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(self._token))
        painter.drawEllipse(self.rect())


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
