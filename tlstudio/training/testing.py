"""Every epoch's model on the test images. It comes after training and influences nothing."""

from collections.abc import Callable, Generator, Iterator

from torch import nn

from tlstudio.data.batches import Batch
from tlstudio.events import Control, Event
from tlstudio.runs.store import RunFolder
from tlstudio.training.checkpoint import chosen_epoch, kept_epochs, load_epoch
from tlstudio.training.events import EpochTested
from tlstudio.training.measure import measure

TEST_TABLE = "test.json"


def test_epochs(
    run: RunFolder,
    stored: nn.Module,
    module: nn.Module,
    batches: Callable[[], Iterator[Batch]],
    images: int,
    control: Control,
) -> Generator[Event, None, tuple[EpochTested, ...]]:
    """Test the model of every finished epoch and keep the table as test.json.

    Args:
        stored: holds the run's frozen weights; the trained ones are loaded into it epoch by epoch.
        module: what is tested: ``stored`` or the part of it that ``batches`` are made for.
        batches: the test images, from the start each time; ``images`` is how many they are.

    Yields Progress and one EpochTested a model; gives the table.
    """
    epochs, best = kept_epochs(run), chosen_epoch(run)
    table: list[EpochTested] = []
    for kept in epochs:
        load_epoch(run, kept.epoch, stored)
        text = f"Testing the model of epoch {kept.epoch}"
        score = yield from measure(module, batches(), images, text, control)
        chosen = kept.epoch == best
        tested = EpochTested(kept.epoch, kept.val_top1, kept.val_loss, score.top1, score.loss, chosen)
        table.append(tested)
        yield tested
    run.write(TEST_TABLE, [row.as_json() for row in table])
    return tuple(table)
