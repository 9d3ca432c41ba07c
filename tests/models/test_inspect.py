import pytest
import torch

from tlstudio.models.architectures import architectures
from tlstudio.models.build import build
from tlstudio.models.inspect import layer_tree


@pytest.mark.parametrize("arch", architectures())
def test_that_every_parameter_of_every_architecture_is_in_its_tree_once(arch: str):
    tree = layer_tree(arch, 1000)
    assert tree.parameters == architectures()[arch].parameters
    assert sum(leaf.parameters for leaf in tree.leaves) == tree.parameters
    assert len(tree.nodes) == sum(1 for block in tree.blocks for _ in block.walk())


@pytest.mark.parametrize("arch", ["resnet18", "resnet50", "vgg11", "vgg16_bn", "efficientnet_lite0"])
def test_that_leaf_paths_are_module_paths_with_those_parameters(arch: str):
    with torch.device("meta"):
        network = build(arch, 7)
    for leaf in layer_tree(arch, 7).leaves:
        module = network.get_submodule(leaf.path)
        assert sum(parameter.numel() for parameter in module.parameters()) == leaf.parameters
        assert type(module).__name__ == leaf.kind


def test_the_readable_names_of_a_vgg():
    nodes = layer_tree("vgg16", 5).nodes
    assert nodes["features.12"].name == "Block 3 / conv3_2"
    assert nodes["features.16"].name == "Block 3 / pool3"
    assert nodes["classifier.0"].name == "Fully connected / fc6"
    assert nodes["head"].children[0].name == "head / fc8"


def test_that_batch_norms_of_a_vgg_carry_their_convolutions_number():
    assert layer_tree("vgg16_bn", 5).nodes["features.18"].name == "Block 3 / bn3_2"


def test_the_readable_names_of_a_resnet():
    nodes = layer_tree("resnet18", 5).nodes
    assert nodes["layer2.0.conv1"].name == "layer2 / block 0 / conv1"
    assert nodes["layer2.0.downsample.0"].name == "layer2 / block 0 / downsample / conv"
    assert nodes["conv1"].name == "stem / conv1"


def test_the_output_shapes_of_a_resnet():
    tree = layer_tree("resnet18", 5)
    shapes = {block.path: block.output_shape for block in tree.blocks}
    assert shapes == {
        "stem": (64, 56, 56),
        "layer1": (64, 56, 56),
        "layer2": (128, 28, 28),
        "layer3": (256, 14, 14),
        "layer4": (512, 7, 7),
        "avgpool": (512, 1, 1),
        "head": (5,),
    }
    assert tree.nodes["conv1"].output_shape == (64, 112, 112)


def test_that_the_head_has_an_output_a_class():
    assert layer_tree("vgg11", 12).head.parameters == 4096 * 12 + 12
