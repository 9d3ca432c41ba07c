"""The studio's training against a plain PyTorch loop: ``python -m tests.benchmarks.training [--quick]``.

Both sides train on the same textile photographs, from the same weights, for as many epochs. Every measurement
is a fresh process with an empty cache, and the two sides take turns, so that a busy machine slows both.
Seconds count from the folder of images to the last model, without the start of Python and torch; the studio's
include scanning the folder, keeping a model an epoch and testing each of them, which the plain loop does not
do. Memory is the most that the process held, torch included; of the plain loop without its two workers. Top-1
is that of the validation images in the best epoch. Absolute figures do not travel; the ratios do, and that of
processor seconds ("CPU") is disturbed least by other programs. ResNet-18 starts from random weights: only
EfficientNet-Lite0 says something of accuracy.
"""

import argparse
import dataclasses
import itertools
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from conformal_clip_data import textile_simulated_root
from rich.console import Console
from rich.table import Table

SHARES = {"nominal": 0.5, "global": 0.25, "local": 0.25}  # of the classes, as in the whole set
MEMORY_GOAL_MB = 1200


@dataclasses.dataclass(frozen=True)
class Case:
    """One training that both sides do; ``trainable``: what the names of its parameters begin with.

    ``goal``: how many times faster the studio shall be without augmentation, which is its fastest way; the
    plain loop varies its images in either case, as the tutorial does.
    """

    title: str
    arch: str
    strategy: str
    epochs: int
    trainable: tuple[str, ...]
    augmentations: tuple[str, ...]
    goal: float | None = None


EITHER = ("none", "light")
CASES = (
    Case("head, 10 epochs", "resnet18", "feature-extraction", 10, ("fc",), EITHER, 12),
    Case("layer4, 5 epochs", "resnet18", "partial", 5, ("layer4", "fc"), EITHER, 2.5),
    Case("full, 1 epoch", "resnet18", "full", 1, ("",), ("light",), 1.3),
    Case("head, 10 epochs", "efficientnet_lite0", "feature-extraction", 10, ("classifier",), EITHER),
    Case("top, 5 epochs", "efficientnet_lite0", "partial", 5, ("conv_head", "bn2", "classifier"), EITHER),
    Case("full, 3 epochs", "efficientnet_lite0", "full", 3, ("",), ("light",)),
)
# Without the weights of EfficientNet, whose accuracy needs more images than a quick look has time for.
QUICK_CASES = tuple(dataclasses.replace(case, augmentations=case.augmentations[:1]) for case in CASES[:3])


@dataclasses.dataclass(frozen=True)
class Result:
    """What a child process measured; ``epochs`` in seconds, top-1 of the best epoch (tested: studio only)."""

    seconds: float
    cpu_seconds: float
    epochs: tuple[float, ...]
    val_top1: float
    peak_mb: float
    test_top1: float = math.nan


