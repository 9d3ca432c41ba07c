"""Features of a frozen prefix, computed once and kept on disk between epochs and runs."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from tlstudio.data.rows import RowFile, RowStore

_LARGEST_HALF = 65_504.0


def weights_digest(tensors: Mapping[str, Tensor]) -> str:
    """A digest of what a network computes with: its tensors, by name; one changed bit changes it."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def as_kept(features: Tensor, dtype: str) -> Tensor:
    """Features in float32 as they are read once they were kept: the same, whether they were or not."""
    if dtype == "float16":
        return features.clamp(-_LARGEST_HALF, _LARGEST_HALF).half().float()
    return features


class KeptFeatures:
    """Features by row, as far as they were computed already.

    Attributes:
        given_up: why they are no longer kept, once the disk failed; "" as long as it works.
        damaged: whether what was kept had to be thrown away; it is made again.
    """

    def __init__(self, store: RowStore, key: str, rows: int, dtype: str) -> None:
        self.given_up = ""
        self.damaged = False
        self._store = store
        self._key = key
        self._rows = rows
        self._dtype = {"float32": "<f4", "float16": "<f2"}[dtype]
        self._file: RowFile | None = store.find(key, rows, self._dtype)

    def __contains__(self, row: int) -> bool:
        return self._file is not None and row in self._file

    def get(self, row: int) -> Tensor:
        """A row's features in float32.

        Raises:
            LookupError: they are not there, or were damaged.
        """
        if self._file is None or row not in self._file:
            raise LookupError(row)
        try:
            values = self._file.get(row).astype(np.float32, copy=False)
        except OSError as error:
            self.damaged = True
            self._file.discard()
            self._file = None
            raise LookupError(row) from error
        return torch.from_numpy(values)  # pyright: ignore[reportUnknownMemberType] - torch leaves it untyped

    def put(self, rows: Sequence[int], features: Tensor) -> None:
        """Keep ``features`` ``[N, ...]``, as they are kept, of these rows, or note why that is given up."""
        if self.given_up:
            return
        values = features.to("cpu", torch.float32).contiguous().numpy()
        try:
            if self._file is None:
                expected = self._rows * values[0].size * np.dtype(self._dtype).itemsize
                self._file = self._store.open(self._key, self._rows, self._dtype, expected)
            for row, one in zip(rows, values, strict=True):
                self._file.put(row, one)
        except OSError as error:
            self.given_up = error.strerror or str(error)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
