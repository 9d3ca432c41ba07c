"""The field for numbers of any magnitude."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.number_edit import NumberEdit


@pytest.fixture
def field(theme: Theme, qtbot) -> NumberEdit:
    field = NumberEdit(1e-9, 10.0)
    qtbot.addWidget(field)
    field.show()
    return field


@pytest.mark.parametrize(
    ("words", "value"),
    [("3e-4", 3e-4), (".5", 0.5), ("5.", 5.0), ("", None), ("3e", None), ("0", None), ("0.0", None)],
)
def test_that_a_number_is_read_as_it_is_written(field: NumberEdit, words: str, value: float | None) -> None:
    QTest.keyClicks(field, words)
    assert field.text() == words
    assert field.value() == value


def test_that_what_can_be_no_number_cannot_be_typed(field: NumberEdit) -> None:
    QTest.keyClicks(field, "x-1,5")
    assert field.text() == "15"


@pytest.mark.parametrize("value", [None, 0, -1, 11, "high", True, float("nan")])
def test_that_what_does_not_fit_leaves_the_field_empty(field: NumberEdit, value: object) -> None:
    field.set_value(0.5)
    field.set_value(value)
    assert field.text() == ""


@pytest.mark.parametrize(("words", "left"), [("3e-", ""), ("", ""), ("0.3", "0.3")])
def test_that_enter_ends_it_and_takes_a_mere_beginning_away(
    field: NumberEdit, words: str, left: str, qtbot
) -> None:
    QTest.keyClicks(field, words)
    with qtbot.waitSignal(field.finished):
        QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.text() == left
