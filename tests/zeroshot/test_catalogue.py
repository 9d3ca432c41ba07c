"""The models on offer agree with open_clip, and their presence is seen without a network."""

from pathlib import Path

import open_clip
import pytest

from tlstudio.zeroshot.catalogue import ClipModel, clip_models, present
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


@pytest.mark.parametrize("model", clip_models(), ids=lambda model: f"{model.model}-{model.pretrained}")
def test_that_open_clip_knows_the_model_and_keeps_it_in_the_same_place(model: ClipModel) -> None:
    assert open_clip.get_pretrained_cfg(model.model, model.pretrained)["hf_hub"] == f"{model.repo_id}/"
    # Tokenizers of other packages are not installed with the studio.
    config = open_clip.get_model_config(model.model)
    assert config is not None
    assert "hf_tokenizer_name" not in config["text_cfg"]


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
