"""Presets of prompts, and lists of classes in files."""

from pathlib import Path

import open_clip
import pytest

from tlstudio.errors import BadInput
from tlstudio.zeroshot.class_file import read_classes
from tlstudio.zeroshot.templates import IMAGENET, TITLES, preset_of, templates_of


def test_that_every_preset_has_a_place_for_the_class_in_each_sentence() -> None:
    for preset in TITLES:
        sentences = templates_of(preset)
        assert sentences
        assert len(set(sentences)) == len(sentences)
        assert all(sentence.count("{}") == 1 for sentence in sentences)


def test_that_the_imagenet_preset_is_open_clips() -> None:
    sentences = templates_of(IMAGENET)
    assert len(sentences) == 80
    assert [one.replace("{}", "sofa") for one in sentences] == [
        make("sofa") for make in open_clip.OPENAI_IMAGENET_TEMPLATES
    ]


def test_that_sentences_are_known_as_their_preset() -> None:
    assert preset_of(templates_of("sketch")) == "sketch"
    assert preset_of(("a {}.",)) is None


def test_that_an_unknown_preset_names_those_there_are() -> None:
    with pytest.raises(BadInput, match=r"no preset 'photos'\. There are: photo, imagenet"):
        templates_of("photos")


def test_that_a_file_has_a_class_a_line(tmp_path: Path) -> None:
    path = tmp_path / "classes.txt"
    path.write_text("\ufeffcat, domestic\n\n# no class\n  sofa |  couch\n고양이\ncat, domestic\n", "utf-8")
    assert read_classes(path) == ("cat, domestic", "sofa | couch", "고양이")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "names no class"),
        (b"# nothing\n\n", "names no class"),
        (b"\x89PNG\0\0", "is no text in UTF-8"),
        ("고양이".encode("euc-kr"), "is no text in UTF-8"),
        (b"x" * 4_000_001, "is too large for a list of classes"),
    ],
)
def test_that_what_is_no_list_of_classes_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "classes.txt"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=sentence):
        read_classes(path)


def test_that_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"gone\.txt cannot be read: no such file"):
        read_classes(tmp_path / "gone.txt")
