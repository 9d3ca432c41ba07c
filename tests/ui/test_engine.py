"""What engine calls of the window leave to one another: loading torch, and training."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tlstudio.config import DataConfig, RunConfig
from tlstudio.errors import Stopped
from tlstudio.events import Control, Event, Progress
from tlstudio.ui import run_engine

CONFIG = RunConfig(data=DataConfig(root="/photos"))
ESTIMATE = run_engine.estimate  # before a fixture takes its place

CALLS: dict[str, Callable[[Control], Iterator[Event]]] = {
    "train": lambda control: run_engine.train(CONFIG, control),
    "resume": lambda control: run_engine.resume(Path("run"), False, control),
    "find_lr": lambda control: run_engine.find_lr(CONFIG, control),
    "estimate": lambda control: ESTIMATE(CONFIG, control),
}


@pytest.fixture
def at_work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls under way; each takes one step, and looks at its control before it."""
    from tlstudio.training import estimate, lr_finder, trainer

    names: list[str] = []

    def scripted(name: str) -> Callable[..., Iterator[Event]]:
        def call(*args: object, **more: object) -> Iterator[Event]:
            (control,) = (one for one in args if isinstance(one, Control))
            names.append(name)
            try:
                control.checkpoint()
                yield Progress(name)
            finally:
                names.remove(name)

        return call

    for module, name in (
        (trainer, "train"),
        (trainer, "resume"),
        (lr_finder, "find_lr"),
        (estimate, "estimate"),
    ):
        monkeypatch.setattr(module, name, scripted(name))
    return names


@pytest.mark.parametrize("first", list(CALLS))
@pytest.mark.parametrize("second", list(CALLS))
def test_that_one_begins_when_the_other_has_ended(at_work: list[str], first: str, second: str) -> None:
    events = CALLS[first](Control())
    next(events)
    together: list[list[str]] = []
    waiting = threading.Thread(
        target=lambda: together.extend(list(at_work) for _ in CALLS[second](Control())), name="second"
    )
    waiting.start()
    waiting.join(0.05)
    assert at_work == [first]
    events.close()
    waiting.join()
    assert together == [[second]]


def test_that_one_that_is_stopped_while_it_waits_ends_in_its_own_way(at_work: list[str]) -> None:
    events = CALLS["estimate"](Control())
    next(events)
    control = Control()
    control.stop()
    with pytest.raises(Stopped):
        list(CALLS["train"](control))
    assert at_work == ["estimate"]
    events.close()


def test_that_torch_is_loaded_by_one_thread_at_a_time() -> None:
    code = (
        "import sys, threading; from tlstudio.config import DataConfig, RunConfig\n"
        "from tlstudio.events import Control; from tlstudio.ui import engine, run_engine\n"
        "config, failed = RunConfig(data=DataConfig(root='nowhere')), []\n"
        "sys.setswitchinterval(1e-5)\n"
        "def go(call):\n"
        "    try: call()\n"
        "    except BaseException as error: failed.append(error)\n"
        "calls = (lambda: list(engine.warm_up(Control())), lambda: run_engine.find_lr(config, Control()),\n"
        "    lambda: run_engine.train(config, Control()),\n"
        "    lambda: engine.read_layers('resnet18', 2, Control()))\n"
        "threads = [threading.Thread(target=go, args=(call,)) for call in calls]\n"
        "[one.start() for one in threads]; [one.join() for one in threads]\n"
        "assert not failed, failed"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
