"""The Runs page through its widgets, with real run folders that were never trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from tests.ui.controls import check_controls
from tlstudio.config import DataConfig, RunConfig, Strategy
from tlstudio.evaluation.run_table import ListedRun
from tlstudio.runs.notes import read_notes
from tlstudio.runs.store import RunFolder
from tlstudio.runs.trash import in_trash
from tlstudio.ui.item_models.runs import NAME_COLUMN, RANKED_COLUMNS, STAR_COLUMN
from tlstudio.ui.pages.runs import RunsPage
from tlstudio.ui.runs.comparison import MIXED
from tlstudio.ui.runs.overlay import line_of
from tlstudio.ui.session import Session
from tlstudio.ui.settings import Settings
from tlstudio.ui.theme import Theme
from tlstudio.ui.worker import Worker

VAL, TEST = RANKED_COLUMNS
Make = Callable[..., Path]


def metric(epoch: int, val_top1: float) -> dict[str, Any]:
    figures = {"train_loss": 1.0, "val_loss": 1.0, "train_top1": 0.5, "val_top1": val_top1, "lr": 0.1}
    return {"epoch": epoch, "stage": 0, **figures, "seconds": 1.0, "images_per_second": 9.0, "best": True}


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a finished run."""

    def make(name: str, top1: float = 0.5, fingerprint: str = "one", **config: Any) -> Path:
        folder = tmp_path / name
        run = RunFolder.create(RunConfig(data=DataConfig(root="/data/fish"), **config), folder)
        run.write("about.json", {"data_fingerprint": fingerprint})
        for epoch in (1, 2):
            run.append_metric(metric(epoch, top1 / epoch))
        run.finish("finished", best_epoch=1, val_top1=top1, test_top1=top1 - 0.1, seconds=3.0)
        return folder

    return make


@pytest.fixture
def page(session: Session, worker: Worker, theme: Theme, settings: Settings, qtbot: Any) -> RunsPage:
    page = RunsPage(session, worker, theme, settings)
    qtbot.addWidget(page)
    page.resize(1192, 756)
    return page


def shown(page: RunsPage, qtbot: Any) -> list[str]:
    page.show()
    qtbot.waitUntil(lambda: page.desk.runs is not None)
    return titles(page)


def titles(page: RunsPage) -> list[str]:
    return [run.title for run in page.runs.table.shown.shown]


def idle(page: RunsPage, worker: Worker, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not worker.tasks)


def select(page: RunsPage, *names: str) -> None:
    table = page.runs.table
    table.clearSelection()
    flag = table.selectionModel().SelectionFlag
    for row, run in enumerate(table.shown.shown):
        if run.title in names:
            table.selectionModel().select(table.shown.index(row, 0), flag.Select | flag.Rows)


def column(page: RunsPage, place: int) -> list[str]:
    shown = page.runs.table.shown
    return [shown.index(row, place).data() for row in range(shown.rowCount())]


def test_that_a_page_without_runs_says_where_they_come_from(page: RunsPage, qtbot: Any) -> None:
    assert shown(page, qtbot) == []
    with qtbot.waitSignal(page.go_to_train):
        page.runs.train_button.click()


def test_that_all_runs_are_listed_with_their_figures(page: RunsPage, make: Make, qtbot: Any) -> None:
    make("a", 0.75, strategy=Strategy.PARTIAL, blocks=2, epochs=2)
    assert shown(page, qtbot) == ["a"]
    model = page.runs.table.shown
    cells = [model.index(0, place).data() for place in range(model.columnCount())]
    assert cells[1:5] == ["a", "EfficientNet-Lite0", "partial 2", "fish"]
    assert cells[6:] == ["finished", "2", "75.0 %", "65.0 %", "3 s", ""]


def test_that_accuracies_rank_within_the_same_images_alone(page: RunsPage, make: Make, qtbot: Any) -> None:
    make("low", 0.2)
    make("high", 0.9)
    make("other", 0.5, "two")
    assert len(shown(page, qtbot)) == 3
    table = page.runs.table
    table.sortByColumn(VAL, Qt.SortOrder.DescendingOrder)
    descending = titles(page)
    table.sortByColumn(VAL, Qt.SortOrder.AscendingOrder)
    ascending = titles(page)
    assert descending.index("high") + 1 == descending.index("low")
    assert ascending.index("low") + 1 == ascending.index("high")
    assert descending.index("other") == ascending.index("other")
    assert set(column(page, 4)) == {"fish", "fish (2)"}
    assert page.runs._apart.isVisible()


