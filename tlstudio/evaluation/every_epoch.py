"""Test every epoch's model of a run again, on the test images that were held out when it was trained."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tlstudio.data.batches import Batch, as_is, image_batches, in_batches
from tlstudio.data.pictures import Pictures
from tlstudio.evaluation.run_images import images_of
from tlstudio.events import Control, Event, Progress
from tlstudio.runs.store import RunFolder
from tlstudio.training.checkpoint import load_model, newest_whole
from tlstudio.training.device import choose_device
from tlstudio.training.testing import test_epochs


def evaluate(run_path: Path, control: Control, *, device: str = "auto") -> Iterator[Event]:
    """Yield Progress and one EpochTested an epoch; the table is kept in the run as test.json.

    A model that is damaged, or that the run did not keep, is left out with a notice.

    Raises:
        BadInput: the folder is no run, has no finished epoch that is whole, or its test images are gone.
    """
    run = RunFolder.open(run_path)
    catalogue = images_of(run, ("test",))
    images = catalogue.of_split("test")
    yield Progress("Loading the model")
    # Whichever epoch: it only brings the frozen layers, and test_epochs the rest of each.
    model = load_model(run, newest_whole(run), choose_device(device))
    pictures = Pictures(catalogue, images, model.view)
    groups = list(in_batches(range(len(images)), run.config.batch_size))
    with ThreadPoolExecutor(4, thread_name_prefix="decode") as pool:

        def batches() -> Iterator[Batch]:
            return image_batches(pictures, images, groups, as_is(model.view), pool)

        yield from test_epochs(
            run, model.network, model.network, batches, len(images), control, model.compute, model.parts
        )
