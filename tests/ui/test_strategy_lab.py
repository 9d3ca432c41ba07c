"""The Strategy Lab through its widgets, with a scripted engine, and once with the real one."""

import dataclasses
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.ui.controls import check_controls
from tlstudio.config import DataConfig, Strategy
from tlstudio.data.catalogue import Catalogue
from tlstudio.errors import BadInput, Stopped
from tlstudio.evaluation.lab_config import LabConfig, LabEntry, entries_of
from tlstudio.evaluation.lab_events import (
    Curve,
    EntryFailed,
    EntryFinished,
    EntryResult,
    EntryStarted,
    LabFinished,
    LabReading,
    LabStarted,
    LabStopped,
    PairedEntries,
    Recommendation,
    Summary,
    SweepPoint,
)
from tlstudio.evaluation.lab_list import LabRead, LabShown, LabsListed, ListedLab
from tlstudio.evaluation.metrics import Estimate, Paired
from tlstudio.events import Control, Event
from tlstudio.training.events import BatchFinished
from tlstudio.ui import engine, run_engine
from tlstudio.ui.pages.runs import RunsPage
from tlstudio.ui.runs.lab_desk import State
from tlstudio.ui.runs.lab_tab import LabTab
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.worker import Worker

LAB = Path("labs/one")
HEAD, PARTIAL, FULL, SCRATCH = (
    f"efficientnet_lite0-{name}-s0" for name in ("feature-extraction", "partial-1", "full", "scratch")
)
TOP1 = {HEAD: 0.7, PARTIAL: 0.9, FULL: 0.8, SCRATCH: 0.3}
SECONDS = {HEAD: 1.0, PARTIAL: 5.0, FULL: 60.0, SCRATCH: 50.0}


def reading(done: Sequence[LabEntry], *, final: bool) -> LabReading:
    def summary(entry: LabEntry) -> Summary:
        top1 = TOP1[entry.name]
        estimate = Estimate(top1, top1 - 0.05, top1 + 0.05)
        return Summary(
            group=entry.group,
            title=entry.title,
            network=entry.network,
            what=entry.what,
            method=entry.method,
            arch=entry.arch,
            blocks=entry.blocks,
            per_class=None,
            names=(entry.name,),
            top1s=(top1,),
            top1=estimate,
            deviation=None,
            val_top1=top1,
            seconds=SECONDS[entry.name],
            energy_wh=0.01,
            trained_parameters=7_686,
            peak_memory_mb=500.0,
            epochs=2,
            known=entry.name == HEAD,
        )

    rows = [summary(entry) for entry in done]
    best = max(rows, key=lambda one: one.top1.value)
    quickest = min(rows, key=lambda one: one.seconds)
    advice = Recommendation(best.group, best.names[0], f"Use {best.title}.", ("Evidence.",), ("Caution.",))
    points = tuple(SweepPoint(one.group, place, f"block {place}", one.top1) for place, one in enumerate(rows))
    depth = (Curve("EfficientNet-Lite0", points),) if final else ()
    front = tuple(dict.fromkeys((quickest.group, best.group)))
    return LabReading(100, tuple(rows), front, depth, (), advice)


