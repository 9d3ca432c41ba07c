import pytest
from torchvision.models import get_model_weights, list_models

from tlstudio.errors import BadInput
from tlstudio.models.architectures import Preprocessing, architecture, architectures


def test_that_every_vgg_and_resnet_of_torchvision_is_on_offer():
    families = ("vgg", "resnet", "resnext", "wide_resnet")
    known = [name for name in list_models() if name.startswith(families)]
    assert set(known) <= set(architectures())


@pytest.mark.parametrize("name", [name for name in architectures() if name != "efficientnet_lite0"])
def test_that_the_catalogue_says_what_torchvision_says(name: str):
    ours = architecture(name)
    published = {member.name: member for member in get_model_weights(name) if "IMAGENET1K_V" in member.name}
    assert {weights.name for weights in ours.weights} == set(published)
    for weights in ours.weights:
        member = published[weights.name]
        preset = member.transforms()
        assert weights.url == member.url
        assert weights.top1 == member.meta["_metrics"]["ImageNet-1K"]["acc@1"]
        assert (weights.preprocessing.resize, weights.preprocessing.crop) == (
            preset.resize_size[0],
            preset.crop_size[0],
        )
        assert weights.preprocessing.interpolation == preset.interpolation.value
        assert weights.preprocessing.mean == tuple(preset.mean)
        assert weights.hash_prefix in member.url
        assert ours.parameters == member.meta["num_params"]
        assert ours.gflops == pytest.approx(member.meta["_ops"], abs=1e-3)


def test_that_the_default_is_the_most_accurate_set():
    assert architecture("resnet50").default_weights.name == "IMAGENET1K_V2"
    assert architecture("resnet50").published("default") is architecture("resnet50").default_weights


def test_that_the_bundled_weights_are_present():
    assert architecture("efficientnet_lite0").default_weights.present


def test_that_downloads_go_to_the_usual_torch_cache(home):
    file = architecture("resnet18").default_weights.file
    assert file == home / "torch" / "hub" / "checkpoints" / "resnet18-f37072fd.pth"


def test_that_an_unknown_architecture_is_answered_with_those_there_are():
    with pytest.raises(BadInput, match="no architecture 'resnet19'") as caught:
        architecture("resnet19")
    assert "resnet18" in caught.value.hint


def test_that_another_input_size_keeps_the_margin_in_proportion():
    assert Preprocessing(resize=256, crop=224).at_size(112).resize == 128
    assert Preprocessing(resize=256, crop=224).at_size(None).crop == 224
