"""Images and class names in, probabilities out: the same numbers as open_clip's own."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from tests.zeroshot.conftest import TinyClip, run
from tlstudio.errors import BadInput, Stopped
from tlstudio.events import Control, Event, Progress
from tlstudio.inference.events import ImageClassified, ImageSkipped
from tlstudio.zeroshot.classify import ask_again, classify, classify_in_batches
from tlstudio.zeroshot.events import (
    Clip,
    ClipReady,
    ImagesEmbedded,
    Question,
    QuestionRead,
    Rescored,
    ZeroShotFinished,
    ZeroShotRequest,
)
from tlstudio.zeroshot.store import EmbeddingStore

CLASSES = ("golden retriever", "Zürcher Geschnetzeltes", "고양이", "a {brace}")
TEMPLATES = ("a photo of a {}.", "an etching of the {}.", "{}")

Write = Callable[[str], TinyClip]


def _request(tiny: TinyClip, images: Path, **changes: object) -> ZeroShotRequest:
    model = Clip(str(tiny.config), str(tiny.weights), "cpu")
    request = ZeroShotRequest((images,), Question(CLASSES, TEMPLATES), model, batch_size=2)
    return dataclasses.replace(request, **changes)  # type: ignore[arg-type]


def _classified(events: list[Event]) -> list[ImageClassified]:
    return [event for event in events if isinstance(event, ImageClassified)]


@torch.no_grad()
def _by_open_clip(tiny: TinyClip, paths: list[Path]) -> torch.Tensor:
    """Logits by open_clip's documented pipeline."""
    model, _, preprocess = open_clip.create_model_and_transforms(tiny.name, pretrained=str(tiny.weights))
    model.eval()
    weights = open_clip.build_zero_shot_classifier(
        model, open_clip.get_tokenizer(tiny.name), CLASSES, TEMPLATES
    )
    images = torch.stack([preprocess(Image.open(path).convert("RGB")) for path in paths])  # type: ignore[misc,operator]
    return 100.0 * model.encode_image(images, normalize=True) @ weights  # type: ignore[operator]


def _table(events: list[Event]) -> torch.Tensor:
    return torch.tensor([[event.probabilities[name] for name in CLASSES] for event in _classified(events)])


@pytest.mark.parametrize("name", ["tiny-vit", "tiny-resnet"])
def test_that_probabilities_equal_open_clips_own(name: str, tiny: Write, pictures: Path) -> None:
    clip = tiny(name)
    events = run(_request(clip, pictures))
    paths = [event.path for event in _classified(events)]
    assert paths == sorted(pictures.iterdir())
    expected = _by_open_clip(clip, paths).softmax(dim=-1)
    assert expected.std() > 0.01  # the weights tell the images apart, so the comparison means something
    torch.testing.assert_close(_table(events), expected, rtol=0, atol=1e-5)


def test_that_a_model_with_a_bias_judges_each_class_by_itself(tiny: Write, pictures: Path) -> None:
    clip = tiny("tiny-sigmoid")
    events = run(_request(clip, pictures))
    expected = (_by_open_clip(clip, sorted(pictures.iterdir())) - 4).sigmoid()
    torch.testing.assert_close(_table(events), expected, rtol=0, atol=1e-5)
    assert not torch.allclose(expected.sum(dim=-1), torch.ones(len(expected)), atol=0.01)


def test_that_the_batch_size_changes_nothing(tiny: Write, pictures: Path) -> None:
    clip = tiny("tiny-resnet")
    one, many = (run(_request(clip, pictures, batch_size=size)) for size in (1, 64))
    torch.testing.assert_close(_table(one), _table(many), rtol=0, atol=1e-6)


def test_that_the_label_is_the_likeliest_class_and_they_come_ranked(tiny: Write, pictures: Path) -> None:
    for event in _classified(run(_request(tiny("tiny-vit"), pictures))):
        values = list(event.probabilities.values())
        assert values == sorted(values, reverse=True)
        assert event.label == next(iter(event.probabilities))
        assert set(event.probabilities) == set(CLASSES)
        assert sum(values) == pytest.approx(1, abs=1e-5)


