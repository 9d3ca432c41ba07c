"""Images into classes that nobody trained."""

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from tlstudio.data.decode import read_image
from tlstudio.data.find import find_images
from tlstudio.errors import UnreadableImage
from tlstudio.events import Control, Event, Progress
from tlstudio.inference.events import ImageClassified, ImageSkipped
from tlstudio.zeroshot.events import PromptsEmbedded, ZeroShotFinished, ZeroShotRequest
from tlstudio.zeroshot.models import LoadedClip, load_clip
from tlstudio.zeroshot.text import cut_classes, embed, prompts_for

_THREADS = min(4, os.cpu_count() or 1)

_Read = tuple[Path, Tensor | str]  # an image ready for the model, or why it cannot be read


def classify(request: ZeroShotRequest, control: Control) -> Iterator[Event]:
    """Ask a CLIP model which of the classes each image shows.

    Yields what loading tells, one PromptsEmbedded, then for each image in order an ImageClassified or an
    ImageSkipped, among them Progress, and last one ZeroShotFinished. Folders are searched with
    all beneath them, sorted, hidden files left out.

    Raises:
        BadInput: there is no image, or classes, templates, model, weights or device cannot be used.
        StudioError: the weights cannot be had.
        Stopped: the control was told to stop.
    """
    started = time.perf_counter()
    prompts = prompts_for(request.classes, request.templates)
    paths = find_images(request.images, control)
    clip = yield from load_clip(request.model, request.pretrained, request.device, control)
    vectors = yield from embed(clip, prompts, control)
    yield PromptsEmbedded(prompts, cut_classes(clip, prompts))

    done = skipped = 0
    yield Progress("Classifying images", done, len(paths))
    for batch in _read_ahead(paths, clip.preprocess, request.batch_size, control):
        for event in _classified(clip, vectors, tuple(prompts), batch):
            skipped += isinstance(event, ImageSkipped)
            yield event
        done += len(batch)
        yield Progress("Classifying images", done, len(paths))
    yield ZeroShotFinished(done, skipped, time.perf_counter() - started)


def _read_ahead(
    paths: Sequence[Path], preprocess: Callable[[Image.Image], Tensor], size: int, control: Control
) -> Iterator[list[_Read]]:
    """Batches of images, the next one read on other threads while this one is classified."""

    def read(path: Path) -> _Read:
        try:
            # At full size: decoding a JPEG at a fraction would shift CLIP's numbers.
            return path, preprocess(read_image(path))
        except UnreadableImage as error:
            return path, error.reason

    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="zero-shot")
    waiting: deque[list[Future[_Read]]] = deque()
    with contextlib.ExitStack() as stack:
        stack.callback(pool.shutdown, cancel_futures=True)
        for start in range(0, len(paths) + size, size):
            control.checkpoint()
            if start < len(paths):
                waiting.append([pool.submit(read, path) for path in paths[start : start + size]])
            if start:
                yield [future.result() for future in waiting.popleft()]


def _classified(
    clip: LoadedClip, vectors: Tensor, classes: Sequence[str], batch: Sequence[_Read]
) -> Iterator[Event]:
    images = [image for _, image in batch if isinstance(image, Tensor)]
    rows = iter(clip.probabilities(torch.stack(images), vectors).tolist() if images else ())
    for path, image in batch:
        if isinstance(image, str):
            yield ImageSkipped(path, image)
            continue
        ranked = sorted(zip(classes, next(rows), strict=True), key=lambda pair: -pair[1])
        yield ImageClassified(path, ranked[0][0], dict(ranked))
