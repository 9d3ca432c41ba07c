"""Where a model looks in any file: the same as in an image of the run, and sentences where it cannot."""

from pathlib import Path

import numpy as np
import pytest

from tests.trained import finished_run, one_thread
from tlstudio.errors import BadInput
from tlstudio.evaluation.explain import explain
from tlstudio.evaluation.explain_events import Explained
from tlstudio.events import Control
from tlstudio.inference.events import Member
from tlstudio.inference.explain import explain_file

__all__ = ["finished_run", "one_thread"]


def seen(member: Member, file: Path, target: str = "") -> Explained:
    *_, last = explain_file(member, file, Control(), target=target)
    assert isinstance(last, Explained)
    return last


def test_that_a_file_is_looked_at_as_an_image_of_the_run(finished_run: Path, dataset: Path) -> None:
    found = seen(Member(str(finished_run), 2), dataset / "red" / "00.png", "blue")
    *_, expected = explain(finished_run, "red/00.png", Control(), epoch=2, target="blue")
    assert isinstance(expected, Explained)
    np.testing.assert_allclose(found.heat, expected.heat, atol=1e-6)
    assert (found.target, found.ranked) == ("blue", expected.ranked)
    assert found.image == str(dataset / "red" / "00.png")


def test_that_a_network_as_it_is_looks_for_one_of_its_1000_classes(dataset: Path) -> None:
    found = seen(Member("efficientnet_lite0", weights="bundled"), dataset / "red" / "00.png", "strawberry")
    assert found.target == "strawberry"
    assert found.pretrained
    assert found.heat.shape == found.seen.shape[:2]


def test_that_a_file_that_is_no_image_is_said(finished_run: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no image")
    with pytest.raises(BadInput, match=r"bad\.png cannot be read"):
        seen(Member(str(finished_run)), tmp_path / "bad.png")
