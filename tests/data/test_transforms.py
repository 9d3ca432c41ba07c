import dataclasses
import random

import pytest
import torch
from PIL import Image
from torchvision.models import ResNet50_Weights, VGG16_Weights
from torchvision.transforms import InterpolationMode
from torchvision.transforms._presets import ImageClassification

from tests.images import picture
from tlstudio.config import Augmentation
from tlstudio.data.transforms import View
from tlstudio.models.architectures import architecture

VIEW = View(36, 32, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
SIZES = [(320, 240), (240, 321), (256, 256), (57, 300), (1, 1), (500, 333)]


def view_of(arch: str, weights: str) -> View:
    return View(**dataclasses.asdict(architecture(arch).preprocessing(weights)))


def noise(size: tuple[int, int]) -> Image.Image:
    return Image.frombytes("RGB", size, random.Random(0).randbytes(3 * size[0] * size[1]))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("arch", "weights"),
    [("vgg16", VGG16_Weights.IMAGENET1K_V1), ("resnet50", ResNet50_Weights.IMAGENET1K_V2)],
)
def test_that_an_evaluation_view_equals_torchvisions_preset(arch: str, weights, size: tuple[int, int]):
    image = noise(size)
    torch.testing.assert_close(
        view_of(arch, weights.name).evaluation(image), weights.transforms()(image), atol=1e-5, rtol=0
    )


def test_that_bicubic_resizing_equals_torchvisions():
    image = noise((300, 400))
    preset = ImageClassification(
        crop_size=224,
        resize_size=256,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        interpolation=InterpolationMode.BICUBIC,
    )
    ours = view_of("efficientnet_lite0", "bundled").evaluation(image)
    torch.testing.assert_close(ours, preset(image), atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [(20_000, 20), (20, 20_000), (1, 700)])
@pytest.mark.parametrize("augmentation", Augmentation)
def test_that_a_long_strip_gives_a_view_of_the_usual_size(size, augmentation: Augmentation):
    image = Image.new("RGB", size, (200, 10, 10))
    view = VIEW.training(image, augmentation, random.Random(0))
    assert view.shape == (3, 32, 32)


@pytest.mark.parametrize("augmentation", Augmentation)
def test_that_the_same_random_state_gives_the_same_view(augmentation: Augmentation):
    image = picture((200, 50, 40), 1)
    first, second = (VIEW.training(image, augmentation, random.Random(5)) for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize("augmentation", [Augmentation.LIGHT, Augmentation.STRONG])
def test_that_augmented_views_differ_from_one_another(augmentation: Augmentation):
    image = picture((200, 50, 40), 1)
    views = [VIEW.training(image, augmentation, random.Random(seed)) for seed in range(4)]
    assert not any(torch.equal(views[0], other) for other in views[1:])


def test_that_without_augmentation_training_sees_the_evaluation_view():
    image = picture((200, 50, 40), 1)
    seen = VIEW.training(VIEW.resized(image), Augmentation.NONE, random.Random(0))
    assert torch.equal(seen, VIEW.evaluation(image))
