"""One chip, and the field in which its name is typed."""

import re

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from tlstudio.ui.icons import icon
from tlstudio.ui.theme import Radius, Size, Space, Theme

_BAR = "|"  # between words that mean the same

# What separates names in a pasted list: commas, those of East Asia too, lines and tabs; U+2028 and U+2029 are
# what a line edit makes of line breaks.
SEPARATORS = re.compile("[,;\n\r\t\u2028\u2029，、；]+")


_LINES = re.compile("[\n\r\u2028\u2029]+")
_COMMAS = (",", ";", "，", "、", "；")
_OR = " or "


def split_names(text: str) -> list[str]:
    """The names in a list as people write it, each tidied; empty ones left out.

    Several lines hold a name each, commas and all, unless they end in commas.
    """
    lines = [line.strip() for line in _LINES.split(text) if line.strip()]
    if len(lines) < 2 or any(line.endswith(_COMMAS) for line in lines):
        lines = SEPARATORS.split(text)
    return [name for line in lines if (name := tidy(line))]


def tidy(name: str) -> str:
    """A name without spare space, what is between bars too: "sofa|couch " is "sofa | couch"."""
    words = (" ".join(word.split()) for word in name.split(_BAR))
    return f" {_BAR} ".join(filter(None, words))


def words_of(name: str) -> list[str]:
    """What a name says, by any of its synonyms, to be compared."""
    return [word.casefold() for word in name.split(f" {_BAR} ")]


class Chip(QWidget):
    """One name. Double-click, Enter or F2 renames it, Delete or its cross takes it out, arrows move along.

    Signals:
        remove_asked, rename_asked: the person wants it gone, or spelt otherwise.
        moved: an arrow key; -1 for the chip before, 1 for the one after.
    """

    remove_asked = Signal()
    rename_asked = Signal()
    moved = Signal(int)

    def __init__(self, text: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._over_cross = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleDescription("Enter renames it, Delete takes it out.")
        self.set_text(text)
        theme.changed.connect(self.update)

    def set_text(self, text: str) -> None:
        self.text = text
        self._first, *others = text.split(f" {_BAR} ")
        self._others = "".join(f"{_OR}{word}" for word in others)
        self.setAccessibleName(self._first + self._others)
        self.setToolTip(f"{self._first}{self._others}\nDouble-click to rename it, Delete to take it out")
        self.updateGeometry()
        self.update()

    def cross(self) -> QRect:
        """Where a click takes the chip out."""
        side = self.height()
        return QRect(self.width() - side + Space.XS, 0, side - Space.XS, side)

    def sizeHint(self) -> QSize:
        room = Space.M + Space.S + Size.ICON_SMALL + Space.S
        words = QFontMetrics(self.font()).horizontalAdvance(self._first + self._others)
        return QSize(words + room, Size.CONTROL - Space.XS)

    def minimumSizeHint(self) -> QSize:
        return QSize(Size.CONTROL * 2, Size.CONTROL - Space.XS)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self._theme.tokens
        edge = Size.FOCUS if self.hasFocus() else Size.LINE
        painter.setPen(QPen(self._theme.color("accent" if self.hasFocus() else "control_line"), edge))
        painter.setBrush(self._theme.color("selected" if self.hasFocus() else "faint"))
        inset = edge / 2
        body = self.rect().toRectF().adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(body, Radius.CONTROL, Radius.CONTROL)
        room = self.rect().adjusted(Space.M, 0, -(Size.ICON_SMALL + Space.S + Space.XS), 0)
        for token, words in (("text", self._first), ("quiet", self._others)):
            text = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, room.width())
            painter.setPen(self._theme.color(token))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
            room.setLeft(room.left() + painter.fontMetrics().horizontalAdvance(text))
        glyph = QRect(QPoint(), QSize(Space.M, Space.M))
        glyph.moveCenter(QPoint(self.width() - Space.S - Size.ICON_SMALL // 2, self.rect().center().y() + 1))
        icon("close", tokens.text if self._over_cross else tokens.quiet).paint(painter, glyph)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.cross().contains(event.position().toPoint()):
            self.remove_asked.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.rename_asked.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_over_cross(self.cross().contains(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        self._set_over_cross(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Delete | Qt.Key.Key_Backspace:
                self.remove_asked.emit()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_F2:
                self.rename_asked.emit()
            case Qt.Key.Key_Left:
                self.moved.emit(-1)
            case Qt.Key.Key_Right:
                self.moved.emit(1)
            case _:
                super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def _set_over_cross(self, over: bool) -> None:
        if over != self._over_cross:
            self._over_cross = over
            self.update()


class NameField(QLineEdit):
    """Where a name is typed.

    Signals:
        pasted: several names came from the clipboard, line breaks and all.
        backspaced: Backspace in the empty field.
        escaped: Escape.
        left: the focus went elsewhere.
    """

    pasted = Signal(str)
    backspaced = Signal()
    escaped = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # The frame around all chips is this field's frame too.
        self.setStyleSheet("border: none; background: transparent;")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # A line edit turns line breaks to spaces as it pastes, and with them the list into one name.
        if event.matches(QKeySequence.StandardKey.Paste):
            text = QGuiApplication.clipboard().text()
            if SEPARATORS.search(text):
                self.pasted.emit(text)
                return
        if event.key() == Qt.Key.Key_Backspace and not self.text():
            self.backspaced.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.left.emit()

    def sizeHint(self) -> QSize:
        return QSize(Size.THUMBNAIL, Size.CONTROL - Space.XS)
