"""Folders as people have them: every oddity is read as what it means, or set aside with its reason.

Each is made by script, and held to the same answer in the catalogue, in training and at prediction.
"""

import contextlib
import errno
import io
import os
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.images import COLOURS, image_folder, picture
from tests.trained import finished_run, one_thread, train_small
from tlstudio.config import Augmentation
from tlstudio.data import listing
from tlstudio.data.batches import as_is, image_batches
from tlstudio.data.catalogue import Catalogue, ImageRecord
from tlstudio.data.decode import MAX_PIXELS, read_image
from tlstudio.data.pictures import Pictures
from tlstudio.data.scan import CheckFinished, read_folder
from tlstudio.data.transforms import View
from tlstudio.events import Control
from tlstudio.inference.events import ImageClassified, ImageSkipped
from tlstudio.inference.predict import predict

__all__ = ["finished_run", "one_thread"]

VIEW = View(36, 32, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
RED, BLUE, WHITE = (220, 30, 40), (20, 60, 200), (255, 255, 255)
UPRIGHT = Image.new("RGB", (64, 48), RED)
UPRIGHT.paste(BLUE, (32, 0, 64, 48))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two classes, ``dirty`` and ``clean``, with two ordinary images each."""
    for name, colour in (("clean", "blue"), ("dirty", "red")):
        (tmp_path / name).mkdir()
        for number in range(2):
            picture(COLOURS[colour], number).save(tmp_path / name / f"{number}.png")
    return tmp_path


def catalogue_of(root: Path) -> Catalogue:
    *_, last = read_folder(root, Control())
    assert isinstance(last, CheckFinished)
    return last.catalogue


def aside(catalogue: Catalogue) -> dict[str, str]:
    return {one.path: one.reason for one in catalogue.set_aside}


def seen(root: Path, path: str) -> tuple[ImageRecord, torch.Tensor]:
    """An image's record, and what the network sees of it: the same in a batch and at prediction."""
    catalogue = catalogue_of(root)
    (record,) = (image for image in catalogue.images if image.path == path)
    pictures = Pictures(catalogue, [record], VIEW)
    with ThreadPoolExecutor(1) as pool:
        (batch,) = image_batches(pictures, [record], [(0,)], as_is(VIEW), pool)
    predicted = VIEW.evaluation(read_image(root / path, VIEW.resize))  # as inference.predict does
    assert torch.equal(batch.inputs[0], predicted)
    for augmentation in Augmentation:
        view = VIEW.training(pictures[0], augmentation, random.Random(0))
        assert view.shape == (3, 32, 32)
        assert view.isfinite().all()
    return record, predicted


def assert_seen_as(root: Path, path: str, expected: Image.Image, tolerance: int = 0) -> None:
    """The network sees this file as it would see a plain RGB image, give or take some of 256 steps."""
    record, found = seen(root, path)
    assert (record.width, record.height) == expected.size
    wanted = VIEW.evaluation(expected)
    assert float((found - wanted).abs().max()) <= tolerance * 2 / 255 + 1e-6


def saved(image: Image.Image, kind: str, **more) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **more)
    return file.getvalue()


NOISE = Image.frombytes("RGB", (64, 64), random.Random(0).randbytes(3 * 64 * 64))


# Files that cannot be used.


