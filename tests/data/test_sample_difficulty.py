"""The sample is hard enough to show what pre-trained weights are worth."""

import sys

import pytest

from tlstudio.config import DataConfig, RunConfig
from tlstudio.events import Control
from tlstudio.training.events import EpochTested
from tlstudio.training.trainer import train


def top1_after_one_epoch(weights: str) -> float:
    """Mean of validation and test, 108 pictures that were not trained on."""
    config = RunConfig(data=DataConfig(root="sample"), weights=weights, epochs=1, device="cpu")
    (row,) = (event for event in train(config, Control()) if isinstance(event, EpochTested))
    return (row.val_top1 + row.test_top1) / 2


def test_that_random_weights_do_clearly_worse_than_pretrained_ones_after_one_epoch_of_feature_extraction(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pretrained, random = top1_after_one_epoch("bundled"), top1_after_one_epoch("none")
    with capsys.disabled():
        sys.stdout.write(f"\nsample, one epoch: top-1 {pretrained:.1%} pre-trained, {random:.1%} random\n")
    assert 0.7 < pretrained < 0.99
    assert random < 0.55