def test_that_events_tell_the_prompts_then_each_image_then_the_end(tiny: Write, pictures: Path) -> None:
    (pictures / "1.png").write_bytes(b"no image")
    events = run(_request(tiny("tiny-vit"), pictures))
    kinds = [type(event) for event in events if not isinstance(event, Progress)]
    assert kinds == [
        ClipReady,
        QuestionRead,
        ImageClassified,
        ImageSkipped,
        *[ImageClassified] * 3,
        ZeroShotFinished,
    ]
    embedded = next(event for event in events if isinstance(event, QuestionRead))
    assert embedded.prompts["고양이"] == ("a photo of a 고양이.", "an etching of the 고양이.", "고양이")
    assert embedded.cut == ()
    skipped = next(event for event in events if isinstance(event, ImageSkipped))
    assert (skipped.path.name, skipped.reason) == ("1.png", "not an image")
    end = events[-1]
    assert isinstance(end, ZeroShotFinished)
    assert (end.images, end.skipped) == (5, 1)
    progress = [event for event in events if isinstance(event, Progress)]
    assert progress[-1] == Progress("Classifying images", 5, 5)


def test_that_images_none_of_which_can_be_read_are_all_skipped(tiny: Write, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "b.jpg").write_bytes(b"no image")
    events = run(_request(tiny("tiny-vit"), tmp_path))
    reasons = [event.reason for event in events if isinstance(event, ImageSkipped)]
    assert reasons == ["empty file", "not an image"]


def test_that_a_stop_ends_before_the_next_batch(tiny: Write, pictures: Path) -> None:
    control = Control()
    seen: list[Event] = []
    with pytest.raises(Stopped):
        for event in classify(_request(tiny("tiny-vit"), pictures), control):
            seen.append(event)
            if isinstance(event, ImageClassified):
                control.stop()
    assert len(_classified(seen)) == 2


def test_that_class_names_are_checked_before_a_model_is_loaded(pictures: Path) -> None:
    request = ZeroShotRequest((pictures,), Question(("cat", "Cat")), Clip("no-such-model"))
    with pytest.raises(BadInput, match="'Cat' is there twice"):
        run(request)


def _in_batches(request: ZeroShotRequest) -> tuple[list[Event], list[ImagesEmbedded]]:
    events = list(classify_in_batches(request, Control()))
    return events, [event for event in events if isinstance(event, ImagesEmbedded)]


def test_that_images_seen_before_are_not_decoded_again(
    tiny: Write, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = _request(tiny("tiny-vit"), pictures)
    _, first = _in_batches(request)
    copied = pictures.with_name("copied")
    shutil.copytree(pictures, copied)
    monkeypatch.setattr("tlstudio.zeroshot.classify.read_image", None)
    for folder in (pictures, copied):
        events, again = _in_batches(dataclasses.replace(request, images=(folder,)))
        for before, now in zip(first, again, strict=True):
            np.testing.assert_array_equal(before.vectors, now.vectors)
        assert isinstance(events[-1], ZeroShotFinished)
    assert _in_batches(request)[0][-1].known == 5  # type: ignore[attr-defined]


def test_that_an_image_put_in_the_place_of_another_is_read(tiny: Write, pictures: Path) -> None:
    request = _request(tiny("tiny-vit"), pictures)
    _, first = _in_batches(request)
    shutil.copy(pictures / "1.png", pictures / "0.png")
    _, again = _in_batches(request)
    assert not (first[0].vectors[0] == again[0].vectors[0]).all()
    np.testing.assert_array_equal(again[0].vectors[0], again[0].vectors[1])


def test_that_another_question_gets_the_scores_of_a_new_start(tiny: Write, pictures: Path) -> None:
    request = _request(tiny("tiny-resnet"), pictures)
    _, batches = _in_batches(request)
    vectors = np.concatenate([batch.vectors for batch in batches])
    other = Question(("red", "green", "blue"), ("{}",), others=("grey",))
    events = list(ask_again(vectors, other, request.clip, Control()))
    assert isinstance(events[-1], Rescored)
    _, anew = _in_batches(dataclasses.replace(request, question=other))
    np.testing.assert_allclose(
        events[-1].scores,
        np.concatenate([batch.scores for batch in anew]),
        atol=1e-6,  # type: ignore[arg-type]
    )


def test_that_an_image_below_the_threshold_has_no_label(tiny: Write, pictures: Path) -> None:
    request = _request(tiny("tiny-vit"), pictures, question=Question(CLASSES, TEMPLATES, threshold=1.0))
    assert {event.label for event in _classified(run(request))} == {""}


def test_that_the_speed_of_a_model_is_noted_once_it_read_something(tiny: Write, pictures: Path) -> None:
    _in_batches(_request(tiny("tiny-vit"), pictures))
    assert EmbeddingStore().speeds()["tiny-vit"] > 0
