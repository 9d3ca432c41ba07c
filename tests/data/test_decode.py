"""Every file becomes the same upright RGB pixels, or says why it cannot."""

import errno
import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from tlstudio.data.decode import EXTENSIONS, MAX_PIXELS, image_size, read_image
from tlstudio.data.looking import look_at
from tlstudio.errors import UnreadableImage

RED, BLUE = (220, 30, 40), (20, 60, 200)


def left_red_right_blue(width: int = 64, height: int = 32) -> Image.Image:
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def reason(path: Path) -> str:
    with pytest.raises(UnreadableImage) as caught:
        read_image(path)
    assert caught.value.path == str(path)
    return caught.value.reason


def near(pixel: object, colour: tuple[int, int, int], tolerance: int = 6) -> bool:
    return bool(np.abs(np.array(pixel, dtype=int) - np.array(colour)).max() <= tolerance)


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises so many pixels and holds a handful."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(b"\0" * 100)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


@pytest.mark.parametrize("suffix", sorted(EXTENSIONS))
def test_that_each_listed_extension_is_decoded_to_the_picture_that_was_saved(
    tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / f"a{suffix}"
    left_red_right_blue().save(file)
    image = read_image(file)
    assert (image.mode, image.size) == ("RGB", (64, 32))
    assert near(image.getpixel((8, 16)), RED, 12)
    assert near(image.getpixel((56, 16)), BLUE, 12)


def test_that_an_upper_case_extension_and_hangul_make_no_difference(tmp_path: Path) -> None:
    file = tmp_path / "사진 폴더" / "꽃 é.JPG"
    file.parent.mkdir()
    left_red_right_blue().save(file)
    assert read_image(file).size == image_size(file) == (64, 32)


def test_that_what_counts_is_the_content_and_not_the_extension(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    left_red_right_blue().save(file, format="PNG")
    assert read_image(file).getpixel((0, 0)) == RED


def test_that_a_file_cut_off_at_the_end_is_truncated_although_its_header_is_whole(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for suffix in ("jpg", "png", "gif", "bmp"):
        file = tmp_path / f"a.{suffix}"
        Image.fromarray(noise).save(file)
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        assert reason(file) == "truncated", suffix
        assert image_size(file) == (64, 64)
        with pytest.raises(UnreadableImage, match="truncated"):
            look_at(file)


def test_that_any_cut_and_any_flipped_byte_is_either_read_or_refused_with_a_reason(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    noise = Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8))
    for suffix in ("jpg", "png", "gif", "bmp", "webp", "tiff"):
        whole = tmp_path / f"whole.{suffix}"
        noise.save(whole)
        content = whole.read_bytes()
        for trial in range(40):
            damaged = bytearray(content)
            if trial % 2:
                damaged[int(rng.integers(len(damaged)))] = int(rng.integers(256))
            else:
                del damaged[int(rng.integers(len(damaged))) :]
            file = tmp_path / f"damaged-{trial}.{suffix}"
            file.write_bytes(damaged)
            try:
                assert read_image(file).mode == "RGB"
            except UnreadableImage as error:
                assert error.reason.strip()


def test_that_an_empty_file_says_so(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.touch()
    assert reason(file) == "empty file"


def test_that_text_named_jpg_is_not_an_image(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_text("this is a shopping list")
    assert reason(file) == "not an image"


def test_that_a_format_outside_the_list_is_refused_even_if_pillow_knows_it(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    left_red_right_blue().save(file, format="PPM")
    assert reason(file) == "not an image"


def test_that_a_missing_file_a_folder_and_a_pipe_have_their_own_reasons(tmp_path: Path) -> None:
    assert reason(tmp_path / "nothing.png") == "there is no such file"
    assert reason(tmp_path) == "not a file"
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        assert reason(tmp_path / "pipe.png") == "not a file"


def test_that_a_lack_of_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.png"
    left_red_right_blue().save(file)

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert reason(file) == "no permission"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_that_a_file_without_read_permission_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    left_red_right_blue().save(file)
    file.chmod(0)
    assert reason(file) == "no permission"


@pytest.mark.parametrize("side", [9_460, 13_000, 60_000])
def test_that_a_decompression_bomb_is_refused_from_its_header(tmp_path: Path, side: int) -> None:
    assert side * side > MAX_PIXELS
    file = tmp_path / "bomb.png"
    file.write_bytes(png_header(side, side))
    assert reason(file).startswith("too large")
    with pytest.raises(UnreadableImage, match="too large"):
        image_size(file)


def test_that_cmyk_becomes_the_rgb_colour_it_stands_for(tmp_path: Path) -> None:
    for suffix in ("jpg", "tiff"):
        file = tmp_path / f"a.{suffix}"
        Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(file)
        assert near(read_image(file).getpixel((4, 4)), (255, 0, 0))


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_that_sixteen_bits_are_scaled_to_eight_and_not_cut_off(tmp_path: Path, suffix: str) -> None:
    values = np.array([[0, 257, 25_700, 65_535]], dtype=np.uint16)
    file = tmp_path / f"a.{suffix}"
    Image.fromarray(values).save(file)
    expected = [[[value] * 3 for value in (0, 1, 100, 255)]]
    assert np.asarray(read_image(file)).tolist() == expected


def test_that_floats_up_to_one_are_scaled_and_others_stretched(tmp_path: Path) -> None:
    for values in ([[0.0, 0.5, 1.0]], [[-10.0, 0.0, 10.0]]):
        file = tmp_path / "a.tiff"
        Image.fromarray(np.array(values, dtype=np.float32)).save(file)
        assert np.asarray(read_image(file))[0, :, 0].tolist() == [0, 128, 255]


def test_that_a_constant_float_image_and_one_with_gaps_are_decoded(tmp_path: Path) -> None:
    file = tmp_path / "a.tiff"
    Image.fromarray(np.full((2, 2), 7.0, dtype=np.float32)).save(file)
    assert np.asarray(read_image(file)).max() == 0
    Image.fromarray(np.array([[np.nan, 1.0]], dtype=np.float32)).save(file)
    assert np.asarray(read_image(file))[0, :, 0].tolist() == [0, 255]


def test_that_grey_and_one_bit_images_get_three_equal_channels(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    Image.new("L", (4, 4), 77).save(file)
    assert read_image(file).getpixel((0, 0)) == (77, 77, 77)
    Image.new("1", (4, 4), 1).save(file)
    assert read_image(file).getpixel((0, 0)) == (255, 255, 255)


def test_that_transparency_is_laid_on_white(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    clear_and_half = Image.new("RGBA", (2, 1), (*RED, 0))
    clear_and_half.putpixel((1, 0), (0, 0, 0, 128))
    clear_and_half.save(file)
    assert [read_image(file).getpixel((x, 0)) for x in (0, 1)] == [(255, 255, 255), (127, 127, 127)]

    Image.new("LA", (1, 1), (0, 0)).save(file)
    assert read_image(file).getpixel((0, 0)) == (255, 255, 255)


def test_that_a_palette_with_transparent_entries_is_laid_on_white(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, *BLUE])
    image.putpixel((1, 0), 1)
    for number, transparent in enumerate((0, b"\x00\xff")):
        file = tmp_path / f"{number}.png"
        image.save(file, transparency=transparent)
        assert [read_image(file).getpixel((x, 0)) for x in (0, 1)] == [(255, 255, 255), BLUE]


def test_that_one_rgb_colour_marked_as_transparent_is_white(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    left_red_right_blue(2, 1).save(file, transparency=RED)
    assert [read_image(file).getpixel((x, 0)) for x in (0, 1)] == [(255, 255, 255), BLUE]


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_that_the_first_frame_stands_for_an_animation(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    file = tmp_path / f"a.{suffix}"
    frames[0].save(file, save_all=True, append_images=frames[1:], duration=100)
    assert near(read_image(file).getpixel((4, 4)), RED)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_that_every_exif_orientation_is_turned_upright(tmp_path: Path, suffix: str, orientation: int) -> None:
    upright = left_red_right_blue()
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(back[orientation]) if orientation in back else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = tmp_path / f"a.{suffix}"
    stored.save(file, exif=exif)
    image = read_image(file)
    assert image.size == image_size(file) == (64, 32)
    assert near(image.getpixel((8, 16)), RED, 12)
    assert near(image.getpixel((56, 16)), BLUE, 12)


def test_that_a_damaged_exif_block_costs_neither_the_picture_nor_a_word(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    left_red_right_blue().save(file, exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff garbage")
    read = (
        "import pathlib, sys, tlstudio.data.decode as d; print(d.read_image(pathlib.Path(sys.argv[1])).size)"
    )
    done = subprocess.run([sys.executable, "-c", read, file], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("(64, 32)", "")


@pytest.mark.parametrize("size", [(1, 1), (5_000, 1), (1, 5_000)])
def test_that_extreme_shapes_are_decoded(tmp_path: Path, size: tuple[int, int]) -> None:
    for suffix in ("png", "jpg"):
        file = tmp_path / f"a.{suffix}"
        Image.new("RGB", size, RED).save(file)
        assert read_image(file).size == read_image(file, min_side=224).size == image_size(file) == size


def test_that_a_reduced_jpeg_keeps_its_shorter_side_at_twice_what_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    left_red_right_blue(1600, 1200).save(file)
    assert read_image(file, min_side=224).size == (800, 600)
    assert read_image(file, min_side=75).size == (200, 150)
    assert read_image(file, min_side=601).size == (1600, 1200)
    assert image_size(file) == (1600, 1200)
    assert near(read_image(file, min_side=75).getpixel((20, 80)), RED)


def test_that_lab_colours_are_converted(tmp_path: Path) -> None:
    file = tmp_path / "a.tiff"
    rgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    in_lab = ImageCms.profileToProfile(left_red_right_blue(), rgb, lab, outputMode="LAB")
    assert in_lab is not None
    in_lab.save(file)
    assert near(read_image(file).getpixel((8, 16)), RED)


def test_that_the_picture_outlives_its_file(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    left_red_right_blue().save(file)
    image = read_image(file)
    file.unlink()
    copy = io.BytesIO()
    image.save(copy, "PNG")
    assert copy.tell() > 0
