"""Python's search for garbage, and what is kept out of it."""

import gc
import weakref

import pytest

from tlstudio.garbage import making_many, put_aside, staying_live


class Knot:
    """Garbage that only a search finds, once nobody holds it."""

    def __init__(self) -> None:
        self.itself = self


def young() -> int:
    return sum(len(gc.get_objects(generation)) for generation in (0, 1))


def test_that_garbage_is_sought_again_once_many_objects_are_made_or_that_failed() -> None:
    with making_many(), making_many():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), making_many():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_that_many_new_objects_are_not_all_looked_through_afterwards() -> None:
    with making_many():
        made = [[number] for number in range(50_000)]
    assert young() < len(made)
    assert gc.get_freeze_count() == 0


def test_that_a_program_that_stays_live_never_looks_through_what_stays() -> None:
    with staying_live():
        before = gc.get_freeze_count()
        with making_many():
            made = [[number] for number in range(50_000)]
        assert gc.get_freeze_count() >= before + len(made)
        assert len(gc.get_objects()) < len(made)
    assert gc.get_freeze_count() == 0


def test_that_objects_made_little_by_little_are_put_aside_too() -> None:
    made = [[number] for number in range(50_000)]
    put_aside()
    assert young() < len(made)
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("while_many_are_made", [True, False])
def test_that_garbage_is_found_before_what_stays_is_put_aside(while_many_are_made: bool) -> None:
    with staying_live():
        knot = Knot()
        gone = weakref.ref(knot)
        del knot
        if while_many_are_made:
            with making_many():
                pass
        else:
            put_aside()
        assert gone() is None


def test_that_what_was_put_aside_is_freed_once_nothing_refers_to_it() -> None:
    with staying_live():
        with making_many():
            made = [weakref.WeakSet() for _ in range(100)]
        gone = weakref.ref(made[50])
        del made
        assert gone() is None
