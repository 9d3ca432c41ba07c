"""Edited stages and the blocks' own learning rates on the Model page, through its widgets."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit

from tests.ui.controls import check_controls
from tests.ui.test_model_page import (
    Engine,
    calls,
    choose,
    choose_weights,
    click_box,
    make_page,
    page,
    session,
    state,
)
from tlstudio.config import FreezePlan, Stage, Strategy
from tlstudio.models.strategies import FINE_TUNE_LR, HEAD_LR, STAGE_DECAY
from tlstudio.ui.item_models.layer_tree import Column
from tlstudio.ui.pages.model import ModelPage
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.widgets.stage_editor import StageRow
from tlstudio.ui.worker import Worker

__all__ = ["calls", "make_page", "page", "session"]


@pytest.fixture
def staged(page: ModelPage) -> Iterator[ModelPage]:
    choose_weights(page, "Random weights")
    choose(page, Strategy.STAGED)
    yield page


def row(page: ModelPage, number: int) -> StageRow:
    return page.stages.rows[number - 1]


def click(button: QAbstractButton) -> None:
    assert button.isVisible()
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def pick(combo: QComboBox, words: str) -> None:
    place = combo.findText(words)
    assert place >= 0
    combo.setCurrentIndex(place)
    combo.activated.emit(place)


def write(field: QLineEdit, words: str) -> None:
    field.selectAll()
    QTest.keyClicks(field, words)
    QTest.keyClick(field, Qt.Key.Key_Return)


@pytest.fixture
def write_rate(page: ModelPage, qtbot):
    """Write into the field that is open in the tree; it closes a moment after Return."""

    def write_there(field: QLineEdit, words: str) -> None:
        field.clear()
        write(field, words)
        qtbot.waitUntil(lambda: not page.view.viewport().findChildren(QLineEdit))

    return write_there


def rate(page: ModelPage, path: str) -> str:
    return page.layers.index_of(path).siblingAtColumn(Column.RATE).data()


def rate_field(page: ModelPage, path: str) -> QLineEdit:
    """The field that a click on a block's learning rate opens."""
    cell = page.view.visualRect(page.layers.index_of(path).siblingAtColumn(Column.RATE))
    QTest.mouseClick(page.view.viewport(), Qt.MouseButton.LeftButton, pos=cell.center())
    return opened(page)


def opened(page: ModelPage) -> QLineEdit:
    (field,) = page.view.viewport().findChildren(QLineEdit)
    return field


def trained(session: Session) -> list[tuple[str, ...]]:
    return [stage.plan.trainable for stage in session.edited_stages]


# Stages


def test_that_only_staged_training_shows_stages(page: ModelPage) -> None:
    assert not page.stages.isVisible()
    choose(page, Strategy.STAGED)
    assert page.stages.isVisible()
    choose(page, Strategy.FULL)
    assert not page.stages.isVisible()


def test_that_the_usual_stages_are_those_of_the_schedule(staged: ModelPage, session: Session) -> None:
    session.set_schedule(7, 0.02, 1.0)
    assert staged.stages.title.text() == "2 stages · 7 epochs"
    found = [(one.trains.currentText(), one.epochs.value(), one.lr.value()) for one in staged.stages.rows]
    assert found == [("head", 3, 0.02), ("layer2 and above", 4, pytest.approx(0.02 / STAGE_DECAY, rel=1e-2))]
    assert session.edited_stages == ()
    assert not staged.stages.usual.isVisible()


def test_that_fewer_epochs_than_stages_leave_stages_out_of_the_tree(
    staged: ModelPage, session: Session
) -> None:
    staged.strategies.blocks.setValue(3)
    session.set_schedule(2, None, 1.0)
    assert len(staged.stages.rows) == 2
    assert state(staged, "layer1") == "frozen"


def test_that_each_field_edits_its_stage_alone(staged: ModelPage, session: Session) -> None:
    pick(row(staged, 2).trains, "stem and above")
    row(staged, 2).epochs.setValue(9)
    write(row(staged, 2).lr, "2e-4")
    click(row(staged, 2).goes_on)
    first, second = session.edited_stages
    assert (first.name, first.epochs, first.lr) == ("head", 2, HEAD_LR)
    assert (second.name, second.epochs, second.lr, second.continues) == ("stem and above", 9, 2e-4, True)
    assert second.plan.trainable == ("stem", "layer1", "layer2", "head")
    assert state(staged, "stem") == "new · stage 2"
    assert staged.stages.title.text() == "2 stages · 11 epochs"


