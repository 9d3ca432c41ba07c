import dataclasses
import pickle
from pathlib import Path

import pytest
import safetensors.torch
import torch

from tlstudio.errors import BadInput, StudioError
from tlstudio.events import Control
from tlstudio.models import weights as module
from tlstudio.models.architectures import architecture
from tlstudio.models.build import build, imagenet_categories
from tlstudio.models.events import WeightsReady
from tlstudio.models.weights import fetch, fit, read_tensors


def state(arch: str, classes: int = 1000, seed: int = 1) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return build(arch, classes).state_dict()


def ready(arch: str, weights: str) -> Path:
    *_, last = fetch(arch, weights, Control())
    assert isinstance(last, WeightsReady)
    return last.path


def test_that_the_bundled_weights_fit_whole():
    network = build("efficientnet_lite0").eval()
    result = fit(network, ready("efficientnet_lite0", "bundled"))
    assert (result.missing, result.left_over, result.misshapen) == ((), (), ())
    assert len(imagenet_categories()) == 1000
    assert float(network.state_dict()["bn1.running_var"].std()) > 0  # not the ones of a fresh norm


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_that_a_local_file_is_loaded_whole(tmp_path: Path, suffix: str):
    tensors = state("resnet18")
    path = tmp_path / f"가중치{suffix}"
    if suffix == ".pth":
        torch.save(tensors, path)
    else:
        safetensors.torch.save_file(tensors, path)
    network = build("resnet18")
    assert fit(network, ready("resnet18", str(path))).sentence("file") == ""
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in network.state_dict().items())


def test_that_a_backbone_without_its_head_is_welcome_and_the_gap_is_named(tmp_path: Path):
    tensors = {name: t for name, t in state("resnet18").items() if not name.startswith("fc.")}
    torch.save({"state_dict": {f"module.{name}": t for name, t in tensors.items()}}, tmp_path / "a.pth")
    result = fit(build("resnet18", 4), tmp_path / "a.pth")
    assert result.missing == ("fc.weight", "fc.bias")
    assert "2 missing (fc.weight, fc.bias)" in result.sentence("a.pth")


def test_that_a_head_for_other_classes_is_left_out_and_named(tmp_path: Path):
    torch.save(state("resnet18", 7), tmp_path / "a.pth")
    assert fit(build("resnet18", 4), tmp_path / "a.pth").misshapen == ("fc.weight", "fc.bias")


def test_that_weights_of_another_architecture_are_refused(tmp_path: Path):
    torch.save(state("resnet34"), tmp_path / "a.pth")
    with pytest.raises(BadInput, match="does not belong to this network"):
        fit(build("vgg11"), tmp_path / "a.pth")


class Payload:
    def __reduce__(self):
        return (exec, ("raise SystemExit('this ran')",))


@pytest.mark.parametrize("save", [torch.save, lambda data, path: path.write_bytes(pickle.dumps(data, 2))])
def test_that_a_file_with_code_in_it_is_refused_and_the_code_does_not_run(tmp_path: Path, save):
    save({"weight": Payload()}, tmp_path / "evil.pth")
    with pytest.raises(BadInput, match=r"evil\.pth was not loaded, for a file like that can run code"):
        read_tensors(tmp_path / "evil.pth")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.pth", b""),
        ("text.pth", b"this is not a model"),
        ("cut.safetensors", b"\x10\x00\x00\x00\x00\x00\x00\x00{"),
        ("lying.safetensors", b"\xff\xff\xff\xff\xff\xff\xff\x7f{}"),
    ],
)
def test_that_a_damaged_file_is_named(tmp_path: Path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=name):
        read_tensors(tmp_path / name)


def test_that_a_truncated_checkpoint_is_named(tmp_path: Path):
    torch.save(state("resnet18"), tmp_path / "a.pth")
    content = (tmp_path / "a.pth").read_bytes()
    (tmp_path / "a.pth").write_bytes(content[: len(content) // 2])
    with pytest.raises(BadInput, match=r"a\.pth cannot be read"):
        read_tensors(tmp_path / "a.pth")


def test_that_a_folder_gives_the_file_of_the_architecture(tmp_path: Path):
    for name in ("resnet34.pth", "resnet18.pth", "notes.txt"):
        (tmp_path / name).touch()
    assert ready("resnet18", str(tmp_path)) == tmp_path / "resnet18.pth"


def test_that_a_folder_without_a_fitting_file_is_refused(tmp_path: Path):
    for name in ("resnet34.pth", "resnet50.pth"):
        (tmp_path / name).touch()
    with pytest.raises(BadInput, match="no weights file that belongs to ResNet-18"):
        ready("resnet18", str(tmp_path))


def test_that_unknown_weights_are_answered_with_the_choices():
    with pytest.raises(BadInput, match="There are no weights 'IMAGENET1K_V9'") as caught:
        ready("resnet50", "IMAGENET1K_V9")
    assert "IMAGENET1K_V2" in caught.value.hint


def test_that_without_network_and_file_the_three_ways_out_are_named(monkeypatch: pytest.MonkeyPatch):
    real = architecture("resnet18")
    nowhere = dataclasses.replace(real.weights[0], url="http://127.0.0.1:9/resnet18-f37072fd.pth")
    offline = dataclasses.replace(real, weights=(nowhere,))
    monkeypatch.setattr(module, "architecture", lambda name: offline)
    with pytest.raises(StudioError, match="could not be downloaded") as caught:
        ready("resnet18", "default")
    for way in ("connect to the network", "a local .pth or .safetensors file", "random weights"):
        assert way in caught.value.hint


def test_that_random_weights_need_nothing():
    assert list(fetch("resnet50", "none", Control())) == []
