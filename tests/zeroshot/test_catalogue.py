"""The models on offer agree with open_clip, and their presence is seen without a network."""

import importlib.util
from pathlib import Path

import open_clip
import pytest
import torch

from tlstudio.zeroshot.catalogue import DEMO, ClipModel, clip_models, missing_package, present
from tlstudio.zeroshot.events import Clip


def put_into_cache(hub: Path, repo_id: str, name: str, content: bytes) -> Path:
    """Lay a file where the Hugging Face hub keeps it."""
    folder = hub / f"models--{repo_id.replace('/', '--')}"
    commit = "0123456789abcdef0123456789abcdef01234567"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(commit)
    file = folder / "snapshots" / commit / name
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    "model",
    [model for model in clip_models() if model != DEMO],
    ids=lambda model: f"{model.model}-{model.pretrained}",
)
def test_that_open_clip_knows_the_model_and_keeps_it_in_the_same_place(model: ClipModel) -> None:
    assert open_clip.get_pretrained_cfg(model.model, model.pretrained)["hf_hub"] == f"{model.repo_id}/"
    config = open_clip.get_model_config(model.model)
    assert config is not None
    assert bool(model.needs) == ("hf_tokenizer_name" in config["text_cfg"])


def test_that_a_package_is_missing_only_where_a_model_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    wanting = next(model for model in clip_models() if model.needs)
    for found, missing in ((None, "transformers"), (object(), "")):
        monkeypatch.setattr(importlib.util, "find_spec", lambda _name, found=found: found)
        assert missing_package(wanting) == missing
        assert missing_package(clip_models()[0]) == ""


def test_that_sizes_are_those_of_the_parameters() -> None:
    for model in clip_models():
        if model.megabytes and not model.needs and model.repo_id:
            config = open_clip.get_model_config(model.model)
            assert config is not None
            kind = open_clip.CustomTextCLIP if config.pop("custom_text", False) else open_clip.CLIP
            with torch.device("meta"):
                parameters = sum(one.numel() for one in kind(**config).parameters())
            assert model.megabytes == pytest.approx(4 * parameters / 1e6, rel=0.01), model.title


def test_that_the_default_of_a_request_comes_first() -> None:
    default = Clip()
    first = clip_models()[0]
    assert (first.model, first.pretrained) == (default.model, default.pretrained)


def test_that_titles_differ() -> None:
    assert len({model.title for model in clip_models()}) == len(clip_models())


@pytest.mark.parametrize("name", ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"])
def test_that_a_model_is_present_once_its_file_lies_in_the_cache(name: str, home: Path) -> None:
    first, second = clip_models()[:2]
    assert not present(first)
    put_into_cache(home / "hub", first.repo_id, name, b"weights")
    assert present(first)
    assert not present(second)


def test_that_other_files_of_a_repository_do_not_make_a_model_present(home: Path) -> None:
    model = clip_models()[0]
    put_into_cache(home / "hub", model.repo_id, "tokenizer.json", b"{}")
    assert not present(model)
