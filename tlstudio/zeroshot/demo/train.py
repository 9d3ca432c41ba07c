"""Train the demo CLIP: ``python -m tlstudio.zeroshot.demo.train --out resources/demo_clip``.

Pictures are drawn into memory first; then image and text tower learn together, from nothing, which picture
goes with which caption, and for each property of a scene, such as its colour, which of all words for it fits.
"""

import argparse
import dataclasses
import itertools
import json
import math
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from tlstudio.errors import BadInput
from tlstudio.events import Control, Event, Progress
from tlstudio.files import atomic_write
from tlstudio.zeroshot.catalogue import WEIGHT_FILES
from tlstudio.zeroshot.demo.captions import describe, question
from tlstudio.zeroshot.demo.card import model_card
from tlstudio.zeroshot.demo.measure import Measured, measure
from tlstudio.zeroshot.demo.pictures import PIXELS, Album, album
from tlstudio.zeroshot.demo.scenes import ANY, COLOURS, TABLES, THINGS, facts, facts_of, held_out

WEIGHTS = WEIGHT_FILES[0]
_NO_ANSWER = -100
CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 128,
        "vision_cfg": {"image_size": PIXELS, "layers": [1, 1, 1, 1], "width": 16, "patch_size": None},
        # CLIP's own vocabulary, so that any tool can read the prompts; its table is most of the file.
        "text_cfg": {"context_length": 32, "vocab_size": 49408, "width": 64, "heads": 4, "layers": 2},
    },
    "preprocess_cfg": {
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "interpolation": "bicubic",
        "resize_mode": "shortest",
    },
}


@dataclasses.dataclass(frozen=True)
class Settings:
    """How the demo is trained; the defaults are those of the bundled file."""

    drawn: int = 24_000  # pictures of one thing in one colour
    painted: int = 6_000  # pictures as in the sample dataset, of other seeds
    steps: int = 5_000
    batch: int = 64
    rate: float = 2e-3
    decay: float = 0.05
    seed: int = 1


@dataclasses.dataclass(frozen=True)
class DemoStep(Event):
    """One step is done; ``loss`` is the contrastive loss of its batch."""

    step: int
    steps: int
    loss: float


@dataclasses.dataclass(frozen=True)
class DemoTrained(Event):
    """Configuration and weights lie in ``folder``."""

    folder: Path
    seconds: float


def train(folder: Path, settings: Settings, control: Control) -> Iterator[Event]:
    """Draw, train, save: Progress while drawing, a DemoStep a step, last one DemoTrained.

    The same settings give the same file on the same machine, up to the order in which threads add.

    Raises:
        BadInput: the folder cannot be written.
        Stopped: the control was told to stop.
    """
    started = time.perf_counter()
    _check_writable(folder)
    pictures = yield from _drawn(settings, control)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = build()
        yield from _learn(model, pictures, settings, control)
    save(model, folder)
    yield DemoTrained(folder, time.perf_counter() - started)


def make(folder: Path, settings: Settings, per_pair: int, control: Control) -> Iterator[Event]:
    """:func:`train`, then :func:`~tlstudio.zeroshot.demo.measure.measure`, then the card: all their events.

    Raises:
        BadInput: the folder cannot be written.
        Stopped: the control was told to stop.
    """
    seconds = 0.0
    measured: list[Measured] = []
    for event in itertools.chain(train(folder, settings, control), measure(folder, per_pair, control)):
        match event:
            case DemoTrained():
                seconds = event.seconds
            case Measured():
                measured.append(event)
        yield event
    parameters = sum(weight.numel() for weight in build().parameters())
    card = model_card(
        CONFIG["model_cfg"],
        dataclasses.asdict(settings),
        measured,
        parameters,
        (folder / WEIGHTS).stat().st_size,
        seconds,
        f"a CPU, {torch.get_num_threads()} threads",
    )
    (folder / "README.md").write_text(card, "utf-8")


def build() -> Any:
    """The network of the demo with random weights, from torch's random numbers."""
    from open_clip.model import CLIP

    model = CLIP(**CONFIG["model_cfg"])
    for name, weight in model.visual.named_parameters():
        if name.endswith(
            "bn3.weight"
        ):  # zero at first in CLIP, whose many blocks wake up over far more steps
            nn.init.ones_(weight)
    return model


