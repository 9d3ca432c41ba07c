"""All that a run needs before its first step: images divided, network built, stages planned."""

import contextlib
import dataclasses
from collections.abc import Generator
from pathlib import Path

import torch
from torch import nn

from tlstudio.config import DataConfig, RunConfig, Stage, Strategy
from tlstudio.data.catalogue import Catalogue, Split
from tlstudio.data.contents import note_contents
from tlstudio.data.corrections import outdated
from tlstudio.data.duplicates import groups
from tlstudio.data.pictures import Gallery
from tlstudio.data.rows import RowStore
from tlstudio.data.sample import SampleReady, make_sample
from tlstudio.data.scan import CheckFinished, read_folder
from tlstudio.data.split import divided
from tlstudio.data.transforms import View
from tlstudio.errors import BadInput, StudioError
from tlstudio.events import Control, Event, Notice, Progress
from tlstudio.models.architectures import architecture
from tlstudio.models.build import IMAGENET_CLASSES, build, replace_head
from tlstudio.models.events import WeightsReady
from tlstudio.models.freeze import FreezableNetwork
from tlstudio.models.inspect import layer_tree
from tlstudio.models.strategies import stages_for
from tlstudio.models.weights import RANDOM, fetch, fit
from tlstudio.paths import cache_dir
from tlstudio.preferences import preferences
from tlstudio.runs.store import RunFolder, environment
from tlstudio.training.as_is import CategoryReading
from tlstudio.training.device import Compute, choose_device, seed_torch
from tlstudio.training.tuning import choose_compute, work_of

SAMPLE = "sample"


@dataclasses.dataclass(frozen=True)
class Job:
    """A run ready to start.

    Attributes:
        network: for stages of training a FreezableNetwork, for a model used as it is a CategoryReading.
        stored: the module whose tensors are kept in checkpoints.
        changing: the names of its tensors that any stage may change.
        pictures: the images, decoded once.
        store: where decoded images and features are kept; None keeps nothing.
    """

    config: RunConfig
    catalogue: Catalogue
    network: FreezableNetwork | CategoryReading
    stored: nn.Module
    changing: frozenset[str]
    stages: tuple[Stage, ...]
    view: View
    compute: Compute
    pictures: Gallery
    store: RowStore | None

    @property
    def device(self) -> torch.device:
        return self.compute.device

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.stored.parameters())

    def count(self, split: Split) -> int:
        return len(self.catalogue.of_split(split))


def divided_catalogue(config: RunConfig, control: Control) -> Generator[Event, None, Catalogue]:
    """Scan the run's folder (or make the sample), correct and divide it as the run says.

    Raises:
        BadInput: the folder holds no usable dataset.
    """
    checked = yield from checked_images(config.data, control)
    return divided(checked.catalogue, config.data, groups(checked.catalogue.images, checked.facts))


def checked_images(data: DataConfig, control: Control) -> Generator[Event, None, CheckFinished]:
    """Scan a folder (or make the sample), not yet corrected; a notice tells what is set aside or outdated.

    Raises:
        BadInput: the folder holds no usable dataset.
    """
    root = Path(data.root).expanduser()
    if data.root == SAMPLE:
        for event in make_sample(control):
            if isinstance(event, SampleReady):
                root = event.root
            else:
                yield event
    checked: CheckFinished | None = None
    for event in read_folder(root, control, nesting=data.nesting):
        if isinstance(event, CheckFinished):
            checked = event
        else:
            yield event
    assert checked is not None
    catalogue = checked.catalogue
    if catalogue.set_aside:
        first, *others = catalogue.set_aside
        more = f", and {len(others)} more" if others else ""
        yield Notice(f"Set aside: {first.path} ({first.reason}){more}.")
    for sentence in outdated(catalogue, data.corrections):
        yield Notice(sentence)
    control.checkpoint()
    return checked


def prepare(config: RunConfig, control: Control) -> Generator[Event, None, Job]:
    """Make a :class:`Job` of a configuration; yields progress, downloads and notices.

    Raises:
        BadInput: the configuration cannot be carried out, and why.
        StudioError: weights could not be fetched.
    """
    choose_device(config.device)  # before the images are read
    if config.strategy is Strategy.SCRATCH:
        config = config.model_copy(update={"weights": RANDOM})
    if config.strategy is Strategy.AS_IS and config.weights == RANDOM:
        raise BadInput("A model used as it is needs pre-trained weights.", "Choose weights other than none.")
    catalogue = yield from divided_catalogue(config, control)
    catalogue = yield from note_contents(catalogue, control)
    return (yield from make_job(config, catalogue, control))


