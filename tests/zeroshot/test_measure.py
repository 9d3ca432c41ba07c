"""Zero-shot measured on a labelled folder, against the same computed another way with open_clip."""

import dataclasses
import shutil
from pathlib import Path
from typing import TypeVar

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from tlstudio.config import Corrections, DataConfig
from tlstudio.errors import BadInput, Stopped
from tlstudio.evaluation.metrics import compare
from tlstudio.events import Control, Event
from tlstudio.inference.events import ImageSkipped
from tlstudio.zeroshot.events import Clip, Question
from tlstudio.zeroshot.measure import measure_zero_shot
from tlstudio.zeroshot.measure_events import (
    ClassesMatched,
    Measured,
    MeasureRequest,
    TemplateScore,
    TemplatesMeasured,
)

T = TypeVar("T", bound=Event)

TEMPLATES = ("a photo of a {}.", "{}", "one drawing of the {} here")
QUESTION = Question(("red disc | red", "Green", "blue", "violet"), TEMPLATES)


@pytest.fixture
def request_of(dataset: Path, tiny):
    model = tiny("tiny-vit")
    clip = Clip("tiny-vit", str(model.weights), "cpu")

    def make(question: Question = QUESTION, **more) -> MeasureRequest:
        return MeasureRequest(DataConfig(root=str(more.pop("root", dataset))), question, clip, **more)

    return make


def of(kind: type[T], events: list[Event]) -> T:
    (found,) = [event for event in events if isinstance(event, kind)]
    return found


def run(request: MeasureRequest) -> list[Event]:
    return list(measure_zero_shot(request, Control()))


class Direct:
    """open_clip itself, sentence by sentence and image by image."""

    def __init__(self, request: MeasureRequest) -> None:
        self.model, _, self.preprocess = open_clip.create_model_and_transforms(
            "tiny-vit", pretrained=request.clip.pretrained
        )
        self.model.eval()
        self.tokenizer = open_clip.get_tokenizer("tiny-vit")

    @torch.inference_mode()
    def classes(self, words: list[list[str]], templates: tuple[str, ...]) -> torch.Tensor:
        found = []
        for names in words:
            texts = self.tokenizer([t.replace("{}", name) for name in names for t in templates])
            mean = self.model.encode_text(texts, normalize=True).mean(dim=0)
            found.append(mean / mean.norm())
        return torch.stack(found)

    @torch.inference_mode()
    def images(self, paths: tuple[Path, ...]) -> torch.Tensor:
        batch = torch.stack([self.preprocess(Image.open(path).convert("RGB")) for path in paths])
        return self.model.encode_image(batch, normalize=True)

    @torch.inference_mode()
    def probabilities(self, images: torch.Tensor, classes: torch.Tensor) -> np.ndarray:
        return (self.model.logit_scale.exp() * images @ classes.T).softmax(dim=1).numpy()


WORDS = [["red disc", "red"], ["Green"], ["blue"], ["violet"]]


def test_that_figures_and_templates_are_those_of_a_computation_image_by_image(request_of):
    request = request_of()
    events, direct = run(request), Direct(request)
    measured, templates = of(Measured, events), of(TemplatesMeasured, events)
    assert measured.classes == ("red disc", "Green", "blue", "violet")
    assert len(measured.paths) == 36
    labels = np.array([{"red": 0, "green": 1, "blue": 2}[path.parent.name] for path in measured.paths])
    assert measured.labels == tuple(labels.tolist())
    images = direct.images(measured.paths)

    def answers(templates: tuple[str, ...]) -> np.ndarray:
        return direct.probabilities(images, direct.classes(WORDS, templates)).argmax(axis=1)

    everything = answers(TEMPLATES)
    assert measured.answers == tuple(everything.tolist())
    assert measured.metrics.top1.value == pytest.approx(np.mean(everything == labels))
    shares = direct.probabilities(images, direct.classes(WORDS, TEMPLATES))
    np.testing.assert_allclose(measured.confidences, shares.max(axis=1), atol=1e-4)
    assert templates.together == measured.metrics.top1
    for number, found in enumerate(templates.templates):
        rest = TEMPLATES[:number] + TEMPLATES[number + 1 :]
        assert found.template == TEMPLATES[number]
        assert found.alone.value == pytest.approx(np.mean(answers(TEMPLATES[number : number + 1]) == labels))
        assert found.without is not None
        assert found.without.value == pytest.approx(np.mean(answers(rest) == labels))
        assert found.gain == compare(labels, everything, answers(rest)).difference


