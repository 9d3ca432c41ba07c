"""How the training images are varied, with the time that a run would take beside each way."""

import dataclasses
import math

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from tlstudio.config import Augmentation
from tlstudio.training.events import EpochTimes, TimesEstimated
from tlstudio.ui import text
from tlstudio.ui.theme import Space, with_role
from tlstudio.ui.widgets.basics import QuietComboBox


@dataclasses.dataclass(frozen=True)
class _Way:
    augmentation: Augmentation
    kept: bool = False


_WAYS = (
    _Way(Augmentation.NONE),
    _Way(Augmentation.LIGHT, kept=True),
    _Way(Augmentation.LIGHT),
    _Way(Augmentation.STRONG, kept=True),
    _Way(Augmentation.STRONG),
)
_UNFROZEN = "Nothing is frozen, so each epoch varies the images anew, whichever is chosen."
_SAME = 0.02  # times that differ by less are one time


class AugmentationField(QWidget):
    """One list of the ways to vary images, and beneath it what the chosen one means and how long it takes.

    Signals:
        edited: the person chose another way.
    """

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._views = 4
        self._all_trained = False
        self._trains = True
        self._times: TimesEstimated | None = None
        self.combo = QuietComboBox()
        self.combo.setAccessibleName("Augmentation")
        for _ in _WAYS:
            self.combo.addItem("")
        self.combo.currentIndexChanged.connect(self._choose)
        self.meaning = with_role(QLabel(), "caption")
        self.time = with_role(QLabel(), "caption")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addWidget(self.combo)
        for label in (self.time, self.meaning):
            label.setWordWrap(True)
            layout.addWidget(label)
        self._show()

    @property
    def augmentation(self) -> Augmentation:
        return self._way.augmentation

    @property
    def views(self) -> int:
        """As RunConfig takes it: 0 where each epoch varies the images anew."""
        new = self._way.augmentation is not Augmentation.NONE and not self._way.kept
        return 0 if new else self._views

    @property
    def keeps_views(self) -> bool:
        """Whether the number of kept views matters to what is chosen."""
        return self._trains and self._way.kept and not self._unfrozen

    def set_views(self, views: int) -> None:
        """How many views are kept where any are, at least 1."""
        self._views = views
        self._show()

    def set_value(self, augmentation: object, kept: bool) -> None:
        """Choose a way without telling anybody; nonsense changes nothing."""
        for place, way in enumerate(_WAYS):
            if way.augmentation == augmentation and way.kept == (kept and place > 0):
                self.combo.blockSignals(True)
                self.combo.setCurrentIndex(place)
                self.combo.blockSignals(False)
        self._show()

    def show_strategy(self, *, trains: bool, all_trained: bool) -> None:
        """``all_trained``: the strategy freezes nothing, so that no features are kept."""
        self._trains, self._all_trained = trains, all_trained
        self.combo.setEnabled(trains)
        self._show()

    def show_times(self, times: TimesEstimated | None) -> None:
        """Put the estimated time beside each way; None takes the times away."""
        self._times = times
        self._show()

    @property
    def _way(self) -> _Way:
        return _WAYS[self.combo.currentIndex()]

    @property
    def _unfrozen(self) -> bool:
        """Nothing is frozen: the strategy says so, or the times that were estimated keep no views."""
        told = (self._times.asked, *self._times.others) if self._times else ()
        varied = [times.views for times in told if times.augmentation is not Augmentation.NONE]
        return self._all_trained or (bool(varied) and not any(varied))

    def _times_of(self, way: _Way) -> EpochTimes | None:
        """A time that was estimated for another number of views is none."""
        if self._times is None:
            return None
        if not self._trains:
            return self._times.asked
        for times in (self._times.asked, *self._times.others):
            if times.augmentation is way.augmentation:
                views = self._views if way.kept and not self._unfrozen else 0
                if way.augmentation is Augmentation.NONE or times.views == views:
                    return times
        return None

    @Slot()
    def _choose(self) -> None:
        self._show()
        self.edited.emit()

    def _show(self) -> None:
        for place, way in enumerate(_WAYS):
            times = self._times_of(way) if self._trains else None
            beside = f" · {text.seconds(times.total)}" if times else ""
            self.combo.setItemText(place, self._words(way) + beside)
        self.meaning.setText(self._sentence() if self._trains else "")
        self.meaning.setVisible(self._trains)
        self.time.setText(_time(self._times_of(self._way), self._trains))
        self.time.setVisible(bool(self.time.text()))

    def _words(self, way: _Way) -> str:
        if way.augmentation is Augmentation.NONE:
            return "None"
        more = text.amount(self._views, "kept view") if way.kept else "new each epoch"
        return f"{way.augmentation.value.capitalize()}, {more}"

    def _sentence(self) -> str:
        way = self._way
        if way.augmentation is Augmentation.NONE:
            return "Every epoch sees the images as they are."
        if self._unfrozen:
            return _UNFROZEN
        if way.kept:
            variations = text.amount(self._views, "variation")
            return f"Each image comes in {variations}, which the frozen layers see only once."
        return "Every epoch varies the images anew, and the frozen layers work in each."


def _time(times: EpochTimes | None, trains: bool) -> str:
    if times is None:
        return ""
    first, later = text.seconds(times.first_epoch), text.seconds(times.later_epoch)
    if not trains or times.later_epoch <= 0:
        return f"About {first}."
    if first == later or math.isclose(times.first_epoch, times.later_epoch, rel_tol=_SAME):
        return f"About {first} an epoch."
    return f"About {first} the first epoch, {later} each after it."
