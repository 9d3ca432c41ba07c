"""The numbers by which images are compared: alike for copies, unlike for others, and true of the pixels."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from tests.images import COLOURS, picture
from tlstudio.data.looking import difference_hash, look_at
from tlstudio.data.painting.subjects import SUBJECTS, paint
from tlstudio.errors import UnreadableImage

ALIKE, UNLIKE = 4, 9  # of 64 bits


def apart(one: Image.Image, other: Image.Image) -> int:
    """Bits in which their hashes differ."""
    return ((difference_hash(one) ^ difference_hash(other)) & (2**64 - 1)).bit_count()


def recompressed(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def look_of(image: Image.Image, folder: Path):
    image.save(folder / "image.png")
    return look_at(folder / "image.png")


@pytest.fixture(scope="module")
def photograph() -> Image.Image:
    return paint(next(iter(SUBJECTS)), np.random.default_rng(3))


def test_that_copies_in_other_sizes_and_qualities_have_hashes_alike(photograph: Image.Image) -> None:
    for copy in (
        recompressed(photograph, 90),
        recompressed(photograph, 40),
        photograph.resize((96, 96)),
        photograph.resize((500, 500), Image.Resampling.BICUBIC),
        photograph.convert("L"),
        ImageEnhance.Brightness(photograph).enhance(0.7),
    ):
        assert apart(photograph, copy) <= ALIKE


def test_that_different_pictures_and_a_mirrored_one_have_hashes_apart(photograph: Image.Image) -> None:
    others = [
        paint(subject, np.random.default_rng(5)) for subject in SUBJECTS if subject != next(iter(SUBJECTS))
    ]
    others.append(photograph.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    assert min(apart(photograph, other) for other in others) >= UNLIKE


def test_that_a_hash_says_of_each_place_whether_it_is_brighter_than_the_one_before() -> None:
    rising = Image.fromarray(np.tile(np.arange(0, 180, 20, dtype=np.uint8), (8, 1)))
    assert difference_hash(rising) == -1  # all bits
    assert difference_hash(rising.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) == 0
    assert difference_hash(Image.new("RGB", (64, 64), "red")) == 0
    half = np.full((8, 9), 7, dtype=np.uint8)
    half[0] = np.arange(9)
    assert difference_hash(Image.fromarray(half)) == -(2**56)  # the first row, in the highest byte


def test_that_a_hash_fits_a_signed_number_of_64_bits() -> None:
    for number in range(20):
        assert -(2**63) <= difference_hash(picture(COLOURS["red"], number)) < 2**63


def test_that_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    picture(COLOURS["red"], 1).save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    assert look_at(tmp_path / "a.png").digest == hashlib.sha256(content).digest()


@pytest.mark.parametrize(("colour", "brightness"), [("black", 0.0), ("white", 1.0), ((51, 51, 51), 0.2)])
def test_that_a_single_colour_has_its_brightness_and_no_contrast(tmp_path: Path, colour, brightness) -> None:
    look = look_of(Image.new("RGB", (40, 30), colour), tmp_path)
    assert look.brightness == pytest.approx(brightness, abs=1e-3)
    assert (look.contrast, look.sharpness) == (pytest.approx(0, abs=1e-6), 0)


def test_that_contrast_is_the_deviation_of_the_luminance(tmp_path: Path) -> None:
    image = Image.new("L", (20, 20), 0)
    image.paste(255, (0, 0, 10, 20))
    look = look_of(image, tmp_path)
    assert (look.brightness, look.contrast) == (pytest.approx(0.5), pytest.approx(0.5))


def test_that_sharpness_is_the_variance_of_the_laplacian(tmp_path: Path) -> None:
    image = Image.new("L", (5, 5), 0)
    image.putpixel((2, 2), 255)
    values = np.zeros((3, 3))
    values[1, 1], values[0, 1], values[1, 0], values[1, 2], values[2, 1] = -4, 1, 1, 1, 1
    assert look_of(image, tmp_path).sharpness == pytest.approx(values.var())


def test_that_sharpness_falls_with_every_blur(tmp_path: Path, photograph: Image.Image) -> None:
    found = [
        look_of(photograph.filter(ImageFilter.GaussianBlur(radius)), tmp_path).sharpness
        for radius in (0, 1, 2, 4)
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] > 5 * found[2]


def test_that_sharpness_compares_between_sizes_of_one_picture(tmp_path: Path) -> None:
    large = picture(COLOURS["blue"], 0, size=256).filter(ImageFilter.GaussianBlur(2))
    doubled = large.resize((512, 512), Image.Resampling.BICUBIC)
    assert look_of(doubled, tmp_path).sharpness == pytest.approx(look_of(large, tmp_path).sharpness, rel=0.25)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 900), (4_000, 1), (3, 3)])
def test_that_the_smallest_and_the_longest_images_have_a_look(tmp_path: Path, size: tuple[int, int]) -> None:
    look = look_of(Image.new("RGB", size, (51, 51, 51)), tmp_path)
    assert look.brightness == pytest.approx(0.2, abs=1e-3)
    assert look.sharpness == 0


def test_that_turning_by_exif_and_transparency_are_seen_as_the_network_sees_them(tmp_path: Path) -> None:
    upright = picture(COLOURS["green"], 2)
    exif = Image.Exif()
    exif[0x0112] = 3
    upright.transpose(Image.Transpose.ROTATE_180).save(tmp_path / "turned.png", exif=exif)
    assert look_at(tmp_path / "turned.png").hash == look_of(upright, tmp_path).hash
    assert look_of(Image.new("RGBA", (9, 9), (0, 0, 0, 0)), tmp_path).brightness == 1


def test_that_a_file_that_cannot_be_decoded_says_why(tmp_path: Path) -> None:
    picture(COLOURS["red"], 1).save(tmp_path / "a.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:-400])
    for name, reason in (("cut.png", "truncated"), ("none.png", "there is no such file")):
        with pytest.raises(UnreadableImage) as caught:
            look_at(tmp_path / name)
        assert caught.value.reason == reason


def test_that_a_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(COLOURS["red"], 1).save(tmp_path / "a.png")
    opened: list[object] = []
    real = io.open
    monkeypatch.setattr(io, "open", lambda *args, **more: opened.append(args[0]) or real(*args, **more))
    look_at(tmp_path / "a.png")
    assert opened == [tmp_path / "a.png"]