class Engine:
    """A scripted lab: it keeps a queue as the real one does, and notes what it is asked."""

    def __init__(self) -> None:
        self.planned: list[LabConfig] = []
        self.order: list[str] = []
        self.skipped: set[str] = set()
        self.done: list[str] = []
        self.fails: set[str] = set()
        self.holds_at = ""
        self.resumed = 0
        self.labs: tuple[ListedLab, ...] = ()

    @property
    def entries(self) -> dict[str, LabEntry]:
        return {entry.name: entry for entry in entries_of(self.planned[-1])}

    def run_lab(
        self, config: LabConfig, order: Sequence[str], skipped: Sequence[str], control: Control
    ) -> Iterator[Event]:
        self.planned.append(config)
        self.order, self.skipped = list(order), set(skipped)
        yield from self._carry_out(control)

    def resume_lab(self, lab: Path, control: Control) -> Iterator[Event]:
        assert lab == LAB
        self.resumed += 1
        yield from self._carry_out(control)

    def _carry_out(self, control: Control) -> Iterator[Event]:
        entries, tried = self.entries, set[str]()
        ordered = tuple(entries[name] for name in self.order)
        images = {"train": 60, "val": 20, "test": 100}
        skipped = tuple(sorted(self.skipped))
        yield LabStarted(LAB, ordered, tuple(self.done), skipped, ("a", "b"), images, "one")
        try:
            while left := [n for n in self.order if n not in {*self.done, *self.skipped, *tried}]:
                tried.add(left[0])
                yield from self._one(entries[left[0]], len(tried), len(left), control)
        except Stopped:
            yield LabStopped(LAB, len(self.done), len(self.order) - len(self.done))
            return
        done = [entries[name] for name in self.done]
        yield LabFinished(LAB, reading(done, final=True), tuple(self.fails), tuple(sorted(self.skipped)))

    def _one(self, entry: LabEntry, number: int, left: int, control: Control) -> Iterator[Event]:
        name = entry.name
        yield EntryStarted(name, entry.title, 0, number, number + left - 1, False)
        while self.holds_at == name:
            control.checkpoint()
            time.sleep(0.02)
            yield BatchFinished(1, 1, 4, 1.0, 0.5, 10.0, 42.0)
        control.checkpoint()
        if name in self.fails:
            yield EntryFailed(name, entry.title, "The weights are not here.", "Download them.")
            return
        top1 = TOP1[name]
        result = EntryResult(name, Estimate(top1, top1 - 0.05, top1 + 0.05), top1, 1.0, 1.0, 7_686, 500.0)
        self.done.append(name)
        yield EntryFinished(entry.title, result)
        yield LabRead(LAB, reading([self.entries[one] for one in self.done], final=False))

    def steer_lab(
        self, lab: Path, order: Sequence[str], skipped: Sequence[str], control: Control
    ) -> Iterator[Event]:
        assert lab == LAB
        self.order, self.skipped = list(order), set(skipped)
        yield from ()

    def list_labs(self, control: Control) -> Iterator[Event]:
        yield LabsListed(self.labs)

    def show_lab(self, lab: Path, control: Control) -> Iterator[Event]:
        entries = tuple(self.entries.values())
        results = {
            name: EntryResult(name, Estimate(TOP1[name], 0.1, 1.0), 0.5, 1.0, None, 1, None)
            for name in self.done
        }
        failures = {FULL: ("It broke.", "Try again.")}
        found = reading([self.entries[one] for one in self.done], final=True)
        yield LabShown(lab, self.planned[-1], entries, results, failures, frozenset({SCRATCH}), found)

    def pair_entries(self, lab: Path, first: str, second: str, control: Control) -> Iterator[Event]:
        gap = TOP1[first] - TOP1[second]
        paired = Paired(1, 2, Estimate(gap, gap - 0.1, gap + 0.1), 0.02)
        yield run_engine.EntriesPaired(
            PairedEntries(first, second, 100, paired, ("a/1.png",), ("b/2.png", "b/3.png"))
        )

    def count_blocks(self, arch: str, control: Control) -> Iterator[Event]:
        yield run_engine.BlocksCounted(arch, 3)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine()
    for name in (
        "run_lab",
        "resume_lab",
        "steer_lab",
        "list_labs",
        "show_lab",
        "pair_entries",
        "count_blocks",
    ):
        monkeypatch.setattr(run_engine, name, getattr(made, name))
    return made


@pytest.fixture
def page(session: Session, worker: Worker, theme: Theme, settings: Settings, qtbot: Any) -> RunsPage:
    page = RunsPage(session, worker, theme, settings)
    qtbot.addWidget(page)
    page.resize(1192, 756)
    page.parts.setCurrentIndex(1)
    page.show()
    return page


@pytest.fixture
def lab(
    scripted: Engine, page: RunsPage, session: Session, many_images: Any, worker: Worker, qtbot: Any
) -> LabTab:
    """With images, and the four usual strategies ticked."""
    catalogue: Catalogue = many_images(30)
    session.set_data(catalogue, DataConfig(root="/data/fish"))
    qtbot.waitUntil(lambda: not worker.tasks)
    return page.lab


def order(lab: LabTab) -> list[str]:
    return [entry.name for entry in lab.desk.entries]


def states(lab: LabTab) -> dict[str, State]:
    return {name: one.state for name, one in lab.desk.standing.items()}


def choose(lab: LabTab, name: str) -> None:
    lab.queue.table.selectRow(order(lab).index(name))


def ended(lab: LabTab, worker: Worker, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not lab.desk.running and not worker.tasks)


# Planning


