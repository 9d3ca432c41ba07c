"""What the Try it page knows: the models that answer, what they gain together, and the images."""

import dataclasses
import functools
import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from tlstudio.evaluation.finished_runs import FinishedRun, FinishedRuns
from tlstudio.events import Notice, Progress
from tlstudio.inference.events import (
    Combine,
    EnsembleMeasured,
    EnsembleNotMeasured,
    ImageSkipped,
    ImagesPredicted,
    Member,
    ModelsReady,
    PredictionFinished,
    PredictRequest,
)
from tlstudio.models.architectures import architecture, architectures
from tlstudio.models.events import Downloaded
from tlstudio.ui import answer_engine, run_engine
from tlstudio.ui.latest import Latest
from tlstudio.ui.result_desk import ResultDesk, said_of, single_shot
from tlstudio.ui.tagged import TaggedTask
from tlstudio.ui.text import amount
from tlstudio.ui.worker import Worker

_MEASURE_AFTER = 400  # milliseconds after the last change of the members
_RATE_AFTER = 0.5  # seconds: before, a speed would be a guess
_NO_MODEL = "Choose what answers: a run of yours, several of them, or a pre-trained network as it is."
_ONE_MORE = "Tick another run: an ensemble needs two at least."
_NO_IMAGE = "Drop images or a folder on the window, paste them, or choose them."
_FIRST = "The runs are first asked about their validation images, to see what they gain together."


