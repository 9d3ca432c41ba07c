"""What a run's network makes of images before its head judges them, laid out in a plane."""

import contextlib
import copy
import dataclasses
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tlstudio.data.batches import as_is, image_batches, in_batches
from tlstudio.data.catalogue import Catalogue, ImageRecord, Split
from tlstudio.data.pictures import Pictures
from tlstudio.data.rows import RowStore
from tlstudio.errors import BadInput
from tlstudio.evaluation.explain import load_pretrained
from tlstudio.evaluation.feature_map_events import FeaturesDrawn
from tlstudio.evaluation.run_images import images_of
from tlstudio.events import Control, Event, Progress
from tlstudio.models.build import head_path
from tlstudio.models.plane import Method, drawn_rows, how, lay_out_in_background
from tlstudio.paths import cache_dir
from tlstudio.preferences import preferences
from tlstudio.runs.store import RunFolder
from tlstudio.training.as_is import CategoryReading
from tlstudio.training.checkpoint import TrainedModel, load_model
from tlstudio.training.device import choose_device
from tlstudio.training.measure import infer

_THREADS = 4
_LEAST = 3
_NAMES: dict[Split, str] = {"train": "training", "val": "validation", "test": "test"}

Floats = np.ndarray[tuple[int, int], np.dtype[np.float32]]


def draw_features(
    run_path: Path,
    epoch: int,
    split: Split,
    control: Control,
    *,
    method: Method = "t-sne",
    pretrained: bool = False,
    device: str = "auto",
) -> Iterator[Event]:
    """Yield Progress, then one FeaturesDrawn of the images of a split; the same ask gives the same plane.

    Args:
        pretrained: by the network that the run began with, as against that of an epoch.

    Raises:
        BadInput: there is no such run or epoch, its images are gone, too few or changed, or there is no
            network from before the training.
        StudioError: its weights cannot be had.
    """
    run = RunFolder.open(run_path)
    catalogue = images_of(run, (split,))
    every = catalogue.of_split(split)
    if len(every) < _LEAST:
        raise BadInput(f"A map needs at least three images, and {_NAMES[split]} has {len(every)}.")
    rows = drawn_rows(len(every))
    yield Progress("Loading the model")
    if pretrained:
        shared = yield from load_pretrained(run, device, control)
        model = dataclasses.replace(shared, network=copy.deepcopy(shared.network))  # it gets a hook
    else:
        model = load_model(run, epoch, choose_device(device))
    images = tuple(every[row] for row in rows.tolist())
    features = yield from _features(model, catalogue, images, run.config.batch_size, control)
    yield Progress("Drawing the map")
    points = yield from lay_out_in_background(features, control, method)
    left = f"; {len(rows):,} of {len(every):,} images, drawn at random" if len(rows) < len(every) else ""
    words = f"{how(len(rows), method)} of the {features.shape[1]:,} features before the head{left}."
    yield FeaturesDrawn(run.path, epoch, split, pretrained, rows, points, words)


class _BeforeHead(nn.Module):
    """Images to what the head of a network receives, ``[N, D]``."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._network = network
        self._kept: list[Tensor] = []
        network.get_submodule(head_path(network)).register_forward_pre_hook(self._keep)

    def forward(self, images: Tensor) -> Tensor:
        self._kept.clear()
        self._network(images)
        return self._kept.pop().flatten(1)

    def _keep(self, _head: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._kept.append(inputs[0])


def _features(
    model: TrainedModel,
    catalogue: Catalogue,
    images: tuple[ImageRecord, ...],
    batch_size: int,
    control: Control,
) -> Generator[Event, None, Floats]:
    inner = model.network.network if isinstance(model.network, CategoryReading) else model.network
    module = _BeforeHead(inner).eval()
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
            found.append(infer(module, batch.inputs, model.compute, model.parts).cpu())
            done += len(batch.rows)
            yield Progress("Describing the images", done, len(images))
    return torch.cat(found).numpy()
