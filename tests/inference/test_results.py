"""Results as a table: filtered, sorted and counted exactly, whatever comes and goes."""

from pathlib import Path

import numpy as np
import pytest

from tlstudio.inference.results import NONE, Order, ResultTable, Wanted
from tlstudio.zeroshot.events import Asked

CLASSES = ("cat", "dog", "bird")
# In order: surely a cat, hardly a dog, a bird before a cat, a cat before a dog.
SCORES = np.array([[0.9, 0.06, 0.04], [0.3, 0.4, 0.3], [0.2, 0.1, 0.7], [0.5, 0.45, 0.05]], np.float32)
PATHS = [Path("in") / name for name in ("d.png", "b.png", "C.png", "a.png")]


def asked(threshold: float = 0.0, classes: tuple[str, ...] = CLASSES) -> Asked:
    vectors = np.eye(len(classes), dtype=np.float32)
    return Asked(classes, vectors, vectors[:1], 100.0, None, False, threshold)


def vectors(count: int) -> np.ndarray:
    return np.arange(2 * count, dtype=np.float32).reshape(count, 2)


@pytest.fixture
def table() -> ResultTable:
    table = ResultTable()
    table.add(PATHS)
    table.take(PATHS[:2], vectors(4)[:2], SCORES[:2], asked())
    table.take(PATHS[2:], vectors(4)[2:], SCORES[2:], asked())
    return table


def shown(table: ResultTable, **wanted: object) -> list[str]:
    return [table.paths[row].name for row in table.rows(Wanted(**wanted)).tolist()]  # type: ignore[arg-type]


def test_that_batches_follow_one_another(table: ResultTable) -> None:
    assert table.embedded == PATHS
    assert np.array_equal(table.vectors, vectors(4))
    assert np.array_equal(table.scores, SCORES)


def test_that_an_image_is_there_once(table: ResultTable) -> None:
    assert table.add([PATHS[0], Path("new.png"), Path("new.png")]) == 1
    table.take([PATHS[0]], vectors(1), SCORES[:1], asked())
    assert (len(table), len(table.vectors)) == (5, 4)
    assert table.waiting == [Path("new.png")]


@pytest.mark.parametrize(
    ("order", "backwards", "names"),
    [
        (Order.ADDED, False, ["d.png", "b.png", "C.png", "a.png"]),
        (Order.ADDED, True, ["a.png", "C.png", "b.png", "d.png"]),
        (Order.NAME, False, ["a.png", "b.png", "C.png", "d.png"]),
        (Order.CONFIDENCE, False, ["d.png", "C.png", "a.png", "b.png"]),
        (Order.CONFIDENCE, True, ["b.png", "a.png", "C.png", "d.png"]),
        (Order.MARGIN, False, ["a.png", "b.png", "C.png", "d.png"]),  # 0.05, 0.1, 0.5, 0.84
        (Order.ENTROPY, False, ["b.png", "a.png", "C.png", "d.png"]),  # 1.09, 0.86, 0.80, 0.39 nats
    ],
)
def test_that_images_are_sorted(table: ResultTable, order: Order, backwards: bool, names: list[str]) -> None:
    assert shown(table, order=order, backwards=backwards) == names


@pytest.mark.parametrize("backwards", [False, True])
def test_that_images_without_scores_come_last(table: ResultTable, backwards: bool) -> None:
    table.add([Path("new.png")])
    assert shown(table, order=Order.CONFIDENCE, backwards=backwards)[-1] == "new.png"


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"label": 0}, ["d.png", "a.png"]),
        ({"label": 2}, ["C.png"]),
        ({"least": 0.5}, ["d.png", "C.png", "a.png"]),
        ({"least": 0.45, "most": 0.8}, ["C.png", "a.png"]),
        ({"text": "c.PNG"}, ["C.png"]),
        ({"text": " b."}, ["b.png"]),
        ({"text": "nowhere"}, []),
        ({"problems": True}, []),
    ],
)
def test_that_images_are_filtered(table: ResultTable, wanted: dict[str, object], names: list[str]) -> None:
    assert shown(table, **wanted) == names


def test_that_below_the_threshold_an_image_shows_none(table: ResultTable) -> None:
    assert table.rescore(SCORES, asked(threshold=0.6))
    won, none = table.counts()
    assert (won.tolist(), none) == ([1, 0, 1], 2)
    assert shown(table, label=NONE) == ["b.png", "a.png"]
    assert [table.winner(row) for row in range(4)] == [0, NONE, 2, NONE]


def test_that_the_first_classes_come_with_their_scores(table: ResultTable) -> None:
    best = table.top(2, 2)
    assert [name for name, _ in best] == ["bird", "cat"]
    assert [share for _, share in best] == pytest.approx([0.7, 0.2])
    assert len(table.top(0, 9)) == 3
    assert table.margin(3) == pytest.approx(0.05)