def test_that_a_lab_without_images_says_what_is_missing(scripted: Engine, page: RunsPage, qtbot: Any) -> None:
    assert not page.lab.start_button.isEnabled()
    assert "There are no images yet" in page.lab.told.text()
    with qtbot.waitSignal(page.go_to_data):
        page.lab.plan.data_button.click()


def test_that_what_is_ticked_becomes_the_queue(lab: LabTab, qtbot: Any) -> None:
    assert order(lab) == [HEAD, PARTIAL, FULL, SCRATCH]
    plan = lab.plan
    plan.methods["full"].setChecked(False)
    plan.methods["zero-shot"].setChecked(True)
    plan.blocks.setValue(2)
    plan.seeds.setValue(2)
    plan.epochs.setValue(7)
    plan.image_size.setValue(64)
    qtbot.waitUntil(lambda: len(order(lab)) == 9)
    config = lab.desk.config
    assert config is not None
    assert [choice.name for choice in config.choices] == [
        "zero-shot", "feature-extraction", "partial-1", "partial-2", "scratch",
    ]  # fmt: skip
    assert (config.base.epochs, config.base.image_size, config.seeds, config.minutes) == (7, 64, 2, None)
    assert config.base.data == DataConfig(root="/data/fish")
    assert config.clip is not None


def test_that_sweeps_and_minutes_are_planned(lab: LabTab, qtbot: Any) -> None:
    plan = lab.plan
    plan.every_depth.setChecked(True)
    qtbot.waitUntil(lambda: plan.config() is not None)
    plan.few_labels.setChecked(True)
    plan.budget.setCurrentIndex(1)
    plan.minutes.setValue(1.5)
    config = plan.config()
    assert config is not None
    assert {choice.name for choice in config.choices} >= {
        "feature-extraction",
        "partial-1",
        "partial-2",
        "full",
    }
    assert config.labels == (5, 10, 25, 100, None)
    assert config.minutes == 1.5


def test_that_nothing_ticked_is_no_lab(lab: LabTab, qtbot: Any) -> None:
    for box in lab.plan.methods.values():
        box.setChecked(False)
    qtbot.waitUntil(lambda: not lab.start_button.isEnabled())
    assert lab.told.text() == "Tick at least one strategy."


def test_that_the_plan_is_remembered(
    lab: LabTab, worker: Worker, theme: Theme, settings: Settings, session: Session, qtbot: Any
) -> None:
    lab.plan.methods["staged"].setChecked(True)
    lab.plan.epochs.setValue(9)
    qtbot.waitUntil(lambda: len(order(lab)) == 5)
    again = LabTab(session, worker, theme, settings)
    qtbot.addWidget(again)
    assert order(again) == order(lab)
    assert again.plan.epochs.value() == 9


# Carrying out


def test_that_results_are_drawn_and_end_in_a_recommendation(
    lab: LabTab, scripted: Engine, worker: Worker, qtbot: Any
) -> None:
    scripted.holds_at = SCRATCH
    lab.start_button.click()
    qtbot.waitUntil(lambda: states(lab)[SCRATCH] is State.RUNNING and lab.desk.standing[SCRATCH].share > 0)
    assert lab.results.bars.titles == [
        "partial fine-tuning of 1 block", "full fine-tuning", "feature extraction",
    ]  # fmt: skip
    assert "0:42 left" in lab.desk.standing[SCRATCH].words
    assert not lab.advice.use_button.isEnabled()
    assert not lab.plan.isEnabled()
    scripted.holds_at = ""
    ended(lab, worker, qtbot)
    assert set(states(lab).values()) == {State.DONE}
    assert lab.told.text() == "The lab is finished: 4 entries."
    assert lab.advice.words.text() == "Use partial fine-tuning of 1 block."
    assert lab.advice.evidence.text() == "Evidence.\nCaution."
    assert lab.results.scatter.front == ["feature extraction", "partial fine-tuning of 1 block"]
    assert lab.results.table.texts()[0][:3] == ["feature extraction", "70.0 % (65 – 75)", "70.0 %"]
    assert [row[3] for row in lab.results.table.texts()] == ["1.0 s ‡", "5 s", "1:00 min", "50 s"]
    assert lab.curves.spots[0][2].startswith("EfficientNet-Lite0, block 0: 70.0 %")
    with qtbot.waitSignal(lab.go_on) as asked:
        lab.advice.use_button.click()
    entry: LabEntry = asked.args[0]
    assert (entry.name, entry.run and entry.run.strategy) == (PARTIAL, Strategy.PARTIAL)


