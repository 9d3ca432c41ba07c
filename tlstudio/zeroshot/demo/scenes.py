"""What a demo picture shows: one thing in one colour and texture before a background, and the words for it.

Some pairs of thing and colour are held out: no scene of training shows them, so that naming them is
zero-shot indeed.
"""

import dataclasses

import numpy as np

from tlstudio.data.painting.subjects import SUBJECTS

Rng = np.random.Generator
Words = dict[str, tuple[str, ...]]

# Each with the names that captions use, the first the plainest.
THINGS: Words = {
    "circle": ("circle", "disc", "round shape"),
    "square": ("square", "box", "quadrangle"),
    "triangle": ("triangle", "three-cornered shape"),
    "star": ("star", "five-pointed star"),
    "heart": ("heart", "love heart", "heart shape"),
    "cross": ("cross", "plus sign"),
    "ring": ("ring", "hoop"),
    "crescent": ("crescent", "crescent moon", "moon"),
    "arrow": ("arrow", "pointer"),
    "cup": ("cup", "mug", "coffee cup", "teacup"),
    "umbrella": ("umbrella", "parasol"),
    "mushroom": ("mushroom", "toadstool"),
    "key": ("key", "door key"),
    "butterfly": ("butterfly", "moth"),
    "car": ("car", "automobile", "motor car"),
    "tree": ("tree", "leafy tree"),
    "apple": ("apple", "fruit"),
    "balloon": ("balloon", "hot-air balloon", "hot air balloon", "air balloon"),
    "fish": ("fish", "tropical fish", "swimming fish"),
    "flower": ("flower", "blossom", "bloom", "daisy"),
    "house": ("house", "cottage", "home", "building"),
    "sailboat": ("sailboat", "sailing boat", "yacht", "boat", "sailing ship", "ship", "sailing yacht"),
    "mountain": ("mountain", "peak", "summit", "mountain range", "mountain peak"),
}
# Painted scenes show them in many colours at once; a mountain is only ever painted.
PAINTED = tuple(SUBJECTS)
DRAWN = tuple(name for name in THINGS if name != "mountain")

COLOURS: Words = {
    "red": ("red", "scarlet", "crimson"),
    "orange": ("orange",),
    "yellow": ("yellow", "golden"),
    "green": ("green",),
    "blue": ("blue",),
    "purple": ("purple", "violet"),
    "pink": ("pink", "rose-coloured"),
    "brown": ("brown", "chocolate"),
    "white": ("white",),
    "black": ("black",),
    "grey": ("grey", "gray"),
}
TEXTURES: Words = {
    "plain": ("plain", "smooth"),
    "striped": ("striped", "stripy"),
    "dotted": ("dotted", "spotted", "polka-dot", "dotty"),
    "checked": ("checked", "checkered", "chequered"),
}
# Said after the noun.
GROUNDS: Words = {
    "grass": ("on grass", "in the grass", "on a meadow", "on a lawn"),
    "sand": ("on sand", "in the sand", "on a beach", "in the desert"),
    "water": ("on water", "in the water", "on the sea", "on a lake"),
    "sky": ("in the sky", "against the sky", "among clouds"),
    "snow": ("in snow", "on snow", "in the snow"),
    "wood": ("on wood", "on a wooden table", "on planks"),
    "bricks": ("on bricks", "on a brick wall", "in front of a brick wall"),
    "night": ("at night", "in a starry night", "by night"),
    "paper": ("on a plain background", "on paper", "on a plain wall"),
}
SIZES: Words = {"small": ("small", "little", "tiny"), "medium": (), "large": ("large", "big", "huge")}
LOOKS: Words = {"sharp": (), "blurry": ("blurry",), "dark": ("dark",)}


@dataclasses.dataclass(frozen=True)
class Scene:
    """One picture in words, each a key of the table of its kind; None where a painting leaves it open."""

    thing: str
    colour: str | None = None
    texture: str | None = None
    ground: str | None = None
    size: str | None = None
    look: str | None = None


# The fields of a scene in their order.
TABLES = {
    "thing": THINGS,
    "colour": COLOURS,
    "texture": TEXTURES,
    "ground": GROUNDS,
    "size": SIZES,
    "look": LOOKS,
}
_NUMBERS = {field: {word: number for number, word in enumerate(table)} for field, table in TABLES.items()}
ANY = -1


def facts(scene: Scene, said: tuple[str, ...] = tuple(TABLES)) -> tuple[int, ...]:
    """The scene as a number a field, ANY where it is open or not among the fields that were ``said``."""
    return facts_of(**{field: getattr(scene, field) for field in said})


def facts_of(**values: str | None) -> tuple[int, ...]:
    """What the named fields say as a number a field, ANY where they are open or not named."""
    named = {field: values.get(field) for field in TABLES}
    return tuple(ANY if value is None else _NUMBERS[field][value] for field, value in named.items())


def all_pairs() -> tuple[tuple[str, str], ...]:
    """Every colour with every thing that is drawn in one colour."""
    return tuple((colour, thing) for thing in DRAWN for colour in COLOURS)


def held_out() -> tuple[tuple[str, str], ...]:
    """The pairs of colour and thing that training never shows: two a thing, four a colour."""
    colours = tuple(COLOURS)
    return tuple(
        (colours[(3 * number + step) % len(colours)], thing)
        for number, thing in enumerate(DRAWN)
        for step in (0, 5)
    )


def any_scene(rng: Rng, pair: tuple[str, str] | None = None) -> Scene:
    """A scene of one drawn thing: of a given pair of colour and thing, else of any that is not held out."""
    while pair is None:
        drawn = (_any(rng, tuple(COLOURS)), _any(rng, DRAWN))
        pair = None if drawn in _HELD_OUT else drawn
    texture = "plain" if rng.random() < 0.4 else _any(rng, tuple(TEXTURES)[1:])
    size = _any(rng, ("small", "medium", "medium", "large"))
    look = _any(rng, ("sharp", "sharp", "sharp", "sharp", "blurry", "dark"))
    return Scene(pair[1], pair[0], texture, _any(rng, tuple(GROUNDS)), size, look)


def _any(rng: Rng, words: tuple[str, ...]) -> str:
    return words[rng.integers(len(words))]


_HELD_OUT = frozenset(held_out())
