"""Python's search for garbage, kept from stopping every thread: the window's too, whoever's it is.

A pass looks through all objects that may hold one another, and lets no other thread run meanwhile: half a
second with PyTorch loaded, a whole one with a hundred thousand images. What stays anyhow is best not looked
through at all.
"""

import contextlib
import gc
from collections.abc import Iterator

# As there is one search for all of the process; gc.get_freeze_count would count the objects, one by one.
_live = False


@contextlib.contextmanager
def staying_live() -> Iterator[None]:
    """What there is now stays, and so do the objects of :func:`making_many`: none is looked through again.

    They are still freed once nothing refers to them; only what refers to itself in a circle would not be.
    """
    global _live  # noqa: PLW0603
    gc.collect()
    gc.freeze()
    _live = True
    try:
        yield
    finally:
        _live = False
        gc.unfreeze()


@contextlib.contextmanager
def making_many() -> Iterator[None]:
    """While many objects are made that all stay, no garbage is sought, of which there is none.

    It would take longer than making them. In a program that stays live (see :func:`staying_live`) they are
    never looked through afterwards; in any other seldom.
    """
    was_on = gc.isenabled()
    if was_on:
        _sweep()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            _put_aside()
            gc.enable()


def put_aside() -> None:
    """As after :func:`making_many`, where many objects are made little by little, and some garbage too."""
    if gc.isenabled():
        _sweep()
        _put_aside()


def _sweep() -> None:
    if _live:
        gc.collect()  # or garbage would be put aside, too; there is little to look through


def _put_aside() -> None:
    """To those never looked through, or else to those seldom looked through: the next pass is at few."""
    gc.freeze()
    if not _live:
        gc.unfreeze()
