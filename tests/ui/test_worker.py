"""The window's one way to background work."""

import sys
import threading
import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, QThread, Slot
from PySide6.QtWidgets import QLabel

from tlstudio.errors import BadInput
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.ui.worker import Task, Worker


class Listener(QObject):
    """Writes down what a task says, and on which thread it hears it."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.failures: list[tuple[str, str]] = []
        self.ends: list[bool] = []
        self.threads: set[bool] = set()
        task.happened.connect(self.hear)
        task.failed.connect(self.fail)
        task.done.connect(self.end)

    @Slot(object)
    def hear(self, event: Event) -> None:
        self.threads.add(QThread.currentThread() is self.thread())
        self.events.append(event)

    @Slot(str, str)
    def fail(self, message: str, hint: str) -> None:
        self.failures.append((message, hint))

    @Slot(bool)
    def end(self, finished: bool) -> None:
        self.ends.append(finished)


def run(worker: Worker, call, qtbot) -> Listener:
    listener = Listener(worker.run("Test", call))
    qtbot.waitUntil(lambda: not worker.tasks)
    return listener


def test_that_events_arrive_in_order_on_the_windows_thread(worker: Worker, qtbot) -> None:
    listener = run(worker, lambda control: iter([Notice("one"), Notice("two"), Notice("three")]), qtbot)
    assert listener.events == [Notice("one"), Notice("two"), Notice("three")]
    assert listener.threads == {True}
    assert listener.ends == [True]


def test_that_whoever_connects_after_run_has_returned_misses_nothing(worker: Worker, qtbot) -> None:
    task = worker.run("Test", lambda control: iter([Notice("early")]))
    time.sleep(0.05)  # time enough for a thread that had already been started
    listener = Listener(task)
    qtbot.waitUntil(lambda: not worker.tasks)
    assert listener.events == [Notice("early")]


def test_that_frequent_events_are_thinned_but_the_last_one_comes(worker: Worker, qtbot) -> None:
    def call(control: Control) -> Iterator[Event]:
        for done in range(1000):
            yield Progress("Counting", done + 1, 1000)

    listener = run(worker, call, qtbot)
    assert listener.events[-1] == Progress("Counting", 1000, 1000)
    assert len(listener.events) < 1000


def test_that_an_error_for_people_arrives_with_its_hint(worker: Worker, qtbot) -> None:
    def call(control: Control) -> Iterator[Event]:
        yield Notice("begun")
        raise BadInput("The folder is empty.", "Choose another.")

    listener = run(worker, call, qtbot)
    assert listener.failures == [("The folder is empty.", "Choose another.")]
    assert listener.ends == [False]


def test_that_an_unexpected_error_is_said_in_one_line(worker: Worker, qtbot) -> None:
    def call(control: Control) -> Iterator[Event]:
        yield Notice("begun")
        raise ValueError("first line\nsecond line")

    listener = run(worker, call, qtbot)
    assert listener.failures == [("Test failed with ValueError: first line.", "The log has the details.")]


def test_that_stopping_is_no_failure(worker: Worker, qtbot) -> None:
    began = threading.Event()

    def call(control: Control) -> Iterator[Event]:
        while True:
            began.set()
            yield Notice("at work")
            control.checkpoint()

    task = worker.run("Test", call)
    listener = Listener(task)
    qtbot.waitUntil(began.is_set)
    task.control.stop()
    qtbot.waitUntil(lambda: not worker.tasks)
    assert listener.failures == []
    assert listener.ends == [False]


def test_that_shutting_down_waits_for_tasks_paused_or_not(worker: Worker, qtbot) -> None:
    left = []

    def call(control: Control) -> Iterator[Event]:
        try:
            while True:
                yield Notice("at work")
                control.checkpoint()
        finally:
            left.append(control)

    tasks = [worker.run("Test", call) for _ in range(3)]
    tasks[0].control.pause()
    worker.shut_down()
    assert len(left) == 3
    assert worker.tasks == ()


def test_that_a_held_worker_begins_nothing_before_it_is_released(qapp, qtbot) -> None:
    worker = Worker(held=True)
    listener = Listener(worker.run("Test", lambda control: iter([Notice("one")])))
    qtbot.wait(30)
    assert listener.events == []
    worker.release()
    qtbot.waitUntil(lambda: not worker.tasks)
    assert listener.events == [Notice("one")]


def test_that_a_held_worker_shuts_down_without_beginning(qapp) -> None:
    worker = Worker(held=True)
    begun = []
    worker.run("Test", lambda control: iter(begun.append(control) or [Notice("one")]))
    worker.shut_down()
    assert worker.tasks == ()
    assert begun == []


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal")
def test_that_qt_keeps_its_hands_off_the_references_to_none(qtbot) -> None:
    label = QLabel()
    qtbot.addWidget(label)
    before = sys.getrefcount(None)
    for _ in range(1000):
        label.setText("a call that returns nothing")
    assert sys.getrefcount(None) > before - 500
