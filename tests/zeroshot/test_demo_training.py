"""Training the demo: the loss, true captions that are not pushed apart, and the same result each time."""

from pathlib import Path

import numpy as np
import pytest
import torch
from open_clip.loss import ClipLoss
from safetensors.torch import load_file
from torch.nn import functional

from tlstudio.errors import BadInput, Stopped
from tlstudio.events import Control, Progress
from tlstudio.zeroshot.demo.captions import question
from tlstudio.zeroshot.demo.scenes import COLOURS, THINGS, Scene, facts, facts_of, held_out
from tlstudio.zeroshot.demo.train import (
    WEIGHTS,
    DemoStep,
    DemoTrained,
    Settings,
    asking_loss,
    contrastive_loss,
    could_be_true,
    mixes_held_out,
    train,
)

TINY = Settings(drawn=64, painted=6, steps=14, batch=32, rate=3e-3)


@pytest.fixture(autouse=True)
def _one_thread():
    """The order in which threads add numbers would be another each time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def unit(count: int) -> torch.Tensor:
    return functional.normalize(torch.randn(count, 8), dim=1)


def test_that_the_loss_is_clips_own_where_each_caption_is_true_of_one_image() -> None:
    images, texts, scale = unit(6), unit(6), torch.tensor(12.0)
    own = contrastive_loss(images, texts, scale, torch.eye(6, dtype=torch.bool))
    torch.testing.assert_close(own, ClipLoss()(images, texts, scale))


def test_that_a_caption_true_of_another_image_too_is_not_pushed_away_from_it() -> None:
    images, texts = unit(2), unit(2).requires_grad_()
    everything = torch.ones(2, 2, dtype=torch.bool)
    loss = contrastive_loss(images, texts, torch.tensor(10.0), everything)
    assert loss.item() == 0
    one_way = torch.tensor([[True, False], [True, True]])
    loss = contrastive_loss(images, texts, torch.tensor(1.0), one_way)
    logits = images @ texts.T
    expected = -(logits[0, 0] - logits[0].logsumexp(0)) - (logits[1, 1] - logits[:, 1].logsumexp(0))
    torch.testing.assert_close(loss, expected / 4)  # two ways, two rows each


def test_that_a_caption_could_be_true_of_what_agrees_with_it_or_leaves_it_open() -> None:
    images = [Scene("key", "red", "plain"), Scene("key", "blue", "plain"), Scene("fish")]
    captions = [Scene("key"), Scene("key", "blue"), Scene("fish", "red")]
    true = could_be_true(np.array([facts(one) for one in images]), np.array([facts(one) for one in captions]))
    assert true.tolist() == [[True, False, False], [True, True, False], [False, False, True]]


def test_that_an_image_is_asked_about_each_property_that_is_known_of_it() -> None:
    rng = np.random.default_rng(0)
    answers = [[caption.facts for caption in question(field, rng)] for field in ("thing", "colour")]
    images = np.array([facts(Scene("mountain", "red")), facts(Scene("fish"))])
    logits = torch.randn(2, len(THINGS) + len(COLOURS))
    things, colours = logits.split([len(THINGS), len(COLOURS)], dim=1)
    names = tuple(THINGS)
    # A red image is not told that it is no circle, since red circles are held out.
    might_be = [number for number, name in enumerate(names) if ("red", name) not in held_out()]
    assert len(might_be) == len(names) - 4
    mountain = things[0, names.index("mountain")] - things[0, might_be].logsumexp(0)
    fish = things[1, names.index("fish")] - things[1].logsumexp(0)
    red = colours[0].log_softmax(0)[tuple(COLOURS).index("red")]
    torch.testing.assert_close(asking_loss(logits, images, answers), -(mountain + fish) / 2 - red)


def test_that_what_would_make_a_pair_held_out_is_not_pushed_apart() -> None:
    colour, thing = held_out()[0]
    other_colour, other_thing = held_out()[7]
    assert {(other_colour, thing), (colour, other_thing)}.isdisjoint(held_out())
    images = np.array(
        [facts(Scene(other_thing, colour)), facts(Scene(thing, other_colour)), facts(Scene(thing))]
    )
    captions = np.array([facts(Scene(thing)), facts_of(colour=colour), facts(Scene(thing, other_colour))])
    assert mixes_held_out(images, captions).tolist() == [
        [True, False, True],
        [False, True, False],
        [False, True, False],
    ]


def test_that_what_has_no_words_is_not_asked_about() -> None:
    sizes = [caption.facts for caption in question("size", np.random.default_rng(0))]
    assert [stated[4] for stated in sizes] == [0, 2]
    images = np.array([facts(Scene("key", size="medium"))])
    nothing = [()] * 4  # of the fields before
    assert asking_loss(torch.randn(1, 2), images, [*nothing, sizes]).item() == 0


def test_that_a_few_steps_lower_the_loss_and_another_training_ends_the_same(tmp_path: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    *events, last = train(tmp_path / "one", TINY, Control())
    assert torch.equal(torch.rand(3), expected)  # nobody else's random numbers were used up
    assert isinstance(last, DemoTrained)
    assert any(isinstance(event, Progress) for event in events)
    losses = [event.loss for event in events if isinstance(event, DemoStep)]
    assert len(losses) == TINY.steps
    assert np.mean(losses[-3:]) < np.mean(losses[:3]) - 0.2

    *_, last = train(tmp_path / "two", TINY, Control())
    one, two = (load_file(tmp_path / name / WEIGHTS) for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name, tensor in one.items():
        torch.testing.assert_close(tensor, two[name], atol=1e-3, rtol=1e-2, msg=name)


def test_that_a_stop_leaves_no_model_behind(tmp_path: Path) -> None:
    control = Control()
    with pytest.raises(Stopped):
        for event in train(tmp_path / "demo", TINY, control):
            if isinstance(event, DemoStep):
                control.stop()
    assert not (tmp_path / "demo").exists()


def test_that_a_folder_that_cannot_be_written_is_told_before_anything_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadInput, match="cannot be written"):
        next(iter(train(tmp_path / "file" / "demo", TINY, Control())))
