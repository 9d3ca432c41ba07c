"""Names as chips: typed, pasted, renamed, taken out."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.chip import split_names
from tlstudio.ui.widgets.chips import ChipEdit


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    theme = Theme(qapp, "light")
    yield theme
    theme.deleteLater()


@pytest.fixture
def chips(theme: Theme, qtbot) -> ChipEdit:
    chips = ChipEdit(theme, "class", "classes")
    qtbot.addWidget(chips)
    chips.resize(400, 120)
    chips.show()
    qtbot.waitExposed(chips)
    chips.entry.setFocus()
    return chips


def type_in(chips: ChipEdit, text: str) -> None:
    QTest.keyClicks(chips.entry, text)


def press(widget, key: Qt.Key) -> None:
    QTest.keyClick(widget, key)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("cat, dog", ["cat", "dog"]),
        ("cat\ndog\r\n\n bird ", ["cat", "dog", "bird"]),
        ("traffic   light;bus", ["traffic light", "bus"]),
        ("고양이，개", ["고양이", "개"]),
        (" , ,", []),
    ],
)
def test_that_a_list_is_split_as_people_write_it(text: str, names: list[str]) -> None:
    assert split_names(text) == names


def test_that_enter_makes_a_chip_of_what_was_typed(chips: ChipEdit) -> None:
    type_in(chips, " striped  cloth")
    press(chips.entry, Qt.Key.Key_Return)
    assert chips.names() == ("striped cloth",)
    assert chips.entry.text() == ""


def test_that_a_comma_makes_a_chip_at_once(chips: ChipEdit) -> None:
    type_in(chips, "cat,dog,")
    assert chips.names() == ("cat", "dog")
    assert chips.entry.text() == ""


def test_that_pasting_lines_adds_a_chip_a_line(chips: ChipEdit, qtbot) -> None:
    QGuiApplication.clipboard().setText("cat\ndog\nbird")
    with qtbot.waitSignal(chips.said) as said:
        QTest.keySequence(chips.entry, "Ctrl+V")
    assert chips.names() == ("cat", "dog", "bird")
    assert said.args == ["3 classes added."]


def test_that_a_name_already_there_is_refused_with_a_sentence(chips: ChipEdit, qtbot) -> None:
    chips.set_names(["cat"])
    type_in(chips, "Cat")
    with qtbot.waitSignal(chips.said) as said, qtbot.assertNotEmitted(chips.changed):
        press(chips.entry, Qt.Key.Key_Return)
    assert said.args == ["“Cat” is in the list already."]
    assert chips.names() == ("cat",)


def test_that_an_empty_name_is_refused_with_a_sentence(chips: ChipEdit, qtbot) -> None:
    with qtbot.waitSignal(chips.said) as said:
        press(chips.entry, Qt.Key.Key_Return)
    assert said.args == ["Write the name of a class first."]
    assert chips.names() == ()


def test_that_backspace_in_the_empty_field_takes_the_last_chip_out(chips: ChipEdit) -> None:
    chips.set_names(["cat", "dog"])
    type_in(chips, "x")
    press(chips.entry, Qt.Key.Key_Backspace)
    assert chips.names() == ("cat", "dog")
    press(chips.entry, Qt.Key.Key_Backspace)
    assert chips.names() == ("cat",)


def test_that_a_click_on_the_cross_takes_the_chip_out(chips: ChipEdit, qtbot) -> None:
    chips.set_names(["cat", "dog"])
    chip = chips.chips[0]
    with qtbot.waitSignal(chips.changed):
        QTest.mouseClick(chip, Qt.MouseButton.LeftButton, pos=chip.cross().center())
    assert chips.names() == ("dog",)


def test_that_a_click_on_the_name_only_takes_the_focus(chips: ChipEdit) -> None:
    chips.set_names(["cat"])
    QTest.mouseClick(chips.chips[0], Qt.MouseButton.LeftButton, pos=QPoint(6, 10))
    assert chips.names() == ("cat",)
    assert chips.chips[0].hasFocus()


def test_that_a_double_click_renames(chips: ChipEdit, qtbot) -> None:
    chips.set_names(["cat", "dog", "bird"])
    QTest.mouseDClick(chips.chips[1], Qt.MouseButton.LeftButton, pos=QPoint(6, 10))
    assert chips.rename_field.text() == "dog"
    chips.rename_field.setText("wolf")
    with qtbot.waitSignal(chips.changed):
        press(chips.rename_field, Qt.Key.Key_Return)
    assert chips.names() == ("cat", "wolf", "bird")
    assert chips.rename_field.isHidden()


def test_that_escape_leaves_the_name_as_it_was(chips: ChipEdit) -> None:
    chips.set_names(["cat"])
    chips.chips[0].setFocus()
    press(chips.chips[0], Qt.Key.Key_F2)
    chips.rename_field.setText("dog")
    press(chips.rename_field, Qt.Key.Key_Escape)
    assert chips.names() == ("cat",)
    assert chips.chips[0].isVisible()


def test_that_renaming_to_a_name_already_there_keeps_the_field_open(chips: ChipEdit, qtbot) -> None:
    chips.set_names(["cat", "dog"])
    chips.chips[1].setFocus()
    press(chips.chips[1], Qt.Key.Key_Return)
    chips.rename_field.setText("cat")
    with qtbot.waitSignal(chips.said) as said:
        press(chips.rename_field, Qt.Key.Key_Return)
    assert said.args == ["“cat” is in the list already."]
    assert chips.rename_field.isVisible()
    assert chips.names() == ("cat", "dog")


def test_that_moving_on_takes_the_new_name(chips: ChipEdit) -> None:
    chips.set_names(["cat"])
    chips.chips[0].setFocus()
    press(chips.chips[0], Qt.Key.Key_F2)
    chips.rename_field.setText("dog")
    chips.entry.setFocus()
    assert chips.names() == ("dog",)


def test_that_chips_are_reached_and_taken_out_by_keyboard(chips: ChipEdit) -> None:
    chips.set_names(["cat", "dog", "bird"])
    press(chips.entry, Qt.Key.Key_Backtab)
    assert chips.chips[2].hasFocus()
    press(chips.chips[2], Qt.Key.Key_Left)
    assert chips.chips[1].hasFocus()
    press(chips.chips[1], Qt.Key.Key_Delete)
    assert chips.names() == ("cat", "bird")
    assert chips.chips[1].hasFocus()


def test_that_setting_names_leaves_out_doubles_and_blanks(chips: ChipEdit) -> None:
    chips.set_names(["cat", " ", "CAT", "dog"])
    assert chips.names() == ("cat", "dog")


def test_that_many_chips_flow_onto_more_lines(chips: ChipEdit) -> None:
    one = chips.heightForWidth(400)
    chips.set_names([f"class number {n}" for n in range(20)])
    assert chips.heightForWidth(400) > 4 * one
    assert chips.heightForWidth(4000) < chips.heightForWidth(400)


def test_that_every_chip_says_its_name_to_a_screen_reader(chips: ChipEdit) -> None:
    chips.set_names(["cat"])
    assert chips.chips[0].accessibleName() == "cat"
    assert chips.entry.accessibleName() == "Add classes"
