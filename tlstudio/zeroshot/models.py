"""A CLIP model, from its name to something that takes images and sentences."""

import contextlib
import dataclasses
import difflib
import hashlib
import json
import logging
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from tlstudio.errors import BadInput, StudioError
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.training.device import choose_device
from tlstudio.training.features import weights_digest
from tlstudio.zeroshot.catalogue import DEMO, WEIGHT_FILES, demo_dir
from tlstudio.zeroshot.events import Clip, ClipReady, Vectors
from tlstudio.zeroshot.hub import fetch
from tlstudio.zeroshot.weights import KINDS, load_weights

RANDOM = "none"
LOCAL_DIR = "local-dir:"
_CONFIG = "open_clip_config.json"


@dataclasses.dataclass(frozen=True, eq=False)
class LoadedClip:
    """A model that is ready to be asked.

    ``texts`` keeps the vector of each sentence it has read. Whoever computes with it holds ``busy``, since
    looking inside changes for a moment what it does.
    """

    ready: ClipReady
    device: torch.device
    tokenizer: Any
    preprocess: Callable[[Image.Image], Tensor]  # RGB image -> (3, height, width)
    model: Any
    texts: dict[str, Vectors] = dataclasses.field(default_factory=dict, repr=False)
    busy: threading.Lock = dataclasses.field(default_factory=threading.Lock, repr=False)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Rows of length one, shape (texts, dimensions)."""
        with self.busy, torch.inference_mode():
            tokens = self.tokenizer(list(texts)).to(self.device)
            return self.model.encode_text(tokens, normalize=True).float().cpu().numpy()

    def embed_images(self, images: Tensor) -> Vectors:
        """Rows of length one, shape (images, dimensions), from images (images, 3, height, width)."""
        with self.busy, torch.inference_mode(), self._half_where_faster():
            vectors = self.model.encode_image(images.to(self.device), normalize=False)
            return functional.normalize(vectors.float(), dim=-1).cpu().numpy()

    def _half_where_faster(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.float16, enabled=self.device.type == "cuda")


@dataclasses.dataclass(frozen=True)
class _Source:
    """Where a model comes from: what open_clip builds, and the file or the hub's files that fill it."""

    title: str
    config: dict[str, Any]  # as in open_clip_config.json, with model_cfg and preprocess_cfg
    name: str | None  # in open_clip
    file: Path | None = None
    repo_id: str = ""
    repo_files: tuple[str, ...] = ()
    folder: Path | None = None  # where a tokenizer of its own lies


# The last model, with what it was loaded from: editing class names must not load it again.
_last: tuple[tuple[Any, ...], LoadedClip] | None = None


def load_clip(clip: Clip, control: Control) -> Generator[Event, None, LoadedClip]:
    """Load a CLIP model, downloading its weights when they are not on this machine; the model is returned.

    Yields what the download tells and one ClipReady.

    Raises:
        BadInput: there is no such model, tag, file or device, or the file does not fit the model.
        StudioError: the weights are not on this machine and cannot be downloaded.
        Stopped: the control was told to stop.
    """
    global _last  # noqa: PLW0603 (a cache of one; see _last)
    chosen = choose_device(clip.device)
    yield Progress("Loading the CLIP library")
    source = _resolve(clip.model, clip.pretrained)
    control.checkpoint()
    key = (clip, str(chosen), json.dumps(source.config, sort_keys=True), _stamp(source.file))
    if _last is not None and _last[0] == key:
        yield _last[1].ready
        return _last[1]
    _last = None  # two models at once may not fit into memory
    with _as_folder(source) as folder:
        tokenizer = _tokenizer(source, folder)
        file = source.file
        if source.repo_id:
            file = yield from fetch(source.repo_id, source.repo_files, control)
        yield Progress(f"Loading {source.title}")
        network, preprocess = _build(source, folder)
    control.checkpoint()
    if file is not None:
        load_weights(network, source.title, file)
    else:
        yield Notice(f"{source.title} has random weights: its answers mean nothing.")
    network.to(chosen).eval()
    if _is_convolutional(network.visual):
        network.visual.to(memory_format=torch.channels_last)
    bias = network.logit_bias
    ready = ClipReady(
        title=source.title,
        key=_key(network, preprocess),
        device=chosen.type,
        context_length=tokenizer.context_length,
        dimensions=source.config["model_cfg"]["embed_dim"],
        logit_scale=network.logit_scale.exp().item(),
        logit_bias=None if bias is None else bias.item(),
    )
    loaded = LoadedClip(ready, chosen, tokenizer, preprocess, network)
    _last = key, loaded
    yield ready
    return loaded


