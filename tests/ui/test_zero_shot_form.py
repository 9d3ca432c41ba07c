"""What is asked of CLIP, through the form's widgets."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.zero_shot.class_field import MOST_CHIPS
from tlstudio.ui.zero_shot.form import QuestionForm
from tlstudio.zeroshot.templates import IMAGENET, templates_of


@pytest.fixture
def make_form(theme: Theme, qtbot):
    def make() -> QuestionForm:
        form = QuestionForm(theme, Settings())
        qtbot.addWidget(form)
        form.resize(1100, 300)
        form.show()
        qtbot.waitExposed(form)
        return form

    return make


@pytest.fixture
def form(make_form) -> QuestionForm:
    return make_form()


def click(button) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def paste(form: QuestionForm, text: str) -> None:
    QGuiApplication.clipboard().setText(text)
    form.classes.chips.entry.setFocus()
    QTest.keySequence(form.classes.chips.entry, "Ctrl+V")


def menu(form: QuestionForm) -> dict:
    form.classes.sets_menu.aboutToShow.emit()
    return {action.text(): action for action in form.classes.sets_menu.actions()}


def test_that_a_bar_makes_one_class_of_two_names(form: QuestionForm) -> None:
    QTest.keyClicks(form.classes.chips.entry, "sofa|couch")
    QTest.keyClick(form.classes.chips.entry, Qt.Key.Key_Return)
    assert form.question.classes == ("sofa | couch",)
    assert form.classes.chips.chips[0].accessibleName() == "sofa or couch"


def test_that_a_synonym_that_is_there_already_is_refused(form: QuestionForm) -> None:
    form.classes.set_names(["sofa | couch"])
    QTest.keyClicks(form.classes.chips.entry, "Couch,")
    assert form.question.classes == ("sofa | couch",)
    assert form.classes.said == "“Couch” is in the list already."


def test_that_pasted_lines_are_a_class_each_commas_and_all(form: QuestionForm) -> None:
    paste(form, "cat, domestic\ndog\n\n")
    assert form.question.classes == ("cat, domestic", "dog")


def test_that_a_pasted_list_is_split_at_its_commas(form: QuestionForm) -> None:
    paste(form, "cat, dog,\nbird")
    assert form.question.classes == ("cat", "dog", "bird")


def test_that_thousands_of_classes_become_lines_of_text(form: QuestionForm) -> None:
    paste(form, "\n".join(f"thing {number}" for number in range(5000)))
    assert len(form.question.classes) == 5000
    assert form.classes.chips.chips == ()
    assert form.classes.lines.isVisible()
    assert form.classes.said == "5,000 classes: too many for chips, so one a line."


def test_that_too_many_classes_stay_text(form: QuestionForm) -> None:
    form.classes.set_names(str(number) for number in range(MOST_CHIPS + 1))
    click(form.classes.as_text)
    assert form.classes.lines.isVisible()
    assert "too many for chips" in form.classes.said


def test_that_classes_are_edited_as_text_and_as_chips(form: QuestionForm, qtbot) -> None:
    form.classes.set_names(["cat", "dog"])
    click(form.classes.as_text)
    assert form.classes.lines.toPlainText() == "cat\ndog"
    with qtbot.waitSignal(form.changed):
        form.classes.lines.setPlainText("cat\n\n  dog|puppy \ncat\nbird")
    assert form.question.classes == ("cat", "dog | puppy", "bird")
    click(form.classes.as_text)
    assert [chip.text for chip in form.classes.chips.chips] == ["cat", "dog | puppy", "bird"]


def test_that_a_set_is_kept_applied_and_deleted(make_form) -> None:
    first = make_form()
    first.classes.set_names(["cat", "dog"])
    first.classes.keep_set("  pets ")
    second = make_form()
    second.classes.set_names(["lamp", "sofa"])
    menu(second)["pets (2)"].trigger()
    assert second.question.classes == ("cat", "dog")
    second.classes.forget_set("pets")
    assert "pets (2)" not in menu(second)


def test_that_a_file_of_classes_takes_the_place_of_those_there(form: QuestionForm, tmp_path: Path) -> None:
    file = tmp_path / "classes.txt"
    file.write_text("cat, domestic\ndog\n")
    form.classes.set_names(["lamp"])
    form.classes.import_file(str(file))
    assert form.question.classes == ("cat, domestic", "dog")
    assert form.classes.said == "2 classes from classes.txt."


def test_that_a_file_that_is_no_list_is_refused_and_changes_nothing(
    form: QuestionForm, tmp_path: Path
) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(b"\x89PNG\0")
    form.classes.set_names(["lamp"])
    form.classes.import_file(str(file))
    assert form.question.classes == ("lamp",)
    assert "is no text in UTF-8" in form.classes.said


def test_that_a_preset_fills_in_its_sentences(form: QuestionForm) -> None:
    form.classes.set_names(["cat | kitten"])
    box = form.prompt.presets
    box.setCurrentIndex(box.findData("sketch"))
    box.activated.emit(box.currentIndex())
    assert form.question.templates == templates_of("sketch")
    assert form.prompt.example == "6 sentences, averaged: “a sketch of a cat.” and 5 more"


def test_that_the_imagenet_preset_is_asked_for_and_recognised(form: QuestionForm, qtbot) -> None:
    box = form.prompt.presets
    with qtbot.waitSignal(form.preset_asked) as asked:
        box.activated.emit(box.findData(IMAGENET))
    assert asked.args == [IMAGENET]
    form.prompt.set_templates(("a {}.", "one {}."), IMAGENET)
    assert box.currentData() == IMAGENET
    form.prompt.lines.setPlainText("a {}.")
    assert box.currentText() == "Your own"


def test_that_templates_are_lines_and_repeated_ones_are_one(form: QuestionForm) -> None:
    form.prompt.lines.setPlainText("a {}.\n\n a {}. \nthe {}.")
    assert form.question.templates == ("a {}.", "the {}.")


def test_that_each_template_needs_a_place_for_the_class(form: QuestionForm) -> None:
    form.prompt.lines.setPlainText("a {}.\na photo")
    assert form.prompt.example == "{} is missing in “a photo”: put it where the class belongs"


def test_that_options_become_part_of_the_question(form: QuestionForm) -> None:
    options = form.options
    options.none_below.setChecked(True)
    options.slider.setValue(35)
    options.others.setText("a wall, noise")
    options.others.editingFinished.emit()
    options.independent.setChecked(True)
    assert form.question.threshold == 0.35
    assert form.question.others == ("a wall", "noise")
    assert form.question.independent
    assert form.fold.button.text() == "Options: none of these below 35 % · something else · several at once"


def test_that_options_are_remembered(make_form) -> None:
    first = make_form()
    first.options.none_below.setChecked(True)
    first.options.slider.setValue(35)
    first.options.ranks.setValue(5)
    second = make_form()
    assert second.question.threshold == 0.35
    assert second.options.ranks.value() == 5


def test_that_the_folded_form_says_what_is_asked(form: QuestionForm) -> None:
    form.classes.set_names(["sofa | couch", "lamp"])
    click(form.fold_button)
    assert form.folded
    assert form.line.startswith("2 classes: sofa, lamp · “a photo of a {}.” · ")
    click(form.edit_button)
    assert not form.folded
