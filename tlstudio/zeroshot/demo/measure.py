"""How well a demo model names what it never saw together, on pictures drawn afresh."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tlstudio.events import Control, Event, Progress
from tlstudio.zeroshot.demo.pictures import draw
from tlstudio.zeroshot.demo.scenes import (
    COLOURS,
    DRAWN,
    GROUNDS,
    PAINTED,
    TEXTURES,
    Scene,
    all_pairs,
    any_scene,
    held_out,
)
from tlstudio.zeroshot.events import DEFAULT_TEMPLATE, Clip, Vectors
from tlstudio.zeroshot.models import LoadedClip, load_clip

SEED = 2_000_003  # of the pictures here; training has another
_BATCH = 128


@dataclasses.dataclass(frozen=True)
class Measured(Event):
    """Of ``pictures`` the share whose own of ``classes`` prompts came out first."""

    what: str
    prompt: str
    classes: int
    pictures: int
    top1: float


def measure(folder: Path, per_pair: int, control: Control) -> Iterator[Event]:
    """Ask the model in ``folder`` about ``per_pair`` new pictures of each pair held out, and about others.

    Yields Progress and a Measured for each kind of question.

    Raises:
        StudioError: the folder has no model that can be loaded.
        Stopped: the control was told to stop.
    """
    clip = yield from load_clip(Clip(f"local-dir:{folder}", "", "cpu"), control)
    for title, unseen in (("Pairs never shown in training", True), ("Pairs shown in training", False)):
        pairs = [pair for pair in all_pairs() if (pair in held_out()) == unseen]
        scenes = new_scenes(pairs, per_pair if unseen else max(1, per_pair // 4), SEED + unseen)
        yield Progress(title)
        vectors = embed(clip, scenes, SEED + unseen)
        control.checkpoint()
        yield from _questions(clip, title, scenes, vectors)
    scenes = [Scene(thing) for thing in PAINTED for _ in range(10 * per_pair)]
    yield Progress("Paintings")
    vectors = embed(clip, scenes, SEED + 2)
    for frame in (DEFAULT_TEMPLATE, "{}", "a painting of a {}"):
        answers = PAINTED
        yield _asked(clip, "Paintings, by subject", frame, answers, [s.thing for s in scenes], vectors)


def new_scenes(pairs: Sequence[tuple[str, str]], per_pair: int, seed: int) -> list[Scene]:
    """Scenes of the given pairs of colour and thing, all else by chance."""
    rng = np.random.default_rng(seed)
    return [any_scene(rng, pair) for pair in pairs for _ in range(per_pair)]


def embed(clip: LoadedClip, scenes: Sequence[Scene], seed: int) -> Vectors:
    """The scenes drawn and seen by the model, a row each."""
    images = [clip.preprocess(picture) for picture in pictures(scenes, seed)]
    batches = (torch.stack(images[start : start + _BATCH]) for start in range(0, len(images), _BATCH))
    return np.concatenate([clip.embed_images(batch) for batch in batches])


def pictures(scenes: Sequence[Scene], seed: int) -> Iterator[Image.Image]:
    for number, scene in enumerate(scenes):
        yield draw(scene, np.random.default_rng([seed, number]))


def top1(clip: LoadedClip, prompts: Sequence[str], vectors: Vectors, right: Sequence[int]) -> float:
    """The share of images whose right prompt is the nearest of all."""
    return float(np.mean((vectors @ clip.embed_texts(prompts).T).argmax(axis=1) == np.array(right)))


def _questions(clip: LoadedClip, title: str, scenes: list[Scene], vectors: Vectors) -> Iterator[Event]:
    pairs = tuple(f"{colour} {thing}" for colour, thing in all_pairs())
    own = [f"{scene.colour} {scene.thing}" for scene in scenes]
    things = [scene.thing for scene in scenes]
    frames = (DEFAULT_TEMPLATE, "{}", "a {} on grass", "a blurry picture of a {}", "a drawing of the {}")
    for frame in frames:
        yield _asked(clip, f"{title}, by colour and thing", frame, pairs, own, vectors)
    for frame in (DEFAULT_TEMPLATE, "{}", "a blurry picture of a {}"):
        yield _asked(clip, f"{title}, by thing", frame, DRAWN, things, vectors)
    for frame, field, words in (
        ("a photo of a {} thing.", "colour", tuple(COLOURS)),
        (DEFAULT_TEMPLATE, "colour", tuple(COLOURS)),
        ("something {}", "colour", tuple(COLOURS)),
        ("a photo of a {} thing.", "texture", tuple(TEXTURES)),
        (DEFAULT_TEMPLATE, "texture", tuple(TEXTURES)),
    ):
        right = [str(getattr(scene, field)) for scene in scenes]
        yield _asked(clip, f"{title}, by {field}", frame, words, right, vectors)
    grounds = {words[0]: name for name, words in GROUNDS.items()}
    right = [GROUNDS[scene.ground or ""][0] for scene in scenes]
    yield _asked(clip, f"{title}, by ground", "a photo of something {}.", tuple(grounds), right, vectors)


def _asked(
    clip: LoadedClip, what: str, frame: str, answers: Sequence[str], right: Sequence[str], vectors: Vectors
) -> Measured:
    number = {answer: place for place, answer in enumerate(answers)}
    share = top1(
        clip,
        [frame.replace("{}", answer) for answer in answers],
        vectors,
        [number[answer] for answer in right],
    )
    return Measured(what, frame, len(answers), len(right), share)