def test_that_confused_names_come_with_how_alike_their_sentences_are(request_of):
    request = request_of()
    measured = of(Measured, run(request))
    vectors = Direct(request).classes(WORDS, TEMPLATES)
    assert measured.confused
    counts = [one.images for one in measured.confused]
    assert counts == sorted(counts, reverse=True)
    for one in measured.confused:
        row, column = measured.classes.index(one.label), measured.classes.index(one.answer)
        assert one.images == measured.metrics.confusion[row][column] == round(one.share * 12)
        assert one.alike == pytest.approx(float(vectors[row] @ vectors[column]), abs=1e-4)
    wrong = sum(a != b for a, b in zip(measured.labels, measured.answers, strict=True))
    assert sum(counts) == wrong


def test_that_classes_without_a_partner_are_told_and_left_out(request_of):
    events = run(request_of(Question(("RED", "blue", "violet"))))
    assert of(ClassesMatched, events) == ClassesMatched(24, {"green": 12}, ("violet",))
    assert of(Measured, events).metrics.images == 24


def test_that_names_that_fit_nothing_are_refused_with_both_sides(request_of):
    with pytest.raises(BadInput, match="you ask for cat, dog, its images are labelled blue, green, red"):
        run(request_of(Question(("cat", "dog"))))


def test_that_nothing_is_read_for_a_question_that_cannot_be_asked(request_of):
    with pytest.raises(BadInput, match="only class"):
        next(measure_zero_shot(request_of(Question(("red",)), root="nowhere"), Control()))


def test_that_something_else_counts_as_none_of_the_classes(request_of):
    measured = of(Measured, run(request_of(dataclasses.replace(QUESTION, others=("white noise",)))))
    assert measured.classes == ("red disc", "Green", "blue", "violet")
    none = sum(answer == -1 for answer in measured.answers)
    assert none > 0
    assert sum(row[-1] for row in measured.metrics.confusion) == none


def test_that_below_the_threshold_an_image_is_none_of_the_classes(request_of):
    events = run(request_of(dataclasses.replace(QUESTION, threshold=0.6)))
    measured = of(Measured, events)
    for answer, confidence in zip(measured.answers, measured.confidences, strict=True):
        assert (answer == -1) == (confidence < 0.6)
    assert of(TemplatesMeasured, events).together == measured.metrics.top1


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_that_a_part_is_that_of_a_run_with_the_same_division(request_of, part):
    measured = of(Measured, run(request_of(part=part)))
    assert len(measured.paths) == {"train": 24, "val": 6, "test": 6}[part]


def test_that_corrections_hold(request_of, dataset: Path):
    request = request_of()
    corrections = Corrections(names={"green": "violet"}, without=("red/00.png",))
    data = request.data.model_copy(update={"corrections": corrections})
    measured = of(Measured, run(dataclasses.replace(request, data=data)))
    assert len(measured.paths) == 35
    assert measured.metrics.classes[3].support == 12


def test_that_a_single_template_has_nothing_to_be_left_out_of(request_of):
    events = run(request_of(Question(("red", "green", "blue"))))
    (only,) = of(TemplatesMeasured, events).templates
    assert only == TemplateScore("a photo of a {}.", of(Measured, events).metrics.top1)
    assert only.verdict == ""


def test_that_an_image_that_breaks_later_is_skipped(request_of, dataset: Path, tmp_path: Path):
    root = shutil.copytree(dataset, tmp_path / "discs")
    events = []
    for event in measure_zero_shot(request_of(root=root), Control()):
        if isinstance(event, ClassesMatched):
            (root / "red" / "00.png").unlink()
        events.append(event)
    assert of(ImageSkipped, events).path == root / "red" / "00.png"
    assert (of(Measured, events).skipped, len(of(Measured, events).paths)) == (1, 35)


def test_that_it_stops(request_of):
    control = Control()
    with pytest.raises(Stopped):
        for event in measure_zero_shot(request_of(), control):
            if isinstance(event, Measured):
                control.stop()


def test_that_the_json_has_figures_and_no_single_images(request_of):
    data = of(Measured, run(request_of())).as_json()
    assert data["event"] == "measured"
    assert "paths" not in data
    assert set(data["metrics"]["top1"]) == {"value", "low", "high"}
