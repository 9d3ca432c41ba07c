"""Which class of a question each class of a labelled folder is, by name alone."""

import dataclasses
import re
import unicodedata
from collections.abc import Sequence

from tlstudio.inference.results import NONE
from tlstudio.zeroshot.events import Question
from tlstudio.zeroshot.text import words_of

_APART = re.compile(r"[\s_\-]+")


@dataclasses.dataclass(frozen=True)
class Matched:
    """A folder's classes beside those of a question.

    Attributes:
        columns: by class of the folder, the question's class of that name, or
            :data:`~tlstudio.zeroshot.scoring.NONE`.
        unasked: classes of the folder that the question does not have.
        unlabelled: classes of the question that the folder does not have.
    """

    columns: tuple[int, ...]
    unasked: tuple[str, ...]
    unlabelled: tuple[str, ...]


def match(classes: Sequence[str], question: Question) -> Matched:
    """Classes are the same whose names, or a synonym, differ in case or in ``_``, ``-`` and spaces at most.

    A folder's class that several of the question's classes could be is left out, unless one is spelt alike.
    """
    asked = [words_of(name) for name in question.classes]
    columns = tuple(_column(name, asked) for name in classes)
    return Matched(
        columns,
        tuple(name for name, column in zip(classes, columns, strict=True) if column == NONE),
        tuple(words[0] for column, words in enumerate(asked) if column not in columns),
    )


def question_about(classes: Sequence[str], question: Question) -> Question:
    """The folder's classes, each said in the words that the question has for it, or else in its own."""
    matched = match(classes, question)
    taken = [column for column in matched.columns if column != NONE]
    said = tuple(
        question.classes[column] if column != NONE and taken.count(column) == 1 else spoken(name)
        for name, column in zip(classes, matched.columns, strict=True)
    )
    words = [_key(word) for name in said for word in words_of(name)]
    if len(set(words)) < len(words):  # "hot dog" and "hot_dog" are two classes, and said so
        said = tuple(name.replace("|", " ") for name in classes)
    return Question(said, question.templates)


def spoken(name: str) -> str:
    """The name of a folder as it is said in a sentence."""
    return " ".join(_APART.sub(" ", name.replace("|", " ")).split()) or name


def _column(name: str, asked: Sequence[tuple[str, ...]]) -> int:
    for same in (_spelt, _key):
        wanted = same(name)
        found = [column for column, words in enumerate(asked) if wanted in map(same, words)]
        if found:
            return found[0] if len(found) == 1 else NONE
    return NONE


def _spelt(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _key(name: str) -> str:
    return _APART.sub(" ", _spelt(name)).strip()
