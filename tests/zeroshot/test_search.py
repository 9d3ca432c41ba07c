"""A sentence or an image, and the images nearest to it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.zeroshot.conftest import TinyClip, finish
from tlstudio.errors import BadInput, Stopped
from tlstudio.events import Control, Event, Notice
from tlstudio.inference.events import ImageSkipped
from tlstudio.zeroshot.classify import embedded
from tlstudio.zeroshot.events import Clip
from tlstudio.zeroshot.models import load_clip
from tlstudio.zeroshot.search import Found, nearest, search, search_embedded

Write = Callable[[str], TinyClip]


@pytest.fixture
def clip(tiny: Write) -> Clip:
    one = tiny("tiny-vit")
    return Clip(str(one.config), str(one.weights), "cpu")


def _found(events: list[Event]) -> Found:
    assert isinstance(events[-1], Found)
    return events[-1]


def test_that_rows_come_from_the_nearest_to_the_farthest_and_ties_in_their_order() -> None:
    vectors = np.array([[0, 1], [1, 0], [0.6, 0.8], [1, 0]], np.float32)
    rows, cosines = nearest(vectors, np.array([1, 0], np.float32))
    assert rows.tolist() == [1, 3, 2, 0]
    assert cosines.tolist() == pytest.approx([1, 1, 0.6, 0])


def test_that_a_sentence_ranks_all_images_by_their_cosine_with_it(clip: Clip, pictures: Path) -> None:
    found = _found(list(search([pictures], "a red chair", clip, Control())))
    _, loaded = finish(load_clip(clip, Control()))
    _, (paths, vectors) = finish(embedded(loaded, sorted(pictures.iterdir()), Control()))
    cosines = vectors @ loaded.embed_texts(["a red chair"])[0]
    order = np.argsort(-cosines)
    assert list(found.paths) == [paths[row] for row in order]
    assert list(found.cosines) == pytest.approx(cosines[order].tolist(), abs=1e-6)
    assert found.query == "a red chair"


def test_that_only_as_many_as_wanted_are_found(clip: Clip, pictures: Path) -> None:
    everything = _found(list(search([pictures], "a chair", clip, Control())))
    found = _found(list(search([pictures], "a chair", clip, Control(), top=2)))
    assert list(found.paths) == list(everything.paths[:2])


def test_that_an_image_finds_its_copy_first_and_not_itself(clip: Clip, pictures: Path) -> None:
    original, copy = pictures / "2.png", pictures / "copy.png"
    copy.write_bytes(original.read_bytes())
    found = _found(list(search([pictures], original, clip, Control())))
    assert found.paths[0] == copy
    assert found.cosines[0] == pytest.approx(1)
    assert original not in found.paths
    assert len(found.paths) == 5


def test_that_an_image_from_elsewhere_finds_its_neighbours(
    clip: Clip, pictures: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.png"
    (pictures / "3.png").rename(elsewhere)
    found = _found(list(search([pictures], elsewhere, clip, Control(), top=20)))
    assert len(found.paths) == 4
    assert found.as_json()["images"][0] == {"path": str(found.paths[0]), "similarity": found.cosines[0]}


def test_that_images_embedded_before_are_searched_without_being_read(clip: Clip, pictures: Path) -> None:
    asked = _found(list(search([pictures], "a chair", clip, Control())))
    _, loaded = finish(load_clip(clip, Control()))
    _, (paths, vectors) = finish(embedded(loaded, sorted(pictures.iterdir()), Control()))
    for path in paths:
        path.unlink()
    found = _found(list(search_embedded(paths, vectors, "a chair", clip, Control())))
    assert found.paths == asked.paths


def test_that_an_image_that_cannot_be_read_is_told_and_left_out(clip: Clip, pictures: Path) -> None:
    (pictures / "1.png").write_bytes(b"no image")
    events = list(search([pictures], "a chair", clip, Control()))
    assert [event.path for event in events if isinstance(event, ImageSkipped)] == [pictures / "1.png"]
    assert len(_found(events).paths) == 4


def test_that_a_sentence_longer_than_the_model_reads_is_said_to_be_cut(clip: Clip, pictures: Path) -> None:
    events = list(search([pictures], "chair " * 40, clip, Control()))
    assert any(isinstance(event, Notice) and "longer" in event.text for event in events)
    assert not any(isinstance(event, Notice) for event in search([pictures], "chair", clip, Control()))


def test_that_a_query_that_cannot_be_read_is_refused(clip: Clip, pictures: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    with pytest.raises(BadInput, match=r"bad\.png cannot be read"):
        list(search([pictures], bad, clip, Control()))
    with pytest.raises(BadInput, match="nothing to search for"):
        list(search([pictures], "  ", clip, Control()))


def test_that_a_folder_without_a_readable_image_is_refused(clip: Clip, tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"no image")
    with pytest.raises(BadInput, match="None of these images"):
        list(search([folder], "a chair", clip, Control()))


def test_that_a_stop_is_obeyed(clip: Clip, pictures: Path) -> None:
    control = Control()
    control.stop()
    with pytest.raises(Stopped):
        list(search([pictures], "a chair", clip, control))
