"""The model card of the demo: what it knows, how well, and what it does not."""

from collections.abc import Iterable, Sequence
from typing import Any

from tlstudio.zeroshot.demo.measure import Measured
from tlstudio.zeroshot.demo.scenes import (
    COLOURS,
    DRAWN,
    GROUNDS,
    LOOKS,
    PAINTED,
    SIZES,
    TEXTURES,
    THINGS,
    Words,
    all_pairs,
    held_out,
)

_CARD = """---
license: mit
library_name: open_clip
pipeline_tag: zero-shot-image-classification
language: en
---

# Demo CLIP

A CLIP of {parameters:,} parameters in {megabytes:.1f} MB, trained from nothing on pictures that a
program drew, so that zero-shot classification can be tried with no network. It comes with TL Studio,
under its MIT licence.

**It knows nothing of the real world.** It has never seen a photograph. Asked about real images, or with
words that are not listed below, it answers all the same, and its answer means nothing. For anything real
choose one of the other models that the studio offers.

## What it can do

Name one drawn thing in one colour, or the subject of a painting like those of the studio's sample
dataset, from captions in plain English: a thing, a colour, a pattern, a ground, a size, alone or
together, in most sentences that one would write around them.

{held:,} of the {pairs:,} pairs of colour and thing were never shown to it, neither in a picture nor in a
caption. It names them nevertheless, having learned colours and things apart from one another: that is
what zero-shot means.

## How well

Share of pictures, drawn for this table alone, whose own prompt came out first:

| asked about | prompt | classes | chance | pictures | top-1 |
| --- | --- | ---: | ---: | ---: | ---: |
{rows}

## The words it knows

- Things: {things}.
- Painted in scenes: {painted}. A mountain is only ever painted, never drawn in one colour.
- Colours: {colours}.
- Patterns: {textures}.
- Grounds: {grounds}.
- Sizes: {sizes}. Looks: {looks}.

## Pairs that training never showed

{held_out}.

## What it cannot do

- Photographs, other things, other colours, other languages: none of that was in its pictures.
- Count, read, tell left from right, or tell which of several things has which colour: each picture shows
  one.
- Know what a painting shows beside its subject, or in which colours: its captions name the subject
  alone.
- Tell fine patterns on small things: it sees {pixels} pixels a side.
- Say that none of the classes fits: like any CLIP it only says which of them fits best.

## How it was made

    python -m tlstudio.zeroshot.demo.train --out resources/demo_clip

draws {drawn:,} pictures of things and paints {painted_count:,} scenes, none of them in the sample
dataset, then trains both towers for {steps:,} steps of {batch} pictures with new captions each time. The
loss is CLIP's contrastive loss, in which a caption that is true of another picture of the batch too is
not pushed away from it, and that of the question, for each property of a scene (thing, colour, pattern,
ground, size, look), which of all words for it fits; plain classifiers of the same properties, thrown away
in the end, show the image tower what to look for. A pair that is held out is neither shown in any of them
nor denied: a red picture is not pushed away from "circle" if red circles are held out.
That took {minutes:.0f} minutes on {threads}. The seed is {seed}; the same command on the same
machine gives the same model, up to the order in which threads add numbers.

The image tower is CLIP's ResNet at its smallest ({vision}), the text tower a transformer ({text}) with
CLIP's own vocabulary, whose table is most of the file; only the words of the captions above have left
their random start. Weights are stored as float16 and computed as float32.
"""


def model_card(
    config: dict[str, Any],
    settings: dict[str, int | float],
    measured: Iterable[Measured],
    parameters: int,
    size: int,
    seconds: float,
    threads: str,
) -> str:
    """The card as Markdown, from the model's configuration, how it was trained and what was measured.

    ``size`` is the file's, in bytes; ``seconds`` is what drawing and training took, ``threads`` says on what.
    """
    text, vision = config["text_cfg"], config["vision_cfg"]
    return _CARD.format(
        parameters=parameters,
        megabytes=size / 1e6,
        held=len(held_out()),
        pairs=len(all_pairs()),
        rows="\n".join(_row(one) for one in measured),
        things=_words({name: THINGS[name] for name in DRAWN}),
        painted=", ".join(PAINTED),
        colours=_words(COLOURS),
        textures=_words(TEXTURES),
        grounds=_phrases(GROUNDS),
        sizes=_phrases(SIZES),
        looks=_phrases(LOOKS),
        held_out=", ".join(f"{colour} {thing}" for colour, thing in held_out()),
        pixels=vision["image_size"],
        drawn=settings["drawn"],
        painted_count=settings["painted"],
        steps=settings["steps"],
        batch=settings["batch"],
        seed=settings["seed"],
        minutes=seconds / 60,
        threads=threads,
        vision=f"one block a stage, {vision['width']} channels at first, {vision['image_size']} pixels",
        text=f"{text['layers']} layers, width {text['width']}, {text['context_length']} tokens",
    )


def _row(one: Measured) -> str:
    chance = f"{1 / one.classes:.1%}"
    return f"| {one.what} | {one.prompt} | {one.classes} | {chance} | {one.pictures:,} | {one.top1:.1%} |"


def _words(table: Words) -> str:
    return "; ".join(_with_synonyms(words) for words in table.values())


def _with_synonyms(words: Sequence[str]) -> str:
    return f"{words[0]} ({', '.join(words[1:])})" if len(words) > 1 else words[0]


def _phrases(table: Words) -> str:
    return "; ".join(", ".join(words) for words in table.values() if words)
