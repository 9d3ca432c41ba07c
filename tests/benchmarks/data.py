"""Large folders: ``python -m tests.benchmarks.data [--quick]``.

Makes 100,000 small files (or 10,000) in a temporary folder and measures how long it takes to scan them, to
open them again, to decode them all, and how much memory that needs, each in a fresh process. The lag is how
much later than asked another thread runs meanwhile, as the window's would.

Then photographs and small images are read as for training, beside a plain pass over torchvision's ImageFolder
with the same transforms (in one thread, as it is, and with a worker process for each core), in turns, so that
a busy machine slows all alike. Absolute figures do not travel; ratios do.
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image
from rich.console import Console
from rich.table import Table

from tlstudio.events import Control, Event

FILES, QUICK_FILES = 100_000, 10_000
CLASSES = 100
SIDES: tuple[tuple[str, tuple[int, int], int], ...] = (
    ("photographs, 4000 x 3000", (4000, 3000), 100),
    ("photographs, 640 x 480", (640, 480), 1_000),
    ("small images, 32 x 24", (32, 24), 2_000),
)
GOALS = {"scan": 30.0, "reopen": 2.0, "memory": 500.0, "lag": 16.0}


def templates(size: tuple[int, int], count: int) -> list[bytes]:
    """JPEG files of soft noise."""
    rng, files = np.random.default_rng(0), []
    for _ in range(count):
        grain = rng.integers(0, 256, (size[1] // 4, size[0] // 4, 3), dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(grain).resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=85)
        files.append(file.getvalue())
    return files


def make_folder(root: Path, size: tuple[int, int], files: int, classes: int) -> Path:
    """``files`` JPEG files in folders of classes, no two of the same content."""
    made = templates(size, 16)
    for number in range(files):
        label, place = number % classes, number // classes
        folder = root / f"class{label:03}"
        if not place:
            folder.mkdir(parents=True)
        content = made[(7 * place + label) % len(made)]
        (folder / f"image{place:05}.jpg").write_bytes(content + b"%d" % number)
    return root


# What a child process does.


def run(events: Iterator[Event]) -> Event:
    *_, last = events
    return last


def peak_mb() -> float:
    """As training.device has it, which would load torch and so count it."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def beside_a_clock(work: Callable[[], object]) -> dict[str, float]:
    """Run ``work`` on a thread of its own; how late this one runs meanwhile, in milliseconds."""
    thread, late = threading.Thread(target=work), []
    thread.start()
    while thread.is_alive():
        asked = time.perf_counter() + 0.005
        time.sleep(0.005)
        late.append(1_000 * (time.perf_counter() - asked))
    return {"lag_p99": float(np.percentile(late, 99)), "lag_worst": max(late)}


def timed(work: Callable[[], object]) -> dict[str, float]:
    begun, cpu = time.perf_counter(), time.process_time()
    lag = beside_a_clock(work)
    return {
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mb": peak_mb(),
        **lag,
    }


def nothing(_: Path) -> dict[str, float]:
    return timed(lambda: time.sleep(3))


def opening(root: Path) -> dict[str, float]:
    from tlstudio.data.scan import scan

    return timed(lambda: run(scan(root, Control())))


def checking(root: Path) -> dict[str, float]:
    from tlstudio.data.scan import ScanFinished, check, scan

    scanned = run(scan(root, Control()))
    assert isinstance(scanned, ScanFinished)
    return timed(lambda: run(check(scanned, Control())))


def looking_for_changes(root: Path) -> dict[str, float]:
    from tlstudio.data.scan import ScanFinished, changes, scan

    scanned = run(scan(root, Control()))
    assert isinstance(scanned, ScanFinished)
    return timed(lambda: run(changes(scanned, Control())))