def _is_convolutional(tower: Any) -> bool:
    """Whether an image tower is a network of convolutions, which are quicker with their channels last."""
    trunk = getattr(tower, "trunk", tower)
    return not (hasattr(trunk, "transformer") or hasattr(trunk, "patch_embed"))


def _key(network: Any, preprocess: Any) -> str:
    """Changes with what the model makes of an image or a sentence."""
    # The library that builds the networks is a part of it: another one may compute otherwise.
    parts = weights_digest(network.state_dict()), str(preprocess), version("open_clip_torch")
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def published_names() -> tuple[str, ...]:
    """All weights that open_clip can have downloaded, as "model/tag"."""
    import open_clip

    pairs: Any = open_clip.list_pretrained()
    return tuple(
        f"{model}/{tag}"
        for model, tag in pairs
        if (open_clip.get_pretrained_cfg(model, tag) or {}).get("hf_hub")
    )


def forget() -> None:
    """Drop the model that is kept for the next call, and its memory."""
    global _last  # noqa: PLW0603 (a cache of one; see _last)
    _last = None


def _resolve(model: str, pretrained: str) -> _Source:
    if (model, pretrained) == (DEMO.model, DEMO.pretrained):
        bundled = _resolve(f"{LOCAL_DIR}{demo_dir()}", "")
        return dataclasses.replace(bundled, title=DEMO.title)
    if model.startswith(LOCAL_DIR):
        folder = Path(model.removeprefix(LOCAL_DIR)).expanduser()
        config = _read_config(folder / _CONFIG)
        file = None if pretrained == RANDOM else _weights_in(folder)
        return _Source(folder.name, config, None, file, folder=folder)
    if model.lower().endswith(".json"):
        path = Path(model).expanduser()
        return _Source(path.stem, _read_config(path), None, _local_file(path.stem, pretrained))
    return _resolve_named(model.replace("/", "-"), pretrained)


def _resolve_named(model: str, pretrained: str) -> _Source:
    import open_clip

    known = {name.lower(): name for name in open_clip.list_models()}
    name = known.get(model.lower())
    if name is None:
        close = difflib.get_close_matches(model.lower(), known, n=3, cutoff=0.5)
        raise BadInput(
            f"open_clip has no model '{model}'.",
            f"Did you mean {' or '.join(known[one] for one in close)}?"
            if close
            else "Choose one such as ViT-B-32, or give a model configuration as a JSON file.",
        )
    published = open_clip.get_pretrained_cfg(name, pretrained)
    config: dict[str, Any] = {"model_cfg": open_clip.get_model_config(name), "preprocess_cfg": {}}
    if not published:
        return _Source(name, config, name, _local_file(name, pretrained))
    keys = ("mean", "std", "interpolation", "resize_mode")
    config["preprocess_cfg"] = {key: published[key] for key in keys}
    if published.get("quick_gelu"):  # trained with another activation than the plain name stands for
        config["model_cfg"]["quick_gelu"] = True
    repo_id, _, file = published["hf_hub"].rpartition("/")
    files = (f"{Path(file).stem}.safetensors", file) if file else WEIGHT_FILES
    return _Source(name, config, name, None, repo_id, files)


def _local_file(name: str, pretrained: str) -> Path | None:
    """The weights file that ``pretrained`` names; None for random weights."""
    if pretrained == RANDOM:
        return None
    path = Path(pretrained).expanduser()
    if path.suffix.lower() in KINDS or path.exists() or "/" in pretrained or "\\" in pretrained:
        return path
    import open_clip

    tags = open_clip.list_pretrained_tags_by_model(name)
    if not tags:
        raise BadInput(
            f"No weights are published for {name}.", "Give a weights file, or 'none' for random ones."
        )
    close = difflib.get_close_matches(pretrained.lower(), tags, n=3, cutoff=0.5)
    others = open_clip.list_pretrained_models_by_tag(pretrained)
    if close:
        hint = f"Did you mean {' or '.join(close)}?"
    elif others:
        hint = f"{' and '.join(others[:3])} have them."
    else:
        hint = f"Choose one of {', '.join(tags[:6])}{', …' if len(tags) > 6 else ''}, or a weights file."
    raise BadInput(f"{name} has no published weights '{pretrained}', and there is no such file.", hint)


