"""Images decoded and resized once, for all epochs and views of them."""

import hashlib
import threading
from collections.abc import Sequence

import numpy as np
from PIL import Image

from tlstudio.data.catalogue import SPLITS, Catalogue, ImageRecord, Split
from tlstudio.data.decode import read_content, read_image
from tlstudio.data.rows import RowFile, RowStore, key_of
from tlstudio.data.transforms import View
from tlstudio.errors import BadInput, UnreadableImage

_WAY_OUT = "Put the image back and resume the run, or train anew."


class Pictures:
    """Images by their place in a list, upright, in RGB, with the shorter side that a view resizes to.

    The first time, each is decoded from its file; with a ``store`` it is read from there later, in other runs
    on the same images too. May be used from several threads.

    Attributes:
        given_up: why the store is no longer used, once it failed; "" as long as it works.
        damaged: whether what was kept had to be thrown away; it is made again.
    """

    def __init__(
        self, catalogue: Catalogue, images: Sequence[ImageRecord], view: View, store: RowStore | None = None
    ) -> None:
        self.given_up = ""
        self.damaged = False
        self._catalogue = catalogue
        self._images = images
        self._view = view
        self._store = store
        self._rows: RowFile | None = None
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, row: int) -> Image.Image:
        """
        Raises:
            BadInput: the file was changed since it was looked at first.
            UnreadableImage: it is gone, or cannot be read.
        """
        rows = self._opened()
        if rows is not None and row in rows:
            try:
                return Image.fromarray(rows.get(row))
            except OSError:
                self._drop(rows)
                rows = self._opened()
        image = self._view.resized(self._decoded(self._images[row]))
        if rows is not None and not self.given_up:
            try:
                rows.put(row, np.asarray(image))
            except OSError as error:
                self.given_up = error.strerror or str(error)
        return image

    def close(self) -> None:
        with self._lock:
            if self._rows is not None:
                self._rows.close()
                self._rows = None
            self._store = None

    def _decoded(self, image: ImageRecord) -> Image.Image:
        path = self._catalogue.file(image)
        if not image.digest:
            return read_image(path, self._view.resize)
        try:
            content = read_content(path)
        except UnreadableImage as error:
            error.hint = _WAY_OUT  # without it the run cannot go on
            raise
        if hashlib.sha256(content).hexdigest() != image.digest:
            raise BadInput(f"{path} was changed since the run began.", _WAY_OUT)
        return read_image(path, self._view.resize, content)

    def _opened(self) -> RowFile | None:
        """The rows of these images, if they are known by their content and there is room."""
        with self._lock:
            if self._rows is None and self._store is not None and not self.given_up:
                if not all(image.digest for image in self._images):
                    self._store = None
                    return None
                digests = hashlib.sha256("".join(image.digest for image in self._images).encode()).hexdigest()
                key = key_of("images", digests, self._view.resize, self._view.interpolation)
                try:
                    self._rows = self._store.open(key, len(self._images), "|u1", self._expected())
                except OSError as error:
                    self.given_up = error.strerror or str(error)
            return self._rows

    def _expected(self) -> int:
        """Bytes, from the sizes of the images."""
        sizes = (self._view.resized_size(image.width, image.height) for image in self._images)
        return sum(3 * width * height for width, height in sizes)

    def _drop(self, rows: RowFile) -> None:
        with self._lock:
            if self._rows is rows:  # no other thread was faster
                self._rows = None
                if not rows.closed:
                    self.damaged = True
                    rows.discard()


class Gallery:
    """The pictures of each split of a catalogue."""

    def __init__(self, catalogue: Catalogue, view: View, store: RowStore | None = None) -> None:
        self._splits = {
            split: Pictures(catalogue, catalogue.of_split(split), view, store) for split in SPLITS
        }

    def of(self, split: Split) -> Pictures:
        return self._splits[split]

    def close(self) -> None:
        for pictures in self._splits.values():
            pictures.close()