class TryDesk(ResultDesk):
    """Runs the models for the page.

    Other models drop the results; another way to combine the same ones does, too, and asks anew.

    Attributes:
        runs: those that can answer, the newest first; None before they were looked for.
        measured: what the members of an ensemble gain on validation; None where that is not known.
        not_measured: why it cannot be known, or "".

    Signals:
        runs_changed: other runs are there.
        models_changed: ``members`` or ``combine`` is another, or what is known of their gain.
        told: what else should be known; "" for nothing.
    """

    runs_changed = Signal()
    models_changed = Signal()
    told = Signal(str)

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(worker, parent)
        self.runs: tuple[FinishedRun, ...] | None = None
        self.members: tuple[Member, ...] = ()
        self.combine = Combine.MEAN
        self.together = False  # the members are to be an ensemble
        self.measured: EnsembleMeasured | None = None
        self.not_measured = ""
        self._ready: ModelsReady | None = None
        self._begun = 0
        self._began = 0.0
        self._looking = Latest("Looking for runs", worker, self)
        self._looking.happened.connect(self._runs_found)
        self._looking.failed.connect(self.failed)
        self._measuring = Latest("Measuring the ensemble", worker, self)
        self._measuring.happened.connect(self._ensemble_told)
        self._measuring.failed.connect(self._ensemble_failed)
        self._measuring.over.connect(self.models_changed)
        self._measure_soon = single_shot(self, _MEASURE_AFTER)
        self._measure_soon.timeout.connect(self._measure)

    # What is there

    @property
    def measuring(self) -> bool:
        """What the members gain together is being found out, or about to be."""
        return self._measuring.busy or self._measure_soon.isActive()

    @property
    def missing(self) -> str:
        """What has to be done before anything can be classified, or ""."""
        if not self.members:
            return _NO_MODEL
        if self.together and len(self.members) < 2:
            return _ONE_MORE
        if self.measuring:
            return _FIRST
        return "" if len(self.table) else _NO_IMAGE

    @property
    def at_hand(self) -> bool:
        """Nothing has to be downloaded first."""
        return all(
            one.model not in architectures() or architecture(one.model).default_weights.present
            for one in self.members
        )

    # Changing it

    @Slot()
    def look_for_runs(self) -> None:
        """Follow what was trained or deleted meanwhile."""
        if not self._looking.busy:
            self._looking.run(run_engine.find_runs)

    def choose(self, members: Sequence[Member], combine: Combine, *, together: bool) -> None:
        """Let these answer from now on; results of others are dropped."""
        chosen = tuple(members)
        if (chosen, combine, together) == (self.members, self.combine, self.together):
            return
        others = (chosen, together) != (self.members, self.together)
        again = self.answered and not others
        self.members, self.combine, self.together = chosen, combine, together
        if others:
            self.measured, self.not_measured = None, ""
            self._measuring.stop()
            self._measure_soon.stop()
            if together and len(chosen) > 1:
                self._measure_soon.start()
        if self.answered or self.running or self.table.problems():
            self._drop()
        self.failed.emit("", "")
        self.told.emit("")
        self.models_changed.emit()
        if again:
            self.classify()

    @Slot()
    def classify(self) -> None:
        if self.running or self.missing:
            return
        waiting = self.table.waiting or [*self.table.unread]
        if not waiting:
            return
        self.failed.emit("", "")
        self._begun, self._began, self.outcome, self._ready = len(waiting), 0.0, "", None
        request = PredictRequest(tuple(waiting), self.members, self.combine)
        call = functools.partial(answer_engine.predict_in_batches, request)
        self._current = object()
        self._task = TaggedTask(self._current, "Classifying", call, self._worker, self)
        self._task.happened.connect(self._happened)
        self._task.failed.connect(self._task_failed)
        self._task.done.connect(self._done)
        self.progressed.emit("Starting…", 0, 0)
        self.running_changed.emit()

    @Slot()
    def stop(self) -> None:
        """End after the batch at work; what is known stays."""
        if self._task is not None:
            self._task.stop()
            self.progressed.emit("Stopping…", 0, 0)

    # What happens

    def _take_images(self, paths: Sequence[Path]) -> None:
        """Whoever drops an image wants to know what it shows: nothing more has to be clicked."""
        if self.table.add(paths):
            self.outcome = ""
            self.images_changed.emit()
            if self.at_hand:
                self.classify()

    @Slot(object)
    def _runs_found(self, event: object) -> None:
        if isinstance(event, FinishedRuns) and event.runs != self.runs:
            self.runs = event.runs
            self.runs_changed.emit()

    @Slot()
    def _measure(self) -> None:
        self._measuring.run(functools.partial(answer_engine.measure_ensemble, self.members))
        self.models_changed.emit()

    @Slot(object)
    def _ensemble_told(self, event: object) -> None:
        match event:
            case EnsembleMeasured():
                self.measured = event
            case EnsembleNotMeasured(reason):
                self.not_measured = reason
            case Notice(text):
                self.told.emit(text)
            case _:
                return
        self.models_changed.emit()

    @Slot(str, str)
    def _ensemble_failed(self, message: str, hint: str) -> None:
        self.not_measured = message
        self.failed.emit(message, hint)
        self.models_changed.emit()

    @Slot(object, object)
    def _happened(self, tag: object, event: object) -> None:
        if tag is not self._current:
            return
        match event:
            case ModelsReady():
                self._ready, self._began = event, time.monotonic()
            case ImagesPredicted(paths, scores) if self._ready is not None:
                self.table.take(paths, None, scores, self._ready)
                self._tell_soon()
            case ImageSkipped(path, reason):
                self.table.fail(path, reason)
                self._tell_soon()
            case Progress():
                self._tell_progress(dataclasses.replace(event, text=event.text + self._speed(event.done)))
            case Downloaded():
                self._tell_progress(event)
            case PredictionFinished(images, skipped, seconds):
                speed = f" · {_rate(images + skipped, seconds)}" if images > 1 else ""
                self.outcome = said_of(images, skipped, seconds) + speed

    @Slot(object, bool)
    def _done(self, tag: object, finished: bool) -> None:
        if tag is not self._current:  # other models were chosen meanwhile
            return
        self._task = None
        self._tell.stop()
        if not finished and self.answered:
            done = self._begun - self.table.waiting_count
            self.outcome = f"Stopped after {done:,} of {amount(self._begun, 'image')}" if done > 0 else ""
        self.results_changed.emit()
        self.running_changed.emit()
        if finished and self.table.waiting_count:  # they were added meanwhile
            self.classify()

    # Own

    def _speed(self, done: int) -> str:
        seconds = time.monotonic() - self._began if self._began else 0.0
        return f" · {_rate(done, seconds)}" if done and seconds > _RATE_AFTER else ""

    def _drop(self) -> None:
        if self._task is not None:
            self._task.stop()
            self._task = None
        self._current = None
        self._tell.stop()
        self.table.forget()
        self.outcome = ""
        self.images_changed.emit()
        self.running_changed.emit()


def _rate(images: int, seconds: float) -> str:
    rate = images / max(seconds, 1e-3)
    return f"{rate:,.0f} images/s" if rate >= 10 else f"{rate:.1f} images/s"
