"""The engine calls that the window makes, each imported when it is first made: torch takes seconds to load.

Every function here runs on a task's thread (see worker.py), never on the window's.
"""

from collections.abc import Iterator
from pathlib import Path

from tlstudio.config import RunConfig
from tlstudio.events import Control, Event
from tlstudio.zeroshot.events import ZeroShotRequest


def scan(root: Path, control: Control) -> Iterator[Event]:
    """Progress, then one ScanFinished."""
    from tlstudio.data.scan import scan as call

    return call(root, control)


def make_sample(control: Control) -> Iterator[Event]:
    """Generate the sample dataset if it is not there yet: Progress, then one SampleReady(root)."""
    from tlstudio.data.sample import make_sample as call

    return call(control)


def read_layers(arch: str, classes: int, control: Control) -> Iterator[Event]:
    """One LayersRead for the network with a head for so many classes."""
    from tlstudio.models.inspect import read_layers as call

    return call(arch, classes, control)


def fetch_weights(arch: str, weights: str, control: Control) -> Iterator[Event]:
    """Downloaded events, then one WeightsReady."""
    from tlstudio.models.weights import fetch as call

    return call(arch, weights, control)


def train(config: RunConfig, control: Control) -> Iterator[Event]:
    """The events of training.events; exactly one RunFinished, RunStopped or RunFailed comes last."""
    from tlstudio.training.trainer import train as call

    return call(config, control)


def classify_zero_shot(request: ZeroShotRequest, control: Control) -> Iterator[Event]:
    """Progress and Downloaded while loading, PromptsEmbedded, one event an image, then ZeroShotFinished."""
    from tlstudio.zeroshot.classify import classify as call

    return call(request, control)
