"""Every epoch's model on the test images. It comes after training and influences nothing."""

from collections.abc import Callable, Generator, Iterator

from torch import nn

from tlstudio.data.batches import Batch
from tlstudio.errors import BadInput
from tlstudio.events import Control, Event, Notice
from tlstudio.runs.store import RunFolder
from tlstudio.training.checkpoint import load_epoch
from tlstudio.training.device import Compute
from tlstudio.training.events import EpochTested
from tlstudio.training.history import History
from tlstudio.training.measure import measure
from tlstudio.training.memory import Parts

TEST_TABLE = "test.json"


def test_epochs(
    run: RunFolder,
    stored: nn.Module,
    module: nn.Module,
    batches: Callable[[], Iterator[Batch]],
    images: int,
    control: Control,
    compute: Compute,
    parts: Parts,
) -> Generator[Event, None, tuple[EpochTested, ...]]:
    """Test the model of every finished epoch that is kept, and keep the table as test.json.

    A model that is gone or damaged is left out with a notice.

    Args:
        stored: holds the run's frozen weights; the trained ones are loaded into it epoch by epoch.
        module: what is tested: ``stored`` or the part of it that ``batches`` are made for.
        batches: the test images, from the start each time; ``images`` is how many they are.

    Yields Progress and one EpochTested a model; gives the table.
    """
    history, there = History.read(run), set(run.epochs())
    best = history.best.epoch if history.best else None
    gone = [one.epoch for one in history.epochs if one.epoch not in there]
    if gone:
        names = ", ".join(map(str, gone[:10])) + (", …" if gone[10:] else "")
        yield Notice(f"Not tested, for their models were not kept: epoch {names}.")
    table: list[EpochTested] = []
    for kept in history.epochs:
        if kept.epoch in gone:
            continue
        try:
            load_epoch(run, kept.epoch, stored)
        except BadInput as error:
            yield Notice(f"{error.message} Epoch {kept.epoch} is not tested.")
            continue
        text = f"Testing the model of epoch {kept.epoch}"
        score = yield from measure(module, batches(), images, text, control, compute, parts)
        chosen = kept.epoch == best
        tested = EpochTested(kept.epoch, kept.val_top1, kept.val_loss, score.top1, score.loss, chosen)
        table.append(tested)
        yield tested
    run.write(TEST_TABLE, [row.as_json() for row in table])
    return tuple(table)