def save(model: nn.Module, folder: Path) -> None:
    """Configuration and weights as open_clip's ``local-dir:`` reads them, in half precision.

    Raises:
        BadInput: the folder cannot be written.
    """
    from safetensors.torch import save as as_bytes

    tensors = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in model.state_dict().items()
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "open_clip_config.json").write_text(json.dumps(CONFIG, indent=2) + "\n", "utf-8")
        with atomic_write(folder / WEIGHTS) as file:
            file.write(as_bytes(tensors, {"format": "pt"}))
    except OSError as error:
        raise _unwritable(folder, error) from error


def _check_writable(folder: Path) -> None:
    """Whether it will be possible to save, known before half an hour has passed."""
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        if made:
            folder.rmdir()
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> BadInput:
    return BadInput(
        f"The model cannot be written to {folder}: {error.strerror or error}.", "Choose another folder."
    )


def _drawn(settings: Settings, control: Control) -> Generator[Event, None, Album]:
    total = settings.drawn + settings.painted
    for made in album(settings.drawn, settings.painted, settings.seed):
        control.checkpoint()
        if isinstance(made, Album):
            return made
        yield Progress("Drawing pictures", made, total)
    raise AssertionError("an album comes last")


def _learn(model: Any, pictures: Album, settings: Settings, control: Control) -> Iterator[Event]:
    import open_clip

    tokenizer = open_clip.get_tokenizer(
        "ViT-B-32", context_length=CONFIG["model_cfg"]["text_cfg"]["context_length"]
    )
    known = np.array([facts(scene) for scene in pictures.scenes])
    # Plain classifiers of what the image tower says, thrown away in the end: they show it shapes and patterns
    # long before the text tower has words for them.
    guides = nn.Linear(CONFIG["model_cfg"]["embed_dim"], sum(map(len, TABLES.values())))
    answers = [[facts_of(**{field: value}) for value in table] for field, table in TABLES.items()]
    groups = _groups(model, settings.decay)
    groups[0]["params"] += guides.parameters()
    optimizer = torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.98), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _share(step, settings.steps))
    order = _order(len(pictures.scenes), settings)
    model.train()
    model.visual.to(memory_format=torch.channels_last)  # twice as fast
    for step in range(settings.steps):
        control.checkpoint()
        rng = np.random.default_rng([settings.seed, step])
        rows = next(order)
        captions = [describe(pictures.scenes[row], rng) for row in rows]
        questions = [question(field, rng) for field in TABLES]
        images = _moved(torch.from_numpy(pictures.pixels[rows]))
        tokens = tokenizer([caption.text for caption in itertools.chain(captions, *questions)])
        features = model.encode_image(images)
        image, text = functional.normalize(features, dim=1), model.encode_text(tokens, normalize=True)
        scale = model.logit_scale.exp()
        stated = np.array([caption.facts for caption in captions])
        aside = could_be_true(known[rows], stated) | mixes_held_out(known[rows], stated)
        loss = contrastive_loss(image, text[: len(rows)], scale, aside)
        asked = [[caption.facts for caption in captions] for captions in questions]
        loss = loss + asking_loss(scale * image @ text[len(rows) :].T, known[rows], asked) / 2
        loss = loss + asking_loss(guides(features), known[rows], answers)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, math.log(100))
        yield DemoStep(step + 1, settings.steps, loss.item())


def contrastive_loss(images: Tensor, texts: Tensor, scale: Tensor, aside: Tensor) -> Tensor:
    """InfoNCE both ways over unit vectors, shape (batch, dimensions) each.

    ``aside[i, j]`` says that image i and caption j are neither pulled together nor pushed apart, since the
    caption is true of it as well, say; the image's own caption, on the diagonal, always counts.
    """
    logits = scale * images @ texts.T
    own = torch.eye(len(logits), dtype=torch.bool)
    logits = logits.masked_fill(aside & ~own, -math.inf)
    target = torch.arange(len(logits))
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def asking_loss(
    logits: Tensor, images: npt.NDArray[np.int_], answers: Sequence[Sequence[tuple[int, ...]]]
) -> Tensor:
    """How badly images of these facts answer a question a field: which of its ``answers`` holds.

    ``logits`` has a column for each answer, field after field. An image is not asked what is open in it, nor
    told that it does not show what would make its pair of thing and colour one that is held out.
    """
    loss = logits.new_zeros(())
    every = np.array([values for stated in answers for values in stated])
    logits = logits.masked_fill(mixes_held_out(images, every), -math.inf)
    for field, stated in enumerate(answers):
        part, logits = logits[:, : len(stated)], logits[:, len(stated) :]
        column = {values[field]: number for number, values in enumerate(stated)}
        right = torch.tensor([column.get(fact, _NO_ANSWER) for fact in images[:, field].tolist()])
        if (right != _NO_ANSWER).any():
            loss = loss + functional.cross_entropy(part, right, ignore_index=_NO_ANSWER)
    return loss


