"""Many dimensions in a plane."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from tlstudio.errors import Stopped
from tlstudio.events import Control
from tlstudio.models import plane
from tlstudio.models.plane import drawn_rows, how, lay_out, lay_out_in_background


def _groups(count: int, random: np.random.Generator) -> np.ndarray:
    centres = np.eye(3, 32) * 3
    points = np.concatenate([centre + random.normal(0, 0.3, (count, 32)) for centre in centres])
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("each", [4, 20])
def test_that_groups_stay_groups_in_the_plane(each: int) -> None:
    plane = lay_out(_groups(each, np.random.default_rng(0)))
    assert plane.shape == (3 * each, 2)
    centres = plane.reshape(3, each, 2).mean(axis=1)
    nearest = np.linalg.norm(plane[:, None] - centres, axis=-1).argmin(axis=1)
    assert nearest.tolist() == [0] * each + [1] * each + [2] * each


def test_that_the_same_points_give_the_same_plane() -> None:
    points = _groups(20, np.random.default_rng(0))
    np.testing.assert_array_equal(lay_out(points), lay_out(points))


def test_that_pca_is_that_of_scikit_learn() -> None:
    points = _groups(20, np.random.default_rng(1))
    np.testing.assert_allclose(
        lay_out(points, "pca"), PCA(2, random_state=0).fit_transform(points), atol=1e-5
    )


def test_that_few_points_are_laid_out_by_pca_alone_and_that_is_said() -> None:
    points = _groups(4, np.random.default_rng(1))
    np.testing.assert_array_equal(lay_out(points), lay_out(points, "pca"))
    assert how(12) == "PCA"
    assert how(60) == "t-SNE after PCA to 50 dimensions"
    assert how(60, "pca") == "PCA"


def test_that_of_very_many_points_some_are_drawn_always_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn_rows(5).tolist() == [0, 1, 2, 3, 4]
    monkeypatch.setattr(plane, "MOST", 9)
    rows = drawn_rows(100)
    assert len(set(rows.tolist())) == 9
    assert rows.tolist() == sorted(rows.tolist()) == drawn_rows(100).tolist()


def test_that_a_stop_is_obeyed_before_scikit_learn_is_done() -> None:
    control = Control()
    control.stop()
    with pytest.raises(Stopped):
        list(lay_out_in_background(_groups(20, np.random.default_rng(0)), control))
