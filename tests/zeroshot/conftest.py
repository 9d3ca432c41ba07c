"""Tiny CLIP models with random weights, and pictures for them."""

import dataclasses
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from tlstudio.events import Control, Event
from tlstudio.zeroshot import models
from tlstudio.zeroshot.classify import classify
from tlstudio.zeroshot.events import ZeroShotRequest

TEXT = {"context_length": 24, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
VIT = {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8, "head_width": 32}
CONFIGS: dict[str, dict[str, Any]] = {
    "tiny-vit": {"embed_dim": 32, "vision_cfg": VIT, "text_cfg": TEXT},
    "tiny-resnet": {
        "embed_dim": 48,
        "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 16, "patch_size": None},
        "text_cfg": TEXT,
    },
    "tiny-sigmoid": {
        "embed_dim": 32,
        "init_logit_bias": -4,
        "custom_text": True,
        "vision_cfg": VIT,
        "text_cfg": TEXT,
    },
}


@dataclasses.dataclass(frozen=True)
class TinyClip:
    """A configuration and weights on disk."""

    name: str
    config: Path
    weights: Path


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    models.forget()
    yield
    models.forget()


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """open_clip itself knows the tiny models, by name, for as long as the test lasts."""
    for name, config in CONFIGS.items():
        monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, name, config)


@pytest.fixture
def tiny(tmp_path: Path, known: None) -> Callable[[str], TinyClip]:
    """Write the named tiny model; its weights depend on nothing but the name."""

    def write(name: str) -> TinyClip:
        folder = tmp_path / "models"
        folder.mkdir(exist_ok=True)
        config, weights = folder / f"{name}.json", folder / f"{name}.safetensors"
        config.write_text(json.dumps(CONFIGS[name]))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(len(name))
            model = open_clip.create_model(name)
            with torch.no_grad():
                model.logit_scale.fill_(math.log(100))
        save_file({key: value.contiguous() for key, value in model.state_dict().items()}, weights)
        return TinyClip(name, config, weights)

    return write


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Five PNG images of different shapes."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number, (height, width) in enumerate([(40, 70), (33, 33), (90, 31), (64, 64), (20, 20)]):
        pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def run(request: ZeroShotRequest, control: Control | None = None) -> list[Event]:
    return list(classify(request, control or Control()))


def finish(generator: Any) -> tuple[list[Event], Any]:
    """The events of a generator, and what it returns."""
    events: list[Event] = []
    while True:
        try:
            events.append(next(generator))
        except StopIteration as end:
            return events, end.value