def test_that_a_rate_that_is_only_begun_is_put_back(staged: ModelPage, session: Session) -> None:
    write(row(staged, 1).lr, "3e-")
    assert row(staged, 1).lr.text() == "0.003"
    assert session.edited_stages == ()


def test_that_leaving_a_rounded_rate_alone_does_not_edit_it(staged: ModelPage, session: Session) -> None:
    row(staged, 2).lr.setFocus()
    QTest.keyClick(row(staged, 2).lr, Qt.Key.Key_Return)
    row(staged, 1).lr.setFocus()
    assert session.edited_stages == ()


def test_that_a_stage_is_added_one_block_deeper(staged: ModelPage, session: Session) -> None:
    click(staged.stages.add)
    assert trained(session)[-1] == ("layer1", "layer2", "head")
    assert session.stages[-1].lr < session.stages[-2].lr
    assert row(staged, 3).trains.currentText() == "layer1 and above"


def test_that_adding_past_the_last_block_goes_on_with_all_of_them(
    staged: ModelPage, session: Session
) -> None:
    for _ in range(4):
        click(staged.stages.add)
    assert trained(session)[-2:] == [("stem", "layer1", "layer2", "head")] * 2


def test_that_stages_are_moved_and_removed(staged: ModelPage, session: Session) -> None:
    click(staged.stages.add)
    click(row(staged, 3).up)
    assert [stage.name for stage in session.stages] == ["head", "layer1 and above", "layer2 and above"]
    click(row(staged, 1).down)
    assert [stage.name for stage in session.stages] == ["layer1 and above", "head", "layer2 and above"]
    click(row(staged, 2).remove)
    assert [stage.name for stage in session.stages] == ["layer1 and above", "layer2 and above"]
    click(row(staged, 1).remove)
    assert state(staged, "layer1") == "frozen"


def test_that_the_ends_of_the_list_cannot_be_passed_and_one_stage_stays(staged: ModelPage) -> None:
    first, last = staged.stages.rows
    assert (first.up.isEnabled(), first.down.isEnabled()) == (False, True)
    assert (last.up.isEnabled(), last.down.isEnabled()) == (True, False)
    assert (first.goes_on.isVisible(), last.goes_on.isVisible()) == (False, True)
    click(last.remove)
    assert not row(staged, 1).remove.isEnabled()


def test_that_the_tree_shows_what_any_stage_trains(staged: ModelPage) -> None:
    click(row(staged, 1).down)
    assert state(staged, "layer2") == "new · stage 1"
    assert state(staged, "head") == "new · stage 1"


def test_that_edited_stages_take_the_place_of_the_number_of_blocks(
    staged: ModelPage, session: Session
) -> None:
    click(staged.stages.add)
    assert not staged.strategies.blocks.isVisible()
    click(staged.stages.usual)
    assert session.edited_stages == ()
    assert staged.strategies.blocks.isVisible()
    assert len(staged.stages.rows) == 2


def test_that_editing_back_to_the_usual_stages_is_no_edit(staged: ModelPage, session: Session) -> None:
    row(staged, 1).epochs.setValue(4)
    assert session.edited_stages != ()
    row(staged, 1).epochs.setValue(2)
    assert session.edited_stages == ()


def test_that_a_box_clicked_turns_edited_stages_to_a_plan_and_back(
    staged: ModelPage, session: Session
) -> None:
    click(staged.stages.add)
    click_box(staged, "layer2")
    assert (session.strategy, session.unfreeze) == (Strategy.HYBRID, ("layer1", "head"))
    choose(staged, Strategy.STAGED)
    assert len(staged.stages.rows) == 3


def test_that_a_stage_of_another_kind_is_shown_as_what_it_is(staged: ModelPage, session: Session) -> None:
    odd = Stage(name="odd", epochs=1, lr=0.01, plan=FreezePlan(trainable=("stem", "head")))
    session.set_stages((odd,))
    assert row(staged, 1).trains.currentText() == "3 layers, by hand"
    row(staged, 1).epochs.setValue(6)
    assert trained(session) == [("stem", "head")]
    pick(row(staged, 1).trains, "head")
    assert row(staged, 1).trains.findText("3 layers, by hand") < 0


