"""Images into classes that nobody trained."""

import contextlib
import dataclasses
import hashlib
import itertools
import os
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tlstudio.data.decode import read_content, read_image
from tlstudio.data.find import find_images
from tlstudio.errors import UnreadableImage
from tlstudio.events import Control, Event, Progress
from tlstudio.inference.events import ImageClassified, ImageSkipped
from tlstudio.zeroshot.events import (
    Asked,
    Clip,
    ImagesEmbedded,
    Question,
    Rescored,
    Vectors,
    ZeroShotFinished,
    ZeroShotRequest,
)
from tlstudio.zeroshot.models import LoadedClip, load_clip
from tlstudio.zeroshot.scoring import score
from tlstudio.zeroshot.store import EmbeddingStore, FileStamp
from tlstudio.zeroshot.text import ask, prompts_for

_THREADS = min(4, os.cpu_count() or 1)
_TEXT = "Classifying images"


def classify(request: ZeroShotRequest, control: Control) -> Iterator[Event]:
    """Ask a CLIP model which of the classes each image shows.

    Yields what :func:`classify_in_batches` does, but for each image in order an ImageClassified in the place
    of the ImagesEmbedded.
    """
    asked: Asked | None = None
    for event in classify_in_batches(request, control):
        if isinstance(event, ImagesEmbedded):
            assert asked is not None
            yield from _one_by_one(event, asked)
            continue
        asked = getattr(event, "asked", asked)
        yield event


def classify_in_batches(request: ZeroShotRequest, control: Control) -> Iterator[Event]:
    """Ask a CLIP model which of the classes each image shows, and keep what it made of the images.

    Yields what loading tells, one QuestionRead, then ImagesEmbedded with scores and an ImageSkipped for each
    image that cannot be read, among them Progress, and last one ZeroShotFinished. Folders are searched with
    all beneath them, sorted, hidden files left out.

    Raises:
        BadInput: there is no image, or classes, templates, model, weights or device cannot be used.
        StudioError: the weights cannot be had.
        Stopped: the control was told to stop.
    """
    prompts_for(request.question)  # what is wrong with it is said before anything is loaded
    paths = find_images(request.images, control)
    clip = yield from load_clip(request.clip, control)
    asked = yield from ask(clip, request.question, control)
    for event in embed_images(clip, paths, control, request.batch_size):
        if isinstance(event, ImagesEmbedded):
            yield dataclasses.replace(event, scores=score(event.vectors, asked))
        else:
            yield event


def ask_again(vectors: Vectors, question: Question, model: Clip, control: Control) -> Iterator[Event]:
    """Another question about images that were embedded by the same model: QuestionRead, then one Rescored."""
    prompts_for(question)
    clip = yield from load_clip(model, control)
    asked = yield from ask(clip, question, control)
    control.checkpoint()
    yield Rescored(score(vectors, asked))


def embed_images(
    clip: LoadedClip,
    paths: Sequence[Path],
    control: Control,
    batch_size: int = 32,
    store: EmbeddingStore | None = None,
) -> Iterator[Event]:
    """Put images into CLIP's space: ImagesEmbedded, ImageSkipped and Progress, then one ZeroShotFinished.

    They come in the order of ``paths``. Images that this model saw before, by their contents, are not decoded
    again.
    """
    started, store = time.perf_counter(), store or EmbeddingStore()
    done = skipped = known = 0
    yield Progress(_TEXT, done, len(paths))
    for batch in _read_ahead(clip, paths, batch_size, store, control):
        found = batch.known | _embed(clip, batch, store)
        for readable, run in itertools.groupby(batch.paths, found.__contains__):
            together = list(run)
            if readable:
                yield ImagesEmbedded(together, np.stack([found[path] for path in together]))
            else:
                yield from (ImageSkipped(path, batch.reasons[path]) for path in together)
        done, skipped, known = done + len(batch.paths), skipped + len(batch.reasons), known + len(batch.known)
        yield Progress(_TEXT, done, len(paths))
    seconds = time.perf_counter() - started
    if fresh := done - skipped - known:
        store.note_speed(clip.ready.title, fresh / seconds)
    yield ZeroShotFinished(done, skipped, seconds, known)


