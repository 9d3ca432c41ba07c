"""Weights files of every kind, good and bad."""

import pickle
from collections.abc import Callable
from pathlib import Path

import open_clip
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from tests.zeroshot.conftest import CONFIGS, TinyClip
from tlstudio.errors import BadInput
from tlstudio.zeroshot.weights import architectures_like, load_weights

Write = Callable[[str], TinyClip]


def _network(name: str) -> torch.nn.Module:
    return open_clip.create_model(name)


def _refusal(file: Path, name: str = "tiny-vit") -> BadInput:
    with pytest.raises(BadInput) as caught:
        load_weights(_network(name), name, file)
    return caught.value


def _save(kind: str, tensors: dict[str, torch.Tensor], file: Path) -> None:
    match kind:
        case "state dict":
            torch.save(tensors, file)
        case "training checkpoint":  # as open_clip's own training writes it, distributed
            wrapped = {f"module.{name}": tensor for name, tensor in tensors.items()}
            torch.save({"epoch": 3, "name": "run", "state_dict": wrapped, "optimizer": {"lr": 0.1}}, file)
        case "half precision":
            torch.save({name: tensor.half() for name, tensor in tensors.items()}, file)


@pytest.mark.parametrize("name", ["tiny-vit", "tiny-resnet", "tiny-sigmoid"])
@pytest.mark.parametrize("kind", ["state dict", "training checkpoint", "half precision"])
def test_that_a_file_fills_the_model_as_open_clip_would(
    name: str, kind: str, tiny: Write, tmp_path: Path
) -> None:
    file = tmp_path / "체크포인트.pt"
    _save(kind, load_file(tiny(name).weights), file)
    ours, theirs = _network(name), _network(name)
    load_weights(ours, name, file)
    open_clip.load_checkpoint(theirs, str(file))  # type: ignore[arg-type]
    state = theirs.state_dict()
    for key, tensor in ours.state_dict().items():
        assert tensor.dtype == state[key].dtype
        assert torch.equal(tensor, state[key]), key


def test_that_weights_of_one_tower_layout_fill_the_other_with_a_neutral_bias(
    tiny: Write, tmp_path: Path
) -> None:
    ours, theirs = _network("tiny-sigmoid"), _network("tiny-sigmoid")
    load_weights(ours, "tiny-sigmoid", tiny("tiny-vit").weights)
    open_clip.load_checkpoint(theirs, str(tiny("tiny-vit").weights))  # type: ignore[arg-type]
    assert ours.logit_bias.item() == 0  # type: ignore[union-attr,operator]
    assert all(torch.equal(tensor, theirs.state_dict()[key]) for key, tensor in ours.state_dict().items())


def test_that_positions_are_fitted_to_another_image_size(
    tiny: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    larger = CONFIGS["tiny-vit"] | {"vision_cfg": CONFIGS["tiny-vit"]["vision_cfg"] | {"image_size": 48}}
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "larger", larger)
    ours, theirs = _network("larger"), _network("larger")
    load_weights(ours, "larger", tiny("tiny-vit").weights)
    open_clip.load_checkpoint(theirs, str(tiny("tiny-vit").weights))  # type: ignore[arg-type]
    assert all(torch.equal(tensor, theirs.state_dict()[key]) for key, tensor in ours.state_dict().items())


@pytest.mark.parametrize(("asked", "given"), [("tiny-vit", "tiny-resnet"), ("tiny-resnet", "tiny-vit")])
def test_that_a_file_of_another_architecture_is_recognised(asked: str, given: str, tiny: Write) -> None:
    error = _refusal(tiny(given).weights, asked)
    assert f"does not fit {asked}; it looks like weights for {given}" in error.message


@pytest.mark.parametrize("name", ["ViT-B-32", "ViT-B-16", "ViT-L-14-336", "RN50", "RN101"])
def test_that_published_architectures_are_told_apart(name: str) -> None:
    config = open_clip.get_model_config(name)
    assert config is not None
    with torch.device("meta"):
        tensors = open_clip.CLIP(**config).state_dict()
    assert architectures_like(tensors) == (name,)


def test_that_image_towers_of_timm_are_told_apart_by_their_layers() -> None:
    config = open_clip.get_model_config("MobileCLIP2-S0")
    assert config is not None
    text = config["text_cfg"]
    with torch.device("meta"):
        trunk = timm.create_model(config["vision_cfg"]["timm_model_name"], num_classes=config["embed_dim"])
        tensors = {f"visual.trunk.{name}": tensor for name, tensor in trunk.state_dict().items()}
        tensors["text.token_embedding.weight"] = torch.zeros(text["vocab_size"], text["width"])
        tensors["text.positional_embedding"] = torch.zeros(text["context_length"], text["width"])
        tensors["text.text_projection"] = torch.zeros(text["width"], config["embed_dim"])
        for layer in range(text["layers"]):
            tensors[f"text.transformer.resblocks.{layer}.ln_1.weight"] = torch.zeros(text["width"])
    assert architectures_like(tensors) == ("MobileCLIP2-S0",)


def test_that_a_file_nobody_knows_asks_for_its_configuration(tiny: Write, tmp_path: Path) -> None:
    tensors = load_file(tiny("tiny-vit").weights)
    tensors["text_projection"] = torch.zeros(32, 7)
    save_file(tensors, tmp_path / "odd.safetensors")
    error = _refusal(tmp_path / "odd.safetensors")
    assert "no architecture that open_clip knows" in error.message
    assert "JSON" in error.hint


def test_that_a_classifiers_weights_are_no_clip_model(tmp_path: Path, known: None) -> None:
    save_file({"fc.weight": torch.zeros(2, 2)}, tmp_path / "resnet.safetensors")
    assert "holds no CLIP model" in _refusal(tmp_path / "resnet.safetensors").message


class _Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.file), "w")


def _pickle(content: object, file: Path) -> None:
    file.write_bytes(pickle.dumps(content, protocol=2))


@pytest.mark.parametrize("save", [torch.save, _pickle])
def test_that_nothing_in_a_file_is_executed(
    save: Callable[[object, Path], object], tmp_path: Path, known: None
) -> None:
    save({"weights": _Trap(tmp_path / "sprung")}, tmp_path / "trap.pt")
    assert "trap.pt" in _refusal(tmp_path / "trap.pt").message
    assert not (tmp_path / "sprung").exists()


@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")  # the old format is what is tested
def test_that_a_torchscript_archive_is_refused(tmp_path: Path, known: None) -> None:
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "scripted.pt")
    error = _refusal(tmp_path / "scripted.pt")
    assert "TorchScript archive" in error.message
    assert "openai" in error.hint


@pytest.mark.parametrize("suffix", [".pt", ".bin", ".safetensors"])
def test_that_a_truncated_file_is_refused(suffix: str, tiny: Write, tmp_path: Path) -> None:
    whole, cut = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}"
    tensors = load_file(tiny("tiny-vit").weights)
    if suffix == ".safetensors":
        save_file(tensors, whole)
    else:
        torch.save(tensors, whole)
    cut.write_bytes(whole.read_bytes()[:-1000])
    assert f"cut{suffix}" in _refusal(cut).message


def test_that_what_is_no_weights_file_is_refused(tmp_path: Path, known: None) -> None:
    (tmp_path / "photo.png").write_bytes(b"")
    (tmp_path / "folder.pt").mkdir()
    assert "is no weights file" in _refusal(tmp_path / "photo.png").message
    assert "is a folder" in _refusal(tmp_path / "folder.pt").message
    assert "does not exist" in _refusal(tmp_path / "absent.pt").message
