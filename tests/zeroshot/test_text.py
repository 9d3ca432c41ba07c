"""Class names become prompts, and prompts directions."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import open_clip
import pytest
import torch

from tests.zeroshot.conftest import TinyClip, finish
from tlstudio.errors import BadInput
from tlstudio.events import Control
from tlstudio.zeroshot.models import LoadedClip, load_clip
from tlstudio.zeroshot.text import cut_classes, embed, prompts_for

Write = Callable[[str], TinyClip]


@pytest.fixture
def clip(tiny: Write) -> LoadedClip:
    model = tiny("tiny-vit")
    return finish(load_clip(str(model.config), str(model.weights), "cpu", Control()))[1]


def _vectors(clip: LoadedClip, classes: list[str], templates: list[str]) -> torch.Tensor:
    return finish(embed(clip, prompts_for(classes, templates), Control()))[1]


def test_that_the_name_takes_the_place_of_the_braces_and_nothing_else_changes() -> None:
    prompts = prompts_for(["  snow \t leopard", "{x}"], ["a {} or {0}: {}"])
    assert prompts == {
        "snow leopard": ("a snow leopard or {0}: snow leopard",),
        "{x}": ("a {x} or {0}: {x}",),
    }


@pytest.mark.parametrize(
    ("classes", "templates", "message"),
    [
        ([], ["{}"], "There are no class names"),
        (["cat"], ["{}"], "'cat' is the only class"),
        (["cat", " "], ["{}"], "A class name is empty"),
        (["cat", "dog", "CAT "], ["{}"], "The class 'CAT' is there twice"),
        (["é", "e\u0301"], ["{}"], "is there twice"),
        (["cat", "dog"], [], "There is no prompt template"),
        (["cat", "dog"], ["{}", "a photo"], "The template 'a photo' has no place for the class name"),
    ],
)
def test_that_unusable_words_are_refused(classes: list[str], templates: list[str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        prompts_for(classes, templates)


def test_that_vectors_equal_open_clips_classifier(clip: LoadedClip) -> None:
    classes, templates = ["cat", "Dogge", "새"], ["a photo of a {}.", "{} in the rain"]
    expected = open_clip.build_zero_shot_classifier(clip.model, clip.tokenizer, classes, templates).T
    torch.testing.assert_close(_vectors(clip, classes, templates), expected, rtol=0, atol=1e-6)


def test_that_editing_one_class_embeds_only_that_one(clip: LoadedClip) -> None:
    asked: list[str] = []
    embed_texts = clip.embed_texts

    def spy(texts: list[str]) -> torch.Tensor:
        asked.extend(texts)
        return embed_texts(texts)

    object.__setattr__(clip, "embed_texts", spy)
    first = _vectors(clip, ["cat", "dog"], ["a {}"])
    second = _vectors(clip, ["cow", "dog"], ["a {}"])
    assert asked == ["a cat", "a dog", "a cow"]
    assert torch.equal(first[1], second[1])
    assert not torch.equal(first[0], second[0])


def test_that_classes_whose_prompt_is_longer_than_the_context_are_named(clip: LoadedClip) -> None:
    fits, over = " ".join(["cat"] * 22), " ".join(["cat"] * 23)  # 24 tokens with start and end
    assert cut_classes(clip, prompts_for([fits, over], ["{}"])) == (over,)
    assert clip.tokenizer([over])[0, -2] == clip.tokenizer([fits])[0, -2]  # the last cat never arrives


def test_that_the_tokens_of_a_borrowed_tokenizer_are_counted_too() -> None:
    words = SimpleNamespace(tokenizer=lambda text: SimpleNamespace(input_ids=text.split()))
    clip = SimpleNamespace(tokenizer=words, context_length=2)
    prompts = prompts_for(["b", "b c"], ["a {}"])
    assert cut_classes(clip, prompts) == ("b c",)  # type: ignore[arg-type]


def test_that_words_can_be_checked_without_torch(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from tlstudio.zeroshot import catalogue, events, text; "
        "catalogue.present(catalogue.clip_models()[0]); "
        "sys.exit(bool({'torch', 'open_clip'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=tmp_path).returncode == 0
