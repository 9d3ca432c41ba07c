"""The left of the Train page: what the next run is made of, and how long it would take."""

from typing import Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFrame, QVBoxLayout

from tlstudio.config import RunConfig
from tlstudio.data.catalogue import ImageRecord
from tlstudio.training.events import TimesEstimated
from tlstudio.ui.forecast import Forecast
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Size, Space, Theme
from tlstudio.ui.widgets.basics import rule, scrolled
from tlstudio.ui.widgets.run_summary import RunSummary
from tlstudio.ui.widgets.seen_dialog import SeenDialog
from tlstudio.ui.widgets.training_form import TrainingForm
from tlstudio.ui.worker import Worker


class NextRun(QFrame):
    """What the session says in a few words, and the form for the rest, which is remembered.

    Attributes:
        summary, form, forecast: its parts.
    """

    def __init__(self, session: Session, worker: Worker, theme: Theme, settings: Settings) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._session = session
        self._worker = worker
        self._theme = theme
        self._settings = settings
        self._foreseen = False
        self.summary = RunSummary()
        self.form = TrainingForm(theme)
        self.forecast = Forecast(worker, self)
        self.form.set_values(settings.page_values("train"))
        self.setMinimumWidth(Size.SIDE + Size.ICON)  # with a scroll bar beside the form
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        layout.setSpacing(Space.M)
        layout.addWidget(self.summary)
        layout.addWidget(rule())
        layout.addWidget(scrolled(self.form), 1)
        self.form.edited.connect(self.remember)
        self.form.preview_wanted.connect(self.show_seen)
        self.forecast.told.connect(self._show_times)

    def config(self) -> RunConfig:
        """What is chosen now."""
        session = self._session
        return RunConfig(data=session.data, **session.run_fields(), **self.form.values())

    @Slot()
    @Slot(object)
    def show_seen(self, first: ImageRecord | None = None) -> None:
        """Draw what the network of the next run sees of some images, of ``first`` before others."""
        if self._session.catalogue is not None:
            dialog = SeenDialog(self._worker, self._theme, self.window())
            dialog.show_run(self._session.catalogue, self.config(), first.path if first else "")
            dialog.open()

    @Slot()
    def remember(self) -> None:
        """Keep what the form says for the next time, and tell it to the session."""
        values: dict[str, Any] = self.form.values()
        self._settings.set_page_values("train", values)
        self._tell_schedule()
        self._foresee()

    def refresh(self, *, editable: bool, foreseen: bool) -> None:
        """Take over what the session says; ``foreseen`` as in :meth:`foresee`."""
        session = self._session
        self.summary.show_session(session)
        self._tell_schedule()
        self.form.show_strategy(session.strategy, session.edited_stages)
        if session.catalogue is None:
            self.form.find_button.setEnabled(False)
        self.form.preview_button.setEnabled(session.catalogue is not None)
        self.form.setEnabled(editable)
        self.foresee(foreseen)

    def foresee(self, wanted: bool) -> None:
        """Whether somebody may want to know how long the run would take."""
        self._foreseen = wanted
        self._foresee()

    def _foresee(self) -> None:
        known = self._foreseen and self._session.catalogue is not None
        self.forecast.want(self.config() if known else None)

    @Slot(object)
    def _show_times(self, times: TimesEstimated | None) -> None:
        self.form.show_times(times)
        self.summary.show_time(times.asked.total if times else None)

    def _tell_schedule(self) -> None:
        values = self.form.values()
        self._session.set_schedule(values["epochs"], values["lr"], values["lr_decay"])
