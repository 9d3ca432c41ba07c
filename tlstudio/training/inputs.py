"""What the trained part of a network receives: images, or features of its frozen prefix computed once."""

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor

import torch
from torch import Tensor, nn

from tlstudio.config import Augmentation
from tlstudio.data.batches import (
    Batch,
    Draw,
    as_is,
    balanced,
    drawn,
    image_batches,
    in_batches,
    labels_of,
    shuffled,
    varied,
)
from tlstudio.data.catalogue import Split
from tlstudio.data.mixing import Mix
from tlstudio.data.pictures import Pictures
from tlstudio.data.rows import key_of
from tlstudio.events import Notice
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.models.prefix import Halves, folded, split_at_frozen_prefix
from tlstudio.training.features import KeptFeatures, as_kept, weights_digest
from tlstudio.training.measure import infer
from tlstudio.training.memory import Parts
from tlstudio.training.setup import Job

# What a prefix holds on the way is most of the memory of a run. On a CPU, eight images at once pass as fast
# as thirty-two and hold a quarter of it.
_CPU_CHUNK = 8

_FEATURES_NOT_KEPT = "The features of the frozen layers cannot be kept ({}); they are computed each epoch."
_IMAGES_NOT_KEPT = "The decoded images cannot be kept ({}); they are decoded each time."
_FEATURES_DAMAGED = "What was kept of the frozen layers' features was damaged; they are computed again."
_IMAGES_DAMAGED = "What was kept of the decoded images was damaged; they are decoded again."


