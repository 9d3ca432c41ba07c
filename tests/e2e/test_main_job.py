"""The main job, done through the widgets of the real window on a display."""

import json
import os
import subprocess
import sys
from pathlib import Path

import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from tests.images import image_folder

pytestmark = pytest.mark.window

TINY_CLIP = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8, "head_width": 32},
    "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}


@pytest.fixture
def tiny_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The configuration and the (random) weights of a CLIP model of a few megabytes."""
    config, weights = tmp_path / "tiny.json", tmp_path / "tiny.safetensors"
    config.write_text(json.dumps(TINY_CLIP))
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "tiny", TINY_CLIP)
    torch.manual_seed(0)
    model = open_clip.create_model("tiny")
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, weights)
    return config, weights


def test_that_the_main_job_is_done_in_the_real_window(
    display: str, tmp_path: Path, home: Path, tiny_clip: tuple[Path, Path]
):
    folder = image_folder(tmp_path / "그림 폴더", per_class=10)  # spaces and Hangul in the path
    (folder / "red" / "broken.jpg").write_bytes(b"no image")
    screens = Path(os.environ.get("TLSTUDIO_SCREENS", tmp_path / "screens"))
    screens.mkdir(exist_ok=True, parents=True)
    finished = subprocess.run(
        [sys.executable, "-m", "tests.e2e.main_job", str(folder), str(screens), *map(str, tiny_clip)],
        env={**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "TLSTUDIO_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert "Traceback" not in finished.stderr
    assert "QThread" not in finished.stderr
    found = json.loads(finished.stdout.splitlines()[-1])
    assert found["images"] == 30
    assert found["classes"] == ["blue", "green", "red"]
    assert found["strategy"] == "hybrid"
    assert found["epochs"] == 3
    assert "best" in found["outcome"]
    assert found["zero_shot"].startswith("8 images")
    assert "Stop" in found["question"]
    for name in ("data", "model", "train", "zero-shot"):
        for theme in ("", "-dark"):
            with Image.open(screens / f"{name}{theme}.png") as picture:
                assert picture.size == (1280, 800)
    with Image.open(screens / "train.png") as light, Image.open(screens / "train-dark.png") as dark:
        assert light.convert("L").getpixel((700, 60)) > 200
        assert dark.convert("L").getpixel((700, 60)) < 100