def studio_pass(root: Path) -> dict[str, float]:
    from tlstudio.data.batches import as_is, image_batches, in_batches
    from tlstudio.data.pictures import Pictures
    from tlstudio.data.scan import ScanFinished, scan
    from tlstudio.data.transforms import View

    scanned = run(scan(root, Control()))
    assert isinstance(scanned, ScanFinished)
    images = scanned.catalogue.images
    view = View(256, 224, "bilinear", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    begun, seen = time.perf_counter(), 0
    with ThreadPoolExecutor(4) as pool:
        groups = list(in_batches(range(len(images)), 32))
        pictures = Pictures(scanned.catalogue, images, view)
        for batch in image_batches(pictures, images, groups, as_is(view), pool):
            seen += len(batch.rows)
    return {"images": seen, "seconds": time.perf_counter() - begun}


def plain_pass(root: Path) -> dict[str, float]:
    return _image_folder(root, workers=0)


def plain_pass_with_workers(root: Path) -> dict[str, float]:
    return _image_folder(root, workers=os.cpu_count() or 1)


def _image_folder(root: Path, workers: int) -> dict[str, float]:
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor

    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    folder = ImageFolder(str(root), Compose([Resize(256), CenterCrop(224), ToTensor(), Normalize(mean, std)]))
    begun, seen = time.perf_counter(), 0
    for inputs, _ in DataLoader(folder, batch_size=32, num_workers=workers):
        seen += len(inputs)
    return {"images": seen, "seconds": time.perf_counter() - begun}


MEASURES: dict[str, Callable[[Path], dict[str, float]]] = {
    call.__name__: call
    for call in (
        nothing,
        opening,
        checking,
        looking_for_changes,
        studio_pass,
        plain_pass,
        plain_pass_with_workers,
    )
}


# What the benchmark itself does.


def measured(name: str, root: Path, home: Path) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.data", "--measure", name, str(root)]
    # Torch's own threads wait for one another where other programs want the cores, twenty times longer.
    environment: dict[str, Any] = {**os.environ, "TLSTUDIO_HOME": str(home), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def folder_table(base: Path, files: int, console: Console) -> Table:
    root, home = base / "files", base / "home"
    begun = time.perf_counter()
    make_folder(root, (32, 24), files, CLASSES)
    console.print(f"{files:,} files made in {time.perf_counter() - begun:.0f} s. {load()}", style="dim")
    table = Table(title=f"A folder of {files:,} images in {CLASSES} classes")
    for name in ("", "seconds", "goal", "CPU s", "peak MB", "goal", "lag p99 ms", "goal", "worst"):
        table.add_column(name)
    steps = (
        ("nothing, for its lag", "nothing", None),
        ("first scan", "opening", "scan"),
        ("reopened", "opening", "reopen"),
        ("full check", "checking", None),
        ("reopened, checked", "opening", "reopen"),
        ("look for changes", "looking_for_changes", None),
    )
    for title, name, goal in steps:
        found = measured(name, root, home)
        console.print(f"{title}: {found['seconds']:.1f} s. {load()}", style="dim")
        table.add_row(
            title,
            f"{found['seconds']:.1f}",
            reached(found["seconds"], goal) if files == FILES else "",
            f"{found['cpu_seconds']:.1f}",
            f"{found['peak_mb']:.0f}",
            reached(found["peak_mb"], "memory"),
            f"{found['lag_p99']:.1f}",
            reached(found["lag_p99"], "lag"),
            f"{found['lag_worst']:.0f}",
        )
    return table


def reached(value: float, goal: str | None) -> str:
    return f"{GOALS[goal]:g}: {'yes' if value < GOALS[goal] else 'NO'}" if goal else ""


def pass_table(base: Path, rounds: int, divisor: int) -> Table:
    table = Table(title=f"Images a second, as for training at 224 px, median of {rounds}")
    sides = ("studio_pass", "plain_pass", "plain_pass_with_workers")
    for name in ("images", "studio", "ImageFolder", f"with {os.cpu_count()} workers", "studio / ImageFolder"):
        table.add_column(name)
    for number, (title, size, files) in enumerate(SIDES):
        root = make_folder(base / f"side{number}", size, files // divisor, 10)
        rates: dict[str, list[float]] = {side: [] for side in sides}
        for _ in range(rounds):
            for side in sides:
                found = measured(side, root, base / "home")
                rates[side].append(found["images"] / found["seconds"])
        middle = {side: statistics.median(values) for side, values in rates.items()}
        ratios = [ours / theirs for ours, theirs in zip(rates[sides[0]], rates[sides[1]], strict=True)]
        table.add_row(
            f"{files // divisor:,} {title}",
            *(f"{middle[side]:.0f}" for side in sides),
            f"{statistics.median(ratios):.1f} ({min(ratios):.1f}-{max(ratios):.1f})",
        )
    return table


def load() -> str:
    """How busy the machine was, where that is known: processes that waited for a core, lately."""
    return f"Load {os.getloadavg()[0]:.1f}." if hasattr(os, "getloadavg") else ""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the files, fewer rounds: a minute")
    parser.add_argument("--measure", nargs=2, metavar=("WHAT", "FOLDER"), help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    if asked.measure:
        name, root = asked.measure
        sys.stdout.write(json.dumps(MEASURES[name](Path(root))))
        return
    console = Console(width=130)
    console.print(f"{os.cpu_count()} CPU cores; a loaded machine slows all of it. {load()}")
    with tempfile.TemporaryDirectory(prefix="tlstudio-benchmark-") as folder:
        files = QUICK_FILES if asked.quick else FILES
        console.print(folder_table(Path(folder), files, console))
        console.print(pass_table(Path(folder), *((2, 5) if asked.quick else (3, 1))))
    console.print(load())


if __name__ == "__main__":
    main()
