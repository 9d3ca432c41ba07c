"""Every epoch's model on the test images. It comes after training and influences nothing."""

from collections.abc import Generator
from concurrent.futures import Executor

from torch import nn

from tlstudio.data.batches import evaluation_batches
from tlstudio.data.catalogue import Catalogue
from tlstudio.data.transforms import View
from tlstudio.events import Control, Event
from tlstudio.runs.store import RunFolder
from tlstudio.training.checkpoint import load_epoch
from tlstudio.training.events import EpochTested
from tlstudio.training.measure import measure

TEST_TABLE = "test.json"


def test_epochs(
    run: RunFolder,
    network: nn.Module,
    catalogue: Catalogue,
    view: View,
    batch_size: int,
    control: Control,
    pool: Executor,
) -> Generator[Event, None, tuple[EpochTested, ...]]:
    """Test the model of every finished epoch and keep the table as test.json.

    Args:
        network: holds the run's frozen weights; the trained ones are loaded into it epoch by epoch.

    Yields Progress and one EpochTested a model; gives the table.
    """
    images = catalogue.of_split("test")
    best = run.read("about.json")["best_epoch"]
    table: list[EpochTested] = []
    for row in run.metrics():
        epoch = int(row["epoch"])
        load_epoch(run, epoch, network)
        batches = evaluation_batches(catalogue, images, view, batch_size, pool)
        score = yield from measure(
            network, batches, len(images), f"Testing the model of epoch {epoch}", control
        )
        tested = EpochTested(epoch, row["val_top1"], row["val_loss"], score.top1, score.loss, epoch == best)
        table.append(tested)
        yield tested
    run.write(TEST_TABLE, [row.as_json() for row in table])
    return tuple(table)
