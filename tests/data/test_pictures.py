import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.images import image_folder, picture
from tlstudio.data import pictures as module
from tlstudio.data.catalogue import Catalogue
from tlstudio.data.decode import read_image
from tlstudio.data.pictures import Pictures
from tlstudio.data.rows import RowStore
from tlstudio.data.scan import CheckFinished, read_folder
from tlstudio.data.transforms import View
from tlstudio.errors import BadInput, UnreadableImage
from tlstudio.events import Control

VIEW = View(36, 32, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    root = image_folder(tmp_path / "discs", per_class=3)
    Image.new("RGB", (1, 1), "red").save(next(root.iterdir()) / "dot.png")
    Image.new("RGB", (2000, 20), "blue").save(next(root.iterdir()) / "strip.png")
    *_, last = read_folder(root, Control())
    assert isinstance(last, CheckFinished)
    return last.catalogue


def all_of(pictures: Pictures) -> list[np.ndarray]:
    return [np.asarray(pictures[row]) for row in range(len(pictures))]


def test_that_pictures_are_the_resized_images_kept_or_not(catalogue: Catalogue, tmp_path: Path):
    expected = [
        np.asarray(VIEW.resized(read_image(catalogue.file(image), VIEW.resize))) for image in catalogue.images
    ]
    store = RowStore(tmp_path / "rows")
    for kept_in in (None, store, store):
        pictures = Pictures(catalogue, catalogue.images, VIEW, kept_in)
        for _ in range(2):
            assert all(map(np.array_equal, all_of(pictures), expected))
        pictures.close()


def test_that_an_image_is_decoded_once_for_all_runs(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store = RowStore(tmp_path / "rows")
    first = Pictures(catalogue, catalogue.images, VIEW, store)
    expected = all_of(first)
    first.close()
    shutil.rmtree(catalogue.root)  # nothing is opened any more
    again = Pictures(catalogue, catalogue.images, VIEW, store)
    assert all(map(np.array_equal, all_of(again), expected))
    again.close()


def test_that_another_size_or_other_contents_are_other_pictures(catalogue: Catalogue, tmp_path: Path):
    store = RowStore(tmp_path / "rows")
    for images, view in (
        (catalogue.images, VIEW),
        (catalogue.images[:-1], VIEW),
        (catalogue.images, View(40, 32, "bilinear", VIEW.mean, VIEW.std)),
    ):
        pictures = Pictures(catalogue, images, view, store)
        all_of(pictures)
        pictures.close()
    assert len(list((tmp_path / "rows").iterdir())) == 3


def test_that_an_image_that_was_replaced_meanwhile_is_named(catalogue: Catalogue):
    file = catalogue.file(catalogue.images[0])
    picture((1, 2, 3), 9).save(file)
    with pytest.raises(BadInput, match="was changed since the run began") as caught:
        Pictures(catalogue, catalogue.images, VIEW)[0]
    assert str(file) in caught.value.message


def test_that_an_image_that_is_gone_is_named(catalogue: Catalogue):
    catalogue.file(catalogue.images[0]).unlink()
    with pytest.raises(UnreadableImage, match="there is no such file") as caught:
        Pictures(catalogue, catalogue.images, VIEW)[0]
    assert caught.value.hint == "Put the image back and resume the run, or train anew."


@pytest.mark.parametrize("damage", [lambda path: os.truncate(path, 50), lambda path: flip(path, 100)])
def test_that_what_was_damaged_on_the_disk_is_decoded_again(
    catalogue: Catalogue, tmp_path: Path, damage: Callable[[Path], None]
):
    store = RowStore(tmp_path / "rows")
    pictures = Pictures(catalogue, catalogue.images, VIEW, store)
    expected = all_of(pictures)
    (file,) = (tmp_path / "rows").iterdir()
    damage(file)
    for _ in range(2):
        assert all(map(np.array_equal, all_of(pictures), expected))
    assert pictures.damaged
    assert not pictures.given_up
    pictures.close()
    (file,) = (tmp_path / "rows").iterdir()
    again = Pictures(catalogue, catalogue.images, VIEW, store)
    assert all(map(np.array_equal, all_of(again), expected))
    assert not again.damaged
    again.close()


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_that_a_disk_that_fills_costs_time_and_nothing_else(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.RowFile, "put", full)
    pictures = Pictures(catalogue, catalogue.images, VIEW, RowStore(tmp_path / "rows"))
    assert len(all_of(pictures)) == len(catalogue.images)
    assert pictures.given_up == "No space left on device"
    pictures.close()
    assert list((tmp_path / "rows").iterdir()) == []
