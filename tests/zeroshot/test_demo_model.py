"""The bundled demo: small, the same to the studio and open_clip, right about pairs it never saw."""

import re
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from tests.zeroshot.conftest import finish, run
from tests.zeroshot.test_catalogue import put_into_cache
from tlstudio import paths
from tlstudio.data.sample import make_sample, sample_files
from tlstudio.events import Control
from tlstudio.inference.events import ImageClassified
from tlstudio.zeroshot import catalogue
from tlstudio.zeroshot.catalogue import DEMO, clip_models, demo_dir, first_choice, present
from tlstudio.zeroshot.demo.measure import embed, new_scenes, pictures, top1
from tlstudio.zeroshot.demo.scenes import (
    COLOURS,
    DRAWN,
    GROUNDS,
    TEXTURES,
    Scene,
    all_pairs,
    held_out,
)
from tlstudio.zeroshot.events import Clip, Question, Vectors, ZeroShotRequest
from tlstudio.zeroshot.models import LoadedClip, load_clip

SEED = 77_777  # of pictures that neither training nor the card has seen
FILE = demo_dir() / "open_clip_model.safetensors"
BUNDLED = Clip(DEMO.model, DEMO.pretrained, "cpu")


def load() -> LoadedClip:
    return finish(load_clip(BUNDLED, Control()))[1]


@pytest.fixture(scope="module")
def clip() -> LoadedClip:
    return load()


@pytest.fixture(scope="module")
def unseen() -> list[Scene]:
    """Scenes of the pairs held out."""
    return new_scenes(held_out(), 5, SEED)


@pytest.fixture(scope="module")
def vectors(clip: LoadedClip, unseen: list[Scene]) -> Vectors:
    return embed(clip, unseen, SEED)


def test_that_the_file_is_small_and_in_half_precision() -> None:
    assert FILE.stat().st_size < 15e6
    floats = [tensor for tensor in load_file(FILE).values() if tensor.is_floating_point()]
    assert {tensor.dtype for tensor in floats} == {torch.float16}
    assert all(tensor.isfinite().all() for tensor in floats)


def test_that_the_studio_and_open_clip_load_the_same_model(clip: LoadedClip, unseen: list[Scene]) -> None:
    name = f"local-dir:{demo_dir()}"
    model, _, preprocess = open_clip.create_model_and_transforms(name)
    model.eval()
    images = list(pictures(unseen[:4], SEED))
    prompts = ["a photo of a red star.", "the house on grass", "고양이"]
    batch = torch.stack([preprocess(image) for image in images])  # type: ignore[operator]
    with torch.inference_mode():
        seen = model.encode_image(batch, normalize=True).numpy()
        read = model.encode_text(open_clip.get_tokenizer(name)(prompts), normalize=True).numpy()
    own = clip.embed_images(torch.stack([clip.preprocess(image) for image in images]))
    assert own.dtype == np.float32
    np.testing.assert_allclose(own, seen, atol=1e-5)
    np.testing.assert_allclose(clip.embed_texts(prompts), read, atol=1e-5)
    assert clip.ready.title == DEMO.title


@pytest.mark.parametrize(
    "frame", ["a photo of a {}.", "{}", "a {} on grass", "a blurry picture of a {}", "a sketch of the {}."]
)
def test_that_pairs_never_shown_in_training_are_named_among_all_pairs(
    frame: str, clip: LoadedClip, unseen: list[Scene], vectors: Vectors
) -> None:
    pairs = all_pairs()
    assert len(pairs) >= 60
    prompts = [frame.replace("{}", f"{colour} {thing}") for colour, thing in pairs]
    right = [pairs.index((str(scene.colour), scene.thing)) for scene in unseen]
    assert top1(clip, prompts, vectors, right) >= 0.9


@pytest.mark.parametrize(
    ("field", "words", "frame"),
    [
        ("thing", DRAWN, "a photo of a {}."),
        ("thing", DRAWN, "a {}"),
        ("colour", tuple(COLOURS), "a photo of a {} thing."),
        ("colour", tuple(COLOURS), "a photo of a {}."),
        ("size", ("small", "large"), "a photo of a {} thing."),
    ],
)
def test_that_one_property_alone_can_be_asked_about(
    field: str, words: tuple[str, ...], frame: str, clip: LoadedClip, unseen: list[Scene], vectors: Vectors
) -> None:
    known = [number for number, scene in enumerate(unseen) if getattr(scene, field) in words]
    right = [words.index(getattr(unseen[number], field)) for number in known]
    prompts = [frame.replace("{}", word) for word in words]
    assert top1(clip, prompts, vectors[known], right) >= 0.9


