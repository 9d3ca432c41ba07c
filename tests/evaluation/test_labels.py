"""Suspected wrong labels of a run: planted ones are found, right ones are left alone."""

import json
import multiprocessing
import random
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.images import COLOURS
from tests.trained import finished_run, one_thread, train_small
from tlstudio.data.corrections import CorrectionStore
from tlstudio.errors import BadInput, Stopped
from tlstudio.evaluation.labels import suspected_labels
from tlstudio.evaluation.labels_events import LabelsJudged
from tlstudio.evaluation.labels_judging import doubts, fold_of_each, out_of_sample
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.inference.events import ImageClassified
from tlstudio.inference.predict import predict

__all__ = ["finished_run", "one_thread"]

HOW = {"arch": "efficientnet_lite0", "weights": "bundled", "image_size": 64}
EPOCHS = 40
WRONG = ("blue/red-00.png", "green/blue-00.png", "red/green-00.png")


def plain(root: Path, colour: str, path: str) -> None:
    """A picture of one colour with a dark bar somewhere, which a pre-trained network tells by the colour."""
    rng = random.Random(path)
    image = Image.new("RGB", (60, 60), tuple(part + rng.randrange(-20, 20) for part in COLOURS[colour]))
    left, top = rng.randrange(40), rng.randrange(40)
    ImageDraw.Draw(image).rectangle((left, top, left + 6, top + 18), fill=(30, 30, 30))
    image.save(root / path)


