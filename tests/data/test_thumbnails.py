"""Small copies of image files, and how long they are kept on disk."""

import os
import random
import sqlite3
from pathlib import Path

import pytest
from PIL import Image

from tlstudio.data import thumbnails
from tlstudio.data.thumbnails import LEAST_BYTES, ThumbnailCache, thumbnail
from tlstudio.errors import UnreadableImage


def photograph(path: Path, seed: int = 0, size: tuple[int, int] = (300, 200)) -> Path:
    """Noise, so that the file is large enough for its copy to be kept."""
    noise = random.Random(seed).randbytes(3 * size[0] * size[1])
    Image.frombytes("RGB", size, noise).save(path)
    assert path.stat().st_size > LEAST_BYTES
    return path


@pytest.fixture
def cache(tmp_path: Path):
    with ThumbnailCache(tmp_path / "cache" / "thumbnails.sqlite") as cache:
        yield cache


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were decoded."""
    paths: list[Path] = []
    read_image = thumbnails.read_image

    def read(path: Path, side: int) -> Image.Image:
        paths.append(path)
        return read_image(path, side)

    monkeypatch.setattr(thumbnails, "read_image", read)
    return paths


def kept(cache: ThumbnailCache) -> None:
    """Whatever was put into the cache is on disk."""
    cache.close()


def test_that_a_copy_has_the_shape_of_its_file(tmp_path: Path, cache: ThumbnailCache) -> None:
    assert thumbnail(photograph(tmp_path / "a.png"), 150, cache).size == (150, 100)


def test_that_the_second_copy_comes_from_the_disk_and_looks_the_same(
    tmp_path: Path, cache: ThumbnailCache, decoded: list[Path]
) -> None:
    path = tmp_path / "a.png"
    Image.linear_gradient("L").convert("RGB").resize((600, 400)).save(path, compress_level=0)
    first = thumbnail(path, 150, cache)
    kept(cache)
    second = thumbnail(path, 150, cache)
    assert decoded == [path]
    assert (second.size, second.mode) == ((150, 100), "RGB")
    assert max(abs(a - b) for a, b in zip(first.tobytes(), second.tobytes(), strict=True)) < 12


def test_that_another_window_finds_what_this_one_kept(
    tmp_path: Path, cache: ThumbnailCache, decoded: list[Path]
) -> None:
    path = photograph(tmp_path / "a.png")
    thumbnail(path, 100, cache)
    kept(cache)
    with ThumbnailCache(tmp_path / "cache" / "thumbnails.sqlite") as other:
        thumbnail(path, 100, other)
    assert decoded == [path]


@pytest.mark.parametrize("change", ["content", "time", "side"])
def test_that_a_changed_file_or_another_size_is_drawn_anew(
    tmp_path: Path, cache: ThumbnailCache, decoded: list[Path], change: str
) -> None:
    path = photograph(tmp_path / "a.png")
    thumbnail(path, 100, cache)
    kept(cache)
    if change == "content":
        photograph(path, seed=1, size=(310, 200))
    elif change == "time":
        os.utime(path, ns=(0, 0))
    thumbnail(path, 90 if change == "side" else 100, cache)
    assert len(decoded) == 2


def test_that_small_files_and_large_copies_are_not_kept(tmp_path: Path, cache: ThumbnailCache) -> None:
    small = tmp_path / "small.png"
    Image.new("RGB", (300, 200)).save(small)
    assert small.stat().st_size < LEAST_BYTES
    thumbnail(small, 100, cache)
    thumbnail(photograph(tmp_path / "large.png"), 640, cache)
    kept(cache)
    assert not (tmp_path / "cache").exists()


def test_that_the_cache_stays_within_its_limit_and_loses_what_was_unseen_for_longest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, limit = tmp_path / "thumbnails.sqlite", 400_000
    today = 0
    monkeypatch.setattr(thumbnails, "_today", lambda: today)
    with ThumbnailCache(path, limit) as cache:
        for today in range(200):
            cache.put(bytes([today]), bytes(10_000))
            cache.get(bytes([0]))  # looked at every day
    assert path.stat().st_size < 2 * limit
    with ThumbnailCache(path, limit) as cache:
        there = {number for number in range(200) if cache.get(bytes([number])) is not None}
    assert 0 in there
    assert 199 in there
    assert 1 not in there
    assert len(there) * 10_000 <= limit


def test_that_a_damaged_cache_is_forgotten_and_begun_anew(
    tmp_path: Path, decoded: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    path, place = photograph(tmp_path / "a.png"), tmp_path / "thumbnails.sqlite"
    place.write_bytes(b"no database at all" * 1000)
    with ThumbnailCache(place) as cache:
        assert thumbnail(path, 100, cache).size == (100, 67)
    assert "not kept" in caplog.text
    with ThumbnailCache(place) as cache:
        thumbnail(path, 100, cache)
        kept(cache)
        thumbnail(path, 100, cache)
    assert len(decoded) == 2


def test_that_a_damaged_copy_is_drawn_anew(
    tmp_path: Path, cache: ThumbnailCache, decoded: list[Path]
) -> None:
    path = photograph(tmp_path / "a.png")
    thumbnail(path, 100, cache)
    kept(cache)
    with sqlite3.connect(tmp_path / "cache" / "thumbnails.sqlite") as connection:
        connection.execute("update copies set content = ?", (b"torn",))
    connection.close()
    assert thumbnail(path, 100, cache).size == (100, 67)
    assert len(decoded) == 2


def test_that_a_cache_that_cannot_be_written_hinders_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way of the folder")
    with ThumbnailCache(tmp_path / "file" / "thumbnails.sqlite") as cache:
        assert thumbnail(photograph(tmp_path / "a.png"), 100, cache).size == (100, 67)


def test_that_a_file_that_is_gone_is_named_with_its_reason(tmp_path: Path, cache: ThumbnailCache) -> None:
    with pytest.raises(UnreadableImage) as caught:
        thumbnail(tmp_path / "gone.png", 100, cache)
    assert caught.value.reason == "there is no such file"