def png_of(width: int, height: int, packed: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def enlarged(content: bytes, place: int, form: str, side: int = 60_000) -> bytes:
    """A file whose header promises ``side`` times ``side`` pixels."""
    changed = bytearray(content)
    struct.pack_into(form, changed, place, side, side)
    return bytes(changed)


JPEG = saved(NOISE, "JPEG")
BROKEN: dict[str, tuple[bytes, str]] = {
    "truncated.jpg": (JPEG[: len(JPEG) // 2], "truncated"),
    "no-end.jpg": (JPEG[:-40], "truncated"),
    "header-only.jpg": (JPEG[: JPEG.index(b"\xff\xda")], "damaged"),
    "truncated.png": (saved(NOISE, "PNG")[:-3000], "truncated"),
    "truncated.webp": (saved(NOISE, "WEBP")[:-400], "damaged"),
    "empty.jpg": (b"", "empty file"),
    "list.jpg": (b"bread, butter", "not an image"),
    "page.jpg": (b"<!DOCTYPE html><html>404 Not Found</html>", "not an image"),
    "zeros.png": (bytes(5_000), "not an image"),
    "movie.gif": (b"\x00\x00\x00\x18ftypmp42" + bytes(90), "not an image"),
    "vector.png": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image"),
    "bomb.png": (png_of(60_000, 60_000, zlib.compress(bytes(1_000))), "too large"),
    "bomb.gif": (enlarged(saved(NOISE, "GIF"), 6, "<HH"), "too large"),
    "bomb.bmp": (enlarged(saved(NOISE, "BMP"), 18, "<ii"), "too large"),
    "bomb.jpg": (enlarged(JPEG, JPEG.index(b"\xff\xc0") + 5, ">HH"), "too large"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_that_a_broken_file_is_set_aside_with_its_reason_and_left_as_it_is(root: Path, name: str) -> None:
    content, reason = BROKEN[name]
    (root / "dirty" / name).write_bytes(content)
    catalogue = catalogue_of(root)
    assert [image.path for image in catalogue.images] == [
        "clean/0.png",
        "clean/1.png",
        "dirty/0.png",
        "dirty/1.png",
    ]
    ((path, said),) = aside(catalogue).items()
    assert path == f"dirty/{name}"
    assert said.startswith(reason)
    assert (root / path).read_bytes() == content


def test_that_prediction_skips_broken_files_for_the_reasons_that_the_catalogue_gives(
    root: Path, finished_run: Path
) -> None:
    for name, (content, _) in BROKEN.items():
        (root / "dirty" / name).write_bytes(content)
    events = list(predict(str(finished_run), [root], Control()))
    skipped = {
        event.path.relative_to(root).as_posix(): event.reason
        for event in events
        if isinstance(event, ImageSkipped)
    }
    assert skipped == aside(catalogue_of(root))
    assert len(skipped) == len(BROKEN)
    assert sum(isinstance(event, ImageClassified) for event in events) == 4


@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is asked of the operating system")
def test_that_a_decompression_bomb_takes_no_memory(root: Path) -> None:
    side = 12_000
    assert side * side > MAX_PIXELS
    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(bytes((side + 1) * 100)) for _ in range(side // 100)) + packer.flush()
    bomb = png_of(side, side, rows)
    assert len(bomb) < 1_000_000
    (root / "dirty/bomb.png").write_bytes(bomb)
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from tlstudio.data.scan import read_folder; from tlstudio.events import Control\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "root = Path(sys.argv[1]); kept = root / 'dirty/bomb.png'; content = kept.read_bytes()\n"
        "kept.unlink(); list(read_folder(root, Control())); before = peak()\n"
        "kept.write_bytes(content); *_, last = read_folder(root, Control())\n"
        "print(last.catalogue.set_aside[0].reason, peak() - before, sep='|')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, root], capture_output=True, text=True, check=True, timeout=120
    )
    reason, grown = done.stdout.strip().split("|")
    assert reason.startswith("too large")
    assert int(grown) / (2**20 if sys.platform == "darwin" else 2**10) < 20  # decoded, it is 137 MB


# Pixels that are stored in other ways.


def test_that_cmyk_is_seen_as_the_colours_it_stands_for(root: Path) -> None:
    (root / "dirty/cmyk.jpg").write_bytes(saved(Image.new("CMYK", (64, 48), (0, 255, 255, 0)), "JPEG"))
    assert_seen_as(root, "dirty/cmyk.jpg", Image.new("RGB", (64, 48), (255, 0, 0)), tolerance=6)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_that_sixteen_bits_are_seen_as_eight(root: Path, kind: str) -> None:
    values = np.tile(np.linspace(0, 65_535, 64, dtype=np.uint16), (48, 1))
    path = f"dirty/deep.{kind.lower()}"
    (root / path).write_bytes(saved(Image.fromarray(values), kind))
    eight = Image.fromarray(np.rint(values / 257).astype(np.uint8)).convert("RGB")
    assert_seen_as(root, path, eight)


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
def test_that_grey_is_seen_as_three_equal_channels(root: Path, mode: str) -> None:
    grey = UPRIGHT.convert("1").convert("L") if mode == "1" else UPRIGHT.convert("L")
    (root / "dirty/grey.png").write_bytes(saved(grey.convert(mode), "PNG"))
    assert_seen_as(root, "dirty/grey.png", grey.convert("RGB"))


def right_half_clear() -> tuple[Image.Image, Image.Image]:
    """An RGBA image of which the right half is transparent (and blue below), and what is to be seen of it."""
    layer = UPRIGHT.convert("RGBA")
    layer.paste((*BLUE, 0), (32, 0, 64, 48))
    on_white = Image.new("RGB", (64, 48), RED)
    on_white.paste(WHITE, (32, 0, 64, 48))
    return layer, on_white


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_that_transparency_lies_on_white_in_training_and_at_prediction(root: Path, kind: str) -> None:
    layer, on_white = right_half_clear()
    path = f"dirty/clear.{kind.lower()}"
    (root / path).write_bytes(saved(layer, kind, lossless=True) if kind == "WEBP" else saved(layer, kind))
    assert_seen_as(root, path, on_white)


def test_that_half_transparent_pixels_are_mixed_with_white(root: Path) -> None:
    (root / "dirty/half.png").write_bytes(saved(Image.new("RGBA", (64, 48), (*RED, 128)), "PNG"))
    mixed = tuple(round(255 + (value - 255) * 128 / 255) for value in RED)
    assert_seen_as(root, "dirty/half.png", Image.new("RGB", (64, 48), mixed), tolerance=1)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_that_a_palette_with_transparency_lies_on_white(root: Path, kind: str) -> None:
    image = Image.new("P", (64, 48), 0)
    image.putpalette([*RED, *BLUE, 0, 0, 0])
    image.paste(1, (32, 0, 64, 48))
    path = f"dirty/palette.{kind.lower()}"
    (root / path).write_bytes(saved(image, kind, transparency=1))
    assert_seen_as(root, path, right_half_clear()[1])


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_that_an_animation_is_seen_as_its_first_frame(root: Path, kind: str) -> None:
    path = f"dirty/moving.{kind.lower()}"
    blue = Image.new("RGB", (64, 48), BLUE)
    (root / path).write_bytes(
        saved(UPRIGHT, kind, save_all=True, append_images=[blue, blue], duration=90, lossless=True)
        if kind == "WEBP"
        else saved(UPRIGHT, kind, save_all=True, append_images=[blue, blue], duration=90)
    )
    assert_seen_as(root, path, UPRIGHT, tolerance=4)


BACK = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", BACK)
def test_that_a_picture_turned_by_exif_is_seen_upright(root: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    (root / "dirty/turned.png").write_bytes(saved(UPRIGHT.transpose(BACK[orientation]), "PNG", exif=exif))
    assert_seen_as(root, "dirty/turned.png", UPRIGHT)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF"])
def test_that_one_pixel_is_an_image(root: Path, kind: str) -> None:
    path = f"dirty/dot.{kind.lower()}"
    (root / path).write_bytes(saved(Image.new("RGB", (1, 1), RED), kind))
    assert_seen_as(root, path, Image.new("RGB", (1, 1), RED), tolerance=8)


@pytest.mark.parametrize("size", [(20_000, 20), (20, 20_000), (30_000, 1)])
def test_that_a_very_long_image_is_seen_by_its_middle(root: Path, size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, RED)
    (root / "dirty/long.png").write_bytes(saved(image, "PNG"))
    assert_seen_as(root, "dirty/long.png", image)


# Names.


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("A.JPG", "JPEG"), ("a.Png", "PNG"), ("a.JPEG", "JPEG"), ("a.TIF", "TIFF")),
        *(("png.jpg", "PNG"), ("jpeg.png", "JPEG"), ("webp.jpg", "WEBP"), ("gif.bmp", "GIF")),
        *(("a.b.c.png", "PNG"), (" spaces  .png", "PNG"), ("line\nbreak.png", "PNG"), ("%20&;'.png", "PNG")),
    ],
)
def test_that_upper_case_and_wrong_extensions_and_odd_names_do_not_matter(
    root: Path, name: str, kind: str
) -> None:
    if os.name == "nt" and "\n" in name:
        pytest.skip("Windows has no such names")
    (root / "dirty" / name).write_bytes(saved(Image.new("RGB", (64, 48), RED), kind))
    assert_seen_as(root, f"dirty/{name}", Image.new("RGB", (64, 48), RED), tolerance=8)


@pytest.mark.parametrize(
    "path",
    [
        "dirty/" + "n" * 246 + ".png",
        "d" * 250 + "/" + "n" * 246 + ".png",
        "강아지/첫 번째 사진.png",
        "Ñandú/été.png",
        "🐶🐕‍🦺/👍🏽.png",
        "مرحبا/一.png",
        "con\u0301/e\u0301.png",
    ],
)
def test_that_long_and_foreign_names_and_emoji_are_read(root: Path, path: str) -> None:
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_bytes(saved(UPRIGHT, "PNG"))
    assert_seen_as(root, path, UPRIGHT)


def test_that_hidden_files_and_those_of_the_system_are_nobodys(root: Path) -> None:
    for name in ("__MACOSX/dirty/._0.png", "dirty/._0.png", ".Trash/9.png", "dirty/.thumbs/9.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"\0\5\26\7")
    for name in (".DS_Store", "dirty/Thumbs.db", "clean/desktop.ini"):
        (root / name).touch()
    catalogue = catalogue_of(root)
    assert (catalogue.classes, len(catalogue.images), catalogue.set_aside) == (("clean", "dirty"), 4, ())


@pytest.mark.skipif(os.name != "posix", reason="links need a right there")
def test_that_circles_of_links_are_left(root: Path) -> None:
    (root / "dirty/self").symlink_to(".")
    (root / "dirty/up").symlink_to("..")
    (root / "dirty/one").symlink_to("two")
    (root / "dirty/two").symlink_to("one")
    (root / "dirty/loop.png").symlink_to("loop.png")
    catalogue = catalogue_of(root)
    assert len(catalogue.images) == 4
    assert list(aside(catalogue)) == ["dirty/loop.png", "dirty/one", "dirty/two"]


def test_that_a_folder_that_cannot_be_opened_is_set_aside(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "dirty/locked").mkdir()
    (root / "locked class").mkdir()
    real = os.scandir

    def scandir(folder: Path) -> contextlib.AbstractContextManager[Iterator[os.DirEntry[str]]]:
        if Path(folder).name.startswith("locked"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(folder)

    monkeypatch.setattr(listing.os, "scandir", scandir)
    catalogue = catalogue_of(root)
    assert len(catalogue.images) == 4
    reasons = aside(catalogue)
    assert reasons["dirty/locked"] == "no permission to open this folder"
    said = [one.reason for one in catalogue.set_aside if one.path == "locked class"]
    assert said == ["no permission to open this folder"]  # and not that it holds no image


def test_that_two_files_of_one_name_are_two_images(root: Path) -> None:
    for place, colour in (("dirty/a", RED), ("dirty/b", BLUE), ("clean", WHITE)):
        (root / place).mkdir(exist_ok=True)
        (root / place / "same.png").write_bytes(saved(Image.new("RGB", (64, 48), colour), "PNG"))
    for place, colour in (("dirty/a", RED), ("dirty/b", BLUE), ("clean", WHITE)):
        assert_seen_as(root, f"{place}/same.png", Image.new("RGB", (64, 48), colour))


def test_that_labels_may_have_slashes_and_emoji_and_images_one_name(root: Path) -> None:
    lines = (
        "filename,label",
        "clean\\0.png,dog/pug",
        "clean/1.png,dog/pug",
        "dirty/0.png,🐈/a:b?",
        "1.png,x",
    )
    (root / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    catalogue = catalogue_of(root)
    assert catalogue.classes == ("dog/pug", "🐈/a:b?")
    assert [(image.path, image.label) for image in catalogue.images] == [
        ("clean/0.png", 0),
        ("clean/1.png", 0),
        ("dirty/0.png", 1),
    ]
    assert aside(catalogue) == {
        "1.png": "several images have this name; labels.csv must say in which folder",
        "dirty/1.png": "not in labels.csv",
    }


# All of it at once.


def all_oddities(folder: Path) -> None:
    for name, (content, _) in BROKEN.items():
        (folder / name).write_bytes(content)
    layer, _ = right_half_clear()
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, content in {
        "cmyk.JPG": saved(Image.new("CMYK", (64, 48), (0, 255, 255, 0)), "JPEG"),
        "deep.png": saved(Image.fromarray(np.full((9, 9), 40_000, dtype=np.uint16)), "PNG"),
        "clear.png": saved(layer, "PNG"),
        "moving.gif": saved(UPRIGHT, "GIF", save_all=True, append_images=[layer]),
        "turned.jpg": saved(UPRIGHT, "JPEG", exif=exif),
        "dot.png": saved(Image.new("RGB", (1, 1)), "PNG"),
        "wide.png": saved(Image.new("RGB", (9_000, 3), RED), "PNG"),
        "wrong.bmp": saved(UPRIGHT, "PNG"),
        "n" * 246 + ".png": saved(UPRIGHT, "PNG"),
        "👍🏽 첫 번째.png": saved(UPRIGHT, "PNG"),
    }.items():
        (folder / name).write_bytes(content)


def in_folders(root: Path) -> Path:
    image_folder(root, per_class=6)
    (root / "red").rename(root / "🐶 강아지")
    all_oddities(root / "🐶 강아지")
    return root


def in_a_table(root: Path) -> Path:
    image_folder(root / "images", per_class=6)
    all_oddities(root / "images" / "red")
    labels = {"red": "dog/🐶: <pug>?", "green": "../green", "blue": "b" * 300}
    lines = [
        f"{path.relative_to(root).as_posix()},{labels[path.parent.name]}"
        for path in sorted((root / "images").glob("*/*"))
    ]
    (root / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    return root


@pytest.mark.parametrize("make", [in_folders, in_a_table])
def test_that_a_folder_of_all_of_this_is_trained_on_and_classified(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    root = make(tmp_path / "set")
    catalogue = catalogue_of(root)
    assert len(catalogue.images) == 18 + 10
    run = train_small(root, tmp_path / "run", strategy="feature-extraction", epochs=1)
    events = list(predict(str(run), [root], Control()))
    classified = [event for event in events if isinstance(event, ImageClassified)]
    assert {event.path.relative_to(root).as_posix() for event in classified} == {
        image.path for image in catalogue.images
    }
    assert set(classified[0].probabilities) == set(catalogue.classes)
    assert sum(isinstance(event, ImageSkipped) for event in events) == len(BROKEN)
