"""The steps in which a person corrected a folder, to be taken back and made again."""

from tlstudio.config import Corrections

_KEPT = 200


class History:
    """Corrections one after the other, and which of them are in force.

    Attributes:
        current: those in force.
    """

    def __init__(self, first: Corrections | None = None) -> None:
        self._steps = [first or Corrections()]
        self._place = 0

    @property
    def current(self) -> Corrections:
        return self._steps[self._place]

    @property
    def can_undo(self) -> bool:
        return self._place > 0

    @property
    def can_redo(self) -> bool:
        return self._place < len(self._steps) - 1

    def add(self, corrections: Corrections) -> None:
        """Another step; those that were taken back are no more."""
        self._steps = [*self._steps[: self._place + 1], corrections][-_KEPT:]
        self._place = len(self._steps) - 1

    def undo(self) -> None:
        self._place = max(0, self._place - 1)

    def redo(self) -> None:
        self._place = min(len(self._steps) - 1, self._place + 1)

    def back_to(self, corrections: Corrections) -> None:
        """What came after these turned out to be impossible."""
        places = [place for place, step in enumerate(self._steps) if step == corrections]
        if places:
            self._place = places[-1]
            del self._steps[self._place + 1 :]