def _weights_in(folder: Path) -> Path:
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in KINDS)
    if not files:
        raise BadInput(
            f"The folder {folder} has no weights file.", f"It needs one ending in {', '.join(KINDS)}."
        )
    preferred = [path for name in WEIGHT_FILES for path in files if path.name == name]
    return (preferred or sorted(files, key=lambda path: KINDS.index(path.suffix.lower())))[0]


def _read_config(path: Path) -> dict[str, Any]:
    """A model configuration: open_clip's own, or with ``model_cfg`` and ``preprocess_cfg`` as on the hub."""
    try:
        content = json.loads(path.read_text("utf-8"))
        config = content if "model_cfg" in content else {"model_cfg": content}
        missing = [key for key in ("embed_dim", "vision_cfg", "text_cfg") if key not in config["model_cfg"]]
    except OSError as error:
        raise BadInput(
            f"The model configuration {path} cannot be read: {error.strerror}.", "Choose another file."
        ) from error
    except (ValueError, TypeError) as error:
        raise BadInput(f"{path} is no model configuration: {error}.", "Choose another file.") from error
    if missing:
        raise BadInput(
            f"{path} is no model configuration of open_clip: it lacks {', '.join(missing)}.",
            "Choose another file.",
        )
    return {"model_cfg": config["model_cfg"], "preprocess_cfg": config.get("preprocess_cfg") or {}}


@contextlib.contextmanager
def _as_folder(source: _Source) -> Iterator[str]:
    """A folder with the configuration alone, from which open_clip builds without touching its registry."""
    with tempfile.TemporaryDirectory(prefix="tlstudio-clip-") as folder:
        Path(folder, _CONFIG).write_text(json.dumps(source.config), "utf-8")
        yield folder


def _tokenizer(source: _Source, folder: str) -> Any:
    import open_clip

    if source.folder and "hf_tokenizer_name" in source.config["model_cfg"]["text_cfg"]:
        folder = str(source.folder)
    try:
        return open_clip.get_tokenizer(source.name or LOCAL_DIR + folder)
    except ImportError as error:
        raise StudioError(
            f"{source.title} reads its prompts with the package {error.name}, which is not installed.",
            f"Install it (pip install {error.name}), or choose a model with CLIP's own tokenizer: ViT-B-32.",
        ) from error
    except OSError as error:
        raise StudioError(
            f"The tokenizer of {source.title} is not on this machine and cannot be downloaded.",
            "Connect to the network once, or choose a model with CLIP's own tokenizer, such as ViT-B-32.",
        ) from error


def _build(source: _Source, folder: str) -> tuple[Any, Any]:
    import open_clip

    try:
        # The seed makes random weights the same each time; the fork leaves everybody else's numbers alone.
        with torch.random.fork_rng(devices=[]), _without_false_alarm():
            torch.manual_seed(0)
            network, _, preprocess = open_clip.create_model_and_transforms(
                LOCAL_DIR + folder, pretrained_text=False
            )
    except (TypeError, ValueError, KeyError, RuntimeError, AssertionError, ImportError, OSError) as error:
        reason = (str(error).splitlines() or [""])[0].rstrip(".") or type(error).__name__
        raise BadInput(
            f"The model {source.title} cannot be built from its configuration: {reason}.",
            "Choose another model, or mend the configuration.",
        ) from error
    return network, preprocess


@contextlib.contextmanager
def _without_false_alarm() -> Iterator[None]:
    """open_clip warns of random weights whenever it does not load them itself."""

    def harmless(record: logging.LogRecord) -> bool:
        return "initialized randomly" in record.msg or "no CLIP weights found" in record.msg

    def keep(record: logging.LogRecord) -> bool:
        return not (isinstance(record.msg, str) and harmless(record))

    root = logging.getLogger()
    root.addFilter(keep)
    try:
        yield
    finally:
        root.removeFilter(keep)


def _stamp(file: Path | None) -> tuple[str, int, int] | None:
    """Changes when the file does."""
    if file is None or not file.is_file():
        return None
    status = file.stat()
    return str(file.resolve()), status.st_size, status.st_mtime_ns
