"""What the trained part of a network receives: images, or features of its frozen prefix computed once."""

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor

import torch
from torch import Tensor, nn

from tlstudio.config import Augmentation
from tlstudio.data.batches import Batch, batch_sizes, evaluation_batches, shuffled, training_batches
from tlstudio.data.catalogue import Split
from tlstudio.events import Notice
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.models.prefix import Halves, split_at_frozen_prefix
from tlstudio.paths import cache_dir
from tlstudio.training.features import (
    FeatureStore,
    FeatureWriter,
    KeptFeatures,
    content_digest,
    key_of,
    weights_digest,
)
from tlstudio.training.measure import infer
from tlstudio.training.memory import Parts
from tlstudio.training.setup import Job

# What a prefix holds on the way is most of the memory of a run. On a CPU, eight images at once pass as fast
# as thirty-two and hold a quarter of it.
_CPU_CHUNK = 8


class Inputs:
    """Batches for one freeze plan of a network.

    With a frozen prefix, an image's features are computed the first time they are needed and read from
    the store of features from then on; for augmented training as many views an image are kept as the run asks
    for and shown in turn. Without one, images are decoded and varied anew each time.

    Attributes:
        module: what the batches are made for: the part after the prefix, or the whole network.
        notices: what a person should know; whoever trains passes them on.
    """

    def __init__(self, job: Job, pool: Executor, parts: Parts | None = None) -> None:
        self._job = job
        self._parts = parts or Parts()
        self._pool = pool
        network = job.network
        freezable = isinstance(network, FreezableNetwork)
        self._halves = split_at_frozen_prefix(network) if freezable else Halves(None, network)
        self._store: FeatureStore | None = FeatureStore(cache_dir() / "features")
        self._digests: dict[Split, str] = {}
        self._weights = weights_digest(self._halves.prefix.state_dict()) if self._halves.prefix else ""
        self.module: nn.Module = self._halves.suffix
        self.notices: list[Notice] = []

    def training(self, epoch: int) -> Iterator[Batch]:
        """The training images of an epoch, shuffled and varied."""
        config, images = self._job.config, self._job.catalogue.of_split("train")
        order = shuffled(len(images), config.seed, epoch)
        view = self._kept_view(epoch)
        batches = training_batches(
            self._job.catalogue,
            images,
            self._job.view,
            config.batch_size,
            self._pool,
            order=order,
            augmentation=config.augmentation,
            seed=config.seed,
            variation=epoch if view is None else view,
        )
        return self._features("train", order, view, batches, config.augmentation)

    def evaluation(self, split: Split) -> Iterator[Batch]:
        """The images of a split in their order, as they are."""
        job, images = self._job, self._job.catalogue.of_split(split)
        batches = evaluation_batches(job.catalogue, images, job.view, job.config.batch_size, self._pool)
        return self._features(split, range(len(images)), 0, batches, Augmentation.NONE)

    def _kept_view(self, epoch: int) -> int | None:
        """Which of the kept views an epoch shows, from 0; None where each epoch varies its images anew."""
        config = self._job.config
        if self._halves.prefix is None:
            return None
        if config.augmentation is Augmentation.NONE:
            return 0
        return (epoch - 1) % config.views if config.views else None

    def _features(
        self,
        split: Split,
        order: Sequence[int],
        view: int | None,
        batches: Iterator[Batch],
        augmentation: Augmentation,
    ) -> Iterator[Batch]:
        """What the prefix makes of ``batches``: read if it is kept, else computed and, of a view, kept."""
        if self._halves.prefix is None:
            yield from batches
            return
        key = None if view is None else self._key(split, view, augmentation)
        kept = self._store.load(key) if self._store and key else None
        if kept is None:
            yield from self._computed(key, len(order), batches, self._halves.prefix)
        else:
            yield from self._read(split, kept, order)

    def _read(self, split: Split, kept: KeptFeatures, order: Sequence[int]) -> Iterator[Batch]:
        images = self._job.catalogue.of_split(split)
        start = 0
        with contextlib.closing(kept):
            for size in batch_sizes(len(order), self._job.config.batch_size):
                rows = tuple(order[start : start + size])
                labels = torch.tensor([images[row].label for row in rows])
                yield Batch(kept.rows(rows), labels, rows)
                start += size

    def _computed(
        self, key: str | None, total: int, batches: Iterator[Batch], prefix: nn.Module
    ) -> Iterator[Batch]:
        writer: FeatureWriter | None = None
        try:
            for batch in batches:
                features = self._through(prefix, batch.inputs)
                try:
                    if self._store and key:
                        writer = writer or self._store.write(key, total, tuple(features.shape[1:]))
                        writer.put(batch.rows, features)
                except OSError as error:
                    self._give_up_keeping(error)
                yield Batch(features, batch.labels, batch.rows)
        finally:
            if writer:
                writer.close()

    def _through(self, prefix: nn.Module, inputs: Tensor) -> Tensor:
        """Features of a batch, computed in parts where that saves memory and costs nothing."""
        compute = self._job.compute
        size = _CPU_CHUNK if compute.device.type == "cpu" else len(inputs)
        starts = range(0, len(inputs), size)
        return torch.cat(
            [infer(prefix, inputs[start : start + size], compute, self._parts) for start in starts]
        )

    def _give_up_keeping(self, error: OSError) -> None:
        self._store = None
        reason = error.strerror or str(error)
        self.notices.append(
            Notice(
                f"The features of the frozen layers cannot be kept ({reason}); they are computed each epoch."
            )
        )

    def _key(self, split: Split, view: int, augmentation: Augmentation) -> str:
        job = self._job
        if split not in self._digests:
            self._digests[split] = content_digest(job.catalogue, job.catalogue.of_split(split))
        varied = () if augmentation is Augmentation.NONE else (augmentation.value, job.config.seed, view)
        return key_of(self._digests[split], self._weights, self._halves.layers, job.view, varied)
