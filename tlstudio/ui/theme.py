"""The look, applied: palette, style sheet and icons in the scheme in force.

The tokens themselves are in tokens.py and the rules of the style sheet in style_sheet.py; nothing else in the
window holds a colour or a size.
"""

from PySide6.QtCore import QObject, QSize, Qt, QTemporaryDir, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QPalette
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QStyleFactory, QWidget

from tlstudio.ui import style_sheet
from tlstudio.ui.icons import icon, write_svg
from tlstudio.ui.tokens import DARK, LIGHT, SPACE, Radius, Size, Space, Tokens, Type

__all__ = [
    "DARK",
    "LIGHT",
    "SCHEMES",
    "SPACE",
    "Radius",
    "Size",
    "Space",
    "Theme",
    "Tokens",
    "Type",
    "number_font",
    "restyle",
    "with_role",
]

SCHEMES = ("system", "light", "dark")


class Theme(QObject):
    """The scheme in force, applied to the whole application; follows the system unless told otherwise.

    Attributes:
        tokens: the colours in force.
        scheme: what was asked for: "system", "light" or "dark".

    Signals:
        changed: other colours are in force; whatever paints or plots by itself does it anew.
    """

    changed = Signal()

    def __init__(self, application: QApplication, scheme: str = "system") -> None:
        super().__init__(application)
        self._application = application
        self._images = QTemporaryDir()
        self._scheme = scheme if scheme in SCHEMES else "system"
        self._tokens: Tokens | None = None
        application.setStyle(QStyleFactory.create("Fusion"))
        application.setFont(_font())
        application.styleHints().colorSchemeChanged.connect(self._follow)
        self._apply()

    @property
    def tokens(self) -> Tokens:
        return self._tokens or LIGHT

    @property
    def scheme(self) -> str:
        return self._scheme

    @property
    def dark(self) -> bool:
        return self.tokens.scheme == "dark"

    def set_scheme(self, scheme: str) -> None:
        """ "system", "light" or "dark"."""
        if scheme in SCHEMES and scheme != self._scheme:
            self._scheme = scheme
            self._apply()

    def color(self, name: str) -> QColor:
        """The token of that name as a colour to paint with."""
        return QColor(getattr(self.tokens, name))

    def tint(self, name: str, opacity: float) -> QColor:
        """The token of that name, seen through."""
        color = self.color(name)
        color.setAlphaF(opacity)
        return color

    def set_icon(self, button: QAbstractButton, name: str, token: str = "text") -> None:
        """Give ``button`` an icon that keeps to the theme for as long as the button lives."""
        for old in button.findChildren(_ThemedIcon, options=Qt.FindChildOption.FindDirectChildrenOnly):
            old.setParent(None)
            old.deleteLater()
        _ThemedIcon(button, self, name, token)

    def _apply(self) -> None:
        tokens = DARK if self._wants_dark() else LIGHT
        if tokens is self._tokens:
            return
        self._tokens = tokens
        self._application.setPalette(_palette(tokens))
        self._application.setStyleSheet(style_sheet.build(tokens, self._write_images(tokens)))
        self.changed.emit()

    def _wants_dark(self) -> bool:
        if self._scheme == "system":
            return self._application.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self._scheme == "dark"

    @Slot()
    def _follow(self) -> None:
        self._apply()

    def _write_images(self, tokens: Tokens) -> dict[str, str]:
        """Style sheets take images from files alone: the few they need, in the colours of ``tokens``."""
        wanted = {
            "down": ("chevron-down", tokens.quiet),
            "up": ("chevron-up", tokens.quiet),
            "right": ("chevron", tokens.quiet),
            "check": ("check-bold", tokens.on_accent),
            "some": ("minus-bold", tokens.on_accent),
            "dot": ("dot", tokens.on_accent),
        }
        return {
            key: write_svg(name, color, self._images.filePath(f"{key}-{tokens.scheme}.svg"))
            for key, (name, color) in wanted.items()
        }


class _ThemedIcon(QObject):
    """Lives as long as its button and gives it the icon anew with each theme."""

    def __init__(self, button: QAbstractButton, theme: Theme, name: str, token: str) -> None:
        super().__init__(button)
        self._button, self._theme, self._name, self._token = button, theme, name, token
        theme.changed.connect(self._paint)
        self._paint()

    @Slot()
    def _paint(self) -> None:
        # Qt leaves next to nothing between an icon and its word.
        room = Space.XS if self._button.text() else 0
        color = getattr(self._theme.tokens, self._token)
        quiet = self._theme.tokens.quiet
        self._button.setIcon(icon(self._name, color, room / Size.ICON_SMALL, quiet))
        self._button.setIconSize(QSize(Size.ICON_SMALL + room, Size.ICON_SMALL))


def with_role(label: QLabel, role: str) -> QLabel:
    """``label`` styled as "title", "section", "lead", "caption", "quiet", "number" or "error"."""
    label.setProperty("role", role)
    return label


def restyle(widget: QWidget) -> None:
    """Look at the widget's dynamic properties again: style sheets do not notice when they change."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def number_font() -> QFont:
    """The application's font with figures of equal width."""
    font = QFont(QApplication.font())
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def _font() -> QFont:
    """The system's own face; where that is a fallback face, a better one if there is one."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    if QFontInfo(font).family() in ("DejaVu Sans", "Sans Serif", "Sans", "Bitstream Vera Sans"):
        families = set(QFontDatabase.families())
        better = ("Inter", "Noto Sans", "Open Sans", "Ubuntu", "Cantarell", "Roboto", "Liberation Sans")
        found = [family for family in better if family in families]
        font.setFamilies([*found, font.family()])
    font.setPixelSize(Type.BODY)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def _palette(tokens: Tokens) -> QPalette:
    """For what the style sheet leaves to the style, and for widgets that paint themselves.

    BrightText is the error colour: the palette has no role of that name.
    """
    role = QPalette.ColorRole
    colors = {
        role.Window: tokens.ground,
        role.WindowText: tokens.text,
        role.Base: tokens.surface,
        role.AlternateBase: tokens.faint,
        role.Text: tokens.text,
        role.Button: tokens.raised,
        role.ButtonText: tokens.text,
        role.BrightText: tokens.error,
        role.Highlight: tokens.accent,
        role.HighlightedText: tokens.on_accent,
        role.Accent: tokens.accent,
        role.Link: tokens.accent,
        role.LinkVisited: tokens.accent,
        role.ToolTipBase: tokens.raised,
        role.ToolTipText: tokens.text,
        role.PlaceholderText: tokens.quiet,
        role.Light: tokens.raised,
        role.Midlight: tokens.faint,
        role.Mid: tokens.line,
        role.Dark: tokens.line,
        role.Shadow: tokens.line,
    }
    palette = QPalette()
    for which, color in colors.items():
        palette.setColor(which, QColor(color))
    for which in (role.WindowText, role.Text, role.ButtonText):
        faded = QColor(tokens.quiet)
        faded.setAlphaF(0.6)
        palette.setColor(QPalette.ColorGroup.Disabled, which, faded)
    return palette
