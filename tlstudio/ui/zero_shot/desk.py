"""What the tabs of the Zero-shot page share: the images, the question, the model, and what came of them."""

import functools
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from tlstudio.errors import BadInput
from tlstudio.events import Notice, Progress
from tlstudio.inference.events import ImageSkipped
from tlstudio.models.events import Downloaded
from tlstudio.ui import answer_engine
from tlstudio.ui.result_desk import ResultDesk, said_of, single_shot
from tlstudio.ui.tagged import TaggedTask
from tlstudio.ui.text import amount
from tlstudio.ui.worker import Worker
from tlstudio.zeroshot.events import (
    Asked,
    Clip,
    ClipReady,
    ImagesEmbedded,
    Question,
    QuestionRead,
    Rescored,
    Scores,
    Vectors,
    ZeroShotFinished,
    ZeroShotRequest,
)
from tlstudio.zeroshot.text import check_question

_ASK_AFTER = 250  # milliseconds after the last change of the question
_SOON_DONE = 500  # sentences that are read before anybody wonders what is going on


class ZeroShotDesk(ResultDesk):
    """Runs the engine for the page, and keeps what it says.

    A question that changes once there are results is asked anew by itself, of the vectors that are there.
    Another model drops the vectors, since they are directions in its own space; it sees the images when they
    are classified the next time.

    Attributes:
        ready: the model that made the vectors; None before it was loaded.
        asked: the question of the scores as the model reads it; None as long as there are none.
        prompts: the sentences of that question by class.

    Signals:
        question_changed: ``clip`` or ``question`` is another.
    """

    question_changed = Signal()

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(worker, parent)
        self._clip, self._question = Clip(), Question(())
        self._missing = ""
        self._asking: TaggedTask | None = None
        self._read: Asked | None = None  # by the task that runs, whose scores are yet to come
        self._asked_question = self._asking_question = self._question
        self._slow = False
        self._begun = 0
        self._again = False
        self.ready: ClipReady | None = None
        self.asked: Asked | None = None
        self.prompts: dict[str, tuple[str, ...]] = {}
        self._soon = single_shot(self, _ASK_AFTER)
        self._soon.timeout.connect(self._ask_again)
        self._check()

    # What is there

    @property
    def clip(self) -> Clip:
        return self._clip

    @property
    def question(self) -> Question:
        return self._question

    @property
    def paths(self) -> Sequence[Path]:
        """The images that are embedded: those of the rows of ``vectors`` and ``scores``."""
        return self.table.embedded

    @property
    def vectors(self) -> Vectors:
        """Shape (paths, dimensions), made by the model ``ready``."""
        return self.table.vectors

    @property
    def scores(self) -> Scores:
        """Shape (paths, classes); the classes are ``asked.classes``."""
        return self.table.scores

    @property
    def busy(self) -> bool:
        """Images are being classified, or another question takes long enough to be shown."""
        return self.running or self._slow

    @property
    def answered(self) -> bool:
        return self.asked is not None

    @property
    def stale(self) -> bool:
        """The scores are of another question than the one that is put now, and nothing changes that."""
        waits = self.busy or self._asking is not None or self._soon.isActive()
        return self.asked is not None and self._question != self._asked_question and not waits

    @property
    def question_fault(self) -> str:
        """Why the question cannot be asked, or ""."""
        return self._missing

    @property
    def missing(self) -> str:
        """What has to be entered before anything can be classified, or ""."""
        if self._missing:
            return self._missing
        return "" if len(self.table) else "Add images: drop them on the window, or choose them."

    def request(self) -> ZeroShotRequest:
        """All images, the question and the model."""
        return ZeroShotRequest(tuple(self.table.paths), self._question, self._clip)

    # Changing it

    def set_question(self, question: Question) -> None:
        if question == self._question:
            return
        self._question = question
        self._check()
        self.question_changed.emit()
        if self.asked is not None and not self.running:
            self._soon.start()

    def set_clip(self, clip: Clip) -> None:
        """Another model: what the one before made of the images is dropped, it is kept on disk anyway."""
        if clip == self._clip:
            return
        self._clip = clip
        self._check()
        self._drop()
        self.question_changed.emit()

    @Slot()
    def classify(self) -> None:
        """Ask the model about the images that nothing is known of yet, or about those that it could not read.

        Where there are none, the question is asked again of the vectors.
        """
        if self.running or self.missing:
            return
        self._soon.stop()
        self._stop_asking()
        self.failed.emit("", "")
        waiting = self.table.waiting or [*self.table.unread]
        if not waiting:
            self._ask_again()
            return
        request = ZeroShotRequest(tuple(waiting), self._question, self._clip)
        self._begun, self.outcome, self._read = len(waiting), "", None
        self._asking_question = self._question
        call = functools.partial(answer_engine.classify_in_batches, request, self.vectors)
        self._current = object()
        self._task = TaggedTask(self._current, "Classifying zero-shot", call, self._worker, self)
        self._task.happened.connect(self._happened)
        self._task.failed.connect(self._task_failed)
        self._task.done.connect(self._done)
        self.progressed.emit("Starting…", 0, 0)
        self.running_changed.emit()

    @Slot()
    def stop(self) -> None:
        """End after the batch at work; what is known stays."""
        for task in (self._task, self._asking):
            if task is not None:
                task.stop()
                self.progressed.emit("Stopping…", 0, 0)

    # What happens

    @Slot(object, object)
    def _happened(self, tag: object, event: object) -> None:
        if tag is not self._current:
            return
        match event:
            case ImagesEmbedded(paths, vectors, scores) if scores is not None and self._read is not None:
                self.asked, self._asked_question = self._read, self._asking_question
                self.table.take(paths, vectors, scores, self._read)
                self._tell_soon()
            case ImageSkipped(path, reason):
                self.table.fail(path, reason)
                self._tell_soon()
            case Progress() | Downloaded():
                self._tell_progress(event)
            case ClipReady():
                self._take_model(event)
            case QuestionRead(asked, prompts, cut):
                self._read, self.prompts = asked, prompts
                self._tell_cut(cut)
            case Rescored(scores) if self._read is not None:
                self._take_scores(scores, self._read)
            case Notice(text):
                self.failed.emit(text, "")
            case ZeroShotFinished(_, _, seconds, known):
                self.outcome = said_of(len(self.paths), self.table.problems(), seconds, known)

    @Slot(object, object)
    def _asked_again(self, tag: object, event: object) -> None:
        if tag is not self._current:
            return  # another question has been put meanwhile
        match event:
            case Progress() | Downloaded():
                if not self._slow and getattr(event, "total", 0) > _SOON_DONE:
                    self._set_slow(True)
                self._tell_progress(event)
            case ClipReady():
                self._take_model(event)
            case QuestionRead(asked, prompts, cut):
                self._read, self.prompts = asked, prompts
                self.failed.emit("", "")
                self._tell_cut(cut)
            case Rescored(scores) if self._read is not None:
                self._take_scores(scores, self._read)

    def _take_scores(self, scores: Scores, asked: Asked) -> None:
        if self.table.rescore(scores, asked):
            self.asked, self._asked_question = asked, self._asking_question
            self.results_changed.emit()
        elif not self.running:  # images went meanwhile
            self._soon.start()

    def _take_model(self, ready: ClipReady) -> None:
        """The weights may have been replaced since: then nothing that is known is of this model."""
        if self.ready is not None and self.ready.key != ready.key and len(self.paths):
            self._drop()
            if self.running:
                self._again = True
            else:
                self.classify()
        else:
            self.ready = ready

    def _tell_cut(self, cut: tuple[str, ...]) -> None:
        if cut:
            names = ", ".join(f"“{name}”" for name in cut[:3])
            more = f" and {len(cut) - 3:,} more" if len(cut) > 3 else ""
            self.failed.emit(
                f"Too long for this model, which does not read the end: {names}{more}.",
                "Shorten the class or the prompt.",
            )

    @Slot()
    def _ask_again(self) -> None:
        if self.running or self._missing or not len(self.paths):
            return
        self._stop_asking()
        call = functools.partial(answer_engine.ask_again, self.vectors, self._question, self._clip)
        self._asking_question, self._current = self._question, object()
        self._asking = TaggedTask(self._current, "Asking again", call, self._worker, self, quiet=True)
        self._asking.happened.connect(self._asked_again)
        self._asking.failed.connect(self._task_failed)
        self._asking.done.connect(self._asking_over)

    @Slot(object, bool)
    def _asking_over(self, tag: object, _finished: bool) -> None:
        if tag is self._current:
            self._asking = None
            self._set_slow(False)
            self.results_changed.emit()

    @Slot(object, bool)
    def _done(self, _tag: object, finished: bool) -> None:
        self._task = None
        self._tell.stop()
        if not finished and self.asked is not None:
            done = self._begun - self.table.waiting_count
            self.outcome = f"Stopped after {done:,} of {amount(self._begun, 'image')}" if done > 0 else ""
        self.results_changed.emit()
        self.running_changed.emit()
        if self._again:
            self._again = False
            self.classify()
        elif finished and self.table.waiting_count:  # they were added meanwhile
            self.classify()
        elif self.asked is not None and self._question != self._asked_question:
            self._soon.start()

    # Own

    def _check(self) -> None:
        self._missing = ""
        if not self._question.classes:
            self._missing = "Name at least two classes, in plain words, that the images may show."
        elif not self._clip.model:
            self._missing = "Name the model, or the architecture that the weights file belongs to."
        else:
            try:
                check_question(self._question)
            except BadInput as error:
                self._missing = f"{error.message} {error.hint}"

    def _drop(self) -> None:
        """Forget what the model made of the images, and what it is still making of them."""
        if self._task is not None:
            self._task.stop()
        self._current = None
        self._soon.stop()
        self._stop_asking()
        self.table.forget()
        self.ready = self.asked = None
        self.outcome = ""
        self.prompts = {}
        self.images_changed.emit()

    def _stop_asking(self) -> None:
        if self._asking is not None:
            self._asking.stop()
            self._asking = None
        self._set_slow(False)

    def _set_slow(self, slow: bool) -> None:
        if slow != self._slow:
            self._slow = slow
            self.running_changed.emit()
