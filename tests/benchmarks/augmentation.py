"""What varying the training images gives and costs: ``python -m tests.benchmarks.augmentation [--quick]``.

EfficientNet-Lite0 from the bundled weights, its head alone and with its last block, on the textile
photographs and on the studio's painted sample; without augmentation, and with light and strong augmentation,
of which four views an image are kept or new ones are made each epoch. This measurement decides what a run
does by default: the way that gives the best accuracy for its time. With ``--features`` it is float16 against
float32 for the features that are kept of frozen layers; float16 may move test top-1 by 0.2 points.

Seconds count from the folder of images to the tested models, each run in a process of its own with an empty
cache. Validation chooses the epoch, test top-1 is of that one. Each seed has its own order of the images, its
own head and, for the sample, its own division.
"""

import argparse
import dataclasses
import itertools
import os
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.training import Case, Result, load, make_dataset, measured, spread, verdict
from tlstudio.data.sample import SampleReady, make_sample
from tlstudio.events import Control

FEATURES_GOAL = 0.2  # points of test top-1


@dataclasses.dataclass(frozen=True)
class Way:
    """How the images of a run are varied, and how the features of its frozen layers are kept."""

    title: str
    augmentation: str
    views: int = 4
    features: str = "float32"


WAYS = (
    Way("none", "none"),
    Way("light, 4 views", "light"),
    Way("light, new each epoch", "light", views=0),
    Way("strong, 4 views", "strong"),
    Way("strong, new each epoch", "strong", views=0),
)
PRECISIONS = (Way("float32", "none"), Way("float16", "none", features="float16"))
TRAINED = (
    Case("head only", "efficientnet_lite0", "feature-extraction", 10, (), ()),
    Case("last block", "efficientnet_lite0", "partial", 5, (), ()),
)

Found = dict[tuple[str, Case, Way], list[Result]]


def datasets(folder: Path, quick: bool) -> Mapping[str, Path]:
    """The folders of images by name; the sample is painted into the home in force."""
    if quick:
        return {"48 textiles": make_dataset(folder / "textiles", 48, val=48, test=48)}
    textiles = make_dataset(folder / "textiles", 256, val=128, test=512)
    (sample,) = (event.root for event in make_sample(Control()) if isinstance(event, SampleReady))
    return {"256 textiles": textiles, "painted sample": sample}


def measure_all(
    roots: Mapping[str, Path], trained: Sequence[Case], ways: Sequence[Way], seeds: int, console: Console
) -> Found:
    """Every way on every folder, ``seeds`` times in turn."""
    found: Found = {}
    for seed, (name, root), case, way in itertools.product(range(seeds), roots.items(), trained, ways):
        result = measured(
            "studio", case, root, way.augmentation, seed, views=way.views, features=way.features
        )
        found.setdefault((name, case, way), []).append(result)
        told = f"{name}, {case.title}, {way.title}: test {result.test_top1:.3f}, {result.seconds:.1f} s"
        console.print(f"seed {seed}: {told}", style="dim")
    return found


def table_of(found: Found, title: str) -> Table:
    table = Table(title=f"EfficientNet-Lite0, bundled weights: {title}; mean (least-most) over the seeds")
    for name in ("images", "trained", "way", "validation top-1", "test top-1", "seconds"):
        table.add_column(name)
    for (name, case, way), results in found.items():
        table.add_row(
            name,
            f"{case.title}, {case.epochs} epochs",
            way.title,
            mean([result.val_top1 for result in results], ".3f"),
            mean([result.test_top1 for result in results], ".3f"),
            mean([result.seconds for result in results], ".1f"),
            end_section=way.title in (WAYS[-1].title, PRECISIONS[-1].title),
        )
    return table


def mean(values: Sequence[float], form: str) -> str:
    """The mean, and the least and the most if they differ."""
    middle = format(statistics.mean(values), form)
    ends = f"{min(values):{form}}-{max(values):{form}}"
    return middle if len(set(values)) == 1 else f"{middle} ({ends})"


def effect_of_float16(found: Found) -> str:
    """By how many points float16 moves test top-1, over all that was trained."""
    whole, half = (
        {(name, case): results for (name, case, way), results in found.items() if way is precision}
        for precision in PRECISIONS
    )
    points = [
        100 * (other.test_top1 - one.test_top1)
        for key, results in whole.items()
        for one, other in zip(results, half[key], strict=True)
    ]
    moved = statistics.mean(points)
    return (
        f"float16 moves test top-1 by {moved:+.2f} points in the mean, {spread(points, '+.2f')} in a run "
        f"(goal: at most {FEATURES_GOAL}: {verdict(abs(moved) <= FEATURES_GOAL)})"
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="48 textiles, 2 epochs, one seed: a minute or two"
    )
    parser.add_argument("--features", action="store_true", help="float16 against float32 features instead")
    parser.add_argument("--seeds", type=int, help="how often everything is trained (2; quick: 1)")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    trained = [dataclasses.replace(case, epochs=2) for case in TRAINED] if asked.quick else TRAINED
    ways, title = (PRECISIONS, "kept features") if asked.features else (WAYS, "augmentation")
    console = Console(width=150)
    console.print(f"{os.cpu_count()} CPU cores. {load()}")
    with tempfile.TemporaryDirectory(prefix="tlstudio-benchmark-") as folder:
        os.environ["TLSTUDIO_HOME"] = folder
        roots = datasets(Path(folder), asked.quick)
        found = measure_all(roots, trained, ways, asked.seeds or (1 if asked.quick else 2), console)
    console.print(table_of(found, title))
    if asked.features:
        console.print(effect_of_float16(found))
    console.print(load())


if __name__ == "__main__":
    main()
