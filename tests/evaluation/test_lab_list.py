"""The labs there are, shown and steered without carrying any out."""

import json
import os
from pathlib import Path

import psutil
import pytest

from tests.images import image_folder
from tlstudio.config import DataConfig, RunConfig
from tlstudio.data.scan import ScanFinished, scan
from tlstudio.data.split import divided
from tlstudio.errors import BadInput
from tlstudio.evaluation.lab_config import LabConfig, choices_of
from tlstudio.evaluation.lab_list import LabShown, LabsListed, ListedLab, list_labs, show_lab, steer_lab
from tlstudio.evaluation.lab_store import LabFolder
from tlstudio.events import Control

HEAD, FULL = (f"efficientnet_lite0-{name}-s0" for name in ("feature-extraction", "full"))


@pytest.fixture
def lab(tmp_path: Path) -> LabFolder:
    root = image_folder(tmp_path / "fish")
    scanned = next(event for event in scan(root, Control()) if isinstance(event, ScanFinished))
    data = DataConfig(root=str(root))
    config = LabConfig(base=RunConfig(data=data), choices=choices_of(["feature-extraction", "full"]))
    blocks = {"efficientnet_lite0": ["a", "b"]}
    return LabFolder.create(config, divided(scanned.catalogue, data, ()), blocks, None)


def listed() -> tuple[ListedLab, ...]:
    (event,) = list_labs(Control())
    assert isinstance(event, LabsListed)
    return event.labs


def test_that_a_lab_is_listed_with_what_is_left_of_it(lab: LabFolder) -> None:
    lab.state.failures[FULL] = ("It broke.", "Mend it.")
    lab.save()
    (found,) = listed()
    assert (found.path, found.images, found.done, found.left, found.failed, found.busy) == (
        lab.path, "fish", 0, 2, 1, False,
    )  # fmt: skip


def test_that_a_damaged_lab_is_left_out(lab: LabFolder) -> None:
    (lab.path / "lab.json").write_text("{")
    assert listed() == ()


def test_that_a_lab_is_busy_while_its_process_lives(lab: LabFolder) -> None:
    with lab.locked():
        assert listed()[0].busy
    lock = {"pid": os.getpid(), "since": psutil.Process().create_time() - 60}  # another's, of the same number
    (lab.path / "running.json").write_text(json.dumps(lock))
    assert not listed()[0].busy


def test_that_a_lab_is_shown_as_it_stands(lab: LabFolder) -> None:
    lab.state.failures[FULL] = ("It broke.", "Mend it.")
    lab.save()
    lab.skip([HEAD])
    (event,) = show_lab(lab.path, Control())
    assert isinstance(event, LabShown)
    assert [entry.name for entry in event.entries] == [HEAD, FULL]
    assert (dict(event.results), dict(event.failures)) == ({}, {FULL: ("It broke.", "Mend it.")})
    assert event.skipped == {HEAD}
    assert event.reading.summaries == ()


def test_that_steering_sets_order_and_skips_and_passes_over_names_that_are_not_there(lab: LabFolder) -> None:
    steer_lab(lab.path, [FULL, "other", HEAD], [HEAD, "other"])
    assert [entry.name for entry in lab.entries] == [FULL, HEAD]
    assert lab.skipped == {HEAD}
    steer_lab(lab.path, [HEAD, FULL], [])
    assert [entry.name for entry in lab.left] == [HEAD, FULL]


def test_that_a_folder_which_is_no_lab_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no lab"):
        next(iter(show_lab(tmp_path, Control())))
