"""The curve of labels against accuracy: zero-shot, few shots, all of them, and the runs."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.images import image_folder
from tests.trained import one_thread, train_small
from tests.zeroshot.conftest import finish
from tlstudio.config import Corrections, DataConfig, RunConfig
from tlstudio.errors import BadInput
from tlstudio.evaluation.metrics import Estimate
from tlstudio.events import Control, Event, Notice
from tlstudio.training.setup import divided_catalogue
from tlstudio.zeroshot import few_shot
from tlstudio.zeroshot.events import Clip, Question
from tlstudio.zeroshot.few_shot import few_shots
from tlstudio.zeroshot.few_shot_events import (
    FewShotPoint,
    FewShotRequest,
    FewShotsBegun,
    FewShotsFinished,
    Method,
    TrainedPoint,
    curve,
    reading,
)

__all__ = ["one_thread"]


@pytest.fixture
def request_on(dataset: Path, tiny):
    model = tiny("tiny-vit")
    clip = Clip("tiny-vit", str(model.weights), "cpu")

    def make(root: Path = dataset, **more) -> FewShotRequest:
        given = {"shots": (1, 4), "seeds": 2, "question": Question(()), **more}
        return FewShotRequest(DataConfig(root=str(root)), clip=clip, **given)

    return make


def run(request: FewShotRequest) -> list[Event]:
    return list(few_shots(request, Control()))


def points(events: list[Event]) -> list[FewShotPoint]:
    return [event for event in events if isinstance(event, FewShotPoint)]


def test_that_each_method_learns_from_each_number_of_images_in_each_draw(request_on):
    events = run(request_on())
    found = [(one.method, one.shots, one.seed) for one in points(events)]
    learned = [(m, n, s) for n in (1, 4) for s in (0, 1) for m in ("tip-adapter", "linear-probe")]
    assert found == [("zero-shot", 0, 0), *learned, ("linear-probe", None, 0)]
    (begun,) = [event for event in events if isinstance(event, FewShotsBegun)]
    assert (begun.train, begun.val, begun.test, begun.points) == (24, 6, 6, len(found))
    assert [one.per_class for one in points(events)] == [0, 1, 1, 1, 1, 4, 4, 4, 4, 8]
    assert isinstance(events[-1], FewShotsFinished)


def test_that_the_images_are_those_that_a_run_with_as_few_would_draw(
    request_on, dataset: Path, monkeypatch: pytest.MonkeyPatch
):
    drawn: dict[tuple[int, int], set[str]] = {}
    rows_of = few_shot._Examples._drawn

    def noted(self, shots, seed):
        rows = rows_of(self, shots, seed)
        train = self._catalogue.of_split("train")
        drawn[shots, seed] = {train[row].path for row in rows}
        assert self.labels["train"][rows].tolist() == [train[row].label for row in rows]
        return rows

    monkeypatch.setattr(few_shot._Examples, "_drawn", noted)
    run(request_on())
    for (shots, seed), paths in drawn.items():
        data = DataConfig(root=str(dataset), per_class=shots, draw=seed)
        *_, catalogue = finish(divided_catalogue(RunConfig(data=data), Control()))
        assert paths == {image.path for image in catalogue.of_split("train")}
    for seed in (0, 1):
        assert drawn[1, seed] < drawn[4, seed]
    assert drawn[4, 0] != drawn[4, 1]


def test_that_the_division_is_taken_without_its_limit_of_images(request_on):
    request = request_on(shots=(1,), seeds=1)
    limited = request.data.model_copy(update={"per_class": 2})
    found = points(run(dataclasses.replace(request, data=limited)))
    assert found[-1].per_class == 8


def test_that_the_same_request_gives_the_same_points(request_on):
    def without_time(events: list[Event]) -> list[FewShotPoint]:
        return [dataclasses.replace(one, seconds=0) for one in points(events)]

    assert without_time(run(request_on())) == without_time(run(request_on()))


def test_that_test_images_have_no_say_in_what_is_chosen(request_on, monkeypatch: pytest.MonkeyPatch):
    before = points(run(request_on()))
    take = few_shot._Examples.take

    def shuffled(self, images, vectors):
        take(self, images, vectors)
        self.labels["test"] = np.random.default_rng(0).permutation(self.labels["test"])

    monkeypatch.setattr(few_shot._Examples, "take", shuffled)
    after = points(run(request_on()))
    assert [(one.chosen, one.val_top1) for one in after] == [(one.chosen, one.val_top1) for one in before]
    assert [one.top1 for one in after] != [one.top1 for one in before]


def test_that_a_class_with_fewer_images_gives_all_it_has_and_this_is_said(request_on, tmp_path: Path):
    root = image_folder(tmp_path / "discs", 12)
    for number in range(4, 12):
        (root / "red" / f"{number:02d}.png").unlink()
    events = run(request_on(root, shots=(1, 4, 16), seeds=1))
    notices = " ".join(event.text for event in events if isinstance(event, Notice))
    assert "red has 2 training images: all of them are taken" in notices
    assert "No class has more than 8 training images: 16 a class are all." in notices
    assert [one.shots for one in points(events)] == [0, 1, 1, 4, 4, None, None]
    assert points(events)[3].per_class == pytest.approx((4 + 4 + 2) / 3)


def test_that_runs_tested_on_the_same_images_are_points_of_the_curve(
    request_on, dataset: Path, home: Path, tmp_path: Path
):
    same = train_small(dataset, home / "runs" / "same", epochs=1)
    train_small(
        dataset, home / "runs" / "elsewhere", epochs=1, data=DataConfig(root=str(dataset), split_seed=7)
    )
    fewer = Corrections(without=tuple(f"red/{n:02d}.png" for n in range(12)))
    train_small(
        dataset, home / "runs" / "fewer", epochs=1, data=DataConfig(root=str(dataset), corrections=fewer)
    )
    found = [event for event in run(request_on(shots=(1,))) if isinstance(event, TrainedPoint)]
    assert [one.run for one in found] == [same]
    assert (found[0].per_class, found[0].strategy, found[0].arch) == (8, "feature-extraction", "resnet18")
    assert found[0].top1.low <= found[0].top1.value <= found[0].top1.high


def test_that_a_run_on_part_of_the_training_images_is_a_point_at_its_own_number(
    request_on, dataset: Path, home: Path
):
    run_path = train_small(dataset, home / "runs" / "some", epochs=1)
    split = (run_path / "split.json").read_text()
    data, about = json.loads(split), json.loads((run_path / "about.json").read_text())
    kept = [i for i in data["images"] if i["split"] != "train"]
    data["images"] = sorted(
        kept + [i for i in data["images"] if i["split"] == "train"][:6], key=lambda i: i["path"]
    )
    about["data_fingerprint"] = "another"
    (run_path / "split.json").write_text(json.dumps(data))
    (run_path / "about.json").write_text(json.dumps(about))
    (found,) = [event for event in run(request_on(shots=(1,))) if isinstance(event, TrainedPoint)]
    assert found.per_class == 2


def test_that_a_damaged_run_is_passed_over(request_on, dataset: Path, home: Path):
    damaged = train_small(dataset, home / "runs" / "one", epochs=1)
    (damaged / "about.json").write_text("{")
    assert not [event for event in run(request_on(shots=(1,))) if isinstance(event, TrainedPoint)]


@pytest.mark.parametrize(("more", "words"), [({"shots": (0, 1)}, "0, 1 cannot"), ({"seeds": 0}, "0 draws")])
def test_that_what_makes_no_sense_is_refused_before_anything_is_read(request_on, more, words):
    with pytest.raises(BadInput, match=words):
        next(few_shots(request_on(Path("nowhere"), **more), Control()))


def test_that_unreadable_splits_are_said(request_on, dataset: Path, tmp_path: Path):
    root = shutil.copytree(dataset, tmp_path / "discs")
    with pytest.raises(BadInput, match="Too few images"):
        for event in few_shots(request_on(root), Control()):
            if type(event).__name__ == "ClipReady":
                for path in root.rglob("*.png"):
                    path.unlink()


# Reading the curve


def point(method: Method, shots: int | None, top1: float, seed: int = 0, half: float = 0.02) -> FewShotPoint:
    per_class = 100.0 if shots is None else float(shots)
    estimate = Estimate(top1, top1 - half, top1 + half)
    return FewShotPoint(method, shots, per_class, seed, {}, top1, estimate, 0.1)


ZERO = point("zero-shot", 0, 0.7)


def test_that_a_curve_is_the_mean_of_its_draws():
    line = curve(
        [ZERO, point("tip-adapter", 4, 0.8), point("tip-adapter", 1, 0.5), point("tip-adapter", 1, 0.6, 1)],
        "tip-adapter",
    )
    assert [one.per_class for one in line] == [1, 4]
    assert line[0].top1.value == pytest.approx(0.55)
    assert line[0].draws == (0.5, 0.6)


def test_that_labels_pay_from_where_a_method_stays_ahead():
    found = [ZERO, *(point("linear-probe", n, v) for n, v in [(1, 0.72), (2, 0.6), (4, 0.8), (8, 0.9)])]
    assert reading(found, []) == ("Training overtakes zero-shot from 4 images a class (Linear probe).", "")


def test_that_overlapping_intervals_are_a_caution():
    words, caution = reading([ZERO, point("tip-adapter", 1, 0.72)], [])
    assert words == "Training overtakes zero-shot from 1 image a class (Tip-Adapter)."
    assert caution.startswith("At 1 image a class the intervals overlap")


def test_that_the_caution_ends_where_the_intervals_are_apart():
    found = [ZERO, *(point("tip-adapter", n, v) for n, v in [(1, 0.72), (2, 0.73), (4, 0.8)])]
    words, caution = reading(found, [])
    assert "from 1 image a class" in words
    assert caution.startswith("Below 4 images a class the intervals overlap")


def test_that_zero_shot_may_stay_ahead():
    words, caution = reading([ZERO, point("linear-probe", None, 0.5)], [])
    assert words == "Training does not overtake zero-shot with up to 100 images a class."
    assert caution == ""


def test_that_the_best_run_is_set_beside_zero_shot():
    runs = [
        TrainedPoint(Path("a"), "resnet18", "full", 40, Estimate(0.9, 0.85, 0.95), 3.0),
        TrainedPoint(Path("b"), "resnet18", "scratch", 40, Estimate(0.4, 0.3, 0.5), 3.0),
    ]
    words, _ = reading([ZERO, point("linear-probe", 4, 0.8)], runs)
    assert words.endswith(
        "The best trained run (resnet18, full) reaches 90.0 %, 20.0 points above zero-shot."
    )


def test_that_nothing_is_read_out_of_nothing():
    assert reading([], []) == ("", "")
