"""An image with a heat map over it."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtGui import QImage, QPixmap

from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.picture_canvas import PictureCanvas

_COLOURS = "inferno"


class HeatCanvas(PictureCanvas):
    """The warmer a place, the more its colour covers of the image; cold places leave it as it is."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name)
        self._seen: npt.NDArray[np.uint8] | None = None
        self._heat: npt.NDArray[np.float32] | None = None
        self._opacity = 0.6

    def show_heat(self, seen: npt.NDArray[np.uint8], heat: npt.NDArray[np.float32]) -> None:
        """``seen`` is 8-bit RGB, shape (height, width, 3), ``heat`` 0 to 1, shape (height, width)."""
        self._seen, self._heat = seen, heat
        self._blend()

    def set_opacity(self, opacity: float) -> None:
        """How much the warmest place covers, 0 to 1."""
        self._opacity = opacity
        self._blend()

    def clear(self) -> None:
        self._seen = self._heat = None
        self.show_picture(None)

    def _blend(self) -> None:
        if self._seen is None or self._heat is None:
            return
        colour_map: Any = pg.colormap.get(_COLOURS)
        table = colour_map.getLookupTable(nPts=256)[:, :3].astype(np.float32)
        colours = table[(self._heat * 255).astype(np.uint8)]
        share = (self._opacity * self._heat)[..., None]
        mixed = np.ascontiguousarray((self._seen * (1 - share) + colours * share).round().astype(np.uint8))
        height, width = mixed.shape[:2]
        image = QImage(mixed.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
        self.show_picture(QPixmap.fromImage(image))
