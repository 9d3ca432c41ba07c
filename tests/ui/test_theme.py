"""The look: two schemes, one family of icons, nothing hard to read."""

import re
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QApplication, QPushButton

import tlstudio.ui
from tlstudio.ui import icons
from tlstudio.ui.theme import DARK, LIGHT, Theme, Tokens

UI = Path(tlstudio.ui.__file__).parent


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG, from 1 to 21."""

    def luminance(name: str) -> float:
        parts = [value / 255 for value in QColor(name).getRgb()[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("ink", ["text", "quiet", "error_text", "warning"])
@pytest.mark.parametrize("ground", ["ground", "surface", "raised"])
def test_that_words_are_readable_on_every_ground(tokens: Tokens, ink: str, ground: str) -> None:
    assert contrast(getattr(tokens, ink), getattr(tokens, ground)) >= 4.5


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("wash", ["faint", "hover", "selected"])
def test_that_words_stay_readable_under_the_mouse_and_when_selected(tokens: Tokens, wash: str) -> None:
    assert contrast(tokens.text, getattr(tokens, wash)) >= 7
    assert contrast(tokens.quiet, getattr(tokens, wash)) >= 4.5


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
def test_that_the_main_button_is_readable(tokens: Tokens) -> None:
    assert contrast(tokens.on_accent, tokens.accent) >= 4.5
    assert contrast(tokens.on_accent, tokens.accent_hover) >= 4.5


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("curve", ["train", "val"])
def test_that_curves_stand_out(tokens: Tokens, curve: str) -> None:
    assert contrast(getattr(tokens, curve), tokens.surface) >= 3


def test_that_the_theme_changes_palette_and_sheet_and_says_so(
    theme: Theme, qapp: QApplication, qtbot
) -> None:
    assert qapp.palette().window().color() == QColor(LIGHT.ground)
    with qtbot.waitSignal(theme.changed):
        theme.set_scheme("dark")
    assert theme.tokens is DARK
    assert qapp.palette().window().color() == QColor(DARK.ground)
    assert DARK.accent in qapp.styleSheet()
    assert LIGHT.accent not in qapp.styleSheet()


def test_that_the_system_decides_unless_told_otherwise(theme: Theme) -> None:
    theme.set_scheme("system")
    system_is_dark = QApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
    assert theme.dark == system_is_dark


def test_that_an_unknown_scheme_is_passed_over(theme: Theme) -> None:
    theme.set_scheme("sepia")
    assert theme.scheme == "light"
    assert theme.tokens is LIGHT


def test_that_a_buttons_icon_follows_the_theme(theme: Theme, qtbot) -> None:
    button = QPushButton("Start")
    qtbot.addWidget(button)
    theme.set_icon(button, "play")
    before = button.icon().pixmap(16).toImage()
    theme.set_scheme("dark")
    assert button.icon().pixmap(16).toImage() != before


@pytest.mark.parametrize("name", icons.names())
def test_that_every_icon_is_of_the_family_and_draws_something(name: str, qapp: QApplication) -> None:
    text = icons.svg(name, "#123456")
    assert 'viewBox="0 0 24 24"' in text
    assert name.endswith("-bold") or name == "dot" or 'stroke-width="1.75"' in text
    assert re.findall("#[0-9a-fA-F]{6}", text) == ["#123456"] * text.count("#123456")
    image = icons.icon(name, "#123456").pixmap(48).toImage()
    inked = [
        image.pixelColor(x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).alpha() == 255
    ]
    assert QColor("#123456") in inked


def test_that_an_icon_is_drawn_anew_for_a_dense_display(qapp: QApplication) -> None:
    picture = icons.pixmap("data", "#000000", 24, ratio=2.0)
    assert (picture.width(), picture.devicePixelRatio()) == (48, 2.0)
    assert not QIcon(picture).isNull()


def test_that_colours_are_written_in_the_tokens_alone() -> None:
    colour = re.compile(r"""["']#[0-9a-fA-F]{3,8}["']|\b(?:rgba?|QColor)\(\s*["'\d]""")
    guilty = {
        str(path.relative_to(UI)): colour.findall(path.read_text("utf-8"))
        for path in UI.rglob("*.py")
        if path.name != "tokens.py" and colour.search(path.read_text("utf-8"))
    }
    assert guilty == {}
