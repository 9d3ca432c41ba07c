"""A column that grows: what was read of it stays, and what is appended follows."""

import numpy as np

from tlstudio.inference.column import Column


def test_that_values_follow_one_another_and_earlier_views_stay_as_they_were() -> None:
    column = Column(np.float32, 2)
    column.append([[1, 2]])
    before = column.values
    column.append([[3, 4], [5, 6]], expected=100)
    assert before.tolist() == [[1, 2]]
    assert column.values.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_that_all_values_can_be_replaced_and_go_on_growing() -> None:
    column = Column(np.intp)
    column.append([1, 2, 3])
    column.replace(np.array([7]))
    column.append([8])
    assert column.values.tolist() == [7, 8]
