"""Features of a frozen prefix, computed once and kept on disk between epochs and runs."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from tlstudio.data.rows import RowFile, RowStore


def weights_digest(tensors: Mapping[str, Tensor]) -> str:
    """A digest of what a network computes with: its tensors, by name; one changed bit changes it."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


class KeptFeatures:
    """Features by row, as far as they were computed already.

    Attributes:
        given_up: why they are no longer kept, once the disk failed; "" as long as it works.
    """

    def __init__(self, store: RowStore, key: str, rows: int, dtype: str) -> None:
        self.given_up = ""
        self._store = store
        self._key = key
        self._rows = rows
        self._dtype = {"float32": "<f4", "float16": "<f2"}[dtype]
        self._file: RowFile | None = RowFile.kept(store.folder / f"{key}.rows", rows, self._dtype)

    def __contains__(self, row: int) -> bool:
        return self._file is not None and row in self._file

    def get(self, row: int) -> Tensor:
        """A row's features in float32; it must be there.

        Raises:
            OSError: the disk is gone.
        """
        assert self._file is not None
        values = self._file.get(row).astype(np.float32, copy=False)
        return torch.from_numpy(values)  # pyright: ignore[reportUnknownMemberType] - torch leaves it untyped

    def put(self, rows: Sequence[int], features: Tensor) -> None:
        """Keep ``features`` ``[N, ...]`` of these rows, or note why that is given up."""
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