def mixes_held_out(images: npt.NDArray[np.int_], captions: npt.NDArray[np.int_]) -> Tensor:
    """Where the colour of an image (row) and the thing of a caption (column), or the reverse, are held out.

    To push these apart would teach that such a pair does not exist.
    """
    thing, colour = 0, 1
    one = _HELD_OUT[captions[None, :, thing], images[:, None, colour]]
    return torch.from_numpy(one | _HELD_OUT[images[:, None, thing], captions[None, :, colour]])


def _held_out_table() -> npt.NDArray[np.bool_]:
    table = np.zeros((len(THINGS) + 1, len(COLOURS) + 1), dtype=bool)  # ANY, -1, is the last
    for colour, thing in held_out():
        table[facts_of(thing=thing)[0], facts_of(colour=colour)[1]] = True
    return table


_HELD_OUT = _held_out_table()


def could_be_true(images: npt.NDArray[np.int_], captions: npt.NDArray[np.int_]) -> Tensor:
    """Which captions (columns) could be true of which images (rows), by their facts, a row of them each."""
    image, caption = images[:, None], captions[None]
    return torch.from_numpy(((image == caption) | (image == ANY) | (caption == ANY)).all(axis=2))


def _moved(pixels: Tensor) -> Tensor:
    """Images as the model takes them, each a little turned, shifted, scaled, mirrored and re-lit.

    ``pixels`` are bytes, shape (images, height, width, 3).
    """
    images = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
    count = len(images)
    angle = torch.randn(count) * 0.08
    zoom = 1 + torch.rand(count) * 0.25 - 0.15
    mirror = torch.where(torch.rand(count) < 0.5, 1.0, -1.0)
    cosine, sine = angle.cos() * zoom, angle.sin() * zoom
    shift = torch.randn(2, count) * 0.06
    rows = [torch.stack([cosine * mirror, -sine, shift[0]]), torch.stack([sine * mirror, cosine, shift[1]])]
    grid = functional.affine_grid(torch.stack(rows).permute(2, 0, 1), list(images.shape), align_corners=False)
    moved = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    lit = moved * (1 + torch.randn(count, 1, 1, 1) * 0.06) + torch.randn(count, 1, 1, 1) * 0.04
    return lit.contiguous(memory_format=torch.channels_last)


def _groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Decay for matrices and kernels alone: not for the words, most of which no caption has."""
    decayed, others = [], []
    for name, weight in model.named_parameters():
        plain = weight.ndim < 2 or "embedding" in name
        (others if plain else decayed).append(weight)
    return [{"params": decayed, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def _share(step: int, steps: int) -> float:
    """Of the full learning rate: a short rise, then half a cosine down to nothing."""
    rise = max(1, min(100, steps // 10))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def _order(count: int, settings: Settings) -> Iterator[npt.NDArray[np.int_]]:
    """Batches of row numbers without end, all rows once before any comes again."""
    rng = np.random.default_rng(settings.seed)
    while True:
        shuffled = rng.permutation(count)
        for start in range(0, count - settings.batch + 1, settings.batch):
            yield shuffled[start : start + settings.batch]


def main() -> None:
    """The command line of this module."""
    parser = argparse.ArgumentParser(description="Train the demo CLIP on pictures drawn for it.")
    parser.add_argument("--out", type=Path, required=True, help="folder for configuration and weights")
    for field in dataclasses.fields(Settings):
        parser.add_argument(f"--{field.name}", type=type(field.default), default=field.default)
    given = vars(parser.parse_args())
    folder = given.pop("out")
    recent: list[float] = []
    for event in make(folder, Settings(**given), 20, Control()):
        match event:
            case Progress(text, done, total) if total:
                sys.stdout.write(f"\r{text} {done:,} of {total:,}")
            case DemoStep(step, steps, loss):
                recent = [*recent[-49:], loss]
                if step % 50 == 0 or step == steps:
                    sys.stdout.write(f"\rStep {step:,} of {steps:,}, loss {sum(recent) / len(recent):.3f}\n")
            case DemoTrained(where, seconds):
                sys.stdout.write(f"Trained in {seconds:.0f} s: {where}\n")
            case Measured(what, prompt, classes, pictures, top1):
                sys.stdout.write(f"{top1:6.1%} of {pictures:,}, {classes} classes, {what}: {prompt}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
