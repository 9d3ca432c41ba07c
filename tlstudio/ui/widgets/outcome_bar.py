"""How a run ended, and where it lies."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QPalette

from tlstudio.training.events import RunEnd, RunFailed, RunFinished, RunStopped
from tlstudio.training.replay import RunCutOff
from tlstudio.ui import text
from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.basics import button
from tlstudio.ui.widgets.glyph import GlyphButton
from tlstudio.ui.widgets.message_bar import MessageBar


class OutcomeBar(MessageBar):
    """A sentence, what can be done, a button to the run's folder, and one to put the bar away.

    Signals:
        evaluation_wanted: a finished run is to be evaluated: its folder.
        labels_wanted: the labels of a finished run are to be checked: its folder.
    """

    evaluation_wanted = Signal(object)
    labels_wanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        self.open_button = button(theme, "Open folder", "folder")
        self.evaluate_button = button(theme, "Evaluate", "evaluate")
        self.evaluate_button.setToolTip("See how good it is on the test images, and where it errs")
        self.labels_button = button(theme, "Check the labels", "search")
        self.labels_button.setToolTip("Find images that are probably in the wrong class")
        close = GlyphButton("close", "Put this message away")
        super().__init__(self.evaluate_button, self.labels_button, self.open_button, close)
        self._run: Path | None = None
        self.evaluate_button.clicked.connect(self._evaluate)
        self.labels_button.clicked.connect(self._check_labels)
        self.open_button.clicked.connect(self._open)
        close.clicked.connect(self.hide)

    def show_end(self, event: RunEnd | RunCutOff, notes: Sequence[str] = ()) -> None:
        """Say how a run ended, and under it the ``notes``."""
        where = event.run.name if event.run else ""
        match event:
            case RunFinished(_, best, val_top1, test_top1, seconds):
                icon, hint = "check", f"{text.duration(seconds)} · {where}"
                sentence = (
                    f"Epoch {best} is the best: {text.percent(val_top1)} on validation, "
                    f"{text.percent(test_top1)} on test."
                )
            case RunStopped():
                icon, sentence, hint = "stop", f"Stopped: {_kept(event.epochs, event.best_epoch)}.", where
            case RunFailed(message, hint):
                icon, sentence = "error", message
            case RunCutOff(trained_by=None):
                kept = _kept(event.epochs, event.best_epoch)
                icon, sentence, hint = "warning", f"Cut off {event.when}: {kept}.", where
            case RunCutOff():
                icon, hint = "info", "It is shown as it was a moment ago."
                sentence = f"Process {event.trained_by} is training this run right now."
        self.show_outcome(icon, sentence, "\n".join([hint, *notes]).strip(), event.run)
        for each in (self.evaluate_button, self.labels_button):
            each.setVisible(isinstance(event, RunFinished))

    def show_outcome(self, icon: str, sentence: str, hint: str = "", run: Path | None = None) -> None:
        """``icon`` "error" also draws the frame of an error."""
        failed = icon == "error"
        self.setProperty("role", "banner" if failed else "card")
        self.style().polish(self)
        self._run = run
        self.open_button.setToolTip(str(run or ""))
        self.evaluate_button.hide()
        self.labels_button.hide()
        self.open_button.setVisible(run is not None)
        self._say(
            icon, sentence, hint, QPalette.ColorRole.BrightText if failed else QPalette.ColorRole.Accent
        )

    @Slot()
    def _evaluate(self) -> None:
        self.evaluation_wanted.emit(self._run)

    @Slot()
    def _check_labels(self) -> None:
        self.labels_wanted.emit(self._run)

    @Slot()
    def _open(self) -> None:
        if self._run is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._run)))


def _kept(epochs: int, best: int | None) -> str:
    kept = f"{text.amount(epochs, 'finished epoch')} kept"
    return f"{kept}; epoch {best} is the best so far" if best else kept
