"""Folder classes and prompt classes go together by name alone."""

import pytest

from tlstudio.zeroshot.events import Question
from tlstudio.zeroshot.labelled import match, question_about


@pytest.mark.parametrize(
    ("folder", "asked"),
    [
        ("hot_dog", "hot dog"),
        ("Hot-Dog", "hot  dog"),
        ("STRASSE", "straße"),
        ("ｃａｔ", "cat"),
        ("couch", "sofa | couch"),
        ("한글", "한글"),
    ],
)
def test_that_spelling_does_not_keep_a_class_from_its_name(folder: str, asked: str):
    found = match([folder, "other"], Question((asked, "bird")))
    assert found.columns == (0, -1)
    assert found.unasked == ("other",)
    assert found.unlabelled == ("bird",)


def test_that_what_is_merely_alike_is_not_guessed():
    found = match(["dogs", "hotdog"], Question(("dog", "hot dog")))
    assert found.columns == (-1, -1)


def test_that_two_folders_may_be_one_class():
    assert match(["couch", "sofa"], Question(("sofa | couch", "chair"))).columns == (0, 0)


def test_that_of_two_candidates_the_one_that_is_spelt_alike_is_meant_and_otherwise_neither():
    question = Question(("hot_dog", "hot dog"))
    assert match(["hot dog"], question).columns == (1,)
    assert match(["hot-dog"], question).columns == (-1,)


def test_that_a_folder_is_said_in_the_words_of_the_question_or_its_own():
    found = question_about(["hot_dog", "sofa"], Question(("couch | sofa", "bird"), ("{}!",), threshold=0.5))
    assert found == Question(("hot dog", "couch | sofa"), ("{}!",))


def test_that_folders_that_would_be_said_alike_keep_their_own_names():
    assert question_about(["hot dog", "hot_dog"], Question(())).classes == ("hot dog", "hot_dog")
    assert question_about(["couch", "sofa"], Question(("sofa|couch", "a"))).classes == ("couch", "sofa")