def plain_folder(root: Path, wrong: Sequence[str] = ()) -> Path:
    """Twelve pictures of each colour, and these of another colour than their folder's."""
    for colour in COLOURS:
        (root / colour).mkdir(parents=True)
        for number in range(12):
            plain(root, colour, f"{colour}/{number:02d}.png")
    for path in wrong:
        plain(root, path.split("/")[1].split("-")[0], path)
    return root


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose network learned the planted labels by heart, beside its images; do not change them."""
    box = tmp_path_factory.mktemp("planted")
    plain_folder(box / "images", WRONG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLSTUDIO_HOME", str(box / "home"))
        train_small(box / "images", box / "run", **HOW, epochs=EPOCHS, lr=0.02)
    return box / "run"


@pytest.fixture
def copy(planted: Path, tmp_path: Path) -> Path:
    """The run with images of its own, which a test may change."""
    shutil.copytree(planted.parent / "images", tmp_path / "images")
    shutil.copytree(planted, tmp_path / "run")
    split = tmp_path / "run" / "split.json"
    split.write_text(json.dumps({**json.loads(split.read_text()), "root": str(tmp_path / "images")}))
    return tmp_path / "run"


def judged(run: Path, control: Control | None = None) -> LabelsJudged:
    *before, last = suspected_labels(run, control or Control())
    assert isinstance(last, LabelsJudged)
    assert not any(isinstance(event, LabelsJudged) for event in before)
    return last


def test_that_planted_labels_come_first_with_the_class_they_should_have(planted: Path):
    found = judged(planted)
    first = found.suspects[: len(WRONG)]
    assert {one.path for one in first} == set(WRONG)
    for one in first:
        folder, name = one.path.split("/")
        assert (one.given, one.suggested) == (folder, name.split("-")[0])
        assert one.given_confidence < one.suggested_confidence
    assert [one.given_confidence for one in first] == sorted(one.given_confidence for one in first)
    assert len(found.suspects) <= 2 * len(WRONG)
    assert (found.images, found.root) == (39, planted.parent / "images")
    assert "pre-trained EfficientNet-Lite0" in found.how


def test_that_they_are_found_although_the_runs_own_model_believes_them(planted: Path):
    splits = {one.path: one.split for one in judged(planted).suspects}
    seen = [path for path in WRONG if splits[path] == "train"]
    assert seen
    files = [planted.parent / "images" / path for path in seen]
    last = predict(str(planted), files, Control(), epoch=EPOCHS)
    told = [event for event in last if isinstance(event, ImageClassified)]
    assert [event.label for event in told] == [path.split("/")[0] for path in seen]


def test_that_no_label_of_a_clean_folder_is_suspected(tmp_path: Path):
    assert not judged(train_small(plain_folder(tmp_path / "images"), tmp_path / "run", **HOW)).suspects


def test_that_a_judge_who_knows_nothing_is_not_to_be_trusted(tmp_path: Path):
    root = tmp_path / "images"
    for name in "ab":
        (root / name).mkdir(parents=True)
        for number in range(12):
            plain(root, random.Random(f"{name}{number}").choice(list(COLOURS)), f"{name}/{number:02d}.png")
    run = train_small(root, tmp_path / "run", **HOW)
    notices = [event.text for event in suspected_labels(run, Control()) if isinstance(event, Notice)]
    assert len(notices) == 1
    assert re.fullmatch(r"The judge agrees with only \d+% of the labels: .*", notices[0])


def test_that_it_is_said_how_far_the_judge_agrees_with_the_labels(planted: Path):
    share = int(re.search(r"It agrees with (\d+)% of the labels", judged(planted).how)[1])
    assert 80 <= share < 100


def test_that_what_was_found_right_is_not_suspected_again(copy: Path):
    root = copy.parent / "images"
    CorrectionStore().find_right(root, {WRONG[0]: "blue", WRONG[1]: "another class"})
    found = judged(copy)
    paths = [one.path for one in found.suspects]
    assert WRONG[0] not in paths
    assert WRONG[1] in paths
    assert found.found_right == 1


def test_that_the_event_is_plain_data(planted: Path):
    data = json.loads(json.dumps(judged(planted).as_json()))
    assert data["event"] == "labels_judged"
    assert data["suspects"][0].keys() == {
        *("path", "split", "given", "suggested", "given_confidence", "suggested_confidence")
    }


def test_that_no_process_is_started(planted: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("a frozen program must not spawn")

    monkeypatch.setattr(multiprocessing.Process, "start", refuse)
    assert judged(planted).suspects


def test_that_the_random_generators_of_nothing_else_are_needed(planted: Path):
    assert judged(planted) == judged(planted)


def test_that_a_network_from_random_weights_judges_only_what_it_did_not_learn_from(finished_run: Path):
    found = judged(finished_run)
    images = json.loads((finished_run / "split.json").read_text())["images"]
    held_out = {image["path"] for image in images if image["split"] != "train"}
    assert found.images == len(held_out)
    assert {one.path for one in found.suspects} <= held_out
    assert "began with random weights" in found.how


def test_that_held_out_images_of_one_class_cannot_judge_each_other(finished_run: Path, tmp_path: Path):
    shutil.copytree(finished_run, tmp_path / "run")
    split = tmp_path / "run" / "split.json"
    data = json.loads(split.read_text())
    for image in data["images"]:
        image["split"] = "train" if image["label"] else image["split"]
    split.write_text(json.dumps(data))
    with pytest.raises(BadInput, match="those for validation and test are of one class"):
        judged(tmp_path / "run")


def test_that_the_labels_of_a_model_used_as_it_is_can_be_judged(planted: Path, tmp_path: Path):
    run = train_small(planted.parent / "images", tmp_path / "run", **HOW, strategy="as-is")
    assert {one.path for one in judged(run).suspects[:3]} == set(WRONG)


@pytest.mark.parametrize("words", ["Describing the images", "Judging the labels"])
def test_that_it_stops_at_the_next_step(planted: Path, words: str):
    control = Control()
    seen: list[Event] = []
    with pytest.raises(Stopped):
        for event in suspected_labels(planted, control):
            seen.append(event)
            if isinstance(event, Progress) and event.text == words:
                control.stop()
    assert seen[-1] == next(one for one in seen if isinstance(one, Progress) and one.text == words)


def test_that_lost_images_are_counted_and_one_is_named(copy: Path):
    root = copy.parent / "images"
    (root / WRONG[0]).unlink()
    with pytest.raises(BadInput) as caught:
        judged(copy)
    assert caught.value.message == (
        f"1 of the run's 39 images cannot be found in {root}, {WRONG[0]} among them."
    )


def test_that_an_image_that_was_changed_since_is_named(copy: Path):
    changed = copy.parent / "images" / "red" / "03.png"
    shutil.copyfile(copy.parent / "images" / "red" / "04.png", changed)
    with pytest.raises(BadInput, match=r"03\.png was changed since the run began"):
        judged(copy)


@pytest.mark.parametrize("content", ["{}", "[]", "{"])
def test_that_a_damaged_list_of_images_is_refused_with_a_sentence(copy: Path, content: str):
    (copy / "split.json").write_text(content)
    with pytest.raises(BadInput, match=r"split\.json"):
        judged(copy)


def test_that_what_is_no_run_is_refused(dataset: Path):
    with pytest.raises(BadInput, match="is not a run"):
        judged(dataset)


# Folds


@pytest.fixture
def labels() -> np.ndarray:
    return np.array([0] * 30 + [1] * 20 + [2] * 2)


def test_that_each_class_is_spread_over_the_folds(labels: np.ndarray):
    folds = fold_of_each(labels.tolist(), range(len(labels)), "abc", seed=0)
    assert [np.bincount(folds[labels == 0]).tolist(), np.bincount(folds[labels == 1]).tolist()] == [
        [6] * 5,
        [4] * 5,
    ]
    assert len(set(folds[labels == 2])) == 2  # each of the two is judged by what the other one taught


def test_that_images_that_look_alike_are_judged_together(labels: np.ndarray):
    groups = [row // 3 for row in range(50)] + [98, 99]
    folds = fold_of_each(labels.tolist(), groups, "abc", seed=0)
    for group in set(groups):
        assert len({fold for fold, own in zip(folds, groups, strict=True) if own == group}) == 1


def test_that_a_class_of_one_image_is_named():
    with pytest.raises(BadInput, match="too few images to judge the labels: the class 'owl'"):
        fold_of_each([0, 0, 1], [0, 1, 2], ("cat", "owl"), seed=0)


def test_that_a_class_of_copies_of_one_image_is_named():
    with pytest.raises(BadInput, match="the class 'owl' has fewer than two different ones"):
        fold_of_each([0, 0, 1, 1], [0, 1, 2, 2], ("cat", "owl"), seed=0)


# Judging


def all_of(steps: Iterator[Event]) -> np.ndarray:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_that_labels_by_chance_cannot_be_told_by_a_model_that_did_not_see_them():
    """Of features this many, a model that saw the labels would give every one of them right."""
    rng = np.random.default_rng(0)
    chance = rng.integers(0, 2, 80)
    features = rng.normal(size=(80, 500)).astype(np.float32)
    folds = fold_of_each(chance.tolist(), range(80), "ab", seed=0)
    found = all_of(out_of_sample(features, chance, folds, 2, Control()))
    assert (found.argmax(axis=1) == chance).mean() < 0.7
    assert found.sum(axis=1) == pytest.approx(1)


def test_that_a_class_that_a_fold_lacks_gets_no_probability_there():
    truth = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    features = np.eye(3, dtype=np.float32)[truth]
    folds = np.array([0, 1, 2, 0, 1, 2, 0, 0])
    found = all_of(out_of_sample(features, truth, folds, 3, Control()))
    assert found[6, 2] == 0
    assert found[1].argmax() == 0


def test_that_a_label_is_doubted_where_another_class_is_far_likelier():
    truth = np.repeat([0, 1], 20)
    found = np.where(truth[:, None] == [0, 1], 0.9, 0.1)
    truth[3] = 1
    (doubt,) = doubts(truth, found)
    assert (doubt.row, doubt.suggested) == (3, 0)
    assert (doubt.given_confidence, doubt.suggested_confidence) == pytest.approx((0.1, 0.9))
