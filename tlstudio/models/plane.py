"""Many dimensions laid out in a plane, by scikit-learn: PCA, and t-SNE after it."""

from collections.abc import Callable, Generator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tlstudio.events import Control, Event
from tlstudio.models.download import in_background

Floats = NDArray[np.float32]
Method = Literal["t-sne", "pca"]

SEED = 0
MOST = 2_000  # points; t-SNE of more takes minutes
_FEW = 30  # points that PCA alone lays out: t-SNE tears so few apart at random
_COMPONENTS = 50


def lay_out(points: Floats, method: Method = "t-sne") -> Floats:
    """Points of a plane, shape (points, 2): near each other there what is near in many dimensions.

    The same points give the same plane. Few of them are laid out by PCA, whatever the ``method``.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    alone = method == "pca" or len(points) < _FEW
    parts = 2 if alone else min(_COMPONENTS, *points.shape)
    found = PCA(parts, random_state=SEED).fit_transform(points)
    if not alone:
        perplexity = min(30, (len(points) - 1) / 3)
        found = TSNE(2, perplexity=perplexity, init="pca", random_state=SEED, n_jobs=1).fit_transform(found)
    return found.astype(np.float32)


def how(points: int, method: Method = "t-sne") -> str:
    """What :func:`lay_out` does with so many points, in a few words."""
    alone = method == "pca" or points < _FEW
    return "PCA" if alone else f"t-SNE after PCA to {_COMPONENTS} dimensions"


def drawn_rows(points: int) -> NDArray[np.intp]:
    """The rows of so many points that are laid out, in ascending order: all, or as many as go."""
    rows = np.arange(points)
    if points > MOST:
        rows = np.sort(np.random.default_rng(SEED).choice(points, MOST, replace=False))
    return rows


def lay_out_in_background(
    points: Floats, control: Control, method: Method = "t-sne"
) -> Generator[Event, None, Floats]:
    """As :func:`lay_out`; a stop is obeyed at once, though scikit-learn cannot be interrupted."""

    def work(_report: Callable[[Event], None]) -> Floats:
        return lay_out(points, method)

    return (yield from in_background(work, control))
