"""Where a network sees a class: captum's Grad-CAM, on the image as the network sees it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import LayerAttribution, LayerGradCam
from torch import nn

from tests.trained import finished_run, one_thread, train_small
from tlstudio.data.decode import read_image
from tlstudio.errors import BadInput
from tlstudio.evaluation.explain import explain, explain_pretrained, grad_cam, keep_outputs, places_of
from tlstudio.evaluation.explain_events import Explained
from tlstudio.events import Control
from tlstudio.models.build import build_on_meta
from tlstudio.models.inspect import layer_tree
from tlstudio.runs.store import RunFolder
from tlstudio.training.checkpoint import load_model
from tlstudio.training.device import choose_device

__all__ = ["finished_run", "one_thread"]

IMAGE = "red/03.png"


def explained(run: Path, image: str = IMAGE, **more: object) -> Explained:
    *_, last = explain(run, image, Control(), epoch=1, **more)  # type: ignore[arg-type]
    assert isinstance(last, Explained)
    return last


@pytest.fixture(scope="module")
def bundled_run(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with the bundled weights of EfficientNet-Lite0, whose new head alone was trained."""
    folder = tmp_path_factory.mktemp("bundled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLSTUDIO_HOME", str(folder))
        more = {"arch": "efficientnet_lite0", "weights": "bundled", "image_size": 64, "epochs": 1}
        return train_small(dataset, folder / "run", **more)


@pytest.mark.parametrize("layer", ["layer3", "layer2.0.conv2"])
@pytest.mark.parametrize("target", ["blue", "green"])
def test_that_the_heat_is_that_of_captum(finished_run: Path, dataset: Path, layer: str, target: str):
    found = explained(finished_run, target=target, layer=layer)
    model = load_model(RunFolder.open(finished_run), 1, choose_device("cpu"))
    pixels = model.view.evaluation(read_image(dataset / IMAGE, model.view.resize))
    number = model.classes.index(target)
    cam = LayerGradCam(model.network, model.network.get_submodule(layer))
    grid = cam.attribute(pixels[None], target=number, relu_attributions=True)
    heat = LayerAttribution.interpolate(grid, (32, 32), "bilinear")[0, 0].detach().numpy()
    np.testing.assert_allclose(found.heat, heat / max(heat.max(), 1e-30), atol=1e-5)
    with torch.no_grad():
        share = model.network(pixels[None]).softmax(dim=1)[0, number].item()
    assert found.share == pytest.approx(share, abs=1e-5)
    assert (found.target, found.layer) == (target, layer)


def test_that_the_answer_is_explained_unless_another_class_is_asked_for(finished_run: Path):
    found = explained(finished_run)
    assert found.target == found.ranked[0][0]
    assert found.share == found.ranked[0][1] == max(share for _, share in found.ranked)
    assert sum(share for _, share in found.ranked) == pytest.approx(1)


def test_that_heat_and_image_have_the_shape_that_the_network_sees(finished_run: Path, dataset: Path):
    found = explained(finished_run)
    assert found.heat.shape == (32, 32)
    assert found.heat.dtype == np.float32
    assert found.heat.min() >= 0
    assert found.heat.max() == pytest.approx(1)
    view = load_model(RunFolder.open(finished_run), 1, choose_device("cpu")).view
    cropped = np.asarray(view.resized(read_image(dataset / IMAGE)))
    top = (cropped.shape[0] - 32) // 2
    np.testing.assert_allclose(found.seen, cropped[top : top + 32, top : top + 32], atol=1)


@pytest.mark.parametrize(
    ("arch", "usual"),
    [
        ("resnet18", "layer4"),
        ("vgg11", "features.19"),
        ("vgg16_bn", "features.42"),
        ("efficientnet_lite0", "bn2"),
    ],
)
def test_that_the_last_layer_with_places_is_the_usual_one(arch: str, usual: str):
    places = places_of(layer_tree(arch, 3), build_on_meta(arch, 3))
    assert places.usual == usual
    assert places.layers[-1][0] == usual or usual in dict(places.layers)
    assert not any("avgpool" in path or "fc" in path for path, _ in places.layers)


def test_that_every_layer_on_offer_can_be_looked_at(finished_run: Path):
    for path, _ in explained(finished_run).layers:
        assert np.isfinite(explained(finished_run, layer=path).heat).all()


def test_that_small_images_leave_no_places_behind_the_last_pooling():
    assert places_of(layer_tree("vgg11", 3, 32), build_on_meta("vgg11", 3)).usual == "features.19"


def test_that_layers_that_overwrite_their_input_are_no_obstacle():
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    network = keep_outputs(nn.Sequential(*layers).eval())
    pixels = torch.rand(3, 8, 8)
    grid = grad_cam(network, network.get_submodule("0"), pixels, 1)
    by_hand = (layers[0](pixels[None]).detach() * _mean_gradient(layers, pixels)).sum(1, keepdim=True)
    torch.testing.assert_close(grid, by_hand.clamp(min=0))


def _mean_gradient(layers: tuple[nn.Module, ...], pixels: torch.Tensor) -> torch.Tensor:
    """Of the second class by what the first layer gives, meaned over places: ``[1, channels, 1, 1]``."""
    maps = layers[0](pixels[None]).detach().requires_grad_()
    nn.Sequential(*layers[1:])(maps)[0, 1].backward()
    assert maps.grad is not None
    return maps.grad.mean(dim=(2, 3), keepdim=True)


def test_that_the_network_from_before_the_training_names_what_it_knew(bundled_run: Path):
    *_, before = explain_pretrained(bundled_run, IMAGE, Control())
    assert isinstance(before, Explained)
    assert before.pretrained
    assert len(before.ranked) == 5
    after = explained(bundled_run)
    assert (after.pretrained, before.heat.shape) == (False, after.heat.shape)
    np.testing.assert_array_equal(before.seen, after.seen)
    *_, other = explain_pretrained(bundled_run, IMAGE, Control(), target="balloon", layer="blocks.2")
    assert isinstance(other, Explained)
    assert (other.target, other.layer) == ("balloon", "blocks.2")


def test_that_a_run_from_random_weights_has_no_before(finished_run: Path):
    with pytest.raises(BadInput, match="began with random weights"):
        list(explain_pretrained(finished_run, IMAGE, Control()))


def test_that_a_model_used_as_it_is_is_explained_by_the_classes_of_the_run(dataset: Path, tmp_path: Path):
    more = {"arch": "efficientnet_lite0", "weights": "bundled", "strategy": "as-is", "image_size": 64}
    run = train_small(dataset, tmp_path / "run", **more)
    *_, found = explain(run, IMAGE, Control(), epoch=0, target="green")
    assert isinstance(found, Explained)
    assert (found.target, found.heat.shape) == ("green", (64, 64))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"image": "red/99.png"}, "has no image red/99.png"),
        ({"image": "../secret.png"}, "has no image"),
        ({"target": "mauve"}, "knows no class 'mauve'"),
        ({"layer": "fc"}, "has no layer 'fc' with places"),
        ({"layer": "nowhere"}, "has no layer 'nowhere' with places"),
    ],
)
def test_that_what_is_not_there_is_named(finished_run: Path, more: dict[str, str], words: str):
    with pytest.raises(BadInput, match=words):
        explained(finished_run, **more)
