"""The same picture twice is found, in whatever size or quality; pictures that are merely alike are not."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

from tests.data.conftest import checked
from tlstudio.data.catalogue import ImageRecord
from tlstudio.data.decode import image_size
from tlstudio.data.duplicates import groups
from tlstudio.data.facts import Facts, Look
from tlstudio.data.looking import look_at
from tlstudio.data.scan import CheckFinished


def photograph(seed: int = 0, size: tuple[int, int] = (300, 220)) -> Image.Image:
    """Colours that change softly and everywhere, as in a photograph."""
    noise = np.random.default_rng(seed).integers(0, 256, (14, 18, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def sign(seed: int = 0) -> Image.Image:
    """A few shapes on a plain ground."""
    rng = random.Random(seed)
    image = Image.new("RGB", (300, 260), tuple(rng.randrange(256) for _ in "rgb"))
    for _ in range(2):
        x, y, r = rng.randrange(60, 240), rng.randrange(60, 200), rng.randrange(15, 60)
        colour = tuple(rng.randrange(256) for _ in "rgb")
        ImageDraw.Draw(image).ellipse((x - r, y - r, x + r, y + r), fill=colour)
    return image


def digit(number: int) -> Image.Image:
    """As in collections of handwriting: 28 pixels a side, on black, each a little different."""
    rng = random.Random(number)
    image = Image.new("L", (280, 280))
    font = ImageFont.load_default(rng.randrange(170, 220))
    place = (140 + rng.uniform(-15, 15), 140 + rng.uniform(-15, 15))
    ImageDraw.Draw(image).text(place, str(number % 10), fill=255, font=font, anchor="mm")
    return image.rotate(rng.uniform(-15, 15)).resize((28, 28))


def found(root: Path) -> list[tuple[str, ...]]:
    """The groups among the images directly in a folder."""
    images: list[ImageRecord] = []
    facts: dict[str, Facts] = {}
    for file in sorted(root.iterdir()):
        size, look = image_size(file), look_at(file)
        images.append(ImageRecord(file.name, 0, *size, file.stat().st_size))
        facts[file.name] = Facts(file.stat().st_size, 1, *size, look=look)
    return [group.paths for group in groups(images, facts)]


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "another quality": lambda image: image,
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "twice the size": lambda image: image.resize((image.width * 2, image.height * 2)),
    "a little brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.1),
}


@pytest.mark.parametrize("change", COPIES)
def test_that_copies_of_a_photograph_are_found_in(change: str, tmp_path: Path) -> None:
    for number in range(6):
        photograph(number).save(tmp_path / f"{number}.png")
        COPIES[change](photograph(number)).save(tmp_path / f"{number}-copy.jpg", quality=80)
    assert found(tmp_path) == [(f"{number}-copy.jpg", f"{number}.png") for number in range(6)]


@pytest.mark.parametrize("change", ["another quality", "half the size"])
def test_that_copies_of_a_plain_picture_are_found_in(change: str, tmp_path: Path) -> None:
    for number in range(6):
        sign(number).save(tmp_path / f"{number}.png")
        COPIES[change](sign(number)).save(tmp_path / f"{number}-copy.jpg", quality=90)
    assert found(tmp_path) == [(f"{number}-copy.jpg", f"{number}.png") for number in range(6)]


def test_that_the_same_bytes_are_an_exact_copy_and_others_are_not(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    photograph(1).save(tmp_path / "a/1.png")
    (tmp_path / "b/1.png").write_bytes((tmp_path / "a/1.png").read_bytes())
    photograph(2).save(tmp_path / "a/2.png")
    photograph(2).save(tmp_path / "b/2.jpg")
    last = checked(tmp_path)
    one, two = groups(last.catalogue.images, last.facts)
    assert (one.paths, one.exact) == (("a/1.png", "b/1.png"), True)
    assert (two.paths, two.exact) == (("a/2.png", "b/2.jpg"), False)


def test_that_a_copy_of_a_copy_joins_its_group(tmp_path: Path) -> None:
    photograph().save(tmp_path / "a.png")
    photograph().save(tmp_path / "b.jpg", quality=70)
    (tmp_path / "c.jpg").write_bytes((tmp_path / "b.jpg").read_bytes())
    assert found(tmp_path) == [("a.png", "b.jpg", "c.jpg")]


def test_that_pictures_of_one_colour_are_the_same_only_as_the_same_file(tmp_path: Path) -> None:
    for name, colour in (("a.png", "#800000"), ("b.png", "#800001"), ("c.png", "#800000")):
        Image.new("RGB", (90, 90), colour).save(tmp_path / name)
    assert found(tmp_path) == [("a.png", "c.png")]


def test_that_a_picture_squeezed_into_another_shape_is_another_picture(tmp_path: Path) -> None:
    photograph().save(tmp_path / "wide.png")
    photograph().resize((220, 300)).save(tmp_path / "high.png")
    assert found(tmp_path) == []


def test_that_digits_which_differ_by_a_few_bits_stay_apart(tmp_path: Path) -> None:
    for number in range(300):
        digit(number).save(tmp_path / f"{number:03d}.png")
    assert found(tmp_path) == []


def test_that_no_two_of_the_textile_photographs_count_as_one(textile: CheckFinished) -> None:
    assert groups(textile.catalogue.images, textile.facts) == ()


def test_that_no_two_of_the_sample_pictures_count_as_one(sample: CheckFinished) -> None:
    assert groups(sample.catalogue.images, sample.facts) == ()


def test_that_what_was_not_decoded_yet_is_in_no_group() -> None:
    images = [ImageRecord(f"{number}.png", 0, 90, 90, 10) for number in range(3)]
    same = Facts(10, 1, 90, 90, look=Look(b"same", 1, 0.5, 0.2, 0.1))
    facts = {"0.png": same, "1.png": Facts(10, 1, 90, 90)}
    assert groups(images, facts) == ()
    assert [group.paths for group in groups(images, {**facts, "2.png": same})] == [("0.png", "2.png")]
    assert groups([], {}) == ()


def grouped(hashes: list[int]) -> list[set[int]]:
    """The groups of images that differ in their hashes alone."""
    images = [ImageRecord(f"{number:05d}", 0, 90, 90, 10) for number in range(len(hashes))]
    facts = {
        image.path: Facts(10, 1, 90, 90, look=Look(str(number).encode(), number_hash, 0.5, 0.2, 0.1))
        for number, (image, number_hash) in enumerate(zip(images, hashes, strict=True))
    }
    return [{int(path) for path in group.paths} for group in groups(images, facts)]


BASE = 0x0F0F_3333_5555_6A6A  # 32 bits set


@given(st.sets(st.integers(0, 63), max_size=8))
def test_that_hashes_up_to_four_bits_apart_belong_together_whichever_bits_they_are(bits: set[int]) -> None:
    flipped = BASE ^ sum(1 << bit for bit in bits)
    signed = flipped - (1 << 64) if flipped >> 63 else flipped
    assert grouped([BASE, signed]) == ([{0, 1}] if len(bits) <= 4 else [])


def test_that_groups_are_those_of_comparing_every_pair() -> None:
    rng = random.Random(5)
    hashes = [BASE]
    for _ in range(300):
        changed = rng.choice(hashes)
        for bit in rng.sample(range(62), rng.randrange(2, 9)):
            changed ^= 1 << bit
        hashes.append(changed if 22 <= changed.bit_count() <= 42 else BASE)
    left = set(range(len(hashes)))
    expected: list[set[int]] = []
    while left:
        group, edge = set[int](), {min(left)}
        while edge:
            group |= edge
            near = {b for a in edge for b in left if (hashes[a] ^ hashes[b]).bit_count() <= 4}
            edge = near - group
        left -= group
        expected.append(group)
    assert grouped(hashes) == [group for group in expected if len(group) > 1]