def test_that_runs_without_a_figure_come_last_whatever_the_order(
    page: RunsPage, make: Make, tmp_path: Path, qtbot: Any
) -> None:
    make("known", 0.4, "")
    RunFolder.create(RunConfig(data=DataConfig(root="x")), tmp_path / "unknown").finish("stopped")
    shown(page, qtbot)
    time = VAL + 2
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        page.runs.table.sortByColumn(time, order)
        assert titles(page) == ["known", "unknown"]


def test_that_words_and_fields_narrow_the_table_down(page: RunsPage, make: Make, qtbot: Any) -> None:
    make("good")
    make("bad", arch="resnet18")
    shown(page, qtbot)
    filters = page.runs.filters
    filters.words.setText("GOOD extraction")
    assert titles(page) == ["good"]
    filters.clear()
    network = filters.fields["Network"]
    network.setCurrentIndex(network.findData("ResNet-18"))
    assert titles(page) == ["bad"]
    filters.words.setText("nothing like it")
    assert titles(page) == []
    page.runs.clear_button.click()
    assert sorted(titles(page)) == ["bad", "good"]


def test_that_what_is_said_of_a_run_is_kept_with_it(
    page: RunsPage, make: Make, worker: Worker, qtbot: Any
) -> None:
    path = make("a")
    shown(page, qtbot)
    select(page, "a")
    detail = page.runs.detail
    detail.name.setText("The one")
    detail.tags.setText("keep, paper, keep")
    detail.tags.editingFinished.emit()
    detail.note.setPlainText("Sharp.")
    detail.star.click()
    idle(page, worker, qtbot)
    kept = read_notes(path)
    assert (kept.name, kept.note, kept.tags, kept.starred) == ("The one", "Sharp.", ("keep", "paper"), True)
    assert titles(page) == ["The one"]


def test_that_a_name_is_changed_where_it_stands_and_a_star_by_a_click(
    page: RunsPage, make: Make, worker: Worker, qtbot: Any
) -> None:
    path = make("a")
    shown(page, qtbot)
    table = page.runs.table
    table.model().setData(table.model().index(0, NAME_COLUMN), "Better")
    qtbot.waitUntil(lambda: titles(page) == ["Better"])
    star = table.visualRect(table.model().index(0, STAR_COLUMN)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=star)
    idle(page, worker, qtbot)
    assert read_notes(path).name == "Better"
    assert read_notes(path).starred
    page.runs.filters.starred.setChecked(True)
    assert titles(page) == ["Better"]


def test_that_a_deleted_run_is_brought_back_by_undo(
    page: RunsPage, make: Make, worker: Worker, qtbot: Any
) -> None:
    one, other = make("a"), make("b")
    shown(page, qtbot)
    page.runs.table.selectAll()
    QTest.keyClick(page.runs.table, Qt.Key.Key_Delete)
    idle(page, worker, qtbot)
    assert not one.exists()
    assert not other.exists()
    assert titles(page) == []
    assert page.runs.told.sentence == "Moved 2 runs to the trash."
    page.runs.told.accept_button.click()
    qtbot.waitUntil(lambda: sorted(titles(page)) == ["a", "b"])
    idle(page, worker, qtbot)
    assert in_trash() == ()


def test_that_the_trash_gives_back_any_run_and_can_be_emptied(
    page: RunsPage, make: Make, worker: Worker, qtbot: Any
) -> None:
    make("a")
    make("b")
    shown(page, qtbot)
    page.runs.table.selectAll()
    page.desk.delete(page.runs.table.selected())
    qtbot.waitUntil(lambda: len(page.desk.trash) == 2)
    idle(page, worker, qtbot)
    menu = page.runs.trash_menu()
    next(action for action in menu.actions() if action.text() == "Put back a").trigger()
    menu.deleteLater()
    qtbot.waitUntil(lambda: titles(page) == ["a"])
    idle(page, worker, qtbot)
    page.desk.empty_trash()
    qtbot.waitUntil(lambda: page.desk.trash == ())
    assert in_trash() == ()