def test_that_every_control_has_a_name_and_is_reached_by_tab(staged: ModelPage) -> None:
    click(staged.stages.add)
    check_controls(staged.stages)


# Rates of blocks


def test_that_trained_blocks_show_the_strategys_rate_with_its_decay(
    page: ModelPage, session: Session
) -> None:
    choose(page, Strategy.PARTIAL)
    session.set_schedule(5, None, 0.5)
    assert (rate(page, "head"), rate(page, "layer2")) == (f"{FINE_TUNE_LR:g}", f"{FINE_TUNE_LR / 2:g}")
    assert rate(page, "layer1") == ""
    session.set_schedule(5, 0.02, 0.5)
    assert (rate(page, "head"), rate(page, "layer2")) == ("0.02", "0.01")


def test_that_a_click_on_a_rate_gives_the_block_its_own(
    page: ModelPage, session: Session, write_rate
) -> None:
    choose(page, Strategy.FULL)
    write_rate(rate_field(page, "layer1"), "1e-4")
    assert session.rates == {"layer1": 1e-4}
    assert rate(page, "layer1") == "0.0001"


def test_that_f2_gives_the_current_block_a_rate_and_escape_does_not(
    page: ModelPage, session: Session, write_rate, qtbot
) -> None:
    page.view.select("head")
    page.view.setFocus()
    QTest.keyClick(page.view, Qt.Key.Key_F2)
    QTest.keyClicks(opened(page), "0.5")
    QTest.keyClick(opened(page), Qt.Key.Key_Escape)
    assert session.rates == {}
    qtbot.waitUntil(lambda: not page.view.viewport().findChildren(QLineEdit))
    QTest.keyClick(page.view, Qt.Key.Key_F2)
    write_rate(opened(page), "0.01")
    assert session.rates == {"head": 0.01}


def test_that_a_rate_emptied_is_the_usual_one_again(page: ModelPage, session: Session, write_rate) -> None:
    choose(page, Strategy.FULL)
    session.set_rates({"layer1": 0.5, "head": 0.25})
    field = rate_field(page, "layer1")
    assert field.text() == "0.5"
    write_rate(field, "")
    assert session.rates == {"head": 0.25}
    assert rate(page, "layer1") == f"{FINE_TUNE_LR:g}"


def test_that_what_is_frozen_or_no_block_has_no_rate(page: ModelPage) -> None:
    choose(page, Strategy.FULL)
    page.view.expandAll()
    for path in ("avgpool", "layer1.0", "fc"):
        cell = page.layers.index_of(path).siblingAtColumn(Column.RATE)
        assert (cell.data(), bool(cell.flags() & Qt.ItemFlag.ItemIsEditable)) == ("", False)
    choose(page, Strategy.AS_IS)
    assert rate(page, "head") == ""


def test_that_staged_training_has_its_rates_by_stage(staged: ModelPage, write_rate) -> None:
    assert rate(staged, "layer2") == "by stage"
    write_rate(rate_field(staged, "layer2"), "0.001")
    assert (rate(staged, "layer2"), rate(staged, "head")) == ("0.001", "by stage")


# What is remembered


def test_that_stages_and_rates_are_remembered(staged: ModelPage, session: Session, make_page) -> None:
    click(staged.stages.add)
    session.set_rates({"head": 0.01})
    stages = session.stages
    session.stages, session.rates = (), {}
    again = make_page(Settings())
    assert (session.stages, session.rates) == (stages, {"head": 0.01})
    assert len(again.stages.rows) == 3


@pytest.mark.parametrize(
    "values",
    [
        {"stages": "two", "rates": "high"},
        {"stages": [{"name": "head"}], "rates": {"head": "high"}},
        {
            "stages": [{"name": "x", "epochs": 1, "lr": 1, "plan": {"trainable": ["gone"]}}],
            "rates": {"gone": 1},
        },
        {"stages": [{"name": "x", "epochs": 1, "lr": 1, "plan": {"trainable": []}}], "rates": {"head": -1}},
    ],
)
def test_that_remembered_stages_and_rates_that_fit_nothing_are_forgotten(
    make_page, session: Session, worker: Worker, calls: Engine, values: dict
) -> None:
    settings = Settings()
    settings.set_page_values("model", {"arch": "resnet18", "strategy": "staged", "blocks": 1, **values})
    page = make_page(settings)
    assert (session.stages, session.rates) == ((), {})
    assert len(page.stages.rows) == 2
