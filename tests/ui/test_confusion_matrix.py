"""The heat map of a confusion matrix."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from tlstudio.ui.theme import Theme
from tlstudio.ui.widgets.confusion_matrix import ConfusionMatrix

NAMES = ("cat", "dog", "bird")
COUNTS = ((4, 2, 0, 0), (0, 3, 0, 0), (0, 0, 0, 0))


@pytest.fixture
def matrix(theme: Theme, qtbot) -> ConfusionMatrix:
    made = ConfusionMatrix(theme)
    qtbot.addWidget(made)
    made.resize(400, 360)
    made.show_counts(COUNTS, NAMES)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_that_right_answers_and_mistakes_have_colours_of_their_own(matrix: ConfusionMatrix, theme: Theme):
    image = matrix.grab().toImage()

    def colour(row: int, column: int) -> QColor:
        box = matrix.cell_rect(row, column)
        return image.pixelColor(box.topLeft() + QPoint(4, 4))

    assert colour(1, 1) == theme.color("accent")  # all of its row
    assert colour(2, 2) == theme.color("faint")  # an empty row
    right, wrong = colour(0, 0), colour(0, 1)
    assert right.blue() > right.red()
    assert wrong.red() > wrong.blue()


def test_that_the_column_of_no_class_is_left_out_where_it_is_empty(matrix: ConfusionMatrix):
    assert matrix.cell_at(matrix.cell_rect(0, 3).center()) is None
    matrix.show_counts(((4, 2, 0, 1), *COUNTS[1:]), NAMES)
    assert matrix.cell_at(matrix.cell_rect(0, 3).center()) == (0, 3)
    assert matrix.told(0, 3) == "1 of 7 images of cat (14.3 %) taken for none of these"


def test_that_a_row_without_images_divides_by_nothing(matrix: ConfusionMatrix):
    assert matrix.told(2, 0) == "0 of 0 images of bird taken for cat"


def test_that_arrows_stay_within_the_matrix_and_say_where_they_are(matrix: ConfusionMatrix, qtbot):
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Left):
        QTest.keyClick(matrix, key)
    assert matrix.current == (0, 0)
    assert matrix.accessibleDescription() == "4 of 6 images of cat (66.7 %) recognised"
    QTest.keyClick(matrix, Qt.Key.Key_Right)
    with qtbot.waitSignal(matrix.cell_chosen) as chosen:
        QTest.keyClick(matrix, Qt.Key.Key_Return)
    assert chosen.args == [0, 1]


def test_that_a_click_beside_the_cells_chooses_none(matrix: ConfusionMatrix, qtbot):
    with qtbot.assertNotEmitted(matrix.cell_chosen):
        QTest.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    with qtbot.waitSignal(matrix.cell_chosen) as chosen:
        QTest.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=matrix.cell_rect(0, 1).center())
    assert chosen.args == [0, 1]


def test_that_a_thousand_classes_are_large_enough_to_be_pointed_at(matrix: ConfusionMatrix):
    matrix.show_counts(np.eye(1000, dtype=int).tolist(), [f"class {number}" for number in range(1000)])
    assert matrix.minimumWidth() > 4000
    matrix.resize(matrix.minimumSize())
    assert matrix.cell_at(matrix.cell_rect(999, 998).center()) == (999, 998)
    assert not matrix.grab(QRect(0, 0, 400, 300)).isNull()


def test_that_without_classes_there_is_nothing_to_point_at(theme: Theme, qtbot):
    empty = ConfusionMatrix(theme)
    qtbot.addWidget(empty)
    assert empty.cell_at(QPoint(50, 50)) is None
    QTest.keyClick(empty, Qt.Key.Key_Down)
    assert empty.current is None
    assert not empty.grab().isNull()