def make_dataset(root: Path, train: int, val: int | None = None, test: int | None = None) -> Path:
    """``train`` photographs to train on; to validate and to test a quarter as many, or what is given."""
    counts = {"train": train, "val": val or train // 4, "test": test or train // 4}
    for name, share in SHARES.items():
        files = iter(sorted((Path(textile_simulated_root()) / name).glob("*.jpg")))
        for split, count in counts.items():
            folder = root / split / name
            folder.mkdir(parents=True)
            for file in itertools.islice(files, round(count * share)):
                shutil.copy(file, folder)
    return root


def measured(side: str, case: Case, root: Path, augmentation: str, seed: int, **more: object) -> Result:
    """One training in a process of its own, whose cache and runs are thrown away after it.

    Args:
        more: fields of the studio's configuration that have defaults.
    """
    arguments = {**dataclasses.asdict(case), "root": str(root), "augmentation": augmentation, "seed": seed}
    with tempfile.TemporaryDirectory(prefix="tlstudio-benchmark-") as home:
        command = [sys.executable, "-m", f"tests.benchmarks.{side}", json.dumps({**arguments, **more})]
        environment = {**os.environ, "TLSTUDIO_HOME": home}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{side} failed on {case.title} of {case.arch}:\n{done.stderr[-2000:]}")
    return Result(**json.loads(done.stdout.splitlines()[-1]))


Pairs = list[tuple[Result, Result]]  # the plain loop's and the studio's


def compare(
    cases: Sequence[Case], root: Path, rounds: int, console: Console
) -> dict[tuple[Case, str], Pairs]:
    """Every case on both sides, ``rounds`` times in turn."""
    found: dict[tuple[Case, str], Pairs] = {}
    for seed, case in itertools.product(range(rounds), cases):
        plain = measured("plain_loop", case, root, "light", seed)
        for augmentation in case.augmentations:
            studio = measured("studio", case, root, augmentation, seed)
            found.setdefault((case, augmentation), []).append((plain, studio))
            told = f"{case.arch}, {case.title}, {augmentation}: {plain.seconds:.1f} s, {studio.seconds:.1f} s"
            console.print(f"round {seed + 1}: {told}", style="dim")
    return found


def both(pairs: Pairs, text: Callable[[Sequence[Result]], str]) -> str:
    """The same figure of the plain loop and of the studio."""
    return " / ".join(text(results) for results in zip(*pairs, strict=True))


def spread(values: Sequence[float], form: str) -> str:
    """The median, and the least and the most if they differ from it."""
    middle, low, high = (
        format(value, form) for value in (statistics.median(values), min(values), max(values))
    )
    return middle if low == high else f"{middle} ({low}-{high})"


def verdict(reached: bool) -> str:
    return "yes" if reached else "NO"


def comparison_table(found: dict[tuple[Case, str], Pairs], images: int) -> Table:
    table = Table(title=f"{images} images, 224 px, batches of 32: plain loop / studio, median (least-most)")
    columns = "network,trained,augmentation,seconds,times faster,goal,CPU,top-1 (mean),not lower,peak MB,goal"
    for name in columns.split(","):
        table.add_column(name)
    for (case, augmentation), pairs in found.items():
        ratios = [plain.seconds / studio.seconds for plain, studio in pairs]
        goal = case.goal if augmentation == case.augmentations[0] else None
        top1 = [
            statistics.mean(result.val_top1 for result in results) for results in zip(*pairs, strict=True)
        ]
        peak = max(studio.peak_mb for _, studio in pairs)
        table.add_row(
            case.arch,
            case.title,
            augmentation,
            both(pairs, lambda results: f"{statistics.median(r.seconds for r in results):.1f}"),
            spread(ratios, ".1f"),
            "" if goal is None else f"{goal}: {verdict(statistics.median(ratios) >= goal)}",
            spread([plain.cpu_seconds / studio.cpu_seconds for plain, studio in pairs], ".1f"),
            both(pairs, lambda results: f"{statistics.mean(r.val_top1 for r in results):.3f}"),
            "" if case.arch == "resnet18" else verdict(top1[1] >= top1[0]),
            both(pairs, lambda results: f"{max(r.peak_mb for r in results):.0f}"),
            f"{MEMORY_GOAL_MB}: {verdict(peak <= MEMORY_GOAL_MB)}",
        )
    return table


def growth(base: Path, images: int, rounds: int) -> Iterator[str]:
    """What more images and more epochs cost the studio, of a head trained without augmentation."""
    head = CASES[0]
    roots = {times: make_dataset(base / f"times{times}", times * images) for times in (1, 2, 4)}
    costs: dict[int, list[Result]] = {times: [] for times in roots}
    for seed, times in itertools.product(range(rounds), roots):
        costs[times].append(measured("studio", head, roots[times], "none", seed))
    for times, results in costs.items():
        number = times * images
        later = [sum(result.epochs[1:]) / result.epochs[0] for result in results]
        yield (
            f"{number:5d} images: {spread([result.seconds for result in results], '.1f')} s, "
            f"{spread([1000 * result.seconds / number for result in results], '.1f')} ms an image, "
            f"epochs 2 to {head.epochs} together {spread(later, '.1%')} of epoch 1 "
            f"(goal: under 5 %: {verdict(statistics.median(later) < 0.05)})"
        )
    for times in (2, 4):
        grown = [more.seconds / one.seconds for more, one in zip(costs[times], costs[1], strict=True)]
        reached = verdict(statistics.median(grown) <= times)
        yield f"{times} times the images: {spread(grown, '.1f')} times the seconds (goal: {times}: {reached})"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer images, cases and rounds: some 3 minutes")
    parser.add_argument("--rounds", type=int, help="how often each side takes its turn (3; quick: 2)")
    parser.add_argument("--network", choices=sorted({case.arch for case in CASES}), help="only this one")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    images, rounds, cases = (48, 2, QUICK_CASES) if asked.quick else (256, 3, CASES)
    cases = [case for case in cases if asked.network in (None, case.arch)]
    console = Console(width=190)
    console.print(f"{os.cpu_count()} CPU cores; a loaded machine widens the spread. {load()}")
    with tempfile.TemporaryDirectory(prefix="tlstudio-benchmark-") as folder:
        root = make_dataset(Path(folder) / "dataset", images)
        console.print(comparison_table(compare(cases, root, asked.rounds or rounds, console), images))
        console.print(f"Top-1 of a network from random weights says nothing. {load()}")
        for line in growth(Path(folder), images, asked.rounds or rounds):
            console.print(line)


def load() -> str:
    """How busy the machine was, where that is known: processes that waited for a core, lately."""
    return f"Load {os.getloadavg()[1]:.1f}." if hasattr(os, "getloadavg") else ""


if __name__ == "__main__":
    main()