@pytest.mark.parametrize("frame", ["a photo of a {} thing.", "a {} object"])
def test_that_patterns_are_told_apart_where_they_are_large_enough_to_be_seen(
    frame: str, clip: LoadedClip, unseen: list[Scene], vectors: Vectors
) -> None:
    seen = [number for number, scene in enumerate(unseen) if scene.size == "large" and scene.look == "sharp"]
    right = [tuple(TEXTURES).index(str(unseen[number].texture)) for number in seen]
    assert len(seen) > 20
    assert top1(clip, [frame.replace("{}", word) for word in TEXTURES], vectors[seen], right) >= 0.8


def test_that_grounds_are_told_apart(clip: LoadedClip, unseen: list[Scene], vectors: Vectors) -> None:
    prompts = [f"a photo of a thing {phrases[0]}." for phrases in GROUNDS.values()]
    right = [tuple(GROUNDS).index(str(scene.ground)) for scene in unseen]
    assert top1(clip, prompts, vectors, right) >= 0.9


PLAIN = {name: name for name in ("balloon", "fish", "flower", "house", "mountain", "sailboat")}
SYNONYMS = {
    "balloon": "hot-air balloon",
    "fish": "tropical fish",
    "flower": "blossom",
    "house": "cottage",
    "mountain": "peak",
    "sailboat": "yacht",
}


@pytest.mark.parametrize("names", [PLAIN, SYNONYMS], ids=["plain", "synonyms"])
def test_that_the_sample_pictures_are_named(names: dict[str, str], sample_root: Path) -> None:
    request = ZeroShotRequest((sample_root,), Question(tuple(names.values())), BUNDLED)
    answers = [event for event in run(request) if isinstance(event, ImageClassified)]
    assert len(answers) == len(sample_files())
    right = [answer.label == names[answer.path.parent.name] for answer in answers]
    assert np.mean(right) >= 0.9


@pytest.fixture(scope="module")
def sample_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The studio's own sample dataset, whole: a few pictures a class would leave too much to chance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLSTUDIO_HOME", str(tmp_path_factory.mktemp("sample")))
        *_, ready = make_sample(Control())
    return ready.root  # type: ignore[attr-defined]


def test_that_the_demo_is_offered_last_and_chosen_first_where_nothing_else_is_there(home: Path) -> None:
    assert present(DEMO)
    assert clip_models()[-1] == DEMO
    assert first_choice() == DEMO
    other = clip_models()[2]
    put_into_cache(home / "hub", other.repo_id, "open_clip_model.safetensors", b"weights")
    assert first_choice() == other


def test_that_without_its_file_the_demo_is_not_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "resources_dir", lambda: tmp_path)
    assert DEMO not in clip_models()
    assert first_choice() == clip_models()[0]


def test_that_the_card_says_which_pairs_were_held_out_and_how_well_they_are_named() -> None:
    card = (demo_dir() / "README.md").read_text("utf-8")
    listed = re.search(r"## Pairs that training never showed\n\n(.+?)\.\n", card, re.S)
    assert listed is not None
    assert listed[1].split(", ") == [f"{colour} {thing}" for colour, thing in held_out()]
    shares = [float(share) for share in re.findall(r"^\| Pairs never .* \| ([\d.]+)% \|$", card, re.M)]
    assert len(shares) >= 10
    assert "license: mit" in card
    assert "It knows nothing of the real world" in card


def test_that_what_is_bundled_is_a_model_with_its_card_and_nothing_else() -> None:
    assert demo_dir().parent == paths.resources_dir()
    assert {file.name for file in demo_dir().iterdir()} == {
        "README.md",
        "open_clip_config.json",
        "open_clip_model.safetensors",
    }


def test_that_an_image_of_another_shape_is_answered_too(tmp_path: Path) -> None:
    Image.new("L", (300, 20), 90).save(tmp_path / "strip.png")
    request = ZeroShotRequest((tmp_path,), Question(("red star", "blue fish")), BUNDLED)
    assert [event.label for event in run(request) if isinstance(event, ImageClassified)]
