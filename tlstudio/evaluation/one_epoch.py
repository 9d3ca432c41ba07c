"""Everything that can be told of the model of one epoch of a run, on its validation and test images.

What the model says of each image is kept with the run, so that it is asked once.
"""

import contextlib
import hashlib
import json
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
import torch
from torch import Tensor

from tlstudio.data.batches import as_is, image_batches, in_batches
from tlstudio.data.catalogue import Catalogue, Split
from tlstudio.data.pictures import Pictures
from tlstudio.data.rows import RowStore
from tlstudio.errors import BadInput
from tlstudio.evaluation.every_epoch import evaluate
from tlstudio.evaluation.metrics import class_curves, measure, smallest_gap
from tlstudio.evaluation.one_epoch_events import EpochEvaluated, Judged
from tlstudio.evaluation.outcome import Floats, Outcome
from tlstudio.evaluation.run_images import images_of, listed
from tlstudio.evaluation.temperature import fitted
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.files import atomic_write
from tlstudio.paths import cache_dir
from tlstudio.preferences import preferences
from tlstudio.runs.store import RunFolder
from tlstudio.training.checkpoint import FROZEN_FILE, TrainedModel, checkpoint_of, load_model
from tlstudio.training.device import choose_device
from tlstudio.training.events import EpochTested
from tlstudio.training.history import History
from tlstudio.training.measure import infer
from tlstudio.training.replay import tested_epochs

OUTCOMES = "outcomes"  # the folder in a run
_SPLITS: tuple[Split, Split] = ("val", "test")
_NAMES: dict[Split, str] = {"train": "training", "val": "validation", "test": "test"}
_THREADS = 4
_FORMAT = "1"
_CLOSE = 0.02  # of top-1: differences between models that people care about

Spoken = dict[Split, Floats]  # log-probabilities [N, C] of a split's images


def evaluate_epoch(
    run_path: Path,
    control: Control,
    *,
    epoch: int | None = None,
    device: str = "auto",
    test_again: bool = False,
) -> Iterator[Event]:
    """Yield Progress, Notice and what :func:`every_epoch.evaluate` gives, then one EpochEvaluated.

    Args:
        epoch: by default the one that validation chose.
        test_again: whether every epoch is tested even if the run has a table of that.

    Raises:
        BadInput: the folder is no run, has no such epoch, or its images are gone or were changed.
    """
    run = RunFolder.open(run_path)
    best = History.read(run).best
    if best is None:
        raise BadInput(f"{run.path} has no finished epoch yet.", "Train it for at least one epoch.")
    epoch = best.epoch if epoch is None else epoch
    checkpoint_of(run, epoch)
    catalogue = listed(run)
    table = () if test_again else tested_epochs(run)
    if not table:
        for event in evaluate(run.path, control, device=device):
            table += (event,) if isinstance(event, EpochTested) else ()
            yield event
    spoken = yield from log_probabilities_of(run, catalogue, epoch, choose_device(device), control)
    yield Progress("Measuring")
    judged: dict[Split, Judged] = {}
    for split, values in spoken.items():
        control.checkpoint()
        judged[split] = _judged(Outcome(catalogue.of_split(split), values), control)
    control.checkpoint()
    temperature = fitted(judged["val"].outcome, judged["test"].outcome)
    yield EpochEvaluated(
        run.path,
        epoch,
        best.epoch,
        catalogue.classes,
        catalogue.root,
        judged["val"],
        judged["test"],
        temperature,
        table,
        _hindsight(table, best.epoch),
        _why(best.epoch, best.val_top1),
        _caution(len(spoken["test"])),
    )


def _judged(outcome: Outcome, control: Control) -> Judged:
    metrics = measure(outcome.labels, outcome.probabilities)
    curves = class_curves(outcome.labels, outcome.probabilities, control.checkpoint)
    return Judged(outcome, metrics, curves)


def _why(epoch: int, val_top1: float) -> str:
    return (
        f"Validation chose epoch {epoch}: {100 * val_top1:.1f} % there, the highest, or the lowest loss "
        "among equals. The test images had no part in that."
    )


def _hindsight(table: tuple[EpochTested, ...], chosen: int) -> int:
    """The epoch with the best test figures; the chosen one where it is among the best."""
    most = max((row.test_top1 for row in table), default=0.0)
    best = [row.epoch for row in table if row.test_top1 == most]
    return chosen if chosen in best or not best else best[0]


def _caution(images: int) -> str:
    gap = smallest_gap(images)
    if gap <= _CLOSE:
        return ""
    return (
        f"With {images:,} test image{'s' * (images != 1)} two models can only be told apart where they "
        f"differ by {100 * gap:.1f} points or more; less may be chance."
    )


