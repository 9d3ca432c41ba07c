"""The folder that is open: looked at, checked, corrected and divided, all of it in the background."""

import functools
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal, Slot

from tlstudio.config import Corrections, DataConfig
from tlstudio.data.arrange import left_out
from tlstudio.data.catalogue import Catalogue, Split
from tlstudio.data.corrections import added, class_left_out, class_taken_in, renamed
from tlstudio.data.health import HealthReport, Kind
from tlstudio.data.layouts import Nesting
from tlstudio.data.scan import ChangesFound, ScanFinished
from tlstudio.events import Event, Progress
from tlstudio.ui import engine
from tlstudio.ui.history import History
from tlstudio.ui.worker import EngineCall, Task, Worker

_NO_CHANGES = ChangesFound(0, 0, 0)


class OpenFolder(QObject):
    """Opens one folder at a time; what a person changes about it takes effect once it is worked out.

    Attributes:
        data: how the folder that is open is read, corrected and divided.
        divided: what comes of it; None before a folder is open.
        counts: its images by class and split.
        given: the splits that the folder itself gives.
        checked: all of its images were decoded.
        health: what is wrong with them; None before they are checked.
        affected: the images that something is wrong with, by what that is.
        history: the steps in which it was corrected.

    Signals:
        progressed: Progress of opening.
        opened: another folder is open, a DataOpened.
        opening_over: it came to its end, well or not.
        check_progressed: Progress of decoding the images that are open.
        check_over: all are decoded (True), or it was stopped or failed (False).
        examined: ``health`` is that of the images as they are divided now.
        divided_anew: ``divided`` is another, or has other splits.
        failed: what could not be done, and a hint.
        changed_on_disk: the folder is no more as it was read, a ChangesFound.
    """

    progressed = Signal(object)
    opened = Signal(object)
    opening_over = Signal()
    check_progressed = Signal(object)
    check_over = Signal(bool)
    divided_anew = Signal()
    examined = Signal()
    failed = Signal(str, str)
    changed_on_disk = Signal(object)

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._opening: Task | None = None
        self._checking: Task | None = None
        self._dividing: Task | None = None
        self._looking: Task | None = None
        self._found: engine.DataChecked | None = None
        self._possible = Corrections()  # the last ones that were seen to leave something to train on
        self._keeps = False  # the corrections are kept for the next time once they are seen to be possible
        self._seen_changes = _NO_CHANGES
        self.data = DataConfig(root="")
        self.divided: Catalogue | None = None
        self.counts: engine.Counts = ()
        self.given: frozenset[Split] = frozenset()
        self.checked = False
        self.health: HealthReport | None = None
        self.affected: dict[Kind, frozenset[str]] = {}
        self.history = History()

    @property
    def scanned(self) -> ScanFinished | None:
        """The folder as it is, without corrections."""
        return self._found.scanned if self._found else None

    @property
    def left_out(self) -> Catalogue | None:
        """The images that were left out one by one, if any were."""
        if self.scanned is None or self.divided is None or not self.data.corrections.without:
            return None
        found = left_out(self.scanned.catalogue, self.data.corrections, self.divided.classes)
        return found if found.images else None

    # Opening

    def open(self, wanted: DataConfig, title: str, *, recalled: bool = True) -> None:
        """Read another folder; where ``recalled``, with the corrections that were kept for it."""
        self.cancel()
        if self._checking is not None:
            self._checking.control.stop()
        self._opening = self._run(
            title, functools.partial(engine.open_images, wanted, recalled), self._on_opening
        )
        self._opening.over.connect(self._on_opening_over)

    @Slot()
    def cancel(self) -> None:
        """Stop opening."""
        if self._opening is not None:
            self._opening.control.stop()

    @Slot()
    def read_again(self) -> None:
        """Read the folder as it is on the disk now."""
        self.open(self.data, "Reading the folder again", recalled=False)

    @Slot()
    def check(self) -> None:
        """Decode the images that were not decoded before."""
        if self._found is None or self.checked or self._opening is not None:
            return
        call = functools.partial(engine.check_images, self._found.scanned)
        self._checking = self._run("Checking the images", call, self._on_checking)
        self._checking.over.connect(self._on_checking_over)

    @Slot()
    def look_for_changes(self) -> None:
        """See whether the folder is still as it was read, unless that is being done."""
        if self._found is not None and self._opening is None and self._looking is None:
            call = functools.partial(engine.look_for_changes, self._found.scanned)
            self._looking = self._run("Looking for changes", call, self._on_looking, quiet=True)
            self._looking.over.connect(self._on_looking_over)

    # Changing

    def change(self, data: DataConfig) -> None:
        """Divide the images in another way."""
        self.data = data.model_copy(update={"corrections": self.history.current})
        self._divide()

    def correct(self, corrections: Corrections) -> None:
        """Correct the folder in one more step, unless that changes nothing."""
        if self._found is not None and corrections != self.history.current:
            self.history.add(corrections)
            self._use_history()

    @Slot()
    def undo(self) -> None:
        if self.history.can_undo:
            self.history.undo()
            self._use_history()

    @Slot()
    def redo(self) -> None:
        if self.history.can_redo:
            self.history.redo()
            self._use_history()

    @Slot()
    def undo_all(self) -> None:
        """Show the folder as it is; that, too, can be taken back."""
        self.correct(Corrections())

    def rename(self, shown: str, name: str) -> None:
        """Call a class otherwise; with the name of another one the two are merged."""
        self.merge((shown,), name)

    def merge(self, shown: Sequence[str], into: str) -> None:
        """Make one class of several."""
        corrections = self.history.current
        for one in shown:
            if one != into:
                corrections = renamed(self._classes, corrections, one, into)
        self.correct(corrections)

    def leave_out(self, shown: Sequence[str]) -> None:
        """Go on without these classes."""
        corrections = self.history.current
        for one in shown:
            corrections = class_left_out(self._classes, corrections, one)
        self.correct(corrections)

    def take_in(self, shown: Sequence[str]) -> None:
        """Take classes in again that were left out."""
        corrections = self.history.current
        for one in shown:
            corrections = class_taken_in(self._classes, corrections, one)
        self.correct(corrections)

    @Slot(object)
    def take_images_in(self, paths: Sequence[str]) -> None:
        """Take images in again that were left out one by one."""
        current, taken = self.history.current, frozenset(paths)
        without = tuple(path for path in current.without if path not in taken)
        self.correct(current.model_copy(update={"without": without}))

    @property
    def _classes(self) -> tuple[str, ...]:
        return self._found.scanned.catalogue.classes if self._found else ()

    @Slot(object)
    def mend(self, more: Corrections) -> None:
        """Correct the folder by these, too."""
        self.correct(added(self.history.current, more))

    def nest(self, nesting: Nesting) -> None:
        """Read the folder with other classes; what was corrected about the classes before is dropped."""
        corrections = self.history.current
        kept = Corrections(without=corrections.without, splits=corrections.splits)
        self._keeps = True
        self.open(
            self.data.model_copy(update={"nesting": nesting, "corrections": kept}),
            "Reading the folder again",
            recalled=False,
        )

    # Following

    def _run(
        self, title: str, call: EngineCall, follow: Callable[[Event], None], *, quiet: bool = False
    ) -> Task:
        task = self._worker.run(title, call, quiet=quiet)
        task.happened.connect(follow)
        task.failed.connect(self._on_failure)
        return task

    @Slot(object)
    def _on_opening(self, event: Event) -> None:
        if self.sender() is not self._opening:
            return
        match event:
            case Progress():
                self.progressed.emit(event)
            case engine.DataOpened():
                self.take(event)
            case _:
                pass

    def take(self, event: engine.DataOpened) -> None:
        """Another folder is open."""
        again = (event.data.root, event.data.nesting) == (self.data.root, self.data.nesting)
        if self._dividing is not None and not self._keeps:
            self._dividing.control.stop()
        self._dividing = None
        self._keeps = self._keeps and event.data.root == self.data.root
        if not again or self.history.current != event.data.corrections:
            self.history = History(event.others or event.data.corrections)
            if event.others:
                self.history.add(event.data.corrections)
        old = (self.scanned, self.divided)
        self._found = engine.DataChecked(event.scanned, ())
        self._possible = event.data.corrections
        self._seen_changes = _NO_CHANGES
        self.data, self.divided, self.checked = event.data, event.divided, False
        self.counts = event.counts
        self.given = event.given
        self.health, self.affected = None, {}
        self.opened.emit(event)
        self._let_go(*old)

    @Slot(object)
    def _on_opening_over(self, task: Task) -> None:
        """What was open before stays open if it was stopped or failed; then its check goes on."""
        if task is self._opening:
            self._opening = None
            self.opening_over.emit()
            self.check()

    @Slot(object)
    def _on_checking(self, event: Event) -> None:
        if self.sender() is not self._checking:
            return
        match event:
            case Progress():
                self.check_progressed.emit(event)
            case engine.DataChecked():
                old = self.scanned
                self._found, self.checked = event, True
                self._divide()
                self._let_go(old)
            case _:
                pass

    @Slot(object)
    def _on_checking_over(self, task: Task) -> None:
        if task is self._checking:
            self._checking = None
            self.check_over.emit(self.checked)

    @Slot(object)
    def _on_looking(self, event: Event) -> None:
        """What was said once is not said again."""
        current = self.sender() is self._looking and self._opening is None
        if current and isinstance(event, ChangesFound) and event != self._seen_changes:
            self._seen_changes = event
            self.changed_on_disk.emit(event)

    @Slot(object)
    def _on_looking_over(self, task: Task) -> None:
        self._looking = None

    def _use_history(self) -> None:
        self.data = self.data.model_copy(update={"corrections": self.history.current})
        self._keeps = True
        self._divide()

    def _divide(self) -> None:
        if self._found is None:
            return
        if self._dividing is not None:
            self._dividing.control.stop()
        call = functools.partial(engine.divide, self._found, self.data, self.divided, self._keeps)
        self._dividing = self._run("Dividing the images", call, self._on_dividing, quiet=True)
        self._dividing.over.connect(self._on_dividing_over)

    @Slot(object)
    def _on_dividing(self, event: Event) -> None:
        if self.sender() is not self._dividing:
            return
        match event:
            case engine.DataDivided():
                self._possible = event.data.corrections
                old = self.divided if event.changed else event.divided
                if event.changed or self.divided is None:
                    self.divided, self.counts = event.divided, event.counts
                self.divided_anew.emit()
                self._let_go(old)
            case engine.HealthExamined(report, images) if self.checked:
                self.health, self.affected = report, images
                self.examined.emit()
            case _:
                pass

    def _let_go(self, *old: ScanFinished | Catalogue | None) -> None:
        """Have images freed that nobody shows any more; whoever still does keeps them."""
        call = functools.partial(engine.let_go, [one for one in old if one is not None])
        self._worker.run("Freeing images", call, quiet=True)

    @Slot(object)
    def _on_dividing_over(self, task: Task) -> None:
        if task is self._dividing:
            self._dividing, self._keeps = None, False

    @Slot(str, str)
    def _on_failure(self, message: str, hint: str) -> None:
        task = self.sender()
        if task is self._dividing and self._possible != self.data.corrections:
            self.history.back_to(self._possible)
            self.data = self.data.model_copy(update={"corrections": self.history.current})
            self.divided_anew.emit()
        if task in (self._opening, self._checking, self._dividing):
            self.failed.emit(message, hint)
