"""Class names become prompts, and prompts directions."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import open_clip
import pytest

from tests.zeroshot.conftest import TinyClip, finish
from tlstudio.errors import BadInput
from tlstudio.events import Control
from tlstudio.zeroshot.events import OTHER, Clip, Question, Vectors
from tlstudio.zeroshot.models import LoadedClip, load_clip
from tlstudio.zeroshot.text import ask, cut_classes, prompts_for, words_of

Write = Callable[[str], TinyClip]


@pytest.fixture
def clip(tiny: Write) -> LoadedClip:
    model = tiny("tiny-vit")
    return finish(load_clip(Clip(str(model.config), str(model.weights), "cpu"), Control()))[1]


def _vectors(clip: LoadedClip, classes: Sequence[str], templates: Sequence[str]) -> Vectors:
    return finish(ask(clip, Question(tuple(classes), tuple(templates)), Control()))[1].vectors


def test_that_the_name_takes_the_place_of_the_braces_and_nothing_else_changes() -> None:
    prompts = prompts_for(Question(("  snow \t leopard", "{x}"), ("a {} or {0}: {}",)))
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
        prompts_for(Question(tuple(classes), tuple(templates)))


def test_that_vectors_equal_open_clips_classifier(clip: LoadedClip) -> None:
    classes, templates = ["cat", "Dogge", "새"], ["a photo of a {}.", "{} in the rain"]
    expected = open_clip.build_zero_shot_classifier(clip.model, clip.tokenizer, classes, templates).T
    np.testing.assert_allclose(_vectors(clip, classes, templates), expected, rtol=0, atol=1e-6)


def test_that_editing_one_class_embeds_only_that_one(clip: LoadedClip) -> None:
    asked: list[str] = []
    embed_texts = clip.embed_texts

    def spy(texts: list[str]) -> Vectors:
        asked.extend(texts)
        return embed_texts(texts)

    object.__setattr__(clip, "embed_texts", spy)
    first = _vectors(clip, ["cat", "dog"], ["a {}"])
    second = _vectors(clip, ["cow", "dog"], ["a {}"])
    assert asked == ["a something", "a anything", "a cat", "a dog", "a cow"]
    assert (first[1] == second[1]).all()
    assert not (first[0] == second[0]).all()


def test_that_classes_whose_prompt_is_longer_than_the_context_are_named(clip: LoadedClip) -> None:
    fits, over = " ".join(["cat"] * 22), " ".join(["cat"] * 23)  # 24 tokens with start and end
    assert cut_classes(clip, prompts_for(Question((fits, over), ("{}",)))) == (over,)
    assert clip.tokenizer([over])[0, -2] == clip.tokenizer([fits])[0, -2]  # the last cat never arrives


def test_that_the_tokens_of_a_borrowed_tokenizer_are_counted_too() -> None:
    words = SimpleNamespace(tokenizer=lambda text: SimpleNamespace(input_ids=text.split()))
    clip = SimpleNamespace(tokenizer=words, ready=SimpleNamespace(context_length=2))
    prompts = prompts_for(Question(("b", "b c"), ("a {}",)))
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


def test_that_words_that_mean_the_same_are_one_class_called_by_the_first() -> None:
    prompts = prompts_for(Question(("sofa | couch|", "new  york"), ("a {}", "{}")))
    assert words_of(" sofa |couch| ") == ("sofa", "couch")
    assert prompts == {
        "sofa": ("a sofa", "sofa", "a couch", "couch"),
        "new york": ("a new york", "new york"),
    }


def test_that_a_class_is_the_mean_of_all_it_is_called(clip: LoadedClip) -> None:
    both = _vectors(clip, ["sofa | couch", "bed"], ["a {}"])[0]
    alone = [_vectors(clip, [word, "bed"], ["a {}"])[0] for word in ("sofa", "couch")]
    mean = np.mean(alone, axis=0)
    np.testing.assert_allclose(both, mean / np.linalg.norm(mean), atol=1e-6)


@pytest.mark.parametrize(
    ("classes", "others"),
    [(("cat | CAT", "dog"), ()), (("cat", "dog | cat"), ()), ((OTHER, "dog"), ("car",))],
)
def test_that_a_word_of_two_meanings_is_refused(classes: tuple[str, ...], others: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match="is there twice"):
        prompts_for(Question(classes, others=others))


@pytest.mark.parametrize(
    "asked",
    [
        Question(("cat",), others=("dog",)),
        Question(("cat",), independent=True),
        Question(("cat",), threshold=0.5),
    ],
)
def test_that_one_class_will_do_where_an_image_may_show_none(asked: Question) -> None:
    assert next(iter(prompts_for(asked))) == "cat"


def test_that_words_for_something_else_make_one_more_class(clip: LoadedClip) -> None:
    asked = finish(ask(clip, Question(("cat", "dog"), ("a {}",), others=("car", "tree")), Control()))[1]
    assert asked.classes == ("cat", "dog", OTHER)
    np.testing.assert_allclose(asked.vectors[2], _vectors(clip, ["car | tree", "x"], ["a {}"])[0], atol=1e-6)
    np.testing.assert_allclose(asked.neutral[0], asked.vectors[2], atol=1e-6)


def test_that_a_prompt_read_in_an_earlier_session_is_not_read_again(clip: LoadedClip) -> None:
    first = _vectors(clip, ["cat", "dog"], ["a {}"])
    clip.texts.clear()  # as after a new start
    object.__setattr__(clip, "embed_texts", None)
    np.testing.assert_array_equal(_vectors(clip, ["cat", "dog"], ["a {}"]), first)