def embedded(
    clip: LoadedClip, paths: Sequence[Path], control: Control
) -> Generator[Event, None, tuple[tuple[Path, ...], Vectors]]:
    """The images that can be read and their vectors, for whoever needs them all at once; yields Progress and
    ImageSkipped.
    """
    kept: list[Path] = []
    parts: list[Vectors] = []
    for event in embed_images(clip, paths, control):
        if isinstance(event, ImagesEmbedded):
            kept += event.paths
            parts.append(event.vectors)
        elif not isinstance(event, ZeroShotFinished):
            yield event
    empty = np.empty((0, clip.ready.dimensions), np.float32)
    return tuple(kept), np.concatenate([empty, *parts])


# Stamp, digest, and the image for the model or what it made of the same content before; or why there is none.
_Image = tuple[FileStamp, bytes, Tensor | Vectors]


@dataclasses.dataclass(frozen=True)
class _Batch:
    """Images as they come: with known vectors, read just now, or with the reason why they cannot be read."""

    paths: Sequence[Path]
    known: dict[Path, Vectors]
    fresh: dict[Path, _Image]
    reasons: dict[Path, str]


def _read_ahead(
    clip: LoadedClip, paths: Sequence[Path], size: int, store: EmbeddingStore, control: Control
) -> Iterator[_Batch]:
    """Batches of images, the next one read on other threads while this one is embedded."""
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="zero-shot")
    waiting: deque[tuple[Sequence[Path], dict[Path, Vectors], list[Future[_Image | str]]]] = deque()
    with contextlib.ExitStack() as stack:
        stack.callback(pool.shutdown, cancel_futures=True)
        for start in range(0, len(paths) + size, size):
            control.checkpoint()
            if start < len(paths):
                chunk = paths[start : start + size]
                known = _known(clip, chunk, store)
                missing = [path for path in chunk if path not in known]
                waiting.append((chunk, known, [pool.submit(_read, path, clip, store) for path in missing]))
            if start:
                chunk, known, futures = waiting.popleft()
                missing = [path for path in chunk if path not in known]
                read = {path: future.result() for path, future in zip(missing, futures, strict=True)}
                yield _Batch(
                    chunk,
                    known,
                    {path: one for path, one in read.items() if not isinstance(one, str)},
                    {path: one for path, one in read.items() if isinstance(one, str)},
                )


def _known(clip: LoadedClip, paths: Sequence[Path], store: EmbeddingStore) -> dict[Path, Vectors]:
    """The vectors of the images that have not changed since this model saw them."""
    stamps: dict[Path, FileStamp] = {}
    for path in paths:
        with contextlib.suppress(OSError):
            stamps[path] = FileStamp.of(path)
    digests = store.digests(stamps)
    vectors = store.vectors(clip.ready.key, set(digests.values()))
    return {path: vectors[digest] for path, digest in digests.items() if digest in vectors}


def _read(path: Path, clip: LoadedClip, store: EmbeddingStore) -> _Image | str:
    try:
        stamp, content = FileStamp.of(path), read_content(path)
        digest = hashlib.sha256(content).digest()
        same = store.vectors(clip.ready.key, [digest]).get(digest)
        if same is not None:
            return stamp, digest, same
        # At full size: decoding a JPEG at a fraction would shift CLIP's numbers.
        return stamp, digest, clip.preprocess(read_image(path, content=content))
    except UnreadableImage as error:
        return error.reason
    except OSError as error:
        return (error.strerror or "it is gone").lower()


def _embed(clip: LoadedClip, batch: _Batch, store: EmbeddingStore) -> dict[Path, Vectors]:
    """The vectors of the images that were read, which are kept."""
    images = {path: image for path, (_, _, image) in batch.fresh.items() if isinstance(image, Tensor)}
    found = {path: image for path, (_, _, image) in batch.fresh.items() if not isinstance(image, Tensor)}
    if images:
        found |= zip(images, clip.embed_images(torch.stack(list(images.values()))), strict=True)
    if batch.fresh:
        store.keep(
            clip.ready.key,
            {batch.fresh[path][1]: found[path] for path in images},
            {path: (stamp, digest) for path, (stamp, digest, _) in batch.fresh.items()},
        )
    return found


def _one_by_one(event: ImagesEmbedded, asked: Asked) -> Iterator[ImageClassified]:
    assert event.scores is not None
    for path, row in zip(event.paths, event.scores.tolist(), strict=True):
        ranked = sorted(zip(asked.classes, row, strict=True), key=lambda pair: -pair[1])
        label = ranked[0][0] if ranked[0][1] >= asked.threshold else ""
        yield ImageClassified(path, label, dict(ranked))
