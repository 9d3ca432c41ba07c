"""From a model's name, tag, file or folder to a model that can be asked."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import open_clip
import pytest
import torch
from open_clip import pretrained as tags

from tests.zeroshot.conftest import CONFIGS, TinyClip, finish, run
from tests.zeroshot.test_catalogue import put_into_cache
from tlstudio.errors import BadInput, Stopped, StudioError
from tlstudio.events import Control, Event, Notice
from tlstudio.inference.events import ImageClassified
from tlstudio.zeroshot.events import Clip, Question, ZeroShotRequest
from tlstudio.zeroshot.models import LoadedClip, load_clip, published_names

Write = Callable[[str], TinyClip]


def _load(model: str, pretrained: str, device: str = "cpu") -> LoadedClip:
    return finish(load_clip(Clip(model, pretrained, device), Control()))[1]


def _refusal(model: str, pretrained: str = "none") -> StudioError:
    with pytest.raises(StudioError) as caught:
        _load(model, pretrained)
    return caught.value


def test_that_random_weights_are_announced_and_the_same_each_time(tiny: Write) -> None:
    config = str(tiny("tiny-vit").config)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    events, first = finish(load_clip(Clip(config, "none", "cpu"), Control()))
    assert torch.equal(torch.rand(3), expected)  # nobody else's random numbers were used up
    assert Notice("tiny-vit has random weights: its answers mean nothing.") in events
    _load(str(tiny("tiny-resnet").config), "none")
    assert (_load(config, "none").embed_texts(["a"]) == first.embed_texts(["a"])).all()


def test_that_a_model_is_ready_for_inference(tiny: Write) -> None:
    clip = tiny("tiny-resnet")
    loaded = _load(str(clip.config), str(clip.weights))
    assert not any(module.training for module in loaded.model.modules())
    assert loaded.ready.context_length == 24
    assert loaded.ready.logit_scale == pytest.approx(100, abs=1e-3)
    assert loaded.ready.logit_bias is None
    assert loaded.device == torch.device("cpu")


def test_that_convolutions_have_their_channels_last_and_transformers_are_left_alone(tiny: Write) -> None:
    stem = _load(str(tiny("tiny-resnet").config), "none").model.visual.conv2.weight
    assert stem.is_contiguous(memory_format=torch.channels_last)
    patches = _load(str(tiny("tiny-vit").config), "none").model.visual.conv1.weight
    assert patches.is_contiguous()


def test_that_the_last_model_is_kept_until_its_file_changes(tiny: Write) -> None:
    clip = tiny("tiny-vit")
    first = _load(str(clip.config), str(clip.weights))
    assert _load(str(clip.config), str(clip.weights)) is first
    assert _load(str(clip.config), "none") is not first
    again = _load(str(clip.config), str(clip.weights))
    assert again is not first  # one is kept, not two
    shutil.copy(clip.weights, clip.weights.with_name("new"))
    clip.weights.with_name("new").replace(clip.weights)
    assert _load(str(clip.config), str(clip.weights)) is not again


def test_that_a_folder_with_configuration_and_weights_is_a_model(tiny: Write, pictures: Path) -> None:
    clip = tiny("tiny-vit")
    folder = clip.config.parent / "한글 folder"
    folder.mkdir()
    settings = {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "resize_mode": "squash"}
    config = {"model_cfg": CONFIGS["tiny-vit"], "preprocess_cfg": settings}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    shutil.copy(clip.weights, folder / "open_clip_model.safetensors")
    (folder / "another.bin").write_bytes(b"not the one")

    request = ZeroShotRequest(
        (pictures,), Question(("cat", "dog")), Clip(f"local-dir:{folder}", device="cpu")
    )
    _assert_like_open_clip(run(request), request.clip.model, None)


def test_that_a_tag_brings_its_own_preprocessing(
    tiny: Write, pictures: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = tiny("tiny-vit")
    monkeypatch.setitem(
        tags._PRETRAINED, "tiny-vit", {"webli": tags._slpcfg(hf_hub="someone/tiny/"), "other": tags._pcfg()}
    )
    content = clip.weights.read_bytes()
    put_into_cache(home / "hub", "someone/tiny", "open_clip_model.safetensors", content)
    request = ZeroShotRequest((pictures,), Question(("cat", "dog")), Clip("tiny-vit", "webli", "cpu"))
    _assert_like_open_clip(run(request), "tiny-vit", "webli", str(home / "hub"))


@torch.no_grad()
def _assert_like_open_clip(
    events: list[Event], model: str, pretrained: str | None, cache: str | None = None
) -> None:
    from PIL import Image

    network, _, preprocess = open_clip.create_model_and_transforms(model, pretrained, cache_dir=cache)
    network.eval()
    classes = ("cat", "dog")
    weights = open_clip.build_zero_shot_classifier(
        network, open_clip.get_tokenizer(model), classes, ["a photo of a {}."]
    )
    classified = [event for event in events if isinstance(event, ImageClassified)]
    assert len(classified) == 5
    for event in classified:
        pixels = preprocess(Image.open(event.path).convert("RGB"))[None]  # type: ignore[index,operator]
        expected = (100 * network.encode_image(pixels, normalize=True) @ weights).softmax(-1)[0]  # type: ignore[operator]
        got = torch.tensor([event.probabilities[name] for name in classes])
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)


def test_that_weights_trained_with_quick_gelu_get_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = CONFIGS["tiny-vit"] | {"quick_gelu": True}
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "tiny-vit", CONFIGS["tiny-vit"])
    monkeypatch.setitem(
        tags._PRETRAINED, "tiny-vit", {"quick": tags._pcfg(hf_hub="someone/tiny/w.pt", quick_gelu=True)}
    )
    model = open_clip.CLIP(**config)
    file = put_into_cache(home / "hub", "someone/tiny", "w.pt", b"")
    torch.save(model.state_dict(), file)
    loaded = _load("tiny-vit", "quick")
    tokens = loaded.tokenizer(["a cat"])
    with torch.no_grad():
        expected = model.eval().encode_text(tokens, normalize=True)
    torch.testing.assert_close(torch.from_numpy(loaded.embed_texts(["a cat"])), expected)


def test_that_an_unknown_model_gets_close_names() -> None:
    error = _refusal("ViT-B/33")
    assert error.message == "open_clip has no model 'ViT-B-33'."
    assert "ViT-B-32" in error.hint
    assert "JSON file" in _refusal("qqqqqqqq").hint


def test_that_the_names_of_all_published_weights_are_known() -> None:
    names = published_names()
    assert {"ViT-B-32/laion2b_s34b_b79k", "RN50/openai", "ViT-B-16-SigLIP2/webli"} <= set(names)
    assert len(set(names)) == len(names)


def test_that_a_models_name_may_be_written_in_any_case(known: None) -> None:
    assert _load("Tiny-ViT", "none").ready.title == "tiny-vit"


def test_that_an_unknown_tag_gets_close_tags_or_the_models_that_have_it() -> None:
    assert "laion2b_s34b_b79k" in _refusal("ViT-B-32", "laion2b_s34b_b79").hint
    assert "SigLIP" in _refusal("ViT-B-32", "webli").hint
    assert "openai" in _refusal("ViT-B-32", "zzzz").hint


def test_that_a_model_without_published_weights_says_so(tiny: Write) -> None:
    config = str(tiny("tiny-vit").config)
    assert _refusal(config, "laion2b_s34b_b79k").message == "No weights are published for tiny-vit."


def test_that_no_network_names_the_ways_out() -> None:
    error = _refusal("ViT-B-32", "laion2b_s34b_b79k")
    assert "laion/CLIP-ViT-B-32-laion2B-s34B-b79K" in error.message
    assert "local weights file" in error.hint


def test_that_a_missing_tokenizer_package_is_named_before_anything_is_downloaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    error = _refusal("ViT-B-16-SigLIP2", "webli")
    assert "transformers, which is not installed" in error.message
    assert "ViT-B-32" in error.hint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no model configuration"),
        ("[1, 2]", "is no model configuration"),
        ('{"embed_dim": 3}', "it lacks vision_cfg, text_cfg"),
        ('{"model_cfg": {"embed_dim": 3, "vision_cfg": {}}}', "it lacks text_cfg"),
        ('{"embed_dim": 3, "vision_cfg": {"wdith": 3}, "text_cfg": {}}', "cannot be built"),
    ],
)
def test_that_a_bad_configuration_is_refused(content: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(content)
    error = _refusal(str(file))
    assert isinstance(error, BadInput)
    assert message in error.message
    assert "mine" in error.message


def test_that_a_missing_configuration_or_weights_file_is_named(tmp_path: Path) -> None:
    assert "absent.json cannot be read" in _refusal(str(tmp_path / "absent.json")).message
    assert "absent" in _refusal(f"local-dir:{tmp_path}/absent").message
    (tmp_path / "open_clip_config.json").write_text(json.dumps(CONFIGS["tiny-vit"]))
    assert "has no weights file" in _refusal(f"local-dir:{tmp_path}", "").message


def test_that_a_stop_before_the_weights_are_read_is_obeyed(tiny: Write) -> None:
    clip = tiny("tiny-vit")
    control = Control()
    with pytest.raises(Stopped):
        for event in load_clip(Clip(str(clip.config), str(clip.weights), "cpu"), control):
            if getattr(event, "text", "") == "Loading tiny-vit":
                control.stop()


def test_that_a_device_this_machine_lacks_is_refused(tiny: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    config = str(tiny("tiny-vit").config)
    with pytest.raises(BadInput, match="no cuda device"):
        _load(config, "none", "cuda")


def test_that_open_clips_false_alarm_is_not_logged(tiny: Write, caplog: pytest.LogCaptureFixture) -> None:
    clip = tiny("tiny-vit")
    caplog.clear()
    _load(str(clip.config), str(clip.weights))
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == []
