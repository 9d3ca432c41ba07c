"""How live the window stays: ``python -m tests.benchmarks.ui [--files N] [--folder DIR]``.

Opens the real window (not on a screen, unless QT_QPA_PLATFORM says otherwise) on a folder of 100,000 small
files and does what a person does: waits for scan and check, scrolls, renames a class, and moves the slider
of the split. A timer asks to be called every 5 ms; how much later it is called is the lag. "Own" is what the
window's thread computed between two calls, in processor time, which other programs do not disturb: where the
lag is longer than that, it waited for Python's lock or for a core.

A machine that is busy, or has few cores, is late by itself. That shows in the first rows: the idle window,
and the idle window beside a bare thread that does nothing but count in Python.
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import tlstudio.config  # noqa: F401
from tests.benchmarks.data import CLASSES, FILES, load, make_folder, peak_mb

INTERVAL = 5  # milliseconds
SECONDS_IDLE = 3
PATIENCE = 600  # seconds
GOALS = {"lag": 16.0, "own": 50.0}


@dataclasses.dataclass(frozen=True)
class Row:
    """Milliseconds, but for ``seconds``."""

    title: str
    seconds: float
    p50: float
    p99: float
    worst: float
    own_worst: float
    own_share: float


# What the child process does: Qt is imported there alone.


class Scenario:
    """What a person does, in the real window."""

    def __init__(self, root: Path) -> None:
        from PySide6.QtCore import Qt, QTimer
        from PySide6.QtWidgets import QApplication

        from tlstudio.ui.app import Studio

        self._application = QApplication([])
        self._studio = Studio(self._application)
        self._root = root
        self._gaps: list[tuple[float, float]] = []
        self._last = self._own = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._tick)
        self.rows: list[Row] = []

    def play(self) -> None:
        studio, data = self._studio, self._studio.data
        studio.window.resize(1280, 800)
        studio.window.show()
        studio.window.show_page("data")
        self._during("idle window", None, self._after(SECONDS_IDLE))
        self._during("beside a bare Python thread", None, self._beside_a_thread(SECONDS_IDLE))
        self._during("loading PyTorch", studio.begin, lambda: not studio.worker.tasks)
        opened, examined = Told(data.folder.opened), Told(data.folder.examined)
        self._during("scanning, till shown", lambda: studio.open_folder(self._root), opened.again)
        self._during("checking, till health is known", None, examined.again)
        self._rest()
        self._during("scrolling from end to end", None, self._scrolled())
        first = data.class_list.model().index(0, 0).data()
        self._during("renaming a class", lambda: data.folder.rename(first, "zebra"), examined.again)
        self._during("taking it back", data.folder.undo, examined.again)
        slider = data.split_editor.share("test")
        self._during("moving the split slider", lambda: slider.setValue(slider.value() + 3), examined.again)
        self._during("searching by name", lambda: data.browser.filters.search.setText("11"), self._after(1))
        self._during("all of them again", data.browser.clear_filters, self._after(1))
        box = data.browser.filters.order_box
        self._during("ordering by class", lambda: box.setCurrentIndex(2), self._after(2))
        self._during("looking for changes", data.folder.look_for_changes, lambda: not studio.worker.tasks)
        self._during("opening it again", lambda: studio.open_folder(self._root), opened.again)
        self._during("its health", None, examined.again)
        studio.worker.shut_down()

    def _tick(self) -> None:
        now, own = time.perf_counter(), time.thread_time()
        self._gaps.append((1_000 * (now - self._last), 1_000 * (own - self._own)))
        self._last, self._own = now, own

    def _during(self, title: str, begin: Callable[[], object] | None, over: Callable[[], bool]) -> None:
        self._gaps, begun = [], time.perf_counter()
        self._last, self._own = begun, time.thread_time()
        self._timer.start()
        if begin is not None:
            begin()
        while not over():
            self._application.processEvents()
            if time.perf_counter() - begun > PATIENCE:
                raise SystemExit(f"{title}: not over after {PATIENCE} s")
            self._wait_for_events()
        self._wait_for_ticks()
        self._timer.stop()
        seconds = time.perf_counter() - begun
        gaps = np.array(self._gaps)
        late = np.maximum(0, gaps[:, 0] - INTERVAL)
        p50, p99 = np.percentile(late, (50, 99))
        own = gaps[:, 1]
        self.rows.append(Row(title, seconds, p50, p99, late.max(), own.max(), own.sum() / seconds / 10))

    def _wait_for_events(self) -> None:
        from PySide6.QtCore import QEventLoop

        self._application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)

    def _wait_for_ticks(self) -> None:
        """What an end brings with it is painted by the next call but one."""
        wanted = len(self._gaps) + 3
        while len(self._gaps) < wanted:
            self._wait_for_events()

    def _rest(self) -> None:
        over = self._after(1)
        self._timer.start()
        while not over():
            self._wait_for_events()
        self._timer.stop()

    @staticmethod
    def _after(seconds: float) -> Callable[[], bool]:
        end: list[float] = []

        def over() -> bool:
            end.append(time.perf_counter() + seconds)
            return time.perf_counter() > end[0]

        return over

    def _beside_a_thread(self, seconds: float) -> Callable[[], bool]:
        stopped = threading.Event()

        def count() -> None:
            number = 0
            while not stopped.is_set():
                number += 1

        thread = threading.Thread(target=count)
        after = self._after(seconds)

        def over() -> bool:
            if thread.ident is None:
                thread.start()
            if after():
                stopped.set()
                thread.join()
            return stopped.is_set()

        return over

    def _scrolled(self) -> Callable[[], bool]:
        """A step with each call of the timer: first as with a wheel, then as with the bar."""
        bar = self._studio.data.browser.grid.verticalScrollBar()
        steps = [90] * 400 + [bar.maximum() // 400] * 400
        seen: list[int] = []

        def over() -> bool:
            if len(self._gaps) not in seen[-1:] and len(seen) < len(steps):
                bar.setValue(bar.value() + steps[len(seen)])
                seen.append(len(self._gaps))
            return len(seen) == len(steps)

        return over


class Told:
    """Whether a signal came since this was last asked."""

    def __init__(self, signal: object) -> None:
        self._came = False
        signal.connect(self._take)  # type: ignore[attr-defined]

    def again(self) -> bool:
        came, self._came = self._came, False
        return came

    def _take(self, *_: object) -> None:
        self._came = True


# What the benchmark itself does.


def measured(root: Path, home: Path) -> tuple[list[Row], float]:
    command = [sys.executable, "-m", "tests.benchmarks.ui", "--measure", "--folder", str(root)]
    environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ, "TLSTUDIO_HOME": str(home)}
    # As in data.py: torch's own threads would wait for one another.
    environment["OMP_NUM_THREADS"] = "1"
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"The window failed:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    return [Row(**row) for row in found["rows"]], found["peak_mb"]


def as_table(rows: list[Row], files: int) -> Table:
    table = Table(title=f"Lag of the window's event loop, in milliseconds, with {files:,} images")
    for name in ("while", "seconds", "p50", "p99", f"< {GOALS['lag']:g}", "worst", "own worst", "own %"):
        table.add_column(name, justify="left" if name == "while" else "right")
    for row in rows:
        table.add_row(
            row.title,
            f"{row.seconds:.1f}",
            f"{row.p50:.1f}",
            f"{row.p99:.1f}",
            "yes" if row.p99 < GOALS["lag"] else "NO",
            f"{row.worst:.0f}",
            f"{row.own_worst:.0f}" + ("" if row.own_worst < GOALS["own"] else " NO"),
            f"{row.own_share:.0f}",
        )
    return table


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=FILES, help="how many are made (default 100,000)")
    parser.add_argument("--folder", type=Path, help="a folder of images to open instead")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    if asked.measure:
        from tlstudio.ui.app import answering_soon

        with answering_soon():
            scenario = Scenario(asked.folder)
            scenario.play()
        rows = [dataclasses.asdict(row) for row in scenario.rows]
        sys.stdout.write("\n" + json.dumps({"rows": rows, "peak_mb": peak_mb()}))
        return
    console = Console(width=110)
    console.print(f"{os.cpu_count()} CPU cores, Python {sys.version.split()[0]}. {load()}")
    with tempfile.TemporaryDirectory(prefix="tlstudio-benchmark-") as folder:
        root = asked.folder or make_folder(Path(folder) / "files", (32, 24), asked.files, CLASSES)
        files = sum(len(names) for _, _, names in os.walk(root))
        rows, peak = measured(root, Path(folder) / "home")
        console.print(as_table(rows, files))
        console.print(f"{peak:.0f} MB at most, PyTorch included. {load()}")


if __name__ == "__main__":
    main()
