"""Corrections as steps that are taken back and made again."""

from tlstudio.config import Corrections
from tlstudio.ui.history import History

NONE = Corrections()
ONE = Corrections(names={"cat": "cats"})
TWO = Corrections(names={"cat": "cats"}, without_classes=("dog",))
OTHER = Corrections(without=("dog/1.png",))


def made(*steps: Corrections) -> History:
    history = History()
    for step in steps:
        history.add(step)
    return history


def test_that_steps_are_taken_back_and_made_again_one_by_one() -> None:
    history = made(ONE, TWO)
    history.undo()
    assert history.current == ONE
    history.undo()
    history.undo()
    assert (history.current, history.can_undo) == (NONE, False)
    history.redo()
    history.redo()
    history.redo()
    assert (history.current, history.can_redo) == (TWO, False)


def test_that_another_step_takes_the_place_of_those_taken_back() -> None:
    history = made(ONE, TWO)
    history.undo()
    history.add(OTHER)
    assert not history.can_redo
    history.undo()
    assert history.current == ONE


def test_that_an_impossible_step_is_forgotten_with_all_after_it() -> None:
    history = made(ONE, TWO, OTHER)
    history.back_to(ONE)
    assert (history.current, history.can_undo, history.can_redo) == (ONE, True, False)
