"""What `layers` and `doctor` print for people."""

from importlib.metadata import version
from typing import Any

from rich.console import Console
from rich.table import Table

from tlstudio import paths
from tlstudio.config import FreezePlan
from tlstudio.models.architectures import architectures
from tlstudio.models.layers import LayerNode, LayerTree, Training
from tlstudio.runs.store import environment
from tlstudio.zeroshot.catalogue import hub_cache

_STATES = {Training.NONE: "❄ frozen", Training.SOME: "◐ partly trained", Training.ALL: "✦ trained"}
_MORE_PACKAGES = ("pyside6-essentials", "pillow", "numpy")


def print_layers(tree: LayerTree, plan: FreezePlan) -> None:
    """The layer tree as an indented table."""
    trained = tree.trained_leaves(plan)
    table = Table(box=None, header_style="bold")
    table.add_column("Layer", no_wrap=True)
    table.add_column("Path", style="dim", no_wrap=True)
    table.add_column("Kind")
    table.add_column("Output", justify="right")
    table.add_column("Parameters", justify="right")
    table.add_column("")

    def add(node: LayerNode, depth: int) -> None:
        state = _STATES[tree.training(node, trained)] if node.parameters else ""
        shape = "×".join(map(str, node.output_shape))
        parameters = f"{node.parameters:,}" if node.parameters else ""
        table.add_row("  " * depth + node.short_name, node.path, node.kind, shape, parameters, state)
        for child in node.children:
            add(child, depth + 1)

    for block in tree.blocks:
        add(block, 0)
    console = _console()
    console.print(table)
    share = tree.trained_parameters(plan) / tree.parameters
    console.print(
        f"Trainable {tree.trained_parameters(plan):,} of {tree.parameters:,} parameters ({share:.2%})"
    )


def _console() -> Console:
    """As wide as the terminal; into a pipe or a file wide enough to cut nothing."""
    console = Console()
    return console if console.is_terminal else Console(width=160)


def doctor_report() -> dict[str, Any]:
    """All that helps to understand a machine from afar."""
    import torch
    from huggingface_hub.constants import HF_HUB_CACHE

    devices = ["cpu"]
    devices += [
        f"cuda: {torch.cuda.get_device_name(number)}"
        for number in range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    ]
    if torch.backends.mps.is_available():
        devices.append("mps")
    there = [
        f"{found.name}/{weights.name}"
        for found in architectures().values()
        for weights in found.weights
        if weights.present
    ]
    return {
        "versions": environment() | {name: version(name) for name in _MORE_PACKAGES},
        "devices": devices,
        "threads": torch.get_num_threads(),
        "architectures": list(architectures()),
        "weights_present": there,
        "paths": {
            "weights": str(paths.weights_dir()),
            "clip_weights": hub_cache() or HF_HUB_CACHE,
            "cache": str(paths.cache_dir()),
            "runs": str(paths.runs_dir()),
            "sample": str(paths.sample_dir()),
            "settings": str(paths.config_dir()),
            "logs": str(paths.log_dir()),
        },
    }


def print_report(report: dict[str, Any]) -> None:
    table = Table(box=None, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for title, content in report.items():
        name = title.replace("_", " ").capitalize()
        if isinstance(content, dict):
            for key, value in content.items():
                table.add_row(name, f"{key}: {value}")
                name = ""
        else:
            table.add_row(name, ", ".join(content) if isinstance(content, list) else str(content))
    _console().print(table)
