"""How long zero-shot takes once images are embedded, and how many images a second embedding takes.

    python -m tests.benchmarks.zero_shot [--quick]

Vectors are drawn at random. Asking another question leaves the text encoder out: its vectors are kept by
prompt, and a person who changes one class waits for that one's sentences only. Embedding is measured with
the bundled model, or with another by --model and --pretrained, on noise in PNG files.
"""

import argparse
import functools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from tlstudio.events import Control
from tlstudio.inference.results import Order, ResultTable, Wanted
from tlstudio.zeroshot.events import Asked, Clip, Question, Vectors, ZeroShotFinished, ZeroShotRequest
from tlstudio.zeroshot.scoring import score

ROUNDS = 7
DIMENSIONS = 512
GOAL = 100  # milliseconds for another question of 10,000 images
SORT_GOAL = 50  # milliseconds to filter and sort 100,000


def drawn(count: int, seed: int) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def asked_of(classes: int) -> Asked:
    vectors = drawn(classes, 1)
    names = tuple(f"thing {number}" for number in range(classes))
    return Asked(names, vectors, vectors[:1], 100.0, None, False, 0.0)


def milliseconds(work: Callable[[], object]) -> float:
    """The median of some rounds."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - begun))
    return statistics.median(times)


def filled(vectors: Vectors, asked: Asked) -> ResultTable:
    table = ResultTable()
    paths = [Path(f"/pictures/folder {number % 97}/image {number:06}.jpg") for number in range(len(vectors))]
    table.add(paths)
    table.take(paths, vectors, score(vectors, asked), asked)
    return table


def questions(counts: tuple[tuple[int, int], ...]) -> Table:
    table = Table(title="Another question, of images that are embedded (ms)")
    for name in ("images", "classes", "scores", "judged", "shown, closest calls first", "together"):
        table.add_column(name, justify="right")
    for images, classes in counts:
        parts = asked_again(drawn(images, 0), asked_of(classes))
        goal = f"  (goal {GOAL}: {'yes' if sum(parts) < GOAL else 'NO'})" if images == 10_000 else ""
        figures = (f"{part:.1f}" for part in parts)
        table.add_row(f"{images:,}", f"{classes:,}", *figures, f"{sum(parts):.1f}{goal}")
    return table


def asked_again(vectors: Vectors, asked: Asked) -> tuple[float, float, float]:
    """What scoring, judging and sorting take."""
    results, scores = filled(vectors, asked), score(vectors, asked)
    return (
        milliseconds(lambda: score(vectors, asked)),
        milliseconds(lambda: results.rescore(scores, asked)),
        milliseconds(lambda: results.rows(Wanted(order=Order.MARGIN))),
    )


def filters(images: int) -> Table:
    table = Table(title=f"Filtered and sorted, {images:,} images in 20 classes (ms)")
    table.add_column("what")
    table.add_column("ms", justify="right")
    results = filled(drawn(images, 0), asked_of(20))
    results.rows(Wanted(text="x", order=Order.NAME))  # names are folded and ranked once
    cases = {
        "one class": Wanted(label=3),
        "scores from 20 to 80 %": Wanted(least=0.2, most=0.8),
        "words in the path": Wanted(text="image 0001"),
        "by name": Wanted(order=Order.NAME),
        "surest first": Wanted(order=Order.CONFIDENCE),
        "closest calls first": Wanted(order=Order.MARGIN),
        "most mixed first": Wanted(order=Order.ENTROPY),
        "all of it": Wanted(label=3, least=0.1, most=0.9, text="image", order=Order.MARGIN),
    }
    for title, wanted in cases.items():
        took = milliseconds(functools.partial(results.rows, wanted))
        goal = f" (goal {SORT_GOAL}: {'yes' if took < SORT_GOAL else 'NO'})" if images == 100_000 else ""
        table.add_row(title, f"{took:.1f}{goal}")
    return table


def embedding(clip: Clip, images: int) -> Table:
    """A folder of pictures seen for the first time, and again."""
    from tlstudio.zeroshot.classify import classify_in_batches

    table = Table(title=f"Embedding {images} pictures of 320 x 240 with {clip.model}")
    for name in ("", "images/s"):
        table.add_column(name, justify="right")
    with tempfile.TemporaryDirectory(prefix="tlstudio-benchmark-") as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        random = np.random.default_rng(0)
        pictures = Path(folder) / "pictures"
        pictures.mkdir()
        for number in range(images):
            pixels = random.integers(0, 256, (240, 320, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(pictures / f"{number}.png")
        request = ZeroShotRequest((pictures,), Question(("cat", "dog")), clip)
        for title in ("for the first time", "again"):
            *_, end = classify_in_batches(request, Control())
            assert isinstance(end, ZeroShotFinished)
            table.add_row(title, f"{end.images / end.seconds:,.0f}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="10,000 images at most; no embedding")
    parser.add_argument("--model", default="demo", help="of open_clip, or a configuration as JSON")
    parser.add_argument("--pretrained", default="", help="a tag or a file")
    asked = parser.parse_args()
    console = Console(width=120)
    console.print(f"{os.cpu_count()} CPU cores; vectors of {DIMENSIONS} numbers; median of {ROUNDS} rounds.")
    large = () if asked.quick else ((100_000, 20), (10_000, 5_000))
    console.print(questions(((10_000, 20), (10_000, 1_000), *large)))
    console.print(filters(10_000 if asked.quick else 100_000))
    if not asked.quick:
        from tlstudio.zeroshot.catalogue import weights_of

        weights = asked.pretrained or weights_of(asked.model)
        if weights is None:
            sys.exit(f"Say by --pretrained which weights of {asked.model}.")
        console.print(embedding(Clip(asked.model, weights), 200))


if __name__ == "__main__":
    main()
