"""What holds for every control of every page."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QScrollBar,
    QWidget,
)

from tlstudio.ui.theme import Space

_INTERACTIVE = (QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit)


def controls(page: QWidget) -> list[QWidget]:
    """What a person can use on the page now, without the inner parts of composed widgets."""
    return [
        widget
        for kind in _INTERACTIVE
        for widget in page.findChildren(kind)
        if widget.isVisible()
        and widget.isEnabled()
        and not isinstance(widget, QScrollBar)
        and not isinstance(widget.parent(), (QAbstractSpinBox, QComboBox, QLineEdit, QAbstractItemView))
    ]


def check_controls(page: QWidget) -> None:
    """Each has a name for screen readers and is reached by Tab; no number sticks to the edge of its box."""
    found = controls(page)
    assert len(found) > 3
    chain, widget = set(), page.nextInFocusChain()
    while widget is not page:
        chain.add(widget)
        widget = widget.nextInFocusChain()
    for control in found:
        name = control.accessibleName() or (control.text() if isinstance(control, QAbstractButton) else "")
        assert name, f"{control} has no name"
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, f"{name} is passed over by Tab"
        assert control in chain, f"{name} is not on the way of Tab"
        if isinstance(control, QAbstractSpinBox):
            assert control.lineEdit().textMargins().left() >= Space.S, f"{name} has no room at its left"
