"""What the demo is trained on: captions true of their pictures, and no pair that is held out."""

import collections
import dataclasses
import re

import numpy as np
import pytest

from tlstudio.data.painting.subjects import SUBJECTS
from tlstudio.zeroshot.demo import pictures
from tlstudio.zeroshot.demo.captions import describe, question
from tlstudio.zeroshot.demo.pictures import PIXELS, Album, album, draw, scene_of, shrunk
from tlstudio.zeroshot.demo.scenes import (
    ANY,
    COLOURS,
    DRAWN,
    GROUNDS,
    LOOKS,
    PAINTED,
    SIZES,
    TABLES,
    TEXTURES,
    THINGS,
    Scene,
    all_pairs,
    any_scene,
    facts,
    facts_of,
    held_out,
)
from tlstudio.zeroshot.demo.train import Settings

TRAINED = Settings()


def training_scenes(count: int = TRAINED.drawn) -> list[Scene]:
    """Those of the bundled file's own training."""
    return [scene_of(number, TRAINED.drawn, TRAINED.seed)[0] for number in range(count)]


def names(words: dict[str, tuple[str, ...]], text: str) -> set[str]:
    """The keys any of whose words stand in a text, in the plural too."""
    return {
        key
        for key, spoken in words.items()
        if any(
            re.search(rf"\b({re.escape(word)}(s|es)?|{re.escape(word[:-1])}ies)\b", text) for word in spoken
        )
    }


def made(drawn: int, painted: int, seed: int) -> Album:
    *_, last = album(drawn, painted, seed)
    assert isinstance(last, Album)
    return last


def test_that_two_colours_of_each_thing_and_four_things_of_each_colour_are_held_out() -> None:
    assert len(held_out()) == len(set(held_out())) == 2 * len(DRAWN) >= 10
    assert set(held_out()) < set(all_pairs())
    assert set(collections.Counter(thing for _, thing in held_out()).values()) == {2}
    assert set(collections.Counter(colour for colour, _ in held_out()).values()) == {4}


def test_that_no_picture_of_training_shows_a_pair_held_out_and_all_others_are_shown() -> None:
    shown = {(scene.colour, scene.thing) for scene in training_scenes()}
    assert shown == set(all_pairs()) - set(held_out())


def test_that_no_caption_of_training_names_a_pair_held_out() -> None:
    rng = np.random.default_rng(0)
    for scene in training_scenes(6000):
        text = describe(scene, rng).text
        said = {(colour, thing) for colour in names(COLOURS, text) for thing in names(THINGS, text)}
        assert said.isdisjoint(held_out()), text


def test_that_a_caption_names_what_it_states_and_nothing_else() -> None:
    rng = np.random.default_rng(1)
    tables = (THINGS, COLOURS, TEXTURES)
    for scene in training_scenes(1500):
        caption = describe(scene, rng)
        known = facts(scene)
        assert all(said in (ANY, there) for said, there in zip(caption.facts, known, strict=True))
        for table, said in zip((THINGS, COLOURS), caption.facts, strict=False):
            assert names(table, caption.text) == (set() if said == ANY else {tuple(table)[said]}), caption
        assert any(fact != ANY for fact in caption.facts[: len(tables)])


def test_that_captions_of_a_scene_differ_in_form_and_in_what_they_say() -> None:
    scene = Scene("key", "red", "dotted", "snow", "small", "blurry")
    rng = np.random.default_rng(2)
    captions = [describe(scene, rng) for _ in range(300)]
    assert len({caption.text for caption in captions}) > 200
    assert len({caption.facts for caption in captions}) > 20
    ground = tuple(GROUNDS).index("snow")
    assert {caption.facts[3] for caption in captions} == {ANY, ground}


@pytest.mark.parametrize("field", TABLES)
def test_that_a_question_is_in_one_form_for_all_that_can_be_answered(field: str) -> None:
    for seed in range(20):
        asked = question(field, np.random.default_rng(seed))
        assert [caption.facts for caption in asked] == [
            facts_of(**{field: value}) for value, words in TABLES[field].items() if words
        ]
        texts = [caption.text for caption in asked]
        assert len(set(texts)) == len(texts)
        words = [set(text.split()) for text in texts]
        assert len(set.intersection(*words)) >= min(len(one) for one in words) - 4


def test_that_a_painting_is_described_by_its_subject_alone() -> None:
    rng = np.random.default_rng(3)
    for subject in PAINTED:
        caption = describe(Scene(subject), rng)
        assert names(THINGS, caption.text) == {subject}
        assert names(COLOURS, caption.text) == set()
        assert caption.facts == (tuple(THINGS).index(subject), ANY, ANY, ANY, ANY, ANY)


def test_that_the_sample_pictures_subjects_are_all_known() -> None:
    assert set(SUBJECTS) == set(PAINTED) <= set(THINGS)


@pytest.mark.parametrize("thing", DRAWN)
def test_that_each_thing_is_drawn_in_its_colour(thing: str) -> None:
    scene = Scene(thing, "red", "plain", "snow", "large", "sharp")
    pixels = np.asarray(draw(scene, np.random.default_rng(4)), dtype=int)
    assert pixels.shape == (128, 128, 3)
    red, green, blue = np.moveaxis(pixels, -1, 0)
    assert ((red > 130) & (green < 90) & (blue < 90)).mean() > 0.05


@pytest.mark.parametrize(
    ("field", "values"),
    [("colour", COLOURS), ("texture", TEXTURES), ("ground", GROUNDS), ("size", SIZES), ("look", LOOKS)],
)
def test_that_all_that_a_caption_can_say_is_seen_in_the_picture(
    field: str, values: dict[str, object]
) -> None:
    scene = Scene("heart", "blue", "plain", "paper", "medium", "sharp")
    drawn = [
        draw(dataclasses.replace(scene, **{field: value}), np.random.default_rng(5)).tobytes()
        for value in values
    ]
    assert len(set(drawn)) == len(values)


def test_that_an_album_has_drawn_things_first_and_then_paintings_in_turn() -> None:
    taken = made(5, 7, seed=6)
    assert taken.pixels.shape == (12, PIXELS, PIXELS, 3)
    assert all(scene.colour in COLOURS and scene.thing in DRAWN for scene in taken.scenes[:5])
    assert taken.scenes[5:] == tuple(Scene(subject) for subject in (*PAINTED, PAINTED[0]))
    scene, rng = scene_of(3, 5, seed=6)
    assert np.array_equal(taken.pixels[3], shrunk(draw(scene, rng)))


def test_that_an_album_depends_on_its_seed_but_not_on_how_many_draw_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    once = made(150, 2, seed=7)
    assert not np.array_equal(once.pixels, made(150, 2, seed=8).pixels)
    monkeypatch.setattr(pictures, "_FEW", 0)
    again = made(150, 2, seed=7)
    assert again.scenes == once.scenes
    assert np.array_equal(again.pixels, once.pixels)


def test_that_any_pair_can_be_asked_for() -> None:
    for colour, thing in held_out():
        scene = any_scene(np.random.default_rng(9), (colour, thing))
        assert (scene.colour, scene.thing) == (colour, thing)
