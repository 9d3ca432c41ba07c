"""The look as plain data: distances, sizes and colours. Read them through theme.py."""

import dataclasses
from enum import IntEnum


class Space(IntEnum):
    """Distances, in device-independent pixels."""

    XS = 4
    S = 8
    M = 12
    L = 16
    XL = 24
    XXL = 32


SPACE = tuple(Space)


class Radius(IntEnum):
    CONTROL = 6
    CARD = 10


class Type(IntEnum):
    """Sizes of type, in device-independent pixels."""

    CAPTION = 11
    BODY = 13
    LEAD = 15
    SECTION = 20
    TITLE = 28


class Size(IntEnum):
    """Widths and heights that more than one widget shares."""

    LINE = 1
    FOCUS = 2
    ICON_SMALL = 16
    ICON = 20
    ICON_LARGE = 48
    CONTROL = 32
    RAIL = 88
    RAIL_ITEM = 64
    STRIP = 44
    THUMBNAIL = 160
    BAR = 8
    CELL = 124  # about the width of a thumbnail in the grid
    ROW = 30
    ROW_TWO_LINES = 44
    PREVIEW = 240
    AXIS = 48
    FIELD = 104  # a number to be typed
    SIDE = 300  # a column of settings or of classes
    READING = 720  # the widest a line of prose gets


@dataclasses.dataclass(frozen=True)
class Tokens:
    """The colours of one scheme, as ``#rrggbb`` or ``rgba()`` where they lie over others.

    ``frozen``, ``tuned``, ``new``, ``train``, ``val`` and ``test`` carry meaning and are always doubled by an
    icon or a word. ``others`` are for runs compared with one another, in order.
    """

    scheme: str
    ground: str
    surface: str
    raised: str
    line: str
    text: str
    quiet: str
    accent: str
    on_accent: str
    accent_hover: str
    hover: str
    pressed: str
    selected: str
    faint: str  # a wash over the ground: placeholders, empty bars
    control_line: str
    frozen: str
    tuned: str
    new: str
    warning: str
    error: str
    error_text: str
    train: str
    val: str
    test: str
    others: tuple[str, ...]


DARK = Tokens(
    scheme="dark",
    ground="#14161A",
    surface="#1C1F25",
    raised="#242831",
    line="#313641",
    text="#E8EAED",
    quiet="#9CA5B1",
    accent="#6C8CFF",
    on_accent="#0E1118",
    accent_hover="#86A1FF",
    hover="#2B303A",
    pressed="#343A46",
    selected="#2A3454",
    faint="#262A32",
    control_line="#454C59",
    frozen="#56B4E9",
    tuned="#E69F00",
    new="#009E73",
    warning="#F0E442",
    error="#D55E00",
    error_text="#F0863A",
    train="#56B4E9",
    val="#E69F00",
    test="#CC79A7",
    others=("#009E73", "#F0E442", "#0072B2", "#D55E00", "#E8EAED"),
)

LIGHT = Tokens(
    scheme="light",
    ground="#F6F7F9",
    surface="#FFFFFF",
    raised="#FFFFFF",
    line="#DFE3E8",
    text="#1A1D21",
    quiet="#56606C",
    accent="#3355DD",
    on_accent="#FFFFFF",
    accent_hover="#2847C2",
    hover="#EEF0F4",
    pressed="#E3E7ED",
    selected="#E1E7FB",
    faint="#EBEEF2",
    control_line="#C3CAD3",
    frozen="#56B4E9",
    tuned="#E69F00",
    new="#009E73",
    warning="#8A6D00",
    error="#D55E00",
    error_text="#AD4A00",
    train="#0072B2",
    val="#D55E00",
    test="#CC79A7",
    others=("#009E73", "#E69F00", "#56B4E9", "#8A6D00", "#1A1D21"),
)
