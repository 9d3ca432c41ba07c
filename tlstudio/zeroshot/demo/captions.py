"""Sentences about demo pictures, in several forms, each with the facts that it states."""

import dataclasses
import functools

from tlstudio.zeroshot.demo.scenes import (
    COLOURS,
    GROUNDS,
    LOOKS,
    SIZES,
    TABLES,
    TEXTURES,
    THINGS,
    Rng,
    Scene,
    Words,
    facts,
    facts_of,
)

_FRAMES = (
    "{}",
    "a {}",
    "the {}",
    "a photo of a {}.",
    "a photo of a {}.",
    "a photo of a {}",
    "a photo of the {}.",
    "a picture of a {}",
    "an image of a {}.",
    "a drawing of a {}.",
    "a painting of a {}.",
    "this is a {}.",
    "there is a {}",
    "here you see a {}.",
    "one {}",
)
_LOOK_FRAMES = ("a {look} photo of a {}.", "a {look} picture of a {}", "a {look} image of the {}.")
_PATTERNS = {
    "plain": "without a pattern",
    "striped": "with stripes",
    "dotted": "with dots",
    "checked": "with checks",
}
_NOUNS = ("thing", "object", "shape", "one")
# How often a caption says what it could say.
_SAID = {"thing": 0.85, "colour": 0.7, "texture": 0.3, "ground": 0.3, "size": 0.15, "look": 0.4}


@dataclasses.dataclass(frozen=True)
class Caption:
    """A sentence; ``facts`` are those of the scene that it states, ANY where it is silent."""

    text: str
    facts: tuple[int, ...]


def question(field: str, rng: Rng) -> tuple[Caption, ...]:
    """One caption for each value of a scene's ``field``, all in the same form.

    Values without words, such as a medium size, have none. The form may name a ground or a look as well; as
    it is the same in all of them, it decides nothing, whether true of a picture or not.
    """
    frame, noun = _question_frame(field, rng), _one(rng, _NOUNS)
    bare = field == "thing" or (field in {"colour", "texture"} and rng.random() < 0.3)
    captions = []
    for value, words in TABLES[field].items():
        if words:
            word = _plain_or_any(rng, words)
            phrase = word if bare else f"{noun} {word}" if field == "ground" else f"{word} {noun}"
            captions.append(Caption(frame.replace("{}", phrase), facts_of(**{field: value})))
    return tuple(captions)


def describe(scene: Scene, rng: Rng) -> Caption:
    """One of the many true captions of a scene, which seldom says all there is to see."""
    said = _to_say(scene, rng)
    text = _phrase(scene, said, rng)
    look = LOOKS[scene.look] if scene.look in LOOKS and "look" in said else ()
    frame = _one(rng, _LOOK_FRAMES).replace("{look}", _one(rng, look)) if look else _any_frame(rng)
    text = frame.replace("{}", text)
    if rng.random() < 0.3:
        text = _with_an(text)
    return Caption(text, facts(scene, said))


def _to_say(scene: Scene, rng: Rng) -> tuple[str, ...]:
    silent = {"size": not SIZES.get(scene.size or ""), "look": not LOOKS.get(scene.look or "")}
    while True:
        said = tuple(
            field
            for field, share in _SAID.items()
            if getattr(scene, field) is not None and not silent.get(field) and rng.random() < share
        )
        if {"thing", "colour", "texture"} & set(said):
            return said


def _phrase(scene: Scene, said: tuple[str, ...], rng: Rng) -> str:
    """What stands in a frame: words before the noun, the noun, words after it."""
    before: list[str] = []
    after: list[str] = []
    if "size" in said and scene.size:
        before.append(_one(rng, SIZES[scene.size]))
    if "texture" in said and scene.texture:
        if rng.random() < 0.7:
            before.append(_one(rng, TEXTURES[scene.texture]))
        else:
            after.append(_PATTERNS[scene.texture])
    if "colour" in said and scene.colour:
        # As often the plain word as all others together.
        before.append(_plain_or_any(rng, COLOURS[scene.colour]))
        if rng.random() < 0.2:
            before.reverse()
    if "ground" in said and scene.ground:
        after.append(_one(rng, GROUNDS[scene.ground]))
    if "thing" in said:
        noun = _plain_or_any(rng, THINGS[scene.thing])
        if rng.random() < 0.08:
            noun = _plural(noun)
    elif len(before) == 1 and rng.random() < 0.5:
        noun = ""
    else:
        noun = _one(rng, _NOUNS)
    return " ".join(word for word in (*before, noun, *after) if word)


def _any_frame(rng: Rng) -> str:
    return _one(rng, _imagenet_frames() if rng.random() < 0.2 else _FRAMES)


def _question_frame(field: str, rng: Rng) -> str:
    if field != "look" and rng.random() < 0.15:
        return _one(rng, _LOOK_FRAMES).replace("{look}", _one(rng, _words(LOOKS)))
    frame = _any_frame(rng)
    if field != "ground" and rng.random() < 0.25:
        return frame.replace("{}", "{} " + _one(rng, _words(GROUNDS)))
    return frame


def _words(table: Words) -> tuple[str, ...]:
    return tuple(word for words in table.values() for word in words)


def _plain_or_any(rng: Rng, words: tuple[str, ...]) -> str:
    return words[0] if rng.random() < 0.5 else _one(rng, words)


def _plural(noun: str) -> str:
    if noun.endswith("fish"):
        return noun
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return noun + ("es" if noun.endswith(("s", "x", "sh")) else "s")


def _with_an(text: str) -> str:
    words = text.split(" ")
    for place, following in enumerate(words[1:]):
        if words[place] == "a" and following[:1] in "aeiou":
            words[place] = "an"
    return " ".join(words)


def _one(rng: Rng, words: tuple[str, ...]) -> str:
    return words[rng.integers(len(words))]


@functools.cache
def _imagenet_frames() -> tuple[str, ...]:
    """The templates that CLIP is often asked with, without those that say what only some pictures show."""
    from open_clip import OPENAI_IMAGENET_TEMPLATES

    tables = (COLOURS, TEXTURES, SIZES, LOOKS)
    known = {word for table in tables for words in table.values() for word in words}
    frames = (template("{}") for template in OPENAI_IMAGENET_TEMPLATES)
    return tuple(frame for frame in frames if not known & set(frame.split()))