class Inputs:
    """Batches for one freeze plan of a network.

    With a frozen prefix, an image's features are computed the first time they are needed and read from
    the store of features from then on; for augmented training as many views an image are kept as the run asks
    for and shown in turn. Without one, images are varied anew each time, and so they are where they are
    mixed, since mixed images have features of their own.

    Attributes:
        module: what the batches are made for: the part after the prefix, or the whole network.
        notices: what a person should know; whoever trains passes them on.
    """

    def __init__(self, job: Job, pool: Executor, parts: Parts | None = None) -> None:
        self._job = job
        self._pool = pool
        self._parts = parts or Parts()
        network = job.network
        freezable = isinstance(network, FreezableNetwork)
        self._halves = split_at_frozen_prefix(network) if freezable else Halves(None, network)
        prefix = self._halves.prefix
        self._weights = weights_digest(prefix.state_dict()) if prefix else ""
        self._prefix = folded(prefix) if prefix and job.compute.folded else prefix
        self._kept: dict[str, KeptFeatures] = {}
        self._told: set[str] = set()
        self.module: nn.Module = self._halves.suffix
        self.notices: list[Notice] = []

    def training(self, epoch: int) -> Iterator[Batch]:
        """The training images of an epoch, in the run's order and varied."""
        config, images = self._job.config, self._job.catalogue.of_split("train")
        if config.balance == "sampling":
            order = balanced([image.label for image in images], config.seed, epoch)
        else:
            order = shuffled(len(images), config.seed, epoch)
        view = self._kept_view(epoch)
        variation = epoch if view is None else view
        draw = varied(images, self._job.view, config.augmentation, config.seed, variation)
        return self._batches("train", order, draw, self._of_view(view))

    def evaluation(self, split: Split) -> Iterator[Batch]:
        """The images of a split in their order, as they are."""
        order = range(len(self._job.catalogue.of_split(split)))
        return self._batches(split, order, as_is(self._job.view), (), mixes=False)

    def close(self) -> None:
        """Let go of the files; features that are not all there yet are dropped."""
        for kept in self._kept.values():
            kept.close()
        self._kept.clear()

    def _kept_view(self, epoch: int) -> int | None:
        """Which of the kept views an epoch shows, from 0; None where each epoch varies its images anew."""
        config = self._job.config
        if self._prefix is None or config.mix != "none":
            return None
        if config.augmentation is Augmentation.NONE:
            return 0
        return (epoch - 1) % config.views if config.views else None

    def _of_view(self, view: int | None) -> tuple[object, ...] | None:
        """What tells a training view from others; without augmentation it is the image itself."""
        config = self._job.config
        if view is None or config.augmentation is Augmentation.NONE:
            return None if view is None else ()
        return config.augmentation.value, config.seed, view

    def _batches(
        self,
        split: Split,
        order: Sequence[int],
        draw: Draw,
        of_view: tuple[object, ...] | None,
        *,
        mixes: bool = True,
    ) -> Iterator[Batch]:
        job = self._job
        pictures, images = job.pictures.of(split), job.catalogue.of_split(split)
        groups = list(in_batches(order, job.config.batch_size))
        mix = self._mix() if mixes else None
        if self._prefix is not None and of_view is not None and mix is None:
            yield from self._features(split, groups, draw, of_view)
        else:
            for batch in image_batches(pictures, images, groups, draw, self._pool):
                one = mix(batch) if mix else batch
                yield one if self._prefix is None else Batch(self._through(one.inputs), one.labels, one.rows)
        self._tell(pictures, _IMAGES_NOT_KEPT, _IMAGES_DAMAGED)

    def _features(
        self, split: Split, groups: list[tuple[int, ...]], draw: Draw, of_view: tuple[object, ...]
    ) -> Iterator[Batch]:
        """What the prefix makes of images: read as far as it is kept, otherwise computed and kept."""
        pictures, images = self._job.pictures.of(split), self._job.catalogue.of_split(split)
        kept = self._kept_features(split, of_view)

        def missing(rows: tuple[int, ...]) -> list[int]:
            return [row for row in dict.fromkeys(rows) if kept is None or row not in kept]

        wanted: list[list[int]] = []

        def to_draw() -> Iterator[list[int]]:
            for rows in groups:
                wanted.append(missing(rows))
                yield wanted[-1]

        for number, fresh in enumerate(drawn(pictures, to_draw(), draw, self._pool)):
            rows, found = groups[number], dict[int, Tensor]()
            if fresh is not None:
                found.update(zip(wanted[number], self._computed(wanted[number], fresh, kept), strict=True))
            for row in rows:
                if kept is not None and row not in found:
                    with contextlib.suppress(LookupError):
                        found[row] = kept.get(row)
            if lost := [row for row in dict.fromkeys(rows) if row not in found]:
                again = torch.stack([draw(row, pictures[row]) for row in lost])
                found.update(zip(lost, self._computed(lost, again, kept), strict=True))
            yield Batch(torch.stack([found[row] for row in rows]), labels_of(images, rows), rows)
        if kept is not None:
            self._tell(kept, _FEATURES_NOT_KEPT, _FEATURES_DAMAGED)

    def _computed(self, rows: Sequence[int], images: Tensor, kept: KeptFeatures | None) -> Tensor:
        """The features of these rows' images, which are kept."""
        features = as_kept(self._through(images).cpu(), self._job.config.features)
        if kept is not None:
            kept.put(rows, features)
        return features

    def _kept_features(self, split: Split, of_view: tuple[object, ...]) -> KeptFeatures | None:
        """The features of a split's images; None if their contents are not known."""
        job = self._job
        images = job.catalogue.of_split(split)
        if job.store is None or not all(image.digest for image in images):
            return None
        key = key_of(
            [image.digest for image in images],
            # An augmented view is drawn from the seed and the image's path.
            [image.path for image in images] if of_view else [],
            self._weights,
            self._halves.layers,
            job.view,
            of_view,
            job.config.features,
            sorted(job.compute.record().items()),
        )
        if key not in self._kept:
            self._kept[key] = KeptFeatures(job.store, key, len(images), job.config.features)
        return self._kept[key]

    def _through(self, inputs: Tensor) -> Tensor:
        """Features of a batch, computed in parts where that saves memory and costs nothing."""
        assert self._prefix is not None
        compute = self._job.compute
        size = _CPU_CHUNK if compute.device.type == "cpu" else len(inputs)
        starts = range(0, len(inputs), size)
        return torch.cat(
            [infer(self._prefix, inputs[start : start + size], compute, self._parts) for start in starts]
        )

    def _mix(self) -> Mix | None:
        mix, classes = self._job.config.mix, len(self._job.catalogue.classes)
        return None if mix == "none" else Mix(mix, classes)

    def _tell(self, kept: KeptFeatures | Pictures, not_kept: str, damaged: str) -> None:
        """Say what came up while something was kept, each once."""
        sentences = [not_kept.format(kept.given_up)] if kept.given_up else []
        sentences += [damaged] if kept.damaged else []
        self.notices += [Notice(sentence) for sentence in sentences if sentence not in self._told]
        self._told.update(sentences)
