"""The buttons that begin a run and steer it."""

from PySide6.QtWidgets import QPushButton

from tlstudio.ui.theme import Theme, restyle
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.worker import Task


class RunButtons:
    """Start, and Resume where something can be resumed; while a run is under way Pause and Stop instead."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self.start = button(theme, "Start", "play", "main")
        self.resume = button(theme, "Resume", "play", "main")
        self.pause = button(theme, "Pause", "pause")
        self.stop = button(theme, "Stop", "stop", "danger")

    @property
    def in_order(self) -> tuple[QPushButton, ...]:
        return self.stop, self.pause, self.start, self.resume

    def show_training(self, training: Task | None) -> None:
        """The run that is under way, None where there is none."""
        for steering in (self.pause, self.stop):
            steering.setVisible(training is not None)
        self.start.setVisible(training is None)
        if training is not None:
            self.resume.hide()
            paused, stopping = training.control.paused, training.control.stopping
            self.pause.setText("Resume" if paused else "Pause")
            self._theme.set_icon(self.pause, "play" if paused else "pause")
            self.pause.setEnabled(not stopping)
            self.stop.setEnabled(not stopping)

    def show_starting(self, can_start: bool, why_not: str, *, again: bool, resumable: bool) -> None:
        """One of the two is the main action: to resume, where something can be resumed."""
        self.start.setEnabled(can_start)
        self.start.setToolTip(why_not)
        self.start.setText("Start again" if again else "Start")
        self.start.setProperty("kind", "secondary" if resumable else "main")
        self._theme.set_icon(self.start, "play", "text" if resumable else "on_accent")
        restyle(self.start)
        self.resume.setVisible(resumable)