def test_that_an_unread_image_is_a_problem_with_its_reason(table: ResultTable) -> None:
    bad = Path("bad.png")
    table.add([bad])
    table.fail(bad, "truncated")
    table.fail(Path("gone.png"), "truncated")
    assert shown(table, problems=True) == ["bad.png"]
    assert (table.problems(), table.reason(4), table.waiting) == (1, "truncated", [])


def test_that_a_file_that_was_mended_is_no_problem_any_more(table: ResultTable) -> None:
    bad = Path("bad.png")
    table.add([bad])
    table.fail(bad, "truncated")
    table.take([bad], vectors(1), SCORES[:1], asked())
    assert (table.problems(), table.top(4, 1)[0][0]) == (0, "cat")


def test_that_what_is_taken_out_leaves_the_others_as_they_were(table: ResultTable) -> None:
    kept = table.ids[[1, 3]].tolist()
    table.remove([0, 2])
    assert table.paths == [PATHS[1], PATHS[3]]
    assert table.embedded == [PATHS[1], PATHS[3]]
    assert np.array_equal(table.scores, SCORES[[1, 3]])
    assert np.array_equal(table.vectors, vectors(4)[[1, 3]])
    assert table.ids.tolist() == kept
    assert shown(table, order=Order.CONFIDENCE) == ["a.png", "b.png"]
    assert table.row_of(PATHS[3]) == 1


def test_that_images_taken_out_meanwhile_are_left_out_of_a_batch() -> None:
    table = ResultTable()
    table.add(PATHS)
    table.remove([1])
    table.take(PATHS, vectors(4), SCORES, asked())
    assert table.embedded == [PATHS[0], *PATHS[2:]]
    assert np.array_equal(table.vectors, vectors(4)[[0, 2, 3]])


def test_that_another_question_replaces_all_scores(table: ResultTable) -> None:
    other = np.array([[0.2, 0.8], [0.6, 0.4], [0.5, 0.5], [1, 0]], np.float32)
    assert table.rescore(other, asked(classes=("day", "night")))
    assert table.classes == ("day", "night")
    assert table.counts()[0].tolist() == [3, 1]


def test_that_scores_of_other_images_are_refused(table: ResultTable) -> None:
    assert not table.rescore(SCORES[:3], asked())
    assert np.array_equal(table.scores, SCORES)


def test_that_one_class_alone_has_no_runner_up() -> None:
    table = ResultTable()
    table.add(PATHS[:2])
    one = np.array([[0.9], [0.2]], np.float32)
    table.take(PATHS[:2], vectors(2), one, asked(0.5, ("cat",)))
    assert table.margin(0) == pytest.approx(0.9)
    assert [table.winner(row) for row in range(2)] == [0, NONE]


def test_that_forgetting_keeps_the_images(table: ResultTable) -> None:
    table.forget()
    assert table.waiting == PATHS
    assert table.vectors.size == table.scores.size == 0
    assert table.rows(Wanted(order=Order.ENTROPY)).tolist() == [0, 1, 2, 3]


def test_that_answers_keep_the_order_that_was_asked_for(table: ResultTable) -> None:
    table.add([Path("bad.png"), Path("new.png")])
    table.fail(Path("bad.png"), "truncated")
    answers = table.answers(np.array([5, 2, 4, 0]))
    assert answers is not None
    assert answers.paths == (PATHS[2], PATHS[0])
    assert answers.unread == ((Path("bad.png"), "truncated"),)
    assert answers.labels().tolist() == [2, 0]


def test_that_images_are_ordered_by_how_mixed_they_are_whatever_came_and_went(table: ResultTable) -> None:
    assert shown(table, order=Order.ENTROPY) == ["b.png", "a.png", "C.png", "d.png"]
    table.rescore(SCORES[::-1].copy(), asked())
    assert shown(table, order=Order.ENTROPY) == ["C.png", "d.png", "b.png", "a.png"]
    table.remove([0])
    table.add([Path("new.png")])
    table.take([Path("new.png")], vectors(1), np.full((1, 3), 1 / 3, np.float32), asked())
    assert shown(table, order=Order.ENTROPY) == ["new.png", "C.png", "b.png", "a.png"]


def test_that_a_model_without_vectors_gives_scores_alone() -> None:
    table = ResultTable()
    table.add(PATHS)
    table.take(PATHS, None, SCORES, asked())
    assert np.array_equal(table.scores, SCORES)
    assert table.vectors.size == 0
    table.remove([1])
    assert np.array_equal(table.scores, SCORES[[0, 2, 3]])
