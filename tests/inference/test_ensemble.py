"""Several models that answer together: the arithmetic by hand, classes by name, the gain on validation."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.trained import finished_run, one_thread
from tlstudio.errors import BadInput
from tlstudio.events import Control, Event, Notice
from tlstudio.inference.ensemble import accuracy_of, combined, measure_ensemble, order_of
from tlstudio.inference.events import (
    Combine,
    EnsembleMeasured,
    EnsembleNotMeasured,
    ImagesPredicted,
    Member,
    ModelsReady,
    PredictRequest,
)
from tlstudio.inference.predict import predict_in_batches

__all__ = ["finished_run", "one_thread"]

FIRST = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3]], np.float32)
SECOND = np.array([[0.1, 0.8, 0.1], [0.1, 0.6, 0.3]], np.float32)
THIRD = np.array([[0.5, 0.1, 0.4], [0.0, 0.1, 0.9]], np.float32)


def test_that_the_mean_is_that_of_the_probabilities() -> None:
    expected = (FIRST + SECOND + THIRD) / 3
    np.testing.assert_allclose(combined([FIRST, SECOND, THIRD], Combine.MEAN), expected, atol=1e-7)


def test_that_members_weigh_as_much_as_their_accuracy() -> None:
    expected = (0.9 * FIRST + 0.3 * SECOND) / 1.2
    found = combined([FIRST, SECOND], Combine.WEIGHTED, [0.9, 0.3])
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_that_members_that_were_never_right_weigh_the_same() -> None:
    found = combined([FIRST, SECOND], Combine.WEIGHTED, [0.0, 0.0])
    np.testing.assert_allclose(found, (FIRST + SECOND) / 2, atol=1e-7)


def test_that_the_class_with_most_votes_wins_against_a_higher_mean() -> None:
    votes = combined([FIRST, SECOND, THIRD], Combine.VOTE)
    mean = combined([FIRST, SECOND, THIRD], Combine.MEAN)
    assert votes.argmax(axis=1).tolist() == [0, 1]  # two of three
    assert mean[1].argmax() == 2  # where one member is all but certain
    np.testing.assert_allclose(votes[0], [2 / 3, 1 / 3, 0], atol=1e-3)
    np.testing.assert_allclose(votes.sum(axis=1), 1, atol=1e-6)


def test_that_probabilities_decide_a_tie_of_votes() -> None:
    votes = combined([FIRST, SECOND], Combine.VOTE)
    assert votes[0].argmax() == 1  # 0.6 and 0.1 against 0.3 and 0.8
    assert abs(votes[0, 0] - votes[0, 1]) < 1e-3


def test_that_classes_are_found_by_name() -> None:
    assert order_of(("red", "blue", "green"), ("blue", "green", "red"), "a", "b").tolist() == [1, 2, 0]


def test_that_other_classes_are_refused_by_their_names() -> None:
    with pytest.raises(BadInput, match=r"a and b know different classes: .*“cat”, “dog”"):
        order_of(("dog", "fox"), ("cat", "fox"), "a", "b")


@pytest.fixture
def turned(finished_run: Path, tmp_path: Path) -> Path:
    """The same run, its classes listed the other way round and its last layer with them."""
    import safetensors.torch
    import torch

    copy = tmp_path / "turned"
    shutil.copytree(finished_run, copy)
    shutil.rmtree(copy / "outcomes", ignore_errors=True)
    about = json.loads((copy / "about.json").read_text())
    about["classes"] = about["classes"][::-1]
    (copy / "about.json").write_text(json.dumps(about))
    split = json.loads((copy / "split.json").read_text())
    last = len(split["classes"]) - 1
    split["classes"] = split["classes"][::-1]
    for image in split["images"]:
        image["label"] = last - image["label"]
    (copy / "split.json").write_text(json.dumps(split))
    for file in (copy / "checkpoints").iterdir():
        content = torch.load(file, weights_only=True)
        for name in ("fc.weight", "fc.bias"):
            content["tensors"][name] = content["tensors"][name].flip(0)
        torch.save(content, file)
    assert "fc.weight" not in safetensors.torch.load_file(copy / "frozen.safetensors")
    return copy


def predicted(
    *members: Member, images: Path, combine: Combine = Combine.MEAN
) -> tuple[ModelsReady, np.ndarray]:
    events = list(predict_in_batches(PredictRequest((images,), members, combine), Control()))
    ready = next(event for event in events if isinstance(event, ModelsReady))
    return ready, np.concatenate([event.scores for event in events if isinstance(event, ImagesPredicted)])


def test_that_members_with_their_classes_in_another_order_agree(
    finished_run: Path, turned: Path, dataset: Path
) -> None:
    ready, alone = predicted(Member(str(finished_run)), images=dataset)
    other, both = predicted(Member(str(finished_run)), Member(str(turned)), images=dataset)
    assert other.classes == ready.classes == ("blue", "green", "red")
    np.testing.assert_allclose(both, alone, atol=1e-6)


@pytest.mark.parametrize("combine", list(Combine))
def test_that_images_are_answered_as_the_arithmetic_says(
    finished_run: Path, dataset: Path, combine: Combine
) -> None:
    members = [Member(str(finished_run), epoch) for epoch in (1, 2)]
    each = [predicted(member, images=dataset)[1] for member in members]
    accuracies = [accuracy_of(member) for member in members]
    _, together = predicted(*members, images=dataset, combine=combine)
    np.testing.assert_allclose(together, combined(each, combine, accuracies), atol=1e-5)


def measured(*members: Member) -> list[Event]:
    return list(measure_ensemble(members, Control()))


def test_that_the_gain_is_counted_on_the_validation_images(finished_run: Path, turned: Path) -> None:
    *_, told = measured(Member(str(finished_run), 1), Member(str(turned), 2))
    assert isinstance(told, EnsembleMeasured)
    split = json.loads((finished_run / "split.json").read_text())
    images = [image for image in split["images"] if image["split"] == "val"]
    assert told.images == len(images)
    root, classes = Path(split["root"]), split["classes"]
    each = []
    for epoch in (1, 2):
        request = PredictRequest(
            tuple(root / image["path"] for image in images), (Member(str(finished_run), epoch),)
        )
        events = predict_in_batches(request, Control())
        each.append(np.concatenate([one.scores for one in events if isinstance(one, ImagesPredicted)]))
    labels = np.array([image["label"] for image in images])
    alone = [(one.argmax(axis=1) == labels).mean() for one in each]
    assert [member.top1 for member in told.members] == pytest.approx(alone)
    assert [member.epoch for member in told.members] == [1, 2]
    together = (((each[0] + each[1]) / 2).argmax(axis=1) == labels).mean()
    assert told.way(Combine.MEAN).top1 == pytest.approx(together)
    assert told.way(Combine.MEAN).gain == pytest.approx(together - max(alone))
    assert told.best == int(np.argmax(alone))
    assert classes == ["blue", "green", "red"]


def change_split(run: Path, before: str, after: str, left: int = 0) -> None:
    split = json.loads((run / "split.json").read_text())
    images = [image for image in split["images"] if image["split"] == before]
    for image in images[left:]:
        image["split"] = after
    (run / "split.json").write_text(json.dumps(split))


def test_that_only_images_that_all_have_for_validation_count(finished_run: Path, turned: Path) -> None:
    change_split(turned, "val", "train", left=2)
    told = measured(Member(str(finished_run)), Member(str(turned)))
    assert [event.images for event in told if isinstance(event, EnsembleMeasured)] == [2]
    assert any(isinstance(event, Notice) and "2 images that all of them" in event.text for event in told)


def test_that_runs_without_a_common_validation_image_are_not_measured(
    finished_run: Path, turned: Path
) -> None:
    change_split(turned, "val", "none")
    change_split(turned, "test", "val")
    change_split(turned, "train", "test", left=4)
    *_, told = measured(Member(str(finished_run)), Member(str(turned)))
    assert isinstance(told, EnsembleNotMeasured)
    assert "no validation image in common" in told.reason


def test_that_a_run_and_a_network_of_1000_classes_are_no_ensemble(finished_run: Path, dataset: Path) -> None:
    members = Member(str(finished_run)), Member("efficientnet_lite0", weights="bundled")
    with pytest.raises(BadInput, match="efficientnet_lite0 and run know different classes"):
        predicted(*members, images=dataset)


def test_that_a_network_as_it_is_cannot_be_weighed(dataset: Path) -> None:
    members = Member("efficientnet_lite0", weights="bundled"), Member("resnet18")
    with pytest.raises(BadInput, match="as it is was validated on none of your images"):
        predicted(*members, images=dataset, combine=Combine.WEIGHTED)


def test_that_a_model_cannot_be_in_an_ensemble_twice(finished_run: Path, dataset: Path) -> None:
    member = Member(str(finished_run))
    with pytest.raises(BadInput, match="twice"):
        predicted(member, dataclasses.replace(member), images=dataset)
