"""What a model made of contents before is found again."""

from pathlib import Path

import numpy as np
import pytest

from tlstudio.zeroshot.store import EmbeddingStore, FileStamp, text_digest


@pytest.fixture
def store(tmp_path: Path) -> EmbeddingStore:
    return EmbeddingStore(tmp_path / "kept" / "clip.sqlite")


def _vector(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_that_vectors_are_found_by_model_and_content(store: EmbeddingStore) -> None:
    store.keep("a", {b"1": _vector(0.1, 0.2)})
    store.keep("b", {b"1": _vector(0.3, 0.4)})
    assert store.vectors("a", [b"1", b"2"])[b"1"].tolist() == _vector(0.1, 0.2).tolist()
    assert store.vectors("b", [b"1"])[b"1"].tolist() == _vector(0.3, 0.4).tolist()
    assert store.vectors("c", [b"1"]) == {}
    assert set(store.vectors("a", [b"1", b"2"])) == {b"1"}


def test_that_a_file_is_known_until_its_size_or_time_changes(store: EmbeddingStore) -> None:
    stamp = FileStamp(10, 123)
    path = Path("/pictures/고양이.jpg")
    store.keep("a", {}, {path: (stamp, b"digest")})
    assert store.digests({path: stamp}) == {path: b"digest"}
    assert store.digests({path: FileStamp(10, 124)}) == {}
    assert store.digests({path: FileStamp(11, 123)}) == {}


def test_that_thousands_are_asked_for_at_once(store: EmbeddingStore) -> None:
    many = {number.to_bytes(2): _vector(number) for number in range(3000)}
    store.keep("a", many)
    found = store.vectors("a", many)
    assert {digest: vector.tolist() for digest, vector in found.items()} == {
        digest: vector.tolist() for digest, vector in many.items()
    }


def test_that_what_another_model_made_makes_room_first(tmp_path: Path) -> None:
    store = EmbeddingStore(tmp_path / "clip.sqlite", limit=200_000)
    big = {number.to_bytes(2): np.zeros(256, np.float32) for number in range(300)}
    store.keep("old", big)
    store.keep("new", {b"1": _vector(1)})
    assert store.vectors("old", big) == {}
    assert set(store.vectors("new", [b"1"])) == {b"1"}


def test_that_a_damaged_file_is_forgotten_and_begun_anew(store: EmbeddingStore, tmp_path: Path) -> None:
    store.keep("a", {b"1": _vector(1)})
    (tmp_path / "kept" / "clip.sqlite").write_bytes(b"no database" * 1000)
    assert store.vectors("a", [b"1"]) == {}
    store.keep("a", {b"1": _vector(2)})
    assert store.vectors("a", [b"1"])[b"1"].tolist() == [2]


def test_that_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = EmbeddingStore(tmp_path / "file" / "clip.sqlite")
    store.keep("a", {b"1": _vector(1)})
    assert store.vectors("a", [b"1"]) == {}
    assert store.speeds() == {}


def test_that_speeds_are_remembered_by_model(store: EmbeddingStore) -> None:
    store.note_speed("ViT-B-32", 10.5)
    store.note_speed("ViT-B-32", 12.5)
    assert store.speeds() == {"ViT-B-32": 12.5}


def test_that_a_sentence_is_told_from_a_file() -> None:
    assert text_digest("a cat") != text_digest("a dog")
    assert len(text_digest("a cat")) != 32
