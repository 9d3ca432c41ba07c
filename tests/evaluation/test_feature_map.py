"""What a network makes of images before its head, as a plane."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.trained import finished_run, one_thread, train_small
from tlstudio.data.catalogue import Catalogue
from tlstudio.data.decode import read_image
from tlstudio.errors import BadInput
from tlstudio.evaluation.feature_map import draw_features
from tlstudio.evaluation.feature_map_events import FeaturesDrawn
from tlstudio.events import Control
from tlstudio.models import plane
from tlstudio.runs.store import RunFolder
from tlstudio.training.checkpoint import load_model
from tlstudio.training.device import choose_device

__all__ = ["finished_run", "one_thread"]


def drawn(run: Path, **more: object) -> FeaturesDrawn:
    asked = {"epoch": 1, "split": "test", **more}
    *_, last = draw_features(run, control=Control(), **asked)  # type: ignore[arg-type]
    assert isinstance(last, FeaturesDrawn)
    return last


def test_that_the_plane_is_that_of_what_the_head_receives(finished_run: Path):
    found = drawn(finished_run)
    run = RunFolder.open(finished_run)
    model = load_model(run, 1, choose_device("cpu"))
    catalogue = Catalogue.from_json(run.read("split.json"))
    views = [
        model.view.evaluation(read_image(catalogue.file(image), model.view.resize))
        for image in catalogue.of_split("test")
    ]
    model.network.fc = torch.nn.Identity()
    with torch.no_grad():
        features = model.network(torch.stack(views)).numpy()
    np.testing.assert_allclose(found.points, plane.lay_out(features), atol=1e-4)
    assert found.rows.tolist() == list(range(6))
    assert found.method == "PCA of the 512 features before the head."


def test_that_other_images_and_epochs_are_drawn_too(finished_run: Path):
    first, second = drawn(finished_run, split="train"), drawn(finished_run, split="train", epoch=2)
    assert (len(first.rows), first.split) == (24, "train")
    assert not np.allclose(first.points, second.points)


def test_that_of_many_images_some_are_drawn_and_that_is_said(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(plane, "MOST", 10)
    found = drawn(finished_run, split="train")
    assert (len(found.rows), len(found.points)) == (10, 10)
    assert "10 of 24 images, drawn at random" in found.method


def test_that_the_network_from_before_the_training_has_a_map_of_its_own(dataset: Path, tmp_path: Path):
    more = {"arch": "efficientnet_lite0", "weights": "bundled", "image_size": 64, "epochs": 1}
    run = train_small(dataset, tmp_path / "run", **more)
    before, after = drawn(run, pretrained=True), drawn(run)
    assert before.pretrained
    # Its head alone was trained: what comes before it is as it was.
    np.testing.assert_allclose(np.abs(before.points), np.abs(after.points), atol=1e-3)
    np.testing.assert_array_equal(before.points, drawn(run, pretrained=True).points)


def test_that_a_run_from_random_weights_has_no_map_from_before(finished_run: Path):
    with pytest.raises(BadInput, match="began with random weights"):
        drawn(finished_run, pretrained=True)
