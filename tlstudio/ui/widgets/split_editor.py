"""How the images are divided into training, validation and test."""

from collections.abc import Collection

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from tlstudio.config import SplitRatios
from tlstudio.data.catalogue import SPLITS, Catalogue, Split
from tlstudio.ui.theme import Size, Space, Theme, number_font, with_role
from tlstudio.ui.widgets.basics import number_box

NAMES: dict[Split, str] = {"train": "Training", "val": "Validation", "test": "Test"}
_DELAY = 250  # milliseconds: a number that is being typed is not yet meant
_LEAST, _MOST = 5, 45  # per cent


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
    """Shares and seed; what the folder gives itself cannot be changed, and the editor says so.

    Signals:
        changed: other shares or another seed were asked for.
    """

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._bar = SplitBar(theme)
        self._share: dict[Split, QSpinBox] = {
            split: number_box(_LEAST, _MOST, suffix=" %") for split in SPLITS[1:]
        }
        self._train_share = QLabel()
        self._counts: dict[Split, QLabel] = {split: with_role(QLabel(), "quiet") for split in SPLITS}
        self.seed_box = number_box(0, 2**31 - 1)
        self._note = with_role(QLabel(), "caption")
        self._note.setWordWrap(True)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_DELAY)
        self._later.timeout.connect(self.changed)
        self._lay_out(theme)
        self.set_values(SplitRatios(), 0)

    @property
    def ratios(self) -> SplitRatios:
        val, test = (self._share[split].value() for split in SPLITS[1:])
        return SplitRatios(train=(100 - val - test) / 100, val=val / 100, test=test / 100)

    @property
    def seed(self) -> int:
        return self.seed_box.value()

    @property
    def note(self) -> str:
        """What the folder itself gives, or nothing."""
        return self._note.text()

    def share(self, split: Split) -> QSpinBox:
        """The field for the share of validation or of test."""
        return self._share[split]

    def set_values(self, ratios: SplitRatios, seed: int) -> None:
        """Show these without telling anybody."""
        for box, value in (
            (self._share["val"], round(ratios.val * 100)),
            (self._share["test"], round(ratios.test * 100)),
            (self.seed_box, seed),
        ):
            box.blockSignals(True)
            box.setValue(value)
            box.blockSignals(False)
        self._show_train_share()

    def show_division(self, divided: Catalogue, given: Collection[Split]) -> None:
        """Show the counts of a division; ``given`` are the splits that the folder itself has."""
        counts: dict[Split, int] = {split: len(divided.of_split(split)) for split in SPLITS}
        self._bar.show_counts(counts)
        for split, count in counts.items():
            self._counts[split].setText(f"{count:,}")
        for split, box in self._share.items():
            box.setEnabled(split not in given)
        self.seed_box.setEnabled(not {"val", "test"} <= set(given))
        fixed = [NAMES[split].lower() for split in SPLITS if split in given]
        self._note.setText(f"The folder itself gives {_listed(fixed)}." if fixed else "")
        self._note.setVisible(bool(fixed))

    def _lay_out(self, theme: Theme) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.S)
        grid.setVerticalSpacing(Space.XS)
        grid.setColumnStretch(1, 1)
        for row, split in enumerate(SPLITS):
            grid.addWidget(_Swatch(theme, split, NAMES[split]), row, 0)
            self._counts[split].setFont(number_font())
            self._counts[split].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(self._counts[split], row, 1)
            grid.setRowMinimumHeight(row, Size.CONTROL)
        self._train_share.setFont(number_font())
        self._train_share.setContentsMargins(Space.S + Size.FOCUS, 0, 0, 0)
        grid.addWidget(self._train_share, 0, 2)
        for row, (split, box) in enumerate(self._share.items(), start=1):
            box.setFixedWidth(Size.FIELD)
            box.setAccessibleName(f"{NAMES[split]} share in per cent")
            box.valueChanged.connect(self._edit)
            grid.addWidget(box, row, 2)
        self.seed_box.setFixedWidth(Size.FIELD)
        self.seed_box.setAccessibleName("Seed of the division")
        self.seed_box.setToolTip("The same seed divides the same images alike")
        self.seed_box.valueChanged.connect(self._edit)
        grid.addWidget(with_role(QLabel("Seed"), "quiet"), 3, 0)
        grid.addWidget(self.seed_box, 3, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addWidget(self._bar)
        layout.addLayout(grid)
        layout.addWidget(self._note)

    @Slot()
    def _edit(self) -> None:
        self._show_train_share()
        self._later.start()

    def _show_train_share(self) -> None:
        self._train_share.setText(f"{round(self.ratios.train * 100)} %")


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