def make_job(
    config: RunConfig, catalogue: Catalogue, control: Control, *, resumed_with: Compute | None = None
) -> Generator[Event, None, Job]:
    """Build the network for these images and plan its stages; yields progress, downloads and notices.

    Args:
        resumed_with: how a run was computed that brings all its tensors with it; their source may be gone by
            now, so no weights are fetched.

    Raises:
        BadInput: the configuration cannot be carried out, and why.
        StudioError: weights could not be fetched.
    """
    device = choose_device(config.device)
    classes = len(catalogue.classes)
    tree = layer_tree(config.arch, classes)
    stages = stages_for(config, tree)  # before the weights: a wrong plan should not cost a download
    yield Progress(f"Building {architecture(config.arch).title}")
    pretrained = yield from _with_weights(config, RANDOM if resumed_with else config.weights, control)
    network: FreezableNetwork | CategoryReading
    if config.strategy is Strategy.AS_IS:
        network = stored = CategoryReading(pretrained, classes)
        changing = frozenset(["reading"])
    else:
        replace_head(pretrained, classes)
        network = FreezableNetwork(pretrained, tree, keep_statistics=config.batch_norm == "keep")
        stored = pretrained
        layers = frozenset[str]().union(*(tree.trained_leaves(stage.plan) for stage in stages))
        changing = network.tensors_of(layers)
    view = view_of(config)
    if resumed_with is None:
        work = work_of(config, len(catalogue.of_split("train")), view.crop)
        compute = yield from choose_compute(config, network, stages, view.crop, device, work, control)
    else:
        compute = resumed_with
    compute.settle(stored)
    store = RowStore(cache_dir() / "rows", int(preferences().cache_gb * 10**9))
    return Job(
        config,
        catalogue,
        network,
        stored,
        changing,
        stages,
        view,
        compute,
        Gallery(catalogue, view, store),
        store,
    )


def view_of(config: RunConfig) -> View:
    """How the run's network sees images.

    Raises:
        BadInput: there is no such architecture.
    """
    preprocessing = architecture(config.arch).preprocessing(config.weights).at_size(config.image_size)
    return View(**dataclasses.asdict(preprocessing))


def _with_weights(config: RunConfig, weights: str, control: Control) -> Generator[Event, None, nn.Module]:
    seed_torch(config.seed)
    network = build(config.arch, IMAGENET_CLASSES)
    for event in fetch(config.arch, weights, control):
        if isinstance(event, WeightsReady):
            sentence = fit(network, event.path).sentence(event.path.name)
            if sentence:
                yield Notice(sentence)
        else:
            yield event
    seed_torch(config.seed)  # the new head is the same, whichever weights came before it
    return network


def open_run(job: Job, out: Path | None) -> RunFolder:
    """Make the run's folder, and note in it what was found beside what was asked.

    Raises:
        BadInput: ``out`` is there already and not empty, or cannot be written.
    """
    run = RunFolder.create(job.config, out)
    try:
        describe(run, job)
    except OSError:
        with contextlib.suppress(OSError, StudioError):
            run.finish("failed")
        raise
    return run


def _trained_parameters(job: Job) -> list[int]:
    """By stage."""
    if not isinstance(job.network, FreezableNetwork):
        return []
    return [job.network.tree.trained_parameters(stage.plan) for stage in job.stages]


def describe(run: RunFolder, job: Job) -> None:
    """Note in the run's folder what was found beside what was asked."""
    run.write(
        "about.json",
        {
            "format": 1,
            "arch": job.config.arch,
            "as_is": isinstance(job.network, CategoryReading),
            "classes": list(job.catalogue.classes),
            "view": dataclasses.asdict(job.view),
            "stages": [stage.model_dump(mode="json") for stage in job.stages],
            "trained_parameters": _trained_parameters(job),
            "parameters": job.parameters,
            "device": str(job.device),
            "compute": job.compute.record(),
            "data_fingerprint": job.catalogue.fingerprint(),
        },
    )
    run.write("split.json", job.catalogue.as_json())
    run.write("environment.json", environment())
