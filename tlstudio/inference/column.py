"""One fact about each of many images, in the order in which they came."""

from typing import Any

import numpy as np
import numpy.typing as npt


class Column:
    """An array that grows at its end without being copied each time."""

    def __init__(self, dtype: npt.DTypeLike, width: int | None = None) -> None:
        self._width = width
        self._room = np.empty((0,) if width is None else (0, width), dtype)
        self._length = 0

    @property
    def values(self) -> npt.NDArray[Any]:
        """All that is there; appending later does not change it."""
        return self._room[: self._length]

    def append(self, values: npt.ArrayLike, expected: int = 0) -> None:
        """Where it is ``expected`` to get so long, it has to move only once."""
        more = np.asarray(values, self._room.dtype)
        length = self._length + len(more)
        if length > len(self._room):
            shape = (max(length, expected, 2 * self._length), *self._room.shape[1:])
            room = np.empty(shape, self._room.dtype)
            room[: self._length] = self.values
            self._room = room
        self._room[self._length : length] = more
        self._length = length

    def replace(self, values: npt.NDArray[Any]) -> None:
        self._room, self._length = values.astype(self._room.dtype, copy=False), len(values)
