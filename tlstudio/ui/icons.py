"""The icons: one family of line drawings on a 24 x 24 grid, stroke 1.75, taken in any colour."""

import functools
import importlib.resources
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

# Every size in which an icon appears, times one, one and a half, two and three for dense displays.
_PIXELS = (12, 16, 18, 20, 24, 28, 32, 36, 40, 48, 60, 64, 72, 96, 144)


@functools.cache
def names() -> tuple[str, ...]:
    """All icons, sorted."""
    files = importlib.resources.files("tlstudio.ui").joinpath("svg").iterdir()
    return tuple(sorted(file.name.removesuffix(".svg") for file in files if file.name.endswith(".svg")))


@functools.lru_cache(maxsize=256)
def icon(name: str, color: str, room: float = 0.0, disabled: str = "") -> QIcon:
    """The icon of that name, drawn in ``color``, and where given in another colour for what is disabled.

    ``room`` is left free at its right, in shares of its width.

    Raises:
        FileNotFoundError: there is no icon of that name.
    """
    drawn = QIcon()
    for mode, ink in ((QIcon.Mode.Normal, color), (QIcon.Mode.Disabled, disabled or color)):
        renderer = QSvgRenderer(QByteArray(svg(name, ink).encode()))
        for pixels in _PIXELS:
            drawn.addPixmap(_render(renderer, pixels, round(pixels * (1 + room))), mode)
    return drawn


def pixmap(name: str, color: str, size: int, ratio: float = 1.0) -> QPixmap:
    """The icon ``size`` device-independent pixels wide for a display of that pixel ratio."""
    return icon(name, color).pixmap(QSize(size, size), ratio)


def svg(name: str, color: str) -> str:
    """The drawing's text, in ``color``."""
    file = importlib.resources.files("tlstudio.ui").joinpath("svg", f"{name}.svg")
    return file.read_text("utf-8").replace("currentColor", color)


def write_svg(name: str, color: str, path: str) -> str:
    """Write the icon in ``color`` to a file, for a style sheet; return the path with forward slashes."""
    Path(path).write_text(svg(name, color), "utf-8")
    return Path(path).as_posix()


def _render(renderer: QSvgRenderer, pixels: int, width: int) -> QPixmap:
    drawn = QPixmap(width, pixels)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    return drawn
