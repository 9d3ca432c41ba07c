"""Classifying files: the numbers of the network applied by hand, and what happens to files that are none."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file
from torchvision.models import resnet18
from torchvision.transforms import InterpolationMode
from torchvision.transforms._presets import ImageClassification

from tests.images import COLOURS, picture
from tests.trained import finished_run, one_thread
from tlstudio.config import DataConfig, RunConfig
from tlstudio.errors import BadInput, Stopped
from tlstudio.events import Control, Event, Progress
from tlstudio.inference.events import ImageClassified, ImageSkipped, PredictionFinished
from tlstudio.inference.predict import predict
from tlstudio.models.architectures import architecture
from tlstudio.training.events import BatchFinished, RunStopped
from tlstudio.training.trainer import train

__all__ = ["finished_run", "one_thread"]

CLASSES = ["blue", "green", "red"]


def run(model: object, *images: Path, **more) -> list[Event]:
    return list(predict(str(model), images, Control(), **more))


def classified(events: list[Event]) -> list[ImageClassified]:
    return [event for event in events if isinstance(event, ImageClassified)]


def preset(arch: str, size: int | None = None) -> ImageClassification:
    """torchvision's own preprocessing with the architecture's numbers."""
    what = architecture(arch).default_weights.preprocessing.at_size(size)
    return ImageClassification(
        crop_size=what.crop,
        resize_size=what.resize,
        mean=what.mean,
        std=what.std,
        interpolation=InterpolationMode(what.interpolation),
    )


def by_hand(run: Path, epoch: int, images: list[Path]) -> torch.Tensor:
    """Probabilities by torchvision's network with the run's tensors, image by image."""
    network = resnet18(num_classes=3).eval()
    trained = torch.load(run / "checkpoints" / f"epoch-{epoch:04d}.pt", weights_only=True)["tensors"]
    network.load_state_dict({**load_file(run / "frozen.safetensors"), **trained})
    view = preset("resnet18", 32)
    with torch.inference_mode():
        return torch.cat(
            [network(view(Image.open(file).convert("RGB"))[None]).softmax(dim=1) for file in images]
        )


@pytest.mark.parametrize("epoch", [1, 2])
def test_that_probabilities_equal_the_network_applied_by_hand(finished_run: Path, dataset: Path, epoch: int):
    found = classified(run(finished_run, dataset, epoch=epoch))
    assert len(found) == 36
    table = torch.tensor([[event.probabilities[name] for name in CLASSES] for event in found])
    expected = by_hand(finished_run, epoch, [event.path for event in found])
    assert expected.std(dim=0).max() > 1e-4  # the images are told apart, so the comparison means something
    torch.testing.assert_close(table, expected, rtol=0, atol=1e-6)


def test_that_the_epoch_that_validation_chose_is_the_default(finished_run: Path, dataset: Path):
    chosen = json.loads((finished_run / "result.json").read_text())["best_epoch"]
    assert classified(run(finished_run, dataset)) == classified(run(finished_run, dataset, epoch=chosen))
    assert classified(run(finished_run, dataset)) != classified(run(finished_run, dataset, epoch=3 - chosen))


def test_that_classes_come_ranked_and_sum_to_one(finished_run: Path, dataset: Path):
    for event in classified(run(finished_run, dataset)):
        values = list(event.probabilities.values())
        assert values == sorted(values, reverse=True)
        assert sum(values) == pytest.approx(1, abs=1e-6)
        assert event.label == next(iter(event.probabilities))
        assert sorted(event.probabilities) == CLASSES


def test_that_files_come_in_the_order_in_which_they_were_named(finished_run: Path, dataset: Path):
    files = [dataset / "red" / "01.png", dataset / "blue" / "02.png", dataset / "red" / "00.png"]
    assert [event.path for event in classified(run(finished_run, *files))] == files


def test_that_a_corrupt_image_is_skipped_with_its_reason(finished_run: Path, tmp_path: Path):
    picture(COLOURS["red"], 0).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"")
    whole = tmp_path / "c.png"
    picture(COLOURS["red"], 1).save(whole)
    (tmp_path / "d.png").write_bytes(whole.read_bytes()[:900])
    events = run(finished_run, tmp_path)
    kinds = [type(event) for event in events if not isinstance(event, Progress)]
    assert kinds == [ImageClassified, ImageSkipped, ImageClassified, ImageSkipped, PredictionFinished]
    skipped = {event.path.name: event.reason for event in events if isinstance(event, ImageSkipped)}
    assert skipped["b.png"] == "empty file"
    assert "truncated" in skipped["d.png"]
    end = events[-1]
    assert isinstance(end, PredictionFinished)
    assert (end.images, end.skipped) == (2, 2)


def test_that_a_folder_is_searched_with_all_beneath_it_and_other_files_are_left_alone(
    finished_run: Path, tmp_path: Path
):
    for name in ("z.png", "deep/er/a.PNG", "deep/b.png", ".hidden/c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        picture(COLOURS["blue"], 0).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    found = [event.path.relative_to(tmp_path).as_posix() for event in classified(run(finished_run, tmp_path))]
    assert sorted(found) == ["deep/b.png", "deep/er/a.PNG", "z.png"]


def test_that_progress_ends_with_every_file(finished_run: Path, dataset: Path):
    progress = [event for event in run(finished_run, dataset) if isinstance(event, Progress)]
    assert (progress[-1].done, progress[-1].total) == (36, 36)


def test_that_a_stop_ends_before_the_next_batch(finished_run: Path, dataset: Path):
    control = Control()
    seen: list[Event] = []
    with pytest.raises(Stopped):
        for event in predict(str(finished_run), [dataset], control):
            seen.append(event)
            if isinstance(event, ImageClassified):
                control.stop()
    assert 0 < len(classified(seen)) < 36


def test_that_a_run_that_was_stopped_classifies_with_its_best_epoch(dataset: Path, tmp_path: Path):
    config = RunConfig(
        data=DataConfig(root=str(dataset)), arch="resnet18", weights="none", image_size=32, epochs=9
    )
    control = Control()
    for event in train(config, control, out=tmp_path / "run"):
        if isinstance(event, BatchFinished) and event.epoch == 2:
            control.stop()
    assert isinstance(event, RunStopped)
    assert event.epochs == 1
    assert len(classified(run(tmp_path / "run", dataset))) == 36


def remove(name: str) -> Callable[[Path], None]:
    return lambda run: (run / name).unlink()


def cut(name: str) -> Callable[[Path], None]:
    return lambda run: (run / name).write_bytes((run / name).read_bytes()[:-100])


def write(name: str, text: str) -> Callable[[Path], None]:
    return lambda run: (run / name).write_text(text)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (remove("config.json"), "is not a run: it has no config.json"),
        (write("config.json", "{"), "config.json cannot be read"),
        (write("config.json", "[]"), "config.json is not a configuration this version understands"),
        (remove("about.json"), "has no about.json"),
        (write("about.json", "{}"), "about.json is damaged"),
        (write("about.json", "[1, 2]"), "about.json is damaged"),
        (remove("frozen.safetensors"), "frozen.safetensors is missing"),
        (cut("frozen.safetensors"), "frozen.safetensors cannot be read as weights"),
        (remove("checkpoints/epoch-0001.pt"), "has no model of epoch 1"),
        (cut("checkpoints/epoch-0001.pt"), "epoch-0001.pt cannot be read as weights"),
        (write("checkpoints/epoch-0001.pt", ""), "epoch-0001.pt cannot be read as weights: it is empty"),
        (remove("metrics.jsonl"), "has no finished epoch yet"),
        (write("metrics.jsonl", '{"epoch": 1}\n'), "The metrics of"),
        (write("metrics.jsonl", "no JSON\n"), "metrics.jsonl cannot be read"),
    ],
)
def test_that_a_run_with_a_missing_or_damaged_file_is_refused_with_a_sentence(
    finished_run: Path, dataset: Path, tmp_path: Path, damage: Callable[[Path], None], sentence: str
):
    copy = tmp_path / "run"
    shutil.copytree(finished_run, copy)
    damage(copy)
    epoch = None if "metrics" in sentence or "finished" in sentence else 1
    with pytest.raises(BadInput) as caught:
        run(copy, dataset, epoch=epoch)
    assert sentence in caught.value.message
    assert caught.value.hint


def test_that_files_of_another_run_do_not_pass_for_this_ones(
    finished_run: Path, dataset: Path, tmp_path: Path
):
    copy = tmp_path / "run"
    shutil.copytree(finished_run, copy)
    about = json.loads((copy / "about.json").read_text())
    (copy / "about.json").write_text(json.dumps({**about, "classes": ["cat", "dog"]}))
    with pytest.raises(BadInput, match="does not fit the run's network"):
        run(copy, dataset)


def test_that_an_architecture_is_used_as_it_is_with_1000_distinct_names(dataset: Path):
    images = [dataset / "red" / "00.png", dataset / "blue" / "00.png"]
    found = classified(run("efficientnet_lite0", *images, weights="bundled"))
    assert [event.path for event in found] == images
    assert len(found[0].probabilities) == 1000  # ImageNet calls two categories "crane" and two "maillot"
    assert {"crane", "crane bird", "strawberry"} <= set(found[0].probabilities)
    network = timm.create_model("tf_efficientnet_lite0").eval()
    bundled = torch.load(architecture("efficientnet_lite0").default_weights.file, weights_only=True)
    network.load_state_dict(dict(zip(network.state_dict(), bundled.values(), strict=True)))
    view = preset("efficientnet_lite0")
    for event in found:
        with torch.inference_mode():
            expected = network(view(Image.open(event.path).convert("RGB"))[None]).softmax(dim=1)[0]
        ranked = torch.tensor(list(event.probabilities.values()))
        torch.testing.assert_close(ranked, expected.sort(descending=True).values, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("model", "more", "sentence"),
    [
        ("resnet19", {}, "'resnet19' is neither a run's folder nor an architecture."),
        ("resnet18", {"weights": "none"}, "A network with random weights knows no classes."),
        ("resnet18", {"weights": "/nowhere.pth"}, "There are no weights '/nowhere.pth'"),
        ("efficientnet_lite0", {"device": "mps"}, "This machine has no mps device"),
    ],
)
def test_that_a_model_that_cannot_classify_is_refused_with_a_sentence(
    dataset: Path, model: str, more: dict, sentence: str
):
    with pytest.raises(BadInput) as caught:
        run(model, dataset, **more)
    assert sentence in caught.value.message


def test_that_a_missing_image_is_said_before_a_model_is_loaded(tmp_path: Path):
    with pytest.raises(BadInput, match=r"There is no file or folder .*nothing\.png"):
        run("no-such-model", tmp_path / "nothing.png")
