"""What was evaluated, as CSV."""

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.evaluated import NAMES, evaluated
from tlstudio.errors import StudioError
from tlstudio.evaluation.tables import EvaluationSaved, save_evaluation, table
from tlstudio.events import Control


def test_that_the_matrix_has_a_row_a_class_and_a_column_an_answer():
    assert table("confusion", evaluated(), "test") == [
        ["label", *NAMES],
        ["cat", 2, 0, 0],
        ["dog, brown", 0, 1, 1],
        ["개", 0, 0, 2],
    ]


def test_that_each_image_has_its_answer_and_what_every_class_is_given():
    rows = table("images", evaluated(), "test")
    assert rows[0] == ["file", "label", "answer", "confidence", "loss", *NAMES]
    assert rows[3][:3] == ["t2.png", "dog, brown", "개"]
    assert rows[3][3:] == pytest.approx([0.8, -np.log(0.1), 0.1, 0.1, 0.8], abs=1e-6)
    assert [row[0] for row in table("images", evaluated(), "val")[1:]] == ["v0.png", "v1.png", "v2.png"]


def test_that_an_area_that_is_not_defined_is_left_empty():
    assert table("classes", evaluated(), "val")[3] == ["개", 0, 0.0, 0.0, 0.0, "", ""]
    assert table("classes", evaluated(), "test")[1][:4] == ["cat", 2, 1.0, 1.0]


def test_that_every_epoch_has_a_row():
    rows = table("epochs", evaluated(), "test")
    assert rows[0] == ["epoch", "val_top1", "val_loss", "test_top1", "test_loss", "chosen"]
    assert rows[2] == [2, 0.5, 0.7, 0.5, 0.6, False]


def test_that_a_file_is_read_again_as_it_was_written(tmp_path: Path):
    (saved,) = save_evaluation("confusion", evaluated(), "test", tmp_path / "혼동.csv", Control())
    assert saved == EvaluationSaved(tmp_path / "혼동.csv", 3)
    rows = list(csv.reader((tmp_path / "혼동.csv").read_text("utf-8-sig").splitlines()))
    assert rows[2] == ["dog, brown", "0", "1", "1"]


def test_that_a_place_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StudioError, match="cannot be written"):
        list(save_evaluation("classes", evaluated(), "test", tmp_path / "file" / "a.csv", Control()))