def test_that_a_run_which_cannot_be_deleted_is_told_of(
    page: RunsPage, tmp_path: Path, worker: Worker, qtbot: Any
) -> None:
    RunFolder.create(RunConfig(data=DataConfig(root="x")), tmp_path / "busy")
    shown(page, qtbot)
    page.runs.table.selectAll()
    QTest.keyClick(page.runs.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: "is training" in page.runs.banner.message)
    idle(page, worker, qtbot)
    assert titles(page) == ["busy"]


def test_that_curves_of_selected_runs_are_laid_over_one_another(
    page: RunsPage, make: Make, worker: Worker, qtbot: Any
) -> None:
    make("a", 0.8)
    make("b", 0.4)
    shown(page, qtbot)
    select(page, "a", "b")
    overlay = page.runs.overlay
    qtbot.waitUntil(lambda: len(overlay.points) == 4)
    assert sorted(value for epoch, value, _ in overlay.points if epoch == 1) == [40.0, 80.0]
    assert len(overlay.keys) == 2
    overlay.chosen.setCurrentText("Learning rate")
    assert {value for _, value, _ in overlay.points} == {0.1}


def test_that_lines_take_the_palette_in_order_and_then_dashes(theme: Theme) -> None:
    others = theme.tokens.others
    looks = [line_of(place, theme) for place in range(2 * len(others))]
    assert [color.name().upper() for color, _ in looks[: len(others)]] == [color.upper() for color in others]
    assert {dashes for _, dashes in looks[: len(others)]} == {Qt.PenStyle.SolidLine}
    assert looks[len(others)] == (looks[0][0], Qt.PenStyle.DashLine)


def test_that_only_what_differs_is_compared(page: RunsPage, make: Make, qtbot: Any) -> None:
    make("a", 0.8)
    make("b", 0.4, lr=0.5)
    shown(page, qtbot)
    page.runs.table.sortByColumn(NAME_COLUMN, Qt.SortOrder.AscendingOrder)
    select(page, "a", "b")
    comparison = page.runs.comparison
    assert comparison.texts()[:2] == [
        ["Learning rate", "as the strategy has it", "0.5"],
        ["Validation top-1", "80.0 %", "40.0 %"],
    ]
    assert not comparison.guard.isVisible()


def test_that_figures_on_different_images_are_not_set_side_by_side(
    page: RunsPage, make: Make, qtbot: Any
) -> None:
    make("a", 0.8)
    make("b", 0.4, "two")
    shown(page, qtbot)
    select(page, "a", "b")
    comparison = page.runs.comparison
    assert comparison.guard.isVisible()
    assert comparison.guard.text() == MIXED
    assert comparison.texts() == []


def test_that_a_run_is_led_to_the_pages_that_show_it(page: RunsPage, make: Make, qtbot: Any) -> None:
    path = make("a")
    shown(page, qtbot)
    select(page, "a")
    with qtbot.waitSignal(page.show_wanted) as asked:
        page.runs.detail.train_button.click()
    assert asked.args == [path]
    with qtbot.waitSignal(page.evaluate_wanted) as asked:
        page.runs.detail.evaluate_button.click()
    assert asked.args == [path]
    with qtbot.waitSignal(page.show_wanted):
        QTest.keyClick(page.runs.table, Qt.Key.Key_Return)


def test_that_a_damaged_run_is_listed_with_what_is_wrong(page: RunsPage, make: Make, qtbot: Any) -> None:
    path = make("a")
    (path / "config.json").write_text("{}")
    shown(page, qtbot)
    select(page, "a")
    assert not page.runs.detail.train_button.isEnabled()
    told = [label.text() for label in page.runs.detail.findChildren(QLabel)]
    assert any("is not a configuration this version understands" in words for words in told)


def test_that_everything_has_a_name_and_is_reached_by_tab(page: RunsPage, make: Make, qtbot: Any) -> None:
    make("a")
    make("b")
    shown(page, qtbot)
    select(page, "a")
    check_controls(page)
    select(page, "a", "b")
    check_controls(page)


def test_that_the_title_of_a_run_leaves_out_what_other_columns_say(
    make: Make, page: RunsPage, qtbot: Any
) -> None:
    make("20261124-191757-efficientnet_lite0-partial")
    assert shown(page, qtbot) == ["partial"]
    run = page.desk.runs and page.desk.runs[0]
    assert isinstance(run, ListedRun)
