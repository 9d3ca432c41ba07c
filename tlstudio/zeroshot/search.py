"""A sentence, or an image, and the images that are nearest to it."""

import dataclasses
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tlstudio.errors import BadInput, UnreadableImage
from tlstudio.events import Control, Event, Notice
from tlstudio.zeroshot.events import Clip, Vectors

if TYPE_CHECKING:
    from tlstudio.zeroshot.models import LoadedClip

Query = str | Path  # a sentence, or an image file


@dataclasses.dataclass(frozen=True, eq=False)
class Found(Event):
    """Images from the nearest to the farthest; ``cosines`` say how near, -1 to 1."""

    query: Query
    paths: Sequence[Path]
    cosines: Sequence[float]

    def as_json(self) -> dict[str, Any]:
        found = zip(self.paths, self.cosines, strict=True)
        return {
            "event": "found",
            "query": str(self.query),
            "images": [{"path": str(path), "similarity": cosine} for path, cosine in found],
        }


def search(
    images: Sequence[Path], query: Query, clip: Clip, control: Control, top: int | None = None
) -> Iterator[Event]:
    """Search image files, and folders with all beneath them, which are embedded where they are not yet.

    Yields what loading tells, Progress, an ImageSkipped for each image that cannot be read, and one Found.

    Raises:
        BadInput: there is no image, the sentence is empty, or the image to compare with cannot be read.
        StudioError: the weights cannot be had.
        Stopped: the control was told to stop.
    """
    _check(query)
    from tlstudio.data.find import find_images
    from tlstudio.zeroshot.classify import embedded
    from tlstudio.zeroshot.models import load_clip

    files = find_images(images, control)
    loaded = yield from load_clip(clip, control)
    vector = yield from _vector(loaded, query, control)
    paths, vectors = yield from embedded(loaded, files, control)
    if not paths:
        raise BadInput("None of these images can be read.", "Choose other images.")
    yield _found(paths, vectors, query, vector, top)


def search_embedded(
    paths: Sequence[Path],
    vectors: Vectors,
    query: Query,
    clip: Clip,
    control: Control,
    top: int | None = None,
) -> Iterator[Event]:
    """Search images by the vectors that the same model made of them: what loading tells, then one Found.

    Raises:
        BadInput: the sentence is empty, or the image to compare with cannot be read.
        StudioError: the weights cannot be had.
        Stopped: the control was told to stop.
    """
    _check(query)
    from tlstudio.zeroshot.models import load_clip

    loaded = yield from load_clip(clip, control)
    vector = yield from _vector(loaded, query, control)
    control.checkpoint()
    yield _found(paths, vectors, query, vector, top)


def nearest(vectors: Vectors, vector: Vectors) -> tuple[npt.NDArray[np.intp], Vectors]:
    """The rows of ``vectors`` from the nearest to the farthest, equally near ones in order; and how near."""
    cosines = vectors @ vector
    rows = np.argsort(-cosines, kind="stable")
    return rows, cosines[rows]


def _found(paths: Sequence[Path], vectors: Vectors, query: Query, vector: Vectors, top: int | None) -> Found:
    rows, cosines = nearest(vectors, vector)
    ranked = [(paths[row], cosine) for row, cosine in zip(rows.tolist(), cosines.tolist(), strict=True)]
    if isinstance(query, Path):  # that an image is like itself is no news
        ranked = [one for one in ranked if one[0].absolute() != query.absolute()]
    kept = ranked[:top]
    return Found(query, tuple(path for path, _ in kept), tuple(cosine for _, cosine in kept))


def _vector(clip: "LoadedClip", query: Query, control: Control) -> Generator[Event, None, Vectors]:
    from tlstudio.inference.events import ImageSkipped
    from tlstudio.zeroshot.classify import embed_images
    from tlstudio.zeroshot.events import ImagesEmbedded
    from tlstudio.zeroshot.text import cut_classes, embed_sentences

    if isinstance(query, str):
        if cut_classes(clip, {query: (query,)}):
            yield Notice("The sentence is longer than the model reads: its end is not searched for.")
        return (yield from embed_sentences(clip, [query], control))[query]
    for event in embed_images(clip, [query], control):
        match event:
            case ImagesEmbedded(vectors=vectors):
                return vectors[0]
            case ImageSkipped(reason=reason):
                raise UnreadableImage(str(query), reason)
    raise AssertionError


def _check(query: Query) -> None:
    if isinstance(query, str) and not query.strip():
        raise BadInput("There is nothing to search for.", "Write what the image should show.")