def test_that_the_queue_is_arranged_before_the_lab_begins(
    lab: LabTab, scripted: Engine, worker: Worker, qtbot: Any
) -> None:
    choose(lab, SCRATCH)
    lab.queue.up_button.click()
    QTest.keyClick(lab.queue.table, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    choose(lab, FULL)
    lab.queue.skip_button.click()
    assert order(lab) == [HEAD, SCRATCH, PARTIAL, FULL]
    lab.start_button.click()
    ended(lab, worker, qtbot)
    assert scripted.done == [HEAD, SCRATCH, PARTIAL]
    assert states(lab)[FULL] is State.SKIPPED
    assert lab.told.text() == "The lab is finished: 3 entries, 1 skipped."


def test_that_the_queue_is_arranged_while_the_lab_goes_on(
    lab: LabTab, scripted: Engine, worker: Worker, qtbot: Any
) -> None:
    scripted.holds_at = HEAD
    lab.start_button.click()
    qtbot.waitUntil(lambda: states(lab)[HEAD] is State.RUNNING)
    lab.desk.move(HEAD, 1)
    assert order(lab)[0] == HEAD
    lab.desk.move(SCRATCH, -1)
    lab.desk.skip([PARTIAL])
    lab.desk.skip([FULL])
    lab.desk.skip([FULL])
    qtbot.waitUntil(
        lambda: scripted.order == [HEAD, PARTIAL, SCRATCH, FULL] and scripted.skipped == {PARTIAL}
    )
    scripted.holds_at = ""
    ended(lab, worker, qtbot)
    assert scripted.done == [HEAD, SCRATCH, FULL]


def test_that_a_lab_is_paused_stopped_and_resumed(
    lab: LabTab, scripted: Engine, worker: Worker, qtbot: Any
) -> None:
    scripted.holds_at = PARTIAL
    lab.start_button.click()
    qtbot.waitUntil(lambda: states(lab)[PARTIAL] is State.RUNNING)
    lab.pause_button.click()
    assert lab.pause_button.text() == "Resume"
    lab.pause_button.click()
    assert lab.pause_button.text() == "Pause"
    lab.stop_button.click()
    ended(lab, worker, qtbot)
    assert lab.told.text() == "Stopped: 1 entry finished, 3 left. Resume goes on where it stopped."
    assert states(lab) == {HEAD: State.DONE, **dict.fromkeys((PARTIAL, FULL, SCRATCH), State.WAITING)}
    scripted.holds_at = ""
    assert lab.resume_button.isVisible()
    lab.resume_button.click()
    ended(lab, worker, qtbot)
    assert scripted.resumed == 1
    assert set(states(lab).values()) == {State.DONE}
    assert not lab.resume_button.isVisible()


def test_that_an_entry_that_failed_says_why_and_can_be_tried_again(
    lab: LabTab, scripted: Engine, worker: Worker, qtbot: Any
) -> None:
    scripted.fails = {FULL}
    lab.start_button.click()
    ended(lab, worker, qtbot)
    assert lab.desk.standing[FULL].words == "The weights are not here. Download them."
    assert lab.told.text() == "The lab is finished: 3 entries, 1 failed."
    scripted.fails = set()
    lab.resume_button.click()
    ended(lab, worker, qtbot)
    assert states(lab)[FULL] is State.DONE


def test_that_a_lab_which_cannot_be_begun_says_why(
    lab: LabTab, monkeypatch: pytest.MonkeyPatch, worker: Worker, qtbot: Any
) -> None:
    def refuse(*_: object) -> Iterator[Event]:
        raise BadInput("No class has three images.", "Add some.")
        yield

    monkeypatch.setattr(run_engine, "run_lab", refuse)
    lab.start_button.click()
    ended(lab, worker, qtbot)
    assert lab.banner.message == "No class has three images."
    assert lab.start_button.isVisible()
    assert lab.start_button.isEnabled()


# Labs from before, and pairs


def test_that_a_lab_which_was_cut_off_is_offered_once(
    lab: LabTab, scripted: Engine, worker: Worker, qtbot: Any
) -> None:
    scripted.planned.append(lab.desk.config or pytest.fail("a plan was expected"))
    scripted.order, scripted.done = order(lab), [HEAD]
    scripted.labs = (ListedLab(LAB, 0.0, "fish", 1, 3, 0, False),)
    lab.desk.look()
    qtbot.waitUntil(lab.offer.isVisible)
    assert "did not come to its end" in lab.offer.sentence
    lab.offer.accept_button.click()
    ended(lab, worker, qtbot)
    assert scripted.resumed == 1
    assert not lab.offer.isVisible()


def test_that_a_lab_under_way_elsewhere_is_not_offered(
    lab: LabTab, scripted: Engine, worker: Worker, qtbot: Any
) -> None:
    scripted.labs = (ListedLab(LAB, 0.0, "fish", 1, 3, 0, True),)
    lab.desk.look()
    qtbot.waitUntil(lambda: lab.labs.count() == 2)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert not lab.offer.isVisible()
    assert lab.labs.itemText(1).endswith("under way")


def test_that_an_earlier_lab_is_shown_as_it_stands(
    lab: LabTab, scripted: Engine, worker: Worker, qtbot: Any
) -> None:
    scripted.planned.append(lab.desk.config or pytest.fail("a plan was expected"))
    scripted.done = [HEAD, PARTIAL]
    lab.desk.show_lab(LAB)
    qtbot.waitUntil(lambda: lab.desk.reading is not None and not worker.tasks)
    assert states(lab) == {
        HEAD: State.DONE, PARTIAL: State.DONE, FULL: State.FAILED, SCRATCH: State.SKIPPED,
    }  # fmt: skip
    assert lab.resume_button.isVisible()
    assert not lab.start_button.isVisible()
    lab.new_button.click()
    assert set(states(lab).values()) == {State.WAITING}
    assert lab.desk.reading is None


def test_that_any_two_are_compared_image_by_image(
    lab: LabTab, scripted: Engine, worker: Worker, qtbot: Any
) -> None:
    lab.start_button.click()
    ended(lab, worker, qtbot)
    pairs = lab.pairs
    pairs.first.setCurrentIndex(pairs.first.findData(PARTIAL))
    pairs.second.setCurrentIndex(pairs.second.findData(HEAD))
    pairs.compare()
    ended(lab, worker, qtbot)
    assert pairs.words.text() == (
        "On 100 test images partial fine-tuning of 1 block is +20.0 points (+10.0 to +30.0) from feature "
        "extraction. McNemar's exact test: p = 0.02, they can be told apart."
    )
    assert [listed.count() for listed in pairs.lists] == [1, 2]
    pairs.second.setCurrentIndex(pairs.second.findData(PARTIAL))
    pairs.compare()
    assert pairs.words.text() == "Choose two different entries."


def test_that_everything_has_a_name_and_is_reached_by_tab(
    lab: LabTab, page: RunsPage, worker: Worker, qtbot: Any
) -> None:
    check_controls(page)
    lab.start_button.click()
    ended(lab, worker, qtbot)
    for part in range(lab.tabs.count()):
        lab.tabs.setCurrentIndex(part)
        check_controls(page)


def test_that_a_small_lab_is_carried_out_by_the_real_engine(
    page: RunsPage, session: Session, dataset: Path, worker: Worker, qtbot: Any
) -> None:
    opened = [
        event
        for event in engine.open_images(DataConfig(root=str(dataset)), True, Control())
        if isinstance(event, engine.DataOpened)
    ]
    session.set_data(opened[0].divided, opened[0].data)
    lab = page.lab
    lab.plan.set_values({"methods": ["feature-extraction"], "epochs": 1, "image_size": 32, "seeds": 2})
    qtbot.waitUntil(lambda: len(order(lab)) == 2)
    lab.desk.skip([order(lab)[1]])
    lab.start_button.click()
    qtbot.waitUntil(lambda: not lab.desk.running and not worker.tasks, timeout=60_000)
    assert list(states(lab).values()) == [State.DONE, State.SKIPPED]
    assert lab.advice.words.text().startswith("Only feature extraction was tried:")
    path = lab.desk.lab
    assert path is not None
    lab.new_button.click()
    qtbot.waitUntil(lambda: any(one.path == path for one in lab.desk.labs) and not worker.tasks)
    lab.desk.show_lab(path)
    qtbot.waitUntil(lambda: lab.desk.reading is not None and not worker.tasks)
    assert list(states(lab).values()) == [State.DONE, State.SKIPPED]
    shown = [run for run in page.desk.runs or () if run.path.is_relative_to(path)]
    assert [run.row.status for run in shown] in ([], ["finished"])
    assert dataclasses.is_dataclass(lab.desk.reading)