# Asking the model, once


def log_probabilities_of(
    run: RunFolder, catalogue: Catalogue, epoch: int, device: torch.device, control: Control
) -> Generator[Event, None, Spoken]:
    """What is kept of this very model on the run's validation and test images, or else what it says now.

    Yields Progress and Notice.

    Raises:
        BadInput: there are no such images any more, or the model gives no numbers.
    """
    shapes: dict[Split, tuple[int, int]] = {
        split: (len(catalogue.of_split(split)), len(catalogue.classes)) for split in _SPLITS
    }
    for split, (images, _) in shapes.items():
        if images == 0:
            raise BadInput(f"{run.path} has no images for {split}.", "The run is damaged; train again.")
    yield Progress("Looking for what is known of this model")
    key = _key(run, catalogue, epoch)
    file = run.path / OUTCOMES / f"epoch-{epoch:04d}.safetensors"
    kept = _kept(file, key, shapes)
    if kept is not None:
        return kept
    images_of(run, _SPLITS)
    yield Progress("Loading the model")
    model = load_model(run, epoch, device)
    spoken: Spoken = {}
    for split in _SPLITS:
        spoken[split] = yield from _ask(model, catalogue, split, run.config.batch_size, control)
        if not np.isfinite(spoken[split]).all():
            raise BadInput(
                f"The model of epoch {epoch} has diverged: it gives no numbers.", "Choose an earlier epoch."
            )
    yield from model.parts.notices
    try:
        _keep(run, file, key, spoken)
    except OSError as error:
        yield Notice(f"What the model says cannot be kept with the run ({error.strerror or error}).")
    return spoken


def _ask(
    model: TrainedModel, catalogue: Catalogue, split: Split, batch_size: int, control: Control
) -> Generator[Event, None, Floats]:
    images = catalogue.of_split(split)
    store = RowStore(cache_dir() / "rows", int(preferences().cache_gb * 10**9))
    groups = list(in_batches(range(len(images)), batch_size))
    found: list[Tensor] = []
    done = 0
    with (
        contextlib.closing(Pictures(catalogue, images, model.view, store)) as pictures,
        ThreadPoolExecutor(_THREADS, thread_name_prefix="decode") as pool,
    ):
        for batch in image_batches(pictures, images, groups, as_is(model.view), pool):
            control.checkpoint()
            logits = infer(model.network, batch.inputs, model.compute, model.parts)
            found.append(logits.log_softmax(dim=1).cpu())
            done += len(batch.rows)
            yield Progress(f"Asking the model about the {_NAMES[split]} images", done, len(images))
    return torch.cat(found).numpy()


def _key(run: RunFolder, catalogue: Catalogue, epoch: int) -> str:
    """SHA-256 over all that the answers depend on: the weights, how images are seen, and which they are."""
    digest = hashlib.sha256(_FORMAT.encode())
    for path in (checkpoint_of(run, epoch), run.path / FROZEN_FILE):
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:  # whoever loads it says so
            digest.update(hashlib.file_digest(file, "sha256").digest())
    digest.update(json.dumps(run.read("about.json"), sort_keys=True).encode())
    digest.update(catalogue.fingerprint().encode())
    return digest.hexdigest()


def _kept(file: Path, key: str, shapes: dict[Split, tuple[int, int]]) -> Spoken | None:
    """What was kept, if it is of this key and whole: numbers alone, nothing in it is run."""
    room = sum(4 * images * classes for images, classes in shapes.values()) + 10_000
    try:
        if file.is_symlink() or file.stat().st_size > room:
            return None
        tensors = safetensors.numpy.load(file.read_bytes())
    except (OSError, ValueError, safetensors.SafetensorError):
        return None
    known = tensors.get("key")
    if known is None or known.tobytes().hex() != key:
        return None
    spoken: Spoken = {}
    for split, shape in shapes.items():
        values = tensors.get(split)
        if values is None or values.shape != shape or values.dtype != np.float32:
            return None
        spoken[split] = values
    return spoken


def _keep(run: RunFolder, file: Path, key: str, spoken: Spoken) -> None:
    """
    Raises:
        OSError: it cannot be written.
    """
    if file.parent.is_symlink():  # a stranger's run might lead elsewhere
        raise OSError(f"{file.parent} is a link")
    run.refuse_if_gone()
    content = {"key": np.frombuffer(bytes.fromhex(key), np.uint8), **spoken}
    with atomic_write(file) as out:
        out.write(safetensors.numpy.save(content))
